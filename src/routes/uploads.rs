//! Uploads, as they come: no more of one than a piece or two is held.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http_body_util::{BodyExt, BodyStream};
use hyper::StatusCode;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::{self, Query, Response, digits, header_text};
use super::upload_turns::Pace;
use super::{Asked, Site, require_session, schema};
use crate::inspector::InspectError;
use crate::postgres::media::CHUNK_BYTES;
use crate::problem::Problem;

#[derive(Deserialize, ToSchema)]
#[schema(as = BeginMedia)]
struct BeginBody {
    /// Its file name.
    #[schema(min_length = 1)]
    name: String,
    /// Bytes.
    #[schema(minimum = 1)]
    size: i64,
}

/// A file by its bytes, by a form, or by name and size only: then it comes in pieces.
#[utoipa::path(
    post,
    path = "/api/media",
    tag = "media",
    summary = "Uploads a file, or begins an upload in pieces",
    description = "Whoever is logged in. The body is the file itself (its name in `?name=`), or a form with one file \
        (`multipart/form-data`); both end with the medium ready. JSON with name and size begins an upload that \
        `PUT /api/media/{media}/bytes` goes on with, after a broken connection too.",
    params(schema::FileName),
    request_body = BeginBody,
    responses(
        (status = 201, description = "The medium", body = schema::Media),
    ),
    extensions(("x-codes" = json!(["name_required", "bad_size", "too_many_uploads", "uploads_at_once", "file_too_large", "empty",
        "upload_stalled", "file_required", "bad_form", "user_deactivated", "broken_body", "bad_character"]))),
)]
pub async fn upload(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let json = take_in(site, asked).await?;
    Ok(http::json(StatusCode::CREATED, json))
}

/// Takes in a file in any of the ways; answers with the medium as JSON.
pub(super) async fn take_in(site: &Arc<Site>, asked: Asked) -> Result<String, Problem> {
    let session = require_session(site, &asked.request).await?;
    let actor = session.user_id;
    let content_type = header_text(asked.request.headers(), &CONTENT_TYPE).to_owned();
    let query = Query::of(&asked.request);
    http::check_text("name", query.text("name"))?;
    if content_type.starts_with("application/json") {
        let BeginBody { name, size } = http::read_json(asked.request.into_body()).await?;
        http::check_text("name", Some(&name))?;
        check_size(site, u64::try_from(size).unwrap_or(0))?;
        let (_, json) = site.database.begin_media(actor, &name, Some(size)).await?;
        return Ok(json);
    }
    let _turn = site.uploads.take(session.user_id)?;
    if let Some(told) = content_length(asked.request.headers()) {
        check_size(site, told)?;
    }
    let name = query.text("name").unwrap_or("file").to_owned();
    if content_type.starts_with("multipart/form-data") {
        upload_form(site, actor, &content_type, asked.request.into_body()).await
    } else {
        let bytes = pieces(asked.request.into_body());
        upload_whole(site, actor, &name, bytes).await
    }
}

async fn upload_form(
    site: &Site,
    actor: Uuid,
    content_type: &str,
    body: Incoming,
) -> Result<String, Problem> {
    let bad = |error: multer::Error| {
        Problem::unprocessable(
            "bad_form",
            format!("body: the form can not be read: {error}."),
        )
    };
    let boundary = multer::parse_boundary(content_type).map_err(bad)?;
    let mut form = multer::Multipart::new(pieces(body), boundary);
    let pace = Pace::new(site.settings.upload_stall);
    while let Some(field) = pace.wait(form.next_field()).await?.map_err(bad)? {
        let Some(name) = field.file_name().map(str::to_owned) else {
            continue;
        };
        http::check_text("name", Some(&name))?;
        let name = if name.is_empty() { "file" } else { &name };
        return upload_whole(site, actor, name, field.map(|piece| piece.map_err(broken))).await;
    }
    Err(Problem::unprocessable(
        "file_required",
        "body: the form must have a file.",
    ))
}

/// A file of any length, from its first byte to its last; given up when it breaks off.
async fn upload_whole(
    site: &Site,
    actor: Uuid,
    name: &str,
    bytes: impl Stream<Item = Result<Bytes, Problem>>,
) -> Result<String, Problem> {
    let (media, _) = site.database.begin_media(actor, name, None).await?;
    let received = async {
        receive(site, actor, media, 0, None, bytes).await?;
        site.database.finish_media(actor, media).await?;
        Ok::<_, Problem>(())
    };
    if let Err(problem) = received.await {
        if let Err(error) = site.database.abandon_media(actor, media).await {
            tracing::debug!(%error, "a broken upload could not be given up");
        }
        return Err(problem);
    }
    looked_at(site, media).await
}

/// The next piece of an upload: `Content-Range: bytes 0-1048575/5000000`.
#[utoipa::path(
    put,
    path = "/api/media/{media}/bytes",
    tag = "media",
    summary = "Goes on with an upload",
    description = "Whoever began it. The piece begins where the upload stands (`received`); with the last one it is ready.",
    params(schema::OfMedia, schema::ContentRange),
    responses(
        (status = 200, description = "The medium", body = schema::Media),
    ),
    extensions(("x-codes" = json!(["media_not_found", "upload_ended", "wrong_offset", "too_many_bytes", "bad_range",
        "file_too_large", "uploads_at_once", "upload_stalled", "broken_body"]))),
)]
pub async fn append(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let media = asked.parameters.id("media")?;
    let range = header_text(asked.request.headers(), &CONTENT_RANGE);
    let Some((first, last, total)) = content_range(range) else {
        // Whose it is comes before what is wrong.
        site.database.media_info(session.user_id, media).await?;
        return Err(Problem::unprocessable(
            "bad_range",
            "Content-Range: must be like bytes 0-1048575/5000000.",
        ));
    };
    check_size(site, total)?;
    let _turn = site.uploads.take(session.user_id)?;
    let bytes = pieces(asked.request.into_body());
    let offset = i64::try_from(first).unwrap_or(i64::MAX);
    let length = last - first + 1;
    let received = receive(site, session.user_id, media, offset, Some(length), bytes).await?;
    let json = if u64::try_from(received).is_ok_and(|received| received == total) {
        looked_at(site, media).await?
    } else {
        site.database.media_info(session.user_id, media).await?
    };
    Ok(http::json(StatusCode::OK, json))
}

/// Writes what comes, by whole pieces but the last; answers with how many bytes of the medium are there. What had come
/// before it broke off is kept.
async fn receive(
    site: &Site,
    actor: Uuid,
    media: Uuid,
    mut offset: i64,
    length: Option<u64>,
    bytes: impl Stream<Item = Result<Bytes, Problem>>,
) -> Result<i64, Problem> {
    let mut bytes = std::pin::pin!(bytes);
    let mut waiting = BytesMut::new();
    let mut count: u64 = 0;
    let mut broken_off = None;
    let mut pace = Pace::new(site.settings.upload_stall);
    loop {
        // Up to the end of the piece that is being filled, which may have begun with another request.
        while waiting.len() >= room_at(offset) {
            let piece = waiting.split_to(room_at(offset));
            offset = site
                .database
                .append_media(actor, media, offset, &piece)
                .await?;
            pace.restart();
        }
        match pace.wait(bytes.next()).await {
            Ok(Some(Ok(piece))) => {
                pace.came(piece.len());
                count += piece.len() as u64;
                if length.is_some_and(|length| count > length) {
                    return Err(Problem::unprocessable(
                        "bad_range",
                        "Content-Range: the body is longer.",
                    ));
                }
                check_size(
                    site,
                    offset.unsigned_abs() + (waiting.len() + piece.len()) as u64,
                )?;
                waiting.extend_from_slice(&piece);
            }
            Ok(None) => break,
            Ok(Some(Err(problem))) | Err(problem) => {
                broken_off = Some(problem);
                break;
            }
        }
    }
    if !waiting.is_empty() {
        offset = site
            .database
            .append_media(actor, media, offset, &waiting)
            .await?;
    }
    match broken_off {
        Some(problem) => Err(problem),
        None if length.is_some_and(|length| count < length) => Err(Problem::bad_request(
            "broken_body",
            "The body is shorter than Content-Range says.",
        )),
        None => Ok(offset),
    }
}

/// What the piece at an offset still takes.
fn room_at(offset: i64) -> usize {
    CHUNK_BYTES - usize::try_from(offset).unwrap_or(0) % CHUNK_BYTES
}

async fn looked_at(site: &Site, media: Uuid) -> Result<String, Problem> {
    site.inspector
        .look_at(media)
        .await
        .map_err(|error| match error {
            InspectError::Database(error) => error.into(),
            error => {
                tracing::error!(%error, %media, "a medium could not be looked at");
                Problem::internal()
            }
        })
}

#[utoipa::path(
    delete,
    path = "/api/media/{media}",
    tag = "media",
    summary = "Gives an unfinished upload up",
    description = "Whoever began it. What is whole stays.",
    params(schema::OfMedia),
    responses(
        (status = 204, description = "Given up"),
    ),
    extensions(("x-codes" = json!(["media_not_found", "upload_ended"]))),
)]
pub async fn abandon(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let media = asked.parameters.id("media")?;
    site.database.abandon_media(session.user_id, media).await?;
    let mut response = http::respond(StatusCode::NO_CONTENT, "application/json", "");
    response.headers_mut().remove(CONTENT_TYPE);
    Ok(response)
}

fn pieces(body: Incoming) -> impl Stream<Item = Result<Bytes, Problem>> + Send {
    BodyStream::new(body.map_err(broken)).filter_map(async |frame| match frame {
        Ok(frame) => frame.into_data().ok().map(Ok),
        Err(problem) => Some(Err(problem)),
    })
}

fn broken(error: impl std::fmt::Display) -> Problem {
    Problem::bad_request(
        "broken_body",
        format!("The request's body broke off: {error}."),
    )
}

fn check_size(site: &Site, size_bytes: u64) -> Result<(), Problem> {
    let most = site.settings.max_file_size_bytes;
    if size_bytes <= most {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "file_too_large",
        format!("A file must have at most {most} bytes."),
    ))
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    header_text(headers, &CONTENT_LENGTH).parse().ok()
}

/// First and last byte, and how many there are, of `bytes 0-99/1000`.
fn content_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, total) = (digits(first)?, digits(last)?, digits(total)?);
    (first <= last && last < total).then_some((first, last, total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pieces_range_is_within_the_whole() {
        assert_eq!(content_range("bytes 0-99/1000"), Some((0, 99, 1000)));
        assert_eq!(content_range("bytes 999-999/1000"), Some((999, 999, 1000)));
        for wrong in [
            "",
            "0-99/1000",
            "bytes 0-99",
            "bytes 0-1000/1000",
            "bytes 5-3/10",
            "bytes */10",
            "bytes 0-99/*",
            "bytes +0-1/2",
            "bytes 0-99999999999999999999/99999999999999999999999",
        ] {
            assert_eq!(content_range(wrong), None, "{wrong}");
        }
    }
}
