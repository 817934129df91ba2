//! Limits: who goes beyond one is told which, and nobody else feels it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use crate::asking::{ask, handshake, header};
use crate::cast::Cast;
use crate::support::server::PATIENCE;
use crate::support::{Client, run, value};

/// Far more bytes than queues and buffers on the way to a client hold.
const FLOOD: i32 = 3_000;

async fn flood(database: &Client, conversation: Uuid, sender: Uuid) {
    // In small transactions, as a busy room has them.
    for from in (1..=FLOOD).step_by(100) {
        run(
            database,
            "insert into chat.messages (conversation_id, sender_id, body)
             select $1, $2, n || repeat('ж', 3990) from generate_series($3, $3 + 99) n",
            &[&conversation, &sender, &from],
        )
        .await;
    }
}

#[tokio::test]
async fn a_client_that_never_reads_slows_no_other_and_is_closed() {
    let cast = Cast::assemble().await;
    let database = cast.database.connect().await;
    let group = cast.ada.group(&[&cast.bob, &cast.eve]).await;
    // What says who made the group and is in it.
    let begun: i32 = value(
        &database,
        "select last_seq::integer from chat.conversations where id = $1",
        &[&group],
    )
    .await;
    cast.relayed().await;
    let mut slow = cast.eve.connect().await;
    let mut fast = cast.bob.connect().await;
    let reading = async {
        for n in 1..=FLOOD {
            let event = fast.next_of("message").await;
            assert_eq!(event["message"]["seq"], begun + n);
            fast.seen.clear();
        }
    };
    tokio::join!(flood(&database, group, cast.ada.id), reading);
    // What is said now is heard at once.
    cast.ada.say(cast.direct, "quick").await;
    fast.message("quick").await;
    let cursor = slow.cursor.clone();
    let code = slow.end().await;
    assert!(code == 4001 || code == 1006, "{code}");
    let seqs: Vec<_> = slow
        .seen
        .iter()
        .filter(|frame| frame["type"] == "message")
        .collect();
    assert!(seqs.len() < FLOOD as usize, "it was cut off");
    for (place, frame) in seqs.iter().enumerate() {
        assert_eq!(
            frame["message"]["seq"],
            begun + place as i32 + 1,
            "without a gap until then"
        );
    }
    // It comes back by its cursor, and reads this time.
    let mut back = cast.eve.resume(&cursor).await;
    back.next_where(|frame| frame["message"]["seq"] == begun + FLOOD)
        .await;
}

#[tokio::test]
async fn a_stream_that_nobody_reads_gives_its_place_up() {
    let cast = Cast::with(&[("CONNECTIONS_PER_USER", "1")]).await;
    let database = cast.database.connect().await;
    let mut stalled = TcpStream::connect(cast.server.address).await.unwrap();
    let request = format!(
        "GET /sse HTTP/1.1\r\nhost: chat\r\nauthorization: Bearer {}\r\n\r\n",
        cast.bob.token
    );
    stalled.write_all(request.as_bytes()).await.unwrap();
    let bearer = format!("Bearer {}", cast.bob.token);
    let connect = async || {
        let headers = [("authorization", bearer.as_str())];
        handshake(cast.server.address, "/ws", &headers)
            .await
            .status()
            .as_u16()
    };
    // It reads that it is connected, and from then on nothing.
    let mut read = Vec::new();
    while !read.windows(7).any(|window| window == b"\"ready\"") {
        let got = timeout(PATIENCE, stalled.read_buf(&mut read)).await;
        assert_ne!(got.unwrap().unwrap(), 0);
    }
    assert_eq!(connect().await, 429);
    flood(&database, cast.direct, cast.ada.id).await;
    // Longer than the server lets a write wait.
    let patience = tokio::time::Instant::now() + Duration::from_secs(60);
    while connect().await == 429 {
        assert!(
            tokio::time::Instant::now() < patience,
            "the place is never given up"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn who_sends_too_fast_is_told_so_and_the_others_are_delivered() {
    let cast = Cast::with(&[("SENDS_PER_SECOND", "1")]).await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    for n in 0..40 {
        adas.send(json!({"type": "send", "ref": n, "conversation_id": cast.direct, "body": format!("{n}")}))
            .await;
    }
    let mut sent: Vec<(Value, Value)> = Vec::new();
    let mut refused = 0;
    for _ in 0..40 {
        let answer = adas.next_where(|frame| frame["ref"].is_number()).await;
        if answer["type"] == "ack" {
            sent.push((
                answer["message"]["seq"].clone(),
                answer["message"]["body"].clone(),
            ));
        } else {
            assert_eq!(
                (&answer["status"], &answer["code"]),
                (&json!(429), &json!("too_fast"))
            );
            refused += 1;
        }
    }
    assert!(
        sent.len() >= 2 && refused >= 20,
        "{} sent, {refused} refused",
        sent.len()
    );
    for (seq, body) in &sent {
        let event = bobs.next_of("message").await;
        assert_eq!(
            (&event["message"]["seq"], &event["message"]["body"]),
            (seq, body)
        );
    }
    // Neither does the limit of one concern the other, nor other commands.
    assert_eq!(bobs.say(cast.direct, "I am slow").await["type"], "ack");
    adas.settle().await;
    // Over HTTP it says when to try again.
    let bearer = format!("Bearer {}", cast.ada.token);
    let path = format!("/api/conversations/{}/messages", cast.direct);
    let headers = [("authorization", bearer.as_str())];
    let mut response = ask(
        cast.server.address,
        reqwest::Method::POST,
        &path,
        &headers,
        r#"{"body":"b"}"#,
    )
    .await;
    while response.status() == 201 {
        response = ask(
            cast.server.address,
            reqwest::Method::POST,
            &path,
            &headers,
            r#"{"body":"b"}"#,
        )
        .await;
    }
    assert_eq!(
        (response.status().as_u16(), header(&response, "retry-after")),
        (429, "1")
    );
}

#[tokio::test]
async fn a_hundred_sockets_of_one_room_all_hear_it() {
    let cast = Cast::with(&[("CONNECTIONS_PER_USER", "100")]).await;
    let mut eves = cast.eve.connect().await;
    let mut sockets = Vec::new();
    for _ in 0..100 {
        sockets.push(cast.bob.connect().await);
    }
    cast.ada.say(cast.direct, "to all of you").await;
    for socket in &mut sockets {
        socket.message("to all of you").await;
    }
    eves.heard_nothing().await;
}
