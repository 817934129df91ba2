//! Presence, typing, and this server's lease.

use std::time::Duration;

use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

impl Database {
    /// Writes the statuses of this server's users, a JSON object (see `chat.set_presences`).
    pub async fn set_presences(&self, server: Uuid, statuses: &str) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Safe,
            "select chat.set_presences($1, $2::text::jsonb)",
            &[&server, &statuses],
        )
        .await?;
        Ok(())
    }

    /// Announces typing of many users, a JSON array (see `chat.announce_typings`).
    pub async fn announce_typings(&self, items: &str) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Safe,
            "select chat.announce_typings($1::text::jsonb)",
            &[&items],
        )
        .await?;
        Ok(())
    }

    /// Renews the lease; false when this server was not registered (any more).
    pub async fn beat(&self, server: Uuid) -> Result<bool, DatabaseError> {
        self.value("select chat.beat($1)", &[&server]).await
    }

    /// Takes off servers silent for longer than `lease`, and `leaving`.
    pub async fn expire_servers(
        &self,
        lease: Duration,
        leaving: Option<Uuid>,
    ) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Safe,
            "select chat.expire_servers(make_interval(secs => $1), $2)",
            &[&lease.as_secs_f64(), &leaving],
        )
        .await?;
        Ok(())
    }

    /// Envelopes of the users who came, went or changed their status within this time.
    pub async fn recent_presences(&self, within: Duration) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select e from chat.recent_presences(make_interval(secs => $1)) e",
            &[&within.as_secs_f64()],
        )
        .await
    }
}
