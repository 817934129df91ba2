//! Searching in what was said: in all conversations, in the one that is open, and from the switcher.

use fantoccini::key::Key;
use serde_json::{Value, json};
use uuid::Uuid;

use super::accessibility::{RULES, check, open_calm};
use super::stage::{Visitor, Way, direct, fill, general, until_picked_out};
use crate::browser::Browser;
use crate::support::person::id;
use crate::support::{Person, TestDatabase, TestServer};

const WORDS: &str =
    "Array.from(document.querySelectorAll('.hit__words'), (words) => words.textContent)";
const MARKS: &str =
    "Array.from(document.querySelectorAll('.hit__words mark'), (mark) => mark.textContent)";

/// Types what to look for in the place of what stood there.
async fn look_for(browser: &Browser, words: &str) {
    browser
        .value(&format!(
            "(() => {{
                const field = document.querySelector('.search__query');
                field.focus();
                field.value = {};
                field.dispatchEvent(new InputEvent('input', {{ bubbles: true }}));
            }})()",
            json!(words)
        ))
        .await;
}

async fn until_found(browser: &Browser, words: &[&str]) {
    browser
        .until(&format!(
            "JSON.stringify({WORDS}) === JSON.stringify({}) && document.querySelector('.search').ariaBusy === 'false'",
            json!(words)
        ))
        .await;
}

async fn until_note(browser: &Browser, title: &str) {
    browser
        .until(&format!(
            "!document.querySelector('.search__note').hidden
                && document.querySelector('.search__title').textContent === {}
                && document.querySelector('.search__hits').childElementCount === 0",
            json!(title)
        ))
        .await;
}

async fn choose(browser: &Browser, filter: &str, value: &str) {
    browser
        .value(&format!(
            "(() => {{
                const filter = document.querySelector('.search__{filter}');
                filter.value = {};
                filter.dispatchEvent(new Event('change', {{ bubbles: true }}));
            }})()",
            json!(value)
        ))
        .await;
}

async fn until_at(browser: &Browser, place: &str) {
    browser
        .until(&format!(
            "document.querySelector('.search__place').textContent === {}",
            json!(place)
        ))
        .await;
}

async fn press(browser: &Browser, key: Key) {
    browser.press_chord(&key.to_string()).await;
}

async fn press_find(browser: &Browser) {
    browser
        .press_chord(&format!("{}f", char::from(Key::Control)))
        .await;
}

async fn group(owner: &Person, members: &[Uuid], name: &str) -> Uuid {
    let (status, group) = owner
        .post("/api/groups", json!({"name": name, "member_ids": members}))
        .await;
    assert_eq!(status, 201, "{group}");
    id(&group["id"])
}

#[tokio::test]
async fn words_parts_of_words_and_chinese_are_found_in_all_conversations_and_filters_narrow_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    let bob = Person::guest(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let engines = group(&bob, &[ada.user_id().await, eve.id], "Engines").await;
    let secret = group(&bob, &[eve.id], "Secret").await;
    bob.say(engines, "the **Banister** is loose").await;
    eve.say(engines, "a Café, 今日は晴れ").await;
    bob.say(secret, "banister, but not for you").await;
    let chat = direct(&bob, &ada).await;
    bob.say(chat, "<img src=x onerror=alert(1)> banister").await;
    let file = json!({"kind": "file", "data": {"name": "banister-plan.pdf", "url": "https://example.com/p.pdf"}});
    let path = format!("/api/conversations/{engines}/messages");
    assert_eq!(bob.post(&path, file).await.0, 201);

    ada.click(".sidebar__search").await;
    until_note(&ada, "Search in all conversations").await;
    check(&ada, "nothing looked for", RULES).await;
    look_for(&ada, "anist").await;
    let all = [
        "File: banister-plan.pdf",
        "<img src=x onerror=alert(1)> banister",
        "the Banister is loose",
    ];
    until_found(&ada, &all).await;
    assert_eq!(ada.value(MARKS).await, json!(["anist", "anist", "anist"]));
    assert_eq!(
        ada.value("document.querySelectorAll('.search img').length")
            .await,
        0
    );
    assert_eq!(
        ada.value(
            "Array.from(document.querySelectorAll('.hit__place'), (place) => place.textContent)"
        )
        .await,
        json!(["In Engines", "Direct chat", "In Engines"])
    );
    ada.until("document.querySelector('.search__status').textContent === '3 messages found'")
        .await;
    check(&ada, "what was found", RULES).await;

    choose(&ada, "kind", "file").await;
    until_found(&ada, &all[..1]).await;
    choose(&ada, "kind", "").await;
    until_found(&ada, &all).await;
    choose(&ada, "time", "1").await;
    until_found(&ada, &all).await;
    choose(&ada, "time", "days").await;
    choose(&ada, "until", "2020-01-01").await;
    until_note(&ada, "No messages with “anist”").await;
    check(&ada, "nothing found", RULES).await;
    ada.click(".search__act").await;
    until_found(&ada, &all).await;

    // Somebody's alone, chosen by the keyboard.
    ada.click(".search__from").await;
    ada.type_into(".search__name", "ev").await;
    ada.until("Array.from(document.querySelectorAll('.search__sender-name'), (name) => name.textContent).join() === 'Eve'")
        .await;
    check(&ada, "choosing whose messages", RULES).await;
    for key in [Key::Down, Key::Down, Key::Enter] {
        press(&ada, key).await;
    }
    until_note(&ada, "No messages with “anist”").await;
    assert_eq!(ada.text(".search__from").await, "From Eve");
    look_for(&ada, "cafe").await;
    until_found(&ada, &["a Café, 今日は晴れ"]).await;
    assert_eq!(ada.value(MARKS).await, json!(["Café"]));
    look_for(&ada, "晴").await;
    until_found(&ada, &["a Café, 今日は晴れ"]).await;
    ada.until(&format!("{MARKS}.join() === '晴'")).await;
    look_for(&ada, "").await;
    until_found(&ada, &["a Café, 今日は晴れ"]).await;
    ada.click(".search__reset").await;
    until_note(&ada, "Search in all conversations").await;
    look_for(&ada, "a").await;
    until_note(&ada, "Keep typing").await;

    // Back to where one came from.
    press(&ada, Key::Escape).await;
    ada.until(
        "!document.querySelector('.search') && document.activeElement.matches('.sidebar__search')",
    )
    .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn in_a_conversation_one_walks_from_hit_to_hit_however_deep_and_the_focus_stays() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let engines = group(&bob, &[ada.user_id().await], "Engines").await;
    let client = database.connect().await;
    fill(&client, engines, bob.id, 500).await;
    bob.say(general(&client).await, "message 5 of elsewhere")
        .await;
    ada.open(&format!("/c/{engines}")).await;

    press_find(&ada).await;
    until_note(&ada, "Search in this conversation").await;
    assert_eq!(
        ada.text(".search__within").await,
        "In Engines",
        "and not elsewhere"
    );
    // 5, 50 to 59, 500: more than a page would be found of "message".
    look_for(&ada, "message").await;
    until_at(&ada, "20+ messages").await;
    // Enter at once goes to the first of what was typed last, and what comes later leaves it there.
    look_for(&ada, "\"message 5\"").await;
    press(&ada, Key::Enter).await;
    until_at(&ada, "1 of 12").await;
    until_picked_out(&ada, "message 500").await;
    press(&ada, Key::F3).await;
    until_at(&ada, "2 of 12").await;
    until_picked_out(&ada, "message 59").await;
    ada.until("document.activeElement.matches('.search__query')")
        .await;
    press(&ada, Key::Down).await;
    ada.until("document.activeElement.matches('.hit__link[aria-current]')")
        .await;
    press(&ada, Key::End).await;
    until_at(&ada, "12 of 12").await;
    until_picked_out(&ada, "message 5").await;
    ada.until("document.activeElement.matches('.hit:last-child > .hit__link[aria-current]')")
        .await;
    press(&ada, Key::Up).await;
    until_at(&ada, "11 of 12").await;
    until_picked_out(&ada, "message 50").await;
    assert_eq!(
        ada.value("location.pathname").await,
        format!("/c/{engines}")
    );

    // The browser's own search is not kept from who asks for it again.
    ada.value(
        "document.addEventListener('keydown', (event) => window.kept = event.defaultPrevented)",
    )
    .await;
    press_find(&ada).await;
    ada.until("window.kept === false").await;
    press(&ada, Key::Escape).await;
    ada.until("!document.querySelector('.search') && document.activeElement.matches('#composer')")
        .await;

    // Where it is looked for everywhere, a hit leads to its conversation.
    ada.click(".pane__search").await;
    look_for(&ada, "elsewhere").await;
    until_note(&ada, "No messages with “elsewhere”").await;
    ada.click(".search__act").await;
    until_at(&ada, "1 message").await;
    press(&ada, Key::Enter).await;
    until_picked_out(&ada, "message 5 of elsewhere").await;
    until_at(&ada, "1 of 1").await;
    assert_eq!(
        ada.value("document.activeElement.className").await,
        "search__query"
    );

    // What could not be searched for is, as soon as there is a line again.
    ada.cut().await;
    look_for(&ada, "elsewhere 5").await;
    until_note(&ada, "No connection").await;
    ada.door.lead_to(Some(server.address));
    ada.until_live().await;
    until_at(&ada, "1 message").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn an_older_answer_never_takes_the_place_of_a_newer_one() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    ada.say("one alone").await;
    ada.say("another alone").await;
    ada.until_said("another alone").await;
    // The first answer waits until it is let go.
    ada.value(
        "(() => {
            const ask = window.fetch;
            window.fetch = async (path, ...how) => {
                const answer = await ask(path, { ...how[0], signal: undefined });
                if (String(path).endsWith('?q=one')) await new Promise((go) => window.letGo = go);
                return answer;
            };
        })()",
    )
    .await;
    ada.click(".sidebar__search").await;
    ada.find(".search__query").await;
    look_for(&ada, "one").await;
    ada.until("window.letGo").await;
    look_for(&ada, "another").await;
    until_found(&ada, &["another alone"]).await;
    ada.value("letGo()").await;
    look_for(&ada, "alone").await;
    until_found(&ada, &["another alone", "one alone"]).await;

    // What is deleted meanwhile is not found any more.
    ada.act("one alone", "delete").await;
    ada.click(".confirm[open] .confirm__yes").await;
    ada.until("document.querySelector('.message--deleted')")
        .await;
    look_for(&ada, "alon").await;
    until_found(&ada, &["another alone"]).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn on_a_phone_the_search_has_the_screen_and_then_a_bar_above_the_messages() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Phone, server.address, "Ada").await;
    ada.prefer("prefers-reduced-motion", "reduce").await;
    let bob = Person::guest(server.address, "Bob").await;
    let chat = direct(&bob, &ada).await;
    let client = database.connect().await;
    fill(&client, chat, bob.id, 120).await;
    bob.say(chat, &format!("message {}", "W".repeat(200))).await;
    ada.open(&format!("/c/{chat}")).await;
    ada.click(".pane__search").await;
    ada.find(".search__query").await;
    look_for(&ada, "message").await;
    until_at(&ada, "20+ messages").await;
    let shown =
        |part: &str| format!("Boolean(document.querySelector('{part}')?.getClientRects().length)");
    assert_eq!(ada.value(&shown(".timeline")).await, false);
    const TOO_WIDE: &str = "[document.documentElement, ...document.querySelectorAll('.search, .search *')]
        .filter((part) => part.getClientRects().length && part.getBoundingClientRect().right > 390).length";
    assert_eq!(ada.value(TOO_WIDE).await, 0);
    let small = ada
        .value(
            "Array.from(document.querySelectorAll('.search :is(button, select, a)'))
                .filter((part) => part.getClientRects().length && part.getBoundingClientRect().height < 43.5)
                .map((part) => part.className)",
        )
        .await;
    assert_eq!(small, json!([]), "too small for a finger");
    let zooms = ada
        .value(
            "Array.from(document.querySelectorAll('.search :is(input, select)'))
                .filter((field) => parseFloat(getComputedStyle(field).fontSize) < 16).map((field) => field.className)",
        )
        .await;
    assert_eq!(zooms, json!([]), "the page would zoom in");

    // More come as one goes on.
    ada.value("document.querySelector('.search__results').scrollTop = 1e6")
        .await;
    ada.until("document.querySelectorAll('.hit').length >= 40")
        .await;
    look_for(&ada, "\"message 12\"").await;
    until_at(&ada, "2 messages").await;
    check(&ada, "a search on a phone", RULES).await;
    look_for(&ada, "\"message 7\"").await;
    until_at(&ada, "11 messages").await;
    ada.click(".hit:last-child .hit__link").await;
    until_picked_out(&ada, "message 7").await;
    until_at(&ada, "11 of 11").await;
    assert_eq!(ada.value(&shown(".search__results")).await, false);
    ada.until("!document.querySelector('.message--highlight')")
        .await;
    check(&ada, "walking on a phone", RULES).await;
    ada.click(".search__up").await;
    until_picked_out(&ada, "message 70").await;
    ada.click(".search__back").await;
    ada.until(&shown(".search__results")).await;
    assert_eq!(ada.value(&shown(".timeline")).await, false);
    ada.click(".hit__link[aria-current]").await;
    ada.until(&shown(".timeline")).await;
    ada.click(".search__end").await;
    ada.until("!document.querySelector('.search')").await;

    // From the list, where no conversation is open.
    ada.click(".pane__back").await;
    ada.click(".sidebar__search").await;
    look_for(&ada, "\"message 8\"").await;
    until_at(&ada, "11 messages").await;
    ada.click(".hit:last-child .hit__link").await;
    until_picked_out(&ada, "message 8").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_switcher_offers_the_first_messages_below_names_and_the_way_to_all() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    let bob = Person::guest(server.address, "Bob").await;
    let engines = group(&bob, &[ada.user_id().await], "Engines").await;
    fill(&database.connect().await, engines, bob.id, 30).await;
    bob.say(engines, "the engine runs").await;

    ada.press_chord(&format!("{}k", char::from(Key::Control)))
        .await;
    ada.type_into(".switcher__query", "engine").await;
    let options = "Array.from(document.querySelectorAll('.switcher [role=option]'), (option) => option.querySelector('.switcher__title').textContent)";
    ada.until(&format!("{options}.length === 3")).await;
    let expected = json!([
        "Engines",
        "Bob in Engines",
        "Search all messages for “engine”"
    ]);
    assert_eq!(ada.value(options).await, expected);
    check(&ada, "messages in the switcher", RULES).await;
    press(&ada, Key::Down).await;
    press(&ada, Key::Enter).await;
    until_picked_out(&ada, "the engine runs").await;

    ada.press_chord(&format!("{}k", char::from(Key::Control)))
        .await;
    ada.type_into(".switcher__query", "message").await;
    ada.until(&format!("{options}.length === 6")).await;
    press(&ada, Key::Up).await;
    press(&ada, Key::Enter).await;
    until_at(&ada, "20+ messages").await;
    let query: Value = ada
        .value("document.querySelector('.search__query').value")
        .await;
    assert_eq!(query, "message");
    ada.close().await;
    server.stop().await;
}
