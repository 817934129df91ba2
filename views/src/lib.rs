//! The pages and fragments of webchat: functions of plain structs that borrow what they show.
//!
//! - [`page`]: whole documents: the chat itself, an error; [`welcome`]: the way in.
//! - [`conversation`]: the list of conversations, and who is there.
//! - [`pane`]: the conversation that is open, its details beside it.
//! - [`message`]: one message, the same markup in a page, live, and when catching up.
//! - [`media`]: photos, films, sound and files of a message; [`card`]: places, people, and what lies elsewhere;
//!   [`reaction`]: what others felt.
//! - [`text`]: what somebody wrote, with emphasis, lists, links and emoji.
//! - [`call`]: the message that a call leaves, the log of calls, and what rings.
//! - [`person`]: lists of people; [`profile`]: one of them; [`room`]: those of a group or room, and what can be done about them; [`invite`]: what a link
//!   opens.
//! - [`found`]: what the switcher found.
//! - [`pin`]: messages kept at hand; [`info`]: what there is to know of one.
//! - [`search`]: the panel that searches in messages, and what it found; [`marked`]: found words picked out.
//! - [`dialog`]: what opens above the page, [`account`] in its settings; [`attaching`]: what a message is made of besides words.
//! - [`problem`]: what went wrong.
//! - [`document`]: the API to be tried, and what is written about it.
//! - [`language`]: what all of them say, in the reader's language; [`told`]: what the system says in groups and rooms.
//! - [`embed`]: the chat within a page of another site.
//! - [`look`], [`avatar`], [`icon`]: themes and drawings.
//!
//! *Invariant:* nothing here reads a database, a socket or a clock, and nothing here knows a type of
//! the server. Every value is escaped by maud; `PreEscaped` appears for the doctype, in `text`, and for documents of this
//! repository alone.
//! No inline script and no inline style: pages hold under `Content-Security-Policy: default-src 'self'`.

pub mod account;
pub mod attaching;
pub mod avatar;
pub mod call;
pub mod card;
pub mod conversation;
pub mod dialog;
pub mod document;
pub mod embed;
pub mod found;
pub mod icon;
pub mod info;
pub mod invite;
pub mod language;
pub mod look;
pub mod marked;
pub mod media;
pub mod message;
pub mod page;
pub mod pane;
pub mod person;
mod phrase;
pub mod pin;
pub mod problem;
pub mod profile;
pub mod reaction;
pub mod room;
pub mod search;
pub mod text;
pub mod told;
pub mod welcome;

pub use account::{Session, account};
pub use call::{Call, call_tools, calls};
pub use card::{Data, is_card, summary};
pub use conversation::{Conversation, Last, Peer, conversations};
pub use document::{api_page, document_page};
pub use embed::{EmbedPage, Frame, embed_page};
pub use found::{Found, found};
pub use info::{Edit, Felt, Info, Known, Seen, info};
pub use invite::{InvitePage, Leads, Visitor, invite_page};
pub use language::Language;
pub use look::Look;
pub use marked::is_part_of;
pub use maud::Markup;
pub use media::Media;
pub use message::{DELETED, Message, Preview, Reply, message};
pub use page::{ChatPage, Viewer, chat, error_page};
pub use pane::{Pane, no_pane, pane};
pub use person::{Person, people};
pub use phrase::{Phrase, SAID};
pub use pin::pins;
pub use profile::{Common, Profile, profile};
pub use reaction::Reaction;
pub use room::{
    FoundRoom, Invite, Room, RoomForm, Waiting, add_dialog, blocks, hand_over_dialog, link_dialog,
    room, room_dialog, rooms, rooms_dialog, waiting,
};
pub use search::{Hit, found_messages, hits, senders, too_short};
pub use text::Mention;
pub use told::{Told, told_words};
pub use welcome::{Door, Welcome, welcome};
