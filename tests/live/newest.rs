//! The newest page, which the server keeps, is always as the database is now.

use serde_json::{Value, json};

use crate::cast::Cast;
use crate::support::{Client, run, send, value};

/// Has the server read and keep the direct chat's newest page, with a cursor that covers all there is.
async fn keep(cast: &Cast) {
    cast.relayed().await;
    let path = format!("/api/conversations/{}/messages?limit=100", cast.direct);
    for reader in [&cast.ada, &cast.bob] {
        let (status, page) = reader.get(&path).await;
        assert_eq!(status, 200, "{page}");
    }
}

/// Whether the database says that a page read now and kept is still current.
async fn is_current(client: &Client, cast: &Cast, cursor: &str) -> bool {
    value(
        client,
        "select chat.newest_page($1, $2, 50, $3) is null",
        &[&cast.ada.id, &cast.direct, &cursor],
    )
    .await
}

#[tokio::test]
async fn a_page_is_current_until_something_of_it_changes() {
    let cast = Cast::assemble().await;
    let client = cast.database.connect().await;
    send(&client, cast.ada.id, cast.direct, "one").await;
    let cursor = cast.fresh_cursor(&cast.ada).await;
    assert!(is_current(&client, &cast, &cursor).await);
    let notes = cast.eve.direct(&cast.eve).await;
    send(&client, cast.eve.id, notes, "elsewhere").await;
    run(
        &client,
        "update chat.users set name = 'Evelyn' where id = $1",
        &[&cast.eve.id],
    )
    .await;
    assert!(
        is_current(&client, &cast, &cursor).await,
        "what happens elsewhere is not of it"
    );
    send(&client, cast.ada.id, cast.direct, "two").await;
    assert!(!is_current(&client, &cast, &cursor).await);
    assert!(
        !is_current(&client, &cast, "reset").await,
        "of an unreadable cursor nothing is known"
    );
}

#[tokio::test]
async fn a_kept_page_shows_each_change_as_soon_as_it_is_committed() {
    let cast = Cast::assemble().await;
    let client = cast.database.connect().await;
    send(&client, cast.ada.id, cast.direct, "one").await;
    keep(&cast).await;
    send(&client, cast.ada.id, cast.direct, "two").await;
    assert_eq!(cast.bob.history(cast.direct).await, ["one", "two"]);

    keep(&cast).await;
    run(
        &client,
        "update chat.messages set body = 'changed' where conversation_id = $1 and seq = 1",
        &[&cast.direct],
    )
    .await;
    assert_eq!(cast.bob.history(cast.direct).await, ["changed", "two"]);

    keep(&cast).await;
    run(
        &client,
        "delete from chat.messages where conversation_id = $1 and seq = 1",
        &[&cast.direct],
    )
    .await;
    assert_eq!(cast.bob.history(cast.direct).await, ["", "two"]);

    keep(&cast).await;
    run(
        &client,
        "update chat.users set name = 'Adele' where id = $1",
        &[&cast.ada.id],
    )
    .await;
    let path = format!("/api/conversations/{}/messages?limit=100", cast.direct);
    let (_, page) = cast.bob.get(&path).await;
    assert_eq!(page["items"][1]["sender_name"], "Adele");
}

#[tokio::test]
async fn a_change_begun_before_a_page_was_kept_and_committed_after_is_in_the_next() {
    let cast = Cast::assemble().await;
    let client = cast.database.connect().await;
    send(&client, cast.ada.id, cast.direct, "one").await;
    let slow = cast.database.connect().await;
    run(&slow, "begin", &[]).await;
    run(
        &slow,
        "update chat.messages set body = 'slowly' where conversation_id = $1",
        &[&cast.direct],
    )
    .await;
    send(&client, cast.ada.id, cast.direct, "two").await;
    keep(&cast).await;
    assert_eq!(cast.bob.history(cast.direct).await, ["one", "two"]);
    run(&slow, "commit", &[]).await;
    assert_eq!(cast.bob.history(cast.direct).await, ["slowly", "two"]);
}

#[tokio::test]
async fn a_kept_page_is_only_for_members_with_a_live_session() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob]).await;
    let path = format!("/api/conversations/{group}/messages");
    cast.ada.say(group, "between us").await;
    cast.relayed().await;
    for reader in [&cast.ada, &cast.bob] {
        assert_eq!(reader.get(&path).await.0, 200);
    }
    assert_eq!(cast.eve.get(&path).await.0, 403);

    let client = cast.database.connect().await;
    run(
        &client,
        "delete from chat.members where conversation_id = $1 and user_id = $2",
        &[&group, &cast.bob.id],
    )
    .await;
    let (status, problem) = cast.bob.get(&path).await;
    assert_eq!((status, &problem["code"]), (403, &json!("not_a_member")));

    run(
        &client,
        "update chat.sessions set ended_at = now() where user_id = $1",
        &[&cast.ada.id],
    )
    .await;
    let (status, problem) = cast.ada.get(&path).await;
    assert_eq!((status, &problem["code"]), (401, &json!("not_logged_in")));
}

#[tokio::test]
async fn a_page_with_fragments_and_one_without_are_kept_apart() {
    let cast = Cast::assemble().await;
    cast.ada.say(cast.direct, "hello").await;
    cast.relayed().await;
    let path = format!("/api/conversations/{}/messages", cast.direct);
    for _ in 0..2 {
        let (_, plain) = cast.bob.get(&path).await;
        assert_eq!(plain["items"][0].get("html"), None);
        let (_, rendered) = cast.bob.get(&format!("{path}?render=html")).await;
        assert!(
            matches!(&rendered["items"][0]["html"], Value::String(html) if html.contains("hello"))
        );
        let (_, none) = cast.bob.get(&format!("{path}?limit=1")).await;
        assert_eq!(none["items"].as_array().unwrap().len(), 1);
    }
}
