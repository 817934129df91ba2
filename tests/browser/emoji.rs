//! Choosing emoji, from the picker and by their shortcodes.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::support::{TestDatabase, TestServer};

const BUTTON: &str = ".composer__emoji";
const QUERY: &str = ".emoji-picker:popover-open .emoji-picker__query";
const IS_OPEN: &str = "document.querySelector('.emoji-picker:popover-open .emoji-picker__cell')";
const IS_CLOSED: &str = "!document.querySelector('.emoji-picker:popover-open')";
const FOCUSED_EMOJI: &str = "document.activeElement.textContent";
const SUGGESTED: &str = "Array.from(document.querySelectorAll('.emoji-completion:popover-open [role=option]'), (option) => option.textContent)";
const FIRST_SUGGESTED: &str =
    "document.querySelector('.emoji-completion:popover-open [aria-selected=true]')?.textContent";

async fn open_picker(browser: &Browser) {
    browser.click(BUTTON).await;
    browser.until(IS_OPEN).await;
}

async fn written(browser: &Browser) -> Value {
    browser
        .value("document.querySelector('#composer').value")
        .await
}

async fn until_written(browser: &Browser, text: &str) {
    let text = json!(text);
    browser
        .until(&format!(
            "document.querySelector('#composer').value === {text}"
        ))
        .await;
}

/// Presses keys where the focus is.
async fn press(browser: &Browser, keys: &str) {
    browser.type_into(":focus", keys).await;
}

/// Types into the message box, and waits until that is completed.
async fn begin_shortcode(browser: &Browser, text: &str, first: &str) {
    browser.type_into("#composer", text).await;
    browser
        .until(&format!("{FIRST_SUGGESTED} === {}", json!(first)))
        .await;
}

#[tokio::test]
async fn an_emoji_clicked_goes_where_the_caret_is() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    let back = format!("well done{}", Key::Left.to_string().repeat(5));
    browser.type_into("#composer", &back).await;

    open_picker(&browser).await;
    browser.click("[aria-label='grinning face']").await;

    browser.until(IS_CLOSED).await;
    assert_eq!(written(&browser).await, "well😀 done");
    press(&browser, "!").await;
    assert_eq!(written(&browser).await, "well😀! done");
    press(&browser, &Key::Enter.to_string()).await;
    browser.until_said("well😀! done").await;
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_group_is_a_click_away_and_the_button_closes_what_it_opened() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;

    open_picker(&browser).await;
    assert_eq!(
        browser
            .value("document.querySelector('[aria-label=\"flag: Japan\"]')")
            .await,
        Value::Null,
        "what is far is not made yet"
    );
    browser.click("[aria-label='Flags']").await;
    browser
        .until("document.querySelector('[aria-label=Flags]').ariaCurrent === 'true'")
        .await;
    browser.find("[aria-label='flag: Japan']").await;

    browser.click(BUTTON).await;
    browser.until(IS_CLOSED).await;
    browser.click(BUTTON).await;
    browser.until(IS_OPEN).await;
    browser.click(".pane__title").await;
    browser.until(IS_CLOSED).await;
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn with_shift_the_picker_stays_for_another_one() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;

    open_picker(&browser).await;
    press(&browser, "tada").await;
    let shift_enter = format!("{}{}{}", Key::Shift, Key::Enter, Key::Null);
    press(&browser, &shift_enter).await;
    until_written(&browser, "🎉").await;
    press(&browser, &shift_enter).await;
    until_written(&browser, "🎉🎉").await;
    press(&browser, &Key::Enter.to_string()).await;

    browser.until(IS_CLOSED).await;
    assert_eq!(written(&browser).await, "🎉🎉🎉");
    assert!(browser.said().await.is_empty());
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_keyboard_walks_the_grid_and_escape_returns_the_focus() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    let focused = async || browser.value(FOCUSED_EMOJI).await;

    browser.find(BUTTON).await.send_keys(" ").await.unwrap();
    browser.until(IS_OPEN).await;
    browser
        .until("document.activeElement.matches('.emoji-picker__query')")
        .await;
    press(&browser, &Key::Down.to_string()).await;
    assert_eq!(focused().await, "😀");
    press(&browser, &Key::Right.to_string()).await;
    assert_eq!(focused().await, "😃");
    assert_eq!(
        browser.text(".emoji-picker__shown-name").await,
        "grinning face with big eyes"
    );
    press(&browser, &Key::End.to_string()).await;
    assert_eq!(focused().await, "😂");
    press(&browser, &Key::Right.to_string()).await;
    assert_eq!(focused().await, "🙂", "the next row");
    press(&browser, &Key::Up.to_string()).await;
    assert_eq!(focused().await, "😀");
    press(&browser, &format!("{}{}", Key::Control, Key::End)).await;
    assert_eq!(focused().await, "🏴󠁧󠁢󠁷󠁬󠁳󠁿", "the last of the last group");
    press(&browser, &format!("{}{}", Key::Control, Key::Home)).await;
    assert_eq!(focused().await, "😀");
    assert_eq!(
        browser
            .value("document.querySelectorAll('.emoji-picker__cell[tabindex=\"0\"]').length")
            .await,
        1,
        "one stop for the Tab key"
    );
    press(&browser, &Key::Up.to_string()).await;
    press(&browser, &format!("{}{}", Key::Down, Key::Escape)).await;

    browser.until(IS_CLOSED).await;
    browser
        .until("document.activeElement.matches('.composer__emoji')")
        .await;
    press(&browser, " ").await;
    browser.until(IS_OPEN).await;
    press(&browser, &format!("{}", Key::Down)).await;
    press(&browser, &Key::Enter.to_string()).await;
    until_written(&browser, "😀").await;
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn from_right_to_left_the_arrows_go_where_they_point() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    browser.value("document.documentElement.dir = 'rtl'").await;

    open_picker(&browser).await;
    press(&browser, &Key::Down.to_string()).await;
    press(&browser, &Key::Left.to_string()).await;

    assert_eq!(browser.value(FOCUSED_EMOJI).await, "😃");
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_search_finds_by_name_and_shortcode_the_nearest_first() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    let found = "Array.from(document.querySelectorAll('.emoji-picker__section--found .emoji-picker__cell'), (cell) => cell.textContent)";

    open_picker(&browser).await;
    press(&browser, "thumbsup").await;
    browser.until(&format!("{found}.join() === '👍'")).await;
    for (query, first) in [
        ("heart", "❤️"),
        ("HEART red", "❤️"),
        ("pinata", "🪅"),
        ("omato", "🍅"),
    ] {
        browser.find(QUERY).await.clear().await.unwrap();
        browser.type_into(QUERY, query).await;
        browser
            .until(&format!("{found}[0] === {}", json!(first)))
            .await;
    }
    browser.find(QUERY).await.clear().await.unwrap();
    browser.type_into(QUERY, "no such thing").await;
    browser
        .until("document.querySelector('.emoji-picker__status').textContent === 'No emoji of that name.'")
        .await;
    press(&browser, &Key::Enter.to_string()).await;
    assert_eq!(browser.value(IS_CLOSED).await, false);
    assert_eq!(written(&browser).await, "");
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_one_picked_last_comes_first_also_after_a_reload() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    for query in ["rocket", "tada", "rocket"] {
        open_picker(&browser).await;
        press(&browser, &format!("{query}{}", Key::Enter)).await;
        browser.until(IS_CLOSED).await;
    }

    browser.reload().await;
    browser.until_live().await;
    open_picker(&browser).await;

    browser
        .until("document.querySelector('.emoji-picker__section .emoji-picker__grid').textContent === '🚀🎉'")
        .await;
    press(&browser, &Key::Down.to_string()).await;
    assert_eq!(browser.value(FOCUSED_EMOJI).await, "🚀");
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn enter_takes_the_suggestion_and_only_then_sends() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;

    begin_shortcode(&browser, "hurray :tad", "🎉:tada:").await;
    let attribute = async |name: &str| {
        browser
            .value(&format!(
                "document.querySelector('#composer').getAttribute('{name}')"
            ))
            .await
    };
    assert_eq!(attribute("aria-autocomplete").await, "list");
    assert_eq!(
        browser
            .value("document.getElementById(document.querySelector('#composer').getAttribute('aria-activedescendant')).role")
            .await,
        "option"
    );
    press(&browser, &Key::Enter.to_string()).await;

    assert_eq!(written(&browser).await, "hurray 🎉");
    assert_eq!(attribute("aria-autocomplete").await, Value::Null);
    assert!(browser.said().await.is_empty());
    press(&browser, &Key::Enter.to_string()).await;
    browser.until_said("hurray 🎉").await;
    assert_eq!(browser.said().await, ["hurray 🎉"]);
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn suggestions_are_chosen_by_arrows_tab_or_a_click_and_escape_dismisses_them() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;

    begin_shortcode(&browser, ":roc", "🪨:rock:").await;
    press(&browser, &Key::Down.to_string()).await;
    browser
        .until(&format!("{FIRST_SUGGESTED} === '🚀:rocket:'"))
        .await;
    press(&browser, &Key::Tab.to_string()).await;
    assert_eq!(written(&browser).await, "🚀");

    begin_shortcode(&browser, " :roc", "🪨:rock:").await;
    browser
        .click(".emoji-completion .completion__option:nth-child(2)")
        .await;
    assert_eq!(written(&browser).await, "🚀 🚀");
    assert_eq!(browser.value("document.activeElement.id").await, "composer");

    begin_shortcode(&browser, " :roc", "🪨:rock:").await;
    press(&browser, &Key::Escape.to_string()).await;
    assert_eq!(browser.value(SUGGESTED).await, json!([]));
    press(&browser, "k").await;
    assert_eq!(
        browser.value(SUGGESTED).await,
        json!([]),
        "not for the same word"
    );
    press(&browser, &Key::Enter.to_string()).await;
    browser.until_said("🚀 🚀 :rock").await;
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_closing_colon_makes_the_emoji_and_undoing_brings_the_words_back() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;

    // All at once: what is typed before the emoji are there counts too.
    browser.type_into("#composer", "yes :tada:").await;
    until_written(&browser, "yes 🎉").await;
    browser.type_into("#composer", ":+1:").await;
    until_written(&browser, "yes 🎉👍").await;
    browser.type_into("#composer", " :no_such_thing:").await;
    assert_eq!(written(&browser).await, "yes 🎉👍 :no_such_thing:");

    browser.find("#composer").await.clear().await.unwrap();
    browser.type_into("#composer", ":rocket:").await;
    until_written(&browser, "🚀").await;
    press(&browser, &format!("{}z{}", Key::Control, Key::Null)).await;
    assert_eq!(written(&browser).await, ":rocket:");
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_link_a_time_of_day_and_a_face_stay_what_they_are() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    // The completion is there from here on.
    begin_shortcode(&browser, ":roc", "🪨:rock:").await;
    browser.find("#composer").await.clear().await.unwrap();

    for text in [
        "http://localhost:80",
        "http://localhost:rocket",
        "https://rocket",
        "at 10:30",
        "note:tada:",
        "10:30:45",
        ":D",
        ":DD",
        ": rocket",
    ] {
        browser.type_into("#composer", text).await;
        assert_eq!(browser.value(SUGGESTED).await, json!([]), "{text}");
        press(&browser, &Key::Enter.to_string()).await;
        browser.until_said(text).await;
    }
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_an_input_method_composes_is_left_to_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    begin_shortcode(&browser, ":roc", "🪨:rock:").await;
    browser.find("#composer").await.clear().await.unwrap();
    browser.type_into("#composer", ":").await;

    let composition = json!({"text": "rock", "selectionStart": 4, "selectionEnd": 4});
    browser
        .devtools("Input.imeSetComposition", composition)
        .await;

    until_written(&browser, ":rock").await;
    assert_eq!(browser.value(SUGGESTED).await, json!([]));
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn emoji_are_part_of_the_draft() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    browser.type_into("#composer", ":tada:").await;
    until_written(&browser, "🎉").await;
    open_picker(&browser).await;
    press(&browser, &format!("rocket{}", Key::Enter)).await;
    until_written(&browser, "🎉🚀").await;

    browser.reload().await;
    browser.until_live().await;

    assert_eq!(written(&browser).await, "🎉🚀");
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn on_a_phone_the_picker_is_a_sheet_with_room_for_fingers() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::open_on_a_phone(server.address).await;
    browser.give_name("Ada").await;
    let overflowing = "
        [document.documentElement, ...document.querySelectorAll('.emoji-picker, .emoji-picker *, .emoji-completion, .emoji-completion *')]
            .filter((part) => part.clientWidth > 0 && !part.matches('.visually-hidden'))
            .filter((part) => part.scrollWidth > part.clientWidth + 1 || part.getBoundingClientRect().right > 390)
            .map((part) => part.className || part.localName)";
    let small = "
        Array.from(document.querySelectorAll('.emoji-picker button, .emoji-picker input, .emoji-completion [role=option]'), (part) => [part, part.getBoundingClientRect()])
            .filter(([, { width, height }]) => width > 0 && (width < 40 || height < 40))
            .map(([part]) => part.outerHTML)";

    open_picker(&browser).await;
    browser
        .until("(({ left, width, bottom }) => left === 0 && width === 390 && bottom === 844)(document.querySelector('.emoji-picker').getBoundingClientRect())")
        .await;
    assert_eq!(browser.value(overflowing).await, json!([]), "the picker");
    assert_eq!(browser.value(small).await, json!([]), "the picker");
    browser.click("[aria-label='grinning face']").await;
    until_written(&browser, "😀").await;

    begin_shortcode(&browser, " :fac", "🏭:factory:").await;
    assert_eq!(
        browser.value(overflowing).await,
        json!([]),
        "the completion"
    );
    assert_eq!(browser.value(small).await, json!([]), "the completion");
    browser.close().await;
    server.stop().await;
}
