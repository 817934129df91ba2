//! Who is not a member of a conversation can read nothing of it and do nothing in it, by any door;
//! and the same holds for who was one. `swept.rs` tries every address and command that the description has; here are
//! those where one has to know what would be telling.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::asking::handshake;
use crate::cast::Cast;
use crate::support::{Client, Person, value};

/// Everything about a conversation that a stranger could have changed.
pub async fn digest(database: &Client, conversation: Uuid) -> String {
    value(
        database,
        "select md5(concat(
            (select string_agg(c::text, ';') from chat.conversations c where c.id = $1),
            (select string_agg(m::text, ';' order by m.user_id) from chat.members m where m.conversation_id = $1),
            (select string_agg(m::text, ';' order by m.seq) from chat.messages m where m.conversation_id = $1),
            (select string_agg(k::text, ';' order by k.user_id) from chat.marks k where k.conversation_id = $1),
            (select string_agg(r::text, ';' order by r.user_id, r.emoji) from chat.reactions r where r.conversation_id = $1),
            (select string_agg(k::text, ';' order by k.id) from chat.calls k where k.conversation_id = $1),
            (select string_agg(p::text, ';' order by p.call_id, p.user_id) from chat.call_participants p
                join chat.calls k on k.id = p.call_id where k.conversation_id = $1),
            (select count(*) from chat.call_log l join chat.calls k on k.id = l.call_id where k.conversation_id = $1),
            (select count(*) from chat.receipts r where r.conversation_id = $1),
            (select string_agg(i::text, ';' order by i.token) from chat.invites i where i.conversation_id = $1),
            (select count(*) from chat.message_revisions r where r.conversation_id = $1)))",
        &[&conversation],
    )
    .await
}

/// Tries every address and every command about a conversation.
async fn can_do_nothing(
    stranger: &Person,
    conversation: Uuid,
    messages: &[Value],
    member: &Person,
    invite: &str,
) {
    let place = format!("/api/conversations/{conversation}");
    // To which a message could be carried off.
    let own = stranger.group(&[]).await;
    let carried = stranger.say(own, "my own").await;
    let carried = carried["id"].as_str().unwrap();
    let mut requests = vec![
        (
            "POST",
            format!("/api/messages/{carried}/forward"),
            json!({"conversation_ids": [conversation]}),
        ),
        ("GET", format!("{place}/pins"), json!({})),
        ("GET", format!("/parts/c/{conversation}/pins"), json!({})),
        (
            "GET",
            format!("{place}/messages?date=2020-01-01"),
            json!({}),
        ),
        ("GET", format!("{place}/messages?around=unread"), json!({})),
        (
            "PUT",
            format!("{place}/preferences"),
            json!({"pinned": true}),
        ),
        ("POST", format!("{place}/unread"), json!({})),
        ("GET", place.clone(), json!({})),
        ("PUT", place.clone(), json!({"name": "Mine"})),
        ("DELETE", place.clone(), json!({})),
        ("GET", format!("{place}/members"), json!({})),
        (
            "POST",
            format!("{place}/members"),
            json!({"user_id": stranger.id}),
        ),
        (
            "PUT",
            format!("{place}/members/me"),
            json!({"role": "owner"}),
        ),
        (
            "PUT",
            format!("{place}/members/{}", member.id),
            json!({"role": "member"}),
        ),
        (
            "DELETE",
            format!("{place}/members/{}", member.id),
            json!({}),
        ),
        ("DELETE", format!("{place}/members/me"), json!({})),
        ("GET", format!("{place}/messages"), json!({})),
        (
            "GET",
            format!("{place}/messages?around=1&render=html"),
            json!({}),
        ),
        (
            "POST",
            format!("{place}/messages"),
            json!({"body": "let me in"}),
        ),
        ("PUT", format!("{place}/marks"), json!({"read_seq": 1})),
        ("POST", format!("/api/rooms/{conversation}/join"), json!({})),
        ("GET", format!("{place}/members?state=pending"), json!({})),
        (
            "POST",
            format!("{place}/members"),
            json!({"user_ids": [stranger.id]}),
        ),
        (
            "POST",
            format!("{place}/members/{}/approve", stranger.id),
            json!({}),
        ),
        (
            "POST",
            format!("{place}/members/{}/deny", member.id),
            json!({}),
        ),
        ("GET", format!("{place}/invites"), json!({})),
        ("POST", format!("{place}/invites"), json!({})),
        ("DELETE", format!("/api/invites/{invite}"), json!({})),
        ("GET", format!("/parts/c/{conversation}/people"), json!({})),
        (
            "GET",
            format!("/parts/c/{conversation}/dialog/edit"),
            json!({}),
        ),
        (
            "GET",
            format!("/parts/c/{conversation}/dialog/leave"),
            json!({}),
        ),
        ("GET", format!("/c/{conversation}"), json!({})),
    ];
    let mut commands = vec![
        json!({"type": "forward", "message_id": carried, "conversation_ids": [conversation]}),
        json!({"type": "unread", "conversation_id": conversation}),
        json!({"type": "send", "conversation_id": conversation, "body": "let me in"}),
        json!({"type": "delivered", "conversation_id": conversation, "seq": 1}),
        json!({"type": "read", "conversation_id": conversation, "seq": 1}),
        json!({"type": "typing", "conversation_id": conversation}),
    ];
    for message in messages {
        let path = format!("/api/messages/{}", message["id"].as_str().unwrap());
        requests.extend([
            ("GET", path.clone(), json!({})),
            ("PUT", path.clone(), json!({"body": "other words"})),
            // What would change nothing must tell nothing either.
            (
                "PUT",
                path.clone(),
                json!({"body": message["body"].as_str().unwrap_or("x")}),
            ),
            ("DELETE", path.clone(), json!({})),
            ("POST", format!("{path}/restore"), json!({})),
            ("GET", format!("{path}/revisions"), json!({})),
            ("GET", format!("{path}/receipts"), json!({})),
            ("GET", path.replace("/api/messages", "/parts/m"), json!({})),
            ("GET", format!("{path}/reactions"), json!({})),
            ("PUT", format!("{path}/reactions/👍"), json!({})),
            ("DELETE", format!("{path}/reactions/👍"), json!({})),
            ("PUT", format!("{path}/pin"), json!({})),
            ("DELETE", format!("{path}/pin"), json!({})),
            (
                "POST",
                format!("{path}/forward"),
                json!({"conversation_ids": [own]}),
            ),
            ("POST", format!("{path}/restore?for=me"), json!({})),
            ("DELETE", format!("{path}?for=me"), json!({})),
        ]);
        let id = &message["id"];
        commands.extend([
            json!({"type": "edit", "message_id": id, "body": "other words"}),
            json!({"type": "edit", "message_id": id, "body": message["body"].as_str().unwrap_or("x")}),
            json!({"type": "delete", "message_id": id}),
            json!({"type": "delete", "message_id": id, "for": "me"}),
            json!({"type": "react", "message_id": id, "emoji": "👍"}),
            json!({"type": "unreact", "message_id": id, "emoji": "👍"}),
            json!({"type": "pin", "message_id": id}),
            json!({"type": "unpin", "message_id": id}),
            json!({"type": "forward", "message_id": id, "conversation_ids": [own]}),
        ]);
    }
    for (method, path, body) in requests {
        let (status, answer) = stranger
            .ask(method.parse().unwrap(), &path, Some(body))
            .await;
        assert!(
            status == 403 || status == 404 || answer["code"] == "direct_is_fixed",
            "{method} {path}: {status} {answer}"
        );
        assert!(
            !answer.to_string().contains("secret"),
            "{method} {path}: {answer}"
        );
    }
    let mut socket = stranger.connect().await;
    for command in commands {
        let answer = socket.ask(command.clone()).await;
        assert_eq!(
            (&answer["type"], &answer["status"]),
            (&json!("error"), &json!(403)),
            "{command}: {answer}"
        );
        let (status, answer) = stranger.post("/api/commands", command.clone()).await;
        assert_eq!(status, 403, "{command}: {answer}");
        assert!(
            !answer.to_string().contains("secret"),
            "{command}: {answer}"
        );
    }
    for kind in ["private", "room"] {
        let bearer = format!("Bearer {}", stranger.token);
        let path = format!("/ws/{kind}/{conversation}");
        let response = handshake(stranger.address, &path, &[("authorization", &bearer)]).await;
        assert_eq!(response.status(), 403);
    }
    // What is there to find does not mention it.
    for path in ["/api/conversations", "/", "/api/users/me"] {
        let (_, answer) = stranger.get(path).await;
        assert!(
            !answer.to_string().contains(&conversation.to_string()),
            "{path}: {answer}"
        );
    }
    socket.settle().await;
    assert!(!socket.kinds().contains(&"message") && !socket.kinds().contains(&"typing"));
}

#[tokio::test]
async fn a_stranger_and_a_former_member_can_read_and_do_nothing() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob]).await;
    let former = Person::guest(cast.server.address, "Mallory").await;
    let members = format!("/api/conversations/{group}/members");
    cast.ada.post(&members, json!({"user_id": former.id})).await;
    let plain = cast.ada.say(group, "a secret").await;
    let edited = cast.ada.say(group, "a secret too").await;
    let path = format!("/api/messages/{}", edited["id"].as_str().unwrap());
    let (_, edited) = cast.ada.put(&path, json!({"body": "a secret still"})).await;
    let deleted = cast.ada.say(group, "a secret no more").await;
    let path = format!("/api/messages/{}", deleted["id"].as_str().unwrap());
    let (_, deleted) = cast.ada.delete(&path).await;
    // The former member's own words are out of reach as well.
    let own = former.say(group, "a secret of my own").await;
    cast.ada.delete(&format!("{members}/{}", former.id)).await;

    let database = cast.database.connect().await;
    let (_, invite) = cast
        .ada
        .post(&format!("/api/conversations/{group}/invites"), json!({}))
        .await;
    let invite = invite["token"].as_str().unwrap();
    let before = digest(&database, group).await;
    let mut adas = cast.ada.connect().await;
    let mut bobs = cast.bob.connect().await;
    cast.ada.say(cast.direct, "now").await;
    for socket in [&mut adas, &mut bobs] {
        // What was announced before they came may still be on its way to them.
        socket.message("now").await;
        socket.seen.clear();
    }
    let messages = [plain, edited, deleted, own];
    can_do_nothing(&cast.eve, group, &messages, &cast.bob, invite).await;
    can_do_nothing(&former, group, &messages, &cast.bob, invite).await;
    let direct = cast.ada.say(cast.direct, "a secret of two").await;
    can_do_nothing(&cast.eve, cast.direct, &[direct], &cast.bob, invite).await;

    assert_eq!(digest(&database, group).await, before);
    cast.ada.say(cast.direct, "and now").await;
    for socket in [&mut adas, &mut bobs] {
        socket.message("and now").await;
        let frames = socket
            .seen
            .iter()
            .filter(|frame| frame.to_string().contains(&group.to_string()));
        assert_eq!(frames.count(), 0, "{:?}", socket.seen);
    }
}

#[tokio::test]
async fn a_plain_member_can_not_do_what_admins_do() {
    let cast = Cast::assemble().await;
    let group = cast.ada.group(&[&cast.bob, &cast.eve]).await;
    let message = cast.ada.say(group, "mine").await;
    let place = format!("/api/conversations/{group}");
    let path = format!("/api/messages/{}", message["id"].as_str().unwrap());
    let deleted = cast.ada.say(group, "gone").await;
    let gone = format!("/api/messages/{}", deleted["id"].as_str().unwrap());
    cast.ada.delete(&gone).await;
    for (method, path, body) in [
        ("PUT", place.clone(), json!({"name": "Mine"})),
        ("DELETE", place.clone(), json!({})),
        (
            "POST",
            format!("{place}/members"),
            json!({"user_id": Uuid::nil()}),
        ),
        (
            "POST",
            format!("{place}/members"),
            json!({"user_ids": [cast.ada.id]}),
        ),
        ("GET", format!("{place}/members?state=pending"), json!({})),
        (
            "POST",
            format!("{place}/members/{}/approve", cast.eve.id),
            json!({}),
        ),
        ("GET", format!("{place}/invites"), json!({})),
        ("POST", format!("{place}/invites"), json!({})),
        (
            "PUT",
            format!("{place}/members/me"),
            json!({"role": "owner"}),
        ),
        (
            "PUT",
            format!("{place}/members/{}", cast.eve.id),
            json!({"role": "admin"}),
        ),
        (
            "DELETE",
            format!("{place}/members/{}", cast.eve.id),
            json!({}),
        ),
        (
            "DELETE",
            format!("{place}/members/{}", cast.ada.id),
            json!({}),
        ),
        ("PUT", path.clone(), json!({"body": "theirs"})),
        ("DELETE", path.clone(), json!({})),
        ("POST", format!("{gone}/restore"), json!({})),
        (
            "PUT",
            format!("/api/users/{}", cast.ada.id),
            json!({"name": "Not Ada"}),
        ),
    ] {
        let (status, answer) = cast
            .bob
            .ask(method.parse().unwrap(), &path, Some(body))
            .await;
        assert!(
            matches!(status, 403 | 404),
            "{method} {path}: {status} {answer}"
        );
    }
    assert_eq!(cast.eve.get(&path).await.1["body"], "mine");
    assert_eq!(cast.eve.get(&place).await.1["title"], "Group");
}
