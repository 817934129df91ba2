//! `/ws/{…}`: a user's own socket by their id, or a place in the anonymous chat by any name.

use std::sync::Arc;

use uuid::Uuid;

use super::{Asked, Response, Site, anonymous, schema};
use crate::command::Manner;
use crate::problem::Problem;
use crate::routes::live;

#[utoipa::path(
    get,
    path = "/ws/{who}",
    tag = "compatibility",
    summary = "Opens a WebSocket by a user id, or the anonymous chat by a name",
    description = "By an id: that user, with a token of theirs; frames as on /ws. By a name: anybody where AUTH has guest, as a new \
        guest of that name, or with a token as whose it is. What is sent and heard: docs/compatibility.md.",
    params(schema::OfSocket),
    responses(
        (status = 101, description = "The socket is open"),
    ),
    security(()),
    extensions(("x-codes" = json!(["websocket_required", "not_logged_in", "not_yourself", "guests_not_allowed",
        "origin_not_allowed", "name_required", "name_too_long", "bad_character", "too_many_connections", "too_many_tries", "going_away",
        "internal", "unavailable"]))),
)]
pub async fn of(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let who = asked.parameters.text("who").to_owned();
    match Uuid::parse_str(&who) {
        Ok(user) => of_user(site, asked, user).await,
        Err(_) => anonymous::open(site, asked, &who).await,
    }
}

async fn of_user(site: &Arc<Site>, asked: Asked, user: Uuid) -> Result<Response, Problem> {
    let request = asked.request;
    let key = live::upgrade_key(&request)?;
    let session = live::require_live_session(site, &request).await?;
    if session.user_id != user {
        return Err(Problem::forbidden(
            "not_yourself",
            "This address is another user's: open the one with your own id.",
        ));
    }
    live::converse(site, request, key, &session, None, Manner::Plain).await
}
