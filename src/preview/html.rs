//! What a page says of itself, read from its head: any bytes, in any of the web's encodings.

use std::ops::ControlFlow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use html5gum::{DefaultEmitter, HtmlString, StartTag, Token, Tokenizer};

/// Two lines below a message.
const TITLE_CHARS_MAX: usize = 200;
/// Some four lines.
const DESCRIPTION_CHARS_MAX: usize = 400;
/// A name, not a sentence.
const SITE_NAME_CHARS_MAX: usize = 80;
/// How much of a text is looked at, in characters: what is longer than this before white space is collapsed is no title.
const RAW_CHARS_MAX: usize = 10_000;
/// Where a page's own word on its encoding has to stand, in bytes; as in browsers.
const META_CHARSET_BYTES_MAX: usize = 1_024;

/// A preview's texts, each within its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub title: String,
    pub description: Option<String>,
    pub site_name: Option<String>,
}

/// Reads a page's head; none when it has no title that could be read. `charset` is what the response's header says.
pub fn read_page(bytes: &[u8], charset: Option<&str>) -> Option<Found> {
    let (text, _, _) = encoding(bytes, charset).decode(bytes);
    let head = Head::read(&text);
    let first = |texts: &[&Option<String>], chars_max| {
        texts
            .iter()
            .filter_map(|text| text.as_deref())
            .find_map(|text| tidy(text, chars_max))
    };
    Some(Found {
        title: first(
            &[&head.og_title, &head.twitter_title, &head.title],
            TITLE_CHARS_MAX,
        )?,
        description: first(
            &[
                &head.og_description,
                &head.twitter_description,
                &head.description,
            ],
            DESCRIPTION_CHARS_MAX,
        ),
        site_name: first(&[&head.og_site_name], SITE_NAME_CHARS_MAX),
    })
}

/// The header's word counts before the page's own, as in browsers; without either, what is no UTF-8 is what the
/// web's oldest pages are. (A byte order mark counts before all, which `decode` sees to.)
fn encoding(bytes: &[u8], charset: Option<&str>) -> &'static Encoding {
    let named = |label: &str| Encoding::for_label(label.trim().as_bytes());
    if let Some(encoding) = charset.and_then(named) {
        return encoding;
    }
    let start = &bytes[..bytes.len().min(META_CHARSET_BYTES_MAX)];
    if let Some(encoding) = meta_charset(start).as_deref().and_then(named) {
        // It could be read as ASCII, so it is not what it says.
        return if encoding == UTF_16BE || encoding == UTF_16LE {
            UTF_8
        } else {
            encoding
        };
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => UTF_8,
        // Only its end is missing, where reading stopped.
        Err(error) if error.error_len().is_none() => UTF_8,
        Err(_) => WINDOWS_1252,
    }
}

fn meta_charset(start: &[u8]) -> Option<String> {
    let mut charset = None;
    for_each_token(start, |token| {
        if let Token::StartTag(tag) = token
            && &**tag.name == b"meta"
        {
            charset = attribute(&tag, b"charset").or_else(|| {
                let content = attribute(&tag, b"content")?.to_ascii_lowercase();
                Some(
                    content
                        .split_once("charset=")?
                        .1
                        .trim_matches(['"', '\''])
                        .to_owned(),
                )
            });
        }
        if charset.is_some() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    charset
}

/// The first of each text that a head has, as it stands there.
#[derive(Default)]
struct Head {
    title: Option<String>,
    description: Option<String>,
    og_title: Option<String>,
    og_description: Option<String>,
    og_site_name: Option<String>,
    twitter_title: Option<String>,
    twitter_description: Option<String>,
}

impl Head {
    fn read(html: &str) -> Self {
        let mut head = Self::default();
        let mut is_in_title = false;
        for_each_token(html.as_bytes(), |token| {
            match token {
                Token::StartTag(tag) => match &**tag.name {
                    b"meta" => head.read_meta(&tag),
                    b"title" if head.title.is_none() => {
                        head.title = Some(String::new());
                        is_in_title = true;
                    }
                    // A picture's title is not the page's.
                    b"body" | b"svg" => return ControlFlow::Break(()),
                    _ => {}
                },
                Token::String(text) if is_in_title => {
                    if let Some(title) = &mut head.title {
                        title.push_str(&String::from_utf8_lossy(&text));
                    }
                }
                Token::EndTag(tag) => match &**tag.name {
                    b"title" => is_in_title = false,
                    b"head" => return ControlFlow::Break(()),
                    _ => {}
                },
                _ => {}
            }
            ControlFlow::Continue(())
        });
        head
    }

    fn read_meta(&mut self, tag: &StartTag<()>) {
        let Some(content) = attribute(tag, b"content") else {
            return;
        };
        // Open Graph uses `property`, everybody else `name`, and many pages mix them up.
        for key in [&b"property"[..], b"name"] {
            let Some(name) = attribute(tag, key) else {
                continue;
            };
            let place = match name.trim().to_ascii_lowercase().as_str() {
                "og:title" => &mut self.og_title,
                "og:description" => &mut self.og_description,
                "og:site_name" => &mut self.og_site_name,
                "twitter:title" => &mut self.twitter_title,
                "twitter:description" => &mut self.twitter_description,
                "description" => &mut self.description,
                _ => continue,
            };
            place.get_or_insert(content);
            return;
        }
    }
}

fn for_each_token(html: &[u8], mut take: impl FnMut(Token) -> ControlFlow<()>) {
    let mut emitter = DefaultEmitter::default();
    // What stands in a script or a title is no markup.
    emitter.naively_switch_states(true);
    for Ok(token) in Tokenizer::new_with_emitter(html, emitter) {
        if take(token).is_break() {
            return;
        }
    }
}

fn attribute(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    let value = tag.attributes.get(&HtmlString(name.to_vec()))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// A text in one line without what is invisible or turns its surroundings around, cut to its limit; none when
/// nothing is left, or when it was in another encoding than it said.
fn tidy(text: &str, chars_max: usize) -> Option<String> {
    let mut tidy = String::new();
    let mut count = 0;
    let mut is_space_due = false;
    for char in text.chars().take(RAW_CHARS_MAX) {
        if char.is_whitespace() {
            is_space_due = count > 0;
            continue;
        }
        if char == char::REPLACEMENT_CHARACTER {
            return None;
        }
        if char.is_control() || is_invisible(char) {
            continue;
        }
        // One place is kept for the sign that something is missing.
        if count + usize::from(is_space_due) >= chars_max {
            let kept: String = tidy.chars().take(chars_max - 1).collect();
            return Some(format!("{}…", kept.trim_end()));
        }
        if is_space_due {
            tidy.push(' ');
            count += 1;
            is_space_due = false;
        }
        tidy.push(char);
        count += 1;
    }
    (!tidy.is_empty()).then_some(tidy)
}

/// Marks that have no width, and those that set the direction of what follows them. Joiners stay: letters and emoji
/// are made with them.
fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn title(html: &str) -> Option<String> {
        read_page(html.as_bytes(), None).map(|found| found.title)
    }

    #[test]
    fn open_graph_counts_before_twitter_and_both_before_the_rest() {
        let html = r#"<!doctype html><html><head>
            <title>Plain</title>
            <meta name="description" content="Plain words">
            <meta name="twitter:title" content="Tweeted">
            <meta property="twitter:description" content="Tweeted words">
            <META PROPERTY="og:title" CONTENT="Opened">
            <meta property="og:title" content="A second">
            <meta name="og:site_name" content="Site">
        </head><body><meta property="og:description" content="too late"></body>"#;
        assert_eq!(
            read_page(html.as_bytes(), None),
            Some(Found {
                title: "Opened".to_owned(),
                description: Some("Tweeted words".to_owned()),
                site_name: Some("Site".to_owned()),
            })
        );
    }

    #[test]
    fn a_title_alone_makes_a_preview_and_nothing_else_does() {
        assert_eq!(
            read_page(b"<title>Alone", None),
            Some(Found {
                title: "Alone".to_owned(),
                description: None,
                site_name: None
            })
        );
        for html in [
            "",
            "plain text",
            "<title></title>",
            "<title> \n\u{200b}\u{202e} </title>",
            "<meta property=og:description content=words>",
            "<body><title>late</title>",
            "<script><title>a script's</title></script>",
            "<!-- <title>nobody's</title> -->",
            "<svg><title>a picture's</title></svg>",
            "<meta property=og:title>",
        ] {
            assert_eq!(title(html), None, "{html}");
        }
    }

    #[test]
    fn an_empty_text_gives_way_to_the_next() {
        let html = "<meta property=og:title content=' '><title>Plain</title>";
        assert_eq!(title(html).as_deref(), Some("Plain"));
    }

    #[test]
    fn texts_are_one_line_without_what_is_invisible() {
        for (html, text) in [
            ("<title>\n  a\t b\u{a0}\u{2028}c </title>", "a b c"),
            (
                "<title>Q&amp;A &lt;b&gt; &#x1F600; &eacute;</title>",
                "Q&A <b> 😀 é",
            ),
            ("<title>&amp;lt;script></title>", "&lt;script>"),
            ("<title><b>no markup</b></title>", "<b>no markup</b>"),
            (
                "<title>a\u{202e}b\u{2066}c\u{200f}\u{feff}d&#8238;e&#0;&#x7f;</title>",
                "abcde",
            ),
            ("<title>👩\u{200d}💻</title>", "👩\u{200d}💻"),
        ] {
            // &#0; is read as the sign of what can not be read, which makes the text none.
            let html = html.replace("&#0;", "&#1;");
            assert_eq!(title(&html).as_deref(), Some(text), "{html}");
        }
    }

    #[test]
    fn long_texts_are_cut_to_their_limits() {
        let long = "ä ".repeat(1_000);
        let html = format!(
            "<title>{long}</title><meta name=description content='{long}'><meta property=og:site_name content='{long}'>"
        );
        let found = read_page(html.as_bytes(), None).unwrap();
        for (text, chars_max) in [
            (found.title, TITLE_CHARS_MAX),
            (found.description.unwrap(), DESCRIPTION_CHARS_MAX),
            (found.site_name.unwrap(), SITE_NAME_CHARS_MAX),
        ] {
            let chars = text.chars().count();
            assert!(chars == chars_max || chars == chars_max - 1, "{chars}");
            assert!(text.ends_with("ä…"), "{text}");
        }
        let exact = "x".repeat(TITLE_CHARS_MAX);
        assert_eq!(title(&format!("<title>{exact} </title>")), Some(exact));
    }

    #[test]
    fn a_page_is_read_in_the_encoding_that_it_is_in() {
        let latin = b"<title>caf\xe9</title>";
        let russian = b"<meta charset=windows-1251><title>\xcf\xf0\xe8\xe2\xe5\xf2</title>";
        let old = b"<meta http-equiv=Content-Type content='text/html; charset=Shift_JIS'><title>\x93\xfa\x96\x7b</title>";
        for (bytes, charset, text) in [
            (&latin[..], None, Some("café")),
            (latin, Some("iso-8859-1"), Some("café")),
            (latin, Some(" \"no such thing\""), Some("café")),
            // It says one thing and is another.
            (latin, Some("utf-8"), None),
            (latin, Some("iso-2022-cn"), None),
            ("<title>café</title>".as_bytes(), None, Some("café")),
            (
                "<title>café</title>".as_bytes(),
                Some("UTF-8"),
                Some("café"),
            ),
            (
                "<meta charset=utf-16><title>café</title>".as_bytes(),
                None,
                Some("café"),
            ),
            (&"<title>café</title>é".as_bytes()[..21], None, Some("café")),
            (russian, None, Some("Привет")),
            (russian, Some("koi8-r"), Some("оПХБЕР")),
            (old, None, Some("日本")),
            (
                b"\xff\xfe<\0t\0i\0t\0l\0e\0>\0x\0",
                Some("utf-8"),
                Some("x"),
            ),
        ] {
            let found = read_page(bytes, charset).map(|found| found.title);
            assert_eq!(found.as_deref(), text, "{charset:?} {bytes:?}");
        }
    }

    proptest! {
        /// The database takes no longer texts, and no NUL.
        #[test]
        fn any_bytes_are_read_without_harm(
            pieces in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                prop::sample::select(vec![
                    "<title>", "</title>", "<meta ", "property=og:title ", "content='", "'>", "<script>", "<!--",
                    "</head>", "charset=utf-16 ", "&#0;", "&#x202e;", "&amp", "\u{feff}", "<svg>", "<![CDATA[", "ä",
                ]).prop_map(|piece| piece.as_bytes().to_vec()),
            ], 0..40),
            charset in prop::option::of(prop_oneof![".{0,20}", Just("utf-16le".to_owned()), Just("shift_jis".to_owned())]),
        ) {
            if let Some(found) = read_page(&pieces.concat(), charset.as_deref()) {
                for (text, chars_max) in [
                    (Some(found.title), TITLE_CHARS_MAX),
                    (found.description, DESCRIPTION_CHARS_MAX),
                    (found.site_name, SITE_NAME_CHARS_MAX),
                ] {
                    let Some(text) = text else { continue };
                    prop_assert!((1..=chars_max).contains(&text.chars().count()));
                    prop_assert!(!text.chars().any(|char| char.is_control() || is_invisible(char)));
                    prop_assert_eq!(text.trim(), text.as_str());
                }
            }
        }
    }
}
