//! REST: every address, who may come by which method, and what it answers when all is well.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::asking::{ask, handshake, header, problem};
use crate::cast::Cast;
use crate::support::{Person, TestServer};

/// Every address that needs a session, and the methods it takes.
fn addresses(id: Uuid) -> Vec<(String, &'static [&'static str])> {
    [
        ("/auth/logout", &["POST"][..]),
        ("/api/sessions", &["GET"]),
        ("/api/sessions/{id}", &["DELETE"]),
        ("/ws", &["GET"]),
        ("/ws/private/{id}", &["GET"]),
        ("/ws/room/{id}", &["GET"]),
        ("/sse", &["GET"]),
        ("/api/commands", &["POST"]),
        ("/api/changes", &["GET"]),
        ("/api/users", &["GET"]),
        ("/api/users/{id}", &["GET", "PUT"]),
        ("/api/users/me", &["GET", "PUT"]),
        ("/api/users/me/presence", &["PUT"]),
        ("/api/conversations", &["GET"]),
        ("/api/conversations/direct", &["POST"]),
        ("/api/conversations/{id}", &["GET", "PUT", "DELETE"]),
        ("/api/groups", &["POST"]),
        ("/api/rooms", &["GET", "POST"]),
        ("/api/rooms/{id}/join", &["POST"]),
        ("/api/conversations/{id}/members", &["GET", "POST"]),
        ("/api/conversations/{id}/members/{id}", &["PUT", "DELETE"]),
        ("/api/conversations/{id}/messages", &["GET", "POST"]),
        ("/api/conversations/{id}/marks", &["PUT"]),
        ("/api/conversations/{id}/preferences", &["PUT"]),
        ("/api/conversations/{id}/unread", &["POST"]),
        ("/api/messages/{id}", &["GET", "PUT", "DELETE"]),
        ("/api/messages/{id}/restore", &["POST"]),
        ("/api/messages/{id}/revisions", &["GET"]),
        ("/api/messages/{id}/receipts", &["GET"]),
    ]
    .into_iter()
    .map(|(path, methods)| (path.replace("{id}", &id.to_string()), methods))
    .collect()
}

#[tokio::test]
async fn without_a_session_nothing_is_told() {
    let cast = Cast::assemble().await;
    let address = cast.server.address;
    for (path, methods) in addresses(cast.direct) {
        for method in methods {
            for headers in [
                &[][..],
                &[("authorization", "Bearer wrong")],
                &[("cookie", "webchat_session=wrong")],
            ] {
                let response = if path.starts_with("/ws") {
                    handshake(address, &path, headers).await
                } else {
                    ask(address, method.parse().unwrap(), &path, headers, "{}").await
                };
                assert_eq!(
                    header(&response, "www-authenticate"),
                    "Bearer",
                    "{method} {path}"
                );
                let (status, problem) = problem(response).await;
                assert_eq!(
                    (status, &problem["code"]),
                    (401, &json!("not_logged_in")),
                    "{method} {path}"
                );
            }
        }
    }
}

#[tokio::test]
async fn another_method_is_answered_with_those_that_the_address_takes() {
    let cast = Cast::assemble().await;
    let mut all = addresses(cast.direct);
    // Somebody who is nobody yet may ask by POST.
    all.retain(|(path, _)| path != "/api/users");
    for (path, methods) in [
        ("/api/users", &["GET", "POST"][..]),
        ("/", &["GET"]),
        ("/c/x", &["GET"]),
        ("/static/x/app.js", &["GET"]),
        ("/health", &["GET"]),
        ("/ready", &["GET"]),
        ("/metrics", &["GET"]),
        ("/auth/guest", &["POST"]),
        ("/ws/general", &["GET"]),
    ] {
        all.push((path.to_owned(), methods));
    }
    for (path, methods) in all {
        for method in ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"] {
            if methods.contains(&method) {
                continue;
            }
            let response = ask(cast.server.address, method.parse().unwrap(), &path, &[], "").await;
            assert_eq!(
                header(&response, "allow"),
                methods.join(", "),
                "{method} {path}"
            );
            let (status, problem) = problem(response).await;
            assert_eq!(
                (status, &problem["code"]),
                (405, &json!("method_not_allowed"))
            );
        }
    }
}

#[tokio::test]
async fn what_is_made_is_201_and_what_was_there_is_200() {
    let cast = Cast::assemble().await;
    let (ada, bob, eve) = (&cast.ada, &cast.bob, &cast.eve);
    let open = json!({"user_id": eve.id});
    let (status, made) = ada.post("/api/conversations/direct", open.clone()).await;
    assert_eq!(
        (status, &made["kind"], &made["title"]),
        (201, &json!("direct"), &json!("Eve"))
    );
    assert_eq!(
        ada.post("/api/conversations/direct", open).await,
        (200, made.clone())
    );
    let (_, theirs) = eve
        .post("/api/conversations/direct", json!({"user_id": ada.id}))
        .await;
    assert_eq!(
        (&theirs["id"], &theirs["title"]),
        (&made["id"], &json!("Ada"))
    );

    let (status, room) = ada
        .post("/api/rooms", json!({"name": " Room ", "description": "d"}))
        .await;
    assert_eq!(
        (status, &room["title"], &room["role"]),
        (201, &json!("Room"), &json!("owner"))
    );
    let path = format!("/api/conversations/{}", room["id"].as_str().unwrap());
    let join = format!("/api/rooms/{}/join", room["id"].as_str().unwrap());
    for _ in 0..2 {
        let (status, member) = bob.post(&join, json!({})).await;
        assert_eq!((status, &member["state"]), (200, &json!("active")));
    }
    let (status, changed) = ada.put(&path, json!({"name": "Hall"})).await;
    assert_eq!(
        (status, &changed["title"], &changed["description"]),
        (200, &json!("Hall"), &json!("d"))
    );
    assert_eq!(
        bob.put(&path, json!({"name": "Mine"})).await.1["code"],
        "not_an_admin"
    );
    let bobs = format!("{path}/members/{}", bob.id);
    let (status, member) = ada.put(&bobs, json!({"role": "admin"})).await;
    assert_eq!((status, &member["role"]), (200, &json!("admin")));
    assert_eq!(bob.put(&path, json!({"name": "Ours"})).await.0, 200);
    assert_eq!(
        bob.put(&bobs, json!({"role": "owner"})).await.1["code"],
        "not_an_owner"
    );
    assert_eq!(
        ada.delete(&format!("{path}/members/me")).await.1["code"],
        "owner_must_hand_over"
    );
    let (_, closed) = ada
        .post(
            "/api/rooms",
            json!({"name": "Closed", "join_policy": "invite"}),
        )
        .await;
    let join = format!("/api/rooms/{}/join", closed["id"].as_str().unwrap());
    assert_eq!(
        eve.post(&join, json!({})).await,
        (403, eve.post(&join, json!({})).await.1)
    );

    let (status, message) = ada
        .post(&format!("{path}/messages"), json!({"body": "one"}))
        .await;
    assert_eq!(status, 201);
    let path = format!("/api/messages/{}", message["id"].as_str().unwrap());
    assert_eq!(bob.get(&path).await, (200, message.clone()));
    assert_eq!(ada.put(&path, json!({"body": "two"})).await.0, 200);
    let (status, revisions) = bob.get(&format!("{path}/revisions")).await;
    assert_eq!(
        (status, &revisions["items"][0]["body"], &revisions["next"]),
        (200, &json!("one"), &Value::Null)
    );
    let (status, deleted) = ada.delete(&format!("{path}?for=everyone")).await;
    assert_eq!((status, &deleted["body"]), (200, &Value::Null));
    assert_eq!(ada.get(&format!("{path}/revisions")).await.0, 409);
    let (status, restored) = ada.post(&format!("{path}/restore"), json!({})).await;
    assert_eq!((status, &restored["body"]), (200, &json!("two")));

    let (status, me) = ada.put("/api/users/me", json!({"username": "ada"})).await;
    assert_eq!((status, &me["username"]), (200, &json!("ada")));
    assert_eq!(ada.get("/api/users/me").await, (200, me.clone()));
    assert_eq!(bob.get(&format!("/api/users/{}", ada.id)).await, (200, me));
    assert_eq!(
        bob.put("/api/users/me", json!({"username": "ada"})).await.1["code"],
        "username_taken"
    );
    assert_eq!(
        bob.put(&format!("/api/users/{}", ada.id), json!({"name": "x"}))
            .await
            .0,
        403
    );
}

#[tokio::test]
async fn a_place_beyond_all_messages_is_an_empty_page() {
    let cast = Cast::assemble().await;
    cast.ada.say(cast.direct, "one").await;
    let most = i64::MAX;
    for (query, count) in [("before", 1), ("after", 0), ("around", 1)] {
        let path = format!("/api/conversations/{}/messages?{query}={most}", cast.direct);
        let (status, page) = cast.ada.get(&path).await;
        assert_eq!(
            (status, page["items"].as_array().unwrap().len()),
            (200, count),
            "{query}"
        );
    }
    let second = TestServer::start(&cast.database).await;
    let elsewhere: Person = cast.ada.at(second.address);
    assert_eq!(elsewhere.history(cast.direct).await, ["one"]);
}
