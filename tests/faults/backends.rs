//! Connections to PostgreSQL that are ended under load, while PostgreSQL itself stays.

use std::time::Duration;

use crate::support::load::{people, senders};
use crate::support::{Client, Door, Follower, Load, TestDatabase, TestServer, column, value};

/// Ends backends of that name in this database; returns how many.
async fn terminate(client: &Client, name: &str) -> usize {
    let ended: Vec<bool> = column(
        client,
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name like $1 and pid <> pg_backend_pid()",
        &[&name],
    )
    .await;
    ended.len()
}

#[tokio::test]
async fn a_listener_ended_twenty_times_loses_nothing_and_no_client_has_to_reconnect() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let (people, group) = people(server.address, 4).await;
    let client = database.connect().await;
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
    for _ in 0..20 {
        load.more(20).await;
        until_listening(&client).await;
        assert_eq!(terminate(&client, "webchat listener").await, 1);
    }
    let ledger = load.finish(&client, group, &mut followers).await;
    for follower in &followers {
        let mirror = follower.mirror();
        assert_eq!(
            mirror.connections, 1,
            "{}: {:?}",
            follower.name, mirror.ends
        );
        assert_eq!(mirror.resets, 0, "{}", follower.name);
    }
    let (unavailable, broken, _) = ledger.troubles();
    assert_eq!((unavailable, broken), (0, 0));
    server.stop().await;
}

async fn until_listening(client: &Client) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let count: i64 = value(
            client,
            "select count(*) from pg_stat_activity
             where datname = current_database() and application_name = 'webchat listener'",
            &[],
        )
        .await;
        if count > 0 {
            return;
        }
        assert!(
            tokio::time::Instant::now() < deadline,
            "it does not listen again"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn with_every_connection_of_the_server_ended_again_and_again_nobody_sees_an_error() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let (people, group) = people(server.address, 4).await;
    let client = database.connect().await;
    let mut followers = vec![
        Follower::by_socket(&people[0], &[group]).await,
        Follower::by_stream(&people[1], &[group]).await,
    ];
    let doors = [Door::Socket, Door::Http, Door::Socket, Door::Batch];
    let mut load = Load::start(
        &database,
        group,
        &senders(&people, &doors, 8),
        server.address,
    );
    let mut ended = 0;
    for _ in 0..12 {
        load.more(20).await;
        until_listening(&client).await;
        ended += terminate(&client, "webchat%").await;
    }
    assert!(ended >= 24, "{ended} connections were ended");
    let ledger = load.finish(&client, group, &mut followers).await;
    for follower in &followers {
        assert_eq!(follower.mirror().connections, 1, "{}", follower.name);
    }
    let (unavailable, broken, slowest) = ledger.troubles();
    assert_eq!((unavailable, broken), (0, 0));
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    server.stop().await;
}
