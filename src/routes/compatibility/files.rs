//! Files as other chats' clients send and fetch them.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Asked, Response, Site, http, listed, schema, with_fields};
use crate::problem::Problem;
use crate::routes::{media, uploads};

/// What an upload's form holds.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the form is read as it comes")]
struct FileForm {
    #[schema(format = Binary, value_type = String)]
    file: (),
}

#[utoipa::path(
    post,
    path = "/api/media/upload",
    tag = "compatibility",
    summary = "Uploads a file by a form",
    description = "Whoever has a session. As POST /api/media, in each of its ways.",
    params(schema::FileName),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "The medium", body = schema::UploadedMedia),
    ),
    extensions(("x-codes" = json!(["name_required", "bad_size", "too_many_uploads", "uploads_at_once", "file_too_large", "empty",
        "upload_stalled", "file_required", "bad_form", "user_deactivated", "broken_body", "bad_character"]))),
)]
pub async fn upload(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    #[derive(Deserialize)]
    struct Medium {
        id: Uuid,
        name: String,
        #[serde(rename = "type")]
        media_type: Option<String>,
    }
    let json = uploads::take_in(site, asked).await?;
    let medium: Medium = listed::read(&json)?;
    let answer = with_fields(
        &json,
        &json!({
            "media_id": medium.id,
            "filename": medium.name,
            "content_type": medium.media_type,
            "url": format!("/api/media/{}/download", medium.id),
        }),
    )?;
    Ok(http::json(StatusCode::CREATED, answer))
}

#[utoipa::path(
    get,
    path = "/api/media/{media}/download",
    tag = "compatibility",
    summary = "Downloads a medium, to be saved",
    description = "Whoever may read it. As GET /api/media/{media}?download.",
    params(schema::OfMedia),
    responses(
        (status = 200, description = "The bytes, of the type that they are by content", content_type = "*/*"),
        (status = 206, description = "The part that was asked for", content_type = "*/*"),
        (status = 304, description = "As it was"),
        (status = 416, description = "The range begins beyond its end", body = schema::Problem, content_type = "application/problem+json"),
    ),
    extensions(("x-codes" = json!(["media_not_found", "media_not_ready", "range_not_satisfiable"]))),
)]
pub async fn download(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    media::send_bytes(site, asked, true).await
}
