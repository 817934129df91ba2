//! Events just under, at and over what fits into one NOTIFY.

use serde_json::json;

use crate::support::ledger::check_followers;
use crate::support::load::people;
use crate::support::{Follower, TestDatabase, TestServer, run, value};

/// chat.announce fills payloads up to here.
const PAYLOAD_BYTES_MAX: usize = 7_900;
/// Half the width of the search around the limit: cursors grow with the transactions in progress.
const AROUND: usize = 64;

#[tokio::test]
async fn events_around_the_size_of_a_payload_arrive_whole_and_in_order_with_what_follows() {
    let database = TestDatabase::create().await;
    database.hush().await;
    let server = TestServer::start(&database).await;
    let (people, group) = people(server.address, 2).await;
    let client = database.connect().await;
    let mut heard = database.listen().await;
    let mut followers = vec![
        Follower::by_socket(&people[0], &[group]).await,
        Follower::by_stream(&people[1], &[group]).await,
    ];
    let insert = "insert into chat.messages (conversation_id, sender_id, body)
        select $1, $2, b from unnest($3::text[]) with ordinality x (b, place) order by place";
    let sender = people[0].id;

    run(&client, insert, &[&group, &sender, &vec!["x"]]).await;
    heard.heard().await;
    let overhead = heard.payload_sizes.last().unwrap() - 1;
    let middle = PAYLOAD_BYTES_MAX - overhead;
    for bytes in middle - AROUND..=middle + AROUND {
        // As many bytes, in 3,998 two-byte characters at the most and some that have one.
        let wide = "é".repeat(bytes / 2);
        let body = format!("{wide}{}", "x".repeat(bytes % 2));
        assert!(body.chars().count() <= 4_000);
        run(&client, insert, &[&group, &sender, &vec![body]]).await;
        run(
            &client,
            insert,
            &[&group, &sender, &vec![format!("after {bytes}")]],
        )
        .await;
    }
    let events = heard.heard().await;
    let references = events
        .iter()
        .filter(|event| !event.envelope["reference"].is_null())
        .count();
    assert!(
        references > 0 && references < 2 * AROUND,
        "{references} of them were too large"
    );
    assert!(
        heard
            .payload_sizes
            .iter()
            .all(|size| *size <= PAYLOAD_BYTES_MAX)
    );

    // The largest there are, many in one statement, with small ones between them.
    let largest: Vec<String> = ["\u{1}", "😀", "\"", "\\", "é", "\u{2028}", "\u{fffd}"]
        .iter()
        .flat_map(|character| [format!("x{}", character.repeat(3_999)), "small".to_owned()])
        .collect();
    run(&client, insert, &[&group, &sender, &largest]).await;
    // Through the server's own door, with data beside the body.
    let path = format!("/api/conversations/{group}/messages");
    for body in &largest {
        let data = json!({"note": "é".repeat(7_000)});
        let (status, answer) = people[0]
            .post(&path, json!({"body": body, "data": data}))
            .await;
        assert_eq!(status, 201, "{answer}");
        assert_eq!(answer["body"], body.as_str());
    }
    // Edited and deleted in one transaction: the reference of each is read when it is done.
    client
        .batch_execute(
            "begin;
             update chat.messages set body = repeat(chr(1), 4000) where seq % 3 = 0;
             update chat.messages set body = repeat(chr(233), 4000) where seq % 3 = 1;
             delete from chat.messages where seq % 9 = 0;
             commit",
        )
        .await
        .unwrap();
    check_followers(&client, group, &mut followers).await;
    let count: i64 = value(&client, "select count(*) from chat.messages", &[]).await;
    assert_eq!(count as usize, 1 + 2 * (2 * AROUND + 1) + 2 * largest.len());
    for follower in &followers {
        assert_eq!(follower.mirror().connections, 1, "{}", follower.name);
    }
    server.stop().await;
}
