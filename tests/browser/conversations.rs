//! Starting conversations, finding them in the list, and leaving them.

use serde_json::json;

use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer};

/// An entry of the list by what it is called.
fn entry(title: &str, part: &str) -> String {
    format!(
        "Array.from(document.querySelectorAll('.conversation')).find((entry) =>
            entry.querySelector('.conversation__title').textContent === {})?.querySelector('{part}')",
        json!(title)
    )
}

/// Ticks somebody in the dialog.
async fn pick(browser: &Browser, name: &str) {
    let person = format!(
        "Array.from(document.querySelectorAll('.person')).find((person) =>
            person.querySelector('.person__name').textContent === {})",
        json!(name)
    );
    browser.until(&person).await;
    browser
        .value(&format!("{person}.querySelector('.person__pick').click()"))
        .await;
}

#[tokio::test]
async fn a_direct_chat_is_started_from_the_dialog() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let mut bobs = bob.connect().await;
    let ada = Browser::enter(server.address, "Ada").await;

    ada.click(".sidebar__new").await;
    ada.type_into("#new-chat-query", "bo").await;
    ada.until("document.querySelectorAll('.person').length === 1")
        .await;
    ada.click(&format!("[data-user-id=\"{}\"] .person__link", bob.id))
        .await;

    ada.until("document.querySelector('.pane__title').textContent === 'Bob'")
        .await;
    ada.until("document.querySelector('.pane__status .presence__text').textContent === 'online'")
        .await;
    ada.until_live().await;
    ada.say("just us").await;
    bobs.message("just us").await;

    bobs.close().await;
    ada.until("document.querySelector('.pane__status .presence__text').textContent === 'last seen just now'")
        .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_group_is_started_from_the_dialog_and_appears_in_its_members_lists() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    Person::guest(server.address, "Eve").await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;

    ada.click(".sidebar__new").await;
    pick(&ada, "Bob").await;
    pick(&ada, "Eve").await;
    ada.type_into("#new-chat-name", "Engines").await;
    ada.click(".new-chat__start:enabled").await;

    ada.until("document.querySelector('.pane__title').textContent === 'Engines'")
        .await;
    bob.until(&entry("Engines", ".conversation__link")).await;
    ada.until_live().await;
    ada.say("first").await;
    bob.until(&format!(
        "{}.textContent === 'first'",
        entry("Engines", ".conversation__last")
    ))
    .await;
    bob.value(&format!(
        "{}.click()",
        entry("Engines", ".conversation__link")
    ))
    .await;
    bob.until_said("first").await;
    ada.close().await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_dialog_is_left_without_a_trace() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    Person::guest(server.address, "Bob").await;
    let ada = Browser::enter(server.address, "Ada").await;

    ada.click(".sidebar__new").await;
    pick(&ada, "Bob").await;
    ada.click(".new-chat .dialog__close").await;
    ada.until("!document.querySelector('.new-chat').open").await;
    ada.click(".sidebar__new").await;
    ada.find(".person").await;

    assert_eq!(
        ada.value("document.querySelectorAll('.person__pick:checked').length")
            .await,
        0
    );
    assert_eq!(
        ada.value("document.querySelector('.new-chat__start').hidden")
            .await,
        true
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_unread_elsewhere_is_counted_until_it_is_read() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let path = "/api/conversations/direct";
    let (_, direct) = bob
        .post(path, json!({"user_id": ada.user_id().await}))
        .await;
    let direct = direct["id"].as_str().unwrap().parse().unwrap();

    bob.say(direct, "one").await;
    bob.say(direct, "two").await;

    let unread = entry("Bob", ".conversation__unread");
    ada.until(&format!("{unread}?.textContent === '2 unread'"))
        .await;
    ada.until("document.title === '(2) General'").await;
    assert_eq!(
        ada.value("document.querySelector('.conversation__title').textContent")
            .await,
        "Bob",
        "the newest comes first"
    );

    ada.value(&format!("{}.click()", entry("Bob", ".conversation__link")))
        .await;
    ada.until_said("two").await;
    ada.until(&format!("{unread}.hidden && document.title === 'Bob'"))
        .await;
    ada.go("/").await;
    ada.until_live().await;
    assert_eq!(ada.value(&format!("{unread}.hidden")).await, true);
    assert_eq!(ada.value("document.title").await, "General");
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_is_removed_from_a_group_is_led_out_of_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let ada_id = ada.user_id().await;
    let (_, group) = bob
        .post(
            "/api/groups",
            json!({"name": "Engines", "member_ids": [ada_id]}),
        )
        .await;
    let group = group["id"].as_str().unwrap();
    ada.go(&format!("/c/{group}")).await;
    ada.until_live().await;
    assert_eq!(ada.text(".pane__title").await, "Engines");

    let path = format!("/api/conversations/{group}/members/{ada_id}");
    assert_eq!(bob.delete(&path).await.0, 200);

    ada.until("document.querySelector('.pane__title')?.textContent === 'General'")
        .await;
    ada.until(&format!("!{}", entry("Engines", ".conversation__link")))
        .await;
    ada.close().await;
    server.stop().await;
}
