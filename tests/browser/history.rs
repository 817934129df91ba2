//! What was said before: loading it as one scrolls, and how it is laid out in time.

use serde_json::json;

use super::stage::{Visitor, Way, fill, general, numbered, picked_out};
use crate::browser::{Browser, message_of};
use crate::support::{Client, Person, TestDatabase, TestServer};

/// Scrolls to an edge until the page holds what is wanted; what stood at the edge must not move.
async fn scroll_until(browser: &Browser, is_up: bool, wanted: &str) {
    let place = if is_up {
        "100"
    } else {
        "scroller.scrollHeight - scroller.clientHeight - 100"
    };
    loop {
        // What stands at the upper edge, and where, in the moment that more is asked for.
        let anchor = browser
            .value(&format!(
                "(() => {{
                    const scroller = document.querySelector('.timeline');
                    if ({}) return null;
                    scroller.scrollTop = {place};
                    const {{ top }} = scroller.getBoundingClientRect();
                    const items = Array.from(document.querySelectorAll('.timeline__messages .message'));
                    const item = items.find((item) => item.getBoundingClientRect().top >= top);
                    return {{ id: item.id, top: item.getBoundingClientRect().top,
                        edge: items.at({}).id }};
                }})()",
                message_of(wanted),
                if is_up { "0" } else { "-1" },
            ))
            .await;
        if anchor.is_null() {
            return;
        }
        browser
            .until(&format!(
                "Array.from(document.querySelectorAll('.timeline__messages .message')).at({}).id !== {}",
                if is_up { "0" } else { "-1" },
                anchor["edge"]
            ))
            .await;
        let now = browser
            .value(&format!(
                "document.getElementById({}).getBoundingClientRect().top",
                anchor["id"]
            ))
            .await;
        let moved = now.as_f64().unwrap() - anchor["top"].as_f64().unwrap();
        assert!(moved.abs() < 2.0, "it moved by {moved} pixels");
    }
}

async fn history_loads(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    fill(&client, general, bob.id, 130).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let said = ada.said().await;
    assert_eq!(said.last().unwrap(), "message 130", "the newest are shown");
    assert!(said.len() < 100);
    scroll_until(&ada, true, "message 1").await;
    assert_eq!(ada.said().await, numbered(1..=130), "each once, in order");
    ada.until("!document.querySelector('.timeline__start').hidden")
        .await;

    // From the middle in both directions.
    ada.open(&format!("/c/{general}/65")).await;
    ada.until(&message_of("message 65")).await;
    assert!(ada.said().await.len() < 100);
    fill(&client, general, bob.id, 1).await;
    scroll_until(&ada, false, "message 131").await;
    scroll_until(&ada, true, "message 1").await;
    assert_eq!(ada.said().await, numbered(1..=131), "each once, in order");
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn older_and_newer_messages_load_by_scrolling_and_nothing_jumps() {
    history_loads(Way::Desk).await;
}

#[tokio::test]
async fn older_and_newer_messages_load_by_scrolling_on_a_phone() {
    history_loads(Way::Phone).await;
}

async fn until_picked_out_alone(browser: &Browser, text: &str) {
    let is_alone = "document.querySelectorAll('.message--highlight').length === 1";
    browser
        .until(&format!("{} && {is_alone}", picked_out(text)))
        .await;
}

#[tokio::test]
async fn the_address_of_a_message_leads_to_it_also_there_and_back() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    fill(&client, general, bob.id, 200).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;

    ada.go(&format!("/c/{general}/40")).await;
    until_picked_out_alone(&ada, "message 40").await;
    ada.visit(&format!("/c/{general}/150")).await;
    until_picked_out_alone(&ada, "message 150").await;
    ada.value("history.back()").await;
    until_picked_out_alone(&ada, "message 40").await;
    ada.value("history.forward()").await;
    until_picked_out_alone(&ada, "message 150").await;
    ada.value(&format!(
        "{}.querySelector('.message__link').click()",
        message_of("message 152")
    ))
    .await;
    until_picked_out_alone(&ada, "message 152").await;
    assert_eq!(
        ada.value("location.pathname").await,
        format!("/c/{general}/152")
    );
    // It fades, and one may go on.
    ada.until("!document.querySelector('.message--highlight')")
        .await;

    // What is not there leads to the newest.
    ada.go(&format!("/c/{general}/9999")).await;
    ada.until_said("message 200").await;
    ada.until("document.activeElement?.textContent.includes('message 200') || document.querySelector('.timeline__latest').hidden")
        .await;
    ada.close().await;
    server.stop().await;
}

async fn say_at(client: &Client, sender: &Person, body: &str, at: &str) {
    client
        .execute(
            "insert into chat.messages (conversation_id, sender_id, body, created_at)
             select id, $1, $2, $3::text::timestamptz from chat.conversations where is_general",
            &[&sender.id, &body, &at],
        )
        .await
        .unwrap();
}

#[tokio::test]
async fn messages_are_grouped_by_day_author_and_five_minutes_in_the_readers_time() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let [bob, eve] = [
        Person::guest(server.address, "Bob").await,
        Person::guest(server.address, "Eve").await,
    ];
    let client = database.connect().await;
    for (sender, body, at) in [
        (&bob, "late", "2024-03-01T22:58:00Z"),
        (&bob, "later", "2024-03-01T22:59:00Z"), // 23:59 in Berlin,
        (&bob, "next day", "2024-03-01T23:01:00Z"), // 00:01.
        (&bob, "at once", "2024-03-01T23:02:00Z"),
        (&eve, "another", "2024-03-01T23:03:00Z"),
        (&bob, "again", "2024-03-01T23:04:00Z"),
        (&bob, "after five minutes", "2024-03-01T23:09:30Z"),
    ] {
        say_at(&client, sender, body, at).await;
    }
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    ada.devtools(
        "Emulation.setTimezoneOverride",
        json!({"timezoneId": "Europe/Berlin"}),
    )
    .await;
    ada.devtools("Emulation.setLocaleOverride", json!({"locale": "en-GB"}))
        .await;
    ada.open("/").await;
    fill(&client, general(&client).await, bob.id, 1).await;
    ada.until_said("message 8").await;

    let laid_out = ada
        .value(
            "Array.from(document.querySelectorAll('.timeline__messages .message'), (item) => [
                item.querySelector('.message__body').textContent,
                item.querySelector('.message__day')?.textContent ?? '',
                item.matches('.message--continued') ? 'continued' : 'head',
                item.matches('.message--last') ? 'last' : '',
            ].join('|'))",
        )
        .await;
    assert_eq!(
        laid_out,
        json!([
            "late|1 March 2024|head|",
            "later||continued|last",
            "next day|2 March 2024|head|",
            "at once||continued|last",
            "another||head|last",
            "again||head|last",
            "after five minutes||head|last",
            "message 8|Today|head|last",
        ])
    );
    let time = format!("{}.querySelector('time')", message_of("next day"));
    assert_eq!(ada.value(&format!("{time}.textContent")).await, "00:01");
    let title = ada.value(&format!("{time}.title")).await;
    let title = title.as_str().unwrap();
    assert!(
        title.contains("Saturday") && title.contains("2 March 2024") && title.contains("00:01"),
        "{title}"
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn while_one_scrolls_the_day_of_what_is_shown_floats_above_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    for n in 1..=40 {
        say_at(&client, &bob, &format!("old {n}"), "2020-05-17T12:00:00Z").await;
    }
    fill(&client, general(&client).await, bob.id, 40).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let day = "document.querySelector('.timeline__day')";
    assert_eq!(ada.value(&format!("{day}.hidden")).await, true);

    ada.value(&format!("{}.scrollIntoView()", message_of("old 38")))
        .await;
    ada.until(&format!(
        "!{day}.hidden && {day}.textContent.includes('2020')"
    ))
    .await;
    ada.until(&format!("{day}.hidden")).await;
    ada.close().await;
    server.stop().await;
}
