//! Calls at the page: ringing, answering, declining, missing one, and several tabs.

use serde_json::json;
use uuid::Uuid;

use super::accessibility::{RULES, check, open_calm};
use super::alerts::{RECORDER, recorded};
use super::stage::{direct, link};
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer, column};

const RINGS: &str = "document.querySelector('.ring')?.open";
const RINGS_NOT: &str = "!document.querySelector('.ring')?.open";
const NO_BAR: &str = "!document.querySelector('.call-bar')";

/// What the bar says: `Ada · Ringing…`.
fn bar_says(text: &str) -> String {
    format!(
        "['name', 'state'].map((part) => document.querySelector(`.call-bar__${{part}}`)?.textContent).join(' · ') === '{text}'"
    )
}

/// What the call that ended last says to who looks at it, and whether that is red.
async fn left(browser: &Browser, words: &str) {
    browser
        .until(&format!(
            "Array.from(document.querySelectorAll('.message [data-words] .card__title'))
                .filter((title) => title.checkVisibility()).at(-1)?.textContent === '{words}'"
        ))
        .await;
}

struct Two {
    /// Held for as long as the test runs.
    database: TestDatabase,
    server: TestServer,
    ada: Browser,
    bob: Browser,
    chat: Uuid,
}

/// Ada and Bob, both with their direct chat open.
async fn two() -> Two {
    let database = TestDatabase::create().await;
    let server = TestServer::start_with(&database, &[("CALL_RING_SECONDS", "5")]).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Browser::open_on_a_phone(server.address).await;
    bob.give_name("Bob").await;
    let chat = between(&ada, &bob).await;
    for browser in [&ada, &bob] {
        browser.go(&format!("/c/{chat}")).await;
        browser.until_live().await;
    }
    Two {
        database,
        server,
        ada,
        bob,
        chat,
    }
}

/// The direct chat of two who are at pages.
async fn between(one: &Browser, other: &Browser) -> Uuid {
    let id = other.user_id().await;
    let made = format!(
        "(async () => (await (await fetch('/api/conversations/direct',
            {{ method: 'POST', body: JSON.stringify({{ user_id: '{id}' }}) }})).json()).id)()"
    );
    one.value(&made).await.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn one_calls_the_other_answers_and_the_call_goes_on_while_one_looks_elsewhere() {
    let Two {
        database: _database,
        server,
        ada,
        bob,
        chat,
    } = two().await;
    ada.click(".pane__call[data-call=video]").await;
    bob.until(RINGS).await;
    assert_eq!(bob.text(".ring__name").await, "Ada");
    assert_eq!(bob.text(".ring__what").await, "Video call");
    bob.until("document.title === 'Ada is calling'").await;
    ada.until(&bar_says("Bob · Ringing…")).await;
    assert_eq!(ada.value(RINGS_NOT).await, true, "who calls is not rung");
    // Where Bob is when he answers does not matter.
    bob.visit("/chats").await;
    assert_eq!(bob.value(RINGS).await, true);
    bob.click(".ring__answer").await;
    bob.until(&format!("location.pathname === '/c/{chat}'"))
        .await;
    for (browser, name) in [(&ada, "Bob"), (&bob, "Ada")] {
        browser
            .until(&bar_says(&format!("{name} · In the call")))
            .await;
        browser
            .until("/^0:0\\d$/.test(document.querySelector('.call-bar__time').textContent)")
            .await;
    }
    assert_eq!(bob.value(RINGS_NOT).await, true);
    bob.until("document.title === 'Ada'").await;
    let notice = ada.text(".call-bar__notice").await;
    assert!(notice.contains("no sound or picture"), "{notice}");

    ada.click(".conversation__link:not([aria-current])").await;
    ada.until(&format!("location.pathname !== '/c/{chat}'"))
        .await;
    ada.until(&bar_says("Bob · In the call")).await;
    ada.reload().await;
    ada.until(&bar_says("Bob · In the call")).await;
    ada.click(".call-bar__name").await;
    ada.until(&format!("location.pathname === '/c/{chat}'"))
        .await;
    ada.click(".call-bar__leave").await;
    for browser in [&ada, &bob] {
        browser.until(NO_BAR).await;
        left(browser, "Video call").await;
    }
    ada.close().await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_call_that_is_declined_cancelled_or_not_answered_says_so_on_both_sides() {
    let Two {
        database: _database,
        server,
        ada,
        bob,
        ..
    } = two().await;
    ada.click(".pane__call[data-call=audio]").await;
    bob.click(".ring__decline").await;
    ada.until(&bar_says("Bob · Declined")).await;
    left(&ada, "Declined").await;
    left(&bob, "Declined voice call").await;

    ada.click(".call-bar__again").await;
    bob.until(RINGS).await;
    ada.until(&bar_says("Bob · Ringing…")).await;
    ada.click(".call-bar__leave").await;
    bob.until(RINGS_NOT).await;
    ada.until(NO_BAR).await;
    left(&ada, "Cancelled voice call").await;
    left(&bob, "Missed voice call").await;
    let colour = "getComputedStyle(Array.from(document.querySelectorAll('.message--missed .call__others')).at(0)).color
        === getComputedStyle(document.querySelector('.ring__decline')).backgroundColor";
    assert_eq!(bob.value(colour).await, true, "what one has missed is red");

    // Called back, and not answered: ignored here, it rings out there.
    bob.value("Array.from(document.querySelectorAll('.call__again')).at(-1).click()")
        .await;
    ada.until(RINGS).await;
    bob.until(&bar_says("Ada · Ringing…")).await;
    ada.click(".ring__ignore").await;
    ada.until(RINGS_NOT).await;
    assert_eq!(
        bob.value(&bar_says("Ada · Ringing…")).await,
        true,
        "Bob can not tell"
    );
    bob.until(&bar_says("Ada · No answer")).await;
    left(&bob, "No answer").await;
    left(&ada, "Missed voice call").await;

    ada.click(".details__calls").await;
    ada.until("document.querySelectorAll('.calls__entry').length === 3")
        .await;
    assert_eq!(
        ada.value("Array.from(document.querySelectorAll('.calls__entry'), (entry) => [entry.querySelector('.calls__detail').textContent, 'missed' in entry.dataset])").await,
        json!([["↙ Missed voice call", true], ["↗ Cancelled voice call", false], ["↗ Declined", false]])
    );
    ada.click(".calls__all").await;
    ada.until("document.querySelector('.calls__all').ariaPressed === 'true'")
        .await;
    ada.click(".calls .dialog__close").await;
    ada.close().await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn of_two_tabs_that_ring_one_answers_and_the_other_stops_and_who_talks_is_busy() {
    let Two {
        database,
        server,
        ada,
        bob,
        ..
    } = two().await;
    let first = bob.tab().await;
    let second = bob.open_tab().await;
    bob.go("/chats").await;
    bob.until_live().await;
    ada.click(".pane__call[data-call=audio]").await;
    bob.until(RINGS).await;
    bob.look_at(&first).await;
    bob.click(".ring__answer").await;
    bob.until(&bar_says("Ada · In the call")).await;
    bob.look_at(&second).await;
    bob.until(RINGS_NOT).await;
    assert_eq!(
        bob.value(NO_BAR).await,
        true,
        "the call is in the other tab"
    );

    let eve = Person::guest(server.address, "Eve").await;
    let with_eve = direct(&eve, &bob).await;
    let path = format!("/api/conversations/{with_eve}/calls");
    eve.post(&path, json!({})).await;
    let client = database.connect().await;
    bob.until(&format!("document.querySelector('{}')", link(with_eve)))
        .await;
    let busy = "Array.from(document.querySelectorAll('.conversation__last')).some((last) => last.textContent === 'Missed voice call')";
    bob.until(busy).await;
    let outcomes: Vec<String> = column(
        &client,
        "select data ->> 'outcome' from chat.messages where conversation_id = $1",
        &[&with_eve],
    )
    .await;
    assert_eq!(outcomes, ["busy"]);

    bob.look_at(&first).await;
    bob.click(".call-bar__leave").await;
    ada.until(NO_BAR).await;

    ada.close().await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn of_several_tabs_one_rings_aloud_and_notifies_and_a_closed_tab_is_hung_up_by_another() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::open(server.address).await;
    ada.before_each_page(RECORDER).await;
    ada.give_name("Ada").await;
    ada.value("[localStorage.permission = 'granted', localStorage.settings = JSON.stringify({ notify: true }), sessionStorage.label = 1]")
        .await;
    let bob = Person::guest(server.address, "Bob").await;
    // Whoever does not answer the server's pings is let go, and out of the call.
    let mut bobs = bob.connect().await;
    let stays = tokio::spawn(async move {
        loop {
            bobs.settle().await;
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
    });
    let chat = direct(&bob, &ada).await;
    ada.reload().await;
    ada.until_live().await;
    ada.click("#composer").await; // Or the browser would let nothing sound.
    let first = ada.tab().await;
    let second = ada.open_tab().await;
    ada.before_each_page(RECORDER).await;
    ada.go("/chats").await;
    ada.until_live().await;
    ada.value("sessionStorage.label = 2").await;
    ada.click(".sidebar__product, body").await;
    let elsewhere = ada.open_tab().await;
    ada.go("/health").await;
    let (_, call) = bob
        .post(
            &format!("/api/conversations/{chat}/calls"),
            json!({"media": "video"}),
        )
        .await;
    ada.until("localStorage.notified && localStorage.tones")
        .await;
    assert_eq!(
        recorded(&ada, "notified").await,
        json!([["1", "Bob is calling", "Video call"]])
    );
    ada.until("JSON.parse(localStorage.tones).length >= 8")
        .await; // Twice, of four notes.
    let tones = recorded(&ada, "tones").await;
    assert!(
        tones.as_array().unwrap().iter().all(|label| label == "1"),
        "{tones}"
    );

    ada.look_at(&first).await;
    ada.click(".ring__answer").await;
    ada.until(&bar_says("Bob · In the call")).await;
    ada.close_tab().await;
    ada.look_at(&second).await;
    assert_eq!(ada.value(RINGS_NOT).await, true);
    let path = format!("/api/calls/{}", call["id"].as_str().unwrap());
    loop {
        let (_, call) = bob.get(&path).await;
        if call["state"] == "ended" {
            assert_eq!(
                call["log"].as_array().unwrap().last().unwrap()["action"],
                "hangup"
            );
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    stays.abort();
    drop(elsewhere);
    ada.close_despite(&["favicon.ico"]).await;
    server.stop().await;
}

#[tokio::test]
async fn no_rule_of_accessibility_is_broken_by_what_rings_goes_on_and_is_left() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::open(server.address).await).await;
    ada.give_name("Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let _connected = bob.connect().await;
    let chat = direct(&bob, &ada).await;
    let request = format!("/api/conversations/{chat}/calls");
    for theme in ["light", "dark"] {
        ada.value(&format!(
            "document.documentElement.dataset.theme = '{theme}'"
        ))
        .await;
        ada.visit("/chats").await;
        bob.post(&request, json!({"media": "video"})).await;
        ada.until(RINGS).await;
        check(&ada, &format!("it rings, {theme}"), RULES).await;
        assert_eq!(
            ada.value("document.activeElement.className").await,
            "button ring__answer",
            "who does nothing else can answer at once"
        );
        ada.press_chord(&fantoccini::key::Key::Enter.to_string())
            .await;
        ada.until(&bar_says("Bob · In the call")).await;
        ada.until(&format!("location.pathname === '/c/{chat}'"))
            .await;
        check(&ada, &format!("it goes on, {theme}"), RULES).await;
        ada.click(".call-bar__leave").await;
        ada.until(NO_BAR).await;
        left(&ada, "Video call").await;
        let (_, call) = bob.post(&request, json!({})).await;
        bob.post(
            &format!("/api/calls/{}/cancel", call["id"].as_str().unwrap()),
            json!({}),
        )
        .await;
        left(&ada, "Missed voice call").await;
        check(&ada, &format!("it was missed, {theme}"), RULES).await;
        ada.click(".details__calls").await;
        ada.until("document.querySelector('.calls__entry')").await;
        check(&ada, &format!("the log, {theme}"), RULES).await;
        ada.click(".calls .dialog__close").await;
    }
    // Escape, where the call has the focus, is no answer: it silences.
    ada.visit("/chats").await;
    bob.post(&request, json!({})).await;
    ada.until("document.activeElement.matches('.ring__answer')")
        .await;
    ada.press_chord(&fantoccini::key::Key::Escape.to_string())
        .await;
    ada.until(RINGS_NOT).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_page_that_opens_while_it_rings_rings_and_a_group_call_can_be_joined_later() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let cleo = Person::guest(server.address, "Cleo").await;
    let members = json!({"name": "Engines", "member_ids": [ada.user_id().await, cleo.id]});
    let (_, group) = bob.post("/api/groups", members).await;
    let group = group["id"].as_str().unwrap().to_owned();
    // They are there, or they would be hung up.
    let _connected = (bob.connect().await, cleo.connect().await);
    let (_, call) = bob
        .post(&format!("/api/conversations/{group}/calls"), json!({}))
        .await;
    let call = call["id"].as_str().unwrap().to_owned();
    ada.until(RINGS).await;
    ada.until("document.querySelector('.ring__what').textContent === 'Voice call in Engines'")
        .await;
    ada.reload().await;
    ada.until(RINGS).await;
    cleo.post(&format!("/api/calls/{call}/answer"), json!({}))
        .await;
    ada.click(".ring__decline").await;
    ada.until(RINGS_NOT).await;
    assert_eq!(
        ada.value(NO_BAR).await,
        true,
        "another conversation is open"
    );
    ada.visit(&format!("/c/{group}")).await;
    ada.until(&bar_says("Engines · 2 in a call")).await;
    ada.click(".call-bar__join").await;
    ada.until(&bar_says("Engines · 3 in the call")).await;
    bob.post(&format!("/api/calls/{call}/hangup"), json!({}))
        .await;
    ada.until(&bar_says("Engines · 2 in the call")).await;
    cleo.post(&format!("/api/calls/{call}/hangup"), json!({}))
        .await;
    ada.until(NO_BAR).await;
    left(&ada, "Voice call").await;
    ada.close().await;
    server.stop().await;
}
