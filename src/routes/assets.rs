//! What `build.rs` made of `static/`, in the binary itself in a release, and the table of emoji. All files share
//! one hash in their address, since modules import each other by relative path: it changes when any of
//! them does.

use std::sync::OnceLock;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::Asked;
use super::emoji;
use super::http::{self, Response};
use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/static"]
struct Static;

/// Generated, yet like a file to those who ask for it.
const EMOJI: &str = "emoji.json";

/// `/static/<hash>`, without a slash at its end.
pub fn base() -> &'static str {
    static BASE: OnceLock<String> = OnceLock::new();
    BASE.get_or_init(|| {
        let mut hasher = Sha256::new();
        for name in Static::iter() {
            if let Some(file) = Static::get(&name) {
                hasher.update(name.as_bytes());
                hasher.update(file.metadata.sha256_hash());
            }
        }
        hasher.update(emoji::json());
        let hex: String = hasher.finalize()[..6]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("/static/{hex}")
    })
}

pub fn asset(asked: &Asked) -> Result<Response, Problem> {
    let name = asked.parameters.text("file");
    let content = if name == EMOJI {
        Bytes::from_static(emoji::json().as_bytes())
    } else {
        let file = Static::get(name).ok_or_else(Problem::not_found)?;
        file.data.into_owned().into()
    };
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
