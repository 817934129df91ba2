//! The box to write in: its keys, its size, its limit.

use fantoccini::key::Key;
use serde_json::json;
use uuid::Uuid;

use super::stage::{Visitor, Way, fill, general};
use crate::support::{Person, TestDatabase, TestServer};

#[tokio::test]
async fn the_box_keeps_to_the_longest_message_and_says_so() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;

    ada.click("#composer").await;
    ada.value("document.execCommand('insertText', false, 'x'.repeat(5000))")
        .await;

    assert_eq!(ada.written().await.len(), 4_000);
    assert_eq!(
        ada.text(".composer__note").await,
        "A message has at most 4000 characters."
    );
    ada.type_into("#composer", &Key::Enter.to_string()).await;
    ada.until_said(&"x".repeat(4_000)).await;
    assert_eq!(ada.text(".composer__note").await, "");
    ada.close().await;
    server.stop().await;
}

const AT_BOTTOM: &str = "(() => { const { scrollTop, scrollHeight, clientHeight } = document.querySelector('.timeline');
    return scrollHeight - scrollTop - clientHeight < 2; })()";

/// More of somebody's messages than fit in the view, and its reader at the newest.
async fn read_to_the_end(database: &TestDatabase, server: &TestServer) -> (Visitor, Person, Uuid) {
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let room = general(&client).await;
    fill(&client, room, bob.id, 40).await;
    ada.until_said("message 40").await;
    (ada, bob, room)
}

#[tokio::test]
async fn the_box_grows_with_its_text_up_to_a_limit_and_the_newest_stays_in_view() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let (ada, _, _) = read_to_the_end(&database, &server).await;
    let height = "document.querySelector('#composer').clientHeight";
    let break_line = format!("{}{}{}", Key::Shift, Key::Enter, Key::Null);

    let one = ada.value(height).await.as_f64().unwrap();
    ada.type_into("#composer", &format!("a{break_line}b{break_line}c"))
        .await;
    ada.until(&format!("{height} > {one} + 30 && {AT_BOTTOM}"))
        .await;
    ada.type_into("#composer", &break_line.repeat(40)).await;
    ada.until(&format!("{height} > 200 && {AT_BOTTOM}")).await;
    assert!(ada.value(height).await.as_f64() < Some(0.45 * 800.0));

    ada.type_into("#composer", &Key::Enter.to_string()).await;
    ada.until(&format!("{height} === {one} && {AT_BOTTOM}"))
        .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_box_that_grows_in_the_moment_of_a_scroll_leaves_the_newest_in_view() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let (ada, bob, room) = read_to_the_end(&database, &server).await;
    ada.until(AT_BOTTOM).await;
    // What looks where one is goes before what hears of the new size.
    ada.value(
        "(() => {
            document.querySelector('.timeline').dispatchEvent(new Event('scroll'));
            const box = document.querySelector('#composer');
            box.value = 'a\\n'.repeat(8);
            box.dispatchEvent(new Event('input', { bubbles: true }));
        })()",
    )
    .await;
    ada.until(AT_BOTTOM).await;
    bob.say(room, "the newest").await;
    ada.until_said("the newest").await;
    ada.until(AT_BOTTOM).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn which_enter_sends_is_the_writers_choice_and_with_ctrl_it_always_does() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let with = |key: Key, text: &str| format!("{text}{key}{}{}", Key::Enter, Key::Null);

    ada.type_into("#composer", &with(Key::Control, "by ctrl"))
        .await;
    ada.until_said("by ctrl").await;
    ada.value("localStorage.setItem('settings', JSON.stringify({ enter: false }))")
        .await;
    ada.type_into("#composer", &format!("one{}two", Key::Enter))
        .await;
    assert_eq!(ada.written().await, "one\ntwo");
    ada.type_into("#composer", &with(Key::Shift, "")).await;
    ada.until_said("one\ntwo").await;
    ada.type_into("#composer", &with(Key::Control, "by ctrl again"))
        .await;
    ada.until_said("by ctrl again").await;

    assert_eq!(ada.said().await, ["by ctrl", "one\ntwo", "by ctrl again"]);
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn enter_that_confirms_an_input_methods_candidate_neither_sends_nor_breaks() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;

    ada.type_into("#composer", "にほん").await;
    for key in ["isComposing: true", "keyCode: 229"] {
        let is_left_alone = ada
            .value(&format!(
                "document.querySelector('#composer').dispatchEvent(new KeyboardEvent('keydown',
                    {{ key: 'Enter', {key}, bubbles: true, cancelable: true }}))"
            ))
            .await;
        assert_eq!(is_left_alone, true, "it is left to the input method: {key}");
    }
    assert_eq!(ada.written().await, "にほん");
    assert!(ada.said().await.is_empty());
    ada.type_into("#composer", &Key::Enter.to_string()).await;
    ada.until_said("にほん").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn on_a_touch_keyboard_enter_breaks_and_the_button_sends() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Phone, server.address, "Ada").await;
    ada.devtools(
        "Emulation.setTouchEmulationEnabled",
        json!({"enabled": true, "maxTouchPoints": 5}),
    )
    .await;
    ada.open("/").await;
    assert_eq!(
        ada.value("matchMedia('(hover: none) and (pointer: coarse)').matches")
            .await,
        true
    );

    ada.type_into("#composer", &format!("one{}two", Key::Enter))
        .await;
    assert_eq!(ada.written().await, "one\ntwo");
    assert_eq!(
        ada.value("document.querySelector('#composer').enterKeyHint")
            .await,
        "enter"
    );
    ada.click(".composer__send").await;
    ada.until_said("one\ntwo").await;
    assert_eq!(
        ada.value("document.activeElement.id").await,
        "composer",
        "the keyboard stays"
    );
    ada.close().await;
    server.stop().await;
}
