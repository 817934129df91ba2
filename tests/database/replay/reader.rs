//! Those who read: a client with its cursor, and what it has made of the events so far.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use uuid::Uuid;

use super::world::World;
use crate::support::{Client, Heard, Listener, TestDatabase, value};

pub struct Reader {
    /// None reads as a server's listener does: everything.
    actor: Option<Uuid>,
    client: Client,
    listener: Listener,
    cursor: String,
    is_connected: bool,
    /// Conversations that the reader is in now.
    own: BTreeSet<String>,
    /// Objects by kind and id, each at its highest revision.
    objects: BTreeMap<(&'static str, String), Value>,
    /// (delivered, read) by conversation and user, each at its highest.
    marks: BTreeMap<(String, String), (i64, i64)>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

impl Reader {
    pub async fn start(database: &TestDatabase, actor: Option<Uuid>, world: &World) -> Self {
        let listener = database.listen().await;
        let client = database.connect().await;
        let cursor: String = value(&client, "select chat.current_cursor()", &[]).await;
        let mut reader = Self {
            actor,
            client,
            listener,
            cursor,
            is_connected: true,
            own: BTreeSet::new(),
            objects: BTreeMap::new(),
            marks: BTreeMap::new(),
        };
        for conversation in &world.conversations {
            if actor.is_none() || world.is_member(world.people[0], *conversation).await {
                reader.load(&conversation.to_string()).await;
            }
        }
        reader
    }

    /// Reads a conversation as whoever opens it does.
    async fn load(&mut self, conversation: &str) {
        self.own.insert(conversation.to_owned());
        for (kind, object) in self.held(conversation).await {
            self.keep(kind, object);
        }
        for (key, mark) in self.held_marks(conversation).await {
            self.raise(key, mark);
        }
    }

    /// Every object of a conversation as the database holds it.
    async fn held(&self, conversation: &str) -> Vec<(&'static str, Value)> {
        let mut held = Vec::new();
        for (kind, sql) in [
            (
                "conversation",
                "select chat.conversation_json(c) from chat.conversations c where c.id = $1::text::uuid",
            ),
            (
                "member",
                "select chat.member_json(m, null) from chat.members m where m.conversation_id = $1::text::uuid",
            ),
            (
                "message",
                "select chat.message_json(m, null) from chat.messages m where m.conversation_id = $1::text::uuid",
            ),
        ] {
            for row in self.client.query(sql, &[&conversation]).await.unwrap() {
                held.push((kind, row.get::<_, Value>(0)));
            }
        }
        held
    }

    async fn held_marks(&self, conversation: &str) -> Vec<((String, String), (i64, i64))> {
        let sql = "select user_id::text, delivered_seq, read_seq from chat.marks where conversation_id = $1::text::uuid";
        self.client
            .query(sql, &[&conversation])
            .await
            .unwrap()
            .iter()
            .map(|row| {
                (
                    (conversation.to_owned(), row.get(0)),
                    (row.get(1), row.get(2)),
                )
            })
            .collect()
    }

    fn keep(&mut self, kind: &'static str, object: Value) {
        let id = match kind {
            "member" => text(&object["conversation_id"]) + &text(&object["user_id"]),
            _ => text(&object["id"]),
        };
        if kind == "message"
            && let Some(sender) = object["sender_id"].as_str()
        {
            // Sending raises the sender's own mark, and the message alone tells.
            let seq = object["seq"].as_i64().unwrap();
            self.raise(
                (text(&object["conversation_id"]), sender.to_owned()),
                (seq, seq),
            );
        }
        let is_newer = self
            .objects
            .get(&(kind, id.clone()))
            .is_none_or(|known| known["revision"].as_i64() < object["revision"].as_i64());
        if is_newer {
            self.objects.insert((kind, id), object);
        }
    }

    fn raise(&mut self, key: (String, String), mark: (i64, i64)) {
        let known = self.marks.entry(key).or_default();
        *known = (known.0.max(mark.0), known.1.max(mark.1));
    }

    fn is_for_me(&self, envelope: &Value) -> bool {
        let Some(actor) = self.actor else { return true };
        envelope["user"] == actor.to_string()
            || envelope["conversation"]
                .as_str()
                .is_some_and(|id| self.own.contains(id))
            || envelope["conversations"].as_array().is_some_and(|ids| {
                ids.iter()
                    .any(|id| id.as_str().is_some_and(|id| self.own.contains(id)))
            })
    }

    async fn apply(&mut self, envelope: &Value) {
        if !self.is_for_me(envelope) {
            return;
        }
        let event = &envelope["event"];
        match event["type"].as_str().unwrap() {
            "message" => self.keep("message", event["message"].clone()),
            "conversation" => self.keep("conversation", event["conversation"].clone()),
            "user" => self.keep("user", event["user"].clone()),
            "member" => {
                self.keep("member", event["member"].clone());
                let conversation = text(&envelope["conversation"]);
                let key = (conversation.clone(), text(&envelope["user"]));
                if !self.marks.contains_key(&key) {
                    // Where a first membership begins, and so its mark, is read with the member.
                    let begun = self.held_marks(&conversation).await;
                    self.marks
                        .extend(begun.into_iter().filter(|(held, _)| *held == key));
                }
                if self
                    .actor
                    .is_some_and(|actor| envelope["user"] == actor.to_string())
                {
                    match envelope["active"].as_bool().unwrap() {
                        true => self.load(&conversation).await,
                        false => {
                            self.own.remove(&conversation);
                        }
                    }
                } else if self.actor.is_none() {
                    self.own.insert(conversation);
                }
            }
            "receipt" => {
                let key = (text(&event["conversation_id"]), text(&event["user_id"]));
                let seq = |name: &str| event[name].as_i64().unwrap();
                self.raise(key, (seq("delivered_seq"), seq("read_seq")));
            }
            other => panic!("an unexpected event: {other}"),
        }
    }

    /// Reads what changed since the cursor; answers with how many events that was.
    pub async fn resume(&mut self) -> usize {
        // What was announced while cut off was heard by nobody.
        self.listener.heard().await;
        let row = self
            .client
            .query_one(
                "select is_reset, cursor, envelopes from chat.changes_since($1, $2)",
                &[&self.actor, &self.cursor],
            )
            .await
            .unwrap();
        assert!(
            !row.get::<_, bool>(0),
            "a cursor of here and now was refused: {}",
            self.cursor
        );
        let envelopes: Vec<String> = row.get(2);
        for envelope in &envelopes {
            self.apply(&serde_json::from_str(envelope).unwrap()).await;
        }
        self.cursor = row.get(1);
        self.is_connected = true;
        envelopes.len()
    }

    /// Applies at most `count` of the announced events; when there are more, the reader is cut off.
    pub async fn hear(&mut self, count: usize) {
        if !self.is_connected {
            self.resume().await;
            return;
        }
        let heard: Vec<Heard> = self.listener.heard().await;
        self.is_connected = heard.len() <= count;
        for event in &heard[..count.min(heard.len())] {
            self.apply(&event.envelope).await;
            self.cursor.clone_from(&event.cursor);
        }
    }

    /// What the reader has is what the database holds, of every conversation that is the reader's.
    pub async fn assert_complete(&self, world: &World) {
        for conversation in &world.conversations {
            let is_mine = match self.actor {
                Some(actor) => world.is_member(actor, *conversation).await,
                None => true,
            };
            let conversation = conversation.to_string();
            assert_eq!(self.own.contains(&conversation), is_mine, "{conversation}");
            if !is_mine {
                continue;
            }
            for (kind, object) in self.held(&conversation).await {
                let id = match kind {
                    "member" => text(&object["conversation_id"]) + &text(&object["user_id"]),
                    _ => text(&object["id"]),
                };
                let known = self.objects.get(&(kind, id));
                let known = known.unwrap_or_else(|| panic!("{kind} missing: {object}"));
                for field in [
                    "revision",
                    "seq",
                    "body",
                    "deleted_at",
                    "title",
                    "state",
                    "role",
                ] {
                    // A message raises these without being a change of the conversation.
                    assert_eq!(known[field], object[field], "{field} of {kind} {object}");
                }
            }
            for (key, mark) in self.held_marks(&conversation).await {
                assert_eq!(
                    self.marks.get(&key).copied().unwrap_or_default(),
                    mark,
                    "mark of {key:?}"
                );
            }
        }
        if self.actor.is_none() {
            for person in &world.people {
                let row = self
                    .client
                    .query_one(
                        "select revision, name from chat.users where id = $1",
                        &[person],
                    )
                    .await
                    .unwrap();
                let known = self.objects.get(&("user", person.to_string()));
                let (revision, name): (i64, String) = (row.get(0), row.get(1));
                match known {
                    Some(known) => assert_eq!(
                        (&known["revision"], &known["name"]),
                        (&revision.into(), &name.into())
                    ),
                    None => assert_eq!(revision, 1, "a changed user is missing"),
                }
            }
        }
    }
}
