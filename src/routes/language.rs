//! Which language a request is answered in: for all of a page that it says, and all that is rendered on the way
//! (`views::language`).

use hyper::Request;
use hyper::header::{ACCEPT_LANGUAGE, HeaderMap};

use super::{http, pages};
use views::Language;

/// Parts of a page are said in the language of the page that asks for them, which a frame may have been told by the page
/// around: its script names it.
const PARTS: &str = "/parts";

/// Of a page: what its address says (`?lang=`), what the reader chose, what their browser asks for; English.
pub fn of<B>(request: &Request<B>) -> Language {
    let is_part = request.uri().path().starts_with(PARTS);
    if is_part {
        return asked_for(request.headers()).unwrap_or_default();
    }
    let query = http::Query::of(request);
    of_page(request.headers(), query.text("lang"))
}

/// The same where the address is another one than the request's.
pub fn of_page(headers: &HeaderMap, tag: Option<&str>) -> Language {
    tag.and_then(Language::of_tag)
        .or_else(|| pages::look(headers).language)
        .or_else(|| asked_for(headers))
        .unwrap_or_default()
}

fn asked_for(headers: &HeaderMap) -> Option<Language> {
    Language::accepted(http::header_text(headers, &ACCEPT_LANGUAGE))
}
