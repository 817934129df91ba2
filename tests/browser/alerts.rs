//! What draws a person to the page while they look elsewhere, and what leaves them in peace.

use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::{direct, general, link};
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer, run, send};

/// Writes down what a tab would have shown and played, where all tabs of the browser can read it.
pub(super) const RECORDER: &str = "
    const record = (key, entry) =>
        localStorage[key] = JSON.stringify([...JSON.parse(localStorage[key] ?? '[]'), entry]);
    window.Notification = class extends EventTarget {
        static permission = localStorage.permission ?? 'default';
        static async requestPermission() {
            record('asked', navigator.userActivation.isActive);
            return Notification.permission = localStorage.permission = localStorage.answer ?? 'granted';
        }
        constructor(title, { body }) {
            super();
            record('notified', [sessionStorage.label, title, body]);
            window.notification = this;
        }
        close() {}
    };
    class Node {
        gain = { setValueAtTime() {}, linearRampToValueAtTime() {}, exponentialRampToValueAtTime() {} };
        connect(other) { return other; }
        start() { record('tones', sessionStorage.label); }
        stop() {}
    }
    window.AudioContext = class { currentTime = 0; destination = null; };
    window.OscillatorNode = class extends Node {};
    window.GainNode = class extends Node {};";

pub(super) async fn recorded(browser: &Browser, key: &str) -> Value {
    browser
        .value(&format!("JSON.parse(localStorage.{key} ?? '[]')"))
        .await
}

async fn enter_recorded(server: &TestServer) -> Browser {
    let ada = Browser::open(server.address).await;
    ada.before_each_page(RECORDER).await;
    ada.give_name("Ada").await;
    ada.value("sessionStorage.label = 1").await;
    ada
}

async fn open_settings(browser: &Browser) {
    browser.click(".sidebar__viewer").await;
    browser
        .until("document.querySelector('.settings').open")
        .await;
}

async fn switch(browser: &Browser, name: &str) {
    open_settings(browser).await;
    browser
        .click(&format!(".settings input[name={name}]"))
        .await;
    browser.click(".settings .dialog__close").await;
}

async fn group(person: &Person, browser: &Browser) -> Uuid {
    let members = json!({"name": "Engines", "member_ids": [browser.user_id().await]});
    let (_, group) = person.post("/api/groups", members).await;
    group["id"].as_str().unwrap().parse().unwrap()
}

fn last_is(conversation: Uuid, text: &str) -> String {
    format!(
        "document.querySelector('{} .conversation__last')?.textContent === '{text}'",
        link(conversation)
    )
}

/// A tab that was closed a moment ago may still be counted among those that somebody looks at.
async fn until_nobody_looks(browser: &Browser) {
    browser
        .value(
            "(async () => {
                const looks = ({ name }) => name === 'webchat-eyes';
                while ((await navigator.locks.query()).held.some(looks)) await new Promise(requestAnimationFrame);
            })()",
        )
        .await;
}

#[tokio::test]
async fn of_three_tabs_one_speaks_and_notifies_only_while_none_is_looked_at() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = enter_recorded(&server).await;
    let ada_id = ada.user_id().await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_bob = direct(&bob, &ada).await;
    let group = group(&bob, &ada).await;
    let client = database.connect().await;
    let general = general(&client).await;
    ada.find(&link(with_bob)).await;
    assert_eq!(
        recorded(&ada, "asked").await,
        json!([]),
        "nobody is asked unasked"
    );
    switch(&ada, "notify").await;
    ada.until("localStorage.permission === 'granted'").await;
    assert_eq!(recorded(&ada, "asked").await, json!([true]), "by a click");
    let mut tabs = vec![ada.tab().await];
    for n in 2..=3 {
        tabs.push(ada.open_tab().await);
        ada.before_each_page(RECORDER).await;
        ada.go("/").await;
        ada.until_live().await;
        ada.value(&format!("sessionStorage.label = {n}")).await;
        ada.click("#composer").await; // Or the browser would let nothing sound.
    }

    bob.say(with_bob, "to who is here").await;
    ada.find(".toast").await;
    assert_eq!(ada.text(".toast__title").await, "Bob");
    assert_eq!(ada.text(".toast__text").await, "to who is here");
    ada.until("localStorage.tones").await;
    ada.click(".toast__action").await;
    ada.until_said("to who is here").await;
    assert_eq!(
        ada.value("location.pathname").await,
        format!("/c/{with_bob}")
    );
    ada.find("#composer:enabled").await;
    assert_eq!(
        ada.value("document.querySelectorAll('.toast').length")
            .await,
        0
    );
    bob.say(with_bob, "seen at once").await;
    ada.until_said("seen at once").await;

    // Elsewhere, yet where what was recorded can be read.
    let elsewhere = ada.open_tab().await;
    ada.go("/health").await;
    bob.say(with_bob, "to who is away").await;
    ada.until("localStorage.notified").await;
    run(
        &client,
        "select chat.set_preferences($1, $2, p_muted_until => 'infinity')",
        &[&ada_id, &group],
    )
    .await;
    bob.say(group, "muted").await;
    send(&client, ada_id, with_bob, "one's own").await;
    run(
        &client,
        "insert into chat.messages (conversation_id, kind, body) values ($1, 'system', 'the system''s')",
        &[&general],
    )
    .await;
    bob.say(general, "to everyone").await;
    ada.until("localStorage.notified.includes('to everyone')")
        .await;
    assert_eq!(
        recorded(&ada, "notified").await,
        json!([
            ["1", "Bob", "to who is away"],
            ["1", "Bob in General", "to everyone"],
        ])
    );
    let tones = recorded(&ada, "tones").await;
    assert!(
        tones.as_array().unwrap().iter().all(|label| label == "1"),
        "{tones}"
    );

    // When the one that spoke is gone, another takes its turn.
    ada.look_at(&tabs[0]).await;
    ada.close_tab().await;
    ada.look_at(&elsewhere).await;
    until_nobody_looks(&ada).await;
    bob.say(with_bob, "and now").await;
    ada.until("localStorage.notified.includes('and now')").await;
    assert_eq!(
        recorded(&ada, "notified").await[2],
        json!(["2", "Bob", "and now"])
    );
    ada.look_at(&tabs[1]).await;
    ada.value("notification.dispatchEvent(new Event('click'))")
        .await;
    ada.until_said("and now").await;
    ada.close_despite(&["favicon.ico"]).await;
    server.stop().await;
}

#[tokio::test]
async fn what_is_muted_by_the_button_counts_and_is_silent_in_all_tabs() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = enter_recorded(&server).await;
    let bob = Person::guest(server.address, "Bob").await;
    let group = group(&bob, &ada).await;
    let with_bob = direct(&bob, &ada).await;
    let first = ada.tab().await;
    let other = ada.open_tab().await;
    ada.before_each_page(RECORDER).await;
    ada.go(&format!("/c/{group}")).await;
    ada.until_live().await;

    ada.look_at(&first).await;
    ada.click(&link(group)).await;
    ada.until("document.title === 'Engines'").await;
    ada.click(".details__mute").await;
    let is_muted = |is: bool| {
        format!(
            "document.querySelector('.details__mute').ariaPressed === '{is}' &&
             document.querySelector('.conversation[data-conversation-id=\"{group}\"]').hasAttribute('data-muted') === {is}"
        )
    };
    ada.until(&is_muted(true)).await;
    ada.click(".sidebar__product").await;
    ada.until("document.title === 'General'").await;
    bob.say(group, "hush").await;
    ada.until(&last_is(group, "hush")).await;
    ada.until("document.title === '(1) General'").await;
    assert_eq!(
        ada.value("document.querySelectorAll('.toast').length")
            .await,
        0
    );
    assert_eq!(recorded(&ada, "tones").await, json!([]));
    bob.say(with_bob, "not muted").await;
    ada.find(".toast").await;
    assert_eq!(ada.text(".toasts").await, "Bobnot mutedOpen");

    ada.look_at(&other).await;
    ada.until(&is_muted(true)).await;
    ada.click(".details__mute").await;
    ada.until(&is_muted(false)).await;
    ada.look_at(&first).await;
    bob.say(group, "loud").await;
    ada.until("document.querySelector('.toasts').textContent.includes('loud')")
        .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn title_and_icon_tell_what_is_unread_and_forget_it_when_it_is_read() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = enter_recorded(&server).await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_bob = direct(&bob, &ada).await;
    let icon = "document.querySelector('link[rel=icon]').href.split('/').pop()";
    assert_eq!(ada.value(icon).await, "icon.svg");

    bob.say(with_bob, "one").await;
    bob.say(with_bob, "two").await;
    ada.until("document.title === '(2) General'").await;
    assert_eq!(ada.value(icon).await, "icon-unread.svg");
    assert_eq!(
        ada.value(
            "fetch(document.querySelector('link[rel=icon]').href).then(({status}) => status)"
        )
        .await,
        200
    );
    ada.reload().await;
    ada.until(&format!(
        "document.title === '(2) General' && {icon} === 'icon-unread.svg'"
    ))
    .await;

    ada.click(&link(with_bob)).await;
    ada.until(&format!(
        "document.title === 'Bob' && {icon} === 'icon.svg'"
    ))
    .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_refused_permission_is_told_and_the_switch_goes_back() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = enter_recorded(&server).await;

    ada.value("localStorage.answer = 'denied'").await;
    open_settings(&ada).await;
    ada.click(".settings input[name=notify]").await;
    ada.until("document.querySelector('#settings-note').textContent.includes('does not allow it')")
        .await;
    assert_eq!(
        ada.value("document.querySelector('.settings input[name=notify]').checked")
            .await,
        false
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_sound_has_a_switch_that_is_kept() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = enter_recorded(&server).await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_bob = direct(&bob, &ada).await;

    switch(&ada, "sound").await;
    switch(&ada, "enter").await;
    ada.reload().await;
    ada.until_live().await;
    open_settings(&ada).await;
    assert_eq!(
        ada.value("['enter', 'sound', 'notify'].map((name) => document.querySelector(`.settings input[name=${name}]`).checked)")
            .await,
        json!([false, false, false])
    );
    ada.click(".settings .dialog__close").await;
    bob.say(with_bob, "quiet").await;
    ada.find(".toast").await;
    assert_eq!(recorded(&ada, "tones").await, json!([]));

    switch(&ada, "sound").await;
    bob.say(with_bob, "loud").await;
    ada.until("localStorage.tones").await;
    // Two notes; what comes in the same moment has no sound of its own.
    assert_eq!(recorded(&ada, "tones").await, json!(["1", "1"]));
    ada.close().await;
    server.stop().await;
}
