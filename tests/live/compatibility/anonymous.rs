//! The anonymous chat: by a name and nothing else.

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Foreigner, call, serve, text};
use crate::asking::{handshake, problem};
use crate::support::{Person, Socket, TestServer, value};

/// Somebody in the anonymous chat: their id, and the socket, greeted.
async fn enter(server: &TestServer, name: &str) -> (String, Socket) {
    let path = format!("/ws/{name}");
    let mut socket = Socket::open(server.address, &path, &[]).await.unwrap();
    let greeting = socket.next().await.unwrap();
    assert_eq!(greeting["type"], "connection_established");
    (text(&greeting["user_id"]), socket)
}

/// Waits for a list of users in which these are, and those are not.
async fn listed(socket: &mut Socket, present: &[&str], absent: &[&str]) -> Value {
    let has = |list: &Value, id: &&str| {
        let users = list["users"].as_array().unwrap();
        users.iter().any(|user| user["id"] == **id)
    };
    socket
        .next_where(|frame| {
            frame["type"] == "user_list_update"
                && present.iter().all(|id| has(frame, id))
                && !absent.iter().any(|id| has(frame, id))
        })
        .await
}

async fn chat_message(socket: &mut Socket, content: &str) -> Value {
    let told = socket
        .next_where(|frame| {
            frame["type"] == "chat_message" && frame["message"]["content"] == content
        })
        .await;
    told["message"].clone()
}

#[tokio::test]
async fn two_who_give_a_name_find_and_write_to_each_other_and_a_third_hears_nothing() {
    let (database, server) = serve().await;
    let (ann, mut anns) = enter(&server, "Ann").await;
    assert_eq!(anns.seen[0]["name"], "Ann");
    let first = anns.next().await.unwrap();
    assert_eq!(first["type"], "user_list_update");
    let own = json!([{"id": ann, "name": "Ann", "is_online": true}]);
    assert_eq!(first["users"], own, "one is there oneself from the start");
    let (ben, mut bens) = enter(&server, "Ben%20B./").await;
    assert_eq!(bens.seen[0]["name"], "Ben B.");
    let (eve, mut eves) = enter(&server, "Eve").await;
    for socket in [&mut anns, &mut bens, &mut eves] {
        let list = listed(socket, &[&ann, &ben, &eve], &[]).await;
        let wanted = json!([
            {"id": ann, "name": "Ann", "is_online": true},
            {"id": ben, "name": "Ben B.", "is_online": true},
            {"id": eve, "name": "Eve", "is_online": true},
        ]);
        assert_eq!(list["users"], wanted);
    }
    let (status, users) = call(server.address, "GET", "/users", "", Value::Null).await;
    assert_eq!((status, users["users"].as_array().unwrap().len()), (200, 3));

    anns.send(json!({"type": "chat_message", "receiver_id": ben, "content": "Hello"}))
        .await;
    let heard = chat_message(&mut bens, "Hello").await;
    assert_eq!(
        (&heard["sender_id"], &heard["receiver_id"]),
        (&json!(ann), &json!(ben))
    );
    assert!(heard["id"].is_string() && heard["timestamp"].is_string());
    assert_eq!(heard["sender_name"], "Ann");
    assert_eq!(
        chat_message(&mut anns, "Hello").await,
        heard,
        "it comes to both"
    );
    bens.send(json!({"type": "chat_message", "receiver_id": ann, "content": "Hi"}))
        .await;
    let answer = chat_message(&mut anns, "Hi").await;
    assert_eq!(
        (&answer["sender_id"], &answer["receiver_id"]),
        (&json!(ben), &json!(ann))
    );
    chat_message(&mut bens, "Hi").await;

    // It is kept like everything else, and that it arrived is told to who wrote it.
    let ann_there = Foreigner {
        address: server.address,
        token: text(&anns.seen[0]["access_token"]),
        id: ann.clone(),
    };
    let path = format!("/api/messages/conversation/{ann}/{ben}");
    assert_eq!(ann_there.contents(&path).await, ["Hello", "Hi"]);
    let client = database.connect().await;
    let arrived = "select bool_and(delivered_seq = 2) from chat.marks k join chat.conversations c on c.id = k.conversation_id where c.kind = 'direct'";
    crate::cast::until(&client, arrived).await;

    // Of what else happens nothing is told, nor any answer but to what asks for one.
    let other = Person::guest(server.address, "Dora").await;
    let general = json!({"content": "in the general room"});
    let mut room = other.open("/ws/general").await.unwrap();
    room.send(general).await;
    room.message("in the general room").await;
    for socket in [&mut anns, &mut bens, &mut eves] {
        socket.settle().await;
        let kinds: Vec<_> = socket
            .seen
            .iter()
            .map(|frame| text(&frame["type"]))
            .collect();
        let known = [
            "connection_established",
            "user_list_update",
            "chat_message",
            "pong",
        ];
        assert!(
            kinds.iter().all(|kind| known.contains(&kind.as_str())),
            "{kinds:?}"
        );
    }
    assert!(
        !eves
            .seen
            .iter()
            .any(|frame| frame["type"] == "chat_message")
    );
}

#[tokio::test]
async fn whoever_comes_or_goes_is_in_the_list_or_out_of_it_on_every_server() {
    let (database, server) = serve().await;
    let second = TestServer::start(&database).await;
    let (ann, mut anns) = enter(&server, "Ann").await;
    let (ben, bens) = enter(&second, "Ben").await;
    listed(&mut anns, &[&ann, &ben], &[]).await;
    // Somebody at the page is there as well.
    let cy = Person::guest(second.address, "Cy").await;
    let page = cy.connect().await;
    listed(&mut anns, &[&ann, &ben, &cy.id.to_string()], &[]).await;
    bens.close().await;
    listed(&mut anns, &[&ann], &[&ben]).await;
    page.close().await;
    listed(&mut anns, &[&ann], &[&ben, &cy.id.to_string()]).await;

    anns.send(json!({"type": "chat_message", "receiver_id": cy.id, "content": "for later"}))
        .await;
    chat_message(&mut anns, "for later").await;
    let direct = cy.get("/api/conversations").await.1["items"].clone();
    assert_eq!(direct[0]["last_message"]["body"], "for later");
    let mut cys = cy.connect().await;
    cys.say(
        direct[0]["id"].as_str().unwrap().parse().unwrap(),
        "from the page",
    )
    .await;
    let heard = chat_message(&mut anns, "from the page").await;
    assert_eq!(
        (&heard["sender_id"], &heard["receiver_id"]),
        (&json!(cy.id), &json!(ann))
    );
}

#[tokio::test]
async fn many_who_come_at_once_are_few_lists() {
    let (_database, server) = serve().await;
    let (_, mut anns) = enter(&server, "Ann").await;
    let began = Instant::now();
    let mut others = Vec::new();
    for number in 0..30 {
        others.push(enter(&server, &format!("Guest-{number}")).await);
    }
    let ids: Vec<_> = others.iter().map(|(id, _)| id.as_str()).collect();
    listed(&mut anns, &ids, &[]).await;
    let lists = anns
        .seen
        .iter()
        .filter(|frame| frame["type"] == "user_list_update")
        .count();
    let seconds = began.elapsed().as_secs() as usize;
    assert!(lists <= seconds + 2, "{lists} lists in {seconds} s");
}

#[tokio::test]
async fn a_change_of_a_message_is_not_told_as_another_one() {
    let (_database, server) = serve().await;
    let (ann, mut anns) = enter(&server, "Ann").await;
    let ben = Person::guest(server.address, "Ben").await;
    let (_, chat) = ben
        .post("/chats/private", json!({"receiver_id": ann}))
        .await;
    let direct = text(&chat["chat_id"]).parse().unwrap();
    let message = ben.say(direct, "once").await;
    chat_message(&mut anns, "once").await;
    let path = format!("/api/messages/{}", text(&message["id"]));
    ben.put(&path, json!({"body": "twice"})).await;
    ben.put(&format!("{path}/reactions/👍"), json!({})).await;
    ben.delete(&path).await;
    ben.say(direct, "another").await;
    chat_message(&mut anns, "another").await;
    let told = anns
        .seen
        .iter()
        .filter(|frame| frame["type"] == "chat_message");
    assert_eq!(told.count(), 2);
}

#[tokio::test]
async fn what_is_wrong_is_said_and_the_connection_lives_on() {
    let (_database, server) = serve().await;
    let (ann, mut anns) = enter(&server, "Ann").await;
    anns.send(json!({"type": "join"})).await;
    assert_eq!(anns.next_of("joined").await["user_id"], json!(ann));
    for (frame, status, begins) in [
        (
            json!({"type": "chat_message", "receiver_id": "x", "content": "x"}),
            422,
            "receiver_id:",
        ),
        (
            json!({"type": "chat_message", "receiver_id": "01a1fc7d-6da2-71df-ba9d-18391997fcdd", "content": "x"}),
            404,
            "receiver_id:",
        ),
        (
            json!({"type": "chat_message", "content": "x"}),
            422,
            "receiver_id:",
        ),
        (
            json!({"type": "chat_message", "receiver_id": ann}),
            422,
            "content:",
        ),
        (
            json!({"type": "chat_message", "receiver_id": ann, "content": ""}),
            422,
            "content:",
        ),
        (json!({"type": "nonsense"}), 400, "type:"),
        (json!({}), 422, "content:"),
    ] {
        anns.send(frame.clone()).await;
        let error = anns.next_of("error").await;
        assert_eq!(error["status"], status, "{frame}: {error}");
        assert!(
            error["detail"].as_str().unwrap().starts_with(begins),
            "{error}"
        );
    }
    anns.send_text("[".to_owned()).await;
    assert_eq!(anns.next_of("error").await["code"], "bad_json");
    anns.send(json!({"type": "chat_message", "receiver_id": ann, "content": "to myself"}))
        .await;
    let own = chat_message(&mut anns, "to myself").await;
    assert_eq!(
        (&own["sender_id"], &own["receiver_id"]),
        (&json!(ann), &json!(ann))
    );
}

#[tokio::test]
async fn only_where_guests_are_allowed_and_by_a_name_that_one_can_have() {
    let (database, server) = serve().await;
    let closed = TestServer::start_with(&database, &[("AUTH", "password")]).await;
    let long = "x".repeat(81);
    let own = format!("http://{}", server.address);
    for (server, name, origin, status, code) in [
        (&closed, "Ann", own.as_str(), 403, "guests_not_allowed"),
        (&server, long.as_str(), &own, 422, "name_too_long"),
        (&server, "%20", &own, 422, "name_required"),
        (&server, "a%00b", &own, 422, "bad_character"),
        (&server, "Ann?token=nonsense", &own, 401, "not_logged_in"),
        (
            &server,
            "Ann",
            "https://evil.example",
            403,
            "origin_not_allowed",
        ),
    ] {
        let headers = [("origin", origin)];
        let response = handshake(server.address, &format!("/ws/{name}"), &headers).await;
        let (got, refused) = problem(response).await;
        assert_eq!((got, &refused["code"]), (status, &json!(code)), "{name}");
        if status == 422 {
            assert!(
                refused["detail"].as_str().unwrap().starts_with("name:"),
                "{refused}"
            );
        }
    }
    let (status, refused) = call(closed.address, "GET", "/users", "", Value::Null).await;
    assert_eq!((status, &refused["code"]), (401, &json!("not_logged_in")));
    let (status, refused) = call(server.address, "GET", "/ws/Ann", "", Value::Null).await;
    assert_eq!(
        (status, &refused["code"]),
        (426, &json!("websocket_required"))
    );
    let client = database.connect().await;
    let made: i64 = value(&client, "select count(*) from chat.users", &[]).await;
    assert_eq!(made, 0, "nobody came of it");
}

#[tokio::test]
async fn a_token_is_the_same_person_again_also_where_guests_are_not_allowed() {
    let (database, server) = serve().await;
    let closed = TestServer::start_with(&database, &[("AUTH", "password")]).await;
    let (ann, anns) = enter(&server, "Ann").await;
    let token = text(&anns.seen[0]["access_token"]);
    anns.close().await;
    for server in [&server, &closed] {
        let path = format!("/ws/Anna?token={token}");
        let mut again = Socket::open(server.address, &path, &[]).await.unwrap();
        let greeting = again.next().await.unwrap();
        let wanted = json!({"type": "connection_established", "user_id": ann, "name": "Ann"});
        assert_eq!(greeting, wanted);
        // What was said before is nobody's news; what is said now goes to the conversation that is there.
        again
            .send(json!({"type": "chat_message", "receiver_id": ann, "content": "again"}))
            .await;
        chat_message(&mut again, "again").await;
        let logout = format!("Bearer {token}");
        if std::ptr::eq(server, &closed) {
            let headers = [("authorization", logout.as_str())];
            let method = reqwest::Method::POST;
            crate::asking::ask(server.address, method, "/auth/logout", &headers, "").await;
            assert_eq!(again.end().await, 4401);
        }
    }
}

#[tokio::test]
async fn an_anonymous_client_that_does_not_read_is_closed_and_slows_nobody() {
    let (_database, server) = serve().await;
    let (ann, mut anns) = enter(&server, "Ann").await;
    let (ben, mut bens) = enter(&server, "Ben").await;
    let (_, mut cys) = enter(&server, "Cy").await;
    let long = "x".repeat(4_000);
    // More than the sockets' buffers, the short queue and the hub's hold together.
    for number in 0..4_000 {
        cys.send(json!({"type": "chat_message", "receiver_id": ann, "content": format!("{number} {}", &long[..3_900])})).await;
        if number % 100 == 0 {
            bens.send(json!({"type": "chat_message", "receiver_id": ben, "content": format!("mine {number}")})).await;
            chat_message(&mut bens, &format!("mine {number}")).await;
            cys.settle().await;
        }
    }
    let code = anns.end().await;
    assert!(code == 4001 || code == 1006, "{code}");
}

#[tokio::test]
async fn a_server_that_stops_says_so_and_waits_for_nobody() {
    let (database, server) = serve().await;
    let second = TestServer::start(&database).await;
    let (_, mut anns) = enter(&server, "Ann").await;
    let (ben, mut bens) = enter(&second, "Ben").await;
    listed(&mut anns, &[&ben], &[]).await;
    let (code, ()) = tokio::join!(anns.end(), server.stop());
    assert_eq!(code, 1001);
    bens.settle().await;
}
