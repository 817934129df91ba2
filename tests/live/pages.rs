//! Pages: what a browser gets before any script runs.

use std::collections::BTreeSet;

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
    for rule in [
        "default-src 'none'",
        "script-src 'self';",
        "style-src 'self';",
        "connect-src 'self';",
        "base-uri 'none'",
        "form-action 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types fragment;",
    ] {
        assert!(policy.contains(rule), "{rule}: {policy}");
    }
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
        assert_eq!(
            header(&response, "vary"),
            "cookie, accept, accept-encoding, accept-language"
        );
        assert_eq!(header(&response, "cache-control"), "no-store");
        let html = response.text().await.unwrap();
        assert!(html.contains(r#"action="/auth/guest""#));
        // An invented name may be that of an adaptive animal.
        assert!(!html.contains("data-cursor") && !html.contains(">Ada<"));
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
    let path = format!("/c/{}", cast.direct);
    let response = page(Some(&cast.bob), cast.server.address, &path).await;
    let html = response.text().await.unwrap();
    assert_eq!(attribute(&html, "data-read-seq"), "0");
    assert!(
        html.contains("message 0.") && !html.contains("message 58."),
        "many unread ones are shown from the first on"
    );

    let marks = format!("/api/conversations/{}/marks", cast.direct);
    assert_eq!(cast.bob.put(&marks, json!({"read_seq": 60})).await.0, 200);
    let response = page(Some(&cast.bob), cast.server.address, &path).await;
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
    assert_eq!(attribute(&html, "data-read-seq"), "60");
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

#[tokio::test]
async fn the_page_is_sent_in_the_look_of_its_cookie_and_in_no_other() {
    let cast = Cast::assemble().await;
    let look = async |cookie: &str| {
        let cookie = format!("webchat_session={}; webchat_look={cookie}", cast.ada.token);
        let headers = [("accept", "text/html"), ("cookie", cookie.as_str())];
        let response = ask(cast.server.address, Method::GET, "/", &headers, "").await;
        assert_eq!(response.status(), 200, "{cookie}");
        let html = response.text().await.unwrap();
        let root = html
            .split_once("<html")
            .unwrap()
            .1
            .split_once('>')
            .unwrap()
            .0;
        assert!(!html.contains("evil"), "{html}");
        ["data-theme", "data-color", "dir", "data-details"]
            .map(|name| attribute(root, name).to_owned())
    };
    for theme in ["system", "light", "dark"] {
        for color in ["blue", "purple", "green", "orange"] {
            let sent = look(&format!("{theme}.{color}.rtl.plain")).await;
            assert_eq!(sent, [theme, color, "rtl", "closed"]);
        }
    }
    for hostile in [
        "",
        "evil",
        "\"><script>evil()</script>",
        "dark\" onload=\"evil()",
        "%22%3E%3Cscript%3Eevil()%3C/script%3E",
        "DARK.Purple.RTL",
        "dark,purple",
    ] {
        assert_eq!(
            look(hostile).await,
            ["system", "blue", "ltr", "open"],
            "{hostile}"
        );
    }
}

/// What a first visit to a page with a history loads, packed as browsers ask for it: bytes at most.
const FIRST_LOAD_BYTES_MAX: usize = 60 * 1024;
const FIRST_SCRIPT_BYTES_MAX: usize = 25 * 1024;

#[tokio::test]
async fn a_first_visit_loads_little_and_announces_just_what_its_script_imports() {
    let cast = Cast::assemble().await;
    for n in 0..50 {
        let text = format!(
            "Message {n}: shall we meet at {}:30, or is {n} too late for you?",
            n % 24
        );
        let sender = if n % 3 == 0 { &cast.bob } else { &cast.ada };
        sender.say(cast.direct, &text).await;
    }
    let address = cast.server.address;
    let cookie = format!("webchat_session={}", cast.ada.token);
    let packed = async |path: &str| {
        let headers = [
            ("accept", "text/html"),
            ("accept-encoding", "gzip"),
            ("cookie", cookie.as_str()),
        ];
        let response = ask(address, Method::GET, path, &headers, "").await;
        assert_eq!(response.status(), 200, "{path}");
        response.bytes().await.unwrap().len()
    };
    let plain = async |path: &str| {
        let response = page(Some(&cast.ada), address, path).await;
        assert_eq!(response.status(), 200, "{path}");
        response.text().await.unwrap()
    };
    let path = format!("/c/{}", cast.direct);
    let html = plain(&path).await;
    let addresses = |before: &str| -> Vec<String> {
        let parts = html.split(before).skip(1);
        parts
            .map(|part| part.split_once('"').unwrap().0.to_owned())
            .collect()
    };
    let scripts = addresses("src=\"");
    let folder = scripts[0].rsplit_once('/').unwrap().0;

    let mut imported = BTreeSet::new();
    let mut waiting = scripts.clone();
    while let Some(script) = waiting.pop() {
        let text = plain(&script).await;
        // Not those that are imported when they are needed: `import("./…")`.
        for part in text.split("from\"./").skip(1) {
            let name = part.split_once('"').unwrap().0;
            let module = format!("{folder}/{name}");
            if imported.insert(module.clone()) {
                waiting.push(module);
            }
        }
    }
    let announced = addresses("rel=\"modulepreload\" href=\"");
    assert_eq!(
        announced.iter().cloned().collect::<BTreeSet<_>>(),
        imported,
        "none is missing, and none is there in vain"
    );
    assert_eq!(announced.len(), imported.len(), "each once");

    let mut script_bytes = 0;
    for script in scripts.iter().chain(&imported) {
        script_bytes += packed(script).await;
    }
    let mut bytes = script_bytes + packed(&path).await;
    let others = addresses("rel=\"stylesheet\" href=\"");
    let icon = addresses("type=\"image/svg+xml\" href=\"");
    for other in others.iter().chain(&icon) {
        bytes += packed(other).await;
    }
    assert!(others.len() == 8 && icon.len() == 1);
    assert!(
        script_bytes <= FIRST_SCRIPT_BYTES_MAX && bytes <= FIRST_LOAD_BYTES_MAX,
        "{bytes} bytes, {script_bytes} of them script"
    );
}
