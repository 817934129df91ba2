//! The way to PostgreSQL is slow, silent or cut, while both its ends live.

use std::time::Duration;

use serde_json::Value;

use crate::support::ledger::check_followers;
use crate::support::load::{people, senders};
use crate::support::{Door, Follower, Load, Person, TestDatabase, TestServer, Wire, send};

/// What the server calls it in pg_stat_activity.
const LISTENER: &str = "webchat listener";

#[tokio::test]
async fn who_comes_before_the_server_listens_misses_nothing() {
    let database = TestDatabase::create().await;
    let ready = TestServer::start(&database).await;
    let (people, group) = people(ready.address, 2).await;
    let client = database.connect().await;

    let wire = Wire::to(&database).await;
    wire.hold(LISTENER);
    let server = TestServer::launch(&wire.database, &[]).await;
    wire.until_asked(LISTENER, 1).await;
    let early = people[0].at(server.address);
    let mut connecting = tokio::spawn(async move { Follower::by_socket(&early, &[group]).await });
    // It is let in now or later. Either way it gets what is sent now.
    let let_in = tokio::time::timeout(Duration::from_millis(500), &mut connecting).await;
    send(&client, people[1].id, group, "meanwhile").await;
    wire.let_through(LISTENER);
    let follower = match let_in {
        Ok(follower) => follower.unwrap(),
        Err(_) => connecting.await.unwrap(),
    };
    send(&client, people[1].id, group, "after").await;
    check_followers(&client, group, &mut [follower]).await;
    server.stop().await;
    ready.stop().await;
}

#[tokio::test]
async fn a_listening_connection_that_falls_silent_is_noticed_and_nothing_is_lost() {
    let database = TestDatabase::create().await;
    let wire = Wire::to(&database).await;
    let server = TestServer::start(&wire.database).await;
    let (people, group) = people(server.address, 3).await;
    let client = database.connect().await;
    let mut followers = vec![
        Follower::by_socket(&people[0], &[group]).await,
        Follower::by_stream(&people[1], &[group]).await,
    ];
    let mut load = Load::start(
        &database,
        group,
        &senders(&people, &[Door::Socket, Door::Http], 2),
        server.address,
    );
    load.more(20).await;
    wire.silence(LISTENER);
    wire.until_asked(LISTENER, 2).await;
    load.more(20).await;
    load.finish(&client, group, &mut followers).await;
    for follower in &followers {
        assert_eq!(follower.mirror().connections, 1, "{}", follower.name);
    }
    server.stop().await;
}

#[tokio::test]
async fn who_left_while_the_server_heard_nothing_is_shown_as_offline_after() {
    let database = TestDatabase::create().await;
    let wire = Wire::to(&database).await;
    let deaf = TestServer::start(&wire.database).await;
    let other = TestServer::start(&database).await;
    let ada = Person::guest(deaf.address, "Ada").await;
    let ben = Person::guest(other.address, "Ben").await;
    ada.direct(&ben).await;
    let mut adas = ada.connect().await;
    let bens = ben.connect().await;
    let is = |frame: &Value, status: &str| {
        frame["type"] == "presence"
            && frame["user_id"] == ben.id.to_string()
            && frame["status"] == status
    };
    adas.next_where(|frame| is(frame, "online")).await;
    wire.silence(LISTENER);
    bens.close().await;
    // Nobody tells it: it finds out by the silence, listens anew, and asks.
    adas.next_where(|frame| is(frame, "offline")).await;
    deaf.stop().await;
    other.stop().await;
}
