//! `chat.send_messages`: many at once, each with a result of its own, and nothing twice.

use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::query::{process_id, until_it_waits_for_a_lock};
use crate::support::{TestDatabase, column, group, refusal, run, user, value};

/// One item's result.
#[derive(Debug, PartialEq)]
struct Answer {
    item: i64,
    status: i32,
    code: Option<String>,
    message: Option<Value>,
}

impl Answer {
    fn id(&self) -> &str {
        self.message.as_ref().unwrap()["id"].as_str().unwrap()
    }

    fn seq(&self) -> i64 {
        self.message.as_ref().unwrap()["seq"].as_i64().unwrap()
    }
}

async fn send_all(client: &Client, items: &Value) -> Vec<Answer> {
    client
        .query(
            "select item, status, code, message from chat.send_messages($1)",
            &[items],
        )
        .await
        .unwrap()
        .into_iter()
        .map(|row| Answer {
            item: row.get(0),
            status: row.get(1),
            code: row.get(2),
            message: row.get(3),
        })
        .collect()
}

fn outcomes(answers: &[Answer]) -> Vec<(i64, i32, Option<&str>)> {
    answers
        .iter()
        .map(|answer| (answer.item, answer.status, answer.code.as_deref()))
        .collect()
}

struct Scene {
    database: TestDatabase,
    client: crate::support::Client,
    ann: Uuid,
    eve: Uuid,
    group: Uuid,
}

impl Scene {
    async fn set() -> Self {
        let database = TestDatabase::create().await;
        let client = database.connect().await;
        let (ann, eve) = (user(&client, "Ann").await, user(&client, "Eve").await);
        let group = group(&client, ann, &[]).await;
        Self {
            database,
            client,
            ann,
            eve,
            group,
        }
    }

    fn item(&self, body: &str, key: &str) -> Value {
        json!({"actor": self.ann, "conversation_id": self.group, "body": body, "client_id": key})
    }

    async fn stored(&self) -> Vec<String> {
        column(
            &self.client,
            "select seq || ' ' || body from chat.messages where conversation_id = $1 order by seq",
            &[&self.group],
        )
        .await
    }
}

#[tokio::test]
async fn the_same_again_answers_with_what_is_there() {
    let scene = Scene::set().await;
    let first = send_all(&scene.client, &json!([scene.item("hi", "a")])).await;
    assert_eq!(outcomes(&first), [(1, 201, None)]);
    let again = send_all(&scene.client, &json!([scene.item("hi", "a")])).await;
    assert_eq!(outcomes(&again), [(1, 200, None)]);
    assert_eq!(again[0].message, first[0].message);

    for other in [
        scene.item("ho", "a"),
        json!({"actor": scene.ann, "conversation_id": scene.group, "body": "👋", "client_id": "a", "kind": "emoji"}),
        json!({"actor": scene.ann, "conversation_id": scene.group, "body": "hi", "client_id": "a", "data": {"x": 1}}),
        json!({"actor": scene.ann, "conversation_id": scene.group, "body": "hi", "client_id": "a", "reply_to": first[0].id()}),
    ] {
        let answers = send_all(&scene.client, &json!([other])).await;
        assert_eq!(
            outcomes(&answers),
            [(1, 409, Some("client_id_taken"))],
            "{other}"
        );
        assert_eq!(answers[0].message, None);
    }
    // Another's key is another key, and no key is none.
    let elsewhere = group(&scene.client, scene.ann, &[]).await;
    let there =
        json!({"actor": scene.ann, "conversation_id": elsewhere, "body": "ho", "client_id": "a"});
    assert_eq!(
        outcomes(&send_all(&scene.client, &json!([there])).await),
        [(1, 201, None)]
    );
    let keyless = json!({"actor": scene.ann, "conversation_id": scene.group, "body": "hi"});
    let twice = send_all(&scene.client, &json!([keyless, keyless])).await;
    assert_eq!(outcomes(&twice), [(1, 201, None), (2, 201, None)]);
}

#[tokio::test]
async fn a_retry_after_an_edit_is_still_the_same() {
    let scene = Scene::set().await;
    let sent = send_all(&scene.client, &json!([scene.item("hi", "a")])).await;
    for body in ["ho", "hum"] {
        run(
            &scene.client,
            "select chat.edit_message($1, $2::text::uuid, $3)",
            &[&scene.ann, &sent[0].id(), &body],
        )
        .await;
    }
    let again = send_all(&scene.client, &json!([scene.item("hi", "a")])).await;
    assert_eq!(outcomes(&again), [(1, 200, None)]);
    assert_eq!(again[0].message.as_ref().unwrap()["body"], "hum");
    let edited = send_all(&scene.client, &json!([scene.item("hum", "a")])).await;
    assert_eq!(outcomes(&edited), [(1, 409, Some("client_id_taken"))]);
    run(
        &scene.client,
        "select chat.delete_message($1, $2::text::uuid)",
        &[&scene.ann, &sent[0].id()],
    )
    .await;
    let deleted = send_all(&scene.client, &json!([scene.item("hi", "a")])).await;
    assert_eq!(outcomes(&deleted), [(1, 200, None)]);
    assert_eq!(deleted[0].message.as_ref().unwrap()["body"], Value::Null);
}

#[tokio::test]
async fn a_bad_item_fails_alone() {
    let scene = Scene::set().await;
    let mut listener = scene.database.listen().await;
    let good = |body: &str| scene.item(body, body);
    let answers = send_all(
        &scene.client,
        &json!([
            good("one"),
            {"actor": scene.eve, "conversation_id": scene.group, "body": "intruder"},
            good("two"),
            {"actor": scene.ann, "conversation_id": scene.group, "body": " "},
            {"actor": scene.ann, "conversation_id": Uuid::new_v4(), "body": "nowhere"},
            {"actor": "nobody", "conversation_id": scene.group, "body": "x"},
            {"actor": scene.ann, "conversation_id": scene.group, "body": "x", "reply_to": "nothing"},
            {"actor": scene.ann, "conversation_id": scene.group, "body": "x", "data": [1]},
            {"actor": scene.ann, "conversation_id": scene.group, "body": "x", "kind": "system"},
            {"conversation_id": scene.group, "body": "x"},
            {"actor": scene.ann, "body": "x"},
            {},
            "text",
            null,
            good("three"),
        ]),
    )
    .await;
    assert_eq!(
        outcomes(&answers),
        [
            (1, 201, None),
            (2, 403, Some("not_a_member")),
            (3, 201, None),
            (4, 422, Some("body_required")),
            (5, 404, Some("conversation_not_found")),
            (6, 422, Some("bad_value")),
            (7, 422, Some("bad_value")),
            (8, 422, Some("bad_data")),
            (9, 403, Some("system_only")),
            (10, 422, Some("sender_required")),
            (11, 404, Some("conversation_not_found")),
            (12, 422, Some("sender_required")),
            (13, 422, Some("sender_required")),
            (14, 422, Some("sender_required")),
            (15, 201, None),
        ]
    );
    assert_eq!(scene.stored().await, ["1 one", "2 two", "3 three"]);
    let heard = listener.heard().await;
    let told: Vec<_> = heard
        .iter()
        .map(|event| event.event()["message"]["body"].as_str().unwrap())
        .collect();
    assert_eq!(told, ["one", "two", "three"], "each once, in order");
}

#[tokio::test]
async fn a_good_batch_is_one_announcement() {
    let scene = Scene::set().await;
    let mut listener = scene.database.listen().await;
    let items: Vec<_> = (0..10)
        .map(|n| scene.item(&format!("body {n}"), &n.to_string()))
        .collect();
    let answers = send_all(&scene.client, &Value::from(items)).await;
    assert_eq!(
        answers.iter().map(Answer::seq).collect::<Vec<_>>(),
        (1..=10).collect::<Vec<_>>()
    );
    let heard = listener.heard().await;
    assert_eq!(heard.len(), 10);
    assert_eq!(listener.payload_sizes.len(), 1);
}

#[tokio::test]
async fn duplicates_within_a_batch_are_one_message() {
    let scene = Scene::set().await;
    let answers = send_all(
        &scene.client,
        &json!([
            scene.item("hi", "a"),
            scene.item("hi", "a"),
            scene.item("other", "a"),
            scene.item("ho", "b"),
            scene.item("hi", "a"),
        ]),
    )
    .await;
    assert_eq!(
        outcomes(&answers),
        [
            (1, 201, None),
            (2, 200, None),
            (3, 409, Some("client_id_taken")),
            (4, 201, None),
            (5, 200, None)
        ]
    );
    assert_eq!(
        (answers[1].id(), answers[4].id()),
        (answers[0].id(), answers[0].id())
    );
    assert_eq!(scene.stored().await, ["1 hi", "2 ho"]);
}

#[tokio::test]
async fn a_batch_has_a_limit_and_a_shape() {
    let scene = Scene::set().await;
    let items = |count: usize| Value::from(vec![scene.item("x", "same"); count]);
    let send = "select * from chat.send_messages($1)";
    assert_eq!(send_all(&scene.client, &items(1000)).await.len(), 1000);
    assert_eq!(
        refusal(scene.client.query(send, &[&items(1001)]).await),
        ("CH422".to_owned(), "too_many_items".to_owned())
    );
    for shapeless in [json!({}), json!("x"), json!(1), Value::Null] {
        assert_eq!(
            refusal(scene.client.query(send, &[&shapeless]).await),
            ("CH422".to_owned(), "bad_items".to_owned())
        );
    }
    assert_eq!(send_all(&scene.client, &json!([])).await, []);
}

#[tokio::test]
async fn the_same_from_two_sessions_at_once_is_stored_once() {
    let scene = Scene::set().await;
    let items = json!([scene.item("hi", "a"), scene.item("ho", "b")]);
    let (first, second) = (
        scene.database.connect().await,
        scene.database.connect().await,
    );
    first.batch_execute("begin").await.unwrap();
    let stored = send_all(&first, &items).await;
    let waiting = process_id(&second).await;
    let (again, ()) = futures_util::future::join(send_all(&second, &items), async {
        until_it_waits_for_a_lock(&scene.client, waiting).await;
        first.batch_execute("commit").await.unwrap();
    })
    .await;
    assert_eq!(outcomes(&again), [(1, 200, None), (2, 200, None)]);
    assert_eq!(again[0].message, stored[0].message);
    assert_eq!(scene.stored().await, ["1 hi", "2 ho"]);
}

#[tokio::test]
async fn what_a_rolled_back_session_sent_is_sent_by_who_waited() {
    let scene = Scene::set().await;
    let items = json!([scene.item("hi", "a")]);
    let (first, second) = (
        scene.database.connect().await,
        scene.database.connect().await,
    );
    first.batch_execute("begin").await.unwrap();
    send_all(&first, &items).await;
    let waiting = process_id(&second).await;
    let (again, ()) = futures_util::future::join(send_all(&second, &items), async {
        until_it_waits_for_a_lock(&scene.client, waiting).await;
        first.batch_execute("rollback").await.unwrap();
    })
    .await;
    assert_eq!(outcomes(&again), [(1, 201, None)]);
    assert_eq!(scene.stored().await, ["1 hi"]);
}

#[tokio::test]
async fn batches_that_cross_never_wait_in_a_circle() {
    let scene = Scene::set().await;
    let mut groups = vec![scene.group];
    for _ in 0..7 {
        groups.push(group(&scene.client, scene.ann, &[]).await);
    }
    let work = |number: usize| {
        let (database, groups, ann) = (&scene.database, &groups, scene.ann);
        async move {
            let client = database.connect().await;
            for round in 0..10 {
                let mut order = groups.clone();
                order.rotate_left((number + round) % groups.len());
                if number.is_multiple_of(2) {
                    order.reverse();
                }
                let items: Vec<_> = order
                    .iter()
                    .map(|id| json!({"actor": ann, "conversation_id": id, "body": "x", "client_id": format!("{number}/{round}")}))
                    .collect();
                let answers = send_all(&client, &Value::from(items)).await;
                assert!(answers.iter().all(|answer| answer.status == 201));
            }
        }
    };
    futures_util::future::join_all((0..6).map(work)).await;
    let counts: Vec<i64> = column(
        &scene.client,
        "select count(*) from chat.messages group by conversation_id",
        &[],
    )
    .await;
    assert_eq!(counts, [60; 8]);
}

#[tokio::test]
async fn one_message_at_a_time_is_as_idempotent() {
    let scene = Scene::set().await;
    let send = "select id from chat.send_message($1, $2, $3, p_client_id => 'a')";
    let first: Uuid = value(&scene.client, send, &[&scene.ann, &scene.group, &"hi"]).await;
    let again: Uuid = value(&scene.client, send, &[&scene.ann, &scene.group, &"hi"]).await;
    assert_eq!(first, again);
    assert_eq!(
        refusal(
            scene
                .client
                .query(send, &[&scene.ann, &scene.group, &"ho"])
                .await
        ),
        ("CH409".to_owned(), "client_id_taken".to_owned())
    );
    assert_eq!(
        refusal(
            scene
                .client
                .query(send, &[&scene.eve, &scene.group, &"hi"])
                .await
        ),
        ("CH403".to_owned(), "not_a_member".to_owned())
    );
}

#[tokio::test]
async fn a_message_that_a_trigger_of_the_host_leaves_out_is_told_and_moves_no_other() {
    let scene = Scene::set().await;
    scene
        .client
        .batch_execute(
            "create function public.leave_out() returns trigger language plpgsql as
                $$ begin if new.body = 'spam' then return null; end if; return new; end $$;
             create trigger host_filter before insert on chat.messages
                for each row execute function public.leave_out()",
        )
        .await
        .unwrap();
    let answers = send_all(
        &scene.client,
        &json!([
            scene.item("one", "a"),
            scene.item("spam", "b"),
            scene.item("two", "c"),
        ]),
    )
    .await;
    assert_eq!(
        outcomes(&answers),
        [(1, 201, None), (2, 409, Some("not_stored")), (3, 201, None)]
    );
    assert_eq!(scene.stored().await, ["1 one", "2 two"]);
}
