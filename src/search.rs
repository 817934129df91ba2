//! Brings the search index up to what was sent, a little at a time and never in anybody's way.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::postgres::{Database, DatabaseError};

/// Blocks of a turn: some tenths of a second. What a turn does at once it does in half the time, and a search that runs
/// meanwhile reads what the turn has not merged yet.
const BLOCKS_PER_TURN: i32 = 64;
/// And the conversations of a turn: each is looked at, even if there is nothing to do.
const CONVERSATIONS_PER_TURN: usize = 256;
/// After a turn the indexer rests this many times as long as the turn took: a tenth of one core is the most it uses.
const REST_TIMES: u32 = 9;
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
    conversations: Arc<Mutex<HashSet<Uuid>>>,
}

impl Heard {
    pub fn note(&self, conversation: Uuid) {
        self.conversations
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(conversation);
    }

    fn take(&self) -> HashSet<Uuid> {
        std::mem::take(
            &mut *self
                .conversations
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
        }
    }

    /// Runs until cancelled; a turn that is under way is waited for.
    pub async fn run(mut self, cancel: CancellationToken) {
        loop {
            let began = Instant::now();
            if let Err(error) = self.turn().await {
                tracing::warn!(%error, "the search index could not be brought further; it is tried again");
            }
            let rest = began.elapsed() * REST_TIMES;
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
        self.waiting.extend(self.heard.take());
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
