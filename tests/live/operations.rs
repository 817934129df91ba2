//! What whoever runs it sees: health, readiness, figures, and a log without secrets.

use reqwest::Method;
use serde_json::{Value, json};

use crate::asking::{ask, handshake, header};
use crate::cast::{Cast, until};
use crate::support::cluster::cluster;
use crate::support::{Client, Person, ServerProcess, TestDatabase, wait_until_ready};

#[tokio::test]
async fn it_is_alive_and_ready_and_says_so_to_programs_at_the_root() {
    let cast = Cast::assemble().await;
    let get = async |path: &str, accept: &str| {
        ask(
            cast.server.address,
            Method::GET,
            path,
            &[("accept", accept)],
            "",
        )
        .await
    };
    let health: Value = get("/health", "*/*").await.json().await.unwrap();
    assert_eq!(health["status"], "ok");
    assert!(health["version"].is_string());
    let ready = get("/ready", "*/*").await;
    assert_eq!(ready.status(), 200);
    assert_eq!(
        ready.json::<Value>().await.unwrap(),
        json!({"ready": true, "database": true, "schema": true, "listener": true})
    );
    let root = get("/", "application/json").await;
    assert_eq!(header(&root, "content-type"), "application/json");
    assert_eq!(root.json::<Value>().await.unwrap(), health);
    for accept in ["text/html", "*/*", "text/html,application/json"] {
        assert!(
            header(&get("/", accept).await, "content-type").starts_with("text/html"),
            "{accept}"
        );
    }
    let head = ask(cast.server.address, Method::HEAD, "/health", &[], "").await;
    assert_eq!(head.status(), 200);
}

#[tokio::test]
async fn it_is_not_ready_while_the_database_is_away_and_loses_nothing_of_that_time() {
    let cast = Cast::assemble().await;
    let mut bobs = cast.bob.connect().await;
    let mut eves = cast.eve.connect().await;
    let admin = Client::connect(&cluster().await.postgres.config()).await;
    let name = cast.database.name().to_owned();
    let allow = async |allowed: bool| {
        let statement = format!("alter database {name} with allow_connections {allowed}");
        admin.batch_execute(&statement).await.unwrap();
    };
    allow(false).await;
    let end = format!(
        "select count(pg_terminate_backend(pid)) >= 0 from pg_stat_activity where datname = '{name}'"
    );
    until(&admin, &end).await;
    let ready = async || {
        let response = ask(cast.server.address, Method::GET, "/ready", &[], "").await;
        (
            response.status().as_u16(),
            response.json::<Value>().await.unwrap(),
        )
    };
    loop {
        let (status, body) = ready().await;
        if status == 503 && body["listener"] == false {
            assert_eq!(
                body,
                json!({"ready": false, "database": false, "schema": false, "listener": false})
            );
            break;
        }
    }
    let health = ask(cast.server.address, Method::GET, "/health", &[], "").await;
    assert_eq!(health.status(), 200, "it lives all the same");
    // Whoever sends now waits until the database is back.
    let (message, ()) = tokio::join!(cast.ada.say(cast.direct, "patient"), async {
        bobs.settle().await;
        assert!(bobs.bodies().is_empty());
        allow(true).await;
    });
    assert_eq!(bobs.message("patient").await, message);
    wait_until_ready(cast.server.address).await;
    eves.heard_nothing().await;
}

#[tokio::test]
async fn figures_are_there_and_name_nobody() {
    let cast = Cast::assemble().await;
    let person = Person::guest(cast.server.address, "Wilhelmina Slater").await;
    let mut socket = person.connect().await;
    let notes = person.direct(&person).await;
    socket.say(notes, "a private thought").await;
    let odd = format!("/api/conversations/{notes}/nothing?token={}", person.token);
    ask(cast.server.address, "BREW".parse().unwrap(), &odd, &[], "").await;
    let response = ask(cast.server.address, Method::GET, "/metrics", &[], "").await;
    assert!(header(&response, "content-type").starts_with("text/plain"));
    let figures = response.text().await.unwrap();
    for name in [
        "webchat_http_requests_total",
        "webchat_connections",
        "webchat_messages_total",
        "webchat_events_total",
        "webchat_deliveries_total",
        "webchat_pool_connections",
    ] {
        assert!(figures.contains(&format!("# TYPE {name} ")), "{name}");
    }
    let (user, notes) = (person.id.to_string(), notes.to_string());
    for secret in [
        person.token.as_str(),
        "Wilhelmina",
        "private thought",
        "BREW",
        &user,
        &notes,
    ] {
        assert!(!figures.contains(secret), "{secret}");
    }
}

/// Everything the program itself logs at LOG=debug while people come by every door.
#[tokio::test]
async fn a_token_is_in_no_log() {
    let database = TestDatabase::create().await;
    let log = tempfile::NamedTempFile::new().unwrap();
    let settings = [("LOG", "debug"), ("LINK_PREVIEWS", "true")];
    let mut server =
        ServerProcess::start_logging(&database, &settings, log.reopen().unwrap()).await;
    let address = server.address;
    let person = Person::guest(address, "Wilhelmina").await;
    let token = person.token.clone();
    let bearer = format!("Bearer {token}");
    let cookie = format!("webchat_session={token}");
    let protocols = format!("webchat, bearer.{token}");
    for headers in [
        ("authorization", bearer.as_str()),
        ("cookie", &cookie),
        ("sec-websocket-protocol", &protocols),
    ] {
        assert_eq!(handshake(address, "/ws", &[headers]).await.status(), 101);
        for path in ["/", "/api/users/me", "/nothing", "/metrics"] {
            ask(address, Method::GET, path, &[headers], "").await;
        }
    }
    let path = format!("/ws?token={token}");
    handshake(address, &path, &[("authorization", &bearer)]).await;
    let mut socket = person.connect().await;
    let notes = person.direct(&person).await;
    socket.say(notes, "a private thought").await;
    socket.send_text("{\"type\":".to_owned()).await;
    socket.settle().await;
    let raw = database.connect().await;
    crate::support::run(&raw, "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()", &[]).await;
    assert_eq!(person.get("/api/users/me").await.0, 200);
    person.post("/auth/logout", json!({})).await;
    server.terminate().await;
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(log.contains("draining"), "{log}");
    let told: Vec<_> = log.lines().filter(|line| line.contains(&token)).collect();
    assert!(told.is_empty(), "{told:?}");
    assert!(
        !log.contains("a private thought"),
        "what was said is in the log"
    );
}
