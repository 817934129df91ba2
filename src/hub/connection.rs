//! One connection in the hub: a queue to fill, a way to end it, and why it ends.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use super::Hub;

/// Why a connection is closed. Codes from 4400 on say: do not come back with the same credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// The server stops; come back, to this or another.
    GoingAway,
    /// The client does not read as fast as events come; come back by cursor.
    TooSlow,
    /// Nothing was heard of the client for too long; come back.
    Silent,
    /// This server lost track of what was announced; come back by cursor.
    Resume,
    /// The session has ended.
    SessionEnded,
    /// The user has too many connections.
    TooManyConnections,
    /// The conversation that the socket was held to is not (or no more) the user's.
    NotAMember,
}

impl Close {
    /// WebSocket close code.
    pub fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::TooSlow => 4001,
            Self::Silent => 4002,
            Self::Resume => 4003,
            Self::SessionEnded => 4401,
            Self::NotAMember => 4403,
            Self::TooManyConnections => 4429,
        }
    }

    pub fn reason(self) -> &'static str {
        match self {
            Self::GoingAway => "going_away",
            Self::TooSlow => "too_slow",
            Self::Silent => "silent",
            Self::Resume => "resume",
            Self::SessionEnded => "session_ended",
            Self::NotAMember => "not_a_member",
            Self::TooManyConnections => "too_many_connections",
        }
    }
}

/// One connection as the hub sees it: a queue to fill and a way to end it.
pub struct Subscriber<F> {
    pub(super) id: u64,
    pub(super) user: Uuid,
    pub(super) session: Uuid,
    /// Held to one conversation: other conversations' events are not for it.
    pub(super) only: Option<Uuid>,
    pub(super) queue: mpsc::Sender<F>,
    pub(super) is_away: AtomicBool,
    pub(super) close: OnceLock<Close>,
    pub(super) closed: Notify,
}

impl<F> Subscriber<F> {
    /// Ends the connection; the first reason given counts.
    pub fn end(&self, close: Close) {
        if self.close.set(close).is_ok() {
            self.closed.notify_one();
        }
    }

    /// Waits until the connection is to end.
    pub async fn ended(&self) -> Close {
        loop {
            if let Some(close) = self.close.get() {
                return *close;
            }
            self.closed.notified().await;
        }
    }

    pub(super) fn offer(&self, frame: &F)
    where
        F: Clone,
    {
        if self.close.get().is_none() && self.queue.try_send(frame.clone()).is_err() {
            metrics::counter!("webchat_slow_clients_total").increment(1);
            self.end(Close::TooSlow);
        }
    }
}

/// A connection's place in the hub; given up when dropped.
pub struct Attachment<F: Clone> {
    pub(super) hub: Arc<Hub<F>>,
    pub(super) subscriber: Arc<Subscriber<F>>,
    pub queue: mpsc::Receiver<F>,
    /// The hub does not know the user's conversations: read them and call [`Hub::finish_load`].
    pub must_load: bool,
}

impl<F: Clone> Attachment<F> {
    pub fn subscriber(&self) -> &Arc<Subscriber<F>> {
        &self.subscriber
    }

    /// Says whether the person at this connection is away from it.
    pub fn set_away(&self, is_away: bool) {
        self.subscriber.is_away.store(is_away, Ordering::Relaxed);
        self.hub.touch(self.subscriber.user);
    }
}

impl<F: Clone> Drop for Attachment<F> {
    fn drop(&mut self) {
        self.hub.detach(&self.subscriber);
    }
}
