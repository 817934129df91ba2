//! Messages as other chats' clients send and read them: to a person, a group or a conversation, and back by an offset.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::{
    Asked, OFFSET_MAX, OFFSET_OF_ALL_MAX, Query, Response, Site, http, messages_page, page,
    require_session, schema,
};
use crate::command::{self, Addressee, Command, Reply};
use crate::problem::Problem;
use crate::routes::{actor, listed};

/// What `POST /api/messages` reads; `schema::PlainSend` says what it looks like.
#[derive(Deserialize)]
struct SendBody {
    content: Option<String>,
    sender_id: Option<Uuid>,
    receiver_id: Option<Uuid>,
    group_id: Option<Uuid>,
    conversation_id: Option<Uuid>,
    media_id: Option<Uuid>,
    client_id: Option<String>,
}

#[utoipa::path(
    post,
    path = "/api/messages",
    tag = "compatibility",
    summary = "Sends a message to a person, a group or a conversation",
    description = "Whoever has a session. To a person: in the direct conversation with them, made when there is none.",
    request_body = schema::PlainSend,
    responses(
        (status = 201, description = "Sent", body = schema::PlainMessage),
        (status = 200, description = "Sent before, by the same client_id", body = schema::PlainMessage),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "user_not_found", "not_yourself", "conversation_closed",
        "blocked", "client_id_taken", "bad_client_id", "not_stored", "too_fast", "body_required", "body_too_long", "bad_media",
        "media_not_found", "message_not_found"]))),
)]
pub async fn send(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body: SendBody = http::read_json(asked.request.into_body()).await?;
    if body
        .sender_id
        .is_some_and(|sender| sender != session.user_id)
    {
        return Err(Problem::forbidden(
            "not_yourself",
            "sender_id: one sends as oneself; it may be left out.",
        ));
    }
    let addressee = Addressee::of(body.receiver_id, body.group_id, body.conversation_id)?;
    let content = match (body.content, body.media_id) {
        (Some(content), _) => content,
        (None, Some(_)) => String::new(),
        (None, None) => {
            return Err(Problem::unprocessable("bad_field", "content: is required."));
        }
    };
    let mut command = command::plain_send(addressee, content, body.client_id);
    if let Some(media) = body.media_id {
        let kind = kind_of(site, session.user_id, media).await?;
        if let Command::Send(send) | Command::SendTo { send, .. } = &mut command {
            send.kind = Some(kind.to_owned());
            send.media_id = Some(media);
            send.body = send.body.take().filter(|caption| !caption.is_empty());
        }
    }
    let outcome = site.commands.begin(actor(&session), command).await;
    let status = command::status(&outcome);
    let Reply::Message { json, .. } = outcome? else {
        return Err(Problem::internal());
    };
    let Sent { id } = listed::read(&json)?;
    let message = site.database.plain_message(session.user_id, id).await?;
    Ok(http::json(status, message))
}

#[derive(Deserialize)]
struct Sent {
    id: Uuid,
}

/// The kind of message that shows such a file.
async fn kind_of(site: &Site, actor: Uuid, media: Uuid) -> Result<&'static str, Problem> {
    #[derive(Deserialize)]
    struct Medium {
        #[serde(rename = "type")]
        media_type: Option<String>,
    }
    let json = site.database.media_info(actor, media).await?;
    let Medium { media_type } = listed::read(&json)?;
    let media_type = media_type.unwrap_or_default();
    Ok(match media_type.split('/').next() {
        Some("image") if crate::media::is_safe_inline(&media_type) => "image",
        Some("video") => "video",
        Some("audio") => "audio",
        _ => "file",
    })
}

#[utoipa::path(
    get,
    path = "/api/messages",
    tag = "compatibility",
    summary = "Reads the newest messages of all of one's conversations, or of one",
    description = "Whoever has a session; of one conversation, its members. Without deleted, hidden and system messages.",
    params(schema::OfGroup, schema::Limit, schema::OffsetOfAll),
    responses(
        (status = 200, description = "A page, oldest first", body = schema::PlainPage),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found"]))),
)]
pub async fn list(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    let (database, reader) = (&site.database, session.user_id);
    let conversation = match query.id("conversation_id")? {
        Some(conversation) => Some(conversation),
        None => query.id("group_id")?,
    };
    match conversation {
        Some(conversation) => {
            let page = page(&query, OFFSET_MAX)?;
            let messages = database.plain_history(reader, conversation, page).await?;
            Ok(messages_page(&messages, page, OFFSET_MAX))
        }
        None => {
            let page = page(&query, OFFSET_OF_ALL_MAX)?;
            let messages = database.plain_newest(reader, page).await?;
            Ok(messages_page(&messages, page, OFFSET_OF_ALL_MAX))
        }
    }
}

#[utoipa::path(
    get,
    path = "/api/messages/conversation/{user}/{other}",
    tag = "compatibility",
    summary = "Reads what two people say to each other",
    description = "The two. Without deleted, hidden and system messages; empty where they have not begun.",
    params(schema::OfUser, schema::OfOther, schema::Limit, schema::Offset),
    responses(
        (status = 200, description = "A page, oldest first", body = schema::PlainPage),
    ),
    extensions(("x-codes" = json!(["not_yourself", "user_not_found"]))),
)]
pub async fn between(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let person = |name| match asked.parameters.text(name) {
        "me" => Ok(session.user_id),
        _ => asked.parameters.id(name),
    };
    let (user, other) = (person("user")?, person("other")?);
    let page = page(&Query::of(&asked.request), OFFSET_MAX)?;
    let messages = site
        .database
        .plain_between(session.user_id, user, other, page)
        .await?;
    Ok(messages_page(&messages, page, OFFSET_MAX))
}

#[utoipa::path(
    put,
    path = "/api/messages/{message}/read",
    tag = "compatibility",
    summary = "Says that one has read everything up to a message",
    description = "Members.",
    params(schema::OfMessage),
    responses(
        (status = 200, description = "The message as it is now", body = schema::PlainMessage),
    ),
    extensions(("x-codes" = json!(["not_a_member", "message_not_found", "conversation_not_found"]))),
)]
pub async fn mark_read(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let message = asked.parameters.id("message")?;
    let json = site
        .database
        .mark_message_read(session.user_id, message)
        .await?;
    Ok(http::json(StatusCode::OK, json))
}
