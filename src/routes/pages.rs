//! Pages: the welcome, the chat with a conversation open, and the parts of it that the page's script
//! asks for when it goes from one conversation to another.

use std::sync::Arc;

use hyper::body::Incoming;
use hyper::header::{ACCEPT, HeaderMap, HeaderValue, VARY};
use hyper::{Request, StatusCode};
use uuid::Uuid;

use super::embed::{self, Framing};
use super::http::{self, Query, Response};
use super::known::Known;
use super::listed::{self, Listed, ListedPerson};
use super::opened::Opened;
use super::{Asked, Site, auth, operations, require_session};
use views::Door;

use crate::assets;
use crate::frame::MessageFields;
use crate::identity;
use crate::postgres::people::Listing;
use crate::postgres::sessions::Session;
use crate::problem::Problem;
use crate::settings::AuthMode;

pub(super) const PRODUCT: &str = "webchat";
/// Conversations that a page begins with.
const PAGE_CONVERSATIONS: i32 = 100;
/// What the switcher offers: as much as is taken in at a glance.
const FOUND_CONVERSATIONS: i32 = 8;
const FOUND_PEOPLE: i32 = 8;
/// People that the dialog for a new chat offers at a time.
const OFFERED_PEOPLE: i32 = 50;
/// In it the page's script keeps how the reader wants the page to look.
const LOOK_COOKIE: &str = "webchat_look";

/// What a page or a part of it shows beside the list.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    General,
    /// The list alone.
    Chats,
    Conversation {
        id: Uuid,
        /// The message that the address names.
        seq: Option<i64>,
    },
    /// The direct chat with somebody, begun or not.
    Person(Uuid),
}

impl Place {
    pub fn conversation(asked: &Asked) -> Result<Self, Problem> {
        let seq = asked.parameters.text("seq");
        Ok(Self::Conversation {
            id: asked.parameters.id("conversation")?,
            seq: match seq {
                "" => None,
                _ => Some(seq.parse().map_err(|_| Problem::not_found())?),
            },
        })
    }

    pub fn person(asked: &Asked) -> Result<Self, Problem> {
        asked.parameters.id("user").map(Self::Person)
    }
}

/// The chat, or JSON of the health for a program that asks for it.
pub async fn home(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    if asks_for_json(asked.request.headers()) {
        return Ok(operations::health());
    }
    page(site, asked, Place::General).await
}

pub(super) fn asks_for_json(headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accept
        .is_some_and(|accept| accept.contains("application/json") && !accept.contains("text/html"))
}

/// The chat with a place open; the welcome for who has no session.
pub async fn page(site: &Arc<Site>, asked: Asked, place: Place) -> Result<Response, Problem> {
    let headers = asked.request.headers();
    let (session, begun) = site.doorkeeper.receive(headers).await?;
    let mut response = match session {
        Some(session) => chat(site, &session, &asked.request, place).await?,
        None => {
            let query = Query::of(&asked.request);
            let path = asked.request.uri().path();
            let next = match query.text("next") {
                Some(next) => next.to_owned(),
                None => format!("{path}{}", Framing::of(&asked.request).query()),
            };
            welcome(
                site,
                StatusCode::OK,
                headers,
                &auth::own_path(Some(next)),
                query.text("door").and_then(Door::of),
                "",
                None,
            )
        }
    };
    if let Some(token) = begun {
        auth::remember(site, &mut response, &token);
    }
    vary(&mut response);
    Ok(response)
}

/// Says what a page depends on, for whoever keeps pages.
pub fn vary(response: &mut Response) {
    response.headers_mut().insert(
        VARY,
        HeaderValue::from_static("cookie, accept, accept-encoding, accept-language"),
    );
}

/// The ways in that are open.
pub fn doors(site: &Site) -> Vec<Door> {
    let auth = &site.settings.auth;
    let mut doors = Vec::new();
    if auth.contains(&AuthMode::Guest) {
        doors.push(Door::Guest);
    }
    if auth.contains(&AuthMode::Password) {
        doors.extend([Door::LogIn, Door::SignUp]);
    }
    doors
}

/// The form that makes a guest; with what was given before, and what is wrong with it.
pub fn welcome(
    site: &Site,
    status: StatusCode,
    headers: &HeaderMap,
    next: &str,
    door: Option<Door>,
    name: &str,
    error: Option<&str>,
) -> Response {
    let doors = doors(site);
    let framing = Framing::towards(headers, next);
    let door = door
        .filter(|door| doors.contains(door))
        .or(doors.first().copied());
    let show = || {
        views::welcome(&views::Welcome {
            assets: assets::base(),
            product: PRODUCT,
            look: framing.dress(look(headers)),
            frame: framing.view(&embed::origins(site)),
            suggested_name: &identity::invent_name(),
            name,
            error,
            next,
            doors: &doors,
            door,
        })
    };
    // Who comes back with a form's errors was told so in the language of the page that the form leads to.
    http::page(
        status,
        views::language::within(framing.language(headers), show),
    )
}

/// How a reader wants pages to look.
pub fn look(headers: &HeaderMap) -> views::Look {
    identity::read_cookie(headers, LOOK_COOKIE)
        .map(|words| views::Look::from_words(&words))
        .unwrap_or_default()
}

async fn chat(
    site: &Site,
    session: &Session,
    request: &Request<Incoming>,
    place: Place,
) -> Result<Response, Problem> {
    let cursor = site.cursor()?;
    let opened = Opened::read(site, session, place).await?;
    let listed = listed(site, session).await?;
    let viewer_id = session.user_id.to_string();
    let avatar_id = session.avatar_id().map(|id| id.to_string());
    let open_id = opened.as_ref().and_then(Opened::id);
    let conversations: Vec<_> = listed
        .iter()
        .map(|listed| listed.view(&viewer_id, open_id))
        .collect();
    let framing = Framing::of(request);
    let origins = embed::origins(site);
    let page = views::ChatPage {
        assets: assets::base(),
        product: PRODUCT,
        look: framing.dress(look(request.headers())),
        frame: framing.view(&origins),
        viewer: views::Viewer {
            id: &viewer_id,
            name: &session.user_name,
            avatar_id: avatar_id.as_deref(),
            is_guest: session.is_guest(),
        },
        cursor: &cursor,
        file_bytes_max: site.settings.max_file_size_bytes,
        conversations: &conversations,
        open: None,
        waiting: opened.as_ref().and_then(Opened::waiting),
    };
    let markup = match &opened {
        Some(opened) if opened.waiting().is_none() => opened.show(|pane| {
            let open = Some(pane);
            views::chat(&views::ChatPage { open, ..page })
        })?,
        _ => views::chat(&page),
    };
    Ok(http::page(StatusCode::OK, markup))
}

async fn listed(site: &Site, session: &Session) -> Result<Vec<Listed>, Problem> {
    let (listed, _) = site
        .database
        .list_conversations(session.user_id, None, PAGE_CONVERSATIONS)
        .await?;
    let mut listed: Vec<Listed> = listed::read_all(&listed)?;
    // Each part by its newest, as it came.
    listed.sort_by_key(|listed| (listed.preference.archived, !listed.preference.pinned));
    Ok(listed)
}

/// The pane of a place alone, for a page that is there already.
pub async fn pane(site: &Arc<Site>, asked: Asked, place: Place) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let markup = match Opened::read(site, &session, place).await? {
        Some(opened) => match opened.waiting() {
            Some(asked) => views::waiting(&asked),
            None => opened.show(|pane| views::pane(&pane))?,
        },
        None => views::no_pane(),
    };
    Ok(http::page(StatusCode::OK, markup))
}

/// Pinned messages of a conversation.
pub async fn pins(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("conversation")?;
    let pins = site.database.list_pins(session.user_id, id).await?;
    let pins: Vec<MessageFields<'_>> = listed::read_all(&pins)?;
    let pins: Vec<_> = pins.iter().map(MessageFields::view).collect();
    Ok(http::page(StatusCode::OK, views::pins(&pins)))
}

/// What there is to know of a message.
pub async fn info(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("message")?;
    let known = Known::read(&site.database, session.user_id, id).await?;
    Ok(http::page(StatusCode::OK, known.show()?))
}

/// The list of conversations alone.
pub async fn list(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let listed = listed(site, &session).await?;
    let viewer_id = session.user_id.to_string();
    let entries: Vec<_> = listed
        .iter()
        .map(|listed| listed.view(&viewer_id, None))
        .collect();
    Ok(http::page(StatusCode::OK, views::conversations(&entries)))
}

/// People to write to, by a part of a name: `?q=`; who is online comes first, and alone with `?online=true`.
pub async fn people(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    http::check_text("q", query.text("q"))?;
    let online = Listing {
        query: query.text("q"),
        only_online: true,
        after: None,
    };
    let mut found = list_people(site, &session, online, OFFERED_PEOPLE).await?;
    let are_enough = found.len() >= usize::try_from(OFFERED_PEOPLE).unwrap_or(usize::MAX);
    if query.flag("online")? {
        // Who asks knows that they are there.
        found.retain(|person| !person.is_user(session.user_id));
    } else if !are_enough {
        let mut others = find_people(site, &session, query.text("q"), OFFERED_PEOPLE).await?;
        others.retain(|person| !found.iter().any(|online| online.is(person)));
        found.extend(others);
    }
    let people: Vec<_> = found
        .iter()
        .map(|person| person.view(session.user_id))
        .collect();
    Ok(http::page(StatusCode::OK, views::people(&people)))
}

pub async fn find_people(
    site: &Site,
    session: &Session,
    query: Option<&str>,
    limit: i32,
) -> Result<Vec<ListedPerson>, Problem> {
    let listing = Listing {
        query,
        ..Listing::default()
    };
    list_people(site, session, listing, limit).await
}

async fn list_people(
    site: &Site,
    session: &Session,
    listing: Listing<'_>,
    limit: i32,
) -> Result<Vec<ListedPerson>, Problem> {
    let found = site
        .database
        .list_users(session.user_id, listing, limit)
        .await?;
    listed::read_all(&found)
}

/// Conversations and people for the switcher: `?q=`; without, the most recent conversations.
pub async fn find(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    http::check_text("q", query.text("q"))?;
    let text = query.text("q").unwrap_or_default();
    let conversations = site
        .database
        .find_conversations(session.user_id, text, FOUND_CONVERSATIONS)
        .await?;
    let conversations: Vec<Listed> = listed::read_all(&conversations)?;
    let mut people = find_people(site, &session, Some(text), FOUND_PEOPLE).await?;
    people.retain(|person| !conversations.iter().any(|found| found.is_with(person)));
    let options: Vec<_> = conversations
        .iter()
        .map(Listed::option)
        .chain(people.iter().map(ListedPerson::option))
        .collect();
    let found: Vec<_> = options.iter().map(listed::Choice::view).collect();
    Ok(http::page(StatusCode::OK, views::found(&found)))
}
