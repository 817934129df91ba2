//! Signing up and logging in by a password, and changing it.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use views::Door;

use super::auth::{Begun, Entry};
use super::http::{self, Response};
use super::{Asked, Site, require_session, schema};
use crate::command;
use crate::door_limits::Attempt;
use crate::postgres::sessions::Beginning;
use crate::problem::Problem;
use crate::settings::AuthMode;

#[derive(Deserialize, ToSchema)]
struct SignUp {
    #[schema(schema_with = schema::new_username)]
    username: String,
    #[schema(schema_with = schema::password)]
    password: String,
    #[schema(schema_with = schema::email)]
    email: Option<String>,
    /// What people are shown; the username without it.
    #[schema(schema_with = schema::name)]
    name: Option<String>,
    #[serde(default)]
    #[schema(schema_with = schema::framed, required = false)]
    framed: bool,
}

#[derive(Deserialize, ToSchema)]
struct LogIn {
    username: String,
    password: String,
    #[serde(default)]
    #[schema(schema_with = schema::framed, required = false)]
    framed: bool,
}

/// What the page's form sends.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a form is read field by field")]
struct SignUpForm {
    #[schema(schema_with = schema::form_text)]
    username: String,
    #[schema(schema_with = schema::form_text)]
    password: String,
    #[schema(schema_with = schema::form_text)]
    email: Option<String>,
    #[schema(schema_with = schema::form_name)]
    name: Option<String>,
    /// 1 in a frame on another site.
    #[schema(schema_with = schema::form_text)]
    framed: Option<String>,
    /// A path of the chat to go on to.
    #[schema(schema_with = schema::form_text)]
    next: Option<String>,
}

/// What the page's form sends.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a form is read field by field")]
struct LogInForm {
    #[schema(schema_with = schema::form_text)]
    username: String,
    #[schema(schema_with = schema::form_text)]
    password: String,
    /// 1 in a frame on another site.
    #[schema(schema_with = schema::form_text)]
    framed: Option<String>,
    /// A path of the chat to go on to.
    #[schema(schema_with = schema::form_text)]
    next: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct ChangePassword {
    password: String,
    #[schema(schema_with = schema::password)]
    new_password: String,
}

#[utoipa::path(
    post,
    path = "/auth/signup",
    tag = "sessions",
    summary = "Makes a user with a password, and begins a session",
    description = "Anybody, where AUTH has password. A form of the same fields is answered by going on to the chat.",
    request_body(content((SignUp = "application/json"), (SignUpForm = "application/x-www-form-urlencoded"))),
    responses(
        (status = 201, description = "The session; its token also as a cookie", body = schema::SignedUp),
        (status = 303, description = "To a form: on to the chat, with the cookie"),
    ),
    security(()),
    extensions(("x-codes" = json!(["passwords_not_allowed", "origin_not_allowed", "username_taken", "username_required", "bad_username",
        "bad_email", "name_required", "name_too_long", "password_too_short", "password_too_long", "bad_character", "too_many_tries"]))),
)]
pub async fn sign_up(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    require_passwords(site)?;
    let entry = Entry::read(site, asked).await?;
    let given: SignUp = if entry.is_form {
        SignUp {
            username: entry.field("username").unwrap_or_default(),
            password: entry.field("password").unwrap_or_default(),
            email: entry.field("email"),
            name: entry.field("name"),
            framed: entry.is_framed(),
        }
    } else {
        command::read(&entry.body)?
    };
    for (field, value) in [
        ("username", Some(given.username.as_str())),
        ("email", given.email.as_deref()),
        ("name", given.name.as_deref()),
    ] {
        http::check_text(field, value)?;
    }
    let username = given.username.trim();
    let made = async {
        entry.check_attempt(site, Attempt::Arrive)?;
        let hash = site.passwords.hash(&given.password).await?;
        let (name, email) = (given.name.as_deref(), given.email.as_deref());
        Ok(site.database.sign_up(username, name, email, &hash).await?)
    };
    match made.await {
        Ok((user_id, user)) => {
            let begun = Begun {
                user_id,
                user,
                beginning: Beginning::Password,
                is_framed: given.framed,
                message: Some("User created"),
            };
            entry.begin(site, StatusCode::CREATED, begun).await
        }
        Err(problem) => entry.refuse(site, problem, Door::SignUp, username),
    }
}

#[utoipa::path(
    post,
    path = "/auth/login",
    tag = "sessions",
    summary = "Begins a session by username and password",
    description = "Anybody, where AUTH has password. A wrong name and a wrong password are answered alike, and take as long. \
        A form of the same fields is answered by going on to the chat.",
    request_body(content((LogIn = "application/json"), (LogInForm = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "The session; its token also as a cookie", body = schema::Begun),
        (status = 303, description = "To a form: on to the chat, with the cookie"),
    ),
    security(()),
    extensions(("x-codes" = json!(["passwords_not_allowed", "origin_not_allowed", "wrong_password", "too_many_tries", "bad_character"]))),
)]
pub async fn log_in(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    require_passwords(site)?;
    let entry = Entry::read(site, asked).await?;
    let given: LogIn = if entry.is_form {
        LogIn {
            username: entry.field("username").unwrap_or_default(),
            password: entry.field("password").unwrap_or_default(),
            framed: entry.is_framed(),
        }
    } else {
        command::read(&entry.body)?
    };
    http::check_text("username", Some(&given.username))?;
    let username = given.username.trim();
    let found = async {
        entry.check_attempt(site, Attempt::LogIn)?;
        let found = site.database.find_password(username).await?;
        let (user, hash) = found.unzip();
        let is_right = site
            .passwords
            .is_right(username, &given.password, hash)
            .await?;
        user.filter(|_| is_right).ok_or_else(|| {
            Problem::new(
                StatusCode::UNAUTHORIZED,
                "wrong_password",
                "The username or the password is wrong.",
            )
        })
    };
    match found.await {
        Ok(user_id) => {
            let user = site.database.read_user(user_id).await?.unwrap_or_default();
            let begun = Begun {
                user_id,
                user,
                beginning: Beginning::Password,
                is_framed: given.framed,
                message: None,
            };
            entry.begin(site, StatusCode::OK, begun).await
        }
        Err(problem) => entry.refuse(site, problem, Door::LogIn, username),
    }
}

#[utoipa::path(
    put,
    path = "/auth/password",
    tag = "sessions",
    summary = "Changes one's password, and ends one's other sessions",
    description = "Whoever has a password here.",
    request_body = ChangePassword,
    responses(
        (status = 200, description = "It is changed", body = schema::PasswordChanged),
    ),
    extensions(("x-codes" = json!(["passwords_not_allowed", "old_password_wrong", "no_password", "too_many_tries", "password_too_short",
        "password_too_long"]))),
)]
pub async fn change(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    require_passwords(site)?;
    let session = require_session(site, &asked.request).await?;
    let given: ChangePassword = http::read_json(asked.request.into_body()).await?;
    let known = site.database.read_password(session.user_id).await?;
    if known.is_none() {
        return Err(Problem::new(
            StatusCode::NOT_FOUND,
            "no_password",
            "You have no password here.",
        ));
    }
    let who = session.user_id.to_string();
    if !site
        .passwords
        .is_right(&who, &given.password, known)
        .await?
    {
        return Err(Problem::forbidden(
            "old_password_wrong",
            "password: this is not your present password.",
        ));
    }
    let hash = site.passwords.hash(&given.new_password).await?;
    site.database
        .set_password(session.user_id, &hash, session.id)
        .await?;
    Ok(http::json(
        StatusCode::OK,
        json!({"status": "changed"}).to_string(),
    ))
}

pub(super) fn require_passwords(site: &Site) -> Result<(), Problem> {
    if site.settings.auth.contains(&AuthMode::Password) {
        return Ok(());
    }
    Err(Problem::forbidden(
        "passwords_not_allowed",
        "Nobody signs up here by a password: AUTH does not have it.",
    ))
}
