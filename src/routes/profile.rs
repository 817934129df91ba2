//! What the page shows of a person.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;

use super::http::{self, Response};
use super::listed::{self, untitled};
use super::{Asked, Site, require_session};
use crate::problem::Problem;

/// Groups in common that are shown: a screen full.
const COMMON_MAX: i32 = 20;

#[derive(Deserialize)]
struct Person {
    id: String,
    name: String,
    username: Option<String>,
    avatar_id: Option<String>,
    about: Option<String>,
    status_text: Option<String>,
    last_seen_at: Option<String>,
    deactivated_at: Option<String>,
}

#[derive(Deserialize)]
struct Common {
    id: String,
    kind: String,
    title: Option<String>,
    avatar_id: Option<String>,
}

pub async fn part(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let user = asked.parameters.id("user")?;
    let json = site.database.read_user(user).await?;
    let json = json.ok_or_else(Problem::not_found)?;
    let person: Person = listed::read(&json)?;
    let status = site.database.status_of(user).await?;
    let common = if user == session.user_id {
        Vec::new()
    } else {
        site.database
            .list_common_conversations(session.user_id, user, COMMON_MAX)
            .await?
    };
    let common: Vec<Common> = listed::read_all(&common)?;
    let common: Vec<_> = common
        .iter()
        .map(|common| views::Common {
            id: &common.id,
            kind: &common.kind,
            title: common.title.as_deref().unwrap_or_else(untitled),
            avatar_id: common.avatar_id.as_deref(),
        })
        .collect();
    let markup = views::profile(&views::Profile {
        peer: views::Peer {
            id: &person.id,
            avatar_id: person.avatar_id.as_deref(),
            status: &status,
            last_seen_at: person.last_seen_at.as_deref(),
        },
        name: &person.name,
        username: person.username.as_deref(),
        about: person.about.as_deref(),
        status_text: person.status_text.as_deref(),
        is_viewer: user == session.user_id,
        is_deactivated: person.deactivated_at.is_some(),
        common: &common,
    });
    Ok(http::page(StatusCode::OK, markup))
}
