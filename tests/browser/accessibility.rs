//! The page for everybody: what a checker finds wrong with it, what is spoken of it, and how it is for
//! who needs it larger, calmer or in other colours.

use fantoccini::key::Key;
use serde_json::{Value, json};
use uuid::Uuid;

use super::door::Door;
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer};

/// What the console says of a server that is not there.
const UNREACHABLE: [&str; 3] = ["WebSocket connection to", "net::ERR_", "Failed to fetch"];

const AXE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/browser/npm/node_modules/axe-core/axe.min.js"
);

/// Every rule up to AA of WCAG 2.2, and what is merely good practice.
pub const RULES: &str =
    "{ runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }";
/// Of contrast also what the checker can not tell by itself is to be avoided.
const CONTRAST: &str = "{ runOnly: { type: 'rule', values: ['color-contrast'] } }";

/// The checker comes by the debugger, which no policy of the page binds.
pub async fn check(browser: &Browser, state: &str, options: &str) {
    if browser.value("typeof axe").await == "undefined" {
        let axe = std::fs::read_to_string(AXE).unwrap_or_else(|error| {
            panic!("axe-core is not installed (`make test` does that): {AXE}: {error}")
        });
        evaluate(browser, &axe).await;
    }
    let violations = evaluate(
        browser,
        &format!(
            "axe.run(document, {options}).then(({{ violations, incomplete }}) =>
                [...violations, ...incomplete.filter(({{ id }}) => id === 'color-contrast')].map(({{ id, help, nodes }}) =>
                [id, help, ...nodes.map(({{ html, failureSummary }}) => `${{html}}: ${{failureSummary}}`)]))"
        ),
    )
    .await;
    assert_eq!(violations, json!([]), "{state}: {violations:#}");
}

async fn evaluate(browser: &Browser, expression: &str) -> Value {
    let answer = browser
        .devtools(
            "Runtime.evaluate",
            json!({"expression": expression, "awaitPromise": true, "returnByValue": true}),
        )
        .await;
    assert!(answer["exceptionDetails"].is_null(), "{answer:#}");
    answer["result"]["value"].clone()
}

/// A browser where nothing moves: a colour on its way to another has no contrast yet.
pub async fn open_calm(browser: Browser) -> Browser {
    browser.prefer("prefers-reduced-motion", "reduce").await;
    browser
}

/// A group of Bob's that Ada is in, with a message of every kind that she has not read.
struct Busy {
    bob: Person,
    group: Uuid,
}

impl Busy {
    async fn begin(database: &TestDatabase, server: &TestServer, ada: &Browser) -> Self {
        let bob = Person::guest(server.address, "Bob").await;
        let members = json!({"name": "Engines", "member_ids": [ada.user_id().await]});
        let (status, group) = bob.post("/api/groups", members).await;
        assert_eq!(status, 201, "{group}");
        let group: Uuid = group["id"].as_str().unwrap().parse().unwrap();
        let path = format!("/api/conversations/{group}/messages");
        let first = bob.say(group, "What is it?").await;
        let answer = json!({"body": "An engine", "reply_to": first["id"]});
        assert_eq!(bob.post(&path, answer).await.0, 201);
        let emoji = json!({"body": "👋", "kind": "emoji"});
        assert_eq!(bob.post(&path, emoji).await.0, 201);
        let edited = bob.say(group, "It computs").await;
        let edited = format!("/api/messages/{}", edited["id"].as_str().unwrap());
        let (status, _) = bob.put(&edited, json!({"body": "It computes"})).await;
        assert_eq!(status, 200);
        let deleted = bob.say(group, "a secret").await;
        let deleted = format!("/api/messages/{}", deleted["id"].as_str().unwrap());
        assert_eq!(bob.delete(&deleted).await.0, 200);
        database
            .connect()
            .await
            .execute(
                "insert into chat.messages (conversation_id, kind, body) values ($1, 'system', 'Bob went to tea')",
                &[&group],
            )
            .await
            .unwrap();
        Self { bob, group }
    }

    fn path(&self) -> String {
        format!("/c/{}", self.group)
    }
}

/// Chooses how the page looks from its next load on.
async fn wear(browser: &Browser, look: &str) {
    browser
        .value(&format!("document.cookie = 'webchat_look={look}; path=/'"))
        .await;
}

/// Waits for a message of one's own that the server refuses.
async fn fail_to_send(browser: &Browser) {
    let too_long = "x".repeat(4_001);
    browser
        .value(&format!(
            "Object.assign(document.querySelector('#composer'), {{ maxLength: 5000, value: '{too_long}' }}).value.length"
        ))
        .await;
    browser.press_chord(&Key::Enter.to_string()).await;
    browser
        .until("document.querySelector('.message__reason')?.textContent")
        .await;
}

async fn open_dialog(browser: &Browser, opener: &str, dialog: &str) {
    browser.click(opener).await;
    browser
        .until(&format!("document.querySelector('{dialog}').open"))
        .await;
}

async fn leave(browser: &Browser, what: &str) {
    browser.press_chord(&Key::Escape.to_string()).await;
    browser
        .until(&format!("!document.querySelector('{what}')"))
        .await;
}

/// Gives the focus to the message with these words.
async fn focus_message(browser: &Browser, words: &str) {
    browser.until_said(words).await;
    browser
        .value(&format!(
            "Array.from(document.querySelectorAll('.timeline__messages .message'))
                .find((item) => item.querySelector('.message__body').textContent === {}).focus()",
            json!(words)
        ))
        .await;
}

#[tokio::test]
async fn no_rule_is_broken_by_the_pages_without_a_chat() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = open_calm(Browser::open(server.address).await).await;
    check(&browser, "welcome", RULES).await;

    browser
        .value("document.querySelector('#name').maxLength = 200")
        .await;
    browser.type_into("#name", &"x".repeat(100)).await;
    browser.click("form.welcome__form button").await;
    browser.find(".field__error").await;
    check(&browser, "welcome, with an error", RULES).await;

    browser.go("/nowhere").await;
    check(&browser, "nothing here", RULES).await;
    browser.close_despite(&["Failed to load resource"]).await;
    server.stop().await;
}

#[tokio::test]
async fn no_rule_is_broken_where_nothing_was_said_yet() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    let bob = Person::guest(server.address, "Bob").await;
    check(&ada, "the general room", RULES).await;

    ada.go(&format!("/u/{}", bob.id)).await;
    ada.until_live().await;
    check(&ada, "a direct chat that has not begun", RULES).await;

    ada.go("/chats").await;
    ada.until_live().await;
    check(&ada, "no conversation", RULES).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn no_rule_is_broken_by_messages_of_any_kind_and_what_opens_beside_them() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let door = Door::to(server.address).await;
    let ada = open_calm(Browser::enter(door.address, "Ada").await).await;
    let busy = Busy::begin(&database, &server, &ada).await;
    ada.go(&busy.path()).await;
    ada.until_live().await;
    ada.find(".message__new").await;
    ada.say("Does it?").await;
    ada.until_said("Does it?").await;
    fail_to_send(&ada).await;
    ada.find(".details").await;
    check(&ada, "a busy group, its details beside it", RULES).await;

    focus_message(&ada, "Does it?").await;
    check(&ada, "a message that has the focus", RULES).await;
    ada.press_chord(&Key::Enter.to_string()).await;
    ada.find("#message-menu:popover-open").await;
    check(&ada, "the menu of a message", RULES).await;
    leave(&ada, "#message-menu:popover-open").await;

    ada.press_chord("r").await;
    ada.find(".composer__context:not([hidden])").await;
    check(&ada, "an answer", RULES).await;
    leave(&ada, ".composer__context:not([hidden])").await;

    ada.click(".composer__emoji").await;
    ada.find(".emoji-picker:popover-open .emoji-picker__cell")
        .await;
    check(&ada, "the emoji picker", RULES).await;
    ada.type_into(".emoji-picker__query", "wave").await;
    ada.until("document.querySelector('.emoji-picker__status').textContent")
        .await;
    check(&ada, "emoji that were found", RULES).await;
    leave(&ada, ".emoji-picker:popover-open").await;
    ada.type_into("#composer", ":wav").await;
    ada.find(".emoji-completion:popover-open").await;
    check(&ada, "suggested emoji", RULES).await;
    leave(&ada, ".emoji-completion:popover-open").await;
    ada.value("document.querySelector('#composer').value = ''")
        .await;

    ada.click(".details__link").await;
    ada.find(".toast").await;
    check(&ada, "a notice", RULES).await;

    door.lead_to(None);
    ada.say("I shall wait").await;
    ada.find("[data-tick=waiting]").await;
    ada.until("!document.querySelector('p.connection').hidden")
        .await;
    check(&ada, "trouble with the connection", RULES).await;
    ada.close_despite(&UNREACHABLE).await;
    server.stop().await;
}

#[tokio::test]
async fn no_rule_is_broken_by_a_dialog() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    let busy = Busy::begin(&database, &server, &ada).await;
    Person::guest(server.address, "Eve").await;
    ada.go(&busy.path()).await;
    ada.until_live().await;

    open_dialog(&ada, ".sidebar__new", ".new-chat").await;
    ada.until("document.querySelectorAll('.person__pick').length === 2")
        .await;
    check(&ada, "new chat", RULES).await;
    ada.value("document.querySelectorAll('.person__pick').forEach((box) => box.click())")
        .await;
    ada.find(".new-chat__group:not([hidden])").await;
    check(&ada, "new chat, of several", RULES).await;
    leave(&ada, ".new-chat[open]").await;

    open_dialog(&ada, ".sidebar__find", ".switcher").await;
    ada.find(".switcher__option").await;
    check(&ada, "the switcher", RULES).await;
    ada.type_into(".switcher__query", "nobody at all").await;
    ada.until("document.querySelector('.switcher__note').textContent")
        .await;
    check(&ada, "the switcher, with nothing found", RULES).await;
    leave(&ada, ".switcher[open]").await;

    open_dialog(&ada, ".sidebar__viewer", ".settings").await;
    check(&ada, "settings", RULES).await;
    leave(&ada, ".settings[open]").await;

    open_dialog(&ada, ".details__leave", ".confirm").await;
    check(&ada, "a question", RULES).await;
    leave(&ada, ".confirm[open]").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn no_rule_is_broken_on_a_phone() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::open_on_a_phone(server.address).await).await;
    ada.give_name("Ada").await;
    let busy = Busy::begin(&database, &server, &ada).await;
    ada.go(&busy.path()).await;
    ada.until_live().await;
    check(&ada, "a conversation on a phone", RULES).await;

    ada.click(".pane__details").await;
    ada.until("document.querySelector('.details').clientWidth > 0")
        .await;
    check(&ada, "details on a phone", RULES).await;
    leave(&ada, "[data-details-asked]").await;

    ada.click(".pane__back").await;
    ada.until("document.querySelector('.sidebar').clientWidth === 390")
        .await;
    check(&ada, "the list on a phone", RULES).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn every_theme_has_contrast_enough() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    let busy = Busy::begin(&database, &server, &ada).await;
    ada.go(&busy.path()).await;
    for theme in ["light", "dark"] {
        for color in ["blue", "purple", "green", "orange"] {
            let look = format!("{theme}.{color}");
            wear(&ada, &look).await;
            ada.go("/chats").await;
            busy.bob.say(busy.group, &format!("Unread in {look}")).await;
            ada.go(&busy.path()).await;
            ada.until_live().await;
            ada.find(".message__new").await;
            assert_eq!(
                ada.value("document.documentElement.dataset.color").await,
                color
            );
            ada.say(&look).await;
            ada.until_said(&look).await;
            fail_to_send(&ada).await;
            check(&ada, &look, CONTRAST).await;

            focus_message(&ada, &look).await;
            ada.press_chord("r").await;
            focus_message(&ada, &look).await;
            ada.press_chord(&Key::Enter.to_string()).await;
            ada.find("#message-menu:popover-open").await;
            check(&ada, &format!("{look}, menu"), CONTRAST).await;
            leave(&ada, "#message-menu:popover-open").await;

            ada.type_into("#composer", ":wav").await;
            ada.find(".emoji-completion:popover-open").await;
            ada.click(".details__link").await;
            ada.find(".toast").await;
            check(
                &ada,
                &format!("{look}, suggested emoji and a notice"),
                CONTRAST,
            )
            .await;
            ada.type_into("#composer", &Key::Backspace.to_string().repeat(4))
                .await;
            open_dialog(&ada, ".sidebar__viewer", ".settings").await;
            check(&ada, &format!("{look}, settings"), CONTRAST).await;
            leave(&ada, ".settings[open]").await;
            open_dialog(&ada, ".sidebar__find", ".switcher").await;
            ada.find(".switcher__option").await;
            check(&ada, &format!("{look}, switcher"), CONTRAST).await;
            leave(&ada, ".switcher[open]").await;
            ada.click(".message__discard").await;
        }
    }
    ada.close().await;
    server.stop().await;
}

/// What was spoken of new messages, line by line.
const SPOKEN: &str =
    "Array.from(document.querySelector('.announcer').children, (line) => line.textContent)";

async fn until_spoken(browser: &Browser, lines: &[&str]) {
    browser
        .until(&format!(
            "JSON.stringify({SPOKEN}) === JSON.stringify({})",
            json!(lines)
        ))
        .await;
}

#[tokio::test]
async fn new_messages_of_others_are_spoken_in_a_sentence_each_and_history_is_not() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let busy = Busy::begin(&database, &server, &ada).await;
    ada.go(&busy.path()).await;
    ada.until_live().await;
    assert_eq!(
        ada.value("document.querySelector('.announcer').role").await,
        "log",
        "politely"
    );

    ada.say("my own").await;
    ada.until_said("my own").await;
    let first = busy.bob.say(busy.group, "hello").await;
    until_spoken(&ada, &["Bob: hello"]).await;

    let path = format!("/api/messages/{}", first["id"].as_str().unwrap());
    busy.bob.put(&path, json!({"body": "hello!"})).await;
    ada.until_said("hello!").await;
    let path = format!("/api/conversations/{}/messages", busy.group);
    let answer = json!({"body": "again", "reply_to": first["id"]});
    busy.bob.post(&path, answer).await;
    until_spoken(&ada, &["Bob: hello", "Bob, in reply to Bob: again"]).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn many_messages_at_once_are_spoken_as_their_number() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let door = Door::to(server.address).await;
    let ada = Browser::enter(door.address, "Ada").await;
    let busy = Busy::begin(&database, &server, &ada).await;
    ada.go(&busy.path()).await;
    ada.until_live().await;

    let client = database.connect().await;
    let burst = "insert into chat.messages (conversation_id, sender_id, body)
        select $1, $2, 'message ' || n from generate_series(1, 12) n";
    client
        .execute(burst, &[&busy.group, &busy.bob.id])
        .await
        .unwrap();
    until_spoken(&ada, &["12 new messages"]).await;

    door.lead_to(None);
    ada.until("document.documentElement.dataset.connection !== 'live'")
        .await;
    for n in 1..=5 {
        busy.bob.say(busy.group, &format!("missed {n}")).await;
    }
    door.lead_to(Some(server.address));
    ada.until_said("missed 5").await;
    until_spoken(&ada, &["12 new messages", "5 new messages"]).await;
    ada.close_despite(&UNREACHABLE).await;
    server.stop().await;
}

#[tokio::test]
async fn that_somebody_types_is_shown_and_interrupts_nobody() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let busy = Busy::begin(&database, &server, &ada).await;
    let mut bobs = busy.bob.connect().await;
    ada.go(&busy.path()).await;
    ada.until_live().await;

    bobs.send(json!({"type": "typing", "conversation_id": busy.group, "active": true}))
        .await;
    ada.until("document.querySelector('.typing').textContent === 'Bob is typing…'")
        .await;

    let is_live = "Boolean(document.querySelector('.typing').closest('[aria-live], [role=status], [role=log], [role=alert]'))";
    assert_eq!(ada.value(is_live).await, false);
    assert_eq!(ada.value(SPOKEN).await, json!([]));
    bobs.close().await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_message_that_gets_the_focus_is_one_sentence() {
    const NAMES: &str = "Array.from(document.querySelectorAll('.message'), (item) =>
        item.ariaLabel.replace(item.querySelector('time').textContent, 'TIME'))";
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let busy = Busy::begin(&database, &server, &ada).await;
    ada.go(&busy.path()).await;
    ada.until_live().await;

    ada.say("Does it?").await;
    ada.until_said("Does it?").await;
    let mut expected = vec![
        "Today, Bob created the group “Engines”, TIME",
        "Bob added Ada, TIME",
        "New messages, Bob: What is it?, TIME",
        "Bob, in reply to Bob: An engine, TIME",
        "Bob: 👋, TIME",
        "Bob: It computes, TIME, edited",
        "Bob: This message was deleted, TIME",
        "Bob went to tea, TIME",
        "You: Does it?, TIME, sent",
    ];
    ada.until(&format!(
        "JSON.stringify({NAMES}) === JSON.stringify({})",
        json!(expected)
    ))
    .await;

    let path = format!("/api/conversations/{}/marks", busy.group);
    busy.bob.put(&path, json!({"read_seq": 99})).await;
    *expected.last_mut().unwrap() = "You: Does it?, TIME, read";
    ada.until(&format!(
        "JSON.stringify({NAMES}) === JSON.stringify({})",
        json!(expected)
    ))
    .await;

    fail_to_send(&ada).await;
    ada.until(&format!("{NAMES}.at(-1).endsWith('x, TIME, not sent')"))
        .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_wants_less_motion_sees_none() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    ada.say("hello").await;
    ada.until_said("hello").await;
    ada.click(".details__link").await;
    ada.find(".toast").await;
    ada.value("document.documentElement.dataset.loading = ''")
        .await;

    let moving = "[...document.querySelectorAll('*')]
        .flatMap((element) => ['', '::before', '::after'].map((part) => getComputedStyle(element, part)))
        .filter(({ animationName, animationDuration, animationIterationCount, transitionDuration }) =>
            parseFloat(transitionDuration) > 0.001 ||
            animationName !== 'none' && (parseFloat(animationDuration) > 0.001 || animationIterationCount !== '1'))
        .length";
    assert_eq!(ada.value(moving).await, 0);
    ada.prefer("prefers-reduced-motion", "no-preference").await;
    assert_ne!(ada.value(moving).await, 0, "the others see some");
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn in_colours_of_the_system_everything_is_still_to_be_told_apart() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    ada.prefer("forced-colors", "active").await;
    ada.say("hello").await;
    ada.find(".message[data-tick=sent]").await;

    assert_eq!(
        ada.value("matchMedia('(forced-colors: active)').matches")
            .await,
        true
    );
    let style = |selector: &str, property: &str| {
        format!("getComputedStyle(document.querySelector('{selector}')).{property}")
    };
    for bordered in [".message__bubble", ".composer__fields", ".details__close"] {
        let color = ada.value(&style(bordered, "borderTopColor")).await;
        assert_ne!(color, "rgba(0, 0, 0, 0)", "{bordered}");
    }
    let current = ".conversation__link[aria-current]";
    assert_eq!(ada.value(&style(current, "outlineStyle")).await, "solid");
    let text = ada.value(&style("body", "color")).await;
    assert_eq!(
        ada.value(&style(".message__ticks", "backgroundColor"))
            .await,
        text,
        "ticks are drawn by their background"
    );
    assert_eq!(
        ada.value(&style("#composer:focus", "outlineStyle")).await,
        "solid"
    );

    open_dialog(&ada, ".sidebar__viewer", ".settings").await;
    let chosen = ".choice:has(:checked)";
    assert_eq!(ada.value(&style(chosen, "outlineStyle")).await, "solid");
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn on_a_phone_nothing_to_press_is_small_and_no_field_makes_the_page_zoom() {
    // Links within a line of text are as high as the line. A ninth of the screen is a hair less than 44 pixels,
    // and the groups of emoji are nine. What is pressed for a reaction is more than one sees of it.
    const SMALL: &str = "[...new Set(Array.from(
            document.querySelectorAll('a[href], button, input, textarea, [role=option]'),
            (control) => control.closest('label') ?? control))]
        .filter((control) => control.checkVisibility({ visibilityProperty: true }) && !control.closest('p:not(.message__failure), .message__body, .message__meta, .message__reactions'))
        .map((control) => [control.className || control.id, control.getBoundingClientRect()])
        .filter(([, { width, height, bottom }]) => bottom > 0 && width > 1 && (width < 43 || height < 43.9))
        .map(([name, { width, height }]) => `${name}: ${width} x ${height}`)";
    const FINE: &str = "Array.from(document.querySelectorAll('input, textarea'))
        .filter((field) => parseFloat(getComputedStyle(field).fontSize) < 16)
        .map((field) => field.className)";
    async fn measure(browser: &Browser, state: &str) {
        assert_eq!(browser.value(SMALL).await, json!([]), "{state}");
        assert_eq!(browser.value(FINE).await, json!([]), "{state}");
    }

    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::open_on_a_phone(server.address).await;
    ada.devtools(
        "Emulation.setTouchEmulationEnabled",
        json!({"enabled": true}),
    )
    .await;
    measure(&ada, "welcome").await;
    ada.give_name("Ada").await;
    let busy = Busy::begin(&database, &server, &ada).await;
    Person::guest(server.address, "Eve").await;
    ada.go(&busy.path()).await;
    ada.until_live().await;
    assert_eq!(ada.value("matchMedia('(hover: none)').matches").await, true);
    ada.click("#composer").await;
    ada.type_into("#composer", ":wav").await;
    ada.find(".emoji-completion:popover-open").await;
    measure(&ada, "a conversation, with emoji suggested").await;
    leave(&ada, ".emoji-completion:popover-open").await;

    ada.value(&format!(
        "Object.assign(document.querySelector('#composer'), {{ maxLength: 5000, value: '{}' }}).form.requestSubmit()",
        "x".repeat(4_001)
    ))
    .await;
    ada.find(".message__retry").await;
    measure(&ada, "a message that was not sent").await;
    focus_message(&ada, "It computes").await;
    ada.press_chord(&Key::Enter.to_string()).await;
    ada.find("#message-menu:popover-open").await;
    measure(&ada, "the menu of a message").await;
    ada.click("[data-action=reply]").await;
    ada.find(".composer__context:not([hidden])").await;
    measure(&ada, "an answer").await;

    ada.click(".composer__emoji").await;
    ada.find(".emoji-picker:popover-open .emoji-picker__cell")
        .await;
    measure(&ada, "the emoji picker").await;
    leave(&ada, ".emoji-picker:popover-open").await;
    ada.click(".pane__details").await;
    ada.until("document.querySelector('.details').clientWidth > 0")
        .await;
    measure(&ada, "details").await;
    ada.click(".details__link").await;
    ada.find(".toast").await;
    measure(&ada, "a notice").await;
    ada.click(".details__leave").await;
    ada.find(".confirm[open]").await;
    measure(&ada, "a question").await;
    leave(&ada, ".confirm[open]").await;
    ada.click(".details__close").await;

    ada.go("/chats").await;
    ada.until_live().await;
    measure(&ada, "the list").await;
    open_dialog(&ada, ".sidebar__new", ".new-chat").await;
    ada.until("document.querySelectorAll('.person__pick').length === 2")
        .await;
    ada.value("document.querySelectorAll('.person__pick').forEach((box) => box.click())")
        .await;
    measure(&ada, "new chat").await;
    leave(&ada, ".new-chat[open]").await;
    open_dialog(&ada, ".sidebar__find", ".switcher").await;
    ada.find(".switcher__option").await;
    measure(&ada, "the switcher").await;
    leave(&ada, ".switcher[open]").await;
    open_dialog(&ada, ".sidebar__viewer", ".settings").await;
    measure(&ada, "settings").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_page_is_laid_out_from_right_to_left_and_every_text_in_its_own_direction() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    let busy = Busy::begin(&database, &server, &ada).await;
    busy.bob.say(busy.group, "שלום").await;
    wear(&ada, "rtl").await;
    ada.go(&busy.path()).await;
    ada.until_live().await;

    let left = |selector: &str| {
        format!("document.querySelector('{selector}').getBoundingClientRect().left")
    };
    let is_mirrored = format!(
        "{} > {} && {} > {}",
        left(".sidebar"),
        left(".talk"),
        left(".talk"),
        left(".details")
    );
    assert_eq!(ada.value(&is_mirrored).await, true);
    let directions = "Array.from(document.querySelectorAll('.message__body')).slice(0, 2)
        .concat(Array.from(document.querySelectorAll('.message__body')).at(-1))
        .map((body) => getComputedStyle(body).direction)";
    assert_eq!(ada.value(directions).await, json!(["ltr", "ltr", "rtl"]));
    ada.type_into("#composer", "שלום").await;
    let typed = "getComputedStyle(document.querySelector('#composer')).direction";
    assert_eq!(ada.value(typed).await, "rtl");
    check(&ada, "from right to left", RULES).await;

    wear(&ada, "light").await;
    ada.reload().await;
    ada.until_live().await;
    assert_eq!(ada.value(directions).await, json!(["ltr", "ltr", "rtl"]));
    ada.close().await;
    server.stop().await;
}
