//! What somebody tries who wants in where they have no business.

use reqwest::redirect::Policy;
use serde_json::json;

use crate::cast::Cast;
use crate::support::{Person, Socket, TestDatabase, TestServer};

#[tokio::test]
async fn a_session_of_one_project_is_nobodys_in_another() {
    let cast = Cast::assemble().await;
    let elsewhere = TestDatabase::create().await;
    let server = TestServer::start(&elsewhere).await;
    let bearer = format!("Bearer {}", cast.ada.token);
    let cookie = format!("webchat_session={}", cast.ada.token);
    let protocols = format!("webchat, bearer.{}", cast.ada.token);
    for path in [
        "/api/users/me",
        "/api/conversations",
        "/sse",
        "/api/changes",
    ] {
        for (name, value) in [("authorization", &bearer), ("cookie", &cookie)] {
            let ask = |address| {
                let request = reqwest::Client::new().get(format!("http://{address}{path}"));
                request.header(name, value).send()
            };
            assert_eq!(ask(cast.server.address).await.unwrap().status(), 200);
            assert_eq!(
                ask(server.address).await.unwrap().status(),
                401,
                "{path} by {name}"
            );
        }
    }
    for headers in [
        [("authorization", bearer.as_str())],
        [("cookie", &cookie)],
        [("sec-websocket-protocol", &protocols)],
    ] {
        assert!(Socket::open(server.address, "/ws", &headers).await.is_err());
    }
    assert!(cast.ada.open("/ws").await.is_ok());
    server.stop().await;
}

#[tokio::test]
async fn no_page_can_be_framed_but_by_whom_the_operator_named() {
    let cast = Cast::with(&[("ALLOWED_ORIGINS", "https://shop.example")]).await;
    let general = format!("/c/{}", cast.direct);
    let person = format!("/u/{}", cast.bob.id);
    let paths = [
        "/",
        "/chats",
        &general,
        &person,
        "/i/nothing",
        "/docs",
        "/docs/wire",
        "/embed",
        "/?door=login",
        "/nowhere",
        "/c/nowhere",
        "/with/nobody",
        "/t/order-4711",
    ];
    for path in paths {
        for token in [Some(&cast.ada.token), None] {
            let mut request = client()
                .get(format!("http://{}{path}", cast.server.address))
                .header("accept", "text/html");
            if let Some(token) = token {
                request = request.header("cookie", format!("webchat_session={token}"));
            }
            let response = request.send().await.unwrap();
            let headers = response.headers();
            assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
            if !headers["content-type"]
                .to_str()
                .unwrap()
                .starts_with("text/html")
            {
                assert!(response.status().is_redirection(), "{path}");
                continue;
            }
            let policy = headers["content-security-policy"].to_str().unwrap();
            let ancestors = policy
                .split(';')
                .find_map(|part| part.trim().strip_prefix("frame-ancestors "))
                .unwrap_or_else(|| panic!("{path} can be framed by anybody: {policy}"));
            assert!(
                ["'self' https://shop.example", "'self'", "'none'"].contains(&ancestors),
                "{path}: {ancestors}"
            );
            assert!(
                !policy.contains("unsafe-eval") && !policy.contains('*'),
                "{path}: {policy}"
            );
        }
    }
}

/// Where somebody would be led who follows a link made by somebody else.
const ELSEWHERE: [&str; 8] = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "javascript:alert(1)",
    "///evil.example",
    "/%09/evil.example/../..",
];

#[tokio::test]
async fn no_door_leads_to_another_site() {
    let database = TestDatabase::create().await;
    let server = TestServer::start_with(&database, &[("AUTH", "guest,password")]).await;
    let at = |path: &str| format!("http://{}{path}", server.address);
    for (number, next) in ELSEWHERE.iter().enumerate() {
        let username = format!("ada{number}");
        let doors = [
            ("/auth/guest", vec![("name", "Ada"), ("next", next)]),
            (
                "/auth/signup",
                vec![
                    ("username", username.as_str()),
                    ("password", "correct horse"),
                    ("next", next),
                ],
            ),
            (
                "/auth/login",
                vec![
                    ("username", username.as_str()),
                    ("password", "correct horse"),
                    ("next", next),
                ],
            ),
        ];
        for (path, form) in doors {
            let form = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(form)
                .finish();
            let response = client()
                .post(at(path))
                .header("content-type", "application/x-www-form-urlencoded")
                .header("accept", "text/html")
                .body(form)
                .send()
                .await
                .unwrap();
            assert_eq!(response.status(), 303, "{path} {next}");
            check_stays(response.headers()["location"].to_str().unwrap(), &server);
        }
        // What an address itself says.
        for path in [
            format!("/?next={}", percent(next)),
            format!("/with/{}", percent(next)),
            format!("/t/{}", percent(next)),
            format!("/i/{}", percent(next)),
            format!("/{next}"),
        ] {
            let Ok(response) = client()
                .get(at(&path))
                .header("accept", "text/html")
                .send()
                .await
            else {
                continue; // No address at all.
            };
            if let Some(location) = response.headers().get("location") {
                check_stays(location.to_str().unwrap(), &server);
            }
        }
    }
    server.stop().await;
}

/// As a browser would read it.
fn check_stays(location: &str, server: &TestServer) {
    let base = reqwest::Url::parse(&format!("http://{}/a/b", server.address)).unwrap();
    let led = base.join(location).unwrap();
    assert_eq!(led.origin(), base.origin(), "{location:?} leads to {led}");
}

fn percent(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn client() -> reqwest::Client {
    reqwest::Client::builder()
        .redirect(Policy::none())
        .build()
        .unwrap()
}

#[tokio::test]
async fn nothing_tells_who_has_an_account_here() {
    let database = TestDatabase::create().await;
    let server = TestServer::start_with(&database, &[("AUTH", "guest,password")]).await;
    let at = |path: &str| format!("http://{}{path}", server.address);
    let post = async |path: &str, body: serde_json::Value| {
        let response = client().post(at(path)).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    };
    let sign_up =
        json!({"username": "ada", "password": "correct horse", "email": "ada@example.com"});
    assert_eq!(post("/auth/signup", sign_up).await.0, 201);
    // By name and a wrong password.
    assert_eq!(
        post("/auth/login", json!({"username": "ada", "password": "x"})).await,
        post("/auth/login", json!({"username": "bob", "password": "x"})).await
    );
    // By an address of mail: another account may have the same, so nothing is told.
    let with_her_mail =
        json!({"username": "bob", "password": "correct horse", "email": "ada@example.com"});
    assert_eq!(post("/auth/signup", with_her_mail).await.0, 201);
    // Not even to who is in.
    let eve = Person::guest(server.address, "Eve").await;
    let (_, people) = eve.get("/api/users?q=ada").await;
    assert!(!people.to_string().contains("example.com"), "{people}");
    for path in ["/api/users/me", "/auth/login", "/auth/password"] {
        let response = client().get(at(path)).send().await.unwrap();
        assert!(response.status().is_client_error(), "{path}");
    }
    server.stop().await;
}
