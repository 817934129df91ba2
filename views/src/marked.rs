//! What was looked for, picked out where it was found: compared as the database compares (`chat.fold_text`).

use std::borrow::Cow;

use maud::{Markup, html};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Of a long message so much is shown, in characters as people count them: some three lines.
const SHOWN_MAX: usize = 180;
/// What is found later than this has words cut off before it,
const LEAD_MAX: usize = 60;
/// but for so many, which say what it is about.
const LEAD_KEPT: usize = 30;

/// A character of the text, as people count them, and what it is compared by.
struct Piece<'a> {
    text: &'a str,
    folded: Cow<'a, str>,
    found: bool,
}

/// Words around the first of the terms, each place of any of them marked. Terms are folded (`chat.search_terms`).
pub fn marked(text: &str, terms: &[String]) -> Markup {
    let pieces = compare(text, terms);
    let first = pieces.iter().position(|piece| piece.found).unwrap_or(0);
    let start = if first > LEAD_MAX {
        beginning_of_word(&pieces, first)
    } else {
        0
    };
    let end = pieces.len().min(start + SHOWN_MAX);
    html! {
        @if start > 0 { "…" }
        @for run in pieces[start..end].chunk_by(|one, next| one.found == next.found) {
            @let words = run.iter().map(|piece| piece.text).collect::<String>();
            @if run[0].found { mark { (words) } } @else { (words) }
        }
        @if end < pieces.len() { "…" }
    }
}

/// Whether any of the terms is in the text.
pub fn holds(text: &str, terms: &[String]) -> bool {
    compare(text, terms).iter().any(|piece| piece.found)
}

/// Whether a name has this part, however the two are written.
pub fn is_part_of(part: &str, name: &str) -> bool {
    let folded: String = part.trim().graphemes(true).map(fold).collect();
    folded.is_empty() || holds(name, &[folded])
}

/// Of a space, so that no half of a word stands first; in scripts without spaces, so many characters before.
fn beginning_of_word(pieces: &[Piece<'_>], first: usize) -> usize {
    let start = first - LEAD_KEPT;
    let space = pieces[start..first]
        .iter()
        .position(|piece| piece.folded == " ");
    space.map_or(start, |at| start + at + 1)
}

fn compare<'a>(text: &'a str, terms: &[String]) -> Vec<Piece<'a>> {
    let mut pieces: Vec<Piece<'a>> = text
        .graphemes(true)
        .map(|text| Piece {
            text,
            folded: fold(text),
            found: false,
        })
        .collect();
    // As one text, of which it is known which piece each byte comes from.
    let mut folded = String::with_capacity(text.len());
    let mut places = Vec::with_capacity(text.len());
    for (place, piece) in pieces.iter().enumerate() {
        // Any run of spaces is one.
        if piece.folded == " " && folded.ends_with(' ') {
            continue;
        }
        folded.push_str(&piece.folded);
        places.resize(folded.len(), place);
    }
    for term in terms.iter().filter(|term| !term.is_empty()) {
        for (at, _) in folded.match_indices(term.as_str()) {
            for piece in &mut pieces[places[at]..=places[at + term.len() - 1]] {
                piece.found = true;
            }
        }
    }
    pieces
}

/// As `chat.fold_spaces` does: small letters, no accents, NFKD and then NFC.
fn fold(text: &str) -> Cow<'_, str> {
    // Most of what is written, as it is.
    if let [b'!'..=b'@' | b'['..=b'~' | b' '] = text.as_bytes() {
        return Cow::Borrowed(text);
    }
    let is_space = |letter: char| {
        letter <= ' '
            || matches!(
                letter,
                '\u{7f}' | '\u{a0}' | '\u{2000}'
                    ..='\u{200b}' | '\u{2028}' | '\u{2029}' | '\u{3000}'
            )
    };
    if text.chars().all(is_space) {
        return Cow::Borrowed(" ");
    }
    text.nfkd()
        .filter(|letter| !matches!(letter, '\u{300}'..='\u{36f}' | '\u{fe0e}' | '\u{fe0f}'))
        .flat_map(char::to_lowercase)
        .nfc()
        .collect::<String>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str, terms: &[&str]) -> String {
        let terms: Vec<String> = terms.iter().map(|&term| term.to_owned()).collect();
        marked(text, &terms).into_string()
    }

    #[test]
    fn what_was_looked_for_is_marked_in_whatever_case_script_and_accents() {
        for (text, term, expected) in [
            ("A Banister", "anis", "A B<mark>anis</mark>ter"),
            ("Café CAFE", "cafe", "<mark>Café</mark> <mark>CAFE</mark>"),
            ("Cafe\u{301}s", "cafe", "<mark>Cafe\u{301}</mark>s"),
            ("今日は晴れ", "晴れ", "今日は<mark>晴れ</mark>"),
            ("ﬁne", "fi", "<mark>ﬁ</mark>ne"),
            ("한국어", "국", "한<mark>국</mark>어"),
            (
                "\u{1112}\u{1161}\u{11ab}글",
                "한",
                "<mark>\u{1112}\u{1161}\u{11ab}</mark>글",
            ),
            ("I ❤️ it", "❤", "I <mark>❤️</mark> it"),
            (
                "one \n two three",
                "one two",
                "<mark>one \n two</mark> three",
            ),
            ("İstanbul", "istanbul", "<mark>İstanbul</mark>"),
            ("nothing", "else", "nothing"),
            ("", "a", ""),
        ] {
            assert_eq!(html(text, &[term]), expected, "{term} in {text}");
        }
    }

    #[test]
    fn terms_that_meet_are_one_mark_and_none_mark_nothing() {
        assert_eq!(html("foobar", &["foo", "oba"]), "<mark>fooba</mark>r");
        assert_eq!(html("foobar", &[]), "foobar");
        assert_eq!(html("foobar", &[""]), "foobar");
    }

    #[test]
    fn of_a_long_text_the_words_around_the_first_place_are_shown() {
        let long = format!(
            "{}needle {}",
            "many words ".repeat(300),
            "more ".repeat(300)
        );
        let html = html(&long, &["needle"]);
        assert!(html.starts_with("…words "), "{html}");
        assert!(html.contains("<mark>needle</mark>") && html.ends_with('…'));
        assert!(html.chars().count() < SHOWN_MAX + 20, "{html}");
    }

    #[test]
    fn hostile_words_stay_text() {
        let html = html("<script>alert(1)</script>", &["script", "<"]);
        assert!(!html.contains("<script") && html.contains("<mark>&lt;script</mark>&gt;"));
    }

    proptest::proptest! {
        #[test]
        fn nothing_is_lost_or_made_whatever_is_said_and_looked_for(text in ".{0,150}", terms in proptest::collection::vec(".{0,3}", 0..4)) {
            let terms: Vec<String> = terms.iter().map(|term| fold(term).into_owned()).collect();
            let pieces = compare(&text, &terms);
            let whole: String = pieces.iter().map(|piece| piece.text).collect();
            proptest::prop_assert_eq!(whole, text);
        }
    }
}
