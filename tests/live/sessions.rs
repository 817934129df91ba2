//! Sessions: how one begins, the ways to show it, and that its end is felt at once and everywhere.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::asking::{ask, handshake, header};
use crate::cast::Cast;
use crate::support::{Person, Socket, TestServer, run, value};

/// Another session of the same person.
async fn log_in_again(cast: &Cast, person: &Person) -> (Person, Uuid) {
    let mut again = person.clone();
    again.token = Uuid::new_v4().to_string();
    let client = cast.database.connect().await;
    let session = value(
        &client,
        "select chat.start_session($1, sha256(convert_to($2, 'UTF8')), interval '1 day', 'telephone')",
        &[&person.id, &again.token],
    )
    .await;
    (again, session)
}

async fn is_dead(person: &Person) -> bool {
    person.get("/api/users/me").await.0 == 401 && person.open("/ws").await.is_err()
}

#[tokio::test]
async fn a_guest_gets_a_token_and_a_cookie_out_of_reach_of_scripts() {
    let cast = Cast::assemble().await;
    let address = cast.server.address;
    for (sent, name) in [
        (r#"{"name":" Grace "}"#, Some("Grace")),
        ("{}", None),
        ("", None),
        (r#"{"name":"  "}"#, None),
    ] {
        let response = ask(address, Method::POST, "/auth/guest", &[], sent).await;
        assert_eq!(response.status(), 201);
        let cookie = header(&response, "set-cookie").to_owned();
        for part in [
            "webchat_session=",
            "HttpOnly",
            "SameSite=Lax",
            "Path=/",
            "Max-Age=",
        ] {
            assert!(cookie.contains(part), "{part} is missing in {cookie}");
        }
        assert!(!cookie.contains("Secure"), "plain http by default");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body["token_type"], "bearer");
        assert!(body["expires_in"].as_i64().unwrap() > 0);
        assert_eq!(body["user"]["is_guest"], true);
        match name {
            Some(name) => assert_eq!(body["user"]["name"], name),
            None => assert!(!body["user"]["name"].as_str().unwrap().trim().is_empty()),
        }
        let pair = cookie.split(';').next().unwrap();
        let me = ask(
            address,
            Method::GET,
            "/api/users/me",
            &[("cookie", pair)],
            "",
        )
        .await;
        assert_eq!(me.json::<Value>().await.unwrap()["id"], body["user"]["id"]);
    }
    for (sent, status) in [(r#"{"name":7}"#, 422), ("{", 400)] {
        let response = ask(address, Method::POST, "/auth/guest", &[], sent).await;
        assert_eq!(response.status(), status, "{sent}");
        assert_eq!(header(&response, "set-cookie"), "");
    }
}

#[tokio::test]
async fn a_form_is_answered_by_going_to_the_chat() {
    let cast = Cast::assemble().await;
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
    ];
    let post = async |body: String| {
        ask(
            cast.server.address,
            Method::POST,
            "/auth/guest",
            &form,
            body,
        )
        .await
    };
    let response = post("name=&invented_name=Calm+Fox".to_owned()).await;
    assert_eq!(
        (response.status().as_u16(), header(&response, "location")),
        (303, "/")
    );
    let cookie = header(&response, "set-cookie")
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let me = ask(
        cast.server.address,
        Method::GET,
        "/api/users/me",
        &[("cookie", &cookie)],
        "",
    )
    .await;
    assert_eq!(me.json::<Value>().await.unwrap()["name"], "Calm Fox");

    let response = post(format!("name={}%3Cb%3E", "x".repeat(90))).await;
    assert_eq!(response.status(), 422);
    let page = response.text().await.unwrap();
    assert!(
        page.contains("at most 80 characters")
            && page.contains("&lt;b&gt;")
            && !page.contains("<b>")
    );

    let logout = [("cookie", cookie.as_str()), ("accept", "text/html")];
    let response = ask(
        cast.server.address,
        Method::POST,
        "/auth/logout",
        &logout,
        "",
    )
    .await;
    assert_eq!(
        (response.status().as_u16(), header(&response, "location")),
        (303, "/")
    );
    assert!(header(&response, "set-cookie").contains("Max-Age=0"));
    let me = ask(
        cast.server.address,
        Method::GET,
        "/api/users/me",
        &[("cookie", &cookie)],
        "",
    )
    .await;
    assert_eq!(me.status(), 401);
}

#[tokio::test]
async fn a_socket_takes_its_token_from_a_header_a_cookie_or_the_list_of_protocols() {
    let cast = Cast::assemble().await;
    let address = cast.server.address;
    let token = &cast.ada.token;
    let bearer = format!("Bearer {token}");
    let lower = format!("bearer {token}");
    let cookie = format!("other=1; webchat_session={token}");
    let protocols = format!("webchat, bearer.{token}");
    for headers in [
        [("authorization", bearer.as_str())],
        [("authorization", &lower)],
        [("cookie", &cookie)],
        [("sec-websocket-protocol", &protocols)],
    ] {
        let mut socket = Socket::open(address, "/ws", &headers).await.unwrap();
        assert_eq!(
            socket.next_of("ready").await["user"]["id"],
            json!(cast.ada.id)
        );
        socket.settle().await;
    }
    let chosen = handshake(address, "/ws", &[("sec-websocket-protocol", &protocols)]).await;
    assert_eq!(
        (
            chosen.status().as_u16(),
            header(&chosen, "sec-websocket-protocol")
        ),
        (101, "webchat")
    );
    let none = handshake(address, "/ws", &[("authorization", &bearer)]).await;
    assert_eq!(
        (
            none.status().as_u16(),
            header(&none, "sec-websocket-protocol")
        ),
        (101, "")
    );
    // An address is written down in too many places to hold a token.
    for path in [
        format!("/ws?token={token}"),
        format!("/ws?access_token={token}"),
    ] {
        assert_eq!(handshake(address, &path, &[]).await.status(), 401);
    }
    let plain = ask(
        address,
        Method::GET,
        "/ws",
        &[("authorization", &bearer)],
        "",
    )
    .await;
    assert_eq!(plain.status(), 426);
}

#[tokio::test]
async fn a_foreign_page_can_not_use_the_cookie_of_a_visitor() {
    let cast = Cast::with(&[("ALLOWED_ORIGINS", "https://shop.example")]).await;
    let address = cast.server.address;
    let cookie = format!("webchat_session={}", cast.ada.token);
    let bearer = format!("Bearer {}", cast.ada.token);
    let own = format!("http://{address}");
    let requests = [
        ("GET", "/ws", "", 101),
        ("GET", "/sse", "", 200),
        (
            "PUT",
            "/api/users/me/presence",
            r#"{"status":"online"}"#,
            200,
        ),
        ("POST", "/api/commands", r#"{"type":"ping"}"#, 200),
        ("POST", "/api/groups", r#"{"name":"G"}"#, 201),
    ];
    let request = async |method: &str, path: &str, body: &'static str, headers: &[(&str, &str)]| {
        if path == "/ws" {
            handshake(address, path, headers).await
        } else {
            ask(address, method.parse().unwrap(), path, headers, body).await
        }
    };
    for (method, path, body, good) in requests {
        for origin in [
            "https://evil.example",
            "null",
            "https://shop.example.evil.example",
            "http://shop.example",
            "http://127.0.0.1",
        ] {
            let headers = [("cookie", cookie.as_str()), ("origin", origin)];
            let refused = request(method, path, body, &headers).await;
            assert_eq!(refused.status(), 403, "{method} {path} {origin}");
            assert_eq!(
                refused.json::<Value>().await.unwrap()["code"],
                "origin_not_allowed"
            );
        }
        for headers in [
            [("cookie", cookie.as_str()), ("origin", own.as_str())],
            [("cookie", &cookie), ("origin", "https://shop.example")],
            [("cookie", &cookie), ("x-no-origin", "1")],
            [
                ("authorization", &bearer),
                ("origin", "https://evil.example"),
            ],
        ] {
            let passed = request(method, path, body, &headers).await;
            assert_eq!(passed.status(), good, "{method} {path} {headers:?}");
        }
    }
    // Nor be logged out, or in as somebody else.
    for path in ["/auth/logout", "/auth/guest"] {
        let headers = [
            ("cookie", cookie.as_str()),
            ("origin", "https://evil.example"),
        ];
        assert_eq!(
            request("POST", path, "", &headers).await.status(),
            403,
            "{path}"
        );
    }
    assert_eq!(cast.ada.get("/api/users/me").await.0, 200);
}

#[tokio::test]
async fn logging_out_closes_that_sessions_connections_on_every_server_and_no_other() {
    let cast = Cast::assemble().await;
    let second = TestServer::start(&cast.database).await;
    let (phone, _) = log_in_again(&cast, &cast.ada).await;
    let mut here = cast.ada.connect().await;
    let mut there = cast.ada.at(second.address).connect().await;
    let mut stream = cast.ada.at(second.address).stream(None).await;
    let mut others = [
        phone.connect().await,
        phone.at(second.address).connect().await,
        cast.bob.connect().await,
    ];
    let (status, _) = cast.ada.post("/auth/logout", json!({})).await;
    assert_eq!(status, 200);
    assert_eq!((here.end().await, there.end().await), (4401, 4401));
    while stream.next().await.is_some() {}
    assert!(is_dead(&cast.ada).await && is_dead(&cast.ada.at(second.address)).await);
    cast.bob.say(cast.direct, "still there?").await;
    for socket in &mut others {
        socket.message("still there?").await;
    }
}

#[tokio::test]
async fn a_session_can_be_ended_from_another_device_and_by_nobody_else() {
    let cast = Cast::assemble().await;
    let (phone, session) = log_in_again(&cast, &cast.ada).await;
    let mut phones = phone.connect().await;
    let mut adas = cast.ada.connect().await;
    let (status, list) = cast.ada.get("/api/sessions").await;
    assert_eq!((status, list["items"].as_array().unwrap().len()), (200, 2));
    assert_eq!(list["items"][0]["id"], json!(session));
    assert_eq!(list["items"][0]["user_agent"], "telephone");
    assert!(!list.to_string().contains(&phone.token));

    let path = format!("/api/sessions/{session}");
    assert_eq!(cast.bob.delete(&path).await.0, 404);
    phones.settle().await;
    assert_eq!(cast.ada.delete(&path).await.0, 200);
    assert_eq!(phones.end().await, 4401);
    assert!(is_dead(&phone).await);
    assert_eq!(cast.ada.delete(&path).await.0, 404);
    adas.settle().await;
}

#[tokio::test]
async fn a_deactivated_user_is_cut_off() {
    let cast = Cast::assemble().await;
    let second = TestServer::start(&cast.database).await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let mut elsewhere = cast.bob.at(second.address).connect().await;
    let client = cast.database.connect_as("chat_writer").await;
    run(
        &client,
        "update chat.users set deactivated_at = now() where id = $1",
        &[&cast.bob.id],
    )
    .await;
    assert_eq!((bobs.end().await, elsewhere.end().await), (4401, 4401));
    assert!(is_dead(&cast.bob).await);
    let event = adas.next_of("user").await;
    assert!(event["user"]["deactivated_at"].is_string());
    assert_eq!(adas.say(cast.direct, "are you there?").await["type"], "ack");
    let (status, _) = cast
        .ada
        .post("/api/conversations/direct", json!({"user_id": cast.eve.id}))
        .await;
    assert_eq!(status, 201);
    let (_, found) = cast.ada.get("/api/users?q=Bob").await;
    assert_eq!(found["items"], json!([]));
}

#[tokio::test]
async fn a_session_that_runs_out_takes_its_sockets_along() {
    let cast = Cast::assemble().await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    let client = cast.database.connect().await;
    run(
        &client,
        "update chat.sessions set expires_at = now() where user_id = $1",
        &[&cast.ada.id],
    )
    .await;
    assert!(is_dead(&cast.ada).await);
    assert_eq!(adas.end().await, 4401);
    bobs.settle().await;
}

#[tokio::test]
async fn one_connection_too_many_is_refused_until_another_ends() {
    let cast = Cast::with(&[("CONNECTIONS_PER_USER", "2")]).await;
    let mut socket = cast.ada.connect().await;
    let stream = cast.ada.stream(None).await;
    let bearer = format!("Bearer {}", cast.ada.token);
    let headers = [("authorization", bearer.as_str())];
    for is_socket in [true, false] {
        let refused = if is_socket {
            handshake(cast.server.address, "/ws", &headers).await
        } else {
            ask(cast.server.address, Method::GET, "/sse", &headers, "").await
        };
        assert_eq!(refused.status(), 429);
        assert!(!header(&refused, "retry-after").is_empty());
        assert_eq!(
            refused.json::<Value>().await.unwrap()["code"],
            "too_many_connections"
        );
    }
    let mut bobs = cast.bob.connect().await;
    assert_eq!(
        cast.ada.get("/api/users/me").await.0,
        200,
        "requests do not count"
    );
    drop(stream);
    let mut next = cast.ada.open("/ws").await;
    while next.is_err() {
        socket.settle().await;
        next = cast.ada.open("/ws").await;
    }
    bobs.settle().await;
}
