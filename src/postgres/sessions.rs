//! Sessions: who a token acts for.

use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

/// Whom a live session acts for.
#[derive(Clone, Debug)]
pub struct Session {
    pub id: Uuid,
    pub user_id: Uuid,
    pub user_name: String,
    /// The user as JSON.
    pub user: String,
}

/// Of the user's JSON, what pages need.
#[derive(Default, serde::Deserialize)]
struct Profile {
    is_guest: bool,
    avatar_id: Option<Uuid>,
}

impl Session {
    /// Whether there is no way back into the account once the session has ended.
    pub fn is_guest(&self) -> bool {
        self.profile().is_guest
    }

    /// The image that is the user's picture.
    pub fn avatar_id(&self) -> Option<Uuid> {
        self.profile().avatar_id
    }

    fn profile(&self) -> Profile {
        serde_json::from_str(&self.user).unwrap_or_default()
    }
}

impl Database {
    pub async fn start_session(
        &self,
        user: Uuid,
        token_hash: &[u8],
        days: u32,
        user_agent: Option<&str>,
    ) -> Result<Uuid, DatabaseError> {
        let row = self
            .row(
                Repeat::Unsafe,
                "select chat.start_session($1, $2, make_interval(days => $3), $4)",
                &[
                    &user,
                    &token_hash,
                    &i32::try_from(days).unwrap_or(i32::MAX),
                    &user_agent,
                ],
            )
            .await?;
        Ok(row.get(0))
    }

    pub async fn find_session(&self, token_hash: &[u8]) -> Result<Option<Session>, DatabaseError> {
        let row = self
            .row_opt(
                Repeat::Safe,
                "select session_id, user_id, user_name, profile::text from chat.find_session($1)",
                &[&token_hash],
            )
            .await?;
        Ok(row.map(|row| Session {
            id: row.get(0),
            user_id: row.get(1),
            user_name: row.get(2),
            user: row.get(3),
        }))
    }

    pub async fn end_session(&self, actor: Uuid, session: Uuid) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Safe,
            "select chat.end_session($1, $2)",
            &[&actor, &session],
        )
        .await?;
        Ok(())
    }

    pub async fn list_sessions(&self, actor: Uuid) -> Result<Vec<String>, DatabaseError> {
        self.values("select s::text from chat.list_sessions($1) s", &[&actor])
            .await
    }

    /// Those of the given sessions that have ended or expired.
    pub async fn ended_sessions(&self, sessions: &[Uuid]) -> Result<Vec<Uuid>, DatabaseError> {
        self.values("select s from chat.ended_sessions($1) s", &[&sessions])
            .await
    }
}
