//! A server dies or drains under load, and its clients go on at another.

use std::time::{Duration, Instant};

use crate::support::load::{people, senders};
use crate::support::{Door, Follower, Load, ServerProcess, TestDatabase, TestServer};

#[tokio::test]
async fn clients_of_a_killed_server_go_on_at_another_and_who_stays_away_goes_offline() {
    let database = TestDatabase::create().await;
    let mut dying = ServerProcess::start(&database).await;
    let living = TestServer::start(&database).await;
    let (people, group) = people(dying.address, 5).await;
    let client = database.connect().await;
    let left_behind = &people[4];
    let mut stays = Follower::by_socket(left_behind, &[group]).await;
    let mut observer = Follower::by_socket(&people[3].at(living.address), &[group]).await;
    observer
        .until("the one left behind is online", |m| {
            m.presence_of(left_behind.id) == Some("online")
        })
        .await;
    let mut followers = vec![
        Follower::by_socket(&people[0], &[group]).await,
        Follower::by_stream(&people[1], &[group]).await,
    ];
    let doors = [Door::Socket, Door::Http, Door::Insert, Door::Transaction];
    let mut load = Load::start(
        &database,
        group,
        &senders(&people[..4], &doors, 8),
        dying.address,
    );
    load.more(200).await;
    dying.kill();
    let killed = Instant::now();
    load.turn_to(living.address);
    for follower in &followers {
        follower.turn_to(living.address);
    }
    load.more(200).await;
    eprintln!("200 messages {:?} after the kill", killed.elapsed());

    observer
        .until("the one left behind is offline", |m| {
            m.presence_of(left_behind.id) == Some("offline")
        })
        .await;
    eprintln!("offline {:?} after the kill", killed.elapsed());
    assert!(killed.elapsed() < Duration::from_secs(12));
    assert_eq!(
        observer.mirror().presence_of(people[0].id),
        Some("online"),
        "who has moved has not gone"
    );
    stays.turn_to(living.address);
    stays.until("it is connected", |m| m.connections == 2).await;
    observer
        .until("the one left behind is online again", |m| {
            m.presence_of(left_behind.id) == Some("online")
        })
        .await;

    followers.push(stays);
    followers.push(observer);
    load.finish(&client, group, &mut followers).await;
    living.stop().await;
}

#[tokio::test]
async fn clients_of_a_draining_server_are_told_and_go_on_at_another() {
    let database = TestDatabase::create().await;
    let (first, second) = (
        TestServer::start(&database).await,
        TestServer::start(&database).await,
    );
    let (people, group) = people(first.address, 4).await;
    let client = database.connect().await;
    let mut followers = vec![
        Follower::by_socket(&people[0], &[group]).await,
        Follower::by_stream(&people[1], &[group]).await,
    ];
    let doors = [Door::Socket, Door::Http];
    let mut load = Load::start(
        &database,
        group,
        &senders(&people, &doors, 8),
        first.address,
    );
    load.more(150).await;
    load.turn_to(second.address);
    for follower in &followers {
        follower.turn_to(second.address);
    }
    let began = Instant::now();
    first.stop().await;
    eprintln!("drained in {:?}", began.elapsed());
    load.more(150).await;
    let ledger = load.finish(&client, group, &mut followers).await;
    for follower in &followers {
        let mirror = follower.mirror();
        assert_eq!(
            (mirror.farewells, mirror.resets),
            (1, 0),
            "{}",
            follower.name
        );
    }
    let (unavailable, broken, slowest) = ledger.troubles();
    eprintln!("{unavailable} times 503, {broken} broken, slowest {slowest:?}");
    second.stop().await;
}

#[tokio::test]
async fn a_program_told_to_stop_writes_what_waits_and_ends_within_seconds() {
    let database = TestDatabase::create().await;
    let mut first = ServerProcess::start(&database).await;
    let second = TestServer::start(&database).await;
    let (people, group) = people(first.address, 4).await;
    let client = database.connect().await;
    let mut followers = vec![Follower::by_socket(&people[0], &[group]).await];
    let mut load = Load::start(
        &database,
        group,
        &senders(&people, &[Door::Socket], 8),
        first.address,
    );
    load.more(100).await;
    load.turn_to(second.address);
    followers[0].turn_to(second.address);
    let began = Instant::now();
    first.terminate().await;
    assert!(
        began.elapsed() < Duration::from_secs(8),
        "{:?}",
        began.elapsed()
    );
    load.more(100).await;
    load.finish(&client, group, &mut followers).await;
    assert_eq!(followers[0].mirror().farewells, 1);
    second.stop().await;
}
