//! From one conversation to another: the page and its connection stay, address and title follow.

use fantoccini::wd::WindowHandle;
use serde_json::json;

use super::stage::{direct, general, link};
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer, send};

/// Counts the connections of a page, and holds back the panes of conversations that it asks for while it is
/// told to: as they were when the server rendered them.
const WATCH: &str = "
    window.opened = 0;
    window.WebSocket = class extends WebSocket {
        constructor(...given) { super(...given); window.opened += 1; }
    };
    window.asked = [];
    window.held = {};
    const reach = window.fetch;
    window.fetch = async (path, ...rest) => {
        const response = await reach(path, ...rest);
        if (!String(path).startsWith('/parts/c/')) return response;
        const body = await response.text();
        window.asked.push(path);
        if (window.holds) await new Promise((resolve) => window.held[path.slice(-36)] = resolve);
        return new Response(body, response);
    };";

async fn watched(server: &TestServer, name: &str) -> Browser {
    let browser = Browser::open(server.address).await;
    browser.before_each_page(WATCH).await;
    browser.give_name(name).await;
    browser
}

async fn until_open(browser: &Browser, title: &str) {
    let title = json!(title);
    browser
        .until(&format!(
            "document.querySelector('.pane__title')?.textContent === {title} && document.title === {title}"
        ))
        .await;
}

#[tokio::test]
async fn the_page_and_its_one_connection_stay_while_address_and_title_follow() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = watched(&server, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let with_bob = direct(&bob, &ada).await;
    let with_eve = direct(&eve, &ada).await;
    let general = general(&database.connect().await).await;
    let place = "location.pathname";

    ada.click(&link(with_bob)).await;
    until_open(&ada, "Bob").await;
    assert_eq!(ada.value(place).await, format!("/c/{with_bob}"));
    assert_eq!(
        ada.text(".conversation__link[aria-current] .conversation__title")
            .await,
        "Bob"
    );
    ada.say("to Bob").await;
    ada.until_said("to Bob").await;
    ada.click(&link(with_eve)).await;
    until_open(&ada, "Eve").await;
    assert!(ada.said().await.is_empty(), "nothing of the other chat");
    ada.click(&link(general)).await;
    until_open(&ada, "General").await;

    ada.back().await;
    until_open(&ada, "Eve").await;
    ada.back().await;
    until_open(&ada, "Bob").await;
    assert_eq!(ada.said().await, ["to Bob"]);
    ada.forward().await;
    until_open(&ada, "Eve").await;
    assert_eq!(ada.value(place).await, format!("/c/{with_eve}"));
    eve.say(with_eve, "hello").await;
    ada.until_said("hello").await;

    assert_eq!(ada.value("opened").await, 1, "no reload, no reconnect");
    ada.reload().await;
    until_open(&ada, "Eve").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_said_while_a_pane_is_on_its_way_is_in_it_once() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = watched(&server, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_bob = direct(&bob, &ada).await;
    let client = database.connect().await;
    let general = general(&client).await;
    send(&client, bob.id, with_bob, "before").await;

    ada.value("window.holds = true").await;
    ada.click(&link(with_bob)).await;
    ada.until(&format!("held['{with_bob}']")).await;
    send(&client, bob.id, with_bob, "meanwhile").await;
    let mut bobs = bob.connect().await;
    send(&client, bob.id, general, "elsewhere").await;
    ada.until_said("elsewhere").await;
    assert_eq!(
        ada.text(".pane__title").await,
        "General",
        "it is still the old pane"
    );
    // Read before it is left, or the title would count it.
    let reader = json!(ada.user_id().await);
    bobs.next_where(|frame| {
        frame["type"] == "receipt"
            && frame["conversation_id"] == json!(general)
            && frame["user_id"] == reader
            && frame["read_seq"].as_i64() > Some(0)
    })
    .await;
    ada.until(&format!(
        "document.querySelector('[data-conversation-id=\"{general}\"] .conversation__unread').hidden"
    ))
    .await;
    ada.value(&format!("held['{with_bob}']()")).await;

    until_open(&ada, "Bob").await;
    ada.until_said("meanwhile").await;
    send(&client, bob.id, with_bob, "after").await;
    ada.until_said("after").await;
    assert_eq!(ada.said().await, ["before", "meanwhile", "after"]);
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn of_two_quick_clicks_the_last_one_counts() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = watched(&server, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let with_bob = direct(&bob, &ada).await;
    let with_eve = direct(&eve, &ada).await;

    ada.value("window.holds = true").await;
    ada.click(&link(with_bob)).await;
    ada.click(&link(with_eve)).await;
    ada.until(&format!("held['{with_eve}']")).await;
    ada.value(&format!("held['{with_eve}']()")).await;
    until_open(&ada, "Eve").await;
    // The first, if it was not given up, comes last.
    ada.value(&format!("held['{with_bob}']?.()")).await;

    ada.value("window.holds = false").await;
    eve.say(with_eve, "hello").await;
    ada.until_said("hello").await;
    assert_eq!(ada.text(".pane__title").await, "Eve");
    assert_eq!(
        ada.value("location.pathname").await,
        format!("/c/{with_eve}")
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_pane_that_does_not_come_is_told_and_the_old_one_goes_on() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = watched(&server, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_bob = direct(&bob, &ada).await;
    ada.find(&link(with_bob)).await;

    ada.value("window.working = window.fetch, window.fetch = (path, ...rest) => String(path).startsWith('/parts/c/') ? Promise.reject(new TypeError('cut')) : working(path, ...rest)")
        .await;
    ada.click(&link(with_bob)).await;
    ada.find(".toast").await;
    assert_eq!(
        ada.text(".toast__text").await,
        "The chat can not be reached just now."
    );
    assert_eq!(ada.text(".pane__title").await, "General");
    assert_eq!(ada.value("location.pathname").await, "/");
    ada.say("still here").await;
    ada.until_said("still here").await;

    ada.value("window.fetch = working").await;
    ada.click(".toast__action").await;
    until_open(&ada, "Bob").await;
    assert_eq!(
        ada.value("location.pathname").await,
        format!("/c/{with_bob}")
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_does_not_exist_is_told_and_nothing_is_left() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = watched(&server, "Ada").await;
    let nobody = "00000000-0000-0000-0000-000000000000";

    for kind in ["c", "u"] {
        ada.value(&format!(
            "Object.assign(document.body.appendChild(document.createElement('a')), {{href: '/{kind}/{nobody}', id: 'lost-{kind}'}}).click()"
        ))
        .await;
        ada.until(&format!(
            "document.querySelectorAll('.toast').length === {}",
            if kind == "c" { 1 } else { 2 }
        ))
        .await;
        assert_eq!(ada.value("location.pathname").await, "/");
    }
    ada.say("still here").await;
    ada.until_said("still here").await;
    assert_eq!(ada.value("opened").await, 1);
    ada.close_despite(&["404 (Not Found)"]).await;
    server.stop().await;
}

#[tokio::test]
async fn the_control_key_opens_another_tab_and_leaves_this_one() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = watched(&server, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_bob = direct(&bob, &ada).await;
    let here = ada.tab().await;
    ada.find(&link(with_bob)).await;

    let place = ada
        .value(&format!(
            "(({{x, y}}) => ({{x: x + 20, y: y + 20}}))(document.querySelector('{}').getBoundingClientRect())",
            link(with_bob)
        ))
        .await;
    for kind in ["mousePressed", "mouseReleased"] {
        const CONTROL: u32 = 2;
        ada.devtools(
            "Input.dispatchMouseEvent",
            json!({"type": kind, "x": place["x"], "y": place["y"], "button": "left", "clickCount": 1, "modifiers": CONTROL}),
        )
        .await;
    }
    let other = until_another(&ada, &here).await;

    assert_eq!(ada.text(".pane__title").await, "General");
    assert_eq!(ada.value("asked").await, json!([]), "nothing was fetched");
    ada.look_at(&other).await;
    ada.until("document.querySelector('.pane__title')?.textContent === 'Bob'")
        .await;
    ada.until_live().await;
    ada.close().await;
    server.stop().await;
}

async fn until_another(browser: &Browser, here: &WindowHandle) -> WindowHandle {
    loop {
        let tabs = browser.tabs().await;
        if let Some(other) = tabs.into_iter().find(|tab| tab != here) {
            return other;
        }
        // Asks the page, so that the browser gets on.
        browser.value("1").await;
    }
}

#[tokio::test]
async fn a_stranger_comes_by_the_welcome_to_where_they_wanted_to_go() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let general = general(&database.connect().await).await;
    bob.say(general, "hello").await;
    let ada = Browser::open(server.address).await;

    for path in [format!("/c/{general}"), format!("/u/{}", bob.id)] {
        ada.devtools("Network.clearBrowserCookies", json!({})).await;
        ada.go(&path).await;
        ada.give_name("Ada").await;
        assert_eq!(ada.value("location.pathname").await, path);
    }
    assert_eq!(ada.text(".pane__title").await, "Bob");
    // The page that lost its session may just have asked for its list.
    ada.close_despite(&["401 (Unauthorized)", "The list is not fresh"])
        .await;
    server.stop().await;
}

#[tokio::test]
async fn the_address_of_a_person_shows_the_chat_that_there_is_with_them() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = watched(&server, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_bob = direct(&bob, &ada).await;
    bob.say(with_bob, "hello").await;

    ada.go(&format!("/u/{}", bob.id)).await;
    ada.until_live().await;
    assert_eq!(ada.said().await, ["hello"]);
    ada.say("welcome").await;
    ada.until_said("welcome").await;
    assert_eq!(bob.history(with_bob).await, ["hello", "welcome"]);
    // From the list of people beside the general room, without leaving the page.
    ada.click(".sidebar__product").await;
    until_open(&ada, "General").await;
    ada.find("main.pane[data-ready]").await;
    ada.click(&format!(".member__link[href=\"/u/{}\"]", bob.id))
        .await;
    ada.click(".profile[open] .profile__actions a").await;
    until_open(&ada, "Bob").await;
    assert_eq!(ada.said().await, ["hello", "welcome"]);
    assert_eq!(ada.value("opened").await, 1);
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_way_past_the_list_leads_to_the_conversation_and_fetches_nothing() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = watched(&server, "Ada").await;
    ada.value("window.pane = document.querySelector('main'), document.querySelector('.sidebar__find').focus()")
        .await;

    ada.value("document.querySelector('.skip').click()").await;
    ada.until("document.activeElement.id === 'main'").await;
    ada.say("here").await;
    ada.until_said("here").await;

    assert_eq!(
        ada.value("document.querySelector('main') === pane").await,
        true
    );
    assert_eq!(ada.value("opened").await, 1);
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn on_a_phone_the_way_back_is_the_same_by_the_arrow_and_by_the_gesture() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::open_on_a_phone(server.address).await;
    ada.before_each_page(WATCH).await;
    ada.give_name("Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_bob = direct(&bob, &ada).await;
    let list_is_shown = "document.querySelector('.sidebar').getClientRects().length > 0 && location.pathname === '/chats'";

    ada.click(".pane__back").await;
    ada.until(list_is_shown).await;
    let length = ada.value("history.length").await;
    ada.click(&link(with_bob)).await;
    until_open(&ada, "Bob").await;
    ada.back().await;
    ada.until(list_is_shown).await;
    ada.click(&link(with_bob)).await;
    until_open(&ada, "Bob").await;
    ada.click(".pane__back").await;
    ada.until(list_is_shown).await;
    ada.forward().await;
    until_open(&ada, "Bob").await;

    assert_eq!(
        ada.value("history.length").await.as_i64(),
        length.as_i64().map(|length| length + 1),
        "to and fro leaves no trail"
    );
    assert_eq!(ada.value("opened").await, 1);
    ada.close().await;
    server.stop().await;
}
