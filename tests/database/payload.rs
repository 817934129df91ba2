//! How announcements travel: many to a payload, and what is too large as a reference.

use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{Heard, TestDatabase, direct, group, run, send, user, value};

/// What PostgreSQL takes, and what we allow ourselves.
const PAYLOAD_BYTES_MAX: usize = 7_900;

/// The event's envelope, read where it travelled as a reference.
async fn whole(client: &Client, heard: &Heard) -> (bool, Value) {
    let reference = &heard.envelope["reference"];
    if reference.is_null() {
        return (false, heard.envelope.clone());
    }
    let text: String = value(
        client,
        "select chat.read_event($1, $2::text::uuid, $3::text::uuid)",
        &[
            &reference["type"].as_str().unwrap(),
            &reference["id"].as_str().unwrap(),
            &reference["user"].as_str(),
        ],
    )
    .await;
    (true, serde_json::from_str(&text).unwrap())
}

/// What a few dozen transaction ids more or less in a cursor take.
const CURSOR_BYTES_SPREAD: usize = 400;

#[tokio::test]
async fn a_message_arrives_whole_or_as_a_reference_at_every_size() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let group = group(&client, ann, &[]).await;
    let mut listener = database.listen().await;
    let bodies = [
        "🦀".repeat(4000),
        "\u{1}".repeat(3999) + "x", // six bytes each as JSON
        "\"".repeat(4000),
        "x".repeat(4000),
    ];
    let mut referred = Vec::new();
    for body in &bodies {
        send(&client, ann, group, body).await;
        let heard = listener.heard().await;
        assert_eq!(heard.len(), 1);
        let (was_reference, envelope) = whole(&client, &heard[0]).await;
        assert_eq!(envelope["event"]["message"]["body"], json!(body));
        assert_eq!(envelope["conversation"], json!(group));
        referred.push(was_reference);
    }
    assert_eq!(referred, [true, true, true, false]);

    // Byte by byte over the limit: `data` fills what the body leaves.
    let mut was_reference_at = Vec::new();
    for filling in 6_900..7_500 {
        run(
            &client,
            "insert into chat.messages (conversation_id, sender_id, body, data)
             values ($1, $2, 'x', jsonb_build_object('x', repeat('y', $3)))",
            &[&group, &ann, &filling],
        )
        .await;
        was_reference_at.push(filling);
    }
    let heard = listener.heard().await;
    assert_eq!(heard.len(), was_reference_at.len());
    let is_reference: Vec<bool> = heard
        .iter()
        .map(|event| !event.envelope["reference"].is_null())
        .collect();
    let first = is_reference.iter().position(|is| *is).unwrap();
    let last_whole = is_reference.iter().rposition(|is| !is).unwrap();
    assert!(first > 0, "small ones travel whole");
    assert!(last_whole < is_reference.len() - 1, "and large ones do not");
    // A payload's cursor names the transactions in progress, those of other tests too: by so much the limit moves.
    assert!(
        last_whole < first + CURSOR_BYTES_SPREAD,
        "{first} {last_whole}"
    );
    let fullest = listener.payload_sizes[bodies.len()..].iter().max().unwrap();
    assert!(
        (PAYLOAD_BYTES_MAX - 10..=PAYLOAD_BYTES_MAX).contains(fullest),
        "{fullest} bytes"
    );
    for event in &heard[first - 1..first + 1] {
        let (_, envelope) = whole(&client, event).await;
        assert!(envelope["event"]["message"]["data"]["x"].is_string());
    }
}

#[tokio::test]
async fn several_events_share_a_payload_in_order() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let group = group(&client, ann, &[]).await;
    let mut listener = database.listen().await;
    // Small and large mixed: a reference keeps its place between its neighbours.
    run(
        &client,
        "insert into chat.messages (conversation_id, sender_id, body)
         select $1, $2, case when n % 7 = 0 then repeat('🦀', 4000) else repeat('x', n * 37) end from generate_series(1, 60) n",
        &[&group, &ann],
    )
    .await;
    let heard = listener.heard().await;
    let mut seqs = Vec::new();
    for event in &heard {
        let (_, envelope) = whole(&client, event).await;
        seqs.push(envelope["event"]["message"]["seq"].as_i64().unwrap());
    }
    assert_eq!(seqs, (1..=60).collect::<Vec<_>>());
    assert!(
        listener.payload_sizes.len() < 20,
        "{} payloads",
        listener.payload_sizes.len()
    );
    assert!(
        listener
            .payload_sizes
            .iter()
            .all(|size| *size <= PAYLOAD_BYTES_MAX)
    );
}

#[tokio::test]
async fn whatever_is_largest_of_each_kind_arrives() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    // Control characters take six bytes each.
    let wide = |count: usize| "\u{1}".repeat(count - 1) + "x";
    let ann: Uuid = value(
        &client,
        "select id from chat.create_user($1, null, $2)",
        &[&wide(80), &wide(200)],
    )
    .await;
    let ben = user(&client, &wide(80)).await;
    let room: Uuid = value(
        &client,
        "select id from chat.create_room($1, $2, $3)",
        &[&ann, &wide(120), &wide(1000)],
    )
    .await;
    let pair = direct(&client, ann, ben).await;
    let mut listener = database.listen().await;
    run(&client, "select chat.join($1, $2)", &[&ben, &room]).await;
    run(
        &client,
        "select chat.update_conversation($1, $2, p_join_policy => 'invite')",
        &[&ann, &room],
    )
    .await;
    run(
        &client,
        "update chat.conversations set description = $2 where id = $1",
        &[&pair, &wide(1000)],
    )
    .await;
    // Enough shared conversations to overflow the envelope of a user's own news.
    for _ in 0..200 {
        group(&client, ann, &[]).await;
    }
    listener.heard().await;
    run(&client, "select chat.update_user($1, $1, 'Short')", &[&ann]).await;
    run(
        &client,
        "select chat.set_presences(gen_random_uuid(), jsonb_build_object($1::text, 'online'))",
        &[&ann.to_string()],
    )
    .await;
    let heard = listener.heard().await;
    assert_eq!(heard.len(), 2);
    for (event, kind) in heard.iter().zip(["user", "presence"]) {
        let (was_reference, envelope) = whole(&client, event).await;
        assert!(was_reference, "{kind}");
        assert_eq!(envelope["event"]["type"], kind);
        assert_eq!(envelope["user"], json!(ann));
        assert!(envelope["conversations"].as_array().unwrap().len() > 200);
    }
    assert!(
        listener
            .payload_sizes
            .iter()
            .all(|size| *size <= PAYLOAD_BYTES_MAX)
    );
}

#[tokio::test]
async fn a_new_member_gets_even_the_largest_conversation() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let wide = |count: usize| "\u{1}".repeat(count - 1) + "x";
    let room: Uuid = value(
        &client,
        "select id from chat.create_room($1, $2, $3)",
        &[&ann, &wide(120), &wide(1000)],
    )
    .await;
    let mut listener = database.listen().await;
    run(&client, "select chat.join($1, $2)", &[&ben, &room]).await;
    let heard = listener.heard().await;
    assert_eq!(heard[0].kind(), "member");
    let (_, envelope) = whole(&client, &heard[1]).await;
    assert_eq!(envelope["user"], json!(ben));
    assert_eq!(
        envelope["event"]["conversation"]["description"],
        json!(wide(1000))
    );
}
