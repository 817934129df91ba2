//! Conversations that the host knows by a key of its own.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::{refusal, run, value};

const OPEN: &str = "select chat.conversation_json(c) from chat.open_topic($1, $2) c";

impl Scene {
    async fn open_topic(&self, actor: Uuid, topic: &str) -> Result<Value, (String, String)> {
        let answer = self.client.query_one(OPEN, &[&actor, &topic]).await;
        answer
            .map(|row| row.get(0))
            .map_err(|error| refusal::<()>(Err(error)))
    }
}

fn is(state: &str, key: &str) -> (String, String) {
    (state.to_owned(), key.to_owned())
}

#[tokio::test]
async fn a_topic_is_made_by_who_opens_it_first_and_joined_by_the_others() {
    let scene = Scene::set().await;
    let made = scene.open_topic(scene.ann, "order-4711").await.unwrap();
    assert_eq!(
        (
            &made["topic"],
            &made["title"],
            &made["kind"],
            &made["join_policy"]
        ),
        (
            &json!("order-4711"),
            &json!("order-4711"),
            &json!("room"),
            &json!("open")
        )
    );
    let again = scene.open_topic(scene.ben, "order-4711").await.unwrap();
    assert_eq!(again["id"], made["id"]);
    let roles: Value = value(
        &scene.client,
        "select json_agg(role) from chat.members where conversation_id = $1::text::uuid and active",
        &[&made["id"].as_str().unwrap()],
    )
    .await;
    assert_eq!(
        roles,
        json!(["member", "member"]),
        "nobody has power over the other"
    );
    let listed: i64 = value(
        &scene.client,
        "select count(*) from chat.list_rooms($1, 'order')",
        &[&scene.eve],
    )
    .await;
    assert_eq!(listed, 0, "nobody finds it who was not led there");
    let named: Value = value(
        &scene.client,
        "select chat.conversation_json(c) from chat.open_topic($1, 'order-4712', ' Order 4712 ') c",
        &[&scene.ann],
    )
    .await;
    assert_eq!(named["title"], "Order 4712");
}

#[tokio::test]
async fn of_two_who_open_a_topic_at_once_one_makes_it() {
    let scene = Scene::set().await;
    let other = scene.database.connect().await;
    scene.client.batch_execute("begin").await.unwrap();
    let made = scene.open_topic(scene.ann, "order-1").await.unwrap();
    let process = crate::support::query::process_id(&other).await;
    let ben = scene.ben;
    let second =
        tokio::spawn(async move { value::<Value>(&other, OPEN, &[&ben, &"order-1"]).await });
    let observer = scene.database.connect().await;
    crate::support::query::until_it_waits_for_a_lock(&observer, process).await;
    scene.client.batch_execute("commit").await.unwrap();
    assert_eq!(second.await.unwrap()["id"], made["id"]);
}

#[tokio::test]
async fn a_topic_that_the_host_made_for_some_lets_in_nobody_else() {
    let scene = Scene::set().await;
    run(
        &scene.client,
        "update chat.users set external_id = 'host-' || lower(name)",
        &[],
    )
    .await;
    let made: Uuid = value(
        &scene.client,
        "select (chat.create_topic('order-4711', 'Your order', array['host-ann', 'host-ben'])).id",
        &[],
    )
    .await;
    let opened = scene.open_topic(scene.ann, "order-4711").await.unwrap();
    assert_eq!(
        (&opened["id"], &opened["last_seq"]),
        (&json!(made), &json!(0)),
        "it begins with what is said in it"
    );
    assert_eq!(
        scene.open_topic(scene.eve, "order-4711").await,
        Err(is("CH403", "not_a_member"))
    );
    for (call, state, key) in [
        ("chat.create_topic('order-4711')", "CH409", "topic_taken"),
        (
            "chat.create_topic('x', null, array['nobody'])",
            "CH404",
            "user_not_found",
        ),
        ("chat.create_topic('')", "CH422", "bad_topic"),
        ("chat.create_topic(null)", "CH422", "bad_topic"),
        ("chat.create_topic(repeat('x', 201))", "CH422", "bad_topic"),
        ("chat.create_topic(E'a\\nb')", "CH422", "bad_topic"),
        (
            "chat.create_topic('x', p_join_policy => 'ajar')",
            "CH422",
            "bad_join_policy",
        ),
        ("chat.open_topic(null, ' x')", "CH422", "bad_topic"),
    ] {
        let answer = scene.client.execute(&format!("select {call}"), &[]).await;
        assert_eq!(refusal(answer), is(state, key), "{call}");
    }
}

#[tokio::test]
async fn the_host_makes_a_topic_with_its_own_row_or_neither() {
    let scene = Scene::set().await;
    for statements in [
        "create table public.orders (id bigint primary key, conversation_id uuid references chat.conversations)",
        "begin; insert into public.orders select 1, (chat.create_topic('order-1')).id; rollback",
        "begin; insert into public.orders select 2, (chat.create_topic('order-2')).id; commit",
    ] {
        scene.client.batch_execute(statements).await.unwrap();
    }
    let topics: Vec<String> = crate::support::column(
        &scene.client,
        "select c.topic from public.orders o join chat.conversations c on c.id = o.conversation_id",
        &[],
    )
    .await;
    assert_eq!(topics, ["order-2"]);
    let all: i64 = value(
        &scene.client,
        "select count(*) from chat.conversations where topic is not null",
        &[],
    )
    .await;
    assert_eq!(all, 1);
}

#[tokio::test]
async fn a_topic_never_changes_and_a_direct_chat_has_none() {
    let scene = Scene::set().await;
    for (statement, key) in [
        (
            "update chat.conversations set topic = 'x' where id = $1",
            "immutable_column",
        ),
        (
            "insert into chat.conversations (kind, direct_low, direct_high, topic)
             select 'direct', $1, $1, 'x' from chat.conversations where id = $1",
            "bad_topic",
        ),
    ] {
        let answer = scene.client.execute(statement, &[&scene.group]).await;
        assert_eq!(refusal(answer), is("CH422", key), "{statement}");
    }
}

#[tokio::test]
async fn the_host_says_who_may_open_which_topic_and_a_hook_that_fails_lets_in_nobody() {
    let scene = Scene::set().await;
    let hook = |body: &str| {
        format!(
            "create or replace function chat_hook.may_open_topic(p_user uuid, p_external_id text, p_topic text) returns boolean
             language plpgsql as $$ begin {body} end $$"
        )
    };
    let refused = Err(is("CH403", "topic_refused"));
    scene
        .client
        .batch_execute(&hook("return p_topic = 'order-' || p_external_id;"))
        .await
        .unwrap();
    run(
        &scene.client,
        "update chat.users set external_id = '1' where id = $1",
        &[&scene.ann],
    )
    .await;
    let made = scene.open_topic(scene.ann, "order-1").await.unwrap();
    assert_eq!(scene.open_topic(scene.ann, "order-2").await, refused);
    assert_eq!(scene.open_topic(scene.ben, "order-1").await, refused);
    // Nor by its id.
    let id: Uuid = made["id"].as_str().unwrap().parse().unwrap();
    let joined = scene
        .client
        .execute("select chat.join($1, $2)", &[&scene.ben, &id])
        .await;
    assert_eq!(refusal(joined), is("CH403", "topic_refused"));
    for body in ["raise 'broken';", "return null;", "return 1 / 0 = 1;"] {
        scene.client.batch_execute(&hook(body)).await.unwrap();
        assert_eq!(
            scene.open_topic(scene.ben, "order-1").await,
            refused,
            "{body}"
        );
        // Who is in already needs to ask nobody.
        assert!(scene.open_topic(scene.ann, "order-1").await.is_ok());
    }
}

#[tokio::test]
async fn who_was_removed_from_a_topic_does_not_come_back_by_opening_it() {
    let scene = Scene::set().await;
    let made = scene.open_topic(scene.ann, "order-1").await.unwrap();
    scene.open_topic(scene.ben, "order-1").await.unwrap();
    let id: Uuid = made["id"].as_str().unwrap().parse().unwrap();
    run(
        &scene.client,
        "update chat.members set role = 'admin' where conversation_id = $1 and user_id = $2",
        &[&id, &scene.ann],
    )
    .await;
    run(
        &scene.client,
        "select chat.remove_member($1, $2, $3)",
        &[&scene.ann, &id, &scene.ben],
    )
    .await;
    assert_eq!(
        scene.open_topic(scene.ben, "order-1").await,
        Err(is("CH403", "not_a_member"))
    );
}

#[tokio::test]
async fn a_direct_chat_is_opened_with_whom_the_host_knows() {
    let scene = Scene::set().await;
    run(
        &scene.client,
        "update chat.users set external_id = 'b-1' where id = $1",
        &[&scene.ben],
    )
    .await;
    let one: Uuid = value(
        &scene.client,
        "select (chat.open_direct_with($1, 'b-1')).id",
        &[&scene.ann],
    )
    .await;
    let other: Uuid = value(
        &scene.client,
        "select (chat.open_direct($1, $2)).id",
        &[&scene.ben, &scene.ann],
    )
    .await;
    assert_eq!(one, other);
    let answer = scene
        .client
        .execute("select chat.open_direct_with($1, 'b-2')", &[&scene.ann])
        .await;
    assert_eq!(refusal(answer), is("CH404", "user_not_found"));
}
