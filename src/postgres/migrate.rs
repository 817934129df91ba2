//! Brings a database to the present: table changes first, each once, then the whole of `sql/`.
//!
//! All of it happens under one advisory lock, so that servers that start together take turns.

use sha2::{Digest, Sha256};

use super::{Address, DatabaseError};

mod tables {
    refinery::embed_migrations!("refinery_migrations");
}

/// Edition of `sql/`. Raise it with every change there: a server with a lower one leaves the
/// database's functions as they are.
pub const SQL_VERSION: i32 = 5;

/// The files of `sql/`, in the order in which they are applied.
pub const SQL_FILES: &[(&str, &str)] = &[
    ("basis", include_str!("../../sql/basis.sql")),
    ("event", include_str!("../../sql/event.sql")),
    ("user", include_str!("../../sql/user.sql")),
    ("session", include_str!("../../sql/session.sql")),
    ("password", include_str!("../../sql/password.sql")),
    ("arrival", include_str!("../../sql/arrival.sql")),
    ("hook", include_str!("../../sql/hook.sql")),
    ("conversation", include_str!("../../sql/conversation.sql")),
    ("member", include_str!("../../sql/member.sql")),
    ("invite", include_str!("../../sql/invite.sql")),
    ("block", include_str!("../../sql/block.sql")),
    ("topic", include_str!("../../sql/topic.sql")),
    ("content", include_str!("../../sql/content.sql")),
    ("media", include_str!("../../sql/media.sql")),
    ("picture", include_str!("../../sql/picture.sql")),
    ("link", include_str!("../../sql/link.sql")),
    ("message", include_str!("../../sql/message.sql")),
    ("mention", include_str!("../../sql/mention.sql")),
    ("reaction", include_str!("../../sql/reaction.sql")),
    ("pin", include_str!("../../sql/pin.sql")),
    ("forward", include_str!("../../sql/forward.sql")),
    ("preview", include_str!("../../sql/preview.sql")),
    ("send", include_str!("../../sql/send.sql")),
    ("system", include_str!("../../sql/system.sql")),
    ("hidden", include_str!("../../sql/hidden.sql")),
    ("history", include_str!("../../sql/history.sql")),
    ("search", include_str!("../../sql/search.sql")),
    ("sticker", include_str!("../../sql/sticker.sql")),
    ("receipt", include_str!("../../sql/receipt.sql")),
    ("preference", include_str!("../../sql/preference.sql")),
    ("presence", include_str!("../../sql/presence.sql")),
    ("compatibility", include_str!("../../sql/compatibility.sql")),
    ("call", include_str!("../../sql/call.sql")),
    ("call_log", include_str!("../../sql/call_log.sql")),
    ("signal", include_str!("../../sql/signal.sql")),
    ("change", include_str!("../../sql/change.sql")),
    ("general", include_str!("../../sql/general.sql")),
    ("report", include_str!("../../sql/report.sql")),
    ("grant", include_str!("../../sql/grant.sql")),
];

/// Any number that other programs are unlikely to choose: "webchat" as bytes.
const ADVISORY_LOCK: i64 = 0x0077_6562_6368_6174;

/// What a migration found and did.
#[derive(Debug, PartialEq, Eq)]
pub struct Migrated {
    pub table_changes: usize,
    pub sql: SqlState,
}

#[derive(Debug, PartialEq, Eq)]
pub enum SqlState {
    /// The database held this very edition.
    Current,
    Applied,
    /// The database holds a newer edition, which stays.
    NewerInDatabase(i32),
}

/// Migrates as the owner of schema `chat`. Safe to call from any number of servers at once.
pub async fn migrate(address: &Address) -> Result<Migrated, DatabaseError> {
    let (mut client, wire) = address.connect("webchat migration").await?;
    // The connection ends with this function: nothing else refers to the client.
    let driver = tokio::spawn(wire);
    let outcome = migrate_with(&mut client).await;
    drop(client);
    if let Err(error) = driver.await {
        tracing::warn!(%error, "the migration's connection ended badly");
    }
    outcome
}

async fn migrate_with(client: &mut tokio_postgres::Client) -> Result<Migrated, DatabaseError> {
    let version: i32 = client
        .query_one("select current_setting('server_version_num')::int", &[])
        .await?
        .get(0);
    if version < 150_000 {
        return Err(DatabaseError::Internal(format!(
            "PostgreSQL 15 or newer is needed, this is {}",
            version / 10_000
        )));
    }
    // Released with the connection, whatever happens.
    client
        .execute("select pg_advisory_lock($1)", &[&ADVISORY_LOCK])
        .await?;
    client
        .batch_execute("set client_min_messages = warning; create schema if not exists chat")
        .await?;
    let mut runner = tables::migrations::runner();
    runner.set_migration_table_name("chat.refinery_schema_history");
    let report = runner
        .run_async(client)
        .await
        .map_err(|error| DatabaseError::Internal(format!("a migration failed: {error:#}")))?;
    Ok(Migrated {
        table_changes: report.applied_migrations().len(),
        sql: apply_sql(client).await?,
    })
}

async fn apply_sql(client: &mut tokio_postgres::Client) -> Result<SqlState, DatabaseError> {
    let digest = digest();
    let held = client
        .query_opt("select version, digest from chat.sql_applied", &[])
        .await?
        .map(|row| (row.get::<_, i32>(0), row.get::<_, String>(1)));
    let is_granted = held.is_some() && is_granted(client).await?;
    let state = match held {
        Some((version, _)) if version > SQL_VERSION => SqlState::NewerInDatabase(version),
        Some((version, held)) if version == SQL_VERSION && held == digest && is_granted => {
            SqlState::Current
        }
        _ => SqlState::Applied,
    };
    if state == SqlState::Applied {
        let transaction = client.transaction().await?;
        // Functions name each other across files: each is checked by the tests, once all are there.
        transaction
            .batch_execute("set local check_function_bodies = off")
            .await?;
        for (name, sql) in SQL_FILES {
            transaction.batch_execute(sql).await.map_err(|error| {
                DatabaseError::Internal(format!("sql/{name}.sql: {}", DatabaseError::from(error)))
            })?;
        }
        transaction
            .execute(
                "insert into chat.sql_applied (version, digest, applied_at) values ($1, $2, clock_timestamp())
                 on conflict (only_row) do update
                 set version = excluded.version, digest = excluded.digest, applied_at = excluded.applied_at",
                &[&SQL_VERSION, &digest],
            )
            .await?;
        transaction.commit().await?;
    }
    client.query_one("select chat.renew_epoch()", &[]).await?;
    Ok(state)
}

/// Whether the roles are there and have what `sql/grant.sql` gives them. Roles belong to the cluster:
/// data restored into another lacks them, and somebody may make them after the first start.
async fn is_granted(client: &tokio_postgres::Client) -> Result<bool, DatabaseError> {
    let row = client
        .query_one(
            "select
                coalesce(bool_and(has_schema_privilege(r.oid, 'chat', 'usage')), true)
                and (count(*) = 3 or not (select o.rolsuper or o.rolcreaterole from pg_roles o where o.rolname = current_user))
             from pg_roles r where r.rolname in ('chat_server', 'chat_writer', 'chat_reader')",
            &[],
        )
        .await?;
    Ok(row.get(0))
}

/// SHA-256 over the names and texts of `sql/`, in hexadecimal.
pub fn digest() -> String {
    let mut hasher = Sha256::new();
    for (name, sql) in SQL_FILES {
        hasher.update(name);
        hasher.update([0]);
        hasher.update(sql);
        hasher.update([0]);
    }
    hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
