//! Server-Sent Events: the same frames as a response that does not end. What the client has to say
//! comes by `POST /api/commands`.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use futures_util::stream;
use hyper::body::Frame as BodyFrame;

use super::{BATCH_FRAMES_MAX, BEAT_EVERY, Live, comes_back, going_away};
use crate::frame::{Event, Form};
use crate::hub::Subscriber;

/// A comment would keep the connection open; an event also lets the page see that it is.
const BEAT: &[u8] = br#"{"type":"beat"}"#;

/// The response's body. Dropping it, as hyper does when the client goes, gives up the place in the hub.
pub fn body(live: Live) -> impl Stream<Item = Result<BodyFrame<Bytes>, Infallible>> + Send {
    let subscriber = Arc::clone(live.attachment.subscriber());
    let beat = tokio::time::interval_at(tokio::time::Instant::now() + BEAT_EVERY, BEAT_EVERY);
    let streaming = Streaming {
        live,
        subscriber,
        beat,
        is_over: false,
    };
    stream::unfold(streaming, |mut streaming| async move {
        let bytes = streaming.next().await?;
        Some((Ok(BodyFrame::data(bytes)), streaming))
    })
}

struct Streaming {
    live: Live,
    subscriber: Arc<Subscriber<crate::frame::Frame>>,
    beat: tokio::time::Interval,
    is_over: bool,
}

impl Streaming {
    /// All that waits, as one piece; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        let form = self.live.form;
        if self.is_over {
            return None;
        }
        let first = std::mem::take(&mut self.live.first);
        if !first.is_empty() {
            return Some(join(&first, form));
        }
        let mut batch = Vec::new();
        tokio::select! {
            close = self.subscriber.ended() => {
                self.is_over = true;
                comes_back(close).then(|| Event::own(going_away()).encoded(form))
            }
            _ = self.live.attachment.queue.recv_many(&mut batch, BATCH_FRAMES_MAX) => Some(join(&batch, form)),
            _ = self.beat.tick() => Some(Event::own(BEAT).encoded(form)),
        }
    }
}

fn join(frames: &[crate::frame::Frame], form: Form) -> Bytes {
    if let [frame] = frames {
        return frame.encoded(form);
    }
    let mut joined = BytesMut::new();
    for frame in frames {
        joined.extend_from_slice(&frame.encoded(form));
    }
    joined.freeze()
}
