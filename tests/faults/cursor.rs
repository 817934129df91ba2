//! Cursors that were given out in the middle of things: resuming from any of them misses nothing.

use serde_json::Value;
use uuid::Uuid;

use crate::support::ledger::check_followers;
use crate::support::load::{people, senders};
use crate::support::{
    Client, Door, Follower, Load, Mirror, Person, Socket, TestDatabase, TestServer, run, send,
    value,
};

/// Reads all that the client is told up to now.
async fn settled(socket: &mut Socket) -> Vec<Value> {
    let read_before = socket.seen.len();
    socket.settle().await;
    socket.seen[read_before..].to_vec()
}

/// A client that was told `told`, cut off, and resumes there, ends with the conversation as it is.
async fn assert_complete_after(
    client: &Client,
    person: &Person,
    conversation: Uuid,
    begin: &str,
    told: &[Value],
) {
    let mut mirror = Mirror::default();
    let mut cursor = begin.to_owned();
    for frame in told {
        mirror.apply(frame);
        if let Some(newer) = frame["cursor"].as_str() {
            cursor = newer.to_owned();
        }
    }
    let mut socket = person.resume(&cursor).await;
    for frame in settled(&mut socket).await {
        assert!(!mirror.apply(&frame), "a reset");
    }
    socket.close().await;
    let stored: Vec<(i64, i64, Option<String>)> = client
        .query(
            "select seq, revision, case when deleted_at is null then body end
             from chat.messages where conversation_id = $1 order by seq",
            &[&conversation],
        )
        .await
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    let held: Vec<_> = mirror
        .messages(conversation)
        .iter()
        .map(|message| {
            (
                message["seq"].as_i64().unwrap(),
                message["revision"].as_i64().unwrap(),
                message["body"].as_str().map(str::to_owned),
            )
        })
        .collect();
    assert_eq!(held, stored, "cut off after {} frames", told.len());
    assert_eq!(mirror.faults, Vec::<String>::new());
}

/// Several statements on several messages, each with announcements of its own.
fn many_statements(conversation: Uuid, sender: Uuid) -> String {
    let insert = |body: &str| {
        format!(
            "insert into chat.messages (conversation_id, sender_id, body)
             values ('{conversation}', '{sender}', {body});"
        )
    };
    format!(
        "{} {} {}
         update chat.messages set body = left(body, 3000) || ' edited' where conversation_id = '{conversation}' and seq % 2 = 0 and deleted_at is null;
         {}
         delete from chat.messages where conversation_id = '{conversation}' and seq % 3 = 0;
         update chat.messages set body = 'edited again' where conversation_id = '{conversation}' and seq % 5 = 2 and deleted_at is null;",
        insert("'one'"),
        insert("repeat('é', 4000)"),
        insert("'three'"),
        insert("'four'"),
    )
}

#[tokio::test]
async fn a_client_cut_off_anywhere_between_the_announcements_of_a_transaction_misses_nothing() {
    let database = TestDatabase::create().await;
    database.hush().await;
    let server = TestServer::start(&database).await;
    let (people, group) = people(server.address, 3).await;
    let client = database.connect().await;
    let mut socket = people[1].connect().await;
    let begin = socket.cursor.clone();
    // Another transaction is in progress throughout, so that cursors have a list.
    let other = database.connect().await;
    other
        .batch_execute("begin; select pg_current_xact_id()")
        .await
        .unwrap();
    for _ in 0..3 {
        let work = many_statements(group, people[0].id);
        client
            .batch_execute(&format!("begin; {work} commit"))
            .await
            .unwrap();
        send(&client, people[2].id, group, "between").await;
    }
    let told: Vec<Value> = settled(&mut socket)
        .await
        .into_iter()
        .filter(|frame| frame["type"] == "message")
        .collect();
    assert!(told.len() > 20, "{}", told.len());
    for count in 0..=told.len() {
        assert_complete_after(&client, &people[1], group, &begin, &told[..count]).await;
    }
    other.batch_execute("rollback").await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_listener_ended_around_transactions_of_many_statements_loses_none_of_them() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let (people, group) = people(server.address, 2).await;
    let (client, killer) = (database.connect().await, database.connect().await);
    let mut followers = vec![
        Follower::by_socket(&people[0], &[group]).await,
        Follower::by_stream(&people[1], &[group]).await,
    ];
    for round in 0..15 {
        let work = many_statements(group, people[0].id);
        let write = async {
            client
                .batch_execute(&format!("begin; {work} commit"))
                .await
                .unwrap();
        };
        let end = async {
            // Now before the commit, now in the middle of what is announced by it.
            killer
                .execute(
                    "select pg_sleep($1::float8 / 1000), pg_terminate_backend(pid) from pg_stat_activity
                     where datname = current_database() and application_name = 'webchat listener'",
                    &[&f64::from(round * 2)],
                )
                .await
                .unwrap();
        };
        tokio::join!(write, end);
        send(&client, people[1].id, group, &format!("round {round}")).await;
    }
    check_followers(&client, group, &mut followers).await;
    for follower in &followers {
        assert_eq!(follower.mirror().connections, 1, "{}", follower.name);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_transaction_as_long_as_the_test_keeps_cursors_exact_and_is_not_missed_at_its_end() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let (people, group) = people(server.address, 4).await;
    let elsewhere = people[0].group(&[&people[1], &people[2], &people[3]]).await;
    let both = [group, elsewhere];
    let client = database.connect().await;
    let mut followers = vec![
        Follower::by_socket(&people[0], &both).await,
        Follower::by_stream(&people[1], &both).await,
    ];
    // One has written in another conversation; one has only its id, and writes in this one at last.
    let (writes_elsewhere, writes_here) = (database.connect().await, database.connect().await);
    writes_elsewhere.batch_execute("begin").await.unwrap();
    let insert = "insert into chat.messages (conversation_id, sender_id, client_id, body) values ($1, $2, $3, $3)";
    run(
        &writes_elsewhere,
        insert,
        &[&elsewhere, &people[3].id, &"long elsewhere"],
    )
    .await;
    writes_here
        .batch_execute("begin; select pg_current_xact_id()")
        .await
        .unwrap();

    let doors = [Door::Socket, Door::Http, Door::Transaction];
    let mut load = Load::start(
        &database,
        group,
        &senders(&people, &doors, 6),
        server.address,
    );
    load.more(300).await;
    let old: String = value(&client, "select chat.current_cursor()", &[]).await;
    load.more(50).await;
    let ledger = std::sync::Arc::clone(&load.ledger);
    ledger.note("long here", "long here");
    // Its commit is among others'.
    run(&writes_here, insert, &[&group, &people[2].id, &"long here"]).await;
    writes_here.batch_execute("commit").await.unwrap();
    load.more(50).await;
    load.finish(&client, group, &mut followers).await;

    // Nothing has changed since this cursor, however long ago the open transaction began.
    let exact: String = value(&client, "select chat.current_cursor()", &[]).await;
    let mut resumed = people[2].resume(&exact).await;
    assert_eq!(messages(&settled(&mut resumed).await), Vec::<String>::new());
    writes_elsewhere.batch_execute("commit").await.unwrap();
    resumed.message("long elsewhere").await;
    let mut late = people[3].resume(&exact).await;
    assert_eq!(messages(&settled(&mut late).await), ["long elsewhere"]);
    let mut old = people[3].resume(&old).await;
    let replayed = messages(&settled(&mut old).await);
    assert!(replayed.iter().any(|body| body == "long here"));
    assert!(replayed.iter().any(|body| body == "long elsewhere"));
    check_followers(&client, elsewhere, &mut followers).await;
    server.stop().await;
}

fn messages(frames: &[Value]) -> Vec<String> {
    frames
        .iter()
        .filter(|frame| frame["type"] == "message")
        .map(|frame| frame["message"]["body"].as_str().unwrap().to_owned())
        .collect()
}
