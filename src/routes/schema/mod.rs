//! What the API's JSON looks like, for its description (`openapi.rs`). The database makes the JSON of what clients read;
//! here is what it looks like, held to the real answers by tests. Request bodies are described where they are read.

#![expect(
    dead_code,
    reason = "the database makes this JSON; these say what it looks like"
)]

mod answers;
mod commands;
mod parameters;
mod plain;

use std::borrow::Cow;

use serde::Deserialize;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr, Schema, SchemaFormat};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use super::http::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use crate::command::CALL_ACTIONS;
use crate::password;

pub use answers::*;
pub use commands::*;
pub use parameters::*;
pub use plain::*;

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
const TOPIC_CHARACTERS_MAX: usize = 200;
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

/// Whether the page is in a frame on another site: its cookie is then one for there.
pub fn framed() -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Boolean)
        .description(Some(
            "Whether the page is in a frame on another site: then the cookie is one for there.",
        ))
        .into()
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

/// A host's key: any text in one line, without a space at either end.
pub fn topic() -> RefOr<Schema> {
    text(1, TOPIC_CHARACTERS_MAX)
        .pattern(Some(r"^[^\p{Cc}\s]([^\p{Cc}]*[^\p{Cc}\s])?$"))
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
