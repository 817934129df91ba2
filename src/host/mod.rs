//! What the host project says of a visitor: by a token that it signs, by its own "current user" endpoint, or by its function
//! `chat_hook.authenticate`. Whoever it speaks of is a [`Visitor`]; what follows from that is the doorkeeper's.
//!
//! *Invariant:* nothing here writes, and no token or cookie reaches a log.

mod ask;
mod endpoint;
mod hook;
mod jwt;

use std::sync::Arc;

use hyper::StatusCode;
use hyper::header::HeaderMap;

use crate::postgres::Database;
use crate::problem::Problem;
use crate::settings::{AuthMode, Settings};

use ask::Asker;
use endpoint::Endpoint;
use hook::Hook;
use jwt::Jwt;

/// Longer ones are no tokens: a JWT of many claims has two thousand.
const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Of a problem: the host does not answer.
pub const HOST_UNAVAILABLE: &str = "host_unavailable";

const DAY_SECONDS: u32 = 86_400;

/// Whom the host speaks of.
#[derive(Debug)]
pub struct Visitor {
    /// The name of the mode by which it is known.
    pub mode: &'static str,
    pub external_id: String,
    pub name: Option<String>,
    pub username: Option<String>,
    pub avatar_url: Option<String>,
    /// Unix time in seconds until which this holds; none where the host does not say.
    pub expires_at: Option<f64>,
    /// How long it holds at most.
    pub seconds_max: i32,
}

/// The ways of asking the host that `AUTH` has.
pub struct Host {
    jwt: Option<Jwt>,
    hook: Option<Hook>,
    endpoint: Option<Endpoint>,
}

impl Host {
    pub fn new(settings: &Settings, database: &Database) -> Self {
        let asker = Arc::<Asker>::default();
        let seconds_max = i32::try_from(settings.session_days.saturating_mul(DAY_SECONDS));
        let seconds_max = seconds_max.unwrap_or(i32::MAX);
        let has = |mode| settings.auth.contains(&mode);
        Self {
            jwt: settings
                .jwt
                .as_ref()
                .filter(|_| has(AuthMode::Jwt))
                .map(|jwt| Jwt::new(jwt, Arc::clone(&asker), seconds_max)),
            hook: has(AuthMode::Sql).then(|| Hook::new(database.clone(), seconds_max)),
            endpoint: settings
                .auth_url
                .as_ref()
                .filter(|_| has(AuthMode::Url))
                .map(|url| Endpoint::new(url.clone(), settings.auth_url_seconds, asker)),
        }
    }

    /// Whether the host has tokens of its own.
    pub fn has_tokens(&self) -> bool {
        self.jwt.is_some() || self.hook.is_some()
    }

    /// Whether the host tells from a visitor's own headers who it is.
    pub fn knows_visitors(&self) -> bool {
        self.endpoint.is_some()
    }

    /// Whom a token speaks of; None for what is no token of the host's.
    pub async fn of_token(&self, token: &str) -> Result<Option<Visitor>, Problem> {
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX || token.contains('\0') {
            return Ok(None);
        }
        let signed = match &self.jwt {
            Some(jwt) if Jwt::has_its_form(token) => {
                Some(counted("jwt", jwt.verify(token).await.map(Some)))
            }
            _ => None,
        };
        let found = match (signed, &self.hook) {
            (Some(Ok(visitor)), _) => visitor,
            (_, Some(hook)) => counted("sql", hook.ask(token).await)?,
            (Some(Err(problem)), None) => return Err(problem),
            (None, None) => None,
        };
        found.map(checked).transpose()
    }

    /// Who a visitor is by their own headers; None for nobody.
    pub async fn of_visit(&self, headers: &HeaderMap) -> Result<Option<Visitor>, Problem> {
        match &self.endpoint {
            Some(endpoint) => {
                let found = counted("url", endpoint.ask(headers).await)?;
                found.map(checked).transpose()
            }
            None => Ok(None),
        }
    }

    /// For `webchat doctor`: what is asked of the host over HTTP, and what is wrong with it.
    pub async fn examine(&self) -> Vec<(&'static str, Result<String, String>)> {
        let mut found = Vec::new();
        if let Some(jwt) = &self.jwt
            && let Some(keys) = jwt.count_keys().await
        {
            let keys = keys.map(|count| format!("answers, with {count} keys"));
            found.push(("JWT_JWKS_URL", keys.map_err(|error| error.to_string())));
        }
        if let Some(endpoint) = &self.endpoint {
            let answer = endpoint.examine().await;
            found.push(("AUTH_URL", answer.map_err(|error| error.to_string())));
        }
        found
    }
}

/// What came of asking, for the metrics.
fn counted(
    mode: &'static str,
    found: Result<Option<Visitor>, Problem>,
) -> Result<Option<Visitor>, Problem> {
    let outcome = match &found {
        Ok(Some(_)) => "known",
        Ok(None) => "nobody",
        Err(problem) if problem.code == HOST_UNAVAILABLE => "unavailable",
        Err(_) => "refused",
    };
    metrics::counter!("webchat_host_answers_total", "mode" => mode, "outcome" => outcome)
        .increment(1);
    found
}

/// PostgreSQL's text can not hold U+0000.
fn checked(visitor: Visitor) -> Result<Visitor, Problem> {
    let texts = [
        Some(&visitor.external_id),
        visitor.name.as_ref(),
        visitor.username.as_ref(),
        visitor.avatar_url.as_ref(),
    ];
    if texts.into_iter().flatten().any(|text| text.contains('\0')) {
        return Err(bad_token("It says something with the character U+0000."));
    }
    Ok(visitor)
}

pub fn bad_token(why: &str) -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "bad_token",
        format!("The token does not count here. {why}"),
    )
}

fn token_expired() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "token_expired",
        "The token has expired; get another from where it came.",
    )
}

fn host_unavailable() -> Problem {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        HOST_UNAVAILABLE,
        "Who you are can not be asked for at the moment; try again.",
    )
}
