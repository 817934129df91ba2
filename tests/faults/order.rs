//! Many writers at once: seq has no gaps, and every reader meets it in order.

use crate::support::ledger::check_followers;
use crate::support::load::{people, senders};
use crate::support::query::{process_id, until_it_waits_for_a_lock};
use crate::support::{Door, Follower, Load, TestDatabase, TestServer, run};

#[tokio::test]
async fn sixteen_writers_by_every_door_make_one_order_without_gaps_for_every_reader() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let (people, group) = people(server.address, 4).await;
    let client = database.connect().await;
    let mut followers = vec![
        Follower::by_socket(&people[0], &[group]).await,
        Follower::by_socket(&people[1], &[group]).await,
        Follower::by_stream(&people[2], &[group]).await,
    ];
    let doors = [
        Door::Socket,
        Door::Http,
        Door::Insert,
        Door::Transaction,
        Door::Batch,
        Door::Copy,
        Door::Socket,
        Door::Http,
    ];
    let mut load = Load::start(
        &database,
        group,
        &senders(&people, &doors, 16),
        server.address,
    );
    load.more(1_000).await;
    let ledger = load.finish(&client, group, &mut followers).await;
    for follower in &followers {
        assert_eq!(follower.mirror().connections, 1, "{}", follower.name);
    }
    let (unavailable, broken, _) = ledger.troubles();
    assert_eq!((unavailable, broken), (0, 0));
    server.stop().await;
}

#[tokio::test]
async fn transactions_that_commit_in_reverse_order_are_met_in_order_by_readers_of_both_conversations()
 {
    let database = TestDatabase::create().await;
    database.hush().await;
    let server = TestServer::start(&database).await;
    let (people, group) = people(server.address, 3).await;
    let others: Vec<_> = people[1..].iter().collect();
    let mut groups = vec![group];
    for _ in 0..5 {
        groups.push(people[0].group(&others).await);
    }
    let mut followers = vec![
        Follower::by_socket(&people[1], &groups).await,
        Follower::by_stream(&people[2], &groups).await,
    ];
    // One transaction for each conversation, all begun before the first commits.
    let mut open = Vec::new();
    for conversation in &groups {
        let writer = database.connect().await;
        writer.batch_execute("begin").await.unwrap();
        for number in 0..3 {
            run(
                &writer,
                "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, $3)",
                &[conversation, &people[0].id, &format!("held {number}")],
            )
            .await;
        }
        open.push(writer);
    }
    // A second writer for each, who has to wait for the first.
    let observer = database.connect().await;
    let mut waiting = Vec::new();
    for conversation in groups.clone() {
        let writer = database.connect().await;
        let process = process_id(&writer).await;
        let sender = people[1].id;
        waiting.push(tokio::spawn(async move {
            run(
                &writer,
                "insert into chat.messages (conversation_id, sender_id, body) values ($1, $2, 'behind')",
                &[&conversation, &sender],
            )
            .await;
        }));
        until_it_waits_for_a_lock(&observer, process).await;
    }
    for writer in open.iter().rev() {
        writer.batch_execute("commit").await.unwrap();
    }
    for task in waiting {
        task.await.unwrap();
    }
    for conversation in groups {
        check_followers(&observer, conversation, &mut followers).await;
        let bodies: Vec<_> = followers[0]
            .mirror()
            .messages(conversation)
            .iter()
            .map(|message| message["body"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(bodies, ["held 0", "held 1", "held 2", "behind"]);
    }
    server.stop().await;
}
