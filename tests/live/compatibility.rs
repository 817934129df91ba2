//! Clients of other chats, which know nothing of this one: each address and frame as they speak it, to the letter.

#[path = "compatibility/anonymous.rs"]
mod anonymous;
#[path = "compatibility/chats.rs"]
mod chats;
#[path = "compatibility/histories.rs"]
mod histories;
#[path = "compatibility/rest.rs"]
mod rest;
#[path = "compatibility/sockets.rs"]
mod sockets;
#[path = "compatibility/tokens.rs"]
mod tokens;

use std::net::SocketAddr;

use reqwest::Method;
use serde_json::{Value, json};

use crate::asking::ask;
use crate::support::{Person, Socket, TestDatabase, TestServer};

/// A client of another chat: it puts its token into addresses, ends them with a slash, and reads JSON.
#[derive(Clone)]
struct Foreigner {
    address: SocketAddr,
    id: String,
    token: String,
}

impl Foreigner {
    async fn new(address: SocketAddr, name: &str) -> Self {
        let body = json!({"display_name": name});
        let (status, made) = call(address, "POST", "/api/users/", "", body).await;
        assert_eq!(status, 201, "{made}");
        Self {
            address,
            id: text(&made["id"]),
            token: text(&made["access_token"]),
        }
    }

    /// The same person at another server.
    fn at(&self, address: SocketAddr) -> Self {
        Self {
            address,
            ..self.clone()
        }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        call(self.address, "GET", path, &self.token, Value::Null).await
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        call(self.address, "POST", path, &self.token, body).await
    }

    async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        call(self.address, "PUT", path, &self.token, body).await
    }

    /// What a history holds, in its order.
    async fn contents(&self, path: &str) -> Vec<String> {
        let (status, page) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {page}");
        let messages = page["messages"].as_array().unwrap();
        messages.iter().map(|one| text(&one["content"])).collect()
    }

    /// A WebSocket with nothing but its address.
    async fn open(&self, path: &str) -> Socket {
        let path = format!("{path}?token={}", self.token);
        Socket::open(self.address, &path, &[]).await.unwrap()
    }

    /// The same person as a client of this chat's own.
    fn as_person(&self) -> Person {
        let begun = json!({"user": {"id": self.id}, "access_token": self.token});
        Person::of(self.address, &begun)
    }
}

/// One request, whose address holds the token if there is one.
async fn call(
    address: SocketAddr,
    method: &str,
    path: &str,
    token: &str,
    body: Value,
) -> (u16, Value) {
    let mark = if path.contains('?') { '&' } else { '?' };
    let path = match token {
        "" => path.to_owned(),
        token => format!("{path}{mark}token={token}"),
    };
    let headers = [("content-type", "application/json")];
    let body = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let method: Method = method.parse().unwrap();
    let response = ask(address, method, &path, &headers, body).await;
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no text: {value}"))
        .to_owned()
}

async fn serve() -> (TestDatabase, TestServer) {
    let database = TestDatabase::create().await;
    let server = TestServer::start_with(&database, &[("AUTH", "guest,password")]).await;
    (database, server)
}
