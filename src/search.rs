//! Brings the search index up to what was sent, a little at a time and never in anybody's way.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::postgres::{Database, DatabaseError};

/// Blocks of a turn: some tenths of a second. What a turn does at once it does in half the time, and a search that runs
/// meanwhile reads what the turn has not merged yet.
const BLOCKS_PER_TURN: i32 = 32;
/// And the conversations of a turn: each is looked at, even if there is nothing to do.
const CONVERSATIONS_PER_TURN: usize = 256;
/// After a turn the indexer rests this many times as long as the turn took: at least so much of a core is left alone. Its
/// writes weigh more than its share of time says, so it all but stops while messages come as fast as they can be stored.
const REST_TIMES_QUIET: u32 = 1;
const REST_TIMES: u32 = 9;
const REST_TIMES_BUSY: u32 = 39;
/// Messages a second below which a chat is quiet, and from which on it is busy.
const QUIET_A_SECOND: f64 = 20.0;
const BUSY_A_SECOND: f64 = 1_000.0;
/// However long a turn took, because the machine stood still, say.
const REST_MAX: Duration = Duration::from_secs(60);
/// Between two looks at what was sent; until then it is searched as it is.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A conversation that is waited for to be quiet, or that another server works on, is looked at again this often.
const LOOK_AGAIN_EVERY: Duration = Duration::from_secs(10);
/// What nobody told us of, while the listener was away or no server ran, is looked for this often.
const LOOK_AROUND_EVERY: Duration = Duration::from_secs(600);

/// Conversations of which something was heard since the indexer looked last.
#[derive(Clone, Default)]
pub struct Heard {
    // A std mutex: it is never held across an await.
    since_last: Arc<Mutex<Sent>>,
}

#[derive(Default)]
struct Sent {
    conversations: HashSet<Uuid>,
    messages: u32,
}

impl Heard {
    /// A message of this conversation is new or has changed.
    pub fn note(&self, conversation: Uuid) {
        let mut sent = self
            .since_last
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        sent.conversations.insert(conversation);
        sent.messages = sent.messages.saturating_add(1);
    }

    fn take(&self) -> Sent {
        std::mem::take(
            &mut *self
                .since_last
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

/// This server's turn at the index. Servers of one database hear the same, and one of them is at it at a time.
pub struct Indexer {
    database: Database,
    heard: Heard,
    /// Of which there is something to do now.
    waiting: HashSet<Uuid>,
    /// Of which there is something to do later.
    later: HashSet<Uuid>,
    looked_again: Instant,
    looked_around: Option<Instant>,
    /// When the last turn began, and how fast messages came before it.
    began: Instant,
    messages_a_second: f64,
}

impl Indexer {
    pub fn new(database: Database, heard: Heard) -> Self {
        Self {
            database,
            heard,
            waiting: HashSet::new(),
            later: HashSet::new(),
            looked_again: Instant::now(),
            looked_around: None,
            began: Instant::now(),
            messages_a_second: 0.0,
        }
    }

    /// Runs until cancelled; a turn that is under way is waited for.
    pub async fn run(mut self, cancel: CancellationToken) {
        loop {
            let sent = self.heard.take();
            self.messages_a_second =
                f64::from(sent.messages) / self.began.elapsed().as_secs_f64().max(1.0);
            self.waiting.extend(sent.conversations);
            self.began = Instant::now();
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "the search index could not be brought further; it is tried again");
            }
            let times = match self.messages_a_second {
                quiet if quiet < QUIET_A_SECOND => REST_TIMES_QUIET,
                busy if busy >= BUSY_A_SECOND => REST_TIMES_BUSY,
                _ => REST_TIMES,
            };
            let rest = (self.began.elapsed() * times).min(REST_MAX);
            let pause = if self.waiting.is_empty() {
                rest.max(LOOK_EVERY)
            } else {
                rest
            };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn turn(&mut self) -> Result<(), DatabaseError> {
        if self
            .looked_around
            .is_none_or(|looked| looked.elapsed() >= LOOK_AROUND_EVERY)
        {
            self.waiting
                .extend(self.database.unindexed_conversations().await?);
            self.looked_around = Some(Instant::now());
            if !self.waiting.is_empty() {
                tracing::debug!(
                    conversations = self.waiting.len(),
                    "the search index lacks messages"
                );
            }
        }
        if self.looked_again.elapsed() >= LOOK_AGAIN_EVERY {
            self.waiting.extend(self.later.drain());
            self.looked_again = Instant::now();
        }
        if self.waiting.is_empty() {
            return Ok(());
        }
        let asked: Vec<Uuid> = self
            .waiting
            .iter()
            .copied()
            .take(CONVERSATIONS_PER_TURN)
            .collect();
        let indexed = self
            .database
            .index_messages(BLOCKS_PER_TURN, &asked)
            .await?;
        for conversation in &asked {
            self.waiting.remove(conversation);
        }
        match indexed.blocks {
            // The turn was not enough for all of them.
            Some(blocks) if blocks >= BLOCKS_PER_TURN => self.waiting.extend(indexed.unfinished),
            // They wait to be quiet, or for another server to be done with them.
            _ => self.later.extend(indexed.unfinished),
        }
        if let Some(blocks) = indexed.blocks {
            metrics::counter!("webchat_search_blocks_total")
                .increment(u64::from(blocks.unsigned_abs()));
        }
        Ok(())
    }
}
