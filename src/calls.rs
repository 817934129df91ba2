//! Ends the calls that ring out, and hangs up who is gone. Every server does, and the database sees to it that each call
//! ends once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::postgres::Database;

/// While a call runs. Nobody notices that it rings for a second longer, and it is one small statement.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// While none does, as far as was heard: for what was not heard while the listener was away or no server ran. Between
/// two of these looks an idle server asks nothing.
const LOOK_AROUND_EVERY: Duration = Duration::from_secs(60);
/// How long somebody may be without any connection and still be in a call: longer than it takes to come back after changing
/// networks, shorter than anybody talks to a dead line.
const GRACE: Duration = Duration::from_secs(20);

pub struct CallKeeper {
    database: Database,
    /// Told of every call that is new or has changed.
    heard: Arc<Notify>,
    ring: Duration,
}

impl CallKeeper {
    pub fn new(database: Database, heard: Arc<Notify>, ring: Duration) -> Self {
        Self {
            database,
            heard,
            ring,
        }
    }

    /// Runs until cancelled.
    pub async fn run(self, cancel: CancellationToken) {
        loop {
            let is_running = match self.database.expire_calls(self.ring, GRACE).await {
                Ok(count) => {
                    metrics::gauge!("webchat_calls_running").set(f64::from(count));
                    count > 0
                }
                Err(error) => {
                    tracing::warn!(%error, "calls could not be looked after");
                    true
                }
            };
            let pause = async {
                if is_running {
                    tokio::time::sleep(LOOK_EVERY).await;
                } else {
                    tokio::select! {
                        () = self.heard.notified() => {}
                        () = tokio::time::sleep(LOOK_AROUND_EVERY) => {}
                    }
                }
            };
            tokio::select! {
                () = cancel.cancelled() => return,
                () = pause => {}
            }
        }
    }
}
