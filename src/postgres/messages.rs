//! Messages: the batch that sends them, and reading and changing single ones.

use uuid::Uuid;

use super::{Database, DatabaseError, Refusal, Repeat};

/// Which part of a conversation is asked for; none of them: the newest.
#[derive(Clone, Copy, Debug, Default)]
pub struct HistoryPlace {
    pub before: Option<i64>,
    pub after: Option<i64>,
    pub around: Option<i64>,
}

/// The newest page, for who may hold it already.
pub struct NewestPage {
    /// None when nothing of it has changed since the cursor that was given.
    pub json: Option<String>,
    /// Its reader has hidden messages: it is nobody else's page.
    pub is_own: bool,
}

/// What came of one item of a batch.
pub struct Sent {
    /// 201 when it is new, 200 when it had been sent before.
    pub status: u16,
    /// The message as JSON.
    pub message: String,
}

impl Database {
    /// Sends a batch, a JSON array of items (see `chat.send_messages`); one result for each, in order.
    /// Safe to repeat only if every item has a `client_id`.
    pub async fn send_messages(
        &self,
        items: &str,
    ) -> Result<Vec<Result<Sent, Refusal>>, DatabaseError> {
        let rows = self
            .rows(
                Repeat::Safe,
                "select status, code, detail, message::text from chat.send_messages($1::text::jsonb)",
                &[&items],
            )
            .await?;
        Ok(rows
            .into_iter()
            .map(|row| {
                let status = u16::try_from(row.get::<_, i32>(0)).unwrap_or(500);
                match row.get::<_, Option<String>>(3) {
                    Some(message) => Ok(Sent { status, message }),
                    None => Err(Refusal {
                        status,
                        code: row.get::<_, Option<String>>(1).unwrap_or_default(),
                        detail: row.get::<_, Option<String>>(2).unwrap_or_default(),
                    }),
                }
            })
            .collect())
    }

    /// A page of a conversation as JSON, `{"items": […], "next": …}`.
    pub async fn history_page(
        &self,
        actor: Uuid,
        conversation: Uuid,
        place: HistoryPlace,
        limit: i32,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.history_page($1, $2, $3, $4, $5, $6)",
            &[
                &actor,
                &conversation,
                &place.before,
                &place.after,
                &place.around,
                &limit,
            ],
        )
        .await
    }

    /// The newest page for the session behind a token, which is looked up on the way: none when it has
    /// ended.
    pub async fn newest_page(
        &self,
        token_hash: &[u8],
        conversation: Uuid,
        limit: i32,
        known: Option<&str>,
    ) -> Result<Option<NewestPage>, DatabaseError> {
        // Whether a page is its reader's own needs no asking when there is none.
        let row = self
            .row_opt(
                Repeat::Safe,
                "select n.page, n.page is not null and chat.hides_messages(s.user_id, $2)
                 from chat.live_session($1) s cross join lateral chat.newest_page(s.user_id, $2, $3, $4) n (page)",
                &[&token_hash, &conversation, &limit, &known],
            )
            .await?;
        Ok(row.map(|row| NewestPage {
            json: row.get(0),
            is_own: row.get(1),
        }))
    }

    pub async fn read_message(&self, actor: Uuid, message: Uuid) -> Result<String, DatabaseError> {
        self.value(
            "select chat.read_message($1, $2)::text",
            &[&actor, &message],
        )
        .await
    }

    pub async fn edit_message(
        &self,
        actor: Uuid,
        message: Uuid,
        body: &str,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.message_json(m, u.name)::text
             from chat.edit_message($1, $2, $3) m left join chat.users u on u.id = m.sender_id",
            &[&actor, &message, &body],
        )
        .await
    }

    pub async fn delete_message(
        &self,
        actor: Uuid,
        message: Uuid,
    ) -> Result<String, DatabaseError> {
        self.act_on_message("delete_message", actor, message).await
    }

    pub async fn restore_message(
        &self,
        actor: Uuid,
        message: Uuid,
    ) -> Result<String, DatabaseError> {
        self.act_on_message("restore_message", actor, message).await
    }

    /// Deletes a message for the actor alone.
    pub async fn hide_message(&self, actor: Uuid, message: Uuid) -> Result<String, DatabaseError> {
        self.act_on_message("hide_message", actor, message).await
    }

    pub async fn unhide_message(
        &self,
        actor: Uuid,
        message: Uuid,
    ) -> Result<String, DatabaseError> {
        self.act_on_message("unhide_message", actor, message).await
    }

    /// What a message said before each edit, oldest first.
    pub async fn revisions(
        &self,
        actor: Uuid,
        message: Uuid,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select r::text from chat.revisions($1, $2) r",
            &[&actor, &message],
        )
        .await
    }

    /// Calls a function of the actor and a message that answers with the message.
    async fn act_on_message(
        &self,
        function: &'static str,
        actor: Uuid,
        message: Uuid,
    ) -> Result<String, DatabaseError> {
        let sql = format!(
            "select chat.message_json(m, u.name)::text
             from chat.{function}($1, $2) m left join chat.users u on u.id = m.sender_id"
        );
        self.value(&sql, &[&actor, &message]).await
    }
}
