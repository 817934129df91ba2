//! What `webchat doctor` looks at: everything outside our code that has kept a chat from working.

use std::time::Duration;

use super::listen::Listening;
use super::migrate::{SQL_VERSION, digest};
use super::{Address, DatabaseError};

/// A notification that has not come back by then does not come.
const ECHO_MAX: Duration = Duration::from_secs(5);

pub struct Check {
    pub what: &'static str,
    pub is_well: bool,
    /// What was found, and what to do about it.
    pub found: String,
}

impl Check {
    fn new(what: &'static str, is_well: bool, found: impl Into<String>) -> Self {
        Self {
            what,
            is_well,
            found: found.into(),
        }
    }
}

/// Looks at the database; `connections_max` is the size of the server's pool, `asks_hook` whether `chat_hook.authenticate` says
/// who comes in.
pub async fn examine(address: &Address, connections_max: usize, asks_hook: bool) -> Vec<Check> {
    let (client, wire) = match address.connect("webchat doctor").await {
        Ok(connected) => connected,
        Err(error) => return vec![Check::new("database", false, error.to_string())],
    };
    let driver = tokio::spawn(wire);
    let mut checks = vec![Check::new("database", true, "reached")];
    match look(&client, connections_max).await {
        Ok(found) => checks.extend(found),
        Err(error) => checks.push(Check::new(
            "schema",
            false,
            format!("{error}; run `webchat migrate`"),
        )),
    }
    if asks_hook {
        checks.push(match hook(&client).await {
            Ok(check) => check,
            Err(error) => Check::new(HOOK, false, error.to_string()),
        });
    }
    checks.push(echo(address, &client).await);
    drop(client);
    if let Err(error) = driver.await {
        checks.push(Check::new("database", false, error.to_string()));
    }
    checks
}

async fn look(
    client: &tokio_postgres::Client,
    connections_max: usize,
) -> Result<Vec<Check>, DatabaseError> {
    let mut checks = Vec::new();
    let row = client
        .query_one(
            "select current_setting('server_version_num')::int, current_setting('server_version'),
                pg_is_in_recovery(), current_setting('max_connections')::int,
                current_setting('max_prepared_transactions')::int, current_setting('session_replication_role'),
                (select count(*) from pg_prepared_xacts where database = current_database())",
            &[],
        )
        .await?;
    let version: String = row.get(1);
    checks.push(Check::new(
        "version",
        row.get::<_, i32>(0) >= 150_000,
        format!("PostgreSQL {version}; 15 or newer is needed"),
    ));
    let in_recovery: bool = row.get(2);
    checks.push(Check::new(
        "primary",
        !in_recovery,
        if in_recovery {
            "this is a standby: connect to the primary"
        } else {
            "yes"
        },
    ));
    let allowed = usize::try_from(row.get::<_, i32>(3)).unwrap_or(0);
    checks.push(Check::new(
        "connections",
        allowed > connections_max + 5,
        format!(
            "the server takes up to {} of PostgreSQL's {allowed}",
            connections_max + 1
        ),
    ));
    let prepared: i64 = row.get(6);
    checks.push(Check::new(
        "two-phase commit",
        prepared == 0,
        match (prepared, row.get::<_, i32>(4)) {
            (0, 0) => "off".to_owned(),
            (0, _) => {
                "possible, and unused; a transaction that writes chat tables can not be prepared"
                    .to_owned()
            }
            (count, _) => {
                format!("{count} transactions are prepared and hold back what others may see")
            }
        },
    ));
    let role: String = row.get(5);
    checks.push(Check::new(
        "triggers",
        role == "origin",
        format!("session_replication_role is {role}; chat tables need origin"),
    ));
    let disabled: i64 = client
        .query_one(
            "select count(*) from pg_trigger t join pg_class c on c.oid = t.tgrelid
             where c.relnamespace = 'chat'::regnamespace and t.tgenabled = 'D'",
            &[],
        )
        .await?
        .get(0);
    checks.push(Check::new(
        "triggers enabled",
        disabled == 0,
        format!("{disabled} are disabled"),
    ));

    let held = client
        .query_opt("select version, digest from chat.sql_applied", &[])
        .await?;
    checks.push(match held.map(|row| (row.get::<_, i32>(0), row.get::<_, String>(1))) {
        None => Check::new("functions", false, "none; run `webchat migrate`"),
        Some((version, held)) => Check::new(
            "functions",
            version > SQL_VERSION || held == digest(),
            format!("edition {version} in the database, {SQL_VERSION} here; `webchat migrate` applies a newer one"),
        ),
    });
    let row = client
        .query_one(
            "select count(*), count(*) filter (where not has_schema_privilege(r.oid, 'chat', 'usage'))
             from pg_roles r where r.rolname in ('chat_server', 'chat_writer', 'chat_reader')",
            &[],
        )
        .await?;
    let (roles, without): (i64, i64) = (row.get(0), row.get(1));
    checks.push(Check::new(
        "roles",
        without == 0,
        match (roles, without) {
            (_, 1..) => format!("{without} of them have no grants; run `webchat migrate`"),
            (3, _) => "chat_server, chat_writer, chat_reader".to_owned(),
            _ => "not there, since the owner may not create roles: the server runs as the owner"
                .to_owned(),
        },
    ));
    let links = client
        .query(
            "select host_table || ': ' || finding, is_well from chat.check_links()",
            &[],
        )
        .await?;
    checks.extend(
        links
            .iter()
            .map(|row| Check::new("the host's users", row.get(1), row.get::<_, String>(0))),
    );
    let subscribed: i64 = client
        .query_one(
            "select count(*) from pg_subscription_rel r join pg_class c on c.oid = r.srrelid
             where c.relnamespace = 'chat'::regnamespace",
            &[],
        )
        .await
        .map(|row| row.get(0))
        .unwrap_or(0); // not everyone may look there
    checks.push(Check::new(
        "logical replication",
        subscribed == 0,
        format!(
            "{subscribed} chat tables are written by a subscription, whose rows fire no triggers"
        ),
    ));
    Ok(checks)
}

const HOOK: &str = "chat_hook.authenticate";

/// Whether the host's function is there, the server may call it, and it is the host's.
async fn hook(client: &tokio_postgres::Client) -> Result<Check, DatabaseError> {
    let row = client
        .query_opt(
            "select p.prosrc like '%where false%',
                coalesce((select has_function_privilege(r.oid, p.oid, 'execute') from pg_roles r where r.rolname = 'chat_server'), true)
             from pg_proc p where p.oid = to_regprocedure('chat_hook.authenticate(text)')",
            &[],
        )
        .await?;
    let (is_well, found) = match row.map(|row| (row.get::<_, bool>(0), row.get::<_, bool>(1))) {
        None => (false, "is not there; run `webchat migrate`"),
        Some((true, _)) => (
            false,
            "is as it was made, and knows nobody: replace it by the host's own",
        ),
        Some((_, false)) => (
            false,
            "may not be called by chat_server; run `webchat migrate`, or grant it",
        ),
        Some((false, true)) => (true, "is the host's"),
    };
    Ok(Check::new(HOOK, is_well, found))
}

/// Whether what is announced arrives: a pooler in transaction mode lets LISTEN succeed and nothing come.
async fn echo(address: &Address, client: &tokio_postgres::Client) -> Check {
    const WHAT: &str = "notifications";
    let mut listening = match Listening::start(address).await {
        Ok(listening) => listening,
        Err(error) => return Check::new(WHAT, false, error.to_string()),
    };
    if let Err(error) = client
        .batch_execute("select pg_notify('webchat', '{\"beat\":\"doctor\"}')")
        .await
    {
        return Check::new(WHAT, false, error.to_string());
    }
    let heard = tokio::time::timeout(ECHO_MAX, async {
        while let Some(payload) = listening.heard.recv().await {
            if payload.contains("doctor") {
                return true;
            }
        }
        false
    })
    .await;
    match heard {
        Ok(true) => Check::new(WHAT, true, "arrive"),
        _ => Check::new(
            WHAT,
            false,
            "do not arrive: connect to PostgreSQL itself or to a pooler in session mode",
        ),
    }
}
