//! The data goes on elsewhere: cursors of its former life are told to begin afresh.

use std::process::Command;

use serde_json::Value;

use crate::support::{
    Client, OwnCluster, Person, ServerProcess, TestDatabase, TestServer, column, run, value,
};

/// Transaction ids that one of the clusters is ahead of the other.
const AHEAD: u32 = 3_000;

async fn burn_transaction_ids(client: &Client) {
    client
        .batch_execute(&format!(
            "do $$ begin for i in 1..{AHEAD} loop perform pg_current_xact_id(); commit; end loop; end $$"
        ))
        .await
        .unwrap();
}

/// Runs a program of PostgreSQL's own installation.
async fn run_program(client: &Client, name: &str, arguments: &[&str]) -> Vec<u8> {
    let folder: String = value(
        client,
        "select setting from pg_config where name = 'BINDIR'",
        &[],
    )
    .await;
    let output = Command::new(format!("{folder}/{name}"))
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// Dumps the database and restores it into an empty one.
async fn move_to(from: &TestDatabase, to: &TestDatabase) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dump.sql");
    let (source, target) = (from.connect().await, to.connect().await);
    let dump = run_program(&source, "pg_dump", &["--dbname", &from.url()]).await;
    std::fs::write(&file, dump).unwrap();
    // Roles are the cluster's and in no dump of a database: whoever restores makes them first, or
    // goes on past the grants, as psql does.
    run_program(
        &target,
        "psql",
        &[
            "--quiet",
            "--no-psqlrc",
            "--dbname",
            &to.url(),
            "--file",
            file.to_str().unwrap(),
        ],
    )
    .await;
}

fn messages(frames: &[Value]) -> usize {
    frames
        .iter()
        .filter(|frame| frame["type"] == "message")
        .count()
}

/// On the restored data: an old cursor gets a reset, a fresh one repeats nothing, and sending goes on.
async fn assert_it_goes_on(
    restored: &TestDatabase,
    ada: &Person,
    bob: &Person,
    old_cursor: &str,
    count: i64,
) {
    let mut server = ServerProcess::start_with(restored, &[("MIGRATE", "true")]).await;
    let (ada, bob) = (ada.at(server.address), bob.at(server.address));
    let (status, list) = ada.get("/api/conversations").await;
    assert_eq!(status, 200, "{list}");
    let client = restored.connect().await;
    let direct: uuid::Uuid = value(
        &client,
        "select id from chat.conversations where kind = 'direct' and last_seq = $1",
        &[&count],
    )
    .await;

    let mut old = ada.resume(old_cursor).await;
    old.next_of("reset").await;
    old.settle().await;
    assert_eq!(messages(&old.seen), 0, "after a reset everything is loaded");
    let fresh = bob.connect().await.cursor;
    let mut resumed = bob.resume(&fresh).await;
    resumed.settle().await;
    assert_eq!(
        messages(&resumed.seen),
        0,
        "nothing has changed since a fresh cursor"
    );

    let sent = ada.say(direct, "goes on").await;
    assert_eq!(sent["seq"], count + 1);
    assert_eq!(resumed.message("goes on").await["id"], sent["id"]);
    let mut again = bob.resume(&fresh).await;
    again.settle().await;
    assert_eq!(messages(&again.seen), 1);
    let held: Vec<i64> = column(
        &client,
        "select seq from chat.messages where conversation_id = $1 order by seq",
        &[&direct],
    )
    .await;
    assert_eq!(held, (1..=count + 1).collect::<Vec<_>>());
    server.terminate().await;
}

/// Messages that [`converse`] edits at its end.
const EDITED: usize = 5;

/// Ada and Bob, twenty messages between them, and a cursor from when all of that was there.
async fn converse(database: &TestDatabase) -> (Person, Person, String) {
    let server = TestServer::start(database).await;
    let ada = Person::guest(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let direct = ada.direct(&bob).await;
    for number in 0..20 {
        ada.say(direct, &format!("message {number}")).await;
    }
    let mut adas = ada.connect().await;
    let client = database.connect().await;
    run(
        &client,
        "update chat.messages set body = body || '!' where seq % 4 = 0",
        &[],
    )
    .await;
    adas.message("message 19!").await;
    server.stop().await;
    (ada, bob, adas.cursor)
}

#[tokio::test]
async fn data_restored_into_a_cluster_with_lower_transaction_ids_goes_on_and_old_cursors_get_a_reset()
 {
    let (from, to) = tokio::join!(OwnCluster::start(), OwnCluster::start());
    let database = from.migrated().await;
    burn_transaction_ids(&database.connect().await).await;
    let (ada, bob, cursor) = converse(&database).await;
    let restored = to.empty();
    move_to(&database, &restored).await;
    let client = restored.connect().await;
    let is_lower: bool = value(
        &client,
        "select pg_current_xact_id() < (select max(changed_xid) from chat.messages)",
        &[],
    )
    .await;
    assert!(is_lower);
    assert_it_goes_on(&restored, &ada, &bob, &cursor, 20).await;
    let roles: i64 = value(
        &client,
        "select count(*) from pg_roles where rolname like 'chat\\_%' and has_schema_privilege(rolname, 'chat', 'usage')",
        &[],
    )
    .await;
    assert_eq!(roles, 3, "the new cluster has the roles and their grants");
}

#[tokio::test]
async fn data_restored_into_a_cluster_with_higher_transaction_ids_goes_on_and_old_cursors_get_a_reset()
 {
    let (from, to) = tokio::join!(OwnCluster::start(), OwnCluster::start());
    let database = from.migrated().await;
    let (ada, bob, cursor) = converse(&database).await;
    let restored = to.empty();
    burn_transaction_ids(&restored.connect().await).await;
    move_to(&database, &restored).await;
    assert_it_goes_on(&restored, &ada, &bob, &cursor, 20).await;
}

#[tokio::test]
async fn a_copy_by_template_goes_its_own_way_from_the_original() {
    let cluster = OwnCluster::start().await;
    let database = cluster.migrated().await;
    let (ada, bob, cursor) = converse(&database).await;
    let admin = cluster.database("postgres").connect().await;
    admin
        .batch_execute(&format!(
            "create database copied template {}",
            database.name()
        ))
        .await
        .unwrap();
    let copied = cluster.database("copied");
    assert_it_goes_on(&copied, &ada, &bob, &cursor, 20).await;

    // The original knows the cursor still.
    let server = TestServer::start(&database).await;
    let mut resumed = ada.at(server.address).resume(&cursor).await;
    resumed.settle().await;
    assert!(resumed.seen.iter().all(|frame| frame["type"] != "reset"));
    assert!(
        messages(&resumed.seen) <= EDITED,
        "no more is repeated than what the cursor came with"
    );
    server.stop().await;
}
