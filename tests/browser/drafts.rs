//! What was written and not sent waits in its place.

use fantoccini::key::Key;

use super::stage::{Visitor, Way, direct};
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer};

const CONTEXT: &str = "document.querySelector('.composer__context')";

async fn until_pane_of(browser: &Browser, title: &str) {
    browser
        .until(&format!(
            "document.querySelector('.pane__title')?.textContent === '{title}'"
        ))
        .await;
}

async fn a_draft_waits(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let chat = format!("/c/{}", direct(&bob, &ada).await);

    ada.type_into("#composer:enabled", "half a thought").await;
    ada.visit(&chat).await;
    until_pane_of(&ada, "Bob").await;
    assert_eq!(ada.written().await, "", "elsewhere is another");
    ada.type_into("#composer:enabled", "the other half").await;
    ada.value("history.back()").await;
    until_pane_of(&ada, "General").await;
    ada.until_written("half a thought").await;
    ada.go(&chat).await;
    ada.until_written("the other half").await;

    ada.click(".composer__send").await;
    ada.until_said("the other half").await;
    ada.reload().await;
    ada.until_said("the other half").await;
    ada.until_written("").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_draft_waits_in_its_conversation() {
    a_draft_waits(Way::Desk).await;
}

#[tokio::test]
async fn a_draft_waits_in_its_conversation_on_a_phone() {
    a_draft_waits(Way::Phone).await;
}

#[tokio::test]
async fn a_draft_keeps_the_message_that_it_answers() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let chat = direct(&bob, &ada).await;
    bob.say(chat, "what?").await;
    ada.open(&format!("/c/{chat}")).await;
    ada.act("what?", "reply").await;
    ada.type_into("#composer", "that").await;

    ada.visit("/").await;
    until_pane_of(&ada, "General").await;
    assert_eq!(ada.value(&format!("{CONTEXT}.hidden")).await, true);
    ada.go(&format!("/c/{chat}")).await;
    ada.until_written("that").await;
    assert_eq!(ada.text(".composer__context-title").await, "Reply to Bob");
    assert_eq!(ada.text(".composer__context-excerpt").await, "what?");
    ada.type_into("#composer", &Key::Enter.to_string()).await;
    ada.until_said("that").await;
    assert_eq!(
        ada.text(".timeline__messages .message__excerpt").await,
        "what?"
    );
    assert_eq!(ada.value(&format!("{CONTEXT}.hidden")).await, true);
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_draft_for_somebody_waits_before_there_is_a_chat_and_moves_into_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let place = format!("/u/{}", bob.id);

    ada.visit(&place).await;
    until_pane_of(&ada, "Bob").await;
    ada.type_into("#composer:enabled", "dear Bob").await;
    ada.go("/").await;
    ada.until_written("").await;
    ada.open(&place).await;
    ada.until_written("dear Bob").await;

    // The other is first.
    let chat = direct(&bob, &ada).await;
    bob.say(chat, "dear Ada").await;
    ada.until_said("dear Ada").await;
    ada.until_written("dear Bob").await;
    ada.open(&format!("/c/{chat}")).await;
    ada.until_written("dear Bob").await;
    ada.type_into("#composer", &Key::Enter.to_string()).await;
    ada.until_said("dear Bob").await;
    assert_eq!(ada.said().await, ["dear Ada", "dear Bob"]);
    ada.open(&place).await;
    ada.until_said("dear Bob").await;
    assert_eq!(ada.written().await, "");
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_draft_for_somebody_is_found_in_the_chat_that_they_began_meanwhile() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    ada.visit(&format!("/u/{}", bob.id)).await;
    until_pane_of(&ada, "Bob").await;
    ada.type_into("#composer:enabled", "dear Bob").await;
    ada.visit("/").await;
    until_pane_of(&ada, "General").await;

    let chat = direct(&bob, &ada).await;
    ada.visit(&format!("/c/{chat}")).await;

    until_pane_of(&ada, "Bob").await;
    ada.until_written("dear Bob").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_change_of_the_last_message_is_saved_or_given_up_and_the_draft_comes_back() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let chat = direct(&bob, &ada).await;
    ada.open(&format!("/c/{chat}")).await;
    ada.say("helo").await;
    ada.until_tick("helo", "sent").await;
    bob.say(chat, "hm?").await;
    ada.until_said("hm?").await;

    ada.type_into("#composer", &Key::Up.to_string()).await;
    ada.until_written("helo").await;
    assert_eq!(ada.text(".composer__context-title").await, "Edit message");
    ada.type_into("#composer", &format!("!!{}", Key::Escape))
        .await;
    ada.until_written("").await;
    assert_eq!(ada.said().await, ["helo", "hm?"], "it was given up");

    ada.type_into("#composer", "and then").await;
    ada.type_into("#composer", &Key::Up.to_string()).await;
    assert_eq!(
        ada.written().await,
        "and then",
        "the caret's key while one writes"
    );
    ada.act("helo", "edit").await;
    ada.until_written("helo").await;
    let select_all = format!("{}a{}", Key::Control, Key::Null);
    ada.type_into("#composer", &format!("{select_all}hello{}", Key::Enter))
        .await;
    ada.until_said("hello").await;
    ada.until_written("and then").await;
    assert_eq!(ada.said().await, ["hello", "hm?"]);
    assert_eq!(ada.text(".message__edited").await, "edited");
    ada.reload().await;
    ada.until_written("and then").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_change_that_can_not_be_saved_without_a_line_is_not_lost() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    ada.say("helo").await;
    ada.until_tick("helo", "sent").await;
    ada.cut().await;

    ada.act("helo", "edit").await;
    ada.type_into("#composer", &format!("!{}", Key::Enter))
        .await;
    ada.find(".toast").await;
    assert_eq!(ada.written().await, "helo!");
    assert_eq!(ada.said().await, ["helo"]);

    ada.door.lead_to(Some(server.address));
    ada.until_live().await;
    ada.type_into("#composer", &Key::Enter.to_string()).await;
    ada.until_said("helo!").await;
    ada.until_written("").await;
    ada.close().await;
    server.stop().await;
}
