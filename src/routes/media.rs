//! Media over HTTP: uploads as they come, downloads as they are asked for; no more of either than a piece is held.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use http_body_util::{BodyExt, BodyStream, StreamBody};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
    IF_RANGE, RANGE,
};
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::http::{self, Query, Response};
use super::{Asked, Site, require_session, schema};
use crate::inspector::InspectError;
use crate::media::{content_disposition, is_safe_inline};
use crate::postgres::Database;
use crate::postgres::media::{CHUNK_BYTES, OpenMedia};
use crate::problem::Problem;

/// An upload of which nothing comes for so long has lost its sender.
const STALL_MAX: Duration = Duration::from_secs(30);
/// Uploads that one server takes at once: each holds a piece or two, and a connection to the database for a moment.
pub const UPLOADS_MAX: usize = 64;
/// What a browser may keep. The bytes of a medium never change; who may read them does.
const KEPT_BY_BROWSERS: &str = "private, max-age=86400";
/// Nothing that is opened by itself runs, whatever it holds.
const POLICY: &str =
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";
const CROSS_ORIGIN: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

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
    extensions(("x-codes" = json!(["name_required", "bad_size", "too_many_uploads", "file_too_large", "empty",
        "upload_stalled", "file_required", "bad_form", "user_deactivated", "broken_body", "bad_character"]))),
)]
pub async fn upload(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let actor = session.user_id;
    let content_type = text_of(asked.request.headers(), &CONTENT_TYPE).to_owned();
    let query = Query::of(&asked.request);
    http::check_text("name", query.text("name"))?;
    if content_type.starts_with("application/json") {
        let BeginBody { name, size } = http::read_json(asked.request.into_body()).await?;
        http::check_text("name", Some(&name))?;
        check_size(site, u64::try_from(size).unwrap_or(0))?;
        let (_, json) = site.database.begin_media(actor, &name, Some(size)).await?;
        return Ok(http::json(StatusCode::CREATED, json));
    }
    let _turn = site
        .uploads
        .try_acquire()
        .map_err(|_| Problem::unavailable())?;
    if let Some(told) = content_length(asked.request.headers()) {
        check_size(site, told)?;
    }
    let name = query.text("name").unwrap_or("file").to_owned();
    let json = if content_type.starts_with("multipart/form-data") {
        upload_form(site, actor, &content_type, asked.request.into_body()).await?
    } else {
        let bytes = pieces(asked.request.into_body());
        upload_whole(site, actor, &name, bytes).await?
    };
    Ok(http::json(StatusCode::CREATED, json))
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
    while let Some(field) = stalled_after(form.next_field()).await?.map_err(bad)? {
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
        "file_too_large", "upload_stalled", "broken_body"]))),
)]
pub async fn append(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let media = asked.parameters.id("media")?;
    let range = text_of(asked.request.headers(), &CONTENT_RANGE);
    let Some((first, last, total)) = content_range(range) else {
        // Whose it is comes before what is wrong.
        site.database.media_info(session.user_id, media).await?;
        return Err(Problem::unprocessable(
            "bad_range",
            "Content-Range: must be like bytes 0-1048575/5000000.",
        ));
    };
    check_size(site, total)?;
    let _turn = site
        .uploads
        .try_acquire()
        .map_err(|_| Problem::unavailable())?;
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
    loop {
        // Up to the end of the piece that is being filled, which may have begun with another request.
        while waiting.len() >= room_at(offset) {
            let piece = waiting.split_to(room_at(offset));
            offset = site
                .database
                .append_media(actor, media, offset, &piece)
                .await?;
        }
        match stalled_after(bytes.next()).await {
            Ok(Some(Ok(piece))) => {
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
    get,
    path = "/api/media/{media}/info",
    tag = "media",
    summary = "Reads what a medium is, and how much of it is there",
    description = "Whoever may read it: its uploader, members of a conversation that shows it.",
    params(schema::OfMedia),
    responses(
        (status = 200, description = "The medium", body = schema::Media),
    ),
    extensions(("x-codes" = json!(["media_not_found"]))),
)]
pub async fn info(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let media = asked.parameters.id("media")?;
    let json = site.database.media_info(session.user_id, media).await?;
    Ok(http::json(StatusCode::OK, json))
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

/// A medium's bytes, or a range of them. What a browser might run is an attachment, and so is all with `?download`.
#[utoipa::path(
    get,
    path = "/api/media/{media}",
    tag = "media",
    summary = "Downloads a medium, or a part of it",
    description = "Whoever may read it. Takes one range of bytes, If-Range and If-None-Match.",
    params(schema::OfMedia, schema::Download),
    responses(
        (status = 200, description = "The bytes, of the type that they are by content", content_type = "*/*"),
        (status = 206, description = "The part that was asked for", content_type = "*/*"),
        (status = 304, description = "As it was"),
        (status = 416, description = "The range begins beyond its end", body = schema::Problem, content_type = "application/problem+json"),
    ),
    extensions(("x-codes" = json!(["media_not_found", "media_not_ready", "range_not_satisfiable"]))),
)]
pub async fn download(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let media = asked.parameters.id("media")?;
    let headers = asked.request.headers();
    let open = site.database.open_media(session.user_id, media).await?;
    let tag = format!("\"{}\"", hex(&open.sha256));
    if is_known(headers, &tag) {
        return Ok(sent(
            StatusCode::NOT_MODIFIED,
            &open,
            &tag,
            false,
            http::body(""),
        ));
    }
    let range = match text_of(headers, &IF_RANGE) {
        "" => wanted_range(text_of(headers, &RANGE), open.size_bytes),
        condition if condition == tag => wanted_range(text_of(headers, &RANGE), open.size_bytes),
        _ => Wanted::All,
    };
    let is_download = asked
        .request
        .uri()
        .query()
        .is_some_and(|query| query.split('&').any(|part| part.starts_with("download")));
    let (status, first, last) = match range {
        Wanted::All => (StatusCode::OK, 0, open.size_bytes - 1),
        Wanted::Part(first, last) => (StatusCode::PARTIAL_CONTENT, first, last),
        Wanted::Nothing => {
            let problem = Problem::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "range_not_satisfiable",
                format!("Range: it has {} bytes.", open.size_bytes),
            );
            let mut response = http::problem(&problem, None);
            insert(
                &mut response,
                CONTENT_RANGE,
                &format!("bytes */{}", open.size_bytes),
            );
            return Ok(response);
        }
    };
    let body = if asked.request.method() == Method::HEAD {
        http::body("")
    } else {
        http::streamed(bytes_of(site.database.clone(), open.content, first, last))
    };
    let mut response = sent(status, &open, &tag, is_download, body);
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{last}/{}", open.size_bytes);
        insert(&mut response, CONTENT_RANGE, &range);
    }
    response
        .headers_mut()
        .insert(CONTENT_LENGTH, HeaderValue::from(last - first + 1));
    Ok(response)
}

#[utoipa::path(
    get,
    path = "/api/media/{media}/thumbnail",
    tag = "media",
    summary = "Downloads a small image of a medium",
    description = "Whoever may read it.",
    params(schema::OfMedia),
    responses(
        (status = 200, description = "An image", content_type = "*/*"),
    ),
    extensions(("x-codes" = json!(["media_not_found", "no_thumbnail"]))),
)]
pub async fn thumbnail(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let media = asked.parameters.id("media")?;
    let (media_type, bytes) = site.database.read_thumbnail(session.user_id, media).await?;
    let mut response = http::respond(StatusCode::OK, "application/octet-stream", bytes);
    insert(&mut response, CONTENT_TYPE, &media_type);
    insert(&mut response, CACHE_CONTROL, KEPT_BY_BROWSERS);
    insert(&mut response, CONTENT_SECURITY_POLICY, POLICY);
    insert(&mut response, CROSS_ORIGIN, "same-origin");
    Ok(response)
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

// --- What uploads are made of ---------------------------------------------------------------------------------------

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

async fn stalled_after<T>(next: impl Future<Output = T>) -> Result<T, Problem> {
    tokio::time::timeout(STALL_MAX, next).await.map_err(|_| {
        Problem::new(
            StatusCode::REQUEST_TIMEOUT,
            "upload_stalled",
            format!("Nothing came for {} seconds.", STALL_MAX.as_secs()),
        )
    })
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
    text_of(headers, &CONTENT_LENGTH).parse().ok()
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// First and last byte, and how many there are, of `bytes 0-99/1000`.
fn content_range(text: &str) -> Option<(u64, u64, u64)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let (first, last, total) = (digits(first)?, digits(last)?, digits(total)?);
    (first <= last && last < total).then_some((first, last, total))
}

/// Digits alone, as ranges are written.
fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

// --- What downloads are made of -------------------------------------------------------------------------------------

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// First and last byte.
    Part(u64, u64),
    /// A range that begins beyond the end.
    Nothing,
}

/// What `Range` asks for of so many bytes. What is no range of bytes, or several at once, asks for all: RFC 9110 lets a
/// server pass it over.
fn wanted_range(text: &str, size: u64) -> Wanted {
    let Some(range) = text.strip_prefix("bytes=") else {
        return Wanted::All;
    };
    let Some((first, last)) = range.trim().split_once('-') else {
        return Wanted::All;
    };
    match (digits(first), digits(last)) {
        (Some(first), _) if first >= size && (last.is_empty() || digits(last).is_some()) => {
            Wanted::Nothing
        }
        (Some(first), None) if last.is_empty() => Wanted::Part(first, size - 1),
        (Some(first), Some(last)) if first <= last => Wanted::Part(first, last.min(size - 1)),
        (None, Some(0)) if first.is_empty() => Wanted::Nothing,
        (None, Some(count)) if first.is_empty() => {
            Wanted::Part(size.saturating_sub(count), size - 1)
        }
        _ => Wanted::All,
    }
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    text_of(headers, &IF_NONE_MATCH)
        .split(',')
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}

/// The bytes from one to another, both included, read a piece at a time as they are taken. It ends early when the
/// database fails, and the connection with it.
fn bytes_of(
    database: Database,
    content: Uuid,
    first: u64,
    last: u64,
) -> impl Body<Data = Bytes, Error = Infallible> + Send {
    let chunk = CHUNK_BYTES as u64;
    let stream = futures_util::stream::unfold(first, move |at| {
        let database = database.clone();
        async move {
            if at > last {
                return None;
            }
            let number = i32::try_from(at / chunk).ok()?;
            let piece = match database.read_content(content, number).await {
                Ok(piece) => Bytes::from(piece?),
                Err(error) => {
                    tracing::warn!(%error, "a download broke off");
                    return None;
                }
            };
            let begin = usize::try_from(at % chunk).ok()?;
            let end = usize::try_from((last + 1 - (at - at % chunk)).min(chunk)).ok()?;
            if begin >= piece.len() {
                return None;
            }
            let part = piece.slice(begin..end.min(piece.len()));
            let next = at + part.len() as u64;
            Some((Ok(Frame::data(part)), next))
        }
    });
    StreamBody::new(stream)
}

fn sent(
    status: StatusCode,
    open: &OpenMedia,
    tag: &str,
    is_download: bool,
    body: http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>,
) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let media_type = match open.media_type.as_str() {
        "text/plain" => "text/plain; charset=utf-8",
        other => other,
    };
    let is_inline = !is_download && is_safe_inline(&open.media_type);
    insert(&mut response, CONTENT_TYPE, media_type);
    insert(
        &mut response,
        CONTENT_DISPOSITION,
        &content_disposition(&open.name, is_inline),
    );
    insert(&mut response, ETAG, tag);
    insert(&mut response, ACCEPT_RANGES, "bytes");
    insert(&mut response, CACHE_CONTROL, KEPT_BY_BROWSERS);
    insert(&mut response, CONTENT_SECURITY_POLICY, POLICY);
    insert(&mut response, CROSS_ORIGIN, "same-origin");
    response
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_a_part_all_or_nothing() {
        for (text, wanted) in [
            ("", Wanted::All),
            ("bytes=0-0", Wanted::Part(0, 0)),
            ("bytes=0-", Wanted::Part(0, 9)),
            ("bytes=3-5", Wanted::Part(3, 5)),
            ("bytes=9-9", Wanted::Part(9, 9)),
            ("bytes=5-100", Wanted::Part(5, 9)),
            ("bytes=-3", Wanted::Part(7, 9)),
            ("bytes=-10", Wanted::Part(0, 9)),
            ("bytes=-11", Wanted::Part(0, 9)),
            ("bytes=-0", Wanted::Nothing),
            ("bytes=10-", Wanted::Nothing),
            ("bytes=10-20", Wanted::Nothing),
            ("bytes=99999999999999999999999-", Wanted::All),
            ("bytes=5-3", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("bytes=-", Wanted::All),
            ("bytes=+1-2", Wanted::All),
            ("lines=0-1", Wanted::All),
        ] {
            assert_eq!(wanted_range(text, 10), wanted, "{text}");
        }
    }

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
