//! Mentions: whom a message calls, and how many wait unread.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::{run, value};

impl Scene {
    async fn mentions(&self, actor: Uuid) -> i64 {
        self.conversation(actor).await["mentions"].as_i64().unwrap()
    }

    async fn mentioned(&self, message: Uuid) -> Vec<Value> {
        let message = self.message(message).await;
        message["mentions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["name"].clone())
            .collect()
    }

    async fn send_with(&self, sender: Uuid, body: &str, data: Value) -> Uuid {
        value(
            &self.client,
            "select id from chat.send_message($1, $2, $3, p_data => $4)",
            &[&sender, &self.group, &body, &data],
        )
        .await
    }
}

#[tokio::test]
async fn a_username_after_an_at_sign_is_a_mention_whatever_stands_around_it() {
    let scene = Scene::set().await;
    scene.set_username(scene.ben, "Ben.J").await;
    scene.set_username(scene.eve, "eve").await;
    for body in [
        "@ben.j",
        "hi @BEN.J!",
        "(@ben.j)",
        "ask @ben.j, please",
        "@ben.j.",
        "**@ben.j**",
        "a\n@ben.j's",
    ] {
        let said = scene.say(scene.ann, body).await;
        let found = scene.mentioned(said).await;
        let wanted = if body.ends_with("'s") {
            vec![]
        } else {
            vec![json!("Ben")]
        };
        assert_eq!(found, wanted, "{body}");
    }
    for body in [
        "ben.j",
        "mail ann@ben.j",
        "@@ben.j",
        "@ben",
        "@ ben.j",
        "@eve is no member",
        "@ann",
    ] {
        let said = scene.say(scene.ann, body).await;
        assert_eq!(scene.mentioned(said).await, Vec::<Value>::new(), "{body}");
    }
}

#[tokio::test]
async fn a_client_names_whom_it_means_and_others_than_members_are_passed_over() {
    let scene = Scene::set().await;
    let data = json!({"mentions": [scene.ben, scene.eve, scene.ann, Uuid::nil()]});
    let message = scene.send_with(scene.ann, "@Ben look", data).await;
    assert_eq!(
        scene.message(message).await["mentions"],
        json!([{"id": scene.ben, "name": "Ben", "username": null}])
    );
    // By plain SQL as well, and under the name that they have now.
    let writer = scene.database.connect_as("chat_writer").await;
    run(
        &writer,
        "insert into chat.messages (conversation_id, sender_id, body, data) values ($1, $2, 'x', $3)",
        &[&scene.group, &scene.ann, &json!({"mentions": [scene.ben]})],
    )
    .await;
    run(
        &writer,
        "update chat.users set name = 'Benjamin' where id = $1",
        &[&scene.ben],
    )
    .await;
    assert_eq!(scene.mentioned(message).await, [json!("Benjamin")]);
    assert_eq!(scene.mentions(scene.ben).await, 2);
}

#[tokio::test]
async fn unread_mentions_are_counted_apart_until_they_are_read() {
    let scene = Scene::set().await;
    scene.set_username(scene.ben, "ben").await;
    scene.say(scene.ann, "hello").await;
    let first = scene.say(scene.ann, "@ben one").await;
    scene.say(scene.ann, "@ben two").await;
    let third = scene.say(scene.ann, "@ben three").await;
    let conversation = scene.conversation(scene.ben).await;
    assert_eq!(
        (&conversation["unread"], &conversation["mentions"]),
        (&json!(4), &json!(3))
    );
    assert_eq!(scene.mentions(scene.ann).await, 0);
    run(
        &scene.client,
        "select chat.hide_message($1, $2)",
        &[&scene.ben, &first],
    )
    .await;
    assert_eq!(scene.mentions(scene.ben).await, 2);
    run(
        &scene.client,
        "select chat.delete_message($1, $2)",
        &[&scene.ann, &third],
    )
    .await;
    assert_eq!(scene.mentions(scene.ben).await, 1);
    run(
        &scene.client,
        "select chat.restore_message($1, $2)",
        &[&scene.ann, &third],
    )
    .await;
    run(
        &scene.client,
        "select chat.mark_read($1, $2, 3)",
        &[&scene.ben, &scene.group],
    )
    .await;
    assert_eq!(scene.mentions(scene.ben).await, 1);
    run(
        &scene.client,
        "select chat.mark_read($1, $2, 4)",
        &[&scene.ben, &scene.group],
    )
    .await;
    assert_eq!(scene.mentions(scene.ben).await, 0);
}

#[tokio::test]
async fn an_edit_changes_who_is_mentioned() {
    let scene = Scene::set().await;
    scene.set_username(scene.ben, "ben").await;
    let message = scene.say(scene.ann, "@ben come").await;
    let edit = "select chat.edit_message($1, $2, $3, $4)";
    for (body, data, count) in [
        ("come, Ben", None, 0),
        ("come", Some(json!({"mentions": [scene.ben]})), 1),
        ("come", Some(json!({"mentions": []})), 0),
        ("@ben!", None, 1),
    ] {
        run(&scene.client, edit, &[&scene.ann, &message, &body, &data]).await;
        assert_eq!(scene.mentions(scene.ben).await, count, "{body} {data:?}");
        assert_eq!(scene.mentioned(message).await.len() as i64, count);
    }
    let rows: i64 = value(&scene.client, "select count(*) from chat.mentions", &[]).await;
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn a_message_that_calls_nobody_looks_nobody_up() {
    let scene = Scene::set().await;
    let scans = "select coalesce(sum(idx_scan + seq_scan), 0)::bigint from pg_stat_xact_user_tables where relname = 'mentions'";
    run(&scene.client, "begin", &[]).await;
    let before: i64 = value(&scene.client, scans, &[]).await;
    scene.say(scene.ann, "no call").await;
    let after: i64 = value(&scene.client, scans, &[]).await;
    run(&scene.client, "commit", &[]).await;
    assert_eq!(after, before);
}
