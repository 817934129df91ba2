//! Opening live connections: a place in the hub first, then what was missed, then the stream.

use std::sync::Arc;

use http_body_util::StreamBody;
use hyper::StatusCode;
use hyper::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use hyper::{Request, body::Incoming};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use uuid::Uuid;

use super::http::{self, Query, Response};
use super::{Asked, Site, actor, require_session, schema};
use crate::command::{self, Actor, Manner, Reply};
use crate::frame::{Event, Form, Transport};
use crate::hub::Close;
use crate::identity::{self, Credential};
use crate::postgres::sessions::Session;
use crate::problem::Problem;
use crate::relay;
use crate::stream::{Live, Patient, sse, websocket as socket};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Tells nginx not to collect a stream until it is long enough.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// A cursor that is none: whoever comes with it is told to load afresh.
const UNREADABLE: &str = "reset";

/// The session of a live connection. A browser lets any page open one with the user's cookie, so
/// the origin is checked though it is a GET.
pub(super) async fn require_live_session(
    site: &Site,
    request: &Request<Incoming>,
) -> Result<Session, Problem> {
    let found = site.doorkeeper.find_session(request.headers()).await?;
    let (session, credential) = found.ok_or_else(Problem::unauthorized)?;
    if credential == Credential::Cookie {
        identity::check_origin(request.headers(), &site.settings.allowed_origins)?;
    }
    Ok(session)
}

/// Subscribes first and reads what changed after, so nothing falls between the two.
pub(super) async fn open(
    site: &Site,
    session: &Session,
    only: Option<Uuid>,
    cursor: Option<&str>,
    form: Form,
) -> Result<Live, Problem> {
    if let Some(conversation) = only {
        // Raises what the client should know: not found, not a member.
        site.database
            .require_member(session.user_id, conversation)
            .await?;
    }
    let attachment = site
        .hub
        .attach(session.user_id, session.id, only)
        .map_err(refused)?;
    site.session_keeper.watch(session);
    if attachment.must_load {
        let conversations = site.database.conversation_ids(session.user_id).await?;
        site.hub.finish_load(session.user_id, conversations);
    }
    let now = site.cursor()?;
    let mut first = Vec::new();
    match cursor {
        None => first.push(ready(session, &now)?),
        Some(since) => {
            let changes = site
                .database
                .changes_since(Some(session.user_id), since)
                .await?;
            // `ready` comes first. While something is to be replayed or loaded afresh, its cursor asks
            // for the same again, for a client that is cut off in between.
            let replay = relay::replay(&changes.envelopes, since, &now, only);
            let begins_at = match (changes.is_reset, replay.is_empty()) {
                (true, _) => UNREADABLE,
                (false, true) => &now,
                (false, false) => since,
            };
            first.push(ready(session, begins_at)?);
            if changes.is_reset {
                first.push(Event::own(json!({"type": "reset"}).to_string()));
            }
            first.extend(replay);
        }
    }
    Ok(Live {
        attachment,
        first,
        form,
    })
}

fn ready(session: &Session, cursor: &str) -> Result<crate::frame::Frame, Problem> {
    let now = std::time::SystemTime::now();
    // The user is JSON of the database's; a cursor is letters, digits, commas and colons.
    Ok(Event::announced(
        &format!(
            "{{\"type\":\"ready\",\"user\":{},\"server_time\":\"{}\",\"expires_at\":{}}}",
            session.user,
            humantime::format_rfc3339_millis(now),
            json!(session.end.as_ref().map(|end| &end.at)),
        ),
        Some(cursor),
    ))
}

fn refused(close: Close) -> Problem {
    match close {
        Close::TooManyConnections => Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            close.reason(),
            "You have too many connections open.",
        ),
        _ => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            close.reason(),
            "The server is stopping; try again.",
        ),
    }
}

fn form(query: &Query, transport: Transport, manner: Manner) -> Form {
    Form {
        with_html: query.text("render") == Some("html"),
        is_plain: manner == Manner::Plain,
        transport,
    }
}

#[utoipa::path(
    get,
    path = "/ws/general",
    tag = "live",
    summary = "Opens a WebSocket held to the general room",
    description = "Members of it.",
    params(schema::Since, schema::Render),
    responses(
        (status = 101, description = "The socket is open"),
    ),
    extensions(("x-codes" = json!(["origin_not_allowed", "websocket_required", "too_many_connections",
        "going_away", "not_a_member", "conversation_not_found"]))),
)]
pub async fn websocket_general(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let general = site.database.general_id().await?;
    let general = general.ok_or_else(|| {
        Problem::new(
            StatusCode::NOT_FOUND,
            "conversation_not_found",
            "There is no general room here.",
        )
    })?;
    websocket(site, asked, Some(general)).await
}

#[utoipa::path(
    get,
    path = "/ws/private/{conversation}",
    tag = "live",
    summary = "Opens a WebSocket held to one conversation",
    description = "Members.",
    params(schema::OfConversation, schema::Since, schema::Render),
    responses(
        (status = 101, description = "The socket is open"),
    ),
    extensions(("x-codes" = json!(["origin_not_allowed", "websocket_required", "too_many_connections",
        "going_away", "not_a_member", "conversation_not_found"]))),
)]
pub async fn websocket_held(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let conversation = asked.parameters.id("conversation")?;
    websocket(site, asked, Some(conversation)).await
}

/// Upgrades to a WebSocket; `only` holds it to one conversation.
#[utoipa::path(
    get,
    path = "/ws",
    tag = "live",
    summary = "Opens a WebSocket",
    description = "Whoever has a session. What is sent and heard: /docs/wire.",
    params(schema::Since, schema::Render),
    responses(
        (status = 101, description = "The socket is open"),
    ),
    extensions(("x-codes" = json!(["origin_not_allowed", "websocket_required", "too_many_connections",
        "going_away"]))),
)]
pub async fn websocket(
    site: &Arc<Site>,
    asked: Asked,
    only: Option<Uuid>,
) -> Result<Response, Problem> {
    let request = asked.request;
    let key = upgrade_key(&request)?;
    let session = require_live_session(site, &request).await?;
    // Those that are held are those that other chats have too.
    let manner = match only {
        Some(_) => Manner::Plain,
        None => Manner::Own,
    };
    converse(site, request, key, &session, only, manner).await
}

/// Opens a socket for a session.
pub(super) async fn converse(
    site: &Arc<Site>,
    request: Request<Incoming>,
    key: UpgradeKey,
    session: &Session,
    only: Option<Uuid>,
    manner: Manner,
) -> Result<Response, Problem> {
    let query = Query::of(&request);
    let form = form(&query, Transport::WebSocket, manner);
    let live = open(site, session, only, query.text("cursor"), form).await?;
    let actor = Actor {
        user: session.user_id,
        session: session.id,
        only,
        manner,
    };
    Ok(upgrade(site, request, key, live, actor))
}

/// Answers that the socket is open, and serves it from then on.
pub(super) fn upgrade(
    site: &Arc<Site>,
    mut request: Request<Incoming>,
    UpgradeKey(key): UpgradeKey,
    live: Live,
    actor: Actor,
) -> Response {
    let mut response = Response::new(http::body(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes()));
    headers.insert(
        SEC_WEBSOCKET_ACCEPT,
        accept.unwrap_or(HeaderValue::from_static("")),
    );
    // A client that names protocols gives up unless one is chosen; only ours can be.
    let named = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter();
    let speaks_ours = named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|name| name.trim() == identity::SUBPROTOCOL);
    if speaks_ours {
        headers.insert(
            SEC_WEBSOCKET_PROTOCOL,
            HeaderValue::from_static(identity::SUBPROTOCOL),
        );
    }

    let commands = Arc::clone(&site.commands);
    let upgrade = hyper::upgrade::on(&mut request);
    site.connections.spawn(async move {
        let upgraded = match upgrade.await {
            Ok(upgraded) => upgraded,
            Err(error) => {
                tracing::debug!(%error, "a client left before its upgrade");
                return;
            }
        };
        // Without hyper's wrapping, the connection costs no more than its socket.
        match upgraded.downcast::<TokioIo<Patient>>() {
            Ok(parts) => {
                socket::run(
                    parts.io.into_inner().into_inner(),
                    parts.read_buf,
                    live,
                    commands,
                    actor,
                )
                .await
            }
            Err(_) => tracing::error!("an upgraded connection is not what was accepted"),
        }
    });
    response
}

/// What a client opens a WebSocket by.
pub(super) struct UpgradeKey(String);

pub(super) fn upgrade_key(request: &Request<Incoming>) -> Result<UpgradeKey, Problem> {
    let headers = request.headers();
    let has = |name: HeaderName, wanted: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .any(|value| value.trim().eq_ignore_ascii_case(wanted))
    };
    let key = headers
        .get(SEC_WEBSOCKET_KEY)
        .and_then(|key| key.to_str().ok());
    match key {
        Some(key)
            if has(UPGRADE, "websocket")
                && has(CONNECTION, "upgrade")
                && has(SEC_WEBSOCKET_VERSION, "13") =>
        {
            Ok(UpgradeKey(key.to_owned()))
        }
        _ => Err(Problem::new(
            StatusCode::UPGRADE_REQUIRED,
            "websocket_required",
            "This address speaks WebSocket (version 13); /sse has the same events without.",
        )),
    }
}

/// The same events as a response that does not end. `Last-Event-ID` counts before `?cursor=`: a
/// browser that reconnects sends it, and keeps the address it began with.
#[utoipa::path(
    get,
    path = "/sse",
    tag = "live",
    summary = "Opens a stream of Server-Sent Events",
    description = "Whoever has a session.",
    params(schema::Since, schema::Render, schema::LastEvent),
    responses(
        (status = 200, description = "Events as of /docs/wire; it does not end", body = String, content_type = "text/event-stream"),
    ),
    extensions(("x-codes" = json!(["origin_not_allowed", "too_many_connections", "going_away"]))),
)]
pub async fn server_sent_events(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let request = asked.request;
    let session = require_live_session(site, &request).await?;
    let query = Query::of(&request);
    let last_event = request
        .headers()
        .get(LAST_EVENT_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|value| !value.is_empty());
    let cursor = last_event.or_else(|| query.text("cursor"));
    let live = open(
        site,
        &session,
        None,
        cursor,
        form(&query, Transport::ServerSentEvents, Manner::Own),
    )
    .await?;

    let mut response = Response::new(http::streamed(StreamBody::new(sse::body(live))));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_ACCEL_BUFFERING, HeaderValue::from_static("no"));
    Ok(response)
}

/// One command, answered with the frame that a socket would get, and its status.
#[utoipa::path(
    post,
    path = "/api/commands",
    tag = "live",
    summary = "Carries out one command, as a socket would",
    description = "Whoever has a session; as the same deed by its own route. A refused command is answered with the frame error, in JSON.",
    request_body = schema::Command,
    responses(
        (status = 200, description = "Done", body = schema::Answer),
        (status = 201, description = "A message was made", body = schema::Answer),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "user_deactivated", "system_only",
        "conversation_closed", "blocked", "client_id_taken", "bad_client_id", "reply_to_not_found", "not_stored",
        "too_fast", "body_required", "body_too_long", "bad_emoji", "bad_kind", "bad_data", "bad_media", "data_too_long",
        "message_not_found", "not_the_sender", "message_deleted", "bad_for", "not_an_admin", "too_many_pins",
        "too_many_reactions", "not_forwardable", "bad_conversations", "bad_seq", "bad_status", "unknown_type",
        "type_required", "call_not_found", "not_a_participant", "participant_not_found", "not_the_caller", "wrong_call_state",
        "answered_elsewhere", "call_full", "call_in_progress", "too_many_to_call", "nobody_to_call", "bad_action", "bad_device",
        "another_user", "token_not_allowed"]))),
)]
pub async fn command(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body = http::read_body(asked.request.into_body()).await?;
    let actor = actor(&session);
    let (reference, command) = command::parse(&body, actor);
    let outcome = match command {
        Ok(command) => site.commands.begin(actor, command).await,
        Err(problem) => Err(problem),
    };
    if let Ok(Reply::Away(is_away)) = outcome {
        site.hub
            .set_session_away(session.user_id, session.id, is_away);
    }
    let status = command::status(&outcome);
    match command::answer(reference.as_ref(), &outcome) {
        Some(frame) => Ok(http::json(status, frame)),
        // Without a ref there is no frame on a socket; a response has a body all the same.
        None => Ok(http::json(status, json!({"type": "ack"}).to_string())),
    }
}

/// What changed since a cursor, in one answer: `{"reset", "cursor", "events"}`.
#[utoipa::path(
    get,
    path = "/api/changes",
    tag = "live",
    summary = "Tells what changed since a cursor",
    description = "Whoever has a session.",
    params(schema::Since, schema::Render),
    responses(
        (status = 200, description = "The events since, and a cursor of now", body = schema::Changes),
    ),
)]
pub async fn changes(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    let with_html = query.text("render") == Some("html");
    let now = site.cursor()?;
    let (is_reset, events) = match query.text("cursor") {
        None => (false, Vec::new()),
        Some(since) => {
            let changes = site
                .database
                .changes_since(Some(session.user_id), since)
                .await?;
            (
                changes.is_reset,
                relay::replay(&changes.envelopes, since, &now, None),
            )
        }
    };
    let events: Vec<_> = events
        .iter()
        .map(|event| String::from_utf8_lossy(&event.text(with_html)).into_owned())
        .collect();
    Ok(http::json(
        StatusCode::OK,
        format!(
            "{{\"reset\":{is_reset},\"cursor\":{},\"events\":[{}]}}",
            serde_json::Value::from(now),
            events.join(",")
        ),
    ))
}
