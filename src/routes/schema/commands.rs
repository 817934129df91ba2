//! What clients ask over a socket, and what they are answered.

use super::*;

/// A frame; /docs/wire says what each does. Each may bear a `ref`.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Command {
    Send {
        conversation_id: Uuid,
        #[schema(schema_with = client_id)]
        client_id: Option<String>,
        #[schema(schema_with = kind)]
        kind: Option<String>,
        #[schema(schema_with = caption)]
        body: Option<String>,
        #[schema(schema_with = data)]
        data: Option<()>,
        #[schema(schema_with = reply_to)]
        reply_to: Option<Uuid>,
        /// A medium that it shows; the same as a list of one.
        media_id: Option<Uuid>,
        /// Media that it shows.
        #[schema(min_items = 1, max_items = 10)]
        media_ids: Option<Vec<Uuid>>,
    },
    Edit {
        message_id: Uuid,
        #[schema(schema_with = body)]
        body: String,
        #[schema(schema_with = data)]
        data: Option<()>,
    },
    Forward {
        message_id: Uuid,
        #[schema(schema_with = conversation_ids)]
        conversation_ids: Vec<Uuid>,
        #[schema(schema_with = client_id)]
        client_id: Option<String>,
    },
    Delete {
        message_id: Uuid,
        #[serde(rename = "for")]
        #[schema(schema_with = whom)]
        whom: Option<String>,
    },
    Pin {
        message_id: Uuid,
    },
    Unpin {
        message_id: Uuid,
    },
    React {
        message_id: Uuid,
        #[schema(schema_with = emoji)]
        emoji: String,
    },
    Unreact {
        message_id: Uuid,
        #[schema(schema_with = emoji)]
        emoji: String,
    },
    Delivered {
        conversation_id: Uuid,
        #[schema(schema_with = seq)]
        seq: i64,
    },
    Read {
        conversation_id: Uuid,
        #[schema(schema_with = seq)]
        seq: i64,
    },
    Unread {
        conversation_id: Uuid,
    },
    Typing {
        conversation_id: Uuid,
        /// True when left out.
        #[schema(required = false)]
        active: bool,
        /// A voice message; false when left out.
        #[schema(required = false)]
        recording: bool,
    },
    Presence {
        #[schema(schema_with = presence)]
        status: String,
    },
    Call {
        #[schema(schema_with = any_call_action)]
        action: String,
        /// Required of request; of others it means the call that runs there.
        conversation_id: Option<Uuid>,
        /// Required of all but request, unless conversation_id is there.
        call_id: Option<Uuid>,
        #[schema(schema_with = new_call_media)]
        media: Option<String>,
        #[schema(schema_with = device)]
        device: Option<String>,
    },
    Signal {
        call_id: Uuid,
        to: Uuid,
        #[schema(schema_with = signal_data)]
        data: (),
    },
    Join {},
    /// Puts off the end of the session by a token of the host's, of the same user.
    Authenticate {
        token: String,
    },
    Ping {},
}

/// `ack` with the message or messages, or bare; `pong`; `joined` with who one is.
#[derive(ToSchema)]
pub struct Answer {
    /// ack, pong or joined.
    r#type: String,
    #[schema(schema_with = reference, required = false)]
    r#ref: (),
    #[schema(required = false)]
    message: Message,
    #[schema(required = false)]
    messages: Vec<Message>,
    #[schema(required = false)]
    call: Call,
    #[schema(required = false)]
    user_id: Uuid,
    /// Of authenticate: when the session ends now.
    #[schema(required = false)]
    expires_at: Time,
}
