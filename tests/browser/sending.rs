//! From the page to everyone: ticks, what waits for the line, and chats that begin.

use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::{Visitor, Way, direct, fill, general, in_view};
use crate::browser::Browser;
use crate::support::{Client, Person, TestDatabase, TestServer, column, value};

/// Words of a conversation's messages, as the database has them.
async fn stored(client: &Client, conversation: Uuid) -> Vec<String> {
    column(
        client,
        "select body from chat.messages where conversation_id = $1 order by seq",
        &[&conversation],
    )
    .await
}

async fn colour_of_ticks(browser: &Browser) -> Value {
    browser
        .value("getComputedStyle(document.querySelector('[data-tick] .message__ticks')).color")
        .await
}

async fn a_message_has_a_clock_then_ticks(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let members = json!({"name": "Group", "member_ids": [ada.user_id().await, eve.id]});
    let (_, group) = bob.post("/api/groups", members).await;
    let group = group["id"].as_str().unwrap();
    ada.open(&format!("/c/{group}")).await;

    assert_eq!(ada.send("hello").await, "waiting", "at once, with a clock");
    ada.until_tick("hello", "sent").await;
    ada.until("!document.querySelector('.message--pending')")
        .await;
    let client = database.connect().await;
    let seq: i64 = value(&client, "select max(seq) from chat.messages", &[]).await;
    let (mut bobs, mut eves) = (bob.connect().await, eve.connect().await);
    let mark = |kind: &str| json!({"type": kind, "conversation_id": group, "seq": seq});
    bobs.send(mark("read")).await;
    bobs.settle().await;
    eves.next_where(|frame| frame["user_id"] == bob.id.to_string() && frame["read_seq"] == seq)
        .await;
    bobs.say(group.parse().unwrap(), "read it").await;
    ada.until_said("read it").await;
    ada.until_tick("hello", "sent").await;
    let colour = colour_of_ticks(&ada).await;

    eves.send(mark("delivered")).await;
    ada.until_tick("hello", "delivered").await;
    assert_eq!(colour_of_ticks(&ada).await, colour);
    eves.send(mark("read")).await;
    ada.until_tick("hello", "read").await;
    assert_ne!(colour_of_ticks(&ada).await, colour);
    assert_eq!(
        ada.value("document.querySelector('[data-tick=read] .message__ticks').title")
            .await,
        "Read"
    );
    ada.reload().await;
    ada.until_tick("hello", "read").await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_message_has_a_clock_then_ticks_for_sent_delivered_and_read_by_all() {
    a_message_has_a_clock_then_ticks(Way::Desk).await;
}

#[tokio::test]
async fn a_message_has_a_clock_then_ticks_on_a_phone() {
    a_message_has_a_clock_then_ticks(Way::Phone).await;
}

#[tokio::test]
async fn a_message_has_a_clock_then_ticks_over_a_stream() {
    a_message_has_a_clock_then_ticks(Way::Stream).await;
}

#[tokio::test]
async fn in_a_direct_chat_the_other_alone_decides_the_ticks() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let chat = direct(&bob, &ada).await;
    ada.open(&format!("/c/{chat}")).await;

    ada.say("hello").await;
    ada.until_tick("hello", "sent").await;
    let mut bobs = bob.connect().await;
    for (kind, state) in [("delivered", "delivered"), ("read", "read")] {
        bobs.send(json!({"type": kind, "conversation_id": chat, "seq": 1}))
            .await;
        ada.until_tick("hello", state).await;
    }
    ada.say("and now?").await;
    ada.until_tick("and now?", "sent").await;
    ada.until_tick("hello", "read").await;
    ada.close().await;
    server.stop().await;
}

async fn a_line_that_falls_again_and_again_loses_and_doubles_nothing(way: Way) {
    const COUNT: usize = 24;
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let client = database.connect().await;
    let bodies: Vec<_> = (1..=COUNT).map(|n| format!("number {n}")).collect();

    for (n, body) in bodies.iter().enumerate() {
        if n % 8 == 3 {
            ada.door.lead_to(None);
        }
        ada.send(body).await;
        if n % 8 == 6 {
            ada.door.lead_to(Some(server.address));
        }
    }

    ada.until_said(bodies.last().unwrap()).await;
    ada.until("!document.querySelector('.message--pending')")
        .await;
    assert_eq!(stored(&client, general(&client).await).await, bodies);
    assert_eq!(ada.said().await, bodies);
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn over_a_failing_line_each_message_arrives_once_and_in_order() {
    a_line_that_falls_again_and_again_loses_and_doubles_nothing(Way::Desk).await;
}

#[tokio::test]
async fn over_a_failing_stream_each_message_arrives_once_and_in_order() {
    a_line_that_falls_again_and_again_loses_and_doubles_nothing(Way::Stream).await;
}

#[tokio::test]
async fn what_a_closed_tab_left_behind_the_tab_beside_it_sends() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let client = database.connect().await;
    let first = ada.tab().await;
    let second = ada.open_tab().await;
    ada.open("/").await;
    ada.cut().await;
    ada.look_at(&first).await;
    ada.until("document.documentElement.dataset.connection !== 'live'")
        .await;
    ada.send("one").await;
    ada.send("two").await;
    ada.close_tab().await;
    ada.look_at(&second).await;

    let waiting = "document.querySelectorAll('[data-tick=waiting]').length === 2";
    ada.until(waiting).await;
    ada.door.lead_to(Some(server.address));

    ada.until_said("two").await;
    ada.until("!document.querySelector('.message--pending')")
        .await;
    assert_eq!(
        stored(&client, general(&client).await).await,
        ["one", "two"]
    );
    assert_eq!(ada.said().await, ["one", "two"]);
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn what_the_last_tab_left_behind_the_next_one_sends() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let client = database.connect().await;
    ada.cut().await;
    ada.send("one").await;
    ada.send("two").await;
    let first = ada.tab().await;
    let second = ada.open_tab().await;
    ada.look_at(&first).await;
    ada.close_tab().await;
    ada.look_at(&second).await;
    ada.door.lead_to(Some(server.address));
    assert!(stored(&client, general(&client).await).await.is_empty());

    ada.go("/").await;
    ada.until_said("two").await;
    assert_eq!(
        stored(&client, general(&client).await).await,
        ["one", "two"]
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_tab_that_is_reloaded_keeps_what_waits_in_it_for_itself() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    // Loads, but its live connection stays silent.
    ada.before_each_page("window.WebSocket = window.EventSource = class extends EventTarget { send() {} close() {} }")
        .await;
    ada.go("/").await;
    ada.find("#composer:enabled").await;
    let first = ada.tab().await;
    let second = ada.open_tab().await;
    ada.open("/").await;
    ada.look_at(&first).await;
    ada.send("mine").await;

    ada.reload().await;

    ada.until("document.querySelectorAll('[data-tick=waiting]').length === 1")
        .await;
    ada.look_at(&second).await;
    assert_eq!(
        ada.value("document.querySelectorAll('[data-tick=waiting]').length")
            .await,
        0
    );
    ada.close_tab().await;
    ada.look_at(&first).await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_refused_message_holds_nothing_back() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;

    ada.send(&"x".repeat(4_001)).await;
    ada.send("next").await;

    ada.until_said("next").await;
    ada.until_tick("next", "sent").await;
    ada.find("[data-tick=failed] .message__reason").await;
    assert_eq!(ada.said().await, ["next"]);
    ada.close().await;
    server.stop().await;
}

async fn who_sends_sees_it_wherever_one_was(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    fill(&client, general, bob.id, 200).await;

    // From the middle of what was said long ago.
    ada.open(&format!("/c/{general}/60")).await;
    ada.until(&in_view("message 60")).await;
    ada.send("from the middle").await;
    ada.until(&in_view("from the middle")).await;
    ada.until_tick("from the middle", "sent").await;
    let said = ada.said().await;
    assert_eq!(said[said.len() - 2..], ["message 200", "from the middle"]);

    // While older ones are on their way, which come when one is at the newest already.
    ada.value(
        "(() => {
            const ask = window.fetch;
            const late = new Promise((come) => window.letOlderCome = come);
            window.fetch = async (...asked) => {
                if (String(asked[0]).includes('before=')) await late;
                return ask(...asked);
            };
            document.querySelector('.timeline').scrollTop = 0;
        })()",
    )
    .await;
    ada.until("!document.querySelector('.timeline__latest').hidden")
        .await;
    ada.send("from above").await;
    ada.until(&in_view("from above")).await;
    ada.until_tick("from above", "sent").await;
    let oldest = ada.said().await[0].clone();
    ada.value("window.letOlderCome()").await;
    ada.until(&format!(
        "document.querySelector('.message__body').textContent !== {:?}",
        oldest.as_str()
    ))
    .await;
    ada.until(&in_view("from above")).await;
    ada.until("document.querySelector('.timeline__latest').hidden")
        .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_sends_while_reading_what_is_older_is_taken_to_the_newest() {
    who_sends_sees_it_wherever_one_was(Way::Desk).await;
}

#[tokio::test]
async fn who_sends_while_reading_what_is_older_is_taken_to_the_newest_on_a_phone() {
    who_sends_sees_it_wherever_one_was(Way::Phone).await;
}

async fn a_chat_begins_offline(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    ada.visit(&format!("/u/{}", bob.id)).await;
    ada.until("document.querySelector('.pane__title').textContent === 'Bob'")
        .await;
    ada.cut().await;

    ada.send("one").await;
    ada.send("two").await;
    ada.type_into("#composer", "half a thought").await;
    assert_eq!(
        ada.value("document.querySelectorAll('[data-tick=waiting]').length")
            .await,
        2
    );
    ada.door.lead_to(Some(server.address));

    ada.until_said("two").await;
    ada.until(
        "location.pathname.startsWith('/c/') && !document.querySelector('.message--pending')",
    )
    .await;
    assert_eq!(ada.said().await, ["one", "two"]);
    ada.until_written("half a thought").await;
    let bobs = column::<String>(
        &client,
        "select m.body from chat.messages m join chat.conversations c on c.id = m.conversation_id
         where c.kind = 'direct' order by m.seq",
        &[],
    )
    .await;
    assert_eq!(bobs, ["one", "two"]);
    ada.until("document.querySelectorAll('.conversation').length === 2")
        .await;
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_chat_that_begins_offline_begins_once_with_its_messages_in_order() {
    a_chat_begins_offline(Way::Desk).await;
}

#[tokio::test]
async fn a_chat_that_begins_offline_begins_over_a_stream_too() {
    a_chat_begins_offline(Way::Stream).await;
}
