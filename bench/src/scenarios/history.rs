//! Reading the newest page of a long conversation.

use anyhow::Result;

use super::{Bench, WARM_UP};
use crate::machine::Meter;
use crate::pages::{self, Page};
use crate::product::{Product, Server};
use crate::seed::{self, Person};
use uuid::Uuid;

const READERS: u32 = 16;
const MESSAGES: u32 = 10_000;
/// The newest so many; the size of a page by default.
const PAGE_MESSAGES: usize = 50;

pub fn run(bench: &mut Bench) -> Result<()> {
    for product in bench.products.clone() {
        bench.with_database("history", |bench, database| {
            let people = seed::people(database, READERS)?;
            let conversation = seed::group(database, &people)?;
            seed::messages(database, conversation, MESSAGES)?;
            let server = product.start(database)?;
            if let Product::Peer { .. } = product {
                // It makes its tables when it starts.
                seed::copy_to_peer(database)?;
            }
            let section =
                format!("History: newest {PAGE_MESSAGES} of 10,000 messages, {READERS} readers");
            read(bench, &section, &product, &server, &people, |_| {
                conversation
            })
        })?;
    }
    Ok(())
}

/// Reads a conversation each.
pub fn read(
    bench: &mut Bench,
    section: &str,
    product: &Product,
    server: &Server,
    people: &[Person],
    conversation_of: impl Fn(usize) -> Uuid,
) -> Result<()> {
    let asked: Vec<Page> = people
        .iter()
        .enumerate()
        .map(|(place, person)| Page {
            address: server.address,
            path: product.history_path(conversation_of(place)),
            token: person.token.clone(),
            messages: PAGE_MESSAGES,
        })
        .collect();
    // The readers are on this very thread.
    let thread = rustix::thread::gettid().as_raw_nonzero().get();
    let (read, meter) = pages::read(&asked, WARM_UP, bench.measured, || {
        Meter::start(&[server.pid()], bench.cluster.postmaster, vec![thread])
    })?;
    let usage = meter.stop();
    let column = product.column();
    let seconds = read.elapsed.as_secs_f64();
    let report = &mut bench.report;
    report.figure(section, "pages/s", column, read.count as f64 / seconds);
    report.figure_if(section, "p50, ms", column, read.latencies.quantile_ms(0.5));
    report.figure_if(section, "p99, ms", column, read.latencies.quantile_ms(0.99));
    report.figure(
        section,
        "KiB a page",
        column,
        read.bytes as f64 / 1024.0 / read.count.max(1) as f64,
    );
    report.figure(
        section,
        "CPU of the server, µs a page",
        column,
        usage.us_each(usage.server, read.count),
    );
    report.figure_if(
        section,
        "CPU of PostgreSQL, µs a page",
        column,
        usage.postgres.map(|cores| usage.us_each(cores, read.count)),
    );
    report.usage(section, column, usage);
    Ok(())
}
