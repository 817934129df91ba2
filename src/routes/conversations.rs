//! Conversations and members over HTTP.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::http::{self, Query, Response};
use super::users::{next_after, user_id};
use super::{Asked, Site, require_session};
use crate::postgres::DatabaseError;
use crate::postgres::conversations::{ConversationPlace, Opened};
use crate::problem::Problem;

#[derive(Deserialize)]
struct DirectBody {
    user_id: Uuid,
}

#[derive(Deserialize)]
struct GroupBody {
    name: String,
    #[serde(default)]
    member_ids: Vec<Uuid>,
}

#[derive(Deserialize)]
struct RoomBody {
    name: String,
    description: Option<String>,
    #[serde(default = "open")]
    join_policy: String,
}

fn open() -> String {
    "open".to_owned()
}

#[derive(Deserialize)]
struct UpdateBody {
    name: Option<String>,
    description: Option<String>,
    join_policy: Option<String>,
}

#[derive(Deserialize)]
struct MemberBody {
    user_id: Uuid,
    #[serde(default = "member")]
    role: String,
}

fn member() -> String {
    "member".to_owned()
}

#[derive(Deserialize)]
struct RoleBody {
    role: String,
}

/// Most recently active first: `?before=` what the page before gave as `next`, `?limit=`.
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

pub async fn read(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let json = site.database.read_conversation(session.user_id, id).await?;
    Ok(http::json(StatusCode::OK, json))
}

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

pub async fn close(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let json = site
        .database
        .close_conversation(session.user_id, id)
        .await?;
    Ok(http::json(StatusCode::OK, json))
}

pub async fn open_direct(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body: DirectBody = http::read_json(asked.request.into_body()).await?;
    let opened = site
        .database
        .open_direct(session.user_id, body.user_id)
        .await?;
    Ok(made(opened))
}

pub async fn create_group(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body: GroupBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("name", Some(&body.name))?;
    let opened = site
        .database
        .create_group(session.user_id, &body.name, &body.member_ids)
        .await
        .map_err(in_our_words)?;
    Ok(made(opened))
}

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

pub async fn join(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let json = site.database.join(session.user_id, id).await?;
    Ok(http::json(StatusCode::OK, json))
}

/// `?after=` the last user id of the page before, `?limit=`.
pub async fn members(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let query = Query::of(&asked.request);
    let limit = query.limit()?;
    let items = site
        .database
        .list_members(session.user_id, id, query.id("after")?, limit)
        .await?;
    let next = next_after(&items, limit, "user_id");
    Ok(http::list(&items, next))
}

pub async fn add_member(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let body: MemberBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("role", Some(&body.role))?;
    let opened = site
        .database
        .add_member(session.user_id, id, body.user_id, &body.role)
        .await?;
    Ok(made(opened))
}

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
