//! What `build.rs` made of `static/`, in the binary itself in a release, and the table of emoji. All files share
//! one hash in their address, since modules import each other by relative path: it changes when any of
//! them does.

use std::borrow::Cow;
use std::sync::OnceLock;

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use crate::emoji;

/// The stickers that everybody has; `static/stickers.json` names them.
pub const STICKER_PACK: &str = "webchat";

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/static"]
struct Static;

/// Generated, yet like a file to those who ask for it.
const EMOJI: &str = "emoji.json";

/// `/static/<hash>`, without a slash at its end.
pub fn base() -> &'static str {
    static BASE: OnceLock<String> = OnceLock::new();
    BASE.get_or_init(|| {
        let mut hasher = Sha256::new();
        for name in Static::iter() {
            if let Some(file) = Static::get(&name) {
                hasher.update(name.as_bytes());
                hasher.update(file.metadata.sha256_hash());
            }
        }
        hasher.update(emoji::json());
        let hex: String = hasher.finalize()[..6]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("/static/{hex}")
    })
}

/// A file by its name.
pub fn file(name: &str) -> Option<Cow<'static, [u8]>> {
    if name == EMOJI {
        return Some(Cow::Borrowed(emoji::json().as_bytes()));
    }
    Static::get(name).map(|file| file.data)
}

/// The address of a sticker of the built-in pack; None of one that is not there.
pub fn sticker(name: &str) -> Option<String> {
    let file = format!("sticker-{name}.svg");
    let is_there = Static::iter().any(|name| name == file);
    is_there.then(|| format!("{}/{file}", base()))
}
