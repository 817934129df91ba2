//! Sockets held to one conversation: `/ws/private/…`, `/ws/room/…` and `/ws/general`.

use serde_json::json;
use uuid::Uuid;

use crate::asking::handshake;
use crate::cast::Cast;
use crate::support::{Person, TestDatabase, TestServer, run};

#[tokio::test]
async fn a_held_socket_hears_and_says_only_what_belongs_to_its_conversation() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob, &cast.eve]).await;
    let elsewhere = cast.bob.say(group, "in the group").await;
    let own = cast.bob.say(cast.direct, "here").await;
    cast.relayed().await;
    let mut held = cast
        .bob
        .open(&format!("/ws/private/{}", cast.direct))
        .await
        .unwrap();
    let mut adas = cast.ada.connect().await;
    let mut eves = cast.eve.connect().await;

    held.send(json!({"content": "hi"})).await;
    let ack = held.next_of("ack").await;
    assert_eq!(
        (&ack["message"]["body"], &ack["message"]["kind"]),
        (&json!("hi"), &json!("text"))
    );
    assert_eq!(
        adas.message("hi").await["conversation_id"],
        json!(cast.direct)
    );
    assert_eq!(held.say(cast.direct, "in full").await["type"], "ack");
    adas.message("in full").await;

    for frame in [
        json!({"type": "send", "conversation_id": group, "body": "through the back door"}),
        json!({"type": "read", "conversation_id": group, "seq": 1}),
        json!({"type": "typing", "conversation_id": group}),
        json!({"type": "edit", "message_id": elsewhere["id"], "body": "through the back door"}),
        json!({"type": "delete", "message_id": elsewhere["id"]}),
        json!({"type": "delete", "message_id": elsewhere["id"], "for": "me"}),
        json!({"type": "unread", "conversation_id": group}),
        json!({"type": "react", "message_id": elsewhere["id"], "emoji": "👍"}),
        json!({"type": "unreact", "message_id": elsewhere["id"], "emoji": "👍"}),
        json!({"type": "pin", "message_id": elsewhere["id"]}),
        json!({"type": "unpin", "message_id": elsewhere["id"]}),
        json!({"type": "forward", "message_id": elsewhere["id"], "conversation_ids": [cast.direct]}),
        json!({"type": "forward", "message_id": own["id"], "conversation_ids": [group]}),
    ] {
        let error = held.ask(frame.clone()).await;
        assert_eq!(
            (&error["status"], &error["code"]),
            (&json!(403), &json!("other_conversation")),
            "{frame}"
        );
    }
    held.send(json!({"content": 7})).await;
    let error = held.next_of("error").await;
    assert!(
        error["detail"].as_str().unwrap().starts_with("content:"),
        "{error}"
    );

    cast.ada.say(group, "only for the group").await;
    eves.message("only for the group").await;
    cast.ada.say(cast.direct, "for two").await;
    held.message("for two").await;
    assert_eq!(held.bodies(), ["hi", "in full", "for two"]);
    eves.settle().await;
    assert_eq!(eves.bodies(), ["only for the group"]);
}

#[tokio::test]
async fn a_held_socket_hears_of_the_people_in_its_conversation() {
    // With the general room, so that they share more than one.
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Person::guest(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let group = ada.group(&[&bob]).await;
    for path in ["/ws/general".to_owned(), format!("/ws/room/{group}")] {
        let mut held = bob.open(&path).await.unwrap();
        let cursor = held.cursor.clone();
        let name = Uuid::new_v4().to_string();
        ada.put("/api/users/me", json!({"name": name})).await;
        held.next_where(|frame| frame["type"] == "user" && frame["user"]["name"] == name.as_str())
            .await;
        let mut resumed = bob.open(&format!("{path}?cursor={cursor}")).await.unwrap();
        resumed
            .next_where(|frame| frame["type"] == "user" && frame["user"]["name"] == name.as_str())
            .await;
    }
}

#[tokio::test]
async fn who_is_not_a_member_is_refused_before_the_upgrade() {
    let cast = Cast::assemble().await;
    let bearer = format!("Bearer {}", cast.eve.token);
    let general = cast.database.connect().await;
    let general: Uuid = crate::support::value(
        &general,
        "select id from chat.conversations where is_general",
        &[],
    )
    .await;
    for (path, status, code) in [
        (format!("/ws/private/{}", cast.direct), 403, "not_a_member"),
        (format!("/ws/room/{}", cast.direct), 403, "not_a_member"),
        (format!("/ws/room/{general}"), 403, "not_a_member"),
        (
            format!("/ws/room/{}", Uuid::nil()),
            404,
            "conversation_not_found",
        ),
        ("/ws/room/x".to_owned(), 404, "not_found"),
        ("/ws/general".to_owned(), 404, "conversation_not_found"),
    ] {
        let response = handshake(cast.server.address, &path, &[("authorization", &bearer)]).await;
        assert_eq!(response.status(), status, "{path}");
        let problem: serde_json::Value = response.json().await.unwrap();
        assert_eq!(problem["code"], code, "{path}");
    }
}

#[tokio::test]
async fn a_held_socket_is_closed_when_its_membership_ends_and_resumes_only_its_own() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob]).await;
    let path = format!("/ws/room/{group}");
    let mut held = cast.bob.open(&path).await.unwrap();
    let cursor = held.cursor.clone();
    let mut free = cast.bob.connect().await;
    cast.ada.say(cast.direct, "beside").await;
    cast.ada.say(group, "inside").await;
    held.message("inside").await;

    let mut resumed = cast
        .bob
        .open(&format!("{path}?cursor={cursor}"))
        .await
        .unwrap();
    resumed.message("inside").await;
    assert_eq!(resumed.bodies(), ["inside"]);

    let client = cast.database.connect().await;
    run(
        &client,
        "update chat.members set left_at = now() where conversation_id = $1 and user_id = $2",
        &[&group, &cast.bob.id],
    )
    .await;
    assert_eq!(held.end().await, 4403);
    assert_eq!(resumed.end().await, 4403);
    cast.ada.say(cast.direct, "still friends").await;
    free.message("still friends").await;
    assert!(cast.bob.open(&path).await.is_err());
}

#[tokio::test]
async fn everyone_is_in_the_general_room_from_the_start() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Person::guest(server.address, "Ada").await;
    let mut adas = ada.open("/ws/general").await.unwrap();
    let bob = Person::guest(server.address, "Bob").await;
    adas.next_where(|frame| {
        frame["type"] == "member" && frame["member"]["user_id"] == json!(bob.id)
    })
    .await;
    let mut bobs = bob.open("/ws/general").await.unwrap();
    bobs.send(json!({"content": "hello all"})).await;
    let message = adas.message("hello all").await;
    let general = message["conversation_id"].as_str().unwrap();
    let (status, problem) = bob
        .delete(&format!("/api/conversations/{general}/members/me"))
        .await;
    assert_eq!(
        (status, &problem["code"]),
        (409, &json!("general_is_for_everyone"))
    );
}
