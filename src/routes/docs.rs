//! The API's documents as pages: Swagger UI over `/openapi.json`, and docs/wire.md. Neither needs anything that is not in
//! this program.

use std::sync::{Arc, OnceLock};

use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};
use utoipa_swagger_ui::Config;

use super::http::{self, Response};
use super::{Asked, pages};
use crate::assets;
use crate::problem::Problem;

const WIRE: &str = include_str!("../../docs/wire.md");

/// What Swagger UI needs: its icons are data, and it asks this chat alone. It has no types that its HTML could be trusted
/// by, so Trusted Types are not required of it; in exchange no page may show it in a frame.
const UI_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The files of Swagger UI that its page loads; the rest of them is for other uses.
const UI_FILES: [(&str, HeaderValue); 2] = [
    (
        "swagger-ui.css",
        HeaderValue::from_static("text/css; charset=utf-8"),
    ),
    (
        "swagger-ui-bundle.js",
        HeaderValue::from_static("text/javascript; charset=utf-8"),
    ),
];
/// A day: they change with the program alone, at an address that stays.
const UI_KEPT: HeaderValue = HeaderValue::from_static("public, max-age=86400");

/// Every operation, to be read and tried.
pub fn ui(asked: &Asked) -> Response {
    let look = pages::look(asked.request.headers());
    let mut response = http::page(StatusCode::OK, views::api_page(assets::base(), &look));
    response
        .headers_mut()
        .insert(CONTENT_SECURITY_POLICY, UI_POLICY);
    response
}

/// A file of Swagger UI.
pub fn file(asked: &Asked) -> Result<Response, Problem> {
    let asked_for = asked.parameters.text("file");
    let (name, content_type) = UI_FILES
        .into_iter()
        .find(|(name, _)| *name == asked_for)
        .ok_or_else(Problem::not_found)?;
    let file = utoipa_swagger_ui::serve(name, Arc::new(Config::from("/openapi.json")))
        .ok()
        .flatten()
        .ok_or_else(Problem::not_found)?;
    let mut response = http::respond(StatusCode::OK, "text/plain", file.bytes.into_owned());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, UI_KEPT);
    Ok(response)
}

/// docs/wire.md.
pub fn wire(asked: &Asked) -> Response {
    static HTML: OnceLock<String> = OnceLock::new();
    let html = HTML.get_or_init(|| rendered(WIRE));
    let look = pages::look(asked.request.headers());
    http::page(
        StatusCode::OK,
        views::document_page("The wire", html, assets::base(), &look),
    )
}

/// Markdown of our own as HTML, its headings named as its list of contents calls them.
fn rendered(markdown: &str) -> String {
    let mut events: Vec<_> = Parser::new_ext(markdown, Options::ENABLE_TABLES).collect();
    let mut heading = None;
    let mut text = String::new();
    for index in 0..events.len() {
        match &events[index] {
            Event::Start(Tag::Heading { .. }) => {
                heading = Some(index);
                text.clear();
            }
            Event::Text(words) | Event::Code(words) if heading.is_some() => text.push_str(words),
            Event::End(TagEnd::Heading(_)) => {
                if let Some(Event::Start(Tag::Heading { id, .. })) =
                    heading.take().and_then(|start| events.get_mut(start))
                {
                    *id = Some(CowStr::from(anchor(&text)));
                }
            }
            _ => {}
        }
    }
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events.into_iter());
    html
}

/// As forges make them: `POST /api/commands` is `post-apicommands`.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ if letter.is_alphanumeric() => Some(letter),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_within_the_wires_document_leads_somewhere() {
        let html = rendered(WIRE);
        let links: Vec<_> = html
            .split("href=\"#")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        assert!(links.len() > 5, "{links:?}");
        for link in links {
            assert!(html.contains(&format!("id=\"{link}\"")), "{link}");
        }
    }
}
