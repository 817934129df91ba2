//! The API, described: OpenAPI 3.1, made of what stands above each handler (`#[utoipa::path]`), of the bodies that they
//! read and of `schema.rs`. What follows from an operation's form, like the answers to somebody without a session, is
//! added here once for all of them.
//!
//! A new route: `#[utoipa::path]` above its handler, its name in [`Described`], its codes in [`CODES`]. Tests tell what
//! is missing.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use hyper::StatusCode;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::compatibility::{chats, files, groups, messages as plain, people, sockets};
use super::http::{self, Response};
use super::{
    arrivals, auth, blocks, calls, conversations, embed, joining, live, media, messages,
    operations, passwords, previews, schema, search, stickers, topics, uploads, users, vcard,
};
use crate::identity::SESSION_COOKIE;

/// What the routes below share, in Markdown.
const ABOUT: &str = "\
Everything that a client can ask of the chat over HTTP. [The wire](/docs/wire) describes what goes over WebSocket and \
Server-Sent Events.

Bodies are JSON objects of at most 2 MiB; fields that are not known are ignored, as are parameters. Times are ISO 8601 in \
UTC. An id that is none is the address of nothing: 404. A problem has a stable `code`; its `detail` names the field. \
`HEAD` works for what is of operation.";

#[derive(OpenApi)]
#[openapi(
    info(title = "webchat", description = ABOUT, license(name = "")),
    paths(
        auth::guest,
        arrivals::token,
        passwords::sign_up,
        passwords::log_in,
        passwords::change,
        auth::logout,
        auth::sessions,
        auth::end_session,
        users::list,
        users::read,
        users::update,
        users::set_avatar,
        users::set_presence,
        blocks::block,
        blocks::unblock,
        blocks::blocked,
        conversations::list,
        conversations::open_direct,
        topics::open_topic,
        conversations::read,
        conversations::update,
        conversations::set_avatar,
        conversations::close,
        conversations::set_preferences,
        conversations::mark_unread,
        conversations::create_group,
        conversations::create_room,
        joining::rooms,
        conversations::join,
        conversations::members,
        conversations::add_member,
        conversations::set_role,
        conversations::remove_member,
        joining::approve,
        joining::deny,
        joining::create_invite,
        joining::invites,
        joining::read_invite,
        joining::revoke_invite,
        joining::join_by_invite,
        messages::history,
        messages::send,
        messages::read,
        messages::edit,
        messages::delete,
        messages::restore,
        messages::forward,
        messages::pin,
        messages::unpin,
        messages::pins,
        messages::reactions,
        messages::react,
        messages::unreact,
        messages::revisions,
        messages::receipts,
        messages::mark,
        calls::request,
        calls::act,
        calls::signal,
        calls::list,
        calls::one,
        previews::remove,
        search::find,
        uploads::upload,
        uploads::append,
        vcard::download,
        media::info,
        uploads::abandon,
        media::download,
        media::thumbnail,
        stickers::stickers,
        stickers::add_sticker_pack,
        stickers::gifs,
        live::websocket,
        live::websocket_general,
        live::websocket_held,
        live::server_sent_events,
        live::command,
        live::changes,
        people::create,
        people::online,
        plain::send,
        plain::list,
        plain::between,
        plain::mark_read,
        groups::members,
        groups::add_member,
        files::upload,
        files::download,
        chats::general_history,
        chats::open_private,
        chats::history,
        chats::create_room,
        chats::join,
        chats::invitation,
        chats::approve,
        chats::deny,
        sockets::of,
        operations::health,
        operations::ready,
        operations::metrics,
        embed::check,
        description,
    ),
    components(schemas(schema::Problem)),
    tags(
        (name = "sessions", description = "Signing in and out"),
        (name = "people"),
        (name = "conversations"),
        (name = "members"),
        (name = "invites", description = "Links into groups and rooms"),
        (name = "messages"),
        (name = "media", description = "Files, stickers and GIFs"),
        (name = "calls", description = "Who calls whom; what is said goes from browser to browser"),
        (name = "receipts", description = "How far somebody has received and read"),
        (name = "live", description = "What happens, as it happens"),
        (name = "compatibility", description = "Addresses of other chats, for clients that were written for them"),
        (name = "operation", description = "For whoever runs the server"),
    ),
)]
struct Described;

/// Every code that a problem of this API can have, by status.
const CODES: &[(u16, &[&str])] = &[
    (
        400,
        &["bad_json", "broken_body", "type_required", "unknown_type"],
    ),
    (
        401,
        &[
            "bad_token",
            "not_logged_in",
            "token_expired",
            "wrong_password",
        ],
    ),
    (
        403,
        &[
            "another_user",
            "blocked",
            "guests_not_allowed",
            "not_a_member",
            "not_a_participant",
            "not_an_admin",
            "not_an_owner",
            "not_open",
            "old_password_wrong",
            "passwords_not_allowed",
            "not_the_caller",
            "not_the_sender",
            "not_yourself",
            "origin_not_allowed",
            "removed",
            "system_only",
            "token_not_allowed",
            "topic_refused",
            "user_deactivated",
        ],
    ),
    (
        404,
        &[
            "block_not_found",
            "call_not_found",
            "conversation_not_found",
            "invite_not_found",
            "media_not_found",
            "no_contact",
            "no_password",
            "member_not_found",
            "message_not_found",
            "no_thumbnail",
            "not_found",
            "participant_not_found",
            "request_not_found",
            "session_not_found",
            "user_not_found",
        ],
    ),
    (
        409,
        &[
            "answered_elsewhere",
            "call_full",
            "call_in_progress",
            "client_id_taken",
            "conversation_closed",
            "direct_is_fixed",
            "general_is_for_everyone",
            "incomplete",
            "media_not_ready",
            "message_deleted",
            "nobody_to_call",
            "not_stored",
            "owner_must_hand_over",
            "pack_taken",
            "too_many_invites",
            "too_many_pins",
            "too_many_reactions",
            "too_many_to_call",
            "too_many_uploads",
            "upload_ended",
            "username_taken",
            "wrong_call_state",
            "wrong_offset",
        ],
    ),
    (408, &["upload_stalled"]),
    (410, &["invite_expired", "invite_revoked", "invite_used_up"]),
    (413, &["body_too_large", "file_too_large"]),
    (
        422,
        &[
            "about_too_long",
            "bad_avatar",
            "bad_action",
            "bad_before",
            "bad_character",
            "bad_client_id",
            "bad_conversations",
            "bad_data",
            "bad_date",
            "bad_device",
            "bad_emoji",
            "bad_email",
            "bad_expires_at",
            "bad_field",
            "bad_for",
            "bad_form",
            "bad_join_policy",
            "bad_kind",
            "bad_max_uses",
            "bad_media",
            "bad_muted_until",
            "bad_name",
            "bad_notify",
            "bad_parameter",
            "bad_range",
            "bad_role",
            "bad_seq",
            "bad_size",
            "bad_state",
            "bad_status",
            "bad_status_text",
            "bad_stickers",
            "bad_topic",
            "bad_username",
            "blocks_oneself",
            "body_required",
            "body_too_long",
            "data_too_long",
            "description_too_long",
            "empty",
            "file_required",
            "name_required",
            "name_too_long",
            "not_forwardable",
            "password_too_long",
            "password_too_short",
            "query_required",
            "query_too_long",
            "reply_to_not_found",
            "status_text_too_long",
            "term_too_short",
            "title_required",
            "title_too_long",
            "username_required",
            "too_many_bytes",
            "too_many_members",
            "too_many_terms",
        ],
    ),
    (416, &["range_not_satisfiable"]),
    (426, &["websocket_required"]),
    (
        429,
        &[
            "too_fast",
            "too_many_connections",
            "too_many_tries",
            "uploads_at_once",
        ],
    ),
    (500, &["internal"]),
    (503, &["going_away", "host_unavailable", "unavailable"]),
];

/// The description itself.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "operation",
    summary = "This description",
    description = "Anybody.",
    responses(
        (status = 200, description = "OpenAPI 3.1", body = Object),
    ),
    security(()),
)]
pub fn description() -> Response {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| document().to_string());
    http::json(StatusCode::OK, text.as_str())
}

/// The whole description.
fn document() -> Value {
    let described = Described::openapi();
    let mut document = match serde_json::to_value(&described) {
        Ok(document) => document,
        Err(error) => unreachable!("a description is JSON: {error}"),
    };
    if let Some(info) = document["info"].as_object_mut() {
        info.remove("license");
    }
    document["security"] = json!([{"cookie": []}, {"bearer": []}]);
    document["components"]["securitySchemes"] = json!({
        "cookie": {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE,
            "description": "The session of a browser that is logged in. What changes something must come from an allowed origin."},
        "address": {"type": "apiKey", "in": "query", "name": "token",
            "description": "The `access_token` of a session, for clients that can set no header."},
        "bearer": {"type": "http", "scheme": "bearer", "description": "The `access_token` of a session."},
    });
    // A guest without a name needs no body.
    document["paths"]["/auth/guest"]["post"]["requestBody"]["required"] = json!(false);
    document["paths"]["/auth/token"]["post"]["requestBody"]["required"] = json!(false);
    // What is done with a call needs none, unless a device says who it is.
    document["paths"]["/api/calls/{call}/{action}"]["post"]["requestBody"]["required"] =
        json!(false);
    // Each command may bear a reference, whatever JSON it is.
    if let Some(commands) = document["components"]["schemas"]["Command"]["oneOf"].as_array_mut() {
        for command in commands {
            command["properties"]["ref"] =
                json!({"description": "Any JSON; it comes back in the answer."});
        }
    }
    if let Some(paths) = document["paths"].as_object_mut() {
        // Both take any kind of conversation.
        if let Some(mut held) = paths.get("/ws/private/{conversation}").cloned() {
            held["get"]["operationId"] = json!("websocket_held_in_room");
            paths.insert("/ws/room/{conversation}".to_owned(), held);
        }
        if let Some(mut history) = paths.get("/chats/private/{conversation}/history").cloned() {
            history["get"]["operationId"] = json!("history_of_room");
            paths.insert("/chats/room/{conversation}/history".to_owned(), history);
        }
        for (path, operations) in paths.iter_mut() {
            let Some(operations) = operations.as_object_mut() else {
                continue;
            };
            for (method, operation) in operations {
                complete(path, method, operation);
            }
        }
    }
    document
}

/// Adds what follows from an operation's form, and makes responses of all its codes.
fn complete(path: &str, method: &str, operation: &mut Value) {
    // Handlers of several modules are called alike.
    let tag = operation["tags"][0].as_str().unwrap_or_default();
    let handler = operation["operationId"].as_str().unwrap_or_default();
    operation["operationId"] = json!(name_of(&format!("{tag}_{handler}")));
    let own = operation
        .as_object_mut()
        .and_then(|fields| fields.remove("x-codes"))
        .unwrap_or_default();
    let mut codes: Vec<String> = serde_json::from_value(own).unwrap_or_default();
    let mut add = |more: &[&str]| codes.extend(more.iter().map(|code| (*code).to_owned()));
    let is_open = operation.get("security").is_some();
    if !is_open && (operation["tags"][0] == "compatibility" || path.starts_with("/ws/")) {
        operation["security"] = json!([{"cookie": []}, {"bearer": []}, {"address": []}]);
    }
    if !is_open {
        add(&["not_logged_in", "unavailable"]);
        // A token of the host's that was not seen before begins a session.
        add(&[
            "bad_token",
            "token_expired",
            "user_deactivated",
            "host_unavailable",
        ]);
        if method != "get" {
            add(&["origin_not_allowed"]);
        }
    }
    if operation.get("requestBody").is_some() {
        add(&[
            "bad_json",
            "broken_body",
            "body_too_large",
            "bad_field",
            "bad_character",
        ]);
    }
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        match (parameter["in"].as_str(), parameter["name"].as_str()) {
            (Some("path"), Some("emoji")) => add(&["bad_character", "not_found"]),
            (Some("path"), _) => add(&["not_found"]),
            (Some("query"), Some("q")) => add(&["bad_character", "bad_parameter"]),
            // What they do not know is passed over.
            (Some("query"), Some("for" | "render" | "cursor")) => {}
            (Some("query"), _) => add(&["bad_parameter"]),
            _ => {}
        }
    }
    if !is_open || path.starts_with("/auth/") {
        add(&["internal", "unavailable"]);
    }
    let mut by_status: BTreeMap<u16, Vec<String>> = BTreeMap::new();
    codes.sort();
    codes.dedup();
    for code in codes {
        by_status.entry(status_of(&code)).or_default().push(code);
    }
    let answers_with_frames = path == "/api/commands";
    let responses = &mut operation["responses"];
    for (status, codes) in by_status {
        let named = codes.iter().map(|code| format!("`{code}`"));
        let described = json!({"allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"properties": {"code": {"enum": codes}}},
        ]});
        let mut content = Map::new();
        if answers_with_frames {
            let frame = json!({
                "type": "object",
                "required": ["type", "status", "code", "detail"],
                "properties": {
                    "type": {"const": "error"},
                    "status": {"type": "integer"},
                    "code": {"enum": codes},
                    "detail": {"type": "string"},
                    "ref": {},
                },
            });
            content.insert("application/json".to_owned(), json!({"schema": frame}));
        }
        content.insert(
            "application/problem+json".to_owned(),
            json!({"schema": described}),
        );
        if [
            "/auth/guest",
            "/auth/signup",
            "/auth/login",
            "/chats/room/{conversation}/invite",
        ]
        .contains(&path)
        {
            // A form's mistake is shown above the form, and a link's on a page.
            content.insert(
                "text/html".to_owned(),
                json!({"schema": {"type": "string"}}),
            );
        }
        let mut response = json!({
            "description": named.collect::<Vec<_>>().join(", "),
            "content": content,
        });
        match status {
            401 => {
                response["headers"] = json!({"WWW-Authenticate": {"schema": {"type": "string"}}})
            }
            429 | 503 => {
                response["headers"] = json!({"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}})
            }
            _ => {}
        }
        responses[status.to_string()] = response;
    }
}

/// `people_set_presence` is `peopleSetPresence`, as clients that are made of the description would call it.
fn name_of(handler: &str) -> String {
    let mut words = handler.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (letter, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        name + &letter.to_uppercase() + rest
    })
}

/// A code that is in no list is a mistake, which a test finds; here it becomes a 500.
fn status_of(code: &str) -> u16 {
    let found = CODES.iter().find(|(_, codes)| codes.contains(&code));
    found.map_or(500, |(status, _)| *status)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::{ROUTES, Route};

    /// Pages and what they are made of: they change with the page and are no API.
    fn is_page(route: Route) -> bool {
        matches!(
            route,
            Route::Home
                | Route::Chats
                | Route::OpenConversation
                | Route::OpenPerson
                | Route::OpenInvite
                | Route::OpenTopic
                | Route::OpenWith
                | Route::Asset
                | Route::Embed
                | Route::EmbedScript
                | Route::EmbedCheckScript
                | Route::Docs
                | Route::DocsWire
                | Route::DocsFile
        )
    }

    #[test]
    fn every_route_of_the_api_is_described_and_nothing_else() {
        let document = document();
        let described: Vec<_> = document["paths"].as_object().unwrap().keys().collect();
        for path in &described {
            assert!(
                ROUTES.iter().any(|(known, _)| known == path),
                "{path} is described, and is no route"
            );
        }
        for (path, route) in ROUTES {
            assert_eq!(
                described.iter().any(|known| known == path),
                !is_page(*route) && !path.starts_with("/parts"),
                "{path}: #[utoipa::path] above its handler, and its name in routes/openapi.rs"
            );
        }
    }

    #[test]
    fn every_operation_says_who_may_call_it_and_has_a_name_of_its_own() {
        let document = document();
        let mut names = Vec::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                for field in ["summary", "description", "operationId"] {
                    assert!(
                        operation[field].as_str().is_some_and(|it| !it.is_empty()),
                        "{method} {path}: {field}"
                    );
                }
                names.push(operation["operationId"].as_str().unwrap().to_owned());
            }
        }
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }

    #[test]
    fn every_code_that_the_database_refuses_by_has_its_status_here() {
        let sql = [
            include_str!("../../sql/message.sql"),
            include_str!("../../sql/conversation.sql"),
            include_str!("../../sql/member.sql"),
            include_str!("../../sql/invite.sql"),
            include_str!("../../sql/topic.sql"),
            include_str!("../../sql/block.sql"),
            include_str!("../../sql/user.sql"),
            include_str!("../../sql/arrival.sql"),
            include_str!("../../sql/reaction.sql"),
            include_str!("../../sql/forward.sql"),
            include_str!("../../sql/preference.sql"),
            include_str!("../../sql/pin.sql"),
            include_str!("../../sql/session.sql"),
            include_str!("../../sql/call.sql"),
            include_str!("../../sql/call_log.sql"),
            include_str!("../../sql/signal.sql"),
        ]
        .concat();
        for line in sql.lines().filter(|line| line.contains("chat.refuse(")) {
            let (_, arguments) = line.split_once("chat.refuse(").unwrap();
            let mut words = arguments.split([',', '\'']).map(str::trim);
            let Some(Ok(status)) = words.next().map(str::parse::<u16>) else {
                continue;
            };
            // Else it stands on the next line, chosen among several.
            let Some(code) = words.find(|word| !word.is_empty()) else {
                continue;
            };
            if code.starts_with("v_") {
                continue; // worked out elsewhere
            }
            let (known, codes) = CODES.iter().find(|(known, _)| *known == status).unwrap();
            let elsewhere = CODES
                .iter()
                .any(|(other, codes)| other != known && codes.contains(&code));
            assert!(!elsewhere, "{code} is of status {status}");
            // Of plain SQL alone: what no route can bring about.
            let is_of_sql = [
                "bad_avatar_url",
                "bad_external_id",
                "by_log_only",
                "caller_required",
                "direct_users_required",
                "external_id_taken",
                "general_is_a_room",
                "immutable_column",
                "not_direct",
                "sender_required",
                "topic_taken",
                "user_required",
            ]
            .contains(&code);
            assert_eq!(
                codes.contains(&code),
                !is_of_sql,
                "{status} {code}: in CODES, and in x-codes of what it refuses"
            );
        }
    }

    #[test]
    fn no_operation_has_a_code_without_a_status() {
        for (path, operations) in document()["paths"].as_object().unwrap() {
            for (method, operation) in operations.as_object().unwrap() {
                let internal =
                    &operation["responses"]["500"]["content"]["application/problem+json"];
                let codes = &internal["schema"]["allOf"][1]["properties"]["code"]["enum"];
                assert!(
                    codes.is_null() || *codes == json!(["internal"]),
                    "{method} {path}: {codes}"
                );
            }
        }
    }

    #[test]
    fn every_command_is_described_and_is_understood() {
        let source = include_str!("../command/wire.rs");
        let known: Vec<_> = source
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Some(\"")?.split_once("\") =>"))
            .map(|(kind, _)| kind)
            .filter(|kind| !["online", "away", "everyone", "me"].contains(kind))
            .collect();
        let document = document();
        let described: Vec<_> = document["components"]["schemas"]["Command"]["oneOf"]
            .as_array()
            .unwrap()
            .iter()
            .map(|command| {
                command["properties"]["type"]["enum"][0]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        for kind in &known {
            assert!(
                described.iter().any(|other| other == kind),
                "{kind}: {described:?}"
            );
        }
        assert_eq!(known.len(), described.len(), "{known:?} {described:?}");
        for kind in known {
            let is_told = include_str!("../../docs/wire.md")
                .lines()
                .filter_map(|line| line.strip_prefix("| ")?.split_once(" |"))
                .any(|(kinds, _)| kinds.contains(&format!("`{kind}`")));
            assert!(is_told, "{kind} is not in the table of docs/wire.md");
        }
    }

    #[test]
    fn limits_are_those_of_the_database() {
        for (sql, says) in [
            (
                include_str!("../../sql/content.sql"),
                format!("as $$ select {} $$", schema::BODY_CHARACTERS_MAX),
            ),
            (
                include_str!("../../sql/message.sql"),
                format!(
                    "char_length(p_client_id) between 1 and {}",
                    schema::CLIENT_ID_CHARACTERS_MAX
                ),
            ),
            (
                include_str!("../../sql/user.sql"),
                format!("char_length(new.name) > {}", schema::NAME_CHARACTERS_MAX),
            ),
            (
                include_str!("../../sql/user.sql"),
                format!(r"'^\S{{1,{}}}$'", schema::USERNAME_CHARACTERS_MAX),
            ),
            (
                include_str!("../../sql/user.sql"),
                format!("char_length(new.about) > {}", schema::ABOUT_CHARACTERS_MAX),
            ),
            (
                include_str!("../../sql/user.sql"),
                format!(
                    "char_length(new.status_text) > {}",
                    schema::STATUS_TEXT_CHARACTERS_MAX
                ),
            ),
            (
                include_str!("../../sql/conversation.sql"),
                format!("char_length(new.title) > {}", schema::TITLE_CHARACTERS_MAX),
            ),
            (
                include_str!("../../sql/conversation.sql"),
                format!(
                    "char_length(new.description) > {}",
                    schema::DESCRIPTION_CHARACTERS_MAX
                ),
            ),
            (
                include_str!("../../sql/conversation.sql"),
                format!(
                    "c_members_max constant integer := {}",
                    schema::MEMBERS_AT_ONCE_MAX
                ),
            ),
            (
                include_str!("../../sql/invite.sql"),
                format!("c_uses_max constant integer := {}", schema::INVITE_USES_MAX),
            ),
            (
                include_str!("../../sql/call.sql"),
                format!("as $$ select {} $$", schema::DEVICE_CHARACTERS_MAX),
            ),
            (
                include_str!("../../sql/forward.sql"),
                format!(
                    "c_conversations_max constant integer := {}",
                    schema::FORWARD_CONVERSATIONS_MAX
                ),
            ),
        ] {
            assert!(sql.contains(&says), "{says}");
        }
    }
}
