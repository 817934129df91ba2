//! The API's documents in a browser: read, and tried.

use serde_json::json;

use crate::browser::Browser;
use crate::support::{TestDatabase, TestServer};

#[tokio::test]
async fn who_is_logged_in_tries_an_operation_on_the_apis_page() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Ada").await;
    let own_id = browser.user_id().await;

    browser.go("/docs#/people/peopleRead").await;
    let operation = "#operations-people-peopleRead";
    browser.click(&format!("{operation} .try-out__btn")).await;
    browser
        .type_into(&format!("{operation} .parameters input"), "me")
        .await;
    browser.click(&format!("{operation} .execute")).await;
    let answered = format!("{operation} .live-responses-table");
    browser
        .until(&format!(
            "document.querySelector({})?.textContent.includes({})",
            json!(answered),
            json!(own_id.to_string())
        ))
        .await;
    // What changes something goes by the cookie as well.
    browser.go("/docs#/people/peopleSetPresence").await;
    browser.reload().await;
    let operation = "#operations-people-peopleSetPresence";
    browser.click(&format!("{operation} .try-out__btn")).await;
    browser.click(&format!("{operation} .execute")).await;
    browser
        .until(&format!(
            "document.querySelector('{operation} .live-responses-table')?.textContent.includes('200')"
        ))
        .await;
    // Nothing came from elsewhere.
    assert_eq!(
        browser
            .value("performance.getEntriesByType('resource').filter((it) => !it.name.startsWith(location.origin) && !it.name.startsWith('data:')).length")
            .await,
        json!(0)
    );
    browser.close().await;
}

#[tokio::test]
async fn the_wire_is_a_page_in_the_readers_look_that_links_to_the_api() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::open(server.address).await;
    browser.go("/docs/wire").await;
    assert!(browser.text("h1").await.contains("The wire"));
    assert_eq!(
        browser
            .value("getComputedStyle(document.querySelector('td')).borderTopStyle")
            .await,
        "solid"
    );
    // A heading is found by its name.
    browser.click(".document a[href='#limits']").await;
    browser
        .until("document.querySelector(':target')?.textContent === 'Limits'")
        .await;
    browser.click(".documents a[href='/docs']").await;
    browser
        .until("document.querySelectorAll('.opblock').length > 40")
        .await;
    browser.close().await;
}
