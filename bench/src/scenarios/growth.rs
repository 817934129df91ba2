//! The same work among ever more connections, and on ever more stored messages.

use anyhow::Result;

use super::{Bench, history, idle, pairs};
use crate::database::Database;
use crate::product::{Product, Server};
use crate::seed::{self, Pair, Person};
use crate::swarm::{Swarm, Watch};

const CONNECTIONS: [u32; 3] = [10, 1_000, 10_000];
const CONNECTIONS_QUICK: [u32; 2] = [10, 1_000];
/// The first so many of them write, at all sizes.
const WRITERS: usize = 10;

const MESSAGES: [u64; 2] = [10_000, 1_000_000];
const MESSAGES_QUICK: [u64; 2] = [10_000, 100_000];
const PEOPLE: u32 = 200;
const READERS: usize = 16;

const IN_FLIGHT: u32 = 8;

pub fn run(bench: &mut Bench) -> Result<()> {
    let Some(product) = bench.webchat() else {
        return Ok(());
    };
    let sizes: &[u32] = if bench.is_quick {
        &CONNECTIONS_QUICK
    } else {
        &CONNECTIONS
    };
    for connections in sizes {
        bench.with_database("growth", |bench, database| {
            let people = seed::people(database, *connections)?;
            let (writers, listeners) = people.split_at(WRITERS);
            let pairs = seed::pairs(database, writers)?;
            let servers = [product.start(database)?];
            let section = format!("Growth: {WRITERS} people write among {connections} connections");
            among(
                bench, &section, &product, database, &pairs, listeners, &servers,
            )
        })?;
    }

    let sizes = if bench.is_quick {
        MESSAGES_QUICK
    } else {
        MESSAGES
    };
    for messages in sizes {
        bench.with_database("growth", |bench, database| {
            let people = seed::people(database, PEOPLE)?;
            let pairs = seed::pairs(database, &people)?;
            seed::bulk_messages(database, &pairs, messages)?;
            let servers = [product.start(database)?];
            let section =
                format!("Growth: {messages} messages stored before, {PEOPLE} people in pairs");
            let readers: Vec<Person> = pairs
                .iter()
                .take(READERS)
                .map(|pair| pair.a.clone())
                .collect();
            history::read(bench, &section, &product, &servers[0], &readers, |place| {
                pairs[place].conversation
            })?;
            among(bench, &section, &product, database, &pairs, &[], &servers)
        })?;
    }
    Ok(())
}

fn among(
    bench: &mut Bench,
    section: &str,
    product: &Product,
    database: &Database,
    pairs: &[Pair],
    listeners: &[Person],
    servers: &[Server],
) -> Result<()> {
    let column = product.column();
    let mut swarm = Swarm::open(product.dialect(), idle::seats(listeners, &servers[0]))?;
    // Their own swarm: whoever has nothing to send would send to nobody.
    let mut writers = Swarm::open(product.dialect(), pairs::seats(pairs, servers))?;
    let (idle, _) = bench.measure(&mut writers, servers, pairs::IDLE, Watch::ALL)?;
    bench.settle(&mut writers, section, pairs::AUDIENCE, Watch::ALL)?;
    let report = &mut bench.report;
    report.figure_if(
        section,
        "idle: ack p50, ms",
        column,
        idle.to_ack.quantile_ms(0.5),
    );
    report.figure_if(
        section,
        "idle: delivery p99, ms",
        column,
        idle.to_others.quantile_ms(0.99),
    );
    let measured = pairs::measure(bench, database, &mut writers, servers, IN_FLIGHT)?;
    bench.settle(&mut writers, section, pairs::AUDIENCE, Watch::ALL)?;
    bench.settle(&mut swarm, section, 0, Watch::ALL)?;
    let pairs::Measured { tally, usage, .. } = &measured;
    let report = &mut bench.report;
    report.figure(
        section,
        "stored, messages/s",
        column,
        tally.a_second(tally.acked),
    );
    report.figure_if(
        section,
        "delivery p50, ms",
        column,
        tally.to_others.quantile_ms(0.5),
    );
    report.figure(
        section,
        "CPU of the server, µs a message",
        column,
        usage.us_each(usage.server, tally.acked),
    );
    report.figure_if(
        section,
        "CPU of PostgreSQL, µs a message",
        column,
        usage
            .postgres
            .map(|cores| usage.us_each(cores, tally.acked)),
    );
    report.usage(section, column, *usage);
    Ok(())
}
