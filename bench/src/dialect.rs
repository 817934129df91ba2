//! What differs between the chats: how a client opens, how it sends, and how it knows what it hears.

use std::io::Write;
use std::net::SocketAddr;

use memchr::memmem::{self, Finder};
use uuid::Uuid;

use crate::stamp::Stamp;

/// What a chat's WebSocket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Webchat,
    /// socket.io 4 (Engine.IO 4), over WebSocket from the start.
    SocketIo,
}

/// Who a connection is, and where it sends.
#[derive(Clone, Debug)]
pub struct Seat {
    pub user: Uuid,
    pub token: String,
    /// Number of the user, as stamps have it.
    pub number: u32,
    pub conversation: Uuid,
    pub address: SocketAddr,
}

/// What a payload is to a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// The server introduces itself, and waits for us to.
    Greeting,
    /// The connection stands.
    Ready,
    /// A send was stored: the stamp it was sent with.
    Ack(u64),
    /// A send, or the opening, was refused.
    Refusal,
    Message,
    /// The server wants a sign of life, in a frame of the dialect's own.
    Ping,
    Other,
}

/// Reads and writes one dialect.
pub struct Speaker {
    dialect: Dialect,
    /// Makes the keys of this run's messages other than those of any run before.
    run: String,
    r#type: Finder<'static>,
    r#ref: Finder<'static>,
}

impl Speaker {
    pub fn new(dialect: Dialect, run: &str) -> Self {
        Self {
            dialect,
            run: run.to_owned(),
            r#type: Finder::new("\"type\""),
            r#ref: Finder::new("\"ref\""),
        }
    }

    /// The request that asks for a WebSocket.
    pub fn upgrade(&self, seat: &Seat) -> Vec<u8> {
        let (path, more) = match self.dialect {
            Dialect::Webchat => ("/ws", format!("Authorization: Bearer {}\r\n", seat.token)),
            Dialect::SocketIo => ("/socket.io/?EIO=4&transport=websocket", String::new()),
        };
        format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{more}\r\n",
            seat.address
        )
        .into_bytes()
    }

    /// The answer to a greeting.
    pub fn introduction(&self, seat: &Seat) -> Vec<u8> {
        match self.dialect {
            Dialect::Webchat => Vec::new(),
            Dialect::SocketIo => format!("40{{\"user\":\"{}\"}}", seat.user).into_bytes(),
        }
    }

    /// The answer to a ping.
    pub fn pong(&self) -> &'static [u8] {
        match self.dialect {
            Dialect::Webchat => b"{\"type\":\"ping\"}",
            Dialect::SocketIo => b"3",
        }
    }

    /// Puts a send's payload into `out`.
    pub fn write_send(&self, out: &mut Vec<u8>, seat: &Seat, stamp: Stamp) {
        out.clear();
        let Seat { conversation, .. } = seat;
        let (run, at_ns) = (&self.run, stamp.at_ns);
        let written = match self.dialect {
            Dialect::Webchat => write!(
                out,
                "{{\"type\":\"send\",\"ref\":{at_ns},\"conversation_id\":\"{conversation}\",\
                 \"client_id\":\"{run}-{at_ns}\",\"body\":\""
            ),
            Dialect::SocketIo => write!(
                out,
                "42{at_ns}[\"send\",{{\"conversation_id\":\"{conversation}\",\
                 \"client_id\":\"{run}-{at_ns}\",\"body\":\""
            ),
        };
        if written.is_err() {
            unreachable!("writing to a vector does not fail");
        }
        stamp.append_body(out);
        out.extend_from_slice(match self.dialect {
            Dialect::Webchat => b"\"}",
            Dialect::SocketIo => b"\"}]",
        });
    }

    pub fn hear(&self, payload: &[u8]) -> Heard {
        match self.dialect {
            Dialect::Webchat => self.hear_webchat(payload),
            Dialect::SocketIo => hear_socket_io(payload),
        }
    }

    /// Fields stand in any order, with or without spaces; but `type` comes before anything that holds another one.
    fn hear_webchat(&self, payload: &[u8]) -> Heard {
        let Some(kind) = after(&self.r#type, payload) else {
            return Heard::Other;
        };
        if kind.starts_with(b"message\"") {
            Heard::Message
        } else if kind.starts_with(b"ack\"") {
            after(&self.r#ref, payload)
                .and_then(leading_number)
                .map_or(Heard::Other, Heard::Ack)
        } else if kind.starts_with(b"ready\"") {
            Heard::Ready
        } else if kind.starts_with(b"error\"") {
            Heard::Refusal
        } else {
            Heard::Other
        }
    }
}

fn hear_socket_io(payload: &[u8]) -> Heard {
    match payload {
        [b'0', ..] => Heard::Greeting,
        [b'2'] => Heard::Ping,
        [b'4', b'0', ..] => Heard::Ready,
        [b'4', b'4', ..] => Heard::Refusal,
        [b'4', b'3', rest @ ..] => match leading_number(rest) {
            Some(at_ns) if memmem::find(rest, b"\"error\"").is_none() => Heard::Ack(at_ns),
            _ => Heard::Refusal,
        },
        [b'4', b'2', rest @ ..] if rest.starts_with(b"[\"message\"") => Heard::Message,
        _ => Heard::Other,
    }
}

/// What follows a key: its value, without the quote that opens it.
fn after<'a>(key: &Finder<'_>, payload: &'a [u8]) -> Option<&'a [u8]> {
    let value = &payload[key.find(payload)? + key.needle().len()..];
    let start = value
        .iter()
        .position(|byte| !matches!(byte, b' ' | b':' | b'"'))?;
    Some(&value[start..])
}

fn leading_number(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&text[..digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn webchats_frames_are_told_apart_however_they_are_spaced() {
        let speaker = Speaker::new(Dialect::Webchat, "r");
        let hear = |text: &str| speaker.hear(text.as_bytes());
        assert_eq!(
            hear(r#"{"cursor":"e1-5:5:","type" : "message", "message" : {"id" : "x"}}"#),
            Heard::Message
        );
        assert_eq!(
            hear(r#"{"type":"ack","ref":17,"message":{"id":"x"}}"#),
            Heard::Ack(17)
        );
        assert_eq!(
            hear(r#"{"code":"too_fast","detail":"…","ref":17,"status":429,"type":"error"}"#),
            Heard::Refusal
        );
        assert_eq!(
            hear(r#"{"cursor":"e1","type":"ready","user":{}}"#),
            Heard::Ready
        );
        assert_eq!(hear(r#"{"type":"presence","status":"away"}"#), Heard::Other);
    }

    #[test]
    fn socket_ios_packets_are_told_apart() {
        let speaker = Speaker::new(Dialect::SocketIo, "r");
        let hear = |text: &str| speaker.hear(text.as_bytes());
        assert_eq!(hear(r#"0{"sid":"a"}"#), Heard::Greeting);
        assert_eq!(hear("2"), Heard::Ping);
        assert_eq!(hear(r#"40{"sid":"b"}"#), Heard::Ready);
        assert_eq!(hear(r#"4317[{"seq":1}]"#), Heard::Ack(17));
        assert_eq!(hear(r#"4317[{"error":"no"}]"#), Heard::Refusal);
        assert_eq!(hear(r#"42["message",{"seq":1}]"#), Heard::Message);
        assert_eq!(hear(r#"42["presence",{}]"#), Heard::Other);
    }
}
