//! Link previews: whose turn it is to fetch one, which messages it is for, and who may take it off.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::Scene;
use crate::support::query::{process_id, until_it_waits_for_a_lock};
use crate::support::{Client, column, refusal, run, send, value};

const URL: &str = "https://example.com/page";

impl Scene {
    /// A message of Ben's.
    async fn link(&self) -> Uuid {
        self.say(self.ben, &format!("see {URL}")).await
    }

    async fn claim(&self, message: Uuid) -> String {
        claim(&self.client, message).await
    }

    async fn store_preview(&self, title: Option<&str>) {
        run(
            &self.client,
            "select chat.store_preview($1, $2, 'words', null)",
            &[&URL, &title],
        )
        .await;
    }

    /// With the edit that the message is of now.
    async fn attach(&self, message: Uuid) -> bool {
        value(
            &self.client,
            "select chat.attach_preview(m.id, $2, m.edited_at) from chat.messages m where m.id = $1",
            &[&message, &URL],
        )
        .await
    }

    async fn title(&self, message: Uuid) -> Value {
        self.message(message).await["preview"]["title"].clone()
    }

    /// As if the time had passed.
    async fn age(&self, interval: &str) {
        run(
            &self.client,
            &format!(
                "update chat.link_previews set fetch_began_at = fetch_began_at - interval '{interval}',
                     fetched_at = fetched_at - interval '{interval}', expires_at = expires_at - interval '{interval}'"
            ),
            &[],
        )
        .await;
    }
}

async fn claim(client: &Client, message: Uuid) -> String {
    value(
        client,
        "select chat.claim_preview($1, $2, null)",
        &[&message, &URL],
    )
    .await
}

#[tokio::test]
async fn one_fetches_others_wait_and_then_it_is_there_for_all() {
    let scene = Scene::set().await;
    let (one, two) = (scene.link().await, scene.link().await);
    assert_eq!(scene.claim(one).await, "fetch");
    assert_eq!(scene.claim(one).await, "wait");
    assert_eq!(scene.claim(two).await, "wait");
    assert!(!scene.attach(one).await, "nothing is stored yet");

    scene.store_preview(Some("Title \"1\"")).await;
    assert!(scene.attach(one).await);
    assert!(!scene.attach(one).await, "it is there already");
    assert_eq!(scene.claim(two).await, "done");
    assert_eq!(scene.claim(one).await, "done");
    let preview =
        json!({"url": URL, "title": "Title \"1\"", "description": "words", "site_name": null});
    for message in [one, two] {
        let message = scene.message(message).await;
        assert_eq!(
            (&message["preview"], &message["revision"]),
            (&preview, &json!(2))
        );
    }
}

#[tokio::test]
async fn of_two_that_claim_at_once_the_second_sees_what_it_waited_for() {
    let scene = Scene::set().await;
    let message = scene.link().await;
    let mut first = scene.database.connect().await;
    let second = scene.database.connect().await;
    let waiter = process_id(&second).await;
    let transaction = first.transaction().await.unwrap();
    let word: String = transaction
        .query_one("select chat.claim_preview($1, $2, null)", &[&message, &URL])
        .await
        .unwrap()
        .get(0);
    assert_eq!(word, "fetch");
    let (word, ()) = tokio::join!(claim(&second, message), async {
        until_it_waits_for_a_lock(&scene.client, waiter).await;
        transaction.commit().await.unwrap();
    });
    assert_eq!(word, "wait");
}

#[tokio::test]
async fn a_fetch_that_began_over_30_seconds_ago_is_given_up() {
    let scene = Scene::set().await;
    let message = scene.link().await;
    assert_eq!(scene.claim(message).await, "fetch");
    scene.age("29 seconds").await;
    assert_eq!(scene.claim(message).await, "wait");
    scene.age("2 seconds").await;
    assert_eq!(scene.claim(message).await, "fetch");
    assert_eq!(scene.claim(message).await, "wait");
}

#[tokio::test]
async fn that_there_is_nothing_is_remembered_for_an_hour() {
    let scene = Scene::set().await;
    let message = scene.link().await;
    scene.claim(message).await;
    scene.store_preview(None).await;
    assert!(!scene.attach(message).await);
    scene.age("59 minutes").await;
    assert_eq!(scene.claim(message).await, "done");
    assert_eq!(scene.message(message).await["preview"], Value::Null);
    scene.age("2 minutes").await;
    assert_eq!(scene.claim(message).await, "fetch");
}

#[tokio::test]
async fn what_was_found_is_kept_for_7_days_and_by_those_who_show_it_for_ever() {
    let scene = Scene::set().await;
    let (old, new) = (scene.link().await, scene.link().await);
    scene.claim(old).await;
    scene.store_preview(Some("Old")).await;
    assert!(scene.attach(old).await);
    scene.age("6 days 23 hours").await;
    assert_eq!(scene.claim(new).await, "done");
    assert_eq!(scene.title(new).await, "Old");

    scene.age("2 hours").await;
    let newest = scene.link().await;
    assert_eq!(scene.claim(newest).await, "fetch");
    assert_eq!(scene.title(old).await, "Old", "while it is fetched anew");
    scene.store_preview(None).await;
    assert_eq!(scene.title(old).await, "Old", "and when nothing is found");
    assert_eq!(scene.claim(newest).await, "done");
    assert_eq!(scene.title(newest).await, Value::Null);

    scene.age("2 hours").await;
    assert_eq!(scene.claim(newest).await, "fetch");
    scene.store_preview(Some("New")).await;
    assert!(scene.attach(newest).await);
    assert_eq!(scene.title(newest).await, "New");
}

#[tokio::test]
async fn what_came_late_does_not_undo_what_was_found_meanwhile() {
    let scene = Scene::set().await;
    scene.claim(scene.link().await).await;
    scene.store_preview(Some("Found")).await;
    scene.store_preview(None).await;
    let states: Vec<String> =
        column(&scene.client, "select state from chat.link_previews", &[]).await;
    assert_eq!(states, ["ready"]);
}

#[tokio::test]
async fn a_message_gets_no_preview_of_what_it_does_not_say_or_does_not_want() {
    let scene = Scene::set().await;
    scene.claim(scene.link().await).await;
    scene.store_preview(Some("Title")).await;
    for change in [
        "delete from chat.messages where id = $1",
        "update chat.messages set body = 'something else' where id = $1",
        "update chat.messages set data = '{\"preview\": false}' where id = $1",
        "select chat.remove_preview(null, $1)",
    ] {
        let message = scene.link().await;
        run(&scene.client, change, &[&message]).await;
        let before = scene.message(message).await;
        assert_eq!(scene.claim(message).await, "done", "{change}");
        let is_attached: bool = value(
            &scene.client,
            "select chat.attach_preview($1, $2, null)",
            &[&message, &URL],
        )
        .await;
        assert!(!is_attached, "{change}");
        assert_eq!(scene.message(message).await, before, "{change}");
    }
    assert_eq!(scene.claim(Uuid::new_v4()).await, "done");
    // As it is since the edit, and of nothing else.
    let message = scene.link().await;
    run(
        &scene.client,
        "update chat.messages set data = '{\"more\": 1}' where id = $1",
        &[&message],
    )
    .await;
    assert!(scene.attach(message).await);
}

#[tokio::test]
async fn an_edit_of_what_it_says_takes_the_preview_off_and_nothing_else_does() {
    let scene = Scene::set().await;
    scene.claim(scene.link().await).await;
    scene.store_preview(Some("Title")).await;
    for (change, keeps) in [
        (
            "update chat.messages set body = body || '!' where id = $1",
            false,
        ),
        (
            "update chat.messages set data = '{\"preview\": false}' where id = $1",
            false,
        ),
        (
            "update chat.messages set data = '{\"more\": 1}' where id = $1",
            true,
        ),
        ("update chat.messages set body = body where id = $1", true),
        (
            "select chat.restore_message(null, (chat.delete_message(null, $1)).id)",
            true,
        ),
    ] {
        let message = scene.link().await;
        assert!(scene.attach(message).await);
        run(&scene.client, change, &[&message]).await;
        assert_eq!(scene.title(message).await.is_string(), keeps, "{change}");
    }
}

#[tokio::test]
async fn a_preview_that_comes_or_goes_is_announced_and_found_by_who_was_away() {
    let scene = Scene::set().await;
    let message = scene.link().await;
    let mut listener = scene.database.listen().await;
    let cursor: String = value(&scene.client, "select chat.current_cursor()", &[]).await;
    scene.claim(message).await;
    scene.store_preview(Some("Title")).await;
    scene.attach(message).await;
    let event = listener.next().await.envelope;
    assert_eq!(event["event"]["message"], scene.message(message).await);

    run(
        &scene.client,
        "select chat.remove_preview($1, $2)",
        &[&scene.ben, &message],
    )
    .await;
    let event = listener.next().await.envelope;
    assert_eq!(event["event"]["message"]["preview"], Value::Null);
    assert_eq!(event["event"]["message"]["revision"], 3);

    let missed: Vec<String> = column(
        &scene.client,
        "select unnest(envelopes) from chat.changes_since($1, $2)",
        &[&scene.ann, &cursor],
    )
    .await;
    assert!(missed[0].contains("\"revision\":3"), "{missed:?}");
}

#[tokio::test]
async fn its_sender_and_who_runs_the_group_may_take_a_preview_off() {
    let scene = Scene::set().await;
    let of_ann = send(&scene.client, scene.ann, scene.group, URL).await;
    let of_ben = scene.link().await;
    let deleted = scene.link().await;
    run(
        &scene.client,
        "select chat.delete_message(null, $1)",
        &[&deleted],
    )
    .await;
    let remove = async |actor: Option<Uuid>, message: Uuid| {
        scene
            .client
            .query_one(
                "select (chat.remove_preview($1, $2)).revision",
                &[&actor, &message],
            )
            .await
            .map(|row| row.get::<_, i64>(0))
    };
    for (actor, message, state, key) in [
        (scene.eve, of_ann, "CH403", "not_a_member"),
        (scene.ben, of_ann, "CH403", "not_the_sender"),
        (scene.ann, Uuid::new_v4(), "CH404", "message_not_found"),
        (Uuid::new_v4(), of_ann, "CH404", "user_not_found"),
        (scene.ann, deleted, "CH409", "message_deleted"),
    ] {
        let refused = refusal(remove(Some(actor), message).await);
        assert_eq!(refused, (state.to_owned(), key.to_owned()));
    }
    assert_eq!(remove(Some(scene.ann), of_ben).await.unwrap(), 2);
    assert_eq!(
        remove(Some(scene.ben), of_ben).await.unwrap(),
        2,
        "once is enough"
    );
    assert_eq!(remove(None, of_ann).await.unwrap(), 2);
    let actor: String = value(
        &scene.client,
        "select current_setting('chat.actor', true)",
        &[],
    )
    .await;
    assert_eq!(actor, "");
}

#[tokio::test]
async fn a_preview_is_found_by_its_key_however_many_there_are() {
    let scene = Scene::set().await;
    run(
        &scene.client,
        "insert into chat.link_previews (url, state, title, fetch_began_at, fetched_at, expires_at)
         select 'https://example.com/' || n, 'ready', 'Title ' || n, now(), now(), now() + interval '1 day'
         from generate_series(1, 20000) n",
        &[],
    )
    .await;
    let mut client = scene.database.connect().await;
    let transaction = client.transaction().await.unwrap();
    for n in 1..=10 {
        let row = transaction
            .query_one(
                "select chat.preview_text('https://example.com/' || $1::int)",
                &[&n],
            )
            .await
            .unwrap();
        let text: String = row.get(0);
        assert!(text.contains(&format!("Title {n}\"")), "{text}");
    }
    let row = transaction
        .query_one(
            "select seq_scan, idx_scan from pg_stat_xact_user_tables where relid = 'chat.link_previews'::regclass",
            &[],
        )
        .await
        .unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, i64>(1)), (0, 10));
}

#[tokio::test]
async fn nothing_of_previews_is_removed_and_nothing_else_than_an_address_is_kept() {
    let scene = Scene::set().await;
    scene.claim(scene.link().await).await;
    for (statement, refused) in [
        ("delete from chat.link_previews", "CH403"),
        ("truncate chat.link_previews", "CH403"),
        (
            "insert into chat.link_previews (url, state, fetch_began_at) values ('javascript:alert(1)', 'fetching', now())",
            "23514",
        ),
        (
            "insert into chat.link_previews (url, state, fetch_began_at) values ('http://' || repeat('x', 1994), 'fetching', now())",
            "23514",
        ),
        (
            "insert into chat.link_previews (url, state, fetch_began_at) values ('http://x', 'ready', now())",
            "23514",
        ),
        (
            "update chat.link_previews set title = repeat('x', 201)",
            "23514",
        ),
        (
            "update chat.link_previews set description = repeat('x', 401)",
            "23514",
        ),
        (
            "update chat.link_previews set site_name = repeat('x', 81)",
            "23514",
        ),
        ("update chat.link_previews set title = ''", "23514"),
    ] {
        let (state, _) = refusal(scene.client.batch_execute(statement).await);
        assert_eq!(state, refused, "{statement}");
    }
}
