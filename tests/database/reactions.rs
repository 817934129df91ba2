//! Reactions: kept one by one, seen on the message.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::{group, refusal, run, user, value};

impl Scene {
    async fn react(&self, actor: Uuid, message: Uuid, emoji: &str) -> Value {
        value(
            &self.client,
            "select chat.message_json(m, null) from chat.react($1, $2, $3) m",
            &[&actor, &message, &emoji],
        )
        .await
    }

    async fn unreact(&self, actor: Uuid, message: Uuid, emoji: &str) -> Value {
        value(
            &self.client,
            "select chat.message_json(m, null) from chat.unreact($1, $2, $3) m",
            &[&actor, &message, &emoji],
        )
        .await
    }

    async fn refuses(&self, actor: Uuid, message: Uuid, emoji: &str) -> (String, String) {
        refusal(
            self.client
                .query_one("select chat.react($1, $2, $3)", &[&actor, &message, &emoji])
                .await,
        )
    }
}

#[tokio::test]
async fn a_reaction_is_seen_on_the_message_counted_and_told_once() {
    let scene = Scene::set().await;
    let message = scene.say(scene.ann, "ship it?").await;
    let mut listener = scene.database.listen().await;
    scene.react(scene.ben, message, "👍").await;
    scene.react(scene.ann, message, "🎉").await;
    let seen = scene.react(scene.ann, message, "👍").await;
    assert_eq!(
        seen["reactions"],
        json!([
            {"emoji": "👍", "count": 2, "user_ids": [scene.ben, scene.ann]},
            {"emoji": "🎉", "count": 1, "user_ids": [scene.ann]},
        ])
    );
    // Again is as it was.
    assert_eq!(scene.react(scene.ann, message, "👍").await, seen);
    let seen = scene.unreact(scene.ben, message, "👍").await;
    assert_eq!(seen["reactions"][0]["user_ids"], json!([scene.ann]));
    assert_eq!(scene.unreact(scene.ben, message, "👍").await, seen);
    let seen = scene.react(scene.ben, message, "👍").await;
    assert_eq!(
        seen["reactions"][0]["emoji"], "🎉",
        "what came first stands first: {seen}"
    );

    let told: Vec<_> = listener
        .heard()
        .await
        .into_iter()
        .filter(|heard| heard.is_message(message))
        .collect();
    let revisions: Vec<_> = told
        .iter()
        .map(|heard| heard.event()["message"]["revision"].as_i64().unwrap())
        .collect();
    assert_eq!(revisions, [2, 3, 4, 5, 6]);
    assert_eq!(
        told.last().unwrap().event()["message"]["reactions"],
        seen["reactions"]
    );
    assert_eq!(told[0].envelope["conversation"], json!(scene.group));

    let names: Vec<String> = crate::support::column(
        &scene.client,
        "select r ->> 'user_name' || ' ' || (r ->> 'emoji') from chat.list_reactions($1, $2) r",
        &[&scene.ben, &message],
    )
    .await;
    assert_eq!(names, ["Ann 🎉", "Ann 👍", "Ben 👍"]);
}

#[tokio::test]
async fn who_may_not_react_is_refused_and_nothing_changes() {
    let scene = Scene::set().await;
    let message = scene.say(scene.ann, "hi").await;
    let before = scene.message(message).await;
    let refused = |status: &str, code: &str| (status.to_owned(), code.to_owned());
    assert_eq!(
        scene.refuses(scene.eve, message, "👍").await,
        refused("CH403", "not_a_member")
    );
    assert_eq!(
        scene.refuses(scene.ben, Uuid::nil(), "👍").await,
        refused("CH404", "message_not_found")
    );
    for wrong in ["", "x", "👍👍", "ok"] {
        assert_eq!(
            scene.refuses(scene.ben, message, wrong).await,
            refused("CH422", "bad_emoji")
        );
    }
    assert_eq!(scene.message(message).await, before);
    run(
        &scene.client,
        "select chat.delete_message($1, $2)",
        &[&scene.ann, &message],
    )
    .await;
    assert_eq!(
        scene.refuses(scene.ben, message, "👍").await,
        refused("CH409", "message_deleted")
    );
    let other = scene.say(scene.ann, "bye").await;
    run(
        &scene.client,
        "select chat.close_conversation($1, $2)",
        &[&scene.ann, &scene.group],
    )
    .await;
    assert_eq!(
        scene.refuses(scene.ben, other, "👍").await,
        refused("CH409", "conversation_closed")
    );
}

#[tokio::test]
async fn a_message_bears_twenty_different_reactions_and_anyone_may_join_those() {
    let scene = Scene::set().await;
    let message = scene.say(scene.ann, "hi").await;
    let emoji: Vec<&str> = emojis::iter()
        .map(|emoji| emoji.as_str())
        .take(21)
        .collect();
    for emoji in &emoji[..20] {
        scene.react(scene.ann, message, emoji).await;
    }
    assert_eq!(
        scene.refuses(scene.ben, message, emoji[20]).await,
        ("CH409".to_owned(), "too_many_reactions".to_owned())
    );
    let seen = scene.react(scene.ben, message, emoji[0]).await;
    assert_eq!(seen["reactions"][0]["count"], 2);
    scene.unreact(scene.ann, message, emoji[19]).await;
    let seen = scene.react(scene.ben, message, emoji[20]).await;
    assert_eq!(seen["reactions"].as_array().unwrap().len(), 20);
}

#[tokio::test]
async fn plain_sql_reacts_by_the_same_rules() {
    let scene = Scene::set().await;
    let message = scene.say(scene.ann, "hi").await;
    let writer = scene.database.connect_as("chat_writer").await;
    let insert = "insert into chat.reactions (message_id, user_id, emoji) values ($1, $2, $3)";
    assert_eq!(
        writer
            .execute(insert, &[&message, &scene.ben, &"👍"])
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        writer
            .execute(insert, &[&message, &scene.ben, &"👍"])
            .await
            .unwrap(),
        0
    );
    assert_eq!(
        refusal(writer.execute(insert, &[&message, &scene.eve, &"👍"]).await).1,
        "not_a_member"
    );
    assert_eq!(scene.message(message).await["reactions"][0]["count"], 1);
    assert_eq!(
        writer
            .execute(
                "delete from chat.reactions where message_id = $1",
                &[&message]
            )
            .await
            .unwrap(),
        0
    );
    assert_eq!(scene.message(message).await["reactions"], json!([]));
    let kept: i64 = value(
        &scene.client,
        "select count(*) from chat.reactions where removed_at is not null",
        &[],
    )
    .await;
    assert_eq!(kept, 1, "the row stays");
    for (statement, code) in [
        ("truncate chat.reactions", "42501"),
        ("update chat.reactions set emoji = '🎉'", "42501"),
        ("update chat.messages set reactions = '[]'", "42501"),
    ] {
        assert_eq!(
            refusal(writer.execute(statement, &[]).await).0,
            code,
            "{statement}"
        );
    }
    let truncated = scene.client.execute("truncate chat.reactions", &[]).await;
    assert_eq!(refusal(truncated).1, "truncate_refused");
}

#[tokio::test]
async fn many_who_react_at_once_are_all_counted() {
    let scene = Scene::set().await;
    let mut people = Vec::new();
    for number in 0..120 {
        people.push(user(&scene.client, &format!("P{number}")).await);
    }
    let crowd = group(&scene.client, scene.ann, &people).await;
    let message = crate::support::send(&scene.client, scene.ann, crowd, "hi").await;
    let mut tasks = tokio::task::JoinSet::new();
    for part in people.chunks(15) {
        let (part, client) = (part.to_vec(), scene.database.connect().await);
        tasks.spawn(async move {
            for user in part {
                run(
                    &client,
                    "select chat.react($1, $2, '👍')",
                    &[&user, &message],
                )
                .await;
            }
        });
    }
    tasks.join_all().await;
    let seen = scene.message(message).await;
    assert_eq!(seen["reactions"][0]["count"], 120);
    assert_eq!(
        seen["reactions"][0]["user_ids"].as_array().unwrap().len(),
        100,
        "the first hundred are named"
    );
    assert_eq!(seen["revision"], 121);
}

#[tokio::test]
async fn a_deleted_message_shows_no_reactions_and_a_restored_one_has_them_again() {
    let scene = Scene::set().await;
    let message = scene.say(scene.ann, "hi").await;
    let seen = scene.react(scene.ben, message, "👍").await;
    run(
        &scene.client,
        "select chat.delete_message($1, $2)",
        &[&scene.ann, &message],
    )
    .await;
    assert_eq!(scene.message(message).await["reactions"], json!([]));
    let listed: i64 = value(
        &scene.client,
        "select count(*) from chat.list_reactions($1, $2)",
        &[&scene.ben, &message],
    )
    .await;
    assert_eq!(listed, 0);
    run(
        &scene.client,
        "select chat.restore_message($1, $2)",
        &[&scene.ann, &message],
    )
    .await;
    assert_eq!(scene.message(message).await["reactions"], seen["reactions"]);
}
