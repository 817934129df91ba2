//! Whoever resumes, from any cursor and after any interleaving of transactions, ends with what the
//! database holds.
//!
//! Several sessions write, each in a transaction of its own that commits (or not) whenever the
//! case says so. A reader hears some of what is announced, is cut off wherever it happens to be,
//! also between two events of one transaction, and resumes from the last cursor that it applied.

#[path = "replay/reader.rs"]
mod reader;
#[path = "replay/world.rs"]
mod world;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::{TestDatabase, run};
use reader::Reader;
use world::{SESSIONS, Step, World};

/// More with `PROPTEST_CASES=1000`.
const CASES: u32 = 48;
const STEPS_MAX: usize = 60;

#[derive(Clone, Copy, Debug)]
enum Event {
    /// A session does something in its transaction, which it begins when it has none.
    Write(usize, Step),
    Commit(usize),
    RollBack(usize),
    /// Both readers read what changed since their cursors.
    Resume,
    /// Both readers apply this many announced events at most, and are cut off after them.
    Hear(usize),
}

fn events() -> impl Strategy<Value = Event> {
    let session = 0..SESSIONS;
    prop_oneof![
        8 => (session.clone(), world::steps()).prop_map(|(session, step)| Event::Write(session, step)),
        3 => session.clone().prop_map(Event::Commit),
        1 => session.clone().prop_map(Event::RollBack),
        1 => Just(Event::Resume),
        2 => (0..6_usize).prop_map(Event::Hear),
    ]
}

#[test]
fn a_reader_that_resumes_ends_with_what_the_database_holds() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let database = runtime.block_on(async {
        let database = TestDatabase::create().await;
        // Without the general room each case has its own people and conversations to itself.
        let client = database.connect().await;
        run(
            &client,
            "update chat.conversations set closed_at = now()",
            &[],
        )
        .await;
        database
    });
    let mut runner = TestRunner::new(Config {
        cases: std::env::var("PROPTEST_CASES").map_or(CASES, |cases| cases.parse().unwrap()),
        failure_persistence: None,
        max_shrink_iters: 50,
        ..Config::default()
    });
    let case = proptest::collection::vec(events(), 1..STEPS_MAX);
    let outcome = runner.run(&case, |events| {
        runtime.block_on(play(&database, &events));
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

async fn play(database: &TestDatabase, events: &[Event]) {
    let mut world = World::new(database).await;
    // One for a member, and one for a server's listener, who reads everything.
    let mut readers = [
        Reader::start(database, Some(world.people[0]), &world).await,
        Reader::start(database, None, &world).await,
    ];
    for event in events {
        match *event {
            Event::Write(session, step) => world.write(session, step).await,
            Event::Commit(session) => world.end(session, true).await,
            Event::RollBack(session) => world.end(session, false).await,
            Event::Resume => {
                for reader in &mut readers {
                    reader.resume().await;
                }
            }
            Event::Hear(count) => {
                for reader in &mut readers {
                    reader.hear(count).await;
                }
            }
        }
    }
    for session in (0..SESSIONS).rev() {
        world.end(session, true).await;
    }
    for reader in &mut readers {
        reader.resume().await;
        reader.assert_complete(&world).await;
        // And what is known needs no telling again.
        assert_eq!(reader.resume().await, 0);
    }
}
