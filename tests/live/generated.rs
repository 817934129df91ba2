//! Whatever is sent, right or wrong: it is answered as the description says, nothing breaks, and nothing is lost.

use std::net::SocketAddr;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use uuid::Uuid;

use crate::asking::{BINARY, TEXT, frame};
use crate::cast::Cast;
use crate::description::{Description, Operation};
use crate::generator::{Generator, Request, Things};
use crate::media::shown_picture;
use crate::support::server::PATIENCE;
use crate::support::{Person, Socket, run};

/// Of each operation with something to get wrong; the others are asked a tenth as often.
const REQUESTS: usize = 200;
/// Of each command, on a socket.
const FRAMES: usize = 150;

/// Of a body, in bytes: what the server has read together with the head. A longer one that is refused unread may end
/// its connection, as HTTP allows.
const READ_WITH_HEAD_BYTES: usize = 6_000;

/// One connection that stays open, and everything on it exactly as it was made: no client mends it.
struct Line {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

struct Answer {
    status: u16,
    media_type: String,
    body: Vec<u8>,
}

impl Line {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            address,
            stream: BufReader::new(stream),
        }
    }

    /// None: it was refused, by closing the connection, before all of a long body was there.
    async fn ask(&mut self, request: &Request, token: Option<&str>) -> Option<Answer> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: {}\r\ncontent-length: {}\r\n",
            request.method,
            request.target,
            self.address,
            request.body.len()
        );
        for (name, value) in &request.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if let Some(token) = token {
            head += &format!("authorization: Bearer {token}\r\n");
        }
        let bytes = [head.as_bytes(), b"\r\n", &request.body].concat();
        let is_long = request.body.len() > READ_WITH_HEAD_BYTES;
        let answer = timeout(PATIENCE, async {
            self.stream.write_all(&bytes).await.ok()?;
            self.read().await
        });
        let answer = answer
            .await
            .unwrap_or_else(|_| panic!("no answer came to {request}"));
        if is_long {
            *self = Self::open(self.address).await;
        }
        assert!(
            answer.is_some() || is_long,
            "the connection was closed upon {request}"
        );
        answer
    }

    async fn read(&mut self) -> Option<Answer> {
        let mut status = 0;
        let mut media_type = String::new();
        let mut length = None;
        loop {
            let mut line = String::new();
            let count = self.stream.read_line(&mut line).await.ok()?;
            if count == 0 {
                return None;
            }
            let line = line.trim_end();
            if line.is_empty() {
                break;
            }
            if let Some(rest) = line.strip_prefix("HTTP/1.1 ") {
                status = rest.split(' ').next()?.parse().ok()?;
            }
            match line.split_once(": ") {
                Some(("content-type", value)) => media_type = value.to_owned(),
                Some(("content-length", value)) => length = Some(value.parse::<usize>().ok()?),
                _ => {}
            }
        }
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body).await.ok()?;
        if length.is_none() {
            // A stream of events: it was begun, which is all that is asked of it here.
            *self = Self::open(self.address).await;
        }
        Some(Answer {
            status,
            media_type,
            body,
        })
    }
}

/// A group of Ada's and Bob's with a message in it, for requests to be about; and with a call of Bob's, if they are about one.
async fn things(cast: &Cast, are_of_calls: bool) -> Things {
    let group = cast.ada.group(&[&cast.bob]).await;
    let message = cast.ada.say(group, "here").await;
    // Those that were begun before count against her.
    let database = cast.database.connect().await;
    let give_up =
        "update chat.media set state = 'abandoned' where state = 'uploading' and size is not null";
    run(&database, give_up, &[]).await;
    let medium = shown_picture(&cast.ada, group).await;
    let mut call = Uuid::new_v4();
    if are_of_calls {
        let path = format!("/api/conversations/{group}/calls");
        let (_, requested) = cast.bob.post(&path, json!({})).await;
        call = requested["id"].as_str().unwrap().parse().unwrap();
    }
    Things {
        conversations: vec![group],
        messages: vec![message["id"].as_str().unwrap().parse().unwrap()],
        calls: vec![call],
        users: vec![cast.ada.id, cast.bob.id],
        media: vec![medium],
    }
}

/// What no generated request gets right: sockets need an upgrade, a session's id is in no request, and an upload goes on
/// where it stands.
fn is_beyond_chance(operation: &Operation) -> bool {
    operation.path.starts_with("/ws")
        || operation.path == "/api/sessions/{session}"
        || operation.path == "/api/media/{media}/bytes"
        || operation.name() == "DELETE /api/media/{media}"
        || operation.name() == "POST /api/stickers"
        // A password that is right.
        || operation.path == "/auth/login"
        // A token that the host signed.
        || operation.path == "/auth/token"
        || operation.path == "/auth/password"
        // Of a message that is a contact.
        || operation.path.ends_with("/vcard")
        // A link that there is, somebody who waits, and a block: tests of joining have them.
        || operation.path.contains("{invite}")
        || operation.path.ends_with("/invite")
        // It is closed here.
        || operation.path == "/chats/general/history"
        // A form.
        || operation.path == "/api/media/upload"
        || operation.path.ends_with("/approve")
        || operation.path.ends_with("/deny")
        || operation.name() == "DELETE /api/users/{user}/block"
}

/// A refusal has a code and says why; of a value that is wrong, which.
fn check_refusal(status: u16, answer: &Value) -> Result<(), String> {
    let (Some(code), Some(detail)) = (answer["code"].as_str(), answer["detail"].as_str()) else {
        return Err(format!("it has no code or detail: {answer}"));
    };
    let named = detail.split(": ").next().unwrap_or_default();
    let names_field = named.len() < detail.len()
        && named.len() < 80
        && (named == "Content-Range"
            || named.starts_with(|first: char| first.is_ascii_lowercase()))
        && !named.contains("invalid type");
    if code.is_empty()
        || detail.is_empty()
        || (status == 422 && !names_field && !detail.contains("field `"))
    {
        return Err(format!("it names no field: {answer}"));
    }
    Ok(())
}

/// Asks everything of one operation, and holds each answer to the description.
async fn try_operation(
    cast: &Cast,
    description: &Description,
    operation: &Operation,
) -> Result<(), String> {
    let mut generator = Generator::new(description, &operation.name());
    let mut things = things(cast, operation.path.contains("{call}")).await;
    if operation.path.starts_with("/api/rooms/")
        || operation.path == "/chats/room/{conversation}/join"
    {
        let (_, room) = cast.bob.post("/api/rooms", json!({"name": "Open"})).await;
        things
            .conversations
            .push(room["id"].as_str().unwrap().parse().unwrap());
    }
    let mut line = Line::open(cast.server.address).await;
    let is_simple = operation.body().is_none()
        && operation
            .parameters("path")
            .chain(operation.parameters("query"))
            .next()
            .is_none();
    let count = if is_simple { REQUESTS / 10 } else { REQUESTS };
    let mut is_done = false;
    for _ in 0..count {
        let is_right = generator.chance(25);
        let request = generator.request(operation, &things, is_right);
        let who = generator.draw(0..10_u32);
        let leaver;
        let person = match who {
            0 => None,
            1..=2 => Some(&cast.eve),
            // Whoever logs out comes back for nothing more.
            _ if operation.path == "/auth/logout" => {
                leaver = Person::guest(cast.server.address, "Leaver").await;
                Some(&leaver)
            }
            _ => Some(&cast.ada),
        };
        let token = person.map(|person| person.token.as_str());
        let Some(answer) = line.ask(&request, token).await else {
            continue;
        };
        let Answer {
            status,
            media_type,
            body,
        } = &answer;
        let said = || String::from_utf8_lossy(body).into_owned();
        if *status >= 500 {
            return Err(format!("{status} {} to {request}", said()));
        }
        if let Err(wrong) = description.check(operation, *status, media_type, body) {
            return Err(format!("{status} {wrong}\nto {request}"));
        }
        if *status >= 400 && media_type.ends_with("json") {
            let answer: Value = serde_json::from_slice(body).unwrap();
            check_refusal(*status, &answer)
                .map_err(|wrong| format!("{status} {wrong}\nto {request}"))?;
        }
        if person.is_none() && !operation.is_open() && *status < 400 {
            return Err(format!("{status} {} to nobody's {request}", said()));
        }
        is_done |= *status < 300;
    }
    if !is_done && !is_beyond_chance(operation) {
        return Err(format!("{}: none of them was right", operation.name()));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_request_is_answered_as_described_and_nothing_is_lost() {
    let cast = Cast::with(&[("AUTH", "guest,password")]).await;
    let description = Description::read(cast.server.address).await;
    let mut bobs = cast.bob.connect().await;
    let operations = description.operations();
    let mut wrong = Vec::new();
    for together in operations.chunks(8) {
        let tries = together
            .iter()
            .map(|operation| try_operation(&cast, &description, operation));
        wrong.extend(join_all(tries).await.into_iter().filter_map(Result::err));
        // Who does not answer the server's pings is let go.
        bobs.settle().await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    still_lives(&cast, &mut bobs).await;
}

/// What a member says comes to the others, on a socket that was open all the time and is not behind.
async fn still_lives(cast: &Cast, bobs: &mut Socket) {
    // Some of the requests have blocked somebody.
    let database = cast.database.connect().await;
    run(&database, "delete from chat.blocks", &[]).await;
    cast.ada.say(cast.direct, "still there").await;
    bobs.message("still there").await;
    assert_eq!(bobs.closed, None);
    assert!(
        cast.bob
            .history(cast.direct)
            .await
            .contains(&"still there".to_owned())
    );
}

fn is_answer(frame: &Value) -> bool {
    ["ack", "error", "joined", "pong"]
        .iter()
        .any(|kind| frame["type"] == *kind)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_frame_is_answered_and_its_connection_lives_on() {
    let cast = Cast::assemble().await;
    let description = Description::read(cast.server.address).await;
    let mut bobs = cast.bob.connect().await;
    let commands = description.commands();
    for together in commands.chunks(4) {
        join_all(
            together
                .iter()
                .map(|schema| try_command(&cast, &description, schema)),
        )
        .await;
    }
    still_lives(&cast, &mut bobs).await;
}

async fn try_command(cast: &Cast, description: &Description, schema: &Value) {
    let kind = schema["properties"]["type"]["enum"][0].as_str().unwrap();
    let mut generator = Generator::new(description, kind);
    let things = things(cast, ["call", "signal"].contains(&kind)).await;
    let mut is_done = false;
    for person in [&cast.ada, &cast.eve] {
        let mut socket = person.connect().await;
        let count = if person.id == cast.ada.id {
            FRAMES
        } else {
            FRAMES / 3
        };
        for number in 0..count {
            let is_right = generator.chance(30);
            let mut with_reference = schema.clone();
            with_reference["properties"]["ref"] = json!({"enum": [number]});
            with_reference["required"]
                .as_array_mut()
                .unwrap()
                .push(json!("ref"));
            let sent = generator.body(&with_reference, &things, is_right);
            let is_text = std::str::from_utf8(&sent).is_ok() && generator.chance(80);
            let opcode = if is_text { TEXT } else { BINARY };
            socket.send_bytes(&frame(opcode, &sent)).await;
            let shown = String::from_utf8_lossy(&sent[..sent.len().min(2_000)]).into_owned();
            let answer = loop {
                let next = socket.next().await;
                let next = next.unwrap_or_else(|| panic!("{:?} upon {shown}", socket.closed));
                if is_answer(&next) {
                    break next;
                }
            };
            // Whoever can be understood is answered by name.
            let read: Value = serde_json::from_slice(&sent).unwrap_or_default();
            if answer.get("ref").is_some() || read["type"].is_string() && read["ref"] == number {
                let is_twice = answer["code"] == "bad_json";
                assert!(is_twice || answer["ref"] == number, "{answer} to {shown}");
            }
            is_done |= answer["type"] != "error";
            if answer["type"] == "error" {
                let status = answer["status"].as_u64().unwrap() as u16;
                assert!((400..500).contains(&status), "{answer} to {shown}");
                if let Err(wrong) = check_refusal(status, &answer) {
                    panic!("{wrong} to {shown}");
                }
            }
        }
        // Nothing was answered twice.
        let reference = Uuid::new_v4().to_string();
        socket.send(json!({"type": "ping", "ref": reference})).await;
        assert_eq!(
            socket.next_where(is_answer).await["ref"],
            reference.as_str()
        );
    }
    // What chance writes is no token of the host's.
    assert!(
        is_done || kind == "authenticate",
        "{kind}: none of them was right"
    );
}
