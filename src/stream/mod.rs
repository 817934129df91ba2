//! Live connections: WebSocket, and Server-Sent Events where that is blocked. Both send the same
//! frames from the same queue.
//!
//! *Invariant:* nothing here queries. What a connection begins with (its place in the hub, and what
//! it missed) is given to it.

mod inbound;
mod patient;
pub mod sse;
pub mod websocket;

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use crate::frame::{Form, Frame};
use crate::hub::{Attachment, Close};

pub use patient::Patient;

/// Frames taken from a queue at once. What waits for a socket leaves in one write.
const BATCH_FRAMES_MAX: usize = 256;
/// A server that stops spreads its clients' return over this long.
const RETURN_SPREAD_MS: u64 = 2_000;
/// A client that takes nothing for this long is gone, or does not read.
const WRITE_MAX: Duration = Duration::from_secs(20);
/// How often a quiet connection shows a sign of life: most proxies cut after 30 to 60 seconds of silence.
const BEAT_EVERY: Duration = Duration::from_secs(15);

/// A connection about to begin.
pub struct Live {
    pub attachment: Attachment<Frame>,
    /// `ready`, and what changed since the client's cursor.
    pub first: Vec<Frame>,
    pub form: Form,
}

/// The frame that tells a client to come back, and when.
fn going_away() -> Bytes {
    json!({"type": "going_away", "retry_ms": rand::random_range(0..RETURN_SPREAD_MS)})
        .to_string()
        .into()
}

/// Whether a client that is closed for this reason is told when to come back.
fn comes_back(close: Close) -> bool {
    close.code() < 4400
}
