//! The doors themselves: how often one address may try them, what stands there when none is open, and what the log tells of
//! those who come in.

use reqwest::Method;
use serde_json::{Value, json};

use crate::asking::{ask, header, problem};
use crate::support::tokens::{SECRET, claims, signed};
use crate::support::{Person, ServerProcess, Socket, TestDatabase, TestHost, TestServer, run};

async fn post(server: &TestServer, path: &str, from: &str, body: &Value) -> reqwest::Response {
    let headers = [("x-forwarded-for", from)];
    ask(
        server.address,
        Method::POST,
        path,
        &headers,
        body.to_string(),
    )
    .await
}

#[tokio::test]
async fn who_tries_too_often_from_one_address_waits_and_nobody_else() {
    let database = TestDatabase::create().await;
    let server = TestServer::start_with(
        &database,
        &[
            ("AUTH", "guest,password"),
            ("TRUSTED_PROXIES", "127.0.0.0/8"),
        ],
    )
    .await;
    let wrong = |n: usize| json!({"username": format!("nobody{n}"), "password": "wrong enough"});
    let mut statuses = Vec::new();
    for n in 0..62 {
        let response = post(&server, "/auth/login", "1.2.3.4", &wrong(n)).await;
        statuses.push(response.status().as_u16());
    }
    // A moment passes meanwhile, in which a try or two come back.
    assert!(
        statuses[..60].iter().all(|status| *status == 401),
        "{statuses:?}"
    );
    for n in 0..100 {
        let guest = json!({"name": format!("Guest {n}")});
        let response = post(&server, "/auth/guest", "1.2.3.4, 9.9.9.9", &guest).await;
        if n < 60 {
            assert_eq!(response.status(), 201, "{n}");
        } else if response.status() == 429 {
            assert_eq!(header(&response, "retry-after"), "60");
            assert_eq!(problem(response).await.1["code"], "too_many_tries");
            break;
        }
        assert!(n < 99, "never refused");
    }
    // The same door, by another name; as a form it says so above the form.
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
        ("x-forwarded-for", "9.9.9.9"),
    ];
    let body = "username=dora&password=correct+horse";
    let page = ask(server.address, Method::POST, "/auth/signup", &form, body).await;
    assert_eq!(page.status(), 429);
    assert!(page.text().await.unwrap().contains("Wait a minute"));
    // Others come in: elsewhere, and by what only a trusted proxy may say.
    let guest = json!({"name": "Elsewhere"});
    assert_eq!(
        post(&server, "/auth/guest", "8.8.8.8", &guest)
            .await
            .status(),
        201
    );
    let strict = TestServer::start(&database).await;
    for _ in 0..70 {
        assert_eq!(
            post(&strict, "/auth/guest", "9.9.9.9", &guest)
                .await
                .status(),
            201
        );
    }
}

#[tokio::test]
async fn where_nobody_comes_in_by_themselves_the_page_says_how_one_does() {
    let database = TestDatabase::create().await;
    let server =
        TestServer::start_with(&database, &[("AUTH", "jwt,sql"), ("SECRET_KEY", SECRET)]).await;
    let page = ask(
        server.address,
        Method::GET,
        "/chats",
        &[("accept", "text/html")],
        "",
    )
    .await;
    assert_eq!(page.status(), 200);
    let page = page.text().await.unwrap();
    assert!(
        page.contains("Log in there") && !page.contains("<form"),
        "{page}"
    );
    for (path, code) in [
        ("/auth/guest", "guests_not_allowed"),
        ("/auth/signup", "passwords_not_allowed"),
        ("/auth/login", "passwords_not_allowed"),
    ] {
        let refused = post(
            &server,
            path,
            "",
            &json!({"username": "a", "password": "b"}),
        )
        .await;
        assert_eq!(problem(refused).await.1["code"], code);
    }
    // A page of the host leads on to the chat by a form.
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let body = format!("token={}&next=/chats", signed(&claims("7", "Ada", 60)));
    let led = ask(server.address, Method::POST, "/auth/token", &form, body).await;
    assert_eq!(
        (led.status().as_u16(), header(&led, "location")),
        (303, "/chats")
    );
    let cookie = header(&led, "set-cookie").split(';').next().unwrap();
    let page = ask(
        server.address,
        Method::GET,
        "/chats",
        &[("accept", "text/html"), ("cookie", cookie)],
        "",
    )
    .await;
    assert!(page.text().await.unwrap().contains("Ada"));
}

#[tokio::test]
async fn no_token_and_no_cookie_reaches_the_log_whatever_becomes_of_it() {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    run(
        &client,
        "create or replace function chat_hook.authenticate(token text)
         returns table (external_id text, name text, username text, avatar_url text, expires_at timestamptz)
         language plpgsql as $$ begin raise exception 'what is %?', token using detail = token, hint = token; end $$",
        &[],
    )
    .await;
    let host = TestHost::start().await;
    host.answer("/me", 500, "hostsecret");
    let url = host.url("/me");
    let log = tempfile::NamedTempFile::new().unwrap();
    let settings = [
        ("AUTH", "guest,jwt,sql,url"),
        ("SECRET_KEY", SECRET),
        ("AUTH_URL", url.as_str()),
        ("LOG", "trace"),
    ];
    let server = ServerProcess::start_logging(&database, &settings, log.reopen().unwrap()).await;
    let good = signed(&claims("7", "Ada", 60));
    let expired = signed(&claims("7", "Ada", -60));
    let guest = Person::guest(server.address, "Gus").await;
    for token in [&good, &expired, "opaquesecret"] {
        let bearer = format!("Bearer {token}");
        for headers in [
            [("authorization", bearer.as_str()), ("accept", "text/html")],
            [("cookie", "sid=cookiesecret"), ("authorization", &bearer)],
        ] {
            ask(server.address, Method::GET, "/", &headers, "").await;
            ask(server.address, Method::POST, "/auth/token", &headers, "").await;
        }
        let body = json!({"token": token}).to_string();
        ask(server.address, Method::POST, "/auth/token", &[], body).await;
    }
    let visit = [("cookie", "sid=cookiesecret"), ("accept", "text/html")];
    assert_eq!(
        ask(server.address, Method::GET, "/", &visit, "")
            .await
            .status(),
        503
    );
    let bearer = format!("Bearer {good}");
    let mut socket = Socket::open(server.address, "/ws", &[("authorization", &bearer)])
        .await
        .unwrap();
    for token in [&good, &expired, "opaquesecret"] {
        socket
            .send(json!({"type": "authenticate", "ref": "a", "token": token}))
            .await;
        socket.next_where(|frame| frame["ref"] == "a").await;
    }
    // What became of them is counted, though, and no name is in it.
    let metrics = ask(server.address, Method::GET, "/metrics", &[], "").await;
    let metrics = metrics.text().await.unwrap();
    for counted in [
        "webchat_host_answers_total{mode=\"jwt\",outcome=\"known\"}",
        "webchat_host_answers_total{mode=\"jwt\",outcome=\"refused\"}",
        "webchat_host_answers_total{mode=\"sql\",outcome=\"unavailable\"}",
        "webchat_host_answers_total{mode=\"url\",outcome=\"unavailable\"}",
    ] {
        assert!(metrics.contains(counted), "{counted}");
    }
    drop(server);
    let logged = std::fs::read_to_string(log.path()).unwrap();
    assert!(
        logged.contains("chat_hook.authenticate failed")
            && logged.contains("AUTH_URL does not say"),
        "{logged}"
    );
    let part = |token: &str| token.split('.').next_back().unwrap().to_owned();
    for secret in [
        "opaquesecret",
        "cookiesecret",
        "hostsecret",
        SECRET,
        &part(&good),
        &part(&expired),
        &guest.token,
    ] {
        assert!(!logged.contains(secret), "{secret} is in the log");
    }
}
