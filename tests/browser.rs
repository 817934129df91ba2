//! The page as people use it, in a real Chromium against a real server.

#![allow(clippy::unwrap_used)]

// Here alone: no other test needs a WebDriver client.
#[path = "support/browser.rs"]
mod browser;
mod support;

#[path = "browser/accessibility.rs"]
mod accessibility;
#[path = "browser/conversations.rs"]
mod conversations;
#[path = "browser/door.rs"]
mod door;
#[path = "browser/emoji.rs"]
mod emoji;
#[path = "browser/keyboard.rs"]
mod keyboard;
#[path = "browser/messages.rs"]
mod messages;
#[path = "browser/reading.rs"]
mod reading;
#[path = "browser/reconnecting.rs"]
mod reconnecting;
#[path = "browser/small_screen.rs"]
mod small_screen;
#[path = "browser/welcome.rs"]
mod welcome;
