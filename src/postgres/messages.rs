//! Messages: the batch that sends them, and reading and changing single ones.

use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{Database, DatabaseError, Refusal, Repeat};

/// Which part of a conversation is asked for.
#[derive(Clone, Debug, Default)]
pub enum HistoryPlace {
    #[default]
    Newest,
    Before(i64),
    After(i64),
    Around(i64),
    /// Around the first message that its reader has not read.
    AroundUnread,
    /// From a time on, as RFC 3339 writes it.
    Date(String),
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
        let call = |seqs: &str| format!("select chat.history_page($1, $2, {seqs})");
        let (sql, seq) = match place {
            HistoryPlace::Newest => (call("null, null, null, $3"), None),
            HistoryPlace::Before(seq) => (call("$4, null, null, $3"), Some(seq)),
            HistoryPlace::After(seq) => (call("null, $4, null, $3"), Some(seq)),
            HistoryPlace::Around(seq) => (call("null, null, $4, $3"), Some(seq)),
            HistoryPlace::AroundUnread => {
                let unread = "null, null, chat.first_unread($1, $2), $3";
                (call(unread), None)
            }
            HistoryPlace::Date(date) => {
                let sql = call("null, null, null, $3, $4::text::timestamptz");
                let parameters: &[&(dyn ToSql + Sync)] = &[&actor, &conversation, &limit, &date];
                return self.value(&sql, parameters).await;
            }
        };
        match seq {
            Some(seq) => {
                self.value(&sql, &[&actor, &conversation, &limit, &seq])
                    .await
            }
            None => self.value(&sql, &[&actor, &conversation, &limit]).await,
        }
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
        data: Option<&str>,
    ) -> Result<String, DatabaseError> {
        self.act_on_message(
            "edit_message($1, $2, $3, $4::text::jsonb)",
            &[&actor, &message, &body, &data],
        )
        .await
    }

    pub async fn delete_message(
        &self,
        actor: Uuid,
        message: Uuid,
    ) -> Result<String, DatabaseError> {
        self.act_on_message("delete_message($1, $2)", &[&actor, &message])
            .await
    }

    pub async fn restore_message(
        &self,
        actor: Uuid,
        message: Uuid,
    ) -> Result<String, DatabaseError> {
        self.act_on_message("restore_message($1, $2)", &[&actor, &message])
            .await
    }

    /// Deletes a message for the actor alone.
    pub async fn hide_message(&self, actor: Uuid, message: Uuid) -> Result<String, DatabaseError> {
        self.act_on_message("hide_message($1, $2)", &[&actor, &message])
            .await
    }

    pub async fn unhide_message(
        &self,
        actor: Uuid,
        message: Uuid,
    ) -> Result<String, DatabaseError> {
        self.act_on_message("unhide_message($1, $2)", &[&actor, &message])
            .await
    }

    pub async fn pin_message(&self, actor: Uuid, message: Uuid) -> Result<String, DatabaseError> {
        self.act_on_message("pin_message($1, $2)", &[&actor, &message])
            .await
    }

    pub async fn unpin_message(&self, actor: Uuid, message: Uuid) -> Result<String, DatabaseError> {
        self.act_on_message("unpin_message($1, $2)", &[&actor, &message])
            .await
    }

    pub async fn react(
        &self,
        actor: Uuid,
        message: Uuid,
        emoji: &str,
    ) -> Result<String, DatabaseError> {
        self.act_on_message("react($1, $2, $3)", &[&actor, &message, &emoji])
            .await
    }

    pub async fn unreact(
        &self,
        actor: Uuid,
        message: Uuid,
        emoji: &str,
    ) -> Result<String, DatabaseError> {
        self.act_on_message("unreact($1, $2, $3)", &[&actor, &message, &emoji])
            .await
    }

    /// Repeats a message in other conversations; `client_id` makes it safe to repeat.
    pub async fn forward_message(
        &self,
        actor: Uuid,
        message: Uuid,
        conversations: &[Uuid],
        client_id: &str,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select chat.message_json(m, u.name, u.avatar_id)::text
             from chat.forward_message($1, $2, $3, $4) m left join chat.users u on u.id = m.sender_id",
            &[&actor, &message, &conversations, &client_id],
        )
        .await
    }

    /// Who reacted with what, first to last.
    pub async fn list_reactions(
        &self,
        actor: Uuid,
        message: Uuid,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select r::text from chat.list_reactions($1, $2) r",
            &[&actor, &message],
        )
        .await
    }

    /// Pinned messages, the newest pin first.
    pub async fn list_pins(
        &self,
        actor: Uuid,
        conversation: Uuid,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select r::text from chat.list_pins($1, $2) r",
            &[&actor, &conversation],
        )
        .await
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

    /// Calls a function that answers with a message.
    async fn act_on_message(
        &self,
        call: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<String, DatabaseError> {
        let sql = format!(
            "select chat.message_json(m, u.name, u.avatar_id)::text
             from chat.{call} m left join chat.users u on u.id = m.sender_id"
        );
        self.value(&sql, parameters).await
    }
}
