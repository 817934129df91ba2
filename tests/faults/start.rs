//! Servers that start together, and servers older than their database.

use futures_util::future::join_all;

use crate::support::{Person, ServerProcess, TestDatabase, column, run, value};

#[tokio::test]
async fn eight_servers_started_at_once_on_an_empty_database_all_get_ready() {
    let database = TestDatabase::empty().await;
    let settings = [("MIGRATE", "true"), ("DATABASE_CONNECTIONS", "6")];
    let starting = (0..8).map(|_| ServerProcess::start_with(&database, &settings));
    let servers = join_all(starting).await;
    let ada = Person::guest(servers[0].address, "Ada").await;
    let bob = Person::guest(servers[7].address, "Bob").await;
    let direct = ada.direct(&bob).await;
    let mut bobs = bob.connect().await;
    for server in &servers {
        let body = format!("by {}", server.address);
        ada.at(server.address).say(direct, &body).await;
        bobs.message(&body).await;
    }
    let client = database.connect().await;
    let epochs: i64 = value(&client, "select count(*) from chat.epochs", &[]).await;
    assert_eq!(epochs, 1);
    let rooms: i64 = value(
        &client,
        "select count(*) from chat.conversations where is_general",
        &[],
    )
    .await;
    assert_eq!(rooms, 1);
}

#[tokio::test]
async fn a_server_older_than_the_databases_functions_leaves_them_as_they_are() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    run(
        &client,
        "update chat.sql_applied set version = version + 1, digest = 'newer'",
        &[],
    )
    .await;
    client
        .batch_execute("comment on function chat.current_cursor() is 'of the newer edition'")
        .await
        .unwrap();
    let server = ServerProcess::start_with(&database, &[("MIGRATE", "true")]).await;
    let ada = Person::guest(server.address, "Ada").await;
    assert_eq!(ada.get("/api/conversations").await.0, 200);
    let found: Vec<String> = column(
        &client,
        "select obj_description('chat.current_cursor()'::regprocedure) union all select digest from chat.sql_applied",
        &[],
    )
    .await;
    assert_eq!(found, ["of the newer edition", "newer"]);
}
