//! Senders by every door, who try again with the same client_id until they are answered.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::{Config, NoTls};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use uuid::Uuid;

use super::ledger::{Ledger, check_followers};
use super::server::PATIENCE;
use super::{Client, Follower, Person, TestDatabase};

/// A sender's messages are this far apart, so that a fault of seconds meets hundreds of messages,
/// and not so many that a client has to load afresh.
const PACE: Duration = Duration::from_millis(15);
/// Between two tries.
const RETRY_EVERY: Duration = Duration::from_millis(30);

/// The ways by which a message gets into a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Socket,
    Http,
    /// One plain insert.
    Insert,
    /// Three inserts in a transaction.
    Transaction,
    /// chat.send_messages with three.
    Batch,
    Copy,
}

/// Senders at work.
pub struct Load {
    pub ledger: Arc<Ledger>,
    server: watch::Sender<SocketAddr>,
    stop: watch::Sender<bool>,
    acknowledged: watch::Receiver<usize>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    /// Each of the senders works through its door in turn; SQL acts for them, too.
    pub fn start(
        database: &TestDatabase,
        conversation: Uuid,
        senders: &[(&Person, Door)],
        address: SocketAddr,
    ) -> Self {
        let ledger = Arc::new(Ledger::default());
        let (server, at) = watch::channel(address);
        let (stop, stopped) = watch::channel(false);
        let (progress, acknowledged) = watch::channel(0);
        let progress = Arc::new(progress);
        let tasks = senders
            .iter()
            .map(|(person, door)| {
                let sender = Sender {
                    person: person.id,
                    token: person.token.clone(),
                    conversation,
                    config: database.config().clone(),
                    ledger: Arc::clone(&ledger),
                    at: at.clone(),
                    http: reqwest::Client::new(),
                    socket: None,
                    client: None,
                };
                tokio::spawn(sender.run(*door, stopped.clone(), Arc::clone(&progress)))
            })
            .collect();
        Self {
            ledger,
            server,
            stop,
            acknowledged,
            tasks,
        }
    }

    /// Where to send to the next time.
    pub fn turn_to(&self, address: SocketAddr) {
        self.server.send_replace(address);
    }

    /// Waits until so many more messages have been acknowledged.
    pub async fn more(&mut self, count: usize) {
        let aim = self.ledger.count() + count;
        let reached = self.acknowledged.wait_for(|now| *now >= aim);
        let outcome = tokio::time::timeout(PATIENCE, reached).await;
        assert!(
            outcome.is_ok_and(|reached| reached.is_ok()),
            "{} of {aim} were acknowledged; wrong answers: {:?}",
            self.ledger.count(),
            self.ledger.wrong_answers()
        );
    }

    /// Has everyone end with an acknowledged message; then what must be true is looked at.
    pub async fn finish(
        self,
        client: &Client,
        conversation: Uuid,
        followers: &mut [Follower],
    ) -> Arc<Ledger> {
        self.stop.send_replace(true);
        for task in self.tasks {
            tokio::time::timeout(PATIENCE * 2, task)
                .await
                .expect("a sender was never answered")
                .unwrap();
        }
        self.ledger.check(client, conversation).await;
        check_followers(client, conversation, followers).await;
        self.ledger
    }
}

struct Sender {
    person: Uuid,
    token: String,
    conversation: Uuid,
    config: Config,
    ledger: Arc<Ledger>,
    at: watch::Receiver<SocketAddr>,
    http: reqwest::Client,
    socket: Option<WebSocketStream<TcpStream>>,
    client: Option<tokio_postgres::Client>,
}

/// No answer came: it may have been done or not.
struct Broken;

impl<T: std::error::Error> From<T> for Broken {
    fn from(_: T) -> Self {
        Self
    }
}

impl Sender {
    async fn run(
        mut self,
        door: Door,
        stopped: watch::Receiver<bool>,
        progress: Arc<watch::Sender<usize>>,
    ) {
        let mut pace = tokio::time::interval(PACE);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let count = match door {
            Door::Socket | Door::Http | Door::Insert => 1,
            Door::Transaction | Door::Batch | Door::Copy => 3,
        };
        while !*stopped.borrow() {
            pace.tick().await;
            let messages: Vec<_> = (0..count)
                .map(|_| {
                    let client_id = Uuid::new_v4().to_string();
                    let body = format!("{door:?} {client_id}");
                    (client_id, body)
                })
                .collect();
            let since = Instant::now();
            loop {
                let outcome = match door {
                    Door::Socket => self.by_socket(&messages[0]).await,
                    Door::Http => self.by_http(&messages[0]).await,
                    _ => self.by_sql(door, &messages).await,
                };
                match outcome {
                    Ok(true) => break,
                    Ok(false) => {}
                    Err(Broken) => {
                        self.socket = None;
                        self.client = None;
                        self.ledger.broke();
                    }
                }
                tokio::time::sleep(RETRY_EVERY).await;
            }
            self.ledger.acknowledge(&messages, since);
            progress.send_replace(self.ledger.count());
        }
    }

    async fn by_socket(&mut self, (client_id, body): &(String, String)) -> Result<bool, Broken> {
        if self.socket.is_none() {
            let address = *self.at.borrow();
            let mut request = format!("ws://{address}/ws").into_client_request()?;
            request.headers_mut().insert(
                "authorization",
                format!("Bearer {}", self.token).parse().unwrap(),
            );
            let tcp = TcpStream::connect(address).await?;
            self.socket = Some(tokio_tungstenite::client_async(request, tcp).await?.0);
        }
        let Some(socket) = &mut self.socket else {
            return Err(Broken);
        };
        let frame = json!({
            "type": "send", "ref": client_id, "client_id": client_id,
            "conversation_id": self.conversation, "body": body,
        });
        socket.send(Message::text(frame.to_string())).await?;
        loop {
            let next = tokio::time::timeout(PATIENCE, socket.next()).await;
            let Ok(Some(message)) = next else {
                return Err(Broken);
            };
            let Message::Text(text) = message? else {
                continue;
            };
            let answer: Value = serde_json::from_str(&text).unwrap();
            if answer["ref"] != client_id.as_str() {
                continue;
            }
            if answer["type"] == "ack" {
                assert_eq!(answer["message"]["body"], body.as_str());
                return Ok(true);
            }
            let status = answer["status"].as_u64().unwrap_or_default();
            return Ok(!self.ledger.refuse(status, &answer));
        }
    }

    async fn by_http(&mut self, (client_id, body): &(String, String)) -> Result<bool, Broken> {
        let address = *self.at.borrow();
        let response = self
            .http
            .post(format!(
                "http://{address}/api/conversations/{}/messages",
                self.conversation
            ))
            .bearer_auth(&self.token)
            .json(&json!({"body": body, "client_id": client_id}))
            .timeout(PATIENCE)
            .send()
            .await?;
        let status = u64::from(response.status().as_u16());
        let answer: Value = response.json().await?;
        if status == 200 || status == 201 {
            assert_eq!(answer["body"], body.as_str());
            return Ok(true);
        }
        Ok(!self.ledger.refuse(status, &answer))
    }

    /// As another project would, which keeps its own key in client_id.
    async fn by_sql(&mut self, door: Door, messages: &[(String, String)]) -> Result<bool, Broken> {
        const INSERT: &str =
            "insert into chat.messages (conversation_id, sender_id, client_id, body)
            values ($1, $2, $3, $4) on conflict do nothing";
        if self.client.is_none() {
            let (client, connection) = self.config.connect(NoTls).await?;
            tokio::spawn(connection);
            self.client = Some(client);
        }
        let Some(client) = &mut self.client else {
            return Err(Broken);
        };
        let outcome = match door {
            Door::Insert => {
                let (client_id, body) = &messages[0];
                client
                    .execute(INSERT, &[&self.conversation, &self.person, client_id, body])
                    .await
                    .map(drop)
            }
            Door::Transaction => {
                let work = async {
                    let transaction = client.transaction().await?;
                    for (client_id, body) in messages {
                        transaction
                            .execute(INSERT, &[&self.conversation, &self.person, client_id, body])
                            .await?;
                    }
                    transaction.commit().await
                };
                work.await
            }
            Door::Batch => {
                let items: Vec<_> = messages
                    .iter()
                    .map(|(client_id, body)| {
                        json!({"actor": self.person, "conversation_id": self.conversation,
                            "client_id": client_id, "body": body})
                    })
                    .collect();
                client
                    .query(
                        "select status from chat.send_messages($1)",
                        &[&Value::from(items)],
                    )
                    .await
                    .map(|rows| {
                        for row in rows {
                            let status: i32 = row.get(0);
                            if status != 200 && status != 201 {
                                self.ledger.wrong(format!("a batch's item: {status}"));
                            }
                        }
                    })
            }
            _ => {
                let (conversation, person) = (self.conversation, self.person);
                let lines: String = messages
                    .iter()
                    .map(|(client_id, body)| {
                        format!("{conversation}\t{person}\t{client_id}\t{body}\n")
                    })
                    .collect();
                let work = async {
                    let sink = client
                        .copy_in("copy chat.messages (conversation_id, sender_id, client_id, body) from stdin")
                        .await?;
                    let mut sink = std::pin::pin!(sink);
                    sink.send(bytes::Bytes::from(lines)).await?;
                    sink.finish().await.map(drop)
                };
                work.await
            }
        };
        match outcome {
            Ok(()) => Ok(true),
            Err(error) => match error.code().map(|code| code.code().to_owned()) {
                // The contract for hosts: run it again.
                Some(code) if code == "40P01" || code == "40001" => Ok(false),
                // A copy can not pass over what is there: the one before had been committed.
                Some(code) if code == "23505" && door == Door::Copy => Ok(true),
                Some(code) if code.starts_with("57P") => Err(Broken),
                None => Err(Broken),
                Some(code) => {
                    self.ledger.wrong(format!("SQLSTATE {code}: {error:?}"));
                    Ok(true)
                }
            },
        }
    }
}

/// People who are all in one group, the first its owner, and the group.
pub async fn people(address: SocketAddr, count: usize) -> (Vec<Person>, Uuid) {
    let mut people = Vec::new();
    for number in 0..count {
        people.push(Person::guest(address, &format!("Person {number}")).await);
    }
    let others: Vec<&Person> = people[1..].iter().collect();
    let group = people[0].group(&others).await;
    (people, group)
}

/// Which of these doors which of the people take, in turn.
pub fn senders<'a>(people: &'a [Person], doors: &[Door], count: usize) -> Vec<(&'a Person, Door)> {
    (0..count)
        .map(|number| (&people[number % people.len()], doors[number % doors.len()]))
        .collect()
}
