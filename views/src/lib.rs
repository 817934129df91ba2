//! The pages and fragments of webchat: functions of plain structs that borrow what they show.
//!
//! - [`page`]: whole documents: the welcome page, the chat itself, an error.
//! - [`conversation`]: one entry of the list of conversations, and who is online in it.
//! - [`message`]: one message, the same markup in a page, live, and when catching up.
//!
//! *Invariant:* nothing here reads a database, a socket or a clock, and nothing here knows a type of
//! the server. Every value is escaped by maud; `PreEscaped` appears for the doctype alone.
//! No inline script and no inline style: pages hold under `Content-Security-Policy: default-src 'self'`.

pub mod conversation;
pub mod message;
pub mod page;

pub use conversation::{Conversation, Peer, conversation};
pub use maud::Markup;
pub use message::{DELETED, Message, message};
pub use page::{ChatPage, Open, Viewer, Welcome, chat, error_page, welcome};
