//! A client that comes and goes as it pleases, while others write by every door, ends with exactly
//! what the database holds.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cast::Cast;
use crate::support::{Client, Person, Socket};

/// What a client keeps: messages by id, the highest revision of each.
#[derive(Default)]
struct Mirror {
    messages: BTreeMap<String, Value>,
    cursor: String,
    /// Of the events already applied: frames of the present socket are applied once.
    applied: usize,
}

impl Mirror {
    fn apply(&mut self, socket: &Socket) {
        for frame in &socket.seen[self.applied..] {
            assert_ne!(frame["type"], "reset");
            if frame["type"] != "message" {
                continue;
            }
            let message = &frame["message"];
            let id = message["id"].as_str().unwrap().to_owned();
            let known = self
                .messages
                .get(&id)
                .and_then(|known| known["revision"].as_i64());
            if known.is_none_or(|known| known < message["revision"].as_i64().unwrap()) {
                self.messages.insert(id, message.clone());
            }
        }
        self.applied = socket.seen.len();
        self.cursor = socket.cursor.clone();
    }

    /// Messages of one conversation, in their order.
    fn of(&self, conversation: Uuid) -> Vec<&Value> {
        let mut messages: Vec<_> = self
            .messages
            .values()
            .filter(|message| message["conversation_id"] == json!(conversation))
            .collect();
        messages.sort_by_key(|message| message["seq"].as_i64());
        messages
    }
}

async fn history(person: &Person, conversation: Uuid) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let path = format!("/api/conversations/{conversation}/messages?limit=100&after={after}");
        let (_, page) = person.get(&path).await;
        all.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_i64() {
            Some(next) => after = next,
            None => return all,
        }
    }
}

/// Writes by a random door: HTTP, WebSocket or plain SQL.
async fn write(
    random: &mut StdRng,
    by: &Person,
    socket: &mut Socket,
    sql: &Client,
    places: &[Uuid],
    n: usize,
) -> Door {
    let place = places[random.random_range(0..places.len())];
    let body = format!("message {n}");
    let own = "(select id from chat.messages where conversation_id = $1 and sender_id = $2
                and deleted_at is null order by random() limit 1)";
    let door = random.random_range(0..8);
    match door {
        0 | 1 => drop(by.say(place, &body).await),
        2 => drop(socket.say(place, &body).await),
        // Not waited for: it may be under way while the reader comes or goes.
        3 => {
            socket
                .send(json!({"type": "send", "conversation_id": place, "body": body}))
                .await
        }
        4 => {
            let rows = random.random_range(1..30);
            let insert = "insert into chat.messages (conversation_id, sender_id, body)
                          select $1, $2, $3 || ' of ' || n from generate_series(1, $4) n";
            sql.execute(insert, &[&place, &by.id, &body, &rows])
                .await
                .unwrap();
        }
        5 | 6 => {
            let update = format!("update chat.messages set body = body || ' *' where id = {own}");
            sql.execute(&update, &[&place, &by.id]).await.unwrap();
        }
        _ => {
            let delete = format!("delete from chat.messages where id = {own}");
            sql.execute(&delete, &[&place, &by.id]).await.unwrap();
        }
    }
    if matches!(door, 2 | 3) {
        Door::Socket
    } else {
        Door::Other
    }
}

#[derive(PartialEq)]
enum Door {
    Socket,
    Other,
}

async fn converges(seed: u64) {
    let cast = Cast::assemble().await;
    let group = cast.bob.group(&[&cast.ada, &cast.eve]).await;
    let secret = cast.bob.group(&[&cast.eve]).await;
    let places = [cast.direct, group, secret];
    let sql = cast.database.connect_as("chat_writer").await;
    let mut random = StdRng::seed_from_u64(seed);
    let mut writer = cast.bob.connect().await;
    let mut mirror = Mirror::default();
    let mut reader = cast.ada.connect().await;
    mirror.cursor = reader.cursor.clone();
    let mut is_here = true;
    let mut sent_by_socket = 0;

    // A transaction that stays open while others commit: its rows come last and are not missed.
    let mut slow = cast.database.connect_as("chat_writer").await;
    let other = cast.eve.direct(&cast.ada).await;
    let open = slow.transaction().await.unwrap();
    let insert = "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, $3)";
    open.execute(insert, &[&other, &cast.eve.id, &"early, but late"])
        .await
        .unwrap();

    for n in 0..60 {
        let door = write(&mut random, &cast.bob, &mut writer, &sql, &places, n).await;
        sent_by_socket += usize::from(door == Door::Socket);
        match (is_here, random.random_range(0..4)) {
            (true, 0) => {
                // Gone without a word, wherever it was in its reading.
                mirror.apply(&reader);
                is_here = false;
            }
            (true, 1) => {
                reader.settle().await;
            }
            (false, 0 | 1) => {
                reader = cast.ada.resume(&mirror.cursor).await;
                mirror.applied = 0;
                is_here = true;
            }
            _ => {}
        }
    }
    open.execute(insert, &[&other, &cast.eve.id, &"and later"])
        .await
        .unwrap();
    open.commit().await.unwrap();
    // What was not waited for is in another batch than the end, and could come after it.
    let is_ack = |frame: &&Value| frame["type"] == "ack";
    while writer.seen.iter().filter(is_ack).count() < sent_by_socket {
        writer.next().await.unwrap();
    }

    if !is_here {
        reader = cast.ada.resume(&mirror.cursor).await;
        mirror.applied = 0;
    }
    cast.eve.say(other, "the end").await;
    reader.message("the end").await;
    reader.settle().await;
    mirror.apply(&reader);
    for place in [cast.direct, group, other] {
        // Who made the group and is in it was said before she listened.
        let is_said = |message: &Value| message["kind"] != "system";
        let mut wanted = history(&cast.ada, place).await;
        wanted.retain(is_said);
        let mut got = mirror.of(place);
        got.retain(|message| is_said(message));
        assert_eq!(got, wanted.iter().collect::<Vec<_>>(), "seed {seed}");
    }
    assert!(mirror.of(secret).is_empty(), "seed {seed}");
}

#[tokio::test]
async fn a_client_that_comes_and_goes_ends_with_what_the_database_holds() {
    converges(1).await;
}

#[tokio::test]
async fn and_so_it_does_in_another_order_of_events() {
    for seed in [2, 3, 4] {
        converges(seed).await;
    }
}

#[tokio::test]
async fn and_so_it_does_in_an_order_that_no_run_had_before() {
    converges(rand::random()).await;
}
