//! From what the database announced to frames in the hub, in order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::frame::{Event, Frame};
use crate::hub::{Audience, Close, Hub};
use crate::online::Online;
use crate::postgres::{Database, DatabaseError};
use crate::preview::PreviewQueue;
use crate::search;

/// Events that may be published within [`BURST_MIN`] without a pause: a part of what a connection's
/// queue holds.
const BURST_EVENTS_MAX: usize = 256;
/// Faster than that, connections get [`BURST_PAUSE`] to take what waits: one large insert, or a catch-up,
/// is thousands of events at once, and would fill every queue before the first connection had its turn.
const BURST_MIN: Duration = Duration::from_millis(100);
const BURST_PAUSE: Duration = Duration::from_millis(2);
/// How long a burst waits for connections whose queue is half full, and how often at most.
const PATIENCE_MAX: Duration = Duration::from_millis(100);
const PATIENCE_EVERY: Duration = Duration::from_secs(1);

const MESSAGE_BEGINS: &str = r#"{"type":"message","#;
/// How PostgreSQL writes the event of `chat.call_event`.
const CALL_BEGINS: &str = r#"{"type" : "call","#;
/// And those of `chat.member_event` and `chat.presence_event`.
const MEMBER_BEGINS: &str = r#"{"type" : "member","#;
const PRESENCE_BEGINS: &str = r#"{"type" : "presence","#;

/// A NOTIFY payload: announced events with their cursor, or a server's beat.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    cursor: Option<&'a str>,
    #[serde(borrow, default)]
    events: Vec<Envelope<'a>>,
}

/// Whom an event is for, and the event or what it can be read by.
#[derive(Deserialize)]
struct Envelope<'a> {
    conversation: Option<Uuid>,
    #[serde(default)]
    conversations: Vec<Uuid>,
    user: Option<Uuid>,
    /// Of a membership: whether the user is a member now.
    active: Option<bool>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    reference: Option<Reference<'a>>,
}

#[derive(Deserialize)]
struct Reference<'a> {
    #[serde(borrow, rename = "type")]
    kind: &'a str,
    id: Uuid,
    user: Option<Uuid>,
}

#[derive(Deserialize)]
struct MemberEvent {
    member: OfConversation,
}

#[derive(Deserialize)]
struct OfConversation {
    conversation_id: Uuid,
}

impl Envelope<'_> {
    /// Of a membership that its user, owners and admins alone are told of: whoever waits to be let in. The conversation is
    /// not whom it is for, but those of them who look at nothing else want to know.
    fn about(&self) -> Option<Uuid> {
        let event = self.event.filter(|_| self.user.is_some())?.get();
        if self.conversation.is_some() || !event.starts_with(MEMBER_BEGINS) {
            return None;
        }
        let event: MemberEvent = serde_json::from_str(event).ok()?;
        Some(event.member.conversation_id)
    }
}

#[derive(Deserialize)]
struct SessionEnded<'a> {
    #[serde(borrow, rename = "type")]
    kind: &'a str,
    session_id: Option<Uuid>,
}

/// Encodes each announced event once and gives it to the hub.
pub struct Relay {
    database: Database,
    hub: Arc<Hub<Frame>>,
    /// None where links get no previews.
    previews: Option<PreviewQueue>,
    /// Whose messages the search index may lack now.
    sent: search::Heard,
    /// Told that a call rings, or goes on.
    calls: Arc<Notify>,
    /// Told that somebody came or went.
    online: Arc<Online>,
    burst_began: Instant,
    burst_events: usize,
    /// When a burst last waited for those behind.
    waited_last: Instant,
}

impl Relay {
    pub fn new(
        database: Database,
        hub: Arc<Hub<Frame>>,
        previews: Option<PreviewQueue>,
        sent: search::Heard,
        calls: Arc<Notify>,
        online: Arc<Online>,
    ) -> Self {
        Self {
            database,
            hub,
            previews,
            sent,
            calls,
            online,
            burst_began: Instant::now(),
            burst_events: 0,
            waited_last: Instant::now(),
        }
    }

    /// Relays one payload; returns its cursor. An event that travelled as a reference is read
    /// here, and what follows it waits, so the order stays.
    pub async fn relay(&mut self, payload: &str) -> Result<Option<String>, DatabaseError> {
        let parsed: Payload<'_> = match serde_json::from_str(payload) {
            Ok(parsed) => parsed,
            Err(error) => {
                // Anyone may notify on the channel; what is not ours is not an error of ours.
                tracing::warn!(%error, "a notification that is no announcement was passed over");
                return Ok(None);
            }
        };
        for envelope in &parsed.events {
            self.deliver(envelope, parsed.cursor).await?;
        }
        Ok(parsed.cursor.map(str::to_owned))
    }

    /// Relays all that changed since a cursor, and who came and went within `silence`, for a listener
    /// that missed something. False when that is too much, or the cursor is of another history: then
    /// every client is sent to resume by its own.
    pub async fn catch_up(
        &mut self,
        since: &str,
        silence: Duration,
    ) -> Result<bool, DatabaseError> {
        let changes = self.database.changes_since(None, since).await?;
        if changes.is_reset {
            tracing::warn!(
                "what has changed can not be relayed: every client resumes by its own cursor"
            );
            self.hub.end_all(Close::Resume);
            return Ok(false);
        }
        tracing::info!(events = changes.envelopes.len(), "caught up");
        let presences = self.database.recent_presences(silence).await?;
        for text in changes.envelopes.iter().chain(&presences) {
            match serde_json::from_str::<Envelope<'_>>(text) {
                // With the old cursor: whoever is cut off between two of them gets the rest again.
                Ok(envelope) => self.deliver(&envelope, Some(since)).await?,
                Err(error) => {
                    tracing::error!(%error, "an envelope of the database's can not be read")
                }
            }
        }
        Ok(true)
    }

    async fn deliver(
        &mut self,
        envelope: &Envelope<'_>,
        cursor: Option<&str>,
    ) -> Result<(), DatabaseError> {
        self.breathe().await;
        if let Some(reference) = &envelope.reference {
            let text = self
                .database
                .read_event(reference.kind, reference.id, reference.user)
                .await?;
            let Some(text) = text else { return Ok(()) };
            match serde_json::from_str::<Envelope<'_>>(&text) {
                Ok(read) => self.publish(&read, cursor),
                Err(error) => {
                    tracing::error!(%error, "an envelope of chat.read_event can not be read")
                }
            }
        } else {
            self.publish(envelope, cursor);
        }
        Ok(())
    }

    /// Pauses when many events have been published in no time.
    async fn breathe(&mut self) {
        self.burst_events += 1;
        if self.burst_events <= BURST_EVENTS_MAX {
            return;
        }
        if self.burst_began.elapsed() < BURST_MIN {
            tokio::time::sleep(BURST_PAUSE).await;
            self.wait_for_those_behind().await;
        } else {
            // Slower than that, they still need a turn between two reads that were ready at once.
            tokio::task::yield_now().await;
        }
        self.burst_began = Instant::now();
        self.burst_events = 0;
    }

    /// On a machine that is short of processors a pause may pass without anybody having had a turn. Waiting
    /// for them is bounded, and so is how often: one client that does not read must not slow the others.
    async fn wait_for_those_behind(&mut self) {
        if self.waited_last.elapsed() < PATIENCE_EVERY {
            return;
        }
        let began = Instant::now();
        while self.hub.is_anyone_behind() {
            self.waited_last = Instant::now();
            if began.elapsed() > PATIENCE_MAX {
                return;
            }
            tokio::time::sleep(BURST_PAUSE).await;
        }
    }

    fn publish(&self, envelope: &Envelope<'_>, cursor: Option<&str>) {
        let Some(event) = envelope.event else { return };
        // How every message's event begins (`chat.message_envelope`).
        if let Some(conversation) = envelope.conversation
            && event.get().starts_with(MESSAGE_BEGINS)
        {
            self.sent.note(conversation);
        }
        if event.get().starts_with(CALL_BEGINS) {
            self.calls.notify_one();
        }
        if event.get().starts_with(PRESENCE_BEGINS) {
            self.online.has_changed();
        }
        let mut audience = Audience {
            conversations: envelope.conversations.clone(),
            user: envelope.user,
            about: envelope.about(),
        };
        audience.conversations.extend(envelope.conversation);

        // Who joins hears of it as a member; who leaves hears of it, and of nothing after.
        let membership = match (envelope.active, envelope.user, envelope.conversation) {
            (Some(active), Some(user), Some(conversation)) => Some((active, user, conversation)),
            _ => None,
        };
        if let Some((true, user, conversation)) = membership {
            self.hub.set_member(user, conversation, true);
        }
        let reached = self
            .hub
            .publish(&audience, &Event::announced(event.get(), cursor));
        if let Some(previews) = &self.previews {
            previews.hear(event.get());
        }
        metrics::counter!("webchat_events_total").increment(1);
        metrics::counter!("webchat_deliveries_total").increment(reached as u64);
        if let Some((false, user, conversation)) = membership {
            self.hub.set_member(user, conversation, false);
        }
        if envelope.user.is_some()
            && let Ok(ended) = serde_json::from_str::<SessionEnded<'_>>(event.get())
            && ended.kind == "session_ended"
            && let Some(session) = ended.session_id
        {
            self.hub.end_sessions(&[session]);
        }
    }
}

/// The events that bring one client up to date (or, with `only`, those of one conversation). All carry
/// the cursor that the client came with, but for the last, with which it has everything up to `now`.
pub fn replay(envelopes: &[String], since: &str, now: &str, only: Option<Uuid>) -> Vec<Frame> {
    let events: Vec<&RawValue> = envelopes
        .iter()
        .filter_map(|text| serde_json::from_str::<Envelope<'_>>(text).ok())
        .filter(|envelope| {
            only.is_none_or(|only| {
                envelope.conversation == Some(only)
                    || envelope.conversations.contains(&only)
                    || envelope.about() == Some(only)
            })
        })
        .filter_map(|envelope| envelope.event)
        .collect();
    let last = events.len().saturating_sub(1);
    let cursor = |place| if place == last { now } else { since };
    events
        .iter()
        .enumerate()
        .map(|(place, event)| Event::announced(event.get(), Some(cursor(place))))
        .collect()
}
