//! What one does with a message: answer, copy, delete for oneself or for all.

use fantoccini::key::Key;
use serde_json::json;
use uuid::Uuid;

use super::stage::{Visitor, Way, fill, general, until_picked_out};
use crate::browser::{Browser, message_of};
use crate::support::{Client, Person, TestDatabase, TestServer, run};

async fn edit(client: &Client, from: &str, to: &str) {
    let count = run(
        client,
        "update chat.messages set body = $2 where body = $1",
        &[&from, &to],
    )
    .await;
    assert_eq!(count, 1);
}

async fn an_answer_quotes(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    bob.say(general, "the question").await;
    ada.act("the question", "reply").await;
    ada.type_into("#composer", "the answer").await;
    ada.click(".composer__send").await;
    ada.until_tick("the answer", "sent").await;
    let excerpt = "document.querySelector('.timeline__messages .message__excerpt').textContent";
    // It stands among the messages a moment after it was sent.
    ada.until("document.querySelector('.timeline__messages .message__excerpt')")
        .await;
    assert_eq!(ada.text(".message__quoted").await, "Bob");
    assert_eq!(ada.value(excerpt).await, "the question");

    ada.click(".message__quote").await;
    until_picked_out(&ada, "the question").await;

    // So far away that it is not in the page any more.
    fill(&client, general, bob.id, 400).await;
    ada.until_said("message 402").await;
    ada.send("way below").await;
    ada.until_tick("way below", "sent").await;
    let question = "document.querySelector('[data-seq=\"1\"]')";
    ada.until(&format!("!{question}")).await;
    let way_below = json!({"body": "late answer", "reply_to": bob_message(&bob, general).await});
    let path = format!("/api/conversations/{general}/messages");
    assert_eq!(bob.post(&path, way_below).await.0, 201);
    ada.until_said("late answer").await;
    ada.value(&format!(
        "{}.querySelector('.message__quote').click()",
        message_of("late answer")
    ))
    .await;
    until_picked_out(&ada, "the question").await;
    ada.click(".timeline__latest").await;
    ada.until_said("late answer").await;

    edit(&client, "the question", "the better question").await;
    ada.until(&format!("{excerpt} === 'the better question'"))
        .await;
    run(
        &client,
        "delete from chat.messages where body = 'the better question'",
        &[],
    )
    .await;
    ada.until(&format!("{excerpt} === 'This message was deleted'"))
        .await;
    ada.close().await;
    server.stop().await;
}

async fn bob_message(bob: &Person, conversation: Uuid) -> String {
    let (_, page) = bob
        .get(&format!(
            "/api/conversations/{conversation}/messages?around=1&limit=1"
        ))
        .await;
    page["items"][0]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_answer_quotes_and_leads_to_what_it_answers_as_that_is_now() {
    an_answer_quotes(Way::Desk).await;
}

#[tokio::test]
async fn an_answer_quotes_and_leads_to_what_it_answers_on_a_phone() {
    an_answer_quotes(Way::Phone).await;
}

#[tokio::test]
async fn an_answer_to_a_message_that_one_has_hidden_leads_to_its_place() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    fill(&client, general, bob.id, 120).await;
    ada.until_said("message 120").await;
    ada.act("message 100", "reply").await;
    ada.say("answer").await;
    ada.until_tick("answer", "sent").await;
    ada.act("message 100", "hide").await;
    ada.until(&format!("!{}", message_of("message 100"))).await;

    ada.click(".message__quote").await;
    ada.until(&format!(
        "document.activeElement === {}",
        message_of("message 101")
    ))
    .await;
    assert_eq!(
        ada.value("document.querySelectorAll('.message--highlight').length")
            .await,
        0
    );
    ada.close().await;
    server.stop().await;
}

async fn a_message_is_hidden(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    for body in ["one", "two", "three"] {
        bob.say(general, body).await;
    }
    ada.until_said("three").await;
    let first = ada.tab().await;
    let second = ada.open_tab().await;
    ada.open("/").await;
    assert_eq!(ada.said().await, ["one", "two", "three"]);
    ada.look_at(&first).await;

    ada.act("two", "hide").await;
    ada.until(&format!("!{}", message_of("two"))).await;
    ada.click(".toast__action").await;
    ada.until_said("two").await;
    assert_eq!(ada.said().await, ["one", "two", "three"], "taken back");

    ada.act("two", "hide").await;
    ada.until(&format!("!{}", message_of("two"))).await;
    ada.look_at(&second).await;
    ada.until(&format!("!{}", message_of("two"))).await;
    edit(&client, "two", "two and a half").await;
    bob.say(general, "four").await;
    for tab in [&second, &first] {
        ada.look_at(tab).await;
        ada.until_said("four").await;
        assert_eq!(ada.said().await, ["one", "three", "four"]);
    }
    ada.reload().await;
    ada.until_said("four").await;
    assert_eq!(ada.said().await, ["one", "three", "four"]);
    assert_eq!(
        bob.history(general).await,
        ["one", "two and a half", "three", "four"]
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_message_deleted_for_oneself_stays_away_unless_it_is_taken_back() {
    a_message_is_hidden(Way::Desk).await;
}

#[tokio::test]
async fn a_message_deleted_for_oneself_stays_away_over_a_stream() {
    a_message_is_hidden(Way::Stream).await;
}

#[tokio::test]
async fn who_has_hidden_a_whole_screen_of_messages_still_reaches_the_older_ones() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    fill(&client, general, bob.id, 130).await;
    run(
        &client,
        "select chat.hide_message($1, id) from chat.messages where seq between 20 and 130",
        &[&ada.user_id().await],
    )
    .await;

    ada.open("/").await;
    ada.until_said("message 1").await;
    assert_eq!(ada.said().await.len(), 19);
    ada.open(&format!("/c/{general}/100")).await;
    ada.until_said("message 1").await;
    bob.say(general, "newest").await;
    ada.click(".timeline__latest").await;
    ada.until_said("newest").await;
    ada.until_said("message 1").await;
    assert_eq!(ada.said().await.len(), 20);
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn deleting_for_everyone_asks_first_and_leaves_a_tombstone_for_all() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;
    ada.say("a slip").await;
    bob.until_said("a slip").await;

    ada.act("a slip", "delete").await;
    ada.type_into(".confirm[open] button", &Key::Escape.to_string())
        .await;
    ada.until("!document.querySelector('.confirm').open").await;
    ada.say("next").await;
    bob.until_said("next").await;
    assert_eq!(bob.said().await, ["a slip", "next"], "thought better of");

    ada.act("a slip", "delete").await;
    ada.click(".confirm[open] .confirm__yes").await;
    for browser in [&*ada, &bob] {
        browser.until_said("This message was deleted").await;
        assert_eq!(browser.said().await, ["This message was deleted", "next"]);
    }
    let item = message_of("This message was deleted");
    bob.value(&format!(
        "{item}.dispatchEvent(new MouseEvent('contextmenu', {{ bubbles: true, cancelable: true, clientX: 9, clientY: 9 }}))"
    ))
    .await;
    assert_eq!(
        bob.value("Array.from(document.querySelectorAll('#message-menu [data-action]')).filter((button) => !button.hidden).map((button) => button.dataset.action).sort()")
            .await,
        json!(["hide", "link"])
    );
    ada.close().await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_words_of_a_message_and_the_way_to_it_can_be_copied() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let general = general(&database.connect().await).await;
    ada.value("void Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text } } })")
        .await;
    ada.say("worth keeping").await;
    ada.until_tick("worth keeping", "sent").await;

    ada.act("worth keeping", "copy").await;
    ada.until("window.copied === 'worth keeping'").await;
    ada.act("worth keeping", "link").await;
    ada.until(&format!(
        "window.copied === `${{location.origin}}/c/{general}/1`"
    ))
    .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_shown_with_emphasis_is_copied_and_changed_as_it_was_typed() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let general = general(&database.connect().await).await;
    ada.value("void Object.defineProperty(navigator, 'clipboard', { value: { writeText: async (text) => { window.copied = text } } })")
        .await;
    ada.say("**bold** and `co_de_`").await;
    ada.until_tick("bold and co_de_", "sent").await;
    assert_eq!(ada.text(".message__body strong").await, "bold");
    ada.until("document.querySelector('.conversation__last').textContent === 'bold and co_de_'")
        .await;

    ada.act("bold and co_de_", "copy").await;
    ada.until("window.copied === '**bold** and `co_de_`'").await;
    ada.act("bold and co_de_", "reply").await;
    assert_eq!(
        ada.text(".composer__context-excerpt").await,
        "bold and co_de_"
    );
    ada.act("bold and co_de_", "edit").await;
    ada.until("document.querySelector('#composer').value === '**bold** and `co_de_`'")
        .await;

    // Leads out of the page, by a new tab, and Tab comes to it only from its message.
    bob.say(
        general,
        "see https://example.com/_a_ or [this](javascript:alert(1))",
    )
    .await;
    ada.until_said("see https://example.com/_a_ or [this](javascript:alert(1))")
        .await;
    assert_eq!(
        ada.value(
            "Array.from(document.querySelectorAll('.message__body a'), (link) => [link.href, link.target, link.rel, link.tabIndex])"
        )
        .await,
        json!([["https://example.com/_a_", "_blank", "noopener noreferrer nofollow ugc", -1]])
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_few_emoji_and_nothing_else_are_large() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let size = |text: &str| {
        format!(
            "parseFloat(getComputedStyle({}.querySelector('.message__body')).fontSize)",
            message_of(text)
        )
    };

    for text in ["🎉", "👩‍👩‍👧🇩🇪", "🎉 party", "42", "🎉🎉🎉🎉"] {
        assert_eq!(ada.send(text).await, "waiting");
        ada.until_tick(text, "sent").await;
    }
    ada.reload().await;
    ada.until_said("🎉🎉🎉🎉").await;
    for text in ["🎉", "👩‍👩‍👧🇩🇪"] {
        assert!(ada.value(&size(text)).await.as_f64() > Some(30.0), "{text}");
    }
    for text in ["🎉 party", "42", "🎉🎉🎉🎉"] {
        assert!(ada.value(&size(text)).await.as_f64() < Some(20.0), "{text}");
    }
    ada.close().await;
    server.stop().await;
}
