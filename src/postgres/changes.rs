//! Cursors, what changed since one, and what a reference stands for.

use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

/// What became visible since a cursor.
pub struct Changes {
    /// The cursor was foreign or too old: load afresh.
    pub is_reset: bool,
    /// Envelopes as announcements hold them, in an order in which they can be applied.
    pub envelopes: Vec<String>,
}

impl Database {
    /// Has the present cursor announced; it comes by the listener, as all cursors do.
    pub async fn announce_cursor(&self) -> Result<(), DatabaseError> {
        self.row(Repeat::Safe, "select chat.announce_cursor()", &[])
            .await?;
        Ok(())
    }

    /// For one user, or for everyone when `actor` is none.
    pub async fn changes_since(
        &self,
        actor: Option<Uuid>,
        cursor: &str,
    ) -> Result<Changes, DatabaseError> {
        // PostgreSQL's text can not hold it, and no cursor of ours does: as unreadable as any other.
        let cursor = if cursor.contains('\0') { "" } else { cursor };
        let row = self
            .row(
                Repeat::Safe,
                "select is_reset, envelopes from chat.changes_since($1, $2)",
                &[&actor, &cursor],
            )
            .await?;
        Ok(Changes {
            is_reset: row.get(0),
            envelopes: row.get(1),
        })
    }

    /// The envelope that a reference stands for; none when its row is gone.
    pub async fn read_event(
        &self,
        kind: &str,
        id: Uuid,
        user: Option<Uuid>,
    ) -> Result<Option<String>, DatabaseError> {
        self.value("select chat.read_event($1, $2, $3)", &[&kind, &id, &user])
            .await
    }

    /// Begins a new epoch when the data lives elsewhere than before; returns the present one's label.
    pub async fn renew_epoch(&self) -> Result<String, DatabaseError> {
        self.value("select chat.renew_epoch()", &[]).await
    }

    /// The share of PostgreSQL's notification queue that is full, 0 to 1.
    pub async fn notification_queue_usage(&self) -> Result<f64, DatabaseError> {
        self.value("select pg_notification_queue_usage()", &[])
            .await
    }
}
