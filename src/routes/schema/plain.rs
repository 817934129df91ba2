//! What clients of other chats send and read.

use super::*;

/// A message as other chats know one: flat.
#[derive(ToSchema)]
pub struct PlainMessage {
    id: Uuid,
    conversation_id: Uuid,
    /// The sender; null: the system.
    #[schema(required)]
    user_id: Option<Uuid>,
    #[schema(required)]
    user_name: Option<String>,
    #[schema(required)]
    sender_id: Option<Uuid>,
    /// Of a conversation of two: the other; else null.
    #[schema(required)]
    receiver_id: Option<Uuid>,
    /// Of a group or room; else null.
    #[schema(required)]
    group_id: Option<Uuid>,
    /// What it says; of a file without a caption its name.
    content: String,
    kind: String,
    /// The first file that it shows.
    #[schema(required)]
    media_id: Option<Uuid>,
    timestamp: Time,
    /// By anybody but the sender.
    is_delivered: bool,
    /// By anybody but the sender.
    is_read: bool,
}

/// Oldest first.
#[derive(ToSchema)]
pub struct PlainPage {
    messages: Vec<PlainMessage>,
    /// The offset of the messages before these; null where there are none, and where an offset goes no further.
    #[schema(required)]
    next_offset: Option<i32>,
}

/// To a person, a group or a conversation.
#[derive(ToSchema, Deserialize)]
#[serde(untagged)]
pub enum PlainSend {
    User {
        receiver_id: Uuid,
        #[schema(schema_with = body)]
        content: String,
        #[serde(default)]
        #[schema(schema_with = client_id)]
        client_id: Option<String>,
    },
    Group {
        group_id: Uuid,
        #[schema(schema_with = body)]
        content: String,
    },
    Conversation {
        conversation_id: Uuid,
        #[schema(schema_with = body)]
        content: String,
        /// A file that it shows; then content is a caption, and may be left out.
        #[serde(default)]
        #[schema(required = false)]
        media_id: Option<Uuid>,
    },
}

/// A user just made, with a token of theirs.
#[derive(ToSchema)]
pub struct MadeUser {
    id: Uuid,
    #[schema(required)]
    username: Option<String>,
    name: String,
    #[schema(required)]
    avatar_id: Option<Uuid>,
    #[schema(required)]
    about: Option<String>,
    #[schema(required)]
    status_text: Option<String>,
    is_guest: bool,
    #[schema(required)]
    last_seen_at: Option<Time>,
    created_at: Time,
    #[schema(required)]
    deactivated_at: Option<Time>,
    revision: i64,
    /// For `Authorization: Bearer`.
    access_token: String,
    /// bearer.
    token_type: String,
    /// Seconds.
    expires_in: i64,
}

#[derive(ToSchema)]
pub struct OnlineUsers {
    users: Vec<OnlineUser>,
}

#[derive(ToSchema)]
pub struct OnlineUser {
    id: Uuid,
    name: String,
    is_online: bool,
}

#[derive(ToSchema)]
pub struct OpenedChat {
    chat_id: Uuid,
    /// created, also of one that was there.
    status: String,
}

#[derive(ToSchema)]
pub struct PlainRoom {
    room_id: Uuid,
    /// A path of the chat, to be sent to who is to come.
    invite_link: String,
}

#[derive(ToSchema)]
pub struct JoinStatus {
    /// pending_approval, or joined.
    status: String,
}

#[derive(ToSchema)]
pub struct DecideStatus {
    /// approved or denied.
    status: String,
}

/// Where a link leads, as whoever has it may see.
#[derive(ToSchema)]
pub struct PlainInvitation {
    room_id: Uuid,
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

/// A file just uploaded.
#[derive(ToSchema)]
pub struct UploadedMedia {
    id: Uuid,
    name: String,
    state: String,
    #[schema(required)]
    size: Option<i64>,
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
    /// The same as id.
    media_id: Uuid,
    /// The same as name.
    filename: String,
    /// The same as type.
    #[schema(required)]
    content_type: Option<String>,
    /// Where it is downloaded.
    url: String,
}

pub fn new_password() -> RefOr<Schema> {
    or_null(
        text(password::CHARACTERS_MIN, password::CHARACTERS_MAX)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
            .description(Some("Without one: a guest.")),
    )
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfOther {
    /// The other user's id, or me.
    #[param(pattern = r"^(me|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")]
    other: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfSocket {
    /// A user's id, or a name of 1 to 80 characters.
    who: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfGroup {
    /// Of this conversation alone; also as `conversation_id`.
    group_id: Option<Uuid>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfInviteLink {
    /// The secret in the link.
    #[param(pattern = "^[A-Za-z0-9_-]{22}$")]
    invite: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Offset {
    /// How many of the newest to pass over.
    #[param(minimum = 0, maximum = 10_000, default = 0)]
    offset: Option<i32>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OffsetOfAll {
    /// How many of the newest to pass over: at most 1,000, or 10,000 of one conversation.
    #[param(minimum = 0, maximum = 1_000, default = 0)]
    offset: Option<i32>,
}
