//! What there is to know of a message, and bringing back what was deleted.

use fantoccini::key::Key;
use serde_json::json;

use super::accessibility::{RULES, check, open_calm};
use super::stage::{Visitor, Way};
use crate::browser::{Browser, message_of};
use crate::support::person::id;
use crate::support::{Person, TestDatabase, TestServer};

#[tokio::test]
async fn the_info_of_a_message_tells_who_read_it_and_what_it_said_before() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    let bob = Person::guest(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let members = json!({"name": "Engines", "member_ids": [bob.id, eve.id]});
    let group = ada
        .value(&format!(
            "(() => {{ const request = new XMLHttpRequest(); request.open('POST', '/api/groups', false);
                request.setRequestHeader('content-type', 'application/json'); request.send({});
                return JSON.parse(request.responseText).id; }})()",
            json!(members.to_string())
        ))
        .await;
    let group = id(&group);
    ada.visit(&format!("/c/{group}")).await;
    ada.until_live().await;
    ada.say("It computs").await;
    ada.until_said("It computs").await;
    ada.type_into("#composer", &Key::Up.to_string()).await;
    ada.until_written("It computs").await;
    ada.value("document.querySelector('#composer').value = 'It computes'")
        .await;
    ada.press_chord(&Key::Enter.to_string()).await;
    ada.until_said("It computes").await;
    let marks = format!("/api/conversations/{group}/marks");
    assert_eq!(bob.put(&marks, json!({"read_seq": 99})).await.0, 200);
    assert_eq!(eve.put(&marks, json!({"delivered_seq": 99})).await.0, 200);

    ada.value(&format!("{}.focus()", message_of("It computes")))
        .await;
    ada.press_chord("i").await;
    ada.find(".info[open]").await;
    let names = |part: &str| {
        format!(
            "Array.from(document.querySelectorAll('[data-part={part}] .info__name'), (name) => name.textContent)"
        )
    };
    assert_eq!(ada.value(&names("read")).await, json!(["Bob"]));
    assert_eq!(ada.value(&names("delivered")).await, json!(["Eve"]));
    assert_eq!(ada.text(".info__body").await, "It computs");
    check(&ada, "the info of a message", RULES).await;
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.until("!document.querySelector('.info')").await;
    ada.until(&format!(
        "document.activeElement === {}",
        message_of("It computes")
    ))
    .await;
    ada.close().await;
    server.stop().await;
}

async fn delete(browser: &Browser, text: &str) {
    browser.act(text, "delete").await;
    browser.click(".confirm[open] .confirm__yes").await;
    browser.until(&format!("!{}", message_of(text))).await;
}

#[tokio::test]
async fn who_leads_a_conversation_brings_back_what_was_deleted_and_nobody_else_is_offered_to() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let members =
        json!({"name": "Engines", "member_ids": [ada.user_id().await, bob.user_id().await]});
    let (_, group) = eve.post("/api/groups", members).await;
    let group = id(&group["id"]);
    let path = format!("/api/conversations/{group}/members/{}", ada.user_id().await);
    assert_eq!(eve.put(&path, json!({"role": "admin"})).await.0, 200);
    ada.open(&format!("/c/{group}")).await;
    bob.go(&format!("/c/{group}")).await;
    bob.until_live().await;

    bob.say("by Bob").await;
    ada.until_said("by Bob").await;
    delete(&bob, "by Bob").await;
    bob.until_said("This message was deleted").await;
    assert_eq!(
        bob.value("document.querySelectorAll('.toast').length")
            .await,
        0,
        "who can not restore it is not offered to"
    );
    ada.until_said("This message was deleted").await;
    ada.act("This message was deleted", "restore").await;
    for browser in [&*ada, &bob] {
        browser.until_said("by Bob").await;
    }

    ada.say("by Ada").await;
    ada.until_tick("by Ada", "sent").await;
    delete(&ada, "by Ada").await;
    bob.until_said("This message was deleted").await;
    ada.click(".toast__action").await;
    for browser in [&*ada, &bob] {
        browser.until_said("by Ada").await;
    }
    bob.close().await;
    ada.close().await;
    server.stop().await;
}
