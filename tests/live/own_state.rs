//! What is one person's own: messages deleted for oneself, preferences, marking unread. It reaches all of that
//! person's devices and nobody else.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::cast::Cast;
use crate::support::person::Stream;
use crate::support::{Person, Socket};

async fn next_own(socket: &mut Socket, kind: &str) -> Value {
    let mut event = socket.next_of(kind).await;
    event.as_object_mut().unwrap().remove("cursor");
    event
}

async fn next_streamed(stream: &mut Stream, kind: &str) -> Value {
    let mut event = stream.next_where(|event| event["type"] == kind).await;
    event.as_object_mut().unwrap().remove("cursor");
    event
}

/// Asserts that up to now nothing came here that is somebody else's own.
async fn heard_of_nobody_elses(socket: &mut Socket) {
    socket.settle().await;
    for kind in ["hidden", "preference"] {
        assert!(!socket.kinds().contains(&kind), "{:?}", socket.seen);
    }
}

/// What a person is told of a conversation's state.
async fn conversation(person: &Person, conversation: Uuid) -> Value {
    let (status, body) = person
        .get(&format!("/api/conversations/{conversation}"))
        .await;
    assert_eq!(status, 200, "{body}");
    body
}

#[tokio::test]
async fn a_message_deleted_for_me_goes_from_all_my_devices_and_from_nobody_elses() {
    let cast = Cast::assemble().await;
    cast.ada.say(cast.direct, "one").await;
    let second = cast.ada.say(cast.direct, "two").await;
    cast.relayed().await;
    let mut phone = cast.bob.connect().await;
    let mut laptop = cast.bob.stream(None).await;
    let mut adas = cast.ada.connect().await;
    let mut eves = cast.eve.connect().await;

    let ack = phone
        .ask(json!({"type": "delete", "message_id": second["id"], "for": "me"}))
        .await;
    assert_eq!((&ack["type"], &ack["message"]), (&json!("ack"), &second));
    let wanted = json!({
        "type": "hidden", "conversation_id": cast.direct, "message_id": second["id"],
        "seq": 2, "hidden": true, "revision": 1,
    });
    if !phone.kinds().contains(&"hidden") {
        assert_eq!(next_own(&mut phone, "hidden").await, wanted);
    }
    assert_eq!(next_streamed(&mut laptop, "hidden").await, wanted);
    assert_eq!(cast.bob.history(cast.direct).await, ["one"]);
    assert_eq!(cast.ada.history(cast.direct).await, ["one", "two"]);
    let bobs = conversation(&cast.bob, cast.direct).await;
    assert_eq!(
        (&bobs["last_message"]["body"], &bobs["unread"]),
        (&json!("one"), &json!(1))
    );

    let path = format!("/api/messages/{}", second["id"].as_str().unwrap());
    assert_eq!(cast.bob.get(&path).await, (200, second.clone()));
    for _ in 0..2 {
        let (status, restored) = cast
            .bob
            .post(&format!("{path}/restore?for=me"), json!({}))
            .await;
        assert_eq!((status, restored), (200, second.clone()));
    }
    let event = next_streamed(&mut laptop, "hidden").await;
    assert_eq!(
        (&event["hidden"], &event["revision"]),
        (&json!(false), &json!(2))
    );
    assert_eq!(cast.bob.history(cast.direct).await, ["one", "two"]);
    let (status, hidden) = cast.bob.delete(&format!("{path}?for=me")).await;
    assert_eq!((status, hidden), (200, second.clone()));
    assert_eq!(next_streamed(&mut laptop, "hidden").await["revision"], 3);

    for refused in [
        cast.eve.delete(&format!("{path}?for=me")).await,
        cast.eve
            .post(&format!("{path}/restore?for=me"), json!({}))
            .await,
    ] {
        assert_eq!(
            (refused.0, &refused.1["code"]),
            (403, &json!("not_a_member"))
        );
    }
    let unknown = format!("/api/messages/{}?for=me", Uuid::new_v4());
    assert_eq!(cast.bob.delete(&unknown).await.0, 404);
    cast.relayed().await;
    heard_of_nobody_elses(&mut adas).await;
    heard_of_nobody_elses(&mut eves).await;
}

#[tokio::test]
async fn a_page_without_what_one_has_hidden_is_not_given_to_others_nor_theirs_to_one() {
    let cast = Cast::assemble().await;
    let path = format!("/api/conversations/{}/messages", cast.direct);
    let first = cast.ada.say(cast.direct, "one").await;
    cast.ada.say(cast.direct, "two").await;
    let message = format!("/api/messages/{}", first["id"].as_str().unwrap());
    for query in ["", "?render=html"] {
        let read = async |person: &Person| -> Vec<Value> {
            let (status, page) = person.get(&format!("{path}{query}")).await;
            assert_eq!(status, 200, "{page}");
            let items = page["items"].as_array().unwrap();
            items.iter().map(|item| item["body"].clone()).collect()
        };
        cast.relayed().await;
        // Kept by what Ada reads, then by what Bob would.
        assert_eq!(read(&cast.ada).await, ["one", "two"]);
        cast.bob.delete(&format!("{message}?for=me")).await;
        for _ in 0..2 {
            assert_eq!(read(&cast.bob).await, ["two"]);
            assert_eq!(read(&cast.ada).await, ["one", "two"]);
        }
        let third = cast.ada.say(cast.direct, "three").await;
        cast.relayed().await;
        assert_eq!(read(&cast.bob).await, ["two", "three"], "he asks first now");
        assert_eq!(read(&cast.ada).await, ["one", "two", "three"]);
        assert_eq!(read(&cast.bob).await, ["two", "three"]);
        cast.bob
            .post(&format!("{message}/restore?for=me"), json!({}))
            .await;
        assert_eq!(read(&cast.bob).await, ["one", "two", "three"]);
        // As before, for the other form.
        let third = format!("/api/messages/{}", third["id"].as_str().unwrap());
        for person in [&cast.ada, &cast.bob] {
            person.delete(&format!("{third}?for=me")).await;
        }
    }
}

#[tokio::test]
async fn preferences_are_ones_own() {
    let cast = Cast::assemble().await;
    cast.ada.say(cast.direct, "hello").await;
    cast.relayed().await;
    let mut bobs = cast.bob.connect().await;
    let mut adas = cast.ada.connect().await;
    let mut eves = cast.eve.connect().await;
    let path = format!("/api/conversations/{}/preferences", cast.direct);
    let mut wanted = json!({
        "conversation_id": cast.direct, "pinned": false, "archived": false, "muted_until": null,
        "notify": "all", "marked_unread": false, "revision": 0,
    });
    assert_eq!(
        cast.bob.put(&path, json!({})).await,
        (200, wanted.clone()),
        "nothing asked for"
    );
    for (change, told) in [
        (json!({"pinned": true}), json!({"pinned": true})),
        (
            json!({"archived": true, "notify": "none"}),
            json!({"archived": true, "notify": "none"}),
        ),
        (
            json!({"muted_until": "infinity"}),
            json!({"muted_until": "infinity"}),
        ),
        (
            json!({"archived": false}),
            json!({"archived": false, "muted_until": "infinity"}),
        ),
        (
            json!({"muted_until": "2999-01-01T01:00:00+01:00"}),
            json!({"muted_until": "2999-01-01T00:00:00.000000Z"}),
        ),
        (json!({"muted_until": null}), json!({"muted_until": null})),
    ] {
        for (field, value) in told.as_object().unwrap() {
            wanted[field] = value.clone();
        }
        wanted["revision"] = json!(wanted["revision"].as_i64().unwrap() + 1);
        assert_eq!(
            cast.bob.put(&path, change.clone()).await,
            (200, wanted.clone()),
            "{change}"
        );
        assert_eq!(
            next_own(&mut bobs, "preference").await,
            json!({"type": "preference", "preference": wanted})
        );
    }
    let seen = conversation(&cast.bob, cast.direct).await["preference"].clone();
    assert_eq!(
        seen,
        json!({"pinned": true, "archived": false, "muted_until": null, "notify": "none", "marked_unread": false})
    );
    assert_eq!(
        conversation(&cast.ada, cast.direct).await["preference"]["pinned"],
        false
    );
    let (status, problem) = cast.eve.put(&path, json!({"pinned": true})).await;
    assert_eq!((status, &problem["code"]), (403, &json!("not_a_member")));
    let nowhere = format!("/api/conversations/{}/preferences", Uuid::new_v4());
    assert_eq!(cast.bob.put(&nowhere, json!({"pinned": true})).await.0, 404);
    cast.relayed().await;
    heard_of_nobody_elses(&mut adas).await;
    heard_of_nobody_elses(&mut eves).await;
}

#[tokio::test]
async fn a_conversation_marked_unread_stays_so_until_it_is_read() {
    let cast = Cast::assemble().await;
    cast.ada.say(cast.direct, "hello").await;
    cast.relayed().await;
    let mut bobs = cast.bob.connect().await;
    let mut laptop = cast.bob.connect().await;
    let mut adas = cast.ada.connect().await;
    let frame = |kind: &str| json!({"type": kind, "conversation_id": cast.direct, "seq": 1});
    bobs.ask(frame("read")).await;
    adas.next_of("receipt").await;
    laptop.next_of("receipt").await;
    for (kind, revision) in [("unread", 1), ("read", 2)] {
        let ack = bobs.ask(frame(kind)).await;
        assert_eq!(ack["type"], "ack", "{ack}");
        let preference = next_own(&mut laptop, "preference").await["preference"].clone();
        assert_eq!(
            (&preference["marked_unread"], &preference["revision"]),
            (&json!(kind == "unread"), &json!(revision))
        );
    }
    // Over HTTP; and arriving is not reading.
    let path = format!("/api/conversations/{}", cast.direct);
    let (status, preference) = cast.bob.post(&format!("{path}/unread"), json!({})).await;
    assert_eq!((status, &preference["marked_unread"]), (200, &json!(true)));
    laptop.next_of("preference").await;
    cast.ada.say(cast.direct, "more").await;
    bobs.ask(json!({"type": "delivered", "conversation_id": cast.direct, "seq": 2}))
        .await;
    laptop.next_of("receipt").await;
    let preference = conversation(&cast.bob, cast.direct).await["preference"].clone();
    assert_eq!(preference["marked_unread"], true);
    cast.bob
        .put(&format!("{path}/marks"), json!({"read_seq": 0}))
        .await;
    let preference = next_own(&mut laptop, "preference").await["preference"].clone();
    assert_eq!(
        (&preference["marked_unread"], &preference["revision"]),
        (&json!(false), &json!(4))
    );
    let mut eves = cast.eve.connect().await;
    let refused = eves
        .ask(json!({"type": "unread", "conversation_id": cast.direct}))
        .await;
    assert_eq!(refused["code"], "not_a_member");
    heard_of_nobody_elses(&mut adas).await;
}

#[tokio::test]
async fn what_is_ones_own_comes_back_with_the_cursor_on_a_socket_and_on_a_stream() {
    let cast = Cast::assemble().await;
    let message = cast.ada.say(cast.direct, "hello").await;
    let cursor = cast.fresh_cursor(&cast.bob).await;
    let path = format!("/api/messages/{}?for=me", message["id"].as_str().unwrap());
    assert_eq!(cast.bob.delete(&path).await.0, 200);
    let path = format!("/api/conversations/{}", cast.direct);
    cast.bob.post(&format!("{path}/unread"), json!({})).await;
    cast.bob
        .put(&format!("{path}/preferences"), json!({"pinned": true}))
        .await;
    cast.relayed().await;

    let mut socket = cast.bob.resume(&cursor).await;
    let mut stream = cast.bob.stream(Some(&cursor)).await;
    let hidden = json!({
        "type": "hidden", "conversation_id": cast.direct, "message_id": message["id"],
        "seq": 1, "hidden": true, "revision": 1,
    });
    let preference = json!({"type": "preference", "preference": {
        "conversation_id": cast.direct, "pinned": true, "archived": false, "muted_until": null,
        "notify": "all", "marked_unread": true, "revision": 2,
    }});
    for (kind, wanted) in [("hidden", &hidden), ("preference", &preference)] {
        assert_eq!(&next_own(&mut socket, kind).await, wanted);
        assert_eq!(&next_streamed(&mut stream, kind).await, wanted);
    }
    socket.settle().await;
    assert_eq!(socket.kinds(), ["hidden", "preference"], "and nothing else");
    for other in [&cast.ada, &cast.eve] {
        heard_of_nobody_elses(&mut other.resume(&cursor).await).await;
    }
}

#[tokio::test]
async fn an_answer_carries_what_it_answers() {
    let cast = Cast::assemble().await;
    let question = cast.ada.say(cast.direct, "Noon?").await;
    cast.relayed().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let ack = bobs
        .ask(json!({"type": "send", "conversation_id": cast.direct, "body": "Yes", "reply_to": question["id"]}))
        .await;
    let wanted = json!({
        "id": question["id"], "seq": 1, "sender_id": cast.ada.id, "sender_name": "Ada",
        "kind": "text", "excerpt": "Noon?", "deleted": false,
    });
    assert_eq!(ack["message"]["reply"], wanted);
    assert_eq!(adas.message("Yes").await["reply"], wanted);
    let path = format!("/api/conversations/{}/messages", cast.direct);
    assert_eq!(
        cast.ada.get(&path).await.1["items"][1]["reply"]["excerpt"],
        "Noon?"
    );
    // The page that is kept follows what the quoted message says.
    cast.relayed().await;
    cast.ada.get(&path).await;
    let question = format!("/api/messages/{}", question["id"].as_str().unwrap());
    cast.ada.put(&question, json!({"body": "One?"})).await;
    assert_eq!(
        cast.ada.get(&path).await.1["items"][1]["reply"]["excerpt"],
        "One?"
    );
}
