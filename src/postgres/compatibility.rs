//! What clients of other chats read and write: flat messages, histories by offset, who is online.

use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

/// The messages of a page: `limit` of them before the newest `offset`.
#[derive(Clone, Copy, Debug)]
pub struct PlainPage {
    pub limit: i32,
    pub offset: i32,
}

impl Database {
    pub async fn plain_message(&self, actor: Uuid, message: Uuid) -> Result<String, DatabaseError> {
        self.value(
            "select chat.plain_message($1, $2)::text",
            &[&actor, &message],
        )
        .await
    }

    pub async fn plain_history(
        &self,
        actor: Uuid,
        conversation: Uuid,
        page: PlainPage,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select m::text from chat.plain_history($1, $2, $3, $4) m",
            &[&actor, &conversation, &page.limit, &page.offset],
        )
        .await
    }

    /// Of the general room.
    pub async fn plain_general(
        &self,
        actor: Uuid,
        page: PlainPage,
    ) -> Result<Vec<String>, DatabaseError> {
        // Where there is none, null is the conversation that is not found.
        self.values(
            "select m::text from chat.plain_history($1,
                (select id from chat.conversations where is_general and closed_at is null), $2, $3) m",
            &[&actor, &page.limit, &page.offset],
        )
        .await
    }

    /// Of two people, of whom the actor must be one.
    pub async fn plain_between(
        &self,
        actor: Uuid,
        user: Uuid,
        other: Uuid,
        page: PlainPage,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select m::text from chat.plain_history_between($1, $2, $3, $4, $5) m",
            &[&actor, &user, &other, &page.limit, &page.offset],
        )
        .await
    }

    /// Of all the actor's conversations.
    pub async fn plain_newest(
        &self,
        actor: Uuid,
        page: PlainPage,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select m::text from chat.plain_newest($1, $2, $3) m",
            &[&actor, &page.limit, &page.offset],
        )
        .await
    }

    pub async fn mark_message_read(
        &self,
        actor: Uuid,
        message: Uuid,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.mark_message_read($1, $2)::text",
            &[&actor, &message],
        )
        .await
    }

    /// The direct conversation with somebody, made when there is none.
    pub async fn direct_with(&self, actor: Uuid, user: Uuid) -> Result<Uuid, DatabaseError> {
        self.value("select id from chat.open_direct($1, $2)", &[&actor, &user])
            .await
    }

    /// Who else is in a direct conversation (in notes to oneself: oneself); none for one of another kind.
    pub async fn direct_peer(
        &self,
        user: Uuid,
        conversation: Uuid,
    ) -> Result<Option<Uuid>, DatabaseError> {
        let row = self
            .row_opt(
                Repeat::Safe,
                "select chat.other_of(c, $1) from chat.conversations c where c.id = $2 and c.kind = 'direct'",
                &[&user, &conversation],
            )
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// A room that lets people in by approval, and the secret of a link to it: both or neither.
    pub async fn create_room_with_link(
        &self,
        actor: Uuid,
        title: &str,
        description: Option<&str>,
    ) -> Result<(Uuid, String), DatabaseError> {
        let row = self
            .row(
                Repeat::Unsafe,
                "select c.id, i.token from chat.create_room($1, $2, $3, 'approval') c
                 cross join lateral chat.create_invite($1, c.id) i",
                &[&actor, &title, &description],
            )
            .await?;
        Ok((row.get(0), row.get(1)))
    }

    /// A guest with a username of their own.
    pub async fn create_named_guest(
        &self,
        name: &str,
        username: Option<&str>,
    ) -> Result<(Uuid, String), DatabaseError> {
        let row = self
            .row(
                Repeat::Unsafe,
                "select u.id, chat.user_json(u)::text from chat.create_user($1, $2, p_is_guest => true) u",
                &[&name, &username],
            )
            .await?;
        Ok((row.get(0), row.get(1)))
    }

    /// Who is online, as a JSON list.
    pub async fn list_online(&self, limit: i32) -> Result<String, DatabaseError> {
        self.value("select chat.list_online($1)::text", &[&limit])
            .await
    }
}
