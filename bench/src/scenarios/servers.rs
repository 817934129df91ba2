//! More server processes on one database: every pair's two people are on different ones.

use anyhow::Result;

use super::{Bench, pairs};
use crate::seed;
use crate::swarm::{Swarm, Watch};

const PEOPLE: u32 = 200;
const IN_FLIGHT: u32 = 8;

pub fn run(bench: &mut Bench) -> Result<()> {
    let section = format!("Server processes: {PEOPLE} people in pairs, {IN_FLIGHT} in flight each");
    let Some(product) = bench.webchat() else {
        return Ok(());
    };
    for count in 1..=3 {
        bench.with_database("servers", |bench, database| {
            let pairs = seed::pairs(database, &seed::people(database, PEOPLE)?)?;
            let servers = (0..count)
                .map(|_| product.start(database))
                .collect::<Result<Vec<_>>>()?;
            let mut swarm = Swarm::open(product.dialect(), pairs::seats(&pairs, &servers))?;
            let measured = pairs::measure(bench, database, &mut swarm, &servers, IN_FLIGHT)?;
            let what = format!("{count} of them");
            bench.settle(&mut swarm, &what, pairs::AUDIENCE, Watch::ALL)?;
            let column = product.column();
            let pairs::Measured { tally, usage, .. } = &measured;
            let messages = tally.acked;
            let report = &mut bench.report;
            report.figure(
                &section,
                &format!("{what}: stored, messages/s"),
                column,
                tally.a_second(messages),
            );
            report.figure_if(
                &section,
                &format!("{what}: delivery p50, ms"),
                column,
                tally.to_others.quantile_ms(0.5),
            );
            report.figure(
                &section,
                &format!("{what}: CPU of the servers, µs a message"),
                column,
                usage.us_each(usage.server, messages),
            );
            report.figure_if(
                &section,
                &format!("{what}: CPU of PostgreSQL, µs a message"),
                column,
                usage.postgres.map(|cores| usage.us_each(cores, messages)),
            );
            report.usage(&format!("Server processes: {count}"), column, *usage);
            Ok(())
        })?;
    }
    Ok(())
}
