//! Presence and typing: what is true only now, over any number of servers.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::query::{process_id, until_it_waits_for_a_lock};
use crate::support::{Heard, TestDatabase, direct, refusal, run, user, value};

async fn set(client: &Client, server: Uuid, statuses: &[(Uuid, &str)]) {
    let statuses: BTreeMap<String, &str> = statuses
        .iter()
        .map(|(id, status)| (id.to_string(), *status))
        .collect();
    run(
        client,
        "select chat.set_presences($1, $2)",
        &[&server, &json!(statuses)],
    )
    .await;
}

async fn beat(client: &Client, server: Uuid) -> bool {
    value(client, "select chat.beat($1)", &[&server]).await
}

fn statuses(heard: &[Heard]) -> Vec<(&Value, &str)> {
    heard
        .iter()
        .map(|event| {
            assert_eq!(event.kind(), "presence");
            (
                &event.event()["user_id"],
                event.event()["status"].as_str().unwrap(),
            )
        })
        .collect()
}

#[tokio::test]
async fn a_user_at_two_servers_is_one_person() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let (left, right) = (Uuid::new_v4(), Uuid::new_v4());
    beat(&client, left).await;
    beat(&client, right).await;
    let mut listener = database.listen().await;
    let id = json!(ann);
    for (server, status, told) in [
        (left, "online", Some("online")),
        (right, "online", None),
        (left, "away", None), // still online at the other
        (right, "away", Some("away")),
        (right, "offline", None),
        (right, "online", Some("online")),
        (left, "offline", None),
        (right, "offline", Some("offline")),
        (right, "offline", None),
    ] {
        set(&client, server, &[(ann, status)]).await;
        let heard = listener.heard().await;
        assert_eq!(
            statuses(&heard),
            told.map(|told| (&id, told)).into_iter().collect::<Vec<_>>(),
            "{status}"
        );
        if told == Some("offline") {
            assert!(heard[0].event()["last_seen_at"].is_string());
        }
    }
    set(&client, left, &[(Uuid::new_v4(), "online")]).await;
    assert!(
        listener.heard().await.is_empty(),
        "nobody's presence is no news"
    );
}

#[tokio::test]
async fn two_servers_that_change_one_user_at_once_agree() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let (left, right) = (Uuid::new_v4(), Uuid::new_v4());
    set(&client, left, &[(ann, "online")]).await;
    set(&client, right, &[(ann, "online")]).await;
    let mut listener = database.listen().await;
    let (one, other) = (database.connect().await, database.connect().await);
    one.batch_execute("begin").await.unwrap();
    set(&one, left, &[(ann, "offline")]).await;
    let waiting = process_id(&other).await;
    futures_util::future::join(set(&other, right, &[(ann, "offline")]), async {
        until_it_waits_for_a_lock(&client, waiting).await;
        one.batch_execute("commit").await.unwrap();
    })
    .await;
    assert_eq!(
        statuses(&listener.heard().await),
        [(&json!(ann), "offline")],
        "told by the second, once"
    );
}

#[tokio::test]
async fn a_server_that_does_not_beat_any_more_takes_its_users_offline_once() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let (dead, alive) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(!beat(&client, dead).await);
    assert!(beat(&client, dead).await);
    beat(&client, alive).await;
    set(&client, dead, &[(ann, "online"), (ben, "online")]).await;
    set(&client, alive, &[(ben, "online")]).await;
    run(
        &client,
        "update chat.servers set heartbeat_at = heartbeat_at - interval '1 hour' where id = $1",
        &[&dead],
    )
    .await;

    let mut listener = database.listen().await;
    let expired: i32 = futures_util::future::join_all((0..6).map(|_| async {
        let server = database.connect_as("chat_server").await;
        value::<i32>(&server, "select chat.expire_servers('1 minute')", &[]).await
    }))
    .await
    .into_iter()
    .sum();
    assert_eq!(expired, 1);
    assert_eq!(
        statuses(&listener.heard().await),
        [(&json!(ann), "offline")],
        "Ben is at the other server"
    );
    assert!(
        !beat(&client, dead).await,
        "it learns that it was taken off"
    );
}

#[tokio::test]
async fn two_servers_that_expire_a_dead_one_at_the_same_moment_do_not_both_tell() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let dead = Uuid::new_v4();
    beat(&client, dead).await;
    set(&client, dead, &[(ann, "online")]).await;
    let mut listener = database.listen().await;
    let (one, other) = (database.connect().await, database.connect().await);
    one.batch_execute("begin").await.unwrap();
    run(&one, "select chat.expire_servers('0')", &[]).await;
    assert_eq!(
        value::<i32>(&other, "select chat.expire_servers('0')", &[]).await,
        0
    );
    one.batch_execute("commit").await.unwrap();
    assert_eq!(
        statuses(&listener.heard().await),
        [(&json!(ann), "offline")]
    );
}

#[tokio::test]
async fn a_server_that_leaves_takes_its_users_along_and_rows_of_nobody_go_too() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let (leaving, unregistered) = (Uuid::new_v4(), Uuid::new_v4());
    beat(&client, leaving).await;
    set(&client, leaving, &[(ann, "away")]).await;
    set(&client, unregistered, &[(ben, "online")]).await;
    let mut listener = database.listen().await;
    assert_eq!(
        value::<i32>(
            &client,
            "select chat.expire_servers('1 minute', $1)",
            &[&leaving]
        )
        .await,
        1
    );
    let mut expected = [json!(ann), json!(ben)];
    expected.sort_by_key(|id| id.to_string());
    let heard = listener.heard().await;
    assert_eq!(
        statuses(&heard),
        expected
            .iter()
            .map(|id| (id, "offline"))
            .collect::<Vec<_>>()
    );
    let rows: i64 = value(&client, "select count(*) from chat.presence", &[]).await;
    assert_eq!(rows, 0);
}

#[tokio::test]
async fn presence_reaches_peers_and_typing_the_conversation() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    run(
        &client,
        "update chat.conversations set closed_at = now()",
        &[],
    )
    .await;
    let (ann, ben, eve) = (
        user(&client, "Ann").await,
        user(&client, "Ben").await,
        user(&client, "Eve").await,
    );
    let pair = direct(&client, ann, ben).await;
    direct(&client, ben, eve).await;
    let mut listener = database.listen().await;
    set(&client, Uuid::new_v4(), &[(ann, "online")]).await;
    let heard = listener.heard().await;
    assert_eq!(
        (
            &heard[0].envelope["user"],
            &heard[0].envelope["conversations"]
        ),
        (&json!(ann), &json!([pair]))
    );

    run(
        &client,
        "select chat.announce_typing($1, $2, 'recording')",
        &[&ann, &pair],
    )
    .await;
    let items = json!([
        {"actor": ben, "conversation_id": pair, "state": "active"},
        {"actor": eve, "conversation_id": pair, "state": "active"},
        {"actor": ann, "conversation_id": pair, "state": "stopped"},
    ]);
    run(&client, "select chat.announce_typings($1)", &[&items]).await;
    let heard = listener.heard().await;
    let typing: Vec<_> = heard
        .iter()
        .map(|event| {
            (
                event.event()["user_name"].as_str().unwrap(),
                &event.event()["active"],
                &event.event()["recording"],
            )
        })
        .collect();
    let (yes, no) = (json!(true), json!(false));
    assert_eq!(typing[0], ("Ann", &yes, &yes));
    assert_eq!(typing.len(), 3, "a stranger's typing is passed over");
    assert!(typing.contains(&("Ben", &yes, &no)) && typing.contains(&("Ann", &no, &no)));
    assert_eq!(
        refusal(
            client
                .query("select chat.announce_typing($1, $2)", &[&eve, &pair])
                .await
        ),
        ("CH403".to_owned(), "not_a_member".to_owned())
    );
    assert_eq!(
        refusal(
            client
                .query(
                    "select chat.announce_typing($1, $2, 'thinking')",
                    &[&ann, &pair]
                )
                .await
        ),
        ("CH422".to_owned(), "bad_state".to_owned())
    );
}
