//! A client that keeps what it was told and comes back after every break, as a browser does.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use uuid::Uuid;

use super::Person;
use super::server::PATIENCE;

/// Between two tries to connect.
const RETRY_EVERY: Duration = Duration::from_millis(30);

/// What a client holds, and what it noticed on the way.
#[derive(Default)]
pub struct Mirror {
    pub cursor: Option<String>,
    /// Of each conversation, by seq, the highest revision.
    messages: HashMap<Uuid, BTreeMap<i64, Value>>,
    /// Last known presence of each user.
    pub presence: HashMap<Uuid, String>,
    /// Anything that must not happen: a hole in the order, two messages in one place.
    pub faults: Vec<String>,
    pub connections: usize,
    pub resets: usize,
    pub repeats: usize,
    /// How often it was told that its server goes away.
    pub farewells: usize,
    /// How each of its connections ended.
    pub ends: Vec<String>,
    must_load: bool,
}

impl Mirror {
    /// Newest revision of each message, in order of seq.
    pub fn messages(&self, conversation: Uuid) -> Vec<&Value> {
        self.messages
            .get(&conversation)
            .into_iter()
            .flat_map(BTreeMap::values)
            .collect()
    }

    pub fn has(&self, body: &str) -> bool {
        self.messages
            .values()
            .flat_map(BTreeMap::values)
            .any(|message| message["body"] == body)
    }

    pub fn presence_of(&self, user: Uuid) -> Option<&str> {
        self.presence.get(&user).map(String::as_str)
    }

    fn keep(&mut self, message: &Value) {
        let conversation = super::person::id(&message["conversation_id"]);
        let seq = message["seq"].as_i64().unwrap();
        let held = self.messages.entry(conversation).or_default();
        let last = held.keys().next_back().copied().unwrap_or(0);
        match held.get_mut(&seq) {
            Some(known) => {
                if known["id"] != message["id"] {
                    self.faults.push(format!(
                        "seq {seq} is {} and {}",
                        known["id"], message["id"]
                    ));
                }
                self.repeats += 1;
                if message["revision"].as_i64() > known["revision"].as_i64() {
                    *known = message.clone();
                }
            }
            None => {
                if seq != last + 1 {
                    self.faults.push(format!("seq {seq} came after {last}"));
                }
                held.insert(seq, message.clone());
            }
        }
    }

    /// Takes a frame in; true when it says to load everything again.
    pub fn apply(&mut self, frame: &Value) -> bool {
        if let Some(cursor) = frame["cursor"].as_str() {
            self.cursor = Some(cursor.to_owned());
        }
        match frame["type"].as_str() {
            Some("message") => self.keep(&frame["message"]),
            Some("presence") => {
                let status = frame["status"].as_str().unwrap().to_owned();
                self.presence
                    .insert(super::person::id(&frame["user_id"]), status);
            }
            Some("going_away") => self.farewells += 1,
            Some("reset") => {
                self.resets += 1;
                self.must_load = true;
                return true;
            }
            _ => {}
        }
        false
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Socket,
    Stream,
}

/// Runs until dropped.
pub struct Follower {
    pub name: String,
    mirror: watch::Receiver<Mirror>,
    server: watch::Sender<SocketAddr>,
    task: JoinHandle<()>,
}

impl Follower {
    /// Connects as that person, loads those conversations, and goes on live.
    pub async fn start(person: &Person, conversations: &[Uuid], by: By) -> Self {
        let (server, at) = watch::channel(person.address);
        let (keep, mirror) = watch::channel(Mirror {
            must_load: true,
            ..Mirror::default()
        });
        let following = Following {
            token: person.token.clone(),
            conversations: conversations.to_vec(),
            by,
            http: reqwest::Client::new(),
            at,
            keep,
        };
        let mut follower = Self {
            name: format!("{by:?} of {}", person.id),
            mirror,
            server,
            task: tokio::spawn(following.run()),
        };
        follower.until("it has loaded", |m| !m.must_load).await;
        follower
    }

    pub async fn by_socket(person: &Person, conversations: &[Uuid]) -> Self {
        Self::start(person, conversations, By::Socket).await
    }

    pub async fn by_stream(person: &Person, conversations: &[Uuid]) -> Self {
        Self::start(person, conversations, By::Stream).await
    }

    /// Where to connect the next time.
    pub fn turn_to(&self, address: SocketAddr) {
        self.server.send_replace(address);
    }

    pub fn mirror(&self) -> watch::Ref<'_, Mirror> {
        self.mirror.borrow()
    }

    /// Waits for something to be true of what the client holds.
    pub async fn until(&mut self, what: &str, is_so: impl FnMut(&Mirror) -> bool) {
        let outcome = tokio::time::timeout(PATIENCE, self.mirror.wait_for(is_so))
            .await
            .map(|waited| waited.is_ok());
        let is_so = match outcome {
            Ok(true) => true,
            Ok(false) => panic!("{}: the client's task ended", self.name),
            Err(_) => false,
        };
        if !is_so {
            let mirror = self.mirror.borrow();
            let held: Vec<_> = mirror.messages.values().map(BTreeMap::len).collect();
            panic!(
                "{}: waited in vain until {what}; it holds {held:?} messages, {} connections, {} resets, faults {:?}",
                self.name, mirror.connections, mirror.resets, mirror.faults
            );
        }
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Following {
    token: String,
    conversations: Vec<Uuid>,
    by: By,
    http: reqwest::Client,
    at: watch::Receiver<SocketAddr>,
    keep: watch::Sender<Mirror>,
}

/// The connection broke, or could not be made.
struct Broken(String);

impl<T: std::error::Error> From<T> for Broken {
    fn from(error: T) -> Self {
        Self(error.to_string())
    }
}

impl Following {
    async fn run(self) {
        loop {
            let address = *self.at.borrow();
            let outcome = match self.by {
                By::Socket => self.follow_socket(address).await,
                By::Stream => self.follow_stream(address).await,
            };
            let has_failed = outcome.is_err();
            let end = outcome.unwrap_or_else(|Broken(error)| error);
            self.keep.send_modify(|mirror| mirror.ends.push(end));
            if has_failed {
                tokio::time::sleep(RETRY_EVERY).await;
            }
        }
    }

    fn cursor(&self) -> Option<String> {
        let mirror = self.keep.borrow();
        // Who has not loaded has nothing to go on from.
        if mirror.must_load {
            None
        } else {
            mirror.cursor.clone()
        }
    }

    async fn take(&self, address: SocketAddr, frame: &Value) -> Result<(), Broken> {
        let mut must_load = false;
        self.keep.send_modify(|mirror| {
            must_load = mirror.apply(frame);
            if frame["type"] == "ready" {
                mirror.connections += 1;
                must_load = mirror.must_load;
            }
        });
        if must_load {
            self.load(address).await?;
        }
        Ok(())
    }

    async fn load(&self, address: SocketAddr) -> Result<(), Broken> {
        let mut loaded: HashMap<Uuid, BTreeMap<i64, Value>> = HashMap::new();
        for conversation in &self.conversations {
            let held = loaded.entry(*conversation).or_default();
            loop {
                let after = held.keys().next_back().copied().unwrap_or(0);
                let page: Value = self
                    .http
                    .get(format!(
                        "http://{address}/api/conversations/{conversation}/messages?limit=100&after={after}"
                    ))
                    .bearer_auth(&self.token)
                    .send()
                    .await?
                    .error_for_status()?
                    .json()
                    .await?;
                let items = page["items"].as_array().unwrap();
                for message in items {
                    held.insert(message["seq"].as_i64().unwrap(), message.clone());
                }
                if items.len() < 100 {
                    break;
                }
            }
        }
        self.keep.send_modify(|mirror| {
            mirror.messages = loaded;
            mirror.must_load = false;
        });
        Ok(())
    }

    /// Follows until the connection ends; says how it ended.
    async fn follow_socket(&self, address: SocketAddr) -> Result<String, Broken> {
        let query = self
            .cursor()
            .map_or_else(String::new, |cursor| format!("?cursor={cursor}"));
        let mut request = format!("ws://{address}/ws{query}").into_client_request()?;
        request.headers_mut().insert(
            "authorization",
            format!("Bearer {}", self.token).parse().unwrap(),
        );
        let tcp = TcpStream::connect(address).await?;
        let (mut socket, _) = tokio_tungstenite::client_async(request, tcp).await?;
        let mut end = "no close frame".to_owned();
        while let Some(message) = socket.next().await {
            match message? {
                Message::Text(text) => {
                    let frame = serde_json::from_str(&text).unwrap();
                    self.take(address, &frame).await?;
                }
                Message::Close(close) => end = format!("{close:?}"),
                _ => {}
            }
        }
        Ok(end)
    }

    /// Follows until the stream ends; says how it ended.
    async fn follow_stream(&self, address: SocketAddr) -> Result<String, Broken> {
        let mut request = self
            .http
            .get(format!("http://{address}/sse"))
            .bearer_auth(&self.token);
        if let Some(cursor) = self.cursor() {
            request = request.header("Last-Event-ID", cursor);
        }
        let mut response = request.send().await?.error_for_status()?;
        let mut buffer = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            buffer.extend_from_slice(&chunk);
            while let Some(end) = buffer.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = buffer.drain(..end + 2).collect();
                let text = String::from_utf8(event).unwrap();
                let field = |name: &str| {
                    text.lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::to_owned)
                };
                let Some(data) = field("data: ") else {
                    continue;
                };
                let mut frame: Value = serde_json::from_str(&data).unwrap();
                // A browser knows an event's id, and nothing of a cursor inside.
                frame["cursor"] = field("id: ").map_or(Value::Null, Value::from);
                self.take(address, &frame).await?;
            }
        }
        Ok("the stream ended".to_owned())
    }
}
