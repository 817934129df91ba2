//! Names of files: what is shown, and what a browser is told to save them as.

use std::fmt::Write;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What file systems take, in characters.
const NAME_CHARS_MAX: usize = 255;
/// A longer "extension" is part of a sentence.
const EXTENSION_CHARS_MAX: usize = 16;
/// What a name is called of which nothing is left.
const NAMELESS: &str = "file";
/// What Windows takes for a device, whatever follows the first dot.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];
/// With a digit each, which may be a raised one.
const NUMBERED_DEVICES: [&str; 2] = ["COM", "LPT"];
/// What RFC 8187 lets stand in a parameter (`attr-char`).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// A name under which a file can be shown and saved anywhere: without the way to it, without characters that cannot be
/// seen or that turn the others around, not beginning or ending with dots or spaces, no device of Windows, and never
/// empty. Safe names stay as they are.
pub fn safe_name(name: &str) -> String {
    let name = name.trim_end_matches(['/', '\\']);
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let mut safe = String::with_capacity(last.len());
    for character in last.chars().filter(|character| !is_unseen(*character)) {
        match character {
            // Many spaces would move the end of a name out of sight.
            space if space.is_whitespace() => {
                if !safe.ends_with(' ') {
                    safe.push(' ');
                }
            }
            '<' | '>' | ':' | '"' | '|' | '?' | '*' => safe.push('_'),
            character => safe.push(character),
        }
    }
    let safe = trim(&safe);
    if safe.is_empty() {
        return NAMELESS.to_owned();
    }
    let stem = safe.split('.').next().unwrap_or_default().trim_end();
    if is_device(stem) {
        return shorten(&format!("_{safe}"));
    }
    shorten(safe)
}

fn trim(name: &str) -> &str {
    name.trim_matches(['.', ' '])
}

/// Controls, and marks that set the direction of writing or take no room. What joins emoji, and letters in some
/// scripts, stays.
fn is_unseen(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => false,
        '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}' => true,
        character => character.is_control(),
    }
}

fn is_device(stem: &str) -> bool {
    let stem = stem.to_ascii_uppercase();
    DEVICES.contains(&stem.as_str())
        || NUMBERED_DEVICES.iter().any(|device| {
            stem.strip_prefix(device).is_some_and(|number| {
                let mut characters = number.chars();
                matches!(characters.next(), Some('0'..='9' | '¹' | '²' | '³'))
                    && characters.next().is_none()
            })
        })
}

/// Keeps the extension.
fn shorten(name: &str) -> String {
    let chars = name.chars().count();
    if chars <= NAME_CHARS_MAX {
        return name.to_owned();
    }
    let (stem, extension) = match name.rsplit_once('.') {
        Some((stem, extension)) if extension.chars().count() <= EXTENSION_CHARS_MAX => {
            (stem, Some(extension))
        }
        _ => (name, None),
    };
    let extension = extension.map(|extension| format!(".{extension}"));
    let extension = extension.unwrap_or_default();
    let stem_chars = NAME_CHARS_MAX - extension.chars().count();
    let stem: String = stem.chars().take(stem_chars).collect();
    trim(&format!("{stem}{extension}")).to_owned()
}

/// The header of that name (RFC 6266), for any name: what browsers of today save a file as, and for others what of it
/// is ASCII. `inline` is for what [`is_safe_inline`](super::is_safe_inline) alone.
pub fn content_disposition(name: &str, inline: bool) -> String {
    let name = safe_name(name);
    let mut header = String::from(if inline { "inline" } else { "attachment" });
    let plain: String = name
        .chars()
        .map(|character| match character {
            // A percent sign is decoded by some.
            '"' | '\\' | '%' => '_',
            ' '..='~' => character,
            _ => '_',
        })
        .collect();
    // Writing to a string does not fail.
    write!(header, "; filename=\"{plain}\"").ok();
    if plain != name {
        let encoded = utf8_percent_encode(&name, ENCODED);
        write!(header, "; filename*=UTF-8''{encoded}").ok();
    }
    header
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_is_made_safe() {
        for (name, safe) in [
            ("photo.jpg", "photo.jpg"),
            (
                "Übersicht (2) – final.tar.gz",
                "Übersicht (2) – final.tar.gz",
            ),
            ("../../etc/passwd", "passwd"),
            ("..\\..\\boot.ini", "boot.ini"),
            ("C:\\x", "x"),
            ("C:x", "C_x"),
            ("/", "file"),
            ("a/b/", "b"),
            ("..", "file"),
            ("", "file"),
            (" . . ", "file"),
            (".bashrc", "bashrc"),
            ("trailing. . ", "trailing"),
            ("a\u{202e}gpj.exe", "agpj.exe"),
            ("\u{2066}a\u{2069}\u{200f}.txt\u{feff}", "a.txt"),
            ("a\0b\u{1}\u{7f}\u{9b}.txt", "ab.txt"),
            ("a\r\nSet-Cookie: x", "a Set-Cookie_ x"),
            ("photo.jpg          \u{a0}\u{3000}  .exe", "photo.jpg .exe"),
            ("what?<b>\"*|", "what__b____"),
            ("👩‍👩‍👧 family.png", "👩‍👩‍👧 family.png"),
            ("CON", "_CON"),
            ("con.txt", "_con.txt"),
            ("nul .tar.gz", "_nul .tar.gz"),
            ("COM1", "_COM1"),
            ("lpt³.x", "_lpt³.x"),
            ("COM10", "COM10"),
            ("CONSOLE", "CONSOLE"),
        ] {
            assert_eq!(safe_name(name), safe, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_is_shortened_and_keeps_its_extension() {
        let name = safe_name(&format!("{}.jpeg", "é".repeat(5000)));
        assert_eq!(name.chars().count(), 255);
        assert!(name.ends_with("é.jpeg"), "{name}");
        assert_eq!(safe_name(&"x".repeat(5000)).len(), 255);
        let sentence = format!("{}. {}", "x".repeat(300), "y".repeat(30));
        assert_eq!(safe_name(&sentence), "x".repeat(255));
    }

    #[test]
    fn a_disposition_has_the_name_in_both_forms() {
        assert_eq!(
            content_disposition("photo 1.jpg", true),
            "inline; filename=\"photo 1.jpg\""
        );
        assert_eq!(
            content_disposition("naïve \"100%\".txt", false),
            "attachment; filename=\"na_ve _100__.txt\"; filename*=UTF-8''na%C3%AFve%20_100%25_.txt"
        );
        assert_eq!(
            content_disposition("a\r\nX: y\"; filename=evil.exe", false),
            "attachment; filename=\"a X_ y_; filename=evil.exe\""
        );
        assert_eq!(
            content_disposition("'(*)'", false),
            "attachment; filename=\"'(_)'\""
        );
    }

    proptest! {
        #[test]
        fn whatever_the_name_it_is_safe_and_stays_so(name in "(\\PC|[\\x00-\\x20./\\\\]){0,300}") {
            let safe = safe_name(&name);
            prop_assert!(!safe.is_empty() && safe.chars().count() <= 255);
            prop_assert!(!safe.contains(['/', '\\', '\0', '\n', '"', ':']));
            prop_assert!(!safe.starts_with(['.', ' ']) && !safe.ends_with(['.', ' ']));
            prop_assert_eq!(safe_name(&safe), safe.clone());
            let header = content_disposition(&name, false);
            prop_assert!(header.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        }
    }
}
