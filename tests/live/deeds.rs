//! What is done to messages: reactions, pins, forwarding, mentions. By every door, live to every member, and to
//! nobody else.

use serde_json::{Value, json};

use crate::cast::Cast;

fn path_of(message: &Value) -> String {
    format!("/api/messages/{}", message["id"].as_str().unwrap())
}

#[tokio::test]
async fn reactions_come_live_to_all_members_by_either_transport_and_to_nobody_else() {
    let cast = Cast::assemble().await;
    let message = cast.ada.say(cast.direct, "ship it?").await;
    cast.relayed().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let mut stream = cast.ada.stream(None).await;
    let mut eves = cast.eve.connect().await;

    let ack = bobs
        .ask(json!({"type": "react", "message_id": message["id"], "emoji": "👩🏽‍🚀"}))
        .await;
    assert_eq!(ack["type"], "ack", "{ack}");
    let wanted = json!([{"emoji": "👩🏽‍🚀", "count": 1, "user_ids": [cast.bob.id]}]);
    let event = adas.next_of("message").await;
    assert_eq!(
        (
            &event["message"]["reactions"],
            &event["message"]["revision"]
        ),
        (&wanted, &json!(2))
    );
    let streamed = stream.next_where(|event| event["type"] == "message").await;
    assert_eq!(streamed["message"], event["message"]);

    // By HTTP, where the emoji is a part of the address.
    let path = path_of(&message);
    let (status, seen) = cast
        .ada
        .put(&format!("{path}/reactions/%F0%9F%91%8D"), json!({}))
        .await;
    assert_eq!(
        (status, seen["reactions"].as_array().unwrap().len()),
        (200, 2),
        "{seen}"
    );
    let (status, listed) = cast.bob.get(&format!("{path}/reactions")).await;
    assert_eq!(
        (
            status,
            &listed["items"][1]["user_name"],
            &listed["items"][1]["emoji"]
        ),
        (200, &json!("Ada"), &json!("👍"))
    );
    let (status, seen) = cast.ada.delete(&format!("{path}/reactions/👍")).await;
    assert_eq!((status, &seen["reactions"]), (200, &wanted));
    let ack = bobs
        .ask(json!({"type": "unreact", "message_id": message["id"], "emoji": "👩🏽‍🚀"}))
        .await;
    assert_eq!(ack["message"]["reactions"], json!([]));
    for wrong in ["x", "%20", "%F0%9F%91%8D%F0%9F%91%8D", "%00", "%FF"] {
        let (status, problem) = cast
            .ada
            .put(&format!("{path}/reactions/{wrong}"), json!({}))
            .await;
        assert_eq!(status, 422, "{problem}");
        assert!(
            problem["detail"].as_str().unwrap().starts_with("emoji:"),
            "{problem}"
        );
    }
    eves.heard_nothing().await;
}

#[tokio::test]
async fn a_reaction_that_came_while_one_was_away_is_there_on_return_and_in_the_kept_page() {
    let cast = Cast::assemble().await;
    let message = cast.ada.say(cast.direct, "ship it?").await;
    cast.relayed().await;
    let gone = cast.bob.connect().await;
    let cursor = gone.cursor.clone();
    gone.close().await;
    let history = format!("/api/conversations/{}/messages", cast.direct);
    // Twice, so that the second is the page that was kept.
    for _ in 0..2 {
        assert_eq!(
            cast.bob.get(&history).await.1["items"][0]["reactions"],
            json!([])
        );
    }
    cast.ada
        .put(&format!("{}/reactions/👍", path_of(&message)), json!({}))
        .await;
    let mut back = cast.bob.resume(&cursor).await;
    let event = back.next_of("message").await;
    assert_eq!(event["message"]["reactions"][0]["emoji"], "👍");
    assert_eq!(
        cast.bob.get(&history).await.1["items"][0]["reactions"][0]["count"],
        1
    );
}

#[tokio::test]
async fn a_pin_is_told_listed_and_taken_down() {
    let cast = Cast::assemble().await;
    let message = cast.ada.say(cast.direct, "the address").await;
    cast.relayed().await;
    let mut adas = cast.ada.connect().await;
    let path = format!("{}/pin", path_of(&message));
    let (status, pinned) = cast.bob.put(&path, json!({})).await;
    assert_eq!((status, &pinned["pinned_by"]), (200, &json!(cast.bob.id)));
    assert_eq!(adas.next_of("message").await["message"], pinned);
    let pins = format!("/api/conversations/{}/pins", cast.direct);
    let (status, listed) = cast.ada.get(&pins).await;
    assert_eq!(
        (status, &listed),
        (200, &json!({"items": [pinned], "next": null}))
    );
    let ack = adas
        .ask(json!({"type": "unpin", "message_id": message["id"]}))
        .await;
    assert_eq!(ack["message"]["pinned_at"], Value::Null);
    assert_eq!(cast.ada.get(&pins).await.1["items"], json!([]));
    let ack = adas
        .ask(json!({"type": "pin", "message_id": message["id"]}))
        .await;
    assert_eq!(ack["message"]["pinned_by"], json!(cast.ada.id));
    let (status, unpinned) = cast.bob.delete(&path).await;
    assert_eq!((status, &unpinned["pinned_at"]), (200, &Value::Null));
}

#[tokio::test]
async fn forwarding_answers_with_each_message_and_repeating_it_sends_nothing_twice() {
    let cast = Cast::assemble().await;
    let other = cast.bob.direct(&cast.eve).await;
    let group = cast.bob.group(&[&cast.eve]).await;
    let message = cast.ada.say(cast.direct, "the plan").await;
    cast.relayed().await;
    let mut eves = cast.eve.connect().await;
    let mut bobs = cast.bob.connect().await;
    let frame = json!({"type": "forward", "message_id": message["id"], "conversation_ids": [other, group], "client_id": "f1"});
    let ack = bobs.ask(frame.clone()).await;
    let sent = ack["messages"].as_array().unwrap();
    assert_eq!(sent.len(), 2, "{ack}");
    for _ in 0..2 {
        let heard = eves.message("the plan").await;
        assert!(
            sent.contains(&heard) && heard["forwarded"] == true,
            "{heard}"
        );
        assert!(!heard.to_string().contains(&cast.ada.id.to_string()));
    }
    let (status, again) = cast
        .bob
        .post(
            &format!("{}/forward", path_of(&message)),
            json!({"conversation_ids": [group, other], "client_id": "f1"}),
        )
        .await;
    assert_eq!(status, 201, "{again}");
    assert_eq!(again["items"].as_array().unwrap().len(), 2);
    assert!(
        sent.iter()
            .all(|one| again["items"].as_array().unwrap().contains(one))
    );
    let (status, problem) = cast
        .bob
        .post(
            &format!("{}/forward", path_of(&message)),
            json!({"conversation_ids": []}),
        )
        .await;
    assert_eq!(status, 422);
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .starts_with("conversation_ids:"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_mention_is_on_the_message_and_counted_in_the_list_until_it_is_read() {
    let cast = Cast::assemble().await;
    cast.relayed().await;
    let mut bobs = cast.bob.connect().await;
    let (status, sent) = cast
        .ada
        .post(
            &format!("/api/conversations/{}/messages", cast.direct),
            json!({"body": "@Bob look", "data": {"mentions": [cast.bob.id]}}),
        )
        .await;
    assert_eq!(status, 201, "{sent}");
    assert_eq!(
        sent["mentions"],
        json!([{"id": cast.bob.id, "name": "Bob", "username": null}])
    );
    assert_eq!(bobs.message("@Bob look").await, sent);
    let mentions = async || {
        let (_, list) = cast.bob.get("/api/conversations").await;
        list["items"][0]["mentions"].clone()
    };
    assert_eq!(mentions().await, 1);
    let marks = format!("/api/conversations/{}/marks", cast.direct);
    cast.bob.put(&marks, json!({"read_seq": 1})).await;
    assert_eq!(mentions().await, 0);
    // An edit can call somebody else, or nobody.
    let (_, edited) = cast
        .ada
        .put(
            &path_of(&sent),
            json!({"body": "look", "data": {"mentions": []}}),
        )
        .await;
    assert_eq!(
        (&edited["mentions"], &edited["data"]),
        (&json!([]), &json!({"mentions": []}))
    );
}

#[tokio::test]
async fn every_kind_is_sent_over_the_socket_and_a_wrong_shape_is_refused_by_its_field() {
    let cast = Cast::assemble().await;
    cast.relayed().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let url = "https://files.example/a";
    for (kind, body, data) in [
        (
            "image",
            json!("a caption"),
            json!({"url": url, "width": 4, "height": 3}),
        ),
        (
            "gif",
            json!(null),
            json!({"url": url, "width": 4, "height": 3}),
        ),
        ("video", json!(null), json!({"url": url})),
        ("audio", json!(null), json!({"url": url})),
        ("voice", json!(null), json!({"url": url, "duration_ms": 5})),
        ("file", json!(null), json!({"url": url, "name": "a.pdf"})),
        (
            "location",
            json!(null),
            json!({"latitude": 1.5, "longitude": -2}),
        ),
        ("contact", json!(null), json!({"user_id": cast.eve.id})),
        (
            "sticker",
            json!(null),
            json!({"pack": "cats", "name": "wave"}),
        ),
        ("emoji", json!("🎉"), json!(null)),
    ] {
        let frame = json!({"type": "send", "conversation_id": cast.direct, "kind": kind, "body": body, "data": data});
        let ack = adas.ask(frame.clone()).await;
        let heard = bobs
            .next_where(|event| event["message"]["kind"] == kind)
            .await;
        assert_eq!(
            (&ack["message"], &heard["message"]["data"]),
            (&heard["message"], &data),
            "{frame}"
        );
        if data.is_object() {
            let frame =
                json!({"type": "send", "conversation_id": cast.direct, "kind": kind, "data": {}});
            let error = adas.ask(frame).await;
            assert_eq!(
                (&error["status"], &error["code"]),
                (&json!(422), &json!("bad_data")),
                "{error}"
            );
            assert!(
                error["detail"].as_str().unwrap().starts_with("data."),
                "{error}"
            );
        }
    }
}

#[tokio::test]
async fn history_is_read_from_a_date_on_and_around_the_first_unread() {
    let cast = Cast::assemble().await;
    for number in 1..=9 {
        cast.ada.say(cast.direct, &number.to_string()).await;
    }
    let place = format!("/api/conversations/{}", cast.direct);
    cast.bob
        .put(&format!("{place}/marks"), json!({"read_seq": 5}))
        .await;
    let seqs = async |query: &str| -> Vec<i64> {
        let (status, page) = cast.bob.get(&format!("{place}/messages?{query}")).await;
        assert_eq!(status, 200, "{query}: {page}");
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["seq"].as_i64().unwrap())
            .collect()
    };
    assert_eq!(seqs("around=unread&limit=4").await, [5, 6, 7, 8]);
    assert_eq!(seqs("date=2020-01-01&limit=2").await, [1, 2]);
    assert_eq!(
        seqs("date=2020-01-01T01:00:00%2B02:00&limit=2").await,
        [1, 2]
    );
    assert_eq!(seqs("date=9999-12-31").await, Vec::<i64>::new());
    for wrong in [
        "date=yesterday",
        "date=2026-13-01",
        "date=1960-01-01",
        "date=2026-01-01T00:00",
        "date=%00",
        "around=read",
        "around=unread&date=2020-01-01",
    ] {
        let (status, problem) = cast.bob.get(&format!("{place}/messages?{wrong}")).await;
        assert_eq!(
            (status, &problem["code"]),
            (422, &json!("bad_parameter")),
            "{wrong}: {problem}"
        );
    }
}
