//! Passing a message on.

use fantoccini::key::Key;
use serde_json::json;

use super::accessibility::{RULES, check, open_calm};
use super::stage::{Visitor, Way, general};
use crate::browser::Browser;
use crate::support::person::id;
use crate::support::{Person, TestDatabase, TestServer};

const OPTIONS: &str = "Array.from(document.querySelectorAll('.forward__found .switcher__title'), (title) => title.textContent)";

async fn forward(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let members = json!({"name": "Engines", "member_ids": [ada.user_id().await]});
    let (_, group) = eve.post("/api/groups", members).await;
    let group = id(&group["id"]);
    ada.say("worth passing on").await;
    ada.until_tick("worth passing on", "sent").await;

    ada.act("worth passing on", "forward").await;
    ada.until(&format!("{OPTIONS}.includes('Engines')")).await;
    // By keys alone: a word, an arrow where it is needed, Enter.
    for name in ["Engines", "Bob"] {
        ada.type_into(".forward__query", name).await;
        ada.until(&format!(
            "JSON.stringify({OPTIONS}) === '[{}]'",
            json!(name)
        ))
        .await;
        ada.until("document.querySelector('.forward__found [data-active]')")
            .await;
        ada.press_chord(&Key::Enter.to_string()).await;
        ada.until("document.querySelector('.forward__query').value === ''")
            .await;
    }
    ada.until("document.querySelectorAll('.forward__choice').length === 2")
        .await;
    ada.click(".forward__send").await;
    assert_eq!(
        ada.text(".toast__text").await,
        "Forwarded to Engines and Bob."
    );
    ada.until("!document.querySelector('.forward').open").await;
    bob.until("document.querySelectorAll('.conversation').length === 2")
        .await;
    assert_eq!(eve.history(group).await, ["worth passing on"]);
    ada.click(".toast__action").await;
    ada.until(&format!("location.pathname === '/c/{group}'"))
        .await;
    ada.until_said("worth passing on").await;
    ada.find(".message__forwarded").await;
    bob.close().await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_message_is_passed_on_to_several_at_once() {
    forward(Way::Desk).await;
}

#[tokio::test]
async fn a_message_is_passed_on_over_a_stream() {
    forward(Way::Stream).await;
}

#[tokio::test]
async fn what_can_not_be_passed_on_leaves_the_dialog_open_with_the_reason() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    let bob = Person::guest(server.address, "Bob").await;
    let general = general(&database.connect().await).await;
    let message = bob.say(general, "a slip").await;
    ada.act("a slip", "forward").await;
    ada.find(".forward[open] .switcher__option").await;
    check(&ada, "forwarding", RULES).await;
    ada.click(".forward .switcher__option").await;
    ada.find(".forward__choice").await;
    ada.until("getComputedStyle(document.querySelector('.forward__send')).opacity === '1'")
        .await;
    check(&ada, "forwarding, with one chosen", RULES).await;

    let path = format!("/api/messages/{}", message["id"].as_str().unwrap());
    assert_eq!(bob.delete(&path).await.0, 200);
    ada.click(".forward__send").await;
    ada.until("document.querySelector('.forward__note').textContent === 'A deleted message can not be forwarded.'")
        .await;
    ada.until("getComputedStyle(document.querySelector('.forward__send')).opacity === '1'")
        .await;
    check(&ada, "forwarding, refused", RULES).await;
    assert_eq!(
        ada.value("document.querySelector('.forward').open").await,
        true
    );
    // Thought better of, by the last key and then altogether.
    ada.value("document.querySelector('.forward__query').focus()")
        .await;
    ada.press_chord(&Key::Backspace.to_string()).await;
    ada.until("!document.querySelector('.forward__choice') && document.querySelector('.forward__send').disabled")
        .await;
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.until("!document.querySelector('.forward').open").await;
    ada.until_said("This message was deleted").await;
    ada.until("document.activeElement.matches('.message, .timeline')")
        .await;
    ada.close_despite(&["409"]).await;
    server.stop().await;
}
