//! Conversations and members over HTTP.

use std::sync::Arc;
use std::time::SystemTime;

use hyper::StatusCode;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::{self, Query, Response};
use super::joining::Whom;
use super::users::{AvatarBody, next_after, of_a_medium, user_id};
use super::{Asked, Site, require_session, schema, time};
use crate::frame::with_field;
use crate::postgres::DatabaseError;
use crate::postgres::conversations::{ConversationPlace, Opened, Preferences};
use crate::problem::Problem;

#[derive(Deserialize)]
struct DirectBody {
    user_id: Option<Uuid>,
    external_id: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct GroupBody {
    #[schema(schema_with = schema::title)]
    name: String,
    /// Other chats call them members.
    #[serde(default, alias = "members")]
    #[schema(schema_with = schema::member_ids)]
    member_ids: Vec<Uuid>,
}

#[derive(Deserialize, ToSchema)]
struct RoomBody {
    #[schema(schema_with = schema::title)]
    name: String,
    #[schema(schema_with = schema::description)]
    description: Option<String>,
    #[serde(default = "open")]
    #[schema(schema_with = schema::join_policy)]
    join_policy: String,
}

fn open() -> String {
    "open".to_owned()
}

#[derive(Deserialize, ToSchema)]
#[schema(as = ConversationUpdateBody)]
struct UpdateBody {
    #[schema(schema_with = schema::new_title)]
    name: Option<String>,
    #[schema(schema_with = schema::description)]
    description: Option<String>,
    #[schema(schema_with = schema::new_join_policy)]
    join_policy: Option<String>,
}

#[derive(Deserialize)]
struct MembersBody {
    user_id: Option<Uuid>,
    user_ids: Option<Vec<Uuid>>,
    #[serde(default = "member")]
    role: String,
}

fn member() -> String {
    "member".to_owned()
}

#[derive(Deserialize, ToSchema)]
struct RoleBody {
    #[schema(schema_with = schema::role)]
    role: String,
}

#[derive(Deserialize, ToSchema)]
struct PreferencesBody {
    pinned: Option<bool>,
    archived: Option<bool>,
    /// Absent leaves it; null ends the silence.
    #[serde(default, deserialize_with = "given")]
    #[schema(schema_with = schema::muted_until)]
    muted_until: Option<Option<String>>,
    #[schema(schema_with = schema::new_notify)]
    notify: Option<String>,
}

/// A field that is there, null or not.
fn given<'de, D: Deserializer<'de>>(field: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(field).map(Some)
}

/// Most recently active first: `?before=` what the page before gave as `next`, `?limit=`.
#[utoipa::path(
    get,
    path = "/api/conversations",
    tag = "conversations",
    summary = "Lists one's conversations, most recently active first",
    description = "Whoever has a session.",
    params(schema::BeforePlace, schema::Limit),
    responses(
        (status = 200, description = "A page", body = schema::Page<schema::Conversation>),
    ),
)]
pub async fn list(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    let before = query.text("before").map(read_place).transpose()?;
    let (items, next) = site
        .database
        .list_conversations(session.user_id, before.as_ref(), query.limit()?)
        .await?;
    Ok(http::list(
        &items,
        next.map(|place| format!("{}_{}", place.active_at, place.id)),
    ))
}

/// `2026-11-21T04:20:22.040567Z_<uuid>`, checked so far that the database can not stumble over it.
fn read_place(text: &str) -> Result<ConversationPlace, Problem> {
    let bad = || {
        Problem::unprocessable(
            "bad_parameter",
            "before: must be what the page before gave as next.",
        )
    };
    let (at, id) = text.split_once('_').ok_or_else(bad)?;
    humantime::parse_rfc3339(at).map_err(|_| bad())?;
    Ok(ConversationPlace {
        active_at: at.to_owned(),
        id: Uuid::parse_str(id).map_err(|_| bad())?,
    })
}

#[utoipa::path(
    get,
    path = "/api/conversations/{conversation}",
    tag = "conversations",
    summary = "Reads a conversation",
    description = "Members.",
    params(schema::OfConversation),
    responses(
        (status = 200, description = "With what is the reader's own, member_count and others", body = schema::Conversation),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found"]))),
)]
pub async fn read(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let json = site.database.read_conversation(session.user_id, id).await?;
    Ok(http::json(StatusCode::OK, json))
}

#[utoipa::path(
    put,
    path = "/api/conversations/{conversation}",
    tag = "conversations",
    summary = "Changes name, description or join policy",
    description = "Owners and admins.",
    params(schema::OfConversation),
    request_body = UpdateBody,
    responses(
        (status = 200, description = "As everyone sees it", body = schema::Conversation),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "not_an_admin", "title_required",
        "title_too_long", "description_too_long", "bad_join_policy"]))),
)]
pub async fn update(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let body: UpdateBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("name", body.name.as_deref())?;
    http::check_text("description", body.description.as_deref())?;
    http::check_text("join_policy", body.join_policy.as_deref())?;
    let json = site
        .database
        .update_conversation(
            session.user_id,
            id,
            body.name.as_deref(),
            body.description.as_deref(),
            body.join_policy.as_deref(),
        )
        .await
        .map_err(in_our_words)?;
    Ok(http::json(StatusCode::OK, json))
}

#[utoipa::path(
    put,
    path = "/api/conversations/{conversation}/avatar",
    tag = "conversations",
    summary = "Sets a group's or room's picture, or takes it away",
    description = "Owners and admins. From then on its members may read the image.",
    params(schema::OfConversation),
    request_body = AvatarBody,
    responses(
        (status = 200, description = "As everyone sees it", body = schema::Conversation),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "not_an_admin", "bad_avatar"]))),
)]
pub async fn set_avatar(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let body: AvatarBody = http::read_json(asked.request.into_body()).await?;
    let json = site
        .database
        .set_conversation_avatar(session.user_id, id, body.media_id)
        .await
        .map_err(of_a_medium)?;
    Ok(http::json(StatusCode::OK, json))
}

#[utoipa::path(
    delete,
    path = "/api/conversations/{conversation}",
    tag = "conversations",
    summary = "Closes a conversation",
    description = "Owners and admins. Its history stays; nothing more can be sent.",
    params(schema::OfConversation),
    responses(
        (status = 200, description = "As everyone sees it", body = schema::Conversation),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "not_an_admin"]))),
)]
pub async fn close(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let json = site
        .database
        .close_conversation(session.user_id, id)
        .await?;
    Ok(http::json(StatusCode::OK, json))
}

#[utoipa::path(
    put,
    path = "/api/conversations/{conversation}/preferences",
    tag = "conversations",
    summary = "Pins, archives or mutes a conversation for oneself",
    description = "Members.",
    params(schema::OfConversation),
    request_body = PreferencesBody,
    responses(
        (status = 200, description = "As it is now", body = schema::Preference),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "bad_notify", "bad_muted_until"]))),
)]
pub async fn set_preferences(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let body: PreferencesBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("notify", body.notify.as_deref())?;
    let preferences = Preferences {
        pinned: body.pinned,
        archived: body.archived,
        muted_until: body
            .muted_until
            .map(|until| until.map_or_else(|| Ok(PAST.to_owned()), |text| read_until(&text)))
            .transpose()?,
        notify: body.notify,
    };
    let json = site
        .database
        .set_preferences(session.user_id, id, &preferences)
        .await?;
    Ok(http::json(StatusCode::OK, json))
}

#[utoipa::path(
    post,
    path = "/api/conversations/{conversation}/unread",
    tag = "conversations",
    summary = "Marks a conversation unread, until it is read again",
    description = "Members.",
    params(schema::OfConversation),
    responses(
        (status = 200, description = "As it is now", body = schema::Preference),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found"]))),
)]
pub async fn mark_unread(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let json = site.database.mark_unread(session.user_id, id).await?;
    Ok(http::json(StatusCode::OK, json))
}

/// Muted until then is not muted.
const PAST: &str = "-infinity";
/// `infinity`, or a time as RFC 3339 writes it, here in UTC: what the database can not stumble over.
fn read_until(text: &str) -> Result<String, Problem> {
    if text == "infinity" {
        return Ok(text.to_owned());
    }
    let time = time::parse(text).ok_or_else(|| {
        Problem::unprocessable(
            "bad_muted_until",
            "muted_until: must be a time like 2030-01-31T08:00:00Z, infinity, or null.",
        )
    })?;
    // What lies before the epoch is as past as any other time.
    if time < SystemTime::UNIX_EPOCH {
        return Ok(PAST.to_owned());
    }
    Ok(humantime::format_rfc3339_micros(time).to_string())
}

#[utoipa::path(
    post,
    path = "/api/conversations/direct",
    tag = "conversations",
    summary = "The direct conversation with somebody, made when there is none",
    description = "Whoever has a session. With oneself: notes. The other by id, or by the host's own id for them.",
    request_body = schema::OpenDirect,
    responses(
        (status = 201, description = "Made", body = schema::Conversation),
        (status = 200, description = "There already", body = schema::Conversation),
    ),
    extensions(("x-codes" = json!(["user_not_found"]))),
)]
pub async fn open_direct(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body: DirectBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("external_id", body.external_id.as_deref())?;
    let (database, actor) = (&site.database, session.user_id);
    let opened = match (body.user_id, body.external_id) {
        (Some(user), None) => database.open_direct(actor, user).await?,
        (None, Some(external_id)) => database.open_direct_with(actor, &external_id).await?,
        _ => {
            return Err(Problem::unprocessable(
                "bad_field",
                "user_id: must be there, or external_id instead.",
            ));
        }
    };
    Ok(made(opened))
}

#[utoipa::path(
    post,
    path = "/api/groups",
    tag = "conversations",
    summary = "Makes a group",
    description = "Whoever has a session; they become its owner.",
    request_body = GroupBody,
    responses(
        (status = 201, description = "Made", body = schema::Conversation),
    ),
    extensions(("x-codes" = json!(["user_not_found", "too_many_members", "title_required", "title_too_long"]))),
)]
pub async fn create_group(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body: GroupBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("name", Some(&body.name))?;
    let opened = site
        .database
        .create_group(session.user_id, &body.name, &body.member_ids)
        .await
        .map_err(in_our_words)?;
    // Clients of other chats look for it by the name that they gave it.
    let name = body
        .name
        .trim_matches([' ', '\t', '\n', '\r', '\x0c', '\x0b']);
    let json = with_field(opened.json.as_bytes(), "name", name);
    Ok(http::json(StatusCode::CREATED, json))
}

#[utoipa::path(
    post,
    path = "/api/rooms",
    tag = "conversations",
    summary = "Makes a room",
    description = "Whoever has a session; they become its owner.",
    request_body = RoomBody,
    responses(
        (status = 201, description = "Made", body = schema::Conversation),
    ),
    extensions(("x-codes" = json!(["title_required", "title_too_long", "description_too_long", "bad_join_policy"]))),
)]
pub async fn create_room(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body: RoomBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("name", Some(&body.name))?;
    http::check_text("description", body.description.as_deref())?;
    http::check_text("join_policy", Some(&body.join_policy))?;
    let opened = site
        .database
        .create_room(
            session.user_id,
            &body.name,
            body.description.as_deref(),
            &body.join_policy,
        )
        .await
        .map_err(in_our_words)?;
    Ok(made(opened))
}

#[utoipa::path(
    post,
    path = "/api/rooms/{conversation}/join",
    tag = "members",
    summary = "Joins an open room, or asks to be let in",
    description = "Whoever has a session. The membership is pending where joining needs approval, and for who was removed.",
    params(schema::OfConversation),
    responses(
        (status = 200, description = "The membership, active or pending", body = schema::Member),
    ),
    extensions(("x-codes" = json!(["not_a_member", "not_open", "topic_refused", "conversation_not_found",
        "conversation_closed"]))),
)]
pub async fn join(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let json = site.database.join(session.user_id, id).await?;
    Ok(http::json(StatusCode::OK, json))
}

/// `?state=pending` for who waits to be let in, `?after=` the last user id of the page before, `?limit=`.
#[utoipa::path(
    get,
    path = "/api/conversations/{conversation}/members",
    tag = "members",
    summary = "Lists members, or who asked to be one, by user id",
    description = "Members; of those who wait to be let in, owners and admins.",
    params(schema::OfConversation, schema::OfState, schema::AfterId, schema::Limit),
    responses(
        (status = 200, description = "A page", body = schema::Page<schema::ListedMember>),
    ),
    extensions(("x-codes" = json!(["not_a_member", "not_an_admin", "conversation_not_found", "bad_state"]))),
)]
pub async fn members(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let query = Query::of(&asked.request);
    let limit = query.limit()?;
    let state = query.text("state").unwrap_or("active");
    // What PostgreSQL's text can not hold is no state either.
    let state = if state.contains('\0') { "" } else { state };
    let items = site
        .database
        .list_members_in(session.user_id, id, state, query.id("after")?, limit)
        .await?;
    let next = next_after(&items, limit, "user_id");
    Ok(http::list(&items, next))
}

#[utoipa::path(
    post,
    path = "/api/conversations/{conversation}/members",
    tag = "members",
    summary = "Adds members, brings them back, or lets in who waits",
    description = "Owners and admins. Several at once all or none.",
    params(schema::OfConversation),
    request_body = schema::AddMembers,
    responses(
        (status = 201, description = "Added or brought back", body = schema::Added),
        (status = 200, description = "There already, as they were", body = schema::Added),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "user_not_found", "not_an_admin",
        "not_an_owner", "not_open", "direct_is_fixed", "conversation_closed", "bad_role", "too_many_members"]))),
)]
pub async fn add_member(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let body: MembersBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("role", Some(&body.role))?;
    let (database, actor) = (&site.database, session.user_id);
    let opened = match Whom::of(body.user_id, body.user_ids)? {
        Whom::One(user) => database.add_member(actor, id, user, &body.role).await?,
        Whom::Several(users) => database.add_members(actor, id, &users, &body.role).await?,
    };
    Ok(made(opened))
}

#[utoipa::path(
    put,
    path = "/api/conversations/{conversation}/members/{user}",
    tag = "members",
    summary = "Makes a member an owner, admin or member",
    description = "Owners; admins, where no owner is concerned.",
    params(schema::OfConversation, schema::OfUser),
    request_body = RoleBody,
    responses(
        (status = 200, description = "The membership", body = schema::Member),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "member_not_found",
        "owner_must_hand_over", "not_an_admin", "not_an_owner", "not_open", "direct_is_fixed",
        "conversation_closed", "bad_role"]))),
)]
pub async fn set_role(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let user = user_id(&asked, &session)?;
    let body: RoleBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("role", Some(&body.role))?;
    let json = site
        .database
        .set_role(session.user_id, id, user, &body.role)
        .await?;
    Ok(http::json(StatusCode::OK, json))
}

/// `me` leaves.
#[utoipa::path(
    delete,
    path = "/api/conversations/{conversation}/members/{user}",
    tag = "members",
    summary = "Removes a member; me leaves",
    description = "Owners and admins; the member.",
    params(schema::OfConversation, schema::OfUser),
    responses(
        (status = 200, description = "The membership, left", body = schema::Member),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "member_not_found",
        "not_an_admin", "not_an_owner", "direct_is_fixed", "conversation_closed", "owner_must_hand_over",
        "general_is_for_everyone"]))),
)]
pub async fn remove_member(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let user = user_id(&asked, &session)?;
    let json = site
        .database
        .remove_member(session.user_id, id, user)
        .await?;
    Ok(http::json(StatusCode::OK, json))
}

/// The field that the database calls title is called name here.
fn in_our_words(error: DatabaseError) -> Problem {
    let mut problem = Problem::from(error);
    if let Some(rule) = problem.detail.strip_prefix("title:") {
        problem.detail = format!("name:{rule}");
    }
    problem
}

fn made(opened: Opened) -> Response {
    let status = if opened.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    http::json(status, opened.json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_until_which_to_be_quiet_is_read_in_any_zone_and_written_in_utc() {
        for (text, is) in [
            ("infinity", "infinity"),
            ("2030-01-31T08:00:00Z", "2030-01-31T08:00:00.000000Z"),
            (
                "2030-01-31t08:00:00.1234567z",
                "2030-01-31T08:00:00.123456Z",
            ),
            ("2030-01-31T01:30:00+02:00", "2030-01-30T23:30:00.000000Z"),
            ("2030-01-31T08:00:00-00:30", "2030-01-31T08:30:00.000000Z"),
            ("9999-12-31T23:59:59.9Z", "9999-12-31T23:59:59.900000Z"),
            ("1970-01-01T00:00:00+23:59", "-infinity"),
        ] {
            assert_eq!(read_until(text).unwrap(), is, "{text}");
        }
        for bad in [
            "",
            "Z",
            "now",
            "-infinity",
            "Infinity",
            "2030-01-31",
            "2030-01-31T08:00:00",
            "2030-01-31 08:00",
            "2030-02-31T08:00:00Z",
            "2030-01-31T08:00:00+24:00",
            "2030-01-31T08:00:00+0200",
            "2030-01-31T08:00:00*02:00",
            "2030-01-31T08:00:00++2:00",
            "9999-12-31T23:59:59-00:01",
            "294276-12-31T23:59:59Z",
            "0000-01-01T00:00:00Z",
            "2030-01-31T08:00:00Z\0",
            "２０３０-01-31T08:00:00Z",
        ] {
            let problem = read_until(bad).unwrap_err();
            assert!(problem.detail.starts_with("muted_until:"), "{bad}");
        }
    }

    #[test]
    fn a_place_is_what_a_page_gave_and_nothing_else() {
        let id = "01a1fc55-779f-7c5f-a6ff-cf927f8b92b3";
        assert!(read_place(&format!("2026-11-21T04:20:22.040567Z_{id}")).is_ok());
        for bad in [
            format!("2026-13-21T04:20:22.040567Z_{id}"),
            format!("2026-02-31T04:20:22.040567Z_{id}"),
            format!("2026-11-21T24:20:22.040567Z_{id}"),
            format!("yesterday_{id}"),
            "2026-11-21T04:20:22.040567Z_7".to_owned(),
            id.to_owned(),
        ] {
            assert!(read_place(&bad).is_err(), "{bad}");
        }
    }
}
