//! Who acts, and who may not.

use serde_json::json;
use webchat::postgres::{Address, migrate};

use crate::support::{Client, TestDatabase, direct, group, refusal, run, send, user, value};

#[tokio::test]
async fn an_owner_who_is_no_superuser_migrates_and_has_it_all_work() {
    let database = TestDatabase::empty().await;
    let admin = database.connect().await;
    let owner = format!("owner_{}", uuid::Uuid::new_v4().simple());
    admin
        .batch_execute(&format!(
            "create role {owner} login; grant create on database {} to {owner}",
            database.name()
        ))
        .await
        .unwrap();
    let mut config = database.config().clone();
    config.user(&owner);
    migrate::migrate(&Address::from_config(config.clone()))
        .await
        .unwrap();

    let client = Client::connect(&config).await;
    let ann = user(&client, "Ann").await;
    let ben = user(&client, "Ben").await;
    let pair = direct(&client, ann, ben).await;
    let message = send(&client, ann, pair, "hi").await;
    run(
        &client,
        "select chat.edit_message($1, $2, 'hello')",
        &[&ann, &message],
    )
    .await;
    drop(client);
    admin
        .batch_execute(&format!("drop owned by {owner} cascade; drop role {owner}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_function_leaves_the_acting_user_as_it_was() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let ben = user(&client, "Ben").await;
    let pair = direct(&client, ann, ben).await;
    let message = send(&client, ben, pair, "hi").await;
    client.batch_execute("begin").await.unwrap();
    run(
        &client,
        "select set_config('chat.actor', $1::text, true)",
        &[&ann.to_string()],
    )
    .await;
    run(
        &client,
        "select chat.edit_message($1, $2, 'hello')",
        &[&ben, &message],
    )
    .await;
    let actor: String = value(&client, "select current_setting('chat.actor')", &[]).await;
    assert_eq!(actor, ann.to_string());
    client.batch_execute("commit").await.unwrap();
}

#[tokio::test]
async fn the_acting_user_changes_nobody_else_and_raises_nobody_elses_marks() {
    let database = TestDatabase::create().await;
    let client = database.connect_as("chat_writer").await;
    let ann = user(&client, "Ann").await;
    let ben = user(&client, "Ben").await;
    let pair = direct(&client, ann, ben).await;
    send(&client, ann, pair, "hi").await;
    client
        .batch_execute(&format!("set chat.actor = '{ann}'"))
        .await
        .unwrap();
    for statement in [
        "update chat.users set name = 'Bob' where id = $1",
        "delete from chat.users where id = $1",
        "update chat.marks set read_seq = 1 where user_id = $1",
    ] {
        assert_eq!(
            refusal(client.execute(statement, &[&ben]).await),
            ("CH403".to_owned(), "not_yourself".to_owned()),
            "{statement}"
        );
    }
    client
        .execute("update chat.users set name = 'Anna' where id = $1", &[&ann])
        .await
        .unwrap();
}

#[tokio::test]
async fn whoever_is_deactivated_or_nobody_does_nothing() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let ben = user(&client, "Ben").await;
    let club = group(&client, ann, &[ben]).await;
    let message = send(&client, ben, club, "hi").await;
    run(&client, "delete from chat.users where id = $1", &[&ben]).await;
    let nobody = uuid::Uuid::new_v4();
    for (actor, expected) in [
        (ben, ("CH403", "user_deactivated")),
        (nobody, ("CH404", "user_not_found")),
    ] {
        let expected = (expected.0.to_owned(), expected.1.to_owned());
        let edited = client
            .query("select chat.edit_message($1, $2, 'x')", &[&actor, &message])
            .await;
        assert_eq!(refusal(edited), expected);
        let opened = client
            .query("select chat.open_direct($1, $2)", &[&actor, &ann])
            .await;
        assert_eq!(refusal(opened), expected);
        let made = client
            .query("select chat.create_group($1, 'Group')", &[&actor])
            .await;
        assert_eq!(refusal(made), expected);
    }
}

#[tokio::test]
async fn one_made_deactivated_is_in_the_general_room_once_active() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let late: uuid::Uuid = value(
        &client,
        "insert into chat.users (name, deactivated_at) values ('Late', now()) returning id",
        &[],
    )
    .await;
    const IN_GENERAL: &str =
        "select count(*) from chat.members m join chat.conversations c on c.id = m.conversation_id
         where c.is_general and m.active and m.user_id = $1";
    assert_eq!(value::<i64>(&client, IN_GENERAL, &[&late]).await, 0);
    run(
        &client,
        "update chat.users set deactivated_at = null where id = $1",
        &[&late],
    )
    .await;
    assert_eq!(value::<i64>(&client, IN_GENERAL, &[&late]).await, 1);
    assert_eq!(value::<i64>(&client, IN_GENERAL, &[&ann]).await, 1);
}

#[tokio::test]
async fn a_system_message_with_a_key_is_there_once_too() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let club = group(&client, ann, &[]).await;
    let items =
        json!([{"conversation_id": club, "kind": "system", "body": "Paid", "client_id": "k"}]);
    for expected in [201, 200] {
        let status: i32 = value(
            &client,
            "select status from chat.send_messages($1)",
            &[&items],
        )
        .await;
        assert_eq!(status, expected);
    }
    let count: i64 = value(
        &client,
        "select count(*) from chat.messages where conversation_id = $1",
        &[&club],
    )
    .await;
    assert_eq!(count, 1);
}
