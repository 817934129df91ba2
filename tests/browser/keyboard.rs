//! Everything without a mouse.

use fantoccini::key::Key;
use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::general;
use crate::browser::Browser;
use crate::support::{Client, Person, TestDatabase, TestServer};

/// What has the focus: the words of a message, or a class or id.
const FOCUSED: &str = "(({ activeElement: it }) => it.matches('.message')
    ? it.querySelector('.message__body').textContent
    : it.id || it.classList[0] || it.localName)(document)";
const MENU_IS_OPEN: &str = "document.querySelector('#message-menu').matches(':popover-open')";
const MENU_IS_CLOSED: &str = "!document.querySelector('#message-menu').matches(':popover-open')";

async fn press(browser: &Browser, key: Key) {
    browser.press_chord(&key.to_string()).await;
}

async fn until_focused(browser: &Browser, what: &str) {
    browser
        .until(&format!("{FOCUSED} === {}", json!(what)))
        .await;
}

async fn fill_general(client: &Client, sender: Uuid, count: i32) {
    client
        .execute(
            "insert into chat.messages (conversation_id, sender_id, body)
             select c.id, $1, 'message ' || n
             from chat.conversations c, generate_series(1, $2) n where c.is_general order by n",
            &[&sender, &count],
        )
        .await
        .unwrap();
}

/// Ada in the general room, after three messages of hers.
async fn three_messages(server: &TestServer) -> Browser {
    let ada = Browser::enter(server.address, "Ada").await;
    for words in ["one", "two", "three"] {
        ada.say(words).await;
        ada.until_said(words).await;
    }
    ada.until("!document.querySelector('.message--pending')")
        .await;
    ada
}

/// From the box, as a person gets there: past the button for emoji to the messages, and up.
async fn go_to_messages(browser: &Browser) {
    until_focused(browser, "composer").await;
    for _ in 0..2 {
        let back = format!("{}{}", Key::Shift, Key::Tab);
        browser.press_chord(&back).await;
    }
    until_focused(browser, "timeline").await;
    press(browser, Key::Up).await;
}

#[tokio::test]
async fn the_first_tab_comes_to_the_link_that_skips_the_list() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    ada.go("/chats").await;
    ada.until_live().await;

    press(&ada, Key::Tab).await;
    until_focused(&ada, "skip").await;
    let is_in_view = "document.activeElement.getBoundingClientRect().top >= 0";
    assert_eq!(ada.value(is_in_view).await, true);
    press(&ada, Key::Enter).await;
    until_focused(&ada, "main").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn tab_goes_from_the_list_over_the_messages_and_the_box_to_the_details_and_is_always_seen() {
    const IS_SEEN: &str = "(({ activeElement: it }) =>
        getComputedStyle(it).outlineStyle !== 'none' ||
        getComputedStyle(it.closest('.composer__fields') ?? it).boxShadow !== 'none')(document)";
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = three_messages(&server).await;
    ada.value("document.querySelector('.skip').focus()").await;

    let mut stops = Vec::new();
    loop {
        stops.push(ada.value(FOCUSED).await);
        assert_eq!(ada.value(IS_SEEN).await, true, "{stops:?}");
        if stops.last().unwrap() == "member__link" {
            break;
        }
        press(&ada, Key::Tab).await;
    }
    assert_eq!(
        Value::from(stops),
        json!([
            "skip",
            "sidebar__viewer",
            "sidebar__find",
            "sidebar__new",
            "sidebar__search",
            "conversation__link",
            "sidebar__product",
            "pane__search",
            "pane__details",
            "timeline",
            "composer__emoji",
            "composer",
            "composer__attach",
            "composer__voice",
            "details__close",
            "details__mute",
            "details__silence",
            "details__mentions",
            "details__pin",
            "details__archive",
            "details__unread",
            "details__link",
            "details__date",
            "details__calls",
            "member__link",
        ])
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn arrows_home_and_end_walk_from_message_to_message_and_escape_leads_back_to_the_box() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = three_messages(&server).await;

    go_to_messages(&ada).await;
    for (key, words) in [
        (None, "three"),
        (Some(Key::Down), "three"),
        (Some(Key::Up), "two"),
        (Some(Key::Up), "one"),
        (Some(Key::Up), "one"),
        (Some(Key::Down), "two"),
        (Some(Key::End), "three"),
        (Some(Key::Home), "one"),
    ] {
        if let Some(key) = key {
            press(&ada, key).await;
        }
        until_focused(&ada, words).await;
    }
    press(&ada, Key::Escape).await;
    until_focused(&ada, "composer").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_walks_up_comes_to_the_first_message_of_all() {
    const COUNT: i32 = 130;
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    fill_general(&database.connect().await, bob.id, COUNT).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let count = "document.querySelectorAll('.message').length";

    go_to_messages(&ada).await;
    loop {
        let before = ada.value(count).await;
        if before == COUNT {
            break;
        }
        press(&ada, Key::Home).await;
        let at = ada.value(FOCUSED).await;
        ada.until(&format!("{count} > {before}")).await;
        assert_eq!(ada.value(FOCUSED).await, at, "the focus stays");
        press(&ada, Key::Up).await;
        ada.until(&format!("{FOCUSED} !== {at}")).await;
    }
    press(&ada, Key::Home).await;
    until_focused(&ada, "message 1").await;
    press(&ada, Key::End).await;
    until_focused(&ada, "message 130").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_menu_of_a_message_opens_by_any_of_three_keys_and_escape_gives_the_focus_back() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = three_messages(&server).await;
    go_to_messages(&ada).await;
    press(&ada, Key::Up).await;

    for opener in ["Enter", "Shift+F10", "ContextMenu"] {
        until_focused(&ada, "two").await;
        match opener {
            "Enter" => press(&ada, Key::Enter).await,
            "Shift+F10" => {
                ada.press_chord(&format!("{}{}", Key::Shift, Key::F10))
                    .await;
            }
            _ => {
                // WebDriver has no name for it.
                let key = json!({"type": "rawKeyDown", "key": opener, "code": opener, "windowsVirtualKeyCode": 93});
                ada.devtools("Input.dispatchKeyEvent", key).await;
            }
        }
        ada.until(MENU_IS_OPEN).await;
        let chosen = "document.activeElement.dataset.action";
        assert_eq!(ada.value(chosen).await, "reply", "{opener}");
        for (key, action) in [
            (Key::Down, "edit"),
            (Key::Up, "reply"),
            (Key::Up, "react"),
            (Key::Left, "pick"),
            (Key::Right, "react"),
            (Key::Up, "delete"),
            (Key::Down, "react"),
            (Key::Down, "reply"),
            (Key::End, "delete"),
            (Key::Home, "react"),
        ] {
            press(&ada, key).await;
            assert_eq!(ada.value(chosen).await, action, "{opener}");
        }
        press(&ada, Key::Escape).await;
        ada.until(MENU_IS_CLOSED).await;
    }
    until_focused(&ada, "two").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_menu_stays_open_while_messages_come_and_the_one_it_is_about_changes() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    fill_general(&client, bob.id, 40).await;
    let ada = Browser::enter(server.address, "Ada").await;
    go_to_messages(&ada).await;
    until_focused(&ada, "message 40").await;
    press(&ada, Key::Enter).await;
    ada.until(MENU_IS_OPEN).await;

    client
        .execute(
            "update chat.messages set body = 'better' where body = 'message 40'",
            &[],
        )
        .await
        .unwrap();
    bob.say(general(&client).await, "one more").await;
    ada.until_said("better").await;
    ada.until_said("one more").await;
    ada.until("document.querySelector('.timeline__latest').hidden")
        .await;

    assert_eq!(ada.value(MENU_IS_OPEN).await, true);
    press(&ada, Key::Escape).await;
    until_focused(&ada, "better").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn one_letter_answers_edits_or_copies_the_message_that_has_the_focus() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = three_messages(&server).await;
    let context = |title: &str| {
        format!(
            "document.querySelector('.composer__context-title').textContent === {}",
            json!(title)
        )
    };

    go_to_messages(&ada).await;
    ada.press_chord("r").await;
    ada.until(&context("Reply to Ada")).await;
    until_focused(&ada, "composer").await;
    assert_eq!(
        ada.value("document.activeElement.value").await,
        "",
        "the letter is not written"
    );
    press(&ada, Key::Escape).await;
    ada.until(&context("")).await;
    until_focused(&ada, "composer").await;

    go_to_messages(&ada).await;
    ada.press_chord("e").await;
    ada.until("document.activeElement.value === 'three'").await;
    press(&ada, Key::Escape).await;
    ada.until("document.activeElement.value === ''").await;
    until_focused(&ada, "composer").await;

    go_to_messages(&ada).await;
    ada.press_chord("c").await;
    ada.find(".toast").await;
    until_focused(&ada, "three").await;
    press(&ada, Key::Escape).await;

    // In the empty box an arrow is enough.
    press(&ada, Key::Up).await;
    ada.until("document.activeElement.value === 'three'").await;
    ada.press_chord("!").await;
    press(&ada, Key::Enter).await;
    ada.until_said("three!").await;
    until_focused(&ada, "composer").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn after_deleting_the_focus_is_on_a_neighbour_or_on_what_is_left() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = three_messages(&server).await;
    go_to_messages(&ada).await;
    press(&ada, Key::Up).await;
    until_focused(&ada, "two").await;

    press(&ada, Key::Delete).await;
    until_focused(&ada, "three").await;
    press(&ada, Key::Delete).await;
    until_focused(&ada, "one").await;
    assert_eq!(ada.said().await, ["one"]);

    // For everyone, from the end of the menu, and only after a question.
    press(&ada, Key::Enter).await;
    ada.until(MENU_IS_OPEN).await;
    press(&ada, Key::End).await;
    press(&ada, Key::Enter).await;
    ada.find(".confirm[open]").await;
    press(&ada, Key::Escape).await;
    until_focused(&ada, "one").await;
    press(&ada, Key::Enter).await;
    ada.until(MENU_IS_OPEN).await;
    press(&ada, Key::End).await;
    press(&ada, Key::Enter).await;
    ada.find(".confirm[open]").await;
    press(&ada, Key::Tab).await;
    until_focused(&ada, "button").await;
    press(&ada, Key::Enter).await;
    until_focused(&ada, "This message was deleted").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn tab_leads_into_a_message_to_what_it_answers_and_from_there_one_gets_to_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = three_messages(&server).await;
    go_to_messages(&ada).await;
    press(&ada, Key::Home).await;
    ada.press_chord("r").await;
    until_focused(&ada, "composer").await;
    ada.say("indeed").await;
    ada.until_said("indeed").await;
    ada.until("!document.querySelector('.message--pending')")
        .await;

    go_to_messages(&ada).await;
    until_focused(&ada, "indeed").await;
    press(&ada, Key::Tab).await;
    until_focused(&ada, "message__quote").await;
    press(&ada, Key::Enter).await;
    until_focused(&ada, "one").await;
    let stops = "document.querySelectorAll('.timeline .message__quote[tabindex=\"0\"]').length";
    assert_eq!(ada.value(stops).await, 0, "of other messages it does not");
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_switcher_opens_by_a_key_finds_and_leads_there() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    for name in ["Bob", "Bea"] {
        Person::guest(server.address, name).await;
    }
    let chosen =
        "document.querySelector('.switcher [aria-selected=true] .switcher__title')?.textContent";
    let spoken = "document.getElementById(document.activeElement.getAttribute('aria-activedescendant'))?.ariaSelected === 'true'";

    ada.press_chord(&format!("{}k", Key::Control)).await;
    until_focused(&ada, "switcher__query").await;
    for letter in ["b"] {
        ada.press_chord(letter).await;
    }
    ada.until(&format!(
        "document.querySelectorAll('.switcher__option').length === 2 && {chosen}"
    ))
    .await;
    let first = ada.value(chosen).await;
    press(&ada, Key::Down).await;
    ada.until(&format!("{chosen} !== {first}")).await;
    assert_eq!(ada.value(spoken).await, true);
    let second = ada.value(chosen).await;
    press(&ada, Key::Enter).await;

    ada.until(&format!(
        "document.querySelector('.pane__title').textContent === {second}"
    ))
    .await;
    until_focused(&ada, "composer").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_focus_returns_to_where_a_dialog_was_opened() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let members = json!({"name": "Engines", "member_ids": [ada.user_id().await]});
    let (_, group) = bob.post("/api/groups", members).await;
    ada.go(&format!("/c/{}", group["id"].as_str().unwrap()))
        .await;
    ada.until_live().await;

    for (opener, dialog) in [
        ("sidebar__new", ".new-chat"),
        ("sidebar__find", ".switcher"),
        ("sidebar__viewer", ".settings"),
        ("details__leave", ".confirm"),
    ] {
        ada.value(&format!("document.querySelector('.{opener}').focus()"))
            .await;
        press(&ada, Key::Enter).await;
        ada.find(&format!("{dialog}[open]")).await;
        ada.until(&format!(
            "document.querySelector('{dialog}').contains(document.activeElement)"
        ))
        .await;
        if dialog != ".settings" && dialog != ".confirm" {
            ada.press_chord("x").await; // Escape closes what holds a search, too.
        }
        press(&ada, Key::Escape).await;
        ada.until(&format!("!document.querySelector('{dialog}').open"))
            .await;
        until_focused(&ada, opener).await;
    }

    ada.value("document.querySelector('#composer').focus()")
        .await;
    ada.press_chord(&format!("{}k", Key::Control)).await;
    until_focused(&ada, "switcher__query").await;
    press(&ada, Key::Escape).await;
    until_focused(&ada, "composer").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_group_is_started_by_keys_alone() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    for name in ["Bob", "Eve"] {
        Person::guest(server.address, name).await;
    }
    let ada = Browser::enter(server.address, "Ada").await;
    ada.value("document.querySelector('.sidebar__new').focus()")
        .await;
    press(&ada, Key::Enter).await;
    ada.until("document.querySelectorAll('.person__pick').length === 2")
        .await;

    for _ in 0..2 {
        loop {
            press(&ada, Key::Tab).await;
            if ada.value(FOCUSED).await == "person__pick" {
                break;
            }
        }
        ada.press_chord(" ").await;
    }
    press(&ada, Key::Tab).await;
    loop {
        if ada.value(FOCUSED).await == "new-chat-name" {
            break;
        }
        press(&ada, Key::Tab).await;
    }
    for letter in ["T", "e", "a"] {
        ada.press_chord(letter).await;
    }
    press(&ada, Key::Enter).await;

    ada.until("document.querySelector('.pane__title').textContent === 'Tea'")
        .await;
    until_focused(&ada, "composer").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_focus_follows_to_another_conversation_and_back_to_the_list() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let members = json!({"name": "Engines", "member_ids": [ada.user_id().await]});
    let (_, group) = bob.post("/api/groups", members).await;
    let path = format!("/c/{}", group["id"].as_str().unwrap());
    let link = format!("document.querySelector('.conversation__link[href=\"{path}\"]')");

    // At a desk one writes at once.
    ada.until(&link).await;
    ada.value(&format!("{link}.focus()")).await;
    press(&ada, Key::Enter).await;
    ada.until("document.querySelector('.pane__title').textContent === 'Engines'")
        .await;
    until_focused(&ada, "composer").await;

    // Where nothing can be written, the heading says where one is.
    let (status, _) = bob
        .delete(&format!(
            "/api/conversations/{}",
            group["id"].as_str().unwrap()
        ))
        .await;
    assert_eq!(status, 200);
    ada.go("/").await;
    ada.until_live().await;
    ada.until(&link).await;
    ada.value(&format!("{link}.focus()")).await;
    press(&ada, Key::Enter).await;
    ada.find(".composer--closed").await;
    until_focused(&ada, "pane__title").await;
    ada.close().await;

    // On a phone a keyboard would cover half of the screen.
    let eve = Browser::open_on_a_phone(server.address).await;
    eve.devtools(
        "Emulation.setTouchEmulationEnabled",
        json!({"enabled": true}),
    )
    .await;
    eve.give_name("Eve").await;
    eve.click(".pane__back").await;
    eve.until("document.querySelector('.pane--none')").await;
    until_focused(&eve, "conversation__link").await;
    eve.click(".conversation__link").await;
    eve.until("document.querySelector('.pane__title')").await;
    until_focused(&eve, "pane__title").await;

    // Unless it is there already: the first message makes a conversation, and one writes on.
    eve.go(&format!("/u/{}", bob.id)).await;
    eve.until_live().await;
    eve.type_into("#composer:enabled", "hello").await;
    eve.click(".composer__send").await;
    eve.find(".pane[data-conversation-id]").await;
    until_focused(&eve, "composer").await;
    eve.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_goes_away_when_it_is_pressed_does_not_take_the_focus_with_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    ada.value("document.querySelector('.timeline__hello').focus()")
        .await;
    press(&ada, Key::Enter).await;
    ada.until_said("👋").await;
    until_focused(&ada, "timeline").await;

    let too_long = "x".repeat(4_001);
    ada.value(&format!(
        "Object.assign(document.querySelector('#composer'), {{ maxLength: 5000, value: '{too_long}' }}).form.requestSubmit()"
    ))
    .await;
    ada.find(".message__discard").await;
    ada.value("document.querySelector('.message__discard').focus()")
        .await;
    press(&ada, Key::Enter).await;
    ada.until("!document.querySelector('.message--pending')")
        .await;
    until_focused(&ada, "timeline").await;

    press(&ada, Key::Up).await;
    until_focused(&ada, "👋").await;
    press(&ada, Key::Delete).await;
    ada.find(".toast__action").await;
    until_focused(&ada, "timeline").await;
    ada.value("document.querySelector('.toast__action').focus()")
        .await;
    press(&ada, Key::Enter).await;
    ada.until_said("👋").await;
    until_focused(&ada, "timeline").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn details_open_and_close_by_keys_and_the_focus_goes_with_them() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::open_on_a_phone(server.address).await;
    ada.give_name("Ada").await;
    let expanded = "document.querySelector('.pane__details').ariaExpanded";
    assert_eq!(ada.value(expanded).await, "false");

    ada.value("document.querySelector('.pane__details').focus()")
        .await;
    press(&ada, Key::Enter).await;
    until_focused(&ada, "details__close").await;
    assert_eq!(ada.value(expanded).await, "true");
    press(&ada, Key::Escape).await;
    until_focused(&ada, "pane__details").await;
    assert_eq!(ada.value(expanded).await, "false");
    ada.close().await;
    server.stop().await;
}
