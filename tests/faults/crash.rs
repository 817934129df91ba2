//! PostgreSQL itself stops, in order or by a crash, and comes back.

use std::time::{Duration, Instant};

use webchat::postgres::private::StopMode;

use crate::support::load::{people, senders};
use crate::support::{
    Door, Follower, Load, OwnCluster, Person, ServerProcess, TestServer, column, send,
};

async fn restarts_under_load(mode: StopMode) {
    let cluster = OwnCluster::start().await;
    let database = cluster.migrated().await;
    let server = TestServer::start(&database).await;
    let (people, group) = people(server.address, 4).await;
    let mut followers = vec![
        Follower::by_socket(&people[0], &[group]).await,
        Follower::by_stream(&people[1], &[group]).await,
    ];
    let doors = [Door::Socket, Door::Http, Door::Insert, Door::Transaction];
    let mut load = Load::start(
        &database,
        group,
        &senders(&people, &doors, 8),
        server.address,
    );
    load.more(150).await;
    for _ in 0..2 {
        cluster.restart(mode).await;
        let back = Instant::now();
        load.more(100).await;
        eprintln!(
            "{mode:?}: 100 messages {:?} after PostgreSQL was back",
            back.elapsed()
        );
    }
    let client = database.connect().await;
    let ledger = load.finish(&client, group, &mut followers).await;
    let (unavailable, broken, slowest) = ledger.troubles();
    eprintln!(
        "{mode:?}: {} sent, {unavailable} times 503, {broken} broken (the hosts'), slowest {slowest:?}",
        ledger.count()
    );
    assert_eq!(
        unavailable, 0,
        "PostgreSQL was away for less than the server waits"
    );
    server.stop().await;
}

#[tokio::test]
async fn a_fast_restart_of_postgresql_under_load_loses_nothing() {
    restarts_under_load(StopMode::Fast).await;
}

#[tokio::test]
async fn a_crash_of_postgresql_under_load_loses_nothing() {
    restarts_under_load(StopMode::Immediate).await;
}

#[tokio::test]
async fn users_of_a_running_server_are_online_again_within_seconds_of_a_crash() {
    let cluster = OwnCluster::start().await;
    let database = cluster.migrated().await;
    let server = TestServer::start(&database).await;
    let ada = Person::guest(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let direct = ada.direct(&bob).await;
    let mut adas = Follower::by_socket(&ada, &[direct]).await;
    let _bobs = Follower::by_socket(&bob, &[direct]).await;
    adas.until("Bob is online", |m| m.presence_of(bob.id) == Some("online"))
        .await;

    cluster.restart(StopMode::Immediate).await;
    let back = Instant::now();
    let client = database.connect().await;
    loop {
        let statuses: Vec<String> = column(
            &client,
            "select chat.status_of(u) from unnest(array[$1, $2]::uuid[]) u",
            &[&ada.id, &bob.id],
        )
        .await;
        if statuses == ["online", "online"] {
            break;
        }
        assert!(back.elapsed() < Duration::from_secs(8), "{statuses:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    eprintln!("online again {:?} after the crash", back.elapsed());
    server.stop().await;
}

/// A crash forgets transaction ids that reached no disk, and PostgreSQL gives them out again: a
/// cursor that counts them as seen would pass over what they are given to next.
#[tokio::test]
async fn a_cursor_heard_right_before_a_crash_misses_nothing_that_comes_after_it() {
    // Nothing is written behind the back of what commits.
    let cluster = OwnCluster::start_with(&[("wal_writer_delay", "10s")]).await;
    let database = cluster.migrated().await;
    let mut server = ServerProcess::start(&database).await;
    let ada = Person::guest(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let direct = ada.direct(&bob).await;
    let mut adas = ada.connect().await;
    let client = database.connect().await;
    send(&client, bob.id, direct, "before").await;
    adas.message("before").await;
    for _ in 0..30 {
        // Writes no row: its commit waits for no disk.
        client
            .execute("select chat.announce_typing($1, $2)", &[&bob.id, &direct])
            .await
            .unwrap();
        adas.next_of("typing").await;
    }
    let cursor = adas.cursor.clone();
    server.kill();
    cluster.restart(StopMode::Immediate).await;
    let client = database.connect().await;
    send(&client, bob.id, direct, "after").await;

    let server = TestServer::start(&database).await;
    let mut resumed = ada.at(server.address).resume(&cursor).await;
    let event = resumed
        .next_where(|frame| frame["type"] == "reset" || frame["message"]["body"] == "after")
        .await;
    assert_ne!(event["type"], "reset", "it is not needed");
    server.stop().await;
}
