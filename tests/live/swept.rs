//! Every operation and every command that has a conversation or a message in it, tried by those who are not, or no
//! longer, its members. The list of them is the description's, so a new route is tried by itself.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::asking::{ask, handshake};
use crate::cast::Cast;
use crate::description::{Description, Operation};
use crate::generator::{Generator, Request, Things};
use crate::media::shown_picture;
use crate::strangers::digest;
use crate::support::Person;

/// Of each operation and command, with each message.
const DRAWS: usize = 2;

/// What is refused so tells nothing that an outsider does not know.
fn tells_nothing(status: u16, answer: &Value) -> bool {
    let is_unspecific = matches!(status, 403 | 404)
        // Of nothing that is there the answer is the same.
        || answer["code"] == "reply_to_not_found"
        || answer["code"] == "bad_before"
        || answer["code"] == "bad_name"
        || answer["code"] == "bad_media"
        || answer["code"] == "bad_avatar"
        || answer["code"] == "direct_is_fixed";
    is_unspecific && !answer.to_string().contains("secret")
}

/// What is the outsider's own mixed with what is not, so that each reference is tried by itself.
fn mixtures(own: &Things, theirs: &Things) -> [Things; 3] {
    [
        theirs.clone(),
        Things {
            messages: own.messages.clone(),
            ..theirs.clone()
        },
        Things {
            conversations: own.conversations.clone(),
            ..theirs.clone()
        },
    ]
}

fn is_about(text: &str, things: &Things) -> bool {
    let text = text.replace("%2D", "-");
    things
        .conversations
        .iter()
        .chain(&things.messages)
        .chain(&things.calls)
        .chain(&things.media)
        .any(|id| text.contains(&id.to_string()))
}

async fn send(person: &Person, request: &Request) -> (u16, Value) {
    let bearer = format!("Bearer {}", person.token);
    let response = ask(
        person.address,
        request.method.parse().unwrap(),
        &request.target,
        &[("authorization", &bearer)],
        request.body.clone(),
    )
    .await;
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

/// Returns how many requests were about what is theirs.
async fn try_operation(
    description: &Description,
    operation: &Operation,
    outsider: &Person,
    own: &Things,
    theirs: &Things,
) -> usize {
    let mut generator = Generator::new(description, &operation.name());
    generator.names_all = true;
    let mut tried = 0;
    for others in mixtures(own, theirs) {
        for (path, body) in [(&others, &others), (&others, own), (own, &others)] {
            for _ in 0..DRAWS {
                let request = generator.request_about(operation, path, body, true);
                let body = String::from_utf8_lossy(&request.body);
                if !is_about(&request.target, theirs) && !is_about(&body, theirs) {
                    continue;
                }
                tried += 1;
                if operation.is_live() {
                    let bearer = format!("Bearer {}", outsider.token);
                    let headers = [("authorization", bearer.as_str())];
                    let response = handshake(outsider.address, &request.target, &headers).await;
                    assert_eq!(response.status(), 403, "{request}");
                    continue;
                }
                let (status, answer) = send(outsider, &request).await;
                assert!(
                    tells_nothing(status, &answer),
                    "{status} {answer} to {request}"
                );
            }
        }
    }
    tried
}

/// By a socket and by `POST /api/commands`.
async fn try_command(
    description: &Description,
    schema: &Value,
    outsider: &Person,
    own: &Things,
    theirs: &Things,
) {
    let kind = schema["properties"]["type"]["enum"][0].as_str().unwrap();
    let mut generator = Generator::new(description, kind);
    generator.names_all = true;
    let mut socket = outsider.connect().await;
    for things in mixtures(own, theirs) {
        for _ in 0..DRAWS {
            let command = generator.right("", schema, &things);
            if !is_about(&command.to_string(), theirs) {
                continue;
            }
            let (status, answer) = outsider.post("/api/commands", command.clone()).await;
            assert!(
                tells_nothing(status, &answer),
                "{status} {answer} to {command}"
            );
            let answer = socket.ask(command.clone()).await;
            let status = answer["status"].as_u64().unwrap_or(200) as u16;
            assert!(tells_nothing(status, &answer), "{answer} to {command}");
        }
    }
}

#[tokio::test]
async fn no_outsider_learns_or_does_anything_by_any_address_or_command_that_is_described() {
    // What rings goes on ringing, so that nothing changes by itself: both stay connected.
    let cast = Cast::with(&[("CALL_RING_SECONDS", "600")]).await;
    let _connected = (cast.ada.connect().await, cast.bob.connect().await);
    let description = Description::read(cast.server.address).await;
    let (ada, eve) = (&cast.ada, &cast.eve);
    let former = Person::guest(cast.server.address, "Mallory").await;
    let group = ada.group(&[&cast.bob, &former]).await;
    let id = |message: &Value| -> Uuid { message["id"].as_str().unwrap().parse().unwrap() };
    let plain = id(&ada.say(group, "a secret").await);
    let deleted = id(&ada.say(group, "a secret no more").await);
    ada.delete(&format!("/api/messages/{deleted}")).await;
    let edited = id(&ada.say(group, "a secret once").await);
    let path = format!("/api/messages/{edited}");
    ada.put(&path, json!({"body": "a secret still"})).await;
    ada.put(&format!("{path}/pin"), json!({})).await;
    ada.put(&format!("{path}/reactions/👍"), json!({})).await;
    let formers = id(&former.say(group, "a secret of my own").await);
    let members = format!("/api/conversations/{group}/members");
    ada.delete(&format!("{members}/{}", former.id)).await;
    let of_two = id(&ada.say(cast.direct, "a secret of two").await);
    let mut calls = Vec::new();
    for place in [group, cast.direct] {
        let path = format!("/api/conversations/{place}/calls");
        calls.push(id(&ada.post(&path, json!({})).await.1));
    }
    let places = [
        (
            group,
            shown_picture(ada, group).await,
            calls[0],
            vec![plain, deleted, edited, formers],
        ),
        (
            cast.direct,
            shown_picture(ada, cast.direct).await,
            calls[1],
            vec![of_two],
        ),
    ];

    let database = cast.database.connect().await;
    let mut before = Vec::new();
    for (conversation, ..) in &places {
        before.push(digest(&database, *conversation).await);
    }
    let mut tried = std::collections::BTreeMap::new();
    for outsider in [eve, &former] {
        let notes = outsider.direct(outsider).await;
        let carried = outsider.say(notes, "my own").await;
        let own = Things {
            conversations: vec![notes],
            messages: vec![id(&carried)],
            calls: vec![Uuid::new_v4()],
            users: vec![ada.id, cast.bob.id, outsider.id],
            media: vec![shown_picture(outsider, notes).await],
        };
        for (conversation, medium, call, messages) in &places {
            for message in messages {
                let theirs = Things {
                    conversations: vec![*conversation],
                    messages: vec![*message],
                    calls: vec![*call],
                    users: own.users.clone(),
                    media: vec![*medium],
                };
                for operation in description.operations() {
                    // Each command by itself, below.
                    if operation.path != "/api/commands" {
                        let count =
                            try_operation(&description, &operation, outsider, &own, &theirs).await;
                        *tried.entry(operation.name()).or_insert(0) += count;
                    }
                }
                for schema in description.commands() {
                    try_command(&description, &schema, outsider, &own, &theirs).await;
                }
            }
        }
    }
    for (name, count) in tried {
        let is_about_some = ["{conversation}", "{message}", "{call}"]
            .iter()
            .any(|part| name.contains(part));
        assert!(count > 0 || !is_about_some, "{name} was not tried");
    }
    for ((conversation, ..), before) in places.iter().zip(before) {
        assert_eq!(digest(&database, *conversation).await, before);
    }
}
