use maud::{Markup, html};

use crate::conversation::{Peer, picture};

/// A conversation or a person that the switcher found.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    pub href: &'a str,
    pub id: &'a str,
    /// direct, group or room; direct for a person, too.
    pub kind: &'a str,
    pub title: &'a str,
    /// An image: the picture of a group or room.
    pub avatar_id: Option<&'a str>,
    pub detail: &'a str,
    pub peer: Option<Peer<'a>>,
}

/// The options of the switcher's list, in the order given.
pub fn found(options: &[Found<'_>]) -> Markup {
    html! {
        div {
          @for (place, option) in options.iter().enumerate() {
            div.switcher__option id={ "found-" (place) } role="option" aria-selected="false" data-href=(option.href) {
                (picture(option.id, option.kind, option.title, option.avatar_id, option.peer))
                span.switcher__title dir="auto" { (option.title) }
                span.switcher__detail dir="auto" { (option.detail) }
            }
        }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_tells_where_it_leads_and_a_hostile_one_stays_text() {
        let hostile = r#""><script>alert(1)</script>"#;
        let html = found(&[Found {
            href: "/c/c1",
            id: hostile,
            kind: "room",
            title: hostile,
            avatar_id: Some(hostile),
            detail: hostile,
            peer: None,
        }])
        .into_string();
        assert!(html.contains(r#"id="found-0" role="option""#) && html.contains("/c/c1"));
        assert!(!html.contains("<script"));
    }
}
