//! How a stranger becomes somebody.

use super::accessibility::{RULES, check, open_calm};
use crate::browser::Browser;
use crate::support::{Person, TestDatabase, TestServer};

#[tokio::test]
async fn a_visitor_gives_a_name_and_is_in_the_general_room() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::open(server.address).await;

    browser.give_name("Ada Lovelace").await;

    assert_eq!(browser.text(".sidebar__viewer b").await, "Ada Lovelace");
    assert_eq!(browser.text(".pane__title").await, "General");
    assert_eq!(
        browser
            .text(".conversation__link[aria-current] .conversation__title")
            .await,
        "General"
    );
    browser.reload().await;
    browser.until_live().await;
    assert_eq!(
        browser.text(".sidebar__viewer b").await,
        "Ada Lovelace",
        "a reload asks for no name again"
    );
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn an_empty_name_is_called_by_the_invented_one_that_was_shown() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::open(server.address).await;
    let shown = browser.text("#name-note bdi").await;
    assert!(!shown.is_empty());

    browser.give_name("").await;

    assert_eq!(browser.text(".sidebar__viewer b").await, shown);
    browser.close().await;
    server.stop().await;
}

#[tokio::test]
async fn a_session_that_is_ended_elsewhere_leads_back_to_the_welcome_page() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    let other = Person::guest(server.address, "Bob").await;

    let client = database.connect().await;
    client
        .execute(
            "select chat.end_session(user_id, id) from chat.sessions where user_id <> $1",
            &[&other.id],
        )
        .await
        .unwrap();

    browser.find("form.welcome__form").await;
    // The list may have been on its way to be refreshed.
    browser
        .close_despite(&["401 (Unauthorized)", "The list is not fresh"])
        .await;
    server.stop().await;
}

#[tokio::test]
async fn an_address_that_leads_nowhere_is_answered_by_a_page_that_leads_back() {
    const NOWHERE: &str = "/c/00000000-0000-0000-0000-000000000000";
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;

    browser.go(NOWHERE).await;
    let text = browser.text("main").await;
    assert!(text.contains("There is no such conversation."), "{text}");
    assert_eq!(
        browser.value("document.styleSheets.length").await,
        8,
        "it looks like the others"
    );
    browser.click("main a").await;

    browser.until_live().await;
    assert_eq!(browser.text(".pane__title").await, "General");
    browser
        .close_despite(&[&format!("{NOWHERE} - Failed to load")])
        .await;
    server.stop().await;
}

#[tokio::test]
async fn somebody_signs_up_logs_out_and_comes_back_by_password() {
    let database = TestDatabase::create().await;
    let server = TestServer::start_with(&database, &[("AUTH", "guest,password")]).await;
    let browser = open_calm(Browser::open(server.address).await).await;
    check(&browser, "as a guest", RULES).await;
    browser.click("a[href*='door=signup']").await;
    browser
        .until("document.forms[0].action.endsWith('/auth/signup')")
        .await;
    check(&browser, "signing up", RULES).await;
    browser.type_into("#username", "ada").await;
    browser.type_into("#name", "Ada Lovelace").await;
    browser.type_into("#password", "correct horse\n").await;
    browser.until_live().await;
    assert_eq!(browser.text(".sidebar__viewer b").await, "Ada Lovelace");

    browser
        .value("fetch('/auth/logout', { method: 'POST' }).then(() => true)")
        .await;
    browser.go("/?door=login").await;
    browser.type_into("#username", "ada").await;
    browser.type_into("#password", "wrong horse\n").await;
    browser
        .until("document.querySelector('.field__error')?.textContent === 'The username or the password is wrong.'")
        .await;
    check(&browser, "a wrong password", RULES).await;
    assert_eq!(
        browser
            .value("document.querySelector('#username').value")
            .await,
        "ada"
    );
    browser.type_into("#password", "correct horse\n").await;
    browser.until_live().await;
    assert_eq!(browser.text(".sidebar__viewer b").await, "Ada Lovelace");
    // Chromium tells of a refused form.
    browser.close_despite(&["401"]).await;
    server.stop().await;
}
