//! Media as they are read: what each is, its bytes or a part of them, its small image.

use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::StreamBody;
use hyper::body::{Body, Frame};
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_NONE_MATCH,
    IF_RANGE, RANGE,
};
use hyper::{Method, StatusCode};
use uuid::Uuid;

use super::http::{self, Response, digits, header_text};
use super::{Asked, Site, require_session, schema};
use crate::media::{content_disposition, is_safe_inline};
use crate::postgres::Database;
use crate::postgres::media::{CHUNK_BYTES, OpenMedia};
use crate::problem::Problem;

/// What a browser may keep. The bytes of a medium never change; who may read them does.
const KEPT_BY_BROWSERS: &str = "private, max-age=86400";
/// Nothing that is opened by itself runs, whatever it holds.
const POLICY: &str =
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";
/// What a download holds: what is being sent, and what comes next.
const PIECES_AT_ONCE: usize = 2;
const CROSS_ORIGIN: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

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
    let query = asked.request.uri().query().unwrap_or_default();
    let is_download = query.split('&').any(|part| part.starts_with("download"));
    send_bytes(site, asked, is_download).await
}

/// A medium's bytes, to be saved or to be shown.
pub(super) async fn send_bytes(
    site: &Arc<Site>,
    asked: Asked,
    is_download: bool,
) -> Result<Response, Problem> {
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
    let range = match header_text(headers, &IF_RANGE) {
        "" => wanted_range(header_text(headers, &RANGE), open.size_bytes),
        condition if condition == tag => {
            wanted_range(header_text(headers, &RANGE), open.size_bytes)
        }
        _ => Wanted::All,
    };
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
    header_text(headers, &IF_NONE_MATCH)
        .split(',')
        .map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}

/// The bytes from one to another, both included, read as they are taken: one piece while the one before is sent. It
/// ends early when the database fails, and the connection with it.
fn bytes_of(
    database: Database,
    content: Uuid,
    first: u64,
    last: u64,
) -> impl Body<Data = Bytes, Error = Infallible> + Send {
    let chunk = CHUNK_BYTES as u64;
    let parts = stream::iter(first / chunk..=last / chunk)
        .map(move |number| {
            let database = database.clone();
            async move {
                let piece = match database
                    .read_content(content, i32::try_from(number).ok()?)
                    .await
                {
                    Ok(piece) => Bytes::from(piece?),
                    Err(error) => {
                        tracing::warn!(%error, "a download broke off");
                        return None;
                    }
                };
                let place = number * chunk;
                let begin = usize::try_from(first.saturating_sub(place)).ok()?;
                let end = usize::try_from((last + 1 - place).min(chunk)).ok()?;
                (end <= piece.len()).then(|| piece.slice(begin..end))
            }
        })
        .buffered(PIECES_AT_ONCE)
        .take_while(|part| ready(part.is_some()))
        .filter_map(|part| ready(part.map(|part| Ok(Frame::data(part)))));
    StreamBody::new(parts)
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
}
