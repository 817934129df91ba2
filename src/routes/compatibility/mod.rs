//! Addresses of other chats, so that their clients work here unchanged: a thin layer over the commands and statements that
//! there are. `docs/compatibility.md` says what each takes and answers.
//!
//! These addresses alone take a session's token in the address, `?token=`, as clients do that can set no header. It is
//! moved to where all other code looks for it before anything else sees the request, and so is in no log.

mod anonymous;
pub mod chats;
pub mod files;
pub mod groups;
pub mod messages;
pub mod people;
pub mod sockets;

use std::collections::BTreeMap;

use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::http::uri::PathAndQuery;
use hyper::{Request, StatusCode, Uri};
use serde_json::value::RawValue;

use super::http::{self, Query, Response};
use super::{Asked, Route, Site, listed, require_session, schema};
use crate::postgres::compatibility::PlainPage;
use crate::problem::Problem;

/// How far back a conversation is read by an offset. All that is before the page is read with it: a thousand rows take a
/// few thousandths of a second, and whoever wants more goes on by `seq`, which costs the same however far back it is.
pub const OFFSET_MAX: i32 = 10_000;
/// The same over all of somebody's conversations, each of which may have to be read as far.
pub const OFFSET_OF_ALL_MAX: i32 = 1_000;

const TOKEN: &str = "token";

impl Route {
    /// Whether a session's token may stand in the address.
    pub(super) fn takes_token(self) -> bool {
        matches!(
            self,
            Self::WebSocketGeneral
                | Self::WebSocketHeld
                | Self::WebSocketOf
                | Self::OnlineUsers
                | Self::PlainMessages
                | Self::MessagesBetween
                | Self::ReadMessage
                | Self::GroupMembers
                | Self::Upload
                | Self::DownloadMedia
                | Self::GeneralHistory
                | Self::PrivateChats
                | Self::PlainHistory
                | Self::PlainRooms
                | Self::JoinPlainRoom
                | Self::PlainInvite
                | Self::ApproveInvite
                | Self::DenyInvite
        )
    }
}

/// Takes the token out of the address. A header counts before it: whoever sets one, means it.
pub fn move_token<B>(mut request: Request<B>) -> Request<B> {
    let Some(token) = Query::of(&request).text(TOKEN).map(str::to_owned) else {
        return request;
    };
    let query = request.uri().query().unwrap_or_default();
    let rest: Vec<_> = query
        .split('&')
        .filter(|pair| pair.split('=').next() != Some(TOKEN))
        .collect();
    let path = request.uri().path();
    let address = match rest.as_slice() {
        [] => path.to_owned(),
        rest => format!("{path}?{}", rest.join("&")),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = PathAndQuery::try_from(address).ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    if !request.headers().contains_key(AUTHORIZATION) {
        // What can be no token is one that nobody has.
        let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))
            .unwrap_or(HeaderValue::from_static("Bearer -"));
        bearer.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, bearer);
    }
    request
}

/// `?limit=` and `?offset=`, the latter at most so much.
fn page(query: &Query, offset_max: i32) -> Result<PlainPage, Problem> {
    Ok(PlainPage {
        limit: query.limit()?,
        offset: query.offset(offset_max)?,
    })
}

/// `{"messages": […], "next_offset": …}`: what to go on with, null after the oldest and where an offset goes no further.
fn messages_page(messages: &[String], page: PlainPage, offset_max: i32) -> Response {
    let next = page.offset + page.limit;
    let is_full = i32::try_from(messages.len()).is_ok_and(|count| count >= page.limit);
    let next = (is_full && next <= offset_max).then_some(next);
    let next = next.map_or_else(|| "null".to_owned(), |next| next.to_string());
    http::json(
        StatusCode::OK,
        format!(
            "{{\"messages\":[{}],\"next_offset\":{next}}}",
            messages.join(",")
        ),
    )
}

/// An object of the database's with more fields.
fn with_fields(object: &str, more: &serde_json::Value) -> Result<String, Problem> {
    let mut fields: BTreeMap<String, Box<RawValue>> = listed::read(object)?;
    for (name, value) in more.as_object().into_iter().flatten() {
        let value = RawValue::from_string(value.to_string()).map_err(|_| Problem::internal())?;
        fields.insert(name.clone(), value);
    }
    serde_json::to_string(&fields).map_err(|_| Problem::internal())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moved(address: &str, authorization: Option<&str>) -> (String, String) {
        let mut request = Request::builder().uri(address);
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let request = move_token(request.body(()).unwrap());
        let header = http::header_text(request.headers(), &AUTHORIZATION);
        (request.uri().to_string(), header.to_owned())
    }

    #[test]
    fn a_token_goes_from_the_address_to_the_header() {
        for (address, rest, header) in [
            ("/ws/x?token=abc", "/ws/x", "Bearer abc"),
            ("/ws/x?a=%20b&token=a%2Db&c", "/ws/x?a=%20b&c", "Bearer a-b"),
            ("/ws/x?token=a&token=b", "/ws/x", "Bearer b"),
            ("/ws/x?token=%00", "/ws/x", "Bearer -"),
            ("/ws/x?token=", "/ws/x?token=", ""),
            ("/ws/x?tokens=a", "/ws/x?tokens=a", ""),
        ] {
            assert_eq!(moved(address, None), (rest.into(), header.into()));
        }
        let both = moved("/ws/x?token=abc", Some("Bearer own"));
        assert_eq!(both, ("/ws/x".into(), "Bearer own".into()));
    }
}
