//! Coming back by cursor: what was missed arrives, and nothing that is not one's own.

use serde_json::{Value, json};

use crate::cast::Cast;
use crate::support::{Socket, run};

/// The frames after `ready` that a cursor brings, up to now.
async fn missed(socket: &mut Socket) -> Vec<Value> {
    socket.settle().await;
    assert_eq!(socket.seen[0]["type"], "ready");
    let told =
        |frame: &&Value| !matches!(frame["type"].as_str(), Some("ready" | "pong" | "presence"));
    socket.seen.iter().filter(told).cloned().collect()
}

#[tokio::test]
async fn exactly_what_was_missed_arrives_after_ready() {
    let cast = Cast::assemble().await;
    let kept = cast.ada.say(cast.direct, "before").await;
    let edited = cast.ada.say(cast.direct, "to edit").await;
    let deleted = cast.ada.say(cast.direct, "to delete").await;
    let cursor = cast.fresh_cursor(&cast.bob).await;

    let path = |message: &Value| format!("/api/messages/{}", message["id"].as_str().unwrap());
    cast.ada
        .put(&path(&edited), json!({"body": "edited"}))
        .await;
    cast.ada
        .put(&path(&edited), json!({"body": "edited twice"}))
        .await;
    cast.ada.delete(&path(&deleted)).await;
    cast.ada.say(cast.direct, "new").await;
    cast.ada
        .put(
            &format!("/api/conversations/{}/marks", cast.direct),
            json!({"read_seq": 2}),
        )
        .await;
    let group = cast.ada.group(&[&cast.bob]).await;
    cast.ada.say(group, "welcome").await;
    let elsewhere = cast.ada.group(&[&cast.eve]).await;
    cast.ada.say(elsewhere, "not for Bob").await;
    cast.ada
        .put("/api/users/me", json!({"name": "Ada L."}))
        .await;
    cast.eve
        .put("/api/users/me", json!({"name": "Eve L."}))
        .await;

    cast.relayed().await;
    let mut back = cast.bob.resume(&cursor).await;
    let frames = missed(&mut back).await;
    let messages: Vec<_> = frames
        .iter()
        .filter(|frame| frame["type"] == "message" && frame["message"]["kind"] != "system")
        .map(|frame| {
            (
                frame["message"]["seq"].clone(),
                frame["message"]["body"].clone(),
            )
        })
        .collect();
    let wanted = [
        (2, json!("edited twice")),
        (3, Value::Null),
        (4, json!("new")),
        // After who made the group and whom they added.
        (3, json!("welcome")),
    ];
    assert_eq!(messages.len(), wanted.len(), "{frames:#?}");
    for (seq, body) in wanted {
        assert!(
            messages.contains(&(json!(seq), body)),
            "{seq}: {messages:?}"
        );
    }
    assert!(
        !frames
            .iter()
            .any(|frame| frame["message"]["id"] == kept["id"])
    );
    assert!(frames.iter().any(
        |frame| frame["type"] == "conversation" && frame["conversation"]["id"] == json!(group)
    ));
    for user in [cast.ada.id, cast.bob.id] {
        assert!(frames.iter().any(|frame| frame["type"] == "member"
            && frame["member"]["conversation_id"] == json!(group)
            && frame["member"]["user_id"] == json!(user)));
    }
    // Ada reading up to her own message is told by the message itself.
    let names: Vec<_> = frames
        .iter()
        .filter(|frame| frame["type"] == "user")
        .collect();
    assert_eq!(names.len(), 1);
    assert_eq!(names[0]["user"]["name"], "Ada L.");
    let text = serde_json::to_string(&frames).unwrap();
    for leak in ["not for Bob", "Eve", &elsewhere.to_string()] {
        assert!(!text.contains(leak), "{leak} in {text}");
    }

    // Whoever has it all gets nothing more.
    let mut again = cast.bob.resume(&cast.fresh_cursor(&cast.bob).await).await;
    assert!(missed(&mut again).await.is_empty());
}

#[tokio::test]
async fn a_receipt_that_was_missed_comes_with_where_the_marks_stand() {
    let cast = Cast::assemble().await;
    for n in 1..=3 {
        cast.ada.say(cast.direct, &format!("{n}")).await;
    }
    let cursor = cast.fresh_cursor(&cast.ada).await;
    let marks = format!("/api/conversations/{}/marks", cast.direct);
    cast.bob.put(&marks, json!({"delivered_seq": 3})).await;
    cast.bob.put(&marks, json!({"read_seq": 1})).await;
    cast.bob.put(&marks, json!({"read_seq": 2})).await;
    cast.relayed().await;
    let mut back = cast.ada.resume(&cursor).await;
    let frames = missed(&mut back).await;
    let receipts: Vec<_> = frames
        .iter()
        .filter(|frame| frame["type"] == "receipt")
        .collect();
    assert_eq!(receipts.len(), 1, "{frames:?}");
    assert_eq!(
        (&receipts[0]["delivered_seq"], &receipts[0]["read_seq"]),
        (&json!(3), &json!(2))
    );
    let mut strangers = cast.eve.resume(&cursor).await;
    assert!(missed(&mut strangers).await.is_empty());
}

#[tokio::test]
async fn a_cursor_that_is_no_cursor_of_this_database_is_answered_with_reset() {
    let cast = Cast::assemble().await;
    let other = Cast::assemble().await;
    let foreign = other.ada.connect().await.cursor;
    let own = cast.ada.connect().await.cursor;
    let (epoch, _) = own.split_once('-').unwrap();
    let future = format!("{epoch}-9999999999:9999999999:");
    for cursor in [
        "garbage",
        "e1-1:1:",
        "%00",
        "%F0%9F%90%98",
        "'%3B--",
        &foreign,
        &future,
        &"9".repeat(5_000),
    ] {
        let mut socket = cast.ada.resume(cursor).await;
        assert_eq!(
            socket.next().await.unwrap(),
            json!({"type": "reset"}),
            "{cursor:.60}"
        );
        // From here it is like any other.
        cast.bob.say(cast.direct, "live").await;
        socket.message("live").await;
        cast.bob.say(cast.direct, "after").await;
        let mut resumed = cast.ada.resume(&socket.cursor).await;
        resumed.message("after").await;
        assert!(!resumed.kinds().contains(&"reset"));
    }
    let (status, changes) = cast.ada.get("/api/changes?cursor=garbage").await;
    assert_eq!(
        (status, &changes["reset"], &changes["events"]),
        (200, &json!(true), &json!([]))
    );
    let (_, changes) = cast.ada.get("/api/changes?cursor=%00").await;
    assert_eq!(changes["reset"], true);
}

#[tokio::test]
async fn more_than_five_thousand_changes_are_answered_with_reset() {
    let cast = Cast::assemble().await;
    let database = cast.database.connect().await;
    let cursor = cast.fresh_cursor(&cast.bob).await;
    let fill = "insert into chat.messages (conversation_id, sender_id, body)
                select $1, $2, n::text from generate_series(1, $3) n";
    run(&database, fill, &[&cast.direct, &cast.ada.id, &4_990]).await;
    cast.relayed().await;
    let mut within = cast.bob.resume(&cursor).await;
    within.message("4990").await;
    assert!(!within.kinds().contains(&"reset"));
    assert_eq!(within.bodies().len(), 4_990);
    run(&database, fill, &[&cast.direct, &cast.ada.id, &20]).await;
    cast.relayed().await;
    let mut beyond = cast.bob.resume(&cursor).await;
    assert_eq!(beyond.next().await.unwrap(), json!({"type": "reset"}));
    beyond.settle().await;
    assert!(beyond.bodies().is_empty());
    // Others' news are no burden to who has none.
    let mut eves = cast.eve.resume(&cursor).await;
    assert!(missed(&mut eves).await.is_empty());
}

#[tokio::test]
async fn a_conversation_that_one_was_removed_from_does_not_leak_on_coming_back() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob, &cast.eve]).await;
    let secret = cast.ada.say(group, "plan").await;
    let cursor = cast.fresh_cursor(&cast.bob).await;
    cast.ada.say(group, "while still a member").await;
    cast.ada
        .delete(&format!(
            "/api/conversations/{group}/members/{}",
            cast.bob.id
        ))
        .await;
    cast.ada.say(group, "gone at last").await;
    cast.ada
        .put(
            &format!("/api/messages/{}", secret["id"].as_str().unwrap()),
            json!({"body": "new plan"}),
        )
        .await;
    cast.ada
        .put(
            &format!("/api/conversations/{group}"),
            json!({"name": "Without Bob"}),
        )
        .await;
    cast.eve
        .put(
            &format!("/api/conversations/{group}/marks"),
            json!({"read_seq": 3}),
        )
        .await;

    let check = |frames: &[Value]| {
        assert_eq!(frames.len(), 1, "{frames:?}");
        assert_eq!(frames[0]["member"]["state"], "left");
        assert_eq!(frames[0]["member"]["user_id"], json!(cast.bob.id));
    };
    cast.relayed().await;
    let mut back = cast.bob.resume(&cursor).await;
    check(&missed(&mut back).await);
    let (_, changes) = cast.bob.get(&format!("/api/changes?cursor={cursor}")).await;
    check(changes["events"].as_array().unwrap());
}

#[tokio::test]
async fn changes_by_get_are_those_of_a_socket() {
    let cast = Cast::assemble().await;
    let (_, start) = cast.bob.get("/api/changes").await;
    assert_eq!(start["events"], json!([]));
    assert!(start["cursor"].is_string());
    let cursor = &cast.fresh_cursor(&cast.bob).await;
    cast.ada.say(cast.direct, "one").await;
    cast.ada.say(cast.direct, "two").await;
    let path = format!("/api/changes?cursor={cursor}");
    let (status, changes) = cast.bob.get(&path).await;
    assert_eq!((status, &changes["reset"]), (200, &json!(false)));
    cast.relayed().await;
    let mut socket = cast.bob.resume(cursor).await;
    let frames = missed(&mut socket).await;
    let events = changes["events"].as_array().unwrap();
    assert_eq!(events.len(), frames.len());
    for (event, frame) in events.iter().zip(&frames) {
        assert_eq!(event["message"], frame["message"]);
    }
    // Cut off in between, the client asks for all of it again.
    assert_eq!(changes["events"][0]["cursor"], cursor.as_str());
    assert_eq!(changes["events"][1]["cursor"], changes["cursor"]);
    let rest = format!("/api/changes?cursor={}", cast.fresh_cursor(&cast.bob).await);
    assert_eq!(cast.bob.get(&rest).await.1["events"], json!([]));
    assert_eq!(cast.eve.get(&path).await.1["events"], json!([]));
}

#[tokio::test]
async fn an_old_conversation_joined_while_away_appears_whole() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[]).await;
    cast.ada.say(group, "old").await;
    let cursor = cast.fresh_cursor(&cast.bob).await;
    cast.ada
        .post(
            &format!("/api/conversations/{group}/members"),
            json!({"user_id": cast.bob.id}),
        )
        .await;
    let mut back = cast.bob.resume(&cursor).await;
    let frames = missed(&mut back).await;
    assert!(
        frames
            .iter()
            .any(|frame| frame["type"] == "member" && frame["member"]["state"] == "active")
    );
    assert!(
        frames
            .iter()
            .any(|frame| frame["type"] == "conversation"
                && frame["conversation"]["id"] == json!(group)),
        "{frames:?}"
    );
    assert_eq!(cast.bob.history(group).await, ["old"]);
    cast.ada.say(group, "new").await;
    back.message("new").await;
}
