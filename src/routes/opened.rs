//! What the pane of a page shows: a conversation with a page of its messages and its people.

use std::collections::BTreeMap;

use serde::Deserialize;
use uuid::Uuid;

use super::Site;
use super::listed::{self, Listed, ListedPeer};
use super::pages::Place;
use crate::frame::MessageFields;
use crate::postgres::DatabaseError;
use crate::postgres::messages::HistoryPlace;
use crate::postgres::sessions::Session;
use crate::problem::Problem;

/// Messages that a pane begins with; the script asks for more.
const PANE_MESSAGES: i32 = 50;
/// As many unread ones are shown below the last one read; with more, the page opens where they begin.
const UNREAD_AT_END_MAX: i64 = 40;
/// Up to as many members are told apart: their receipts are announced each (see `chat.to_receipt_readers`).
pub(super) const PANE_MEMBERS: i32 = 100;

/// A place, read for one reader.
pub struct Opened {
    viewer: Uuid,
    content: Content,
}

enum Content {
    Begun(Box<Begun>),
    /// A direct chat without a message yet: the one it would be with.
    NotBegun(Person),
    /// The reader has asked to be let in.
    Asked(AskedFor),
}

/// What somebody who waits may know.
#[derive(Deserialize)]
struct AskedFor {
    id: String,
    kind: String,
    title: String,
    description: Option<String>,
    member_count: i64,
}

struct Begun {
    conversation: Conversation,
    /// JSON of a page of messages.
    history: String,
    /// JSON of each pinned message.
    pins: Vec<String>,
    /// JSON of each member.
    members: Vec<String>,
    highlight: Option<i64>,
    /// The seq that the page of messages lies around; None: it ends with the newest.
    around: Option<i64>,
}

#[derive(Deserialize)]
struct Conversation {
    #[serde(flatten)]
    listed: Listed,
    description: Option<String>,
    is_general: bool,
    role: String,
    read_seq: i64,
    closed_at: Option<String>,
    member_count: i64,
}

#[derive(Deserialize)]
struct Person {
    id: String,
    name: String,
    avatar_id: Option<String>,
    /// Not in the user's JSON: it is of the moment.
    #[serde(default)]
    status: String,
    last_seen_at: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Member<'a> {
    user_id: &'a str,
    user_name: String,
    avatar_id: Option<&'a str>,
    username: Option<&'a str>,
    role: &'a str,
    status: &'a str,
    last_seen_at: Option<&'a str>,
    delivered_seq: i64,
    read_seq: i64,
}

#[derive(Deserialize)]
struct MessagePage<'a> {
    #[serde(borrow)]
    items: Vec<MessageFields<'a>>,
}

impl Opened {
    /// None: the list alone, or there is no general room.
    pub async fn read(
        site: &Site,
        session: &Session,
        place: Place,
    ) -> Result<Option<Self>, Problem> {
        let viewer = session.user_id;
        let (id, seq) = match place {
            Place::Chats => return Ok(None),
            Place::General => match site.database.general_id().await? {
                Some(id) => (id, None),
                None => return Ok(None),
            },
            Place::Conversation { id, seq } => (id, seq),
            Place::Person(user) => match site.database.direct_id(viewer, user).await? {
                Some(id) => (id, None),
                None => return Self::not_begun(site, viewer, user).await.map(Some),
            },
        };
        let json = match site.database.read_conversation(viewer, id).await {
            Err(DatabaseError::Refused(refusal)) if refusal.code == "not_a_member" => {
                let Some(json) = site.database.read_request(viewer, id).await? else {
                    return Err(DatabaseError::Refused(refusal).into());
                };
                let content = Content::Asked(listed::read(&json)?);
                return Ok(Some(Self { viewer, content }));
            }
            read => read?,
        };
        let conversation: Conversation = listed::read(&json)?;
        let around = match seq {
            Some(seq) => Some(seq),
            // Where the unread ones begin, with what was read last above them.
            None if conversation.listed.last_seq - conversation.read_seq > UNREAD_AT_END_MAX
                && conversation.listed.unread > 0 =>
            {
                Some(conversation.read_seq + 1)
            }
            None => None,
        };
        let history = around.map_or(HistoryPlace::Newest, HistoryPlace::Around);
        let history = site
            .database
            .history_page(viewer, id, history, PANE_MESSAGES)
            .await?;
        let members = site
            .database
            .list_members(viewer, id, None, PANE_MEMBERS)
            .await?;
        let pins = site.database.list_pins(viewer, id).await?;
        let begun = Begun {
            conversation,
            history,
            pins,
            members,
            highlight: seq,
            around,
        };
        Ok(Some(Self {
            viewer,
            content: Content::Begun(Box::new(begun)),
        }))
    }

    async fn not_begun(site: &Site, viewer: Uuid, user: Uuid) -> Result<Self, Problem> {
        let json = site.database.read_user(user).await?;
        let json = json.ok_or_else(Problem::not_found)?;
        let mut person: Person = listed::read(&json)?;
        person.status = site.database.status_of(user).await?;
        Ok(Self {
            viewer,
            content: Content::NotBegun(person),
        })
    }

    /// Of the conversation, if it has begun.
    pub fn id(&self) -> Option<&str> {
        match &self.content {
            Content::Begun(begun) => Some(&begun.conversation.listed.id),
            Content::NotBegun(_) | Content::Asked(_) => None,
        }
    }

    /// What the reader waits for, if it is that.
    pub fn waiting(&self) -> Option<views::Waiting<'_>> {
        match &self.content {
            Content::Asked(asked) => Some(views::Waiting {
                id: &asked.id,
                kind: &asked.kind,
                title: &asked.title,
                description: asked.description.as_deref(),
                member_count: asked.member_count,
            }),
            _ => None,
        }
    }

    /// Gives what was read to `render`, as the views know it.
    pub fn show<R>(&self, render: impl FnOnce(views::Pane<'_>) -> R) -> Result<R, Problem> {
        match &self.content {
            Content::Begun(begun) => begun.show(self.viewer, render),
            Content::NotBegun(person) => Ok(render(person.pane(self.viewer))),
            Content::Asked(_) => Err(Problem::not_found()),
        }
    }
}

impl Begun {
    fn show<R>(
        &self,
        viewer: Uuid,
        render: impl FnOnce(views::Pane<'_>) -> R,
    ) -> Result<R, Problem> {
        let conversation = &self.conversation;
        let page: MessagePage<'_> = listed::read(&self.history)?;
        let messages: Vec<_> = page.items.iter().map(MessageFields::view).collect();
        let pins: Vec<MessageFields<'_>> = listed::read_all(&self.pins)?;
        let pins: Vec<_> = pins.iter().map(MessageFields::view).collect();
        let members: Vec<Member<'_>> = listed::read_all(&self.members)?;
        let viewer_id = viewer.to_string();
        let mut people: Vec<_> = members
            .iter()
            .map(|member| member.view(&viewer_id))
            .collect();
        // Who is there comes first: one came to talk.
        sort(&mut people);
        let marks: BTreeMap<_, _> = members
            .iter()
            .filter(|member| member.user_id != viewer_id)
            .map(|member| (member.user_id, [member.delivered_seq, member.read_seq]))
            .collect();
        let marks = serde_json::to_string(&marks).map_err(|_| Problem::internal())?;
        let is_told_apart = conversation.member_count <= i64::from(PANE_MEMBERS);

        let last_seq = conversation.listed.last_seq;
        // A page may be empty: its reader has hidden all of it.
        let place = self.around.map_or(last_seq, |seq| seq.clamp(0, last_seq)) + 1;
        let first = messages.first().map_or(place, |message| message.seq);
        let last = messages.last().map_or(place - 1, |message| message.seq);
        let pane = views::Pane {
            id: Some(&conversation.listed.id),
            kind: &conversation.listed.kind,
            is_general: conversation.is_general,
            title: conversation.listed.title(),
            avatar_id: conversation.listed.avatar_id(),
            description: conversation.description.as_deref(),
            peer: conversation.listed.peer.as_ref().map(ListedPeer::view),
            role: &conversation.role,
            muted: conversation.listed.preference.is_muted(),
            pinned: conversation.listed.preference.pinned,
            archived: conversation.listed.preference.archived,
            mentions_only: conversation.listed.preference.is_mentions_only(),
            blocked: conversation
                .listed
                .peer
                .as_ref()
                .is_some_and(|peer| peer.blocked),
            closed: conversation.closed_at.is_some(),
            messages: &messages,
            pins: &pins,
            older: (first > 1).then_some(first),
            newer: (self.around.is_some() && last < last_seq).then_some(last),
            last_seq,
            read_seq: conversation.read_seq,
            unread: conversation.listed.unread,
            highlight: self.highlight,
            marks: is_told_apart.then_some(marks.as_str()),
            members: &people,
            member_count: conversation.member_count,
        };
        Ok(render(pane))
    }
}

pub(super) fn sort(people: &mut [views::Person<'_>]) {
    people.sort_by_cached_key(|person| (presence_rank(person.status), person.name.to_lowercase()));
}

fn presence_rank(status: &str) -> u8 {
    match status {
        "online" => 0,
        "away" => 1,
        _ => 2,
    }
}

impl Person {
    fn pane(&self, viewer: Uuid) -> views::Pane<'_> {
        views::Pane {
            id: None,
            kind: "direct",
            is_general: false,
            title: &self.name,
            avatar_id: None,
            description: None,
            peer: Some(views::Peer {
                id: &self.id,
                avatar_id: self.avatar_id.as_deref(),
                status: &self.status,
                last_seen_at: self.last_seen_at.as_deref(),
            }),
            role: "member",
            muted: false,
            pinned: false,
            archived: false,
            mentions_only: false,
            blocked: false,
            closed: false,
            messages: &[],
            pins: &[],
            older: None,
            newer: None,
            last_seq: 0,
            read_seq: 0,
            unread: 0,
            highlight: None,
            marks: None,
            members: &[],
            member_count: if self.id == viewer.to_string() { 1 } else { 2 },
        }
    }
}

impl Member<'_> {
    pub(super) fn view(&self, viewer_id: &str) -> views::Person<'_> {
        views::Person {
            id: self.user_id,
            name: &self.user_name,
            avatar_id: self.avatar_id,
            username: self.username,
            status: self.status,
            last_seen_at: self.last_seen_at,
            role: Some(self.role),
            is_viewer: self.user_id == viewer_id,
        }
    }
}
