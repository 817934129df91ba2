//! Pages: the welcome, and the chat with a conversation open.

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::{ACCEPT, HeaderMap, HeaderValue, VARY};
use serde::Deserialize;
use uuid::Uuid;

use super::http::{self, Response};
use super::{Asked, Site, assets, operations};
use crate::frame::MessageFields;
use crate::identity;
use crate::postgres::messages::HistoryPlace;
use crate::postgres::sessions::Session;
use crate::problem::Problem;

const PRODUCT: &str = "webchat";
/// Conversations and messages that a page begins with; the script asks for more.
const PAGE_CONVERSATIONS: i32 = 100;
const PAGE_MESSAGES: i32 = 50;

/// A conversation's JSON, as far as the page shows it.
#[derive(Deserialize)]
struct Listed {
    id: String,
    kind: String,
    title: Option<String>,
    unread: i64,
    last_seq: i64,
    read_seq: i64,
    closed_at: Option<String>,
    last_message: Option<LastMessage>,
    peer: Option<Peer>,
}

#[derive(Deserialize)]
struct LastMessage {
    body: Option<String>,
    deleted_at: Option<String>,
}

impl LastMessage {
    fn preview(&self) -> Option<&str> {
        if self.deleted_at.is_some() {
            Some(views::DELETED)
        } else {
            self.body.as_deref()
        }
    }
}

#[derive(Deserialize)]
struct Peer {
    id: String,
    status: String,
}

impl Peer {
    fn view(&self) -> views::Peer<'_> {
        views::Peer {
            id: &self.id,
            status: &self.status,
        }
    }
}

/// The chat with the general room open; the welcome for who has no session; JSON of the health for
/// a program that asks for it.
pub async fn home(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    if asks_for_json(asked.request.headers()) {
        return Ok(operations::health());
    }
    let general = site.database.general_id().await?;
    show(site, asked, general).await
}

fn asks_for_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept
        .is_some_and(|accept| accept.contains("application/json") && !accept.contains("text/html"))
}

pub async fn conversation(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let id = asked.parameters.id("conversation")?;
    show(site, asked, Some(id)).await
}

async fn show(site: &Arc<Site>, asked: Asked, open: Option<Uuid>) -> Result<Response, Problem> {
    let mut response = match identity::find_session(&site.database, asked.request.headers()).await?
    {
        Some((session, _)) => chat(site, &session, open).await?,
        None => welcome(StatusCode::OK, "", None),
    };
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("cookie, accept"));
    Ok(response)
}

/// The form that makes a guest; with what was given before, and what is wrong with it.
pub fn welcome(status: StatusCode, name: &str, error: Option<&str>) -> Response {
    http::page(
        status,
        views::welcome(&views::Welcome {
            assets: assets::base(),
            product: PRODUCT,
            suggested_name: &identity::invent_name(),
            name,
            error,
        }),
    )
}

async fn chat(site: &Site, session: &Session, open: Option<Uuid>) -> Result<Response, Problem> {
    let cursor = site.cursor()?;
    let user = session.user_id;
    let (listed, _) = site
        .database
        .list_conversations(user, None, PAGE_CONVERSATIONS)
        .await?;
    let listed: Vec<Listed> = listed
        .iter()
        .map(|json| read(json))
        .collect::<Result<_, _>>()?;

    let (opened, history) = match open {
        None => (None, None),
        Some(id) => {
            let opened: Listed = read(&site.database.read_conversation(user, id).await?)?;
            let place = HistoryPlace::default();
            let history = site
                .database
                .history_page(user, id, place, PAGE_MESSAGES)
                .await?;
            (Some(opened), Some(history))
        }
    };
    let fields = match &history {
        None => Vec::new(),
        Some(json) => read::<MessagePage<'_>>(json)?.items,
    };
    let messages: Vec<_> = fields.iter().map(MessageFields::view).collect();
    let conversations: Vec<_> = listed
        .iter()
        .map(|listed| views::Conversation {
            id: &listed.id,
            kind: &listed.kind,
            title: listed.title.as_deref().unwrap_or("Conversation"),
            unread: listed.unread,
            mentions: 0,
            last_seq: listed.last_seq,
            last_message_preview: listed.last_message.as_ref().and_then(LastMessage::preview),
            peer: listed.peer.as_ref().map(Peer::view),
            current: opened.as_ref().is_some_and(|opened| opened.id == listed.id),
        })
        .collect();
    let viewer_id = user.to_string();
    let page = views::chat(&views::ChatPage {
        assets: assets::base(),
        product: PRODUCT,
        viewer: views::Viewer {
            id: &viewer_id,
            name: &session.user_name,
        },
        cursor: &cursor,
        conversations: &conversations,
        open: opened.as_ref().map(|opened| views::Open {
            id: &opened.id,
            title: opened.title.as_deref().unwrap_or("Conversation"),
            peer: opened.peer.as_ref().map(Peer::view),
            messages: &messages,
            read_seq: opened.read_seq,
            closed: opened.closed_at.is_some(),
        }),
    });
    Ok(http::page(StatusCode::OK, page))
}

#[derive(Deserialize)]
struct MessagePage<'a> {
    #[serde(borrow)]
    items: Vec<MessageFields<'a>>,
}

/// The database's own JSON: that it can not be read is our mistake.
fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Problem> {
    serde_json::from_str(json).map_err(|error| {
        tracing::error!(%error, "the database's JSON can not be read");
        Problem::internal()
    })
}
