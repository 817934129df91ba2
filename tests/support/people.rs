//! People, conversations and messages to begin with, and what a refusal says.

use tokio_postgres::Client;
use uuid::Uuid;

pub async fn user(client: &Client, name: &str) -> Uuid {
    let row = client
        .query_one("select id from chat.create_user($1)", &[&name])
        .await
        .unwrap();
    row.get(0)
}

/// The direct conversation of two users.
pub async fn direct(client: &Client, one: Uuid, other: Uuid) -> Uuid {
    let row = client
        .query_one("select id from chat.open_direct($1, $2)", &[&one, &other])
        .await
        .unwrap();
    row.get(0)
}

/// A group of an owner and members, without the messages that say who made it and is in it: what is sent there
/// is its first.
pub async fn group(client: &Client, owner: Uuid, members: &[Uuid]) -> Uuid {
    client.batch_execute("set chat.quiet = on").await.unwrap();
    let row = client
        .query_one(
            "select id from chat.create_group($1, 'Group', $2)",
            &[&owner, &members],
        )
        .await
        .unwrap();
    client.batch_execute("reset chat.quiet").await.unwrap();
    row.get(0)
}

/// A room that anyone may join, without a message as well.
pub async fn room(client: &Client, owner: Uuid) -> Uuid {
    client.batch_execute("set chat.quiet = on").await.unwrap();
    let row = client
        .query_one("select id from chat.create_room($1, 'Room')", &[&owner])
        .await
        .unwrap();
    client.batch_execute("reset chat.quiet").await.unwrap();
    row.get(0)
}

/// Sends a text; answers with the message's id.
pub async fn send(client: &Client, sender: Uuid, conversation: Uuid, body: &str) -> Uuid {
    let row = client
        .query_one(
            "select id from chat.send_message($1, $2, $3)",
            &[&sender, &conversation, &body],
        )
        .await
        .unwrap();
    row.get(0)
}

/// The SQLSTATE and the machine-readable key of a refused statement.
#[track_caller]
pub fn refusal<T>(result: Result<T, tokio_postgres::Error>) -> (String, String) {
    let Err(error) = result else {
        panic!("it was not refused");
    };
    let Some(answer) = error.as_db_error() else {
        panic!("it failed otherwise: {error}");
    };
    (answer.code().code().to_owned(), answer.message().to_owned())
}
