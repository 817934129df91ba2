//! Going to what was said on a day.

use fantoccini::key::Key;
use serde_json::json;
use uuid::Uuid;

use super::accessibility::{RULES, check, open_calm};
use super::stage::{Visitor, Way, general, in_view};
use crate::browser::{Browser, message_of};
use crate::support::{Client, Person, TestDatabase, TestServer};

/// Some said on a day in March of last year, more in May, and many since.
async fn long_history(client: &Client, conversation: Uuid, sender: Uuid) {
    for (name, at, count) in [("march", "-03-10 12:00Z", 60), ("may", "-05-20 12:00Z", 60)] {
        client
            .execute(
                "insert into chat.messages (conversation_id, sender_id, body, created_at)
                 select $1, $2, $3::text || ' ' || n, ((extract(year from now()) - 1)::text || $4::text)::timestamptz + n * interval '1 minute'
                 from generate_series(1, $5::integer) n order by n",
                &[&conversation, &sender, &name, &at, &count],
            )
            .await
            .unwrap();
    }
    super::stage::fill(client, conversation, sender, 120).await;
}

async fn go_to(browser: &Browser, day: &str) {
    browser.click(".details__date").await;
    browser.find(".date[open]").await;
    browser
        .value(&format!(
            "document.querySelector('#date-day').value = `${{new Date().getFullYear() - 1}}-{day}`"
        ))
        .await;
    browser
        .type_into("#date-day", &Key::Enter.to_string())
        .await;
    browser.until("!document.querySelector('.date').open").await;
}

async fn until_at(browser: &Browser, text: &str) {
    let item = message_of(text);
    let in_view = in_view(text);
    browser
        .until(&format!("{item} === document.activeElement && {in_view}"))
        .await;
}

async fn days(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    long_history(&client, general(&client).await, bob.id).await;
    ada.reload().await;
    ada.until_live().await;

    go_to(&ada, "03-10").await;
    until_at(&ada, "march 1").await;
    assert_eq!(
        ada.value("document.querySelectorAll('.toast').length")
            .await,
        0
    );
    go_to(&ada, "04-01").await;
    until_at(&ada, "may 1").await;
    let said = ada.text(".toast__text").await;
    assert!(
        said.starts_with("Nothing was said on ") && said.contains("What came next is of "),
        "{said}"
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_day_leads_to_what_was_said_on_it_or_next() {
    days(Way::Desk).await;
}

#[tokio::test]
async fn a_day_leads_to_what_was_said_over_a_stream() {
    days(Way::Stream).await;
}

#[tokio::test]
async fn a_day_after_all_leads_to_the_newest_and_no_line_is_said_in_the_dialog() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    client
        .execute(
            "insert into chat.messages (conversation_id, sender_id, body, created_at) values ($1, $2, 'long ago', now() - interval '2 years')",
            &[&general, &bob.id],
        )
        .await
        .unwrap();
    ada.until_said("long ago").await;
    go_to(&ada, "06-01").await;
    let said = ada.text(".toast__text").await;
    assert!(said.ends_with("or later. This is the newest."), "{said}");
    ada.until("document.activeElement.matches('.details__date')")
        .await;

    ada.cut().await;
    ada.click(".details__date").await;
    ada.find(".date[open]").await;
    ada.type_into("#date-day", &Key::Enter.to_string()).await;
    ada.until("document.querySelector('.date__note').textContent === 'The chat can not be reached just now.'")
        .await;
    assert_eq!(
        ada.value("document.querySelector('.date').open").await,
        json!(true)
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn no_rule_is_broken_by_asking_for_a_day() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = open_calm(Browser::enter(server.address, "Ada").await).await;
    ada.click(".details__date").await;
    ada.find(".date[open]").await;
    check(&ada, "asking for a day", RULES).await;
    ada.press_chord(&Key::Escape.to_string()).await;
    ada.until("document.activeElement.matches('.details__date')")
        .await;
    ada.close().await;
    server.stop().await;
}
