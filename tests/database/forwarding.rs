//! Forwarding: a message repeated elsewhere, without where it came from.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::{column, direct, refusal, run, send, value};

const FORWARD: &str =
    "select chat.message_json(m, null) from chat.forward_message($1, $2, $3, $4) m";

impl Scene {
    async fn forward(
        &self,
        actor: Uuid,
        message: Uuid,
        conversations: &[Uuid],
        client_id: Option<&str>,
    ) -> Vec<Value> {
        column(
            &self.client,
            FORWARD,
            &[&actor, &message, &conversations, &client_id],
        )
        .await
    }

    async fn refuses_to_forward(
        &self,
        actor: Uuid,
        message: Uuid,
        conversations: &[Uuid],
    ) -> String {
        refusal(
            self.client
                .query(FORWARD, &[&actor, &message, &conversations, &None::<&str>])
                .await,
        )
        .1
    }
}

#[tokio::test]
async fn a_forwarded_message_says_the_same_and_that_it_was_forwarded_and_no_more() {
    let scene = Scene::set().await;
    let direct = direct(&scene.client, scene.ben, scene.eve).await;
    let data = json!({"mentions": [scene.ben], "order": 7});
    let message: Uuid = value(
        &scene.client,
        "select id from chat.send_message($1, $2, '@Ben the plan', p_data => $3)",
        &[&scene.ann, &scene.group, &data],
    )
    .await;
    let sent = scene
        .forward(scene.ben, message, &[direct, scene.group], None)
        .await;
    assert_eq!(sent.len(), 2);
    for forwarded in &sent {
        assert_eq!(
            (
                &forwarded["body"],
                &forwarded["data"],
                &forwarded["forwarded"],
                &forwarded["sender_id"]
            ),
            (
                &json!("@Ben the plan"),
                &json!({"order": 7}),
                &json!(true),
                &json!(scene.ben)
            )
        );
        assert_eq!(
            forwarded["mentions"],
            json!([]),
            "nobody is called a second time"
        );
        assert!(
            !forwarded.to_string().contains(&message.to_string())
                && !forwarded.to_string().contains(&scene.ann.to_string())
        );
    }
    assert_eq!(scene.message(message).await["forwarded"], false);
}

#[tokio::test]
async fn what_cannot_be_read_deleted_or_is_the_systems_is_not_forwarded() {
    let scene = Scene::set().await;
    let own = direct(&scene.client, scene.eve, scene.eve).await;
    let message = scene.say(scene.ann, "secret").await;
    assert_eq!(
        scene.refuses_to_forward(scene.eve, message, &[own]).await,
        "not_a_member"
    );
    assert_eq!(
        scene
            .refuses_to_forward(scene.ann, message, &[scene.group, own])
            .await,
        "not_a_member"
    );
    assert_eq!(
        scene.refuses_to_forward(scene.ann, message, &[]).await,
        "bad_conversations"
    );
    assert_eq!(
        scene
            .refuses_to_forward(scene.ann, message, &vec![scene.group; 21])
            .await,
        "bad_conversations"
    );
    assert_eq!(
        scene
            .refuses_to_forward(scene.ann, Uuid::nil(), &[scene.group])
            .await,
        "message_not_found"
    );
    run(
        &scene.client,
        "select chat.delete_message($1, $2)",
        &[&scene.ann, &message],
    )
    .await;
    assert_eq!(
        scene
            .refuses_to_forward(scene.ann, message, &[scene.group])
            .await,
        "message_deleted"
    );
    let system: Uuid = value(
        &scene.client,
        "insert into chat.messages (conversation_id, kind, body) values ($1, 'system', 'Ann came') returning id",
        &[&scene.group],
    )
    .await;
    assert_eq!(
        scene
            .refuses_to_forward(scene.ann, system, &[scene.group])
            .await,
        "not_forwardable"
    );
    let count: i64 = value(&scene.client, "select count(*) from chat.messages", &[]).await;
    assert_eq!(count, 2, "all or none");
}

#[tokio::test]
async fn forwarding_again_by_the_same_key_sends_nothing_twice() {
    let scene = Scene::set().await;
    let direct = direct(&scene.client, scene.ann, scene.ben).await;
    let message = scene.say(scene.ann, "plan").await;
    let first = scene
        .forward(scene.ann, message, &[direct], Some("k"))
        .await;
    let again = scene
        .forward(scene.ann, message, &[direct, scene.group], Some("k"))
        .await;
    assert!(again.contains(&first[0]), "{again:?}");
    assert_eq!(again.len(), 2);
    let count: i64 = value(
        &scene.client,
        "select count(*) from chat.messages where forwarded_from = $1",
        &[&message],
    )
    .await;
    assert_eq!(count, 2);
    let other = scene.say(scene.ann, "another plan").await;
    let refused = scene
        .client
        .query(FORWARD, &[&scene.ann, &other, &vec![direct], &Some("k")])
        .await;
    assert_eq!(
        refusal(refused),
        ("CH409".to_owned(), "client_id_taken".to_owned())
    );
}

#[tokio::test]
async fn plain_sql_forwards_what_the_message_said_whatever_it_says_itself() {
    let scene = Scene::set().await;
    let message = scene.say(scene.ann, "true words").await;
    let writer = scene.database.connect_as("chat_writer").await;
    let insert = "insert into chat.messages (conversation_id, sender_id, forwarded_from, body) values ($1, $2, $3, 'false words') returning body";
    let body: String = value(&writer, insert, &[&scene.group, &scene.ben, &message]).await;
    assert_eq!(body, "true words");
    let own = direct(&writer, scene.eve, scene.eve).await;
    let refused = writer
        .query_one(insert, &[&own, &scene.eve, &message])
        .await;
    assert_eq!(refusal(refused).1, "not_a_member");
    let moved = writer
        .execute(
            "update chat.messages set body = 'x' where id = $1",
            &[&message],
        )
        .await;
    moved.unwrap();
    let changed = scene
        .client
        .execute(
            "update chat.messages set forwarded_from = null where forwarded_from is not null",
            &[],
        )
        .await;
    assert_eq!(refusal(changed).1, "immutable_column");
}

#[tokio::test]
async fn a_forwarded_message_can_be_forwarded_edited_and_deleted_like_any_other() {
    let scene = Scene::set().await;
    let message = send(&scene.client, scene.ann, scene.group, "one").await;
    let forwarded = scene
        .forward(scene.ben, message, &[scene.group], None)
        .await
        .remove(0);
    let id: Uuid = forwarded["id"].as_str().unwrap().parse().unwrap();
    run(
        &scene.client,
        "select chat.edit_message($1, $2, 'two')",
        &[&scene.ben, &id],
    )
    .await;
    let again = scene
        .forward(scene.ann, id, &[scene.group], None)
        .await
        .remove(0);
    assert_eq!(
        (&again["body"], &again["forwarded"]),
        (&json!("two"), &json!(true))
    );
    assert_eq!(scene.message(message).await["body"], "one");
}
