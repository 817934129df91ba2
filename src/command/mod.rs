//! What clients can ask, whichever door they come by: a WebSocket frame, `POST /api/commands`, or
//! a REST route.

mod plain;
mod wire;

use std::num::NonZeroU32;
use std::sync::Arc;

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::doorkeeper::Doorkeeper;
use crate::frame::Frame;
use crate::hub::Hub;
use crate::postgres::calls::CallAction;
use crate::postgres::messages::Sent;
use crate::postgres::{Database, DatabaseError};
use crate::problem::Problem;
use crate::writer::{Outgoing, SendError, TypingState, Writer};

pub use plain::Addressee;
pub use plain::send as plain_send;
pub use wire::{Whom, answer, parse, read, read_whom};

/// The largest frame or JSON body that is read, in bytes. Far above what any command needs, so that
/// a body that is far too long is refused by name instead of by a broken connection.
pub const COMMAND_BYTES_MAX: usize = 2 * 1024 * 1024;
/// The longest body that the database takes, in bytes: 4,000 characters of up to 4 bytes. Longer ones
/// need not travel there to be refused.
const BODY_BYTES_MAX: usize = 4_000 * 4;

/// A call of eight begins with some twenty candidates for each of the seven others, all at once.
const SIGNALS_PER_SECOND_MAX: u32 = 200;

#[derive(Debug, Deserialize)]
pub struct Send {
    pub conversation_id: Uuid,
    pub client_id: Option<String>,
    pub kind: Option<String>,
    pub body: Option<String>,
    pub data: Option<Box<RawValue>>,
    pub reply_to: Option<Uuid>,
    /// One medium; the same as a list of one.
    pub media_id: Option<Uuid>,
    pub media_ids: Option<Vec<Uuid>>,
    /// Its sender calls the body content.
    #[serde(skip)]
    pub is_plain: bool,
}

/// Where a message stands, of its JSON.
#[derive(Debug, Deserialize)]
struct Place {
    conversation_id: Uuid,
}

/// Repeats a message elsewhere.
#[derive(Debug, Deserialize)]
pub struct Forward {
    pub message_id: Uuid,
    pub conversation_ids: Vec<Uuid>,
    pub client_id: Option<String>,
}

/// What can be done with a call that is there.
pub const CALL_ACTIONS: [&str; 10] = [
    "response", "answer", "accept", "decline", "reject", "busy", "ignore", "cancel", "hangup",
    "end",
];

/// What a participant's client tells another's.
#[derive(Debug, Deserialize)]
pub struct Signal {
    pub call_id: Uuid,
    pub to: Uuid,
    pub data: Box<RawValue>,
}

/// What can be done to a message that is there.
#[derive(Debug)]
pub enum Deed {
    Edit {
        body: String,
        /// None leaves it as it is.
        data: Option<Box<RawValue>>,
    },
    /// For everyone.
    Delete,
    /// Brings back what was deleted for everyone.
    Restore,
    /// Deletes it for the actor alone.
    Hide,
    Unhide,
    Pin,
    Unpin,
    React {
        emoji: String,
    },
    Unreact {
        emoji: String,
    },
}

/// A command, read and checked as far as it can be without the database.
#[derive(Debug)]
pub enum Command {
    Send(Send),
    /// Sends to somebody, in the direct conversation with them.
    SendTo {
        receiver: Uuid,
        send: Send,
    },
    Forward(Forward),
    /// Changes a message, or how the actor sees it.
    Change {
        message_id: Uuid,
        deed: Deed,
    },
    Delivered {
        conversation_id: Uuid,
        seq: i64,
    },
    Read {
        conversation_id: Uuid,
        seq: i64,
    },
    /// Marks the conversation unread.
    Unread {
        conversation_id: Uuid,
    },
    Typing {
        conversation_id: Uuid,
        state: TypingState,
    },
    Presence {
        is_away: bool,
    },
    /// Requests a call, or does something with one.
    Call(CallAction),
    Signal(Signal),
    /// What clients of other chats begin with: one has joined by being connected.
    Join,
    /// Puts off the end of the session by a token of the host's.
    Authenticate {
        token: Shown,
    },
    Ping,
}

/// A token that is shown to us, and to no log.
#[derive(Deserialize)]
#[serde(transparent)]
pub struct Shown(String);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(hidden)")
    }
}

impl Command {
    /// Whether the order among its like matters: it changes a message that is there, is of a call, or is sent to a
    /// conversation that has to be found first.
    pub fn is_in_turn(&self) -> bool {
        matches!(
            self,
            Self::Change { .. } | Self::Call(_) | Self::Signal(_) | Self::SendTo { .. }
        )
    }
}

/// What a command is answered with.
#[derive(Debug)]
pub enum Reply {
    /// The frame `ack` with the message as it is now, and whether the command made it.
    Message {
        json: String,
        is_new: bool,
    },
    /// The frame `ack` with several messages as they are now.
    Messages(Vec<String>),
    /// The frame `ack` with the call as it is now, and whether the command made it.
    Call {
        json: String,
        is_new: bool,
    },
    /// The frame `ack` with the end of the session, if the command had a `ref`.
    GoesOn {
        expires_at: Option<String>,
    },
    /// The frame `ack`, if the command had a `ref`.
    Done,
    Pong,
    /// The frame `joined`, with who one is.
    Joined(Uuid),
    /// For whoever holds the connection: the person is (not) away from it.
    Away(bool),
}

/// How a client speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    #[default]
    Own,
    /// Also as clients of other chats do: what has `content` is a send.
    Plain,
    /// The same, by a client that knows of no `ack`: what it sent comes back to it, and nothing else.
    Anonymous,
}

/// Who asks, and by which socket.
#[derive(Clone, Copy, Debug)]
pub struct Actor {
    pub user: Uuid,
    pub session: Uuid,
    /// A socket held to one conversation.
    pub only: Option<Uuid>,
    pub manner: Manner,
}

/// Carries commands out.
pub struct Commands {
    database: Database,
    hub: Arc<Hub<Frame>>,
    writer: Writer,
    doorkeeper: Arc<Doorkeeper>,
    sends: DefaultKeyedRateLimiter<Uuid>,
    signals: DefaultKeyedRateLimiter<Uuid>,
}

impl Commands {
    /// `sends_per_second_max` bounds each user's sends, edits, reactions and the like; twice as many may come at once.
    pub fn new(
        database: Database,
        hub: Arc<Hub<Frame>>,
        writer: Writer,
        doorkeeper: Arc<Doorkeeper>,
        sends_per_second_max: u32,
    ) -> Self {
        let rate = NonZeroU32::new(sends_per_second_max).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(rate)
            .allow_burst(rate.saturating_mul(NonZeroU32::MIN.saturating_add(1)));
        let signals = NonZeroU32::new(SIGNALS_PER_SECOND_MAX).unwrap_or(NonZeroU32::MIN);
        Self {
            database,
            hub,
            writer,
            doorkeeper,
            sends: RateLimiter::keyed(quota),
            signals: RateLimiter::keyed(Quota::per_second(signals)),
        }
    }

    /// Begins a command. Whatever its order among others matters for, like a send's place in the
    /// writer's queue, has happened when this returns; the future waits for the outcome only.
    pub fn begin(
        self: &Arc<Self>,
        actor: Actor,
        command: Command,
    ) -> impl Future<Output = Result<Reply, Problem>> + core::marker::Send + use<> {
        let commands = Arc::clone(self);
        let begun = match command {
            Command::Send(send) => {
                let is_plain = send.is_plain;
                let allowed = check_send(actor, &send).and_then(|()| self.check_rate(actor.user));
                let queued = allowed.map(|()| Box::pin(self.queue(actor, send)));
                Begun::Sending(in_their_words(queued, is_plain), is_plain)
            }
            other => Begun::Other(other),
        };
        async move {
            match begun {
                Begun::Sending(queued, is_plain) => sent(queued?.await, is_plain),
                Begun::Other(command) => commands.carry_out(actor, command).await,
            }
        }
    }

    /// Opens the conversation with somebody only when they can be sent to as often as this.
    async fn send_to(&self, actor: Actor, receiver: Uuid, send: Send) -> Result<Reply, Problem> {
        let is_plain = send.is_plain;
        in_their_words(check_send(actor, &send), is_plain)?;
        self.check_rate(actor.user)?;
        if send
            .body
            .as_deref()
            .is_none_or(|body| body.trim().is_empty())
            && send.media_id.is_none()
        {
            return Err(Problem::unprocessable(
                "body_required",
                "content: must have at least one character that is not a space.",
            ));
        }
        let conversation_id = self
            .database
            .direct_with(actor.user, receiver)
            .await
            .map_err(|error| Problem::from(error).renaming("user_id", "receiver_id"))?;
        let send = Send {
            conversation_id,
            ..send
        };
        sent(self.queue(actor, send).await, is_plain)
    }

    fn queue(
        &self,
        actor: Actor,
        send: Send,
    ) -> impl Future<Output = Result<Sent, SendError>> + use<> {
        self.writer.send(Outgoing {
            actor: actor.user,
            conversation_id: send.conversation_id,
            kind: send.kind,
            body: send.body,
            data: send.data,
            reply_to: send.reply_to,
            client_id: send.client_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
            media_ids: send.media_ids.or(send.media_id.map(|id| vec![id])),
        })
    }

    async fn carry_out(&self, actor: Actor, command: Command) -> Result<Reply, Problem> {
        match command {
            Command::Send(_) => unreachable!("begun as a send"),
            Command::SendTo { receiver, send } => self.send_to(actor, receiver, send).await,
            Command::Forward(forward) => self.forward(actor, forward).await,
            Command::Change { message_id, deed } => {
                check_deed(&deed)?;
                self.check_rate(actor.user)?;
                self.check_held_message(actor, message_id).await?;
                let json = self.change(actor.user, message_id, &deed).await?;
                Ok(Reply::Message {
                    json,
                    is_new: false,
                })
            }
            Command::Delivered {
                conversation_id,
                seq,
            } => self.mark(actor, conversation_id, seq, None).await,
            Command::Read {
                conversation_id,
                seq,
            } => self.mark(actor, conversation_id, seq, Some(seq)).await,
            Command::Unread { conversation_id } => {
                check_held(actor, conversation_id)?;
                self.database
                    .mark_unread(actor.user, conversation_id)
                    .await?;
                Ok(Reply::Done)
            }
            Command::Typing {
                conversation_id,
                state,
            } => {
                check_held(actor, conversation_id)?;
                if !self.hub.is_member(actor.user, conversation_id) {
                    // A client without a socket, or one that has just joined: the database knows.
                    self.database
                        .require_member(actor.user, conversation_id)
                        .await?;
                }
                self.writer.typing(actor.user, conversation_id, state);
                Ok(Reply::Done)
            }
            Command::Presence { is_away } => Ok(Reply::Away(is_away)),
            Command::Call(action) => self.call(actor, action).await,
            Command::Signal(signal) => self.signal(actor, signal).await,
            Command::Join => Ok(Reply::Joined(actor.user)),
            Command::Authenticate { token } => {
                self.check_rate(actor.user)?;
                let end = self
                    .doorkeeper
                    .go_on_by_token(actor.session, actor.user, &token.0)
                    .await?;
                Ok(Reply::GoesOn {
                    expires_at: end.map(|end| end.at),
                })
            }
            Command::Ping => Ok(Reply::Pong),
        }
    }

    async fn change(
        &self,
        user: Uuid,
        message: Uuid,
        deed: &Deed,
    ) -> Result<String, DatabaseError> {
        let database = &self.database;
        match deed {
            Deed::Edit { body, data } => {
                let data = data.as_deref().map(RawValue::get);
                database.edit_message(user, message, body, data).await
            }
            Deed::Delete => database.delete_message(user, message).await,
            Deed::Restore => database.restore_message(user, message).await,
            Deed::Hide => database.hide_message(user, message).await,
            Deed::Unhide => database.unhide_message(user, message).await,
            Deed::Pin => database.pin_message(user, message).await,
            Deed::Unpin => database.unpin_message(user, message).await,
            Deed::React { emoji } => database.react(user, message, emoji).await,
            Deed::Unreact { emoji } => database.unreact(user, message, emoji).await,
        }
    }

    async fn forward(&self, actor: Actor, forward: Forward) -> Result<Reply, Problem> {
        for conversation in &forward.conversation_ids {
            check_held(actor, *conversation)?;
        }
        check_client_id(forward.client_id.as_deref())?;
        // Each conversation gets a message of its own.
        let sends = u32::try_from(forward.conversation_ids.len()).unwrap_or(u32::MAX);
        self.check_rate_of(actor.user, sends)?;
        self.check_held_message(actor, forward.message_id).await?;
        let client_id = forward
            .client_id
            .unwrap_or_else(|| Uuid::new_v4().to_string());
        let messages = self
            .database
            .forward_message(
                actor.user,
                forward.message_id,
                &forward.conversation_ids,
                &client_id,
            )
            .await?;
        Ok(Reply::Messages(messages))
    }

    async fn call(&self, actor: Actor, action: CallAction) -> Result<Reply, Problem> {
        for (field, value) in [
            ("action", Some(action.action.as_str())),
            ("media", action.media.as_deref()),
            ("device", action.device.as_deref()),
        ] {
            if value.is_some_and(|value| value.contains('\0')) {
                return Err(nul(field));
            }
        }
        self.check_rate(actor.user)?;
        self.check_held_call(actor, action.target).await?;
        let call = self.database.call_action(actor.user, &action).await?;
        Ok(Reply::Call {
            json: call.json,
            is_new: call.is_new,
        })
    }

    async fn signal(&self, actor: Actor, signal: Signal) -> Result<Reply, Problem> {
        check_data(Some(&signal.data))?;
        if self.signals.check_key(&actor.user).is_err() {
            return Err(Problem::too_many_requests());
        }
        self.check_held_call(actor, signal.call_id).await?;
        self.database
            .signal_call(actor.user, signal.call_id, signal.to, signal.data.get())
            .await?;
        Ok(Reply::Done)
    }

    /// A held socket calls in its own conversation only; `target` is that, or a call. Calls never move either.
    async fn check_held_call(&self, actor: Actor, target: Uuid) -> Result<(), Problem> {
        if actor.only.is_none_or(|only| only == target) {
            return Ok(());
        }
        let json = self.database.read_call(actor.user, target).await?;
        let Place { conversation_id } = read(json.as_bytes())?;
        check_held(actor, conversation_id)
    }

    /// A held socket changes messages of its own conversation only. Messages never move, so it is
    /// enough to look before.
    async fn check_held_message(&self, actor: Actor, message: Uuid) -> Result<(), Problem> {
        if actor.only.is_none() {
            return Ok(());
        }
        let json = self.database.read_message(actor.user, message).await?;
        let Place { conversation_id } = read(json.as_bytes())?;
        check_held(actor, conversation_id)
    }

    async fn mark(
        &self,
        actor: Actor,
        conversation_id: Uuid,
        delivered: i64,
        read: Option<i64>,
    ) -> Result<Reply, Problem> {
        check_held(actor, conversation_id)?;
        if delivered < 0 {
            return Err(Problem::unprocessable(
                "bad_seq",
                "seq: must not be negative.",
            ));
        }
        if self.hub.is_member(actor.user, conversation_id) {
            self.writer
                .mark(actor.user, conversation_id, delivered, read);
        } else {
            self.database
                .mark(actor.user, conversation_id, Some(delivered), read)
                .await?;
        }
        Ok(Reply::Done)
    }

    /// Refuses a user who sends or changes messages faster than allowed.
    pub fn check_rate(&self, user: Uuid) -> Result<(), Problem> {
        self.check_rate_of(user, 1)
    }

    fn check_rate_of(&self, user: Uuid, sends: u32) -> Result<(), Problem> {
        let sends = NonZeroU32::new(sends).unwrap_or(NonZeroU32::MIN);
        match self.sends.check_key_n(&user, sends) {
            Ok(Ok(())) => Ok(()),
            // More at once than ever may come.
            Ok(Err(_)) | Err(_) => Err(Problem::too_many_requests()),
        }
    }

    /// Forgets users that have been quiet for long enough to start afresh.
    pub fn forget_quiet_users(&self) {
        self.sends.retain_recent();
        self.sends.shrink_to_fit();
        self.signals.retain_recent();
        self.signals.shrink_to_fit();
    }
}

enum Begun<F> {
    /// And whether its sender calls the body content.
    Sending(Result<F, Problem>, bool),
    Other(Command),
}

fn sent(outcome: Result<Sent, SendError>, is_plain: bool) -> Result<Reply, Problem> {
    let sent = in_their_words(outcome.map_err(Problem::from), is_plain)?;
    Ok(Reply::Message {
        json: sent.message,
        is_new: sent.status == 201,
    })
}

/// Names the field as who sent it does.
fn in_their_words<T>(outcome: Result<T, Problem>, is_plain: bool) -> Result<T, Problem> {
    outcome.map_err(|problem| match is_plain {
        true => problem.renaming("body", "content"),
        false => problem,
    })
}

fn check_held(actor: Actor, conversation: Uuid) -> Result<(), Problem> {
    match actor.only {
        Some(only) if only != conversation => Err(Problem::forbidden(
            "other_conversation",
            "conversation_id: this socket is held to another conversation.",
        )),
        _ => Ok(()),
    }
}

fn check_send(actor: Actor, send: &Send) -> Result<(), Problem> {
    check_held(actor, send.conversation_id)?;
    check_body(send.body.as_deref())?;
    check_client_id(send.client_id.as_deref())?;
    if send.kind.as_deref().is_some_and(|kind| kind.contains('\0')) {
        return Err(nul("kind"));
    }
    check_data(send.data.as_deref())
}

fn check_deed(deed: &Deed) -> Result<(), Problem> {
    match deed {
        Deed::Edit { body, data } => {
            check_body(Some(body))?;
            check_data(data.as_deref())
        }
        Deed::React { emoji } | Deed::Unreact { emoji } if emoji.contains('\0') => {
            Err(nul("emoji"))
        }
        _ => Ok(()),
    }
}

fn check_client_id(client_id: Option<&str>) -> Result<(), Problem> {
    match client_id {
        Some(id) if id.contains('\0') => Err(nul("client_id")),
        _ => Ok(()),
    }
}

fn check_body(body: Option<&str>) -> Result<(), Problem> {
    match body {
        Some(body) if body.len() > BODY_BYTES_MAX => Err(Problem::unprocessable(
            "body_too_long",
            format!(
                "body: must have at most 4000 characters, and has {}.",
                body.chars().count()
            ),
        )),
        // PostgreSQL's text can not hold it.
        Some(body) if body.contains('\0') => Err(nul("body")),
        _ => Ok(()),
    }
}

/// What was passed over unread so far is read here: PostgreSQL's jsonb takes no half of a surrogate
/// pair, no number beyond all range and no endless nesting either.
fn check_data(data: Option<&RawValue>) -> Result<(), Problem> {
    let Some(data) = data else { return Ok(()) };
    let value: Value = serde_json::from_str(data.get())
        .map_err(|error| Problem::unprocessable("bad_data", format!("data: {error}.")))?;
    if holds_nul(&value) {
        return Err(nul("data"));
    }
    Ok(())
}

fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(holds_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

fn nul(field: &str) -> Problem {
    Problem::unprocessable(
        "bad_character",
        format!("{field}: must not contain the character U+0000."),
    )
}

/// HTTP status of an answered command.
pub fn status(outcome: &Result<Reply, Problem>) -> StatusCode {
    match outcome {
        Ok(
            Reply::Message { is_new: true, .. }
            | Reply::Messages(_)
            | Reply::Call { is_new: true, .. },
        ) => StatusCode::CREATED,
        Ok(_) => StatusCode::OK,
        Err(problem) => problem.status,
    }
}
