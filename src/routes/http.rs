//! Requests read and responses built the same way everywhere.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::StatusCode;
use hyper::body::{Body, Incoming};
use hyper::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION,
    REFERRER_POLICY, RETRY_AFTER, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::time;
use crate::command::COMMAND_BYTES_MAX;
use crate::problem::Problem;
use crate::settings::Settings;

pub type Response = hyper::Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Rows of a page of any list: enough for a screen, few enough for one write.
pub const PAGE_ROWS_MAX: i32 = 100;
pub const PAGE_ROWS_DEFAULT: i32 = 50;

/// What the address said in its named places.
pub struct Parameters(pub Vec<(String, String)>);

impl Parameters {
    pub fn text(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    }

    /// What is no id is the address of nothing.
    pub fn id(&self, name: &str) -> Result<Uuid, Problem> {
        Uuid::parse_str(self.text(name)).map_err(|_| Problem::not_found())
    }
}

/// What stands behind the question mark.
pub struct Query(HashMap<String, String>);

impl Query {
    pub fn of<B>(request: &hyper::Request<B>) -> Self {
        let text = request.uri().query().unwrap_or_default();
        Self(
            form_urlencoded::parse(text.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// An empty value counts as none.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub fn id(&self, name: &str) -> Result<Option<Uuid>, Problem> {
        self.parsed(name, "a UUID")
    }

    /// A place in a conversation: 0 or more.
    pub fn seq(&self, name: &str) -> Result<Option<i64>, Problem> {
        match self.parsed::<i64>(name, "a whole number")? {
            Some(seq) if seq < 0 => Err(bad(name, "0 or more")),
            other => Ok(other),
        }
    }

    /// A day, from its first moment in UTC, or a time as RFC 3339 writes it; here as the latter, in UTC.
    pub fn time(&self, name: &str) -> Result<Option<String>, Problem> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        // A plus sign in an address is a space, unless it was written as %2B.
        let text = text.replace(' ', "+");
        let day = format!("{text}T00:00:00Z");
        time::parse(&text)
            .or_else(|| time::parse(&day))
            // Nothing was sent before the epoch, and it can not be written.
            .map(|time| time.max(SystemTime::UNIX_EPOCH))
            .map(|time| Some(humantime::format_rfc3339_micros(time).to_string()))
            .ok_or_else(|| {
                bad(
                    name,
                    "a day like 2030-01-31 or a time like 2030-01-31T08:00:00Z, of the years 1970 to 9999",
                )
            })
    }

    /// Left out is false.
    pub fn flag(&self, name: &str) -> Result<bool, Problem> {
        Ok(self.parsed(name, "true or false")?.unwrap_or_default())
    }

    pub fn limit(&self) -> Result<i32, Problem> {
        match self.parsed::<i32>("limit", "a whole number")? {
            None => Ok(PAGE_ROWS_DEFAULT),
            Some(limit) if (1..=PAGE_ROWS_MAX).contains(&limit) => Ok(limit),
            Some(_) => Err(bad("limit", &format!("1 to {PAGE_ROWS_MAX}"))),
        }
    }

    /// How many to pass over, at most so many; none when left out.
    pub fn offset(&self, most: i32) -> Result<i32, Problem> {
        match self.parsed::<i32>("offset", "a whole number")? {
            None => Ok(0),
            Some(offset) if (0..=most).contains(&offset) => Ok(offset),
            Some(_) => Err(bad("offset", &format!("0 to {most}"))),
        }
    }

    fn parsed<T: std::str::FromStr>(&self, name: &str, what: &str) -> Result<Option<T>, Problem> {
        self.text(name)
            .map(|value| value.parse().map_err(|_| bad(name, what)))
            .transpose()
    }
}

fn bad(name: &str, what: &str) -> Problem {
    Problem::unprocessable("bad_parameter", format!("{name}: must be {what}."))
}

/// Reads a whole body of at most [`COMMAND_BYTES_MAX`].
pub async fn read_body(body: Incoming) -> Result<Bytes, Problem> {
    match Limited::new(body, COMMAND_BYTES_MAX).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            format!("The request's body must have at most {COMMAND_BYTES_MAX} bytes."),
        )),
        Err(error) => Err(Problem::bad_request(
            "broken_body",
            format!("The request's body broke off: {error}."),
        )),
    }
}

/// Reads a JSON object; an error names the field.
pub async fn read_json<T: DeserializeOwned>(body: Incoming) -> Result<T, Problem> {
    crate::command::read(&read_body(body).await?)
}

/// A text field that goes into the database: PostgreSQL's text can not hold U+0000.
pub fn check_text(field: &str, value: Option<&str>) -> Result<(), Problem> {
    match value {
        Some(value) if value.contains('\0') => Err(Problem::unprocessable(
            "bad_character",
            format!("{field}: must not contain the character U+0000."),
        )),
        _ => Ok(()),
    }
}

pub fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

/// A header's value where it is text, else nothing.
pub fn header_text<'a>(headers: &'a HeaderMap, name: &hyper::header::HeaderName) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

/// Digits alone, as ranges are written.
pub fn digits(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}

pub fn accepts_html(headers: &HeaderMap) -> bool {
    headers
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"))
}

pub fn body(bytes: impl Into<Bytes>) -> UnsyncBoxBody<Bytes, Infallible> {
    Full::new(bytes.into()).boxed_unsync()
}

pub fn streamed(
    stream: impl Body<Data = Bytes, Error = Infallible> + Send + 'static,
) -> UnsyncBoxBody<Bytes, Infallible> {
    stream.boxed_unsync()
}

pub fn respond(
    status: StatusCode,
    content_type: &'static str,
    content: impl Into<Bytes>,
) -> Response {
    let mut response = Response::new(body(content));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// JSON that is JSON already.
pub fn json(status: StatusCode, text: impl Into<Bytes>) -> Response {
    respond(status, "application/json", text)
}

/// `{"items": […], "next": …}` of objects that are JSON already. `next` is what the next page is asked by.
pub fn list(items: &[String], next: impl Into<serde_json::Value>) -> Response {
    json(StatusCode::OK, list_text(items, next))
}

/// The text of [`list`].
pub fn list_text(items: &[String], next: impl Into<serde_json::Value>) -> String {
    format!(
        "{{\"items\":[{}],\"next\":{}}}",
        items.join(","),
        next.into()
    )
}

/// To another page of ours, after a form.
pub fn see_other(path: &str) -> Response {
    let mut response = respond(StatusCode::SEE_OTHER, "text/plain", "");
    if let Ok(value) = HeaderValue::from_str(path) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

pub fn page(status: StatusCode, markup: views::Markup) -> Response {
    respond(status, "text/html; charset=utf-8", markup.into_string())
}

/// As JSON, or, in a reader's look, as a page.
pub fn problem(problem: &Problem, as_page: Option<&views::Look>) -> Response {
    let mut response = if let Some(look) = as_page {
        let title = problem.status.canonical_reason().unwrap_or("Error");
        page(
            problem.status,
            views::error_page(problem.status.as_u16(), title, &problem.detail, look),
        )
    } else {
        respond(
            problem.status,
            "application/problem+json",
            problem.to_json(),
        )
    };
    let headers = response.headers_mut();
    if let Some(seconds) = problem.retry_after_seconds() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

/// Headers that every response has.
pub fn secured(mut response: Response, settings: &Settings) -> Response {
    let headers = response.headers_mut();
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    let is_page = headers
        .get(CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    // A page that holds under a stricter or other policy has said so.
    if is_page && !headers.contains_key(CONTENT_SECURITY_POLICY) {
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
             font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
             require-trusted-types-for 'script'; trusted-types fragment; frame-ancestors 'self' {}",
            settings.allowed_origins.join(" ")
        );
        if let Ok(value) = HeaderValue::from_str(policy.trim_end()) {
            headers.insert(CONTENT_SECURITY_POLICY, value);
        }
    }
    response
}
