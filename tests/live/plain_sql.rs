//! Another project writes the tables with plain SQL, and browsers see it as if it came from one.

use futures_util::SinkExt;
use serde_json::{Value, json};

use crate::cast::Cast;
use crate::support::{Socket, refusal, run};

const INSERT: &str =
    "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, $3)";

/// Bodies of `count` message events, in the order in which they came.
async fn take(socket: &mut Socket, count: usize) -> Vec<Value> {
    let mut bodies = Vec::with_capacity(count);
    while bodies.len() < count {
        bodies.push(socket.next_of("message").await["message"]["body"].clone());
    }
    bodies
}

#[tokio::test]
async fn an_inserted_message_is_live_and_like_any_other() {
    let cast = Cast::assemble().await;
    let mut bobs = cast.bob.connect().await;
    let mut stream = cast.bob.stream(None).await;
    let mut eves = cast.eve.connect().await;
    let client = cast.database.connect_as("chat_writer").await;
    run(
        &client,
        INSERT,
        &[&cast.direct, &cast.ada.id, &"from the shop"],
    )
    .await;
    let message = bobs.message("from the shop").await;
    assert_eq!(stream.message("from the shop").await, message);
    assert_eq!(
        (&message["seq"], &message["sender_name"], &message["kind"]),
        (&json!(1), &json!("Ada"), &json!("text"))
    );

    run(&client, "insert into chat.messages (conversation_id, kind, body) values ($1, 'system', 'Order shipped')", &[&cast.direct]).await;
    let system = bobs.message("Order shipped").await;
    assert_eq!(
        (&system["sender_id"], &system["kind"]),
        (&Value::Null, &json!("system"))
    );
    run(
        &client,
        "update chat.messages set body = 'corrected' where conversation_id = $1 and seq = 1",
        &[&cast.direct],
    )
    .await;
    let corrected = bobs.message("corrected").await;
    assert_eq!(
        (&corrected["id"], &corrected["revision"]),
        (&message["id"], &json!(2))
    );
    run(
        &client,
        "delete from chat.messages where conversation_id = $1 and seq = 1",
        &[&cast.direct],
    )
    .await;
    let deleted = bobs.next_of("message").await["message"].clone();
    assert_eq!(
        (&deleted["id"], &deleted["body"], &deleted["seq"]),
        (&message["id"], &Value::Null, &json!(1))
    );
    eves.heard_nothing().await;
}

#[tokio::test]
async fn what_one_transaction_writes_comes_in_its_order_and_only_when_it_commits() {
    let cast = Cast::assemble().await;
    let mut bobs = cast.bob.connect().await;
    let mut client = cast.database.connect_as("chat_writer").await;
    let other = cast.eve.direct(&cast.bob).await;

    let rolled_back = client.transaction().await.unwrap();
    rolled_back
        .execute(INSERT, &[&cast.direct, &cast.ada.id, &"never said"])
        .await
        .unwrap();
    rolled_back.rollback().await.unwrap();
    let open = client.transaction().await.unwrap();
    open.execute(INSERT, &[&cast.direct, &cast.ada.id, &"one"])
        .await
        .unwrap();
    // Another conversation is not held up.
    cast.eve.say(other, "meanwhile").await;
    bobs.message("meanwhile").await;
    open.execute(
        "update chat.messages set body = 'one, better' where body = 'one'",
        &[],
    )
    .await
    .unwrap();
    open.execute(INSERT, &[&cast.direct, &cast.ada.id, &"two"])
        .await
        .unwrap();
    bobs.settle().await;
    assert_eq!(bobs.bodies(), ["meanwhile"]);
    open.commit().await.unwrap();
    bobs.message("two").await;
    assert_eq!(bobs.bodies(), ["meanwhile", "one", "one, better", "two"]);
    assert_eq!(cast.bob.history(cast.direct).await, ["one, better", "two"]);
}

#[tokio::test]
async fn ten_thousand_rows_of_one_insert_arrive_in_order() {
    let cast = Cast::assemble().await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;
    let client = cast.database.connect_as("chat_writer").await;
    let insert = "insert into chat.messages (conversation_id, sender_id, body)
                  select $1, $2, n::text from generate_series(1, 10000) n";
    let insert = async {
        let count = run(&client, insert, &[&cast.direct, &cast.ada.id]).await;
        assert_eq!(count, 10_000);
    };
    let ((), bodies) = tokio::join!(insert, take(&mut bobs, 10_000));
    assert!(
        bodies
            .iter()
            .enumerate()
            .all(|(place, body)| body.as_str() == Some((place + 1).to_string().as_str()))
    );
    eves.heard_nothing().await;
}

#[tokio::test]
async fn copied_rows_arrive_in_order_between_those_of_others() {
    let cast = Cast::assemble().await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;
    let client = cast.database.connect_as("chat_writer").await;
    cast.ada.say(cast.direct, "before").await;
    let copy = "copy chat.messages (conversation_id, sender_id, body) from stdin";
    let sink = client.copy_in(copy).await.unwrap();
    tokio::pin!(sink);
    for n in 0..500 {
        let row = format!("{}\t{}\tcopied {n}\n", cast.direct, cast.ada.id);
        sink.send(bytes::Bytes::from(row)).await.unwrap();
    }
    sink.finish().await.unwrap();
    cast.bob.say(cast.direct, "after").await;
    let bodies = take(&mut bobs, 502).await;
    assert_eq!(
        (&bodies[0], &bodies[501]),
        (&json!("before"), &json!("after"))
    );
    for n in 0..500 {
        assert_eq!(bodies[n + 1], format!("copied {n}"));
    }
    eves.heard_nothing().await;
}

#[tokio::test]
async fn the_rules_and_their_errors_are_those_of_the_api() {
    let cast = Cast::assemble().await;
    let message = cast.ada.say(cast.direct, "hers").await;
    let mut bobs = cast.bob.connect().await;
    cast.bob.say(cast.direct, "now").await;
    bobs.message("now").await;
    let heard = bobs.seen.len();
    let client = cast.database.connect_as("chat_writer").await;
    let (direct, ada, bob, eve) = (cast.direct, cast.ada.id, cast.bob.id, cast.eve.id);
    let id = message["id"].as_str().unwrap();
    let nothing = uuid::Uuid::nil();
    for (actor, statement, state, code) in [
        (
            "",
            format!(
                "insert into chat.messages (conversation_id, sender_id, body) values ('{direct}', '{eve}', 'x')"
            ),
            "CH403",
            "not_a_member",
        ),
        (
            "",
            format!(
                "insert into chat.messages (conversation_id, sender_id, body) values ('{direct}', '{ada}', ' ')"
            ),
            "CH422",
            "body_required",
        ),
        (
            "",
            format!(
                "insert into chat.messages (conversation_id, sender_id, body) values ('{direct}', '{ada}', repeat('x', 4001))"
            ),
            "CH422",
            "body_too_long",
        ),
        (
            "",
            format!(
                "insert into chat.messages (conversation_id, sender_id, body, kind) values ('{direct}', '{ada}', 'x', 'dance')"
            ),
            "CH422",
            "bad_kind",
        ),
        (
            "",
            format!(
                "insert into chat.messages (conversation_id, sender_id, body, reply_to) values ('{direct}', '{ada}', 'x', '{nothing}')"
            ),
            "CH422",
            "reply_to_not_found",
        ),
        (
            "",
            format!(
                "insert into chat.messages (conversation_id, sender_id, body) values ('{nothing}', '{ada}', 'x')"
            ),
            "CH404",
            "conversation_not_found",
        ),
        (
            "",
            format!("insert into chat.messages (conversation_id, body) values ('{direct}', 'x')"),
            "CH422",
            "sender_required",
        ),
        (
            "",
            format!("update chat.messages set body = '' where id = '{id}'"),
            "CH422",
            "body_required",
        ),
        ("", "truncate chat.messages".to_owned(), "42501", ""),
        (
            &bob.to_string(),
            format!("update chat.messages set body = 'x' where id = '{id}'"),
            "CH403",
            "not_the_sender",
        ),
        (
            &bob.to_string(),
            format!("delete from chat.messages where id = '{id}'"),
            "CH403",
            "not_the_sender",
        ),
        (
            &eve.to_string(),
            format!("delete from chat.messages where id = '{id}'"),
            "CH403",
            "not_a_member",
        ),
        (
            &bob.to_string(),
            format!(
                "insert into chat.messages (conversation_id, sender_id, body) values ('{direct}', '{ada}', 'x')"
            ),
            "CH403",
            "not_the_sender",
        ),
        (
            &bob.to_string(),
            format!(
                "insert into chat.members (conversation_id, user_id) values ('{direct}', '{eve}')"
            ),
            "CH409",
            "direct_is_fixed",
        ),
    ] {
        run(
            &client,
            "select set_config('chat.actor', $1, false)",
            &[&actor],
        )
        .await;
        let (got, key) = refusal(client.execute(&statement, &[]).await);
        assert_eq!(got, state, "{statement}: {key}");
        assert!(code.is_empty() || key == code, "{statement}: {key}");
    }
    // A batch with one bad row is refused whole.
    run(&client, "select set_config('chat.actor', '', false)", &[]).await;
    let mixed = format!(
        "insert into chat.messages (conversation_id, sender_id, body) values ('{direct}', '{ada}', 'good'), ('{direct}', '{eve}', 'bad')"
    );
    refusal(client.execute(&mixed, &[]).await);
    bobs.settle().await;
    assert!(
        bobs.seen[heard..]
            .iter()
            .all(|frame| frame["type"] != "message"),
        "{:?}",
        &bobs.seen[heard..]
    );
    assert_eq!(cast.ada.history(direct).await, ["hers", "now"]);
}

#[tokio::test]
async fn people_conversations_and_members_made_by_sql_are_live_too() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    let mut eves = cast.eve.connect().await;
    let client = cast.database.connect_as("chat_writer").await;
    let group: uuid::Uuid = crate::support::value(
        &client,
        "insert into chat.conversations (kind, title) values ('group', 'Order 7') returning id",
        &[],
    )
    .await;
    run(
        &client,
        "insert into chat.members (conversation_id, user_id) values ($1, $2)",
        &[&group, &cast.ada.id],
    )
    .await;
    let event = adas.next_of("conversation").await;
    assert_eq!(
        (
            &event["conversation"]["id"],
            &event["conversation"]["title"]
        ),
        (&json!(group), &json!("Order 7"))
    );
    let user = "insert into chat.users (name, external_id) values ('Shop', 'shop-1') returning id";
    let shop: uuid::Uuid = crate::support::value(&client, user, &[]).await;
    run(
        &client,
        "insert into chat.members (conversation_id, user_id) values ($1, $2)",
        &[&group, &shop],
    )
    .await;
    run(
        &client,
        INSERT,
        &[&group, &shop, &"Your order is on its way"],
    )
    .await;
    assert_eq!(
        adas.message("Your order is on its way").await["sender_name"],
        "Shop"
    );
    run(
        &client,
        "update chat.conversations set title = 'Order 7, sent' where id = $1",
        &[&group],
    )
    .await;
    assert_eq!(
        adas.next_of("conversation").await["conversation"]["title"],
        "Order 7, sent"
    );
    run(
        &client,
        "update chat.users set name = 'The Shop' where id = $1",
        &[&shop],
    )
    .await;
    assert_eq!(adas.next_of("user").await["user"]["name"], "The Shop");
    run(
        &client,
        "update chat.marks set read_seq = 99 where conversation_id = $1 and user_id = $2",
        &[&group, &cast.ada.id],
    )
    .await;
    adas.next_of("receipt").await;
    eves.heard_nothing().await;
}

#[tokio::test]
async fn events_too_large_for_an_announcement_come_whole_and_in_order() {
    let cast = Cast::assemble().await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;
    let client = cast.database.connect_as("chat_writer").await;
    let mut wanted = Vec::new();
    for n in 0..40 {
        let body = if n % 3 == 0 {
            format!("{n} {}", "ж".repeat(3_990))
        } else {
            format!("{n}")
        };
        run(&client, INSERT, &[&cast.direct, &cast.ada.id, &body]).await;
        wanted.push(json!(body));
    }
    assert_eq!(take(&mut bobs, 40).await, wanted);
    eves.heard_nothing().await;
}
