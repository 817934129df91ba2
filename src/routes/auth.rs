//! Coming in as a guest, going out, and the list of one's sessions.

use std::sync::Arc;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue, SET_COOKIE};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;
use views::Door;

use super::http::{self, Response};
use super::{Asked, Site, require_session, schema};
use crate::client_address::Peer;
use crate::command;
use crate::door_limits::Attempt;
use crate::identity::{self, Token};
use crate::postgres::sessions::Beginning;
use crate::problem::Problem;
use crate::settings::AuthMode;

#[derive(Default, Deserialize, ToSchema)]
struct GuestBody {
    #[schema(schema_with = schema::guest_name)]
    name: Option<String>,
    #[serde(default)]
    #[schema(schema_with = schema::framed, required = false)]
    framed: bool,
}

/// What the page's form sends.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a form is read field by field")]
struct GuestForm {
    #[schema(schema_with = schema::form_name)]
    name: Option<String>,
    /// Counts where `name` is blank.
    #[schema(schema_with = schema::form_text)]
    invented_name: Option<String>,
    /// 1 in a frame on another site.
    #[schema(schema_with = schema::form_text)]
    framed: Option<String>,
    /// A path of the chat to go on to.
    #[schema(schema_with = schema::form_text)]
    next: Option<String>,
}

/// A guest by name, or by an invented one. A form is answered by going to the chat, anything else
/// by JSON; both set the cookie.
#[utoipa::path(
    post,
    path = "/auth/guest",
    tag = "sessions",
    summary = "Begins a session of a new guest",
    description = "Anybody, where guests are allowed. The body may be left out.",
    request_body(content((GuestBody = "application/json"), (GuestForm = "application/x-www-form-urlencoded"))),
    responses(
        (status = 201, description = "The session; its token also as a cookie", body = schema::Begun),
        (status = 303, description = "To a form: on to the chat, with the cookie"),
    ),
    security(()),
    extensions(("x-codes" = json!(["guests_not_allowed", "origin_not_allowed", "name_too_long", "name_required",
        "too_many_tries"]))),
)]
pub async fn guest(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    require_guests(site)?;
    let entry = Entry::read(site, asked).await?;
    let given: GuestBody = if entry.is_form {
        GuestBody {
            // The page said what an empty field would mean.
            name: entry.field("name").or_else(|| entry.field("invented_name")),
            framed: entry.is_framed(),
        }
    } else if entry.body.iter().all(u8::is_ascii_whitespace) {
        GuestBody::default()
    } else {
        command::read(&entry.body)?
    };
    http::check_text("name", given.name.as_deref())?;
    let name = given
        .name
        .filter(|name| !name.trim().is_empty())
        .unwrap_or_else(identity::invent_name);
    let made = async {
        entry.check_attempt(site, Attempt::Arrive)?;
        Ok(site.database.create_guest(&name).await?)
    };
    match made.await {
        Ok((user_id, user)) => {
            let begun = Begun {
                user_id,
                user,
                beginning: Beginning::Guest,
                is_framed: given.framed,
                message: None,
            };
            entry.begin(site, StatusCode::CREATED, begun).await
        }
        Err(problem) => entry.refuse(site, problem, Door::Guest, &name),
    }
}

pub(super) fn require_guests(site: &Site) -> Result<(), Problem> {
    if site.settings.auth.contains(&AuthMode::Guest) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "guests_not_allowed",
        "Guests are not allowed here.",
    ))
}

/// How somebody comes in: by the page's form, or by a program's JSON. The one is answered by going to the chat, or with the
/// page again; the other by JSON. Both get the cookie.
pub(super) struct Entry {
    pub is_form: bool,
    pub body: Bytes,
    pub headers: HeaderMap,
    peer: Option<Peer>,
}

/// A session to give away.
pub(super) struct Admission<'a> {
    pub secret: &'a str,
    /// How long it lasts.
    pub seconds: u64,
    /// The user as JSON.
    pub user: String,
    /// Whether it is of a frame on another site.
    pub is_framed: bool,
    pub message: Option<&'static str>,
}

/// A session to begin.
pub(super) struct Begun {
    pub user_id: Uuid,
    /// The user as JSON.
    pub user: String,
    pub beginning: Beginning,
    /// Whether it is of a frame on another site.
    pub is_framed: bool,
    pub message: Option<&'static str>,
}

impl Entry {
    pub async fn read(site: &Site, asked: Asked) -> Result<Self, Problem> {
        let (head, body) = asked.request.into_parts();
        // The cookie that this sets must not be set by a page of a foreign origin.
        identity::check_origin(&head.headers, &site.settings.allowed_origins)?;
        let is_form = http::header_text(&head.headers, &CONTENT_TYPE)
            .starts_with("application/x-www-form-urlencoded");
        Ok(Self {
            is_form,
            body: http::read_body(body).await?,
            headers: head.headers,
            peer: head.extensions.get().copied(),
        })
    }

    /// Counts an attempt to come in from an address, and refuses one too many.
    pub fn check_attempt(&self, site: &Site, attempt: Attempt) -> Result<(), Problem> {
        site.door_limits.check(attempt, self.peer, &self.headers)
    }

    /// What the form says in a field; None for blank.
    pub fn field(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(&self.body)
            .find(|(key, value)| key == name && !value.trim().is_empty())
            .map(|(_, value)| value.into_owned())
    }

    /// Whether the form says that it is in a frame on another site.
    pub fn is_framed(&self) -> bool {
        self.field("framed").as_deref() == Some("1")
    }

    /// Begins a session of a user.
    pub async fn begin(
        &self,
        site: &Site,
        status: StatusCode,
        begun: Begun,
    ) -> Result<Response, Problem> {
        let token = Token::generate()?;
        let days = site.settings.session_days;
        let user_agent = identity::user_agent(&self.headers);
        site.database
            .start_session(
                begun.user_id,
                &token.hash,
                days,
                user_agent.as_deref(),
                begun.beginning,
            )
            .await?;
        let admission = Admission {
            secret: &token.secret,
            seconds: u64::from(days) * 86_400,
            user: begun.user,
            is_framed: begun.is_framed,
            message: begun.message,
        };
        self.let_in(site, status, admission)
    }

    /// The answer that gives a session away: a token, and the cookie.
    pub fn let_in(
        &self,
        site: &Site,
        status: StatusCode,
        admission: Admission<'_>,
    ) -> Result<Response, Problem> {
        let mut response = if self.is_form {
            http::see_other(&own_path(self.field("next")))
        } else {
            let user = RawValue::from_string(admission.user).map_err(|error| {
                tracing::error!(%error, "the database's JSON of a user can not be read");
                Problem::unavailable()
            })?;
            let mut answer = json!({
                "access_token": admission.secret,
                "token_type": "bearer",
                "expires_in": admission.seconds,
                "user": user,
            });
            if let Some(message) = admission.message {
                answer["message"] = json!(message);
            }
            http::json(status, answer.to_string())
        };
        // The cookie may outlive the session: one whose end is put off goes on by it.
        let days = site.settings.session_days;
        let secret = Some(admission.secret);
        let cookie = match admission.is_framed {
            true => identity::framed_cookie(secret, days),
            false => identity::session_cookie(secret, days, site.settings.cookie_secure),
        };
        set_cookie(&mut response, &cookie);
        Ok(response)
    }

    /// The page again, with what was entered and what is wrong with it; a problem for a program.
    pub fn refuse(
        &self,
        site: &Site,
        problem: Problem,
        door: Door,
        name: &str,
    ) -> Result<Response, Problem> {
        if !self.is_form || problem.status.is_server_error() {
            return Err(problem);
        }
        Ok(super::pages::welcome(
            site,
            problem.status,
            &self.headers,
            &own_path(self.field("next")),
            Some(door),
            name,
            Some(&problem.detail),
        ))
    }
}

/// Ends the session that the request was made with, and every connection of it.
#[utoipa::path(
    post,
    path = "/auth/logout",
    tag = "sessions",
    summary = "Ends the session",
    description = "Whoever has a session.",
    responses(
        (status = 200, description = "It has ended; the cookies are taken back", body = schema::LoggedOut),
        (status = 303, description = "To who accepts HTML: on to the chat"),
    ),
)]
pub async fn logout(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    site.database
        .end_session(session.user_id, session.id)
        .await?;
    let wants_page = http::accepts_html(asked.request.headers());
    let mut response = if wants_page {
        http::see_other("/")
    } else {
        http::json(StatusCode::OK, json!({"status": "logged_out"}).to_string())
    };
    for cookie in [
        identity::session_cookie(None, 0, site.settings.cookie_secure),
        identity::framed_cookie(None, 0),
    ] {
        set_cookie(&mut response, &cookie);
    }
    Ok(response)
}

#[utoipa::path(
    get,
    path = "/api/sessions",
    tag = "sessions",
    summary = "Lists one's sessions, newest first",
    description = "Whoever has a session.",
    responses(
        (status = 200, description = "All that live", body = schema::List<schema::Session>),
    ),
)]
pub async fn sessions(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let items = site.database.list_sessions(session.user_id).await?;
    Ok(http::list(&items, serde_json::Value::Null))
}

#[utoipa::path(
    delete,
    path = "/api/sessions/{session}",
    tag = "sessions",
    summary = "Ends one of one's sessions",
    description = "Whoever has a session; one of their own.",
    params(schema::OfSession),
    responses(
        (status = 200, description = "It has ended, and its live connections", body = schema::Ended),
    ),
    extensions(("x-codes" = json!(["session_not_found"]))),
)]
pub async fn end_session(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let ended = asked.parameters.id("session")?;
    site.database.end_session(session.user_id, ended).await?;
    Ok(http::json(
        StatusCode::OK,
        json!({"id": ended, "status": "ended"}).to_string(),
    ))
}

/// Where a form leads on to: a path of ours, whatever the form said.
pub(super) fn own_path(next: Option<String>) -> String {
    next.filter(|next| {
        let mut bytes = next.bytes();
        bytes.next() == Some(b'/')
            && bytes.next() != Some(b'/')
            && next
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    })
    .unwrap_or_else(|| "/".to_owned())
}

/// Gives a visitor the cookie of a session that began by their visit.
pub(super) fn remember(site: &Site, response: &mut Response, token: &Token) {
    let settings = &site.settings;
    let cookie = identity::session_cookie(
        Some(&token.secret),
        settings.session_days,
        settings.cookie_secure,
    );
    set_cookie(response, &cookie);
}

fn set_cookie(response: &mut Response, cookie: &str) {
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_never_leads_to_another_site() {
        for (next, expected) in [
            ("/c/7", "/c/7"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("https://evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("/\r\nset-cookie: a", "/"),
            ("", "/"),
        ] {
            assert_eq!(own_path(Some(next.to_owned())), expected, "{next}");
        }
        assert_eq!(own_path(None), "/");
    }
}
