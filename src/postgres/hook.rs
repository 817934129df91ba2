//! The host's own functions, which may do what they like: each call is contained.

use std::time::Duration;

use super::{Database, DatabaseError};

/// How long the host's function may take, in milliseconds: a visitor's page waits for it.
const HOOK_MAX_MS: u32 = 2_000;
/// A connection that has not answered by then is given up: it does not come back to the pool.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Whom the host's function knows by a token.
#[derive(Debug)]
pub struct Known {
    pub external_id: String,
    pub name: Option<String>,
    pub username: Option<String>,
    pub avatar_url: Option<String>,
    /// Unix time in seconds; may be infinite.
    pub expires_at: Option<f64>,
}

impl Database {
    /// Asks `chat_hook.authenticate`, in a transaction of its own; None for nobody. It is not asked twice: what it did
    /// besides may not bear it.
    pub async fn authenticate(&self, token: &str) -> Result<Option<Known>, DatabaseError> {
        let mut client = self.pool.get().await?;
        let asked = async {
            let transaction = client.transaction().await?;
            transaction
                .batch_execute(&format!("set local statement_timeout = {HOOK_MAX_MS}"))
                .await?;
            let row = transaction
                .query_opt(
                    "select external_id, name, username, avatar_url, extract(epoch from expires_at)::float8
                     from chat_hook.authenticate($1) limit 1",
                    &[&token],
                )
                .await?;
            let known = row
                .map(|row| -> Result<Option<Known>, tokio_postgres::Error> {
                    let Some(external_id) = row.try_get(0)? else {
                        return Ok(None); // a row that names nobody is no row
                    };
                    Ok(Some(Known {
                        external_id,
                        name: row.try_get(1)?,
                        username: row.try_get(2)?,
                        avatar_url: row.try_get(3)?,
                        expires_at: row.try_get(4)?,
                    }))
                })
                .transpose()?
                .flatten();
            transaction.commit().await?;
            Ok::<_, tokio_postgres::Error>(known)
        };
        match tokio::time::timeout(ANSWER_MAX, asked).await {
            Ok(Ok(known)) => Ok(known),
            // Rolled back by dropping the transaction.
            Ok(Err(error)) => Err(error.into()),
            Err(_) => {
                drop(deadpool_postgres::Object::take(client));
                Err(DatabaseError::Unavailable(
                    "the host's function does not answer".to_owned(),
                ))
            }
        }
    }
}
