//! Link previews over HTTP.

use std::sync::Arc;

use hyper::StatusCode;

use super::http::{self, Response};
use super::{Asked, Site, require_session, schema};
use crate::problem::Problem;

/// Takes the preview off a message; answers with the message.
#[utoipa::path(
    delete,
    path = "/api/messages/{message}/preview",
    tag = "messages",
    summary = "Takes the preview of its link off a message, for good",
    description = "Its sender, an owner or an admin.",
    params(schema::OfMessage),
    responses(
        (status = 200, description = "The message", body = schema::Message),
    ),
    extensions(("x-codes" = json!(["not_a_member", "not_the_sender", "message_not_found", "message_deleted", "user_deactivated"]))),
)]
pub async fn remove(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let id = asked.parameters.id("message")?;
    let json = site.database.remove_preview(session.user_id, id).await?;
    Ok(http::json(StatusCode::OK, json))
}
