//! One value or one column out of a statement, and whether a session waits.

use tokio_postgres::Client;
use tokio_postgres::types::{FromSqlOwned, ToSql};

/// Looks at a session until it waits for a lock: 10 s of looks, a hundred times what it takes.
const LOOKS_MAX: u32 = 2_000;

pub type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// The first column of the one row.
#[track_caller]
pub fn value<'a, T: FromSqlOwned>(
    client: &'a Client,
    sql: &'a str,
    params: Params<'a>,
) -> impl Future<Output = T> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        match client.query_one(sql, params).await {
            Ok(row) => row.get(0),
            Err(error) => panic!("{caller}: {}", describe(&error)),
        }
    }
}

/// The first column of every row.
#[track_caller]
pub fn column<'a, T: FromSqlOwned>(
    client: &'a Client,
    sql: &'a str,
    params: Params<'a>,
) -> impl Future<Output = Vec<T>> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        match client.query(sql, params).await {
            Ok(rows) => rows.iter().map(|row| row.get(0)).collect(),
            Err(error) => panic!("{caller}: {}", describe(&error)),
        }
    }
}

/// Runs one statement; answers with the number of rows that it reports.
#[track_caller]
pub fn run<'a>(
    client: &'a Client,
    sql: &'a str,
    params: Params<'a>,
) -> impl Future<Output = u64> + 'a {
    let caller = std::panic::Location::caller();
    async move {
        match client.execute(sql, params).await {
            Ok(count) => count,
            Err(error) => panic!("{caller}: {}", describe(&error)),
        }
    }
}

fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(answer) => format!("{answer:?}"),
        None => error.to_string(),
    }
}

pub async fn process_id(client: &Client) -> i32 {
    value(client, "select pg_backend_pid()", &[]).await
}

/// Returns when the session waits for a lock that another holds.
pub async fn until_it_waits_for_a_lock(observer: &Client, process_id: i32) {
    for _ in 0..LOOKS_MAX {
        let waits: bool = value(
            observer,
            "select coalesce((select wait_event_type = 'Lock' from pg_stat_activity where pid = $1), false)",
            &[&process_id],
        )
        .await;
        if waits {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("the session does not wait for a lock");
}
