//! Our own connections to the private PostgreSQL, for the questions of a start.

use std::fs;
use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, Error, NoTls};

use super::error::PrivateError;
use super::{NAME, PrivatePostgres};

/// A connection over a unix socket is made at once or, while PostgreSQL has no process to spare, not at all.
const CONNECT_WAIT_MAX: Duration = Duration::from_secs(5);

impl PrivatePostgres {
    /// Whether this cluster answers there. What is not an answer but will become one is `false`.
    pub(super) async fn answers(&self, socket_dir: &Path, port: u16) -> Result<bool, PrivateError> {
        let config = config_at(socket_dir, port, "postgres");
        let client = match timeout(CONNECT_WAIT_MAX, connect(&config)).await {
            Err(_) => return Ok(false),
            Ok(Ok(client)) => client,
            Ok(Err(error)) => match error.code() {
                // Nobody listens yet, or the socket closed under us.
                None => return Ok(false),
                Some(&SqlState::CANNOT_CONNECT_NOW) => return Ok(false),
                // The other server's connections are all taken: as alive as can be.
                Some(&SqlState::TOO_MANY_CONNECTIONS) => return Ok(true),
                Some(_) => return Err(error.into()),
            },
        };
        // A data directory that was copied while running names the original's socket.
        let row = client
            .query_one("select current_setting('data_directory')", &[])
            .await?;
        let directory: String = row.try_get(0)?;
        Ok(fs::canonicalize(directory).is_ok_and(|directory| directory == self.site.cluster))
    }

    pub(super) async fn make_database(&self) -> Result<(), PrivateError> {
        match connect(&self.config()).await {
            Ok(_) => return Ok(()),
            Err(error) => match error.code() {
                Some(&SqlState::UNDEFINED_DATABASE) => {}
                Some(&SqlState::TOO_MANY_CONNECTIONS) => return Ok(()),
                _ => return Err(error.into()),
            },
        }
        let client = connect(&config_at(&self.socket_dir, self.port, "postgres")).await?;
        client
            .batch_execute(&format!("create database {NAME}"))
            .await?;
        Ok(())
    }
}

pub(super) fn config_at(socket_dir: &Path, port: u16, database: &str) -> Config {
    let mut config = Config::new();
    config
        .host_path(socket_dir)
        .port(port)
        .user(NAME)
        .dbname(database);
    config
}

/// A connection for a question or two. Its task ends when the client is dropped.
async fn connect(config: &Config) -> Result<Client, Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the private PostgreSQL ended early");
        }
    });
    Ok(client)
}
