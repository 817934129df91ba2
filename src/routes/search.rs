//! Searching in messages over HTTP.

use std::sync::Arc;

use super::http::{self, Query, Response};
use super::{Asked, Site, require_session, schema};
use crate::postgres::search::Search;
use crate::problem::Problem;

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
    let items = site
        .database
        .search_messages(session.user_id, search, limit)
        .await?;
    Ok(http::list(&items, next_before(&items, limit)))
}

/// What the next page is asked by, when this one is full.
fn next_before(items: &[String], limit: i32) -> Option<String> {
    if items.len() < usize::try_from(limit).unwrap_or(usize::MAX) {
        return None;
    }
    let last: serde_json::Value = serde_json::from_str(items.last()?).ok()?;
    last["message"]["id"].as_str().map(str::to_owned)
}
