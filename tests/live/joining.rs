//! Coming into rooms by asking and by links, and blocking, as they take effect on open connections: who hears, and who
//! does not.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::asking::{ask, header};
use crate::cast::Cast;
use crate::support::{Person, Socket};

async fn room(owner: &Person, policy: &str) -> Uuid {
    let body = json!({"name": "Room", "join_policy": policy});
    let (status, room) = owner.post("/api/rooms", body).await;
    assert_eq!(status, 201, "{room}");
    room["id"].as_str().unwrap().parse().unwrap()
}

async fn link(owner: &Person, conversation: Uuid, body: Value) -> String {
    let path = format!("/api/conversations/{conversation}/invites");
    let (status, invite) = owner.post(&path, body).await;
    assert_eq!(status, 201, "{invite}");
    invite["token"].as_str().unwrap().to_owned()
}

async fn member(socket: &mut Socket, person: &Person, state: &str) {
    socket
        .next_where(|frame| {
            frame["type"] == "member"
                && frame["member"]["user_id"] == json!(person.id)
                && frame["member"]["state"] == state
        })
        .await;
}

#[tokio::test]
async fn a_request_reaches_the_asker_and_admins_and_the_room_only_once_it_is_granted() {
    let cast = Cast::assemble().await;
    let (ada, bob, eve) = (&cast.ada, &cast.bob, &cast.eve);
    let room = room(ada, "approval").await;
    let members = format!("/api/conversations/{room}/members");
    ada.post(&members, json!({"user_id": bob.id})).await;
    cast.relayed().await;
    let mut adas = ada.connect().await;
    let mut bobs = bob.connect().await;
    let mut eves = eve.connect().await;
    let cursor = cast.fresh_cursor(ada).await;
    let join = format!("/api/rooms/{room}/join");
    let (status, asked) = eve.post(&join, json!({})).await;
    assert_eq!((status, &asked["state"]), (200, &json!("pending")));
    member(&mut adas, eve, "pending").await;
    member(&mut eves, eve, "pending").await;
    // Who was away learns it too.
    let mut back = ada.resume(&cursor).await;
    member(&mut back, eve, "pending").await;

    ada.say(room, "not for Eve").await;
    bobs.message("not for Eve").await;
    assert_eq!(
        bobs.kinds(),
        ["message"],
        "a plain member hears of no request"
    );
    eves.settle().await;
    assert_eq!(eves.kinds(), ["member"]);
    for path in [
        format!("/api/conversations/{room}"),
        format!("/api/conversations/{room}/messages"),
        members.clone(),
        format!("/parts/c/{room}/people"),
    ] {
        assert_eq!(eve.get(&path).await.0, 403, "{path}");
    }
    // The page says that she waits, and for what; and nothing that was said there.
    let cookie = format!("webchat_session={}", eve.token);
    let headers = [("accept", "text/html"), ("cookie", cookie.as_str())];
    let page = ask(
        cast.server.address,
        Method::GET,
        &format!("/c/{room}"),
        &headers,
        "",
    )
    .await;
    assert_eq!(page.status(), 200);
    let html = page.text().await.unwrap();
    assert!(html.contains("Waiting for approval") && !html.contains("not for Eve"));
    let (status, problem) = bob.get(&format!("{members}?state=pending")).await;
    assert_eq!((status, &problem["code"]), (403, &json!("not_an_admin")));
    let (_, waiting) = ada.get(&format!("{members}?state=pending")).await;
    assert_eq!(waiting["items"][0]["user_id"], json!(eve.id));

    let decide = |how: &str| format!("{members}/{}/{how}", eve.id);
    assert_eq!(bob.post(&decide("approve"), json!({})).await.0, 403);
    assert_eq!(ada.post(&decide("deny"), json!({})).await.0, 200);
    member(&mut eves, eve, "left").await;
    eve.post(&join, json!({})).await;
    assert_eq!(ada.post(&decide("approve"), json!({})).await.0, 200);
    member(&mut bobs, eve, "active").await;
    bobs.next_where(|frame| frame["message"]["body"] == "Ada let Eve in")
        .await;
    eves.next_of("conversation").await;
    ada.say(room, "welcome").await;
    eves.message("welcome").await;
    assert_eq!(eves.bodies(), ["welcome"]);
    let (status, problem) = ada.post(&decide("deny"), json!({})).await;
    assert_eq!(
        (status, &problem["code"]),
        (404, &json!("request_not_found"))
    );
}

#[tokio::test]
async fn a_link_leads_in_and_tells_nobody_more_than_it_should() {
    let cast = Cast::assemble().await;
    let (ada, bob, eve) = (&cast.ada, &cast.bob, &cast.eve);
    let group = ada.group(&[bob]).await;
    ada.say(group, "a secret").await;
    let once = link(ada, group, json!({"max_uses": 1})).await;
    cast.relayed().await;
    let mut bobs = bob.connect().await;
    let mut eves = eve.connect().await;
    let address = format!("/api/invites/{once}");
    let (status, seen) = eve.get(&address).await;
    assert_eq!(
        (
            status,
            &seen["title"],
            &seen["member_count"],
            &seen["state"]
        ),
        (200, &json!("Group"), &json!(2), &Value::Null)
    );
    assert!(!seen.to_string().contains("secret"));
    assert_eq!(eve.delete(&address).await.0, 403);
    let join = format!("{address}/join");
    for _ in 0..2 {
        let (status, joined) = eve.post(&join, json!({})).await;
        assert_eq!((status, &joined["state"]), (200, &json!("active")));
    }
    member(&mut bobs, eve, "active").await;
    bobs.next_where(|frame| frame["message"]["body"] == "Eve joined by a link")
        .await;
    ada.say(group, "welcome").await;
    eves.message("welcome").await;

    let late = Person::guest(cast.server.address, "Late").await;
    for (status, code, token) in [
        (410, "invite_used_up", once.as_str()),
        (404, "invite_not_found", "AAAAAAAAAAAAAAAAAAAAAA"),
        (404, "invite_not_found", "%00"),
        (404, "invite_not_found", "'%20or%201=1--"),
    ] {
        for (method, path) in [
            ("GET", format!("/api/invites/{token}")),
            ("POST", format!("/api/invites/{token}/join")),
        ] {
            let answer = late.ask(method.parse().unwrap(), &path, None).await;
            assert_eq!(
                (answer.0, &answer.1["code"]),
                (status, &json!(code)),
                "{path}"
            );
        }
    }
    // Removed, she is out at once, and what led in before leads in no more.
    let other = link(ada, group, json!({})).await;
    ada.delete(&format!("/api/conversations/{group}/members/{}", eve.id))
        .await;
    member(&mut eves, eve, "left").await;
    let (status, problem) = eve
        .post(&format!("/api/invites/{other}/join"), json!({}))
        .await;
    assert_eq!((status, &problem["code"]), (403, &json!("removed")));
    eves.settle().await;
    assert!(
        !eves
            .seen
            .iter()
            .any(|frame| frame["message"]["body"] == "Eve was removed by Ada"),
        "a removed member sees nothing after the removal"
    );
}

#[tokio::test]
async fn several_are_added_at_once_and_told_of_in_one_message() {
    let cast = Cast::assemble().await;
    let (ada, bob, eve) = (&cast.ada, &cast.bob, &cast.eve);
    let group = ada.group(&[]).await;
    let mut eves = eve.connect().await;
    let path = format!("/api/conversations/{group}/members");
    let body = json!({"user_ids": [bob.id, eve.id]});
    let (status, added) = ada.post(&path, body.clone()).await;
    assert_eq!((status, added["items"].as_array().unwrap().len()), (201, 2));
    eves.next_where(|frame| frame["message"]["body"] == "Ada added Bob and Eve")
        .await;
    assert_eq!(ada.post(&path, body).await.0, 200);
    for (body, status) in [
        (json!({}), 422),
        (json!({"user_id": bob.id, "user_ids": [eve.id]}), 422),
        (json!({"user_ids": []}), 422),
        (json!({"user_ids": [Uuid::nil()]}), 404),
    ] {
        let (answered, problem) = ada.post(&path, body.clone()).await;
        assert_eq!(answered, status, "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().starts_with("user_id"));
    }
}

#[tokio::test]
async fn a_block_is_ones_own_and_refuses_both() {
    let cast = Cast::assemble().await;
    let (ada, bob) = (&cast.ada, &cast.bob);
    let mut adas = ada.connect().await;
    let mut other_tab = ada.connect().await;
    let mut bobs = bob.connect().await;
    let path = format!("/api/users/{}/block", bob.id);
    let (status, block) = ada.put(&path, json!({})).await;
    assert_eq!((status, &block["blocked"]), (200, &json!(true)));
    for tab in [&mut adas, &mut other_tab] {
        let event = tab.next_of("block").await;
        assert_eq!(event["block"], block);
    }
    for socket in [&mut adas, &mut bobs] {
        let error = socket.say(cast.direct, "hi").await;
        assert_eq!(
            (&error["status"], &error["code"]),
            (&json!(403), &json!("blocked"))
        );
    }
    let (_, blocks) = ada.get("/api/blocks").await;
    assert_eq!(blocks["items"][0]["user_id"], json!(bob.id));
    // What Bob types there comes to nobody; where both are with others it does.
    let group = ada.group(&[bob]).await;
    adas.settle().await;
    adas.seen.clear();
    for place in [cast.direct, group] {
        bobs.send(json!({"type": "typing", "conversation_id": place}))
            .await;
    }
    let typing = adas.next_of("typing").await;
    assert_eq!(typing["conversation_id"], json!(group));
    assert_eq!(ada.delete(&path).await.0, 200);
    bob.say(cast.direct, "again").await;
    adas.message("again").await;
    bobs.settle().await;
    assert!(!bobs.kinds().contains(&"block"));
    let (status, problem) = ada.put("/api/users/me/block", json!({})).await;
    assert_eq!((status, &problem["code"]), (422, &json!("blocks_oneself")));
}

#[tokio::test]
async fn a_links_page_says_where_it_leads_to_anybody_and_lets_in_who_is_known() {
    let cast = Cast::assemble().await;
    let (ada, eve) = (&cast.ada, &cast.eve);
    let room = room(ada, "open").await;
    let token = link(ada, room, json!({"max_uses": 1})).await;
    let address = cast.server.address;
    let path = format!("/i/{token}");
    let page = async |method: Method, person: Option<&Person>, path: &str, accept: &str| {
        let cookie = person.map(|person| format!("webchat_session={}", person.token));
        let mut headers = vec![("accept", accept)];
        headers.extend(cookie.iter().map(|cookie| ("cookie", cookie.as_str())));
        let origin = format!("http://{address}");
        headers.push(("origin", origin.as_str()));
        ask(address, method, path, &headers, "").await
    };
    // Nobody whom the server knows reads where it leads, and gives a name first.
    let response = page(Method::GET, None, &path, "text/html").await;
    assert_eq!(response.status(), 200);
    let html = response.text().await.unwrap();
    assert!(html.contains("Room") && html.contains("action=\"/auth/guest\""));
    assert!(html.contains(&format!("name=\"next\" value=\"{path}\"")));
    let json: Value = page(Method::GET, None, &path, "application/json")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(
        (&json["title"], &json["state"]),
        (&json!("Room"), &Value::Null)
    );
    assert_eq!(
        page(Method::POST, None, &path, "text/html").await.status(),
        401
    );
    // By somebody known it is joined, and then leads in.
    let html = page(Method::GET, Some(eve), &path, "text/html")
        .await
        .text()
        .await
        .unwrap();
    assert!(html.contains(&format!("action=\"{path}\"")) && html.contains(">Join<"));
    for method in [Method::POST, Method::GET] {
        let response = page(method, Some(eve), &path, "text/html").await;
        assert_eq!(response.status(), 303);
        assert_eq!(header(&response, "location"), format!("/c/{room}"));
    }
    // Used up, it says so to others, as a page and as JSON.
    let response = page(Method::GET, Some(&cast.bob), &path, "text/html").await;
    assert_eq!(response.status(), 410);
    assert!(
        response
            .text()
            .await
            .unwrap()
            .contains("This link is used up")
    );
    let response = page(Method::GET, Some(&cast.bob), &path, "application/json").await;
    assert_eq!(response.status(), 410);
    let problem: Value = response.json().await.unwrap();
    assert_eq!(problem["code"], "invite_used_up");
    for nonsense in ["/i/x", "/i/%00", "/i/..%2f..", "/i/%22%3E%3Cscript%3E"] {
        let response = page(Method::GET, None, nonsense, "text/html").await;
        assert_eq!(response.status(), 404, "{nonsense}");
        assert!(!response.text().await.unwrap().contains("<script>"));
    }
}
