//! Blocking: between two people, and nobody else's business.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::query::until_it_waits_for_a_lock;
use crate::support::{column, direct, refusal, run, send, value};

fn is(state: &str, key: &str) -> (String, String) {
    (state.to_owned(), key.to_owned())
}

impl Scene {
    async fn block(&self, who: Uuid, whom: Uuid) -> Result<u64, tokio_postgres::Error> {
        let sql = "select chat.block($1, $2)";
        self.client.execute(sql, &[&who, &whom]).await
    }

    async fn unblock(&self, who: Uuid, whom: Uuid) -> Result<u64, tokio_postgres::Error> {
        let sql = "select chat.unblock($1, $2)";
        self.client.execute(sql, &[&who, &whom]).await
    }

    /// Tries to send by each door; what each answered.
    async fn try_to_send(&self, sender: Uuid, conversation: Uuid) -> Vec<String> {
        let mut answers = Vec::new();
        for sql in [
            "select chat.send_message($1, $2, 'hi')",
            "insert into chat.messages (sender_id, conversation_id, body) values ($1, $2, 'hi')",
        ] {
            let sent = self.client.execute(sql, &[&sender, &conversation]).await;
            answers.push(match sent {
                Ok(_) => "sent".to_owned(),
                refused => refusal(refused).1,
            });
        }
        // In a batch a refusal is its own.
        let sql = "select coalesce(code, 'sent') from chat.send_messages(jsonb_build_array(
            jsonb_build_object('actor', $1::uuid, 'conversation_id', $2::uuid, 'body', 'hi'),
            jsonb_build_object('actor', $1::uuid, 'conversation_id', $3::uuid, 'body', 'to all')))";
        let batch: Vec<String> =
            column(&self.client, sql, &[&sender, &conversation, &self.group]).await;
        assert_eq!(batch[1], "sent", "in a group nothing is another");
        answers.push(batch[0].clone());
        answers
    }
}

#[tokio::test]
async fn between_two_of_whom_one_has_blocked_the_other_nothing_is_sent() {
    let scene = Scene::set().await;
    let chat = direct(&scene.client, scene.ann, scene.ben).await;
    let (sent, blocked) = (vec!["sent"; 3], vec!["blocked"; 3]);
    assert_eq!(scene.try_to_send(scene.ben, chat).await, sent);
    scene.block(scene.ann, scene.ben).await.unwrap();
    for who in [scene.ann, scene.ben] {
        assert_eq!(scene.try_to_send(who, chat).await, blocked);
    }
    // Both may block; one who ends it does not end the other's.
    scene.block(scene.ben, scene.ann).await.unwrap();
    scene.unblock(scene.ann, scene.ben).await.unwrap();
    assert_eq!(scene.try_to_send(scene.ann, chat).await, blocked);
    scene.unblock(scene.ben, scene.ann).await.unwrap();
    assert_eq!(scene.try_to_send(scene.ann, chat).await, sent);
    // A new chat can be opened, and nothing said in it; what the host project has to say is said.
    scene.block(scene.ann, scene.eve).await.unwrap();
    let new = direct(&scene.client, scene.eve, scene.ann).await;
    let sql = "select chat.send_message($1, $2, 'hi')";
    let tried = scene.client.execute(sql, &[&scene.eve, &new]).await;
    assert_eq!(refusal(tried), is("CH403", "blocked"));
    let sql =
        "insert into chat.messages (conversation_id, kind, body) values ($1, 'system', 'For both')";
    run(&scene.client, sql, &[&new]).await;
    // Forwarding is sending, and notes are one's own.
    let original = scene.say(scene.eve_in_group().await, "mine").await;
    let sql = "select chat.forward_message($1, $2, array[$3::uuid])";
    let tried = scene
        .client
        .execute(sql, &[&scene.eve, &original, &new])
        .await;
    assert_eq!(refusal(tried), is("CH403", "blocked"));
    let notes = direct(&scene.client, scene.ann, scene.ann).await;
    send(&scene.client, scene.ann, notes, "milk").await;
}

impl Scene {
    async fn eve_in_group(&self) -> Uuid {
        let sql = "select chat.add_member($1, $2, $3)";
        run(&self.client, sql, &[&self.ann, &self.group, &self.eve]).await;
        self.eve
    }
}

#[tokio::test]
async fn what_was_said_before_a_block_is_neither_changed_nor_reacted_to_and_can_be_taken_back() {
    let scene = Scene::set().await;
    let chat = direct(&scene.client, scene.ann, scene.ben).await;
    let old = send(&scene.client, scene.ben, chat, "before").await;
    let both = send(&scene.client, scene.ann, chat, "and this").await;
    let react = "select chat.react($1, $2, '👍')";
    run(&scene.client, react, &[&scene.ben, &both]).await;
    run(
        &scene.client,
        "select chat.pin_message($1, $2)",
        &[&scene.ann, &both],
    )
    .await;
    scene.block(scene.ann, scene.ben).await.unwrap();
    for (who, message, sql) in [
        (
            scene.ben,
            old,
            "select chat.edit_message($1, $2, 'hear me')",
        ),
        (
            scene.ben,
            old,
            "insert into chat.reactions (user_id, message_id, emoji) values ($1, $2, '👎')",
        ),
        (scene.ben, both, "select chat.react($1, $2, '👎')"),
        (scene.ben, old, "select chat.pin_message($1, $2)"),
        (scene.ann, both, "select chat.edit_message($1, $2, 'or so')"),
    ] {
        let tried = scene.client.execute(sql, &[&who, &message]).await;
        assert_eq!(refusal(tried), is("CH403", "blocked"), "{sql}");
    }
    for (who, message, sql) in [
        (scene.ben, both, "select chat.unreact($1, $2, '👍')"),
        (scene.ann, both, "select chat.unpin_message($1, $2)"),
        (scene.ben, old, "select chat.delete_message($1, $2)"),
    ] {
        run(&scene.client, sql, &[&who, &message]).await;
    }
    scene.unblock(scene.ann, scene.ben).await.unwrap();
    run(&scene.client, react, &[&scene.ben, &both]).await;
}

#[tokio::test]
async fn a_block_is_told_to_who_blocks_alone_once_and_resumed() {
    let scene = Scene::set().await;
    let start: String = value(&scene.client, "select chat.current_cursor()", &[]).await;
    let mut listener = scene.database.listen().await;
    scene.block(scene.ann, scene.ben).await.unwrap();
    scene.block(scene.ann, scene.ben).await.unwrap();
    let heard = listener.heard().await;
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].envelope["user"], json!(scene.ann));
    assert_eq!(heard[0].envelope["conversation"], Value::Null);
    let block = &heard[0].event()["block"];
    assert_eq!(
        (&block["user_id"], &block["user_name"], &block["blocked"]),
        (&json!(scene.ben), &json!("Ben"), &json!(true))
    );
    scene.unblock(scene.ann, scene.ben).await.unwrap();
    scene.unblock(scene.ann, scene.ben).await.unwrap();
    let heard = listener.heard().await;
    assert_eq!(
        (heard.len(), &heard[0].event()["block"]["blocked"]),
        (1, &json!(false))
    );
    let sql =
        "select x::json -> 'event' ->> 'type' from chat.changes_since($1, $2), unnest(envelopes) x";
    for (actor, count) in [(Some(scene.ann), 1), (Some(scene.ben), 0), (None, 1)] {
        let kinds: Vec<String> = column(&scene.client, sql, &[&actor, &start]).await;
        assert_eq!(kinds, vec!["block"; count]);
    }
}

#[tokio::test]
async fn typing_and_receipts_do_not_pass_between_them() {
    let scene = Scene::set().await;
    let chat = direct(&scene.client, scene.ann, scene.ben).await;
    send(&scene.client, scene.ann, chat, "hi").await;
    scene.block(scene.ann, scene.ben).await.unwrap();
    let mut listener = scene.database.listen().await;
    run(
        &scene.client,
        "select chat.announce_typing($1, $2)",
        &[&scene.ben, &chat],
    )
    .await;
    run(
        &scene.client,
        "select chat.announce_typings(jsonb_build_array(jsonb_build_object('actor', $1::uuid, 'conversation_id', $2::uuid, 'state', 'active')))",
        &[&scene.ben, &chat],
    )
    .await;
    run(
        &scene.client,
        "select chat.mark_read($1, $2, 1)",
        &[&scene.ben, &chat],
    )
    .await;
    let heard = listener.heard().await;
    assert_eq!(heard.len(), 1);
    assert_eq!(
        (
            &heard[0].envelope["user"],
            &heard[0].envelope["conversation"]
        ),
        (&json!(scene.ben), &Value::Null),
        "the receipt goes to Ben's own devices"
    );
    run(
        &scene.client,
        "select chat.announce_typing($1, $2)",
        &[&scene.ben, &scene.group],
    )
    .await;
    assert_eq!(listener.heard().await.len(), 1, "in a group it does");
}

#[tokio::test]
async fn one_blocks_for_oneself_and_others_alone() {
    let scene = Scene::set().await;
    assert_eq!(
        refusal(scene.block(scene.ann, scene.ann).await),
        is("CH422", "blocks_oneself")
    );
    assert_eq!(
        refusal(scene.block(scene.ann, Uuid::new_v4()).await),
        is("CH404", "user_not_found")
    );
    assert_eq!(
        refusal(scene.unblock(scene.ann, scene.ben).await),
        is("CH404", "block_not_found")
    );
    let writer = scene.database.connect_as("chat_writer").await;
    let act = format!("set chat.actor = '{}'", scene.ben);
    writer.batch_execute(&act).await.unwrap();
    let insert = "insert into chat.blocks (user_id, blocked_id) values ($1, $2)";
    let tried = writer.execute(insert, &[&scene.ann, &scene.eve]).await;
    assert_eq!(refusal(tried), is("CH403", "not_yourself"));
    assert_eq!(
        writer
            .execute(insert, &[&scene.ben, &scene.eve])
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        writer
            .execute(insert, &[&scene.ben, &scene.eve])
            .await
            .unwrap(),
        0
    );
    assert_eq!(run(&writer, "delete from chat.blocks", &[]).await, 0);
    let sql = "select count(*) from chat.list_blocks($1)";
    assert_eq!(value::<i64>(&scene.client, sql, &[&scene.ben]).await, 0);
    run(&writer, insert, &[&scene.ben, &scene.ann]).await;
    let sql = "select b ->> 'user_name' from chat.list_blocks($1) b";
    let listed: Vec<String> = column(&scene.client, sql, &[&scene.ben]).await;
    assert_eq!(listed, ["Ann"]);
    let chat = direct(&scene.client, scene.ann, scene.ben).await;
    let sql = "select chat.read_conversation($1, $2) -> 'peer' -> 'blocked'";
    for (who, blocked) in [(scene.ben, true), (scene.ann, false)] {
        let seen: Value = value(&scene.client, sql, &[&who, &chat]).await;
        assert_eq!(
            seen,
            json!(blocked),
            "whom one blocks, and not by whom one is blocked"
        );
    }
}

#[tokio::test]
async fn a_chat_that_is_opened_while_one_blocks_the_other_is_silent_from_the_start() {
    let scene = Scene::set().await;
    let mut blocker = scene.database.connect().await;
    let blocking = blocker.transaction().await.unwrap();
    let block = "select chat.block($1, $2)";
    blocking
        .execute(block, &[&scene.ann, &scene.eve])
        .await
        .unwrap();
    let opener = scene.database.connect().await;
    let id: i32 = value(&opener, "select pg_backend_pid()", &[]).await;
    let (chat, ()) = tokio::join!(direct(&opener, scene.eve, scene.ann), async {
        until_it_waits_for_a_lock(&scene.client, id).await;
        blocking.commit().await.unwrap();
    });
    let sql = "select chat.send_message($1, $2, 'hi')";
    let tried = opener.execute(sql, &[&scene.eve, &chat]).await;
    assert_eq!(refusal(tried), is("CH403", "blocked"));
}

#[tokio::test]
async fn what_is_on_its_way_when_one_blocks_comes_before_it_and_nothing_after() {
    let scene = Scene::set().await;
    let chat = direct(&scene.client, scene.ann, scene.ben).await;
    let mut sender = scene.database.connect().await;
    let sending = sender.transaction().await.unwrap();
    let sql = "select chat.send_message($1, $2, 'hi')";
    sending.execute(sql, &[&scene.ben, &chat]).await.unwrap();
    let blocker = scene.database.connect().await;
    let id: i32 = value(&blocker, "select pg_backend_pid()", &[]).await;
    let block = async {
        let sql = "select chat.block($1, $2)";
        blocker.execute(sql, &[&scene.ann, &scene.ben]).await
    };
    let (blocked, ()) = tokio::join!(block, async {
        until_it_waits_for_a_lock(&scene.client, id).await;
        sending.commit().await.unwrap();
    });
    blocked.unwrap();
    let tried = scene.client.execute(sql, &[&scene.ben, &chat]).await;
    assert_eq!(refusal(tried), is("CH403", "blocked"));
}
