//! Static files, kept by browsers as long as their address says what is in them.

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};

use super::Asked;
use super::http::{self, Response};
use crate::assets::{base, file};
use crate::problem::Problem;

pub fn asset(asked: &Asked) -> Result<Response, Problem> {
    let name = asked.parameters.text("file");
    let content = Bytes::from(file(name).ok_or_else(Problem::not_found)?.into_owned());
    let content_type = match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        _ => "application/octet-stream",
    };
    let is_current = base().strip_prefix("/static/") == Some(asked.parameters.text("hash"));
    let mut response = http::respond(StatusCode::OK, content_type, content);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    // In a debug build files are read from the disk at each time, while the hash is of the start.
    if is_current && !cfg!(debug_assertions) {
        headers.insert(
            CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=31536000, immutable"),
        );
    } else {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    Ok(response)
}
