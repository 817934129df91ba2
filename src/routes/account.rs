//! The reader's own account as the settings show it: where they are logged in, and whether they have a password.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::http::{self, Response};
use super::{Asked, Site, listed, require_session};
use crate::problem::Problem;

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
    let password = site.database.read_password(session.user_id).await?;
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
        views::account(&shown, password.is_some()),
    ))
}
