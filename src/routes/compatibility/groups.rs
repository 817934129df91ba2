//! Members of groups at the address that other chats have for them.

use std::sync::Arc;

use super::{Asked, Response, Site, schema};
use crate::problem::Problem;
use crate::routes::conversations;

#[utoipa::path(
    get,
    path = "/api/groups/{conversation}/members",
    tag = "compatibility",
    summary = "Lists the members of a group",
    description = "Members. As GET /api/conversations/{conversation}/members.",
    params(schema::OfConversation, schema::OfState, schema::AfterId, schema::Limit),
    responses(
        (status = 200, description = "A page", body = schema::Page<schema::ListedMember>),
    ),
    extensions(("x-codes" = json!(["not_a_member", "not_an_admin", "conversation_not_found", "bad_state"]))),
)]
pub async fn members(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    conversations::members(site, asked).await
}

#[utoipa::path(
    post,
    path = "/api/groups/{conversation}/members",
    tag = "compatibility",
    summary = "Adds members to a group",
    description = "Owners and admins. As POST /api/conversations/{conversation}/members.",
    params(schema::OfConversation),
    request_body = schema::AddMembers,
    responses(
        (status = 201, description = "Added or brought back", body = schema::Added),
        (status = 200, description = "There already, as they were", body = schema::Added),
    ),
    extensions(("x-codes" = json!(["not_a_member", "conversation_not_found", "user_not_found", "not_an_admin",
        "not_an_owner", "not_open", "direct_is_fixed", "conversation_closed", "bad_role", "too_many_members"]))),
)]
pub async fn add_member(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    conversations::add_member(site, asked).await
}
