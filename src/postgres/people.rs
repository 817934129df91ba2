//! Users. Objects come as JSON text, made by the database, and travel as they are.

use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

impl Database {
    pub async fn create_guest(&self, name: &str) -> Result<(Uuid, String), DatabaseError> {
        let row = self
            .row(
                Repeat::Unsafe,
                "select u.id, chat.user_json(u)::text from chat.create_user($1, p_is_guest => true) u",
                &[&name],
            )
            .await?;
        Ok((row.get(0), row.get(1)))
    }

    pub async fn read_user(&self, user: Uuid) -> Result<Option<String>, DatabaseError> {
        let row = self
            .row_opt(
                Repeat::Safe,
                "select chat.user_json(u)::text from chat.users u where u.id = $1",
                &[&user],
            )
            .await?;
        Ok(row.map(|row| row.get(0)))
    }

    /// online, away or offline.
    pub async fn status_of(&self, user: Uuid) -> Result<String, DatabaseError> {
        self.value("select chat.status_of($1)", &[&user]).await
    }

    pub async fn update_user(
        &self,
        actor: Uuid,
        user: Uuid,
        name: Option<&str>,
        username: Option<&str>,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.user_json(u)::text from chat.update_user($1, $2, $3, $4) u",
            &[&actor, &user, &name, &username],
        )
        .await
    }

    pub async fn list_users(
        &self,
        actor: Uuid,
        query: Option<&str>,
        after: Option<Uuid>,
        limit: i32,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select u::text from chat.list_users($1, $2, $3, $4) u",
            &[&actor, &query, &after, &limit],
        )
        .await
    }
}
