//! What was acknowledged to senders, and the check that all of it is there once and everyone has it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use serde_json::Value;
use uuid::Uuid;

use super::{Client, Follower};

#[derive(Default)]
pub struct Ledger {
    inner: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    /// Body by client_id.
    acknowledged: BTreeMap<String, String>,
    /// Answers that no sender should get.
    wrong: Vec<String>,
    /// 503: the database was away for longer than the server waits.
    unavailable: usize,
    broken: usize,
    slowest: Duration,
}

impl Ledger {
    /// Of a message that the test sends by itself.
    pub fn note(&self, client_id: &str, body: &str) {
        let mut entries = self.inner.lock().unwrap();
        entries
            .acknowledged
            .insert(client_id.to_owned(), body.to_owned());
    }

    pub(super) fn acknowledge(&self, messages: &[(String, String)], since: Instant) {
        let mut entries = self.inner.lock().unwrap();
        entries.slowest = entries.slowest.max(since.elapsed());
        for (client_id, body) in messages {
            entries.acknowledged.insert(client_id.clone(), body.clone());
        }
    }

    /// Whether it is worth another try.
    pub(super) fn refuse(&self, status: u64, answer: &Value) -> bool {
        let mut entries = self.inner.lock().unwrap();
        if status == 503 {
            entries.unavailable += 1;
            return true;
        }
        entries.wrong.push(format!("{status} {answer}"));
        false
    }

    pub(super) fn wrong(&self, what: String) {
        self.inner.lock().unwrap().wrong.push(what);
    }

    pub(super) fn broke(&self) {
        self.inner.lock().unwrap().broken += 1;
    }

    pub(super) fn wrong_answers(&self) -> Vec<String> {
        self.inner.lock().unwrap().wrong.clone()
    }

    pub fn count(&self) -> usize {
        self.inner.lock().unwrap().acknowledged.len()
    }

    /// Answers 503, connections broken, and the longest that anyone waited for an acknowledgement.
    pub fn troubles(&self) -> (usize, usize, Duration) {
        let entries = self.inner.lock().unwrap();
        (entries.unavailable, entries.broken, entries.slowest)
    }
}

impl Ledger {
    /// Every acknowledged message is there once, nothing else is, and no seq is left out.
    pub async fn check(&self, client: &Client, conversation: Uuid) {
        let rows = client
            .query(
                "select seq, client_id, body, kind = 'system' from chat.messages where conversation_id = $1 order by seq",
                &[&conversation],
            )
            .await
            .unwrap();
        let seqs: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(seqs, (1..=rows.len() as i64).collect::<Vec<_>>());
        // Who made the group and is in it nobody has sent.
        let sent: Vec<_> = rows.iter().filter(|row| !row.get::<_, bool>(3)).collect();
        let stored: BTreeMap<String, String> =
            sent.iter().map(|row| (row.get(1), row.get(2))).collect();
        assert_eq!(stored.len(), sent.len(), "a message is there twice");
        let entries = self.inner.lock().unwrap();
        assert_eq!(entries.wrong, Vec::<String>::new());
        assert!(!entries.acknowledged.is_empty());
        for (client_id, body) in &entries.acknowledged {
            assert_eq!(stored.get(client_id), Some(body), "{client_id} is lost");
        }
        assert_eq!(stored.len(), entries.acknowledged.len());
    }
}

/// Every client ends with exactly what the database holds of the conversation, and met it in order.
pub async fn check_followers(client: &Client, conversation: Uuid, followers: &mut [Follower]) {
    let rows = client
        .query(
            "select id::text, seq, revision, case when deleted_at is null then body end
             from chat.messages where conversation_id = $1 order by seq",
            &[&conversation],
        )
        .await
        .unwrap();
    let stored: Vec<(String, i64, i64, Option<String>)> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect();
    for follower in followers {
        follower
            .until("it has what the database has", |mirror| {
                let held = mirror.messages(conversation);
                held.len() >= stored.len()
                    && held
                        .iter()
                        .zip(&stored)
                        .all(|(message, row)| message["revision"] == row.2)
            })
            .await;
        let mirror = follower.mirror();
        let held: Vec<(String, i64, i64, Option<String>)> = mirror
            .messages(conversation)
            .iter()
            .map(|message| {
                (
                    message["id"].as_str().unwrap().to_owned(),
                    message["seq"].as_i64().unwrap(),
                    message["revision"].as_i64().unwrap(),
                    message["body"].as_str().map(str::to_owned),
                )
            })
            .collect();
        assert!(held == stored, "{}: it holds something else", follower.name);
        assert_eq!(mirror.faults, Vec::<String>::new(), "{}", follower.name);
    }
}
