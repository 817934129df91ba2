//! A token in an address: where it counts, and that nothing writes it down.

use reqwest::Method;
use serde_json::json;

use super::{Foreigner, text};
use crate::asking::{ask, handshake};
use crate::cast::Cast;
use crate::description::{Description, Operation};
use crate::support::{ServerProcess, TestDatabase};

/// Whether the description says that a token may stand in the operation's address.
fn says_so(operation: &Operation) -> bool {
    let ways = operation.spec["security"].as_array();
    ways.is_some_and(|ways| ways.iter().any(|way| way.get("address").is_some()))
}

#[tokio::test]
async fn a_token_in_the_address_counts_where_it_is_described_and_nowhere_else() {
    let cast = Cast::with(&[("AUTH", "guest,password")]).await;
    let description = Description::read(cast.server.address).await;
    let mut counts = Vec::new();
    for operation in description.operations() {
        // Those of which the answer depends on who asks.
        if operation.is_open() || operation.path == "/auth/logout" {
            continue;
        }
        let path = operation
            .path
            .replace("{user}", "me")
            .replace("{other}", "me")
            .replace("{conversation}", &cast.direct.to_string())
            .replace("{emoji}", "x")
            .replace(['{', '}'], "");
        let path = format!("{path}?token={}", cast.ada.token);
        let response = if operation.is_live() && operation.path != "/sse" {
            handshake(cast.server.address, &path, &[]).await
        } else {
            let method: Method = operation.method.parse().unwrap();
            ask(cast.server.address, method, &path, &[], "{}").await
        };
        // What is not there is asked of whoever it is: 404 comes before 401 nowhere but for the general room, which is closed.
        let is_known = response.status() != 401;
        let is_closed = operation.path == "/ws/general";
        assert_eq!(
            is_known,
            says_so(&operation) || is_closed,
            "{}",
            operation.name()
        );
        if is_known {
            counts.push(operation.name());
        }
    }
    assert!(counts.len() > 15, "{counts:?}");
    // Of those that anybody may open, one that depends on who does.
    let path = format!("/ws/{}?token={}", cast.ada.id, cast.ada.token);
    assert_eq!(
        handshake(cast.server.address, &path, &[]).await.status(),
        101
    );
}

#[tokio::test]
async fn a_header_counts_before_the_address() {
    let cast = Cast::assemble().await;
    let path = format!("/ws/{}?token={}", cast.ada.id, cast.ada.token);
    let bearer = format!("Bearer {}", cast.bob.token);
    for (path, status) in [
        (path.as_str(), 403),
        (&format!("/ws/{}?token=nonsense", cast.bob.id), 101),
    ] {
        let headers = [("authorization", bearer.as_str())];
        let response = handshake(cast.server.address, path, &headers).await;
        assert_eq!(response.status(), status, "{path}");
    }
}

/// Everything that the program and its libraries log at `LOG=trace` while tokens stand in addresses.
#[tokio::test]
async fn a_token_in_the_address_is_in_no_log_and_no_figure() {
    let database = TestDatabase::create().await;
    let log = tempfile::NamedTempFile::new().unwrap();
    let settings = [("LOG", "trace")];
    let mut server =
        ServerProcess::start_logging(&database, &settings, log.reopen().unwrap()).await;
    let address = server.address;
    let ann = Foreigner::new(address, "Ann").await;
    let ben = Foreigner::new(address, "Ben").await;
    let body = json!({"receiver_id": ben.id, "content": "between us"});
    let (status, sent) = ann.post("/api/messages/", body).await;
    assert_eq!(status, 201, "{sent}");
    let chat = text(&sent["conversation_id"]);
    for path in [
        format!("/ws/{}", ann.id),
        "/ws/general".to_owned(),
        format!("/ws/private/{chat}"),
        "/ws/Anna".to_owned(),
    ] {
        let mut socket = ann.open(&path).await;
        socket.settle().await;
        socket.send_text("{".to_owned()).await;
        socket.next_of("error").await;
    }
    // Also where it is not taken, and where something goes wrong.
    for path in [
        format!("/chats/private/{chat}/history"),
        "/chats/room/x/history".to_owned(),
        "/users".to_owned(),
        "/ws".to_owned(),
        "/api/users/me".to_owned(),
        "/nothing".to_owned(),
        format!("/ws/{}", ben.id),
    ] {
        ann.get(&path).await;
    }
    let figures = ask(address, Method::GET, "/metrics", &[], "").await;
    let figures = figures.text().await.unwrap();
    server.terminate().await;
    let log = std::fs::read_to_string(log.path()).unwrap();
    assert!(log.contains("DEBUG") && log.contains("draining"), "{log}");
    for text in [&log, &figures] {
        for secret in [&ann.token, &ben.token] {
            let told: Vec<_> = text
                .lines()
                .filter(|line| line.contains(secret.as_str()))
                .collect();
            assert!(told.is_empty(), "{told:?}");
        }
        assert!(!text.contains("between us"));
    }
}
