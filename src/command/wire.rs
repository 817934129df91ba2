//! Commands as JSON: frames read, and their answers.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Actor, CALL_ACTIONS, Command, Deed, Manner, Reply, Shown, plain};
use crate::postgres::calls::CallAction;
use crate::problem::Problem;
use crate::writer::TypingState;

/// A frame's reference, given back in its answer: whatever JSON the client likes.
#[derive(Debug, Deserialize)]
struct Head {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Edit {
    message_id: Uuid,
    body: String,
    data: Option<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
struct Delete {
    message_id: Uuid,
    #[serde(rename = "for")]
    whom: Option<String>,
}

#[derive(Debug, Deserialize)]
struct OfMessage {
    message_id: Uuid,
}

#[derive(Debug, Deserialize)]
struct React {
    message_id: Uuid,
    emoji: String,
}

#[derive(Debug, Deserialize)]
struct Mark {
    conversation_id: Uuid,
    seq: i64,
}

#[derive(Debug, Deserialize)]
struct Unread {
    conversation_id: Uuid,
}

#[derive(Debug, Deserialize)]
struct Typing {
    conversation_id: Uuid,
    #[serde(default = "yes")]
    active: bool,
    #[serde(default)]
    recording: bool,
}

fn yes() -> bool {
    true
}

#[derive(Debug, Deserialize)]
struct Presence {
    status: String,
}

#[derive(Debug, Deserialize)]
struct Call {
    action: String,
    call_id: Option<Uuid>,
    conversation_id: Option<Uuid>,
    media: Option<String>,
    device: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Authenticate {
    token: Shown,
}

/// Reads a frame. The reference comes back even when the rest can not be read.
pub fn parse(frame: &[u8], actor: Actor) -> (Option<Value>, Result<Command, Problem>) {
    if !is_object(frame) {
        let problem = Problem::bad_request("bad_json", "A frame is one JSON object.");
        return (None, Err(problem));
    }
    let head: Head = match serde_json::from_slice(frame) {
        Ok(head) => head,
        Err(error) => {
            let problem =
                Problem::bad_request("bad_json", format!("A frame is one JSON object: {error}."));
            return (None, Err(problem));
        }
    };
    let command = parse_kind(head.kind.as_deref(), frame, actor);
    (head.reference, command)
}

fn parse_kind(kind: Option<&str>, frame: &[u8], actor: Actor) -> Result<Command, Problem> {
    if actor.manner != Manner::Own && plain::is_send(kind) {
        return plain::parse(frame, actor);
    }
    Ok(match kind {
        Some("send") => Command::Send(read(frame)?),
        Some("edit") => {
            let Edit {
                message_id,
                body,
                data,
            } = read(frame)?;
            change(message_id, Deed::Edit { body, data })
        }
        Some("forward") => Command::Forward(read(frame)?),
        Some("pin") => change(read::<OfMessage>(frame)?.message_id, Deed::Pin),
        Some("unpin") => change(read::<OfMessage>(frame)?.message_id, Deed::Unpin),
        Some("react") => {
            let React { message_id, emoji } = read(frame)?;
            change(message_id, Deed::React { emoji })
        }
        Some("unreact") => {
            let React { message_id, emoji } = read(frame)?;
            change(message_id, Deed::Unreact { emoji })
        }
        Some("delete") => {
            let Delete { message_id, whom } = read(frame)?;
            match read_whom(whom.as_deref())? {
                Whom::Everyone => change(message_id, Deed::Delete),
                Whom::Me => change(message_id, Deed::Hide),
            }
        }
        Some("delivered") => {
            let Mark {
                conversation_id,
                seq,
            } = read(frame)?;
            Command::Delivered {
                conversation_id,
                seq,
            }
        }
        Some("read") => {
            let Mark {
                conversation_id,
                seq,
            } = read(frame)?;
            Command::Read {
                conversation_id,
                seq,
            }
        }
        Some("unread") => {
            let Unread { conversation_id } = read(frame)?;
            Command::Unread { conversation_id }
        }
        Some("typing") => {
            let typing: Typing = read(frame)?;
            let state = match (typing.active, typing.recording) {
                (false, _) => TypingState::Stopped,
                (true, true) => TypingState::Recording,
                (true, false) => TypingState::Active,
            };
            Command::Typing {
                conversation_id: typing.conversation_id,
                state,
            }
        }
        Some("presence") => {
            let Presence { status } = read(frame)?;
            match status.as_str() {
                "online" => Command::Presence { is_away: false },
                "away" => Command::Presence { is_away: true },
                _ => {
                    return Err(Problem::unprocessable(
                        "bad_status",
                        "status: must be online or away.",
                    ));
                }
            }
        }
        Some("call") => Command::Call(read_call(frame)?),
        Some("signal") => Command::Signal(read(frame)?),
        Some("join") => Command::Join,
        Some("authenticate") => Command::Authenticate {
            token: read::<Authenticate>(frame)?.token,
        },
        Some("ping") => Command::Ping,
        Some(other) => {
            let name: String = other.chars().take(40).collect();
            return Err(Problem::bad_request(
                "unknown_type",
                format!("type: there is no command {name:?}."),
            ));
        }
        None => {
            return Err(Problem::bad_request(
                "type_required",
                "type: says what the frame asks.",
            ));
        }
    })
}

/// A request names the conversation; whatever follows the call, or the conversation whose running call is meant.
fn read_call(frame: &[u8]) -> Result<CallAction, Problem> {
    let Call {
        action,
        call_id,
        conversation_id,
        media,
        device,
    } = read(frame)?;
    let (target, field) = if action == "request" {
        (conversation_id, "conversation_id")
    } else if CALL_ACTIONS.contains(&action.as_str()) {
        (call_id.or(conversation_id), "call_id")
    } else {
        return Err(Problem::unprocessable(
            "bad_action",
            format!("action: must be request, {}.", CALL_ACTIONS.join(", ")),
        ));
    };
    let target = target.ok_or_else(|| {
        Problem::unprocessable("bad_field", format!("{field}: is required of {action}."))
    })?;
    Ok(CallAction {
        target,
        action,
        media,
        device,
    })
}

fn change(message_id: Uuid, deed: Deed) -> Command {
    Command::Change { message_id, deed }
}

/// A list of the fields' values would be read as well, and what is no object at all has no field to name.
fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().first() == Some(&b'{')
}

/// Reads a JSON object; an error names the field and what is wrong with it.
pub fn read<'a, T: Deserialize<'a>>(json: &'a [u8]) -> Result<T, Problem> {
    if !is_object(json) {
        return Err(Problem::bad_request(
            "bad_json",
            "The body must be one JSON object.",
        ));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let inner = error.into_inner();
        if inner.is_data() {
            let detail = match path.as_str() {
                "." => match inner.to_string().strip_prefix("missing field `") {
                    Some(rest) => format!(
                        "{}: is required.",
                        rest.split('`').next().unwrap_or_default()
                    ),
                    None => format!("{inner}"),
                },
                field => format!("{field}: {inner}"),
            };
            Problem::unprocessable("bad_field", detail)
        } else {
            Problem::bad_request(
                "bad_json",
                format!("The body must be one JSON object: {inner}."),
            )
        }
    })
}

/// For whom a message is deleted or restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    Everyone,
    Me,
}

/// For everyone when nothing is said.
pub fn read_whom(text: Option<&str>) -> Result<Whom, Problem> {
    match text {
        None | Some("everyone") => Ok(Whom::Everyone),
        Some("me") => Ok(Whom::Me),
        Some(_) => Err(Problem::unprocessable(
            "bad_for",
            "for: must be everyone or me.",
        )),
    }
}

/// The frame that answers a command; none when it asked for no answer.
pub fn answer(reference: Option<&Value>, outcome: &Result<Reply, Problem>) -> Option<Bytes> {
    match outcome {
        Ok(Reply::Message { json, .. }) => {
            // The message is JSON of the database's: it goes into the frame as it is.
            let reference = reference.map_or_else(String::new, |r| format!(",\"ref\":{r}"));
            Some(format!("{{\"type\":\"ack\"{reference},\"message\":{json}}}").into())
        }
        Ok(Reply::Messages(messages)) => {
            let reference = reference.map_or_else(String::new, |r| format!(",\"ref\":{r}"));
            let messages = messages.join(",");
            Some(format!("{{\"type\":\"ack\"{reference},\"messages\":[{messages}]}}").into())
        }
        Ok(Reply::Call { json, .. }) => {
            let reference = reference.map_or_else(String::new, |r| format!(",\"ref\":{r}"));
            Some(format!("{{\"type\":\"ack\"{reference},\"call\":{json}}}").into())
        }
        Ok(Reply::GoesOn { expires_at }) => {
            let reference = reference?;
            let ack = json!({"type": "ack", "ref": reference, "expires_at": expires_at});
            Some(ack.to_string().into())
        }
        Ok(Reply::Done | Reply::Away(_)) => {
            let reference = reference?;
            Some(json!({"type": "ack", "ref": reference}).to_string().into())
        }
        Ok(Reply::Pong) => Some(with_reference(json!({"type": "pong"}), reference)),
        Ok(Reply::Joined(user)) => {
            let joined = json!({"type": "joined", "user_id": user});
            Some(with_reference(joined, reference))
        }
        Err(problem) => Some(problem.to_frame(reference).into()),
    }
}

fn with_reference(mut frame: Value, reference: Option<&Value>) -> Bytes {
    if let Some(reference) = reference {
        frame["ref"] = reference.clone();
    }
    frame.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTOR: Actor = Actor {
        user: Uuid::nil(),
        session: Uuid::nil(),
        only: None,
        manner: Manner::Own,
    };

    fn problem(frame: &str) -> Problem {
        parse(frame.as_bytes(), ACTOR).1.unwrap_err()
    }

    #[test]
    fn a_bad_field_is_named_with_its_rule() {
        let wrong = problem(r#"{"type":"send","conversation_id":"x","body":"hi"}"#);
        assert!(
            wrong.detail.starts_with("conversation_id:"),
            "{}",
            wrong.detail
        );
        let missing =
            problem(r#"{"type":"edit","message_id":"01a1fc55-779f-7c5f-a6ff-cf927f8b92b3"}"#);
        assert_eq!(missing.detail, "body: is required.");
    }

    #[test]
    fn an_unknown_type_is_an_error_with_the_reference_given_back() {
        let (reference, command) = parse(br#"{"type":"dance","ref":7}"#, ACTOR);
        let outcome: Result<Reply, Problem> = Err(command.unwrap_err());
        let frame: Value =
            serde_json::from_slice(&answer(reference.as_ref(), &outcome).unwrap()).unwrap();
        assert_eq!(
            (&frame["ref"], &frame["code"]),
            (&json!(7), &json!("unknown_type"))
        );
    }

    #[test]
    fn content_alone_is_no_command_of_the_chats_own() {
        assert_eq!(problem(r#"{"content":"hi"}"#).code, "type_required");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_parsing_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            drop(parse(&bytes, ACTOR));
        }
    }
}
