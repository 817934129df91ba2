//! An event on its way to clients: its JSON, and each form a client may want of it, encoded once
//! by whoever is first to need it and shared by all.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use bytes::{BufMut, Bytes, BytesMut};
use serde::Deserialize;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// What a client asked its events to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Each event also carries `html`, the fragment that shows it.
    pub with_html: bool,
    pub transport: Transport,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    #[default]
    WebSocket,
    ServerSentEvents,
}

/// One event, shared between all connections that get it.
pub type Frame = Arc<Event>;

#[derive(Debug)]
pub struct Event {
    /// The whole frame as JSON, cursor included.
    json: Bytes,
    cursor: Option<String>,
    may_be_message: bool,
    html: OnceLock<Bytes>,
    websocket: OnceLock<Bytes>,
    websocket_html: OnceLock<Bytes>,
    stream: OnceLock<Bytes>,
    stream_html: OnceLock<Bytes>,
}

impl Event {
    /// An event as the database announced it, and the cursor its announcement carried.
    pub fn announced(event: &str, cursor: Option<&str>) -> Frame {
        let json = match (cursor, event.strip_prefix('{')) {
            (Some(cursor), Some(rest)) => Bytes::from(format!("{{\"cursor\":\"{cursor}\",{rest}")),
            _ => Bytes::copy_from_slice(event.as_bytes()),
        };
        Self::build(
            json,
            cursor.map(str::to_owned),
            event.contains("\"message\""),
        )
    }

    /// A frame of the server's own, to one client.
    pub fn own(json: impl Into<Bytes>) -> Frame {
        Self::build(json.into(), None, false)
    }

    fn build(json: Bytes, cursor: Option<String>, may_be_message: bool) -> Frame {
        Arc::new(Self {
            json,
            cursor,
            may_be_message,
            html: OnceLock::new(),
            websocket: OnceLock::new(),
            websocket_html: OnceLock::new(),
            stream: OnceLock::new(),
            stream_html: OnceLock::new(),
        })
    }

    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The bytes that go onto a connection, framing included: server frames are not masked, so
    /// these are the same for every client.
    pub fn encoded(&self, form: Form) -> Bytes {
        let cell = match (form.transport, form.with_html) {
            (Transport::WebSocket, false) => &self.websocket,
            (Transport::WebSocket, true) => &self.websocket_html,
            (Transport::ServerSentEvents, false) => &self.stream,
            (Transport::ServerSentEvents, true) => &self.stream_html,
        };
        cell.get_or_init(|| {
            let payload = if form.with_html {
                self.json_with_html()
            } else {
                self.json.clone()
            };
            match form.transport {
                Transport::WebSocket => websocket_text(&payload),
                Transport::ServerSentEvents => server_sent_event(&payload, self.cursor.as_deref()),
            }
        })
        .clone()
    }

    fn json_with_html(&self) -> Bytes {
        if !self.may_be_message {
            return self.json.clone();
        }
        self.html
            .get_or_init(|| {
                let Ok(parsed) = serde_json::from_slice::<MessageEvent<'_>>(&self.json) else {
                    return self.json.clone();
                };
                with_field(&self.json, "html", &parsed.message.fragment())
            })
            .clone()
    }
}

/// An object's JSON with one more text field at its end.
pub fn with_field(object: &[u8], name: &str, value: &str) -> Bytes {
    let Some((b'}', head)) = object.split_last() else {
        return Bytes::copy_from_slice(object);
    };
    let value = serde_json::Value::from(value).to_string();
    let mut out = BytesMut::with_capacity(head.len() + name.len() + value.len() + 5);
    out.put_slice(head);
    out.put_slice(b",\"");
    out.put_slice(name.as_bytes());
    out.put_slice(b"\":");
    out.put_slice(value.as_bytes());
    out.put_u8(b'}');
    out.freeze()
}

/// What the fragment of a message needs of its JSON.
#[derive(Deserialize)]
pub struct MessageFields<'a> {
    id: Cow<'a, str>,
    conversation_id: Cow<'a, str>,
    seq: i64,
    sender_id: Option<Cow<'a, str>>,
    sender_name: Option<Cow<'a, str>>,
    kind: Cow<'a, str>,
    body: Option<Cow<'a, str>>,
    #[serde(borrow)]
    reply: Option<ReplyFields<'a>>,
    client_id: Option<Cow<'a, str>>,
    created_at: Cow<'a, str>,
    edited_at: Option<Cow<'a, str>>,
    deleted_at: Option<Cow<'a, str>>,
    revision: i64,
}

#[derive(Deserialize)]
struct ReplyFields<'a> {
    id: Cow<'a, str>,
    seq: i64,
    sender_name: Option<Cow<'a, str>>,
    excerpt: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct MessageEvent<'a> {
    #[serde(borrow)]
    message: MessageFields<'a>,
}

impl MessageFields<'_> {
    pub fn view(&self) -> views::Message<'_> {
        views::Message {
            id: &self.id,
            conversation_id: &self.conversation_id,
            seq: self.seq,
            sender_id: self.sender_id.as_deref(),
            sender_name: self.sender_name.as_deref(),
            kind: &self.kind,
            body: self.body.as_deref(),
            reply: self.reply.as_ref().map(|reply| views::Reply {
                id: &reply.id,
                seq: reply.seq,
                sender_name: reply.sender_name.as_deref(),
                excerpt: reply.excerpt.as_deref(),
            }),
            client_id: self.client_id.as_deref(),
            created_at: &self.created_at,
            edited: self.edited_at.is_some(),
            deleted: self.deleted_at.is_some(),
            revision: self.revision,
        }
    }

    pub fn fragment(&self) -> String {
        views::message(&self.view()).into_string()
    }
}

fn websocket_text(payload: &[u8]) -> Bytes {
    let header = FrameHeader {
        is_final: true,
        opcode: OpCode::Data(Data::Text),
        ..FrameHeader::default()
    };
    let length = payload.len() as u64;
    let mut out = Vec::with_capacity(header.len(length) + payload.len());
    if header.format(length, &mut out).is_err() {
        unreachable!("writing to a vector does not fail");
    }
    out.extend_from_slice(payload);
    out.into()
}

/// JSON of the database and of serde holds no line break, so one `data:` line carries it.
fn server_sent_event(payload: &[u8], cursor: Option<&str>) -> Bytes {
    let mut out = BytesMut::with_capacity(payload.len() + 64);
    if let Some(cursor) = cursor {
        out.put_slice(b"id: ");
        out.put_slice(cursor.as_bytes());
        out.put_u8(b'\n');
    }
    out.put_slice(b"data: ");
    out.put_slice(payload);
    out.put_slice(b"\n\n");
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announced_event_carries_its_cursor_in_json_and_as_event_id() {
        let event = Event::announced(r#"{"type":"typing"}"#, Some("e1-5:5:"));
        assert_eq!(
            event.json().as_ref(),
            br#"{"cursor":"e1-5:5:","type":"typing"}"#
        );
        let stream = event.encoded(Form {
            with_html: true,
            transport: Transport::ServerSentEvents,
        });
        assert_eq!(
            stream.as_ref(),
            b"id: e1-5:5:\ndata: {\"cursor\":\"e1-5:5:\",\"type\":\"typing\"}\n\n"
        );
    }

    #[test]
    fn a_message_that_asks_for_html_gets_it_escaped_and_still_is_json() {
        let event = Event::announced(
            r#"{"type":"message","message":{"id":"i","conversation_id":"c","seq":1,"sender_id":"u","sender_name":"\"A\"","kind":"text","body":"<b>\n","reply_to":null,"client_id":null,"created_at":"2026-01-01T00:00:00Z","edited_at":null,"deleted_at":null,"revision":1}}"#,
            Some("e1-5:5:"),
        );
        let json: serde_json::Value = serde_json::from_slice(&event.json_with_html()).unwrap();
        assert!(json["html"].as_str().unwrap().contains("&lt;b&gt;\n"));
        assert_eq!(json["message"]["body"], "<b>\n");
    }

    #[test]
    fn a_websocket_frame_of_each_length_form_has_the_right_header() {
        for (length, header) in [(5, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let encoded = websocket_text(&vec![b'x'; length]);
            assert_eq!(encoded.len(), header + length);
            assert_eq!(encoded[0], 0x81, "a final text frame");
        }
    }
}
