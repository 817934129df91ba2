//! Pictures that the host names by address: whose turn it is to fetch one, and what came of it.

use uuid::Uuid;

use super::{Database, DatabaseError, Repeat};

/// A picture that is this server's to fetch.
pub struct Due {
    pub user: Uuid,
    pub url: String,
}

impl Database {
    /// Asked twice, what the first answer held waits until that claim is given up.
    pub async fn claim_pictures(&self, limit: i32) -> Result<Vec<Due>, DatabaseError> {
        let rows = self
            .rows(
                Repeat::Safe,
                "select user_id, url from chat.claim_pictures($1)",
                &[&limit],
            )
            .await?;
        Ok(rows
            .iter()
            .map(|row| Due {
                user: row.get(0),
                url: row.get(1),
            })
            .collect())
    }

    /// A medium of the host's, which somebody has to look at.
    pub async fn store_file(&self, name: &str, bytes: &[u8]) -> Result<Uuid, DatabaseError> {
        let row = self
            .row(
                Repeat::Unsafe,
                "select id from chat.store_media(null, $1, $2)",
                &[&name, &bytes],
            )
            .await?;
        Ok(row.get(0))
    }

    /// False when the user's picture is at another address by now.
    pub async fn store_picture(
        &self,
        user: Uuid,
        url: &str,
        media: Uuid,
    ) -> Result<bool, DatabaseError> {
        self.value(
            "select chat.store_picture($1, $2, $3)",
            &[&user, &url, &media],
        )
        .await
    }

    pub async fn fail_picture(
        &self,
        user: Uuid,
        url: &str,
        failure: &str,
        is_final: bool,
    ) -> Result<(), DatabaseError> {
        self.row(
            Repeat::Safe,
            "select chat.fail_picture($1, $2, $3, $4)",
            &[&user, &url, &failure, &is_final],
        )
        .await?;
        Ok(())
    }
}
