//! Searching in a million messages, and what keeping the index costs those who send.

use std::time::Instant;

use anyhow::{Context, Result};
use uuid::Uuid;

use super::pairs::{self, AUDIENCE};
use super::{Bench, WARM_UP};
use crate::corpus::{CONVERSATIONS, Text, WORDS, fill};
use crate::database::Database;
use crate::latency::Latencies;
use crate::report::Column;
use crate::seed;
use crate::swarm::{Load, Swarm, Watch};

const MESSAGES: u64 = 1_000_000;
const MESSAGES_QUICK: u64 = 50_000;
const PEOPLE: u32 = 200;
/// Searches of a class.
const SEARCHES: usize = 100;
const SEARCHES_QUICK: usize = 15;
const IN_FLIGHT: u32 = 8;
/// Sending with the indexer and without, in turns, since a machine is not the same from one moment to the next.
const TURNS: usize = 2;
/// The lock that `chat.index_messages` works under: who holds it keeps the indexer from working.
const INDEXER_LOCK: &str = "8602755350403507576";

pub fn run(bench: &mut Bench) -> Result<()> {
    let Some(product) = bench.webchat() else {
        return Ok(());
    };
    let count = if bench.is_quick {
        MESSAGES_QUICK
    } else {
        MESSAGES
    };
    bench.with_database("search", |bench, database| {
        let section = format!("Search: {count} messages in {CONVERSATIONS} conversations");
        let people = seed::people(database, PEOPLE)?;
        let ids: Vec<Uuid> = people.iter().map(|person| person.id).collect();
        let mut text = Text::new();
        fill(database, &mut text, &ids, count)?;

        let began = Instant::now();
        loop {
            let row = database.row("select blocks from chat.index_messages(500)", &[])?;
            if row.get::<_, Option<i32>>(0) == Some(0) {
                break;
            }
        }
        database.run("vacuum (analyze) chat.search_blocks")?;
        let report = &mut bench.report;
        report.figure(
            &section,
            "indexing, messages/s",
            Column::Webchat,
            count as f64 / began.elapsed().as_secs_f64(),
        );
        let sizes = database.row(
            "select pg_total_relation_size('chat.search_blocks')::float8, pg_total_relation_size('chat.messages')::float8",
            &[],
        )?;
        for (place, figure) in ["index, bytes a message", "messages and their indexes, bytes a message"]
            .into_iter()
            .enumerate()
        {
            let bytes: f64 = sizes.get(place);
            report.figure(&section, figure, Column::Webchat, bytes / count as f64);
        }

        let few = *ids.last().context("there are people")?;
        for (who, searcher) in [("in all conversations", ids[0]), ("in few", few)] {
            search(bench, database, &mut text, &section, who, searcher)?;
        }
        send(bench, database, &product)
    })
}

/// What somebody looks for, made anew each time.
type Words = fn(&mut Text) -> String;

/// Classes of searches.
const CLASSES: &[(&str, Words)] = &[
    ("rare word", |text| text.word_of(20_000, WORDS)),
    ("usual word", |text| text.word_of(300, 3_000)),
    ("common word", |text| text.word_of(0, 50)),
    ("part of a word", |text| {
        let word = text.word_of(2_000, 20_000);
        word[1..word.len() - 1].to_owned()
    }),
    ("one CJK character", |text| text.cjk(1)),
    ("two CJK characters", |text| text.cjk(2)),
    ("two common words", |text| {
        format!("{} {}", text.word_of(0, 100), text.word_of(0, 100))
    }),
    ("two usual words", |text| {
        format!("{} {}", text.word_of(100, 1_500), text.word_of(100, 1_500))
    }),
    ("no hit", |text| format!("zzq{}", text.word_of(300, 3_000))),
];

fn search(
    bench: &mut Bench,
    database: &Database,
    text: &mut Text,
    section: &str,
    who: &str,
    searcher: Uuid,
) -> Result<()> {
    let searches = if bench.is_quick {
        SEARCHES_QUICK
    } else {
        SEARCHES
    };
    let mut all = Latencies::default();
    let mut ask =
        |name: &str, sql: &str, query: &mut dyn FnMut() -> Option<String>| -> Result<()> {
            let mut latencies = Latencies::default();
            for place in 0..=searches {
                let query = query();
                let began = Instant::now();
                database.rows(sql, &[&searcher, &query])?;
                // The first one makes the plans.
                if place > 0 {
                    latencies.record(u64::try_from(began.elapsed().as_nanos())?);
                }
            }
            for (share, figure) in [(0.5, "p50"), (0.95, "p95")] {
                bench.report.figure_if(
                    section,
                    &format!("{who}: {name}, {figure}, ms"),
                    Column::Webchat,
                    latencies.quantile_ms(share),
                );
            }
            all.add(&latencies);
            Ok(())
        };
    let plain = "select h::text from chat.search_messages($1, $2) h";
    for (name, query) in CLASSES {
        ask(name, plain, &mut || Some(query(text)))?;
    }
    let dated = "select h::text from chat.search_messages($1, $2, p_from => now() - interval '200 days', p_until => now() - interval '170 days') h";
    ask("usual word of one month", dated, &mut || {
        Some(text.word_of(300, 3_000))
    })?;
    let own = "select h::text from chat.search_messages($1, $2, p_sender => $1) h";
    ask("common word of one sender", own, &mut || {
        Some(text.word_of(0, 100))
    })?;
    ask("all of one sender", own, &mut || None)?;
    bench.report.figure_if(
        section,
        &format!("{who}: all of these, p95, ms"),
        Column::Webchat,
        all.quantile_ms(0.95),
    );
    Ok(())
}

/// Pairs at full speed, with the indexer at work and without.
fn send(bench: &mut Bench, database: &Database, product: &crate::product::Product) -> Result<()> {
    let section = "Search: sending at full speed meanwhile".to_owned();
    let people = seed::people(database, PEOPLE)?;
    let pairs = seed::pairs(database, &people)?;
    let servers = [product.start(database)?];
    let mut swarm = Swarm::open(product.dialect(), pairs::seats(&pairs, &servers))?;
    let mut rates = [0.0, 0.0];
    for turn in 0..TURNS * 2 {
        let is_off = turn % 2;
        if is_off == 1 {
            database.run(&format!("select pg_advisory_lock({INDEXER_LOCK})"))?;
        }
        swarm.load(
            Load::Closed {
                in_flight: IN_FLIGHT,
            },
            Watch::ALL,
        )?;
        std::thread::sleep(WARM_UP);
        swarm.take()?;
        std::thread::sleep(bench.measured);
        let tally = swarm.take()?;
        rates[is_off] += tally.a_second(tally.acked) / TURNS as f64;
        bench.settle(&mut swarm, &section, AUDIENCE, Watch::ALL)?;
        if is_off == 1 {
            database.run(&format!("select pg_advisory_unlock({INDEXER_LOCK})"))?;
        }
    }
    let report = &mut bench.report;
    for (figure, value) in [
        ("with the indexer, messages/s", rates[0]),
        ("without, messages/s", rates[1]),
        ("with by without", rates[0] / rates[1]),
    ] {
        report.figure(&section, figure, Column::Webchat, value);
    }
    Ok(())
}
