//! An event on its way to clients: its JSON, and each form a client may want of it, encoded once
//! by whoever is first to need it and shared by all.

mod plain;

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};

use bytes::{BufMut, Bytes, BytesMut};
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use views::Language;
use views::language::within;

use crate::assets;

pub use plain::PlainMessage;

/// What a client asked its events to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Form {
    /// Each event also carries `html`, the fragment that shows it.
    pub with_html: bool,
    /// What was just said also stands flat, as clients of other chats look for it; not beside `html`, which they know
    /// nothing of.
    pub is_plain: bool,
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
    websocket_plain: OnceLock<Bytes>,
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
            websocket_plain: OnceLock::new(),
            stream: OnceLock::new(),
            stream_html: OnceLock::new(),
        })
    }

    pub fn json(&self) -> &Bytes {
        &self.json
    }

    /// The event alone, in no frame of a connection.
    pub fn text(&self, with_html: bool) -> Bytes {
        if with_html {
            self.json_with_html()
        } else {
            self.json.clone()
        }
    }

    /// The bytes that go onto a connection, framing included: server frames are not masked, so
    /// these are the same for every client.
    pub fn encoded(&self, form: Form) -> Bytes {
        let cell = match (form.transport, form.with_html) {
            (Transport::WebSocket, false) if form.is_plain => &self.websocket_plain,
            (Transport::WebSocket, false) => &self.websocket,
            (Transport::WebSocket, true) => &self.websocket_html,
            (Transport::ServerSentEvents, false) => &self.stream,
            (Transport::ServerSentEvents, true) => &self.stream_html,
        };
        cell.get_or_init(|| {
            let payload = if form.is_plain && !form.with_html && self.may_be_message {
                plain::with_plain_fields(&self.json)
            } else {
                self.text(form.with_html)
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
                let with_html = with_field(&self.json, "html", &parsed.message.fragment());
                match parsed.message.words() {
                    Some(words) => with_field(&with_html, "words", &words),
                    None => with_html,
                }
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

/// A message's JSON, as far as its fragment needs it.
pub struct MessageFields<'a> {
    json: MessageJson<'a>,
    data: Option<views::Data>,
    told: Option<views::Told>,
}

#[derive(Deserialize)]
struct MessageJson<'a> {
    id: Cow<'a, str>,
    conversation_id: Cow<'a, str>,
    seq: i64,
    sender_id: Option<Cow<'a, str>>,
    sender_name: Option<Cow<'a, str>>,
    #[serde(default)]
    sender_avatar_id: Option<Cow<'a, str>>,
    kind: Cow<'a, str>,
    body: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow)]
    reply: Option<ReplyFields<'a>>,
    #[serde(default)]
    forwarded: bool,
    client_id: Option<Cow<'a, str>>,
    created_at: Cow<'a, str>,
    edited_at: Option<Cow<'a, str>>,
    deleted_at: Option<Cow<'a, str>>,
    #[serde(default)]
    pinned_at: Option<Cow<'a, str>>,
    #[serde(default, deserialize_with = "mentions")]
    mentions: Vec<views::Mention<'a>>,
    #[serde(default, deserialize_with = "reactions")]
    reactions: Vec<views::Reaction>,
    #[serde(default, deserialize_with = "media")]
    media: Vec<views::Media>,
    #[serde(borrow, default)]
    preview: Option<PreviewFields<'a>>,
    revision: i64,
}

#[derive(Deserialize)]
struct ReplyFields<'a> {
    id: Cow<'a, str>,
    seq: i64,
    sender_name: Option<Cow<'a, str>>,
    #[serde(default)]
    kind: Cow<'a, str>,
    excerpt: Option<Cow<'a, str>>,
    #[serde(default)]
    deleted: bool,
}

#[derive(Deserialize)]
struct PreviewFields<'a> {
    url: Cow<'a, str>,
    title: Option<Cow<'a, str>>,
    description: Option<Cow<'a, str>>,
    site_name: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct MessageEvent<'a> {
    #[serde(borrow)]
    message: MessageFields<'a>,
}

impl<'de: 'a, 'a> Deserialize<'de> for MessageFields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = MessageJson::deserialize(deserializer)?;
        let data = json.data.and_then(|data| card_data(&json.kind, data));
        let told = json.data.and_then(|data| told_data(&json.kind, data));
        Ok(Self { json, data, told })
    }
}

impl MessageFields<'_> {
    pub fn view(&self) -> views::Message<'_> {
        let json = &self.json;
        views::Message {
            id: &json.id,
            conversation_id: &json.conversation_id,
            seq: json.seq,
            sender_id: json.sender_id.as_deref(),
            sender_name: json.sender_name.as_deref(),
            sender_avatar_id: json.sender_avatar_id.as_deref(),
            kind: &json.kind,
            body: json.body.as_deref(),
            data: self.data.as_ref(),
            told: self.told.as_ref(),
            media: &json.media,
            mentions: &json.mentions,
            reactions: &json.reactions,
            preview: json.preview.as_ref().map(|preview| views::Preview {
                url: &preview.url,
                title: preview.title.as_deref(),
                description: preview.description.as_deref(),
                site_name: preview.site_name.as_deref(),
            }),
            reply: json.reply.as_ref().map(|reply| views::Reply {
                id: &reply.id,
                seq: reply.seq,
                sender_name: reply.sender_name.as_deref(),
                kind: &reply.kind,
                excerpt: reply.excerpt.as_deref(),
                deleted: reply.deleted,
            }),
            forwarded: json.forwarded,
            pinned: json.pinned_at.is_some(),
            client_id: json.client_id.as_deref(),
            created_at: &json.created_at,
            edited: json.edited_at.is_some(),
            deleted: json.deleted_at.is_some(),
            revision: json.revision,
        }
    }

    /// For whoever may read it, so in English; a page of another language says its marks anew. (What a page begins with
    /// is said in its own from the beginning: that goes by [`Self::view`].)
    pub fn fragment(&self) -> String {
        within(Language::English, || {
            views::message(&self.view()).into_string()
        })
    }

    /// What it says in one line, where that is something else than its body.
    fn words(&self) -> Option<Cow<'_, str>> {
        let body = self.json.body.as_deref();
        let words = within(Language::English, || {
            views::summary(&self.json.kind, body, self.data.as_ref(), &self.json.media)
        });
        (self.json.deleted_at.is_none() && words != body.unwrap_or_default()).then_some(words)
    }
}

/// What a card shows of a message's data; None for the kinds without a card.
pub fn card_data(kind: &str, data: &RawValue) -> Option<views::Data> {
    if !views::is_card(kind) {
        return None;
    }
    let DataFields {
        url,
        name,
        media_type,
        size,
        width,
        height,
        duration_ms,
        waveform,
        alt,
        alts,
        pack,
        latitude,
        longitude,
        address,
        user_id,
        phones,
        emails,
        organization,
        call_media,
        outcome,
    } = serde_json::from_str(data.get()).ok()?;
    let is_ours = kind == "sticker" && pack.as_deref() == Some(assets::STICKER_PACK);
    let drawing = name
        .as_deref()
        .filter(|_| is_ours)
        .and_then(assets::sticker);
    Some(views::Data {
        url,
        name,
        media_type,
        size,
        width,
        height,
        duration_ms,
        waveform: waveform.unwrap_or_default(),
        alt,
        alts: alts.unwrap_or_default(),
        drawing,
        latitude,
        longitude,
        address,
        user_id,
        phones: phones.unwrap_or_default(),
        emails: emails.unwrap_or_default(),
        organization,
        call_media,
        outcome,
    })
}

/// What a system message's data tells; None for other kinds.
pub fn told_data(kind: &str, data: &RawValue) -> Option<views::Told> {
    #[derive(Deserialize)]
    struct ToldFields {
        event: String,
        actor_id: Option<String>,
        actor_name: Option<String>,
        #[serde(default)]
        user_ids: Vec<String>,
        #[serde(default)]
        user_names: Vec<String>,
        #[serde(default)]
        count: i64,
        kind: Option<String>,
        title: Option<String>,
        role: Option<String>,
        #[serde(default)]
        by_link: bool,
    }
    if kind != "system" {
        return None;
    }
    // The host project can write others, whose bodies say what they say.
    let told: ToldFields = serde_json::from_str(data.get()).ok()?;
    Some(views::Told {
        event: told.event,
        actor_id: told.actor_id,
        actor_name: told.actor_name,
        user_ids: told.user_ids,
        user_names: told.user_names,
        count: told.count,
        kind: told.kind,
        title: told.title,
        role: told.role,
        by_link: told.by_link,
    })
}

/// Of all kinds together. The host project wrote it: what is not as it should be is as if it were not there.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct DataFields {
    #[serde(deserialize_with = "if_readable")]
    url: Option<String>,
    #[serde(deserialize_with = "if_readable")]
    name: Option<String>,
    #[serde(rename = "type", deserialize_with = "if_readable")]
    media_type: Option<String>,
    #[serde(deserialize_with = "if_readable")]
    size: Option<f64>,
    #[serde(deserialize_with = "if_readable")]
    width: Option<f64>,
    #[serde(deserialize_with = "if_readable")]
    height: Option<f64>,
    #[serde(deserialize_with = "if_readable")]
    duration_ms: Option<f64>,
    #[serde(deserialize_with = "if_readable")]
    waveform: Option<Vec<f64>>,
    #[serde(deserialize_with = "if_readable")]
    alt: Option<String>,
    #[serde(deserialize_with = "if_readable")]
    alts: Option<Vec<String>>,
    #[serde(deserialize_with = "if_readable")]
    pack: Option<String>,
    #[serde(deserialize_with = "if_readable")]
    latitude: Option<f64>,
    #[serde(deserialize_with = "if_readable")]
    longitude: Option<f64>,
    #[serde(deserialize_with = "if_readable")]
    address: Option<String>,
    #[serde(deserialize_with = "if_readable")]
    user_id: Option<String>,
    #[serde(deserialize_with = "if_readable")]
    phones: Option<Vec<String>>,
    #[serde(deserialize_with = "if_readable")]
    emails: Option<Vec<String>>,
    #[serde(deserialize_with = "if_readable")]
    organization: Option<String>,
    #[serde(rename = "media", deserialize_with = "if_readable")]
    call_media: Option<String>,
    #[serde(deserialize_with = "if_readable")]
    outcome: Option<String>,
}

fn if_readable<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: serde::de::DeserializeOwned,
{
    let json = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(json.get()).ok())
}

fn mentions<'de: 'a, 'a, D>(deserializer: D) -> Result<Vec<views::Mention<'a>>, D::Error>
where
    D: Deserializer<'de>,
{
    #[derive(Deserialize)]
    struct MentionFields<'a> {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        username: Option<Cow<'a, str>>,
    }
    let fields: Option<Vec<MentionFields<'a>>> = Deserialize::deserialize(deserializer)?;
    let mention = |fields: MentionFields<'a>| views::Mention {
        id: fields.id,
        name: fields.name,
        username: fields.username,
    };
    Ok(fields.into_iter().flatten().map(mention).collect())
}

fn reactions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<views::Reaction>, D::Error> {
    #[derive(Deserialize)]
    struct ReactionFields {
        emoji: String,
        count: i64,
        #[serde(default)]
        user_ids: Vec<String>,
    }
    let fields: Option<Vec<ReactionFields>> = Deserialize::deserialize(deserializer)?;
    let reaction = |fields: ReactionFields| views::Reaction {
        emoji: fields.emoji,
        count: fields.count,
        user_ids: fields.user_ids,
    };
    Ok(fields.into_iter().flatten().map(reaction).collect())
}

/// A message's media; also of lists, where nothing is borrowed any more.
pub fn media<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<views::Media>, D::Error> {
    #[derive(Deserialize)]
    struct MediaFields {
        id: String,
        name: String,
        #[serde(rename = "type")]
        media_type: Option<String>,
        size: Option<f64>,
        width: Option<f64>,
        height: Option<f64>,
        duration_ms: Option<f64>,
        animated: Option<bool>,
        thumbnail: Option<IgnoredAny>,
    }
    let fields: Option<Vec<MediaFields>> = Deserialize::deserialize(deserializer)?;
    let medium = |fields: MediaFields| views::Media {
        id: fields.id,
        name: fields.name,
        media_type: fields.media_type,
        size: fields.size,
        width: fields.width,
        height: fields.height,
        duration_ms: fields.duration_ms,
        animated: fields.animated == Some(true),
        has_thumbnail: fields.thumbnail.is_some(),
    };
    Ok(fields.into_iter().flatten().map(medium).collect())
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
            ..Form::default()
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

    fn parsed(more: &str, kind: &str) -> String {
        format!(
            r#"{{"id":"i","conversation_id":"c","seq":1,"sender_id":"u","sender_name":"Ada","kind":"{kind}","reply_to":null,"client_id":null,"created_at":"2026-01-01T00:00:00Z","edited_at":null,"deleted_at":null,"revision":1,{more}}}"#
        )
    }

    fn fragment(more: &str, kind: &str) -> String {
        let json = parsed(more, kind);
        let fields: MessageFields<'_> = serde_json::from_str(&json).unwrap();
        fields.fragment()
    }

    #[test]
    fn everything_of_a_message_comes_to_its_fragment() {
        let html = fragment(
            r#""body":"Hi @Bob","data":{"preview":false,"mine":[1]},"media":null,"forwarded":true,"pinned_at":"2026-01-01T00:00:00Z","pinned_by":"u",
               "reply":{"id":"r","seq":3,"sender_name":"Bob","kind":"voice","excerpt":null,"deleted":false,"later":1},
               "mentions":[{"id":"b","name":"Bob","username":null}],
               "reactions":[{"emoji":"👍","count":2,"user_ids":["u","b"]}],
               "preview":{"url":"https://example.com","title":"A \"page\"","description":null,"site_name":null},"unknown":{}"#,
            "text",
        );
        for part in [
            r#"<b class="mention" data-user="b">@Bob</b>"#,
            "Forwarded",
            "pinned",
            "Voice message",
            r#"data-reactors="u b""#,
            "A &quot;page&quot;",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        let html = fragment(
            r#""body":"Hi","mentions":null,"reactions":null,"preview":null"#,
            "text",
        );
        assert!(html.contains("Hi"));
    }

    #[test]
    fn media_come_to_their_fragment_and_stickers_of_the_pack_from_this_server() {
        let html = fragment(
            r#""body":null,"data":null,"media":[{"id":"0199-a","name":"hut.jpg","size":5,"type":"image/jpeg","width":640,"height":480,"duration_ms":null,"animated":false,"thumbnail":{"width":64,"height":48},"later":1}]"#,
            "image",
        );
        assert!(html.contains("/api/media/0199-a/thumbnail"), "{html}");
        let sticker = |pack: &str, name: &str| {
            fragment(
                &format!(r#""body":null,"data":{{"pack":"{pack}","name":"{name}"}},"media":null"#),
                "sticker",
            )
        };
        assert!(sticker("webchat", "hello").contains("/sticker-hello.svg"));
        for (pack, name) in [
            ("webchat", "nothing"),
            ("other", "hello"),
            ("webchat", "../icon"),
        ] {
            assert!(!sticker(pack, name).contains("<img"), "{pack} {name}");
        }
    }

    #[test]
    fn data_is_read_as_far_as_it_can_be() {
        let html = fragment(
            r#""body":null,"data":{"url":"https://example.com/a.png","name":7,"width":640,"height":480.0,"size":"big","waveform":["a"],"more":[{}]}"#,
            "image",
        );
        assert!(
            html.contains("640 × 480") && html.contains("https://example.com/a.png"),
            "{html}"
        );
        for data in ["null", "[]", "7", r#""text""#, r#"{"url":{}}"#] {
            let html = fragment(&format!(r#""body":null,"data":{data}"#), "file");
            assert!(html.contains(">File<"), "{html}");
        }
    }

    #[test]
    fn an_event_says_in_one_line_what_its_body_does_not_say_plainly() {
        let words = |more: &str, kind: &str| {
            let json = format!(r#"{{"type":"message","message":{}}}"#, parsed(more, kind));
            let event = Event::announced(&json, None);
            let json: serde_json::Value = serde_json::from_slice(&event.json_with_html()).unwrap();
            json["words"].as_str().map(str::to_owned)
        };
        assert_eq!(words(r#""body":"Hi","data":null"#, "text"), None);
        assert_eq!(
            words(r#""body":"**Hi**","data":null"#, "text").as_deref(),
            Some("Hi")
        );
        let file = words(r#""body":null,"data":{"name":"a.pdf"}"#, "file");
        assert_eq!(file.as_deref(), Some("File: a.pdf"));
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
