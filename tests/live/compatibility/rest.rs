//! `/api/users`, `/api/messages`, `/api/groups`, `/api/media` and signing in.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Foreigner, call, serve, text};
use crate::asking::{ask, header};
use crate::media::{png, upload};
use crate::support::{Person, TestDatabase, TestServer};

#[tokio::test]
async fn a_user_is_made_found_and_changed() {
    let (_database, server) = serve().await;
    let address = server.address;
    let body = json!({"username": "ann", "email": "ann@example.com", "display_name": "Ann B."});
    let (status, ann) = call(address, "POST", "/api/users/", "", body).await;
    assert_eq!(status, 201, "{ann}");
    assert_eq!(
        (&ann["username"], &ann["name"], &ann["is_guest"]),
        (&json!("ann"), &json!("Ann B."), &json!(true))
    );
    let token = text(&ann["access_token"]);
    let body = json!({"username": "ben", "password": "correct horse", "email": "ben@example.com"});
    let (status, ben) = call(address, "POST", "/api/users/", "", body).await;
    assert_eq!((status, &ben["is_guest"]), (201, &json!(false)), "{ben}");
    assert!(!ben.to_string().contains("example.com"), "{ben}");
    let body = json!({"username": "ben", "password": "correct horse"});
    let (status, begun) = call(address, "POST", "/auth/login", "", body).await;
    assert_eq!((status, &begun["user"]["id"]), (200, &ben["id"]));

    // These addresses were here already, and take their token in a header.
    let ann = Person::of(address, &json!({"user": ann, "access_token": token}));
    let (status, users) = ann.get("/api/users/").await;
    assert_eq!(status, 200);
    let names: Vec<_> = users["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| &user["username"])
        .collect();
    assert_eq!(names, ["ann", "ben"]);
    let (status, read) = ann.get(&format!("/api/users/{}/", text(&ben["id"]))).await;
    assert_eq!((status, &read["username"]), (200, &json!("ben")));
    let body = json!({"display_name": "Annie", "email": "other@example.com"});
    let (status, changed) = ann
        .put(&format!("/api/users/{}", ann.id), body.clone())
        .await;
    assert_eq!(
        (status, &changed["name"]),
        (200, &json!("Annie")),
        "{changed}"
    );
    let (status, refused) = ann
        .put(&format!("/api/users/{}", text(&ben["id"])), body)
        .await;
    assert_eq!((status, &refused["code"]), (403, &json!("not_yourself")));
}

#[tokio::test]
async fn who_can_not_be_made_is_told_why() {
    let (database, server) = serve().await;
    let only_passwords = TestServer::start_with(&database, &[("AUTH", "password")]).await;
    let only_guests = TestServer::start_with(&database, &[("AUTH", "guest")]).await;
    Foreigner::new(server.address, "Ann").await;
    let body = json!({"username": "ann"});
    call(server.address, "POST", "/api/users/", "", body).await;
    for (server, body, status, code) in [
        (&server, json!({"username": "Ann"}), 409, "username_taken"),
        (&server, json!({"username": "a b"}), 422, "bad_username"),
        (&server, json!({"username": "a\0"}), 422, "bad_character"),
        (&server, json!({"display_name": " "}), 422, "name_required"),
        (
            &server,
            json!({"email": "a@example.com"}),
            422,
            "name_required",
        ),
        (&server, json!({"username": 7}), 422, "bad_field"),
        (
            &server,
            json!({"username": "cy", "password": "short"}),
            422,
            "password_too_short",
        ),
        (
            &server,
            json!({"name": "Cy", "password": "correct horse"}),
            422,
            "username_required",
        ),
        (
            &only_passwords,
            json!({"username": "cy"}),
            403,
            "guests_not_allowed",
        ),
        (
            &only_guests,
            json!({"username": "cy", "password": "correct horse"}),
            403,
            "passwords_not_allowed",
        ),
    ] {
        let (got, problem) = call(server.address, "POST", "/api/users/", "", body.clone()).await;
        assert_eq!(
            (got, &problem["code"]),
            (status, &json!(code)),
            "{body}: {problem}"
        );
    }
    let headers = [("origin", "https://evil.example")];
    let body = r#"{"username":"cy"}"#;
    let response = ask(server.address, Method::POST, "/api/users/", &headers, body).await;
    assert_eq!(response.status(), 403);
}

#[tokio::test]
async fn a_message_goes_to_a_person_by_their_id_and_is_read_by_the_two_alone() {
    let (_database, server) = serve().await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let eve = Foreigner::new(server.address, "Eve").await;
    // Ben sits at the page, or at any client of this chat's own.
    let mut bens = ben.as_person().connect().await;
    let mut eves = eve.as_person().connect().await;
    let body = json!({"sender_id": ann.id, "receiver_id": ben.id, "content": "Hello, Ben"});
    let (status, sent) = ann.post("/api/messages/", body).await;
    assert_eq!(status, 201, "{sent}");
    for (field, value) in [
        ("user_id", json!(ann.id)),
        ("user_name", json!("Ann")),
        ("sender_id", json!(ann.id)),
        ("receiver_id", json!(ben.id)),
        ("group_id", json!(null)),
        ("content", json!("Hello, Ben")),
        ("is_delivered", json!(false)),
        ("is_read", json!(false)),
    ] {
        assert_eq!(sent[field], value, "{field}: {sent}");
    }
    let heard = bens.message("Hello, Ben").await;
    assert_eq!(
        (&heard["id"], &heard["created_at"]),
        (&sent["id"], &sent["timestamp"])
    );

    let path = format!("/api/messages/conversation/{}/{}/", ann.id, ben.id);
    let (status, page) = ben.get(&path).await;
    assert_eq!((status, &page["messages"]), (200, &json!([sent])));
    assert_eq!(ann.contents("/api/messages/").await, ["Hello, Ben"]);
    let back = format!("/api/messages/conversation/{}/{}", ben.id, ann.id);
    assert_eq!(ann.contents(&back).await, ["Hello, Ben"]);
    let (status, refused) = eve.get(&path).await;
    assert_eq!((status, &refused["code"]), (403, &json!("not_yourself")));
    assert_eq!(eve.contents("/api/messages/").await, [""; 0]);
    let path = format!("/api/messages/conversation/{}/{}", ann.id, eve.id);
    assert_eq!(eve.contents(&path).await, [""; 0], "they have not begun");
    eves.settle().await;
    assert!(eves.bodies().is_empty());
}

#[tokio::test]
async fn what_can_not_be_sent_is_refused_by_the_names_that_were_sent() {
    let (_database, server) = serve().await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let (_, group) = ann
        .as_person()
        .post("/api/groups/", json!({"name": "Crew"}))
        .await;
    let nobody = "01a1fc7d-6da2-71df-ba9d-18391997fcdd";
    let medium = upload(&ben.as_person(), "a.txt", b"words".to_vec()).await;
    for (body, status, code, begins) in [
        (json!({"receiver_id": ben.id}), 422, "bad_field", "content:"),
        (json!({"content": "x"}), 422, "bad_field", "receiver_id:"),
        (
            json!({"content": "x", "receiver_id": ben.id, "group_id": group["id"]}),
            422,
            "bad_field",
            "receiver_id:",
        ),
        (
            json!({"content": "x", "receiver_id": 7}),
            422,
            "bad_field",
            "receiver_id:",
        ),
        (
            json!({"content": " ", "receiver_id": ben.id}),
            422,
            "body_required",
            "content:",
        ),
        (
            json!({"content": "\0", "receiver_id": ben.id}),
            422,
            "bad_character",
            "content:",
        ),
        (
            json!({"content": "x".repeat(4_001), "receiver_id": ben.id}),
            422,
            "body_too_long",
            "content:",
        ),
        (
            json!({"content": " ", "group_id": group["id"]}),
            422,
            "body_required",
            "content:",
        ),
        (
            json!({"content": "x".repeat(20_000), "group_id": group["id"]}),
            422,
            "body_too_long",
            "content:",
        ),
        (
            json!({"content": "x", "receiver_id": nobody}),
            404,
            "user_not_found",
            "receiver_id:",
        ),
        (
            json!({"content": "x", "group_id": nobody}),
            404,
            "conversation_not_found",
            "",
        ),
        (
            json!({"content": "x", "receiver_id": ben.id, "sender_id": ben.id}),
            403,
            "not_yourself",
            "sender_id:",
        ),
        (
            json!({"media_id": medium["id"], "receiver_id": ben.id}),
            404,
            "media_not_found",
            "",
        ),
    ] {
        let (got, problem) = ann.post("/api/messages/", body.clone()).await;
        assert_eq!(
            (got, &problem["code"]),
            (status, &json!(code)),
            "{body}: {problem}"
        );
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with(begins), "{body}: {problem}");
    }
    let (status, refused) = ben
        .post(
            "/api/messages/",
            json!({"content": "x", "group_id": group["id"]}),
        )
        .await;
    assert_eq!((status, &refused["code"]), (403, &json!("not_a_member")));
    let (status, _) = call(
        server.address,
        "POST",
        "/api/messages/",
        "",
        json!({"content": "x"}),
    )
    .await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn a_message_is_delivered_and_read_by_the_other_one_and_by_any_other_of_a_group() {
    let (_database, server) = serve().await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let cy = Foreigner::new(server.address, "Cy").await;
    let body = json!({"receiver_id": ben.id, "content": "first"});
    let (_, first) = ann.post("/api/messages/", body).await;
    let body = json!({"receiver_id": ben.id, "content": "second"});
    let (_, second) = ann.post("/api/messages/", body).await;
    let mut anns = ann.as_person().connect().await;
    let mut bens = ben.as_person().connect().await;
    let path = format!("/api/messages/conversation/{}/{}", ann.id, ben.id);
    let flags = async |path: &str| -> Vec<(bool, bool)> {
        let (_, page) = ann.get(path).await;
        let messages = page["messages"].as_array().unwrap();
        let flag = |message: &Value, name: &str| message[name].as_bool().unwrap();
        messages
            .iter()
            .map(|one| (flag(one, "is_delivered"), flag(one, "is_read")))
            .collect()
    };
    let delivered =
        json!({"type": "delivered", "conversation_id": first["conversation_id"], "seq": 2});
    bens.ask(delivered).await;
    anns.next_of("receipt").await;
    assert_eq!(flags(&path).await, [(true, false), (true, false)]);
    let (status, read) = ben
        .put(
            &format!("/api/messages/{}/read", text(&first["id"])),
            Value::Null,
        )
        .await;
    assert_eq!((status, &read["is_read"]), (200, &json!(true)), "{read}");
    let receipt = anns.next_of("receipt").await;
    assert_eq!(
        (&receipt["user_id"], &receipt["read_seq"]),
        (&json!(ben.id), &json!(1))
    );
    assert_eq!(flags(&path).await, [(true, true), (true, false)]);
    // One's own reading is no news to anybody.
    let own = format!("/api/messages/{}/read", text(&second["id"]));
    assert_eq!(ann.put(&own, Value::Null).await.1["is_read"], false);
    assert_eq!(cy.put(&own, Value::Null).await.0, 403);

    let body = json!({"name": "Crew", "members": [ben.id]});
    let (status, group) = ann.as_person().post("/api/groups/", body).await;
    assert_eq!(status, 201, "{group}");
    let group = text(&group["id"]);
    let (_, said) = ann
        .post(
            "/api/messages/",
            json!({"group_id": group, "content": "to all"}),
        )
        .await;
    assert_eq!(
        (&said["group_id"], &said["receiver_id"]),
        (&json!(group), &json!(null))
    );
    let members = format!("/api/groups/{group}/members");
    assert_eq!(ann.post(&members, json!({"user_id": cy.id})).await.0, 201);
    let path = format!("/api/messages/?group_id={group}");
    // Who came later has not read what was there, though nothing is unread to them.
    assert_eq!(flags(&path).await, [(false, false)]);
    ben.put(
        &format!("/api/messages/{}/read", text(&said["id"])),
        Value::Null,
    )
    .await;
    assert_eq!(flags(&path).await, [(true, true)]);
}

#[tokio::test]
async fn a_group_is_made_and_its_members_listed_and_added() {
    let (_database, server) = serve().await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let eve = Foreigner::new(server.address, "Eve").await;
    let body =
        json!({"name": "Crew", "description": "Ours", "created_by": ann.id, "members": [ben.id]});
    let (status, group) = ann.as_person().post("/api/groups/", body).await;
    assert_eq!(
        (status, &group["title"], &group["name"], &group["kind"]),
        (201, &json!("Crew"), &json!("Crew"), &json!("group"))
    );
    let members = format!("/api/groups/{}/members/", text(&group["id"]));
    let listed = async |person: &Foreigner| {
        let (status, page) = person.get(&members).await;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        (
            status,
            items
                .iter()
                .map(|one| text(&one["user_id"]))
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(
        listed(&ben).await,
        (200, vec![ann.id.clone(), ben.id.clone()])
    );
    assert_eq!(listed(&eve).await.0, 403);
    let (status, refused) = ben.post(&members, json!({"user_id": eve.id})).await;
    assert_eq!((status, &refused["code"]), (403, &json!("not_an_admin")));
    let mut eves = eve.as_person().connect().await;
    let (status, member) = ann.post(&members, json!({"user_id": eve.id})).await;
    assert_eq!((status, &member["user_id"]), (201, &json!(eve.id)));
    eves.next_where(|frame| frame["conversation"]["id"] == group["id"])
        .await;
    assert_eq!(listed(&eve).await.1.len(), 3);
    let (_, sent) = eve
        .post(
            "/api/messages/",
            json!({"group_id": group["id"], "content": "Hello"}),
        )
        .await;
    assert_eq!(ben.contents("/api/messages/").await, ["Hello"]);
    assert_eq!(sent["group_id"], group["id"]);
    let path = format!("/api/messages/{}", text(&sent["id"]));
    let (status, edited) = eve.as_person().put(&path, json!({"content": "Hi"})).await;
    assert_eq!((status, &edited["body"]), (200, &json!("Hi")));
    assert_eq!(ben.contents("/api/messages/").await, ["Hi"]);
}

#[tokio::test]
async fn a_file_is_uploaded_by_a_form_shown_in_a_message_and_downloaded() {
    let (_database, server) = serve().await;
    let address = server.address;
    let ann = Foreigner::new(address, "Ann").await;
    let ben = Foreigner::new(address, "Ben").await;
    let eve = Foreigner::new(address, "Eve").await;
    let picture = png(4);
    let form = [
        b"--x\r\ncontent-disposition: form-data; name=\"note\"\r\n\r\nnone\r\n--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"hut.png\"\r\ncontent-type: image/png\r\n\r\n".as_slice(),
        &picture,
        b"\r\n--x--\r\n",
    ]
    .concat();
    let headers = [("content-type", "multipart/form-data; boundary=x")];
    let path = format!("/api/media/upload?token={}", ann.token);
    let response = ask(address, Method::POST, &path, &headers, form).await;
    assert_eq!(response.status(), 201);
    let medium: Value = response.json().await.unwrap();
    let id = text(&medium["id"]);
    for (field, value) in [
        ("media_id", json!(id)),
        ("filename", json!("hut.png")),
        ("content_type", json!("image/png")),
        ("url", json!(format!("/api/media/{id}/download"))),
    ] {
        assert_eq!(medium[field], value, "{field}: {medium}");
    }
    let body = json!({"receiver_id": ben.id, "media_id": id});
    let (status, shown) = ann.post("/api/messages/", body).await;
    assert_eq!(
        (
            status,
            &shown["kind"],
            &shown["content"],
            &shown["media_id"]
        ),
        (201, &json!("image"), &json!("hut.png"), &json!(id)),
        "{shown}"
    );
    let body = json!({"receiver_id": ben.id, "media_id": id, "content": "Look"});
    assert_eq!(ann.post("/api/messages/", body).await.1["content"], "Look");
    let download = async |person: &Foreigner| {
        let path = format!("/api/media/{id}/download/?token={}", person.token);
        ask(address, Method::GET, &path, &[], "").await
    };
    let response = download(&ben).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(&response, "content-type"), "image/png");
    assert!(header(&response, "content-disposition").starts_with("attachment"));
    assert_eq!(response.bytes().await.unwrap().len(), picture.len());
    assert_eq!(download(&eve).await.status(), 404);
    let (status, _) = call(
        address,
        "GET",
        &format!("/api/media/{id}/download"),
        "",
        Value::Null,
    )
    .await;
    assert_eq!(status, 401);
}

#[tokio::test]
async fn signing_up_in_and_out_is_as_it_is_elsewhere_and_holds_for_every_server() {
    let database = TestDatabase::create().await;
    let settings = [("AUTH", "password")];
    let server = TestServer::start_with(&database, &settings).await;
    let second = TestServer::start_with(&database, &settings).await;
    let address = server.address;
    let body = json!({"username": "ann", "email": "ann@example.com", "password": "correct horse"});
    let (status, signed_up) = call(address, "POST", "/auth/signup", "", body).await;
    assert_eq!(
        (status, &signed_up["message"]),
        (201, &json!("User created"))
    );
    let body = json!({"username": "ann", "password": "correct horse"});
    let (status, begun) = call(second.address, "POST", "/auth/login", "", body).await;
    assert_eq!((status, &begun["token_type"]), (200, &json!("bearer")));
    let ann = Foreigner {
        address,
        id: text(&begun["user"]["id"]),
        token: text(&begun["access_token"]),
    };
    let mut here = ann.open("/ws/general").await;
    let mut there = ann
        .at(second.address)
        .open(&format!("/ws/{}", ann.id))
        .await;
    let mut before = Person::of(address, &signed_up).connect().await;
    for socket in [&mut here, &mut there] {
        socket.next_of("ready").await;
    }
    let bearer = format!("Bearer {}", ann.token);
    let headers = [("authorization", bearer.as_str())];
    let response = ask(address, Method::POST, "/auth/logout", &headers, "").await;
    assert_eq!(response.status(), 200);
    assert_eq!((here.end().await, there.end().await), (4401, 4401));
    assert_eq!(
        ann.at(second.address).get("/chats/general/history").await.0,
        401
    );
    before.settle().await;
    let headers = [("accept", "application/json")];
    let health = ask(address, Method::GET, "/", &headers, "").await;
    assert_eq!(health.json::<Value>().await.unwrap()["status"], "ok");
}
