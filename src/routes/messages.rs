//! Messages and receipts over HTTP.

use std::sync::Arc;

use bytes::Bytes;
use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::{self, Query, Response};
use super::{Asked, Site, actor, require_session, schema};
use crate::command::{self, Command, Deed, Forward, Reply, Send, Whom, read_whom};
use crate::frame::{MessageFields, with_field};
use crate::identity;
use crate::newest::{KeptPage, PageKey};
use crate::postgres::messages::HistoryPlace;
use crate::problem::Problem;

#[derive(Deserialize, ToSchema)]
struct SendBody {
    #[schema(schema_with = schema::client_id)]
    client_id: Option<String>,
    #[schema(schema_with = schema::kind)]
    kind: Option<String>,
    #[schema(schema_with = schema::caption)]
    body: Option<String>,
    #[schema(schema_with = schema::data)]
    data: Option<Box<RawValue>>,
    #[schema(schema_with = schema::reply_to)]
    reply_to: Option<Uuid>,
    /// A medium that it shows; the same as a list of one.
    media_id: Option<Uuid>,
    /// Media that it shows, as many as its kind takes: 10 of image and file, 1 of the others.
    #[schema(min_items = 1, max_items = 10)]
    media_ids: Option<Vec<Uuid>>,
}

#[derive(Deserialize, ToSchema)]
struct EditBody {
    /// Other chats call it content.
    #[serde(alias = "content")]
    #[schema(schema_with = schema::body)]
    body: String,
    /// Left out, it stays as it is.
    #[schema(schema_with = schema::data)]
    data: Option<Box<RawValue>>,
}

#[derive(Deserialize, ToSchema)]
struct ForwardBody {
    #[schema(schema_with = schema::conversation_ids)]
    conversation_ids: Vec<Uuid>,
    #[schema(schema_with = schema::client_id)]
    client_id: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct MarkBody {
    #[schema(schema_with = schema::new_seq)]
    delivered_seq: Option<i64>,
    #[schema(schema_with = schema::new_seq)]
    read_seq: Option<i64>,
}

/// A page: `?before=`, `?after=` or `?around=` a seq, `?around=unread`, from `?date=` on, else the newest; `?limit=`;
/// `?render=html` adds each message's fragment as `html`. Always in order of seq; `next` goes on in the same direction.
#[utoipa::path(
    get,
    path = "/api/conversations/{conversation}/messages",
    tag = "messages",
    summary = "Reads a page of messages: the newest, or before, after or around a place",
    description = "Members. Of before, after, around and date one at most.",
    params(schema::OfConversation, schema::HistoryPart, schema::Limit, schema::Render),
    responses(
        (status = 200, description = "A page, without what its reader has hidden", body = schema::MessagePage),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found"]))),
)]
pub async fn history(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let conversation = asked.parameters.id("conversation")?;
    let query = Query::of(&asked.request);
    let limit = query.limit()?;
    let with_html = query.text("render") == Some("html");
    let place = history_place(&query)?;
    if matches!(place, HistoryPlace::Newest) {
        let key = PageKey {
            conversation,
            limit,
            with_html,
        };
        return newest(site, &asked, key).await;
    }
    let session = require_session(site, &asked.request).await?;
    let page = site
        .database
        .history_page(session.user_id, conversation, place, limit)
        .await?;
    Ok(http::json(StatusCode::OK, in_form(page, with_html)?))
}

fn history_place(query: &Query) -> Result<HistoryPlace, Problem> {
    let around = match query.text("around") {
        Some("unread") => Some(HistoryPlace::AroundUnread),
        _ => query.seq("around")?.map(HistoryPlace::Around),
    };
    let named = [
        query.seq("before")?.map(HistoryPlace::Before),
        query.seq("after")?.map(HistoryPlace::After),
        around,
        query.time("date")?.map(HistoryPlace::Date),
    ];
    let mut named = named.into_iter().flatten();
    let place = named.next().unwrap_or_default();
    if named.next().is_some() {
        return Err(Problem::unprocessable(
            "bad_parameter",
            "before, after, around, date: only one of them at a time.",
        ));
    }
    Ok(place)
}

async fn newest(site: &Arc<Site>, asked: &Asked, key: PageKey) -> Result<Response, Problem> {
    let token_hash =
        identity::token_hash(asked.request.headers()).ok_or_else(Problem::unauthorized)?;
    let kept = site.newest_pages.find(&key);
    // Heard before the page is read, so the page is no older.
    let cursor = site.heard.borrow().cursor.clone();
    let known = kept.as_ref().map(|page| page.cursor.as_str());
    let read = async || {
        site.database
            .newest_page(&token_hash, key.conversation, key.limit, known)
            .await
    };
    let read = match read().await? {
        Some(page) => page,
        None => {
            // The token may be the host's, and begin a session, or put off the end of one.
            require_session(site, &asked.request).await?;
            read().await?.ok_or_else(Problem::unauthorized)?
        }
    };
    let json = match (read.json, kept) {
        (None, Some(kept)) => kept.json,
        (None, None) => return Err(Problem::internal()),
        (Some(page), _) => {
            let json = Bytes::from(in_form(page, key.with_html)?);
            if let Some(cursor) = cursor
                && !read.is_own
            {
                let json = json.clone();
                site.newest_pages.keep(key, KeptPage { cursor, json });
            }
            json
        }
    };
    Ok(http::json(StatusCode::OK, json))
}

fn in_form(page: String, with_html: bool) -> Result<String, Problem> {
    if with_html { rendered(&page) } else { Ok(page) }
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
    next: Option<i64>,
}

/// A page whose messages also carry `html`, the fragment that shows them.
fn rendered(page: &str) -> Result<String, Problem> {
    let unreadable = |error: serde_json::Error| {
        tracing::error!(%error, "the database's JSON of messages can not be read");
        Problem::unavailable()
    };
    let Page { items, next } = serde_json::from_str(page).map_err(unreadable)?;
    let mut rendered = Vec::with_capacity(items.len());
    for item in items {
        let fields: MessageFields<'_> = serde_json::from_str(item.get()).map_err(unreadable)?;
        let with_html = with_field(item.get().as_bytes(), "html", &fields.fragment());
        rendered.push(String::from_utf8_lossy(&with_html).into_owned());
    }
    Ok(http::list_text(&rendered, next))
}

#[utoipa::path(
    post,
    path = "/api/conversations/{conversation}/messages",
    tag = "messages",
    summary = "Sends a message",
    description = "Members.",
    params(schema::OfConversation),
    request_body = SendBody,
    responses(
        (status = 201, description = "Sent", body = schema::Message),
        (status = 200, description = "Sent before, by the same client_id", body = schema::Message),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "user_deactivated", "system_only",
        "conversation_closed", "blocked", "client_id_taken", "bad_client_id", "reply_to_not_found", "not_stored",
        "too_fast", "body_required", "body_too_long", "bad_emoji", "bad_kind", "bad_data", "data_too_long", "bad_media"]))),
)]
pub async fn send(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let conversation_id = asked.parameters.id("conversation")?;
    let body: SendBody = http::read_json(asked.request.into_body()).await?;
    carry_out(
        site,
        actor(&session),
        Command::Send(Send {
            conversation_id,
            client_id: body.client_id,
            kind: body.kind,
            body: body.body,
            data: body.data,
            reply_to: body.reply_to,
            media_id: body.media_id,
            media_ids: body.media_ids,
            is_plain: false,
        }),
    )
    .await
}

#[utoipa::path(
    get,
    path = "/api/messages/{message}",
    tag = "messages",
    summary = "Reads a message",
    description = "Members.",
    params(schema::OfMessage),
    responses(
        (status = 200, description = "The message", body = schema::Message),
    ),
    extensions(("x-codes" = json!(["not_a_member", "message_not_found"]))),
)]
pub async fn read(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("message")?;
    let json = site.database.read_message(session.user_id, id).await?;
    Ok(http::json(StatusCode::OK, json))
}

#[utoipa::path(
    put,
    path = "/api/messages/{message}",
    tag = "messages",
    summary = "Changes what a message says",
    description = "Its sender.",
    params(schema::OfMessage),
    request_body = EditBody,
    responses(
        (status = 200, description = "The message as it is now", body = schema::Message),
    ),
    extensions(("x-codes" = json!(["not_a_member", "blocked", "message_not_found", "not_the_sender", "message_deleted",
        "too_fast", "body_required", "body_too_long", "bad_emoji", "bad_kind", "bad_data", "data_too_long"]))),
)]
pub async fn edit(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let message_id = asked.parameters.id("message")?;
    let EditBody { body, data } = http::read_json(asked.request.into_body()).await?;
    let deed = Deed::Edit { body, data };
    carry_out(site, actor(&session), Command::Change { message_id, deed }).await
}

#[utoipa::path(
    delete,
    path = "/api/messages/{message}",
    tag = "messages",
    summary = "Deletes a message for everyone, or for oneself",
    description = "For everyone: its sender, owners and admins. For oneself: members.",
    params(schema::OfMessage, schema::For),
    responses(
        (status = 200, description = "For everyone: without what it said. For oneself: as it is for the others", body = schema::Message),
    ),
    extensions(("x-codes" = json!(["not_a_member", "message_not_found", "not_the_sender", "bad_for", "too_fast"]))),
)]
pub async fn delete(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let deed = match read_whom(Query::of(&asked.request).text("for"))? {
        Whom::Everyone => Deed::Delete,
        Whom::Me => Deed::Hide,
    };
    change(site, asked, deed).await
}

#[utoipa::path(
    post,
    path = "/api/messages/{message}/restore",
    tag = "messages",
    summary = "Brings a deleted message back, for everyone or for oneself",
    description = "For everyone: owners and admins. For oneself: members.",
    params(schema::OfMessage, schema::For),
    responses(
        (status = 200, description = "The message", body = schema::Message),
    ),
    extensions(("x-codes" = json!(["not_a_member", "message_not_found", "not_an_admin", "bad_for", "too_fast"]))),
)]
pub async fn restore(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let deed = match read_whom(Query::of(&asked.request).text("for"))? {
        Whom::Everyone => Deed::Restore,
        Whom::Me => Deed::Unhide,
    };
    change(site, asked, deed).await
}

#[utoipa::path(
    put,
    path = "/api/messages/{message}/pin",
    tag = "messages",
    summary = "Pins a message",
    description = "Members; in rooms owners and admins. Again does no harm.",
    params(schema::OfMessage),
    responses(
        (status = 200, description = "The message", body = schema::Message),
    ),
    extensions(("x-codes" = json!(["not_a_member", "blocked", "message_not_found", "not_an_admin", "message_deleted",
        "too_many_pins", "too_fast"]))),
)]
pub async fn pin(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    change(site, asked, Deed::Pin).await
}

#[utoipa::path(
    delete,
    path = "/api/messages/{message}/pin",
    tag = "messages",
    summary = "Takes a pin down",
    description = "Members; in rooms owners and admins. Again does no harm.",
    params(schema::OfMessage),
    responses(
        (status = 200, description = "The message", body = schema::Message),
    ),
    extensions(("x-codes" = json!(["not_a_member", "message_not_found", "not_an_admin", "message_deleted",
        "too_fast"]))),
)]
pub async fn unpin(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    change(site, asked, Deed::Unpin).await
}

#[utoipa::path(
    put,
    path = "/api/messages/{message}/reactions/{emoji}",
    tag = "messages",
    summary = "Reacts to a message",
    description = "Members. Again does no harm.",
    params(schema::OfMessage, schema::OfEmoji),
    responses(
        (status = 200, description = "The message", body = schema::Message),
    ),
    extensions(("x-codes" = json!(["not_a_member", "blocked", "message_not_found", "bad_emoji", "message_deleted",
        "conversation_closed", "too_fast", "too_many_reactions"]))),
)]
pub async fn react(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let emoji = asked.parameters.text("emoji").to_owned();
    change(site, asked, Deed::React { emoji }).await
}

#[utoipa::path(
    delete,
    path = "/api/messages/{message}/reactions/{emoji}",
    tag = "messages",
    summary = "Takes one's reaction back",
    description = "Members. Again does no harm.",
    params(schema::OfMessage, schema::OfReaction),
    responses(
        (status = 200, description = "The message", body = schema::Message),
    ),
    extensions(("x-codes" = json!(["not_a_member", "message_not_found", "bad_emoji", "message_deleted",
        "conversation_closed", "too_fast"]))),
)]
pub async fn unreact(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let emoji = asked.parameters.text("emoji").to_owned();
    change(site, asked, Deed::Unreact { emoji }).await
}

async fn change(site: &Arc<Site>, asked: Asked, deed: Deed) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let message_id = asked.parameters.id("message")?;
    carry_out(site, actor(&session), Command::Change { message_id, deed }).await
}

/// A command whose outcome is a message: 201 when it is new.
async fn carry_out(
    site: &Arc<Site>,
    actor: command::Actor,
    command: Command,
) -> Result<Response, Problem> {
    let outcome = site.commands.begin(actor, command).await;
    let status = command::status(&outcome);
    match outcome? {
        Reply::Message { json, .. } => Ok(http::json(status, json)),
        Reply::Messages(messages) => {
            let list = http::list_text(&messages, serde_json::Value::Null);
            Ok(http::json(status, list))
        }
        other => unreachable!("a message is what comes of it, not {other:?}"),
    }
}

#[utoipa::path(
    post,
    path = "/api/messages/{message}/forward",
    tag = "messages",
    summary = "Repeats a message in other conversations",
    description = "Members of all of them.",
    params(schema::OfMessage),
    request_body = ForwardBody,
    responses(
        (status = 201, description = "The messages made", body = schema::List<schema::Message>),
    ),
    extensions(("x-codes" = json!(["not_a_member", "message_not_found", "conversation_not_found",
        "user_deactivated", "message_deleted", "conversation_closed", "blocked", "client_id_taken", "bad_client_id",
        "not_forwardable", "bad_conversations", "too_fast"]))),
)]
pub async fn forward(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let message_id = asked.parameters.id("message")?;
    let body: ForwardBody = http::read_json(asked.request.into_body()).await?;
    let command = Command::Forward(Forward {
        message_id,
        conversation_ids: body.conversation_ids,
        client_id: body.client_id,
    });
    carry_out(site, actor(&session), command).await
}

#[utoipa::path(
    get,
    path = "/api/messages/{message}/reactions",
    tag = "messages",
    summary = "Lists who reacted with what, first to last",
    description = "Members.",
    params(schema::OfMessage),
    responses(
        (status = 200, description = "At most 1,000", body = schema::List<schema::Reaction>),
    ),
    extensions(("x-codes" = json!(["not_a_member", "message_not_found"]))),
)]
pub async fn reactions(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("message")?;
    let items = site.database.list_reactions(session.user_id, id).await?;
    Ok(http::list(&items, serde_json::Value::Null))
}

#[utoipa::path(
    get,
    path = "/api/conversations/{conversation}/pins",
    tag = "messages",
    summary = "Lists pinned messages, the newest pin first",
    description = "Members.",
    params(schema::OfConversation),
    responses(
        (status = 200, description = "At most 100", body = schema::List<schema::Message>),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found"]))),
)]
pub async fn pins(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let items = site.database.list_pins(session.user_id, id).await?;
    Ok(http::list(&items, serde_json::Value::Null))
}

#[utoipa::path(
    get,
    path = "/api/messages/{message}/revisions",
    tag = "messages",
    summary = "Lists what a message said before each edit, oldest first",
    description = "Members.",
    params(schema::OfMessage),
    responses(
        (status = 200, description = "All of them", body = schema::List<schema::Revision>),
    ),
    extensions(("x-codes" = json!(["not_a_member", "message_not_found", "message_deleted"]))),
)]
pub async fn revisions(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("message")?;
    let items = site.database.revisions(session.user_id, id).await?;
    Ok(http::list(&items, serde_json::Value::Null))
}

#[utoipa::path(
    get,
    path = "/api/messages/{message}/receipts",
    tag = "receipts",
    summary = "Tells who received and read a message, and when",
    description = "Members.",
    params(schema::OfMessage),
    responses(
        (status = 200, description = "Counts, and names up to 100 members", body = schema::Receipts),
    ),
    extensions(("x-codes" = json!(["not_a_member", "message_not_found"]))),
)]
pub async fn receipts(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("message")?;
    let json = site.database.message_receipts(session.user_id, id).await?;
    Ok(http::json(StatusCode::OK, json))
}

#[utoipa::path(
    put,
    path = "/api/conversations/{conversation}/marks",
    tag = "receipts",
    summary = "Says how far one has received and read",
    description = "Members.",
    params(schema::OfConversation),
    request_body = MarkBody,
    responses(
        (status = 200, description = "As they are now: they only rise", body = schema::Marks),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "bad_seq"]))),
)]
pub async fn mark(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let body: MarkBody = http::read_json(asked.request.into_body()).await?;
    for (field, seq) in [
        ("delivered_seq", body.delivered_seq),
        ("read_seq", body.read_seq),
    ] {
        if seq.is_some_and(|seq| seq < 0) {
            return Err(Problem::unprocessable(
                "bad_seq",
                format!("{field}: must not be negative."),
            ));
        }
    }
    let (delivered_seq, read_seq) = site
        .database
        .mark(session.user_id, id, body.delivered_seq, body.read_seq)
        .await?;
    Ok(http::json(
        StatusCode::OK,
        json!({"conversation_id": id, "delivered_seq": delivered_seq, "read_seq": read_seq})
            .to_string(),
    ))
}
