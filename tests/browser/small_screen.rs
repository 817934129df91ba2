//! The page on a phone.

use serde_json::json;

use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer};

/// Nothing may be wider than the screen, nor stick out of a part that scrolls.
const OVERFLOWING: &str = "
    [document.documentElement, ...document.querySelectorAll('body, .sidebar, .sidebar__nav, .pane, .timeline, .new-chat, .new-chat__people')]
        .filter((part) => part.clientWidth > 0 && (part.scrollWidth > part.clientWidth || part.getBoundingClientRect().right > 390))
        .map((part) => part.className || part.localName)";

#[tokio::test]
async fn at_390_pixels_nothing_overflows_sideways() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let long_name = "W".repeat(80);
    let ada = Browser::open_on_a_phone(server.address).await;
    assert_eq!(ada.value(OVERFLOWING).await, json!([]), "welcome");
    ada.give_name(&long_name).await;
    let bob = Person::guest(server.address, &"M".repeat(80)).await;
    let members = json!({"name": "T".repeat(120), "member_ids": [ada.user_id().await]});
    let (status, group) = bob.post("/api/groups", members).await;
    assert_eq!(status, 201);
    let id = group["id"].as_str().unwrap();
    bob.say(id.parse().unwrap(), &"x".repeat(1_000)).await;

    ada.go(&format!("/c/{id}")).await;
    ada.until_live().await;
    ada.say(&"y".repeat(300)).await;
    ada.until_said(&"y".repeat(300)).await;
    assert_eq!(ada.value(OVERFLOWING).await, json!([]), "a conversation");

    ada.click(".pane__back").await;
    ada.until("document.querySelector('.sidebar').clientWidth === 390")
        .await;
    assert_eq!(ada.value(OVERFLOWING).await, json!([]), "the list");

    ada.click(".sidebar__new").await;
    ada.find(".person").await;
    assert_eq!(ada.value(OVERFLOWING).await, json!([]), "the dialog");
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn on_a_phone_the_list_and_the_conversation_take_turns() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::open_on_a_phone(server.address).await;
    ada.give_name("Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let general = ada
        .value("document.querySelector('.pane').dataset.conversationId")
        .await;
    let general = general.as_str().unwrap().parse().unwrap();
    let shown =
        |part: &str| format!("Boolean(document.querySelector('{part}')?.getClientRects().length)");

    assert_eq!(ada.value(&shown(".timeline")).await, true);
    assert_eq!(ada.value(&shown(".sidebar")).await, false);

    ada.click(".pane__back").await;
    ada.until(&shown(".sidebar")).await;
    assert_eq!(ada.value(&shown(".timeline")).await, false);
    bob.say(general, "while you look at the list").await;
    ada.until("document.querySelector('.conversation__unread').textContent === '1 unread'")
        .await;

    assert_eq!(ada.value("location.pathname").await, "/chats");
    ada.click(".conversation__link").await;
    ada.until(&shown(".timeline")).await;
    ada.until_said("while you look at the list").await;
    ada.until("document.querySelector('.conversation__unread').hidden")
        .await;
    ada.close().await;
    server.stop().await;
}
