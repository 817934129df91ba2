//! People as other chats' clients make and list them.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{Asked, Response, Site, http, require_session, schema, with_fields};
use crate::command;
use crate::door_limits::Attempt;
use crate::identity::{self, Token};
use crate::online::ONLINE_MAX;
use crate::postgres::sessions::Beginning;
use crate::problem::Problem;
use crate::routes::{auth, passwords};
use crate::settings::AuthMode;

#[derive(Deserialize, ToSchema)]
#[schema(as = NewUser)]
struct CreateBody {
    #[schema(schema_with = schema::username)]
    username: Option<String>,
    #[serde(alias = "display_name")]
    #[schema(schema_with = schema::name)]
    name: Option<String>,
    #[schema(schema_with = schema::new_password)]
    password: Option<String>,
    #[schema(schema_with = schema::email)]
    email: Option<String>,
}

/// Somebody new, with a password or as a guest. Nothing is kept in a cookie: who made them may make others.
#[utoipa::path(
    post,
    path = "/api/users",
    tag = "compatibility",
    summary = "Makes a user, and begins a session of theirs",
    description = "Anybody: with a password where AUTH has password, without one where it has guest. At least username or name must be there.",
    request_body = CreateBody,
    responses(
        (status = 201, description = "The user, with a token of theirs", body = schema::MadeUser),
    ),
    security(()),
    extensions(("x-codes" = json!(["guests_not_allowed", "passwords_not_allowed", "origin_not_allowed", "username_taken",
        "username_required", "bad_username", "bad_email", "name_required", "name_too_long", "password_too_short",
        "password_too_long", "too_many_tries", "internal", "unavailable"]))),
)]
pub async fn create(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let (head, body) = asked.request.into_parts();
    // A foreign page has no business making people here, with whoever's browser it is.
    identity::check_origin(&head.headers, &site.settings.allowed_origins)?;
    site.door_limits.check(
        Attempt::Arrive,
        head.extensions.get().copied(),
        &head.headers,
    )?;
    let given: CreateBody = command::read(&http::read_body(body).await?)?;
    for (field, value) in [
        ("username", &given.username),
        ("name", &given.name),
        ("email", &given.email),
    ] {
        http::check_text(field, value.as_deref())?;
    }
    let (username, name) = (given.username.as_deref(), given.name.as_deref());
    let (beginning, (user_id, user)) = match given.password {
        Some(password) => {
            passwords::require_passwords(site)?;
            let hash = site.passwords.hash(&password).await?;
            let username = username.unwrap_or_default().trim();
            let email = given.email.as_deref();
            (
                Beginning::Password,
                site.database.sign_up(username, name, email, &hash).await?,
            )
        }
        None => {
            auth::require_guests(site)?;
            let shown = name.or(username).ok_or_else(|| {
                Problem::unprocessable("name_required", "username: must be there, or name.")
            })?;
            (
                Beginning::Guest,
                site.database.create_named_guest(shown, username).await?,
            )
        }
    };
    let token = Token::generate()?;
    let days = site.settings.session_days;
    let user_agent = identity::user_agent(&head.headers);
    site.database
        .start_session(user_id, &token.hash, days, user_agent.as_deref(), beginning)
        .await?;
    let answer = with_fields(
        &user,
        &json!({
            "access_token": token.secret,
            "token_type": "bearer",
            "expires_in": i64::from(days) * 86_400,
        }),
    )?;
    Ok(http::json(StatusCode::CREATED, answer))
}

/// The list of the anonymous chat. Where guests are allowed, anybody could become one and read it, so nobody has to.
#[utoipa::path(
    get,
    path = "/users",
    tag = "compatibility",
    summary = "Lists who is online",
    description = "Anybody where AUTH has guest; else whoever has a session.",
    responses(
        (status = 200, description = "By name, at most 200", body = schema::OnlineUsers),
    ),
    security(()),
    extensions(("x-codes" = json!(["not_logged_in", "internal", "unavailable"]))),
)]
pub async fn online(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    if !site.settings.auth.contains(&AuthMode::Guest) {
        require_session(site, &asked.request).await?;
    }
    let users = site.database.list_online(ONLINE_MAX).await?;
    Ok(http::json(StatusCode::OK, format!("{{\"users\":{users}}}")))
}
