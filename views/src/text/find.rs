//! What stands in a body besides delimiters: addresses, names of people mentioned, shortcodes of emoji.

use std::ops::Range;

use linkify::{LinkFinder, LinkKind};

use super::Mention;

/// Bytes; no shortcode is longer.
const SHORTCODE_BYTES_MAX: usize = 64;

pub(super) struct Find<'a> {
    pub range: Range<usize>,
    pub what: Found<'a>,
}

pub(super) enum Found<'a> {
    /// What its address begins with, where that was not typed.
    Link {
        scheme: &'static str,
    },
    Mention {
        id: &'a str,
    },
    Emoji(&'static str),
}

/// In order, none within another.
pub(super) fn finds<'a>(body: &str, mentions: &'a [Mention<'_>]) -> Vec<Find<'a>> {
    let mut finds = links(body);
    let names = Names::new(mentions);
    let mut link = 0;
    let mut others = Vec::new();
    let mut taken = 0; // Up to where something was found.
    for (at, byte) in body.bytes().enumerate() {
        if !matches!(byte, b'@' | b':') || at < taken {
            continue;
        }
        while finds.get(link).is_some_and(|find| find.range.end <= at) {
            link += 1;
        }
        if finds.get(link).is_some_and(|find| find.range.start <= at) {
            continue;
        }
        if body[..at]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric)
        {
            continue;
        }
        let found = if byte == b'@' {
            names.at(body, at)
        } else {
            shortcode(body, at)
        };
        if let Some(find) = found {
            taken = find.range.end;
            others.push(find);
        }
    }
    if !others.is_empty() {
        finds.append(&mut others);
        finds.sort_by_key(|find| find.range.start);
        finds.dedup_by(|later, earlier| later.range.start < earlier.range.end);
    }
    finds
}

fn links(body: &str) -> Vec<Find<'static>> {
    let has_www = holds_www(body);
    if !has_www && !body.contains('@') && !body.contains("://") {
        return Vec::new();
    }
    let mut finder = LinkFinder::new();
    // Without a scheme many words with a dot would be an address; only those with www. are.
    finder.url_must_have_scheme(!has_www);
    finder
        .links(body)
        .filter_map(|link| {
            let mut address = link.as_str();
            // Marks at its ends are of an emphasis around it, rather than of the address.
            if *link.kind() == LinkKind::Email {
                address = address.trim_start_matches(['*', '_', '~']);
            }
            let start = link.end() - address.len();
            if body[..start].ends_with('_') {
                address = address.trim_end_matches('_');
            }
            let address = address.trim_end_matches(['*', '~']);
            let scheme = match link.kind() {
                LinkKind::Email => "mailto:",
                _ if begins_with(address, "www.") => "https://",
                _ if is_web(address) => "",
                _ => return None,
            };
            is_clear(address).then(|| Find {
                range: start..start + address.len(),
                what: Found::Link { scheme },
            })
        })
        .collect()
}

/// Whether words hold an address, or what looks like one once delimiters and what nobody sees are gone.
pub(super) fn has_link(words: &str) -> bool {
    let seen: String = words
        .chars()
        .filter(|letter| !matches!(letter, '*' | '_' | '~' | '`' | '\\') && !is_hidden(*letter))
        .map(|letter| match letter {
            '。' | '．' | '｡' | '․' => '.',
            other => other,
        })
        .collect();
    let mut finder = LinkFinder::new();
    finder.url_must_have_scheme(false);
    words.chars().any(turns)
        || [words, &seen]
            .iter()
            .any(|words| finder.links(words).next().is_some())
}

/// Whether words may lead there.
pub(super) fn is_target(address: &str) -> bool {
    (is_web(address) || begins_with(address, "mailto:"))
        && is_clear(address)
        && !address.contains(char::is_whitespace)
}

/// Of the web: no other scheme is ever followed.
pub(crate) fn is_web(address: &str) -> bool {
    ["https://", "http://"]
        .into_iter()
        .any(|scheme| begins_with(address, scheme) && address.len() > scheme.len())
}

/// Nothing in it turns the direction of writing or hides: it reads as it leads.
fn is_clear(address: &str) -> bool {
    !address
        .chars()
        .any(|letter| is_hidden(letter) || turns(letter))
}

fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
}

fn turns(letter: char) -> bool {
    matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn begins_with(text: &str, beginning: &str) -> bool {
    text.get(..beginning.len())
        .is_some_and(|begins| begins.eq_ignore_ascii_case(beginning))
}

fn holds_www(body: &str) -> bool {
    body.as_bytes()
        .windows(4)
        .any(|four| four.eq_ignore_ascii_case(b"www."))
}

/// Each name that a person goes by here, the longest first: "Ada Lovelace" before "Ada".
struct Names<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Names<'a> {
    fn new(mentions: &'a [Mention<'_>]) -> Self {
        let mut names: Vec<(&str, &str)> = mentions
            .iter()
            .flat_map(|mention| {
                [Some(&*mention.name), mention.username.as_deref()]
                    .into_iter()
                    .flatten()
                    .map(|name| (name, &*mention.id))
            })
            .filter(|(name, _)| !name.trim().is_empty())
            .collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Self(names)
    }

    fn at(&self, body: &str, at: usize) -> Option<Find<'a>> {
        let after = &body[at + 1..];
        self.0.iter().find_map(|(name, id)| {
            let length = length_of(after, name)?;
            ends_word(&after[length..]).then(|| Find {
                range: at..at + 1 + length,
                what: Found::Mention { id },
            })
        })
    }
}

/// Bytes that a name takes at the beginning of a text, whatever the case of its letters.
fn length_of(text: &str, name: &str) -> Option<usize> {
    let mut wanted = name.chars().flat_map(char::to_lowercase).peekable();
    for (at, letter) in text.char_indices() {
        if wanted.peek().is_none() {
            return Some(at);
        }
        for small in letter.to_lowercase() {
            if wanted.next() != Some(small) {
                return None;
            }
        }
    }
    wanted.peek().is_none().then_some(text.len())
}

fn ends_word(rest: &str) -> bool {
    let mut letters = rest.chars();
    match letters.next() {
        // The end of an emphasis, or a part of a longer name.
        Some('_') => !letters.next().is_some_and(char::is_alphanumeric),
        Some(letter) => !letter.is_alphanumeric(),
        None => true,
    }
}

fn shortcode(body: &str, at: usize) -> Option<Find<'static>> {
    let after = &body.as_bytes()[at + 1..];
    let length = after
        .iter()
        .take(SHORTCODE_BYTES_MAX)
        .position(|byte| !is_of_shortcode(*byte))?;
    let end = at + length + 2;
    if length == 0 || after[length] != b':' || !ends_word(&body[end..]) {
        return None;
    }
    let emoji = emojis::get_by_shortcode(&body[at + 1..end - 1].to_ascii_lowercase())?;
    Some(Find {
        range: at..end,
        what: Found::Emoji(emoji.as_str()),
    })
}

fn is_of_shortcode(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'+' | b'-')
}

/// What may be of a delimiter, an address, a name or a shortcode.
const MARKS: [bool; 256] = {
    let mut marks = [false; 256];
    let bytes = b"*_~`[\\@:wW>-.)";
    let mut at = 0;
    while at < bytes.len() {
        marks[bytes[at] as usize] = true;
        at += 1;
    }
    marks
};

/// Whether a body is shown just as it was typed, as most are: one look at each byte tells.
pub(super) fn is_plain(body: &str) -> bool {
    let bytes = body.as_bytes();
    bytes.iter().enumerate().all(|(at, byte)| {
        !MARKS[usize::from(*byte)]
            || match byte {
                // Of a time it stands after a digit.
                b':' => !bytes.get(at + 1).is_some_and(|next| {
                    let follows_word = at > 0 && bytes[at - 1].is_ascii_alphanumeric();
                    *next == b'/' || (is_of_shortcode(*next) && !follows_word)
                }),
                b'w' | b'W' => !bytes
                    .get(at + 1..at + 4)
                    .is_some_and(|next| next.eq_ignore_ascii_case(b"ww.")),
                b'>' | b'-' => !begins_line(&bytes[..at]),
                b'.' | b')' => !ends_number(bytes, at),
                _ => false,
            }
    })
}

fn begins_line(before: &[u8]) -> bool {
    before
        .iter()
        .rev()
        .find(|byte| **byte != b' ')
        .is_none_or(|byte| *byte == b'\n')
}

/// Whether it ends a number that a line begins with, as of an entry of a list.
fn ends_number(bytes: &[u8], at: usize) -> bool {
    let ends = |next: &u8| matches!(next, b' ' | b'\n' | b'\r' | b'\t');
    let digits = bytes[..at]
        .iter()
        .rev()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    digits > 0 && bytes.get(at + 1).is_none_or(ends) && begins_line(&bytes[..at - digits])
}
