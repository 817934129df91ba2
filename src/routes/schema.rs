//! What the API's JSON looks like, for its description (`openapi.rs`). The database makes the JSON of what clients read;
//! here is what it looks like, held to the real answers by tests. Request bodies are described where they are read.

#![expect(
    dead_code,
    reason = "the database makes this JSON; these say what it looks like"
)]

use std::borrow::Cow;

use serde::Deserialize;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use super::http::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use crate::command::CALL_ACTIONS;
use crate::password;

// The database's limits, in characters or items. A test compares them with the functions that hold them.
pub const BODY_CHARACTERS_MAX: usize = 4_000;
pub const QUERY_CHARACTERS_MAX: usize = 200;
pub const CLIENT_ID_CHARACTERS_MAX: usize = 64;
pub const NAME_CHARACTERS_MAX: usize = 80;
pub const USERNAME_CHARACTERS_MAX: usize = 60;
pub const EMAIL_CHARACTERS_MAX: usize = 254;
pub const ABOUT_CHARACTERS_MAX: usize = 500;
pub const STATUS_TEXT_CHARACTERS_MAX: usize = 100;
pub const TITLE_CHARACTERS_MAX: usize = 120;
pub const DESCRIPTION_CHARACTERS_MAX: usize = 1_000;
pub const MEMBERS_AT_ONCE_MAX: usize = 1_000;
pub const DEVICE_CHARACTERS_MAX: usize = 60;
pub const FORWARD_CONVERSATIONS_MAX: usize = 20;
pub const INVITE_USES_MAX: usize = 100_000;
const EMOJI_CHARACTERS_MAX: usize = 16;
const REACTION_USERS_MAX: usize = 100;
const EXCERPT_CHARACTERS_MAX: usize = 120;

/// Something that is no white space, wherever it stands.
const NOT_BLANK: &str = r"\S";

pub const KINDS: [&str; 11] = [
    "text", "emoji", "image", "gif", "video", "audio", "voice", "file", "location", "contact",
    "sticker",
];
pub const ROLES: [&str; 3] = ["owner", "admin", "member"];
const JOIN_POLICIES: [&str; 3] = ["open", "invite", "approval"];
const CALL_MEDIA: [&str; 2] = ["audio", "video"];
const NOTIFY: [&str; 3] = ["all", "mentions", "none"];

fn text(length_min: usize, length_max: usize) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(length_min))
        .max_length(Some(length_max))
}

/// The same, or null, which counts as left out.
fn or_null(schema: ObjectBuilder) -> RefOr<Schema> {
    let object = schema.build();
    let SchemaType::Type(given) = object.schema_type.clone() else {
        return Schema::Object(object).into();
    };
    let mut object = object;
    object.schema_type = SchemaType::from_iter([given, Type::Null]);
    if let Some(values) = &mut object.enum_values {
        values.push(serde_json::Value::Null);
    }
    Schema::Object(object).into()
}

fn one_of(words: &[&str]) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(words.iter().copied()))
}

fn object(what: &str) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(what))
}

pub fn body() -> RefOr<Schema> {
    text(1, BODY_CHARACTERS_MAX).pattern(Some(NOT_BLANK)).into()
}

pub fn caption() -> RefOr<Schema> {
    or_null(
        text(1, BODY_CHARACTERS_MAX)
            .pattern(Some(NOT_BLANK))
            .description(Some(
                "What it says; required of text and emoji, a caption of other kinds. An emoji message has 1 to 4 emoji \
                 without anything between.",
            )),
    )
}

pub fn kind() -> RefOr<Schema> {
    or_null(one_of(&KINDS).description(Some("text when left out.")))
}

pub fn client_id() -> RefOr<Schema> {
    or_null(text(1, CLIENT_ID_CHARACTERS_MAX).description(Some(
        "A name of your own for this sending: the same again is answered with the message that is there.",
    )))
}

/// As `chat.data_rules` has it.
pub fn data() -> RefOr<Schema> {
    or_null(object(
        "At most 16,384 bytes; by kind, with ? what may be left out. Fields that are not named are the sender's own.\n\n\
         - text: mentions? (at most 50 user ids), preview? (false: no link preview)\n\
         - image: url, width, height, name?, type?, size?, alt?, alts? (of an album: at most 10 texts of 300 characters, in the order of media_ids); gif: url, width, height, alt?\n\
         - video: url, width?, height?, duration_ms?, name?, type?, size?\n\
         - audio: url, duration_ms?, name?, type?, size?; voice: url, duration_ms, waveform? (at most 256 of 0 to 100)\n\
         - file: url, name, type?, size?\n\
         - location: latitude, longitude, accuracy_m?, name?, address?\n\
         - contact: user_id or name, phones?, emails?, organization?, url?\n\
         - sticker: pack, name, alt?, url?",
    ))
}

pub fn name() -> RefOr<Schema> {
    or_null(text(1, NAME_CHARACTERS_MAX).pattern(Some(NOT_BLANK)))
}

/// Of a guest, who may leave it to us.
pub fn guest_name() -> RefOr<Schema> {
    or_null(text(0, NAME_CHARACTERS_MAX).description(Some(
        "Without one, or with a blank one, a name is invented.",
    )))
}

pub fn form_name() -> RefOr<Schema> {
    text(0, NAME_CHARACTERS_MAX).into()
}

/// A path, or a name that counts only where there is no other.
pub fn form_text() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).into()
}

pub fn new_username() -> RefOr<Schema> {
    text(1, USERNAME_CHARACTERS_MAX)
        .pattern(Some(r"^\S{1,60}$"))
        .into()
}

pub fn password() -> RefOr<Schema> {
    text(password::CHARACTERS_MIN, password::CHARACTERS_MAX)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .into()
}

pub fn email() -> RefOr<Schema> {
    or_null(
        text(3, EMAIL_CHARACTERS_MAX)
            .description(Some("Kept, and told to nobody; nothing is sent there.")),
    )
}

pub fn username() -> RefOr<Schema> {
    or_null(text(1, USERNAME_CHARACTERS_MAX).pattern(Some(r"^\S{1,60}$")))
}

pub fn about() -> RefOr<Schema> {
    or_null(text(0, ABOUT_CHARACTERS_MAX).description(Some("An empty one takes it away.")))
}

pub fn status_text() -> RefOr<Schema> {
    or_null(
        text(0, STATUS_TEXT_CHARACTERS_MAX)
            .pattern(Some(r"^[^\p{Cc}\u2028\u2029]*$"))
            .description(Some("One line; an empty one takes it away.")),
    )
}

pub fn avatar() -> RefOr<Schema> {
    or_null(
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
            .description(Some(
                "A JPEG, PNG, GIF or WebP image that one may read; null takes the picture away.",
            )),
    )
}

pub fn title() -> RefOr<Schema> {
    text(1, TITLE_CHARACTERS_MAX)
        .pattern(Some(NOT_BLANK))
        .into()
}

pub fn new_title() -> RefOr<Schema> {
    or_null(text(1, TITLE_CHARACTERS_MAX).pattern(Some(NOT_BLANK)))
}

pub fn description() -> RefOr<Schema> {
    or_null(text(0, DESCRIPTION_CHARACTERS_MAX))
}

pub fn join_policy() -> RefOr<Schema> {
    one_of(&JOIN_POLICIES).into()
}

pub fn new_join_policy() -> RefOr<Schema> {
    or_null(one_of(&JOIN_POLICIES))
}

pub fn role() -> RefOr<Schema> {
    one_of(&ROLES).into()
}

pub fn notify() -> RefOr<Schema> {
    one_of(&NOTIFY).into()
}

pub fn new_notify() -> RefOr<Schema> {
    or_null(one_of(&NOTIFY))
}

/// Of who is added to a conversation.
fn new_role() -> RefOr<Schema> {
    one_of(&ROLES).default(Some("member".into())).into()
}

pub fn presence() -> RefOr<Schema> {
    one_of(&["online", "away"]).into()
}

pub fn muted_until() -> RefOr<Schema> {
    or_null(
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(
                r"^(infinity|[2-8]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d))$",
            ))
            .description(Some(
                "A time of the years 1970 to 9999, or infinity; null ends the silence.",
            )),
    )
}

pub fn expires_at() -> RefOr<Schema> {
    or_null(
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(
                r"^[3-8]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$",
            ))
            .description(Some("A time in the future, before the year 10000; null: until it is revoked.")),
    )
}

pub fn max_uses() -> RefOr<Schema> {
    or_null(
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(INVITE_USES_MAX))
            .description(Some("How many may join by it; null: any number.")),
    )
}

fn ids(count_min: usize, count_max: usize) -> RefOr<Schema> {
    let id = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
    ArrayBuilder::new()
        .items(id)
        .min_items(Some(count_min))
        .max_items(Some(count_max))
        .into()
}

pub fn member_ids() -> RefOr<Schema> {
    ids(0, MEMBERS_AT_ONCE_MAX)
}

pub fn conversation_ids() -> RefOr<Schema> {
    ids(1, FORWARD_CONVERSATIONS_MAX)
}

fn reaction_users() -> RefOr<Schema> {
    ids(1, REACTION_USERS_MAX)
}

fn whole_number(least: i64) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
        .minimum(Some(least))
}

pub fn seq() -> RefOr<Schema> {
    whole_number(0).maximum(Some(i64::MAX)).into()
}

pub fn new_seq() -> RefOr<Schema> {
    or_null(whole_number(0).maximum(Some(i64::MAX)))
}

fn limit() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(PAGE_ROWS_MAX))
        .default(Some(PAGE_ROWS_DEFAULT.into()))
        .into()
}

fn listed_state() -> RefOr<Schema> {
    one_of(&["active", "pending"]).into()
}

fn emoji() -> RefOr<Schema> {
    text(1, EMOJI_CHARACTERS_MAX)
        .examples(["👍"])
        .description(Some("One emoji."))
        .into()
}

fn excerpt() -> RefOr<Schema> {
    or_null(text(0, EXCERPT_CHARACTERS_MAX))
}

pub fn new_call_media() -> RefOr<Schema> {
    or_null(one_of(&CALL_MEDIA).description(Some("audio when left out.")))
}

fn call_media() -> RefOr<Schema> {
    one_of(&CALL_MEDIA).into()
}

fn call_state() -> RefOr<Schema> {
    one_of(&["ringing", "active", "ended"]).into()
}

fn participant_state() -> RefOr<Schema> {
    one_of(&[
        "called", "ringing", "joined", "declined", "busy", "missed", "left",
    ])
    .into()
}

fn logged_state() -> RefOr<Schema> {
    or_null(one_of(&[
        "called", "ringing", "joined", "declined", "busy", "missed", "left",
    ]))
}

pub fn device() -> RefOr<Schema> {
    or_null(text(1, DEVICE_CHARACTERS_MAX).description(Some(
        "What the client calls itself, and no other of the same person's does.",
    )))
}

pub fn signal_data() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(Some(
            "Any JSON but null: a session description, a candidate.",
        ))
        .into()
}

fn call_action() -> RefOr<Schema> {
    one_of(&CALL_ACTIONS).into()
}

/// Of a frame, which requests calls too.
fn any_call_action() -> RefOr<Schema> {
    let actions: Vec<&str> = ["request"].into_iter().chain(CALL_ACTIONS).collect();
    one_of(&actions).into()
}

fn whom() -> RefOr<Schema> {
    one_of(&["everyone", "me"])
        .default(Some("everyone".into()))
        .into()
}

fn html() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .examples(["html"])
        .into()
}

/// Of a message, or null.
pub fn reply_to() -> RefOr<Schema> {
    or_null(
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)))
            .pattern(Some("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"))
            .description(Some("A message of the same conversation.")),
    )
}

fn around() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^(unread|[0-9]{1,18})?$"))
        .into()
}

fn date() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .examples(["2030-01-31"])
        .pattern(Some(
            r"^(\d{4}-\d\d-\d\d([Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d))?)?$",
        ))
        .into()
}

fn flag() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Boolean).into()
}

fn query() -> RefOr<Schema> {
    text(0, QUERY_CHARACTERS_MAX).into()
}

fn null() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::Null).into()
}

fn reference() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(SchemaType::AnyValue)
        .description(Some("Any JSON; it comes back in the answer."))
        .into()
}

fn any_object() -> RefOr<Schema> {
    object("An event, as /docs/wire describes it.").into()
}

// --- Parameters -----------------------------------------------------------------------------------------------------

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfConversation {
    /// The conversation's id.
    conversation: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfMessage {
    /// The message's id.
    message: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfCall {
    /// The call's id.
    call: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfCallAction {
    /// What to do with it; accept is answer, reject is decline.
    #[param(schema_with = call_action)]
    action: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CallsPart {
    /// All of this conversation; else one's own.
    conversation_id: Option<Uuid>,
    /// What the page before gave as `next`.
    before: Option<Uuid>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfMedia {
    /// The medium's id.
    media: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FileName {
    /// Of a file whose bytes are the body; `file` when nothing is said.
    #[param(max_length = 255)]
    name: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Download {
    /// To save it, and not to show it.
    download: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GifWords {
    /// A part of what it shows or is called.
    q: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct ContentRange {
    /// First and last byte of this piece, and how many bytes there are in all.
    #[param(rename = "Content-Range", pattern = r"^bytes \d+-\d+/\d+$")]
    content_range: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfUser {
    /// The user's id, or me.
    #[param(pattern = r"^(me|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})$")]
    user: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfSession {
    /// The session's id, of the list of one's sessions.
    session: Uuid,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfEmoji {
    #[param(schema_with = emoji)]
    emoji: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfReaction {
    /// What was given; anything else does no harm.
    #[param(min_length = 1)]
    emoji: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfInvite {
    /// The secret in the link.
    #[param(pattern = "^[A-Za-z0-9_-]{22}$")]
    invite: String,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfState {
    /// `pending` for those who wait to be let in; `active` when left out.
    #[param(schema_with = listed_state)]
    state: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RoomWords {
    /// A part of title or description.
    query: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Limit {
    /// How many at most.
    #[param(schema_with = limit)]
    limit: Option<i32>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AfterId {
    /// What the page before gave as `next`; an empty one counts as none.
    #[param(pattern = r"^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$")]
    after: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BeforePlace {
    /// What the page before gave as `next`; an empty one counts as none.
    #[param(
        pattern = r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$"
    )]
    before: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Named {
    /// A part of a name or username.
    q: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Online {
    /// true: only who is online or away.
    #[param(schema_with = flag)]
    online: Option<bool>,
}

/// Of before, after, around and date one at most.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryPart {
    /// What comes before this `seq`.
    #[param(schema_with = seq)]
    before: Option<i64>,
    /// What comes after this `seq`.
    #[param(schema_with = seq)]
    after: Option<i64>,
    /// What lies around this `seq`, or `unread`: around the first unread one.
    #[param(schema_with = around)]
    around: Option<String>,
    /// What was sent from this day (in UTC) or time on.
    #[param(schema_with = date)]
    date: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchPart {
    /// Words, parts of words and `"phrases"`: all of them; at most 10, of at most 200 characters.
    #[param(schema_with = query)]
    q: Option<String>,
    /// In this conversation alone.
    conversation_id: Option<Uuid>,
    /// Of this sender alone.
    sender_id: Option<Uuid>,
    /// Of this kind alone.
    kind: Option<String>,
    /// Sent on this day (in UTC), at this time, or later.
    #[param(schema_with = date)]
    from: Option<String>,
    /// Sent before this day (in UTC) or time.
    #[param(schema_with = date)]
    until: Option<String>,
    /// What the page before gave as `next`.
    before: Option<Uuid>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Render {
    /// `html` adds each message's fragment as `html`; anything else is passed over.
    #[param(schema_with = html)]
    render: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct For {
    /// For everyone, or for oneself alone.
    #[param(rename = "for", schema_with = whom)]
    whom: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// A cursor of this chat's; another one is answered with `reset`.
    cursor: Option<String>,
}

#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct LastEvent {
    /// A cursor; counts before the one in the address.
    #[param(rename = "Last-Event-ID")]
    last_event_id: Option<String>,
}

// --- What clients read ----------------------------------------------------------------------------------------------

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
    #[schema(required)]
    description: Option<String>,
    /// The picture of a group or room.
    #[schema(required)]
    avatar_id: Option<Uuid>,
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
    created_at: Time,
    expires_at: Time,
}

/// A session just begun.
#[derive(ToSchema)]
pub struct Begun {
    /// For `Authorization: Bearer`.
    access_token: String,
    /// bearer.
    token_type: String,
    /// Seconds.
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

// --- Commands -------------------------------------------------------------------------------------------------------

/// A frame; /docs/wire says what each does. Each may bear a `ref`.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Command {
    Send {
        conversation_id: Uuid,
        #[schema(schema_with = client_id)]
        client_id: Option<String>,
        #[schema(schema_with = kind)]
        kind: Option<String>,
        #[schema(schema_with = caption)]
        body: Option<String>,
        #[schema(schema_with = data)]
        data: Option<()>,
        #[schema(schema_with = reply_to)]
        reply_to: Option<Uuid>,
        /// A medium that it shows; the same as a list of one.
        media_id: Option<Uuid>,
        /// Media that it shows.
        #[schema(min_items = 1, max_items = 10)]
        media_ids: Option<Vec<Uuid>>,
    },
    Edit {
        message_id: Uuid,
        #[schema(schema_with = body)]
        body: String,
        #[schema(schema_with = data)]
        data: Option<()>,
    },
    Forward {
        message_id: Uuid,
        #[schema(schema_with = conversation_ids)]
        conversation_ids: Vec<Uuid>,
        #[schema(schema_with = client_id)]
        client_id: Option<String>,
    },
    Delete {
        message_id: Uuid,
        #[serde(rename = "for")]
        #[schema(schema_with = whom)]
        whom: Option<String>,
    },
    Pin {
        message_id: Uuid,
    },
    Unpin {
        message_id: Uuid,
    },
    React {
        message_id: Uuid,
        #[schema(schema_with = emoji)]
        emoji: String,
    },
    Unreact {
        message_id: Uuid,
        #[schema(schema_with = emoji)]
        emoji: String,
    },
    Delivered {
        conversation_id: Uuid,
        #[schema(schema_with = seq)]
        seq: i64,
    },
    Read {
        conversation_id: Uuid,
        #[schema(schema_with = seq)]
        seq: i64,
    },
    Unread {
        conversation_id: Uuid,
    },
    Typing {
        conversation_id: Uuid,
        /// True when left out.
        #[schema(required = false)]
        active: bool,
        /// A voice message; false when left out.
        #[schema(required = false)]
        recording: bool,
    },
    Presence {
        #[schema(schema_with = presence)]
        status: String,
    },
    Call {
        #[schema(schema_with = any_call_action)]
        action: String,
        /// Required of request; of others it means the call that runs there.
        conversation_id: Option<Uuid>,
        /// Required of all but request, unless conversation_id is there.
        call_id: Option<Uuid>,
        #[schema(schema_with = new_call_media)]
        media: Option<String>,
        #[schema(schema_with = device)]
        device: Option<String>,
    },
    Signal {
        call_id: Uuid,
        to: Uuid,
        #[schema(schema_with = signal_data)]
        data: (),
    },
    Ping {},
}

/// `ack` with the message or messages, or bare; `pong`.
#[derive(ToSchema)]
pub struct Answer {
    /// ack or pong.
    r#type: String,
    #[schema(schema_with = reference, required = false)]
    r#ref: (),
    #[schema(required = false)]
    message: Message,
    #[schema(required = false)]
    messages: Vec<Message>,
    #[schema(required = false)]
    call: Call,
}
