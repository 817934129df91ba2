//! Answers made smaller on the wire: text that is not short anyway, for clients that take gzip.
//!
//! Not streams, which would wait in the compressor. gzip alone, since browsers ask for anything better
//! over TLS only, where a proxy stands in front that can do it.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt;
use hyper::body::Body;
use hyper::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue, VARY,
};

use super::http::{self, Response};

/// What is shorter gains next to nothing. A packet of a network holds more, but a page's modules come many in one.
const PLAIN_BYTES_MAX: u64 = 400;
/// Longer ones are compressed beside the tasks that serve everybody: they take milliseconds.
const AT_ONCE_BYTES_MAX: usize = 64 * 1024;

/// Whether a client takes gzip.
pub fn accepted(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter();
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let refused = matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
            name.trim().eq_ignore_ascii_case("gzip") && !refused
        })
}

pub async fn compressed(mut response: Response, is_accepted: bool) -> Response {
    let length = response.body().size_hint().exact();
    if !is_compressible(response.headers()) || length.is_none_or(|length| length <= PLAIN_BYTES_MAX)
    {
        return response;
    }
    if !response.headers().contains_key(VARY) {
        let value = HeaderValue::from_static("accept-encoding");
        response.headers_mut().insert(VARY, value);
    }
    if !is_accepted {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(collected) = body.collect().await;
    let plain = collected.to_bytes();
    let packed = if plain.len() > AT_ONCE_BYTES_MAX {
        let copy = plain.clone();
        let packing = tokio::task::spawn_blocking(move || gzip(&copy));
        packing.await.ok().flatten()
    } else {
        gzip(&plain)
    };
    let Some(packed) = packed else {
        return Response::from_parts(parts, http::body(plain));
    };
    let encoding = HeaderValue::from_static("gzip");
    parts.headers.insert(CONTENT_ENCODING, encoding);
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, http::body(packed))
}

fn is_compressible(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let is_text = kind.starts_with("text/") && kind != "text/event-stream";
    !headers.contains_key(CONTENT_ENCODING)
        && (is_text
            || kind.starts_with("application/json")
            || kind.starts_with("application/problem+json")
            || kind.starts_with("image/svg"))
}

/// None would be a failure to write into memory.
fn gzip(plain: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 3), Compression::default());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_used_where_it_is_asked_for_and_not_where_it_is_refused() {
        let asks = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(value));
            accepted(&headers)
        };
        assert!(asks("gzip") && asks("br, GZIP;q=0.5") && asks("deflate,gzip"));
        assert!(!asks("br") && !asks("gzip;q=0") && !asks("x-gzip-like"));
        assert!(!accepted(&HeaderMap::new()));
    }
}
