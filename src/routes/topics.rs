//! Conversations by what the host knows: its key of a topic, its id of a person. Over HTTP, and as addresses that a host
//! links to without knowing ours.

use std::sync::Arc;

use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::http::{self, Query, Response};
use super::{Asked, Site, auth, pages, require_session, schema};
use crate::postgres::DatabaseError;
use crate::problem::Problem;

#[derive(Deserialize, ToSchema)]
struct TopicBody {
    #[schema(schema_with = schema::topic)]
    topic: String,
    /// What it is called when this call makes it; the topic itself when nothing is said.
    #[schema(schema_with = schema::new_title)]
    title: Option<String>,
}

#[utoipa::path(
    post,
    path = "/api/conversations/topic",
    tag = "conversations",
    summary = "The conversation of a key of the host's, made or joined when need be",
    description = "Whom the host lets (chat_hook.may_open_topic).",
    request_body = TopicBody,
    responses(
        (status = 201, description = "Made", body = schema::Conversation),
        (status = 200, description = "There already", body = schema::Conversation),
    ),
    extensions(("x-codes" = json!(["bad_topic", "title_too_long", "topic_refused", "not_a_member",
        "conversation_closed"]))),
)]
pub async fn open_topic(site: &Arc<Site>, asked: Asked) -> Result<Response, Problem> {
    let session = require_session(site, &asked.request).await?;
    let body: TopicBody = http::read_json(asked.request.into_body()).await?;
    http::check_text("topic", Some(&body.topic))?;
    http::check_text("title", body.title.as_deref())?;
    let opened = site
        .database
        .open_topic(session.user_id, &body.topic, body.title.as_deref())
        .await?;
    let status = if opened.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(http::json(status, opened.json))
}

/// What an address of the host's words names.
#[derive(Clone, Copy, Debug)]
pub enum Named {
    /// `/t/{topic}`
    Topic,
    /// `/with/{external_id}`
    Person,
}

/// Leads to the conversation that is meant, with the address's own query; to the welcome, and from there back, who has no
/// session.
pub async fn lead(site: &Arc<Site>, asked: Asked, named: Named) -> Result<Response, Problem> {
    let headers = asked.request.headers();
    let uri = asked.request.uri();
    let (session, begun) = site.doorkeeper.receive(headers).await?;
    let mut response = match session {
        Some(session) => {
            let name = asked.parameters.text("name");
            // PostgreSQL's text can not hold it, so nobody is called that.
            if name.contains('\0') {
                return Err(Problem::not_found());
            }
            let id = match named {
                Named::Topic => {
                    let query = Query::of(&asked.request);
                    let title = query.text("title").map(fitting);
                    site.database
                        .topic_id(session.user_id, name, title.as_deref())
                        .await
                }
                Named::Person => site.database.direct_id_with(session.user_id, name).await,
            };
            let id = id.map_err(as_an_address)?;
            let query = uri.query().map(|query| format!("?{query}"));
            http::see_other(&format!("/c/{id}{}", query.unwrap_or_default()))
        }
        None => pages::welcome(
            site,
            StatusCode::OK,
            headers,
            &auth::own_path(uri.path_and_query().map(ToString::to_string)),
            None,
            "",
            None,
        ),
    };
    if let Some(token) = begun {
        auth::remember(site, &mut response, &token);
    }
    pages::vary(&mut response);
    Ok(response)
}

/// A title of an address, where a long one is no reason to lead nowhere.
fn fitting(title: &str) -> String {
    let shown = title.chars().filter(|character| *character != '\0');
    shown.take(schema::TITLE_CHARACTERS_MAX).collect()
}

/// A name that can be none is the address of nothing.
fn as_an_address(error: DatabaseError) -> Problem {
    let problem = Problem::from(error);
    if problem.status == StatusCode::UNPROCESSABLE_ENTITY {
        return Problem::not_found();
    }
    problem
}
