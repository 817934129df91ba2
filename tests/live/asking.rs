//! Requests that a well-behaved client does not make: bare handshakes, cookies, foreign origins,
//! frames by hand.

use std::net::SocketAddr;

use reqwest::redirect::Policy;
use reqwest::{Method, Response};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::support::Socket;
use crate::support::server::PATIENCE;

/// One request with exactly these headers; redirects are not followed.
pub async fn ask(
    address: SocketAddr,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<reqwest::Body>,
) -> Response {
    let http = reqwest::Client::builder()
        .redirect(Policy::none())
        .build()
        .unwrap();
    let mut request = http
        .request(method, format!("http://{address}{path}"))
        .body(body);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    timeout(PATIENCE, request.send()).await.unwrap().unwrap()
}

/// A WebSocket handshake, and the server's answer to it.
pub async fn handshake(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut all = vec![
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ];
    all.extend_from_slice(headers);
    ask(address, Method::GET, path, &all, "").await
}

pub fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response
        .headers()
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

/// Status and body of a refusal, which always has the same form.
pub async fn problem(response: reqwest::Response) -> (u16, Value) {
    let status = response.status().as_u16();
    assert_eq!(
        header(&response, "content-type"),
        "application/problem+json"
    );
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["status"], status);
    for field in ["type", "title", "code", "detail"] {
        assert!(
            problem[field].as_str().is_some_and(|text| !text.is_empty()),
            "{field}: {problem}"
        );
    }
    (status, problem)
}

/// A client's frame, masked as clients must, with a mask that changes nothing.
pub fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![0x80 | opcode];
    match payload.len() {
        length @ ..126 => out.push(0x80 | length as u8),
        length @ ..65_536 => {
            out.push(0x80 | 126);
            out.extend((length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend([0; 4]);
    out.extend(payload);
    out
}

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;

impl Socket {
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        self.raw().write_all(bytes).await.unwrap();
    }

    /// Reads past the protocol until these bytes come.
    pub async fn read_until(&mut self, wanted: &[u8]) {
        let mut read = Vec::new();
        while !read.windows(wanted.len()).any(|window| window == wanted) {
            let got = timeout(PATIENCE, self.raw().read_buf(&mut read))
                .await
                .unwrap()
                .unwrap();
            assert_ne!(got, 0, "the connection ended before the bytes came");
        }
    }
}
