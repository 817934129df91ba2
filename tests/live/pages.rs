//! Pages: what a browser gets before any script runs.

use reqwest::{Method, Response};
use serde_json::json;
use uuid::Uuid;

use crate::asking::{ask, header};
use crate::cast::Cast;
use crate::support::{Person, TestDatabase, TestServer, run};

async fn page(person: Option<&Person>, address: std::net::SocketAddr, path: &str) -> Response {
    let cookie = person.map(|person| format!("webchat_session={}", person.token));
    let mut headers = vec![("accept", "text/html")];
    if let Some(cookie) = &cookie {
        headers.push(("cookie", cookie));
    }
    ask(address, Method::GET, path, &headers, "").await
}

/// The value of an attribute, where it first stands.
fn attribute<'a>(html: &'a str, name: &str) -> &'a str {
    let (_, rest) = html.split_once(&format!("{name}=\"")).unwrap();
    rest.split_once('"').unwrap().0
}

fn check_policy(response: &Response) {
    let policy = header(response, "content-security-policy");
    assert!(policy.contains("default-src 'self'"), "{policy}");
    assert!(
        !policy.contains("unsafe") && !policy.contains('*'),
        "{policy}"
    );
    assert_eq!(header(response, "x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_visitor_without_a_session_is_welcomed() {
    let cast = Cast::with(&[("ALLOWED_ORIGINS", "https://shop.example")]).await;
    let mallory = {
        let mut nobody = cast.ada.clone();
        nobody.token = "wrong".to_owned();
        nobody
    };
    for (person, path) in [
        (None, "/".to_owned()),
        (Some(&mallory), "/".to_owned()),
        (None, format!("/c/{}", cast.direct)),
    ] {
        let response = page(person, cast.server.address, &path).await;
        assert_eq!(response.status(), 200);
        check_policy(&response);
        let policy = header(&response, "content-security-policy").to_owned();
        assert!(
            policy.contains("frame-ancestors 'self' https://shop.example"),
            "{policy}"
        );
        assert_eq!(header(&response, "vary"), "cookie, accept");
        assert_eq!(header(&response, "cache-control"), "no-store");
        let html = response.text().await.unwrap();
        assert!(html.contains(r#"action="/auth/guest""#));
        assert!(!html.contains("data-cursor") && !html.contains("Ada"));
    }
}

#[tokio::test]
async fn the_chat_comes_with_its_history_and_a_cursor_to_go_on_from() {
    let cast = Cast::assemble().await;
    for n in 0..60 {
        cast.ada.say(cast.direct, &format!("message {n}.")).await;
    }
    let secret = cast.ada.group(&[&cast.eve]).await;
    cast.ada.say(secret, "not for Bob").await;
    let response = page(
        Some(&cast.bob),
        cast.server.address,
        &format!("/c/{}", cast.direct),
    )
    .await;
    assert_eq!(response.status(), 200);
    check_policy(&response);
    let html = response.text().await.unwrap();
    for n in 10..60 {
        assert!(html.contains(&format!("message {n}.")), "{n}");
    }
    assert!(!html.contains("message 9."), "a page's worth");
    assert_eq!(attribute(&html, "data-user-id"), cast.bob.id.to_string());
    assert_eq!(
        attribute(&html, "data-conversation-id"),
        cast.direct.to_string()
    );
    assert_eq!(attribute(&html, "data-read-seq"), "0");
    assert!(!html.contains("not for Bob") && !html.contains(&cast.bob.token));

    cast.ada.say(cast.direct, "since then").await;
    let mut socket = cast.bob.resume(attribute(&html, "data-cursor")).await;
    socket.message("since then").await;

    // The scripts and styles that the page names are there, under an address that changes with them.
    let script = attribute(&html, "src");
    let emoji = format!("{}/emoji.json", script.rsplit_once('/').unwrap().0);
    for (path, kind) in [
        (script, "text/javascript"),
        (attribute(&html, "rel=\"stylesheet\" href"), "text/css"),
        (emoji.as_str(), "application/json"),
    ] {
        let asset = page(None, cast.server.address, path).await;
        assert_eq!(asset.status(), 200, "{path}");
        assert!(header(&asset, "content-type").starts_with(kind), "{path}");
    }
    for path in [
        "/static/x/../../Cargo.toml",
        "/static/x/%2e%2e/%2e%2e/Cargo.toml",
        "/static/x/nothing.js",
    ] {
        assert_eq!(
            page(None, cast.server.address, path).await.status(),
            404,
            "{path}"
        );
    }
}

#[tokio::test]
async fn hostile_names_titles_and_words_stay_text() {
    let cast = Cast::assemble().await;
    let hostile = r#""><script>alert(1)</script><img src=x onerror=alert(2)>'&amp;"#;
    let mallory = Person::guest(cast.server.address, hostile).await;
    let (_, group) = mallory
        .post(
            "/api/groups",
            json!({"name": hostile, "member_ids": [cast.ada.id]}),
        )
        .await;
    let group: Uuid = group["id"].as_str().unwrap().parse().unwrap();
    let path = format!("/api/conversations/{group}/messages");
    let send = json!({"body": hostile, "client_id": hostile[..60], "kind": "text"});
    assert_eq!(mallory.post(&path, send).await.0, 201);
    mallory.direct(&cast.ada).await;
    for reader in [&cast.ada, &mallory] {
        for place in [format!("/c/{group}"), "/".to_owned()] {
            let html = page(Some(reader), cast.server.address, &place)
                .await
                .text()
                .await
                .unwrap();
            assert!(html.contains("&lt;script&gt;alert(1)"), "{place}");
            assert!(
                !html.contains("<script>") && !html.contains("<img"),
                "{place}: {html}"
            );
        }
    }
}

#[tokio::test]
async fn a_stranger_gets_a_page_that_says_so_and_a_program_a_problem() {
    let cast = Cast::assemble().await;
    cast.ada.say(cast.direct, "a secret").await;
    let bearer = format!("Bearer {}", cast.eve.token);
    for (path, status) in [
        (format!("/c/{}", cast.direct), 403),
        (format!("/c/{}", Uuid::nil()), 404),
        ("/c/x".to_owned(), 404),
        ("/nothing".to_owned(), 404),
    ] {
        let response = page(Some(&cast.eve), cast.server.address, &path).await;
        assert_eq!(response.status(), status, "{path}");
        assert!(
            header(&response, "content-type").starts_with("text/html"),
            "{path}"
        );
        check_policy(&response);
        let html = response.text().await.unwrap();
        assert!(html.contains("Back to the chat") && !html.contains("secret"));
        let response = ask(
            cast.server.address,
            Method::GET,
            &path,
            &[("authorization", &bearer)],
            "",
        )
        .await;
        assert_eq!(response.status(), status);
        assert_eq!(
            header(&response, "content-type"),
            "application/problem+json",
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_chat_opens_with_the_general_room_and_without_one_shows_the_list() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    let ada = Person::guest(server.address, "Ada").await;
    let html = page(Some(&ada), server.address, "/")
        .await
        .text()
        .await
        .unwrap();
    let general: Uuid = attribute(&html, "data-conversation-id").parse().unwrap();
    ada.say(general, "hello everyone").await;
    let html = page(Some(&ada), server.address, "//")
        .await
        .text()
        .await
        .unwrap();
    assert!(html.contains("hello everyone"));

    let client = database.connect().await;
    run(
        &client,
        "update chat.conversations set closed_at = now() where is_general",
        &[],
    )
    .await;
    for person in [&ada, &Person::guest(server.address, "Bob").await] {
        let response = page(Some(person), server.address, "/").await;
        assert_eq!(response.status(), 200);
        assert!(
            response
                .text()
                .await
                .unwrap()
                .contains("Choose a conversation")
        );
    }
    // Who was in it still reads it, and finds nothing to write with.
    let html = page(Some(&ada), server.address, &format!("/c/{general}"))
        .await
        .text()
        .await
        .unwrap();
    assert!(html.contains("hello everyone") && html.contains("This conversation is closed"));
}
