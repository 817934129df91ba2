//! The host's own "current user" endpoint (`AUTH_URL`), which is shown what a visitor's browser sends to all of the site.

use std::sync::Arc;
use std::time::Duration;

use hyper::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;

use super::ask::{AskError, Asker};
use super::{Visitor, host_unavailable};
use crate::problem::Problem;

/// Questions at once: a host that hangs is not given more to hang on.
const ASKED_AT_ONCE_MAX: usize = 32;
/// How long a visitor waits for a turn.
const TURN_WAIT_MAX: Duration = Duration::from_secs(5);
/// What cookies of ours begin with: they are nobody else's business.
const OWN_COOKIES: &str = "webchat_";

/// Where the host's answer may keep what it says, in the order in which they count.
const ID_FIELDS: [&str; 4] = ["id", "sub", "user_id", "external_id"];
const NAME_FIELDS: [&str; 3] = ["name", "display_name", "username"];
const USERNAME_FIELDS: [&str; 2] = ["username", "preferred_username"];
const AVATAR_FIELDS: [&str; 2] = ["avatar_url", "picture"];

pub struct Endpoint {
    url: Url,
    /// How long an answer holds, in seconds.
    seconds: u32,
    asker: Arc<Asker>,
    turns: Semaphore,
}

impl Endpoint {
    pub fn new(url: Url, seconds: u32, asker: Arc<Asker>) -> Self {
        Self {
            url,
            seconds,
            asker,
            turns: Semaphore::new(ASKED_AT_ONCE_MAX),
        }
    }

    /// Who the visitor is; None for nobody. One who shows nothing is nobody, and not asked for.
    pub async fn ask(&self, headers: &HeaderMap) -> Result<Option<Visitor>, Problem> {
        let shown = shown(headers);
        if shown.is_empty() {
            return Ok(None);
        }
        let turn = tokio::time::timeout(TURN_WAIT_MAX, self.turns.acquire()).await;
        let Ok(Ok(_turn)) = turn else {
            tracing::warn!("AUTH_URL is asked more often than it answers");
            return Err(host_unavailable());
        };
        let found = self.asker.get(&self.url, &shown).await;
        let visitor = found.and_then(|answer| match answer.status {
            200..=203 => {
                let said = serde_json::from_slice(&answer.body)
                    .map_err(|_| AskError::Unreadable("it is no JSON"))?;
                Ok(self.visitor(&said))
            }
            // To the log-in, mostly.
            204 | 300..=399 | 401 | 403 | 404 => Ok(None),
            status => Err(AskError::Status(status)),
        });
        visitor.map_err(|error| {
            tracing::warn!(%error, "AUTH_URL does not say who a visitor is");
            host_unavailable()
        })
    }

    /// Whether it answers, to somebody who is nobody.
    pub async fn examine(&self) -> Result<String, AskError> {
        let answer = self.asker.get(&self.url, &[]).await?;
        match answer.status {
            401 | 403 | 404 | 204 | 300..=399 => Ok(format!(
                "answers, with {} to a visitor without a cookie",
                answer.status
            )),
            200..=203 => match serde_json::from_slice(&answer.body) {
                Ok(said) if self.visitor(&said).is_none() => Ok("answers".to_owned()),
                Ok(_) => Err(AskError::Unreadable(
                    "it names somebody to a visitor without a cookie, so everyone would be that person",
                )),
                Err(_) => Err(AskError::Unreadable("it is no JSON")),
            },
            status => Err(AskError::Status(status)),
        }
    }

    fn visitor(&self, said: &Value) -> Option<Visitor> {
        // Many answer {"user": {…}}.
        let said = said
            .get("user")
            .filter(|user| user.is_object())
            .unwrap_or(said);
        let texts = |names: &[&str]| names.iter().find_map(|name| text(said, name));
        let external_id = texts(&ID_FIELDS)?;
        Some(Visitor {
            mode: "url",
            external_id,
            name: texts(&NAME_FIELDS).or_else(|| {
                // An address is not for everyone to see.
                let address = text(said, "email")?;
                Some(address.split('@').next().unwrap_or_default().to_owned())
            }),
            username: texts(&USERNAME_FIELDS),
            avatar_url: texts(&AVATAR_FIELDS),
            expires_at: None,
            seconds_max: i32::try_from(self.seconds).unwrap_or(i32::MAX),
        })
    }
}

/// A text that is not blank, or a whole number as one.
fn text(said: &Value, name: &str) -> Option<String> {
    match said.get(name)? {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        _ => None,
    }
}

/// Of a visitor's headers, what the host knows people by.
fn shown(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let cookies = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(str::trim)
        .filter(|cookie| !cookie.is_empty() && !cookie.starts_with(OWN_COOKIES))
        .collect::<Vec<_>>()
        .join("; ");
    let cookies = HeaderValue::from_str(&cookies)
        .ok()
        .filter(|cookies| !cookies.is_empty());
    let authorization = headers.get(AUTHORIZATION).cloned();
    [(COOKIE, cookies), (AUTHORIZATION, authorization)]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn endpoint() -> Endpoint {
        let url = Url::parse("http://host.example/me").unwrap();
        Endpoint::new(url, 60, Arc::<Asker>::default())
    }

    #[test]
    fn answers_of_many_hosts_are_understood() {
        for (said, id, name) in [
            (json!({"id": 7, "name": "Ada"}), "7", Some("Ada")),
            (
                json!({"sub": "u-7", "display_name": "Ada"}),
                "u-7",
                Some("Ada"),
            ),
            (
                json!({"user_id": "7", "name": " ", "username": "ada"}),
                "7",
                Some("ada"),
            ),
            (
                json!({"external_id": "7", "email": "ada@example.com"}),
                "7",
                Some("ada"),
            ),
            (json!({"user": {"id": 7, "name": "Ada"}}), "7", Some("Ada")),
            (json!({"id": "7"}), "7", None),
        ] {
            let visitor = endpoint().visitor(&said).unwrap();
            assert_eq!(
                (visitor.external_id.as_str(), visitor.name.as_deref()),
                (id, name),
                "{said}"
            );
        }
        for said in [
            json!(null),
            json!({}),
            json!({"user": null}),
            json!({"id": null}),
            json!({"id": " "}),
            json!([7]),
        ] {
            assert!(endpoint().visitor(&said).is_none(), "{said}");
        }
    }

    #[test]
    fn the_host_is_not_shown_what_is_ours() {
        let mut headers = HeaderMap::new();
        headers.insert(
            COOKIE,
            HeaderValue::from_static("webchat_session=s; sid=1; webchat_framed=f; a=b"),
        );
        assert_eq!(
            shown(&headers),
            [(COOKIE, HeaderValue::from_static("sid=1; a=b"))]
        );
        headers.insert(COOKIE, HeaderValue::from_static("webchat_session=s"));
        assert!(shown(&headers).is_empty());
    }
}
