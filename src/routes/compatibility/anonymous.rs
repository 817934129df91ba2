//! The anonymous chat: whoever opens a socket by a name is a guest of that name, is told who else is online, and exchanges
//! messages with them one to one. Underneath are direct conversations like all others, so what is said stays, and people at
//! the page are written to and answer in the same way.

use std::collections::HashMap;
use std::sync::Arc;

use hyper::Request;
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use serde_json::json;
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{Asked, Response, Site, http};
use crate::command::{Actor, Command, Commands, Manner};
use crate::door_limits::Attempt;
use crate::frame::{Event, Form, Frame, PlainMessage, Transport};
use crate::hub::{Close, Subscriber};
use crate::identity::{self, Credential, Token};
use crate::online::Lists;
use crate::postgres::sessions::{Beginning, Session};
use crate::postgres::{Database, DatabaseError};
use crate::problem::Problem;
use crate::routes::{auth, live};

/// Frames on their way to a client in its own words. What waits behind them waits in the hub's queue, whose end is the
/// client's, as everywhere.
const QUEUE_FRAMES: usize = 64;
/// Conversations that are remembered with who is in them: more than anybody has open at once.
const CONVERSATIONS_MAX: usize = 1_000;

pub async fn open(site: &Arc<Site>, asked: Asked, name: &str) -> Result<Response, Problem> {
    let request = asked.request;
    let key = live::upgrade_key(&request)?;
    let visitor = Visitor::of(site, &request, name).await?;
    let session = &visitor.session;
    let actor = Actor {
        user: session.user_id,
        session: session.id,
        only: None,
        manner: Manner::Anonymous,
    };
    let form = Form {
        transport: Transport::WebSocket,
        ..Form::default()
    };
    let mut live = live::open(site, session, None, None, form).await?;
    live.first = vec![Event::own(visitor.greeting())];
    let (told, queue) = mpsc::channel(QUEUE_FRAMES);
    let interpreter = Interpreter {
        heard: std::mem::replace(&mut live.attachment.queue, queue),
        lists: site.online.follow(),
        own: visitor.listed(),
        told,
        subscriber: Arc::clone(live.attachment.subscriber()),
        database: site.database.clone(),
        commands: Arc::clone(&site.commands),
        actor,
        conversations: HashMap::new(),
    };
    // Ends with the connection, whose end of the queue it watches.
    site.connections.spawn(interpreter.run());
    Ok(live::upgrade(site, request, key, live, actor))
}

/// Who opens the socket.
struct Visitor {
    session: Session,
    /// Of a guest who was just made.
    secret: Option<String>,
}

impl Visitor {
    /// Whose token it is, else a new guest. A cookie counts for nothing: the name in the address says who one wants to be.
    async fn of(site: &Site, request: &Request<Incoming>, name: &str) -> Result<Self, Problem> {
        let headers = request.headers();
        match site.doorkeeper.find_session(headers).await? {
            Some((session, Credential::Bearer)) => {
                return Ok(Self {
                    session,
                    secret: None,
                });
            }
            None if headers.contains_key(AUTHORIZATION) => return Err(Problem::unauthorized()),
            _ => {}
        }
        auth::require_guests(site)?;
        identity::check_origin(headers, &site.settings.allowed_origins)?;
        let peer = request.extensions().get().copied();
        site.door_limits.check(Attempt::Arrive, peer, headers)?;
        http::check_text("name", Some(name))?;
        let (user, _) = site.database.create_guest(name).await?;
        let token = Token::generate()?;
        let days = site.settings.session_days;
        let user_agent = identity::user_agent(headers);
        site.database
            .start_session(
                user,
                &token.hash,
                days,
                user_agent.as_deref(),
                Beginning::Guest,
            )
            .await?;
        let session = site.database.find_session(&token.hash).await?;
        Ok(Self {
            session: session.ok_or_else(Problem::unauthorized)?,
            secret: Some(token.secret),
        })
    }

    fn greeting(&self) -> String {
        let mut greeting = json!({
            "type": "connection_established",
            "user_id": self.session.user_id,
            "name": self.session.user_name,
        });
        // By which the guest comes back, and uses what else there is.
        if let Some(secret) = &self.secret {
            greeting["access_token"] = json!(secret);
        }
        greeting.to_string()
    }

    /// As lists of who is online have one.
    fn listed(&self) -> Listed {
        let id = self.session.user_id.to_string();
        let json = json!({"id": id, "name": self.session.user_name, "is_online": true});
        Listed {
            id,
            json: json.to_string(),
        }
    }
}

/// Oneself in a list of who is online.
struct Listed {
    id: String,
    json: String,
}

impl Listed {
    /// That one is there is known a moment later to the database than to oneself, and a list of many may end before one's
    /// name: here it has it.
    fn within(&self, list: Frame) -> Frame {
        let text = String::from_utf8_lossy(list.json());
        if text.contains(&self.id) {
            return list;
        }
        let Some(others) = text.strip_suffix("]}") else {
            return list;
        };
        let comma = if others.ends_with('[') { "" } else { "," };
        Event::own(format!("{others}{comma}{}]}}", self.json))
    }
}

/// Tells one client, in its own words, what its connection hears.
struct Interpreter {
    heard: mpsc::Receiver<Frame>,
    lists: Lists,
    own: Listed,
    told: mpsc::Sender<Frame>,
    subscriber: Arc<Subscriber<Frame>>,
    database: Database,
    commands: Arc<Commands>,
    actor: Actor,
    conversations: HashMap<Uuid, Known>,
}

/// What is known of a conversation.
struct Known {
    /// Who else is in it; none where it is not of two.
    peer: Option<Uuid>,
    /// What came after a silence may have come before it: told once, all the same.
    last_seq: i64,
}

impl Interpreter {
    async fn run(mut self) {
        loop {
            let frame = tokio::select! {
                () = self.told.closed() => return,
                list = self.lists.next() => self.own.within(list),
                event = self.heard.recv() => {
                    let Some(event) = event else { return };
                    match self.interpret(&event).await {
                        Ok(Some(frame)) => frame,
                        Ok(None) => continue,
                        Err(error) => {
                            tracing::warn!(%error, "a message could not be told to an anonymous client, who comes back");
                            self.subscriber.end(Close::Resume);
                            self.told.closed().await;
                            return;
                        }
                    }
                }
            };
            if self.told.send(frame).await.is_err() {
                return;
            }
        }
    }

    /// What was just said in a conversation of two; none of anything else.
    async fn interpret(&mut self, event: &Frame) -> Result<Option<Frame>, DatabaseError> {
        let Some(message) = PlainMessage::of(event.json()) else {
            return Ok(None);
        };
        let (Some(peer), Some(sender)) = (self.peer(&message).await?, message.sender_id) else {
            return Ok(None);
        };
        let is_own = sender == self.actor.user;
        if !is_own {
            self.has_received(&message).await;
        }
        let told = json!({
            "type": "chat_message",
            "message": {
                "id": message.id,
                "sender_id": sender,
                "sender_name": message.sender_name,
                "receiver_id": if is_own { peer } else { self.actor.user },
                "content": message.content(),
                "timestamp": message.created_at,
                "is_delivered": false,
                "is_read": false,
            },
        });
        Ok(Some(Event::own(told.to_string())))
    }

    /// Who else is in the conversation of a message that was not told yet.
    async fn peer(&mut self, message: &PlainMessage<'_>) -> Result<Option<Uuid>, DatabaseError> {
        let id = message.conversation_id;
        if !self.conversations.contains_key(&id) {
            if self.conversations.len() >= CONVERSATIONS_MAX {
                self.conversations.clear();
            }
            let peer = self.database.direct_peer(self.actor.user, id).await?;
            self.conversations.insert(id, Known { peer, last_seq: 0 });
        }
        Ok(self.conversations.get_mut(&id).and_then(|known| {
            let is_new = message.seq > known.last_seq;
            known.last_seq = known.last_seq.max(message.seq);
            known.peer.filter(|_| is_new)
        }))
    }

    /// The sender's client shows that it has arrived. This one can not say so by itself.
    async fn has_received(&self, message: &PlainMessage<'_>) {
        let delivered = Command::Delivered {
            conversation_id: message.conversation_id,
            seq: message.seq,
        };
        if let Err(problem) = self.commands.begin(self.actor, delivered).await {
            tracing::debug!(%problem, "that a message has arrived could not be said");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_in_the_list_oneself_and_once() {
        let own = Listed {
            id: "a".to_owned(),
            json: r#"{"id":"a"}"#.to_owned(),
        };
        for (list, told) in [
            (r#"{"users":[]}"#, r#"{"users":[{"id":"a"}]}"#),
            (
                r#"{"users":[{"x":1}]}"#,
                r#"{"users":[{"x":1},{"id":"a"}]}"#,
            ),
            (r#"{"users":[{"id":"a"}]}"#, r#"{"users":[{"id":"a"}]}"#),
        ] {
            let frame = own.within(Event::own(list));
            assert_eq!(frame.json().as_ref(), told.as_bytes());
        }
    }
}
