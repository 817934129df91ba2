//! Pages of history, and that they cost what a page costs.

use serde_json::Value;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{TestDatabase, column, group, refusal, run, send, user, value};

async fn page(
    client: &Client,
    actor: Uuid,
    conversation: Uuid,
    place: &str,
    limit: i32,
) -> Vec<i64> {
    let comma = if place.is_empty() { "" } else { ", " };
    column(
        client,
        &format!("select seq from chat.history($1, $2{comma}{place}, p_limit => $3)"),
        &[&actor, &conversation, &limit],
    )
    .await
}

async fn fill(client: &Client, conversation: Uuid, sender: Uuid, count: i32) {
    run(
        client,
        "insert into chat.messages (conversation_id, sender_id, body) select $1, $2, 'message ' || n from generate_series(1, $3) n",
        &[&conversation, &sender, &count],
    )
    .await;
}

#[tokio::test]
async fn history_pages_before_after_and_around() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let group = group(&client, ann, &[]).await;
    assert_eq!(page(&client, ann, group, "", 5).await, Vec::<i64>::new());
    fill(&client, group, ann, 20).await;
    for (place, limit, seqs) in [
        ("", 5, 16..=20),
        ("p_before => 16", 5, 11..=15),
        ("p_before => 3", 5, 1..=2),
        ("p_after => 0", 5, 1..=5),
        ("p_after => 18", 5, 19..=20),
        ("p_around => 10", 5, 8..=12),
        ("p_around => 10", 4, 9..=12),
        ("p_around => 10", 1, 10..=10),
        ("p_around => 1", 5, 1..=3),
        ("p_around => 20", 5, 18..=20),
        ("", 0, 20..=20),
        ("", -1, 20..=20),
        ("", 1000, 1..=20),
        ("p_before => 9223372036854775807", 2, 19..=20),
        ("p_around => 9223372036854775807", 2, 20..=20),
        ("p_after => -9223372036854775808", 2, 1..=2),
    ] {
        assert_eq!(
            page(&client, ann, group, place, limit).await,
            seqs.collect::<Vec<_>>(),
            "{place} {limit}"
        );
    }
    for place in [
        "p_before => 1",
        "p_before => -1",
        "p_after => 20",
        "p_after => 9223372036854775807",
    ] {
        assert_eq!(
            page(&client, ann, group, place, 5).await,
            Vec::<i64>::new(),
            "{place}"
        );
    }
    fill(&client, group, ann, 200).await;
    assert_eq!(page(&client, ann, group, "", 1000).await.len(), 100);
    let message: Value = value(
        &client,
        "select message from chat.history($1, $2, p_limit => 1)",
        &[&ann, &group],
    )
    .await;
    assert_eq!(
        (&message["seq"], &message["sender_name"], &message["body"]),
        (&220.into(), &"Ann".into(), &"message 200".into())
    );

    let stranger = user(&client, "Eve").await;
    for (actor, conversation, state, key) in [
        (stranger, group, "CH403", "not_a_member"),
        (ann, Uuid::new_v4(), "CH404", "conversation_not_found"),
    ] {
        assert_eq!(
            refusal(
                client
                    .query(
                        "select * from chat.history($1, $2)",
                        &[&actor, &conversation]
                    )
                    .await
            ),
            (state.to_owned(), key.to_owned())
        );
    }
}

/// Counts what a page reads with PostgreSQL's own counters, which look into functions too.
#[tokio::test]
async fn a_page_of_a_big_conversation_reads_only_the_primary_key() {
    const EACH: i32 = 20_000;
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let mut groups = Vec::new();
    for _ in 0..4 {
        groups.push(group(&client, ann, &[]).await);
    }
    // Mixed, so that no conversation lies in one piece; past the triggers, which would announce each.
    client
        .batch_execute("set session_replication_role = replica")
        .await
        .unwrap();
    run(
        &client,
        "insert into chat.messages (conversation_id, seq, id, sender_id, body, created_at, revision, changed_xid)
         select c, seq, gen_random_uuid(), $2, 'message', now(), 1, pg_current_xact_id()
         from generate_series(1, $3) seq, unnest($1::uuid[]) c",
        &[&groups, &ann, &EACH],
    )
    .await;
    run(
        &client,
        "update chat.conversations set last_seq = $1 where id = any ($2)",
        &[&i64::from(EACH), &groups],
    )
    .await;
    run(
        &client,
        "update chat.marks set delivered_seq = $1, read_seq = $1 where conversation_id = any ($2)",
        &[&i64::from(EACH), &groups],
    )
    .await;
    client
        .batch_execute("set session_replication_role = origin")
        .await
        .unwrap();
    client.batch_execute("vacuum analyze").await.unwrap();

    // (scans of the primary key, scans of other indexes, sequential scans, rows fetched)
    let counters = "select
        pg_stat_get_xact_numscans('chat.messages_pkey'::regclass),
        (select sum(pg_stat_get_xact_numscans(indexrelid))::bigint from pg_index
         where indrelid = 'chat.messages'::regclass and indexrelid <> 'chat.messages_pkey'::regclass),
        pg_stat_get_xact_numscans('chat.messages'::regclass),
        pg_stat_get_xact_tuples_fetched('chat.messages'::regclass)
            + (select sum(pg_stat_get_xact_tuples_returned(indexrelid))::bigint from pg_index
               where indrelid = 'chat.messages'::regclass)";
    for place in [
        "",
        "p_before => 10000",
        "p_after => 10000",
        "p_around => 10000",
        "p_before => 2",
        "p_after => 19999",
    ] {
        // Six times, so that a plan which the server keeps for later is among them.
        for round in 0..6 {
            client.batch_execute("begin").await.unwrap();
            let read = async || -> [i64; 4] {
                let row = client.query_one(counters, &[]).await.unwrap();
                [0, 1, 2, 3].map(|column| row.get(column))
            };
            let before = read().await;
            let rows = page(&client, ann, groups[1], place, 50).await.len() as i64;
            let after = read().await;
            client.batch_execute("commit").await.unwrap();
            let [primary, others, sequential, fetched] =
                [0, 1, 2, 3].map(|n: usize| after[n] - before[n]);
            assert!(
                (1..=2).contains(&primary),
                "{place} {round}: {primary} scans of the key"
            );
            assert_eq!((others, sequential), (0, 0), "{place} {round}");
            assert!(
                fetched <= rows * 2 + 4,
                "{place} {round}: {fetched} read for {rows} rows"
            );
        }
    }

    // And the newest of all, and their count, as the list of conversations shows them.
    client.batch_execute("begin").await.unwrap();
    let began: i64 = value(
        &client,
        "select pg_stat_get_xact_blocks_fetched('chat.messages'::regclass)",
        &[],
    )
    .await;
    run(
        &client,
        "select count(*) from chat.list_conversations($1)",
        &[&ann],
    )
    .await;
    let ended: i64 = value(
        &client,
        "select pg_stat_get_xact_blocks_fetched('chat.messages'::regclass)",
        &[],
    )
    .await;
    client.batch_execute("commit").await.unwrap();
    assert!(ended - began < 50, "{} blocks", ended - began);
}

#[tokio::test]
async fn a_page_from_a_date_on_begins_with_the_first_message_of_that_time() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let group = group(&client, ann, &[]).await;
    run(
        &client,
        "insert into chat.messages (conversation_id, sender_id, body, created_at)
         select $1, $2, n::text, timestamptz '2026-01-01 00:00Z' + n * interval '1 hour' from generate_series(0, 99) n",
        &[&group, &ann],
    )
    .await;
    for (date, first) in [
        ("2020-01-01", Some(1)),
        ("2026-01-01T00:00:00Z", Some(1)),
        ("2026-01-01T00:00:00.000001Z", Some(2)),
        ("2026-01-02T00:00:00Z", Some(25)),
        ("2026-01-05T03:00:00Z", Some(100)),
        ("2026-01-05T03:00:01Z", None),
    ] {
        let seqs: Vec<i64> = column(
            &client,
            "select seq from chat.history($1, $2, p_limit => 3, p_date => $3::text::timestamptz)",
            &[&ann, &group, &date],
        )
        .await;
        let wanted: Vec<i64> =
            first.map_or(vec![], |first| (first..=(first + 2).min(100)).collect());
        assert_eq!(seqs, wanted, "{date}");
    }
    let empty = crate::support::group(&client, ann, &[]).await;
    let seqs: Vec<i64> = column(
        &client,
        "select seq from chat.history($1, $2, p_date => now())",
        &[&ann, &empty],
    )
    .await;
    assert_eq!(seqs, Vec::<i64>::new());
}

#[tokio::test]
async fn the_first_unread_is_right_after_what_was_read_or_after_one_joined() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let group = group(&client, ann, &[]).await;
    for body in ["1", "2", "3"] {
        send(&client, ann, group, body).await;
    }
    run(
        &client,
        "select chat.add_member($1, $2, $3)",
        &[&ann, &group, &ben],
    )
    .await;
    let first = "select chat.first_unread($1, $2)";
    assert_eq!(value::<i64>(&client, first, &[&ben, &group]).await, 4);
    send(&client, ann, group, "4").await;
    run(&client, "select chat.mark_read($1, $2, 4)", &[&ben, &group]).await;
    assert_eq!(value::<i64>(&client, first, &[&ben, &group]).await, 5);
}
