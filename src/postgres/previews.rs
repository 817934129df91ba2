//! Link previews: whose turn it is to fetch one, and what was found.

use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

/// What is to be done for a message's preview.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// This server fetches it.
    Fetch,
    /// Another is at it.
    Wait,
    /// It is there, or there is none to be.
    Done,
}

impl Database {
    /// `edited_at` is the message's, as its JSON has it: a preview is of what was said then. Twice does no
    /// harm: who forgot that it was to fetch waits until that claim is given up.
    pub async fn claim_preview(
        &self,
        message: Uuid,
        url: &str,
        edited_at: Option<&str>,
    ) -> Result<Claim, DatabaseError> {
        let word: String = self
            .value(
                "select chat.claim_preview($1, $2, $3::text::timestamptz)",
                &[&message, &url, &edited_at],
            )
            .await?;
        match word.as_str() {
            "fetch" => Ok(Claim::Fetch),
            "wait" => Ok(Claim::Wait),
            "done" => Ok(Claim::Done),
            _ => Err(DatabaseError::Internal(format!(
                "chat.claim_preview says {word}"
            ))),
        }
    }

    /// Keeps what was found; no title: that there is nothing.
    pub async fn store_preview(
        &self,
        url: &str,
        title: Option<&str>,
        description: Option<&str>,
        site_name: Option<&str>,
    ) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Safe,
            "select chat.store_preview($1, $2, $3, $4)",
            &[&url, &title, &description, &site_name],
        )
        .await?;
        Ok(())
    }

    /// Gives a message the preview that was stored; false when it is not for it any more.
    pub async fn attach_preview(
        &self,
        message: Uuid,
        url: &str,
        edited_at: Option<&str>,
    ) -> Result<bool, DatabaseError> {
        self.value(
            "select chat.attach_preview($1, $2, $3::text::timestamptz)",
            &[&message, &url, &edited_at],
        )
        .await
    }

    /// Takes the preview off a message, for good.
    pub async fn remove_preview(
        &self,
        actor: Uuid,
        message: Uuid,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.message_json(m, u.name, u.avatar_id)::text
             from chat.remove_preview($1, $2) m left join chat.users u on u.id = m.sender_id",
            &[&actor, &message],
        )
        .await
    }
}
