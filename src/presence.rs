//! Tells the database who is connected here, and that this server lives; takes dead servers off,
//! and sessions that have run out.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::frame::Frame;
use crate::hub::{Hub, Status};
use crate::postgres::{Database, DatabaseError};

/// A server's sign of life.
pub const BEAT_EVERY: Duration = Duration::from_secs(2);
/// After three missed beats a server is taken for dead, and its users go offline.
const LEASE: Duration = Duration::from_secs(7);
/// Comings and goings are written together this often.
const WRITE_EVERY: Duration = Duration::from_millis(500);
/// A page that is loaded again is away for a moment; nobody needs to know.
const OFFLINE_AFTER: Duration = Duration::from_secs(2);

/// How long a session that has run out, or whose end was announced while we did not listen, may stay
/// connected.
const LOOK_AROUND_EVERY: Duration = Duration::from_secs(10);
/// From this share on PostgreSQL's notification queue is worth a warning; full, it fails commits.
const QUEUE_USAGE_WARNED: f64 = 0.25;

/// This server's half of presence.
pub struct PresenceKeeper {
    database: Database,
    hub: Arc<Hub<Frame>>,
    server: Uuid,
    /// What the database holds of this server's users.
    written: HashMap<Uuid, Status>,
    leaving: HashMap<Uuid, Instant>,
}

impl PresenceKeeper {
    pub fn new(database: Database, hub: Arc<Hub<Frame>>) -> Self {
        Self {
            database,
            hub,
            server: Uuid::now_v7(),
            written: HashMap::new(),
            leaving: HashMap::new(),
        }
    }

    /// Runs until cancelled; then this server is taken off, and its users with it.
    pub async fn run(mut self, cancel: CancellationToken) {
        let mut beat = tokio::time::interval(BEAT_EVERY);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut write = tokio::time::interval(WRITE_EVERY);
        write.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut look_around = tokio::time::interval(LOOK_AROUND_EVERY);
        look_around.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let outcome = tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                _ = beat.tick() => self.beat().await,
                _ = write.tick() => self.write().await,
                _ = look_around.tick() => self.look_around().await,
            };
            if let Err(error) = outcome {
                tracing::warn!(%error, "presence and leases could not be looked after");
            }
        }
        if let Err(error) = self.database.expire_servers(LEASE, Some(self.server)).await {
            tracing::warn!(%error, "this server's lease could not be given up; it runs out by itself");
        }
    }

    async fn beat(&mut self) -> Result<(), DatabaseError> {
        if !self.database.beat(self.server).await? {
            // Not registered any more: taken for dead, or PostgreSQL crashed and lost its unlogged
            // table. What was written is gone.
            self.written.clear();
            let everyone = self.hub.connected_users().into_iter();
            let statuses = everyone.map(|user| (user, self.hub.status(user))).collect();
            self.write_statuses(statuses).await?;
        }
        self.database.expire_servers(LEASE, None).await
    }

    async fn look_around(&mut self) -> Result<(), DatabaseError> {
        let sessions = self.hub.sessions();
        if !sessions.is_empty() {
            let ended = self.database.ended_sessions(&sessions).await?;
            self.hub.end_sessions(&ended);
            self.database.see_sessions(&sessions).await?;
        }
        let usage = self.database.notification_queue_usage().await?;
        metrics::gauge!("webchat_notification_queue_usage").set(usage);
        if usage > QUEUE_USAGE_WARNED {
            tracing::warn!(
                usage,
                "PostgreSQL's notification queue fills: some listener sits in a transaction or does not read"
            );
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<(), DatabaseError> {
        let now = Instant::now();
        let mut statuses = HashMap::new();
        for user in self.hub.take_changed_users() {
            match self.hub.status(user) {
                Status::Offline => {
                    self.leaving.entry(user).or_insert(now);
                }
                status => {
                    self.leaving.remove(&user);
                    statuses.insert(user, status);
                }
            }
        }
        self.leaving.retain(|user, since| {
            let is_gone = now.duration_since(*since) >= OFFLINE_AFTER;
            if is_gone {
                statuses.insert(*user, Status::Offline);
            }
            !is_gone
        });
        statuses.retain(|user, status| {
            self.written.get(user).copied().unwrap_or(Status::Offline) != *status
        });
        self.write_statuses(statuses).await
    }

    async fn write_statuses(
        &mut self,
        statuses: HashMap<Uuid, Status>,
    ) -> Result<(), DatabaseError> {
        if statuses.is_empty() {
            return Ok(());
        }
        let json: serde_json::Map<String, serde_json::Value> = statuses
            .iter()
            .map(|(user, status)| (user.to_string(), status.name().into()))
            .collect();
        let outcome = self
            .database
            .set_presences(self.server, &serde_json::Value::Object(json).to_string())
            .await;
        for (user, status) in statuses {
            match (&outcome, status) {
                // Not written: looked at again the next time.
                (Err(_), _) => {
                    self.written.remove(&user);
                    self.hub.touch(user);
                }
                (Ok(()), Status::Offline) => {
                    self.written.remove(&user);
                }
                (Ok(()), status) => {
                    self.written.insert(user, status);
                }
            }
        }
        outcome
    }
}
