//! The page in the reader's language: what the server renders, what the script says, and messages, which come rendered once
//! for all. What is expected stands in the catalogs, so that a better translation breaks nothing here.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::general;
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer};

/// JavaScript: what the page is written in, and in which direction.
const WRITTEN: &str = "[document.documentElement.lang, document.documentElement.dir].join()";
/// JavaScript: whether something of the page is cut off or lies beside it.
const OVERFLOWS: &str = "document.documentElement.scrollWidth > innerWidth
    || Array.from(document.querySelectorAll('.pane__header, .composer, .sidebar__header, .sidebar__viewer, .timeline'))
        .some((part) => part.checkVisibility() && part.scrollWidth > part.clientWidth + 1)";

/// Of the server's catalog and of the script's, what is said for a key.
fn said(language: &str, key: &str) -> Value {
    let root = env!("CARGO_MANIFEST_DIR");
    let read = |path: String| std::fs::read_to_string(path).unwrap();
    let page = read(format!("{root}/views/languages/{language}.json"));
    let script = read(format!("{root}/static/words_{language}.js"));
    let script = script.split_once("export default ").unwrap().1;
    let script = script.trim().trim_end_matches(';');
    for catalog in [&page, script] {
        let mut catalog: Value = serde_json::from_str(catalog).unwrap();
        if let said @ (Value::String(_) | Value::Object(_)) = catalog[key].take() {
            return said;
        }
    }
    panic!("no catalog of {language} has {key}");
}

fn german(key: &str) -> String {
    said("de", key).as_str().unwrap().to_owned()
}

/// As a browser whose owner prefers a language, among others.
pub async fn prefer(browser: &Browser, languages: &str) {
    let agent = browser.value("navigator.userAgent").await;
    let preferred = json!({"userAgent": agent, "acceptLanguage": languages});
    browser
        .devtools("Emulation.setUserAgentOverride", preferred)
        .await;
}

async fn speak(browser: &Browser, language: &str) {
    browser.click(".sidebar__viewer").await;
    browser
        .until("document.querySelector('.settings').open")
        .await;
    browser
        .value(&format!(
            "(() => {{
                const choice = document.querySelector('.settings [name=language]');
                choice.value = '{language}';
                document.documentElement.dataset.before = '';
                choice.dispatchEvent(new Event('change', {{ bubbles: true }}));
            }})()"
        ))
        .await;
    browser
        .until("!('before' in document.documentElement.dataset)")
        .await;
    browser.until_live().await;
}

#[tokio::test]
async fn a_reader_whose_browser_speaks_german_reads_german_from_server_and_script_alike() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::open(server.address).await;
    prefer(&ada, "de-AT,en;q=0.8").await;
    ada.go("/").await;
    ada.give_name("Ada").await;
    ada.until_live().await;
    assert_eq!(ada.value(WRITTEN).await, "de,ltr");
    assert_eq!(
        ada.text(".sidebar__search").await,
        german("Search messages")
    );

    let client = database.connect().await;
    let bob = Person::guest(server.address, "Bob").await;
    client
        .execute(
            "insert into chat.messages (conversation_id, sender_id, body, created_at)
             values ($1, $2, 'im Winter', '2024-01-10 12:00Z')",
            &[&general(&client).await, &bob.id],
        )
        .await
        .unwrap();
    ada.until_said("im Winter").await;
    ada.say("hallo").await;
    ada.until_said("hallo").await;
    ada.until(&format!(
        "document.querySelector('.timeline__messages .message:last-child .message__ticks').title === '{}'",
        german("Sent")
    ))
    .await;
    let days = ada
        .value("Array.from(document.querySelectorAll('.message__day'), ({ textContent }) => textContent).join()")
        .await;
    let days = days.as_str().unwrap();
    let refused =
        "import(document.querySelector('[src$=\"/app.js\"]').src.replace('app.js', 'api.js'))
        .then(({ withoutField }) => withoutField('name: must have at most 80 characters.'))";
    assert_eq!(
        ada.value(refused).await,
        german("Must have at most {n} characters.").replace("{n}", "80"),
        "what the server refuses, too"
    );
    // In January: "Jänner" in Austria, where this browser is at home.
    assert!(
        days.contains("10. Jänner 2024") && days.contains("Heute"),
        "{days}"
    );
    ada.close().await;
    server.stop().await;
}

/// What stands in a message of both pages once it says so.
async fn until_both(id: &str, part: &str, readers: [(&Browser, &str); 2]) {
    for (reader, words) in readers {
        let words = json!(words);
        reader
            .until(&format!(
                "document.getElementById('message-{id}')?.querySelector('{part}')?.textContent === {words}"
            ))
            .await;
    }
}

#[tokio::test]
async fn a_message_says_its_fixed_words_to_each_reader_in_their_own_language_at_the_same_time() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let cleo = Person::guest(server.address, "Cleo").await;
    let ada = Browser::open(server.address).await;
    prefer(&ada, "de").await;
    ada.go("/").await;
    ada.give_name("Ada").await;
    let eve = Browser::enter(server.address, "Eve").await;
    let members = json!([ada.user_id().await, eve.user_id().await]);
    let (_, group) = bob
        .post(
            "/api/groups",
            json!({"name": "Trip", "member_ids": members}),
        )
        .await;
    let group: Uuid = group["id"].as_str().unwrap().parse().unwrap();
    for reader in [&ada, &eve] {
        reader.go(&format!("/c/{group}")).await;
        reader.until_live().await;
    }

    let first = bob.say(group, "first").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let second = bob.say(group, "second").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let edited = json!({"body": "first, edited"});
    bob.ask(Method::PUT, &format!("/api/messages/{first}"), Some(edited))
        .await;
    until_both(
        &first,
        ".message__edited",
        [(&ada, &german("edited")), (&eve, "edited")],
    )
    .await;
    bob.delete(&format!("/api/messages/{second}?for=everyone"))
        .await;
    let deleted = "This message was deleted";
    until_both(
        &second,
        ".message__body",
        [(&ada, &german(deleted)), (&eve, deleted)],
    )
    .await;

    let path = format!("/api/conversations/{group}/members");
    bob.post(&path, json!({"user_ids": [cleo.id]})).await;
    let forms = said("de", "{actor} added {people}|{actor} added {people}");
    let german_words = forms["one"].as_str().unwrap();
    let german_words = german_words
        .replace("{actor}", "Bob")
        .replace("{people}", "Cleo");
    for (reader, words) in [(&ada, &*german_words), (&eve, "Bob added Cleo")] {
        let last = ".message--system:last-child .message__body";
        let words = json!(words);
        reader
            .until(&format!(
                "document.querySelector('.timeline__messages {last}')?.textContent === {words}"
            ))
            .await;
        let line = format!(".conversation__link[href=\"/c/{group}\"] .conversation__last");
        reader
            .until(&format!(
                "document.querySelector('{line}').textContent === {words}"
            ))
            .await;
    }
    ada.close().await;
    eve.close().await;
    server.stop().await;
}

#[tokio::test]
async fn the_language_that_is_chosen_in_the_settings_stays_until_another_is_chosen() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    assert_eq!(ada.value(WRITTEN).await, "en,ltr");
    speak(&ada, "de").await;
    assert_eq!(ada.value(WRITTEN).await, "de,ltr");
    assert_eq!(
        ada.text(".sidebar__search").await,
        german("Search messages")
    );

    // What else is chosen takes nothing from it.
    ada.click(".sidebar__viewer").await;
    ada.until("document.querySelector('.settings').open").await;
    ada.value("document.querySelector('.settings input[name=theme][value=dark]').click()")
        .await;
    ada.reload().await;
    ada.until_live().await;
    assert_eq!(ada.value(WRITTEN).await, "de,ltr");
    assert_eq!(
        ada.value("document.documentElement.dataset.theme").await,
        "dark"
    );

    speak(&ada, "").await;
    assert_eq!(
        ada.value(WRITTEN).await,
        "en,ltr",
        "again as the browser has it"
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn arabic_goes_from_right_to_left_by_itself_and_fits_a_phone() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let ada = Browser::open_on_a_phone(server.address).await;
    ada.give_name("Ada").await;
    ada.until_live().await;
    ada.go("/chats").await;
    ada.until_live().await;
    speak(&ada, "ar").await;
    assert_eq!(ada.value(WRITTEN).await, "ar,rtl");
    assert_eq!(ada.value(OVERFLOWS).await, false);
    let client = database.connect().await;
    let general = general(&client).await;
    bob.say(general, "Hello, whatever you read.").await;
    ada.go(&format!("/c/{general}")).await;
    ada.until_live().await;
    assert_eq!(ada.value(OVERFLOWS).await, false);
    let time = ada
        .text(".timeline__messages .message:last-child time")
        .await;
    assert!(
        time.contains(|letter: char| letter.is_ascii_digit()),
        "digits as everywhere else: {time}"
    );

    ada.go("/chats").await;
    ada.until_live().await;
    speak(&ada, "").await;
    assert_eq!(
        ada.value(WRITTEN).await,
        "en,ltr",
        "nobody chose the direction"
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_page_in_english_loads_no_catalog() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let loaded = "performance.getEntriesByType('resource').map(({ name }) => name.split('/').pop())
        .filter((name) => /^(words_|say\\.)/.test(name)).sort().join()";
    let ada = Browser::enter(server.address, "Ada").await;
    ada.until_live().await;
    assert_eq!(ada.value(loaded).await, "");
    prefer(&ada, "fr").await;
    ada.reload().await;
    ada.until_live().await;
    assert_eq!(ada.value(loaded).await, "say.js,words_fr.js");
    ada.close().await;
    server.stop().await;
}
