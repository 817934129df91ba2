//! `seq`: gapless, in the order of commit, whoever writes and however.

use std::collections::HashMap;

use futures_util::SinkExt;
use uuid::Uuid;

use crate::support::query::{process_id, until_it_waits_for_a_lock};
use crate::support::{
    Client, Listener, TestDatabase, column, group, refusal, run, send, user, value,
};

const WRITERS: usize = 16;
const ROUNDS: usize = 8;

/// More events than fit into a few payloads.
const MANY: i64 = 10_000;

async fn seqs(client: &Client, conversation: Uuid) -> Vec<i64> {
    column(
        client,
        "select seq from chat.messages where conversation_id = $1 order by seq",
        &[&conversation],
    )
    .await
}

/// Hears of messages of a conversation until it has `count`; answers with their seqs.
async fn hear_seqs(listener: &mut Listener, conversation: Uuid, count: usize) -> Vec<i64> {
    let mut heard = Vec::with_capacity(count);
    while heard.len() < count {
        let event = listener
            .next_event(|event| {
                event.kind() == "message"
                    && event.envelope["conversation"] == conversation.to_string()
            })
            .await;
        heard.push(event.event()["message"]["seq"].as_i64().unwrap());
    }
    heard
}

async fn copy(
    client: &Client,
    conversation: Uuid,
    sender: Uuid,
    bodies: impl Iterator<Item = String>,
) {
    let sink = client
        .copy_in("copy chat.messages (conversation_id, sender_id, body) from stdin")
        .await
        .unwrap();
    let rows: String = bodies
        .map(|body| format!("{conversation}\t{sender}\t{body}\n"))
        .collect();
    let mut sink = std::pin::pin!(sink);
    sink.send(bytes::Bytes::from(rows)).await.unwrap();
    sink.as_mut().finish().await.unwrap();
}

#[tokio::test]
async fn what_is_not_stored_leaves_no_gap() {
    let database = TestDatabase::create().await;
    let mut client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let group = group(&client, ann, &[]).await;
    let insert = "insert into chat.messages (conversation_id, sender_id, body, client_id) values ($1, $2, 'x', $3) on conflict do nothing";
    assert_eq!(run(&client, insert, &[&group, &ann, &"a"]).await, 1);
    assert_eq!(run(&client, insert, &[&group, &ann, &"a"]).await, 0);

    let rolled_back = client.transaction().await.unwrap();
    rolled_back
        .execute(insert, &[&group, &ann, &"b"])
        .await
        .unwrap();
    rolled_back.rollback().await.unwrap();

    // Skipped between two that are stored, and by a savepoint.
    run(
        &client,
        "insert into chat.messages (conversation_id, sender_id, body, client_id)
         select $1, $2, 'x', k from unnest(array['c', 'a', 'd', 'c', 'e']) with ordinality u (k, n) order by n
         on conflict do nothing",
        &[&group, &ann],
    )
    .await;
    let transaction = client.transaction().await.unwrap();
    transaction.batch_execute("savepoint s").await.unwrap();
    transaction
        .execute(insert, &[&group, &ann, &"f"])
        .await
        .unwrap();
    transaction.batch_execute("rollback to s").await.unwrap();
    transaction
        .execute(insert, &[&group, &ann, &"g"])
        .await
        .unwrap();
    transaction.commit().await.unwrap();

    assert_eq!(seqs(&client, group).await, [1, 2, 3, 4, 5]);
    let last: i64 = value(
        &client,
        "select last_seq from chat.conversations where id = $1",
        &[&group],
    )
    .await;
    assert_eq!(last, 5);
}

#[tokio::test]
async fn ten_thousand_rows_at_once_are_in_order_and_all_announced() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let (inserted, copied) = (
        group(&client, ann, &[]).await,
        group(&client, ann, &[]).await,
    );
    let updates = "select n_tup_upd from pg_stat_xact_user_tables where relid = 'chat.conversations'::regclass";
    let mut listener = database.listen().await;

    client.batch_execute("begin").await.unwrap();
    let before: i64 = value(&client, updates, &[]).await;
    run(
        &client,
        "insert into chat.messages (conversation_id, sender_id, body) select $1, $2, 'row ' || n from generate_series(1, $3::bigint) n",
        &[&inserted, &ann, &MANY],
    )
    .await;
    assert_eq!(
        value::<i64>(&client, updates, &[]).await - before,
        1,
        "last_seq is raised once"
    );
    client.batch_execute("commit; begin").await.unwrap();
    copy(&client, copied, ann, (1..=MANY).map(|n| format!("row {n}"))).await;
    assert_eq!(
        value::<i64>(&client, updates, &[]).await - before,
        2,
        "last_seq is raised once"
    );
    client.batch_execute("commit").await.unwrap();

    let all: Vec<i64> = (1..=MANY).collect();
    for conversation in [inserted, copied] {
        assert_eq!(seqs(&client, conversation).await, all);
        assert_eq!(
            hear_seqs(&mut listener, conversation, MANY as usize).await,
            all
        );
        let in_order: bool = value(
            &client,
            "select bool_and(body = 'row ' || seq) from chat.messages where conversation_id = $1",
            &[&conversation],
        )
        .await;
        assert!(in_order);
        let last: i64 = value(
            &client,
            "select last_seq from chat.conversations where id = $1",
            &[&conversation],
        )
        .await;
        assert_eq!(last, MANY);
    }
    assert!(listener.payload_sizes.iter().all(|size| *size <= 7_900));
}

/// One writer's rounds; every way of writing takes its turn. Answers with how many it wrote.
async fn write(database: &TestDatabase, number: usize, conversation: Uuid, sender: Uuid) -> usize {
    let mut client = database.connect().await;
    let insert = "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, $3)";
    let mut written = 0;
    for round in 0..ROUNDS {
        let body = format!("{number}/{round}");
        written += match (number + round) % 5 {
            0 => run(&client, insert, &[&conversation, &sender, &body]).await as usize,
            1 => {
                let transaction = client.transaction().await.unwrap();
                for part in 0..3 {
                    transaction
                        .execute(insert, &[&conversation, &sender, &format!("{body}/{part}")])
                        .await
                        .unwrap();
                }
                transaction.commit().await.unwrap();
                3
            }
            2 => {
                // Held back: everybody else waits, since the place is taken until this commits.
                let transaction = client.transaction().await.unwrap();
                transaction
                    .execute(insert, &[&conversation, &sender, &body])
                    .await
                    .unwrap();
                transaction
                    .execute("select pg_sleep(0.01)", &[])
                    .await
                    .unwrap();
                match round % 2 {
                    0 => {
                        transaction.commit().await.unwrap();
                        1
                    }
                    _ => {
                        transaction.rollback().await.unwrap();
                        0
                    }
                }
            }
            3 => {
                let items: Vec<_> = (0..4)
                    .map(|part| {
                        serde_json::json!({"actor": sender, "conversation_id": conversation,
                            "body": body, "client_id": format!("{body}/{part}")})
                    })
                    .collect();
                let items = serde_json::Value::from(items);
                run(&client, "select * from chat.send_messages($1)", &[&items]).await as usize
            }
            _ => {
                copy(
                    &client,
                    conversation,
                    sender,
                    (0..5).map(|part| format!("{body}/{part}")),
                )
                .await;
                5
            }
        };
    }
    written
}

#[tokio::test]
async fn sixteen_writers_at_once_are_heard_in_the_order_of_seq() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let mut people = Vec::new();
    for number in 0..WRITERS {
        people.push(user(&client, &format!("Writer {number}")).await);
    }
    let group = group(&client, people[0], &people).await;
    let mut listener = database.listen().await;
    let written: usize = futures_util::future::join_all(
        people
            .iter()
            .enumerate()
            .map(|(number, sender)| write(&database, number, group, *sender)),
    )
    .await
    .into_iter()
    .sum();

    let all: Vec<i64> = (1..=written as i64).collect();
    assert_eq!(seqs(&client, group).await, all);
    assert_eq!(hear_seqs(&mut listener, group, written).await, all);
    // Rows of one statement or transaction of one writer stand in the order in which they were written.
    let rows = client
        .query(
            "select sender_id, body from chat.messages where conversation_id = $1 order by seq",
            &[&group],
        )
        .await
        .unwrap();
    let mut last: HashMap<Uuid, String> = HashMap::new();
    for row in rows {
        let (sender, body): (Uuid, String) = (row.get(0), row.get(1));
        if let Some(before) = last.insert(sender, body.clone()) {
            assert!(before <= body, "{before} came before {body}");
        }
    }
}

#[tokio::test]
async fn who_is_removed_meanwhile_does_not_get_a_message_in_after_it() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let (ann, ben) = (user(&client, "Ann").await, user(&client, "Ben").await);
    let group = group(&client, ann, &[ben]).await;
    client.batch_execute("begin").await.unwrap();
    run(
        &client,
        "select chat.remove_member($1, $2, $3)",
        &[&ann, &group, &ben],
    )
    .await;

    let late = database.connect().await;
    let late_id = process_id(&late).await;
    let observer = database.connect().await;
    let insert =
        "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, 'late')";
    let (late_result, ()) =
        futures_util::future::join(late.execute(insert, &[&group, &ben]), async {
            until_it_waits_for_a_lock(&observer, late_id).await;
            client.batch_execute("commit").await.unwrap();
        })
        .await;
    assert_eq!(
        refusal(late_result),
        ("CH403".to_owned(), "not_a_member".to_owned())
    );
}

#[tokio::test]
async fn a_repeatable_read_that_lost_the_race_is_told_to_try_again() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let group = group(&client, ann, &[]).await;
    let late = database.connect().await;
    late.batch_execute("begin isolation level repeatable read; select 1 from chat.users limit 1")
        .await
        .unwrap();
    send(&client, ann, group, "first").await;
    let insert =
        "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, 'second')";
    let (state, _) = refusal(late.execute(insert, &[&group, &ann]).await);
    assert_eq!(state, "40001");
    late.batch_execute("rollback").await.unwrap();
    run(&late, insert, &[&group, &ann]).await;
    assert_eq!(seqs(&client, group).await, [1, 2]);
}

#[tokio::test]
async fn of_two_that_write_crosswise_one_is_turned_back_and_may_retry() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let (one, two) = (
        group(&client, ann, &[]).await,
        group(&client, ann, &[]).await,
    );
    let insert =
        "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, 'x')";
    let (left, right) = (database.connect().await, database.connect().await);
    for (session, first) in [(&left, one), (&right, two)] {
        session
            .batch_execute("set deadlock_timeout = '20ms'; begin")
            .await
            .unwrap();
        run(session, insert, &[&first, &ann]).await;
    }
    let finish = async |session: &Client, second: Uuid| match session
        .execute(insert, &[&second, &ann])
        .await
    {
        Ok(_) => {
            session.batch_execute("commit").await.unwrap();
            None
        }
        Err(error) => {
            session.batch_execute("rollback").await.unwrap();
            Some(error.code().unwrap().code().to_owned())
        }
    };
    let outcomes = futures_util::future::join(finish(&left, two), finish(&right, one)).await;
    let (loser, order) = match outcomes {
        (Some(state), None) => {
            assert_eq!(state, "40P01");
            (&left, [one, two])
        }
        (None, Some(state)) => {
            assert_eq!(state, "40P01");
            (&right, [two, one])
        }
        other => panic!("exactly one loses: {other:?}"),
    };
    loser.batch_execute("begin").await.unwrap();
    for conversation in order {
        run(loser, insert, &[&conversation, &ann]).await;
    }
    loser.batch_execute("commit").await.unwrap();
    assert_eq!(seqs(&client, one).await, [1, 2]);
    assert_eq!(seqs(&client, two).await, [1, 2]);
}

#[tokio::test]
async fn a_large_insert_into_an_empty_table_reads_each_place_once() {
    const ROWS: i64 = 2_000;
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let ann = user(&client, "Ann").await;
    let ben = user(&client, "Ben").await;
    let pair = group(&client, ann, &[ben]).await;
    client.batch_execute("begin").await.unwrap();
    run(
        &client,
        "insert into chat.messages (conversation_id, sender_id, body)
         select $1, $2, 'row ' || g from generate_series(1, $3::bigint) g",
        &[&pair, &ann, &ROWS],
    )
    .await;
    // Rows read by any scan of the table or of any index of it.
    let read: i64 = value(
        &client,
        "select pg_stat_get_xact_tuples_returned('chat.messages'::regclass)
            + (select sum(pg_stat_get_xact_tuples_returned(indexrelid))::bigint
               from pg_index where indrelid = 'chat.messages'::regclass)",
        &[],
    )
    .await;
    client.batch_execute("commit").await.unwrap();
    assert!(read <= ROWS * 5, "{read} rows were read to place {ROWS}");
}
