//! The page as people use it, in a real Chromium against a real server.

#![allow(clippy::unwrap_used)]

// Here alone: no other test needs a WebDriver client.
#[path = "support/browser.rs"]
mod browser;
mod support;

#[path = "browser/accessibility.rs"]
mod accessibility;
#[path = "browser/account.rs"]
mod account;
#[path = "browser/alerts.rs"]
mod alerts;
#[path = "browser/attaching.rs"]
mod attaching;
#[path = "browser/calls.rs"]
mod calls;
#[path = "browser/conversations.rs"]
mod conversations;
#[path = "browser/dates.rs"]
mod dates;
#[path = "browser/documents.rs"]
mod documents;
#[path = "browser/door.rs"]
mod door;
#[path = "browser/drafts.rs"]
mod drafts;
#[path = "browser/embedding.rs"]
mod embedding;
#[path = "browser/emoji.rs"]
mod emoji;
#[path = "browser/forwarding.rs"]
mod forwarding;
#[path = "browser/history.rs"]
mod history;
#[path = "browser/host.rs"]
mod host;
#[path = "browser/info.rs"]
mod info;
#[path = "browser/keyboard.rs"]
mod keyboard;
#[path = "browser/languages.rs"]
mod languages;
#[path = "browser/long_open.rs"]
mod long_open;
#[path = "browser/looks.rs"]
mod looks;
#[path = "browser/media_view.rs"]
mod media_view;
#[path = "browser/mentions.rs"]
mod mentions;
#[path = "browser/message_menu.rs"]
mod message_menu;
#[path = "browser/messages.rs"]
mod messages;
#[path = "browser/navigation.rs"]
mod navigation;
#[path = "browser/pins.rs"]
mod pins;
#[path = "browser/profiles.rs"]
mod profiles;
#[path = "browser/reactions.rs"]
mod reactions;
#[path = "browser/reading.rs"]
mod reading;
#[path = "browser/reconnecting.rs"]
mod reconnecting;
#[path = "browser/rooms.rs"]
mod rooms;
#[path = "browser/safety.rs"]
mod safety;
#[path = "browser/search.rs"]
mod search;
#[path = "browser/sending.rs"]
mod sending;
#[path = "browser/small_screen.rs"]
mod small_screen;
#[path = "browser/stage.rs"]
mod stage;
#[path = "browser/stickers.rs"]
mod stickers;
#[path = "browser/tabs.rs"]
mod tabs;
#[path = "browser/transport.rs"]
mod transport;
#[path = "browser/voice.rs"]
mod voice;
#[path = "browser/welcome.rs"]
mod welcome;
#[path = "browser/writing.rs"]
mod writing;
