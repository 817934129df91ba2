//! Cursors and `chat.changes_since`: whoever resumes gets what they missed, and only that.

use serde_json::{Value, json};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{TestDatabase, direct, group, room, run, send, user, value};

struct Changes {
    is_reset: bool,
    cursor: String,
    envelopes: Vec<Value>,
}

impl Changes {
    /// Kinds of events, in order.
    fn kinds(&self) -> Vec<&str> {
        self.envelopes
            .iter()
            .map(|envelope| envelope["event"]["type"].as_str().unwrap())
            .collect()
    }

    fn bodies(&self) -> Vec<&str> {
        self.envelopes
            .iter()
            .filter(|envelope| envelope["event"]["type"] == "message")
            .map(|envelope| envelope["event"]["message"]["body"].as_str().unwrap())
            .collect()
    }
}

async fn since(client: &Client, actor: Option<Uuid>, cursor: &str) -> Changes {
    let row = client
        .query_one(
            "select is_reset, cursor, envelopes from chat.changes_since($1, $2)",
            &[&actor, &cursor],
        )
        .await
        .unwrap();
    let envelopes: Vec<String> = row.get(2);
    Changes {
        is_reset: row.get(0),
        cursor: row.get(1),
        envelopes: envelopes
            .iter()
            .map(|text| serde_json::from_str(text).unwrap())
            .collect(),
    }
}

async fn cursor(client: &Client) -> String {
    value(client, "select chat.current_cursor()", &[]).await
}

/// A database whose general room is closed, so that only what a test makes is in it.
async fn quiet() -> (TestDatabase, crate::support::Client) {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    run(
        &client,
        "update chat.conversations set closed_at = now()",
        &[],
    )
    .await;
    (database, client)
}

#[tokio::test]
async fn nothing_new_is_nothing() {
    let (_database, client) = quiet().await;
    let ann = user(&client, "Ann").await;
    let group = group(&client, ann, &[]).await;
    send(&client, ann, group, "before").await;
    for actor in [Some(ann), None] {
        let changes = since(&client, actor, &cursor(&client).await).await;
        assert!(!changes.is_reset && changes.envelopes.is_empty());
        let again = since(&client, actor, &changes.cursor).await;
        assert!(!again.is_reset && again.envelopes.is_empty());
    }
}

#[tokio::test]
async fn a_transaction_in_progress_is_news_to_whoever_read_before_it_committed() {
    let (database, client) = quiet().await;
    let ann = user(&client, "Ann").await;
    let (one, two) = (
        group(&client, ann, &[]).await,
        group(&client, ann, &[]).await,
    );
    let slow = database.connect().await;
    slow.batch_execute("begin").await.unwrap();
    send(&slow, ann, one, "slow").await;
    // Later ones commit and are seen; the slow one is not lost behind them.
    send(&client, ann, two, "fast").await;
    let seen = cursor(&client).await;
    slow.batch_execute("commit").await.unwrap();
    assert_eq!(since(&client, Some(ann), &seen).await.bodies(), ["slow"]);
}

#[tokio::test]
async fn a_transaction_heard_in_part_is_resumed_whole() {
    let (database, client) = quiet().await;
    let ann = user(&client, "Ann").await;
    let group = group(&client, ann, &[]).await;
    let mut listener = database.listen().await;
    let other = database.connect().await;
    client.batch_execute("begin").await.unwrap();
    for body in ["one", "two", "three"] {
        send(&client, ann, group, body).await;
        // Younger transactions that are over: only now does its own count as in progress.
        run(&other, "select pg_current_xact_id()", &[]).await;
    }
    client.batch_execute("commit").await.unwrap();
    let heard = listener.heard().await;
    assert_eq!(
        heard.iter().map(|event| event.payload).collect::<Vec<_>>(),
        [1, 2, 3]
    );
    for (place, event) in heard.iter().enumerate() {
        let missed = since(&client, Some(ann), &event.cursor).await;
        for body in &["one", "two", "three"][place + 1..] {
            assert!(missed.bodies().contains(body), "{body} after event {place}");
        }
    }
    // What was there before stays unmentioned.
    send(&client, ann, group, "four").await;
    let last = listener.heard().await.pop().unwrap();
    send(&client, ann, group, "five").await;
    assert_eq!(
        since(&client, Some(ann), &last.cursor).await.bodies(),
        ["four", "five"]
    );
}

#[tokio::test]
async fn a_statement_that_takes_several_payloads_is_resumed_whole() {
    let (database, client) = quiet().await;
    let ann = user(&client, "Ann").await;
    let group = group(&client, ann, &[]).await;
    let mut listener = database.listen().await;
    run(
        &client,
        "insert into chat.messages (conversation_id, sender_id, body) select $1, $2, repeat('x', 1000) from generate_series(1, 40)",
        &[&group, &ann],
    )
    .await;
    let heard = listener.heard().await;
    assert_eq!(heard.len(), 40);
    assert!(heard[39].payload > 1);
    let missed = since(&client, Some(ann), &heard[0].cursor).await;
    assert_eq!(missed.bodies().len(), 40);
}

#[tokio::test]
async fn cursors_that_are_not_of_here_and_now_get_a_reset() {
    let (_database, client) = quiet().await;
    let ann = user(&client, "Ann").await;
    let here = cursor(&client).await;
    let (label, snapshot) = here.split_once('-').unwrap();
    let xmax: u64 = snapshot.split(':').nth(1).unwrap().parse().unwrap();
    for foreign in [
        String::new(),
        "garbage".to_owned(),
        format!("{label}-"),
        format!("{label}-5:3:"),
        format!("{label}-1:5:4,3"),
        format!("{label}-1:5:9"),
        format!("{label}-0:0:"),
        // Far enough: other tests' transactions count too.
        format!("{label}-{}:{}:", xmax + 1_000_000, xmax + 1_000_000),
        format!("{label}-9999999999999999999:9999999999999999999:"),
        format!("{label}-{snapshot}extra"),
        format!("{label}-{snapshot}\n"),
        format!("e99x00000000-{snapshot}"),
        format!("-{snapshot}"),
        "x".repeat(100_000),
        format!("{label}-1:{xmax}:{}", "2,".repeat(50_000)),
        "e1-'; drop table chat.users; --".to_owned(),
    ] {
        let changes = since(&client, Some(ann), &foreign).await;
        assert!(
            changes.is_reset && changes.envelopes.is_empty(),
            "{:.60}",
            foreign
        );
        assert!(!since(&client, Some(ann), &changes.cursor).await.is_reset);
    }
    let null: bool = value(
        &client,
        "select is_reset from chat.changes_since($1, null)",
        &[&ann],
    )
    .await;
    assert!(null);
}

#[tokio::test]
async fn more_than_five_thousand_changes_are_a_reset() {
    let (_database, client) = quiet().await;
    let ann = user(&client, "Ann").await;
    let (one, two) = (
        group(&client, ann, &[]).await,
        group(&client, ann, &[]).await,
    );
    let start = cursor(&client).await;
    let insert = "insert into chat.messages (conversation_id, sender_id, body) select $1, $2, 'x' from generate_series(1, $3::int)";
    run(&client, insert, &[&one, &ann, &2500]).await;
    run(&client, insert, &[&two, &ann, &2500]).await;
    for actor in [Some(ann), None] {
        let changes = since(&client, actor, &start).await;
        assert_eq!((changes.is_reset, changes.envelopes.len()), (false, 5000));
    }
    send(&client, ann, one, "one too many").await;
    for actor in [Some(ann), None] {
        let changes = since(&client, actor, &start).await;
        assert_eq!((changes.is_reset, changes.envelopes.len()), (true, 0));
    }
}

#[tokio::test]
async fn members_get_what_is_theirs_and_strangers_nothing() {
    let (_database, client) = quiet().await;
    let (ann, ben, eve) = (
        user(&client, "Ann").await,
        user(&client, "Ben").await,
        user(&client, "Eve").await,
    );
    let private = direct(&client, ann, ben).await;
    let start = cursor(&client).await;
    send(&client, ann, private, "secret").await;
    run(
        &client,
        "select chat.mark_read($1, $2, 1)",
        &[&ben, &private],
    )
    .await;
    run(&client, "select chat.update_user($1, $1, 'Anna')", &[&ann]).await;
    group(&client, ann, &[]).await;

    let changes = since(&client, Some(ben), &start).await;
    assert_eq!(changes.kinds(), ["user", "message", "receipt"]);
    assert_eq!(changes.envelopes[2]["event"]["read_seq"], 1);
    assert!(
        changes
            .envelopes
            .iter()
            .all(|envelope| !envelope.to_string().contains("Group"))
    );
    assert!(since(&client, Some(eve), &start).await.envelopes.is_empty());
    assert!(
        since(&client, Some(Uuid::new_v4()), &start)
            .await
            .envelopes
            .is_empty()
    );
}

#[tokio::test]
async fn joining_and_being_removed_are_told_to_whom_it_happens() {
    let (_database, client) = quiet().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let (old, new) = (
        group(&client, ann, &[ben]).await,
        group(&client, ann, &[]).await,
    );
    let start = cursor(&client).await;
    run(
        &client,
        "select chat.remove_member($1, $2, $3)",
        &[&ann, &old, &ben],
    )
    .await;
    send(&client, ann, old, "after it").await;
    run(
        &client,
        "select chat.add_member($1, $2, $3)",
        &[&ann, &new, &ben],
    )
    .await;

    let changes = since(&client, Some(ben), &start).await;
    let states: Vec<_> = changes
        .envelopes
        .iter()
        .filter(|envelope| envelope["event"]["type"] == "member")
        .map(|envelope| {
            (
                &envelope["conversation"],
                &envelope["active"],
                &envelope["user"],
            )
        })
        .collect();
    assert_eq!(states.len(), 2);
    assert!(states.contains(&(&json!(old), &json!(false), &json!(ben))));
    assert!(states.contains(&(&json!(new), &json!(true), &json!(ben))));
    assert_eq!(
        changes.bodies(),
        ["Ann added Ben"],
        "what is said after a removal is not for the removed"
    );
}

/// As the live announcement does it: whoever learns of a conversation by being added to it
/// could not name it otherwise.
#[tokio::test]
async fn a_new_membership_brings_its_conversation_along() {
    let (_database, client) = quiet().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let old = room(&client, ann).await;
    let start = cursor(&client).await;
    run(&client, "select chat.join($1, $2)", &[&ben, &old]).await;
    for actor in [Some(ben), None] {
        let changes = since(&client, actor, &start).await;
        assert_eq!(changes.kinds(), ["member", "conversation", "message"]);
        assert_eq!(changes.envelopes[1]["user"], json!(ben));
        assert_eq!(
            changes.envelopes[1]["event"]["conversation"]["id"],
            json!(old)
        );
    }
    // To Ann the member is news and the conversation is not.
    assert_eq!(
        since(&client, Some(ann), &start).await.kinds(),
        ["member", "message"]
    );
}

#[tokio::test]
async fn a_very_long_list_of_transactions_in_progress_makes_a_cursor_that_repeats_but_misses_nothing()
 {
    let database = TestDatabase::create_alone().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let groups = {
        let mut groups = Vec::new();
        for _ in 0..2 {
            groups.push(group(&client, ann, &[]).await);
        }
        groups
    };
    let slow = database.connect().await;
    slow.batch_execute("begin").await.unwrap();
    send(&slow, ann, groups[0], "slow").await;
    send(&client, ann, groups[1], "seen").await;
    // Enough of them for more than 1,000 characters, whatever the length of an id.
    let mut others = Vec::new();
    for _ in 0..250 {
        let other = database.connect().await;
        other
            .batch_execute("begin; select pg_current_xact_id()")
            .await
            .unwrap();
        others.push(other);
    }
    // In progress is what is older than a completed one.
    run(&client, "select pg_current_xact_id()", &[]).await;
    let length: i32 = value(&client, "select length(pg_current_snapshot()::text)", &[]).await;
    assert!(length > 1000, "{length} characters");
    let short = cursor(&client).await;
    assert!(short.len() < 100, "{} characters", short.len());
    for other in others {
        other.batch_execute("rollback").await.unwrap();
    }
    slow.batch_execute("commit").await.unwrap();
    let bodies = since(&client, Some(ann), &short).await;
    assert!(bodies.bodies().contains(&"slow"));
}

#[tokio::test]
async fn resuming_three_hundred_conversations_reads_only_what_is_new() {
    let (_database, client) = quiet().await;
    let ann = user(&client, "Ann").await;
    run(
        &client,
        "insert into chat.conversations (kind, title, created_by) select 'group', 'x', $1 from generate_series(1, 300)",
        &[&ann],
    )
    .await;
    run(
        &client,
        "insert into chat.messages (conversation_id, sender_id, body)
         select c.id, $1, 'old' from chat.conversations c, generate_series(1, 66) where c.created_by = $1",
        &[&ann],
    )
    .await;
    client.batch_execute("vacuum analyze").await.unwrap();
    let start = cursor(&client).await;
    run(
        &client,
        "insert into chat.messages (conversation_id, sender_id, body)
         select c.id, $1, 'new' from (select id from chat.conversations where created_by = $1 limit 3) c",
        &[&ann],
    )
    .await;
    assert_eq!(since(&client, Some(ann), &start).await.bodies(), ["new"; 3]);
    // (sequential scans, rows that indexes led to)
    let counters = "select pg_stat_get_xact_numscans('chat.messages'::regclass),
        pg_stat_get_xact_tuples_fetched('chat.messages'::regclass)";
    let read = async || -> (i64, i64) {
        let row = client.query_one(counters, &[]).await.unwrap();
        (row.get(0), row.get(1))
    };
    client.batch_execute("begin").await.unwrap();
    let before = read().await;
    since(&client, Some(ann), &start).await;
    let after = read().await;
    client.batch_execute("commit").await.unwrap();
    assert_eq!(after.0 - before.0, 0, "sequential scans");
    assert!(
        after.1 - before.1 < 20,
        "{} rows read for 3 that are new",
        after.1 - before.1
    );
}
