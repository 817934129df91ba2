//! What is one user's own: messages hidden for oneself, and preferences. Nobody else sees or hears of them.

use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::{Heard, column, refusal, run, send, value};

impl Scene {
    /// "1", "2" and so on, of Ann's.
    async fn say_numbers(&self, count: usize) -> Vec<Uuid> {
        let mut messages = Vec::new();
        for number in 1..=count {
            messages.push(self.say(self.ann, &number.to_string()).await);
        }
        messages
    }

    async fn hide(&self, actor: Uuid, message: Uuid) {
        run(
            &self.client,
            "select chat.hide_message($1, $2)",
            &[&actor, &message],
        )
        .await;
    }

    async fn unhide(&self, actor: Uuid, message: Uuid) {
        run(
            &self.client,
            "select chat.unhide_message($1, $2)",
            &[&actor, &message],
        )
        .await;
    }

    async fn mark_unread(&self, actor: Uuid) {
        run(
            &self.client,
            "select chat.mark_unread($1, $2)",
            &[&actor, &self.group],
        )
        .await;
    }

    async fn seqs(&self, actor: Uuid) -> Vec<i64> {
        column(
            &self.client,
            "select seq from chat.history($1, $2)",
            &[&actor, &self.group],
        )
        .await
    }

    async fn page(&self, actor: Uuid, before: Option<i64>, limit: i32) -> Value {
        let page: String = value(
            &self.client,
            "select chat.history_page($1, $2, $3, null, null, $4)",
            &[&actor, &self.group, &before, &limit],
        )
        .await;
        serde_json::from_str(&page).unwrap()
    }

    /// What a user (none: everybody) missed since a cursor, of that type.
    async fn missed(&self, actor: Option<Uuid>, cursor: &str, kind: &str) -> Vec<Value> {
        let envelopes: Vec<String> = value(
            &self.client,
            "select envelopes from chat.changes_since($1, $2)",
            &[&actor, &cursor],
        )
        .await;
        envelopes
            .iter()
            .map(|text| serde_json::from_str::<Value>(text).unwrap())
            .filter(|envelope| envelope["event"]["type"] == kind)
            .collect()
    }
}

async fn cursor(client: &Client) -> String {
    value(client, "select chat.current_cursor()", &[]).await
}

fn page_seqs(page: &Value) -> Vec<i64> {
    let items = page["items"].as_array().unwrap();
    items
        .iter()
        .map(|item| item["seq"].as_i64().unwrap())
        .collect()
}

/// Asserts that it is for this user alone, and gives the event.
fn own(heard: &Heard, user: Uuid) -> &Value {
    let keys: Vec<_> = heard.envelope.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["event", "user"], "{}", heard.envelope);
    assert_eq!(heard.envelope["user"], json!(user));
    heard.event()
}

#[tokio::test]
async fn a_hidden_message_is_gone_for_one_and_there_for_all_others() {
    let scene = Scene::set().await;
    let messages = scene.say_numbers(4).await;
    for place in [1, 3] {
        scene.hide(scene.ben, messages[place]).await;
    }
    assert_eq!(scene.seqs(scene.ben).await, [1, 3]);
    assert_eq!(scene.seqs(scene.ann).await, [1, 2, 3, 4]);

    // A page is a range of seqs, whoever reads it: the next one goes on in the same place.
    let bens = scene.page(scene.ben, None, 2).await;
    assert_eq!((page_seqs(&bens), &bens["next"]), (vec![3], &json!(3)));
    let bens = scene.page(scene.ben, Some(3), 2).await;
    assert_eq!((page_seqs(&bens), &bens["next"]), (vec![1], &json!(null)));
    let anns = scene.page(scene.ann, None, 2).await;
    assert_eq!((page_seqs(&anns), &anns["next"]), (vec![3, 4], &json!(3)));

    let bens = scene.conversation(scene.ben).await;
    assert_eq!(
        (&bens["last_message"]["seq"], &bens["unread"]),
        (&json!(3), &json!(2))
    );
    assert_eq!(
        scene.conversation(scene.ann).await["last_message"]["seq"],
        4
    );
    let listed: Value = value(
        &scene.client,
        "select conversation from chat.list_conversations($1) where id = $2",
        &[&scene.ben, &scene.group],
    )
    .await;
    assert_eq!(
        (&listed["last_message"]["seq"], &listed["unread"]),
        (&json!(3), &json!(2))
    );
    let read: Value = value(
        &scene.client,
        "select chat.read_message($1, $2)",
        &[&scene.ben, &messages[3]],
    )
    .await;
    assert_eq!(read["body"], "4", "by its id it is still read");

    for message in &messages {
        scene.hide(scene.ben, *message).await;
    }
    let bens = scene.conversation(scene.ben).await;
    assert_eq!(
        (&bens["last_message"], &bens["unread"]),
        (&Value::Null, &json!(0))
    );
    for message in messages {
        scene.unhide(scene.ben, message).await;
    }
    assert_eq!(scene.seqs(scene.ben).await, [1, 2, 3, 4]);
    assert_eq!(scene.conversation(scene.ben).await["unread"], 4);
}

#[tokio::test]
async fn hiding_and_showing_again_is_told_to_that_user_alone_once() {
    let scene = Scene::set().await;
    let message = scene.say_numbers(1).await[0];
    let mut listener = scene.database.listen().await;
    for (is_hidden, revision) in [(true, 1), (false, 2), (true, 3)] {
        for _ in 0..2 {
            if is_hidden {
                scene.hide(scene.ben, message).await;
            } else {
                scene.unhide(scene.ben, message).await;
            }
        }
        let heard = listener.heard().await;
        assert_eq!(heard.len(), 1, "a repeat does nothing");
        assert_eq!(
            own(&heard[0], scene.ben),
            &json!({
                "type": "hidden", "conversation_id": scene.group, "message_id": message,
                "seq": 1, "hidden": is_hidden, "revision": revision,
            })
        );
    }
    let rows: i64 = value(
        &scene.client,
        "select count(*) from chat.hidden_messages",
        &[],
    )
    .await;
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn plain_sql_hides_by_the_same_rules() {
    let scene = Scene::set().await;
    let messages = scene.say_numbers(2).await;
    let writer = scene.database.connect_as("chat_writer").await;
    let mut listener = scene.database.listen().await;
    let insert = "insert into chat.hidden_messages (message_id, user_id) values ($1, $2)";
    assert_eq!(run(&writer, insert, &[&messages[0], &scene.ben]).await, 1);
    assert_eq!(run(&writer, insert, &[&messages[0], &scene.ben]).await, 0);
    assert_eq!(scene.seqs(scene.ben).await, [2]);
    let many = "insert into chat.hidden_messages (message_id, user_id)
        select m.id, $2 from chat.messages m, generate_series(1, 2) where m.conversation_id = $1";
    assert_eq!(run(&writer, many, &[&scene.group, &scene.ben]).await, 1);
    assert_eq!(scene.seqs(scene.ben).await, Vec::<i64>::new());

    let delete = "delete from chat.hidden_messages where message_id = $1";
    assert_eq!(run(&writer, delete, &[&messages[0]]).await, 0, "it is soft");
    let update = "update chat.hidden_messages set unhidden_at = now() where user_id = $1";
    assert_eq!(run(&writer, update, &[&scene.ben]).await, 1);
    assert_eq!(scene.seqs(scene.ben).await, [1, 2]);
    let told: Vec<_> = listener
        .heard()
        .await
        .iter()
        .map(|heard| {
            let event = own(heard, scene.ben);
            (
                event["seq"].as_i64().unwrap(),
                event["hidden"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [(1, true), (2, true), (1, false), (2, false)]);

    for (message, user, refused) in [
        (messages[0], scene.eve, ("CH403", "not_a_member")),
        (Uuid::new_v4(), scene.ben, ("CH404", "message_not_found")),
    ] {
        assert_eq!(
            refusal(writer.execute(insert, &[&message, &user]).await),
            (refused.0.to_owned(), refused.1.to_owned())
        );
        assert_eq!(
            refusal(
                writer
                    .execute("select chat.hide_message($1, $2)", &[&user, &message])
                    .await
            ),
            (refused.0.to_owned(), refused.1.to_owned())
        );
    }
    writer
        .batch_execute(&format!("begin; set local chat.actor = '{}'", scene.ann))
        .await
        .unwrap();
    assert_eq!(
        refusal(writer.execute(insert, &[&messages[0], &scene.ben]).await),
        ("CH403".to_owned(), "not_yourself".to_owned())
    );
    writer.batch_execute("rollback").await.unwrap();
    let other = scene.say_numbers(1).await[0];
    assert_eq!(
        refusal(
            scene
                .client
                .execute(
                    "update chat.hidden_messages set message_id = $1 where message_id = $2",
                    &[&other, &messages[0]]
                )
                .await
        ),
        ("CH422".to_owned(), "immutable_column".to_owned())
    );
    for table in ["hidden_messages", "preferences"] {
        assert_eq!(
            refusal(
                scene
                    .client
                    .batch_execute(&format!("truncate chat.{table}"))
                    .await
            ),
            ("CH403".to_owned(), "truncate_refused".to_owned())
        );
    }
    assert!(listener.heard().await.iter().all(|h| h.kind() == "message"));
}

#[tokio::test]
async fn two_who_hide_the_same_message_at_once_make_one_row() {
    let scene = Scene::set().await;
    let message = scene.say_numbers(1).await[0];
    let other = scene.database.connect().await;
    scene.client.batch_execute("begin").await.unwrap();
    scene.hide(scene.ben, message).await;
    let id = crate::support::query::process_id(&other).await;
    let second = tokio::spawn(async move {
        let ben = scene.ben;
        run(
            &other,
            "select chat.hide_message($1, $2)",
            &[&ben, &message],
        )
        .await
    });
    let observer = scene.database.connect().await;
    crate::support::query::until_it_waits_for_a_lock(&observer, id).await;
    scene.client.batch_execute("commit").await.unwrap();
    second.await.unwrap();
    let revisions: Vec<i64> = column(
        &observer,
        "select revision from chat.hidden_messages where message_id = $1",
        &[&message],
    )
    .await;
    assert_eq!(revisions, [1]);
}

#[tokio::test]
async fn the_newest_page_of_who_hides_anything_is_never_the_one_that_is_kept() {
    let scene = Scene::set().await;
    let messages = scene.say_numbers(2).await;
    let known = cursor(&scene.client).await;
    let is_current = async |actor: Uuid| -> bool {
        value(
            &scene.client,
            "select chat.newest_page($1, $2, 50, $3) is null",
            &[&actor, &scene.group, &known],
        )
        .await
    };
    assert!(is_current(scene.ben).await && is_current(scene.ann).await);
    scene.hide(scene.ben, messages[0]).await;
    assert!(!is_current(scene.ben).await && is_current(scene.ann).await);
    scene.unhide(scene.ben, messages[0]).await;
    assert!(
        is_current(scene.ben).await,
        "who hides nothing any more sees what all see"
    );
}

#[tokio::test]
async fn preferences_are_set_field_by_field_and_told_to_their_user_alone() {
    let scene = Scene::set().await;
    let mut listener = scene.database.listen().await;
    let unset = json!({"pinned": false, "archived": false, "muted_until": null, "notify": "all", "marked_unread": false});
    assert_eq!(
        scene.conversation(scene.ben).await["preference"],
        unset,
        "without a row"
    );
    let set = async |arguments: &str| -> Value {
        value(
            &scene.client,
            &format!("select chat.preference_json(chat.set_preferences($1, $2, {arguments}))"),
            &[&scene.ben, &scene.group],
        )
        .await
    };
    let mut wanted = json!({
        "conversation_id": scene.group, "pinned": false, "archived": false, "muted_until": null,
        "notify": "all", "marked_unread": false, "revision": 0,
    });
    assert_eq!(
        set("null").await,
        wanted,
        "nothing asked for, nothing written"
    );
    assert!(listener.heard().await.is_empty());
    for (arguments, field, is) in [
        ("p_pinned => true", "pinned", json!(true)),
        ("p_archived => true", "archived", json!(true)),
        (
            "p_muted_until => 'infinity'",
            "muted_until",
            json!("infinity"),
        ),
        ("p_notify => 'mentions'", "notify", json!("mentions")),
        (
            "p_muted_until => '9999-12-31 23:59:59.999999+00'",
            "muted_until",
            json!("9999-12-31T23:59:59.999999Z"),
        ),
        ("p_pinned => false", "pinned", json!(false)),
        ("p_muted_until => now()", "muted_until", json!(null)),
    ] {
        wanted[field] = is;
        wanted["revision"] = json!(wanted["revision"].as_i64().unwrap() + 1);
        for _ in 0..2 {
            assert_eq!(set(arguments).await, wanted, "{arguments}");
        }
        let heard = listener.heard().await;
        assert_eq!(heard.len(), 1, "{arguments}: a repeat does nothing");
        assert_eq!(
            own(&heard[0], scene.ben),
            &json!({"type": "preference", "preference": wanted})
        );
    }
    let bens = scene.conversation(scene.ben).await;
    let seen = json!({"pinned": false, "archived": true, "muted_until": null, "notify": "mentions", "marked_unread": false});
    assert_eq!(bens["preference"], seen);
    assert_eq!(scene.conversation(scene.ann).await["preference"], unset);

    // A silence ends by itself.
    run(
        &scene.client,
        "update chat.preferences set muted_until = clock_timestamp() + interval '1 hour'",
        &[],
    )
    .await;
    assert!(scene.conversation(scene.ben).await["preference"]["muted_until"].is_string());
    scene
        .client
        .batch_execute(
            "set session_replication_role = replica;
             update chat.preferences set muted_until = clock_timestamp() - interval '1 second';
             set session_replication_role = origin",
        )
        .await
        .unwrap();
    assert_eq!(
        scene.conversation(scene.ben).await["preference"]["muted_until"],
        Value::Null
    );
}

#[tokio::test]
async fn a_preference_that_breaks_a_rule_is_refused_by_name() {
    let scene = Scene::set().await;
    let writer = scene.database.connect_as("chat_writer").await;
    for (statement, user, conversation, state, key) in [
        (
            "select chat.set_preferences($1, $2, p_notify => 'loud')",
            scene.ben,
            scene.group,
            "CH422",
            "bad_notify",
        ),
        (
            "select chat.set_preferences($1, $2, p_muted_until => '10000-01-01 00:00+00')",
            scene.ben,
            scene.group,
            "CH422",
            "bad_muted_until",
        ),
        (
            "select chat.set_preferences($1, $2, true)",
            scene.eve,
            scene.group,
            "CH403",
            "not_a_member",
        ),
        (
            "select chat.mark_unread($1, $2)",
            scene.eve,
            scene.group,
            "CH403",
            "not_a_member",
        ),
        (
            "select chat.mark_unread($1, $2)",
            scene.ben,
            Uuid::new_v4(),
            "CH404",
            "conversation_not_found",
        ),
        (
            "insert into chat.preferences (user_id, conversation_id) values ($1, $2)",
            scene.eve,
            scene.group,
            "CH403",
            "not_a_member",
        ),
        (
            "insert into chat.preferences (user_id, conversation_id) values ($1, $2)",
            scene.ben,
            Uuid::new_v4(),
            "CH404",
            "conversation_not_found",
        ),
        (
            "insert into chat.preferences (user_id, conversation_id, notify) values ($1, $2, null)",
            scene.ben,
            scene.group,
            "CH422",
            "bad_notify",
        ),
    ] {
        assert_eq!(
            refusal(writer.execute(statement, &[&user, &conversation]).await),
            (state.to_owned(), key.to_owned()),
            "{statement}"
        );
    }
    run(
        &writer,
        "insert into chat.preferences (conversation_id, user_id, pinned_at) values ($1, $2, now())
         on conflict (conversation_id, user_id) do update set pinned_at = excluded.pinned_at",
        &[&scene.group, &scene.ben],
    )
    .await;
    assert_eq!(
        scene.conversation(scene.ben).await["preference"]["pinned"],
        true
    );
    writer
        .batch_execute(&format!("begin; set local chat.actor = '{}'", scene.ann))
        .await
        .unwrap();
    assert_eq!(
        refusal(
            writer
                .execute("update chat.preferences set pinned_at = null", &[])
                .await
        ),
        ("CH403".to_owned(), "not_yourself".to_owned())
    );
    writer.batch_execute("rollback").await.unwrap();
    assert_eq!(
        refusal(
            scene
                .client
                .execute("delete from chat.preferences", &[])
                .await
        ),
        ("CH403".to_owned(), "delete_refused".to_owned())
    );
}

#[tokio::test]
async fn reading_takes_back_that_it_was_marked_unread_and_nothing_else_does() {
    let scene = Scene::set().await;
    scene.say_numbers(2).await;
    let is_marked = async || -> bool {
        scene.conversation(scene.ben).await["preference"]["marked_unread"] == true
    };
    let mark = async |statement: &str| {
        run(&scene.client, statement, &[&scene.ben, &scene.group]).await;
    };
    let mut listener = scene.database.listen().await;
    mark("select chat.mark_read($1, $2, 2)").await;
    for (statement, revision) in [
        ("select chat.mark_read($1, $2, 2)", 2),
        ("select chat.mark($1, $2, null, 0)", 4),
        (
            "select chat.mark_many(json_build_array(json_build_object('actor', $1::uuid, 'conversation_id', $2::uuid, 'read_seq', 1))::jsonb)",
            6,
        ),
    ] {
        scene.mark_unread(scene.ben).await;
        scene.mark_unread(scene.ben).await;
        assert!(is_marked().await);
        mark("select chat.mark_delivered($1, $2, 2)").await;
        send(&scene.client, scene.ben, scene.group, "by sending").await;
        assert!(is_marked().await, "neither arriving nor sending is reading");
        listener.heard().await;
        for _ in 0..2 {
            mark(statement).await;
        }
        assert!(!is_marked().await, "{statement}");
        let heard = listener.heard().await;
        assert_eq!(heard.len(), 1, "{statement}: {heard:?}");
        let preference = &own(&heard[0], scene.ben)["preference"];
        assert_eq!(
            (&preference["marked_unread"], &preference["revision"]),
            (&json!(false), &json!(revision))
        );
    }
    // Others' reading is theirs; and who has left is passed over.
    scene.mark_unread(scene.ben).await;
    run(
        &scene.client,
        "select chat.mark_read($1, $2, 2)",
        &[&scene.ann, &scene.group],
    )
    .await;
    assert!(is_marked().await);
    run(
        &scene.client,
        "delete from chat.members where user_id = $1 and conversation_id = $2",
        &[&scene.ben, &scene.group],
    )
    .await;
    let marks = json!([{"actor": scene.ben, "conversation_id": scene.group, "read_seq": 9}]);
    run(&scene.client, "select chat.mark_many($1)", &[&marks]).await;
    let left: bool = value(
        &scene.client,
        "select is_marked_unread from chat.preferences",
        &[],
    )
    .await;
    assert!(left);
}

#[tokio::test]
async fn what_is_ones_own_is_resumed_by_oneself_and_by_a_listener() {
    let scene = Scene::set().await;
    let messages = scene.say_numbers(2).await;
    scene.hide(scene.ann, messages[0]).await;
    let seen = cursor(&scene.client).await;
    let slow = scene.database.connect().await;
    slow.batch_execute("begin").await.unwrap();
    run(
        &slow,
        "select chat.mark_unread($1, $2)",
        &[&scene.ben, &scene.group],
    )
    .await;
    for message in &messages {
        scene.hide(scene.ben, *message).await;
    }
    scene.unhide(scene.ben, messages[1]).await;
    let between = cursor(&scene.client).await;
    slow.batch_execute("commit").await.unwrap();

    for actor in [Some(scene.ben), None] {
        let hidden = scene.missed(actor, &seen, "hidden").await;
        let told: Vec<_> = hidden
            .iter()
            .map(|envelope| {
                assert_eq!(envelope["user"], json!(scene.ben));
                (
                    envelope["event"]["seq"].clone(),
                    envelope["event"]["hidden"].clone(),
                )
            })
            .collect();
        assert_eq!(
            told,
            [(json!(1), json!(true)), (json!(2), json!(false))],
            "each as it is now"
        );
        let preferences = scene.missed(actor, &seen, "preference").await;
        assert_eq!(preferences.len(), 1);
        assert_eq!(preferences[0]["user"], json!(scene.ben));
        let late = scene.missed(actor, &between, "preference").await;
        assert_eq!(late.len(), 1, "what committed late is not missed");
    }
    for kind in ["hidden", "preference"] {
        assert_eq!(
            scene.missed(Some(scene.ann), &seen, kind).await,
            Vec::<Value>::new()
        );
    }
}

#[tokio::test]
async fn an_answer_quotes_what_it_answers_as_it_is_now() {
    let scene = Scene::set().await;
    let message = |id: Uuid| {
        let client = &scene.client;
        async move { value::<Value>(client, "select chat.read_message(null, $1)", &[&id]).await }
    };
    // Beyond the basic plane, with a quote that JSON escapes, and longer than an excerpt.
    let body = format!("\"{}", "👍🏽é".repeat(60));
    let quoted = send(&scene.client, scene.ann, scene.group, &body).await;
    let answer = async |to: Uuid| -> Uuid {
        value(
            &scene.client,
            "select id from chat.send_message($1, $2, 'yes', p_reply_to => $3)",
            &[&scene.ben, &scene.group, &to],
        )
        .await
    };
    assert_eq!(message(quoted).await["reply"], Value::Null);
    let mut listener = scene.database.listen().await;
    let id = answer(quoted).await;
    let excerpt: String = body.chars().take(120).collect();
    let wanted = json!({
        "id": quoted, "seq": 1, "sender_id": scene.ann, "sender_name": "Ann", "kind": "text",
        "excerpt": excerpt, "deleted": false,
    });
    assert_eq!(message(id).await["reply"], wanted);
    let heard = listener.heard().await;
    assert_eq!(heard[0].event()["message"]["reply"], wanted);

    run(
        &scene.client,
        "select chat.edit_message($1, $2, 'short')",
        &[&scene.ann, &quoted],
    )
    .await;
    assert_eq!(message(id).await["reply"]["excerpt"], "short");
    run(
        &scene.client,
        "select chat.delete_message($1, $2)",
        &[&scene.ann, &quoted],
    )
    .await;
    let reply = message(id).await["reply"].clone();
    assert_eq!(
        (&reply["excerpt"], &reply["deleted"]),
        (&Value::Null, &json!(true))
    );
    run(
        &scene.client,
        "select chat.delete_message($1, $2)",
        &[&scene.ben, &id],
    )
    .await;
    let deleted = message(id).await;
    assert_eq!(
        (&deleted["reply"], &deleted["reply_to"]),
        (&Value::Null, &json!(quoted))
    );

    let notice: Uuid = value(
        &scene.client,
        "insert into chat.messages (conversation_id, kind, body) values ($1, 'system', 'Welcome') returning id",
        &[&scene.group],
    )
    .await;
    let reply = message(answer(notice).await).await["reply"].clone();
    assert_eq!(
        (&reply["sender_id"], &reply["sender_name"], &reply["kind"]),
        (&Value::Null, &Value::Null, &json!("system"))
    );
    // Both in one statement, where the quoted row is only just being written.
    let ids = [Uuid::new_v4(), Uuid::new_v4()];
    listener.heard().await;
    run(
        &scene.client,
        "insert into chat.messages (conversation_id, sender_id, id, body, reply_to)
         values ($1, $2, $3, 'one', null), ($1, $2, $4, 'two', $3)",
        &[&scene.group, &scene.ann, &ids[0], &ids[1]],
    )
    .await;
    let heard = listener.heard().await;
    assert_eq!(heard[1].event()["message"]["reply"]["excerpt"], "one");
}

#[tokio::test]
async fn a_message_that_answers_nothing_looks_nothing_up() {
    let scene = Scene::set().await;
    let quoted = scene.say_numbers(5).await[0];
    run(
        &scene.client,
        "select chat.send_message($1, $2, 'yes', p_reply_to => $3)",
        &[&scene.ben, &scene.group, &quoted],
    )
    .await;
    // Scans of the key by which alone a quoted message is found.
    let scans = async || -> i64 {
        value(
            &scene.client,
            "select pg_stat_get_xact_numscans('chat.messages_id_key'::regclass)",
            &[],
        )
        .await
    };
    for (before, quotes) in [(6_i64, 0), (7, 1)] {
        scene.client.batch_execute("begin").await.unwrap();
        let began = scans().await;
        run(
            &scene.client,
            "select chat.history_page($1, $2, $3, null, null, 50)",
            &[&scene.ann, &scene.group, &before],
        )
        .await;
        assert_eq!(scans().await - began, quotes);
        scene.client.batch_execute("commit").await.unwrap();
    }
}

#[tokio::test]
async fn a_conversation_read_by_itself_tells_of_its_members() {
    let scene = Scene::set().await;
    scene.say_numbers(3).await;
    run(
        &scene.client,
        "select chat.add_member($1, $2, $3)",
        &[&scene.ann, &scene.group, &scene.eve],
    )
    .await;
    for (user, delivered, read) in [(scene.ben, 2_i64, 1_i64), (scene.eve, 3, 3)] {
        run(
            &scene.client,
            "select chat.mark($1, $2, $3, $4)",
            &[&user, &scene.group, &delivered, &read],
        )
        .await;
    }
    let anns = scene.conversation(scene.ann).await;
    assert_eq!(
        (&anns["member_count"], &anns["others"]),
        (&json!(3), &json!({"delivered_seq": 2, "read_seq": 1}))
    );
    assert_eq!(
        scene.conversation(scene.ben).await["others"],
        json!({"delivered_seq": 3, "read_seq": 3}),
        "one's own marks do not count"
    );
    let listed: Value = value(
        &scene.client,
        "select conversation from chat.list_conversations($1) where id = $2",
        &[&scene.ann, &scene.group],
    )
    .await;
    assert!(listed.get("member_count").is_none() && listed.get("others").is_none());

    run(
        &scene.client,
        "select chat.leave($1, $2)",
        &[&scene.ben, &scene.group],
    )
    .await;
    let anns = scene.conversation(scene.ann).await;
    assert_eq!(
        (&anns["member_count"], &anns["others"]["read_seq"]),
        (&json!(2), &json!(3)),
        "who has left counts no more"
    );
    run(
        &scene.client,
        "select chat.leave($1, $2)",
        &[&scene.eve, &scene.group],
    )
    .await;
    let anns = scene.conversation(scene.ann).await;
    assert_eq!(
        (&anns["member_count"], &anns["others"]),
        (&json!(1), &Value::Null)
    );
    run(
        &scene.client,
        "insert into chat.members (conversation_id, user_id)
         select $1, id from (select (chat.create_user('Member ' || n)).id from generate_series(1, 100) n) made",
        &[&scene.group],
    )
    .await;
    let anns = scene.conversation(scene.ann).await;
    assert_eq!(
        (&anns["member_count"], &anns["others"]),
        (&json!(101), &Value::Null)
    );
}

#[tokio::test]
async fn members_are_listed_with_their_status() {
    let scene = Scene::set().await;
    run(
        &scene.client,
        "select chat.set_presences($1, jsonb_build_object($2::text, 'away'))",
        &[&Uuid::new_v4(), &scene.ben.to_string()],
    )
    .await;
    let items: Vec<Value> = column(
        &scene.client,
        "select chat.list_members($1, $2)",
        &[&scene.ann, &scene.group],
    )
    .await;
    let told: Vec<_> = items
        .iter()
        .map(|item| {
            (
                item["user_name"].as_str().unwrap(),
                item["online"].as_bool().unwrap(),
                item["status"].as_str().unwrap(),
            )
        })
        .collect();
    let wanted = [("Ann", false, "offline"), ("Ben", true, "away")];
    for one in wanted {
        assert!(told.contains(&one), "{told:?}");
    }
}
