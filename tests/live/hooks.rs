//! Coming in by the host's own tokens, which its function `chat_hook.authenticate` knows; whatever that function does.

use reqwest::Method;
use serde_json::{Value, json};

use crate::asking::{ask, problem};
use crate::support::{Client, Person, Socket, TestDatabase, TestServer, run, value};

/// The host's function, as its owner replaces it; and its table of sessions.
async fn replace(client: &Client, body: &str) {
    client
        .batch_execute(&format!(
            "create or replace function chat_hook.authenticate(token text)
             returns table (external_id text, name text, username text, avatar_url text, expires_at timestamptz)
             language plpgsql security definer set search_path = pg_catalog, pg_temp as $hook$ begin {body} end $hook$"
        ))
        .await
        .unwrap();
}

const OF_ITS_SESSIONS: &str =
    "return query select s.user_id, s.name, null::text, null::text, s.expires_at
    from public.host_sessions s where s.token = authenticate.token;";

async fn serve() -> (TestDatabase, TestServer, Client) {
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    client
        .batch_execute(
            "create table public.host_sessions (token text, user_id text, name text, expires_at timestamptz);
             insert into public.host_sessions values
                ('ada-1', 'ada', 'Ada', now() + interval '1 hour'), ('ada-2', 'ada', 'Ada', null),
                ('ben-1', 'ben', 'Ben', 'infinity'), ('old', 'ada', 'Ada', now() - interval '1 second')",
        )
        .await
        .unwrap();
    replace(&client, OF_ITS_SESSIONS).await;
    let server = TestServer::start_with(&database, &[("AUTH", "sql")]).await;
    (database, server, client)
}

async fn whoami(server: &TestServer, token: &str) -> (u16, Value) {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str())];
    let response = ask(server.address, Method::GET, "/api/users/me", &headers, "").await;
    match response.status().as_u16() {
        200 => (200, response.json().await.unwrap()),
        _ => problem(response).await,
    }
}

async fn lapse(client: &Client) {
    run(client, "update chat.sessions set expires_at = now()", &[]).await;
    run(
        client,
        "update chat.session_tokens set expires_at = now() where expires_at is not null",
        &[],
    )
    .await;
}

#[tokio::test]
async fn as_it_was_made_the_hosts_function_knows_nobody() {
    let database = TestDatabase::create().await;
    let server = TestServer::start_with(&database, &[("AUTH", "sql")]).await;
    let (status, refused) = whoami(&server, "anything").await;
    assert_eq!(
        (status, refused["code"].as_str()),
        (401, Some("not_logged_in"))
    );
    let body = json!({"token": "anything"}).to_string();
    let response = ask(server.address, Method::POST, "/auth/token", &[], body).await;
    assert_eq!(problem(response).await.1["code"], "bad_token");
}

#[tokio::test]
async fn the_hosts_own_token_opens_every_door_for_as_long_as_the_host_says() {
    let (_database, server, client) = serve().await;
    let (status, ada) = whoami(&server, "ada-1").await;
    assert_eq!((status, ada["name"].as_str()), (200, Some("Ada")), "{ada}");
    assert_eq!(whoami(&server, "ada-2").await.1["id"], ada["id"]);
    assert_eq!(whoami(&server, "ben-1").await.1["name"], "Ben");
    for (token, code) in [("old", "token_expired"), ("unknown", "not_logged_in")] {
        let (status, refused) = whoami(&server, token).await;
        assert_eq!(
            (status, refused["code"].as_str()),
            (401, Some(code)),
            "{token}"
        );
    }
    let seconds: String = value(
        &client,
        "select string_agg(round(extract(epoch from s.expires_at - s.created_at))::text, ' ' order by s.id)
         from chat.sessions s where s.began_by = 'sql'",
        &[],
    )
    .await;
    // An hour; a minute where it names no end; and no more than a session lasts.
    assert_eq!(seconds, "3600 60 2592000");
    // Known from then on without asking: the host's function is not called again.
    replace(&client, "raise exception 'called again';").await;
    assert_eq!(whoami(&server, "ada-1").await.0, 200);
}

#[tokio::test]
async fn a_proof_that_has_run_out_is_asked_for_again_and_ends_when_the_host_says_so() {
    let (_database, server, client) = serve().await;
    let begun = whoami(&server, "ada-2").await.1;
    lapse(&client).await;
    assert_eq!(whoami(&server, "ada-2").await.1["id"], begun["id"]);
    let sessions: i64 = value(&client, "select count(*) from chat.sessions", &[]).await;
    assert_eq!(sessions, 1, "the same session goes on");
    let mut socket = Socket::open(server.address, "/ws", &[("authorization", "Bearer ada-2")])
        .await
        .unwrap();
    socket.next_of("ready").await;
    socket
        .send(json!({"type": "authenticate", "ref": "a", "token": "ben-1"}))
        .await;
    assert_eq!(
        socket.next_where(|frame| frame["ref"] == "a").await["code"],
        "another_user"
    );
    socket
        .send(json!({"type": "authenticate", "ref": "b", "token": "ada-1"}))
        .await;
    assert!(socket.next_where(|frame| frame["ref"] == "b").await["expires_at"].is_string());
    run(
        &client,
        "delete from public.host_sessions where user_id = 'ada'",
        &[],
    )
    .await;
    lapse(&client).await;
    assert_eq!(whoami(&server, "ada-2").await.1["code"], "not_logged_in");
    assert_eq!(socket.end().await, 4401);
}

#[tokio::test]
async fn a_function_that_fails_or_hangs_is_contained_and_throws_nobody_out_for_a_while() {
    let (_database, server, client) = serve().await;
    let begun = whoami(&server, "ada-1").await.1;
    let guest = Person::of(
        server.address,
        &json!({"user": begun, "access_token": "ada-1"}),
    );
    for body in [
        "raise exception 'no such luck: %', token;",
        "perform 1 / 0;",
        "raise exception using errcode = 'CH404', message = 'user_not_found';",
        "perform pg_sleep(600);",
        "return query select null::text, 'x'::text, null::text, null::text, now() from public.no_such_table;",
    ] {
        replace(&client, body).await;
        let (status, refused) = whoami(&server, "new").await;
        assert_eq!(
            (status, refused["code"].as_str()),
            (503, Some("host_unavailable")),
            "{body}"
        );
    }
    // However many ask of one that hangs, the chat goes on beside it.
    replace(&client, "perform pg_sleep(600);").await;
    let hanging: Vec<_> = (0..12)
        .map(|n| {
            let token = format!("hanging-{n}");
            let address = server.address;
            tokio::spawn(async move {
                let bearer = format!("Bearer {token}");
                ask(
                    address,
                    Method::GET,
                    "/api/users/me",
                    &[("authorization", &bearer)],
                    "",
                )
                .await
                .status()
            })
        })
        .collect();
    for _ in 0..20 {
        let started = std::time::Instant::now();
        assert_eq!(guest.get("/api/conversations").await.0, 200);
        assert!(
            started.elapsed().as_secs() < 2,
            "who is in waits for it: {:?}",
            started.elapsed()
        );
    }
    for task in hanging {
        assert_eq!(task.await.unwrap(), 503);
    }
    // Who is in when the host fails stays in for a while, and is out when the host says so.
    lapse(&client).await;
    assert_eq!(whoami(&server, "ada-1").await.0, 200);
    run(
        &client,
        "update chat.sessions set proven_at = now() - interval '11 minutes'",
        &[],
    )
    .await;
    lapse(&client).await;
    assert_eq!(whoami(&server, "ada-1").await.1["code"], "host_unavailable");
    replace(&client, OF_ITS_SESSIONS).await;
    assert_eq!(
        whoami(&server, "ada-1").await.0,
        200,
        "and goes on when the host is back"
    );
    // Replaced by one of another form: it is the host's mistake, and no 500.
    client
        .batch_execute(
            "drop function chat_hook.authenticate(text);
             create function chat_hook.authenticate(token text) returns text language sql as 'select token'",
        )
        .await
        .unwrap();
    assert_eq!(whoami(&server, "new").await.1["code"], "host_unavailable");
}

#[tokio::test]
async fn what_the_host_replaced_is_left_alone_by_a_migration() {
    let (database, server, client) = serve().await;
    run(
        &client,
        "update chat.sql_applied set digest = 'of an older one'",
        &[],
    )
    .await;
    webchat::postgres::migrate::migrate(&database.address())
        .await
        .unwrap();
    assert_eq!(whoami(&server, "ada-1").await.0, 200);
}
