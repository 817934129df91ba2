//! People who write to each other in pairs, each as fast as the chat answers.

use std::time::Duration;

use anyhow::Result;

use super::Bench;
use crate::database::Database;
use crate::dialect::Seat;
use crate::machine::Usage;
use crate::product::Server;
use crate::report::Column;
use crate::seed::{self, Pair};
use crate::swarm::{Load, Swarm, Watch};
use crate::tally::Tally;

const PEOPLE: u32 = 200;
/// Both of a pair hear each message.
pub const AUDIENCE: u64 = 2;
/// How an idle chat is written to.
pub const IDLE: Load = Load::Paced {
    every: Duration::from_millis(20),
};

pub fn run(bench: &mut Bench) -> Result<()> {
    for product in bench.products.clone() {
        bench.with_database("pairs", |bench, database| {
            let pairs = seed::pairs(database, &seed::people(database, PEOPLE)?)?;
            let servers = [product.start(database)?];
            let mut swarm = Swarm::open(product.dialect(), seats(&pairs, &servers))?;
            let column = product.column();
            idle(
                bench,
                &mut swarm,
                &servers,
                column,
                "Pairs: idle, one message each 20 ms",
            )?;
            for in_flight in [1, 8] {
                let section = format!("Pairs: {PEOPLE} people, {in_flight} in flight each");
                let measured = measure(bench, database, &mut swarm, &servers, in_flight)?;
                bench.settle(&mut swarm, &section, AUDIENCE, Watch::ALL)?;
                report(bench, &section, column, &measured);
            }
            // What a chat that has been busy keeps of it: caches, plans, statistics, dead rows.
            idle(
                bench,
                &mut swarm,
                &servers,
                column,
                "Pairs: idle again, after that",
            )?;
            Ok(())
        })?;
    }
    Ok(())
}

fn idle(
    bench: &mut Bench,
    swarm: &mut Swarm,
    servers: &[Server],
    column: Column,
    section: &str,
) -> Result<()> {
    let (tally, usage) = bench.measure(swarm, servers, IDLE, Watch::ALL)?;
    bench.settle(swarm, section, AUDIENCE, Watch::ALL)?;
    report_latencies(bench, section, column, &tally);
    let limit = super::alone::limit_of_latency_ms(&bench.limits);
    let report = &mut bench.report;
    report.figure_if(section, "ack p50, ms", Column::Limit, limit);
    report.usage(section, column, usage);
    Ok(())
}

/// Everybody's connection, over the servers in turn: the two of a pair are on different ones.
pub fn seats(pairs: &[Pair], servers: &[Server]) -> Vec<Seat> {
    pairs
        .iter()
        .flat_map(|pair| [(pair, &pair.a), (pair, &pair.b)])
        .zip(servers.iter().cycle())
        .map(|((pair, person), server)| Seat {
            user: person.id,
            token: person.token.clone(),
            number: person.number,
            conversation: pair.conversation,
            address: server.address,
        })
        .collect()
}

/// One run at full speed.
pub struct Measured {
    pub tally: Tally,
    pub usage: Usage,
    costs: Costs,
}

pub fn measure(
    bench: &Bench,
    database: &Database,
    swarm: &mut Swarm,
    servers: &[Server],
    in_flight: u32,
) -> Result<Measured> {
    swarm.load(Load::Closed { in_flight }, Watch::ALL)?;
    std::thread::sleep(super::WARM_UP);
    let before = Costs::now(database, servers)?;
    swarm.take()?;
    let meter = bench.meter(swarm, servers);
    std::thread::sleep(bench.measured);
    let usage = meter.stop();
    let tally = swarm.take()?;
    let costs = Costs::now(database, servers)?.since(&before);
    Ok(Measured {
        tally,
        usage,
        costs,
    })
}

fn report(bench: &mut Bench, section: &str, column: Column, measured: &Measured) {
    let Measured {
        tally,
        usage,
        costs,
    } = measured;
    let report = &mut bench.report;
    let messages = tally.acked;
    report.figure(
        section,
        "stored, messages/s",
        column,
        tally.a_second(messages),
    );
    if let (Column::Webchat, Some(batch)) =
        (column, costs.sends.and_then(|sends| each(messages, sends)))
    {
        let limit = super::alone::limit_of_sending(&bench.limits, batch);
        report.figure_if(section, "stored, messages/s", Column::Limit, limit);
    }
    report.figure(
        section,
        "delivered to the other, messages/s",
        column,
        tally.a_second(tally.received_by_others),
    );
    report_latencies(bench, section, column, tally);
    let report = &mut bench.report;
    report.figure_if(
        section,
        "messages a statement",
        column,
        costs.sends.and_then(|sends| each(messages, sends)),
    );
    report.figure_if(
        section,
        "messages a transaction, of all transactions",
        column,
        each(messages, costs.transactions),
    );
    report.figure(
        section,
        "WAL, bytes a message",
        column,
        costs.wal_bytes / messages.max(1) as f64,
    );
    report.figure(
        section,
        "CPU of the server, µs a message",
        column,
        usage.us_each(usage.server, messages),
    );
    report.figure_if(
        section,
        "CPU of PostgreSQL, µs a message",
        column,
        usage.postgres.map(|cores| usage.us_each(cores, messages)),
    );
    report.usage(section, column, *usage);
}

fn each(messages: u64, of: f64) -> Option<f64> {
    (of > 0.0).then(|| messages as f64 / of)
}

pub fn report_latencies(bench: &mut Bench, section: &str, column: Column, tally: &Tally) {
    for (what, latencies) in [("ack", &tally.to_ack), ("delivery", &tally.to_others)] {
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let value = latencies.quantile_ms(share);
            bench
                .report
                .figure_if(section, &format!("{what} {name}, ms"), column, value);
        }
    }
}

/// What it took besides CPU, since the database began.
#[derive(Clone, Copy, Debug)]
struct Costs {
    wal_bytes: f64,
    transactions: f64,
    /// Statements that stored messages, where somebody counts them.
    sends: Option<f64>,
}

impl Costs {
    fn now(database: &Database, servers: &[Server]) -> Result<Self> {
        let row = database.row(
            "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8,
                (select xact_commit::float8 from pg_stat_database where datname = current_database())",
            &[],
        )?;
        let counted = database
            .row(
                "select sum(calls)::float8 from pg_stat_statements s join pg_database d on d.oid = s.dbid
                 where d.datname = current_database()
                    and (query ilike '%chat.send_messages%' or query ilike '%insert into peer.%')
                    and query not ilike '%pg_stat_statements%'",
                &[],
            )
            .ok()
            .and_then(|row| row.get::<_, Option<f64>>(0));
        let batches = || {
            servers
                .iter()
                .filter_map(|server| server.metric("webchat_batch_messages_count"))
                .reduce(|a, b| a + b)
        };
        Ok(Self {
            wal_bytes: row.get(0),
            transactions: row.get(1),
            sends: counted.or_else(batches),
        })
    }

    fn since(self, before: &Self) -> Self {
        Self {
            wal_bytes: self.wal_bytes - before.wal_bytes,
            transactions: self.transactions - before.transactions,
            sends: self
                .sends
                .zip(before.sends)
                .map(|(now, before)| now - before),
        }
    }
}
