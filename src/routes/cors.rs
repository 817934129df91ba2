//! What pages of other origins may ask of the API by scripts of their own: by a bearer token, never by a cookie.

use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderValue, ORIGIN, VARY,
};
use hyper::{Method, Request, StatusCode};

use super::http::{self, Response};
use crate::problem::Problem;

/// Where scripts of other origins may ask. Pages are for frames, and files of the page for the page.
const SHARED: [&str; 3] = ["/api/", "/auth/", "/sse"];
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, content-range, last-event-id, range, if-none-match",
);
/// Beside those that every script may read.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "etag, location, retry-after, content-range, accept-ranges, content-disposition, www-authenticate",
);
/// Two hours: more is not kept by Chromium.
const PREFLIGHT_KEPT_SECONDS: HeaderValue = HeaderValue::from_static("7200");

/// Whether an answer is for a page of another origin.
pub struct Sharing {
    is_shared: bool,
    /// Of the page that asks, when it is allowed.
    allowed: Option<HeaderValue>,
}

impl Sharing {
    pub fn of<B>(request: &Request<B>, allowed_origins: &[String]) -> Self {
        let path = request.uri().path();
        let is_shared =
            !allowed_origins.is_empty() && SHARED.iter().any(|prefix| path.starts_with(prefix));
        let allowed = request.headers().get(ORIGIN).filter(|origin| {
            // Browsers write it as the settings keep it.
            let is_listed = |origin: &str| allowed_origins.iter().any(|listed| listed == origin);
            is_shared && origin.to_str().is_ok_and(is_listed)
        });
        Self {
            is_shared,
            allowed: allowed.cloned(),
        }
    }

    /// The answer to a browser that asks first. What is no such question is answered as ever.
    pub fn preflight<B>(&self, request: &Request<B>) -> Option<Response> {
        let headers = request.headers();
        let is_question = request.method() == Method::OPTIONS
            && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
            && headers.contains_key(ORIGIN);
        if !is_question || !self.is_shared {
            return None;
        }
        if self.allowed.is_none() {
            let origin = http::header_text(headers, &ORIGIN);
            return Some(http::problem(
                &Problem::forbidden(
                    "origin_not_allowed",
                    format!(
                        "Pages of {origin} may not use this chat: its operator allows them by ALLOWED_ORIGINS."
                    ),
                ),
                None,
            ));
        }
        let mut response = http::respond(StatusCode::NO_CONTENT, "text/plain", "");
        let headers = response.headers_mut();
        headers.remove(hyper::header::CONTENT_TYPE);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, PREFLIGHT_KEPT_SECONDS);
        Some(response)
    }

    /// Says on an answer whose page may read it, and that another's may not be given what is kept of it.
    pub fn mark(&self, response: &mut Response) {
        if !self.is_shared {
            return;
        }
        let headers = response.headers_mut();
        headers.append(VARY, HeaderValue::from_static("origin"));
        if let Some(origin) = &self.allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SHOP: &str = "https://shop.example";

    fn asked(method: Method, path: &str, origin: &str) -> (Sharing, Option<Response>) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(ORIGIN, origin)
            .header(ACCESS_CONTROL_REQUEST_METHOD, "PUT")
            .body(())
            .unwrap();
        let sharing = Sharing::of(&request, &[SHOP.to_owned()]);
        let preflight = sharing.preflight(&request);
        (sharing, preflight)
    }

    #[test]
    fn an_allowed_page_is_told_what_it_may_ask_and_another_that_it_may_not() {
        let (_, answer) = asked(Method::OPTIONS, "/api/users", SHOP);
        assert_eq!(answer.unwrap().status(), StatusCode::NO_CONTENT);
        let (_, answer) = asked(Method::OPTIONS, "/api/users", "https://evil.example");
        assert_eq!(answer.unwrap().status(), StatusCode::FORBIDDEN);
        assert!(asked(Method::OPTIONS, "/chats", SHOP).1.is_none());
        assert!(asked(Method::PUT, "/api/users/me", SHOP).1.is_none());
    }

    #[test]
    fn only_an_allowed_page_may_read_and_no_cookie_is_ever_asked_for() {
        for (path, origin, is_allowed) in [
            ("/api/users", SHOP, true),
            ("/sse?cursor=1", SHOP, true),
            ("/api/users", "https://evil.example", false),
            ("/api/users", "null", false),
            ("/", SHOP, false),
        ] {
            let mut response = http::json(StatusCode::OK, "{}");
            asked(Method::GET, path, origin).0.mark(&mut response);
            let allowed = response.headers().get(ACCESS_CONTROL_ALLOW_ORIGIN);
            assert_eq!(
                allowed.map(|value| value == origin),
                is_allowed.then_some(true),
                "{path} {origin}"
            );
            let may_send_cookies = "access-control-allow-credentials";
            assert!(!response.headers().contains_key(may_send_cookies));
        }
    }
}
