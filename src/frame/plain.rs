//! A message's event as clients of other chats read it: what they look for stands flat beside the message.

use std::borrow::Cow;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The event of a message that somebody has just sent, as far as other chats know of messages.
#[derive(Deserialize)]
struct MessageEvent<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    message: PlainMessage<'a>,
}

#[derive(Deserialize)]
pub struct PlainMessage<'a> {
    pub id: Uuid,
    pub conversation_id: Uuid,
    pub seq: i64,
    pub sender_id: Option<Uuid>,
    #[serde(borrow)]
    pub sender_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    body: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    media: Option<Vec<Named<'a>>>,
    #[serde(borrow)]
    pub created_at: Cow<'a, str>,
    #[serde(borrow)]
    deleted_at: Option<Cow<'a, str>>,
    revision: i64,
}

/// A file, or the person of a contact.
#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    name: Option<Cow<'a, str>>,
}

impl<'a> PlainMessage<'a> {
    /// Of an event's JSON; none of any other event. A message that has changed is none either: these clients
    /// would show it a second time.
    pub fn of(event: &'a [u8]) -> Option<Self> {
        let MessageEvent { kind, message } = serde_json::from_slice(event).ok()?;
        let is_said = kind == "message"
            && message.revision == 1
            && message.deleted_at.is_none()
            && !matches!(message.kind.as_ref(), "system" | "call");
        is_said.then_some(message)
    }

    /// What it says in words, as `chat.plain_content` has it.
    pub fn content(&self) -> Cow<'_, str> {
        let of_data = || {
            let named: Named<'_> = serde_json::from_str(self.data?.get()).ok()?;
            named.name
        };
        let of_media = || self.media.as_ref()?.first()?.name.clone();
        self.body
            .clone()
            .or_else(of_media)
            .or_else(of_data)
            .unwrap_or_default()
    }

    /// What stands beside the message. It has just been sent: nobody has received it yet.
    fn fields(&self) -> Map<String, Value> {
        let fields = json!({
            "id": self.id,
            "conversation_id": self.conversation_id,
            "user_id": self.sender_id,
            "user_name": self.sender_name,
            "sender_id": self.sender_id,
            "content": self.content(),
            "kind": self.kind,
            "timestamp": self.created_at,
            "is_delivered": false,
            "is_read": false,
        });
        match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        }
    }
}

/// The event with these fields; as it is where it tells of nothing that somebody has just said.
pub fn with_plain_fields(event: &Bytes) -> Bytes {
    let Some(message) = PlainMessage::of(event) else {
        return event.clone();
    };
    let Some((b'}', head)) = event.split_last() else {
        return event.clone();
    };
    let fields = Value::Object(message.fields()).to_string();
    [head, b",", &fields.as_bytes()[1..]].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(more: &str, kind: &str, revision: u32) -> Bytes {
        format!(
            r#"{{"cursor":"e1-5:5:","type":"message","message":{{"id":"01a1fc7d-6dbe-75c6-8b78-01e1d6349fb1","conversation_id":"01a1fc7d-6da2-71df-ba9d-18391997fcdd","seq":4,"sender_id":"01a1fc7d-6d55-76fd-8c25-3aabfef3b4da","sender_name":"A \"d\" a","kind":"{kind}","created_at":"2026-01-01T00:00:00Z","edited_at":null,"deleted_at":null,"revision":{revision},{more}}}}}"#
        )
        .into()
    }

    #[test]
    fn what_was_just_said_stands_flat_beside_the_message() {
        let plain = with_plain_fields(&event(r#""body":"\"hi\"\n""#, "text", 1));
        let json: Value = serde_json::from_slice(&plain).unwrap();
        assert_eq!(json["content"], "\"hi\"\n");
        assert_eq!(json["message"]["body"], json["content"]);
        assert_eq!(json["user_id"], json["message"]["sender_id"]);
        assert_eq!(json["timestamp"], "2026-01-01T00:00:00Z");
        assert_eq!(json["is_read"], false);
        assert_eq!(json["cursor"], "e1-5:5:");
    }

    #[test]
    fn a_file_and_a_contact_are_called_by_their_names() {
        for (more, kind, content) in [
            (
                r#""body":null,"media":[{"id":"m","name":"hut.jpg"}]"#,
                "image",
                "hut.jpg",
            ),
            (r#""body":null,"data":{"name":"Ben"}"#, "contact", "Ben"),
            (r#""body":null,"data":{"name":7}"#, "location", ""),
        ] {
            let event = event(more, kind, 1);
            assert_eq!(PlainMessage::of(&event).unwrap().content(), content);
        }
    }

    #[test]
    fn what_has_changed_and_what_nobody_said_stays_as_it_is() {
        for other in [
            event(r#""body":"hi""#, "text", 2),
            event(r#""body":null"#, "system", 1),
            event(r#""body":null"#, "call", 1),
            Bytes::from_static(br#"{"type":"typing"}"#),
            Bytes::from_static(b"[]"),
        ] {
            assert_eq!(with_plain_fields(&other), other);
        }
    }
}
