//! Marks and receipts: how far each has received and read, and what is unread.

use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{TestDatabase, column, group, refusal, run, send, user, value};

struct Scene {
    database: TestDatabase,
    client: crate::support::Client,
    ann: Uuid,
    ben: Uuid,
    group: Uuid,
}

impl Scene {
    async fn set() -> Self {
        let database = TestDatabase::create().await;
        let client = database.connect().await;
        let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
        let group = group(&client, ann, &[ben]).await;
        // Messages are counted here: that somebody was added is none of them.
        client.batch_execute("set chat.quiet = on").await.unwrap();
        Self {
            database,
            client,
            ann,
            ben,
            group,
        }
    }

    /// (delivered, read)
    async fn mark(&self, user: Uuid) -> (i64, i64) {
        let sql = "select delivered_seq, read_seq from chat.marks where conversation_id = $1 and user_id = $2";
        let row = self
            .client
            .query_one(sql, &[&self.group, &user])
            .await
            .unwrap();
        (row.get(0), row.get(1))
    }

    async fn read(&self, user: Uuid, seq: i64) {
        run(
            &self.client,
            "select chat.mark_read($1, $2, $3)",
            &[&user, &self.group, &seq],
        )
        .await;
    }

    async fn deliver(&self, user: Uuid, seq: i64) {
        run(
            &self.client,
            "select chat.mark_delivered($1, $2, $3)",
            &[&user, &self.group, &seq],
        )
        .await;
    }

    async fn unread(&self, user: Uuid) -> i64 {
        value(
            &self.client,
            "select (chat.read_conversation($1, $2) ->> 'unread')::bigint",
            &[&user, &self.group],
        )
        .await
    }
}

async fn receipts(client: &Client, actor: Uuid, message: Uuid) -> Value {
    value(
        client,
        "select chat.message_receipts($1, $2)",
        &[&actor, &message],
    )
    .await
}

#[tokio::test]
async fn marks_only_rise_and_never_beyond_what_is_there() {
    let scene = Scene::set().await;
    for body in ["1", "2", "3", "4"] {
        send(&scene.client, scene.ann, scene.group, body).await;
    }
    assert_eq!(scene.mark(scene.ben).await, (0, 0));
    scene.deliver(scene.ben, 3).await;
    assert_eq!(scene.mark(scene.ben).await, (3, 0));
    scene.read(scene.ben, 2).await;
    assert_eq!(scene.mark(scene.ben).await, (3, 2));
    scene.read(scene.ben, 1).await;
    scene.deliver(scene.ben, 1).await;
    scene.read(scene.ben, -5).await;
    assert_eq!(scene.mark(scene.ben).await, (3, 2));
    scene.read(scene.ben, 1_000_000).await; // read implies delivered
    assert_eq!(scene.mark(scene.ben).await, (4, 4));

    // Whoever writes the table itself is held to the same.
    let update = "update chat.marks set read_seq = $3, delivered_seq = $4 where conversation_id = $1 and user_id = $2";
    run(
        &scene.client,
        update,
        &[&scene.group, &scene.ben, &1_i64, &0_i64],
    )
    .await;
    assert_eq!(scene.mark(scene.ben).await, (4, 4));
    send(&scene.client, scene.ann, scene.group, "5").await;
    run(
        &scene.client,
        update,
        &[&scene.group, &scene.ben, &99_i64, &0_i64],
    )
    .await;
    assert_eq!(scene.mark(scene.ben).await, (5, 5));
    assert_eq!(
        refusal(
            scene
                .client
                .execute(
                    "update chat.marks set user_id = $1 where user_id = $2",
                    &[&scene.ann, &scene.ben]
                )
                .await
        ),
        ("CH422".to_owned(), "immutable_column".to_owned())
    );
    let log: Vec<String> = column(
        &scene.client,
        "select delivered_seq || '/' || read_seq from chat.receipts where user_id = $1 order by at",
        &[&scene.ben],
    )
    .await;
    assert_eq!(log, ["3/0", "3/2", "4/4", "5/5"], "each raise once");
}

#[tokio::test]
async fn a_raise_is_announced_once_to_the_members() {
    let scene = Scene::set().await;
    send(&scene.client, scene.ann, scene.group, "hi").await;
    let mut listener = scene.database.listen().await;
    scene.read(scene.ben, 1).await;
    let heard = listener.heard().await;
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].envelope["conversation"], json!(scene.group));
    let event = heard[0].event();
    assert_eq!(
        (
            &event["type"],
            &event["user_id"],
            &event["delivered_seq"],
            &event["read_seq"]
        ),
        (&json!("receipt"), &json!(scene.ben), &json!(1), &json!(1))
    );
    scene.read(scene.ben, 1).await;
    assert!(listener.heard().await.is_empty());
}

#[tokio::test]
async fn sending_raises_ones_own_mark_and_the_message_alone_tells() {
    let scene = Scene::set().await;
    send(&scene.client, scene.ann, scene.group, "1").await;
    send(&scene.client, scene.ann, scene.group, "2").await;
    let mut listener = scene.database.listen().await;
    run(
        &scene.client,
        "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, '3')",
        &[&scene.group, &scene.ben],
    )
    .await;
    assert_eq!(scene.mark(scene.ben).await, (3, 3));
    assert_eq!(scene.mark(scene.ann).await, (2, 2));
    let heard = listener.heard().await;
    assert_eq!(
        heard.iter().map(|event| event.kind()).collect::<Vec<_>>(),
        ["message"]
    );
    let log: i64 = value(&scene.client, "select count(*) from chat.receipts", &[]).await;
    assert_eq!(log, 0);
}

#[tokio::test]
async fn many_marks_rise_at_once_and_strangers_are_passed_over() {
    let scene = Scene::set().await;
    for body in ["1", "2"] {
        send(&scene.client, scene.ann, scene.group, body).await;
    }
    let other = group(&scene.client, scene.ann, &[scene.ben]).await;
    send(&scene.client, scene.ann, other, "1").await;
    let stranger = user(&scene.client, "Eve").await;
    let mut listener = scene.database.listen().await;
    let marks = json!([
        {"actor": scene.ben, "conversation_id": scene.group, "delivered_seq": 2},
        {"actor": scene.ben, "conversation_id": scene.group, "read_seq": 1},
        {"actor": scene.ben, "conversation_id": other, "read_seq": 1, "delivered_seq": 1},
        {"actor": stranger, "conversation_id": other, "read_seq": 1},
        {"actor": scene.ann, "conversation_id": other, "read_seq": 0},
        {"actor": scene.ann, "conversation_id": Uuid::new_v4(), "read_seq": 1},
    ]);
    let rose: i64 = value(&scene.client, "select chat.mark_many($1)", &[&marks]).await;
    assert_eq!(rose, 2);
    assert_eq!(scene.mark(scene.ben).await, (2, 1));
    let heard = listener.heard().await;
    assert_eq!((heard.len(), listener.payload_sizes.len()), (2, 1));
    assert_eq!(
        refusal(scene.client.query("select chat.mark_many('{}')", &[]).await),
        ("CH422".to_owned(), "bad_items".to_owned())
    );
    assert_eq!(
        refusal(
            scene
                .client
                .query("select chat.mark_read($1, $2, 1)", &[&stranger, &other])
                .await
        ),
        ("CH403".to_owned(), "not_a_member".to_owned())
    );
}

#[tokio::test]
async fn who_received_and_read_a_message_is_known_with_its_times() {
    let scene = Scene::set().await;
    let cleo = user(&scene.client, "Cleo").await;
    let dan = user(&scene.client, "Dan").await;
    for late in [cleo, dan] {
        run(
            &scene.client,
            "select chat.add_member($1, $2, $3)",
            &[&scene.ann, &scene.group, &late],
        )
        .await;
    }
    let first = send(&scene.client, scene.ann, scene.group, "first").await;
    let second = send(&scene.client, scene.ann, scene.group, "second").await;
    let eve = user(&scene.client, "Eve").await;
    run(
        &scene.client,
        "select chat.add_member($1, $2, $3)",
        &[&scene.ann, &scene.group, &eve],
    )
    .await;
    scene.deliver(scene.ben, 1).await;
    scene.deliver(scene.ben, 2).await;
    scene.read(scene.ben, 2).await;
    scene.deliver(dan, 1).await;
    // Cleo answers: whoever answers has read.
    send(&scene.client, cleo, scene.group, "answer").await;
    scene.read(cleo, 3).await;

    let seen = receipts(&scene.client, scene.ann, first).await;
    assert_eq!(
        (&seen["delivered_count"], &seen["read_count"]),
        (&json!(3), &json!(2))
    );
    let items = seen["items"].as_array().unwrap();
    assert_eq!(
        items
            .iter()
            .map(|item| item["user_name"].as_str().unwrap())
            .collect::<Vec<_>>(),
        ["Ben", "Cleo", "Dan"],
        "not the sender, nor who came later"
    );
    let time: String = value(
        &scene.client,
        "select chat.json_time(created_at) from chat.messages where conversation_id = $1 and seq = 3",
        &[&scene.group],
    )
    .await;
    assert_eq!(
        (&items[1]["delivered_at"], &items[1]["read_at"]),
        (&json!(time), &json!(time))
    );
    assert!(items[2]["delivered_at"].is_string() && items[2]["read_at"].is_null());

    let logged: Vec<String> = column(
        &scene.client,
        "select chat.json_time(at) from chat.receipts where user_id = $1 order by at",
        &[&scene.ben],
    )
    .await;
    assert_eq!(
        (&items[0]["delivered_at"], &items[0]["read_at"]),
        (&json!(logged[0]), &json!(logged[2]))
    );
    let later = receipts(&scene.client, scene.ann, second).await;
    assert_eq!(
        (&later["delivered_count"], &later["read_count"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(later["items"][0]["delivered_at"], json!(logged[1]));

    let stranger = user(&scene.client, "Stranger").await;
    assert_eq!(
        refusal(
            scene
                .client
                .query("select chat.message_receipts($1, $2)", &[&stranger, &first])
                .await
        ),
        ("CH403".to_owned(), "not_a_member".to_owned())
    );
}

#[tokio::test]
async fn above_a_hundred_members_there_are_counts_and_only_own_devices_hear() {
    let scene = Scene::set().await;
    run(
        &scene.client,
        "with made as (insert into chat.users (name) select 'Member ' || n from generate_series(1, 98) n returning id)
         select count(*) from made",
        &[],
    )
    .await;
    run(
        &scene.client,
        "insert into chat.members (conversation_id, user_id) select $1, id from chat.users where name like 'Member %'",
        &[&scene.group],
    )
    .await;
    let message = send(&scene.client, scene.ann, scene.group, "hi").await;
    let mut listener = scene.database.listen().await;
    scene.deliver(scene.ben, 1).await;
    assert_eq!(
        listener.heard().await[0].envelope["conversation"],
        json!(scene.group)
    );
    assert!(receipts(&scene.client, scene.ann, message).await["items"].is_array());

    let extra = user(&scene.client, "Number 101").await;
    run(
        &scene.client,
        "select chat.add_member($1, $2, $3)",
        &[&scene.ann, &scene.group, &extra],
    )
    .await;
    listener.heard().await;
    scene.read(scene.ben, 1).await;
    let heard = listener.heard().await;
    assert_eq!(heard.len(), 1);
    assert_eq!(
        (
            &heard[0].envelope["user"],
            &heard[0].envelope["conversation"]
        ),
        (&json!(scene.ben), &Value::Null)
    );
    assert_eq!(
        receipts(&scene.client, scene.ann, message).await,
        json!({"delivered_count": 1, "read_count": 1, "items": null})
    );
}

#[tokio::test]
async fn unread_is_what_others_said_since() {
    let scene = Scene::set().await;
    send(&scene.client, scene.ann, scene.group, "1").await;
    let regret = send(&scene.client, scene.ann, scene.group, "2").await;
    run(
        &scene.client,
        "insert into chat.messages (conversation_id, kind, body) values ($1, 'system', 'note')",
        &[&scene.group],
    )
    .await;
    assert_eq!(
        scene.unread(scene.ben).await,
        2,
        "what the system says does not count"
    );
    assert_eq!(
        scene.unread(scene.ann).await,
        0,
        "nor what one says oneself"
    );
    run(
        &scene.client,
        "delete from chat.messages where id = $1",
        &[&regret],
    )
    .await;
    assert_eq!(scene.unread(scene.ben).await, 1, "nor what was deleted");

    let late = user(&scene.client, "Late").await;
    run(
        &scene.client,
        "select chat.add_member($1, $2, $3)",
        &[&scene.ann, &scene.group, &late],
    )
    .await;
    assert_eq!(
        scene.unread(late).await,
        0,
        "nor what was before one joined"
    );
    send(&scene.client, scene.ben, scene.group, "4").await;
    assert_eq!(scene.unread(scene.ben).await, 0, "whoever sends has read");
    assert_eq!(
        (scene.unread(scene.ann).await, scene.unread(late).await),
        (1, 1)
    );
    scene.read(scene.ann, 4).await;
    assert_eq!(
        (scene.unread(scene.ann).await, scene.unread(late).await),
        (0, 1)
    );
}
