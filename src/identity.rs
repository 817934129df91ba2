//! How a request says who it acts for: a cookie or a bearer token; and whether a browser of another origin is behind it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::header::{
    AUTHORIZATION, COOKIE, HOST, HeaderMap, ORIGIN, SEC_WEBSOCKET_PROTOCOL, USER_AGENT,
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::problem::Problem;

/// Name of the session cookie.
pub const SESSION_COOKIE: &str = "webchat_session";
/// Name of the cookie of a session that began in a frame on another site: browsers keep it for that site alone.
pub const FRAMED_COOKIE: &str = "webchat_framed";
/// The subprotocol that a socket speaks.
pub const SUBPROTOCOL: &str = "webchat";
/// A browser of another origin has no header to put its token in but the list of subprotocols:
/// `webchat, bearer.<token>`.
const SUBPROTOCOL_TOKEN: &str = "bearer.";
/// Random bytes of a token: 256 bits can not be guessed.
const TOKEN_BYTES: usize = 32;

/// How a request said who it is. Only a cookie is sent by browsers on their own, so only a cookie
/// needs the request's origin checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    Cookie,
    Bearer,
}

/// A token just made: for the client, and as the database keeps it.
pub struct Token {
    pub secret: String,
    pub hash: [u8; 32],
}

impl Token {
    pub fn generate() -> Result<Self, Problem> {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes).map_err(|error| {
            tracing::error!(%error, "the system gives no random bytes");
            Problem::unavailable()
        })?;
        let secret = URL_SAFE_NO_PAD.encode(bytes);
        let hash = hash(&secret);
        Ok(Self { secret, hash })
    }
}

pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// The hash of the token that a request's headers name, for a statement that looks the session up itself.
pub fn token_hash(headers: &HeaderMap) -> Option<[u8; 32]> {
    read_token(headers).map(|(secret, _)| hash(&secret))
}

/// A bearer token counts before a cookie: whoever sets it, means it.
pub fn read_token(headers: &HeaderMap) -> Option<(String, Credential)> {
    if let Some(token) = read_bearer(headers) {
        return Some((token.to_owned(), Credential::Bearer));
    }
    read_session(headers).map(|token| (token, Credential::Cookie))
}

/// The token of a header.
pub fn read_bearer(headers: &HeaderMap) -> Option<&str> {
    let bearer = headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim());
    let subprotocol = || {
        headers
            .get_all(SEC_WEBSOCKET_PROTOCOL)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .find_map(|entry| entry.trim().strip_prefix(SUBPROTOCOL_TOKEN))
    };
    bearer.or_else(subprotocol)
}

/// The token of a cookie. That of a frame counts before the other: only a frame on that site sends it.
pub fn read_session(headers: &HeaderMap) -> Option<String> {
    read_cookie(headers, FRAMED_COOKIE).or_else(|| read_cookie(headers, SESSION_COOKIE))
}

pub fn read_cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(cookie::Cookie::split_parse)
        .filter_map(Result::ok)
        .find(|cookie| cookie.name() == name)
        .map(|cookie| cookie.value().to_owned())
}

/// Refuses what a page of a foreign origin makes a browser send. A request without `Origin` is of
/// no page: browsers set it on every upgrade and on every request that changes something.
pub fn check_origin(headers: &HeaderMap, allowed: &[String]) -> Result<(), Problem> {
    let Some(origin) = headers.get(ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default().to_ascii_lowercase();
    let own_host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let is_own = origin.split_once("://").is_some_and(|(_, authority)| {
        own_host.is_some_and(|host| host.eq_ignore_ascii_case(authority))
    });
    if is_own || allowed.contains(&origin) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "origin_not_allowed",
        format!(
            "Pages of {origin} may not use this chat: its operator allows them by ALLOWED_ORIGINS."
        ),
    ))
}

/// The `Set-Cookie` value that begins a session of `days`, or, of none, ends it.
pub fn session_cookie(secret: Option<&str>, days: u32, is_secure: bool) -> String {
    let cookie = cookie::Cookie::build((SESSION_COOKIE, secret.unwrap_or_default()))
        .same_site(cookie::SameSite::Lax)
        .secure(is_secure);
    session_long(cookie, secret, days)
}

/// The same for a session in a frame on another site, where browsers that block other sites' cookies take none but this.
pub fn framed_cookie(secret: Option<&str>, days: u32) -> String {
    let cookie = cookie::Cookie::build((FRAMED_COOKIE, secret.unwrap_or_default()))
        .same_site(cookie::SameSite::None)
        .secure(true)
        .partitioned(true);
    session_long(cookie, secret, days)
}

fn session_long(cookie: cookie::CookieBuilder<'_>, secret: Option<&str>, days: u32) -> String {
    let seconds = match secret {
        Some(_) => i64::from(days) * 86_400,
        None => 0,
    };
    let cookie = cookie
        .path("/")
        .http_only(true)
        .max_age(cookie::time::Duration::seconds(seconds));
    cookie.build().to_string()
}

/// What a client calls itself, for the list of sessions.
pub fn user_agent(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(USER_AGENT)?.to_str().ok()?;
    Some(value.chars().take(200).collect())
}

/// A guest's name when they gave none: two plain words.
pub fn invent_name() -> String {
    let words = petname::petname(2, " ")
        .unwrap_or_else(|| format!("Guest {}", &Uuid::new_v4().simple().to_string()[..6]));
    words
        .split(' ')
        .map(|word| {
            let mut letters = word.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect::<String>())
                .unwrap_or_default()
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn a_bearer_token_counts_before_a_cookie() {
        let both = headers(&[
            (AUTHORIZATION, "Bearer abc"),
            (COOKIE, "a=b; webchat_session=def"),
        ]);
        assert_eq!(read_token(&both), Some(("abc".into(), Credential::Bearer)));
        let cookie = headers(&[(COOKIE, "a=b; webchat_session=def")]);
        assert_eq!(
            read_token(&cookie),
            Some(("def".into(), Credential::Cookie))
        );
        let protocol = headers(&[(SEC_WEBSOCKET_PROTOCOL, "webchat, bearer.ghi")]);
        assert_eq!(
            read_token(&protocol),
            Some(("ghi".into(), Credential::Bearer))
        );
    }

    #[test]
    fn only_the_own_host_and_allowed_origins_pass() {
        let allowed = vec!["https://shop.example".to_owned()];
        let from = |origin: &str| {
            check_origin(
                &headers(&[(HOST, "chat.example:8000"), (ORIGIN, origin)]),
                &allowed,
            )
        };
        assert!(from("http://chat.example:8000").is_ok());
        assert!(from("https://shop.example").is_ok());
        assert!(
            from("http://chat.example").is_err(),
            "another port is another origin"
        );
        assert!(from("https://evil.example").is_err());
        assert!(from("null").is_err());
        assert!(check_origin(&headers(&[(HOST, "chat.example")]), &allowed).is_ok());
    }

    #[test]
    fn the_session_cookie_is_out_of_reach_of_scripts_and_of_other_sites() {
        let cookie = session_cookie(Some("s"), 2, true);
        for part in [
            "HttpOnly",
            "SameSite=Lax",
            "Secure",
            "Path=/",
            "Max-Age=172800",
        ] {
            assert!(cookie.contains(part), "{part} is missing in {cookie}");
        }
    }

    #[test]
    fn the_cookie_of_a_frame_belongs_to_the_site_that_frames_it() {
        let cookie = framed_cookie(Some("s"), 2);
        for part in [
            "webchat_framed=s",
            "HttpOnly",
            "SameSite=None",
            "Secure",
            "Partitioned",
            "Path=/",
            "Max-Age=172800",
        ] {
            assert!(cookie.contains(part), "{part} is missing in {cookie}");
        }
        let both = headers(&[(COOKIE, "webchat_session=lax; webchat_framed=framed")]);
        assert_eq!(read_session(&both).as_deref(), Some("framed"));
    }
}
