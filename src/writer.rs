//! Natural group commit: what waits while the last batch is being written is the next batch.
//!
//! An idle server adds no delay, since the first message leaves at once; a busy one writes few, large
//! transactions, which is what PostgreSQL's commit and NOTIFY lock reward. Another batch goes beside one under way
//! only when it is full, or when that one is held up.
//!
//! *Invariant:* a conversation is in one batch at a time, so its messages are stored in the order they came.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{self, JoinError, JoinSet};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::postgres::messages::Sent;
use crate::postgres::{Database, DatabaseError, Refusal};

/// Messages in one transaction. It bounds how long their conversations stay locked; beyond a few
/// dozen the cost of a message does not fall any further.
const BATCH_MESSAGES_MAX: usize = 128;
/// A batch that takes longer is held up (by a row that a host's transaction has locked, by a slow disk):
/// what waits no longer waits for it.
const BATCH_HELD_UP: Duration = Duration::from_millis(100);
/// Messages that may wait to be taken, and again as many that were taken and wait for their batch; the next is
/// refused, which the sender can try again.
const WAITING_MAX: usize = 8_192;
/// Marks and typing in one transaction.
const BATCH_SIGNALS_MAX: usize = 512;
/// Signals that may wait.
const SIGNALS_WAITING_MAX: usize = 4_096;
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
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_ids: Option<Vec<Uuid>>,
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
    /// None when nothing was read: a read, be it of nothing new, takes back that a conversation was marked unread.
    read_seq: Option<i64>,
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

/// The way to be written. When every clone is dropped what waits is written, and that is the end.
#[derive(Clone)]
pub struct Writer {
    messages: mpsc::Sender<Waiting>,
    marks: mpsc::Sender<Mark>,
    typing: mpsc::Sender<Typing>,
}

impl Writer {
    /// `lanes` is the most batches of messages that are under way at once.
    pub fn start(database: &Database, lanes: usize, tasks: &TaskTracker) -> Self {
        let (messages, receiver) = mpsc::channel(WAITING_MAX);
        tasks.spawn(Batches::new(database.clone(), lanes).run(receiver));
        let (marks, receiver) = mpsc::channel(SIGNALS_WAITING_MAX);
        tasks.spawn(write_marks(database.clone(), receiver));
        let (typing, receiver) = mpsc::channel(SIGNALS_WAITING_MAX);
        tasks.spawn(write_typing(database.clone(), receiver));
        Self {
            messages,
            marks,
            typing,
        }
    }

    /// Queues a message at once, in the order of calls for its conversation; the answer comes later.
    pub fn send(&self, message: Outgoing) -> impl Future<Output = Result<Sent, SendError>> + use<> {
        let (answer, answered) = oneshot::channel();
        let queued = self.messages.try_send(Waiting { message, answer });
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
    pub fn mark(
        &self,
        actor: Uuid,
        conversation_id: Uuid,
        delivered_seq: i64,
        read_seq: Option<i64>,
    ) {
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

/// The messages that wait, and the batches under way.
struct Batches {
    database: Database,
    lanes: usize,
    waiting: VecDeque<Waiting>,
    /// All that waits belongs to conversations that are under way.
    is_blocked: bool,
    tasks: JoinSet<()>,
    under_way: HashMap<task::Id, UnderWay>,
}

struct UnderWay {
    began: Instant,
    conversations: HashSet<Uuid>,
}

impl Batches {
    fn new(database: Database, lanes: usize) -> Self {
        Self {
            database,
            lanes,
            waiting: VecDeque::new(),
            is_blocked: false,
            tasks: JoinSet::new(),
            under_way: HashMap::new(),
        }
    }

    async fn run(mut self, mut messages: mpsc::Receiver<Waiting>) {
        let mut taken = Vec::new();
        let mut is_open = true;
        while is_open || !self.under_way.is_empty() {
            let may_begin = !self.waiting.is_empty() && !self.is_blocked && self.has_lane();
            let held_up_at = self.held_up_at();
            tokio::select! {
                count = messages.recv_many(&mut taken, WAITING_MAX), if is_open && self.waiting.len() < WAITING_MAX => {
                    is_open = count > 0;
                    self.waiting.extend(taken.drain(..));
                    self.is_blocked = false;
                }
                Some(ended) = self.tasks.join_next_with_id() => self.end(ended),
                () = tokio::time::sleep_until(held_up_at.into()), if may_begin => {}
            }
            while self.is_due() {
                self.begin();
            }
        }
    }

    fn has_lane(&self) -> bool {
        self.under_way.len() < self.lanes
    }

    /// When the newest batch under way counts as held up.
    fn held_up_at(&self) -> Instant {
        let newest = self.under_way.values().map(|batch| batch.began).max();
        newest.map_or_else(Instant::now, |began| began + BATCH_HELD_UP)
    }

    fn is_due(&self) -> bool {
        !self.waiting.is_empty()
            && !self.is_blocked
            && self.has_lane()
            && (self.under_way.is_empty()
                || self.waiting.len() >= BATCH_MESSAGES_MAX
                || self.held_up_at() <= Instant::now())
    }

    /// Sends what waits, but not what belongs to a conversation that is under way.
    fn begin(&mut self) {
        let mut batch = Vec::new();
        let mut conversations = HashSet::new();
        let mut left = VecDeque::new();
        while batch.len() < BATCH_MESSAGES_MAX
            && let Some(waiting) = self.waiting.pop_front()
        {
            let conversation = waiting.message.conversation_id;
            if self
                .under_way
                .values()
                .any(|batch| batch.conversations.contains(&conversation))
            {
                left.push_back(waiting);
            } else {
                conversations.insert(conversation);
                batch.push(waiting);
            }
        }
        left.append(&mut self.waiting);
        self.waiting = left;
        self.is_blocked = batch.is_empty();
        if batch.is_empty() {
            return;
        }
        metrics::histogram!("webchat_batch_messages").record(batch.len() as f64);
        let database = self.database.clone();
        let id = self
            .tasks
            .spawn(async move { write_batch(&database, batch).await })
            .id();
        let began = Instant::now();
        self.under_way.insert(
            id,
            UnderWay {
                began,
                conversations,
            },
        );
    }

    fn end(&mut self, ended: Result<(task::Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                // Its senders are told that there is no answer, since what would have answered them is gone.
                tracing::error!(%error, "a batch was given up");
                error.id()
            }
        };
        self.under_way.remove(&id);
        self.is_blocked = false;
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
