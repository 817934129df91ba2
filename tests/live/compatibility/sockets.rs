//! `/ws/general`, `/ws/private/…`, `/ws/room/…` and `/ws/{user_id}`, spoken by clients that know no other frames.

use serde_json::{Value, json};

use super::{Foreigner, serve, text};
use crate::asking::{handshake, problem};
use crate::support::{Socket, TestServer};

async fn ready(person: &Foreigner, path: &str) -> Socket {
    let mut socket = person.open(path).await;
    socket.next_of("ready").await;
    socket
}

#[tokio::test]
async fn what_was_said_stands_flat_beside_the_message_and_changes_do_not() {
    let (_database, server) = serve().await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let mut anns = ready(&ann, "/ws/general").await;
    let mut bens = ready(&ben, "/ws/general").await;
    let mut pages = ben.as_person().connect().await;
    for frame in [
        json!({"content": "bare"}),
        json!({"type": "message", "content": "named"}),
        json!({"type": "chat_message", "content": "also named", "receiver_id": null}),
    ] {
        anns.send(frame.clone()).await;
        let heard = bens
            .next_where(|heard| heard["content"] == frame["content"])
            .await;
        for (flat, full) in [
            ("id", "id"),
            ("conversation_id", "conversation_id"),
            ("user_id", "sender_id"),
            ("user_name", "sender_name"),
            ("sender_id", "sender_id"),
            ("content", "body"),
            ("kind", "kind"),
            ("timestamp", "created_at"),
        ] {
            assert_eq!(heard[flat], heard["message"][full], "{flat}: {heard}");
        }
        assert_eq!(heard["user_id"], json!(ann.id));
        assert_eq!(
            (&heard["is_delivered"], &heard["is_read"]),
            (&json!(false), &json!(false))
        );
        // Who speaks this chat's own language gets it as ever.
        let own = pages
            .next_where(|own| own["message"]["id"] == heard["id"])
            .await;
        assert_eq!(
            (&own["content"], &own["user_id"]),
            (&json!(null), &json!(null))
        );
        anns.next_where(|heard| heard["content"] == frame["content"])
            .await;
    }
    let id = text(&bens.seen.last().unwrap()["id"]);
    let path = format!("/api/messages/{id}");
    ann.as_person()
        .put(&path, json!({"body": "better named"}))
        .await;
    let changed = bens.message("better named").await;
    assert_eq!(changed["revision"], 2);
    let changed = bens.seen.last().unwrap();
    assert_eq!(
        (&changed["content"], &changed["user_id"]),
        (&json!(null), &json!(null))
    );
    // Nobody said that somebody came.
    let (_, group) = ann
        .as_person()
        .post("/api/groups", json!({"name": "Crew"}))
        .await;
    let mut room = ready(&ann, &format!("/ws/room/{}", text(&group["id"]))).await;
    let members = format!("/api/groups/{}/members", text(&group["id"]));
    ann.post(&members, json!({"user_id": ben.id})).await;
    let told = room.next_of("message").await;
    assert_eq!(
        (&told["message"]["kind"], &told["content"]),
        (&json!("system"), &json!(null))
    );
}

#[tokio::test]
async fn joining_is_answered_on_every_socket_and_changes_nothing() {
    let (_database, server) = serve().await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let mut bens = ben.as_person().connect().await;
    for path in ["/ws/general", &format!("/ws/{}", ann.id)] {
        let mut socket = ready(&ann, path).await;
        socket.send(json!({"type": "join"})).await;
        let joined = socket.next_of("joined").await;
        assert_eq!(joined, json!({"type": "joined", "user_id": ann.id}));
    }
    bens.send(json!({"type": "join", "ref": [1]})).await;
    let joined = bens.next_of("joined").await;
    assert_eq!(
        (&joined["user_id"], &joined["ref"]),
        (&json!(ben.id), &json!([1]))
    );
    bens.settle().await;
    assert!(bens.bodies().is_empty());
}

#[tokio::test]
async fn a_users_own_socket_sends_to_people_and_groups_and_hears_of_all() {
    let (database, server) = serve().await;
    let second = TestServer::start(&database).await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let (_, group) = ann
        .as_person()
        .post("/api/groups", json!({"name": "Crew", "members": [ben.id]}))
        .await;
    let mut anns = ready(&ann, &format!("/ws/{}/", ann.id)).await;
    let mut bens = ready(&ben.at(second.address), &format!("/ws/{}", ben.id)).await;
    // The first opens the conversation that the others go to, and none overtakes it.
    for number in 0..20 {
        anns.send(json!({"receiver_id": ben.id, "content": format!("{number}")}))
            .await;
    }
    let mut heard = Vec::new();
    while heard.len() < 20 {
        let said = bens.next_where(|frame| frame["content"].is_string()).await;
        assert_eq!(said["sender_id"], json!(ann.id));
        heard.push(text(&said["content"]));
    }
    let wanted: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    assert_eq!(heard, wanted);
    bens.send(json!({"group_id": group["id"], "content": "to all"}))
        .await;
    let said = anns.next_where(|frame| frame["content"] == "to all").await;
    assert_eq!(said["conversation_id"], group["id"]);
    bens.send(json!({"conversation_id": heard_in(&bens), "content": "and back"}))
        .await;
    anns.next_where(|frame| frame["content"] == "and back")
        .await;
    // And all that this chat itself understands.
    let seen = json!({"type": "read", "conversation_id": group["id"], "seq": 1});
    assert_eq!(anns.ask(seen).await["type"], "ack");

    for (frame, code, begins) in [
        (json!({"content": "x"}), "bad_field", "receiver_id:"),
        (json!({"receiver_id": ben.id}), "bad_field", "content:"),
        (
            json!({"receiver_id": ben.id, "content": " "}),
            "body_required",
            "content:",
        ),
        (
            json!({"receiver_id": group["id"], "content": "x"}),
            "user_not_found",
            "receiver_id:",
        ),
        (
            json!({"group_id": ben.id, "content": "x"}),
            "conversation_not_found",
            "",
        ),
        (
            json!({"group_id": group["id"], "content": " "}),
            "body_required",
            "content:",
        ),
        (json!({"type": "dance"}), "unknown_type", "type:"),
    ] {
        let error = anns.ask(frame.clone()).await;
        assert_eq!(
            (&error["type"], &error["code"]),
            (&json!("error"), &json!(code)),
            "{frame}"
        );
        assert!(
            error["detail"].as_str().unwrap().starts_with(begins),
            "{error}"
        );
    }
}

/// The conversation of the first thing that was said.
fn heard_in(socket: &Socket) -> Value {
    let said = socket
        .seen
        .iter()
        .find(|frame| frame["content"].is_string());
    said.unwrap()["conversation_id"].clone()
}

#[tokio::test]
async fn a_users_socket_is_opened_by_that_user_alone() {
    let (_database, server) = serve().await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let nobody = "01a1fc7d-6da2-71df-ba9d-18391997fcdd";
    for (path, status, code) in [
        (format!("/ws/{}", ann.id), 401, "not_logged_in"),
        (
            format!("/ws/{}?token=nonsense", ann.id),
            401,
            "not_logged_in",
        ),
        (
            format!("/ws/{}?token={}", ann.id, ben.token),
            403,
            "not_yourself",
        ),
        (
            format!("/ws/{nobody}?token={}", ben.token),
            403,
            "not_yourself",
        ),
        ("/ws/general".to_owned(), 401, "not_logged_in"),
        (
            format!("/ws/private/{nobody}?token={}", ben.token),
            404,
            "conversation_not_found",
        ),
    ] {
        let (got, refused) = problem(handshake(server.address, &path, &[]).await).await;
        assert_eq!((got, &refused["code"]), (status, &json!(code)), "{path}");
    }
    // A cookie is of whoever looks at the page that a browser shows, so its page must be one of ours.
    let cookie = format!("webchat_session={}", ann.token);
    for (origin, status) in [
        ("https://evil.example".to_owned(), 403),
        (format!("http://{}", server.address), 101),
    ] {
        let headers = [("cookie", cookie.as_str()), ("origin", origin.as_str())];
        let response = handshake(server.address, &format!("/ws/{}", ann.id), &headers).await;
        assert_eq!(response.status(), status, "{origin}");
    }
}
