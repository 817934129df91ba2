//! The one door to PostgreSQL: a pool, statements by concept, and errors that know what they mean.
//!
//! *Invariant:* nothing outside this module names `tokio_postgres`. Every operation is one statement,
//! a call of a function in schema `chat`, so there is no transaction to leave half done.

pub mod blocks;
pub mod calls;
pub mod changes;
pub mod compatibility;
pub mod conversations;
mod demo;
pub mod doctor;
mod error;
pub mod hook;
pub mod joining;
pub mod listen;
pub mod media;
pub mod messages;
pub mod migrate;
pub mod people;
pub mod pictures;
pub mod presence;
pub mod previews;
pub mod private;
pub mod receipts;
pub mod search;
pub mod sessions;
mod tls;
mod topics;

use std::time::{Duration, Instant};

use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod,
};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, ToSql};
use tokio_postgres::{Config, Row};

pub use error::{DatabaseError, Refusal};

/// The role that the server steps down to when the database has it.
const SERVER_ROLE: &str = "chat_server";

/// How often a statement that lost a deadlock or a serialization race is tried: each loser of a
/// round waits a random moment, so a handful of rounds settles any number of writers.
const CONFLICT_TRIES_MAX: u32 = 8;

/// How long a statement waits for a database that is away before its caller is told: a restart of
/// PostgreSQL takes a few seconds, and a client waiting longer would rather know.
const UNAVAILABLE_WAIT_MAX: Duration = Duration::from_secs(15);

/// A host that acknowledges nothing for this long is gone, though nobody said so (a failover, a cut
/// network). By itself Linux takes a quarter of an hour to notice, and a batch would wait for all of it.
const PEER_SILENCE_MAX: Duration = Duration::from_secs(18);

const RETRY_WAIT_MIN_MS: u64 = 5;
const RETRY_WAIT_MAX_MS: u64 = 500;

/// Whether running a statement twice does the same as running it once, so that it may be tried
/// again when the connection broke before the answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    Safe,
    Unsafe,
}

/// Where a database is and how to reach it.
#[derive(Clone)]
pub struct Address {
    config: Config,
    tls: tls::Connector,
}

impl Address {
    /// Of a URL such as `postgresql://user:password@host/database?sslmode=verify-full`.
    pub fn from_url(url: &str) -> Result<Self, DatabaseError> {
        let (config, tls) = tls::parse_url(url)?;
        Ok(Self { config, tls })
    }

    pub fn from_config(mut config: Config) -> Self {
        tls::no_tls_on_sockets(&mut config);
        Self {
            config,
            tls: tls::Connector::unverified(),
        }
    }

    /// A connection of one's own, outside the pool, named `name` in `pg_stat_activity`.
    async fn connect(
        &self,
        name: &str,
    ) -> Result<(tokio_postgres::Client, tls::Wire), DatabaseError> {
        Ok(self.config_named(name).connect(self.tls.clone()).await?)
    }

    fn config_named(&self, name: &str) -> Config {
        let mut config = self.config.clone();
        config.application_name(name);
        config.connect_timeout(Duration::from_secs(5));
        config.tcp_user_timeout(PEER_SILENCE_MAX);
        config.keepalives_idle(PEER_SILENCE_MAX / 2);
        config.keepalives_interval(PEER_SILENCE_MAX / 6);
        config.keepalives_retries(3);
        config
    }
}

/// The pool, and the statements that the modules here add to it.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    address: Address,
}

impl Database {
    /// Opens no connection yet. `connections_max` bounds the pool.
    pub fn new(address: Address, connections_max: usize) -> Result<Self, DatabaseError> {
        let manager = Manager::from_config(
            address.config_named("webchat"),
            address.tls.clone(),
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = Pool::builder(manager)
            .max_size(connections_max)
            .runtime(deadpool_postgres::Runtime::Tokio1)
            // The connection used last has its plans and caches warm.
            .queue_mode(QueueMode::Lifo)
            .wait_timeout(Some(UNAVAILABLE_WAIT_MAX))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async move {
                    // Least privilege: what the server never does, its connections can not do.
                    client
                        .batch_execute(&format!(
                            // Our statements are short: compiling one costs more than it ever saves.
                            "set jit = off;
                             do $$ begin
                                if exists (select from pg_roles where rolname = '{SERVER_ROLE}')
                                    and pg_has_role(session_user, '{SERVER_ROLE}', 'member') then
                                    set role {SERVER_ROLE};
                                end if;
                            end $$"
                        ))
                        .await
                        .map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|error| DatabaseError::Internal(error.to_string()))?;
        Ok(Self { pool, address })
    }

    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Connections of the pool that are open, and those not at work.
    pub fn pool_sizes(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size, status.available)
    }

    /// Runs one statement. A lost race is run again; a database that is away is waited for; a
    /// connection that broke before the answer came is a reason to repeat only if that is safe.
    async fn rows(
        &self,
        repeat: Repeat,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, DatabaseError> {
        let started = Instant::now();
        let mut conflicts = 0;
        loop {
            let error = match self.rows_once(sql, params).await {
                Ok(rows) => return Ok(rows),
                Err(error) => error,
            };
            match &error.kind {
                DatabaseError::Conflict if conflicts < CONFLICT_TRIES_MAX => conflicts += 1,
                DatabaseError::Unavailable(_)
                    if (repeat == Repeat::Safe || !error.was_sent)
                        && started.elapsed() < UNAVAILABLE_WAIT_MAX => {}
                _ => return Err(error.kind),
            }
            metrics::counter!("webchat_database_retries_total").increment(1);
            let wait_ms = rand::random_range(
                RETRY_WAIT_MIN_MS..=match error.kind {
                    DatabaseError::Conflict => RETRY_WAIT_MIN_MS * 10,
                    _ => RETRY_WAIT_MAX_MS,
                },
            );
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
        }
    }

    async fn rows_once(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let not_sent = |kind| Failure {
            kind,
            was_sent: false,
        };
        let client = self.pool.get().await.map_err(|e| not_sent(e.into()))?;
        let statement = client
            .prepare_cached(sql)
            .await
            .map_err(|e| not_sent(e.into()))?;
        match client.query(&statement, params).await {
            Ok(rows) => Ok(rows),
            Err(error) if error.code() == Some(&SqlState::FEATURE_NOT_SUPPORTED) => {
                // A newer edition of the functions was applied under a prepared statement: nothing was
                // carried out, and a fresh connection prepares it anew.
                drop(deadpool_postgres::Object::take(client));
                Err(not_sent(DatabaseError::Unavailable(error.to_string())))
            }
            Err(error) => Err(Failure {
                kind: error.into(),
                was_sent: true,
            }),
        }
    }

    /// The first column of the one row that a statement answers with, which does no harm twice.
    async fn value<T>(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> Result<T, DatabaseError>
    where
        T: for<'a> FromSql<'a>,
    {
        Ok(self.row(Repeat::Safe, sql, params).await?.get(0))
    }

    /// The first column of each row, likewise.
    async fn values<T>(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<T>, DatabaseError>
    where
        T: for<'a> FromSql<'a>,
    {
        let rows = self.rows(Repeat::Safe, sql, params).await?;
        Ok(rows.into_iter().map(|row| row.get(0)).collect())
    }

    async fn row(
        &self,
        repeat: Repeat,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, DatabaseError> {
        self.row_opt(repeat, sql, params)
            .await?
            .ok_or_else(|| DatabaseError::Internal(format!("no row from: {sql}")))
    }

    async fn row_opt(
        &self,
        repeat: Repeat,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> Result<Option<Row>, DatabaseError> {
        Ok(self.rows(repeat, sql, params).await?.into_iter().next())
    }

    /// Whether a statement gets an answer now, and whether the schema is at least as new as this
    /// server's; waits for nothing.
    pub async fn answers(&self) -> (bool, bool) {
        match self
            .rows_once("select version from chat.sql_applied", &[])
            .await
        {
            Ok(rows) => (
                true,
                rows.iter()
                    .any(|row| row.get::<_, i32>(0) >= migrate::SQL_VERSION),
            ),
            Err(Failure {
                kind: DatabaseError::Unavailable(_),
                ..
            }) => (false, false),
            // No such table: it has never been migrated.
            Err(_) => (true, false),
        }
    }

    /// Closes idle connections and lets no new one out.
    pub fn close(&self) {
        self.pool.close();
    }
}

struct Failure {
    kind: DatabaseError,
    /// The statement may have been carried out.
    was_sent: bool,
}
