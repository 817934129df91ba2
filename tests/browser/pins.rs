//! What a conversation keeps at hand: the bar under its header, and the list of all.

use fantoccini::key::Key;
use serde_json::json;

use super::accessibility::{RULES, check, open_calm};
use super::stage::{Visitor, Way, direct, fill, general};
use crate::browser::{Browser, message_of};
use crate::support::person::id;
use crate::support::{Person, TestDatabase, TestServer};

async fn until_bar(browser: &Browser, label: &str, words: &str) {
    browser
        .until(&format!(
            "!document.querySelector('.pins').hidden
                && document.querySelector('.pins__label')?.textContent === {}
                && document.querySelector('.pins__words')?.textContent === {}",
            json!(label),
            json!(words)
        ))
        .await;
}

async fn two_pin(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let members =
        json!({"name": "Engines", "member_ids": [ada.user_id().await, bob.user_id().await]});
    let (_, group) = eve.post("/api/groups", members).await;
    let group = id(&group["id"]);
    let path = format!("/c/{group}");
    let first = eve.say(group, "the **first**").await;
    let first = first["id"].as_str().unwrap();
    fill(&database.connect().await, group, eve.id, 100).await;
    eve.say(group, "the last").await;
    ada.open(&path).await;
    bob.go(&path).await;
    bob.until_live().await;
    ada.until("document.querySelector('.pins').hidden").await;

    ada.until("document.querySelector('.timeline')").await;
    ada.value("document.querySelector('.timeline__latest').click()")
        .await;
    ada.until_said("the last").await;
    ada.act("the last", "pin").await;
    for browser in [&*ada, &bob] {
        until_bar(browser, "Pinned message", "the last").await;
    }
    assert_eq!(
        eve.put(&format!("/api/messages/{first}/pin"), json!({}))
            .await
            .0,
        200
    );
    for browser in [&*ada, &bob] {
        until_bar(browser, "Pinned message 1 of 2", "the first").await;
    }

    // One after the other, however far away.
    ada.click(".pins__go").await;
    ada.until(&format!(
        "{}?.matches('.message--highlight')",
        message_of("the first")
    ))
    .await;
    until_bar(&ada, "Pinned message 2 of 2", "the last").await;
    ada.click(".pins__go").await;
    ada.until(&format!(
        "{}?.matches('.message--highlight')",
        message_of("the last")
    ))
    .await;
    until_bar(&ada, "Pinned message 1 of 2", "the first").await;

    ada.click(".pins__all").await;
    ada.find(".pinned[open]").await;
    ada.click(&format!(".pin[data-message-id=\"{first}\"] .pin__remove"))
        .await;
    for browser in [&*ada, &bob] {
        until_bar(browser, "Pinned message", "the last").await;
    }
    assert_eq!(
        ada.value("document.querySelector('.pinned').open").await,
        true
    );
    ada.click(".pin__remove").await;
    for browser in [&*ada, &bob] {
        browser
            .until(
                "document.querySelector('.pins').hidden && !document.querySelector('.pinned').open",
            )
            .await;
    }
    bob.close().await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_pinned_is_at_hand_for_all_until_it_is_taken_down() {
    two_pin(Way::Desk).await;
}

#[tokio::test]
async fn what_is_pinned_is_at_hand_over_a_stream() {
    two_pin(Way::Stream).await;
}

#[tokio::test]
async fn in_a_room_only_who_leads_it_is_offered_to_pin_and_a_change_elsewhere_is_refused_with_its_reason()
 {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    let client = database.connect().await;
    let general = general(&client).await;
    ada.say("a **rule**").await;
    ada.until_said("a rule").await;
    let offered = |action: &str| {
        format!(
            "(() => {{
                {}.dispatchEvent(new MouseEvent('contextmenu', {{ bubbles: true, cancelable: true, clientX: 9, clientY: 9 }}));
                return !document.querySelector('#message-menu [data-action={action}]').hidden;
            }})()",
            message_of("a rule")
        )
    };
    assert_eq!(ada.value(&offered("pin")).await, false);
    ada.press_chord(&Key::Escape.to_string()).await;

    client
        .execute(
            "update chat.messages set pinned_at = now() where conversation_id = $1",
            &[&general],
        )
        .await
        .unwrap();
    until_bar(&ada, "Pinned message", "a rule").await;
    check(&ada, "a pinned message", RULES).await;
    ada.click(".pins__all").await;
    ada.find(".pinned[open] .pin__link").await;
    check(&ada, "all pinned messages", RULES).await;
    assert_eq!(
        ada.value("document.querySelector('.pin__remove').getClientRects().length")
            .await,
        0
    );
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.until("document.activeElement.matches('.pins__all')")
        .await;

    // Who believes to lead and does not any more.
    ada.value("document.querySelector('.pane').dataset.role = 'admin'")
        .await;
    ada.act("a rule", "unpin").await;
    assert_eq!(
        ada.text(".toast__text").await,
        "In a room only an owner or admin can pin messages."
    );
    ada.close_despite(&["403"]).await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_taken_down_while_the_pins_are_on_their_way_is_not_shown() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let ada = Browser::enter(server.address, "Ada").await;
    let with_bob = direct(&bob, &ada).await;
    let message = bob.say(with_bob, "by mistake").await;
    ada.go(&format!("/c/{with_bob}")).await;
    ada.until_said("by mistake").await;
    // What wires the bar comes a moment after the messages.
    ada.until("document.body.querySelector(':scope > .pinned')")
        .await;
    ada.hold_answers("/pins").await;
    let pin = format!("/api/messages/{}/pin", message["id"].as_str().unwrap());
    assert_eq!(bob.put(&pin, json!({})).await.0, 200);
    ada.until_held().await;
    assert_eq!(bob.delete(&pin).await.0, 200);
    ada.until("!document.querySelector('.message__pinned')")
        .await;
    ada.value("window.asked = performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/pins')).length")
        .await;
    ada.let_answers_come().await;
    // It is asked for again.
    ada.until("performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/pins')).length > asked")
        .await;
    ada.until("document.querySelector('.pins').hidden").await;
    ada.close().await;
    server.stop().await;
}
