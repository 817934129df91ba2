//! Server-Sent Events and what both transports share: the same events, the cursor as event id,
//! commands by POST, and fragments for whoever asks.

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::asking::{ask, header};
use crate::cast::Cast;
use crate::support::Person;
use crate::support::server::PATIENCE;

/// An open stream, read as text.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    async fn open(person: &Person, path: &str, headers: &[(&str, &str)]) -> Self {
        let bearer = format!("Bearer {}", person.token);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend_from_slice(headers);
        let response = ask(person.address, Method::GET, path, &all, "").await;
        assert_eq!(response.status(), 200);
        Self {
            response,
            text: String::new(),
        }
    }

    /// The next event: its id and its data.
    async fn next(&mut self) -> (Option<String>, Value) {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = event.lines().find_map(|line| line.strip_prefix(name));
                    line.map(|value| value.trim_start().to_owned())
                };
                let found = (field("id:"), field("data:"));
                self.text = rest.to_owned();
                if let (id, Some(data)) = found {
                    return (id, serde_json::from_str(&data).unwrap());
                }
                continue;
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.unwrap();
            self.text
                .push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
        }
    }

    async fn message(&mut self) -> (Option<String>, Value) {
        loop {
            let (id, event) = self.next().await;
            if event["type"] == "message" {
                return (id, event);
            }
        }
    }
}

#[tokio::test]
async fn a_stream_has_the_events_of_a_socket_and_the_cursor_as_their_id() {
    let cast = Cast::assemble().await;
    let mut stream = Events::open(&cast.bob, "/sse", &[]).await;
    assert_eq!(
        header(&stream.response, "content-type"),
        "text/event-stream"
    );
    assert_eq!(header(&stream.response, "cache-control"), "no-store");
    let (id, ready) = stream.next().await;
    assert_eq!(ready["type"], "ready");
    assert_eq!(ready["user"]["name"], "Bob");
    assert!(ready["server_time"].is_string());
    assert_eq!(id.as_deref(), ready["cursor"].as_str());

    let mut strangers = Events::open(&cast.eve, "/sse", &[]).await;
    let mut bobs = cast.bob.connect().await;
    for body in ["one", "with\nlines\r\n\r\nid: 7\n\ndata: {}"] {
        cast.ada.say(cast.direct, body).await;
        let (id, event) = stream.message().await;
        assert_eq!(event["message"]["body"], body);
        assert_eq!(id.as_deref(), event["cursor"].as_str());
        assert_eq!(bobs.next_of("message").await, event);
    }
    // Eve's own notes come first: nothing was there before them.
    let notes = cast.eve.direct(&cast.eve).await;
    cast.eve.say(notes, "to myself").await;
    assert_eq!(strangers.message().await.1["message"]["body"], "to myself");
}

#[tokio::test]
async fn the_last_event_id_counts_before_the_cursor_in_the_address() {
    let cast = Cast::assemble().await;
    let mut stream = Events::open(&cast.bob, "/sse", &[]).await;
    let (first, _) = stream.next().await;
    cast.ada.say(cast.direct, "one").await;
    stream.message().await;
    drop(stream);
    let second = cast.fresh_cursor(&cast.bob).await;
    cast.ada.say(cast.direct, "two").await;

    let path = format!("/sse?cursor={}", first.unwrap());
    let resume = [("last-event-id", second.as_str())];
    let mut resumed = Events::open(&cast.bob, &path, &resume).await;
    assert_eq!(resumed.next().await.1["type"], "ready");
    assert_eq!(resumed.message().await.1["message"]["body"], "two");
    // Browsers send it empty when there was none.
    let mut resumed = Events::open(&cast.bob, &path, &[("last-event-id", "")]).await;
    assert_eq!(resumed.next().await.1["type"], "ready");
    for body in ["one", "two"] {
        assert_eq!(resumed.message().await.1["message"]["body"], body);
    }
    let garbage = [("last-event-id", "garbage")];
    let mut reset = Events::open(&cast.bob, &path, &garbage).await;
    assert_eq!(reset.next().await.1["type"], "ready");
    assert_eq!(reset.next().await.1, json!({"type": "reset"}));
}

#[tokio::test]
async fn commands_by_post_are_answered_with_the_frame_and_its_status() {
    let cast = Cast::assemble().await;
    let mut bobs = cast.bob.connect().await;
    let command = async |person: &Person, body: Value| person.post("/api/commands", body).await;
    let send = json!({"type": "send", "ref": 1, "conversation_id": cast.direct, "client_id": "k", "body": "hi"});
    let (status, ack) = command(&cast.ada, send.clone()).await;
    assert_eq!(
        (status, &ack["type"], &ack["ref"]),
        (201, &json!("ack"), &json!(1))
    );
    assert_eq!(bobs.message("hi").await, ack["message"]);
    assert_eq!(command(&cast.ada, send.clone()).await, (200, ack.clone()));
    let id = ack["message"]["id"].clone();
    let (status, edited) = command(
        &cast.ada,
        json!({"type": "edit", "message_id": id, "body": "hello"}),
    )
    .await;
    assert_eq!((status, &edited["message"]["revision"]), (200, &json!(2)));
    bobs.message("hello").await;
    let read = json!({"type": "read", "conversation_id": cast.direct, "seq": 1});
    assert_eq!(
        command(&cast.ada, read).await,
        (200, json!({"type": "ack"}))
    );
    assert_eq!(
        command(&cast.ada, json!({"type": "ping"})).await,
        (200, json!({"type": "pong"}))
    );

    let (status, error) = command(&cast.eve, send).await;
    assert_eq!(
        (status, &error["type"], &error["ref"]),
        (403, &json!("error"), &json!(1))
    );
    for (body, status, code) in [
        (json!({"type": "dance"}), 400, "unknown_type"),
        (json!([]), 400, "bad_json"),
        (json!({"type": "send", "body": "b"}), 422, "bad_field"),
        (
            json!({"type": "edit", "message_id": id, "body": ""}),
            422,
            "body_required",
        ),
        (
            json!({"type": "edit", "message_id": cast.direct, "body": "b"}),
            404,
            "message_not_found",
        ),
    ] {
        let (got, error) = command(&cast.ada, body.clone()).await;
        assert_eq!(
            (got, &error["code"], &error["type"]),
            (status, &json!(code), &json!("error")),
            "{body}"
        );
        assert_eq!(error["status"], json!(status));
    }
    bobs.settle().await;
    assert_eq!(bobs.bodies(), ["hi", "hello"]);
}

#[tokio::test]
async fn a_fragment_comes_to_whoever_asks_for_it_and_to_no_other() {
    let cast = Cast::assemble().await;
    let mut with = cast.bob.open("/ws?render=html").await.unwrap();
    let mut without = cast.bob.open("/ws?render=json").await.unwrap();
    let mut stream_with = Events::open(&cast.bob, "/sse?render=html", &[]).await;
    let mut stream_without = Events::open(&cast.bob, "/sse", &[]).await;
    let message = cast.ada.say(cast.direct, "<b onclick='x'>&").await;

    let event = with.next_of("message").await;
    let html = event["html"].as_str().unwrap();
    assert!(
        html.contains("&lt;b onclick") && !html.contains("<b onclick"),
        "{html}"
    );
    assert_eq!(event["message"], message);
    assert_eq!(stream_with.message().await.1["html"], html);
    assert!(without.next_of("message").await.get("html").is_none());
    assert!(stream_without.message().await.1.get("html").is_none());
    // The page before, live and after coming back show the same.
    let path = format!("/api/conversations/{}/messages", cast.direct);
    let (_, page) = cast.bob.get(&format!("{path}?render=html")).await;
    assert_eq!(page["items"][0]["html"], html);
    assert!(
        cast.bob.get(&path).await.1["items"][0]
            .get("html")
            .is_none()
    );
    let mut resumed = cast
        .bob
        .open(&format!("/ws?render=html&cursor={}", without.cursor))
        .await
        .unwrap();
    cast.ada.say(cast.direct, "next").await;
    assert!(resumed.message("next").await["id"].is_string());
    assert!(
        resumed
            .seen
            .iter()
            .all(|frame| frame["type"] != "message" || frame["html"].is_string())
    );

    // Nor does it come with what is no message, or with an answer.
    let ack = with.say(cast.direct, "mine").await;
    assert!(ack.get("html").is_none());
    assert!(
        with.seen
            .iter()
            .all(|frame| frame["type"] == "message" || frame.get("html").is_none())
    );
}
