//! The database's JSON of conversations and people, as far as lists show it.

use std::borrow::Cow;
use std::time::SystemTime;

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;
use views::language::tr;

use crate::frame::{card_data, media, told_data};
use crate::problem::Problem;

/// What a conversation without a title of its own is called.
pub fn untitled<'a>() -> &'a str {
    tr("Conversation")
}

/// A conversation of one reader's list.
#[derive(Deserialize)]
pub struct Listed {
    pub id: String,
    pub kind: String,
    title: Option<String>,
    avatar_id: Option<String>,
    pub unread: i64,
    mentions: i64,
    pub last_seq: i64,
    last_message: Option<LastMessage>,
    pub peer: Option<ListedPeer>,
    #[serde(default)]
    pub preference: Preference,
}

struct LastMessage {
    kind: String,
    sender_id: Option<String>,
    sender_name: Option<String>,
    /// What it says in one line.
    text: String,
    created_at: String,
}

#[derive(Deserialize)]
pub struct ListedPeer {
    id: String,
    avatar_id: Option<String>,
    status: String,
    last_seen_at: Option<String>,
    #[serde(default)]
    pub blocked: bool,
}

impl ListedPeer {
    pub fn view(&self) -> views::Peer<'_> {
        views::Peer {
            id: &self.id,
            avatar_id: self.avatar_id.as_deref(),
            status: &self.status,
            last_seen_at: self.last_seen_at.as_deref(),
        }
    }
}

#[derive(Default, Deserialize)]
pub struct Preference {
    #[serde(default)]
    pub pinned: bool,
    #[serde(default)]
    pub archived: bool,
    #[serde(default)]
    marked_unread: bool,
    muted_until: Option<String>,
    notify: Option<String>,
}

impl Preference {
    /// For ever, until a time that has not come yet, or by wanting to hear of nothing.
    pub fn is_muted(&self) -> bool {
        let until = self.muted_until.as_deref();
        let is_later = |until: &str| {
            until == "infinity"
                || humantime::parse_rfc3339(until).is_ok_and(|until| until > SystemTime::now())
        };
        self.notify.as_deref() == Some("none") || until.is_some_and(is_later)
    }

    pub fn is_mentions_only(&self) -> bool {
        self.notify.as_deref() == Some("mentions")
    }
}

impl Listed {
    pub fn title(&self) -> &str {
        self.title.as_deref().unwrap_or_else(untitled)
    }

    /// Of a group or room.
    pub fn avatar_id(&self) -> Option<&str> {
        self.avatar_id.as_deref()
    }

    pub fn view(&self, viewer_id: &str, open_id: Option<&str>) -> views::Conversation<'_> {
        views::Conversation {
            id: &self.id,
            kind: &self.kind,
            title: self.title(),
            avatar_id: self.avatar_id(),
            unread: self.unread,
            mentions: self.mentions,
            last_seq: self.last_seq,
            last: self.last_message.as_ref().map(|last| views::Last {
                author: last.author(viewer_id, &self.kind),
                text: last.text(),
                at: &last.created_at,
            }),
            peer: self.peer.as_ref().map(ListedPeer::view),
            muted: self.preference.is_muted(),
            mentions_only: self.preference.is_mentions_only(),
            pinned: self.preference.pinned,
            archived: self.preference.archived,
            marked_unread: self.preference.marked_unread,
            current: open_id == Some(self.id.as_str()),
        }
    }

    /// Whether it is the direct chat with somebody.
    pub fn is_with(&self, person: &ListedPerson) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.id == person.id)
    }

    pub fn option(&self) -> Choice<'_> {
        Choice {
            href: format!("/c/{}", self.id),
            id: &self.id,
            kind: &self.kind,
            title: self.title(),
            avatar_id: self.avatar_id(),
            detail: self.last_message.as_ref().map_or("", LastMessage::text),
            peer: self.peer.as_ref().map(ListedPeer::view),
        }
    }
}

impl<'de> Deserialize<'de> for LastMessage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Fields<'a> {
            kind: String,
            sender_id: Option<String>,
            sender_name: Option<String>,
            body: Option<Cow<'a, str>>,
            /// Not raw: lists are read within other objects too, where nothing is raw any more.
            #[serde(default)]
            data: Option<Value>,
            #[serde(default, deserialize_with = "media")]
            media: Vec<views::Media>,
            created_at: String,
            deleted_at: Option<Cow<'a, str>>,
        }
        let fields = Fields::deserialize(deserializer)?;
        let data = fields
            .data
            .filter(|_| fields.kind == "system" || views::is_card(&fields.kind))
            .and_then(|data| RawValue::from_string(data.to_string()).ok());
        let told = data.as_ref().and_then(|data| told_data(&fields.kind, data));
        let data = data.and_then(|data| card_data(&fields.kind, &data));
        let text = match fields.deleted_at {
            Some(_) => tr(views::DELETED).to_owned(),
            None if fields.kind == "system" => {
                let words = views::told_words(fields.body.as_deref(), told.as_ref());
                words.text().into_owned()
            }
            None => views::summary(
                &fields.kind,
                fields.body.as_deref(),
                data.as_ref(),
                &fields.media,
            )
            .into_owned(),
        };
        Ok(Self {
            kind: fields.kind,
            sender_id: fields.sender_id,
            sender_name: fields.sender_name,
            text,
            created_at: fields.created_at,
        })
    }
}

impl LastMessage {
    fn text(&self) -> &str {
        &self.text
    }

    fn author(&self, viewer_id: &str, kind: &str) -> Option<&str> {
        // A call says by itself how it went for whom.
        if matches!(self.kind.as_str(), "system" | "call") {
            None
        } else if self.sender_id.as_deref() == Some(viewer_id) {
            Some(tr("You"))
        } else if kind == "direct" {
            None
        } else {
            self.sender_name.as_deref()
        }
    }
}

/// Somebody who can be written to.
#[derive(Deserialize)]
pub struct ListedPerson {
    id: String,
    name: String,
    avatar_id: Option<String>,
    username: Option<String>,
    status: String,
    last_seen_at: Option<String>,
}

impl ListedPerson {
    pub fn is(&self, other: &Self) -> bool {
        self.id == other.id
    }

    pub fn is_user(&self, user: Uuid) -> bool {
        self.id == user.to_string()
    }

    pub fn view(&self, viewer: Uuid) -> views::Person<'_> {
        views::Person {
            id: &self.id,
            name: &self.name,
            avatar_id: self.avatar_id.as_deref(),
            username: self.username.as_deref(),
            status: &self.status,
            last_seen_at: self.last_seen_at.as_deref(),
            role: None,
            is_viewer: self.id == viewer.to_string(),
        }
    }

    pub fn option(&self) -> Choice<'_> {
        Choice {
            href: format!("/u/{}", self.id),
            id: &self.id,
            kind: "direct",
            title: &self.name,
            avatar_id: None,
            detail: self.username.as_deref().unwrap_or_default(),
            peer: Some(views::Peer {
                id: &self.id,
                avatar_id: self.avatar_id.as_deref(),
                status: &self.status,
                last_seen_at: self.last_seen_at.as_deref(),
            }),
        }
    }
}

/// A member of a conversation, to be chosen from its people.
#[derive(Deserialize)]
pub struct ListedMember {
    user_id: String,
    user_name: String,
    avatar_id: Option<String>,
    username: Option<String>,
}

impl ListedMember {
    pub fn name(&self) -> &str {
        &self.user_name
    }

    /// Whether it is a part of a name, in whatever case and accents.
    pub fn is_called(&self, part: &str) -> bool {
        let names = [Some(&self.user_name), self.username.as_ref()];
        names
            .into_iter()
            .flatten()
            .any(|name| views::is_part_of(part, name))
    }

    pub fn view(&self, viewer: Uuid) -> views::Person<'_> {
        views::Person {
            id: &self.user_id,
            name: &self.user_name,
            avatar_id: self.avatar_id.as_deref(),
            username: self.username.as_deref(),
            status: "offline",
            last_seen_at: None,
            role: None,
            is_viewer: self.user_id == viewer.to_string(),
        }
    }
}

/// What the switcher offers, with the address that it leads to.
pub struct Choice<'a> {
    href: String,
    id: &'a str,
    kind: &'a str,
    title: &'a str,
    avatar_id: Option<&'a str>,
    detail: &'a str,
    peer: Option<views::Peer<'a>>,
}

impl Choice<'_> {
    pub fn view(&self) -> views::Found<'_> {
        views::Found {
            href: &self.href,
            id: self.id,
            kind: self.kind,
            title: self.title,
            avatar_id: self.avatar_id,
            detail: self.detail,
            peer: self.peer,
        }
    }
}

/// The database's own JSON: that it can not be read is our mistake.
pub fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Problem> {
    serde_json::from_str(json).map_err(|error| {
        tracing::error!(%error, "the database's JSON can not be read");
        Problem::internal()
    })
}

/// The same of each of a list.
pub fn read_all<'a, T: Deserialize<'a>>(rows: &'a [String]) -> Result<Vec<T>, Problem> {
    rows.iter().map(|json| read(json)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_muted_until_its_time_has_come() {
        let muted = |until: &str| Preference {
            muted_until: Some(until.to_owned()),
            notify: None,
            ..Preference::default()
        };
        assert!(muted("infinity").is_muted() && muted("2999-01-01T00:00:00Z").is_muted());
        assert!(!muted("2020-01-01T00:00:00Z").is_muted() && !Preference::default().is_muted());
        let none = Preference {
            notify: Some("none".to_owned()),
            muted_until: None,
            ..Preference::default()
        };
        assert!(none.is_muted());
    }

    #[test]
    fn the_last_line_is_plain_words_whatever_was_said() {
        let text = |more: &str| {
            let json = format!(
                r#"{{"sender_id":null,"sender_name":null,"created_at":"2026-01-01T00:00:00Z","deleted_at":null,{more}}}"#
            );
            let within: serde_json::Value = serde_json::from_str(&json).unwrap();
            let text = serde_json::from_value::<LastMessage>(within).unwrap().text;
            assert_eq!(
                serde_json::from_str::<LastMessage>(&json).unwrap().text,
                text
            );
            text
        };
        assert_eq!(text(r#""kind":"text","body":"**Hi** _there_""#), "Hi there");
        assert_eq!(text(r#""kind":"voice","body":null"#), "Voice message");
        let file = r#""kind":"file","body":"see","data":{"name":"a.pdf","url":1}"#;
        assert_eq!(text(file), "File: a.pdf: see");
    }
}
