//! `/chats/…`: the general chat, private ones and rooms, as other chats' clients open and read them.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    Asked, OFFSET_MAX, Query, Response, Site, http, listed, messages_page, page, require_session,
    schema, with_fields,
};
use crate::problem::Problem;

/// Where the link of a room leads, and where its secret stands in it.
const INVITE: &str = "invite";
/// Letters of a link's secret: 128 bits in base64url.
const INVITE_LETTERS: usize = 22;

#[derive(Deserialize, ToSchema)]
#[schema(as = PrivateChat)]
struct PrivateBody {
    receiver_id: Uuid,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = NewRoom)]
struct RoomBody {
    #[schema(schema_with = schema::title)]
    name: String,
    #[schema(schema_with = schema::description)]
    description: Option<String>,
}

#[derive(Default, Deserialize, ToSchema)]
#[schema(as = JoinRoom)]
struct JoinBody {
    /// As the room's maker got it, whole or its secret alone. Without: by the room's own door.
    invite_link: Option<String>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = DecideInvite)]
struct DecideBody {
    user_id: Uuid,
}

#[utoipa::path(
    get,
    path = "/chats/general/history",
    tag = "compatibility",
    summary = "Reads the general room",
    description = "Members of it.",
    params(schema::Limit, schema::Offset),
    responses(
        (status = 200, description = "A page, oldest first", body = schema::PlainPage),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found"]))),
)]
pub async fn general_history(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let page = page(&Query::of(&asked.request), OFFSET_MAX)?;
    let messages = site.database.plain_general(session.user_id, page).await?;
    Ok(messages_page(&messages, page, OFFSET_MAX))
}

#[utoipa::path(
    get,
    path = "/chats/private/{conversation}/history",
    tag = "compatibility",
    summary = "Reads a conversation",
    description = "Members. Without deleted, hidden and system messages.",
    params(schema::OfConversation, schema::Limit, schema::Offset),
    responses(
        (status = 200, description = "A page, oldest first", body = schema::PlainPage),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found"]))),
)]
pub async fn history(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let conversation = asked.parameters.id("conversation")?;
    let page = page(&Query::of(&asked.request), OFFSET_MAX)?;
    let messages = site
        .database
        .plain_history(session.user_id, conversation, page)
        .await?;
    Ok(messages_page(&messages, page, OFFSET_MAX))
}

#[utoipa::path(
    post,
    path = "/chats/private",
    tag = "compatibility",
    summary = "The chat with somebody, made when there is none",
    description = "Whoever has a session.",
    request_body = PrivateBody,
    responses(
        (status = 201, description = "Made", body = schema::OpenedChat),
        (status = 200, description = "There already", body = schema::OpenedChat),
    ),
    extensions(("x-codes" = json!(["user_not_found"]))),
)]
pub async fn open_private(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body: PrivateBody = http::read_json(asked.request.into_body()).await?;
    let opened = site
        .database
        .open_direct(session.user_id, body.receiver_id)
        .await
        .map_err(|error| Problem::from(error).renaming("user_id", "receiver_id"))?;
    let Identified { id } = listed::read(&opened.json)?;
    let status = if opened.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    // Also of one that was there: these clients go on by no other word.
    let answer = json!({"chat_id": id, "status": "created"});
    Ok(http::json(status, answer.to_string()))
}

#[derive(Deserialize)]
struct Identified {
    id: Uuid,
}

#[utoipa::path(
    post,
    path = "/chats/room",
    tag = "compatibility",
    summary = "Makes a room that lets people in by approval, and a link to it",
    description = "Whoever has a session; they become its owner, and decide who is let in.",
    request_body = RoomBody,
    responses(
        (status = 201, description = "Made", body = schema::PlainRoom),
    ),
    extensions(("x-codes" = json!(["title_required", "title_too_long", "description_too_long"]))),
)]
pub async fn create_room(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body: RoomBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("name", Some(&body.name))?;
    http::check_text("description", body.description.as_deref())?;
    let (id, token) = site
        .database
        .create_room_with_link(session.user_id, &body.name, body.description.as_deref())
        .await
        .map_err(|error| Problem::from(error).renaming("title", "name"))?;
    let answer = json!({
        "room_id": id,
        "invite_link": format!("/chats/room/{id}/invite?{INVITE}={token}"),
    });
    Ok(http::json(StatusCode::CREATED, answer.to_string()))
}

/// The secret in a link, or the secret itself.
fn secret_in(link: &str) -> Result<&str, Problem> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    // It stands behind the last of what can not be in it: of `…?invite=`, or of `/i/`.
    let secret = link.rsplit(|letter| !is_letter(letter)).next();
    secret
        .filter(|secret| secret.len() == INVITE_LETTERS)
        .ok_or_else(invite_not_found)
}

fn invite_not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "invite_not_found",
        "invite_link: there is no such link to this room.",
    )
}

#[utoipa::path(
    post,
    path = "/chats/room/{conversation}/join",
    tag = "compatibility",
    summary = "Asks to be let into a room, by its link",
    description = "Whoever has the link; the owner and admins are told at once.",
    params(schema::OfConversation),
    request_body = JoinBody,
    responses(
        (status = 200, description = "pending_approval, or joined where no approval is needed", body = schema::JoinStatus),
    ),
    extensions(("x-codes" = json!(["removed", "invite_not_found", "conversation_closed", "invite_expired", "invite_revoked",
        "invite_used_up", "not_open", "not_a_member", "conversation_not_found"]))),
)]
pub async fn join(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Membership {
        state: String,
    }
    let session = require_session(site, &asked.request).await?;
    let room = asked.parameters.id("conversation")?;
    let body: JoinBody = http::read_json(asked.request.into_body()).await?;
    let (database, actor) = (&site.database, session.user_id);
    let json = match &body.invite_link {
        Some(link) => {
            let token = secret_in(link)?;
            // A link never comes to lead elsewhere, so it is enough to look before.
            let invitation = database.read_invite(Some(actor), token).await?;
            if invitation.conversation_id != room {
                return Err(invite_not_found());
            }
            database.join_by_invite(actor, token).await?
        }
        None => database.join(actor, room).await?,
    };
    let Membership { state } = listed::read(&json)?;
    let status = match state.as_str() {
        "pending" => "pending_approval",
        _ => "joined",
    };
    Ok(http::json(
        StatusCode::OK,
        json!({"status": status}).to_string(),
    ))
}

#[utoipa::path(
    get,
    path = "/chats/room/{conversation}/invite",
    tag = "compatibility",
    summary = "What the link of a room opens",
    description = "Anybody who has the link. A browser is led on to the page of the link, which asks for a name where it has none.",
    params(schema::OfConversation, schema::OfInviteLink),
    responses(
        (status = 200, description = "The room, as far as it can be seen before joining", body = schema::PlainInvitation),
        (status = 303, description = "To who accepts HTML: on to `/i/{invite}`"),
    ),
    security(()),
    extensions(("x-codes" = json!(["invite_not_found", "removed", "conversation_closed", "invite_expired", "invite_revoked",
        "invite_used_up", "not_found", "internal", "unavailable"]))),
)]
pub async fn invitation(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let room = asked.parameters.id("conversation")?;
    let query = Query::of(&asked.request);
    let token = secret_in(query.text(INVITE).unwrap_or_default())?;
    let headers = asked.request.headers();
    let session = site.doorkeeper.find_session(headers).await?;
    let actor = session.as_ref().map(|(session, _)| session.user_id);
    let read = site.database.read_invite(actor, token).await;
    if http::accepts_html(headers) {
        // The page also says what is wrong with a link.
        return match read {
            Ok(read) if read.conversation_id != room => Err(invite_not_found()),
            _ => Ok(http::see_other(&format!("/i/{token}"))),
        };
    }
    let read = read?;
    if read.conversation_id != room {
        return Err(invite_not_found());
    }
    let answer = with_fields(&read.json, &json!({"room_id": room}))?;
    Ok(http::json(StatusCode::OK, answer))
}

#[utoipa::path(
    post,
    path = "/chats/room/{conversation}/invite/approve",
    tag = "compatibility",
    summary = "Lets in somebody who asked to join",
    description = "Owners and admins. Again is answered as before; who asked is told at once.",
    params(schema::OfConversation),
    request_body = DecideBody,
    responses(
        (status = 200, description = "approved", body = schema::DecideStatus),
    ),
    extensions(("x-codes" = json!(["not_a_member", "not_an_admin", "conversation_not_found", "request_not_found",
        "conversation_closed"]))),
)]
pub async fn approve(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    decide(site, asked, true).await
}

#[utoipa::path(
    post,
    path = "/chats/room/{conversation}/invite/deny",
    tag = "compatibility",
    summary = "Does not let in somebody who asked to join",
    description = "Owners and admins. Again is answered as before; who asked is told at once, and may ask again.",
    params(schema::OfConversation),
    request_body = DecideBody,
    responses(
        (status = 200, description = "denied", body = schema::DecideStatus),
    ),
    extensions(("x-codes" = json!(["not_a_member", "not_an_admin", "conversation_not_found", "request_not_found"]))),
)]
pub async fn deny(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    decide(site, asked, false).await
}

async fn decide(site: &Arc<Site>, asked: Asked, is_approved: bool) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let room = asked.parameters.id("conversation")?;
    let body: DecideBody = http::read_json(asked.request.into_body()).await?;
    site.database
        .decide_join(session.user_id, room, body.user_id, is_approved)
        .await?;
    let status = if is_approved { "approved" } else { "denied" };
    Ok(http::json(
        StatusCode::OK,
        json!({"status": status}).to_string(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_known_by_its_secret_however_it_is_written() {
        let secret = "abcdefghijklmnopqrs-_9";
        for link in [
            secret.to_owned(),
            format!("/chats/room/01a1fc7d-6da2-71df-ba9d-18391997fcdd/invite?invite={secret}"),
            format!("https://chat.example/i/{secret}"),
        ] {
            assert_eq!(secret_in(&link).unwrap(), secret, "{link}");
        }
        for link in [
            "",
            "/i/",
            "short",
            "a\0",
            &format!("{secret}/"),
            &secret.repeat(2),
        ] {
            assert_eq!(secret_in(link).unwrap_err().code, "invite_not_found");
        }
    }
}
