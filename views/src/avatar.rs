use maud::{Markup, html};

use crate::icon::{Icon, icon};

/// Colours to tell people apart by; app.css has as many.
const TONES: u32 = 8;

/// What stands for a person: their picture, an image of that id, above initials on a colour of their own.
pub fn avatar(id: &str, name: &str, picture: Option<&str>) -> Markup {
    html! { span class={ "avatar" (tone(id)) } aria-hidden="true" { (initials(name)) (shown(picture)) } }
}

/// What stands for a conversation of more than two.
pub fn group_avatar(id: &str, kind: &str, picture: Option<&str>) -> Markup {
    let drawing = if kind == "room" {
        Icon::Room
    } else {
        Icon::People
    };
    html! { span class={ "avatar avatar--group" (tone(id)) } aria-hidden="true" { (icon(drawing)) (shown(picture)) } }
}

/// Where it can not be had, an image without words is not drawn, and what lies below it is seen.
fn shown(picture: Option<&str>) -> Markup {
    html! {
        @if let Some(id) = picture {
            img.avatar__picture src={ "/api/media/" (id) "/thumbnail" } alt="" loading="lazy" decoding="async";
        }
    }
}

/// Class of the colour, from the last digit of the id: random, and the same wherever it is shown.
pub fn tone(id: &str) -> String {
    let digit = id.chars().next_back().and_then(|digit| digit.to_digit(16));
    format!(" tone-{}", digit.unwrap_or(0) % TONES)
}

/// First letters of the first and the last word.
fn initials(name: &str) -> String {
    let mut letters = name
        .split_whitespace()
        .filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    let first = letters.next();
    let last = letters.next_back();
    let both: String = first.into_iter().chain(last).collect();
    if both.is_empty() {
        "?".to_owned()
    } else {
        both.to_uppercase()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_of_the_first_and_the_last_word() {
        for (name, expected) in [
            ("Ada", "A"),
            ("ada king lovelace", "AL"),
            ("👋 Ada", "A"),
            ("李 小龙", "李小"),
            ("<script>", "S"),
            ("…", "?"),
            ("", "?"),
        ] {
            assert_eq!(initials(name), expected, "{name}");
        }
    }

    #[test]
    fn a_picture_lies_above_the_initials_and_has_no_words_of_its_own() {
        let html = avatar("u1", "Ada", Some("m1")).into_string();
        assert!(html.contains(r#">A<img class="avatar__picture" src="/api/media/m1/thumbnail"#));
        assert!(!avatar("u1", "Ada", None).into_string().contains("<img"));
    }

    #[test]
    fn a_tone_is_of_the_id_alone_and_never_of_its_words() {
        assert_eq!(tone("01a1fc7c-0ee9-7d49-849c-b1558f66800a"), " tone-2");
        assert_eq!(tone(r#""><script>"#), " tone-0");
    }
}
