//! Calls. Objects come as JSON text, made by the database.

use std::time::Duration;

use uuid::Uuid;

use super::conversations::Opened;
use super::{Database, DatabaseError, Repeat};

/// What somebody does with a call.
#[derive(Debug)]
pub struct CallAction {
    /// The conversation to request one in; else the call, or the conversation whose running call is meant.
    pub target: Uuid,
    /// As `chat.call_action` knows it.
    pub action: String,
    /// audio, unless it says video.
    pub media: Option<String>,
    pub device: Option<String>,
}

impl Database {
    /// Requests a call, or does something with one. The same again does no harm.
    pub async fn call_action(
        &self,
        actor: Uuid,
        action: &CallAction,
    ) -> Result<Opened, DatabaseError> {
        let row = self
            .row(
                Repeat::Safe,
                "select k.id, k.revision = 1 and k.changed_xid = pg_current_xact_id_if_assigned()
                 from chat.call_action($1, $2, $3, coalesce($4, 'audio'), $5) k",
                &[
                    &actor,
                    &action.target,
                    &action.action,
                    &action.media,
                    &action.device,
                ],
            )
            .await?;
        // A statement does not see the rows that its own functions write.
        Ok(Opened {
            json: self.read_call(actor, row.get(0)).await?,
            is_new: row.get::<_, Option<bool>>(1).unwrap_or(false),
        })
    }

    pub async fn read_call(&self, actor: Uuid, call: Uuid) -> Result<String, DatabaseError> {
        self.value("select chat.read_call($1, $2)::text", &[&actor, &call])
            .await
    }

    /// Newest first; of one conversation, or all of a user's own.
    pub async fn list_calls(
        &self,
        actor: Uuid,
        conversation: Option<Uuid>,
        before: Option<Uuid>,
        limit: i32,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select c::text from chat.list_calls($1, $2, $3, $4) c",
            &[&actor, &conversation, &before, &limit],
        )
        .await
    }

    /// Tells another participant's clients something; twice does harm to nobody who speaks WebRTC.
    pub async fn signal_call(
        &self,
        actor: Uuid,
        call: Uuid,
        to: Uuid,
        data: &str,
    ) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Safe,
            "select chat.signal_call($1, $2, $3, $4::text::jsonb)",
            &[&actor, &call, &to, &data],
        )
        .await?;
        Ok(())
    }

    /// Ends what has rung for long enough, and hangs up who is gone; answers with how many calls run on.
    pub async fn expire_calls(
        &self,
        ring: Duration,
        grace: Duration,
    ) -> Result<i32, DatabaseError> {
        self.value(
            "select chat.expire_calls(make_interval(secs => $1), make_interval(secs => $2))",
            &[&ring.as_secs_f64(), &grace.as_secs_f64()],
        )
        .await
    }
}
