//! The host's own sessions, by its function `chat_hook.authenticate`.

use std::time::Duration;

use tokio::sync::Semaphore;

use super::{Visitor, host_unavailable};
use crate::postgres::Database;
use crate::problem::Problem;

/// Calls at once: whatever the function waits for, most of the server's connections are left to the chat.
const CALLS_AT_ONCE_MAX: usize = 2;
/// How long a call waits for its turn.
const TURN_WAIT_MAX: Duration = Duration::from_secs(4);
/// How long the function's word holds where it names no end: then it is asked again.
const PROOF_SECONDS: i32 = 60;

pub struct Hook {
    database: Database,
    turns: Semaphore,
    seconds_max: i32,
}

impl Hook {
    pub fn new(database: Database, seconds_max: i32) -> Self {
        Self {
            database,
            turns: Semaphore::new(CALLS_AT_ONCE_MAX),
            seconds_max,
        }
    }

    /// Whom a token stands for; None for nobody.
    pub async fn ask(&self, token: &str) -> Result<Option<Visitor>, Problem> {
        let turn = tokio::time::timeout(TURN_WAIT_MAX, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            tracing::warn!("chat_hook.authenticate is asked more often than it answers");
            return Err(host_unavailable());
        };
        let known = self.database.authenticate(token).await.map_err(|failure| {
            // Its author may have put the token into what it raises.
            let failure = failure.to_string().replace(token, "(the token)");
            tracing::error!(error = failure, "chat_hook.authenticate failed");
            host_unavailable()
        })?;
        Ok(known.map(|known| Visitor {
            mode: "sql",
            external_id: known.external_id,
            name: known.name,
            username: known.username,
            avatar_url: known.avatar_url,
            seconds_max: match known.expires_at {
                Some(_) => self.seconds_max,
                None => PROOF_SECONDS,
            },
            expires_at: known.expires_at,
        }))
    }
}
