//! Reacting to messages: at once, live for others, by any way in, and taken back when it is refused.

use fantoccini::key::Key;
use serde_json::json;
use uuid::Uuid;

use super::accessibility::{RULES, check, open_calm};
use super::stage::{Visitor, Way, general};
use crate::browser::{Browser, message_of};
use crate::support::{Person, TestDatabase, TestServer};

/// What is counted on a message: "👍 2", the reader's own with a star.
async fn until_reactions(browser: &Browser, text: &str, expected: &[&str]) {
    browser
        .until(&format!(
            "JSON.stringify(Array.from({}?.querySelectorAll('.reaction') ?? [], (chip) =>
                `${{chip.textContent.replace(/\\s/g, '').replace(/(\\d+)$/, ' $1')}}${{chip.ariaPressed === 'true' ? '*' : ''}}`))
             === {}",
            message_of(text),
            json!(json!(expected).to_string())
        ))
        .await;
}

fn chip(text: &str, emoji: &str) -> String {
    format!(
        "{}?.querySelector('.reaction[data-emoji=\"{emoji}\"]')",
        message_of(text)
    )
}

async fn react(person: &Person, message: &serde_json::Value, emoji: &str) {
    let path = format!(
        "/api/messages/{}/reactions/{emoji}",
        message["id"].as_str().unwrap()
    );
    assert_eq!(person.put(&path, json!({})).await.0, 200);
}

async fn two_react(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;
    ada.say("tea?").await;
    bob.until_said("tea?").await;

    bob.act("tea?", "react").await;
    until_reactions(&bob, "tea?", &["👍 1*"]).await;
    until_reactions(&ada, "tea?", &["👍 1"]).await;
    ada.value(&format!("{}.click()", chip("tea?", "👍"))).await;
    until_reactions(&ada, "tea?", &["👍 2*"]).await;
    until_reactions(&bob, "tea?", &["👍 2*"]).await;
    bob.until(&format!("{}.title === 'You and Ada'", chip("tea?", "👍")))
        .await;
    bob.value(&format!("{}.click()", chip("tea?", "👍"))).await;
    until_reactions(&bob, "tea?", &["👍 1"]).await;
    until_reactions(&ada, "tea?", &["👍 1*"]).await;

    // Again and again: the last wish is the one that stays.
    ada.value(&format!(
        "[1, 2, 3].forEach(() => ({} ?? {{ click() {{}} }}).click())",
        chip("tea?", "👍")
    ))
    .await;
    until_reactions(&bob, "tea?", &[]).await;
    ada.act("tea?", "react").await;
    until_reactions(&bob, "tea?", &["👍 1"]).await;
    ada.reload().await;
    ada.until_live().await;
    until_reactions(&ada, "tea?", &["👍 1*"]).await;
    bob.close().await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn two_react_to_a_message_and_each_sees_what_the_other_does() {
    two_react(Way::Desk).await;
}

#[tokio::test]
async fn two_react_to_a_message_over_a_stream() {
    two_react(Way::Stream).await;
}

#[tokio::test]
async fn two_react_to_a_message_on_a_phone() {
    two_react(Way::Phone).await;
}

#[tokio::test]
async fn a_refused_reaction_is_taken_back_and_the_reason_said() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let general = general(&database.connect().await).await;
    let full = bob.say(general, "full").await;
    let plain = bob.say(general, "plain").await;
    for emoji in "🍏🍎🍐🍊🍋🍌🍉🍇🍓🍈🍒🍑🍍🥝🍅🍆🥑🥦🥒🌽".chars()
    {
        react(&bob, &full, &emoji.to_string()).await;
    }
    react(&bob, &plain, "👍").await;
    ada.until(&format!(
        "{}.querySelectorAll('.reaction').length === 20",
        message_of("full")
    ))
    .await;
    until_reactions(&ada, "plain", &["👍 1"]).await;

    ada.act("full", "react").await;
    assert_eq!(
        ada.text(".toast__text").await,
        "A message has at most 20 different reactions."
    );
    ada.until(&format!("!{}", chip("full", "👍"))).await;

    ada.cut().await;
    ada.value(&format!("{}.click()", chip("plain", "👍"))).await;
    ada.until("Array.from(document.querySelectorAll('.toast__text')).some(({ textContent }) => textContent.includes('can not be reached'))")
        .await;
    until_reactions(&ada, "plain", &["👍 1"]).await;
    ada.close_despite(&["409"]).await;
    server.stop().await;
}

#[tokio::test]
async fn reactions_are_chosen_by_keys_and_the_focus_stays_with_the_message() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    ada.say("tea?").await;
    ada.until_said("tea?").await;
    let focus = format!("{}.focus()", message_of("tea?"));
    let has_focus = format!("document.activeElement === {}", message_of("tea?"));

    ada.value(&focus).await;
    ada.press_chord("+").await;
    ada.find("#message-menu:popover-open").await;
    assert_eq!(
        ada.value("document.querySelectorAll('#message-menu .menu__item:not([hidden])').length")
            .await,
        0
    );
    ada.press_chord(&Key::Right.to_string()).await;
    ada.press_chord(&Key::Enter.to_string()).await;
    until_reactions(&ada, "tea?", &["❤️ 1*"]).await;
    ada.until(&has_focus).await;

    // From all of them; what was chosen stands in the row from then on.
    ada.press_chord("+").await;
    ada.press_chord(&Key::Left.to_string()).await;
    ada.press_chord(&Key::Enter.to_string()).await;
    ada.find(".emoji-picker:popover-open .emoji-picker__cell")
        .await;
    ada.type_into(".emoji-picker__query", "teacup").await;
    ada.until("document.querySelector('.emoji-picker__section--found .emoji-picker__cell')?.textContent === '🍵'")
        .await;
    ada.press_chord(&Key::Enter.to_string()).await;
    until_reactions(&ada, "tea?", &["❤️ 1*", "🍵 1*"]).await;
    ada.until(&has_focus).await;
    ada.press_chord("+").await;
    ada.until("document.activeElement.dataset.emoji === '🍵' && document.activeElement.ariaChecked === 'true'")
        .await;
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.until(&has_focus).await;

    // A chip is reached by Tab, and is what has the focus after it was pressed.
    ada.press_chord(&Key::Tab.to_string()).await;
    ada.until("!document.activeElement.matches('.message')")
        .await;
    ada.value(&format!("{}.focus()", chip("tea?", "🍵"))).await;
    ada.press_chord(&Key::Enter.to_string()).await;
    until_reactions(&ada, "tea?", &["❤️ 1*"]).await;
    ada.until(&has_focus).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_reacted_is_told_and_no_rule_is_broken_by_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    let bob = Person::guest(server.address, "Bob").await;
    let general: Uuid = general(&database.connect().await).await;
    let tea = bob.say(general, "tea?").await;
    react(&bob, &tea, "👍").await;
    until_reactions(&ada, "tea?", &["👍 1"]).await;
    ada.act("tea?", "react").await;
    until_reactions(&ada, "tea?", &["👍 2*"]).await;
    ada.until(&format!(
        "document.activeElement === {}",
        message_of("tea?")
    ))
    .await;
    check(&ada, "a message with reactions", RULES).await;

    ada.press_chord("+").await;
    ada.find("#message-menu:popover-open").await;
    check(&ada, "the quick reactions", RULES).await;
    ada.press_chord(&Key::Escape.to_string()).await;

    ada.value(&format!(
        "{}.dispatchEvent(new MouseEvent('contextmenu', {{ bubbles: true, cancelable: true, clientX: 9, clientY: 9 }}))",
        chip("tea?", "👍")
    ))
    .await;
    ada.find(".info[open]").await;
    assert_eq!(ada.text(".info .dialog__title").await, "Reactions");
    assert_eq!(
        ada.value("Array.from(document.querySelectorAll('.info__part:not([hidden]) .info__name'), (name) => name.textContent)")
            .await,
        json!(["Bob", "Ada"])
    );
    check(&ada, "who reacted", RULES).await;
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.until("!document.querySelector('.info')").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_long_press_opens_what_one_can_do_and_the_leaving_finger_presses_nothing() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Phone, server.address, "Ada").await;
    ada.say("tea?").await;
    ada.until_said("tea?").await;
    let press = async |of: String, opens: &str| {
        let place = ada
            .value(&format!(
                "(() => {{ const {{ left, top }} = {of}.getBoundingClientRect(); return {{ x: left + 12, y: top + 8 }} }})()"
            ))
            .await;
        let touch =
            |kind: &str, points: serde_json::Value| json!({"type": kind, "touchPoints": points});
        ada.devtools(
            "Input.dispatchTouchEvent",
            touch("touchStart", json!([place])),
        )
        .await;
        ada.find(opens).await;
        ada.devtools("Input.dispatchTouchEvent", touch("touchEnd", json!([])))
            .await;
        assert_eq!(
            ada.value(&format!("Boolean(document.querySelector('{opens}'))"))
                .await,
            true
        );
    };
    let bubble = format!("{}.querySelector('.message__bubble')", message_of("tea?"));
    press(bubble, "#message-menu:popover-open").await;
    // As wide as the screen, and big enough for a finger.
    assert_eq!(
        ada.value("(() => { const { left, width, bottom } = document.querySelector('#message-menu').getBoundingClientRect(); return [left, width, bottom] })()")
            .await,
        json!([0, 390, 844])
    );
    assert_eq!(
        ada.value(
            "Array.from(document.querySelectorAll('#message-menu button:not([hidden])'))
            .filter((button) => button.offsetWidth < 44 || button.offsetHeight < 44).length"
        )
        .await,
        0
    );
    ada.click("#message-menu [data-emoji='🙏']").await;
    until_reactions(&ada, "tea?", &["🙏 1*"]).await;
    press(chip("tea?", "🙏"), ".info[open]").await;
    until_reactions(&ada, "tea?", &["🙏 1*"]).await;
    ada.close().await;
    server.stop().await;
}
