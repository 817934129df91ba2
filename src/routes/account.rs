//! The reader's own account as the settings show it: where they are logged in, and whether they have a password.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::http::{self, Response};
use super::{Asked, Site, listed, require_session};
use crate::problem::Problem;
use crate::settings::AuthMode;

#[derive(Deserialize)]
struct Listed {
    id: Uuid,
    user_agent: Option<String>,
    created_at: String,
}

/// For the settings.
pub async fn part(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let sessions = site.database.list_sessions(session.user_id).await?;
    let sessions: Vec<Listed> = listed::read_all(&sessions)?;
    let username = session.username();
    let has_password = site.settings.auth.contains(&AuthMode::Password)
        && site
            .database
            .read_password(session.user_id)
            .await?
            .is_some();
    let ids: Vec<_> = sessions
        .iter()
        .map(|listed| listed.id.to_string())
        .collect();
    let shown: Vec<_> = sessions
        .iter()
        .zip(&ids)
        .map(|(listed, id)| views::Session {
            id,
            user_agent: listed.user_agent.as_deref(),
            created_at: &listed.created_at,
            is_this: listed.id == session.id,
        })
        .collect();
    Ok(http::page(
        StatusCode::OK,
        views::account(
            &shown,
            has_password.then_some(username.as_deref().unwrap_or_default()),
        ),
    ))
}
