//! Memberships as they take effect on open connections, whoever changes them.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::cast::Cast;
use crate::support::{Person, Socket, TestServer, run};

fn members(conversation: Uuid, person: &Person) -> String {
    format!("/api/conversations/{conversation}/members/{}", person.id)
}

/// The membership event about somebody.
async fn member(socket: &mut Socket, person: &Person, state: &str) -> Value {
    socket
        .next_where(|frame| {
            frame["type"] == "member"
                && frame["member"]["user_id"] == json!(person.id)
                && frame["member"]["state"] == state
        })
        .await
}

#[tokio::test]
async fn an_added_member_gets_the_membership_the_conversation_and_then_what_is_said() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob]).await;
    cast.ada.say(group, "before").await;
    cast.relayed().await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;
    let mut eves_stream = cast.eve.stream(None).await;
    let path = format!("/api/conversations/{group}/members");
    let (status, added) = cast.ada.post(&path, json!({"user_id": cast.eve.id})).await;
    assert_eq!(
        (status, &added["state"], &added["role"]),
        (201, &json!("active"), &json!("member"))
    );
    cast.ada.say(group, "welcome").await;

    eves.message("welcome").await;
    eves_stream.message("welcome").await;
    // That she was added is said after she is a member.
    assert_eq!(
        eves.kinds(),
        ["member", "conversation", "message", "message"]
    );
    assert_eq!(eves.bodies(), ["welcome"]);
    let told = |frame: &&Value| frame["type"] == "conversation";
    let conversation = eves.seen.iter().find(told).unwrap();
    assert_eq!(conversation["conversation"]["id"], json!(group));
    member(&mut bobs, &cast.eve, "active").await;
    bobs.message("welcome").await;
    assert!(
        !bobs.kinds().contains(&"conversation"),
        "it is no news to Bob"
    );
    // Again changes nothing, and tells nobody.
    let (status, again) = cast.ada.post(&path, json!({"user_id": cast.eve.id})).await;
    assert_eq!((status, again), (200, added));
    eves.settle().await;
    assert_eq!(eves.kinds().len(), 4);
}

/// Removes Eve from a group of all three in one way, and looks at what she hears of it.
async fn removal_is_heard_and_nothing_after(remove: impl AsyncFnOnce(&Cast, Uuid)) {
    let cast = Cast::assemble().await;
    let second = TestServer::start(&cast.database).await;
    let group = cast.ada.group(&[&cast.bob, &cast.eve]).await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;
    let mut eves_stream = cast.eve.stream(None).await;
    let mut eves_elsewhere = cast.eve.at(second.address).connect().await;
    cast.ada.say(group, "before").await;
    eves.message("before").await;
    eves_elsewhere.message("before").await;
    eves_stream.message("before").await;

    remove(&cast, group).await;
    let removal = member(&mut bobs, &cast.eve, "left").await;
    cast.ada.say(group, "after").await;
    bobs.say(group, "indeed").await;
    bobs.send(json!({"type": "typing", "conversation_id": group}))
        .await;
    bobs.send(json!({"type": "read", "conversation_id": group, "seq": 2}))
        .await;
    bobs.next_of("typing").await;
    for socket in [&mut eves, &mut eves_elsewhere] {
        assert_eq!(
            member(socket, &cast.eve, "left").await["member"],
            removal["member"]
        );
        let heard = socket.seen.len();
        let own = cast.eve.direct(&cast.eve).await;
        let notes = format!("note {heard} {}", Uuid::new_v4());
        cast.eve.say(own, &notes).await;
        socket.message(&notes).await;
        socket.settle().await;
        assert!(
            socket.seen[heard..]
                .iter()
                .all(|frame| !frame.to_string().contains(&group.to_string()))
        );
        // Nor does anything of hers get in.
        assert_eq!(socket.say(group, "let me in").await["code"], "not_a_member");
        let read = json!({"type": "read", "conversation_id": group, "seq": 1});
        assert_eq!(socket.ask(read).await["code"], "not_a_member");
    }
    let own = cast.eve.direct(&cast.eve).await;
    cast.eve.say(own, "last note").await;
    loop {
        let event = eves_stream.next().await.unwrap();
        assert_ne!(event["message"]["body"], "after");
        if event["message"]["body"] == "last note" {
            break;
        }
    }
    assert_eq!(
        cast.eve.get(&format!("/api/conversations/{group}")).await.0,
        403
    );
    bobs.settle().await;
    assert!(!bobs.bodies().contains(&"let me in"));
}

#[tokio::test]
async fn a_removed_member_receives_nothing_more() {
    removal_is_heard_and_nothing_after(async |cast, group| {
        let (status, left) = cast.ada.delete(&members(group, &cast.eve)).await;
        assert_eq!((status, &left["state"]), (200, &json!("left")));
    })
    .await;
}

#[tokio::test]
async fn a_member_who_leaves_receives_nothing_more() {
    removal_is_heard_and_nothing_after(async |cast, group| {
        let path = format!("/api/conversations/{group}/members/me");
        assert_eq!(cast.eve.delete(&path).await.0, 200);
    })
    .await;
}

#[tokio::test]
async fn a_member_removed_by_an_update_receives_nothing_more() {
    removal_is_heard_and_nothing_after(async |cast, group| {
        let client = cast.database.connect_as("chat_writer").await;
        let update =
            "update chat.members set left_at = now() where conversation_id = $1 and user_id = $2";
        assert_eq!(run(&client, update, &[&group, &cast.eve.id]).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_member_removed_by_a_delete_receives_nothing_more() {
    removal_is_heard_and_nothing_after(async |cast, group| {
        let client = cast.database.connect_as("chat_writer").await;
        let delete = "delete from chat.members where conversation_id = $1 and user_id = $2";
        run(&client, delete, &[&group, &cast.eve.id]).await;
    })
    .await;
}

#[tokio::test]
async fn who_comes_back_hears_again() {
    let cast = Cast::assemble().await;
    let (status, room) = cast.ada.post("/api/rooms", json!({"name": "Room"})).await;
    assert_eq!(status, 201, "{room}");
    let room: Uuid = room["id"].as_str().unwrap().parse().unwrap();
    let mut bobs = cast.bob.connect().await;
    let join = format!("/api/rooms/{room}/join");
    for round in 0..3 {
        assert_eq!(cast.bob.post(&join, json!({})).await.0, 200);
        member(&mut bobs, &cast.bob, "active").await;
        cast.ada.say(room, &format!("in {round}")).await;
        bobs.message(&format!("in {round}")).await;
        cast.bob
            .delete(&format!("/api/conversations/{room}/members/me"))
            .await;
        cast.ada.say(room, &format!("out {round}")).await;
        member(&mut bobs, &cast.bob, "left").await;
    }
    bobs.settle().await;
    assert_eq!(bobs.bodies(), ["in 0", "in 1", "in 2"]);
}

#[tokio::test]
async fn a_closed_conversation_says_so_and_takes_nothing_more() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob]).await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;
    assert_eq!(
        cast.bob
            .delete(&format!("/api/conversations/{group}"))
            .await
            .0,
        403
    );
    let (status, closed) = cast
        .ada
        .delete(&format!("/api/conversations/{group}"))
        .await;
    assert!(status == 200 && closed["closed_at"].is_string());
    bobs.next_where(|frame| {
        frame["type"] == "conversation" && frame["conversation"]["closed_at"] == closed["closed_at"]
    })
    .await;
    let error = bobs.say(group, "too late").await;
    assert_eq!(
        (&error["status"], &error["code"]),
        (&json!(409), &json!("conversation_closed"))
    );
    eves.heard_nothing().await;
}
