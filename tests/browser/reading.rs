//! What counts as read, what is new, and where the page stands when something comes.

use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::{Visitor, Way, direct, fill, general, link};
use crate::browser::{Browser, message_of};
use crate::support::{Heard, Listener, Person, TestDatabase, TestServer, run};

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
    fill(&client, general(&client).await, bob.id, 40).await;
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

const SCROLLER: &str = "document.querySelector('.timeline')";
const AT_BOTTOM: &str = "(() => { const { scrollTop, scrollHeight, clientHeight } = document.querySelector('.timeline');
    return scrollHeight - scrollTop - clientHeight < 2; })()";

/// How far below the upper edge a message stands, as an expression of the page's.
fn top_of(text: &str) -> String {
    format!(
        "({}.getBoundingClientRect().top - {SCROLLER}.getBoundingClientRect().top)",
        message_of(text)
    )
}

/// The message that the line of the new ones stands above.
const FIRST_NEW: &str = "document.querySelector('.message__new')?.parentElement.querySelector('.message__body').textContent";

async fn new_ones_come(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    fill(&client, general, bob.id, 60).await;
    ada.until_said("message 60").await;
    ada.until(AT_BOTTOM).await;
    assert_eq!(ada.value(FIRST_NEW).await, Value::Null, "one saw them come");

    ada.value(&format!("{SCROLLER}.scrollTop -= 300")).await;
    ada.until("!document.querySelector('.timeline__latest').hidden")
        .await;
    let before = ada.value(&top_of("message 50")).await;
    fill(&client, general, bob.id, 3).await;
    ada.until("document.querySelector('.timeline__count').textContent === '3'")
        .await;
    assert_eq!(
        ada.value(&top_of("message 50")).await,
        before,
        "one stays put"
    );
    assert_eq!(ada.value(FIRST_NEW).await, "message 61");

    ada.click(".timeline__latest").await;
    ada.until(&format!(
        "{AT_BOTTOM} && document.querySelector('.timeline__latest').hidden"
    ))
    .await;
    fill(&client, general, bob.id, 1).await;
    ada.until_said("message 64").await;
    ada.until(AT_BOTTOM).await;
    assert_eq!(ada.value(FIRST_NEW).await, "message 61", "the line stays");
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn at_the_bottom_one_follows_the_newest_and_further_up_they_are_counted() {
    new_ones_come(Way::Desk).await;
}

#[tokio::test]
async fn at_the_bottom_one_follows_the_newest_on_a_phone() {
    new_ones_come(Way::Phone).await;
}

#[tokio::test]
async fn at_the_bottom_one_follows_the_newest_over_a_stream() {
    new_ones_come(Way::Stream).await;
}

#[tokio::test]
async fn what_comes_while_nobody_looks_waits_below_the_line_and_unread() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let ada_id = ada.user_id().await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    let mut listener = database.listen().await;
    fill(&client, general, bob.id, 30).await;
    until_marked(&mut listener, ada_id, "read_seq", 30).await;

    let away = ada.look_away().await;
    fill(&client, general, bob.id, 1).await;
    until_marked(&mut listener, ada_id, "delivered_seq", 31).await;
    fill(&client, general, bob.id, 60).await;
    let delivered = until_marked(&mut listener, ada_id, "delivered_seq", 91).await;
    assert_eq!(delivered.event()["read_seq"], 30);
    away.look_back().await;
    ada.until_said("message 91").await;

    ada.until(&format!("{0} > 0 && {0} < 150", top_of("message 31")))
        .await;
    assert_eq!(ada.value(FIRST_NEW).await, "message 31");
    let read = until_marked(&mut listener, ada_id, "read_seq", 31).await;
    assert!(
        read.event()["read_seq"].as_i64() < Some(60),
        "only what is in view"
    );
    ada.until("!document.querySelector('.timeline__count').hidden")
        .await;
    ada.click(".timeline__latest").await;
    until_marked(&mut listener, ada_id, "read_seq", 91).await;

    // The line has been seen: what comes next while one is away has its own.
    let away = ada.look_away().await;
    fill(&client, general, bob.id, 2).await;
    until_marked(&mut listener, ada_id, "delivered_seq", 93).await;
    away.look_back().await;
    ada.until(&format!("{FIRST_NEW} === 'message 92'")).await;
    ada.until(AT_BOTTOM).await;
    assert_eq!(
        ada.value("document.querySelectorAll('.message__new').length")
            .await,
        1
    );
    until_marked(&mut listener, ada_id, "read_seq", 93).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_button_leads_to_the_first_unread_above() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    let mut listener = database.listen().await;
    fill(&client, general, bob.id, 10).await;
    until_marked(&mut listener, ada.user_id().await, "read_seq", 10).await;
    ada.go("/chats").await;
    ada.until_live().await;
    fill(&client, general, bob.id, 200).await;

    ada.open(&format!("/c/{general}/150")).await;
    let unread = "document.querySelector('.timeline__unread')";
    ada.until(&format!("!{unread}.hidden")).await;
    assert_eq!(
        ada.value(&format!("{unread}.textContent")).await,
        "200 new messages"
    );
    assert_eq!(ada.value(FIRST_NEW).await, Value::Null, "it is not here");
    ada.click(".timeline__unread").await;
    ada.until(&format!("{FIRST_NEW} === 'message 11'")).await;
    ada.until(&format!("{0} > 0 && {0} < 150", top_of("message 11")))
        .await;
    ada.until(&format!("{unread}.hidden")).await;
    assert!(!ada.said().await.contains(&"message 150".to_owned()));
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn with_many_unread_the_page_opens_where_they_begin() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let ada_id = ada.user_id().await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    let mut listener = database.listen().await;
    fill(&client, general, bob.id, 30).await;
    until_marked(&mut listener, ada_id, "read_seq", 30).await;
    ada.go("/chats").await;
    ada.until_live().await;
    fill(&client, general, bob.id, 200).await;

    ada.visit(&format!("/c/{general}")).await;
    ada.until(&format!("{FIRST_NEW} === 'message 31'")).await;
    ada.until(&format!("{0} > 0 && {0} < 150", top_of("message 31")))
        .await;
    assert!(!ada.said().await.contains(&"message 230".to_owned()));
    let read = until_marked(&mut listener, ada_id, "read_seq", 31).await;
    assert!(read.event()["read_seq"].as_i64() < Some(80));

    ada.click(".timeline__latest").await;
    ada.until_said("message 230").await;
    ada.until(AT_BOTTOM).await;
    until_marked(&mut listener, ada_id, "read_seq", 230).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_types_moves_nothing() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Phone, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    fill(&client, general, bob.id, 40).await;
    ada.until_said("message 40").await;
    ada.until(AT_BOTTOM).await;
    let places = "JSON.stringify(['.timeline', '.message:last-child', '.composer', '#composer'].map((part) => {
        const { top, bottom } = document.querySelector(part).getBoundingClientRect();
        return [top, bottom];
    }))";
    let before = ada.value(places).await;

    let mut bobs = bob.connect().await;
    bobs.send(json!({"type": "typing", "conversation_id": general, "active": true}))
        .await;
    ada.until("document.querySelector('.typing').textContent === 'Bob is typing…'")
        .await;
    assert_eq!(ada.value(places).await, before);
    bobs.send(json!({"type": "typing", "conversation_id": general, "active": false}))
        .await;
    ada.until("document.querySelector('.typing').textContent === ''")
        .await;
    assert_eq!(ada.value(places).await, before);
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_list_that_was_made_before_one_read_brings_no_count_back() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_bob = direct(&bob, &ada).await;
    bob.say(with_bob, "psst").await;
    ada.until("document.title === '(1) General'").await;
    ada.hold_answers("/parts/list").await;
    // What makes it be asked for anew.
    let renamed = json!({"name": "Robert"});
    assert_eq!(bob.put("/api/users/me", renamed).await.0, 200);
    ada.until_held().await;

    let mut listener = database.listen().await;
    ada.click(&link(with_bob)).await;
    until_marked(&mut listener, ada.user_id().await, "read_seq", 1).await;
    let count = format!(
        "Number(document.querySelector('[data-conversation-id=\"{with_bob}\"] .conversation__count').textContent)"
    );
    ada.until(&format!("{count} === 0")).await;
    ada.let_answers_come().await;
    ada.until(&format!(
        "document.querySelector('[data-conversation-id=\"{with_bob}\"] .conversation__title').textContent === 'Robert'"
    ))
    .await;
    assert_eq!(ada.value(&count).await, 0);
    ada.until("document.title === 'Robert'").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_list_that_was_made_before_a_message_was_deleted_brings_no_word_of_it_back() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_bob = direct(&bob, &ada).await;
    bob.say(with_bob, "a slip").await;
    let said = |part: &str| {
        format!(
            "document.querySelector('[data-conversation-id=\"{with_bob}\"] .conversation__{part}').textContent"
        )
    };
    let (last, title) = (said("last"), said("title"));
    ada.until(&format!("{last} === 'a slip'")).await;
    ada.hold_answers("/parts/list").await;
    // What makes it be asked for anew.
    let renamed = json!({"name": "Robert"});
    assert_eq!(bob.put("/api/users/me", renamed).await.0, 200);
    ada.until_held().await;
    let client = database.connect().await;
    run(&client, "delete from chat.messages", &[]).await;
    ada.until(&format!("{last} === 'This message was deleted'"))
        .await;
    ada.let_answers_come().await;
    ada.until(&format!("{title} === 'Robert'")).await;
    assert_eq!(ada.value(&last).await, "This message was deleted");
    ada.close().await;
    server.stop().await;
}
