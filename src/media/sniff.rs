//! What a file's first bytes claim it to be, and what they must not hold.

use super::ImageFormat;
use super::audio::AudioFormat;

/// Browsers look at 1,445 bytes at most; archives say what they hold some kilobytes in.
pub const HEAD_BYTES: usize = 8 * 1024;
/// Of what is shown, how much must hold no markup: more than any browser looks at.
const MARKUP_BYTES: usize = 2 * 1024;
/// What HTML, SVG, XML and PDF begin with, and what makes a browser think of them, in lower case.
const MARKUP: [&[u8]; 16] = [
    b"<!doctype",
    b"<html",
    b"<head",
    b"<body",
    b"<script",
    b"<iframe",
    b"<style",
    b"<title",
    b"<table",
    b"<svg",
    b"<?xml",
    b"<!entity",
    b"<xsl:",
    b"<object",
    b"<embed",
    b"%pdf-",
];

/// What is looked into, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Image(ImageFormat),
    /// MP4, QuickTime and their kin.
    Iso,
    Matroska,
    Audio(AudioFormat),
    /// What is never shown, so that it matters little whether it is what it claims to be.
    Other(&'static str),
    Unknown,
}

pub fn format(head: &[u8]) -> Format {
    use Format::{Audio, Image};
    match head {
        [0xff, 0xd8, 0xff, ..] => return Image(ImageFormat::Jpeg),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => {
            return Image(ImageFormat::Png);
        }
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => return Image(ImageFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, kind @ ..] if kind.starts_with(b"WEBP") => {
            return Image(ImageFormat::Webp);
        }
        [b'R', b'I', b'F', b'F', _, _, _, _, kind @ ..] if kind.starts_with(b"WAVE") => {
            return Audio(AudioFormat::Wav);
        }
        [0x1a, 0x45, 0xdf, 0xa3, ..] => return Format::Matroska,
        [b'O', b'g', b'g', b'S', ..] => return Audio(AudioFormat::Ogg),
        [b'f', b'L', b'a', b'C', ..] => return Audio(AudioFormat::Flac),
        [b'I', b'D', b'3', ..] => return Audio(AudioFormat::Mp3),
        // A frame's eleven bits of ones, then its version and layer: layer 0 is AAC's, 3 is MP3's.
        [0xff, 0xf0 | 0xf1 | 0xf8 | 0xf9, ..] => return Audio(AudioFormat::Aac),
        [0xff, second, ..] if second & 0xe6 == 0xe2 => return Audio(AudioFormat::Mp3),
        _ => {}
    }
    let inferred = infer::get(head).map(|found| found.mime_type());
    match head.get(4..8) {
        // Still pictures come in the same boxes.
        Some(b"ftyp") if inferred.is_none_or(|media_type| !media_type.starts_with("image/")) => {
            return Format::Iso;
        }
        // QuickTime before there was `ftyp`.
        Some(b"moov" | b"mdat" | b"wide") => return Format::Iso,
        _ => {}
    }
    match inferred {
        // Scripts and markup, which are text at best.
        Some(media_type) if media_type.starts_with("text/") => Format::Unknown,
        // Never what was not borne out above.
        Some(media_type) if !super::is_safe_inline(media_type) => Format::Other(media_type),
        _ => Format::Unknown,
    }
}

/// Whether a browser that guesses might take it for a document: markup anywhere near its beginning, or text that begins
/// with a tag, after whatever may come before it.
pub fn holds_markup(head: &[u8]) -> bool {
    let head = &head[..head.len().min(MARKUP_BYTES)];
    // In UTF-16 every other byte is a zero.
    let packed: Vec<u8> = head
        .iter()
        .filter(|byte| **byte != 0)
        .map(u8::to_ascii_lowercase)
        .collect();
    let begins = packed
        .iter()
        .position(|byte| byte.is_ascii_graphic())
        .map_or(&[][..], |start| &packed[start..]);
    matches!(begins, [b'<', b'a'..=b'z' | b'!' | b'?' | b'/', ..])
        || MARKUP.iter().any(|tag| {
            packed
                .windows(tag.len())
                .any(|window| window.first() == tag.first() && window == *tag)
        })
}

/// Whether pieces of a file, one after another, are UTF-8 and nothing but text.
#[derive(Default)]
pub struct Text {
    /// The beginning of a character whose rest is in the next piece.
    begun: Vec<u8>,
}

impl Text {
    pub fn goes_on(&mut self, piece: &[u8]) -> bool {
        let joined;
        let bytes = if self.begun.is_empty() {
            piece
        } else {
            joined = [&self.begun, piece].concat();
            &joined
        };
        let is_control = |byte: &u8| {
            matches!(byte, 0..=0x1f | 0x7f) && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c)
        };
        if bytes.iter().any(is_control) {
            return false;
        }
        let valid = match std::str::from_utf8(bytes) {
            Ok(_) => bytes.len(),
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            Err(_) => return false,
        };
        let begun = bytes[valid..].to_vec();
        self.begun = begun;
        true
    }

    pub fn is_complete(&self) -> bool {
        self.begun.is_empty()
    }
}
