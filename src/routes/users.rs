//! People over HTTP.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::{self, Query, Response};
use super::{Asked, Site, require_session, schema};
use crate::postgres::DatabaseError;
use crate::postgres::people::{Listing, Profile};
use crate::postgres::sessions::Session;
use crate::problem::Problem;

#[derive(Deserialize, ToSchema)]
#[schema(as = UserUpdateBody)]
struct UpdateBody {
    /// Other chats call it display_name.
    #[serde(alias = "display_name")]
    #[schema(schema_with = schema::name)]
    name: Option<String>,
    #[schema(schema_with = schema::username)]
    username: Option<String>,
    #[schema(schema_with = schema::about)]
    about: Option<String>,
    #[schema(schema_with = schema::status_text)]
    status_text: Option<String>,
}

/// Which image is to be the picture; null takes it away, and so does leaving it out.
#[derive(Deserialize, ToSchema)]
pub(super) struct AvatarBody {
    #[schema(schema_with = schema::avatar)]
    pub media_id: Option<Uuid>,
}

#[derive(Deserialize, ToSchema)]
struct PresenceBody {
    #[schema(schema_with = schema::presence)]
    status: String,
}

/// People by part of a name: `?q=`, `?online=true`, `?after=` the last id of the page before, `?limit=`.
#[utoipa::path(
    get,
    path = "/api/users",
    tag = "people",
    summary = "Lists people, by name",
    description = "Whoever has a session.",
    params(schema::Named, schema::Online, schema::AfterId, schema::Limit),
    responses(
        (status = 200, description = "A page", body = schema::Page<schema::ListedUser>),
    ),
)]
pub async fn list(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    let limit = query.limit()?;
    http::check_text("q", query.text("q"))?;
    let listing = Listing {
        query: query.text("q"),
        only_online: query.flag("online")?,
        after: query.id("after")?,
    };
    let items = site
        .database
        .list_users(session.user_id, listing, limit)
        .await?;
    let next = next_after(&items, limit, "id");
    Ok(http::list(&items, next))
}

#[utoipa::path(
    get,
    path = "/api/users/{user}",
    tag = "people",
    summary = "Reads a user",
    description = "Whoever has a session.",
    params(schema::OfUser),
    responses(
        (status = 200, description = "The user", body = schema::User),
    ),
    extensions(("x-codes" = json!(["user_not_found"]))),
)]
pub async fn read(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let user = user_id(&asked, &session)?;
    let found = site.database.read_user(user).await?;
    let json = found.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "user_not_found",
            "There is no such user.",
        )
    })?;
    Ok(http::json(StatusCode::OK, json))
}

#[utoipa::path(
    put,
    path = "/api/users/{user}",
    tag = "people",
    summary = "Changes one's profile",
    description = "The user.",
    params(schema::OfUser),
    request_body = UpdateBody,
    responses(
        (status = 200, description = "The user as they are now", body = schema::User),
    ),
    extensions(("x-codes" = json!(["not_yourself", "user_not_found", "username_taken", "name_required",
        "name_too_long", "bad_username", "about_too_long", "status_text_too_long", "bad_status_text"]))),
)]
pub async fn update(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let user = user_id(&asked, &session)?;
    let body: UpdateBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("name", body.name.as_deref())?;
    http::check_text("username", body.username.as_deref())?;
    http::check_text("about", body.about.as_deref())?;
    http::check_text("status_text", body.status_text.as_deref())?;
    let profile = Profile {
        name: body.name.as_deref(),
        username: body.username.as_deref(),
        about: body.about.as_deref(),
        status_text: body.status_text.as_deref(),
    };
    let json = site
        .database
        .update_user(session.user_id, user, &profile)
        .await?;
    Ok(http::json(StatusCode::OK, json))
}

#[utoipa::path(
    put,
    path = "/api/users/me/avatar",
    tag = "people",
    summary = "Sets one's picture, or takes it away",
    description = "Whoever has a session. From then on everyone may read the image.",
    request_body = AvatarBody,
    responses(
        (status = 200, description = "The user as they are now", body = schema::User),
    ),
    extensions(("x-codes" = json!(["bad_avatar"]))),
)]
pub async fn set_avatar(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body: AvatarBody = http::read_json(asked.request.into_body()).await?;
    let json = site
        .database
        .set_user_avatar(session.user_id, session.user_id, body.media_id)
        .await
        .map_err(of_a_medium)?;
    Ok(http::json(StatusCode::OK, json))
}

/// The column that the database calls avatar_id is given as media_id.
pub(super) fn of_a_medium(error: DatabaseError) -> Problem {
    let mut problem = Problem::from(error);
    if let Some(rule) = problem.detail.strip_prefix("avatar_id:") {
        problem.detail = format!("media_id:{rule}");
    }
    problem
}

/// For clients without a socket: whether the person is away from the connections of this session.
#[utoipa::path(
    put,
    path = "/api/users/me/presence",
    tag = "people",
    summary = "Says that one is there, or away",
    description = "Whoever has a session; of its connections to this server.",
    request_body = PresenceBody,
    responses(
        (status = 200, description = "As it is now", body = schema::Presence),
    ),
    extensions(("x-codes" = json!(["bad_status"]))),
)]
pub async fn set_presence(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body: PresenceBody = http::read_json(asked.request.into_body()).await?;
    let is_away = match body.status.as_str() {
        "online" => false,
        "away" => true,
        _ => {
            return Err(Problem::unprocessable(
                "bad_status",
                "status: must be online or away.",
            ));
        }
    };
    site.hub
        .set_session_away(session.user_id, session.id, is_away);
    Ok(http::json(
        StatusCode::OK,
        json!({"status": body.status}).to_string(),
    ))
}

/// The user in the address, where `me` is oneself.
pub(super) fn user_id(asked: &Asked, session: &Session) -> Result<Uuid, Problem> {
    match asked.parameters.text("user") {
        "me" => Ok(session.user_id),
        _ => asked.parameters.id("user"),
    }
}

/// What the next page is asked by: the last item's key, when this page is full.
pub(super) fn next_after(items: &[String], limit: i32, key: &str) -> Option<String> {
    if items.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
        return None;
    }
    let last: serde_json::Value = serde_json::from_str(items.last()?).ok()?;
    last[key].as_str().map(str::to_owned)
}
