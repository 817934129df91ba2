//! Coming into conversations over HTTP: links, requests to be let in, and rooms that can be found.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::{self, Query, Response};
use super::users::{next_after, user_id};
use super::{Asked, Site, require_session, schema, time};
use crate::problem::Problem;

#[derive(Deserialize, ToSchema)]
struct InviteBody {
    #[schema(schema_with = schema::expires_at)]
    expires_at: Option<String>,
    #[schema(schema_with = schema::max_uses)]
    max_uses: Option<i32>,
}

#[utoipa::path(
    post,
    path = "/api/conversations/{conversation}/invites",
    tag = "invites",
    summary = "Makes a link into a group or room",
    description = "Owners and admins. Whoever opens `/i/{token}` can join, or ask to where joining needs approval.",
    params(schema::OfConversation),
    request_body = InviteBody,
    responses(
        (status = 201, description = "Made", body = schema::Invite),
    ),
    extensions(("x-codes" = json!(["not_a_member", "not_an_admin", "conversation_not_found", "direct_is_fixed",
        "general_is_for_everyone", "conversation_closed", "too_many_invites", "bad_expires_at", "bad_max_uses"]))),
)]
pub async fn create_invite(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let body: InviteBody = http::read_json(asked.request.into_body()).await?;
    let expires_at = body.expires_at.as_deref().map(read_expiry).transpose()?;
    let json = site
        .database
        .create_invite(session.user_id, id, expires_at.as_deref(), body.max_uses)
        .await?;
    Ok(http::json(StatusCode::CREATED, json))
}

/// A time as RFC 3339 writes it, here in UTC: what the database can not stumble over.
fn read_expiry(text: &str) -> Result<String, Problem> {
    time::parse(text)
        // What lies before the epoch is as past as any other time.
        .map(|time| time.max(std::time::SystemTime::UNIX_EPOCH))
        .map(|time| humantime::format_rfc3339_micros(time).to_string())
        .ok_or_else(|| {
            Problem::unprocessable(
                "bad_expires_at",
                "expires_at: must be a time like 2030-01-31T08:00:00Z, in the future.",
            )
        })
}

#[utoipa::path(
    get,
    path = "/api/conversations/{conversation}/invites",
    tag = "invites",
    summary = "Lists the links that lead into a conversation now, the newest first",
    description = "Owners and admins.",
    params(schema::OfConversation),
    responses(
        (status = 200, description = "All of them", body = schema::List<schema::Invite>),
    ),
    extensions(("x-codes" = json!(["not_a_member", "not_an_admin", "conversation_not_found"]))),
)]
pub async fn invites(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let items = site.database.list_invites(session.user_id, id).await?;
    Ok(http::list(&items, None::<String>))
}

#[utoipa::path(
    get,
    path = "/api/invites/{invite}",
    tag = "invites",
    summary = "Reads where a link leads",
    description = "Whoever has the link. Members get it whatever has become of the link.",
    params(schema::OfInvite),
    responses(
        (status = 200, description = "The conversation, as far as it can be seen before joining", body = schema::Invitation),
    ),
    extensions(("x-codes" = json!(["removed", "invite_not_found", "conversation_closed", "invite_expired",
        "invite_revoked", "invite_used_up"]))),
)]
pub async fn read_invite(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let token = token(&asked)?;
    let invitation = site
        .database
        .read_invite(Some(session.user_id), token)
        .await?;
    Ok(http::json(StatusCode::OK, invitation.json))
}

#[utoipa::path(
    delete,
    path = "/api/invites/{invite}",
    tag = "invites",
    summary = "Revokes a link, for good",
    description = "Owners and admins of where it leads.",
    params(schema::OfInvite),
    responses(
        (status = 200, description = "Revoked", body = schema::Invite),
    ),
    extensions(("x-codes" = json!(["not_a_member", "not_an_admin", "invite_not_found"]))),
)]
pub async fn revoke_invite(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let token = token(&asked)?;
    let json = site.database.revoke_invite(session.user_id, token).await?;
    Ok(http::json(StatusCode::OK, json))
}

#[utoipa::path(
    post,
    path = "/api/invites/{invite}/join",
    tag = "invites",
    summary = "Joins by a link, or asks to be let in",
    description = "Whoever has the link. The membership is pending where joining needs approval, and for who was removed.",
    params(schema::OfInvite),
    responses(
        (status = 200, description = "The membership, active or pending", body = schema::Member),
    ),
    extensions(("x-codes" = json!(["removed", "invite_not_found", "conversation_closed", "invite_expired",
        "invite_revoked", "invite_used_up"]))),
)]
pub async fn join_by_invite(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let token = token(&asked)?;
    let json = site.database.join_by_invite(session.user_id, token).await?;
    Ok(http::json(StatusCode::OK, json))
}

/// The link's secret in the address; what can be none is unknown.
pub(super) fn token(asked: &Asked) -> Result<&str, Problem> {
    let token = asked.parameters.text("invite");
    let is_one = token
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if is_one {
        Ok(token)
    } else {
        Err(Problem::new(
            StatusCode::NOT_FOUND,
            "invite_not_found",
            "There is no such link.",
        ))
    }
}

#[utoipa::path(
    post,
    path = "/api/conversations/{conversation}/members/{user}/approve",
    tag = "members",
    summary = "Lets in somebody who asked to join",
    description = "Owners and admins. Again is answered as before.",
    params(schema::OfConversation, schema::OfUser),
    responses(
        (status = 200, description = "The membership, active", body = schema::Member),
    ),
    extensions(("x-codes" = json!(["not_a_member", "not_an_admin", "conversation_not_found", "request_not_found",
        "conversation_closed"]))),
)]
pub async fn approve(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    decide(site, asked, true).await
}

#[utoipa::path(
    post,
    path = "/api/conversations/{conversation}/members/{user}/deny",
    tag = "members",
    summary = "Does not let in somebody who asked to join; they may ask again",
    description = "Owners and admins. Again is answered as before.",
    params(schema::OfConversation, schema::OfUser),
    responses(
        (status = 200, description = "The membership, left", body = schema::Member),
    ),
    extensions(("x-codes" = json!(["not_a_member", "not_an_admin", "conversation_not_found", "request_not_found"]))),
)]
pub async fn deny(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    decide(site, asked, false).await
}

async fn decide(site: &Arc<Site>, asked: Asked, is_approved: bool) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let user = user_id(&asked, &session)?;
    let json = site
        .database
        .decide_join(session.user_id, id, user, is_approved)
        .await?;
    Ok(http::json(StatusCode::OK, json))
}

/// `?query=` a part of title or description, `?after=` the last id of the page before, `?limit=`.
#[utoipa::path(
    get,
    path = "/api/rooms",
    tag = "conversations",
    summary = "Lists rooms that one can join, or ask to join, by title",
    description = "Whoever has a session. Rooms that one is in are among them.",
    params(schema::RoomWords, schema::AfterId, schema::Limit),
    responses(
        (status = 200, description = "A page", body = schema::Page<schema::ListedRoom>),
    ),
    extensions(("x-codes" = json!(["bad_character"]))),
)]
pub async fn rooms(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    let limit = query.limit()?;
    http::check_text("query", query.text("query"))?;
    let items = site
        .database
        .list_rooms(
            session.user_id,
            query.text("query"),
            query.id("after")?,
            limit,
        )
        .await?;
    let next = next_after(&items, limit, "id");
    Ok(http::list(&items, next))
}

/// Whom to add: one, or several at once.
pub(super) enum Whom {
    One(Uuid),
    Several(Vec<Uuid>),
}

impl Whom {
    pub fn of(user_id: Option<Uuid>, user_ids: Option<Vec<Uuid>>) -> Result<Self, Problem> {
        match (user_id, user_ids) {
            (Some(user), None) => Ok(Self::One(user)),
            (None, Some(users)) => Ok(Self::Several(users)),
            _ => Err(Problem::unprocessable(
                "bad_field",
                "user_id: must be there, or user_ids instead.",
            )),
        }
    }
}
