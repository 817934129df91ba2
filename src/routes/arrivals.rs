//! Coming in by the host project's word.

use std::sync::Arc;
use std::time::Instant;

use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::auth::{Admission, Entry};
use super::http::Response;
use super::{Asked, Site, schema};
use crate::command;
use crate::identity;
use crate::problem::Problem;

#[derive(Default, Deserialize, ToSchema)]
struct TokenBody {
    /// The host's; left out where `Authorization` has it, or where AUTH_URL knows visitors by their own headers.
    token: Option<String>,
    #[serde(default)]
    #[schema(schema_with = schema::framed, required = false)]
    framed: bool,
}

/// What a page of the host may send, to lead on to the chat.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a form is read field by field")]
struct TokenForm {
    #[schema(schema_with = schema::form_text)]
    token: Option<String>,
    #[schema(schema_with = schema::form_text)]
    framed: Option<String>,
    /// A path of the chat to go on to.
    #[schema(schema_with = schema::form_text)]
    next: Option<String>,
}

#[utoipa::path(
    post,
    path = "/auth/token",
    tag = "sessions",
    summary = "Exchanges what the host knows somebody by for a session",
    description = "Whoever has a token of the host's (AUTH has jwt or sql), or is known to its AUTH_URL by the request's own \
        Cookie or Authorization header. With a session of the same user, its end is put off, and that of its live connections; \
        otherwise one begins. The body may be left out. A form of the same fields is answered by going on to the chat.",
    request_body(content((TokenBody = "application/json"), (TokenForm = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The session that there was; its end is put off", body = schema::Begun),
        (status = 201, description = "The session that begins; its token also as a cookie", body = schema::Begun),
        (status = 303, description = "To a form: on to the chat, with the cookie"),
    ),
    security(()),
    extensions(("x-codes" = json!(["token_not_allowed", "bad_token", "token_expired", "not_logged_in", "host_unavailable",
        "user_deactivated", "origin_not_allowed"]))),
)]
pub async fn token(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let entry = Entry::read(site, asked).await?;
    let given: TokenBody = if entry.is_form {
        TokenBody {
            token: entry.field("token"),
            framed: entry.is_framed(),
        }
    } else if entry.body.iter().all(u8::is_ascii_whitespace) {
        TokenBody::default()
    } else {
        command::read(&entry.body)?
    };
    let admitted = site
        .doorkeeper
        .admit(&entry.headers, given.token.as_deref())
        .await?;
    let status = match admitted.is_new {
        true => StatusCode::CREATED,
        false => StatusCode::OK,
    };
    let seconds = admitted.session.end.map_or(0, |end| {
        end.due.saturating_duration_since(Instant::now()).as_secs()
    });
    // A session that goes on keeps its cookie, whatever the page says of itself.
    let framed = identity::read_cookie(&entry.headers, identity::FRAMED_COOKIE);
    let is_framed = given.framed || framed.as_ref() == Some(&admitted.secret);
    let admission = Admission {
        secret: &admitted.secret,
        seconds,
        user: admitted.session.user,
        is_framed,
        message: None,
    };
    entry.let_in(site, status, admission)
}
