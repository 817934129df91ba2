//! The rules of messages for whoever writes plain SQL.

use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::query::Params;
use crate::support::{TestDatabase, column, direct, group, refusal, run, send, user, value};

/// A database with Ann, Ben and Cleo, and a group of Ann's that Ben is in too.
struct Scene {
    database: TestDatabase,
    client: crate::support::Client,
    ann: Uuid,
    ben: Uuid,
    cleo: Uuid,
    group: Uuid,
}

impl Scene {
    async fn set() -> Self {
        let database = TestDatabase::create().await;
        let client = database.connect().await;
        let ann = user(&client, "Ann").await;
        let ben = user(&client, "Ben").await;
        let cleo = user(&client, "Cleo").await;
        let group = group(&client, ann, &[ben]).await;
        Self {
            database,
            client,
            ann,
            ben,
            cleo,
            group,
        }
    }

    async fn insert(&self, sender: Uuid, body: &str) -> Result<Uuid, tokio_postgres::Error> {
        let sql = "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, $3) returning id";
        self.client
            .query_one(sql, &[&self.group, &sender, &body])
            .await
            .map(|row| row.get(0))
    }

    async fn refused(&self, sql: &str, params: Params<'_>) -> (String, String) {
        refusal(self.client.execute(sql, params).await)
    }

    async fn act_for(&self, user: Option<Uuid>) {
        act_for(&self.client, user).await;
    }
}

async fn act_for(client: &Client, user: Option<Uuid>) {
    let actor = user.map(|id| id.to_string()).unwrap_or_default();
    run(
        client,
        "select set_config('chat.actor', $1, false)",
        &[&actor],
    )
    .await;
}

fn is(state: &str, key: &str) -> (String, String) {
    (state.to_owned(), key.to_owned())
}

#[tokio::test]
async fn a_plain_insert_is_completed() {
    let scene = Scene::set().await;
    let id = scene.insert(scene.ann, "hi").await.unwrap();
    let row = scene
        .client
        .query_one(
            "select m.seq, m.kind, m.revision, m.created_at is not null, m.changed_xid is not null,
                c.last_seq, c.last_message_at = m.created_at, substring(m.id::text from 15 for 1)
             from chat.messages m join chat.conversations c on c.id = m.conversation_id where m.id = $1",
            &[&id],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, i64>(0), 1);
    assert_eq!(row.get::<_, String>(1), "text");
    assert_eq!(row.get::<_, i64>(2), 1);
    assert!(row.get::<_, bool>(3) && row.get::<_, bool>(4));
    assert_eq!(row.get::<_, i64>(5), 1);
    assert!(row.get::<_, bool>(6));
    assert_eq!(row.get::<_, String>(7), "7", "ids are of version 7");
}

#[tokio::test]
async fn only_active_members_of_open_conversations_send() {
    let scene = Scene::set().await;
    assert_eq!(
        refusal(scene.insert(scene.cleo, "hi").await),
        is("CH403", "not_a_member")
    );
    assert_eq!(
        refusal(scene.insert(Uuid::new_v4(), "hi").await),
        is("CH403", "not_a_member")
    );
    assert_eq!(
        scene
            .refused(
                "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, 'hi')",
                &[&Uuid::new_v4(), &scene.ann]
            )
            .await,
        is("CH404", "conversation_not_found")
    );
    // Gone in every way in which one can be gone.
    run(
        &scene.client,
        "select chat.remove_member($1, $2, $3)",
        &[&scene.ann, &scene.group, &scene.ben],
    )
    .await;
    assert_eq!(
        refusal(scene.insert(scene.ben, "hi").await),
        is("CH403", "not_a_member")
    );
    run(
        &scene.client,
        "update chat.users set deactivated_at = now() where id = $1",
        &[&scene.ann],
    )
    .await;
    assert_eq!(
        refusal(scene.insert(scene.ann, "hi").await),
        is("CH403", "user_deactivated")
    );
    run(
        &scene.client,
        "update chat.users set deactivated_at = null where id = $1",
        &[&scene.ann],
    )
    .await;
    run(
        &scene.client,
        "update chat.conversations set closed_at = now() where id = $1",
        &[&scene.group],
    )
    .await;
    assert_eq!(
        refusal(scene.insert(scene.ann, "hi").await),
        is("CH409", "conversation_closed")
    );
    let said = "select count(*) from chat.messages where kind <> 'system'";
    let count: i64 = value(&scene.client, said, &[]).await;
    assert_eq!(count, 0);
}

#[tokio::test]
async fn a_body_has_1_to_4000_characters_however_many_bytes() {
    let scene = Scene::set().await;
    for body in ["", " ", "\n\t "] {
        assert_eq!(
            refusal(scene.insert(scene.ann, body).await),
            is("CH422", "body_required")
        );
    }
    assert_eq!(
        scene
            .refused(
                "insert into chat.messages (conversation_id, sender_id) values ($1, $2)",
                &[&scene.group, &scene.ann]
            )
            .await,
        is("CH422", "body_required")
    );
    for character in ["x", "é", "🦀"] {
        scene
            .insert(scene.ann, &character.repeat(4000))
            .await
            .unwrap();
        assert_eq!(
            refusal(scene.insert(scene.ann, &character.repeat(4001)).await),
            is("CH422", "body_too_long")
        );
    }
}

#[tokio::test]
async fn a_message_says_what_its_kind_can_say() {
    let scene = Scene::set().await;
    let elsewhere = direct(&scene.client, scene.ann, scene.cleo).await;
    let foreign = send(&scene.client, scene.ann, elsewhere, "elsewhere").await;
    let insert = "insert into chat.messages (conversation_id, sender_id, kind, body, data, reply_to, client_id)
        values ($1, $2, $3, $4, $5, $6, $7)";
    let none: Option<Uuid> = None;
    let long = "x".repeat(65);
    type Case<'a> = (
        Option<Uuid>,
        &'a str,
        &'a str,
        Option<Value>,
        Option<Uuid>,
        Option<&'a str>,
        (&'a str, &'a str),
    );
    let ann = Some(scene.ann);
    let cases: [Case; 13] = [
        (
            ann,
            "nonsense",
            "hi",
            None,
            none,
            None,
            ("CH422", "bad_kind"),
        ),
        (
            ann,
            "emoji",
            "two words",
            None,
            none,
            None,
            ("CH422", "bad_emoji"),
        ),
        (
            ann,
            "emoji",
            &long,
            None,
            none,
            None,
            ("CH422", "bad_emoji"),
        ),
        (
            ann,
            "system",
            "hi",
            None,
            none,
            None,
            ("CH403", "system_only"),
        ),
        (
            none,
            "text",
            "hi",
            None,
            none,
            None,
            ("CH422", "sender_required"),
        ),
        (
            ann,
            "text",
            "hi",
            Some(json!([1])),
            none,
            None,
            ("CH422", "bad_data"),
        ),
        (
            ann,
            "text",
            "hi",
            Some(json!("x")),
            none,
            None,
            ("CH422", "bad_data"),
        ),
        (
            ann,
            "text",
            "hi",
            Some(Value::Null),
            none,
            None,
            ("CH422", "bad_data"),
        ),
        (
            ann,
            "text",
            "hi",
            Some(json!({"x": "x".repeat(16384)})),
            none,
            None,
            ("CH422", "data_too_long"),
        ),
        (
            ann,
            "text",
            "hi",
            None,
            Some(foreign),
            None,
            ("CH422", "reply_to_not_found"),
        ),
        (
            ann,
            "text",
            "hi",
            None,
            Some(Uuid::new_v4()),
            None,
            ("CH422", "reply_to_not_found"),
        ),
        (
            ann,
            "text",
            "hi",
            None,
            none,
            Some(""),
            ("CH422", "bad_client_id"),
        ),
        (
            ann,
            "text",
            "hi",
            None,
            none,
            Some(&long),
            ("CH422", "bad_client_id"),
        ),
    ];
    for (sender, kind, body, data, reply_to, client_id, (state, key)) in cases {
        assert_eq!(
            scene
                .refused(
                    insert,
                    &[
                        &scene.group,
                        &sender,
                        &kind,
                        &body,
                        &data,
                        &reply_to,
                        &client_id
                    ]
                )
                .await,
            is(state, key),
            "{kind} {body:?} {data:?}"
        );
    }

    // And what it can.
    let target = scene.insert(scene.ben, "ask").await.unwrap();
    run(
        &scene.client,
        insert,
        &[
            &scene.group,
            &ann,
            &"text",
            &"answer",
            &Some(json!({"a": 1})),
            &Some(target),
            &Some("k"),
        ],
    )
    .await;
    run(
        &scene.client,
        insert,
        &[
            &scene.group,
            &ann,
            &"emoji",
            &"👍🏽",
            &None::<Value>,
            &none,
            &None::<&str>,
        ],
    )
    .await;
    run(
        &scene.client,
        insert,
        &[
            &scene.group,
            &none,
            &"system",
            &"Ben was promoted",
            &None::<Value>,
            &none,
            &None::<&str>,
        ],
    )
    .await;
    let seqs: Vec<i64> = column(
        &scene.client,
        "select seq from chat.messages where conversation_id = $1 order by seq",
        &[&scene.group],
    )
    .await;
    assert_eq!(seqs, [1, 2, 3, 4], "what was refused left no gap");
}

#[tokio::test]
async fn who_acts_for_a_user_sends_as_that_user_alone() {
    let scene = Scene::set().await;
    scene.act_for(Some(scene.ben)).await;
    assert_eq!(
        refusal(scene.insert(scene.ann, "as Ann").await),
        is("CH403", "not_the_sender")
    );
    assert_eq!(
        scene
            .refused(
                "insert into chat.messages (conversation_id, kind, body) values ($1, 'system', 'fake')",
                &[&scene.group]
            )
            .await,
        is("CH403", "system_only")
    );
    let sender: Uuid = value(
        &scene.client,
        "insert into chat.messages (conversation_id, body) values ($1, 'as Ben') returning sender_id",
        &[&scene.group],
    )
    .await;
    assert_eq!(sender, scene.ben);
    run(&scene.client, "set chat.actor = 'Ben'", &[]).await;
    assert_eq!(
        refusal(scene.insert(scene.ben, "hi").await),
        is("CH422", "bad_actor")
    );
}

#[tokio::test]
async fn what_identifies_a_message_never_changes() {
    let scene = Scene::set().await;
    let id = scene.insert(scene.ann, "hi").await.unwrap();
    for change in [
        "id = gen_random_uuid()",
        "conversation_id = gen_random_uuid()",
        "seq = seq + 1",
        "sender_id = null",
        "kind = 'emoji'",
        "reply_to = id",
        "client_id = 'x'",
        "created_at = now()",
    ] {
        assert_eq!(
            scene
                .refused(
                    &format!("update chat.messages set {change} where id = $1"),
                    &[&id]
                )
                .await,
            is("CH422", "immutable_column"),
            "{change}"
        );
    }
}

#[tokio::test]
async fn an_edit_keeps_what_was_said_before_and_is_the_senders_alone() {
    let scene = Scene::set().await;
    let id = scene.insert(scene.ben, "one").await.unwrap();
    let edit = "update chat.messages set body = $2 where id = $1";
    scene.act_for(Some(scene.ben)).await;
    run(&scene.client, edit, &[&id, &"two"]).await;
    run(&scene.client, edit, &[&id, &"two"]).await; // no change: no revision
    run(&scene.client, edit, &[&id, &"three"]).await;
    assert_eq!(
        scene.refused(edit, &[&id, &" "]).await,
        is("CH422", "body_required")
    );
    scene.act_for(Some(scene.ann)).await; // an owner may delete, not put words into a mouth
    assert_eq!(
        scene.refused(edit, &[&id, &"four"]).await,
        is("CH403", "not_the_sender")
    );
    scene.act_for(Some(scene.cleo)).await;
    assert_eq!(
        scene.refused(edit, &[&id, &"four"]).await,
        is("CH403", "not_a_member")
    );

    let said: Vec<String> = column(
        &scene.client,
        "select r.revision || ' ' || r.body from chat.message_revisions r where r.message_id = $1 order by r.revision",
        &[&id],
    )
    .await;
    assert_eq!(said, ["1 one", "2 two"]);
    let row = scene
        .client
        .query_one(
            "select body, revision, edited_at is not null from chat.messages where id = $1",
            &[&id],
        )
        .await
        .unwrap();
    assert_eq!(row.get::<_, String>(0), "three");
    assert_eq!(row.get::<_, i64>(1), 3);
    assert!(row.get::<_, bool>(2));
}

#[tokio::test]
async fn a_delete_is_soft_and_leaves_a_tombstone() {
    let scene = Scene::set().await;
    let id = scene.insert(scene.ben, "regret").await.unwrap();
    let mut listener = scene.database.listen().await;
    let delete = "delete from chat.messages where id = $1";
    assert_eq!(run(&scene.client, delete, &[&id]).await, 0, "rows reported");
    let told = listener.next_event(|event| event.is_message(id)).await;
    let message = &told.event()["message"];
    assert_eq!(message["body"], Value::Null);
    assert!(message["deleted_at"].is_string());
    assert_eq!(
        (&message["seq"], &message["revision"]),
        (&json!(1), &json!(2))
    );

    assert_eq!(run(&scene.client, delete, &[&id]).await, 0);
    assert!(
        listener.heard().await.is_empty(),
        "once deleted it stays so"
    );
    let kept: String = value(
        &scene.client,
        "select body from chat.messages where id = $1",
        &[&id],
    )
    .await;
    assert_eq!(kept, "regret");
    let next: i64 = value(
        &scene.client,
        "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, 'next') returning seq",
        &[&scene.group, &scene.ann],
    )
    .await;
    assert_eq!(next, 2);
    assert_eq!(
        scene
            .refused("update chat.messages set body = 'x' where id = $1", &[&id])
            .await,
        is("CH409", "message_deleted")
    );
}

#[tokio::test]
async fn senders_and_admins_delete_and_only_admins_restore() {
    let scene = Scene::set().await;
    run(
        &scene.client,
        "insert into chat.members (conversation_id, user_id) values ($1, $2)",
        &[&scene.group, &scene.cleo],
    )
    .await;
    let delete = "delete from chat.messages where id = $1";
    let restore = "update chat.messages set deleted_at = null where id = $1";
    let of_ben = scene.insert(scene.ben, "of Ben").await.unwrap();
    let of_ann = scene.insert(scene.ann, "of Ann").await.unwrap();

    scene.act_for(Some(scene.cleo)).await;
    assert_eq!(
        scene.refused(delete, &[&of_ben]).await,
        is("CH403", "not_the_sender")
    );
    scene.act_for(Some(scene.ben)).await;
    assert_eq!(
        scene.refused(delete, &[&of_ann]).await,
        is("CH403", "not_the_sender")
    );
    run(&scene.client, delete, &[&of_ben]).await;
    assert_eq!(
        scene.refused(restore, &[&of_ben]).await,
        is("CH403", "not_an_admin")
    );
    scene.act_for(Some(scene.ann)).await;
    run(&scene.client, restore, &[&of_ben]).await;
    run(&scene.client, delete, &[&of_ben]).await;
    let by: Uuid = value(
        &scene.client,
        "select deleted_by from chat.messages where id = $1",
        &[&of_ben],
    )
    .await;
    assert_eq!(by, scene.ann);
    scene.act_for(None).await; // the host project
    run(&scene.client, restore, &[&of_ben]).await;
    let (is_back, revision) = {
        let sql = "select deleted_at is null and deleted_by is null, revision from chat.messages where id = $1";
        let row = scene.client.query_one(sql, &[&of_ben]).await.unwrap();
        (row.get::<_, bool>(0), row.get::<_, i64>(1))
    };
    assert_eq!((is_back, revision), (true, 5));
}

#[tokio::test]
async fn nothing_that_people_wrote_is_ever_removed() {
    let scene = Scene::set().await;
    let id = scene.insert(scene.ann, "hi").await.unwrap();
    run(
        &scene.client,
        "select chat.edit_message($1, $2, 'ho')",
        &[&scene.ann, &id],
    )
    .await;
    run(
        &scene.client,
        "select chat.mark_read($1, $2, 1)",
        &[&scene.ben, &scene.group],
    )
    .await;
    run(
        &scene.client,
        "select chat.start_session($1, 'hash', '1 day')",
        &[&scene.ann],
    )
    .await;
    for table in [
        "users",
        "sessions",
        "conversations",
        "members",
        "messages",
        "message_revisions",
        "marks",
        "receipts",
    ] {
        assert_eq!(
            scene
                .refused(&format!("truncate chat.{table} cascade"), &[])
                .await,
            is("CH403", "truncate_refused"),
            "{table}"
        );
        let count = format!("select count(*) from chat.{table}");
        let before: i64 = value(&scene.client, &count, &[]).await;
        assert!(before > 0, "{table} holds something");
        match table {
            "sessions" | "message_revisions" | "marks" | "receipts" => assert_eq!(
                scene
                    .refused(&format!("delete from chat.{table}"), &[])
                    .await,
                is("CH403", "delete_refused"),
                "{table}"
            ),
            _ => {
                let sql = format!("delete from chat.{table}");
                assert_eq!(run(&scene.client, &sql, &[]).await, 0, "{table}");
            }
        }
        assert_eq!(
            value::<i64>(&scene.client, &count, &[]).await,
            before,
            "{table}"
        );
    }
}
