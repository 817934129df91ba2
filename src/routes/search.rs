//! Searching in messages over HTTP, as JSON and as parts of the page.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::http::{self, Query, Response};
use super::listed::{self, ListedMember, untitled};
use super::{Asked, Site, pages, require_session, schema};
use crate::frame::MessageFields;
use crate::postgres::search::Search;
use crate::problem::Problem;

/// Hits that the page shows at a time: some screens full of a narrow column.
const SHOWN_HITS: i32 = 20;
/// Hits that the switcher offers below conversations and people.
const OFFERED_HITS: i32 = 5;
/// People offered to look for messages of.
const OFFERED_SENDERS: i32 = 50;
/// Members that are looked through by name; of more, all people are.
const MEMBERS_MAX: i32 = 100;

/// Messages by words: `?q=`, in `?conversation_id=` or in all, of `?sender_id=`, of `?kind=`, `?from=` and `?until=` a
/// time; `?before=` the last message of the page before; `?limit=`. Newest first.
#[utoipa::path(
    get,
    path = "/api/search",
    tag = "messages",
    summary = "Finds messages by words, parts of words and phrases, newest first",
    description = "Whoever is logged in, in conversations of their own. Without q, one of sender_id, kind, from and until \
        must be there.",
    params(schema::SearchPart, schema::Limit),
    responses(
        (status = 200, description = "What was found", body = schema::Page<schema::SearchHit>),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "user_deactivated", "query_required",
        "query_too_long", "too_many_terms", "term_too_short", "bad_kind", "bad_date", "bad_before", "bad_character"]))),
)]
pub async fn find(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    let limit = query.limit()?;
    let items = found(site, session.user_id, &query, limit).await?;
    Ok(http::list(&items, next_before(&items, limit)))
}

async fn found(
    site: &Site,
    viewer: Uuid,
    query: &Query,
    limit: i32,
) -> Result<Vec<String>, Problem> {
    for field in ["q", "kind"] {
        http::check_text(field, query.text(field))?;
    }
    let (from, until) = (query.time("from")?, query.time("until")?);
    let search = Search {
        query: query.text("q"),
        conversation: query.id("conversation_id")?,
        sender: query.id("sender_id")?,
        kind: query.text("kind"),
        from: from.as_deref(),
        until: until.as_deref(),
        before: query.id("before")?,
    };
    Ok(site.database.search_messages(viewer, search, limit).await?)
}

/// What the next page is asked by, when this one is full.
fn next_before(items: &[String], limit: i32) -> Option<String> {
    if items.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
        return None;
    }
    let last: serde_json::Value = serde_json::from_str(items.last()?).ok()?;
    last["message"]["id"].as_str().map(str::to_owned)
}

/// A hit's JSON, as far as the page shows it.
#[derive(Deserialize)]
struct FoundMessage<'a> {
    #[serde(borrow)]
    message: MessageFields<'a>,
    conversation: FoundIn,
}

#[derive(Deserialize)]
struct FoundIn {
    kind: String,
    title: Option<String>,
}

impl FoundMessage<'_> {
    fn view(&self, viewer_id: &str) -> views::Hit<'_> {
        let message = self.message.view();
        views::Hit {
            message,
            title: self.conversation.title.as_deref().unwrap_or_else(untitled),
            kind: &self.conversation.kind,
            is_own: message.sender_id == Some(viewer_id),
        }
    }
}

/// What was found, for the panel: the same parameters as [`find`], less `limit`.
pub async fn part(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    shown(site, asked, SHOWN_HITS, |hits, terms, query, next| {
        views::hits(hits, terms, query.text("conversation_id").is_some(), next)
    })
    .await
}

/// What was found, for the switcher: `?q=`.
pub async fn options(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    shown(site, asked, OFFERED_HITS, |hits, terms, query, _| {
        views::found_messages(hits, terms, query.text("q").unwrap_or_default())
    })
    .await
}

async fn shown(
    site: &Site,
    asked: Asked,
    limit: i32,
    show: impl FnOnce(&[views::Hit<'_>], &[String], &Query, Option<&str>) -> views::Markup,
) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    let items = match found(site, session.user_id, &query, limit).await {
        Ok(items) => items,
        // Who types has not done anything wrong yet.
        Err(problem) if matches!(problem.code.as_str(), "term_too_short" | "query_required") => {
            return Ok(http::page(StatusCode::OK, views::too_short()));
        }
        Err(problem) => return Err(problem),
    };
    let terms = site.database.search_terms(query.text("q")).await?;
    let next = next_before(&items, limit);
    let hits: Vec<FoundMessage<'_>> = listed::read_all(&items)?;
    let viewer_id = session.user_id.to_string();
    let hits: Vec<_> = hits.iter().map(|hit| hit.view(&viewer_id)).collect();
    let markup = show(&hits, &terms, &query, next.as_deref());
    Ok(http::page(StatusCode::OK, markup))
}

/// People whose messages alone can be looked for: `?q=` a part of a name, `?conversation_id=` members of it.
pub async fn senders(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    let name = query.text("q");
    http::check_text("q", name)?;
    if let Some(conversation) = query.id("conversation_id")? {
        let members = site
            .database
            .list_members(session.user_id, conversation, None, MEMBERS_MAX)
            .await?;
        if members.len() < usize::try_from(MEMBERS_MAX).unwrap_or(usize::MAX) {
            let mut members: Vec<ListedMember> = listed::read_all(&members)?;
            members.retain(|member| name.is_none_or(|name| member.is_called(name)));
            members.sort_by(|one, other| one.name().cmp(other.name()));
            let members: Vec<_> = members
                .iter()
                .map(|member| member.view(session.user_id))
                .collect();
            return Ok(http::page(StatusCode::OK, views::senders(&members)));
        }
    }
    let people = pages::find_people(site, &session, name, OFFERED_SENDERS).await?;
    let people: Vec<_> = people
        .iter()
        .map(|person| person.view(session.user_id))
        .collect();
    Ok(http::page(StatusCode::OK, views::senders(&people)))
}
