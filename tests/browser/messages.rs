//! What one says, the other sees.

use fantoccini::key::Key;

use super::door::Door;
use crate::browser::Browser;
use crate::support::{TestDatabase, TestServer};

const HOSTILE: &str = r#"<img src=x onerror="document.title='owned'">&amp;"#;

#[tokio::test]
async fn what_one_types_the_other_sees_without_reloading() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;

    ada.say("hello").await;
    bob.until_said("hello").await;
    bob.say("hi").await;
    ada.until_said("hi").await;

    for browser in [&ada, &bob] {
        assert_eq!(browser.said().await, ["hello", "hi"]);
    }
    assert_eq!(ada.text(".typing").await, "", "what was typed has come");
    ada.close().await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_other_sees_that_one_is_typing() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;

    ada.type_into("#composer", "hel").await;
    bob.until("document.querySelector('.typing').textContent === 'Ada is typing…'")
        .await;
    ada.type_into("#composer", &Key::Backspace.to_string().repeat(3))
        .await;
    bob.until("document.querySelector('.typing').textContent === ''")
        .await;

    assert_eq!(ada.text(".typing").await, "", "one does not see oneself");
    ada.close().await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_hostile_name_and_a_hostile_message_stay_text() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, HOSTILE).await;
    let bob = Browser::enter(server.address, "Bob").await;

    ada.say(HOSTILE).await;
    bob.until_said(HOSTILE).await;

    assert_eq!(bob.text(".message__sender").await, HOSTILE);
    bob.until("document.querySelector('.conversation__preview').textContent.includes('<img')")
        .await;
    bob.reload().await;
    bob.until_live().await;
    ada.until_said(HOSTILE).await;
    for browser in [&ada, &bob] {
        assert_eq!(browser.said().await, [HOSTILE]);
        assert_eq!(browser.value("document.images.length").await, 0);
        assert_ne!(browser.value("document.title").await, "owned");
    }
    ada.close().await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn enter_sends_and_shift_enter_breaks_the_line() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;

    let broken = format!("one{}{}{}two", Key::Shift, Key::Enter, Key::Null);
    browser.type_into("#composer", &broken).await;
    assert_eq!(
        browser
            .value("document.querySelector('#composer').value")
            .await,
        "one\ntwo"
    );
    assert!(browser.said().await.is_empty());
    browser
        .type_into("#composer", &Key::Enter.to_string())
        .await;

    browser.until_said("one\ntwo").await;
    assert_eq!(
        browser
            .value("document.querySelector('#composer').value")
            .await,
        ""
    );
    // Nothing but spaces is nothing to send.
    browser.say("   ").await;
    browser.say("three").await;
    browser.until_said("three").await;
    assert_eq!(browser.said().await, ["one\ntwo", "three"]);
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn where_websockets_are_blocked_it_works_over_server_sent_events() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let door = Door::without_websocket(server.address).await;
    let ada = Browser::enter(door.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;

    ada.say("over a stream").await;
    bob.until_said("over a stream").await;
    bob.say("over a socket").await;
    ada.until_said("over a socket").await;
    ada.type_into("#composer", "a").await;
    bob.until("document.querySelector('.typing').textContent === 'Ada is typing…'")
        .await;

    assert_eq!(ada.said().await, ["over a stream", "over a socket"]);
    ada.close_despite(&["WebSocket connection to"]).await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_browser_that_refuses_websockets_outright_gets_server_sent_events() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::open(server.address).await;
    ada.before_each_page(
        "window.WebSocket = class { constructor() { throw new DOMException('no', 'SecurityError') } }",
    )
    .await;
    ada.give_name("Ada").await;

    ada.say("over a stream").await;
    ada.until_said("over a stream").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_message_that_is_refused_says_why_and_is_tried_again_or_discarded() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    let too_long = "x".repeat(4_001);
    // The page keeps to the limit by itself, unless somebody takes it away.
    browser
        .value(&format!(
            "Object.assign(document.querySelector('#composer'), {{ maxLength: 5000, value: '{too_long}' }}).value.length"
        ))
        .await;

    browser
        .type_into("#composer", &Key::Enter.to_string())
        .await;

    let reason = "document.querySelector('.message__reason')?.textContent.includes('4000')";
    browser.until(reason).await;
    browser.reload().await;
    browser.until(reason).await;
    browser.click(".message__retry").await;
    browser.until(reason).await;
    browser.click(".message__discard").await;
    browser
        .until("!document.querySelector('.message--pending')")
        .await;
    assert!(browser.said().await.is_empty());
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_plain_sql_inserts_updates_and_deletes_the_page_shows() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    let client = database.connect().await;

    client
        .execute(
            "insert into chat.messages (conversation_id, sender_id, body)
             select id, $1, 'from SQL' from chat.conversations where is_general",
            &[&browser.user_id().await],
        )
        .await
        .unwrap();
    browser.until_said("from SQL").await;

    client
        .execute("update chat.messages set body = 'better'", &[])
        .await
        .unwrap();
    browser.until_said("better").await;
    assert_eq!(browser.said().await, ["better"]);
    assert_eq!(browser.text(".message__edited").await, "edited");

    client
        .execute("delete from chat.messages", &[])
        .await
        .unwrap();
    browser.find(".message--deleted").await;
    assert_eq!(browser.said().await, ["This message was deleted"]);
    browser
        .until("document.querySelector('.conversation__last').textContent === 'This message was deleted'")
        .await;
    browser.reload().await;
    browser.until_live().await;
    assert_eq!(browser.said().await, ["This message was deleted"]);
    browser.close().await;
    server.stop().await;
}
