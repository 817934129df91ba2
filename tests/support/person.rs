//! Somebody who chats: a token, HTTP, WebSocket and Server-Sent Events, as a client of any language would.

use std::net::SocketAddr;

use bytes::BytesMut;
use futures_util::{SinkExt, StreamExt};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{timeout, timeout_at};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use uuid::Uuid;

use super::server::PATIENCE;

#[derive(Clone)]
pub struct Person {
    pub address: SocketAddr,
    pub id: Uuid,
    pub token: String,
    http: reqwest::Client,
}

impl Person {
    /// A guest.
    pub async fn guest(address: SocketAddr, name: &str) -> Self {
        let response = reqwest::Client::new()
            .post(format!("http://{address}/auth/guest"))
            .json(&json!({"name": name}))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 201);
        Self::of(address, &response.json().await.unwrap())
    }

    /// Whose session an answer has begun.
    pub fn of(address: SocketAddr, begun: &Value) -> Self {
        Self {
            address,
            id: id(&begun["user"]["id"]),
            token: begun["access_token"].as_str().unwrap().to_owned(),
            http: reqwest::Client::new(),
        }
    }

    /// The same person at another server.
    pub fn at(&self, address: SocketAddr) -> Self {
        Self {
            address,
            ..self.clone()
        }
    }

    /// Status and JSON of the answer (null when it is not JSON).
    pub async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let url = format!("http://{}{path}", self.address);
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = timeout(PATIENCE, request.send()).await.unwrap().unwrap();
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.ask(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::POST, path, Some(body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        self.ask(Method::PUT, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> (u16, Value) {
        self.ask(Method::DELETE, path, None).await
    }

    /// The direct conversation with another.
    pub async fn direct(&self, other: &Person) -> Uuid {
        let (status, body) = self
            .post("/api/conversations/direct", json!({"user_id": other.id}))
            .await;
        assert!(status == 200 || status == 201, "{status} {body}");
        id(&body["id"])
    }

    pub async fn group(&self, members: &[&Person]) -> Uuid {
        let ids: Vec<_> = members.iter().map(|member| member.id).collect();
        let (status, body) = self
            .post("/api/groups", json!({"name": "Group", "member_ids": ids}))
            .await;
        assert_eq!(status, 201, "{body}");
        id(&body["id"])
    }

    /// Sends a text over HTTP; answers with the message.
    pub async fn say(&self, conversation: Uuid, body: &str) -> Value {
        let path = format!("/api/conversations/{conversation}/messages");
        let (status, message) = self.post(&path, json!({"body": body})).await;
        assert_eq!(status, 201, "{message}");
        message
    }

    /// Bodies of the newest messages, oldest first.
    pub async fn history(&self, conversation: Uuid) -> Vec<String> {
        let path = format!("/api/conversations/{conversation}/messages?limit=100");
        let (status, page) = self.get(&path).await;
        assert_eq!(status, 200, "{page}");
        let items = page["items"].as_array().unwrap();
        items
            .iter()
            .filter(|message| message["kind"] != "system")
            .map(|message| message["body"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// A WebSocket, its `ready` taken.
    pub async fn connect(&self) -> Socket {
        self.open("/ws").await.unwrap()
    }

    /// A WebSocket that resumes; `ready` taken.
    pub async fn resume(&self, cursor: &str) -> Socket {
        self.open(&format!("/ws?cursor={cursor}")).await.unwrap()
    }

    /// A WebSocket at any address of the server's, `ready` taken; an error when it is refused.
    pub async fn open(&self, path: &str) -> Result<Socket, Error> {
        let mut socket = Socket::open(
            self.address,
            path,
            &[("authorization", &format!("Bearer {}", self.token))],
        )
        .await?;
        let ready = socket.next_where(|frame| frame["type"] == "ready").await;
        socket.cursor = ready["cursor"].as_str().unwrap().to_owned();
        Ok(socket)
    }

    /// Server-Sent Events, `ready` taken.
    pub async fn stream(&self, cursor: Option<&str>) -> Stream {
        let query = cursor.map_or_else(String::new, |cursor| format!("?cursor={cursor}"));
        let response = self
            .http
            .get(format!("http://{}/sse{query}", self.address))
            .bearer_auth(&self.token)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        let mut stream = Stream {
            response,
            buffer: BytesMut::new(),
            last_id: None,
        };
        assert_eq!(stream.next().await.unwrap()["type"], "ready");
        stream
    }
}

pub fn id(value: &Value) -> Uuid {
    value.as_str().unwrap().parse().unwrap()
}

/// A WebSocket as a client has it.
pub struct Socket {
    socket: WebSocketStream<TcpStream>,
    /// The newest cursor seen.
    pub cursor: String,
    /// Every frame received.
    pub seen: Vec<Value>,
    pub closed: Option<CloseFrame>,
}

impl Socket {
    /// The refusal's response is in `Error::Http`.
    pub async fn open(
        address: SocketAddr,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        for (name, value) in headers {
            let name = reqwest::header::HeaderName::from_bytes(name.as_bytes()).unwrap();
            request.headers_mut().append(name, value.parse().unwrap());
        }
        let tcp = TcpStream::connect(address).await.map_err(Error::Io)?;
        let (socket, _) = timeout(PATIENCE, tokio_tungstenite::client_async(request, tcp))
            .await
            .unwrap()?;
        Ok(Self {
            socket,
            cursor: String::new(),
            seen: Vec::new(),
            closed: None,
        })
    }

    pub async fn send(&mut self, frame: Value) {
        self.send_text(frame.to_string()).await;
    }

    pub async fn send_text(&mut self, text: String) {
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// The next frame; none when the connection has ended, its close frame then in `closed`.
    pub async fn next(&mut self) -> Option<Value> {
        // One deadline for all that is passed over: the server's pings are no reason to wait longer.
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            match timeout_at(deadline, self.socket.next())
                .await
                .expect("no frame came")
            {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    if let Some(cursor) = frame["cursor"].as_str() {
                        self.cursor = cursor.to_owned();
                    }
                    self.seen.push(frame.clone());
                    return Some(frame);
                }
                Some(Ok(Message::Close(close))) => self.closed = close,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// The next frame that fits; others are passed over (and are in `seen`).
    pub async fn next_where(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let Some(frame) = self.next().await else {
                panic!(
                    "the connection ended ({:?}) before the frame came",
                    self.closed
                );
            };
            if fits(&frame) {
                return frame;
            }
        }
    }

    pub async fn next_of(&mut self, kind: &str) -> Value {
        self.next_where(|frame| frame["type"] == kind).await
    }

    /// The message event with this body.
    pub async fn message(&mut self, body: &str) -> Value {
        self.next_where(|frame| frame["type"] == "message" && frame["message"]["body"] == body)
            .await["message"]
            .clone()
    }

    /// Sends a text and waits for its answer, `ack` or `error`.
    pub async fn say(&mut self, conversation: Uuid, body: &str) -> Value {
        let reference = Uuid::new_v4().to_string();
        self.send(
            json!({"type": "send", "ref": reference, "conversation_id": conversation,
            "client_id": reference, "body": body}),
        )
        .await;
        self.next_where(|frame| frame["ref"] == reference.as_str())
            .await
    }

    /// Reads until a pong: whatever the server had for this client before has been seen then.
    pub async fn settle(&mut self) {
        let reference = Uuid::new_v4().to_string();
        self.send(json!({"type": "ping", "ref": reference})).await;
        self.next_where(|frame| frame["ref"] == reference.as_str())
            .await;
    }

    /// Reads to the end; the close code (1006 when there was none).
    pub async fn end(&mut self) -> u16 {
        while self.next().await.is_some() {}
        self.closed.as_ref().map_or(1006, |close| close.code.into())
    }

    /// Bodies of the message events seen so far.
    pub fn bodies(&self) -> Vec<&str> {
        self.seen
            .iter()
            .filter(|frame| frame["type"] == "message" && frame["message"]["kind"] != "system")
            .filter_map(|frame| frame["message"]["body"].as_str())
            .collect()
    }

    pub async fn close(mut self) {
        self.socket.close(None).await.ok();
    }

    /// The socket underneath, for tests that break the rules.
    pub fn raw(&mut self) -> &mut TcpStream {
        self.socket.get_mut()
    }
}

/// Server-Sent Events as a client has them.
pub struct Stream {
    response: reqwest::Response,
    buffer: BytesMut,
    /// As a browser sends it in `Last-Event-ID`.
    pub last_id: Option<String>,
}

impl Stream {
    /// The next event; none when the response has ended.
    pub async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let event = self.buffer.split_to(end + 2);
                let text = String::from_utf8(event.to_vec()).unwrap();
                let mut data = None;
                for line in text.lines() {
                    match line.split_once(": ") {
                        Some(("id", value)) => self.last_id = Some(value.to_owned()),
                        Some(("data", value)) => data = Some(serde_json::from_str(value).unwrap()),
                        _ => {}
                    }
                }
                if data.is_some() {
                    return data;
                }
                continue;
            }
            let chunk = timeout(PATIENCE, self.response.chunk())
                .await
                .expect("no event came");
            match chunk {
                Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk),
                Ok(None) | Err(_) => return None,
            }
        }
    }

    pub async fn next_where(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let event = self
                .next()
                .await
                .expect("the stream ended before the event came");
            if fits(&event) {
                return event;
            }
        }
    }

    pub async fn message(&mut self, body: &str) -> Value {
        self.next_where(|event| event["type"] == "message" && event["message"]["body"] == body)
            .await["message"]
            .clone()
    }
}
