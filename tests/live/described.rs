//! /openapi.json is what the server does: its real answers are as it describes them, and it describes all of them.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::asking::{ask, header};
use crate::cast::Cast;
use crate::description::{Description, METHODS};
use crate::media::shown_picture;
use crate::support::tokens::{SECRET, claims, signed};
use crate::support::{Person, TestServer, run};

/// Answers with a body that no test can bring about, or that are no JSON.
const NOT_MADE_HERE: [&str; 11] = [
    "GET /ready 503",
    "POST /auth/guest 303",
    "POST /auth/signup 303",
    "POST /auth/login 303",
    "POST /auth/token 303",
    // Of bytes, and with headers of their own: tests of media have them.
    "GET /api/media/{media} 200",
    "GET /api/media/{media} 206",
    "GET /api/media/{media}/thumbnail 200",
    "PUT /api/media/{media}/bytes 200",
    "GET /api/media/{media}/download 200",
    "GET /api/media/{media}/download 206",
];

/// Asks, and holds every answer to the description.
struct Checked<'a> {
    description: &'a Description,
    seen: BTreeSet<String>,
}

impl Checked<'_> {
    async fn ask(
        &mut self,
        person: &Person,
        method: &str,
        path: &str,
        names: &[(&str, &str)],
        query: &str,
        body: Value,
    ) -> Value {
        let operation = self.description.operation(method, path);
        let mut address = path.to_owned();
        for (name, value) in names {
            address = address.replace(&format!("{{{name}}}"), value);
        }
        assert!(!address.contains('{'), "{address}");
        let bearer = format!("Bearer {}", person.token);
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let response = ask(
            person.address,
            method.parse().unwrap(),
            &(address + query),
            &[("authorization", &bearer)],
            body,
        )
        .await;
        let status = response.status().as_u16();
        let media_type = header(&response, "content-type").to_owned();
        let answer = response.bytes().await.unwrap();
        if let Err(wrong) = self
            .description
            .check(&operation, status, &media_type, &answer)
        {
            panic!("{method} {path}{query}: {status}: {wrong}");
        }
        assert!(
            status < 300,
            "{method} {path}{query}: {status} {}",
            String::from_utf8_lossy(&answer)
        );
        self.seen.insert(format!("{method} {path} {status}"));
        serde_json::from_slice(&answer).unwrap_or_default()
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn every_answer_is_as_it_is_described_down_to_its_last_field() {
    let cast = Cast::with(&[("AUTH", "guest,password,jwt"), ("SECRET_KEY", SECRET)]).await;
    let description = Description::read(cast.server.address).await;
    let mut api = Checked {
        description: &description,
        seen: BTreeSet::new(),
    };
    let (ada, bob) = (&cast.ada, &cast.bob);
    let (bob_id, eve_id) = (bob.id.to_string(), cast.eve.id.to_string());
    for path in [
        "/health",
        "/ready",
        "/metrics",
        "/openapi.json",
        "/embed/check",
    ] {
        api.ask(ada, "GET", path, &[], "", json!(null)).await;
    }
    let guest = api
        .ask(
            ada,
            "POST",
            "/auth/guest",
            &[],
            "",
            json!({"name": "Cleo\u{301} 👩‍🚀"}),
        )
        .await;
    let mut cleo = ada.clone();
    cleo.id = text(&guest["user"]["id"]).parse().unwrap();
    cleo.token = text(&guest["access_token"]).to_owned();
    let proof = json!({"token": signed(&claims("7", "Ina", 600))});
    let ina = api
        .ask(ada, "POST", "/auth/token", &[], "", proof.clone())
        .await;
    let ina = Person::of(cast.server.address, &ina);
    api.ask(&ina, "POST", "/auth/token", &[], "", proof.clone())
        .await;
    let proof = json!({"type": "authenticate", "ref": 1, "token": proof["token"]});
    api.ask(&ina, "POST", "/api/commands", &[], "", proof).await;
    let by_password = json!({"username": "dora", "password": "correct horse", "name": "Dora", "email": "d@example.com"});
    let dora = api
        .ask(ada, "POST", "/auth/signup", &[], "", by_password.clone())
        .await;
    api.ask(ada, "POST", "/auth/login", &[], "", by_password)
        .await;
    let change = json!({"password": "correct horse", "new_password": "battery staple"});
    let dora = Person::of(cast.server.address, &dora);
    api.ask(&dora, "PUT", "/auth/password", &[], "", change)
        .await;
    // People.
    let me: &[(&str, &str)] = &[("user", "me")];
    let user = "/api/users/{user}";
    api.ask(
        ada,
        "PUT",
        user,
        me,
        "",
        json!({"name": "Ada L.", "username": "ada", "about": "Engines", "status_text": "At sea"}),
    )
    .await;
    let _socket = bob.connect().await;
    api.ask(ada, "GET", user, &[("user", &bob_id)], "", json!(null))
        .await;
    api.ask(ada, "GET", "/api/users", &[], "?limit=2", json!(null))
        .await;
    api.ask(ada, "GET", "/api/users", &[], "", json!(null))
        .await;
    api.ask(
        ada,
        "PUT",
        "/api/users/me/presence",
        &[],
        "",
        json!({"status": "away"}),
    )
    .await;
    // Conversations.
    for user_id in [&eve_id, &bob_id, &ada.id.to_string()] {
        let body = json!({"user_id": user_id});
        api.ask(ada, "POST", "/api/conversations/direct", &[], "", body)
            .await;
    }
    for person in [ada, bob] {
        let body = json!({"topic": "order-4711", "title": null});
        api.ask(person, "POST", "/api/conversations/topic", &[], "", body)
            .await;
    }
    let body = json!({"name": "Group", "member_ids": [bob_id]});
    let group = api.ask(ada, "POST", "/api/groups", &[], "", body).await;
    let group = text(&group["id"]).to_owned();
    let in_group: &[(&str, &str)] = &[("conversation", &group)];
    let body = json!({"name": "Room", "description": "For all"});
    let room = api.ask(ada, "POST", "/api/rooms", &[], "", body).await;
    let room = text(&room["id"]).to_owned();
    let in_room: &[(&str, &str)] = &[("conversation", &room)];
    let conversation = "/api/conversations/{conversation}";
    api.ask(
        bob,
        "POST",
        "/api/rooms/{conversation}/join",
        in_room,
        "",
        json!(null),
    )
    .await;
    let body = json!({"name": "Lunch", "description": null, "join_policy": "invite"});
    api.ask(ada, "PUT", conversation, in_room, "", body).await;
    // Members.
    let members = "/api/conversations/{conversation}/members";
    let member = "/api/conversations/{conversation}/members/{user}";
    for _ in 0..2 {
        let body = json!({"user_id": eve_id});
        api.ask(ada, "POST", members, in_group, "", body).await;
    }
    let eve_there = [("conversation", group.as_str()), ("user", eve_id.as_str())];
    api.ask(ada, "PUT", member, &eve_there, "", json!({"role": "admin"}))
        .await;
    api.ask(ada, "DELETE", member, &eve_there, "", json!(null))
        .await;
    api.ask(ada, "GET", members, in_group, "", json!(null))
        .await;
    api.ask(ada, "GET", members, in_group, "?limit=1", json!(null))
        .await;
    let body = json!({"user_ids": [eve_id, bob_id]});
    for _ in 0..2 {
        api.ask(ada, "POST", members, in_group, "", body.clone())
            .await;
    }
    // Links, requests to be let in, and rooms that can be found.
    let invites = "/api/conversations/{conversation}/invites";
    let mut link = json!(null);
    for body in [
        json!({"max_uses": null}),
        json!({"expires_at": "2100-01-31T08:00:00Z", "max_uses": 5}),
    ] {
        link = api.ask(ada, "POST", invites, in_room, "", body).await;
    }
    let listed = api.ask(ada, "GET", invites, in_room, "", json!(null)).await;
    assert_eq!(listed["items"][0], link);
    let by_link = [("invite", text(&link["token"]))];
    for person in [ada, &cleo] {
        let path = "/api/invites/{invite}";
        api.ask(person, "GET", path, &by_link, "", json!(null))
            .await;
    }
    let body = json!({"join_policy": "approval"});
    api.ask(ada, "PUT", conversation, in_room, "", body).await;
    let path = "/api/invites/{invite}/join";
    let asked = api
        .ask(&cleo, "POST", path, &by_link, "", json!(null))
        .await;
    assert_eq!(asked["state"], "pending");
    let rooms = api
        .ask(&cleo, "GET", "/api/rooms", &[], "?query=LUN", json!(null))
        .await;
    assert_eq!(rooms["items"][0]["state"], "pending");
    api.ask(bob, "GET", "/api/rooms", &[], "?limit=1", json!(null))
        .await;
    let waiting = api
        .ask(ada, "GET", members, in_room, "?state=pending", json!(null))
        .await;
    assert_eq!(waiting["items"].as_array().unwrap().len(), 1);
    let cleo_there = [
        ("conversation", room.as_str()),
        ("user", &cleo.id.to_string()),
    ];
    let path = "/api/conversations/{conversation}/members/{user}/deny";
    api.ask(ada, "POST", path, &cleo_there, "", json!(null))
        .await;
    let path = "/api/rooms/{conversation}/join";
    api.ask(&cleo, "POST", path, in_room, "", json!(null)).await;
    let path = "/api/conversations/{conversation}/members/{user}/approve";
    api.ask(ada, "POST", path, &cleo_there, "", json!(null))
        .await;
    let path = "/api/invites/{invite}";
    api.ask(ada, "DELETE", path, &by_link, "", json!(null))
        .await;
    // Whom one does not want to hear from.
    let block = "/api/users/{user}/block";
    let eve_name = [("user", eve_id.as_str())];
    api.ask(ada, "PUT", block, &eve_name, "", json!(null)).await;
    let blocked = api
        .ask(ada, "GET", "/api/blocks", &[], "?limit=1", json!(null))
        .await;
    assert_eq!(blocked["items"][0]["user_id"], eve_id.as_str());
    api.ask(ada, "DELETE", block, &eve_name, "", json!(null))
        .await;
    // Messages of every kind, and everything that is done to them.
    let messages = "/api/conversations/{conversation}/messages";
    let message = "/api/messages/{message}";
    for body in [
        json!({"body": "Hello @ada https://example.org", "client_id": "c1"}),
        json!({"body": "Hello @ada https://example.org", "client_id": "c1"}),
        json!({"kind": "emoji", "body": "🎉"}),
        json!({"kind": "image", "data": {"url": "https://e.org/a.png", "width": 4, "height": 3}}),
        json!({"kind": "voice", "data": {"url": "https://e.org/a.ogg", "duration_ms": 900, "waveform": [0, 50.5, 100]}}),
        json!({"kind": "location", "body": "Here", "data": {"latitude": 1.5, "longitude": -2}}),
        json!({"kind": "contact", "data": {"name": "Ben", "phones": ["1"]}}),
        json!({"kind": "sticker", "data": {"pack": "a", "name": "b"}}),
    ] {
        api.ask(bob, "POST", messages, in_group, "", body).await;
    }
    let first = api
        .ask(ada, "GET", messages, in_group, "?limit=1", json!(null))
        .await;
    let last_id = text(&first["items"][0]["id"]).to_owned();
    let body = json!({"body": "An answer", "reply_to": last_id, "data": {"mentions": [bob_id], "own": {"x": [1]}}});
    let answer = api.ask(ada, "POST", messages, in_group, "", body).await;
    assert_eq!(answer["mentions"][0]["id"], bob_id);
    let id = text(&answer["id"]).to_owned();
    let it: &[(&str, &str)] = &[("message", &id)];
    let edit = json!({"body": "A better answer"});
    api.ask(ada, "PUT", message, it, "", edit).await;
    let thumbs = [("message", id.as_str()), ("emoji", "%F0%9F%91%8D")];
    let reaction = "/api/messages/{message}/reactions/{emoji}";
    for person in [ada, bob] {
        api.ask(person, "PUT", reaction, &thumbs, "", json!(null))
            .await;
    }
    api.ask(bob, "DELETE", reaction, &thumbs, "", json!(null))
        .await;
    api.ask(
        bob,
        "PUT",
        "/api/messages/{message}/pin",
        it,
        "",
        json!(null),
    )
    .await;
    let marks = "/api/conversations/{conversation}/marks";
    let body = json!({"read_seq": 100});
    api.ask(bob, "PUT", marks, in_group, "", body).await;
    for path in [
        "/api/messages/{message}/reactions",
        "/api/messages/{message}/revisions",
        "/api/messages/{message}/receipts",
        message,
    ] {
        let answer = api.ask(bob, "GET", path, it, "", json!(null)).await;
        assert_ne!(answer["items"], json!([]), "{path}");
    }
    let contact = json!({"kind": "contact", "data": {"name": "Grace", "phones": ["+1 202"]}});
    let sends = "/api/conversations/{conversation}/messages";
    let contact = api.ask(ada, "POST", sends, in_group, "", contact).await;
    let of_contact: &[(&str, &str)] = &[("message", text(&contact["id"]))];
    let vcard = "/api/messages/{message}/vcard";
    api.ask(bob, "GET", vcard, of_contact, "", json!(null))
        .await;
    let pins = "/api/conversations/{conversation}/pins";
    let pinned = api.ask(bob, "GET", pins, in_group, "", json!(null)).await;
    assert_eq!(pinned["items"][0]["id"], id.as_str());
    let body = json!({"conversation_ids": [room, cast.direct]});
    let forward = "/api/messages/{message}/forward";
    api.ask(ada, "POST", forward, it, "", body).await;
    api.ask(
        bob,
        "DELETE",
        "/api/messages/{message}/pin",
        it,
        "",
        json!(null),
    )
    .await;
    for query in [
        "",
        "?limit=2",
        "?before=3&limit=1",
        "?after=1&render=html",
        "?around=unread",
        "?around=2&limit=2",
        "?date=2020-01-01",
    ] {
        api.ask(bob, "GET", messages, in_group, query, json!(null))
            .await;
    }
    for query in [
        format!("?q=better&conversation_id={group}"),
        "?kind=location".to_owned(),
        "?q=answer&limit=1&from=2020-01-01&until=9999-12-31T00:00:00Z".to_owned(),
    ] {
        let found = api
            .ask(bob, "GET", "/api/search", &[], &query, json!(null))
            .await;
        assert_ne!(found["items"], json!([]), "{query}");
    }
    let preview = "/api/messages/{message}/preview";
    api.ask(ada, "DELETE", preview, it, "", json!(null)).await;
    let medium = shown_picture(ada, group.parse().unwrap()).await.to_string();
    let avatar = "/api/conversations/{conversation}/avatar";
    for (path, of, picture) in [
        ("/api/users/me/avatar", &[][..], json!(medium)),
        (avatar, in_group, json!(medium)),
        (avatar, in_room, json!(null)),
    ] {
        api.ask(ada, "PUT", path, of, "", json!({"media_id": picture}))
            .await;
    }
    // What bears the picture now.
    for path in [members, messages, conversation] {
        api.ask(ada, "GET", path, in_group, "", json!(null)).await;
    }
    api.ask(ada, "GET", "/api/users", &[], "?online=true", json!(null))
        .await;
    let its: &[(&str, &str)] = &[("media", &medium)];
    api.ask(bob, "GET", "/api/media/{media}/info", its, "", json!(null))
        .await;
    api.ask(
        ada,
        "POST",
        "/api/media",
        &[],
        "?name=a.txt",
        json!("words"),
    )
    .await;
    let body = json!({"name": "cats", "title": "Cats", "stickers": [{"name": "a", "alt": "A cat", "emoji": "🐈", "media_id": medium}]});
    api.ask(ada, "POST", "/api/stickers", &[], "", body).await;
    api.ask(bob, "GET", "/api/stickers", &[], "", json!(null))
        .await;
    let body = json!({"kind": "gif", "media_id": medium, "data": {"alt": "A picture"}});
    api.ask(ada, "POST", messages, in_group, "", body).await;
    let found = api
        .ask(bob, "GET", "/api/gifs", &[], "?q=picture", json!(null))
        .await;
    assert_ne!(found["items"], json!([]));
    let restore = "/api/messages/{message}/restore";
    for query in ["?for=me", "?for=everyone"] {
        api.ask(ada, "DELETE", message, it, query, json!(null))
            .await;
        api.ask(ada, "GET", messages, in_group, "", json!(null))
            .await;
        api.ask(ada, "POST", restore, it, query, json!(null)).await;
    }
    // One's own view of conversations.
    let preferences = "/api/conversations/{conversation}/preferences";
    for until in [
        json!("infinity"),
        json!("2100-01-31T08:00:00Z"),
        json!(null),
    ] {
        let body =
            json!({"pinned": true, "archived": true, "notify": "mentions", "muted_until": until});
        api.ask(bob, "PUT", preferences, in_group, "", body).await;
        api.ask(bob, "GET", conversation, in_group, "", json!(null))
            .await;
    }
    let unread = "/api/conversations/{conversation}/unread";
    api.ask(bob, "POST", unread, in_group, "", json!(null))
        .await;
    for query in ["", "?limit=1"] {
        api.ask(bob, "GET", "/api/conversations", &[], query, json!(null))
            .await;
    }
    let direct = cast.direct.to_string();
    api.ask(
        bob,
        "GET",
        conversation,
        &[("conversation", &direct)],
        "",
        json!(null),
    )
    .await;
    // Calls.
    let request = "/api/conversations/{conversation}/calls";
    let in_direct = [("conversation", direct.as_str())];
    let mut call = json!(null);
    for _ in 0..2 {
        let body = json!({"media": "video", "device": "Ada's"});
        call = api.ask(ada, "POST", request, &in_direct, "", body).await;
    }
    let call = text(&call["id"]).to_owned();
    let act = "/api/calls/{call}/{action}";
    let its: &[(&str, &str)] = &[("call", &call)];
    for (person, action) in [(bob, "response"), (bob, "ignore"), (bob, "answer")] {
        let done = [("call", call.as_str()), ("action", action)];
        let body = json!({"device": "Bob's"});
        api.ask(person, "POST", act, &done, "", body).await;
    }
    let body = json!({"to": bob_id, "data": {"sdp": "v=0"}});
    api.ask(ada, "POST", "/api/calls/{call}/signals", its, "", body)
        .await;
    let hangup = json!({"type": "call", "ref": 1, "action": "hangup", "call_id": call});
    api.ask(ada, "POST", "/api/commands", &[], "", hangup).await;
    let read = api
        .ask(bob, "GET", "/api/calls/{call}", its, "", json!(null))
        .await;
    assert_eq!(read["log"].as_array().unwrap().len(), 5);
    for query in ["?limit=1", &format!("?conversation_id={direct}")] {
        let listed = api
            .ask(bob, "GET", "/api/calls", &[], query, json!(null))
            .await;
        assert_eq!(listed["items"][0]["end_reason"], "completed");
    }
    api.ask(bob, "GET", messages, &in_direct, "", json!(null))
        .await;
    // The other doors.
    let changes = api
        .ask(ada, "GET", "/api/changes", &[], "", json!(null))
        .await;
    for command in [
        json!({"type": "send", "ref": 1, "conversation_id": group, "body": "by command"}),
        json!({"type": "edit", "ref": [1], "message_id": id, "body": "by command"}),
        json!({"type": "forward", "message_id": id, "conversation_ids": [group]}),
        json!({"type": "read", "conversation_id": group, "seq": 1}),
        json!({"type": "ping", "ref": {}}),
    ] {
        api.ask(ada, "POST", "/api/commands", &[], "", command)
            .await;
    }
    let since = format!("?cursor={}", text(&changes["cursor"]));
    for cursor in [&since, "?cursor=nonsense"] {
        api.ask(ada, "GET", "/api/changes", &[], cursor, json!(null))
            .await;
    }
    as_other_chats_do(&mut api, &cast, &medium).await;
    // The end of it.
    api.ask(ada, "DELETE", conversation, in_room, "", json!(null))
        .await;
    let sessions = api
        .ask(&cleo, "GET", "/api/sessions", &[], "", json!(null))
        .await;
    let session = text(&sessions["items"][0]["id"]).to_owned();
    api.ask(&cast.eve, "POST", "/auth/logout", &[], "", json!(null))
        .await;
    let ended = [("session", session.as_str())];
    let path = "/api/sessions/{session}";
    api.ask(&cleo, "DELETE", path, &ended, "", json!(null))
        .await;

    for operation in description.operations() {
        for (status, response) in operation.spec["responses"].as_object().unwrap() {
            let name = format!("{} {status}", operation.name());
            let is_said = response.get("content").is_some();
            let is_refusal = status.as_str() >= "400" && operation.path != "/ready";
            if is_said
                && !is_refusal
                && !operation.is_live()
                && !NOT_MADE_HERE.contains(&name.as_str())
            {
                assert!(api.seen.contains(&name), "{name} was not tried here");
            }
        }
    }
}

/// The addresses of other chats.
async fn as_other_chats_do(api: &mut Checked<'_>, cast: &Cast, medium: &str) {
    let (ada, bob) = (&cast.ada, &cast.bob);
    let (bob_id, none) = (bob.id.to_string(), json!(null));
    for body in [
        json!({"name": "Grace", "username": "grace"}),
        json!({"username": "hal", "password": "correct horse", "email": "h@example.com"}),
    ] {
        api.ask(ada, "POST", "/api/users", &[], "", body).await;
    }
    api.ask(ada, "GET", "/users", &[], "", none.clone()).await;
    let messages = "/api/messages";
    let body = json!({"receiver_id": bob_id, "content": "hi", "client_id": "plain"});
    for _ in 0..2 {
        api.ask(ada, "POST", messages, &[], "", body.clone()).await;
    }
    let body = json!({"name": "Crew", "members": [bob_id]});
    let group = api.ask(ada, "POST", "/api/groups", &[], "", body).await;
    let group = text(&group["id"]).to_owned();
    let body = json!({"group_id": group, "content": "hi"});
    let sent = api.ask(ada, "POST", messages, &[], "", body).await;
    let body = json!({"conversation_id": group, "media_id": medium});
    api.ask(ada, "POST", messages, &[], "", body).await;
    for query in [
        "",
        "?limit=1",
        "?limit=1&offset=1",
        &format!("?group_id={group}"),
    ] {
        let page = api
            .ask(bob, "GET", messages, &[], query, none.clone())
            .await;
        assert_ne!(page["messages"], json!([]), "{query}");
    }
    let both = [("user", "me"), ("other", bob_id.as_str())];
    let path = "/api/messages/conversation/{user}/{other}";
    api.ask(ada, "GET", path, &both, "?limit=1", none.clone())
        .await;
    let it = [("message", text(&sent["id"]))];
    let path = "/api/messages/{message}/read";
    api.ask(bob, "PUT", path, &it, "", none.clone()).await;
    let members = "/api/groups/{conversation}/members";
    let in_group = [("conversation", group.as_str())];
    for _ in 0..2 {
        let body = json!({"user_id": cast.eve.id});
        api.ask(ada, "POST", members, &in_group, "", body).await;
    }
    api.ask(ada, "GET", members, &in_group, "", none.clone())
        .await;
    let upload = "/api/media/upload";
    api.ask(ada, "POST", upload, &[], "?name=a.txt", json!("words"))
        .await;
    let body = json!({"receiver_id": cast.eve.id});
    for person in [ada, bob] {
        for _ in 0..2 {
            let path = "/chats/private";
            api.ask(person, "POST", path, &[], "", body.clone()).await;
        }
    }
    let direct = cast.direct.to_string();
    let in_direct = [("conversation", direct.as_str())];
    let path = "/chats/private/{conversation}/history";
    api.ask(bob, "GET", path, &in_direct, "?limit=2", none.clone())
        .await;
    let body = json!({"name": "Den", "description": "Ours"});
    let room = api.ask(ada, "POST", "/chats/room", &[], "", body).await;
    let room_id = text(&room["room_id"]).to_owned();
    let in_room = [("conversation", room_id.as_str())];
    let (_, secret) = text(&room["invite_link"]).split_once('?').unwrap();
    let path = "/chats/room/{conversation}/invite";
    api.ask(
        bob,
        "GET",
        path,
        &in_room,
        &format!("?{secret}"),
        none.clone(),
    )
    .await;
    for (path, person, body) in [
        ("join", bob, json!({"invite_link": room["invite_link"]})),
        ("invite/deny", ada, json!({"user_id": bob_id})),
        ("join", bob, json!({})),
        ("invite/approve", ada, json!({"user_id": bob_id})),
    ] {
        let path = format!("/chats/room/{{conversation}}/{path}");
        api.ask(person, "POST", &path, &in_room, "", body).await;
    }
    let path = "/chats/room/{conversation}/history";
    api.ask(bob, "GET", path, &in_room, "", none.clone()).await;
    let database = cast.database.connect().await;
    let open = "update chat.conversations set closed_at = null where is_general";
    run(&database, open, &[]).await;
    let ida = Person::guest(cast.server.address, "Ida").await;
    let path = "/chats/general/history";
    api.ask(&ida, "GET", path, &[], "", none).await;
}

#[tokio::test]
async fn every_address_takes_exactly_the_methods_that_are_described() {
    let cast = Cast::assemble().await;
    let description = Description::read(cast.server.address).await;
    let document = &description.document["paths"];
    for (path, item) in document.as_object().unwrap() {
        let address = path
            .replace("{emoji}", "x")
            .replace("{user}", "me")
            .replace("{conversation}", &cast.direct.to_string())
            .replace(['{', '}'], "");
        for method in METHODS {
            let is_described = item.get(method.to_lowercase()).is_some();
            // Without a session: who may not ask is told after it is known what they ask.
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let response = ask(cast.server.address, method.clone(), &address, &[], "").await;
            assert_eq!(response.status() != 405, is_described, "{method} {path}");
            if !is_described {
                let mut allowed: Vec<_> = header(&response, "allow").split(", ").collect();
                let mut described: Vec<_> = item
                    .as_object()
                    .unwrap()
                    .keys()
                    .map(|method| method.to_uppercase())
                    .collect();
                allowed.sort_unstable();
                described.sort_unstable();
                assert_eq!(allowed, described, "{path}");
            }
        }
    }
}

#[tokio::test]
async fn the_documents_are_pages_of_this_server_alone() {
    let cast = Cast::assemble().await;
    let TestServer { address, .. } = cast.server;
    for (path, media_type, holds) in [
        ("/docs", "text/html", "/docs/ui/swagger-ui-bundle.js"),
        ("/docs/wire", "text/html", "<h2 id=\"opening\">"),
        ("/docs/ui/swagger-ui.css", "text/css", ".swagger-ui"),
        (
            "/docs/ui/swagger-ui-bundle.js",
            "text/javascript",
            "SwaggerUIBundle",
        ),
        ("/openapi.json", "application/json", "\"3.1.0\""),
    ] {
        let response = ask(address, Method::GET, path, &[], "").await;
        assert_eq!(response.status(), 200, "{path}");
        assert!(
            header(&response, "content-type").starts_with(media_type),
            "{path}"
        );
        let policy = header(&response, "content-security-policy").to_owned();
        assert_eq!(
            policy.contains("default-src 'none'") && policy.contains("script-src 'self';"),
            media_type == "text/html",
            "{path}: {policy}"
        );
        assert!(response.text().await.unwrap().contains(holds), "{path}");
    }
    for path in [
        "/docs/ui/index.html",
        "/docs/ui/..%2f..%2fCargo.toml",
        "/docs/ui/",
    ] {
        let response = ask(address, Method::GET, path, &[], "").await;
        assert_eq!(response.status(), 404, "{path}");
    }
}
