//! One's account in the settings: where one is logged in, and the password.

use serde_json::{Value, json};

use super::accessibility::{RULES, check, open_calm};
use crate::browser::Browser;
use crate::support::{TestDatabase, TestServer};

async fn open_settings(browser: &Browser) {
    browser.click(".sidebar__viewer").await;
    browser
        .until("document.querySelector('.settings[open] .account__session')")
        .await;
}

/// Logs in as ada by a program; the answer's status.
async fn log_in(server: &TestServer, password: &str) -> u16 {
    let answer = reqwest::Client::new()
        .post(format!("http://{}/auth/login", server.address))
        .header("user-agent", "kettle/1.0")
        .json(&json!({"username": "ada", "password": password}))
        .send()
        .await
        .unwrap();
    answer.status().as_u16()
}

#[tokio::test]
async fn somebody_ends_a_log_in_elsewhere_and_changes_the_password() {
    let database = TestDatabase::create().await;
    let server = TestServer::start_with(&database, &[("AUTH", "guest,password")]).await;
    let browser = open_calm(Browser::open(server.address).await).await;
    browser.go("/?door=signup").await;
    browser.type_into("#username", "ada").await;
    browser.type_into("#name", "Ada").await;
    browser.type_into("#password", "correct horse\n").await;
    browser.until_live().await;
    assert_eq!(log_in(&server, "correct horse").await, 200);

    open_settings(&browser).await;
    let listed = "Array.from(document.querySelectorAll('.account__session b')).map((name) => name.textContent)";
    let shown: Vec<String> = serde_json::from_value(browser.value(listed).await).unwrap();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0], "kettle", "the newest first");
    assert!(shown[1].starts_with("Chrome on "), "{shown:?}");
    check(&browser, "where one is logged in", RULES).await;
    browser.click("[data-end-session]").await;
    browser
        .until("document.querySelectorAll('.account__session').length === 1")
        .await;
    assert_eq!(
        browser
            .value("document.querySelector('[data-end-session]')")
            .await,
        Value::Null
    );

    for (old, new, said) in [
        ("wrong horse", "battery staple", "not your present password"),
        ("correct horse", "battery staple", "Changed."),
    ] {
        browser.type_into("#account-current", old).await;
        browser.type_into("#account-new", &format!("{new}\n")).await;
        browser
            .until(&format!(
                "document.querySelector('.account__note').textContent.includes('{said}')"
            ))
            .await;
        browser
            .value("document.querySelector('.account__password').reset()")
            .await;
    }
    assert_eq!(log_in(&server, "correct horse").await, 401);
    assert_eq!(log_in(&server, "battery staple").await, 200);
    // Chromium tells of a refused request.
    browser.close_despite(&["401", "403", "422"]).await;
    server.stop().await;
}

#[tokio::test]
async fn a_guest_has_a_log_in_and_no_password() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let browser = Browser::enter(server.address, "Grace").await;
    open_settings(&browser).await;
    assert_eq!(
        browser
            .value("document.querySelector('.account__password')")
            .await,
        Value::Null
    );
    browser.close().await;
    server.stop().await;
}
