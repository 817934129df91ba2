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
/// From this share on PostgreSQL's notification queue is worth a warning; full, it fails commits.
const QUEUE_USAGE_WARNED: f64 = 0.25;
/// How long a session that has run out may stay connected, at most.
const HOUSEKEEPING_EVERY: Duration = Duration::from_secs(30);

/// Whether announcements arrive at present.
pub type IsListening = watch::Receiver<bool>;

/// Runs until cancelled.
pub async fn run(
    database: Database,
    relay: Relay,
    is_listening: watch::Sender<bool>,
    cancel: CancellationToken,
) {
    let mut cursor: Option<String> = None;
    let mut backoff = BACKOFF_MIN;
    loop {
        let started = Instant::now();
        let outcome = tokio::select! {
            () = cancel.cancelled() => return,
            outcome = listen(&database, &relay, &is_listening, &mut cursor) => outcome,
        };
        is_listening.send_replace(false);
        match outcome {
            Ok(reason) => tracing::warn!(reason, "not listening any more"),
            Err(error) => tracing::warn!(%error, "can not listen"),
        }
        metrics::counter!("webchat_listener_losses_total").increment(1);
        if started.elapsed() > BACKOFF_MAX {
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
    relay: &Relay,
    is_listening: &watch::Sender<bool>,
    cursor: &mut Option<String>,
) -> Result<&'static str, DatabaseError> {
    let mut listening = Listening::start(database.address()).await?;
    // A failover may have come between: cursors of the history before it are worth nothing.
    database.renew_epoch().await?;
    *cursor = Some(match cursor.as_deref() {
        Some(since) => relay.catch_up(since).await?,
        None => database.current_cursor().await?,
    });
    is_listening.send_replace(true);
    tracing::info!("listening");

    // Its first tick is now: what ended while nothing was heard ends here too.
    let mut housekeeping = tokio::time::interval(HOUSEKEEPING_EVERY);
    loop {
        tokio::select! {
            heard = tokio::time::timeout(SILENCE_MAX, listening.heard.recv()) => match heard {
                Ok(Some(payload)) => {
                    // On an error the cursor stays where it was, and catching up brings this payload again.
                    if let Some(newer) = relay.relay(&payload).await? {
                        *cursor = Some(newer);
                    }
                }
                Ok(None) => return Ok("the connection was lost"),
                Err(_) => return Ok("nothing was heard, not even our own beat"),
            },
            _ = housekeeping.tick() => {
                warn_of_full_queue(database).await?;
                relay.end_stale_sessions().await?;
            }
        }
    }
}

async fn warn_of_full_queue(database: &Database) -> Result<(), DatabaseError> {
    let usage = database.notification_queue_usage().await?;
    metrics::gauge!("webchat_notification_queue_usage").set(usage);
    if usage > QUEUE_USAGE_WARNED {
        tracing::warn!(
            usage,
            "PostgreSQL's notification queue fills: some listener sits in a transaction or does not read"
        );
    }
    Ok(())
}
