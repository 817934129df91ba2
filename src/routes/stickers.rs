//! Stickers and GIFs: packs that were added, and what was shared.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::{self, Query, Response};
use super::{Asked, Site, require_session, schema};
use crate::problem::Problem;

#[derive(Deserialize, ToSchema)]
#[schema(as = AddStickerPack)]
struct PackBody {
    /// What messages call it by.
    #[schema(pattern = "^[a-z0-9-]{1,60}$")]
    name: String,
    #[schema(min_length = 1, max_length = 80)]
    title: String,
    #[schema(min_items = 1, max_items = 120)]
    stickers: Vec<StickerBody>,
}

#[derive(Deserialize, serde::Serialize, ToSchema)]
#[schema(as = NewSticker)]
struct StickerBody {
    #[schema(pattern = "^[a-z0-9-]{1,60}$")]
    name: String,
    /// What it shows, in words.
    #[schema(min_length = 1, max_length = 200)]
    alt: String,
    /// An emoji of the same mood.
    emoji: Option<String>,
    /// An image of one's own.
    media_id: Uuid,
}

#[utoipa::path(
    get,
    path = "/api/stickers",
    tag = "media",
    summary = "Lists the packs of stickers that were added, the newest first",
    description = "Whoever is logged in.",
    responses(
        (status = 200, description = "At most 100 packs", body = schema::Page<schema::StickerPack>),
    ),
)]
pub async fn stickers(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let items = site.database.stickers(session.user_id).await?;
    Ok(http::list(&items, Value::Null))
}

#[utoipa::path(
    post,
    path = "/api/stickers",
    tag = "media",
    summary = "Adds a pack of stickers",
    description = "Whoever is logged in, of images that are their own.",
    request_body = PackBody,
    responses(
        (status = 201, description = "The pack", body = schema::StickerPack),
    ),
    extensions(("x-codes" = json!(["pack_taken", "bad_name", "title_required", "bad_stickers", "user_deactivated", "bad_character"]))),
)]
pub async fn add_sticker_pack(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body: PackBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("name", Some(&body.name))?;
    http::check_text("title", Some(&body.title))?;
    for sticker in &body.stickers {
        http::check_text("stickers", Some(&sticker.name))?;
        http::check_text("stickers", Some(&sticker.alt))?;
        http::check_text("stickers", sticker.emoji.as_deref())?;
    }
    let stickers = json!(body.stickers).to_string();
    let json = site
        .database
        .add_sticker_pack(session.user_id, &body.name, &body.title, &stickers)
        .await?;
    Ok(http::json(StatusCode::CREATED, json))
}

#[utoipa::path(
    get,
    path = "/api/gifs",
    tag = "media",
    summary = "Finds GIFs that were shared in one's conversations, the newest first",
    description = "Whoever is logged in.",
    params(schema::GifWords, schema::Limit),
    responses(
        (status = 200, description = "GIFs", body = schema::Page<schema::SharedGif>),
    ),
    extensions(("x-codes" = json!(["bad_character"]))),
)]
pub async fn gifs(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let query = Query::of(&asked.request);
    http::check_text("q", query.text("q"))?;
    let items = site
        .database
        .gifs(session.user_id, query.text("q"), query.limit()?)
        .await?;
    Ok(http::list(&items, Value::Null))
}
