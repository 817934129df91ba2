//! Calling somebody by name: as one writes, and for who is called.

use fantoccini::key::Key;
use serde_json::{Value, json};
use uuid::Uuid;

use super::accessibility::{RULES, check, open_calm};
use super::stage::{Visitor, Way};
use crate::browser::{Browser, message_of};
use crate::support::person::id;
use crate::support::{Person, TestDatabase, TestServer};

const SUGGESTED: &str = "Array.from(document.querySelectorAll('.mention-completion:popover-open .completion__words'), (words) => words.textContent)";

async fn group(owner: &Person, members: &[Uuid]) -> Uuid {
    let members = json!({"name": "Engines", "member_ids": members});
    let (status, group) = owner.post("/api/groups", members).await;
    assert_eq!(status, 201, "{group}");
    id(&group["id"])
}

async fn until_suggested(browser: &Browser, names: &[&str]) {
    browser
        .until(&format!(
            "JSON.stringify({SUGGESTED}) === {}",
            json!(json!(names).to_string())
        ))
        .await;
}

async fn newest(person: &Person, group: Uuid) -> Value {
    let path = format!("/api/conversations/{group}/messages?limit=1");
    let (_, page) = person.get(&path).await;
    page["items"][0].clone()
}

async fn call(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob Builder").await;
    let eve = Person::guest(server.address, "Eve").await;
    let bea = Person::guest(server.address, "Bea").await;
    let group = group(&eve, &[ada.user_id().await, bob.user_id().await, bea.id]).await;
    ada.open(&format!("/c/{group}")).await;
    let mark = format!(
        "document.querySelector('[data-conversation-id=\"{group}\"] .conversation__mentions')"
    );
    bob.until(&mark).await;

    ada.type_into("#composer", "tea @b").await;
    until_suggested(&ada, &["Bea", "Bob Builder"]).await;
    ada.type_into("#composer", "uil").await;
    until_suggested(&ada, &["Bob Builder"]).await;
    match way {
        Way::Phone => ada.click(".mention-completion .completion__option").await,
        _ => ada.press_chord(&Key::Enter.to_string()).await,
    }
    ada.until_written("tea @Bob Builder ").await;
    ada.type_into("#composer", "and @Bea").await;
    ada.value("document.querySelector('form.composer').requestSubmit()")
        .await;
    ada.until_said("tea @Bob Builder and @Bea").await;
    let message = newest(&eve, group).await;
    assert_eq!(
        message["data"]["mentions"],
        json!([bob.user_id().await]),
        "a name that was only typed is no call"
    );
    ada.find(&format!(".mention[data-user=\"{}\"]", bob.user_id().await))
        .await;

    // Bob is in the general room: the list says so until he has read it.
    bob.until(&format!("!{mark}.hidden")).await;
    bob.visit(&format!("/c/{group}")).await;
    bob.until(&format!("{mark}.hidden")).await;

    // A change keeps whom it calls, and calls who is chosen in it.
    ada.act("tea @Bob Builder and @Bea", "edit").await;
    ada.type_into("#composer", "! @e").await;
    until_suggested(&ada, &["Eve"]).await;
    ada.press_chord(&Key::Tab.to_string()).await;
    ada.until_written("tea @Bob Builder and @Bea! @Eve ").await;
    ada.value("document.querySelector('form.composer').requestSubmit()")
        .await;
    ada.until_said("tea @Bob Builder and @Bea! @Eve").await;
    let message = newest(&eve, group).await;
    assert_eq!(
        message["data"]["mentions"],
        json!([bob.user_id().await, eve.id])
    );
    bob.close().await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn somebody_is_called_by_keys_and_hears_of_it() {
    call(Way::Desk).await;
}

#[tokio::test]
async fn somebody_is_called_by_touch_and_hears_of_it() {
    call(Way::Phone).await;
}

#[tokio::test]
async fn somebody_is_called_over_a_stream() {
    call(Way::Stream).await;
}

#[tokio::test]
async fn what_is_written_without_a_line_calls_when_it_arrives_and_a_draft_remembers_whom() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let eve = Person::guest(server.address, "Eve").await;
    let group = group(&eve, &[ada.user_id().await]).await;
    ada.open(&format!("/c/{group}")).await;
    ada.type_into("#composer", "@e").await;
    until_suggested(&ada, &["Eve"]).await;
    ada.press_chord(&Key::Enter.to_string()).await;
    ada.until_written("@Eve ").await;
    ada.reload().await;
    ada.until_live().await;
    ada.until_written("@Eve ").await;

    ada.cut().await;
    ada.say("tea?").await;
    ada.until_tick("@Eve tea?", "waiting").await;
    ada.door.lead_to(Some(server.address));
    ada.until_tick("@Eve tea?", "sent").await;
    assert_eq!(
        newest(&eve, group).await["data"]["mentions"],
        json!([eve.id])
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn where_only_calls_are_wanted_nothing_else_is_told() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    let eve = Person::guest(server.address, "Eve").await;
    let group = group(&eve, &[ada.user_id().await]).await;
    ada.value(&format!(
        "void fetch('/api/conversations/{group}/preferences', {{ method: 'PUT', headers: {{ 'content-type': 'application/json' }},
            body: JSON.stringify({{ notify: 'mentions', muted_until: 'infinity' }}) }})"
    ))
    .await;
    ada.until(&format!(
        "document.querySelector('[data-conversation-id=\"{group}\"][data-muted]')?.dataset.notify === 'mentions'"
    ))
    .await;
    eve.say(group, "nothing for Ada").await;
    ada.until(&format!(
        "document.querySelector('[data-conversation-id=\"{group}\"] .conversation__count').textContent === '1'"
    ))
    .await;
    let path = format!("/api/conversations/{group}/messages");
    let calls = json!({"body": "@Ada, come", "data": {"mentions": [ada.user_id().await]}});
    assert_eq!(eve.post(&path, calls).await.0, 201);
    assert_eq!(ada.text(".toast__text").await, "@Ada, come");
    assert_eq!(
        ada.value("document.querySelectorAll('.toast').length")
            .await,
        1
    );
    ada.find(".conversation__mentions:not([hidden])").await;

    ada.visit(&format!("/c/{group}")).await;
    ada.until_said("@Ada, come").await;
    ada.type_into("#composer", "@e").await;
    until_suggested(&ada, &["Eve"]).await;
    check(&ada, "people to call", RULES).await;
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.until("!document.querySelector('.mention-completion:popover-open')")
        .await;
    assert_eq!(ada.written().await, "@e");
    ada.until(&message_of("@Ada, come")).await;
    ada.close().await;
    server.stop().await;
}
