//! The chat within pages of other sites: the script that puts it there, what its frame begins with, and the answer to why it
//! is not shown. `static/embed.js` is the other side.

use std::sync::OnceLock;

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_NONE_MATCH, ORIGIN,
};
use hyper::{Request, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::http::{self, Response};
use super::{Asked, Site, language, pages, schema};
use crate::assets;
use crate::identity;
use crate::problem::Problem;

const SCRIPT: &str = "embed.js";
/// Its address stays, so what is kept of it is asked for anew before long: a new version is everywhere within minutes.
const SCRIPT_KEPT: HeaderValue =
    HeaderValue::from_static("public, max-age=300, stale-while-revalidate=86400");
const CROSS_ORIGIN: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
/// What a request is to become part of, as browsers say to trustworthy addresses.
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// How the page around wants its frame: it stands in the addresses of framed pages, so that each is sent that way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Framing {
    is_framed: bool,
    is_alone: bool,
    theme: Option<String>,
    color: Option<String>,
    dir: Option<String>,
    lang: Option<String>,
}

impl Framing {
    pub fn of(request: &Request<Incoming>) -> Self {
        let query = request.uri().query().unwrap_or_default();
        Self::read(request.headers(), query)
    }

    /// Of a page on the way to another one.
    pub fn towards(headers: &HeaderMap, next: &str) -> Self {
        let query = next.split_once('?').map_or("", |(_, query)| query);
        Self::read(headers, query)
    }

    fn read(headers: &HeaderMap, query: &str) -> Self {
        let mut framing = Self {
            is_framed: http::header_text(headers, &FETCH_DEST) == "iframe",
            ..Self::default()
        };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let value = Some(value.into_owned());
            match &*name {
                "alone" => framing.is_alone = value.as_deref() == Some("1"),
                "theme" => framing.theme = value,
                "color" => framing.color = value,
                "dir" => framing.dir = value,
                "lang" => framing.lang = value,
                _ => {}
            }
        }
        framing
    }

    /// With its question mark; nothing of nothing.
    pub fn query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if self.is_alone {
            query.append_pair("alone", "1");
        }
        for (name, value) in [
            ("theme", &self.theme),
            ("color", &self.color),
            ("dir", &self.dir),
            ("lang", &self.lang),
        ] {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if query.is_empty() {
            query
        } else {
            format!("?{query}")
        }
    }

    /// Of a page on the way to the one whose address said this.
    pub fn language(&self, headers: &HeaderMap) -> views::Language {
        language::of_page(headers, self.lang.as_deref())
    }

    pub fn dress(&self, look: views::Look) -> views::Look {
        look.framed(
            self.theme.as_deref(),
            self.color.as_deref(),
            self.dir.as_deref(),
        )
    }

    pub fn view<'a>(&self, origins: &'a str) -> views::Frame<'a> {
        views::Frame {
            origins,
            is_alone: self.is_alone,
            is_framed: self.is_framed,
        }
    }
}

/// How a page is to look: as its reader wants it, and the page around it.
pub fn look(request: &Request<Incoming>) -> views::Look {
    Framing::of(request).dress(pages::look(request.headers()))
}

/// Whose pages may speak to a framed page: no more than may frame it (`http::secured`).
pub fn origins(site: &Site) -> String {
    site.settings.allowed_origins.join(" ")
}

/// The script: for pages of any origin, since who may show the chat is for its frame to say.
pub fn script(asked: &Asked) -> Result<Response, Problem> {
    let content = assets::file(SCRIPT).ok_or_else(Problem::not_found)?;
    let tag = tag(&content);
    let headers = asked.request.headers();
    let is_known = http::header_text(headers, &IF_NONE_MATCH)
        .split(',')
        .any(|known| known.trim().trim_start_matches("W/") == tag);
    let mut response = if is_known {
        let mut response = http::respond(StatusCode::NOT_MODIFIED, "text/javascript", "");
        response.headers_mut().remove(hyper::header::CONTENT_TYPE);
        response
    } else {
        http::respond(
            StatusCode::OK,
            "text/javascript; charset=utf-8",
            Bytes::from(content.into_owned()),
        )
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, SCRIPT_KEPT);
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(ETAG, tag);
    }
    Ok(shared(response))
}

/// In a debug build files are read from the disk each time.
fn tag(content: &[u8]) -> String {
    static TAG: OnceLock<String> = OnceLock::new();
    let make = || {
        let hex: String = Sha256::digest(content)[..8]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("\"{hex}\"")
    };
    if cfg!(debug_assertions) {
        make()
    } else {
        TAG.get_or_init(make).clone()
    }
}

/// What a frame begins with.
pub fn page(site: &Site, asked: &Asked) -> Response {
    let framing = Framing::of(&asked.request);
    let mut response = http::page(
        StatusCode::OK,
        views::embed_page(&views::EmbedPage {
            assets: assets::base(),
            product: pages::PRODUCT,
            look: look(&asked.request),
            frame: framing.view(&origins(site)),
        }),
    );
    pages::vary(&mut response);
    response
}

/// A frame that a browser refuses says nothing to the page around. This does, so that whoever builds that page reads what to
/// set where the chat would be.
#[utoipa::path(
    get,
    path = "/embed/check",
    tag = "operation",
    summary = "Tells a page whether it may show the chat",
    description = "Anybody; it is the page's own `Origin` that is looked at.",
    responses(
        (status = 200, description = "Whether it may, and what to set where it may not", body = schema::EmbedCheck),
    ),
    security(()),
)]
pub fn check(site: &Site, asked: &Asked) -> Response {
    let headers = asked.request.headers();
    shared(http::json(StatusCode::OK, verdict(site, headers)))
}

/// The same as a module: a page whose policy lets it load the script, and ask nobody, can load this.
pub fn check_script(site: &Site, asked: &Asked) -> Response {
    let headers = asked.request.headers();
    shared(http::respond(
        StatusCode::OK,
        "text/javascript; charset=utf-8",
        format!("export default {};", verdict(site, headers)),
    ))
}

/// JSON.
fn verdict(site: &Site, headers: &HeaderMap) -> String {
    let allowed = &site.settings.allowed_origins;
    let is_allowed = identity::check_origin(headers, allowed).is_ok();
    let origin = http::header_text(headers, &ORIGIN);
    // A file on a disk and a sandboxed frame are of no origin that could be named.
    let can_be_named = !origin.is_empty() && origin != "null";
    let set = (!is_allowed && can_be_named).then(|| {
        let mut origins = allowed.clone();
        origins.push(origin.to_ascii_lowercase());
        format!("ALLOWED_ORIGINS={}", origins.join(","))
    });
    json!({
        "allowed": is_allowed,
        "origin": can_be_named.then_some(origin),
        "set": set,
    })
    .to_string()
}

/// With pages of any origin.
fn shared(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(CROSS_ORIGIN, HeaderValue::from_static("cross-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn framing(next: &str) -> Framing {
        Framing::towards(&HeaderMap::new(), next)
    }

    #[test]
    fn what_the_page_around_wants_stays_in_the_address_and_nothing_else_does() {
        let read = framing("/c/7?door=login&alone=1&dir=rtl&color=green&lang=de&x=1");
        assert_eq!(read.query(), "?alone=1&color=green&dir=rtl&lang=de");
        assert_eq!(framing(&format!("/{}", read.query())), read);
        assert_eq!(framing("/c/7").query(), "");
        assert_eq!(framing("/?theme=%22%3E%26").query(), "?theme=%22%3E%26");
    }

    #[test]
    fn a_page_is_framed_when_the_browser_says_so() {
        let mut headers = HeaderMap::new();
        headers.insert(FETCH_DEST, HeaderValue::from_static("iframe"));
        assert!(Framing::towards(&headers, "/").view("").is_framed);
        headers.insert(FETCH_DEST, HeaderValue::from_static("document"));
        assert!(!Framing::towards(&headers, "/").view("").is_framed);
    }
}
