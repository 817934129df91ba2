//! Listens to the database, for as long as the server runs, and catches up after every silence.

use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::postgres::listen::Listening;
use crate::postgres::{Database, DatabaseError};
use crate::relay::Relay;

/// First wait after a connection was lost: most losses are one terminated backend.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// Longest wait: a database that is back should not be kept waiting by us.
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// Every server beats each [`crate::presence::BEAT_EVERY`], through the same channel: several
/// missed in a row mean that the connection is dead, though it may not know.
const SILENCE_MAX: Duration = Duration::from_secs(10);
/// What changes is stamped a moment before it is announced, and clocks run differently fast.
const CLOCKS_DIFFER_MAX: Duration = Duration::from_secs(5);

/// What the listener knows. All cursors that clients get come from here, and so from announcements:
/// those were flushed to disk, and outlive a crash of PostgreSQL.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Whether announcements arrive at present.
    pub is_listening: bool,
    /// The newest cursor heard. What is read from the database after this was taken has all that
    /// the cursor counts as seen.
    pub cursor: Option<String>,
}

/// Runs until cancelled.
pub async fn run(
    database: Database,
    mut relay: Relay,
    heard: watch::Sender<Heard>,
    cancel: CancellationToken,
) {
    let mut backoff = BACKOFF_MIN;
    let mut heard_last = Instant::now();
    loop {
        let outcome = tokio::select! {
            () = cancel.cancelled() => return,
            outcome = listen(&database, &mut relay, &heard, &mut heard_last) => outcome,
        };
        let mut has_listened = false;
        heard.send_modify(|heard| has_listened = std::mem::take(&mut heard.is_listening));
        match outcome {
            Ok(reason) => tracing::warn!(reason, "not listening any more"),
            Err(error) => tracing::warn!(%error, "can not listen"),
        }
        metrics::counter!("webchat_listener_losses_total").increment(1);
        if has_listened {
            // So the database was there.
            backoff = BACKOFF_MIN;
        }
        // Jittered, so that many servers do not come back in one moment.
        let wait = backoff.mul_f64(rand::random_range(0.5..1.5));
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
        backoff = (backoff * 2).min(BACKOFF_MAX);
    }
}

/// Listens until the connection is lost or silent. First it listens, then it reads what changed
/// since the last cursor: what commits in between comes twice, and nothing is missed.
async fn listen(
    database: &Database,
    relay: &mut Relay,
    heard: &watch::Sender<Heard>,
    heard_last: &mut Instant,
) -> Result<&'static str, DatabaseError> {
    let mut listening = Listening::start(database.address()).await?;
    // A failover may have come between: cursors of the history before it are worth nothing.
    database.renew_epoch().await?;
    let since = heard.borrow().cursor.clone();
    let silence = heard_last.elapsed() + CLOCKS_DIFFER_MAX;
    if let Some(since) = since
        && !relay.catch_up(&since, silence).await?
    {
        heard.send_modify(|heard| heard.cursor = None);
    }
    database.announce_cursor().await?;

    loop {
        let payload = match tokio::time::timeout(SILENCE_MAX, listening.heard.recv()).await {
            Ok(Some(payload)) => payload,
            Ok(None) => return Ok("the connection was lost"),
            Err(_) => return Ok("nothing was heard, not even our own beat"),
        };
        // On an error the cursor stays where it was, and catching up brings this payload again.
        if let Some(cursor) = relay.relay(&payload).await? {
            if !heard.borrow().is_listening {
                tracing::info!("listening");
            }
            *heard_last = Instant::now();
            heard.send_replace(Heard {
                is_listening: true,
                cursor: Some(cursor),
            });
        }
    }
}
