//! Signing up, logging in and changing a password; and what none of it tells.

use reqwest::Method;
use serde_json::{Value, json};

use crate::asking::{ask, header, problem};
use crate::support::{Person, TestDatabase, TestServer, value};

const PASSWORD: &str = "correct horse";

async fn serve() -> (TestDatabase, TestServer) {
    let database = TestDatabase::create().await;
    let server = TestServer::start_with(&database, &[("AUTH", "guest,password")]).await;
    (database, server)
}

async fn post(server: &TestServer, path: &str, body: Value) -> (u16, Value) {
    let headers = [("content-type", "application/json")];
    let response = ask(
        server.address,
        Method::POST,
        path,
        &headers,
        body.to_string(),
    )
    .await;
    (
        response.status().as_u16(),
        response.json().await.unwrap_or_default(),
    )
}

fn person(server: &TestServer, begun: &Value) -> Person {
    Person::of(server.address, begun)
}

#[tokio::test]
async fn who_signs_up_is_in_and_comes_back_by_name_and_password() {
    let (database, server) = serve().await;
    let body = json!({"username": "ada", "password": PASSWORD, "email": "ada@example.com"});
    let (status, begun) = post(&server, "/auth/signup", body).await;
    assert_eq!((status, &begun["message"]), (201, &json!("User created")));
    assert_eq!(begun["token_type"], "bearer");
    assert_eq!(
        (&begun["user"]["username"], &begun["user"]["is_guest"]),
        (&json!("ada"), &json!(false))
    );
    assert_eq!(
        person(&server, &begun).get("/api/users/me").await.1["name"],
        "ada"
    );
    let body = json!({"username": " Ada ", "password": PASSWORD});
    let (status, again) = post(&server, "/auth/login", body).await;
    assert_eq!(
        (status, &again["user"]["id"]),
        (200, &begun["user"]["id"]),
        "{again}"
    );
    assert_ne!(again["access_token"], begun["access_token"]);
    assert_eq!(
        person(&server, &again).get("/api/sessions").await.1["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    // What is kept is a hash, and the address is told to nobody.
    let client = database.connect().await;
    let kept: String = value(&client, "select hash from chat.passwords", &[]).await;
    assert!(kept.starts_with("$argon2id$") && !kept.contains(PASSWORD));
    assert!(!begun.to_string().contains("ada@example.com"));
}

#[tokio::test]
async fn a_wrong_name_and_a_wrong_password_are_answered_alike() {
    let (_database, server) = serve().await;
    let body = json!({"username": "ada", "password": PASSWORD});
    post(&server, "/auth/signup", body).await;
    let mut answers = Vec::new();
    for (username, password) in [("ada", "wrong horse"), ("nobody", PASSWORD), ("", "")] {
        let body = json!({"username": username, "password": password});
        answers.push(post(&server, "/auth/login", body).await);
    }
    assert_eq!(answers[0].0, 401);
    assert_eq!(answers[0].1["code"], "wrong_password");
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
}

#[tokio::test]
async fn tries_at_one_name_run_out_and_nobody_elses() {
    let (_database, server) = serve().await;
    for username in ["ada", "ben"] {
        let body = json!({"username": username, "password": PASSWORD});
        assert_eq!(post(&server, "/auth/signup", body).await.0, 201);
    }
    let log_in = async |username: &str, password: &str| {
        let body = json!({"username": username, "password": password});
        post(&server, "/auth/login", body).await
    };
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(log_in("ada", "wrong horse").await.0);
    }
    assert_eq!(statuses[..10], [401; 10]);
    assert_eq!(statuses[11], 429);
    let (status, refused) = log_in("ADA", PASSWORD).await;
    assert_eq!((status, &refused["code"]), (429, &json!("too_many_tries")));
    assert_eq!(log_in("ben", PASSWORD).await.0, 200);
}

#[tokio::test]
async fn what_is_wrong_with_a_sign_up_is_named_and_nobody_is_made() {
    let (database, server) = serve().await;
    let body = json!({"username": "ada", "password": PASSWORD});
    assert_eq!(post(&server, "/auth/signup", body).await.0, 201);
    for (body, status, code, field) in [
        (
            json!({"username": "Ada", "password": PASSWORD}),
            409,
            "username_taken",
            "username",
        ),
        (
            json!({"username": "", "password": PASSWORD}),
            422,
            "username_required",
            "username",
        ),
        (
            json!({"username": "a b", "password": PASSWORD}),
            422,
            "bad_username",
            "username",
        ),
        (
            json!({"username": "cleo", "password": "short"}),
            422,
            "password_too_short",
            "password",
        ),
        (
            json!({"username": "cleo", "password": "x".repeat(201)}),
            422,
            "password_too_long",
            "password",
        ),
        (
            json!({"username": "cleo", "password": PASSWORD, "email": "cleo"}),
            422,
            "bad_email",
            "email",
        ),
        (
            json!({"username": "cleo", "password": PASSWORD, "name": "x".repeat(81)}),
            422,
            "name_too_long",
            "name",
        ),
        (
            json!({"username": "cleo\u{0}", "password": PASSWORD}),
            422,
            "bad_character",
            "username",
        ),
        (json!({"username": "cleo"}), 422, "bad_field", "password"),
        (
            json!({"username": 7, "password": PASSWORD}),
            422,
            "bad_field",
            "username",
        ),
    ] {
        let (found, answer) = post(&server, "/auth/signup", body.clone()).await;
        assert_eq!(
            (found, &answer["code"]),
            (status, &json!(code)),
            "{body}: {answer}"
        );
        let detail = answer["detail"].as_str().unwrap();
        assert!(detail.starts_with(field), "{detail}");
    }
    let client = database.connect().await;
    let users: i64 = value(&client, "select count(*) from chat.users", &[]).await;
    assert_eq!(users, 1);
}

#[tokio::test]
async fn who_changes_the_password_stays_and_everybody_else_with_it_is_out() {
    let (_database, server) = serve().await;
    let body = json!({"username": "ada", "password": PASSWORD});
    let here = person(
        &server,
        &post(&server, "/auth/signup", body.clone()).await.1,
    );
    let there = person(&server, &post(&server, "/auth/login", body.clone()).await.1);
    let mut socket = there.connect().await;
    let wrong = json!({"password": "wrong horse", "new_password": "battery staple"});
    let (status, refused) = here.put("/auth/password", wrong).await;
    assert_eq!(
        (status, &refused["code"]),
        (403, &json!("old_password_wrong"))
    );
    let change = json!({"password": PASSWORD, "new_password": "battery staple"});
    assert_eq!(here.put("/auth/password", change).await.0, 200);
    socket.end().await;
    assert_eq!(there.get("/api/users/me").await.0, 401);
    assert_eq!(here.get("/api/users/me").await.0, 200);
    assert_eq!(post(&server, "/auth/login", body).await.0, 401);
    let body = json!({"username": "ada", "password": "battery staple"});
    assert_eq!(post(&server, "/auth/login", body).await.0, 200);
    let guest = Person::guest(server.address, "Guest").await;
    let change = json!({"password": PASSWORD, "new_password": "battery staple"});
    let (status, refused) = guest.put("/auth/password", change).await;
    assert_eq!((status, &refused["code"]), (404, &json!("no_password")));
}

#[tokio::test]
async fn without_script_a_form_leads_in_or_comes_back_with_what_is_wrong() {
    let (_database, server) = serve().await;
    let form = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "text/html"),
    ];
    let send = async |path: &str, body: &str| {
        ask(server.address, Method::POST, path, &form, body.to_owned()).await
    };
    let up = send(
        "/auth/signup",
        "username=ada&name=Ada+L.&password=correct+horse&next=/c/7",
    )
    .await;
    assert_eq!(
        (up.status().as_u16(), header(&up, "location")),
        (303, "/c/7")
    );
    assert!(header(&up, "set-cookie").contains("HttpOnly"));
    let wrong = send(
        "/auth/login",
        "username=ada&password=wrong&next=//evil.example",
    )
    .await;
    assert_eq!(wrong.status(), 401);
    assert_eq!(header(&wrong, "set-cookie"), "");
    let page = wrong.text().await.unwrap();
    assert!(
        page.contains("The username or the password is wrong."),
        "{page}"
    );
    assert!(page.contains("value=\"ada\"") && !page.contains("evil.example"));
    let page = ask(
        server.address,
        Method::GET,
        "/?door=signup",
        &[("accept", "text/html")],
        "",
    )
    .await;
    let page = page.text().await.unwrap();
    assert!(page.contains("action=\"/auth/signup\"") && page.contains("/?door=login&amp;next=/"));
}

#[tokio::test]
async fn where_nobody_has_a_password_nobody_signs_up() {
    let database = TestDatabase::create().await;
    let server = TestServer::start(&database).await;
    for path in ["/auth/signup", "/auth/login"] {
        let headers = [("content-type", "application/json")];
        let body = json!({"username": "ada", "password": PASSWORD}).to_string();
        let response = ask(server.address, Method::POST, path, &headers, body).await;
        let (status, problem) = problem(response).await;
        assert_eq!(
            (status, &problem["code"]),
            (403, &json!("passwords_not_allowed"))
        );
    }
}
