//! Answers made smaller for who takes gzip, and left as they are for everybody else.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::{Method, Response};
use serde_json::json;

use crate::asking::{ask, handshake, header};
use crate::cast::Cast;

/// A client that unpacks nothing by itself.
async fn asked(cast: &Cast, method: Method, path: &str, accepted: Option<&str>) -> Response {
    let bearer = format!("Bearer {}", cast.ada.token);
    let mut headers = vec![("authorization", bearer.as_str()), ("accept", "text/html")];
    headers.extend(accepted.map(|accepted| ("accept-encoding", accepted)));
    ask(cast.server.address, method, path, &headers, "").await
}

fn unpacked(bytes: &[u8]) -> String {
    let mut text = String::new();
    GzDecoder::new(bytes).read_to_string(&mut text).unwrap();
    text
}

async fn text_of(response: Response) -> String {
    if header(&response, "content-encoding") == "gzip" {
        unpacked(&response.bytes().await.unwrap())
    } else {
        response.text().await.unwrap()
    }
}

/// A script, the table of emoji, a part of a page, and a page of history.
async fn paths(cast: &Cast) -> [String; 4] {
    for n in 0..40 {
        cast.ada
            .say(cast.direct, &format!("message {n} — Grüße, 你好"))
            .await;
    }
    let direct = cast.direct;
    [
        "/static/latest/timeline.js".to_owned(),
        "/static/latest/emoji.json".to_owned(),
        format!("/parts/c/{direct}"),
        format!("/api/conversations/{direct}/messages"),
    ]
}

#[tokio::test]
async fn long_text_is_packed_for_who_takes_it_and_is_the_same_text() {
    let cast = Cast::assemble().await;
    for path in paths(&cast).await {
        let plain = asked(&cast, Method::GET, &path, None).await;
        assert_eq!(plain.status(), 200, "{path}");
        assert_eq!(header(&plain, "content-encoding"), "", "{path}");
        assert!(header(&plain, "vary").contains("accept-encoding"), "{path}");
        let kind = header(&plain, "content-type").to_owned();
        let text = plain.text().await.unwrap();

        for accepted in ["gzip", "deflate, gzip;q=0.5, br", "GZIP"] {
            let packed = asked(&cast, Method::GET, &path, Some(accepted)).await;
            assert_eq!(header(&packed, "content-encoding"), "gzip", "{path}");
            assert!(header(&packed, "vary").contains("accept-encoding"));
            assert_eq!(header(&packed, "content-type"), kind);
            assert_eq!(header(&packed, "x-content-type-options"), "nosniff");
            let length: usize = header(&packed, "content-length").parse().unwrap();
            let bytes = packed.bytes().await.unwrap();
            assert_eq!(bytes.len(), length, "{path}");
            assert!(bytes.len() * 2 < text.len(), "{path}");
            assert_eq!(unpacked(&bytes), text, "{path}");
        }
        for refused in ["br", "gzip;q=0", "identity", ""] {
            let response = asked(&cast, Method::GET, &path, Some(refused)).await;
            assert_eq!(
                header(&response, "content-encoding"),
                "",
                "{path} {refused}"
            );
            assert_eq!(response.text().await.unwrap(), text);
        }
    }
}

#[tokio::test]
async fn the_head_of_a_page_is_that_of_the_page() {
    let cast = Cast::assemble().await;
    for path in ["/static/latest/timeline.js", "/"] {
        for accepted in [None, Some("gzip")] {
            let whole = asked(&cast, Method::GET, path, accepted).await;
            let head = asked(&cast, Method::HEAD, path, accepted).await;
            assert_eq!(head.status(), whole.status());
            for name in ["content-encoding", "content-type", "vary", "cache-control"] {
                assert_eq!(header(&head, name), header(&whole, name), "{path} {name}");
            }
            assert!(head.bytes().await.unwrap().is_empty());
            assert!(!text_of(whole).await.is_empty());
        }
    }
}

#[tokio::test]
async fn what_is_short_or_does_not_end_or_is_another_protocol_stays_as_it_is() {
    let cast = Cast::assemble().await;
    for path in ["/health", "/api/users/me"] {
        let response = asked(&cast, Method::GET, path, Some("gzip")).await;
        assert_eq!(response.status(), 200, "{path}");
        assert_eq!(header(&response, "content-encoding"), "", "{path}");
        assert!(!response.text().await.unwrap().is_empty());
    }

    let mut stream = asked(&cast, Method::GET, "/sse", Some("gzip")).await;
    assert_eq!(header(&stream, "content-type"), "text/event-stream");
    assert_eq!(header(&stream, "content-encoding"), "");
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(
        String::from_utf8_lossy(&first).contains("\"ready\""),
        "at once, and to be read"
    );

    let bearer = format!("Bearer {}", cast.ada.token);
    let headers = [
        ("authorization", bearer.as_str()),
        ("accept-encoding", "gzip"),
    ];
    let upgraded = handshake(cast.server.address, "/ws", &headers).await;
    assert_eq!(upgraded.status(), 101);
    assert_eq!(header(&upgraded, "content-encoding"), "");
    assert_eq!(header(&upgraded, "vary"), "");
    let sent = cast
        .ada
        .post(
            &format!("/api/conversations/{}/messages", cast.direct),
            json!({"body": "x".repeat(3_000)}),
        )
        .await;
    assert_eq!(
        sent.0, 201,
        "what is sent with a command is as long as it likes"
    );
}
