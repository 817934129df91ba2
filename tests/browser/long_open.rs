//! A tab that stays open for a day holds some screens full, and what it holds is what the database has.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

use super::stage::{Visitor, Way, fill, general, numbered};
use crate::browser::Browser;
use crate::support::{Client, Person, TestDatabase, TestServer, run, value};

/// What the page may hold, with what is on its way.
const HELD_MAX: u64 = 310;

async fn held(browser: &Browser) -> u64 {
    let count = browser
        .value("document.querySelectorAll('.message').length")
        .await;
    count.as_u64().unwrap()
}

/// What the window of messages holds: place, revision and words of each.
async fn window(browser: &Browser) -> Vec<(i64, i64, String)> {
    let window = browser
        .value(
            "Array.from(document.querySelectorAll('.timeline__messages .message'), (item) =>
                [Number(item.dataset.seq), Number(item.dataset.revision), item.querySelector('.message__body').textContent])",
        )
        .await;
    serde_json::from_value(window).unwrap()
}

/// The same range, as the database has it.
async fn rows(
    client: &Client,
    conversation: Uuid,
    first: i64,
    last: i64,
) -> Vec<(i64, i64, String)> {
    let rows = client
        .query(
            "select seq, revision::bigint, case when deleted_at is null then body else 'This message was deleted' end
             from chat.messages where conversation_id = $1 and seq between $2 and $3 order by seq",
            &[&conversation, &first, &last],
        )
        .await
        .unwrap();
    rows.iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect()
}

async fn a_thousand_messages_come(way: Way) {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    let is_last = |n: i64| {
        format!(
            "document.querySelector('.timeline__messages').lastElementChild?.dataset.seq === '{n}'"
        )
    };

    for batch in 1..=6 {
        fill(&client, general, bob.id, 200).await;
        ada.until(&is_last(batch * 200)).await;
        let held = held(&ada).await;
        assert!(held <= HELD_MAX, "{held} are held");
    }
    let said = ada.said().await;
    assert_eq!(said, numbered(1_201 - said.len() as i64..=1_200));

    // Upwards for some screens, while more come.
    for _ in 0..8 {
        let first = window(&ada).await[0].0;
        ada.value("document.querySelector('.timeline').scrollTop = 0")
            .await;
        ada.until(&format!(
            "document.querySelector('.timeline__messages').firstElementChild.dataset.seq < {first}"
        ))
        .await;
    }
    let said = ada.said().await;
    let first = window(&ada).await[0].0;
    assert_eq!(said, numbered(first..first + said.len() as i64));
    assert!(!said.contains(&"message 1200".to_owned()) && said.len() as u64 <= HELD_MAX);
    for _ in 0..2 {
        fill(&client, general, bob.id, 200).await;
        ada.until("document.querySelector('.timeline__count').textContent === '99+'")
            .await;
    }
    ada.until(
        "document.querySelector('.timeline__latest').ariaLabel === 'Newest messages, 400 new'",
    )
    .await;
    assert_eq!(ada.said().await, said, "what one reads is as it was");

    ada.click(".timeline__latest").await;
    ada.until(&is_last(1_600)).await;
    ada.until("document.querySelector('.timeline__latest').hidden")
        .await;
    fill(&client, general, bob.id, 1).await;
    ada.until(&is_last(1_601)).await;
    let said = ada.said().await;
    assert_eq!(said, numbered(1_602 - said.len() as i64..=1_601));
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_thousand_messages_leave_some_screens_full_in_the_page() {
    a_thousand_messages_come(Way::Desk).await;
}

#[tokio::test]
async fn a_thousand_messages_leave_some_screens_full_on_a_phone() {
    a_thousand_messages_come(Way::Phone).await;
}

#[tokio::test]
async fn a_thousand_messages_leave_some_screens_full_over_a_stream() {
    a_thousand_messages_come(Way::Stream).await;
}

#[tokio::test]
async fn who_reads_a_little_above_the_newest_is_not_buried_by_what_comes() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    fill(&client, general, bob.id, 60).await;
    ada.until_said("message 60").await;
    ada.value("document.querySelector('.timeline').scrollTop -= 500")
        .await;
    ada.until("!document.querySelector('.timeline__latest').hidden")
        .await;
    let top = ada
        .value("document.querySelector('.timeline').scrollTop")
        .await;

    for count in [400, 800] {
        fill(&client, general, bob.id, 400).await;
        ada.until(&format!(
            "document.querySelector('.timeline__latest').ariaLabel === 'Newest messages, {count} new'"
        ))
        .await;
        let held = held(&ada).await;
        assert!(held <= HELD_MAX, "{held} are held");
    }
    let scroller = "document.querySelector('.timeline')";
    assert_eq!(ada.value(&format!("{scroller}.scrollTop")).await, top);
    // On by scrolling alone.
    while !ada.said().await.contains(&"message 860".to_owned()) {
        let last = window(&ada).await.last().unwrap().0;
        ada.value(&format!("{scroller}.scrollTop = {scroller}.scrollHeight"))
            .await;
        ada.until(&format!(
            "document.querySelector('.timeline__messages').lastElementChild.dataset.seq > {last}"
        ))
        .await;
    }
    let said = ada.said().await;
    assert_eq!(said, numbered(861 - said.len() as i64..=860));
    assert!(held(&ada).await <= HELD_MAX);
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_hidden_tab_is_not_buried_either_and_stands_at_the_first_new_message() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Visitor::enter(Way::Desk, server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    fill(&client, general, bob.id, 60).await;
    ada.until_said("message 60").await;
    ada.until_live().await;
    let mut listener = database.listen().await;
    let ada_id = ada.user_id().await.to_string();

    let away = ada.look_away().await;
    for _ in 0..5 {
        fill(&client, general, bob.id, 200).await;
    }
    listener
        .next_event(|heard| {
            heard.kind() == "receipt"
                && heard.event()["user_id"] == ada_id.as_str()
                && heard.event()["delivered_seq"] == 1_060
        })
        .await;
    away.look_back().await;

    let first_new = "document.querySelector('.message__new')?.parentElement";
    ada.until(&format!("{first_new}?.dataset.seq === '61'"))
        .await;
    ada.until(&format!(
        "(() => {{ const top = {first_new}.getBoundingClientRect().top - document.querySelector('.timeline').getBoundingClientRect().top;
            return top > 0 && top < 150; }})()"
    ))
    .await;
    assert!(held(&ada).await <= HELD_MAX);
    ada.click(".timeline__latest").await;
    ada.until_said("message 1060").await;
    ada.close().await;
    server.stop().await;
}

/// What happens to a page and what it shows, at random but the same each time.
async fn the_window_is_what_the_database_has(seed: u64, way: Way) {
    const STEPS: usize = 50;
    let mut random = StdRng::seed_from_u64(seed);
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let bob = Person::guest(server.address, "Bob").await;
    let client = database.connect().await;
    let general = general(&client).await;
    fill(&client, general, bob.id, 400).await;
    let ada = Visitor::enter(way, server.address, "Ada").await;
    let scroller = "document.querySelector('.timeline')";

    for _ in 0..STEPS {
        let newest: i64 = value(&client, "select max(seq) from chat.messages", &[]).await;
        match random.random_range(0..10) {
            0..=2 => {
                ada.value(&format!("{scroller}.scrollTop -= 2500")).await;
            }
            3..=4 => {
                ada.value(&format!("{scroller}.scrollTop += 2500")).await;
            }
            5..=6 => fill(&client, general, bob.id, random.random_range(1..60)).await,
            7 => {
                let seq = random.random_range(1..=newest);
                run(
                    &client,
                    "update chat.messages set body = body || '!' where seq = $1 and deleted_at is null",
                    &[&seq],
                )
                .await;
            }
            8 => {
                let seq = random.random_range(1..=newest);
                run(&client, "delete from chat.messages where seq = $1", &[&seq]).await;
            }
            _ => match random.random_range(0..3) {
                0 => {
                    ada.send(&format!("message {}", newest + 1)).await;
                }
                1 => {
                    ada.value("document.querySelector('.timeline__latest').click()")
                        .await;
                }
                _ => {
                    let seq = random.random_range(1..=newest);
                    ada.visit(&format!("/c/{general}/{seq}")).await;
                }
            },
        }
    }

    settle(&ada, &bob, general).await;
    let window = window(&ada).await;
    let (first, last) = (window[0].0, window.last().unwrap().0);
    let rows = rows(&client, general, first, last).await;
    assert_eq!(window, rows, "seed {seed}");
    assert!(held(&ada).await <= HELD_MAX, "seed {seed}");
    let expected: Vec<_> = (first..=last).collect();
    let seqs: Vec<_> = window.iter().map(|(seq, ..)| *seq).collect();
    assert_eq!(seqs, expected, "seed {seed}");

    // And at the end of it all the newest.
    ada.value("document.querySelector('.timeline__latest').click()")
        .await;
    ada.until_said("the end").await;
    ada.close().await;
    server.stop().await;
}

/// Returns when the page has heard of all that came, shows it, and loads nothing more.
async fn settle(ada: &Browser, bob: &Person, general: Uuid) {
    const LOADS_IN_A_ROW_MAX: usize = 4;
    bob.say(general, "the end").await;
    ada.until("document.querySelector('.conversation__last').textContent === 'the end'")
        .await;
    for _ in 0..LOADS_IN_A_ROW_MAX {
        ada.value(
            "new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))",
        )
        .await;
        ada.until("!document.querySelector('.message--pending') && document.querySelector('.timeline').ariaBusy !== 'true'")
            .await;
    }
}

#[tokio::test]
async fn whatever_happens_the_page_holds_a_range_of_the_databases_rows_as_they_are() {
    the_window_is_what_the_database_has(1, Way::Desk).await;
}

#[tokio::test]
async fn whatever_else_happens_the_page_holds_a_range_of_the_databases_rows() {
    the_window_is_what_the_database_has(2, Way::Phone).await;
}

#[tokio::test]
async fn whatever_happens_over_a_stream_the_page_holds_a_range_of_the_databases_rows() {
    the_window_is_what_the_database_has(3, Way::Stream).await;
}
