//! Voice messages: recorded, heard before they go, sent or discarded.

use fantoccini::key::Key;
use serde_json::Value;

use super::accessibility::{RULES, check, open_calm};
use crate::browser::Browser;
use crate::support::{Client, TestDatabase, TestServer, value};

const IS_OVER: &str = "!document.querySelector('.voice') && document.querySelector('.composer__fields').checkVisibility()";

async fn begin(browser: &Browser) {
    browser.click(".composer__voice").await;
    until_state(browser, "recording").await;
}

async fn until_state(browser: &Browser, state: &str) {
    browser
        .until(&format!(
            "document.querySelector('.voice')?.dataset.state === '{state}'"
        ))
        .await;
}

async fn until_second(browser: &Browser) {
    browser
        .until("document.querySelector('.voice__time')?.textContent === '0:01'")
        .await;
}

async fn count(client: &Client) -> i64 {
    value(
        client,
        "select count(*) from chat.messages where kind = 'voice'",
        &[],
    )
    .await
}

/// As a finger does; the browser of a test has none.
async fn touch(browser: &Browser, place: &str, kind: &str, x: i32) {
    browser
        .value(&format!(
            "{place}.dispatchEvent(new PointerEvent('{kind}',
                {{ pointerType: 'touch', pointerId: 7, clientX: {x}, clientY: 800, bubbles: true, cancelable: true }}))"
        ))
        .await;
}

const BUTTON: &str = "document.querySelector('.composer__voice')";

#[tokio::test]
async fn a_recording_is_paused_heard_gone_on_with_and_sent_with_its_waveform() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = database.connect().await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;

    begin(&ada).await;
    bob.until("document.querySelector('.typing').textContent === 'Ada is recording…'")
        .await;
    until_second(&ada).await;
    ada.click(".voice__pause").await;
    until_state(&ada, "paused").await;
    bob.until("document.querySelector('.typing').textContent === ''")
        .await;
    ada.click(".voice__play").await;
    until_state(&ada, "playing").await;
    until_state(&ada, "paused").await;
    assert_eq!(
        ada.text(".voice__status").await,
        "Paused.",
        "it was played to its end"
    );
    ada.click(".voice__pause").await;
    until_state(&ada, "recording").await;
    ada.click(".voice__send").await;

    ada.until(IS_OVER).await;
    bob.until("document.querySelectorAll('.timeline__messages .message:not(.message--system)').length === 1")
        .await;
    let message: Value = value(
        &client,
        "select json_build_array(m.kind, m.body, (m.data ->> 'duration_ms')::integer between 1000 and 20000,
            json_array_length((m.data -> 'waveform')::json) between 2 and 64, e.size > 1000)
         from chat.messages m join chat.media e on e.id = any (m.media_ids)",
        &[],
    )
    .await;
    assert_eq!(message.to_string(), r#"["voice",null,true,true,true]"#);
    ada.close().await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn escape_discards_a_recording_and_the_microphone_is_let_go() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = database.connect().await;
    let ada = Browser::enter(server.address, "Ada").await;
    ada.value(
        "(() => {
            const ask = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
            navigator.mediaDevices.getUserMedia = async (what) => window.stream = await ask(what);
        })()",
    )
    .await;

    begin(&ada).await;
    assert_eq!(
        ada.value("document.activeElement.ariaLabel").await,
        "Send voice message"
    );
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.until(IS_OVER).await;

    assert_eq!(
        ada.value("stream.getTracks().map(({ readyState }) => readyState)")
            .await
            .to_string(),
        r#"["ended"]"#
    );
    ada.say("in words, then").await;
    ada.until_said("in words, then").await;
    assert_eq!(count(&client).await, 0);
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_holds_the_microphone_sends_by_letting_go_and_discards_by_sliding_away() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let client = database.connect().await;
    let ada = Browser::open_on_a_phone(server.address).await;
    ada.give_name("Ada").await;

    touch(&ada, BUTTON, "pointerdown", 350).await;
    ada.until("document.querySelector('.voice[data-held]')")
        .await;
    touch(&ada, "document.body", "pointermove", 200).await;
    ada.until(IS_OVER).await;
    touch(&ada, "document.body", "pointerup", 200).await;
    assert_eq!(
        ada.value("document.querySelectorAll('.timeline__pending .message').length")
            .await,
        0
    );

    touch(&ada, BUTTON, "pointerdown", 350).await;
    until_second(&ada).await;
    touch(&ada, "document.body", "pointerup", 350).await;
    ada.until(IS_OVER).await;
    ada.until("document.querySelectorAll('.timeline__messages .message:not(.message--system)').length === 1")
        .await;
    assert_eq!(count(&client).await, 1);

    // Who only taps has both hands free.
    touch(&ada, BUTTON, "pointerdown", 350).await;
    touch(&ada, "document.body", "pointerup", 350).await;
    until_second(&ada).await;
    ada.until("!document.querySelector('.voice[data-held]')")
        .await;
    ada.click(".voice__cancel").await;
    ada.until(IS_OVER).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn without_a_microphone_or_a_permission_it_says_so() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;

    for (error, words) in [
        ("NotAllowedError", "You have not allowed this page"),
        ("NotFoundError", "There is no microphone"),
    ] {
        ada.value(&format!(
            "navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('no', '{error}'); }}"
        ))
        .await;
        ada.click(".composer__voice").await;
        ada.until(&format!(
            "document.querySelector('.composer__note').textContent.startsWith('{words}')"
        ))
        .await;
        ada.until(IS_OVER).await;
    }
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_checker_finds_nothing_wrong_with_a_recording() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;

    begin(&ada).await;
    check(&ada, "recording", RULES).await;
    ada.click(".voice__pause").await;
    until_state(&ada, "paused").await;
    check(&ada, "paused", RULES).await;
    ada.close().await;
    server.stop().await;
}
