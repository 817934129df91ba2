//! Epochs: cursors of a history of transactions that this cluster never had.

use uuid::Uuid;

use crate::support::{TestDatabase, group, run, send, user, value};

#[tokio::test]
async fn data_from_another_cluster_begins_an_epoch_of_its_own() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let group = group(&client, ann, &[]).await;
    send(&client, ann, group, "of old").await;
    let old: String = value(&client, "select chat.current_cursor()", &[]).await;
    let label: String = value(&client, "select chat.renew_epoch()", &[]).await;
    assert!(
        old.starts_with(&format!("{label}-")),
        "asking again changes nothing"
    );

    // As after a restore elsewhere, where ids of transactions are still small.
    client
        .batch_execute(
            "update chat.epochs set identity = 'other' where number = (select max(number) from chat.epochs);
             set session_replication_role = replica;
             update chat.users set changed_xid = '99999999999';
             update chat.conversations set changed_xid = '99999999999';
             update chat.members set changed_xid = '99999999999';
             update chat.messages set changed_xid = '99999999999';
             set session_replication_role = origin;",
        )
        .await
        .unwrap();
    let repeats = async |cursor: &str, actor: Option<Uuid>| -> (bool, i32) {
        let sql = "select is_reset, cardinality(envelopes) from chat.changes_since($1, $2)";
        let row = client.query_one(sql, &[&actor, &cursor]).await.unwrap();
        (row.get(0), row.get(1))
    };
    assert!(
        repeats(&old, None).await.1 > 0,
        "without a new epoch they would repeat for ever"
    );

    // Servers that start at once agree on it.
    let started = futures_util::future::join_all((0..8).map(|_| async {
        let server = database.connect_as("chat_server").await;
        value::<String>(&server, "select chat.renew_epoch()", &[]).await
    }))
    .await;
    assert!(
        started
            .iter()
            .all(|one| *one == started[0] && *one != label),
        "{started:?}"
    );

    let fresh: String = value(&client, "select chat.current_cursor()", &[]).await;
    for actor in [None, Some(ann)] {
        assert_eq!(repeats(&old, actor).await, (true, 0));
        assert_eq!(repeats(&fresh, actor).await, (false, 0));
    }
    // The rules hold again, and what is new is news.
    let message = send(&client, ann, group, "new").await;
    assert_eq!(repeats(&fresh, Some(ann)).await, (false, 1));
    assert_eq!(
        run(
            &client,
            "delete from chat.messages where id = $1",
            &[&message]
        )
        .await,
        0
    );
    let disabled: i64 = value(
        &client,
        "select count(*) from pg_trigger where tgrelid::regclass::text like 'chat.%' and tgenabled <> 'O'",
        &[],
    )
    .await;
    assert_eq!(disabled, 0);
}

#[tokio::test]
async fn another_database_of_the_same_cluster_is_another_place() {
    let (one, other) = (TestDatabase::create().await, TestDatabase::empty().await);
    webchat::postgres::migrate::migrate(&other.address())
        .await
        .unwrap();
    let cursor: String = value(&*one.connect().await, "select chat.current_cursor()", &[]).await;
    let is_reset: bool = value(
        &*other.connect().await,
        "select is_reset from chat.changes_since(null, $1)",
        &[&cursor],
    )
    .await;
    assert!(is_reset);
}
