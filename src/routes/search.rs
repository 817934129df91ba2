//! Searching in messages over HTTP.

use std::sync::Arc;

use super::http::{self, Query, Response};
use super::{Asked, Site, require_session};
use crate::postgres::search::Search;
use crate::problem::Problem;

/// Messages by words: `?q=`, in `?conversation_id=` or in all, of `?sender_id=`, of `?kind=`, `?from=` and `?until=` a
/// time; `?before=` the last message of the page before; `?limit=`. Newest first.
pub async fn find(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    let limit = query.limit()?;
    for field in ["q", "kind", "from", "until"] {
        http::check_text(field, query.text(field))?;
    }
    let search = Search {
        query: query.text("q"),
        conversation: query.id("conversation_id")?,
        sender: query.id("sender_id")?,
        kind: query.text("kind"),
        from: query.text("from"),
        until: query.text("until"),
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
