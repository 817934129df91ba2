//! The people of the demo who are there: they hold a socket each, read what is said, type, and answer.
//!
//! Whoever is none of them is a visitor. Without one nobody talks, so a demo that runs for weeks does not fill its disk.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use hyper::header::{AUTHORIZATION, HeaderValue};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Actor;
use crate::postgres::Database;

/// Between two tries to connect, while the server starts or comes back.
const RETRY_AFTER: Duration = Duration::from_millis(500);
/// How long somebody takes to read a message, and then to write one: a second or two, as people do.
const READING: Duration = Duration::from_millis(900);
const TYPING: Duration = Duration::from_millis(1_800);
/// Between two remarks that nobody asked for.
const REMARK_EVERY: Duration = Duration::from_secs(25);
/// Frames that wait to be sent: one person's, who says a handful at once.
const OUTBOX_FRAMES: usize = 32;

const WELCOMES: [&str; 3] = [
    "Welcome, {name} 👋 Say something: we are a demo, and we answer.",
    "Hello {name}! Look around. Nothing here can be broken.",
    "{name} is here 🎉 Try a picture, a voice note, or a sticker.",
];

const OFFER: &str = "Hi, I am Tomás. If there is anything you want to know, ask me here, or call: the buttons are at the top.";

const ANSWERS: [&str; 8] = [
    "Good question. Give me a moment… yes.",
    "I have passed that on to Priya, who is in a tent.",
    "👍 Noted.",
    "That is what Kenji said, too, and he was halfway up a mountain.",
    "Could you send a picture of it? A paste or a drop into this window is enough.",
    "It is in stock: four in Oslo, one under my desk.",
    "Ha! I will quote you on that.",
    "Sure. By the way, two ticks below your message mean that it is here; coloured ones, that I have read it.",
];

const REMARKS: [(&str, &str); 8] = [
    ("amara", "Parcels are out. All 31."),
    ("lena", "The light is good. I am taking the lamp outside."),
    ("maya", "Who moved the coffee machine?"),
    ("amara", "Tomás did."),
    ("tomas", "It was in the way of the lamp."),
    ("lena", "Everything is in the way of the lamp."),
    ("maya", "Friday’s plan stands: cake at ten."),
    (
        "amara",
        "Somebody has returned a tent with a note: _too dry_.",
    ),
];

/// Who is of the cast, and where everybody meets.
struct Stage {
    server: SocketAddr,
    database: Database,
    general: Uuid,
    cast: HashSet<Uuid>,
}

/// Plays until stopped. `general` is the room that everyone is in.
pub async fn live(
    server: SocketAddr,
    database: Database,
    general: Uuid,
    actors: Vec<Actor>,
    stop: CancellationToken,
) {
    let ip = match server.ip() {
        ip if ip.is_unspecified() => IpAddr::from(Ipv4Addr::LOCALHOST),
        ip => ip,
    };
    let stage = Arc::new(Stage {
        server: SocketAddr::new(ip, server.port()),
        database,
        general,
        cast: actors.iter().map(|actor| actor.id).collect(),
    });
    let mut play: JoinSet<()> = actors
        .into_iter()
        .map(|actor| {
            let stage = Arc::clone(&stage);
            async move {
                loop {
                    // Whatever ended it, a server that restarts among them: back after a moment.
                    if let Err(error) = act(&stage, &actor).await {
                        tracing::debug!(%error, actor = actor.key, "left the stage");
                    }
                    sleep(RETRY_AFTER).await;
                }
            }
        })
        .collect();
    tokio::select! {
        () = stop.cancelled() => {}
        _ = play.join_next() => {}
    }
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn act(stage: &Stage, actor: &Actor) -> Result<(), Failure> {
    let mut request = format!("ws://{}/ws", stage.server).into_client_request()?;
    let token = HeaderValue::from_str(&format!("Bearer {}", actor.token))?;
    request.headers_mut().insert(AUTHORIZATION, token);
    let stream = TcpStream::connect(stage.server).await?;
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await?;

    let (outbox, mut going) = mpsc::channel(OUTBOX_FRAMES);
    let mut role = Role {
        stage,
        actor,
        outbox,
        doings: JoinSet::new(),
        visitors: HashSet::new(),
        answers: 0,
        remarks: REMARKS.iter().filter(|(key, _)| *key == actor.key),
    };
    let mut remark_at = Instant::now() + REMARK_EVERY;
    loop {
        tokio::select! {
            heard = socket.next() => match heard.ok_or("the socket is closed")?? {
                Message::Text(text) => role.hear(&serde_json::from_str(&text)?),
                Message::Close(_) => return Ok(()),
                _ => {}
            },
            Some(frame) = going.recv() => socket.send(Message::text(Value::to_string(&frame))).await?,
            Some(_) = role.doings.join_next(), if !role.doings.is_empty() => {}
            () = sleep_until(remark_at) => {
                remark_at = Instant::now() + REMARK_EVERY * 4;
                role.remark();
            }
        }
    }
}

struct Role<'a, R> {
    stage: &'a Stage,
    actor: &'a Actor,
    outbox: mpsc::Sender<Value>,
    /// What one is about to do, after a while.
    doings: JoinSet<()>,
    /// Who is online and none of us.
    visitors: HashSet<Uuid>,
    answers: usize,
    remarks: R,
}

impl<'a, R: Iterator<Item = &'a (&'static str, &'static str)>> Role<'a, R> {
    fn hear(&mut self, frame: &Value) {
        match frame["type"].as_str() {
            Some("message") => self.hear_message(&frame["message"]),
            Some("member") => self.see_member(&frame["member"]),
            Some("presence") => {
                let Some(user) = id(&frame["user_id"]).filter(|id| self.is_visitor(*id)) else {
                    return;
                };
                if frame["status"] == "offline" {
                    self.visitors.remove(&user);
                } else {
                    self.visitors.insert(user);
                }
            }
            _ => {}
        }
    }

    fn hear_message(&mut self, message: &Value) {
        let (Some(sender), Some(conversation)) =
            (id(&message["sender_id"]), id(&message["conversation_id"]))
        else {
            return;
        };
        if message["revision"] != 1 || sender == self.actor.id {
            return;
        }
        let mut deeds = vec![(
            READING,
            json!({"type": "read", "conversation_id": conversation, "seq": message["seq"]}),
        )];
        if self.is_visitor(sender) {
            let is_general = conversation == self.stage.general;
            if is_general && self.actor.key == "lena" {
                deeds.push((
                    READING,
                    json!({"type": "react", "message_id": message["id"], "emoji": "❤️"}),
                ));
            } else if !is_general || self.actor.key == "amara" {
                self.answers += 1;
                let answer = ANSWERS[(self.answers - 1) % ANSWERS.len()];
                deeds.extend(writing(conversation, answer));
            }
        }
        self.carry_out(deeds);
    }

    /// Who comes into the general room for the first time is new here: Maya says hello, and Tomás writes to them.
    fn see_member(&mut self, member: &Value) {
        let is_new = member["state"] == "active"
            && member["revision"] == 1
            && id(&member["conversation_id"]) == Some(self.stage.general);
        let Some(user) = id(&member["user_id"]).filter(|id| is_new && self.is_visitor(*id)) else {
            return;
        };
        self.visitors.insert(user);
        match self.actor.key {
            "maya" => {
                let name = member["user_name"].as_str().unwrap_or("you");
                let turn = self.visitors.len() % WELCOMES.len();
                let welcome = WELCOMES[turn].replace("{name}", name);
                self.carry_out(writing(self.stage.general, &welcome));
            }
            "tomas" => {
                let (database, outbox) = (self.stage.database.clone(), self.outbox.clone());
                let tomas = self.actor.id;
                self.doings.spawn(async move {
                    sleep(READING * 4).await;
                    let opened = match database.open_direct(tomas, user).await {
                        Ok(opened) => serde_json::from_str::<Value>(&opened.json).ok(),
                        Err(error) => {
                            tracing::debug!(%error, "a visitor can not be written to");
                            None
                        }
                    };
                    if let Some(direct) = opened.and_then(|opened| id(&opened["id"])) {
                        say(writing(direct, OFFER), &outbox).await;
                    }
                });
            }
            _ => {}
        }
    }

    fn remark(&mut self) {
        if self.visitors.is_empty() {
            return;
        }
        if let Some((_, remark)) = self.remarks.next() {
            self.carry_out(writing(self.stage.general, remark));
        }
    }

    fn is_visitor(&self, user: Uuid) -> bool {
        !self.stage.cast.contains(&user)
    }

    /// Each after its while.
    fn carry_out(&mut self, deeds: Vec<(Duration, Value)>) {
        let outbox = self.outbox.clone();
        self.doings.spawn(async move { say(deeds, &outbox).await });
    }
}

async fn say(deeds: Vec<(Duration, Value)>, outbox: &mpsc::Sender<Value>) {
    for (pause, frame) in deeds {
        sleep(pause).await;
        if outbox.send(frame).await.is_err() {
            return;
        }
    }
}

/// Typing, and after a while what was typed.
fn writing(conversation: Uuid, words: &str) -> Vec<(Duration, Value)> {
    vec![
        (
            READING,
            json!({"type": "typing", "conversation_id": conversation, "active": true}),
        ),
        (
            TYPING,
            json!({"type": "send", "conversation_id": conversation, "client_id": Uuid::new_v4(), "body": words}),
        ),
    ]
}

fn id(value: &Value) -> Option<Uuid> {
    value.as_str().and_then(|text| text.parse().ok())
}
