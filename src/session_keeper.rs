//! Ends the connections of sessions whose time is over, the moment it is.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::frame::Frame;
use crate::hub::Hub;
use crate::postgres::sessions::Session;
use crate::postgres::{Database, DatabaseError};

/// A connection ends this much after its session, so that ends that lie close together are looked at by one statement.
const TOGETHER: Duration = Duration::from_millis(200);
/// How soon the database is asked again after it did not answer.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// The ends that are known here. An end may be put off, by another server too, and nobody is told: when it has come, the
/// database is asked whether it still is one. So what is put off each minute costs nothing but that question.
pub struct SessionKeeper {
    database: Database,
    hub: Arc<Hub<Frame>>,
    // A std mutex: never held across an await, and every hold is short.
    known: Mutex<Known>,
    /// Told of an end before all others.
    sooner: Notify,
}

#[derive(Default)]
struct Known {
    by_time: BTreeSet<(Instant, Uuid)>,
    by_session: HashMap<Uuid, (Instant, Uuid)>,
}

impl SessionKeeper {
    pub fn new(database: Database, hub: Arc<Hub<Frame>>) -> Self {
        Self {
            database,
            hub,
            known: Mutex::default(),
            sooner: Notify::new(),
        }
    }

    /// Notes when a session ends that a connection was just made with. One that stands on nobody's word is not noted: it lasts
    /// for days, and presence looks around for those.
    pub fn watch(&self, session: &Session) {
        if let Some(end) = &session.end {
            self.note(session.id, session.user_id, end.due);
        }
    }

    fn note(&self, session: Uuid, user: Uuid, due: Instant) {
        let mut known = self.lock();
        if let Some((before, _)) = known.by_session.insert(session, (due, user)) {
            known.by_time.remove(&(before, session));
        }
        known.by_time.insert((due, session));
        let is_first = known.by_time.first() == Some(&(due, session));
        drop(known);
        if is_first {
            self.sooner.notify_one();
        }
    }

    /// Runs until cancelled.
    pub async fn run(self: Arc<Self>, cancel: CancellationToken) {
        loop {
            let next = self.lock().by_time.first().map(|(due, _)| *due);
            let come = async {
                match next {
                    Some(due) => tokio::time::sleep_until((due + TOGETHER).into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = self.sooner.notified() => continue,
                () = come => {}
            }
            let due = self.take_due();
            if let Err(error) = self.end_or_go_on(&due).await {
                tracing::warn!(%error, "whether sessions have ended could not be asked");
                let later = Instant::now() + RETRY_AFTER;
                for (session, user) in due {
                    self.note(session, user, later);
                }
            }
        }
    }

    fn take_due(&self) -> HashMap<Uuid, Uuid> {
        let mut known = self.lock();
        let until = Instant::now();
        let mut due = HashMap::new();
        while let Some((when, session)) = known.by_time.first().copied()
            && when <= until
        {
            known.by_time.pop_first();
            if let Some((_, user)) = known.by_session.remove(&session) {
                due.insert(session, user);
            }
        }
        due
    }

    async fn end_or_go_on(&self, due: &HashMap<Uuid, Uuid>) -> Result<(), DatabaseError> {
        // Those whose clients have gone meanwhile are forgotten.
        let connected: Vec<Uuid> = due
            .iter()
            .filter(|(session, user)| self.hub.has_session(**user, **session))
            .map(|(session, _)| *session)
            .collect();
        if connected.is_empty() {
            return Ok(());
        }
        let going_on = self.database.session_ends(&connected).await?;
        let now = Instant::now();
        let mut ended = connected;
        for (session, rest) in going_on {
            ended.retain(|other| *other != session);
            if let Some(user) = due.get(&session) {
                self.note(session, *user, now + rest);
            }
        }
        if !ended.is_empty() {
            self.hub.end_sessions(&ended);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
