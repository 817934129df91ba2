//! Marks and receipts.

use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

impl Database {
    /// Raises a user's marks in one conversation; returns where they stand.
    pub async fn mark(
        &self,
        actor: Uuid,
        conversation: Uuid,
        delivered_seq: Option<i64>,
        read_seq: Option<i64>,
    ) -> Result<(i64, i64), DatabaseError> {
        let row = self
            .row(
                Repeat::Safe,
                "select delivered_seq, read_seq from chat.mark($1, $2, $3, $4)",
                &[&actor, &conversation, &delivered_seq, &read_seq],
            )
            .await?;
        Ok((row.get(0), row.get(1)))
    }

    /// Raises many marks, a JSON array (see `chat.mark_many`).
    pub async fn mark_many(&self, marks: &str) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Safe,
            "select chat.mark_many($1::text::jsonb)",
            &[&marks],
        )
        .await?;
        Ok(())
    }

    /// Who received and read a message, and when.
    pub async fn message_receipts(
        &self,
        actor: Uuid,
        message: Uuid,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.message_receipts($1, $2)::text",
            &[&actor, &message],
        )
        .await
    }
}
