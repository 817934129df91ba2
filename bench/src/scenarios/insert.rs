//! A message that another program writes with plain SQL, on its way to a browser.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::{Bench, pairs};
use crate::database::Database;
use crate::report::Column;
use crate::seed;
use crate::stamp::{Stamp, now_ns};
use crate::swarm::{Load, Swarm, Watch};

/// Between two inserts, so that none waits for the one before.
const EVERY: Duration = Duration::from_millis(10);
/// Of the large insert.
const ROWS: u64 = 10_000;
const ARRIVAL_MAX: Duration = Duration::from_secs(20);
/// Senders of SQL are no clients.
const NOBODY: u32 = u32::MAX;

pub fn run(bench: &mut Bench) -> Result<()> {
    let Some(product) = bench.webchat() else {
        return Ok(());
    };
    bench.with_database("insert", |bench, database| {
        let pairs = seed::pairs(database, &seed::people(database, 2)?)?;
        let servers = [product.start(database)?];
        let mut swarm = Swarm::open(product.dialect(), pairs::seats(&pairs, &servers))?;
        swarm.load(Load::Silent, Watch::ALL)?;
        let pair = &pairs[0];
        let section = "Plain SQL: insert into chat.messages";

        let mut taken = crate::latency::Latencies::default();
        let deadline = Instant::now() + bench.measured;
        let mut count = 0;
        while Instant::now() < deadline {
            let stamp = Stamp {
                at_ns: now_ns(),
                sender: NOBODY,
            };
            database.run(&format!(
                "insert into chat.messages (conversation_id, sender_id, body) values ('{}', '{}', '{}')",
                pair.conversation,
                pair.a.id,
                stamp.body()
            ))?;
            taken.record(now_ns() - stamp.at_ns);
            count += 1;
            std::thread::sleep(EVERY);
        }
        let tally = arrived(&mut swarm, count * pairs::AUDIENCE)?;
        let report = &mut bench.report;
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            report.figure_if(section, &format!("one row: until committed, {name}, ms"), Column::Webchat, taken.quantile_ms(share));
            report.figure_if(section, &format!("one row: until at a socket, {name}, ms"), Column::Webchat, tally.to_others.quantile_ms(share));
        }
        large(bench, section, database, &mut swarm, pair)
    })
}

/// Rows in one statement, and until the last of them is at the sockets.
fn large(
    bench: &mut Bench,
    section: &str,
    database: &Database,
    swarm: &mut Swarm,
    pair: &seed::Pair,
) -> Result<()> {
    let since = Instant::now();
    database.run(&format!(
        "insert into chat.messages (conversation_id, sender_id, body)
         select '{}', '{}', 'Row ' || n || ': shall we meet at noon by the river?' from generate_series(1, {ROWS}) n",
        pair.conversation, pair.a.id
    ))?;
    let committed = since.elapsed();
    let tally = arrived(swarm, ROWS * pairs::AUDIENCE)?;
    let all = since.elapsed();
    let report = &mut bench.report;
    report.figure(
        section,
        "10,000 rows: until committed, ms",
        Column::Webchat,
        committed.as_secs_f64() * 1e3,
    );
    if tally.lost > 0 {
        let why = tally.first_loss.unwrap_or_default();
        report.fault(
            section,
            &format!(
                "10,000 rows at once: {} of 2 clients were sent away ({why})",
                tally.lost
            ),
        );
    } else {
        report.figure(
            section,
            "10,000 rows: until all are at the sockets, ms",
            Column::Webchat,
            all.as_secs_f64() * 1e3,
        );
    }
    Ok(())
}

/// Waits for so many deliveries, or for the loss of a client.
fn arrived(swarm: &mut Swarm, count: u64) -> Result<crate::tally::Tally> {
    let deadline = Instant::now() + ARRIVAL_MAX;
    let mut sum = crate::tally::Tally::default();
    loop {
        sum.add(&swarm.take()?);
        if sum.received >= count || sum.lost > 0 {
            return Ok(sum);
        }
        ensure!(
            Instant::now() < deadline,
            "{} of {count} deliveries arrived",
            sum.received
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}
