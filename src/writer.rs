//! Natural group commit: what waits while the last batch is being written is the next batch.
//!
//! An idle server adds no delay, since a lane that waits takes a command at once; a busy one
//! writes few, large transactions, which is what PostgreSQL's commit and NOTIFY lock reward.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::postgres::messages::Sent;
use crate::postgres::{Database, DatabaseError, Refusal};

/// Messages in one transaction. It bounds how long their conversations stay locked; beyond a few
/// dozen the cost of a message does not fall any further.
const BATCH_MESSAGES_MAX: usize = 128;
/// Messages that may wait for a lane; the next is refused, which the sender can try again.
const LANE_WAITING_MAX: usize = 4_096;
/// Marks and typing in one transaction.
const BATCH_SIGNALS_MAX: usize = 512;
/// How long signals gather before they are written. They are many and nobody waits for one, so
/// fewer transactions are worth a moment that no eye sees.
const SIGNALS_GATHER: Duration = Duration::from_millis(20);

/// A message to send, as `chat.send_messages` reads it.
#[derive(Debug, Serialize)]
pub struct Outgoing {
    pub actor: Uuid,
    pub conversation_id: Uuid,
    pub kind: Option<String>,
    pub body: Option<String>,
    pub data: Option<Box<RawValue>>,
    pub reply_to: Option<Uuid>,
    /// Always there: it makes a batch safe to repeat.
    pub client_id: String,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("{}: {}", .0.code, .0.detail)]
    Refused(Refusal),
    /// More waits than can be written soon.
    #[error("too much is waiting to be written")]
    Busy,
    #[error("{0}")]
    Database(String),
    #[error("the server is stopping")]
    Stopping,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Mark {
    actor: Uuid,
    conversation_id: Uuid,
    delivered_seq: i64,
    read_seq: i64,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Typing {
    actor: Uuid,
    conversation_id: Uuid,
    state: TypingState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TypingState {
    Active,
    Recording,
    Stopped,
}

struct Waiting {
    message: Outgoing,
    answer: oneshot::Sender<Result<Sent, SendError>>,
}

/// The lanes. When every clone is dropped they write what waits and end.
#[derive(Clone)]
pub struct Writer {
    lanes: Vec<mpsc::Sender<Waiting>>,
    marks: mpsc::Sender<Mark>,
    typing: mpsc::Sender<Typing>,
    hasher: RandomState,
}

impl Writer {
    pub fn start(database: &Database, lanes: usize, tasks: &TaskTracker) -> Self {
        let lanes = (0..lanes)
            .map(|_| {
                let (sender, receiver) = mpsc::channel(LANE_WAITING_MAX);
                tasks.spawn(write_messages(database.clone(), receiver));
                sender
            })
            .collect();
        let (marks, receiver) = mpsc::channel(LANE_WAITING_MAX);
        tasks.spawn(write_marks(database.clone(), receiver));
        let (typing, receiver) = mpsc::channel(LANE_WAITING_MAX);
        tasks.spawn(write_typing(database.clone(), receiver));
        Self {
            lanes,
            marks,
            typing,
            hasher: RandomState::new(),
        }
    }

    /// Queues a message at once, in the order of calls for its conversation; the answer comes later.
    pub fn send(&self, message: Outgoing) -> impl Future<Output = Result<Sent, SendError>> + use<> {
        let lane = usize::try_from(
            self.hasher.hash_one(message.conversation_id) % self.lanes.len() as u64,
        )
        .unwrap_or_default();
        let (answer, answered) = oneshot::channel();
        let queued = self.lanes[lane].try_send(Waiting { message, answer });
        async move {
            match queued {
                Ok(()) => answered.await.unwrap_or(Err(SendError::Stopping)),
                Err(mpsc::error::TrySendError::Full(_)) => Err(SendError::Busy),
                Err(mpsc::error::TrySendError::Closed(_)) => Err(SendError::Stopping),
            }
        }
    }

    /// Raises a user's marks soon. When too many wait the raise is dropped: the client's next one
    /// says as much and more.
    pub fn mark(&self, actor: Uuid, conversation_id: Uuid, delivered_seq: i64, read_seq: i64) {
        count_dropped(self.marks.try_send(Mark {
            actor,
            conversation_id,
            delivered_seq,
            read_seq,
        }));
    }

    /// Says soon that a user types.
    pub fn typing(&self, actor: Uuid, conversation_id: Uuid, state: TypingState) {
        count_dropped(self.typing.try_send(Typing {
            actor,
            conversation_id,
            state,
        }));
    }
}

fn count_dropped<T>(outcome: Result<(), mpsc::error::TrySendError<T>>) {
    if outcome.is_err() {
        metrics::counter!("webchat_signals_dropped_total").increment(1);
    }
}

async fn write_messages(database: Database, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, BATCH_MESSAGES_MAX).await > 0 {
        metrics::histogram!("webchat_batch_messages").record(batch.len() as f64);
        write_batch(&database, std::mem::take(&mut batch)).await;
    }
}

async fn write_batch(database: &Database, batch: Vec<Waiting>) {
    let (messages, answers): (Vec<_>, Vec<_>) =
        batch.into_iter().map(|w| (w.message, w.answer)).unzip();
    match send(database, &messages).await {
        Ok(results) => {
            let stored = results.iter().flatten().filter(|sent| sent.status == 201);
            metrics::counter!("webchat_messages_total").increment(stored.count() as u64);
            for (answer, result) in answers.into_iter().zip(results) {
                reply(answer, result.map_err(SendError::Refused));
            }
        }
        Err(error @ DatabaseError::Unavailable(_)) => {
            for answer in answers {
                reply(answer, Err(SendError::Database(error.to_string())));
            }
        }
        // One of them may be to blame: each by itself, so that the others do not fail with it.
        Err(_) => {
            for (message, answer) in messages.into_iter().zip(answers) {
                let result = match send(database, std::slice::from_ref(&message)).await {
                    Ok(mut results) => results
                        .pop()
                        .unwrap_or_else(|| {
                            Err(Refusal::new(500, "internal", "No result came back."))
                        })
                        .map_err(SendError::Refused),
                    Err(DatabaseError::Refused(refusal)) => Err(SendError::Refused(refusal)),
                    Err(error) => {
                        tracing::error!(%error, "a message could not be written");
                        Err(SendError::Database(error.to_string()))
                    }
                };
                reply(answer, result);
            }
        }
    }
}

async fn send(
    database: &Database,
    messages: &[Outgoing],
) -> Result<Vec<Result<Sent, Refusal>>, DatabaseError> {
    let items = serde_json::to_string(messages)
        .map_err(|error| DatabaseError::Internal(error.to_string()))?;
    database.send_messages(&items).await
}

fn reply(answer: oneshot::Sender<Result<Sent, SendError>>, result: Result<Sent, SendError>) {
    if answer.send(result).is_err() {
        // The sender has left; the message is stored, and they meet it when they come back.
        metrics::counter!("webchat_answers_unheard_total").increment(1);
    }
}

async fn write_marks(database: Database, mut waiting: mpsc::Receiver<Mark>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, BATCH_SIGNALS_MAX).await > 0 {
        tokio::time::sleep(SIGNALS_GATHER).await;
        while batch.len() < BATCH_SIGNALS_MAX
            && let Ok(mark) = waiting.try_recv()
        {
            batch.push(mark);
        }
        let mut highest: HashMap<(Uuid, Uuid), Mark> = HashMap::new();
        for mark in batch.drain(..) {
            let held = highest
                .entry((mark.conversation_id, mark.actor))
                .or_insert(mark);
            held.delivered_seq = held.delivered_seq.max(mark.delivered_seq);
            held.read_seq = held.read_seq.max(mark.read_seq);
        }
        let marks: Vec<_> = highest.into_values().collect();
        log_failure("marks", database.mark_many(&json(&marks)).await);
    }
}

async fn write_typing(database: Database, mut waiting: mpsc::Receiver<Typing>) {
    let mut batch = Vec::new();
    while waiting.recv_many(&mut batch, BATCH_SIGNALS_MAX).await > 0 {
        tokio::time::sleep(SIGNALS_GATHER).await;
        while batch.len() < BATCH_SIGNALS_MAX
            && let Ok(typing) = waiting.try_recv()
        {
            batch.push(typing);
        }
        // Only the last of each counts.
        let latest: HashMap<_, _> = batch
            .drain(..)
            .map(|typing| ((typing.conversation_id, typing.actor), typing))
            .collect();
        let items: Vec<_> = latest.into_values().collect();
        log_failure("typing", database.announce_typings(&json(&items)).await);
    }
}

fn json<T: Serialize>(items: &[T]) -> String {
    // Ids, numbers and fixed words: nothing of it can fail to be JSON.
    serde_json::to_string(items).unwrap_or_else(|_| "[]".to_owned())
}

fn log_failure(what: &str, outcome: Result<(), DatabaseError>) {
    if let Err(error) = outcome {
        tracing::warn!(what, %error, "signals could not be written");
    }
}
