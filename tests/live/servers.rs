//! Several servers on one database, and a server that stops: clients move on and miss nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::cast::Cast;
use crate::support::{TestServer, run, value};

#[tokio::test]
async fn what_is_said_at_one_server_is_heard_at_the_other() {
    let cast = Cast::assemble().await;
    let second = TestServer::start(&cast.database).await;
    let mut here = cast.ada.connect().await;
    let mut there = cast.bob.at(second.address).connect().await;
    let mut eves = cast.eve.at(second.address).connect().await;
    for n in 0..20 {
        here.say(cast.direct, &format!("here {n}")).await;
        there.say(cast.direct, &format!("there {n}")).await;
    }
    let wanted: Vec<_> = (0..20)
        .flat_map(|n| [format!("here {n}"), format!("there {n}")])
        .collect();
    for socket in [&mut here, &mut there] {
        if !socket.bodies().contains(&"there 19") {
            socket.message("there 19").await;
        }
        assert_eq!(socket.bodies(), wanted);
    }
    here.ask(json!({"type": "typing", "conversation_id": cast.direct}))
        .await;
    there.next_of("typing").await;
    there
        .ask(json!({"type": "read", "conversation_id": cast.direct, "seq": 40}))
        .await;
    eves.heard_nothing().await;

    let group = cast.ada.group(&[&cast.eve]).await;
    eves.next_of("conversation").await;
    cast.ada.say(group, "welcome").await;
    eves.message("welcome").await;
    there.settle().await;
    assert!(!there.bodies().contains(&"welcome"));
    // One's cursor is the other's too.
    let cursor = cast.fresh_cursor(&cast.eve.at(second.address)).await;
    cast.ada.say(group, "later").await;
    let mut moved = cast.eve.resume(&cursor).await;
    moved.message("later").await;
    assert_eq!(moved.bodies(), ["later"]);
}

#[tokio::test]
async fn a_server_that_stops_answers_what_is_under_way_and_its_clients_move_on_with_everything_once()
 {
    let cast = Cast::assemble().await;
    let second = TestServer::start(&cast.database).await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let mut stream = cast.bob.stream(None).await;
    let mut others = cast.bob.at(second.address).connect().await;
    let mut eves = cast.eve.at(second.address).connect().await;
    let send = |n: usize| {
        json!({"type": "send", "ref": n, "conversation_id": cast.direct,
            "client_id": format!("k{n}"), "body": format!("{n}")})
    };
    for n in 0..200 {
        adas.send(send(n)).await;
    }
    // Some were taken when the server is told to stop.
    adas.next_of("ack").await;
    let ((), code) = tokio::join!(cast.server.stop(), adas.end());
    assert_eq!(code, 1001);
    let going = adas
        .seen
        .iter()
        .find(|frame| frame["type"] == "going_away")
        .unwrap();
    assert!(going["retry_ms"].is_u64(), "{going}");
    assert_eq!(adas.closed.as_ref().unwrap().reason.as_str(), "going_away");
    assert_eq!(bobs.end().await, 1001);
    let mut last = Value::Null;
    while let Some(event) = stream.next().await {
        last = event;
    }
    assert_eq!(last["type"], "going_away");

    // What was not answered is sent again, by its client_id.
    let answered: Vec<_> = adas
        .seen
        .iter()
        .filter(|frame| frame["type"] == "ack")
        .map(|frame| frame["ref"].as_u64().unwrap())
        .collect();
    assert!(!answered.is_empty());
    assert!(
        adas.seen.iter().all(|frame| frame["type"] != "error"),
        "{:?}",
        adas.seen
    );
    let ada = cast.ada.at(second.address);
    let mut moved = ada.resume(&adas.cursor).await;
    for n in 0..200 {
        if !answered.contains(&(n as u64)) {
            assert_eq!(moved.ask(send(n)).await["type"], "ack");
        }
    }
    let bob = cast.bob.at(second.address);
    let mut bobs_next = bob.resume(&bobs.cursor).await;
    let mut have = BTreeMap::new();
    let all = bob
        .get(&format!("/api/conversations/{}", cast.direct))
        .await
        .1;
    assert_eq!(all["last_seq"], 200, "each exactly once");
    while have.len() < 200 {
        for frame in bobs
            .seen
            .drain(..)
            .chain([bobs_next.next_of("message").await])
        {
            if frame["type"] == "message" {
                let message = &frame["message"];
                let before = have.insert(message["seq"].as_i64().unwrap(), message.clone());
                assert!(before.is_none_or(|before| before == *message));
            }
        }
    }
    assert!(have.keys().copied().eq(1..=200));
    while others.bodies().len() < 200 {
        others.next_of("message").await;
    }
    let bodies: std::collections::BTreeSet<_> = others.bodies().into_iter().collect();
    assert_eq!(bodies.len(), 200);
    eves.heard_nothing().await;
}

#[tokio::test]
async fn a_stopped_server_takes_no_new_connection() {
    let cast = Cast::assemble().await;
    let address = cast.server.address;
    cast.server.stop().await;
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    let database = cast.database.connect().await;
    let servers: i64 = value(&database, "select count(*) from chat.servers", &[]).await;
    assert_eq!(servers, 0, "its lease is given up");
}

#[tokio::test]
async fn a_lost_listening_connection_loses_no_event() {
    let cast = Cast::assemble().await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;
    let database = cast.database.connect().await;
    let group = cast.ada.group(&[&cast.bob, &cast.eve]).await;
    eves.next_of("conversation").await;
    for n in 0..6 {
        run(
            &database,
            "select pg_terminate_backend(pid) from pg_stat_activity
             where application_name = 'webchat listener' and datname = current_database()",
            &[],
        )
        .await;
        cast.ada.say(cast.direct, &format!("{n}")).await;
        if n == 2 {
            let path = format!("/api/conversations/{group}/members/{}", cast.eve.id);
            cast.ada.delete(&path).await;
            cast.ada.say(group, "after Eve").await;
        }
        if n % 2 == 1 {
            bobs.message(&format!("{n}")).await;
        }
    }
    bobs.settle().await;
    let mut seen = bobs.bodies();
    seen.dedup();
    for body in ["0", "1", "2", "3", "4", "5", "after Eve"] {
        assert!(seen.contains(&body), "{body} is missing in {seen:?}");
    }
    cast.ada
        .post(
            &format!("/api/conversations/{group}/members"),
            json!({"user_id": cast.eve.id}),
        )
        .await;
    eves.next_where(|frame| {
        frame["member"]["state"] == "active" && frame["member"]["revision"] == 3
    })
    .await;
    assert!(eves.bodies().is_empty(), "{:?}", eves.bodies());
}
