//! What reactions and receipts cost those who read and those who send.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use uuid::Uuid;

use super::pairs::{self, AUDIENCE};
use super::{Bench, WARM_UP};
use crate::database::Database;
use crate::machine::Meter;
use crate::pages::{self, Page};
use crate::product::Product;
use crate::report::Column;
use crate::seed::{self, Person};
use crate::swarm::{Load, Swarm, Watch};

const READERS: u32 = 16;
const MESSAGES: u32 = 10_000;
const PAGE_MESSAGES: usize = 50;
/// Each message of the page has so many, as a lively group's do.
const REACTIONS: i32 = 3;
const PEOPLE: u32 = 400;
const IN_FLIGHT: u32 = 8;
/// Reactions a second, and as many reads, while others send: some thousands of people who are at it.
const DEEDS_A_SECOND: u32 = 100;
/// With and without in turns, since a machine is not the same from one moment to the next.
const TURNS: usize = 3;

pub fn run(bench: &mut Bench) -> Result<()> {
    let Some(product) = bench.webchat() else {
        return Ok(());
    };
    bench.with_database("deeds", |bench, database| read(bench, database, &product))?;
    bench.with_database("deeds", |bench, database| send(bench, database, &product))
}

/// A page in the middle of a conversation, which is built each time: of plain messages, and of messages with reactions.
fn read(bench: &mut Bench, database: &Database, product: &Product) -> Result<()> {
    let people = seed::people(database, READERS)?;
    let mut conversations = Vec::new();
    for _ in 0..2 {
        let conversation = seed::group(database, &people)?;
        seed::messages(database, conversation, MESSAGES)?;
        conversations.push(conversation);
    }
    let before = MESSAGES - 100;
    database.rows(
        "insert into chat.reactions (message_id, user_id, emoji)
         select m.id, p.user_id, case p.place % 2 when 0 then '👍' else '🎉' end
         from chat.messages m
         join (select u.user_id, row_number() over (order by u.user_id) as place from chat.members u where u.conversation_id = $1) p on p.place <= $2
         where m.conversation_id = $1 and m.seq between $3 and $4",
        &[
            &conversations[1],
            &i64::from(REACTIONS),
            &(i64::from(before) - 60),
            &i64::from(before),
        ],
    )?;
    database.run("vacuum (analyze) chat.messages")?;
    let server = product.start(database)?;
    let section = format!(
        "Deeds: {PAGE_MESSAGES} of 10,000 messages, {READERS} readers, {REACTIONS} reactions each"
    );
    let mut rates = [0.0, 0.0];
    for turn in 0..TURNS * 2 {
        let which = turn % 2;
        let asked = pages_of(&people, &server, product, conversations[which], before);
        let thread = rustix::thread::gettid().as_raw_nonzero().get();
        let (read, meter) = pages::read(&asked, WARM_UP, bench.measured, || {
            Meter::start(&[server.pid()], bench.cluster.postmaster, vec![thread])
        })?;
        meter.stop();
        rates[which] += read.count as f64 / read.elapsed.as_secs_f64() / TURNS as f64;
    }
    let report = &mut bench.report;
    for (figure, value) in [
        ("plain, pages/s", rates[0]),
        ("with reactions, pages/s", rates[1]),
        ("with by plain", rates[1] / rates[0]),
    ] {
        report.figure(&section, figure, Column::Webchat, value);
    }
    Ok(())
}

fn pages_of(
    people: &[Person],
    server: &crate::product::Server,
    product: &Product,
    conversation: Uuid,
    before: u32,
) -> Vec<Page> {
    let page = |person: &Person| Page {
        address: server.address,
        path: format!("{}?before={before}", product.history_path(conversation)),
        token: person.token.clone(),
        messages: PAGE_MESSAGES,
    };
    people.iter().map(page).collect()
}

/// Pairs at full speed, while others react to what was sent and read it, and while nobody does.
fn send(bench: &mut Bench, database: &Database, product: &Product) -> Result<()> {
    let section = format!("Deeds: sending at full speed, {DEEDS_A_SECOND} reactions/s meanwhile");
    let people = seed::people(database, PEOPLE)?;
    // Those who react are not those who are measured.
    let (people, others) = people.split_at(people.len() / 2);
    let pairs = seed::pairs(database, people)?;
    let groups: Vec<(Uuid, Uuid)> = (0..20)
        .map(|place| {
            let members = &others[place * 10..place * 10 + 10];
            let group = seed::group(database, members)?;
            seed::messages(database, group, 200)?;
            Ok((group, members[1].id))
        })
        .collect::<Result<_>>()?;
    let servers = [product.start(database)?];
    let mut swarm = Swarm::open(product.dialect(), pairs::seats(&pairs, &servers))?;
    let mut rates = [0.0, 0.0];
    let done = AtomicU64::new(0);
    for turn in 0..TURNS * 2 {
        let stop = AtomicBool::new(turn % 2 == 1);
        let beside = database.another()?;
        rates[turn % 2] += std::thread::scope(|scope| {
            let deeds = scope.spawn(|| do_deeds(&beside, &groups, &stop, &done));
            let rate = (|| {
                let in_flight = IN_FLIGHT;
                swarm.load(Load::Closed { in_flight }, Watch::ALL)?;
                std::thread::sleep(WARM_UP);
                swarm.take()?;
                std::thread::sleep(bench.measured);
                let tally = swarm.take()?;
                bench.settle(&mut swarm, &section, AUDIENCE, Watch::ALL)?;
                anyhow::Ok(tally.a_second(tally.acked) / TURNS as f64)
            })();
            stop.store(true, Ordering::Relaxed);
            deeds
                .join()
                .map_err(|_| anyhow::anyhow!("the deeds broke"))??;
            rate
        })?;
    }
    let report = &mut bench.report;
    for (figure, value) in [
        ("with, messages/s", rates[0]),
        ("without, messages/s", rates[1]),
        ("with by without", rates[0] / rates[1]),
        (
            "reactions and reads done",
            done.load(Ordering::Relaxed) as f64,
        ),
    ] {
        report.figure(&section, figure, Column::Webchat, value);
    }
    Ok(())
}

/// Reacts and reads at a steady pace until told to stop.
fn do_deeds(
    database: &Database,
    groups: &[(Uuid, Uuid)],
    stop: &AtomicBool,
    done: &AtomicU64,
) -> Result<()> {
    let pace = Duration::from_secs(1) / DEEDS_A_SECOND;
    let mut next = Instant::now();
    for turn in 0_i64.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let place = usize::try_from(turn)? % groups.len();
        let (group, user) = groups.get(place).context("there are groups")?;
        let round = turn / i64::try_from(groups.len())?;
        let seq = 1 + round % 200;
        let deed = match round / 200 % 2 {
            0 => "react",
            _ => "unreact",
        };
        let sql = format!(
            "select from chat.messages m, lateral chat.{deed}($2, m.id, '👍') r where m.conversation_id = $1 and m.seq = $3"
        );
        database.rows(&sql, &[group, user, &seq])?;
        database.rows(
            "select from chat.mark_read($2, $1, $3)",
            &[group, user, &seq],
        )?;
        done.fetch_add(2, Ordering::Relaxed);
        next += pace;
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    Ok(())
}
