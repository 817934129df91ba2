//! The recipes of `docs/recipes`, tried: each host is started beside a real server, somebody logs in to it, finds the chat in
//! its page, and talks with the token that it gives.
//!
//! `make recipes` installs what they need, below `target/recipes`. Where a runtime is not on this machine at all, its recipe is
//! left out, and the test says so.

#![allow(clippy::unwrap_used)]

mod support;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::{Client, Response, redirect};
use serde_json::{Value, json};

use support::server::PATIENCE;
use support::{Person, TestDatabase, TestServer, value};

const SECRET_KEY: &str = "a key of a recipe's test, 32 characters and more";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A path below `target/recipes`, where `make recipes` has put it.
fn installed(path: &str) -> PathBuf {
    let installed = root().join("target/recipes").join(path);
    assert!(
        installed.exists(),
        "{} is missing: `make recipes` installs it",
        installed.display()
    );
    installed
}

/// Whether a program is on this machine. One that is not can not be tried, and is no fault of ours.
fn is_here(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        eprintln!("left out: {program} is not on this machine");
    }
    found
}

/// A recipe's program, running.
struct Host {
    address: SocketAddr,
    child: Child,
}

impl Drop for Host {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A chat, and a host beside it that knows where it is and by which key it verifies.
async fn set_up(command: &mut Command) -> (TestDatabase, TestServer, Host) {
    // Free a moment ago; nothing else on this machine asks for ports like this one.
    let tcp = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = tcp.local_addr().unwrap();
    drop(tcp);
    let database = TestDatabase::create().await;
    let server = TestServer::start_with(
        &database,
        &[
            ("AUTH", "jwt"),
            ("SECRET_KEY", SECRET_KEY),
            ("ALLOWED_ORIGINS", &format!("http://{address}")),
        ],
    )
    .await;
    let child = command
        .env("SECRET_KEY", SECRET_KEY)
        .env("CHAT_URL", format!("http://{}", server.address))
        .env("PORT", address.port().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut host = Host { address, child };
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while std::net::TcpStream::connect(address).is_err() {
        assert_eq!(host.child.try_wait().unwrap(), None, "the host has ended");
        assert!(
            tokio::time::Instant::now() < deadline,
            "the host does not answer"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (database, server, host)
}

/// A browser, as far as the host is concerned.
struct Visitor {
    http: Client,
    host: SocketAddr,
}

impl Visitor {
    fn to(host: &Host) -> Self {
        let http = Client::builder()
            .cookie_store(true)
            .redirect(redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            http,
            host: host.address,
        }
    }

    async fn get(&self, path: &str) -> Response {
        let url = format!("http://{}{path}", self.host);
        self.http.get(url).send().await.unwrap()
    }

    /// Fills in the form of the first page, with what it holds already.
    async fn log_in(&self, name: &str) {
        let page = self.get("/").await.text().await.unwrap();
        assert!(!page.contains("<web-chat"), "nobody is logged in: {page}");
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("name", name);
        if let Some(token) = attribute(&page, "name=\"csrfmiddlewaretoken\"", "value") {
            form.append_pair("csrfmiddlewaretoken", &token);
        }
        let answer = self
            .http
            .post(format!("http://{}/login", self.host))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.finish())
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_redirection(), "{answer:?}");
    }

    /// Somebody in the chat, by the token that the page's element asks for.
    async fn person(&self, server: &TestServer) -> Person {
        let page = self.get("/").await.text().await.unwrap();
        let script = attribute(&page, "<script", "src").unwrap();
        assert_eq!(script, format!("http://{}/embed.js", server.address));
        let found = self.http.get(&script).send().await.unwrap();
        assert_eq!(found.status(), 200, "{script}");
        assert_eq!(
            attribute(&page, "<web-chat", "topic").as_deref(),
            Some("order-4711")
        );
        let path = attribute(&page, "<web-chat", "token-url").unwrap();
        let answer = self.get(&path).await;
        assert_eq!(answer.status(), 200);
        let token: Value = answer.json().await.unwrap();
        let begun: Value = self
            .http
            .post(format!("http://{}/auth/token", server.address))
            .json(&json!({"token": token["token"]}))
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        Person::of(server.address, &begun)
    }
}

/// The value of an attribute of the first element that has this in it.
fn attribute(page: &str, element: &str, name: &str) -> Option<String> {
    let (_, rest) = page.split_once(element)?;
    let (inside, _) = rest.split_once('>')?;
    let (_, value) = inside.split_once(&format!(" {name}=\""))?;
    let (value, _) = value.split_once('"')?;
    Some(value.to_owned())
}

/// Two log in to the host and talk about the order.
async fn two_talk_about_an_order(command: &mut Command) {
    let (database, server, host) = set_up(command).await;
    let nobody = Visitor::to(&host).get("/chat-token").await;
    assert_eq!(nobody.status(), 401, "nobody is logged in");
    let mut people = Vec::new();
    for name in ["Ada & Co", "Sam"] {
        let visitor = Visitor::to(&host);
        visitor.log_in(name).await;
        people.push(visitor.person(&server).await);
    }
    let (ada, sam) = (&people[0], &people[1]);
    let body = json!({"topic": "order-4711", "title": "Order 4711"});
    let (status, order) = sam.post("/api/conversations/topic", body.clone()).await;
    assert_eq!(status, 201, "{order}");
    let mut sams = sam.connect().await;
    assert_eq!(ada.post("/api/conversations/topic", body).await.0, 200);
    ada.say(support::person::id(&order["id"]), "Where is it?")
        .await;
    let heard = sams.message("Where is it?").await;
    assert_eq!(heard["sender_id"], json!(ada.id), "{heard}");
    let client = database.connect().await;
    let names: Vec<String> = support::column(
        &client,
        "select name from chat.users where external_id is not null order by name",
        &[],
    )
    .await;
    assert_eq!(names, ["Ada & Co", "Sam"], "as they are called in the shop");
    server.stop().await;
}

#[tokio::test]
async fn a_shop_in_fastapi_has_the_chat_in_its_page() {
    if is_here("python3") {
        let mut python = Command::new(installed("python/bin/python"));
        two_talk_about_an_order(python.arg(root().join("docs/recipes/fastapi/app.py"))).await;
    }
}

#[tokio::test]
async fn a_shop_in_django_has_the_chat_in_its_page() {
    if is_here("python3") {
        let mut python = Command::new(installed("python/bin/python"));
        // It writes each request to its standard error.
        let django = python
            .arg(root().join("docs/recipes/django/app.py"))
            .stderr(Stdio::null());
        two_talk_about_an_order(django).await;
    }
}

#[tokio::test]
async fn a_shop_in_express_has_the_chat_in_its_page() {
    if is_here("node") {
        let mut node = Command::new("node");
        let express = node
            .arg(root().join("docs/recipes/express/server.js"))
            .env("NODE_PATH", installed("express/node_modules"));
        two_talk_about_an_order(express).await;
    }
}

#[tokio::test]
async fn an_order_in_plain_sql_comes_with_its_conversation_and_first_message() {
    if !is_here("psql") {
        return;
    }
    let database = TestDatabase::create().await;
    let client = database.connect().await;
    let mut listener = database.listen().await;
    for orders in 1..=2_i64 {
        let ran = Command::new("psql")
            .arg(database.url())
            .args([
                "--no-psqlrc",
                "--quiet",
                "--set",
                "ON_ERROR_STOP=1",
                "--file",
            ])
            .arg(root().join("docs/recipes/sql/order.sql"))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{}",
            String::from_utf8_lossy(&ran.stderr)
        );
        let placed: i64 = value(
            &client,
            "select count(*) from shop.orders o
             join chat.conversations c on c.id = o.conversation_id and c.topic = 'order-' || o.id
             join chat.messages m on m.conversation_id = c.id and m.seq = 1
             join chat.users u on u.id = m.sender_id and u.external_id = o.customer_id::text",
            &[],
        )
        .await;
        assert_eq!(placed, orders, "it can be run again");
    }
    while listener.next().await.kind() != "message" {}
    // Ada's order is hers and the staff's.
    let may: Vec<bool> = support::column(
        &client,
        "select coalesce(chat_hook.may_open_topic(null, c.id::text, t), false)
         from shop.customers c cross join unnest(array['order-4711', 'order-1']) t order by c.name, t desc",
        &[],
    )
    .await;
    assert_eq!(may, [true, false, true, true]);
}
