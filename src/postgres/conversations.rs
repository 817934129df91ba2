//! Conversations and their members. Objects come as JSON text, made by the database.

use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

/// A conversation or membership just asked for, as JSON, and whether this call made it.
pub struct Opened {
    pub json: String,
    pub is_new: bool,
}

/// Place in the list of conversations after which the next page begins.
pub struct ConversationPlace {
    /// ISO 8601.
    pub active_at: String,
    pub id: Uuid,
}

/// What a user wants of a conversation; none leaves it as it is.
#[derive(Debug, Default)]
pub struct Preferences {
    pub pinned: Option<bool>,
    pub archived: Option<bool>,
    /// ISO 8601, `infinity`, or a time that is past to end the silence.
    pub muted_until: Option<String>,
    pub notify: Option<String>,
}

impl Database {
    /// Ids of the conversations that a user is a member of.
    pub async fn conversation_ids(&self, user: Uuid) -> Result<Vec<Uuid>, DatabaseError> {
        self.values(
            "select conversation_id from chat.members where user_id = $1 and active",
            &[&user],
        )
        .await
    }

    pub async fn general_id(&self) -> Result<Option<Uuid>, DatabaseError> {
        let row = self
            .row_opt(
                Repeat::Safe,
                "select id from chat.conversations where is_general and closed_at is null",
                &[],
            )
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// The direct conversation of two users, if they have one.
    pub async fn direct_id(&self, user: Uuid, other: Uuid) -> Result<Option<Uuid>, DatabaseError> {
        let row = self
            .row_opt(
                Repeat::Safe,
                "select id from chat.conversations
                 where kind = 'direct' and direct_low = least($1::uuid, $2) and direct_high = greatest($1::uuid, $2)",
                &[&user, &other],
            )
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    pub async fn open_direct(&self, actor: Uuid, user: Uuid) -> Result<Opened, DatabaseError> {
        self.opened(
            Repeat::Safe,
            "select c.id, c.changed_xid = pg_current_xact_id_if_assigned() from chat.open_direct($1, $2) c",
            actor,
            &[&actor, &user],
        )
        .await
    }

    pub async fn create_group(
        &self,
        actor: Uuid,
        title: &str,
        members: &[Uuid],
    ) -> Result<Opened, DatabaseError> {
        self.opened(
            Repeat::Unsafe,
            "select id, true from chat.create_group($1, $2, $3)",
            actor,
            &[&actor, &title, &members],
        )
        .await
    }

    pub async fn create_room(
        &self,
        actor: Uuid,
        title: &str,
        description: Option<&str>,
        join_policy: &str,
    ) -> Result<Opened, DatabaseError> {
        self.opened(
            Repeat::Unsafe,
            "select id, true from chat.create_room($1, $2, $3, $4)",
            actor,
            &[&actor, &title, &description, &join_policy],
        )
        .await
    }

    pub async fn update_conversation(
        &self,
        actor: Uuid,
        conversation: Uuid,
        title: Option<&str>,
        description: Option<&str>,
        join_policy: Option<&str>,
    ) -> Result<String, DatabaseError> {
        self.value("select chat.conversation_json(c)::text from chat.update_conversation($1, $2, $3, $4, $5) c",
                &[&actor, &conversation, &title, &description, &join_policy]).await
    }

    pub async fn set_conversation_avatar(
        &self,
        actor: Uuid,
        conversation: Uuid,
        media: Option<Uuid>,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.conversation_json(c)::text from chat.set_conversation_avatar($1, $2, $3) c",
            &[&actor, &conversation, &media],
        )
        .await
    }

    pub async fn close_conversation(
        &self,
        actor: Uuid,
        conversation: Uuid,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.conversation_json(c)::text from chat.close_conversation($1, $2) c",
            &[&actor, &conversation],
        )
        .await
    }

    /// Refuses who is no member: not found, or not a member.
    pub async fn require_member(
        &self,
        actor: Uuid,
        conversation: Uuid,
    ) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Safe,
            "select chat.require_member($1, $2)",
            &[&actor, &conversation],
        )
        .await?;
        Ok(())
    }

    pub async fn read_conversation(
        &self,
        actor: Uuid,
        conversation: Uuid,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.read_conversation($1, $2)::text",
            &[&actor, &conversation],
        )
        .await
    }

    pub async fn set_preferences(
        &self,
        actor: Uuid,
        conversation: Uuid,
        preferences: &Preferences,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.preference_json(p)::text
                 from chat.set_preferences($1, $2, $3, $4, $5::text::timestamptz, $6) p",
            &[
                &actor,
                &conversation,
                &preferences.pinned,
                &preferences.archived,
                &preferences.muted_until,
                &preferences.notify,
            ],
        )
        .await
    }

    pub async fn mark_unread(
        &self,
        actor: Uuid,
        conversation: Uuid,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.preference_json(p)::text from chat.mark_unread($1, $2) p",
            &[&actor, &conversation],
        )
        .await
    }

    /// A page of a user's conversations, and the place after its last when it is full.
    pub async fn list_conversations(
        &self,
        actor: Uuid,
        before: Option<&ConversationPlace>,
        limit: i32,
    ) -> Result<(Vec<String>, Option<ConversationPlace>), DatabaseError> {
        let at = before.map(|place| place.active_at.as_str());
        let id = before.map(|place| place.id);
        let rows = self
            .rows(
                Repeat::Safe,
                "select conversation::text, chat.json_time(active_at), id
                 from chat.list_conversations($1, $2::text::timestamptz, $3, $4)",
                &[&actor, &at, &id, &limit],
            )
            .await?;
        let next = match rows.last() {
            Some(row) if rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX) => {
                Some(ConversationPlace {
                    active_at: row.get(1),
                    id: row.get(2),
                })
            }
            _ => None,
        };
        Ok((rows.into_iter().map(|row| row.get(0)).collect(), next))
    }

    /// A user's conversations by a part of what they are called.
    pub async fn find_conversations(
        &self,
        actor: Uuid,
        query: &str,
        limit: i32,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select c::text from chat.find_conversations($1, $2, $3) c",
            &[&actor, &query, &limit],
        )
        .await
    }

    /// Groups and rooms that both are in.
    pub async fn list_common_conversations(
        &self,
        actor: Uuid,
        user: Uuid,
        limit: i32,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select c::text from chat.list_common_conversations($1, $2, $3) c",
            &[&actor, &user, &limit],
        )
        .await
    }

    pub async fn list_members(
        &self,
        actor: Uuid,
        conversation: Uuid,
        after: Option<Uuid>,
        limit: i32,
    ) -> Result<Vec<String>, DatabaseError> {
        self.list_members_in(actor, conversation, "active", after, limit)
            .await
    }

    /// Those of a state: active, or pending.
    pub async fn list_members_in(
        &self,
        actor: Uuid,
        conversation: Uuid,
        state: &str,
        after: Option<Uuid>,
        limit: i32,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select m::text from chat.list_members($1, $2, $3, $4, $5) m",
            &[&actor, &conversation, &after, &limit, &state],
        )
        .await
    }

    pub async fn add_member(
        &self,
        actor: Uuid,
        conversation: Uuid,
        user: Uuid,
        role: &str,
    ) -> Result<Opened, DatabaseError> {
        let row = self
            .row(
                Repeat::Safe,
                "select chat.member_json(m, u.name, u.avatar_id)::text, m.changed_xid = pg_current_xact_id_if_assigned()
                 from chat.add_member($1, $2, $3, $4) m join chat.users u on u.id = m.user_id",
                &[&actor, &conversation, &user, &role],
            )
            .await?;
        Ok(Opened {
            json: row.get(0),
            is_new: row.get::<_, Option<bool>>(1).unwrap_or(false),
        })
    }

    pub async fn remove_member(
        &self,
        actor: Uuid,
        conversation: Uuid,
        user: Uuid,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.member_json(m, u.name, u.avatar_id)::text
             from chat.remove_member($1, $2, $3) m join chat.users u on u.id = m.user_id",
            &[&actor, &conversation, &user],
        )
        .await
    }

    pub async fn set_role(
        &self,
        actor: Uuid,
        conversation: Uuid,
        user: Uuid,
        role: &str,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.member_json(m, u.name, u.avatar_id)::text
             from chat.set_role($1, $2, $3, $4) m join chat.users u on u.id = m.user_id",
            &[&actor, &conversation, &user, &role],
        )
        .await
    }

    pub async fn join(&self, actor: Uuid, conversation: Uuid) -> Result<String, DatabaseError> {
        self.value(
            "select chat.member_json(m, u.name, u.avatar_id)::text
             from chat.join($1, $2) m join chat.users u on u.id = m.user_id",
            &[&actor, &conversation],
        )
        .await
    }

    /// Runs what makes a conversation, then reads it as its member sees it: a statement does not
    /// see the rows that its own functions write.
    pub(super) async fn opened(
        &self,
        repeat: Repeat,
        sql: &str,
        actor: Uuid,
        params: &[&(dyn tokio_postgres::types::ToSql + Sync)],
    ) -> Result<Opened, DatabaseError> {
        let row = self.row(repeat, sql, params).await?;
        Ok(Opened {
            json: self.read_conversation(actor, row.get(0)).await?,
            is_new: row.get::<_, Option<bool>>(1).unwrap_or(false),
        })
    }
}
