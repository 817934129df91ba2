//! What counts as read, and reading what is older.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::browser::Browser;
use crate::support::{Client, Heard, Listener, Person, TestDatabase, TestServer, value};

/// Waits until it is announced that somebody has got (and read) so far.
async fn until_marked(listener: &mut Listener, user: Uuid, field: &str, seq: i64) -> Heard {
    listener
        .next_event(|heard| {
            let event = heard.event();
            heard.kind() == "receipt"
                && event["user_id"] == user.to_string()
                && event[field].as_i64() >= Some(seq)
        })
        .await
}

async fn general(client: &Client) -> Uuid {
    value(
        client,
        "select id from chat.conversations where is_general",
        &[],
    )
    .await
}

#[tokio::test]
async fn a_message_counts_as_read_only_when_the_page_is_visible() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let ada_id = ada.user_id().await;
    let bob = Person::guest(server.address, "Bob").await;
    let general = general(&database.connect().await).await;
    let mut listener = database.listen().await;

    let away = ada.look_away().await;
    for seq in 1..=2 {
        bob.say(general, "psst").await;
        let delivered = until_marked(&mut listener, ada_id, "delivered_seq", seq).await;
        assert_eq!(delivered.event()["read_seq"], 0, "delivered, and not read");
    }

    away.look_back().await;
    until_marked(&mut listener, ada_id, "read_seq", 2).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_message_below_what_is_in_view_is_not_read_until_one_scrolls_there() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let ada = Browser::enter(server.address, "Ada").await;
    let ada_id = ada.user_id().await;
    let client = database.connect().await;
    fill_general(&client, bob.id, 40).await;
    ada.until_said("message 40").await;
    ada.value("document.querySelector('.timeline').scrollTop = 0")
        .await;
    let mut listener = database.listen().await;

    bob.say(general(&client).await, "below").await;
    let delivered = until_marked(&mut listener, ada_id, "delivered_seq", 41).await;
    assert!(delivered.event()["read_seq"].as_i64() < Some(41));
    ada.until_said("below").await;
    assert_eq!(
        ada.value("document.querySelector('.timeline').scrollTop")
            .await,
        0,
        "who reads what is older is not torn away"
    );

    ada.click(".timeline__latest").await;
    until_marked(&mut listener, ada_id, "read_seq", 41).await;
    ada.until("document.querySelector('.timeline__latest').hidden")
        .await;
    ada.close().await;
    server.stop().await;
}

async fn fill_general(client: &Client, sender: Uuid, count: i32) {
    client
        .execute(
            "insert into chat.messages (conversation_id, sender_id, body)
             select c.id, $1, 'message ' || n
             from chat.conversations c, generate_series(1, $2) n where c.is_general order by n",
            &[&sender, &count],
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn older_history_loads_by_scrolling_up_and_nothing_jumps() {
    const COUNT: i32 = 130;
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    fill_general(&database.connect().await, bob.id, COUNT).await;
    let ada = Browser::enter(server.address, "Ada").await;
    assert_eq!(
        ada.said().await.last().unwrap(),
        "message 130",
        "the newest are shown"
    );
    assert!(ada.said().await.len() < 100);

    loop {
        let before = ada.said().await.len();
        if before == COUNT as usize {
            break;
        }
        // What stands at the upper edge, and where, in the moment that more is asked for.
        let anchor = ada
            .value(
                "(() => {
                    const scroller = document.querySelector('.timeline');
                    scroller.scrollTop = 100;
                    const { top } = scroller.getBoundingClientRect();
                    const item = Array.from(document.querySelectorAll('.message'))
                        .find((item) => item.getBoundingClientRect().top >= top);
                    return { id: item.id, top: item.getBoundingClientRect().top };
                })()",
            )
            .await;
        ada.until(&format!(
            "document.querySelectorAll('.message').length > {before}"
        ))
        .await;
        let now = ada
            .value(&format!(
                "document.getElementById({}).getBoundingClientRect().top",
                anchor["id"]
            ))
            .await;
        let moved = now.as_f64().unwrap() - anchor["top"].as_f64().unwrap();
        assert!(moved.abs() < 2.0, "it moved by {moved} pixels");
    }

    let expected: Vec<String> = (1..=COUNT).map(|n| format!("message {n}")).collect();
    assert_eq!(ada.said().await, expected, "each once, in order");
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_draft_waits_in_its_conversation() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let ada = Browser::enter(server.address, "Ada").await;
    let (_, direct) = bob
        .post(
            "/api/conversations/direct",
            json!({"user_id": ada.user_id().await}),
        )
        .await;
    let draft = "document.querySelector('#composer').value";

    ada.type_into("#composer:enabled", "half a thought").await;
    ada.go(&format!("/c/{}", direct["id"].as_str().unwrap()))
        .await;
    ada.find("#composer:enabled").await;
    assert_eq!(ada.value(draft).await, "");
    ada.go("/").await;
    ada.find("#composer:enabled").await;
    assert_eq!(ada.value(draft).await, Value::from("half a thought"));
    ada.close().await;
    server.stop().await;
}
