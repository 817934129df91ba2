//! PostgreSQL alone: what stands beside the figures of chats as their limit.

use anyhow::Result;

use super::Bench;
use crate::limits::{self, Limit};
use crate::report::Column;
use crate::seed;

const PEOPLE: u32 = 200;

pub fn run(bench: &mut Bench) -> Result<()> {
    let limits = bench.with_database("alone", |bench, database| {
        let pairs: Vec<limits::Pair> = seed::pairs(database, &seed::people(database, PEOPLE)?)?
            .iter()
            .map(|pair| limits::Pair {
                conversation: pair.conversation,
                users: [pair.a.id, pair.b.id],
            })
            .collect();
        // They are many, and each of them steady.
        let seconds = (bench.measured.as_secs() / 2).max(1);
        Ok(limits::measure(
            &bench.postgres_program("pgbench"),
            &database.url,
            &pairs,
            seconds,
        )?)
    })?;
    let section = "PostgreSQL alone (pgbench)";
    for limit in best_of_clients(&limits) {
        let figure = match limit.name.as_str() {
            limits::COMMIT => format!("{}, commits/s", limit.name),
            name => format!(
                "{name}, {} in a transaction, {} connections, messages/s",
                limit.batch, limit.clients
            ),
        };
        bench
            .report
            .figure(section, &figure, Column::Limit, limit.messages_per_second);
    }
    bench.limits = limits;
    Ok(())
}

/// What `chat.send_messages` does in batches of about that size, messages a second.
pub fn limit_of_sending(limits: &[Limit], batch: f64) -> Option<f64> {
    let distance = |limit: &&Limit| (f64::from(limit.batch) / batch).ln().abs();
    let nearest = limits
        .iter()
        .filter(|limit| limit.name == limits::SEND_MESSAGES)
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))?
        .batch;
    limits
        .iter()
        .filter(|limit| limit.name == limits::SEND_MESSAGES && limit.batch == nearest)
        .map(|limit| limit.messages_per_second)
        .reduce(f64::max)
}

/// How long `chat.send_messages` takes with one message on one connection, in milliseconds.
pub fn limit_of_latency_ms(limits: &[Limit]) -> Option<f64> {
    limits
        .iter()
        .find(|limit| limit.name == limits::SEND_MESSAGES && limit.batch == 1 && limit.clients == 1)
        .map(|limit| limit.latency_ms_mean)
}

/// Of each kind and batch the number of connections that does best.
fn best_of_clients(limits: &[Limit]) -> Vec<&Limit> {
    let mut best: Vec<&Limit> = Vec::new();
    for limit in limits {
        match best
            .iter_mut()
            .find(|other| other.name == limit.name && other.batch == limit.batch)
        {
            Some(other) if other.messages_per_second < limit.messages_per_second => *other = limit,
            Some(_) => {}
            None => best.push(limit),
        }
    }
    best
}
