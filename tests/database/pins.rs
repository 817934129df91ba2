//! Pins.

use serde_json::Value;
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::{column, refusal, room, run, send, value};

impl Scene {
    async fn pin(&self, actor: Uuid, message: Uuid) -> Value {
        value(
            &self.client,
            "select chat.message_json(m, null) from chat.pin_message($1, $2) m",
            &[&actor, &message],
        )
        .await
    }

    async fn unpin(&self, actor: Uuid, message: Uuid) -> Value {
        value(
            &self.client,
            "select chat.message_json(m, null) from chat.unpin_message($1, $2) m",
            &[&actor, &message],
        )
        .await
    }

    async fn pins(&self, actor: Uuid) -> Vec<String> {
        column(
            &self.client,
            "select p ->> 'body' from chat.list_pins($1, $2) p",
            &[&actor, &self.group],
        )
        .await
    }
}

#[tokio::test]
async fn any_member_of_a_group_pins_and_everyone_is_told_once() {
    let scene = Scene::set().await;
    let (one, two) = (
        scene.say(scene.ann, "one").await,
        scene.say(scene.ann, "two").await,
    );
    let mut listener = scene.database.listen().await;
    let pinned = scene.pin(scene.ben, two).await;
    assert_eq!(pinned["pinned_by"], scene.ben.to_string());
    assert!(pinned["pinned_at"].is_string() && pinned["edited_at"].is_null());
    assert_eq!(
        scene.pin(scene.ann, two).await,
        pinned,
        "again is as it was"
    );
    scene.pin(scene.ann, one).await;
    assert_eq!(
        scene.pins(scene.ben).await,
        ["one", "two"],
        "the newest pin first"
    );
    assert!(scene.unpin(scene.ben, one).await["pinned_at"].is_null());
    scene.unpin(scene.ben, one).await;
    assert_eq!(scene.pins(scene.ann).await, ["two"]);
    let told = listener.heard().await;
    assert_eq!(told.iter().filter(|heard| heard.is_message(two)).count(), 1);
    assert_eq!(told.iter().filter(|heard| heard.is_message(one)).count(), 2);
    let kept: i64 = value(
        &scene.client,
        "select count(*) from chat.message_revisions",
        &[],
    )
    .await;
    assert_eq!(kept, 0, "a pin is no edit");
}

#[tokio::test]
async fn in_a_room_owners_and_admins_pin() {
    let scene = Scene::set().await;
    let room = room(&scene.client, scene.ann).await;
    run(
        &scene.client,
        "select chat.join($1, $2)",
        &[&scene.ben, &room],
    )
    .await;
    let message = send(&scene.client, scene.ben, room, "mine").await;
    let pin = "select chat.pin_message($1, $2)";
    let refused = scene.client.query_one(pin, &[&scene.ben, &message]).await;
    assert_eq!(
        refusal(refused),
        ("CH403".to_owned(), "not_an_admin".to_owned())
    );
    scene.pin(scene.ann, message).await;
    let refused = scene
        .client
        .query_one("select chat.unpin_message($1, $2)", &[&scene.ben, &message])
        .await;
    assert_eq!(refusal(refused).1, "not_an_admin");
    // Its sender may still delete it, and a deleted message is not pinned.
    run(
        &scene.client,
        "select chat.delete_message($1, $2)",
        &[&scene.ben, &message],
    )
    .await;
    let pins: i64 = value(
        &scene.client,
        "select count(*) from chat.list_pins($1, $2)",
        &[&scene.ann, &room],
    )
    .await;
    assert_eq!(pins, 0);
    let refused = scene.client.query_one(pin, &[&scene.ann, &message]).await;
    assert_eq!(refusal(refused).1, "message_deleted");
}

#[tokio::test]
async fn strangers_neither_pin_nor_read_pins_and_who_hid_a_message_does_not_see_it_there() {
    let scene = Scene::set().await;
    let message = scene.say(scene.ann, "one").await;
    for statement in [
        "select chat.pin_message($1, $2)",
        "select chat.unpin_message($1, $2)",
    ] {
        let refused = scene
            .client
            .query_one(statement, &[&scene.eve, &message])
            .await;
        assert_eq!(refusal(refused).1, "not_a_member");
    }
    let refused = scene
        .client
        .query("select chat.list_pins($1, $2)", &[&scene.eve, &scene.group])
        .await;
    assert_eq!(refusal(refused).1, "not_a_member");
    scene.pin(scene.ann, message).await;
    run(
        &scene.client,
        "select chat.hide_message($1, $2)",
        &[&scene.ben, &message],
    )
    .await;
    assert_eq!(scene.pins(scene.ben).await, Vec::<String>::new());
    assert_eq!(scene.pins(scene.ann).await, ["one"]);
}

#[tokio::test]
async fn plain_sql_pins_and_a_hundred_are_enough() {
    let scene = Scene::set().await;
    let writer = scene.database.connect_as("chat_writer").await;
    run(
        &writer,
        "insert into chat.messages (conversation_id, sender_id, body) select $1, $2, n::text from generate_series(1, 101) n",
        &[&scene.group, &scene.ann],
    )
    .await;
    run(
        &writer,
        "update chat.messages set pinned_at = now() where seq <= 100",
        &[],
    )
    .await;
    assert_eq!(scene.pins(scene.ben).await.len(), 100);
    let refused = writer
        .execute(
            "update chat.messages set pinned_at = now() where seq = 101",
            &[],
        )
        .await;
    assert_eq!(
        refusal(refused),
        ("CH409".to_owned(), "too_many_pins".to_owned())
    );
    run(
        &writer,
        "update chat.messages set pinned_at = null where seq = 1",
        &[],
    )
    .await;
    run(
        &writer,
        "update chat.messages set pinned_at = now() where seq = 101",
        &[],
    )
    .await;
    assert_eq!(scene.pins(scene.ben).await[0], "101");
}
