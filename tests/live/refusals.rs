//! REST refusals: what is not there, and what is wrong with what was sent, by name.

use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

use crate::asking::{ask, problem};
use crate::cast::Cast;

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let cast = Cast::assemble().await;
    let nothing = Uuid::nil();
    for (method, path, body, code) in [
        ("GET", "/nothing".to_owned(), json!(null), "not_found"),
        ("GET", "/api/nothing".to_owned(), json!(null), "not_found"),
        (
            "GET",
            "/api/conversations/x".to_owned(),
            json!(null),
            "not_found",
        ),
        ("GET", "/api/users/x".to_owned(), json!(null), "not_found"),
        (
            "GET",
            format!("/api/users/{nothing}"),
            json!(null),
            "user_not_found",
        ),
        (
            "GET",
            format!("/api/conversations/{nothing}"),
            json!(null),
            "conversation_not_found",
        ),
        (
            "PUT",
            format!("/api/conversations/{nothing}"),
            json!({"name": "n"}),
            "conversation_not_found",
        ),
        (
            "DELETE",
            format!("/api/conversations/{nothing}"),
            json!(null),
            "conversation_not_found",
        ),
        (
            "GET",
            format!("/api/conversations/{nothing}/members"),
            json!(null),
            "conversation_not_found",
        ),
        (
            "POST",
            format!("/api/conversations/{nothing}/members"),
            json!({"user_id": cast.bob.id}),
            "conversation_not_found",
        ),
        (
            "DELETE",
            format!("/api/conversations/{}/members/{}", cast.direct, cast.eve.id),
            json!(null),
            "member_not_found",
        ),
        (
            "GET",
            format!("/api/conversations/{nothing}/messages"),
            json!(null),
            "conversation_not_found",
        ),
        (
            "POST",
            format!("/api/conversations/{nothing}/messages"),
            json!({"body": "b"}),
            "conversation_not_found",
        ),
        (
            "PUT",
            format!("/api/conversations/{nothing}/marks"),
            json!({"read_seq": 1}),
            "conversation_not_found",
        ),
        (
            "POST",
            format!("/api/rooms/{nothing}/join"),
            json!(null),
            "conversation_not_found",
        ),
        (
            "POST",
            "/api/conversations/direct".to_owned(),
            json!({"user_id": nothing}),
            "user_not_found",
        ),
        (
            "POST",
            "/api/groups".to_owned(),
            json!({"name": "n", "member_ids": [nothing]}),
            "user_not_found",
        ),
        (
            "GET",
            format!("/api/messages/{nothing}"),
            json!(null),
            "message_not_found",
        ),
        (
            "PUT",
            format!("/api/messages/{nothing}"),
            json!({"body": "b"}),
            "message_not_found",
        ),
        (
            "DELETE",
            format!("/api/messages/{nothing}"),
            json!(null),
            "message_not_found",
        ),
        (
            "POST",
            format!("/api/messages/{nothing}/restore"),
            json!(null),
            "message_not_found",
        ),
        (
            "GET",
            format!("/api/messages/{nothing}/revisions"),
            json!(null),
            "message_not_found",
        ),
        (
            "GET",
            format!("/api/messages/{nothing}/receipts"),
            json!(null),
            "message_not_found",
        ),
        (
            "DELETE",
            format!("/api/sessions/{nothing}"),
            json!(null),
            "session_not_found",
        ),
    ] {
        let bearer = format!("Bearer {}", cast.ada.token);
        let headers = [("authorization", bearer.as_str())];
        let response = ask(
            cast.server.address,
            method.parse().unwrap(),
            &path,
            &headers,
            body.to_string(),
        )
        .await;
        let (status, problem) = problem(response).await;
        assert_eq!(
            (status, &problem["code"]),
            (404, &json!(code)),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn a_field_or_parameter_that_is_wrong_is_named() {
    let cast = Cast::assemble().await;
    let own = format!("/api/conversations/{}", cast.direct);
    let group = format!("/api/conversations/{}", cast.ada.group(&[&cast.bob]).await);
    let message = cast.ada.say(cast.direct, "m").await;
    let message = format!("/api/messages/{}", message["id"].as_str().unwrap());
    let long = "x".repeat(121);
    for (method, path, body, field) in [
        (
            "POST",
            "/api/conversations/direct",
            json!({}),
            "user_id: must be there, or external_id",
        ),
        (
            "POST",
            "/api/conversations/direct",
            json!({"user_id": 1}),
            "user_id:",
        ),
        ("POST", "/api/groups", json!({"name": ""}), "name:"),
        ("POST", "/api/groups", json!({"name": long}), "name:"),
        ("POST", "/api/groups", json!({"name": "a\0"}), "name:"),
        (
            "POST",
            "/api/groups",
            json!({"name": "n", "member_ids": ["x"]}),
            "member_ids[0]:",
        ),
        ("POST", "/api/rooms", json!({"name": " "}), "name:"),
        (
            "POST",
            "/api/rooms",
            json!({"name": "n", "join_policy": "maybe"}),
            "join_policy:",
        ),
        (
            "POST",
            "/api/rooms",
            json!({"name": "n", "join_policy": "\0"}),
            "join_policy:",
        ),
        (
            "POST",
            "/api/rooms",
            json!({"name": "n", "description": "x".repeat(1_001)}),
            "description:",
        ),
        ("PUT", &group, json!({"name": ""}), "name:"),
        ("PUT", &group, json!({"description": 1}), "description:"),
        (
            "POST",
            &format!("{group}/members"),
            json!({"user_id": cast.eve.id, "role": "boss"}),
            "role:",
        ),
        (
            "PUT",
            &format!("{group}/members/{}", cast.bob.id),
            json!({"role": "boss"}),
            "role:",
        ),
        (
            "PUT",
            &format!("{group}/members/{}", cast.bob.id),
            json!({}),
            "role: is required",
        ),
        ("PUT", "/api/users/me", json!({"name": " "}), "name:"),
        (
            "PUT",
            "/api/users/me",
            json!({"name": "x".repeat(81)}),
            "name:",
        ),
        (
            "PUT",
            "/api/users/me",
            json!({"username": "two words"}),
            "username:",
        ),
        (
            "PUT",
            "/api/users/me",
            json!({"username": "\0"}),
            "username:",
        ),
        (
            "PUT",
            "/api/users/me/presence",
            json!({"status": "offline"}),
            "status:",
        ),
        (
            "PUT",
            &format!("{own}/marks"),
            json!({"read_seq": -1}),
            "read_seq:",
        ),
        (
            "PUT",
            &format!("{own}/marks"),
            json!({"delivered_seq": "1"}),
            "delivered_seq:",
        ),
        (
            "POST",
            &format!("{own}/messages"),
            json!({"body": ""}),
            "body:",
        ),
        (
            "POST",
            &format!("{own}/messages"),
            json!({"body": "b", "kind": "dance"}),
            "kind:",
        ),
        ("PUT", &message, json!({}), "body: is required"),
        ("PUT", &message, json!({"body": "\t"}), "body:"),
        ("DELETE", &format!("{message}?for=us"), json!(null), "for:"),
        (
            "POST",
            &format!("{message}/restore?for=us"),
            json!(null),
            "for:",
        ),
        (
            "PUT",
            &format!("{own}/preferences"),
            json!({"pinned": "yes"}),
            "pinned:",
        ),
        (
            "PUT",
            &format!("{own}/preferences"),
            json!({"notify": "loud"}),
            "notify:",
        ),
        (
            "PUT",
            &format!("{own}/preferences"),
            json!({"notify": "\0"}),
            "notify:",
        ),
        (
            "PUT",
            &format!("{own}/preferences"),
            json!({"muted_until": 7}),
            "muted_until:",
        ),
        (
            "PUT",
            &format!("{own}/preferences"),
            json!({"muted_until": "\0"}),
            "muted_until:",
        ),
        (
            "PUT",
            &format!("{own}/preferences"),
            json!({"muted_until": "294276-12-31T23:59:59Z"}),
            "muted_until:",
        ),
        (
            "PUT",
            &format!("{own}/preferences"),
            json!({"muted_until": "2030-02-31T00:00:00Z"}),
            "muted_until:",
        ),
        (
            "GET",
            &format!("{own}/messages?limit=0"),
            json!(null),
            "limit:",
        ),
        (
            "GET",
            &format!("{own}/messages?limit=101"),
            json!(null),
            "limit:",
        ),
        (
            "GET",
            &format!("{own}/messages?limit=x"),
            json!(null),
            "limit:",
        ),
        (
            "GET",
            &format!("{own}/messages?before=-1"),
            json!(null),
            "before:",
        ),
        (
            "GET",
            &format!("{own}/messages?after=x"),
            json!(null),
            "after:",
        ),
        (
            "GET",
            &format!("{own}/messages?around=99999999999999999999"),
            json!(null),
            "around:",
        ),
        (
            "GET",
            &format!("{own}/messages?before=1&after=1"),
            json!(null),
            "before, after, around, date:",
        ),
        (
            "GET",
            &format!("{own}/members?after=x"),
            json!(null),
            "after:",
        ),
        (
            "GET",
            &format!("{own}/members?limit=x"),
            json!(null),
            "limit:",
        ),
        ("GET", "/api/users?limit=1000", json!(null), "limit:"),
        ("GET", "/api/users?after=x", json!(null), "after:"),
        ("GET", "/api/users?q=%00", json!(null), "q:"),
        (
            "GET",
            "/api/conversations?before=yesterday",
            json!(null),
            "before:",
        ),
        (
            "GET",
            &format!(
                "/api/conversations?before=2026-02-31T00:00:00.000000Z_{}",
                cast.direct
            ),
            json!(null),
            "before:",
        ),
        ("GET", "/api/conversations?limit=-1", json!(null), "limit:"),
    ] {
        let (status, problem) = cast
            .ada
            .ask(method.parse().unwrap(), path, Some(body.clone()))
            .await;
        assert_eq!(status, 422, "{method} {path} {body}: {problem}");
        assert!(
            problem["detail"].as_str().unwrap().starts_with(field),
            "{method} {path} {body}: {problem}"
        );
    }
    for body in ["", "x"] {
        let bearer = format!("Bearer {}", cast.ada.token);
        let response = ask(
            cast.server.address,
            Method::POST,
            "/api/groups",
            &[("authorization", &bearer)],
            body,
        )
        .await;
        let (status, problem) = problem(response).await;
        assert_eq!((status, &problem["code"]), (400, &json!("bad_json")));
    }
}

#[tokio::test]
async fn a_body_beyond_two_megabytes_is_refused_by_name() {
    let cast = Cast::assemble().await;
    let bearer = format!("Bearer {}", cast.ada.token);
    let body = vec![b' '; 3_000_000];
    let response = ask(
        cast.server.address,
        Method::POST,
        "/api/commands",
        &[("authorization", &bearer)],
        body,
    )
    .await;
    let (status, problem) = problem(response).await;
    assert_eq!((status, &problem["code"]), (413, &json!("body_too_large")));
}
