//! What a connection costs that nobody uses.

use std::time::Duration;

use anyhow::Result;

use super::Bench;
use crate::dialect::Seat;
use crate::machine::memory_bytes;
use crate::product::Server;
use crate::seed::{self, Person};
use crate::swarm::Swarm;
use uuid::Uuid;

const CLIENTS: u32 = 5_000;
const CLIENTS_QUICK: u32 = 500;
/// After the last handshake: memory that it took has been given back, presence has been told.
const SETTLE: Duration = Duration::from_secs(4);

pub fn run(bench: &mut Bench) -> Result<()> {
    let clients = if bench.is_quick {
        CLIENTS_QUICK
    } else {
        CLIENTS
    };
    let section = format!("Idle: {clients} connections of as many people");
    for product in bench.products.clone() {
        bench.with_database("idle", |bench, database| {
            // One more, whose connection warms the server up: what the first one needs is not the others' cost.
            let people = seed::people(database, clients + 1)?;
            let server = product.start(database)?;
            let (first, others) = people.split_at(1);
            let mut swarm = Swarm::open(product.dialect(), seats(first, &server))?;
            std::thread::sleep(SETTLE);
            let (resident_before, own_before) = memory_bytes(server.pid())?;
            let since = std::time::Instant::now();
            swarm.join(seats(others, &server))?;
            let opened = since.elapsed();
            std::thread::sleep(SETTLE);
            let (resident, own) = memory_bytes(server.pid())?;
            let meter = bench.meter(&swarm, std::slice::from_ref(&server));
            std::thread::sleep(bench.measured);
            let usage = meter.stop();
            bench.settle(&mut swarm, &section, 1, crate::swarm::Watch::ALL)?;
            let column = product.column();
            let each = |after: u64, before: u64| {
                after.saturating_sub(before) as f64 / 1024.0 / f64::from(clients)
            };
            let report = &mut bench.report;
            report.figure(
                &section,
                "resident, KiB a connection",
                column,
                each(resident, resident_before),
            );
            report.figure(
                &section,
                "proportional (PSS), KiB a connection",
                column,
                each(own, own_before),
            );
            report.figure(
                &section,
                "the server without them, MiB",
                column,
                resident_before as f64 / 1024.0 / 1024.0,
            );
            report.figure(
                &section,
                "opened, connections/s",
                column,
                f64::from(clients) / opened.as_secs_f64(),
            );
            report.usage(&section, column, usage);
            Ok(())
        })?;
    }
    bench.report.note(
        "memory of connections is the server process's; what the kernel holds for sockets is not in it".to_owned(),
    );
    Ok(())
}

/// People who only listen.
pub fn seats(people: &[Person], server: &Server) -> Vec<Seat> {
    people
        .iter()
        .map(|person| Seat {
            user: person.id,
            token: person.token.clone(),
            number: person.number,
            conversation: Uuid::nil(),
            address: server.address,
        })
        .collect()
}
