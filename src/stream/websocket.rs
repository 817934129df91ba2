//! WebSocket. The protocol of what comes in is tungstenite's; what goes out are frames that were
//! encoded once for everyone, written as they are, all that wait in one system call.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use futures_util::stream::FuturesUnordered;
use futures_util::{SinkExt, StreamExt};
use hyper::StatusCode;
use serde_json::Value;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::sync::oneshot;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::frame::Frame as RawFrame;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use super::inbound::Inbound;
use super::{BATCH_FRAMES_MAX, BEAT_EVERY, Live, WRITE_MAX, comes_back, going_away};
use crate::command::{self, Actor, COMMAND_BYTES_MAX, Commands, Manner, Reply};
use crate::frame::{Event, Form};
use crate::hub::Close;
use crate::problem::Problem;

/// Commands of one client that may be under way at once; its next one waits in its socket.
const COMMANDS_MAX: usize = 64;
/// A client heard nothing of for this long, though pinged, is gone.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// How long a closed client may take to take the last frames, and again to say goodbye.
const GOODBYE_MAX: Duration = Duration::from_secs(2);
/// How long a connection that is closed by us waits for its commands' outcomes.
const SETTLE_MAX: Duration = Duration::from_secs(5);
/// Buffers of one system call: Linux takes 1,024.
const SLICES_MAX: usize = 64;
/// What tungstenite holds for each connection all the time: room for an ordinary command, and it grows
/// for a larger one. Its default of 128 KiB would be most of an idle connection's memory.
const READ_BUFFER_BYTES: usize = 256;

/// WebSocket close codes for what a client should not have sent.
const PROTOCOL_ERROR: u16 = 1002;
const NOT_UTF8: u16 = 1007;
const TOO_BIG: u16 = 1009;

/// Serves one client until either side ends it.
pub async fn run(
    socket: TcpStream,
    read_already: Bytes,
    live: Live,
    commands: Arc<Commands>,
    actor: Actor,
) {
    let (read, write) = socket.into_split();
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(0)
        .max_message_size(Some(COMMAND_BYTES_MAX))
        .max_frame_size(Some(COMMAND_BYTES_MAX));
    let inbound = Inbound::new(read, read_already);
    let incoming = WebSocketStream::from_raw_socket(inbound, Role::Server, Some(config)).await;
    let mut connection = Connection {
        incoming,
        outgoing: Outgoing {
            write,
            waiting: VecDeque::new(),
        },
        live,
        commands,
        actor,
        last_change: None,
    };
    if let Err(error) = connection.run().await {
        tracing::debug!(%error, "a connection ended");
    }
}

struct Connection {
    incoming: WebSocketStream<Inbound>,
    outgoing: Outgoing,
    live: Live,
    commands: Arc<Commands>,
    actor: Actor,
    /// Ends with the client's last edit, delete or signal; the next one waits for it. Unlike sends these go
    /// to the database side by side, and of two edits in flight the later one must count.
    last_change: Option<oneshot::Receiver<()>>,
}

/// A command's reference and outcome.
type Answered = (Option<Value>, Result<Reply, Problem>);

/// Why a connection ends, when not by an error of the socket.
enum End {
    ByClient,
    ByUs(Close),
    TooBig,
    /// The client broke the protocol: the close code that says how.
    Broken(u16, &'static str),
}

impl Connection {
    async fn run(&mut self) -> io::Result<()> {
        let form = self.live.form;
        for frame in std::mem::take(&mut self.live.first) {
            self.outgoing.push(frame.encoded(form));
            if self.outgoing.waiting.len() >= BATCH_FRAMES_MAX {
                self.outgoing.flush(WRITE_MAX).await?;
            }
        }
        self.outgoing.flush(WRITE_MAX).await?;

        let end = self.converse(form).await?;
        match end {
            End::ByClient => {}
            End::ByUs(close) => {
                if comes_back(close) {
                    self.outgoing.push(Event::own(going_away()).encoded(form));
                }
                self.outgoing
                    .push(close_frame(close.code(), close.reason()));
            }
            End::TooBig => {
                let problem = Problem::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "frame_too_large",
                    format!("A frame must have at most {COMMAND_BYTES_MAX} bytes."),
                );
                self.outgoing
                    .push(Event::own(problem.to_frame(None)).encoded(form));
                self.outgoing.push(close_frame(TOO_BIG, "frame_too_large"));
            }
            End::Broken(code, reason) => self.outgoing.push(close_frame(code, reason)),
        }
        self.outgoing.flush(GOODBYE_MAX).await?;
        self.say_goodbye().await
    }

    async fn converse(&mut self, form: Form) -> io::Result<End> {
        let mut under_way: FuturesUnordered<Pin<Box<dyn Future<Output = Answered> + Send>>> =
            FuturesUnordered::new();
        let mut batch = Vec::new();
        let mut beat =
            tokio::time::interval_at(tokio::time::Instant::now() + BEAT_EVERY, BEAT_EVERY);
        let mut last_heard = Instant::now();
        let subscriber = Arc::clone(self.live.attachment.subscriber());
        loop {
            tokio::select! {
                close = subscriber.ended() => {
                    // What is under way is written or refused soon, and its sender would like to know.
                    let settled = async {
                        while let Some((reference, outcome)) = under_way.next().await {
                            self.answer(form, reference.as_ref(), outcome);
                        }
                    };
                    if tokio::time::timeout(SETTLE_MAX, settled).await.is_err() {
                        tracing::debug!("a connection was closed with commands under way");
                    }
                    return Ok(End::ByUs(close));
                }
                _ = self.live.attachment.queue.recv_many(&mut batch, BATCH_FRAMES_MAX) => {
                    for frame in batch.drain(..) {
                        self.outgoing.push(frame.encoded(form));
                    }
                }
                Some((reference, outcome)) = under_way.next(), if !under_way.is_empty() => {
                    self.answer(form, reference.as_ref(), outcome);
                }
                message = self.incoming.next(), if under_way.len() < COMMANDS_MAX => {
                    last_heard = Instant::now();
                    match message {
                        None => return Ok(End::ByClient),
                        Some(Err(Error::Capacity(CapacityError::MessageTooLong { .. }))) => return Ok(End::TooBig),
                        Some(Err(Error::Utf8(_))) => return Ok(End::Broken(NOT_UTF8, "not_utf8")),
                        Some(Err(Error::Protocol(error))) if error != ProtocolError::ResetWithoutClosingHandshake => {
                            tracing::debug!(%error, "a client broke the protocol");
                            return Ok(End::Broken(PROTOCOL_ERROR, "protocol_error"));
                        }
                        Some(Err(error)) => {
                            tracing::debug!(%error, "a client broke its connection");
                            return Ok(End::ByClient);
                        }
                        Some(Ok(Message::Close(_))) => {
                            self.flush_replies().await;
                            return Ok(End::ByClient);
                        }
                        Some(Ok(Message::Text(text))) => {
                            if let Some(begun) = self.begin(form, text.as_bytes()) {
                                under_way.push(Box::pin(begun));
                            }
                        }
                        Some(Ok(Message::Binary(bytes))) => {
                            if let Some(begun) = self.begin(form, &bytes) {
                                under_way.push(Box::pin(begun));
                            }
                        }
                        Some(Ok(_)) => self.flush_replies().await, // a ping; its pong waits there
                    }
                }
                _ = beat.tick() => {
                    if last_heard.elapsed() > SILENCE_MAX {
                        return Ok(End::ByUs(Close::Silent));
                    }
                    // Room that a burst took would else stay with an idle connection.
                    batch.shrink_to_fit();
                    self.outgoing.waiting.shrink_to_fit();
                    self.outgoing.push(raw(RawFrame::ping(Bytes::new())));
                }
            }
            tokio::select! {
                outcome = self.outgoing.flush(WRITE_MAX) => outcome?,
                // Nothing is lost by leaving a write half way: what waits knows how much of it is out.
                _ = subscriber.ended() => {}
            }
        }
    }

    /// Begins a command now, so that a client's commands keep their order.
    fn begin(
        &mut self,
        form: Form,
        frame: &[u8],
    ) -> Option<impl Future<Output = Answered> + use<>> {
        let (reference, command) = command::parse(frame, self.actor);
        match command {
            Ok(command) => {
                let (before, done) = if command.is_in_turn() {
                    let (done, ended) = oneshot::channel::<()>();
                    (self.last_change.replace(ended), Some(done))
                } else {
                    (None, None)
                };
                let outcome = self.commands.begin(self.actor, command);
                Some(async move {
                    // Dropped at the end, which is what the next one waits for.
                    let _done = done;
                    if let Some(before) = before {
                        before.await.ok();
                    }
                    (reference, outcome.await)
                })
            }
            Err(problem) => {
                self.answer(form, reference.as_ref(), Err(problem));
                None
            }
        }
    }

    fn answer(&mut self, form: Form, reference: Option<&Value>, outcome: Result<Reply, Problem>) {
        if let Ok(Reply::Away(is_away)) = &outcome {
            self.live.attachment.set_away(*is_away);
        }
        if matches!(outcome, Ok(Reply::Pong)) {
            // A pong comes after all that was there for the client before it.
            while let Ok(frame) = self.live.attachment.queue.try_recv() {
                self.outgoing.push(frame.encoded(form));
            }
        }
        // What an anonymous client said comes back to it as it comes to everyone.
        let is_heard_anyway = self.actor.manner == Manner::Anonymous
            && reference.is_none()
            && matches!(outcome, Ok(Reply::Message { .. }));
        if is_heard_anyway {
            return;
        }
        if let Some(json) = command::answer(reference, &outcome) {
            self.outgoing.push(Event::own(json).encoded(Form {
                with_html: false,
                ..form
            }));
        }
    }

    /// Moves what tungstenite answers by itself (pongs, the reply to a close) to where all goes out.
    async fn flush_replies(&mut self) {
        if let Err(error) = self.incoming.flush().await {
            tracing::debug!(%error, "nothing to flush on a closed connection");
        }
        let replies = self.incoming.get_mut().take_replies();
        if !replies.is_empty() {
            self.outgoing.push(replies);
        }
    }

    /// Shuts our side and waits a moment for the other's, so that the last frames are not lost to a reset.
    async fn say_goodbye(&mut self) -> io::Result<()> {
        self.outgoing.write.shutdown().await?;
        let drained = async { while let Some(Ok(_)) = self.incoming.next().await {} };
        if tokio::time::timeout(GOODBYE_MAX, drained).await.is_err() {
            tracing::debug!("a closed client did not say goodbye");
        }
        Ok(())
    }
}

fn close_frame(code: u16, reason: &'static str) -> Bytes {
    raw(RawFrame::close(Some(CloseFrame {
        code: code.into(),
        reason: reason.into(),
    })))
}

fn raw(frame: RawFrame) -> Bytes {
    let mut out = Vec::with_capacity(32);
    if frame.format(&mut out).is_err() {
        unreachable!("writing to a vector does not fail");
    }
    out.into()
}

/// What waits for the socket.
struct Outgoing {
    write: OwnedWriteHalf,
    waiting: VecDeque<Bytes>,
}

impl Outgoing {
    fn push(&mut self, bytes: Bytes) {
        self.waiting.push_back(bytes);
    }

    /// Writes all that waits, in as few system calls as the socket takes it. A client may be slow; one
    /// that takes nothing at all for `patience` is gone.
    async fn flush(&mut self, patience: Duration) -> io::Result<()> {
        while !self.waiting.is_empty() {
            let writing = poll_fn(|context| self.poll_write(context));
            let mut written = match tokio::time::timeout(patience, writing).await {
                Ok(outcome) => outcome?,
                Err(_) => {
                    return Err(io::Error::new(
                        io::ErrorKind::TimedOut,
                        "the client takes nothing",
                    ));
                }
            };
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            while let Some(first) = self.waiting.front_mut() {
                if written < first.len() {
                    first.advance(written);
                    break;
                }
                written -= first.len();
                self.waiting.pop_front();
            }
        }
        Ok(())
    }

    /// One system call. Its slices are made anew each time: kept while a write waits they would be a
    /// kilobyte of every connection's task.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let mut count = 0;
        for (slice, bytes) in slices.iter_mut().zip(&self.waiting) {
            *slice = IoSlice::new(bytes);
            count += 1;
        }
        Pin::new(&mut self.write).poll_write_vectored(context, &slices[..count])
    }
}
