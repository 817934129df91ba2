//! Somebody whom the host project has logged in, and has no second log-in here.

use serde_json::json;

use crate::browser::Browser;
use crate::support::{TestDatabase, TestHost, TestServer};

#[tokio::test]
async fn a_page_stays_open_for_as_long_as_the_host_knows_its_reader_and_no_longer() {
    let host = TestHost::start().await;
    host.answer_by("/me", |head| {
        if head.contains("sid=ada") {
            (200, json!({"id": 7, "name": "Ada"}).to_string())
        } else {
            (401, String::new())
        }
    });
    let database = TestDatabase::create().await;
    let url = host.url("/me");
    let settings = [
        ("AUTH", "url"),
        ("AUTH_URL", url.as_str()),
        ("AUTH_URL_SECONDS", "5"),
    ];
    let server = TestServer::start_with(&database, &settings).await;

    let browser = Browser::open(server.address).await;
    assert!(browser.text("main").await.contains("Log in there"));
    // As the host does when somebody logs in there: the port makes no difference to a cookie.
    browser.value("document.cookie = 'sid=ada; path=/'").await;
    browser.reload().await;
    browser.until_live().await;
    assert_eq!(browser.text(".sidebar__viewer b").await, "Ada");
    browser.value("window.isTheSamePage = true").await;
    let asked = host.heads().len();
    // Past the first end, and the second.
    browser
        .value("new Promise((done) => setTimeout(() => done(true), 12_000))")
        .await;
    assert!(host.heads().len() >= asked + 3, "asked in time, each time");
    assert_eq!(browser.value("window.isTheSamePage").await, true);
    browser.until_live().await;

    host.answer("/me", 401, "");
    browser
        .until("document.querySelector('main').textContent.includes('Log in there')")
        .await;
    browser
        .close_despite(&["401", "The list is not fresh"])
        .await;
    server.stop().await;
}
