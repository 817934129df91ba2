//! What clients read.

use super::*;

/// ISO 8601 in UTC, with microseconds.
#[derive(ToSchema)]
#[schema(value_type = String, format = DateTime, examples("2026-11-21T05:04:00.958466Z"))]
pub struct Time(String);

#[derive(ToSchema)]
pub struct Message {
    id: Uuid,
    conversation_id: Uuid,
    /// Its place in the conversation: from 1, without gaps, in the order of commit.
    #[schema(minimum = 1)]
    seq: i64,
    /// Null: the system's.
    #[schema(required)]
    sender_id: Option<Uuid>,
    #[schema(required)]
    sender_name: Option<String>,
    /// The sender's picture; not there where they have none.
    #[schema(required = false)]
    sender_avatar_id: Uuid,
    /// One of those that can be sent, or system.
    kind: String,
    /// Null once deleted, and of kinds without a caption.
    #[schema(required)]
    body: Option<String>,
    /// As it was sent; null once deleted.
    #[schema(required, value_type = Option<Object>)]
    data: Option<()>,
    /// What it shows; null for nothing, and once deleted.
    #[schema(required)]
    media: Option<Vec<ShownMedia>>,
    #[schema(required)]
    reply_to: Option<Uuid>,
    #[schema(required)]
    reply: Option<Reply>,
    /// Whether it repeats a message from elsewhere.
    forwarded: bool,
    #[schema(required)]
    client_id: Option<String>,
    created_at: Time,
    #[schema(required)]
    edited_at: Option<Time>,
    #[schema(required)]
    deleted_at: Option<Time>,
    #[schema(required)]
    pinned_at: Option<Time>,
    #[schema(required)]
    pinned_by: Option<Uuid>,
    mentions: Vec<Mentioned>,
    reactions: Vec<ReactionCount>,
    #[schema(required)]
    preview: Option<Preview>,
    /// Raised by every change: of two states the one with the higher revision is the newer.
    #[schema(minimum = 1)]
    revision: i64,
    /// With `render=html` only: the fragment that shows it.
    #[schema(required = false)]
    html: String,
}

/// What a message shows.
#[derive(ToSchema)]
pub struct ShownMedia {
    id: Uuid,
    /// Its file name.
    name: String,
    /// Bytes.
    #[schema(required)]
    size: Option<i64>,
    /// By its content; null until somebody has looked, a moment after it came.
    #[schema(rename = "type", required)]
    media_type: Option<String>,
    /// Pixels as shown; null of what has none.
    #[schema(required)]
    width: Option<i32>,
    #[schema(required)]
    height: Option<i32>,
    /// Null of what has none, and of what does not tell.
    #[schema(required)]
    duration_ms: Option<i64>,
    /// Whether an image moves.
    animated: bool,
    /// Null where there is no small image of it.
    #[schema(required)]
    thumbnail: Option<ThumbnailSize>,
}

/// Pixels of a small image.
#[derive(ToSchema)]
pub struct ThumbnailSize {
    width: i32,
    height: i32,
}

/// A file.
#[derive(ToSchema)]
pub struct Media {
    id: Uuid,
    name: String,
    /// uploading, stored (whole, and nobody has looked at it yet), ready, or abandoned.
    state: String,
    /// Bytes; null while nobody knows.
    #[schema(required)]
    size: Option<i64>,
    /// Bytes that are there.
    received: i64,
    #[schema(rename = "type", required)]
    media_type: Option<String>,
    #[schema(required)]
    width: Option<i32>,
    #[schema(required)]
    height: Option<i32>,
    #[schema(required)]
    duration_ms: Option<i64>,
    animated: bool,
    #[schema(required)]
    thumbnail: Option<ThumbnailSize>,
}

/// Stickers that belong together.
#[derive(ToSchema)]
pub struct StickerPack {
    name: String,
    title: String,
    stickers: Vec<PackedSticker>,
}

/// A sticker of a pack.
#[derive(ToSchema)]
pub struct PackedSticker {
    name: String,
    alt: String,
    #[schema(required)]
    emoji: Option<String>,
    media: Media,
}

/// A GIF that somebody shared.
#[derive(ToSchema)]
pub struct SharedGif {
    media: Media,
    #[schema(required)]
    alt: Option<String>,
}

/// The message that another one answers, as of when this JSON was made.
#[derive(ToSchema)]
pub struct Reply {
    id: Uuid,
    seq: i64,
    #[schema(required)]
    sender_id: Option<Uuid>,
    #[schema(required)]
    sender_name: Option<String>,
    kind: String,
    #[schema(required, schema_with = excerpt)]
    excerpt: Option<String>,
    deleted: bool,
}

#[derive(ToSchema)]
pub struct Mentioned {
    id: Uuid,
    name: String,
    #[schema(required)]
    username: Option<String>,
}

#[derive(ToSchema)]
pub struct ReactionCount {
    emoji: String,
    #[schema(minimum = 1)]
    count: i64,
    /// Who gave it first.
    #[schema(schema_with = reaction_users)]
    user_ids: Vec<Uuid>,
}

#[derive(ToSchema)]
pub struct Preview {
    url: String,
    #[schema(required)]
    title: Option<String>,
    #[schema(required)]
    description: Option<String>,
    #[schema(required)]
    site_name: Option<String>,
}

/// In order of `seq`.
#[derive(ToSchema)]
pub struct MessagePage {
    items: Vec<Message>,
    /// What the next page in the same direction is asked by; null at the end.
    #[schema(required)]
    next: Option<i64>,
}

/// A message that was found, and where.
#[derive(ToSchema)]
pub struct SearchHit {
    message: Message,
    conversation: FoundIn,
}

/// The conversation of what was found.
#[derive(ToSchema)]
pub struct FoundIn {
    id: Uuid,
    kind: String,
    /// Of a direct chat the other's name.
    #[schema(required)]
    title: Option<String>,
}

#[derive(ToSchema)]
pub struct Page<T> {
    items: Vec<T>,
    /// What the next page is asked by; null at the end.
    #[schema(required)]
    next: Option<String>,
}

/// All there are, in one page.
#[derive(ToSchema)]
pub struct List<T> {
    items: Vec<T>,
    #[schema(schema_with = null)]
    next: (),
}

#[derive(ToSchema)]
pub struct Reaction {
    emoji: String,
    user_id: Uuid,
    user_name: String,
    /// The picture.
    #[schema(required)]
    avatar_id: Option<Uuid>,
    reacted_at: Time,
}

/// What a message said before an edit.
#[derive(ToSchema)]
pub struct Revision {
    revision: i64,
    #[schema(required)]
    body: Option<String>,
    #[schema(required, value_type = Option<Object>)]
    data: Option<()>,
    replaced_at: Time,
    #[schema(required)]
    replaced_by: Option<Uuid>,
}

#[derive(ToSchema)]
pub struct Receipts {
    delivered_count: i64,
    read_count: i64,
    /// Null above 100 members.
    #[schema(required)]
    items: Option<Vec<Receipt>>,
}

#[derive(ToSchema)]
pub struct Receipt {
    user_id: Uuid,
    user_name: String,
    /// The picture.
    #[schema(required)]
    avatar_id: Option<Uuid>,
    #[schema(required)]
    delivered_at: Option<Time>,
    #[schema(required)]
    read_at: Option<Time>,
}

/// How far somebody is in a conversation.
#[derive(ToSchema)]
pub struct Marks {
    conversation_id: Uuid,
    delivered_seq: i64,
    read_seq: i64,
}

#[derive(ToSchema)]
pub struct User {
    id: Uuid,
    #[schema(required)]
    username: Option<String>,
    name: String,
    /// The picture: an image to be read at /api/media.
    #[schema(required)]
    avatar_id: Option<Uuid>,
    /// What they say of themselves.
    #[schema(required)]
    about: Option<String>,
    /// What they say of the moment, in one line.
    #[schema(required)]
    status_text: Option<String>,
    is_guest: bool,
    #[schema(required)]
    last_seen_at: Option<Time>,
    created_at: Time,
    #[schema(required)]
    deactivated_at: Option<Time>,
    revision: i64,
}

/// A user in a list.
#[derive(ToSchema)]
pub struct ListedUser {
    id: Uuid,
    #[schema(required)]
    username: Option<String>,
    name: String,
    /// The picture.
    #[schema(required)]
    avatar_id: Option<Uuid>,
    #[schema(required)]
    status_text: Option<String>,
    is_guest: bool,
    online: bool,
    /// online, away or offline.
    status: String,
    #[schema(required)]
    last_seen_at: Option<Time>,
    revision: i64,
}

#[derive(ToSchema)]
pub struct Presence {
    #[schema(schema_with = presence)]
    status: String,
}

/// A conversation. What is its reader's own stands in it where one is read, listed or made; `member_count` and `others`
/// where it is read or made alone. What is changed is answered as everyone sees it.
#[derive(ToSchema)]
pub struct Conversation {
    id: Uuid,
    /// direct, group or room.
    kind: String,
    /// Of a direct one: the other's name, for its reader.
    #[schema(required)]
    title: Option<String>,
    /// The title, of a group just made.
    #[schema(required = false)]
    name: String,
    #[schema(required)]
    description: Option<String>,
    /// The picture of a group or room.
    #[schema(required)]
    avatar_id: Option<Uuid>,
    /// What it is about, in the host's own words; null for nothing.
    #[schema(required)]
    topic: Option<String>,
    #[schema(schema_with = join_policy)]
    join_policy: String,
    is_general: bool,
    /// The two of a direct one; null of others.
    #[schema(required)]
    members: Option<Vec<NamedUser>>,
    #[schema(required)]
    created_by: Option<Uuid>,
    created_at: Time,
    #[schema(required)]
    closed_at: Option<Time>,
    last_seq: i64,
    #[schema(required)]
    last_message_at: Option<Time>,
    revision: i64,
    #[schema(required = false)]
    peer: Peer,
    #[schema(required = false, schema_with = role)]
    role: String,
    #[schema(required = false)]
    delivered_seq: i64,
    #[schema(required = false)]
    read_seq: i64,
    /// Stops at 10,000.
    #[schema(required = false)]
    unread: i64,
    /// How many of the unread ones mention the reader.
    #[schema(required = false)]
    mentions: i64,
    last_message: Option<Message>,
    #[schema(required = false)]
    preference: OwnPreference,
    /// Stops at 10,000.
    #[schema(required = false)]
    member_count: i64,
    others: Option<OthersMarks>,
}

#[derive(ToSchema)]
pub struct NamedUser {
    id: Uuid,
    name: String,
    /// The picture.
    #[schema(required)]
    avatar_id: Option<Uuid>,
}

/// The other one of a direct conversation.
#[derive(ToSchema)]
pub struct Peer {
    id: Uuid,
    /// The picture.
    #[schema(required)]
    avatar_id: Option<Uuid>,
    /// online, away or offline.
    status: String,
    #[schema(required)]
    last_seen_at: Option<Time>,
    /// Whether the reader blocks them.
    blocked: bool,
}

/// How far all the others are at least.
#[derive(ToSchema)]
pub struct OthersMarks {
    delivered_seq: i64,
    read_seq: i64,
}

#[derive(ToSchema)]
pub struct OwnPreference {
    pinned: bool,
    archived: bool,
    /// A time, infinity, or null.
    #[schema(required)]
    muted_until: Option<String>,
    #[schema(schema_with = notify)]
    notify: String,
    marked_unread: bool,
}

#[derive(ToSchema)]
pub struct Preference {
    conversation_id: Uuid,
    pinned: bool,
    archived: bool,
    /// A time, infinity, or null.
    #[schema(required)]
    muted_until: Option<String>,
    #[schema(schema_with = notify)]
    notify: String,
    marked_unread: bool,
    revision: i64,
}

#[derive(ToSchema)]
pub struct Member {
    conversation_id: Uuid,
    user_id: Uuid,
    user_name: String,
    /// The picture.
    #[schema(required)]
    avatar_id: Option<Uuid>,
    #[schema(schema_with = role)]
    role: String,
    /// active, left, or pending: waits to be let in.
    state: String,
    /// When they asked to be let in.
    #[schema(required)]
    asked_at: Option<Time>,
    #[schema(required)]
    joined_at: Option<Time>,
    #[schema(required)]
    left_at: Option<Time>,
    revision: i64,
}

/// A member in a list.
#[derive(ToSchema)]
pub struct ListedMember {
    conversation_id: Uuid,
    user_id: Uuid,
    user_name: String,
    /// The picture.
    #[schema(required)]
    avatar_id: Option<Uuid>,
    #[schema(schema_with = role)]
    role: String,
    state: String,
    #[schema(required)]
    asked_at: Option<Time>,
    #[schema(required)]
    joined_at: Option<Time>,
    #[schema(required)]
    left_at: Option<Time>,
    revision: i64,
    delivered_seq: i64,
    read_seq: i64,
    /// Their handle.
    #[schema(required)]
    username: Option<String>,
    online: bool,
    /// online, away or offline.
    status: String,
    #[schema(required)]
    last_seen_at: Option<Time>,
}

/// With whom: by id, or by the host's own id for them.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub enum OpenDirect {
    ById {
        user_id: Uuid,
    },
    ByExternalId {
        #[schema(min_length = 1, max_length = 200)]
        external_id: String,
    },
}

/// Whom to add: one, or several at once.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub enum AddMembers {
    One {
        user_id: Uuid,
        #[serde(default)]
        #[schema(schema_with = new_role)]
        role: String,
    },
    Several {
        #[schema(schema_with = added_ids)]
        user_ids: Vec<Uuid>,
        #[serde(default)]
        #[schema(schema_with = new_role)]
        role: String,
    },
}

fn added_ids() -> RefOr<Schema> {
    ids(1, MEMBERS_AT_ONCE_MAX)
}

/// The membership; a list of them when several were asked for.
pub struct Added;

impl PartialSchema for Added {
    fn schema() -> RefOr<Schema> {
        OneOfBuilder::new()
            .item(Member::schema())
            .item(List::<Member>::schema())
            .into()
    }
}

impl ToSchema for Added {
    fn name() -> Cow<'static, str> {
        "Added".into()
    }
}

/// A link into a conversation, for its owners and admins.
#[derive(ToSchema)]
pub struct Invite {
    /// The link is `/i/{token}`.
    token: String,
    conversation_id: Uuid,
    #[schema(required)]
    created_by: Option<Uuid>,
    #[schema(required)]
    creator_name: Option<String>,
    created_at: Time,
    #[schema(required)]
    expires_at: Option<Time>,
    #[schema(required)]
    max_uses: Option<i32>,
    uses: i32,
    #[schema(required)]
    revoked_at: Option<Time>,
}

/// Where a link leads, as whoever has it may see.
#[derive(ToSchema)]
pub struct Invitation {
    conversation_id: Uuid,
    /// group or room.
    kind: String,
    title: String,
    #[schema(required)]
    description: Option<String>,
    /// Stops at 10,000.
    member_count: i64,
    #[schema(schema_with = join_policy)]
    join_policy: String,
    /// The reader's own: active, pending, left, or null.
    #[schema(required)]
    state: Option<String>,
}

/// A room that can be found.
#[derive(ToSchema)]
pub struct ListedRoom {
    id: Uuid,
    title: String,
    #[schema(required)]
    description: Option<String>,
    /// open or approval.
    join_policy: String,
    is_general: bool,
    /// Stops at 10,000.
    member_count: i64,
    /// The reader's own: active, pending, left, or null.
    #[schema(required)]
    state: Option<String>,
}

/// Somebody whom the reader blocks, or does no more.
#[derive(ToSchema)]
pub struct Block {
    user_id: Uuid,
    user_name: String,
    blocked: bool,
    created_at: Time,
    revision: i64,
}

/// Somebody whom the reader blocks.
#[derive(ToSchema)]
pub struct ListedBlock {
    user_id: Uuid,
    user_name: String,
    #[schema(required)]
    username: Option<String>,
    blocked: bool,
    created_at: Time,
    revision: i64,
}

/// A call. `conversation` and `log` stand in it where one is read or acted on; `conversation` in lists too.
#[derive(ToSchema)]
pub struct Call {
    id: Uuid,
    conversation_id: Uuid,
    #[schema(schema_with = call_media)]
    media: String,
    #[schema(schema_with = call_state)]
    state: String,
    /// The caller.
    created_by: Uuid,
    created_at: Time,
    #[schema(required)]
    answered_at: Option<Time>,
    #[schema(required)]
    ended_at: Option<Time>,
    /// completed, missed, declined, busy or cancelled; null until it ended.
    #[schema(required)]
    end_reason: Option<String>,
    /// Null of one that nobody answered, or that goes on.
    #[schema(required)]
    duration_ms: Option<i64>,
    /// The caller first.
    participants: Vec<CallParticipant>,
    #[schema(minimum = 1)]
    revision: i64,
    #[schema(required = false)]
    conversation: FoundIn,
    #[schema(required = false)]
    log: Vec<CallLogged>,
}

#[derive(ToSchema)]
pub struct CallParticipant {
    user_id: Uuid,
    user_name: String,
    #[schema(schema_with = participant_state)]
    state: String,
    /// By which they are in it.
    #[schema(required)]
    device: Option<String>,
    #[schema(required)]
    joined_at: Option<Time>,
    #[schema(required)]
    left_at: Option<Time>,
}

/// An action that a call accepted.
#[derive(ToSchema)]
pub struct CallLogged {
    #[schema(minimum = 1)]
    number: i64,
    at: Time,
    /// Null: the system.
    #[schema(required)]
    user_id: Option<Uuid>,
    action: String,
    #[schema(required)]
    device: Option<String>,
    /// What the user was in it afterwards; null for who was not in it.
    #[schema(required, schema_with = logged_state)]
    state: Option<String>,
    #[schema(schema_with = call_state)]
    call_state: String,
}

#[derive(ToSchema)]
pub struct Signalled {
    /// passed_on.
    status: String,
}

#[derive(ToSchema)]
pub struct Session {
    id: Uuid,
    #[schema(required)]
    user_agent: Option<String>,
    /// How it began: guest, password, jwt, url, sql, or token.
    began_by: String,
    created_at: Time,
    /// To some ten minutes; null while it was never connected.
    #[schema(required)]
    last_seen_at: Option<Time>,
    expires_at: Time,
}

/// A session just begun.
#[derive(ToSchema)]
pub struct Begun {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// bearer.
    token_type: String,
    /// Seconds. Where the host's word is what the session stands on, it can be put off.
    expires_in: i64,
    user: User,
}

/// A session just begun, of a user just made.
#[derive(ToSchema)]
pub struct SignedUp {
    access_token: String,
    /// bearer.
    token_type: String,
    /// Seconds.
    expires_in: i64,
    user: User,
    /// User created.
    message: String,
}

#[derive(ToSchema)]
pub struct PasswordChanged {
    /// changed.
    status: String,
}

#[derive(ToSchema)]
pub struct Ended {
    id: Uuid,
    /// ended.
    status: String,
}

#[derive(ToSchema)]
pub struct LoggedOut {
    /// logged_out.
    status: String,
}

#[derive(ToSchema)]
pub struct EmbedCheck {
    /// Whether pages of this origin may show the chat in a frame, and ask the API.
    allowed: bool,
    /// The page's own; null of what has none that could be named, as a file on a disk.
    #[schema(required)]
    origin: Option<String>,
    /// The setting that would allow it, in full; null where nothing is to be set.
    #[schema(required)]
    set: Option<String>,
}

#[derive(ToSchema)]
pub struct Health {
    /// ok.
    status: String,
    version: String,
}

#[derive(ToSchema)]
pub struct Ready {
    ready: bool,
    /// It answers.
    database: bool,
    /// It is of this server's version.
    schema: bool,
    /// What is announced is heard.
    listener: bool,
}

#[derive(ToSchema)]
pub struct Changes {
    /// The cursor was of no use: load everything afresh.
    reset: bool,
    /// To ask by next time.
    cursor: String,
    #[schema(schema_with = events)]
    events: Vec<()>,
}

fn events() -> RefOr<Schema> {
    ArrayBuilder::new().items(any_object()).into()
}

/// RFC 9457, with a `code`.
#[derive(ToSchema)]
pub struct Problem {
    /// about:blank.
    r#type: String,
    title: String,
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// A stable key.
    code: String,
    /// A sentence for people; names the field and the rule.
    detail: String,
}
