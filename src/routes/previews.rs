//! Link previews over HTTP.

use std::sync::Arc;

use hyper::StatusCode;

use super::http::{self, Response};
use super::{Asked, Site, require_session};
use crate::problem::Problem;

/// Takes the preview off a message; answers with the message.
pub async fn remove(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("message")?;
    let json = site.database.remove_preview(session.user_id, id).await?;
    Ok(http::json(StatusCode::OK, json))
}
