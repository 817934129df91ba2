//! Groups and rooms as pages show them: their people and what can be done about them, links, and rooms that can be found.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;

use super::embed::{self, Framing};
use super::http::{self, Query, Response};
use super::joining::token;
use super::opened::{Member, PANE_MEMBERS, sort};
use super::{Asked, Site, auth, listed, pages, require_session};
use crate::assets;
use crate::identity;
use crate::postgres::DatabaseError;
use crate::problem::Problem;

/// Rooms that the dialog shows at a time; a few letters find the others.
const ROOMS_SHOWN: i32 = 50;
/// People whom somebody blocks, of whom settings show so many.
const BLOCKS_SHOWN: i32 = 100;

#[derive(Deserialize)]
struct Invitation {
    conversation_id: String,
    kind: String,
    title: String,
    description: Option<String>,
    member_count: i64,
    join_policy: String,
    state: Option<String>,
}

/// What a link opens: its conversation for members and for who waits, else a door. JSON for a program that asks for it.
pub async fn invitation(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let headers = asked.request.headers();
    let (session, begun) = site.doorkeeper.receive(headers).await?;
    let actor = session.as_ref().map(|session| session.user_id);
    let read = match token(&asked) {
        Ok(token) => site
            .database
            .read_invite(actor, token)
            .await
            .map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    let mut response = if pages::asks_for_json(headers) {
        http::json(StatusCode::OK, read?.json)
    } else {
        let path = asked.request.uri().path();
        let suggested_name = identity::invent_name();
        let framing = Framing::of(&asked.request);
        let origins = embed::origins(site);
        let doors = pages::doors(site);
        let page = |status, leads| {
            let page = views::InvitePage {
                assets: assets::base(),
                product: pages::PRODUCT,
                look: embed::look(&asked.request),
                path,
                leads,
                frame: framing.view(&origins),
            };
            http::page(status, views::invite_page(&page))
        };
        match read {
            Ok(read) => {
                let seen: Invitation = listed::read(&read.json)?;
                if matches!(seen.state.as_deref(), Some("active" | "pending")) {
                    let mut response = http::see_other(&format!("/c/{}", seen.conversation_id));
                    if let Some(token) = &begun {
                        auth::remember(site, &mut response, token);
                    }
                    return Ok(response);
                }
                let visitor = match &session {
                    Some(session) => views::Visitor::Known {
                        name: &session.user_name,
                    },
                    None => views::Visitor::New {
                        suggested_name: &suggested_name,
                        doors: &doors,
                    },
                };
                let leads = views::Leads::In {
                    id: &seen.conversation_id,
                    kind: &seen.kind,
                    title: &seen.title,
                    description: seen.description.as_deref(),
                    member_count: seen.member_count,
                    asks: seen.join_policy == "approval",
                    visitor,
                };
                page(StatusCode::OK, leads)
            }
            Err(problem) if problem.status.is_client_error() => {
                let (code, detail) = (problem.code.as_str(), problem.detail.as_str());
                page(problem.status, views::Leads::Nowhere { code, detail })
            }
            Err(problem) => return Err(problem),
        }
    };
    if let Some(token) = &begun {
        auth::remember(site, &mut response, token);
    }
    pages::vary(&mut response);
    Ok(response)
}

/// The door's form: joins, and goes in.
pub async fn join(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let token = token(&asked)?;
    let back = asked.request.uri().path().to_owned();
    match site.database.join_by_invite(session.user_id, token).await {
        Ok(json) => {
            #[derive(Deserialize)]
            struct Joined {
                conversation_id: String,
            }
            let joined: Joined = listed::read(&json)?;
            Ok(http::see_other(&format!("/c/{}", joined.conversation_id)))
        }
        // The page says why.
        Err(DatabaseError::Refused(_)) => Ok(http::see_other(&back)),
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
struct Conversation {
    kind: String,
    title: Option<String>,
    description: Option<String>,
    join_policy: String,
    is_general: bool,
    closed_at: Option<String>,
    role: String,
    member_count: i64,
}

#[derive(Deserialize)]
struct Invite {
    token: String,
    creator_name: Option<String>,
    uses: i64,
    max_uses: Option<i64>,
    expires_at: Option<String>,
}

/// The people of a group or room, for its details.
pub async fn people(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let (actor, viewer) = (session.user_id, session.user_id.to_string());
    let id = asked.parameters.id("conversation")?;
    let json = site.database.read_conversation(actor, id).await?;
    let conversation: Conversation = listed::read(&json)?;
    let members = site
        .database
        .list_members(actor, id, None, PANE_MEMBERS)
        .await?;
    let members: Vec<Member<'_>> = listed::read_all(&members)?;
    let mut members: Vec<_> = members.iter().map(|member| member.view(&viewer)).collect();
    sort(&mut members);
    let leads = conversation.role != "member" && conversation.kind != "direct";
    let (requests, invites) = if leads {
        (
            site.database
                .list_members_in(actor, id, "pending", None, PANE_MEMBERS)
                .await?,
            site.database.list_invites(actor, id).await?,
        )
    } else {
        (Vec::new(), Vec::new())
    };
    let requests: Vec<Member<'_>> = listed::read_all(&requests)?;
    let requests: Vec<_> = requests.iter().map(|person| person.view(&viewer)).collect();
    let invites: Vec<Invite> = listed::read_all(&invites)?;
    let invites: Vec<_> = invites
        .iter()
        .map(|invite| views::Invite {
            token: &invite.token,
            creator: invite.creator_name.as_deref(),
            uses: invite.uses,
            uses_max: invite.max_uses,
            expires_at: invite.expires_at.as_deref(),
        })
        .collect();
    let room = views::Room {
        kind: &conversation.kind,
        is_general: conversation.is_general,
        closed: conversation.closed_at.is_some(),
        role: &conversation.role,
        members: &members,
        member_count: conversation.member_count,
        requests: &requests,
        invites: &invites,
    };
    Ok(http::page(StatusCode::OK, views::room(&room)))
}

/// What opens above a group or room: add, link, edit, leave.
pub async fn room_dialog(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let (actor, viewer) = (session.user_id, session.user_id.to_string());
    let id = asked.parameters.id("conversation")?;
    let json = site.database.read_conversation(actor, id).await?;
    let markup = match asked.parameters.text("name") {
        "add" => views::add_dialog(),
        "link" => views::link_dialog(),
        "edit" => {
            let conversation: Conversation = listed::read(&json)?;
            views::room_dialog(&views::RoomForm {
                is_new: false,
                kind: &conversation.kind,
                title: conversation.title.as_deref().unwrap_or_default(),
                description: conversation.description.as_deref().unwrap_or_default(),
                join_policy: &conversation.join_policy,
            })
        }
        "leave" => {
            let members = site
                .database
                .list_members(actor, id, None, PANE_MEMBERS)
                .await?;
            let members: Vec<Member<'_>> = listed::read_all(&members)?;
            let members: Vec<_> = members.iter().map(|member| member.view(&viewer)).collect();
            views::hand_over_dialog(&members)
        }
        _ => return Err(Problem::not_found()),
    };
    Ok(http::page(StatusCode::OK, markup))
}

/// What opens above the list: a new room, rooms to look around in.
pub async fn dialog(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    require_session(site, &asked.request).await?;
    let markup = match asked.parameters.text("name") {
        "new" => views::room_dialog(&views::RoomForm {
            is_new: true,
            kind: "room",
            title: "",
            description: "",
            join_policy: "open",
        }),
        "browse" => views::rooms_dialog(),
        _ => return Err(Problem::not_found()),
    };
    Ok(http::page(StatusCode::OK, markup))
}

#[derive(Deserialize)]
struct ListedRoom {
    id: String,
    title: String,
    description: Option<String>,
    join_policy: String,
    member_count: i64,
    state: Option<String>,
}

/// Rooms by a part of their title or description: `?q=`.
pub async fn rooms(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    http::check_text("q", query.text("q"))?;
    let found = site
        .database
        .list_rooms(session.user_id, query.text("q"), None, ROOMS_SHOWN)
        .await?;
    let found: Vec<ListedRoom> = listed::read_all(&found)?;
    let found: Vec<_> = found
        .iter()
        .map(|room| views::FoundRoom {
            id: &room.id,
            title: &room.title,
            description: room.description.as_deref(),
            join_policy: &room.join_policy,
            member_count: room.member_count,
            state: room.state.as_deref(),
        })
        .collect();
    Ok(http::page(StatusCode::OK, views::rooms(&found)))
}

/// People whom the reader blocks, for the settings.
pub async fn blocks(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Blocked {
        user_id: String,
        user_name: String,
    }
    let session = require_session(site, &asked.request).await?;
    let blocked = site
        .database
        .list_blocks(session.user_id, None, BLOCKS_SHOWN)
        .await?;
    let blocked: Vec<Blocked> = listed::read_all(&blocked)?;
    let people: Vec<_> = blocked
        .iter()
        .map(|person| (person.user_id.as_str(), person.user_name.as_str()))
        .collect();
    Ok(http::page(StatusCode::OK, views::blocks(&people)))
}
