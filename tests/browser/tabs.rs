//! Several tabs of one person: what is done in one is done in all.

use serde_json::{Value, json};
use uuid::Uuid;

use super::stage::{direct, general};
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer};

fn badge(conversation: Uuid) -> String {
    format!(
        "document.querySelector('.conversation[data-conversation-id=\"{conversation}\"] .conversation__unread')"
    )
}

#[tokio::test]
async fn what_is_read_in_one_tab_is_no_longer_counted_in_the_others() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let with_bob = direct(&bob, &ada).await;
    let with_eve = direct(&eve, &ada).await;
    let mut tabs = vec![ada.tab().await];
    for _ in 0..2 {
        tabs.push(ada.open_tab().await);
        ada.go("/").await;
        ada.until_live().await;
    }
    bob.say(with_bob, "from Bob").await;
    eve.say(with_eve, "from Eve").await;
    for tab in &tabs {
        ada.look_at(tab).await;
        ada.until("document.title === '(2) General'").await;
    }

    ada.click(&format!(".conversation__link[href=\"/c/{with_bob}\"]"))
        .await;
    ada.until_said("from Bob").await;
    ada.until("document.title === '(1) Bob'").await;
    for tab in &tabs[..2] {
        ada.look_at(tab).await;
        ada.until("document.title === '(1) General'").await;
        assert_eq!(
            ada.value(&format!("{}.hidden", badge(with_bob))).await,
            true
        );
        assert_eq!(
            ada.value(&format!("{}.hidden", badge(with_eve))).await,
            false,
            "of the other nothing was read"
        );
    }
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn one_s_own_message_is_in_every_tab_once_and_in_the_other_person_s_too() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;
    let eve = Person::guest(server.address, "Eve").await;
    let eves = direct(&eve, &ada).await;
    let mut tabs = vec![ada.tab().await];
    for _ in 0..2 {
        tabs.push(ada.open_tab().await);
        ada.go("/").await;
        ada.until_live().await;
    }
    let bobs_tab = bob.tab().await;
    let bobs_other = bob.open_tab().await;
    bob.go("/").await;
    bob.until_live().await;

    ada.type_into("#composer:enabled", "from ").await;
    for tab in [&bobs_tab, &bobs_other] {
        bob.look_at(tab).await;
        bob.until("document.querySelector('.typing').textContent === 'Ada is typing…'")
            .await;
    }
    ada.say("the third").await;
    ada.until_said("from the third").await;
    ada.look_at(&tabs[0]).await;
    assert_eq!(
        ada.text(".typing").await,
        "",
        "one is not told of one's own typing"
    );
    ada.say("from the first").await;

    let expected = ["from the third", "from the first"];
    for (browser, tabs) in [
        (&ada, vec![&tabs[1], &tabs[2], &tabs[0]]),
        (&bob, vec![&bobs_tab, &bobs_other]),
    ] {
        for tab in tabs {
            browser.look_at(tab).await;
            browser.until_said("from the first").await;
            browser
                .until("document.querySelectorAll('.message--pending').length === 0")
                .await;
            assert_eq!(browser.said().await, expected);
            assert_eq!(browser.text(".typing").await, "");
        }
    }
    assert_eq!(
        ada.value("document.title").await,
        "General",
        "one's own is not unread"
    );
    assert!(eve.history(eves).await.is_empty());
    ada.close().await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_draft_is_in_the_other_tab_when_one_looks_at_it() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let with_bob = direct(&bob, &ada).await;
    let draft = "document.querySelector('#composer').value";
    let first = ada.tab().await;
    let other = ada.open_tab().await;
    ada.go("/").await;
    ada.until_live().await;

    ada.look_at(&first).await;
    ada.type_into("#composer:enabled", "half a thought").await;
    ada.look_at(&other).await;
    ada.until(&format!("{draft} === 'half a thought'")).await;
    ada.type_into("#composer:enabled", " and more").await;
    ada.look_at(&first).await;
    ada.until(&format!("{draft} === 'half a thought and more'"))
        .await;
    ada.say("").await;
    ada.until_said("half a thought and more").await;
    ada.look_at(&other).await;
    ada.until(&format!("{draft} === ''")).await;

    ada.go(&format!("/c/{with_bob}")).await;
    ada.find("#composer:enabled").await;
    assert_eq!(
        ada.value(draft).await,
        "",
        "it is of its conversation alone"
    );
    ada.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_signs_out_in_one_tab_is_out_in_all_and_another_s_session_goes_on() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Browser::enter(server.address, "Bob").await;
    let first = ada.tab().await;
    let other = ada.open_tab().await;
    ada.go("/").await;
    ada.until_live().await;

    ada.click(".sidebar__viewer").await;
    ada.until("document.querySelector('.settings').open").await;
    ada.click(".settings__leave button").await;
    for tab in [&other, &first] {
        ada.look_at(tab).await;
        ada.find("form.welcome__form").await;
    }

    bob.say("still here").await;
    bob.until_said("still here").await;
    // The list may have been on its way to be refreshed.
    ada.close_despite(&["401 (Unauthorized)", "The list is not fresh"])
        .await;
    bob.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_takes_another_name_is_called_by_it_everywhere() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Browser::enter(server.address, "Ada").await;
    let bob = Person::guest(server.address, "Bob").await;
    let general = general(&database.connect().await).await;
    let with_bob = direct(&bob, &ada).await;
    bob.say(general, "from Bob").await;
    ada.until_said("from Bob").await;
    let ada_id = ada.user_id().await;
    ada.say("from Ada").await;
    ada.until_said("from Ada").await;
    let first = ada.tab().await;
    let other = ada.open_tab().await;
    ada.go(&format!("/c/{with_bob}")).await;
    ada.until_live().await;
    let names = "[...new Set(Array.from(document.querySelectorAll('.message__sender, .member .person__name'), (place) => place.textContent))].sort()";

    ada.click(".sidebar__viewer").await;
    ada.until("document.querySelector('.settings').open").await;
    ada.find("#settings-name").await.clear().await.unwrap();
    ada.type_into("#settings-name", "Countess King").await;
    ada.click(".settings__profile [type=submit]").await;
    ada.until("document.querySelector('#settings-note').textContent === 'Saved.'")
        .await;
    let (status, _) = bob.put("/api/users/me", json!({"name": "Robert"})).await;
    assert_eq!(status, 200);

    ada.until("document.title === 'Robert' && document.querySelector('.pane__title').textContent === 'Robert'")
        .await;
    for tab in [&other, &first] {
        ada.look_at(tab).await;
        ada.until("document.querySelector('.sidebar__viewer').textContent === 'CKCountess King, settings'")
            .await;
        ada.until("Array.from(document.querySelectorAll('.conversation__title'), (title) => title.textContent).includes('Robert')")
            .await;
    }
    ada.until(&format!("{names}.join() === 'Countess King,Robert'"))
        .await;
    assert_eq!(
        ada.value(&format!(
            "Array.from(document.querySelectorAll('[data-sender=\"{ada_id}\"] .avatar'), (avatar) => avatar.textContent)"
        ))
        .await,
        json!(["CK"])
    );
    ada.click(".sidebar__viewer").await;
    ada.until("document.querySelector('.settings').open").await;
    assert_eq!(
        ada.value("document.querySelector('#settings-name').value")
            .await,
        Value::from("Countess King")
    );
    ada.close().await;
    server.stop().await;
}
