//! Servers stop and networks fail; nothing is lost and nothing doubled.

use serde_json::json;

use super::door::Door;
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer};

/// What the console says of a server that is not there.
const UNREACHABLE: [&str; 3] = ["WebSocket connection to", "net::ERR_", "Failed to fetch"];

#[tokio::test]
async fn after_a_restart_what_was_missed_and_what_was_typed_are_there_exactly_once() {
    let database = TestDatabase::create().await;
    let first = TestServer::start(&database).await;
    let door = Door::to(first.address).await;
    let browser = Browser::enter(door.address, "Ada").await;
    browser.say("before").await;
    browser.until_said("before").await;

    first.stop().await;
    door.lead_to(None);
    browser
        .until("document.documentElement.dataset.connection !== 'live'")
        .await;
    let client = database.connect().await;
    client
        .execute(
            "insert into chat.messages (conversation_id, sender_id, body)
             select id, $1, 'missed' from chat.conversations where is_general",
            &[&browser.user_id().await],
        )
        .await
        .unwrap();
    browser.say("typed meanwhile").await;
    browser.say("and another").await;
    browser
        .until("!document.querySelector('p.connection').hidden")
        .await;
    assert_eq!(
        browser.text("p.connection").await,
        "Connecting… What you write is sent as soon as it works. 2 messages are waiting."
    );
    let waiting = "Array.from(document.querySelectorAll('[data-tick=waiting] .message__body'), (body) => body.textContent)";
    assert_eq!(
        browser.value(waiting).await,
        json!(["typed meanwhile", "and another"]),
        "what was typed is still to be seen"
    );

    let second = TestServer::start(&database).await;
    door.lead_to(Some(second.address));
    browser.until_said("and another").await;
    browser
        .until("document.querySelector('p.connection').hidden")
        .await;
    browser.say("after").await;
    browser.until_said("after").await;

    browser
        .until("document.querySelectorAll('.message--pending').length === 0")
        .await;
    let expected = [
        "before",
        "missed",
        "typed meanwhile",
        "and another",
        "after",
    ];
    assert_eq!(browser.said().await, expected);
    browser.reload().await;
    browser.until_live().await;
    assert_eq!(browser.said().await, expected, "as the database has it");
    browser.close_despite(&UNREACHABLE).await;
    second.stop().await;
}

#[tokio::test]
async fn a_message_typed_while_away_survives_a_reload() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::open(server.address).await;
    // Loads and posts, but its live connection stays silent.
    browser
        .before_each_page("if (!sessionStorage.live) { window.WebSocket = window.EventSource = class extends EventTarget { send() {} close() {} } }")
        .await;
    browser.type_into("#name", "Ada").await;
    browser.click("form.welcome__form button").await;
    browser.say("still here").await;
    browser
        .until("document.querySelector('#composer').value === ''")
        .await;
    assert!(browser.said().await.is_empty());

    browser.value("sessionStorage.live = true").await;
    browser.reload().await;

    browser.until_said("still here").await;
    browser.say("next").await;
    browser.until_said("next").await;
    assert_eq!(browser.said().await, ["still here", "next"]);
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_stream_that_is_cut_comes_back_too() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let door = Door::without_websocket(server.address).await;
    let ada = Browser::enter(door.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;

    door.lead_to(None);
    ada.until("document.documentElement.dataset.connection !== 'live'")
        .await;
    bob.say("missed").await;
    bob.until_said("missed").await;
    ada.say("typed meanwhile").await;
    door.lead_to(Some(server.address));

    ada.until_said("typed meanwhile").await;
    bob.until_said("typed meanwhile").await;
    assert_eq!(ada.said().await, ["missed", "typed meanwhile"]);
    ada.close_despite(&UNREACHABLE).await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_left_while_the_page_was_away_is_shown_as_offline_again() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let door = Door::to(server.address).await;
    let ada = Browser::enter(door.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let bobs = bob.connect().await;
    let members = json!({"user_id": ada.user_id().await});
    let (_, direct) = bob.post("/api/conversations/direct", members).await;
    ada.go(&format!("/c/{}", direct["id"].as_str().unwrap()))
        .await;
    ada.until_live().await;
    ada.until("document.querySelector('.pane__status .presence').dataset.status === 'online'")
        .await;
    let mut listener = database.listen().await;

    door.lead_to(None);
    ada.until("document.documentElement.dataset.connection !== 'live'")
        .await;
    bobs.close().await;
    listener
        .next_event(|heard| {
            heard.event()["user_id"] == bob.id.to_string() && heard.event()["status"] == "offline"
        })
        .await;
    door.lead_to(Some(server.address));

    for place in [".pane__status", ".conversation"] {
        ada.until(&format!(
            "document.querySelector('{place} .presence[data-peer-id]').dataset.status === 'offline'"
        ))
        .await;
    }
    ada.close_despite(&UNREACHABLE).await;
    server.stop().await;
}
