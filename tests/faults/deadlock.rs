//! Writers that take two conversations in opposite orders.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use uuid::Uuid;

use crate::support::load::{people, senders};
use crate::support::{Client, Door, Follower, Ledger, Load, TestDatabase, TestServer};

/// Transactions of each of the two hosts.
const TRANSACTIONS: usize = 40;

/// A host program that writes two conversations in one transaction and, as the contract says, runs
/// it again when it lost a deadlock.
async fn write_both(
    client: Client,
    sender: Uuid,
    order: [(Uuid, Arc<Ledger>); 2],
    deadlocks: Arc<AtomicUsize>,
) {
    let mut client = client;
    for _ in 0..TRANSACTIONS {
        let keys = [Uuid::new_v4().to_string(), Uuid::new_v4().to_string()];
        loop {
            let work = async {
                let transaction = client.transaction().await?;
                for ((conversation, _), key) in order.iter().zip(&keys) {
                    transaction
                        .execute(
                            "insert into chat.messages (conversation_id, sender_id, client_id, body) values ($1, $2, $3, $3)",
                            &[conversation, &sender, key],
                        )
                        .await?;
                }
                transaction.commit().await
            };
            match work.await {
                Ok(()) => break,
                Err(error) => {
                    assert_eq!(
                        error.code().map(|code| code.code()),
                        Some("40P01"),
                        "{error:?}"
                    );
                    deadlocks.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
        for ((_, ledger), key) in order.iter().zip(&keys) {
            ledger.note(key, key);
        }
    }
}

#[tokio::test]
async fn deadlocks_between_hosts_and_the_servers_batches_reach_no_client() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    // So that many deadlocks fit into the time of a test, whoever is the one to lose.
    client
        .batch_execute(&format!(
            "alter database {} set deadlock_timeout = '20ms'",
            database.name()
        ))
        .await
        .unwrap();
    // One batch at a time, which holds messages of both conversations.
    let server = TestServer::start_with(&database, &[("WRITER_LANES", "1")]).await;
    let (people, one) = people(server.address, 4).await;
    let others: Vec<_> = people[1..].iter().collect();
    let other = people[0].group(&others).await;
    let mut followers = vec![
        Follower::by_socket(&people[0], &[one, other]).await,
        Follower::by_stream(&people[1], &[one, other]).await,
    ];
    let doors = [Door::Socket, Door::Http, Door::Batch];
    let begin = |conversation| {
        Load::start(
            &database,
            conversation,
            &senders(&people, &doors, 6),
            server.address,
        )
    };
    let (ones, others) = (begin(one), begin(other));
    let deadlocks = Arc::new(AtomicUsize::new(0));
    let forth = [
        (one, Arc::clone(&ones.ledger)),
        (other, Arc::clone(&others.ledger)),
    ];
    let mut back = forth.clone();
    back.reverse();
    let hosts = [forth, back].map(|order| {
        let (database, deadlocks) = (&database, Arc::clone(&deadlocks));
        let sender = people[3].id;
        async move { write_both(database.connect().await, sender, order, deadlocks).await }
    });
    futures_util::future::join_all(hosts).await;

    let troubles = [
        ones.finish(&client, one, &mut followers).await.troubles(),
        others
            .finish(&client, other, &mut followers)
            .await
            .troubles(),
    ];
    for (unavailable, broken, _) in troubles {
        assert_eq!((unavailable, broken), (0, 0));
    }
    let deadlocks = deadlocks.load(Ordering::Relaxed);
    eprintln!("{deadlocks} deadlocks lost by hosts; {troubles:?}");
    assert!(deadlocks > 0, "the hosts have to meet");
    server.stop().await;
}
