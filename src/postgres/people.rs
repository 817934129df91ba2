//! Users. Objects come as JSON text, made by the database, and travel as they are.

use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

/// What a user wants to be shown as; none leaves it as it is, an empty text takes it away.
#[derive(Debug, Default)]
pub struct Profile<'a> {
    pub name: Option<&'a str>,
    pub username: Option<&'a str>,
    pub about: Option<&'a str>,
    pub status_text: Option<&'a str>,
}

/// Which people a list is of.
#[derive(Clone, Copy, Debug, Default)]
pub struct Listing<'a> {
    /// A part of a name or username.
    pub query: Option<&'a str>,
    pub only_online: bool,
    /// The last of the page before.
    pub after: Option<Uuid>,
}

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

    pub async fn sign_up(
        &self,
        username: &str,
        name: Option<&str>,
        email: Option<&str>,
        hash: &str,
    ) -> Result<(Uuid, String), DatabaseError> {
        let row = self
            .row(
                Repeat::Unsafe,
                "select u.id, chat.user_json(u)::text from chat.sign_up($1, $2, $3, $4) u",
                &[&username, &name, &email, &hash],
            )
            .await?;
        Ok((row.get(0), row.get(1)))
    }

    /// Who has this username, and the hash of their password.
    pub async fn find_password(
        &self,
        username: &str,
    ) -> Result<Option<(Uuid, String)>, DatabaseError> {
        let row = self
            .row_opt(
                Repeat::Safe,
                "select user_id, hash from chat.find_password($1)",
                &[&username],
            )
            .await?;
        Ok(row.map(|row| (row.get(0), row.get(1))))
    }

    pub async fn read_password(&self, user: Uuid) -> Result<Option<String>, DatabaseError> {
        self.value("select chat.read_password($1)", &[&user]).await
    }

    /// Ends all of the user's sessions but the one.
    pub async fn set_password(
        &self,
        actor: Uuid,
        hash: &str,
        session: Uuid,
    ) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Safe,
            "select chat.set_password($1, $2, $3)",
            &[&actor, &hash, &session],
        )
        .await?;
        Ok(())
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
        profile: &Profile<'_>,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.user_json(u)::text from chat.update_user($1, $2, $3, $4, $5, $6) u",
            &[
                &actor,
                &user,
                &profile.name,
                &profile.username,
                &profile.about,
                &profile.status_text,
            ],
        )
        .await
    }

    pub async fn set_user_avatar(
        &self,
        actor: Uuid,
        user: Uuid,
        media: Option<Uuid>,
    ) -> Result<String, DatabaseError> {
        self.value(
            "select chat.user_json(u)::text from chat.set_user_avatar($1, $2, $3) u",
            &[&actor, &user, &media],
        )
        .await
    }

    pub async fn list_users(
        &self,
        actor: Uuid,
        listing: Listing<'_>,
        limit: i32,
    ) -> Result<Vec<String>, DatabaseError> {
        self.values(
            "select u::text from chat.list_users($1, $2, $3, $4, $5) u",
            &[
                &actor,
                &listing.query,
                &listing.after,
                &limit,
                &listing.only_online,
            ],
        )
        .await
    }
}
