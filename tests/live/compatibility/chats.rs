//! `/chats/…`: the general chat, private ones, and rooms with a link and approval.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Foreigner, call, serve, text};
use crate::asking::{ask, header};

#[tokio::test]
async fn the_general_chat_is_spoken_in_and_read() {
    let (database, server) = serve().await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let mut anns = ann.open("/ws/general").await;
    let mut bens = ben.open("/ws/general").await;
    for socket in [&mut anns, &mut bens] {
        socket.next_of("ready").await;
    }
    anns.send(json!({"content": "Hello, all"})).await;
    let heard = bens
        .next_where(|frame| frame["content"] == "Hello, all")
        .await;
    assert_eq!(heard["user_id"], json!(ann.id));
    let (status, page) = ben.get("/chats/general/history?limit=10&offset=0").await;
    assert_eq!(status, 200);
    let message = &page["messages"][0];
    assert_eq!(
        (
            &message["user_id"],
            &message["content"],
            &message["timestamp"]
        ),
        (&heard["user_id"], &json!("Hello, all"), &heard["timestamp"])
    );
    let client = database.connect().await;
    crate::support::run(
        &client,
        "update chat.conversations set closed_at = now() where is_general",
        &[],
    )
    .await;
    let (status, problem) = ben.get("/chats/general/history").await;
    assert_eq!(
        (status, &problem["code"]),
        (404, &json!("conversation_not_found"))
    );
}

#[tokio::test]
async fn a_private_chat_is_opened_once_and_is_of_the_two() {
    let (_database, server) = serve().await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let eve = Foreigner::new(server.address, "Eve").await;
    let (status, chat) = ann
        .post("/chats/private", json!({"receiver_id": ben.id}))
        .await;
    assert_eq!((status, &chat["status"]), (201, &json!("created")));
    let (status, again) = ben
        .post("/chats/private", json!({"receiver_id": ann.id}))
        .await;
    assert_eq!((status, &again), (200, &chat));
    let id = text(&chat["chat_id"]);
    let mut anns = ann.open(&format!("/ws/private/{id}")).await;
    let mut bens = ben.open(&format!("/ws/private/{id}")).await;
    anns.send(json!({"content": "Hello"})).await;
    bens.next_where(|frame| frame["content"] == "Hello").await;
    let history = format!("/chats/private/{id}/history");
    let (status, page) = ben.get(&history).await;
    let message = &page["messages"][0];
    assert_eq!(
        (
            status,
            &message["sender_id"],
            &message["receiver_id"],
            &message["content"]
        ),
        (200, &json!(ann.id), &json!(ben.id), &json!("Hello"))
    );
    let (status, problem) = eve.get(&history).await;
    assert_eq!((status, &problem["code"]), (403, &json!("not_a_member")));
    for (body, status, code) in [
        (json!({"receiver_id": "x"}), 422, "bad_field"),
        (json!({}), 422, "bad_field"),
        (json!({"receiver_id": id}), 404, "user_not_found"),
    ] {
        let (got, problem) = ann.post("/chats/private", body).await;
        assert_eq!((got, &problem["code"]), (status, &json!(code)));
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.starts_with("receiver_id:"), "{problem}");
    }
}

#[tokio::test]
async fn who_asks_for_a_room_by_its_link_is_let_in_or_not_and_both_are_told_at_once() {
    let (_database, server) = serve().await;
    let ann = Foreigner::new(server.address, "Ann").await;
    let ben = Foreigner::new(server.address, "Ben").await;
    let eve = Foreigner::new(server.address, "Eve").await;
    let mut anns = ann.open(&format!("/ws/{}", ann.id)).await;
    let mut bens = ben.open(&format!("/ws/{}", ben.id)).await;
    let mut eves = eve.open(&format!("/ws/{}", eve.id)).await;
    let body = json!({"name": "Den", "description": "Ours"});
    let (status, room) = ann.post("/chats/room", body).await;
    assert_eq!(status, 201, "{room}");
    for (body, code) in [
        (json!({"name": " "}), "title_required"),
        (json!({"name": "x".repeat(121)}), "title_too_long"),
        (json!({"name": "a\0"}), "bad_character"),
        (json!({"description": "Ours"}), "bad_field"),
    ] {
        let (status, problem) = ann.post("/chats/room", body).await;
        assert_eq!((status, &problem["code"]), (422, &json!(code)));
        assert!(
            problem["detail"].as_str().unwrap().starts_with("name:"),
            "{problem}"
        );
    }
    let (id, link) = (text(&room["room_id"]), text(&room["invite_link"]));
    let path = |rest: &str| format!("/chats/room/{id}/{rest}");
    let mut held = ann.open(&format!("/ws/room/{id}")).await;
    let cursor = text(&held.next_of("ready").await["cursor"]);
    let (_, other) = ann.post("/chats/room", json!({"name": "Other"})).await;
    let mut elsewhere = ann
        .open(&format!("/ws/room/{}", text(&other["room_id"])))
        .await;
    let is_bens =
        |frame: &Value| frame["type"] == "member" && frame["member"]["user_id"] == json!(ben.id);

    for (answer, state) in [("denied", "left"), ("approved", "active")] {
        let (status, asked) = ben.post(&path("join"), json!({"invite_link": link})).await;
        assert_eq!(
            (status, asked),
            (200, json!({"status": "pending_approval"}))
        );
        let told = anns
            .next_where(|frame| is_bens(frame) && frame["member"]["state"] == "pending")
            .await;
        assert_eq!(told["member"]["conversation_id"], json!(id));
        held.next_where(|frame| is_bens(frame) && frame["member"]["state"] == "pending")
            .await;
        assert_eq!(ben.get(&path("history")).await.0, 403);
        let decide = if answer == "denied" {
            "deny"
        } else {
            "approve"
        };
        let decide = path(&format!("invite/{decide}"));
        let body = json!({"user_id": ben.id});
        let (status, refused) = eve.post(&decide, body.clone()).await;
        assert_eq!((status, &refused["code"]), (403, &json!("not_a_member")));
        let (status, decided) = ann.post(&decide, body).await;
        assert_eq!((status, decided), (200, json!({"status": answer})));
        bens.next_where(|frame| is_bens(frame) && frame["member"]["state"] == state)
            .await;
    }
    let (_, again) = ben.post(&path("join"), json!({"invite_link": link})).await;
    assert_eq!(again, json!({"status": "joined"}));
    let mut there = ben.open(&format!("/ws/room/{id}")).await;
    there.next_of("ready").await;
    there.send(json!({"content": "I am in"})).await;
    anns.next_where(|frame| frame["content"] == "I am in").await;
    assert_eq!(ann.contents(&path("history?limit=1")).await, ["I am in"]);
    let person = ann.as_person();
    let resumed = format!("/ws/room/{id}?cursor={cursor}");
    let mut resumed = person.open(&resumed).await.unwrap();
    resumed.next_where(is_bens).await;
    elsewhere.settle().await;
    assert!(!elsewhere.seen.iter().any(is_bens));
    eves.settle().await;
    assert!(
        !eves
            .seen
            .iter()
            .any(|frame| frame.to_string().contains(&id))
    );
}

#[tokio::test]
async fn a_rooms_link_opens_a_page_or_tells_a_program_where_it_leads() {
    let (_database, server) = serve().await;
    let address = server.address;
    let ann = Foreigner::new(address, "Ann").await;
    let (_, room) = ann.post("/chats/room", json!({"name": "Den"})).await;
    let (_, other) = ann.post("/chats/room", json!({"name": "Other"})).await;
    let (id, link) = (text(&room["room_id"]), text(&room["invite_link"]));
    let (status, told) = call(address, "GET", &link, "", Value::Null).await;
    assert_eq!(
        (status, &told["room_id"], &told["title"], &told["state"]),
        (200, &json!(id), &json!("Den"), &json!(null))
    );
    let (_, told) = ann.get(&link).await;
    assert_eq!(told["state"], "active");
    let browser = [("accept", "text/html")];
    let response = ask(address, Method::GET, &link, &browser, "").await;
    assert_eq!(response.status(), 303);
    let page = header(&response, "location").to_owned();
    let page = ask(address, Method::GET, &page, &browser, "").await;
    assert_eq!(page.status(), 200);
    assert!(page.text().await.unwrap().contains("Den"));

    let secret = link.split('=').next_back().unwrap();
    let elsewhere = format!("/chats/room/{}", text(&other["room_id"]));
    let wrong = format!("{elsewhere}/invite?invite={secret}");
    for path in [
        wrong.as_str(),
        &format!("{elsewhere}/invite"),
        &format!("{elsewhere}/invite?invite=x"),
    ] {
        let (status, problem) = call(address, "GET", path, "", Value::Null).await;
        assert_eq!(
            (status, &problem["code"]),
            (404, &json!("invite_not_found")),
            "{path}"
        );
        let page = ask(address, Method::GET, path, &browser, "").await;
        assert_eq!(page.status(), 404, "{path}");
        assert!(header(&page, "content-type").starts_with("text/html"));
    }
    let ben = Foreigner::new(address, "Ben").await;
    for body in [
        json!({"invite_link": link}),
        json!({"invite_link": "/"}),
        json!({"invite_link": ""}),
    ] {
        let (status, problem) = ben.post(&format!("{elsewhere}/join"), body).await;
        assert_eq!(
            (status, &problem["code"]),
            (404, &json!("invite_not_found"))
        );
    }
    for link in [secret.to_owned(), format!("https://chat.example{link}")] {
        let body = json!({"invite_link": link});
        let (status, asked) = ben.post(&format!("/chats/room/{id}/join"), body).await;
        assert_eq!(
            (status, asked),
            (200, json!({"status": "pending_approval"}))
        );
    }
    // Without a link one asks at the room's own door.
    let (status, asked) = ben.post(&format!("{elsewhere}/join"), json!({})).await;
    assert_eq!(
        (status, asked),
        (200, json!({"status": "pending_approval"}))
    );
    let person = ann.as_person();
    person.delete(&format!("/api/invites/{secret}")).await;
    let cy = Foreigner::new(address, "Cy").await;
    let body = json!({"invite_link": secret});
    let (status, problem) = cy.post(&format!("/chats/room/{id}/join"), body).await;
    assert_eq!((status, &problem["code"]), (410, &json!("invite_revoked")));
    let (status, problem) = ann
        .post(
            &format!("/chats/room/{id}/invite/approve"),
            json!({"user_id": cy.id}),
        )
        .await;
    assert_eq!(
        (status, &problem["code"]),
        (404, &json!("request_not_found"))
    );
}
