//! Those who write.

use std::collections::HashMap;

use proptest::prelude::*;
use uuid::Uuid;

use crate::support::{Client, TestDatabase, group, run, user, value};

pub const SESSIONS: usize = 4;
const PEOPLE: usize = 3;
const CONVERSATIONS: usize = 3;

/// What a session can do. The numbers choose among what there is.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Send {
        conversation: usize,
        person: usize,
        count: i32,
    },
    Edit(usize),
    Delete(usize),
    Mark {
        conversation: usize,
        person: usize,
        seq: i64,
    },
    Join {
        conversation: usize,
        person: usize,
    },
    Remove {
        conversation: usize,
        person: usize,
    },
    RenameConversation(usize),
    RenameUser(usize),
}

pub fn steps() -> impl Strategy<Value = Step> {
    let conversation = 0..CONVERSATIONS;
    let person = 0..PEOPLE;
    let both = (conversation.clone(), person.clone());
    prop_oneof![
        5 => (conversation.clone(), person.clone(), 1..4).prop_map(|(conversation, person, count)| Step::Send { conversation, person, count }),
        3 => any::<prop::sample::Index>().prop_map(|index| Step::Edit(index.index(1 << 16))),
        1 => any::<prop::sample::Index>().prop_map(|index| Step::Delete(index.index(1 << 16))),
        3 => (conversation.clone(), person.clone(), 1..20_i64).prop_map(|(conversation, person, seq)| Step::Mark { conversation, person, seq }),
        2 => both.clone().prop_map(|(conversation, person)| Step::Join { conversation, person }),
        1 => both.prop_map(|(conversation, person)| Step::Remove { conversation, person }),
        1 => conversation.prop_map(Step::RenameConversation),
        1 => person.prop_map(Step::RenameUser),
    ]
}

/// What a transaction holds until it ends. A step that would wait for another's is left out, so
/// that a case runs the same way each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Lock {
    Conversation(Uuid),
    Message(Uuid),
    Mark(Uuid, Uuid),
    User(Uuid),
}

struct Session {
    client: Client,
    is_open: bool,
    /// Messages sent in the transaction that is open.
    sent: Vec<Uuid>,
}

pub struct World {
    pub people: Vec<Uuid>,
    pub conversations: Vec<Uuid>,
    sessions: Vec<Session>,
    locks: HashMap<Lock, usize>,
    /// Committed messages.
    messages: Vec<Uuid>,
}

impl World {
    pub async fn new(database: &TestDatabase) -> Self {
        let mut sessions = Vec::new();
        for _ in 0..SESSIONS {
            let client = database.connect().await;
            // A lock that this file forgot shows as a failure, not as a hang.
            client
                .batch_execute("set lock_timeout = '5s'")
                .await
                .unwrap();
            sessions.push(Session {
                client,
                is_open: false,
                sent: Vec::new(),
            });
        }
        let client = &sessions[0].client;
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            people.push(user(client, &format!("Person {number}")).await);
        }
        let mut conversations = Vec::new();
        for number in 0..CONVERSATIONS {
            // The first person is in all but the last.
            let members = if number + 1 < CONVERSATIONS {
                &people[..]
            } else {
                &people[1..]
            };
            conversations.push(group(client, people[1], members).await);
        }
        Self {
            people,
            conversations,
            sessions,
            locks: HashMap::new(),
            messages: Vec::new(),
        }
    }

    fn take(&mut self, session: usize, locks: &[Lock]) -> bool {
        if locks.iter().any(|lock| {
            self.locks
                .get(lock)
                .is_some_and(|holder| *holder != session)
        }) {
            return false;
        }
        self.locks.extend(locks.iter().map(|lock| (*lock, session)));
        true
    }

    pub async fn write(&mut self, session: usize, step: Step) {
        let message = |index: usize| {
            let mine = &self.sessions[session].sent;
            let all = self.messages.len() + mine.len();
            (all > 0).then(|| {
                let place = index % all;
                self.messages
                    .get(place)
                    .copied()
                    .unwrap_or_else(|| mine[place - self.messages.len()])
            })
        };
        let (locks, sql, ids) = match step {
            Step::Send {
                conversation,
                person,
                ..
            } => {
                let (conversation, person) =
                    (self.conversations[conversation], self.people[person]);
                // Only who is a member, as this session sees it; the rest of the rules has tests of its own.
                let sql = "insert into chat.messages (conversation_id, sender_id, body)
                    select m.conversation_id, m.user_id, 'said' from chat.members m, generate_series(1, $3::int)
                    where m.conversation_id = $1 and m.user_id = $2 and m.active returning id";
                (
                    vec![
                        Lock::Conversation(conversation),
                        Lock::Mark(conversation, person),
                    ],
                    sql,
                    vec![conversation, person],
                )
            }
            Step::Edit(index) | Step::Delete(index) => {
                let Some(id) = message(index) else { return };
                let sql = match step {
                    Step::Edit(_) => {
                        "update chat.messages set body = body || ' and edited' where id = $1 and deleted_at is null"
                    }
                    _ => "delete from chat.messages where id = $1",
                };
                (vec![Lock::Message(id)], sql, vec![id])
            }
            Step::Mark {
                conversation,
                person,
                ..
            } => {
                let (conversation, person) =
                    (self.conversations[conversation], self.people[person]);
                let sql = "update chat.marks set delivered_seq = $3::bigint, read_seq = $3::bigint / 2 where conversation_id = $1 and user_id = $2";
                (
                    vec![Lock::Mark(conversation, person)],
                    sql,
                    vec![conversation, person],
                )
            }
            Step::Join {
                conversation,
                person,
            }
            | Step::Remove {
                conversation,
                person,
            } => {
                let (conversation, person) =
                    (self.conversations[conversation], self.people[person]);
                let sql = match step {
                    Step::Join { .. } => "select chat.add_member(null, $1, $2)",
                    // Not by delete, which locks the row against the foreign keys of messages.
                    _ => {
                        "update chat.members set left_at = now() where conversation_id = $1 and user_id = $2 and left_at is null"
                    }
                };
                // A mark is made with a first membership.
                (
                    vec![
                        Lock::Conversation(conversation),
                        Lock::Mark(conversation, person),
                    ],
                    sql,
                    vec![conversation, person],
                )
            }
            Step::RenameConversation(conversation) => {
                let id = self.conversations[conversation];
                (
                    vec![Lock::Conversation(id)],
                    "update chat.conversations set title = title || '.' where id = $1",
                    vec![id],
                )
            }
            Step::RenameUser(person) => {
                let id = self.people[person];
                (
                    vec![Lock::User(id)],
                    "update chat.users set name = name || '.' where id = $1",
                    vec![id],
                )
            }
        };
        if !self.take(session, &locks) {
            return;
        }
        let session = &mut self.sessions[session];
        if !session.is_open {
            session.client.batch_execute("begin").await.unwrap();
            session.is_open = true;
        }
        let mut params: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> = Vec::new();
        for id in &ids {
            params.push(id);
        }
        match &step {
            Step::Send { count, .. } => {
                params.push(count);
                let rows = session.client.query(sql, &params).await.unwrap();
                session
                    .sent
                    .extend(rows.iter().map(|row| row.get::<_, Uuid>(0)));
            }
            Step::Mark { seq, .. } => {
                params.push(seq);
                run(&session.client, sql, &params).await;
            }
            _ => {
                run(&session.client, sql, &params).await;
            }
        }
    }

    pub async fn end(&mut self, number: usize, is_commit: bool) {
        let session = &mut self.sessions[number];
        if !session.is_open {
            return;
        }
        let statement = if is_commit { "commit" } else { "rollback" };
        session.client.batch_execute(statement).await.unwrap();
        session.is_open = false;
        let sent = std::mem::take(&mut session.sent);
        if is_commit {
            self.messages.extend(sent);
        }
        self.locks.retain(|_, holder| *holder != number);
    }

    /// Whether a person is a member of a conversation now. To be asked when nothing is open.
    pub async fn is_member(&self, person: Uuid, conversation: Uuid) -> bool {
        value(
            &self.sessions[0].client,
            "select exists (select from chat.members where conversation_id = $1 and user_id = $2 and active)",
            &[&conversation, &person],
        )
        .await
    }
}
