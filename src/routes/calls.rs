//! Calls over HTTP.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::{self, Query, Response};
use super::listed::{self, untitled};
use super::{Asked, Site, actor, require_session, schema};
use crate::command::{CALL_ACTIONS, Command, Reply, Signal, read};
use crate::postgres::calls::CallAction;
use crate::postgres::sessions::Session;
use crate::problem::Problem;

/// Of the log that the page shows at a time: some screens full.
const SHOWN_CALLS: i32 = 30;

#[derive(Deserialize, ToSchema)]
#[schema(as = CallBody)]
struct RequestBody {
    #[schema(schema_with = schema::new_call_media)]
    media: Option<String>,
    #[schema(schema_with = schema::device)]
    device: Option<String>,
}

#[derive(Default, Deserialize, ToSchema)]
struct CallActionBody {
    #[schema(schema_with = schema::device)]
    device: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct SignalBody {
    /// Another participant.
    to: Uuid,
    #[schema(schema_with = schema::signal_data)]
    data: Box<RawValue>,
}

#[utoipa::path(
    post,
    path = "/api/conversations/{conversation}/calls",
    tag = "calls",
    summary = "Calls the other members of a conversation",
    description = "Members of a direct conversation, or of one of at most 8 members.",
    params(schema::OfConversation),
    request_body = RequestBody,
    responses(
        (status = 201, description = "It rings", body = schema::Call),
        (status = 200, description = "It rings already, requested so by the same device", body = schema::Call),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "conversation_closed", "too_many_to_call",
        "nobody_to_call", "call_in_progress", "bad_media", "bad_device", "bad_character", "too_fast"]))),
)]
pub async fn request(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let target = asked.parameters.id("conversation")?;
    let RequestBody { media, device } = http::read_json(asked.request.into_body()).await?;
    let action = CallAction {
        target,
        action: "request".to_owned(),
        media,
        device,
    };
    carry_out(site, &session, Command::Call(action)).await
}

/// A body is needed only where a device says who it is.
#[utoipa::path(
    post,
    path = "/api/calls/{call}/{action}",
    tag = "calls",
    summary = "Answers, declines or leaves a call, or ends it",
    description = "Members; who may do what in which state: docs/calls.md. The same again does no harm.",
    params(schema::OfCall, schema::OfCallAction),
    request_body = CallActionBody,
    responses(
        (status = 200, description = "The call as it is now", body = schema::Call),
    ),
    extensions(("x-codes" = json!(["not_a_member", "call_not_found", "not_a_participant", "not_the_caller", "wrong_call_state",
        "answered_elsewhere", "call_full", "bad_device", "bad_character", "too_fast"]))),
)]
pub async fn act(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let target = asked.parameters.id("call")?;
    let action = asked.parameters.text("action").to_owned();
    if !CALL_ACTIONS.contains(&action.as_str()) {
        return Err(Problem::not_found());
    }
    let body = http::read_body(asked.request.into_body()).await?;
    let CallActionBody { device } = if body.is_empty() {
        CallActionBody::default()
    } else {
        read(&body)?
    };
    let action = CallAction {
        target,
        action,
        media: None,
        device,
    };
    carry_out(site, &session, Command::Call(action)).await
}

#[utoipa::path(
    post,
    path = "/api/calls/{call}/signals",
    tag = "calls",
    summary = "Tells another participant's clients something",
    description = "Who is in the call, or for whom it rings; to somebody of whom the same holds.",
    params(schema::OfCall),
    request_body = SignalBody,
    responses(
        (status = 200, description = "It was passed on", body = schema::Signalled),
    ),
    extensions(("x-codes" = json!(["not_a_member", "call_not_found", "not_a_participant", "participant_not_found",
        "wrong_call_state", "bad_data", "data_too_long", "too_fast"]))),
)]
pub async fn signal(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let call_id = asked.parameters.id("call")?;
    let SignalBody { to, data } = http::read_json(asked.request.into_body()).await?;
    carry_out(
        site,
        &session,
        Command::Signal(Signal { call_id, to, data }),
    )
    .await
}

#[utoipa::path(
    get,
    path = "/api/calls",
    tag = "calls",
    summary = "Lists calls, newest first",
    description = "One's own; with conversation_id, all of that conversation, for its members.",
    params(schema::CallsPart, schema::Limit),
    responses(
        (status = 200, description = "A page", body = schema::Page<schema::Call>),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "bad_before"]))),
)]
pub async fn list(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    let (items, next) = page_of(site, &session, &query, query.limit()?).await?;
    Ok(http::list(&items, next))
}

/// A page's calls, and what the next page is asked by.
async fn page_of(
    site: &Site,
    session: &Session,
    query: &Query,
    limit: i32,
) -> Result<(Vec<String>, Option<String>), Problem> {
    let conversation = query.id("conversation_id")?;
    let before = query.id("before")?;
    let items = site
        .database
        .list_calls(session.user_id, conversation, before, limit)
        .await?;
    let is_full = items.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let last = items.last().filter(|_| is_full);
    let next = last
        .and_then(|last| serde_json::from_str::<serde_json::Value>(last).ok())
        .and_then(|last| last["id"].as_str().map(str::to_owned));
    Ok((items, next))
}

#[utoipa::path(
    get,
    path = "/api/calls/{call}",
    tag = "calls",
    summary = "Reads a call, with all that was done",
    description = "Members of its conversation.",
    params(schema::OfCall),
    responses(
        (status = 200, description = "The call", body = schema::Call),
    ),
    extensions(("x-codes" = json!(["not_a_member", "call_not_found"]))),
)]
pub async fn one(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("call")?;
    let json = site.database.read_call(session.user_id, id).await?;
    Ok(http::json(StatusCode::OK, json))
}

/// A call of the log, as far as the page shows it.
#[derive(Deserialize)]
struct ListedCall {
    id: String,
    conversation_id: String,
    media: String,
    created_by: Uuid,
    created_at: String,
    end_reason: Option<String>,
    duration_ms: Option<f64>,
    conversation: ListedPlace,
}

#[derive(Deserialize)]
struct ListedPlace {
    title: Option<String>,
}

/// Calls of a conversation (`?conversation_id=`) or one's own, older than `?before=`, for the page.
pub async fn log(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    let (items, next) = page_of(site, &session, &query, SHOWN_CALLS).await?;
    let calls: Vec<ListedCall> = listed::read_all(&items)?;
    let calls: Vec<_> = calls
        .iter()
        .map(|call| views::Call {
            id: &call.id,
            conversation_id: &call.conversation_id,
            title: call.conversation.title.as_deref().unwrap_or_else(untitled),
            is_video: call.media == "video",
            is_own: call.created_by == session.user_id,
            outcome: call.end_reason.as_deref(),
            duration_ms: call.duration_ms,
            at: &call.created_at,
        })
        .collect();
    Ok(http::page(
        StatusCode::OK,
        views::calls(&calls, next.as_deref()),
    ))
}

/// What the page's script shows of a call.
pub async fn tools(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    require_session(site, &asked.request).await?;
    Ok(http::page(StatusCode::OK, views::call_tools()))
}

async fn carry_out(
    site: &Arc<Site>,
    session: &Session,
    command: Command,
) -> Result<Response, Problem> {
    match site.commands.begin(actor(session), command).await? {
        Reply::Call { json, is_new } => {
            let status = if is_new {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            Ok(http::json(status, json))
        }
        _ => Ok(http::json(StatusCode::OK, r#"{"status":"passed_on"}"#)),
    }
}
