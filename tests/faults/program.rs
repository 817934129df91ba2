//! The program with its private PostgreSQL: killed, interrupted, and started again.

use std::time::Instant;

use crate::support::Person;
use crate::support::program::{DataDir, Program};

#[tokio::test]
async fn what_was_sent_outlives_a_kill_of_the_program_and_ctrl_c_stops_it_and_its_postgresql() {
    let data = DataDir::new();
    let began = Instant::now();
    let mut program = Program::start(&data).await;
    eprintln!("from nothing to ready: {:?}", began.elapsed());
    let ada = Person::guest(program.address, "Ada").await;
    let bob = Person::guest(program.address, "Bob").await;
    let direct = ada.direct(&bob).await;
    let mut bobs = bob.connect().await;
    for body in ["one", "two"] {
        ada.say(direct, body).await;
        bobs.message(body).await;
    }
    let cursor = bobs.cursor.clone();
    let postmaster = data.postmaster().unwrap();
    program.kill();
    assert_eq!(
        data.postmaster(),
        Some(postmaster),
        "it outlives the program"
    );

    let began = Instant::now();
    let mut program = Program::start(&data).await;
    eprintln!("picked up: {:?}", began.elapsed());
    assert_eq!(data.postmaster(), Some(postmaster), "it is picked up");
    let (ada, bob) = (ada.at(program.address), bob.at(program.address));
    assert_eq!(bob.history(direct).await, ["one", "two"]);
    let mut bobs = bob.resume(&cursor).await;
    bobs.settle().await;
    assert!(
        matches!(bobs.bodies()[..], [] | ["two"]),
        "no more is repeated than what the cursor came with"
    );
    assert!(bobs.seen.iter().all(|frame| frame["type"] != "reset"));
    ada.say(direct, "three").await;
    assert_eq!(bobs.message("three").await["seq"], 3);

    let began = Instant::now();
    let (status, code) = tokio::join!(program.interrupt(), bobs.end());
    eprintln!("stopped: {:?}", began.elapsed());
    assert!(status.success(), "{status}");
    assert_eq!(code, 1001);
    assert_eq!(data.postmaster(), None, "PostgreSQL stops with it");

    let mut program = Program::start(&data).await;
    assert_ne!(data.postmaster(), Some(postmaster));
    let (ada, bob) = (ada.at(program.address), bob.at(program.address));
    assert_eq!(bob.history(direct).await, ["one", "two", "three"]);
    let mut bobs = bob.resume(&cursor).await;
    assert_eq!(bobs.message("three").await["seq"], 3);
    ada.say(direct, "four").await;
    assert_eq!(bobs.message("four").await["seq"], 4);
    program.interrupt().await;
}
