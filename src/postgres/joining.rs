//! How people come into conversations: links, requests to be let in, and rooms that can be found.

use uuid::Uuid;

use super::conversations::Opened;
use super::{Database, DatabaseError, Repeat};

/// Where a link leads, as one who has it may see.
pub struct Invitation {
    pub conversation_id: Uuid,
    /// Whether who asked is a member there.
    pub is_member: bool,
    pub json: String,
}

impl Database {
    pub async fn create_invite(
        &self,
        actor: Uuid,
        conversation: Uuid,
        expires_at: Option<&str>,
        max_uses: Option<i32>,
    ) -> Result<String, DatabaseError> {
        let row = self
            .row(
                Repeat::Unsafe,
                "select chat.invite_json(i, u.name)::text
                 from chat.create_invite($1, $2, $3::text::timestamptz, $4) i left join chat.users u on u.id = i.created_by",
                &[&actor, &conversation, &expires_at, &max_uses],
            )
            .await?;
        Ok(row.get(0))
    }

    pub async fn list_invites(
        &self,
        actor: Uuid,
        conversation: Uuid,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select i::text from chat.list_invites($1, $2) i",
            &[&actor, &conversation],
        )
        .await
    }

    pub async fn revoke_invite(&self, actor: Uuid, token: &str) -> Result<String, DatabaseError> {
        self.value(
            "select chat.invite_json(i, u.name)::text
             from chat.revoke_invite($1, $2) i left join chat.users u on u.id = i.created_by",
            &[&actor, &token],
        )
        .await
    }

    /// Actor none: of somebody who has not logged in.
    pub async fn read_invite(
        &self,
        actor: Option<Uuid>,
        token: &str,
    ) -> Result<Invitation, DatabaseError> {
        let row = self
            .row(
                Repeat::Safe,
                "select (i ->> 'conversation_id')::uuid, i ->> 'state' is not distinct from 'active', i::text
                 from chat.read_invite($1, $2) i",
                &[&actor, &token],
            )
            .await?;
        Ok(Invitation {
            conversation_id: row.get(0),
            is_member: row.get(1),
            json: row.get(2),
        })
    }

    pub async fn join_by_invite(&self, actor: Uuid, token: &str) -> Result<String, DatabaseError> {
        self.value(
            "select chat.member_json(m, u.name)::text
             from chat.join_by_invite($1, $2) m join chat.users u on u.id = m.user_id",
            &[&actor, &token],
        )
        .await
    }

    /// What somebody who waits to be let in may know; none for who does not.
    pub async fn read_request(
        &self,
        actor: Uuid,
        conversation: Uuid,
    ) -> Result<Option<String>, DatabaseError> {
        self.value(
            "select chat.read_request($1, $2)::text",
            &[&actor, &conversation],
        )
        .await
    }

    pub async fn decide_join(
        &self,
        actor: Uuid,
        conversation: Uuid,
        user: Uuid,
        approve: bool,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.member_json(m, u.name)::text
             from chat.decide_join($1, $2, $3, $4) m join chat.users u on u.id = m.user_id",
            &[&actor, &conversation, &user, &approve],
        )
        .await
    }

    /// The memberships as a list in JSON, and whether this call made or brought back any.
    pub async fn add_members(
        &self,
        actor: Uuid,
        conversation: Uuid,
        users: &[Uuid],
        role: &str,
    ) -> Result<Opened, DatabaseError> {
        let row = self
            .row(
                Repeat::Safe,
                "select json_build_object('items', json_agg(chat.member_json(m, u.name)), 'next', null)::text,
                    bool_or(m.changed_xid = pg_current_xact_id_if_assigned())
                 from chat.add_members($1, $2, $3, $4) m join chat.users u on u.id = m.user_id",
                &[&actor, &conversation, &users, &role],
            )
            .await?;
        Ok(Opened {
            json: row.get(0),
            is_new: row.get::<_, Option<bool>>(1).unwrap_or(false),
        })
    }

    pub async fn list_rooms(
        &self,
        actor: Uuid,
        query: Option<&str>,
        after: Option<Uuid>,
        limit: i32,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select r::text from chat.list_rooms($1, $2, $3, $4) r",
            &[&actor, &query, &after, &limit],
        )
        .await
    }
}
