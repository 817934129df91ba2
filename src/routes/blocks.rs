//! Blocking over HTTP.

use std::sync::Arc;

use hyper::StatusCode;

use super::http::{self, Query, Response};
use super::users::{next_after, user_id};
use super::{Asked, Site, require_session, schema};
use crate::problem::Problem;

#[utoipa::path(
    put,
    path = "/api/users/{user}/block",
    tag = "people",
    summary = "Blocks somebody: neither sends the other direct messages",
    description = "Whoever has a session. The other is not told.",
    params(schema::OfUser),
    responses(
        (status = 200, description = "As it is now", body = schema::Block),
    ),
    extensions(("x-codes" = json!(["user_not_found", "blocks_oneself"]))),
)]
pub async fn block(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let user = user_id(&asked, &session)?;
    let json = site.database.block(session.user_id, user).await?;
    Ok(http::json(StatusCode::OK, json))
}

#[utoipa::path(
    delete,
    path = "/api/users/{user}/block",
    tag = "people",
    summary = "Ends a block",
    description = "Who blocked them.",
    params(schema::OfUser),
    responses(
        (status = 200, description = "As it is now", body = schema::Block),
    ),
    extensions(("x-codes" = json!(["block_not_found"]))),
)]
pub async fn unblock(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let user = user_id(&asked, &session)?;
    let json = site.database.unblock(session.user_id, user).await?;
    Ok(http::json(StatusCode::OK, json))
}

/// `?after=` the last user id of the page before, `?limit=`.
#[utoipa::path(
    get,
    path = "/api/blocks",
    tag = "people",
    summary = "Lists whom one blocks, by user id",
    description = "Whoever has a session.",
    params(schema::AfterId, schema::Limit),
    responses(
        (status = 200, description = "A page", body = schema::Page<schema::ListedBlock>),
    ),
)]
pub async fn blocked(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    let limit = query.limit()?;
    let items = site
        .database
        .list_blocks(session.user_id, query.id("after")?, limit)
        .await?;
    let next = next_after(&items, limit, "user_id");
    Ok(http::list(&items, next))
}
