//! One conversation in which everybody is online: how many deliveries a second before they are late.

use std::time::Duration;

use anyhow::Result;
use uuid::Uuid;

use super::Bench;
use crate::dialect::Seat;
use crate::machine::Usage;
use crate::product::{Product, Server};
use crate::seed::{self, Person};
use crate::swarm::{Load, Swarm, Watch};
use crate::tally::Tally;

const MEMBERS: [u32; 2] = [200, 1_000];
/// Who sends; the others listen.
const SENDERS: usize = 50;
/// Beyond this a chat does not feel live.
const LATE_MS: f64 = 250.0;
/// Where the search begins: what any chat does.
const FIRST_DELIVERIES_A_SECOND: f64 = 25_000.0;
/// No machine that this runs on gets here.
const DELIVERIES_A_SECOND_MAX: f64 = 20_000_000.0;
/// Halvings of the interval between the last rate that held and the first that did not: 2^(1/4) is 19 %.
const BISECTIONS: u32 = 2;
const STEP_WARM_UP: Duration = Duration::from_millis(700);
/// How long a step's last messages may take; one that needs longer has not held.
const STEP_SETTLE_MAX: Duration = Duration::from_secs(2);
/// After a step that did not hold, until the server has worked off what had gathered.
const RECOVERY: Duration = Duration::from_secs(3);

pub fn run(bench: &mut Bench) -> Result<()> {
    for product in bench.products.clone() {
        let sizes = if bench.is_quick {
            &MEMBERS[..1]
        } else {
            &MEMBERS[..]
        };
        for &members in sizes {
            bench.with_database("room", |bench, database| {
                let people = seed::people(database, members)?;
                let conversation = seed::group(database, &people)?;
                let server = product.start(database)?;
                let room = Room {
                    product: &product,
                    seats: seats(&people, conversation, &server),
                    server: std::slice::from_ref(&server),
                };
                let section = format!("Room: {members} members online, {SENDERS} of them send");
                room.search(bench, &section)
            })?;
        }
    }
    Ok(())
}

struct Room<'a> {
    product: &'a Product,
    seats: Vec<Seat>,
    server: &'a [Server],
}

struct Step {
    tally: Tally,
    usage: Usage,
    p99_ms: f64,
    /// Why it did not hold.
    faults: Vec<String>,
}

impl Step {
    fn held(&self) -> bool {
        self.faults.is_empty()
    }
}

impl Room<'_> {
    /// Doubles the rate until it fails twice, then halves the interval in between. Once may be a neighbour's doing.
    fn search(&self, bench: &mut Bench, section: &str) -> Result<()> {
        let mut swarm = self.open()?;
        let mut best: Option<Step> = None;
        let mut held_at = 0.0;
        let mut rate = FIRST_DELIVERIES_A_SECOND;
        let mut bisections = 0;
        let mut first_failure = None;
        let mut failed_once = None;
        while rate < DELIVERIES_A_SECOND_MAX {
            let step = self.step(bench, &mut swarm, rate)?;
            eprintln!(
                "  {:8} offered {rate:.0}/s: delivered {:.0}/s, p99 {:.0} ms{}",
                self.product.name(),
                step.tally.a_second(step.tally.received),
                step.p99_ms,
                step.faults
                    .iter()
                    .map(|fault| format!("; {fault}"))
                    .collect::<String>()
            );
            if step.held() {
                held_at = rate;
                best = Some(step);
            } else {
                if let Some(serious) = step.faults.iter().find(|fault| fault.contains("twice")) {
                    bench.report.fault(section, serious);
                }
                // What this one left behind must not count against the next.
                drop(swarm);
                std::thread::sleep(RECOVERY);
                swarm = self.open()?;
                if failed_once.replace(rate) != Some(rate) && first_failure.is_none() {
                    continue;
                }
                first_failure = Some(rate);
            }
            rate = match first_failure {
                None => rate * 2.0,
                Some(_) if bisections == BISECTIONS || best.is_none() => break,
                Some(failed_at) => {
                    bisections += 1;
                    (held_at * failed_at).sqrt()
                }
            };
        }
        let column = self.product.column();
        let Some(Step {
            tally,
            usage,
            p99_ms,
            ..
        }) = best
        else {
            bench.report.fault(section, "not even the lowest rate held");
            return Ok(());
        };
        let report = &mut bench.report;
        report.figure(
            section,
            "deliveries/s, p99 below 250 ms",
            column,
            tally.a_second(tally.received),
        );
        report.figure(
            section,
            "of messages/s",
            column,
            tally.a_second(tally.acked),
        );
        report.figure_if(
            section,
            "delivery p50 there, ms",
            column,
            tally.to_others.quantile_ms(0.5),
        );
        report.figure(section, "delivery p99 there, ms", column, p99_ms);
        report.figure(
            section,
            "CPU of the server, µs a delivery",
            column,
            usage.us_each(usage.server, tally.received),
        );
        report.usage(section, column, usage);
        Ok(())
    }

    fn open(&self) -> Result<Swarm> {
        let mut swarm = Swarm::open(self.product.dialect(), self.seats.clone())?;
        // In a small room everyone is told that everyone is online, which would be the first step's load.
        loop {
            std::thread::sleep(Duration::from_millis(500));
            if swarm.take()?.received_bytes < 1_024 {
                return Ok(swarm);
            }
        }
    }

    fn step(&self, bench: &Bench, swarm: &mut Swarm, deliveries_a_second: f64) -> Result<Step> {
        let audience = self.seats.len() as u64;
        let load = Load::Open {
            a_second: deliveries_a_second / audience as f64,
            senders: SENDERS,
        };
        swarm.load(load, Watch::SOME)?;
        std::thread::sleep(STEP_WARM_UP);
        swarm.take()?;
        let meter = bench.meter(swarm, self.server);
        std::thread::sleep(bench.measured / 2);
        let usage = meter.stop();
        let tally = swarm.take()?;
        let mut faults = swarm.settle(audience, Watch::SOME, STEP_SETTLE_MAX)?;
        let p99_ms = tally.to_others.quantile_ms(0.99).unwrap_or(f64::INFINITY);
        if p99_ms >= LATE_MS {
            faults.push("late".to_owned());
        }
        Ok(Step {
            tally,
            usage,
            p99_ms,
            faults,
        })
    }
}

fn seats(people: &[Person], conversation: Uuid, server: &Server) -> Vec<Seat> {
    super::idle::seats(people, server)
        .into_iter()
        .map(|seat| Seat {
            conversation,
            ..seat
        })
        .collect()
}
