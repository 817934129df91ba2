//! Receipts, typing and presence: who is told, and that they only ever say what is true.

use serde_json::{Value, json};

use crate::cast::{Cast, until};
use crate::support::{Person, Socket, TestServer};

fn receipts(socket: &Socket) -> Vec<(Value, Value)> {
    socket
        .seen
        .iter()
        .filter(|frame| frame["type"] == "receipt")
        .map(|frame| (frame["delivered_seq"].clone(), frame["read_seq"].clone()))
        .collect()
}

#[tokio::test]
async fn delivered_and_read_reach_the_others_as_marks_that_only_rise() {
    let cast = Cast::assemble().await;
    for n in 1..=5 {
        cast.ada.say(cast.direct, &format!("{n}")).await;
    }
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;
    let mark =
        |kind: &str, seq: i64| json!({"type": kind, "conversation_id": cast.direct, "seq": seq});

    assert_eq!(bobs.ask(mark("delivered", 3)).await["type"], "ack");
    let receipt = adas.next_of("receipt").await;
    assert_eq!(receipt["user_id"], json!(cast.bob.id));
    assert_eq!(receipt["conversation_id"], json!(cast.direct));
    assert!(receipt["at"].is_string() && receipt["cursor"].is_string());
    bobs.ask(mark("read", 2)).await;
    adas.next_of("receipt").await;
    // Lower ones and repeated ones are no news; beyond the end there is nothing to read.
    bobs.ask(mark("read", 1)).await;
    bobs.ask(mark("delivered", 3)).await;
    bobs.ask(mark("read", 99)).await;
    adas.next_of("receipt").await;
    assert_eq!(
        receipts(&adas),
        [(3, 0), (3, 2), (5, 5)].map(|(d, r)| (json!(d), json!(r)))
    );

    let path = format!("/api/conversations/{}", cast.direct);
    let (_, bobs_view) = cast.bob.get(&path).await;
    assert_eq!(
        (&bobs_view["read_seq"], &bobs_view["unread"]),
        (&json!(5), &json!(0))
    );
    let error = eves.ask(mark("read", 5)).await;
    assert_eq!(
        (&error["status"], &error["code"]),
        (&json!(403), &json!("not_a_member"))
    );
    eves.settle().await;
    assert!(receipts(&eves).is_empty());
    adas.settle().await;
    assert_eq!(receipts(&adas).len(), 3);
}

#[tokio::test]
async fn a_message_tells_who_received_and_read_it_and_when() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob, &cast.eve]).await;
    let message = cast.ada.say(group, "for you").await;
    let path = format!("/api/messages/{}/receipts", message["id"].as_str().unwrap());
    assert_eq!(
        cast.ada.get(&path).await,
        (
            200,
            json!({"delivered_count": 0, "read_count": 0, "items": []})
        )
    );
    let marks = format!("/api/conversations/{group}/marks");
    let seq = &message["seq"];
    cast.bob.put(&marks, json!({"read_seq": seq})).await;
    cast.eve.put(&marks, json!({"delivered_seq": seq})).await;
    let (_, receipts) = cast.ada.get(&path).await;
    assert_eq!(
        (&receipts["delivered_count"], &receipts["read_count"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(receipts["items"][0]["user_id"], json!(cast.bob.id));
    assert!(receipts["items"][0]["read_at"].is_string());
    assert!(receipts["items"][1]["delivered_at"].is_string());
    assert!(receipts["items"][1]["read_at"].is_null());
}

#[tokio::test]
async fn typing_reaches_members_and_no_stranger_and_is_written_nowhere() {
    let cast = Cast::assemble().await;
    cast.relayed().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;
    let typing = |fields: Value| {
        let mut frame = json!({"type": "typing", "conversation_id": cast.direct});
        frame
            .as_object_mut()
            .unwrap()
            .extend(fields.as_object().unwrap().clone());
        frame
    };
    for (fields, active, recording) in [
        (json!({}), true, false),
        (json!({"recording": true}), true, true),
        (json!({"active": false}), false, false),
    ] {
        assert_eq!(bobs.ask(typing(fields)).await["type"], "ack");
        let event = adas.next_of("typing").await;
        assert_eq!(event["user_id"], json!(cast.bob.id));
        assert_eq!(event["user_name"], "Bob");
        assert_eq!(
            (&event["active"], &event["recording"]),
            (&json!(active), &json!(recording))
        );
    }
    let error = eves.ask(typing(json!({}))).await;
    assert_eq!(
        (&error["status"], &error["code"]),
        (&json!(403), &json!("not_a_member"))
    );
    let (status, _) = cast.eve.post("/api/commands", typing(json!({}))).await;
    assert_eq!(status, 403);
    // A client without a socket types too.
    let (status, ack) = cast.ada.post("/api/commands", typing(json!({}))).await;
    assert_eq!((status, ack), (200, json!({"type": "ack"})));
    bobs.next_where(|frame| frame["type"] == "typing" && frame["user_id"] == json!(cast.ada.id))
        .await;
    eves.settle().await;
    assert_eq!(eves.kinds(), ["error"]);
    let cursor = cast.fresh_cursor(&cast.ada).await;
    cast.bob.post("/api/commands", typing(json!({}))).await;
    // Her own came to her as well, before.
    adas.next_where(|frame| frame["type"] == "typing" && frame["user_id"] == json!(cast.bob.id))
        .await;
    let mut resumed = cast.ada.resume(&cursor).await;
    resumed.heard_nothing().await;
}

fn statuses(socket: &Socket, of: &Person) -> Vec<Value> {
    socket
        .seen
        .iter()
        .filter(|frame| frame["type"] == "presence" && frame["user_id"] == json!(of.id))
        .map(|frame| frame["status"].clone())
        .collect()
}

async fn until_status(socket: &mut Socket, of: &Person, status: &str) -> Value {
    socket
        .next_where(|frame| {
            frame["type"] == "presence"
                && frame["user_id"] == json!(of.id)
                && frame["status"] == status
        })
        .await
}

#[tokio::test]
async fn several_sockets_are_one_presence_and_only_those_who_share_a_conversation_hear_of_it() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    let mut eves = cast.eve.connect().await;
    until_status(&mut eves, &cast.eve, "online").await;

    let mut phone = cast.bob.connect().await;
    let online = until_status(&mut adas, &cast.bob, "online").await;
    assert!(online["last_seen_at"].is_null());
    let mut laptop = cast.bob.connect().await;
    laptop
        .ask(json!({"type": "presence", "status": "away"}))
        .await;
    phone
        .ask(json!({"type": "presence", "status": "away"}))
        .await;
    until_status(&mut adas, &cast.bob, "away").await;
    phone
        .ask(json!({"type": "presence", "status": "online"}))
        .await;
    until_status(&mut adas, &cast.bob, "online").await;
    phone.close().await;
    until_status(&mut adas, &cast.bob, "away").await;
    let (status, _) = cast
        .bob
        .put("/api/users/me/presence", json!({"status": "online"}))
        .await;
    assert_eq!(status, 200);
    until_status(&mut adas, &cast.bob, "online").await;
    let (_, conversation) = cast
        .ada
        .get(&format!("/api/conversations/{}", cast.direct))
        .await;
    assert_eq!(conversation["peer"]["status"], "online");

    laptop.close().await;
    let offline = until_status(&mut adas, &cast.bob, "offline").await;
    assert!(offline["last_seen_at"].is_string());
    assert_eq!(
        statuses(&adas, &cast.bob),
        ["online", "away", "online", "away", "online", "offline"]
    );
    eves.settle().await;
    assert!(statuses(&eves, &cast.bob).is_empty() && statuses(&eves, &cast.ada).is_empty());
}

#[tokio::test]
async fn who_is_connected_to_two_servers_is_online_until_gone_from_both() {
    let cast = Cast::assemble().await;
    let second = TestServer::start(&cast.database).await;
    let database = cast.database.connect().await;
    let mut adas = cast.ada.connect().await;
    let here = cast.bob.connect().await;
    until_status(&mut adas, &cast.bob, "online").await;
    let mut there = cast.bob.at(second.address).connect().await;
    let rows = format!(
        "(select count(*) from chat.presence where user_id = '{}')",
        cast.bob.id
    );
    until(&database, &format!("select {rows} = 2")).await;
    here.close().await;
    until(&database, &format!("select {rows} = 1")).await;
    there
        .ask(json!({"type": "presence", "status": "away"}))
        .await;
    until_status(&mut adas, &cast.bob, "away").await;
    // The server that stops takes its people offline.
    second.stop().await;
    until_status(&mut adas, &cast.bob, "offline").await;
    assert_eq!(statuses(&adas, &cast.bob), ["online", "away", "offline"]);
}
