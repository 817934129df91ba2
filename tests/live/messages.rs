//! Sending, editing and deleting by WebSocket, and who hears of it.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::asking::{ask, header};
use crate::cast::Cast;

#[tokio::test]
async fn a_message_reaches_every_device_of_its_members_and_nobody_else() {
    let cast = Cast::assemble().await;
    let mut phone = cast.ada.connect().await;
    let mut laptop = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;

    phone
        .send(
            json!({"type": "send", "ref": {"any": ["json", 1]}, "conversation_id": cast.direct,
            "client_id": "k1", "body": "hello", "data": {"a": 1}, "from_the_future": true}),
        )
        .await;
    let ack = phone.next_of("ack").await;
    assert_eq!(ack["ref"], json!({"any": ["json", 1]}));
    let message = &ack["message"];
    let wanted = json!({
        "id": message["id"], "conversation_id": cast.direct, "seq": 1, "sender_id": cast.ada.id,
        "sender_name": "Ada", "kind": "text", "body": "hello", "data": {"a": 1}, "media": null,
        "reply_to": null, "reply": null, "client_id": "k1", "created_at": message["created_at"],
        "edited_at": null, "deleted_at": null, "revision": 1, "forwarded": false, "pinned_at": null,
        "pinned_by": null, "mentions": [], "reactions": [], "preview": null,
    });
    assert_eq!(message, &wanted);
    for socket in [&mut phone, &mut laptop, &mut bobs] {
        if socket.bodies().is_empty() {
            socket.message("hello").await;
        }
        let event = socket.seen.iter().find(|frame| frame["type"] == "message");
        assert_eq!(event.unwrap()["message"], wanted);
        assert!(event.unwrap().get("html").is_none());
        socket.settle().await;
        assert_eq!(socket.bodies(), ["hello"], "once");
    }
    eves.heard_nothing().await;
}

#[tokio::test]
async fn an_edit_comes_as_the_whole_message_with_a_higher_revision() {
    let cast = Cast::assemble().await;
    let first = cast.ada.say(cast.direct, "helo").await;
    cast.relayed().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;

    let edit = json!({"type": "edit", "message_id": first["id"], "body": "hello"});
    let ack = adas.ask(edit.clone()).await;
    assert_eq!(ack["type"], "ack", "{ack}");
    let event = bobs.message("hello").await;
    assert_eq!(event, ack["message"]);
    assert_eq!(event["revision"], 2);
    assert!(event["edited_at"].is_string());
    for field in ["id", "seq", "created_at", "client_id", "sender_id"] {
        assert_eq!(event[field], first[field], "{field}");
    }

    // Nobody else may, and nobody hears of the attempt.
    for (socket, code) in [(&mut bobs, "not_the_sender"), (&mut eves, "not_a_member")] {
        let other = json!({"type": "edit", "message_id": first["id"], "body": "mine now"});
        let error = socket.ask(other).await;
        assert_eq!(
            (&error["status"], &error["code"]),
            (&json!(403), &json!(code))
        );
    }
    // Not even by an edit that would change nothing.
    let error = eves.ask(edit).await;
    assert_eq!(error["code"], "not_a_member", "{error}");
    adas.settle().await;
    assert_eq!(adas.bodies(), ["hello"]);
    eves.settle().await;
    assert!(eves.bodies().is_empty());
}

#[tokio::test]
async fn a_deleted_message_keeps_its_place_and_loses_its_content() {
    let cast = Cast::assemble().await;
    let secret = cast.ada.say(cast.direct, "a secret").await;
    cast.ada.say(cast.direct, "after").await;
    cast.relayed().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;

    let delete = json!({"type": "delete", "message_id": secret["id"]});
    let refused = bobs.ask(delete.clone()).await;
    assert_eq!(refused["code"], "not_the_sender", "{refused}");
    let refused = adas
        .ask(json!({"type": "delete", "message_id": secret["id"], "for": "nobody"}))
        .await;
    assert!(refused["detail"].as_str().unwrap().starts_with("for:"));

    let ack = adas.ask(delete).await;
    let event = bobs.next_of("message").await["message"].clone();
    assert_eq!(event, ack["message"]);
    for field in ["body", "data", "media"] {
        assert_eq!(event[field], Value::Null);
    }
    assert_eq!(event["seq"], 1);
    assert!(event["deleted_at"].is_string());

    let edit = adas
        .ask(json!({"type": "edit", "message_id": secret["id"], "body": "more"}))
        .await;
    assert_eq!(
        (&edit["status"], &edit["code"]),
        (&json!(409), &json!("message_deleted"))
    );
    let path = format!("/api/conversations/{}/messages", cast.direct);
    let (_, page) = cast.bob.get(&path).await;
    assert_eq!(page["items"][0], event);
    assert_eq!(page["items"][1]["seq"], 2);
    eves.heard_nothing().await;
}

#[tokio::test]
async fn the_same_client_id_twice_is_one_message_with_the_same_ack() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let send = |body: &str| json!({"type": "send", "conversation_id": cast.direct, "client_id": "once", "body": body});
    // Also when the second is on its way before the first is answered.
    for _ in 0..3 {
        adas.send(send("hello")).await;
    }
    let first = adas.next_of("ack").await;
    for _ in 0..2 {
        assert_eq!(adas.next_of("ack").await, first);
    }
    let (status, again) = cast
        .ada
        .post(
            &format!("/api/conversations/{}/messages", cast.direct),
            json!({"client_id": "once", "body": "hello"}),
        )
        .await;
    assert_eq!((status, &again), (200, &first["message"]));

    let other = adas.ask(send("something else")).await;
    assert_eq!(
        (&other["status"], &other["code"]),
        (&json!(409), &json!("client_id_taken"))
    );
    // Another sender's key is another key.
    let bobs_own = bobs.ask(send("mine")).await;
    assert_eq!(bobs_own["message"]["seq"], 2);
    if !bobs.bodies().contains(&"mine") {
        bobs.message("mine").await;
    }
    bobs.settle().await;
    assert_eq!(bobs.bodies(), ["hello", "mine"]);
}

#[tokio::test]
async fn an_answer_names_a_message_of_its_own_conversation() {
    let cast = Cast::assemble().await;
    let elsewhere = cast.ada.group(&[&cast.eve]).await;
    let here = cast.ada.say(cast.direct, "question").await;
    let there = cast.ada.say(elsewhere, "question").await;
    let mut bobs = cast.bob.connect().await;
    let reply = |to: &Value| json!({"type": "send", "conversation_id": cast.direct, "body": "answer", "reply_to": to});
    let ack = bobs.ask(reply(&here["id"])).await;
    assert_eq!(ack["message"]["reply_to"], here["id"]);
    for wrong in [there["id"].clone(), json!(Uuid::new_v4())] {
        let error = bobs.ask(reply(&wrong)).await;
        assert_eq!(error["status"], 422);
        assert!(error["detail"].as_str().unwrap().starts_with("reply_to:"));
    }
}

#[tokio::test]
async fn two_hundred_sends_in_flight_keep_their_order() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    for n in 0..200 {
        adas.send(
            json!({"type": "send", "ref": n, "conversation_id": cast.direct,
            "body": format!("{n}")}),
        )
        .await;
    }
    for n in 0..200 {
        let event = bobs.next_of("message").await;
        assert_eq!(event["message"]["body"], n.to_string());
        assert_eq!(event["message"]["seq"], n + 1);
    }
    let mut answered = Vec::new();
    while answered.len() < 200 {
        let answer = adas.next_where(|frame| frame["ref"].is_number()).await;
        assert_eq!(answer["type"], "ack");
        answered.push(answer["ref"].as_u64().unwrap());
    }
    answered.sort_unstable();
    assert!(answered.into_iter().eq(0..200));
}

#[tokio::test]
async fn of_edits_in_flight_the_last_one_counts() {
    let cast = Cast::assemble().await;
    let message = cast.ada.say(cast.direct, "first").await;
    cast.relayed().await;
    let mut adas = cast.ada.connect().await;
    for n in 0..40 {
        adas.send(
            json!({"type": "edit", "ref": n, "message_id": message["id"],
            "body": format!("edit {n}")}),
        )
        .await;
    }
    adas.send(json!({"type": "delete", "ref": 40, "message_id": message["id"]}))
        .await;
    for _ in 0..=40 {
        let answer = adas.next_where(|frame| frame["ref"].is_number()).await;
        assert_eq!(answer["type"], "ack", "{answer}");
    }
    let path = format!("/api/messages/{}", message["id"].as_str().unwrap());
    assert!(cast.bob.get(&path).await.1["deleted_at"].is_string());
    cast.bob.say(cast.direct, "the end").await;
    adas.message("the end").await;
    let wanted: Vec<_> = (0..40).map(|n| format!("edit {n}")).collect();
    assert_eq!(adas.bodies()[..40], wanted);
}

#[tokio::test]
async fn a_contact_is_a_file_that_telephones_take_and_of_a_person_here_bears_their_name() {
    let cast = Cast::assemble().await;
    let messages = format!("/api/conversations/{}/messages", cast.direct);
    let data = json!({"name": "Grace, Hopper", "phones": ["+1 202"], "emails": ["g@example.com"]});
    let contact = json!({"kind": "contact", "data": data});
    let (_, typed) = cast.ada.post(&messages, contact).await;
    let contact = json!({"kind": "contact", "data": {"user_id": cast.ada.id}});
    let (_, person) = cast.ada.post(&messages, contact).await;
    let (_, words) = cast.ada.post(&messages, json!({"body": "hi"})).await;
    let path = |message: &Value| format!("/api/messages/{}/vcard", message["id"].as_str().unwrap());
    let bearer = format!("Bearer {}", cast.bob.token);
    let headers = [("authorization", bearer.as_str())];
    let read = async |message| {
        let response = ask(
            cast.server.address,
            Method::GET,
            &path(message),
            &headers,
            "",
        )
        .await;
        let name = header(&response, "content-disposition").to_owned();
        (name, response.text().await.unwrap())
    };
    let (name, card) = read(&typed).await;
    assert!(
        name.starts_with("attachment; filename=\"Grace, Hopper.vcf\""),
        "{name}"
    );
    for line in [
        "VERSION:3.0",
        "FN:Grace\\, Hopper",
        "TEL:+1 202",
        "EMAIL;TYPE=INTERNET:g@example.com",
    ] {
        assert!(card.lines().any(|other| other == line), "{line}: {card}");
    }
    assert!(read(&person).await.1.contains("\r\nFN:Ada\r\n"));
    let (status, problem) = cast.bob.get(&path(&words)).await;
    assert_eq!((status, &problem["code"]), (404, &json!("no_contact")));
    assert_eq!(cast.eve.get(&path(&typed)).await.0, 403);
}
