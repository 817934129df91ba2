//! What clients of other chats send: `{"content": "…"}` to the conversation that a socket is held to, or with the person,
//! group or conversation that it is for.

use serde::Deserialize;
use uuid::Uuid;

use super::wire::read;
use super::{Actor, Command, Send};
use crate::problem::Problem;

#[derive(Deserialize)]
struct PlainSend {
    content: String,
    receiver_id: Option<Uuid>,
    group_id: Option<Uuid>,
    conversation_id: Option<Uuid>,
    client_id: Option<String>,
}

/// Whom something is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// In the direct conversation with them, which is made when there is none.
    User(Uuid),
    Conversation(Uuid),
}

impl Addressee {
    /// Exactly one of the three.
    pub fn of(
        receiver_id: Option<Uuid>,
        group_id: Option<Uuid>,
        conversation_id: Option<Uuid>,
    ) -> Result<Self, Problem> {
        match (receiver_id, group_id, conversation_id) {
            (Some(user), None, None) => Ok(Self::User(user)),
            (None, Some(id), None) | (None, None, Some(id)) => Ok(Self::Conversation(id)),
            _ => Err(Problem::unprocessable(
                "bad_field",
                "receiver_id: must be there, or group_id or conversation_id instead.",
            )),
        }
    }
}

/// Types of a frame that says something; some chats' clients name none.
pub fn is_send(kind: Option<&str>) -> bool {
    matches!(kind, None | Some("chat_message" | "message"))
}

pub fn parse(frame: &[u8], actor: Actor) -> Result<Command, Problem> {
    let PlainSend {
        content,
        receiver_id,
        group_id,
        conversation_id,
        client_id,
    } = read(frame)?;
    let addressee = match actor.only {
        // It need not be named, and nothing else can be.
        Some(only) => Addressee::Conversation(conversation_id.or(group_id).unwrap_or(only)),
        None => Addressee::of(receiver_id, group_id, conversation_id)?,
    };
    Ok(send(addressee, content, client_id))
}

/// The command that says something to somebody.
pub fn send(addressee: Addressee, content: String, client_id: Option<String>) -> Command {
    let send = |conversation_id| Send {
        conversation_id,
        client_id,
        kind: None,
        body: Some(content),
        data: None,
        reply_to: None,
        media_id: None,
        media_ids: None,
        is_plain: true,
    };
    match addressee {
        Addressee::Conversation(id) => Command::Send(send(id)),
        Addressee::User(receiver) => Command::SendTo {
            receiver,
            // Of the conversation with them, once it is known.
            send: send(Uuid::nil()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{Manner, parse};

    fn command(frame: &str, only: Option<Uuid>) -> Result<Command, Problem> {
        let actor = Actor {
            user: Uuid::nil(),
            session: Uuid::nil(),
            only,
            manner: Manner::Plain,
        };
        parse(frame.as_bytes(), actor).1
    }

    #[test]
    fn content_alone_is_a_send_where_the_conversation_is_given() {
        for frame in [
            r#"{"content":"hi"}"#,
            r#"{"type":"message","content":"hi"}"#,
            r#"{"type":"chat_message","content":"hi","receiver_id":null}"#,
        ] {
            let Ok(Command::Send(send)) = command(frame, Some(Uuid::max())) else {
                panic!("{frame} is a send");
            };
            assert_eq!(send.conversation_id, Uuid::max());
            assert_eq!(send.body.as_deref(), Some("hi"));
            let problem = command(frame, None).unwrap_err();
            assert!(problem.detail.starts_with("receiver_id:"), "{frame}");
        }
        let named = r#"{"content":"hi","conversation_id":"00000000-0000-0000-0000-000000000000"}"#;
        let Ok(Command::Send(send)) = command(named, Some(Uuid::max())) else {
            panic!("it is a send, which will be refused");
        };
        assert_eq!(send.conversation_id, Uuid::nil());
    }

    #[test]
    fn one_person_or_one_conversation_is_named() {
        let id = "01a1fc7d-6da2-71df-ba9d-18391997fcdd";
        let to_user = format!(r#"{{"content":"hi","receiver_id":"{id}"}}"#);
        assert!(matches!(
            command(&to_user, None),
            Ok(Command::SendTo { .. })
        ));
        let to_both = format!(r#"{{"content":"hi","receiver_id":"{id}","group_id":"{id}"}}"#);
        assert_eq!(command(&to_both, None).unwrap_err().code, "bad_field");
    }
}
