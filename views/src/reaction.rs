//! What others felt about a message: a chip for each emoji, the same for every reader. One's own are picked out by a
//! CSS rule of the page over `data-reactors`.

use maud::{Markup, html};

use crate::phrase::say_count;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reaction {
    pub emoji: String,
    pub count: i64,
    /// Who it is of, or the first of them where they are many.
    pub user_ids: Vec<String>,
}

/// A row of chips; nothing where nobody reacted.
pub(crate) fn reactions(reactions: &[Reaction]) -> Markup {
    let total: i64 = reactions.iter().map(|reaction| reaction.count).sum();
    let total = say_count("{n} reaction", "{n} reactions", total);
    html! {
        @if !reactions.is_empty() {
            div.message__reactions role="group" aria-label=(total.text())
                data-say-label=[total.key()] data-say-n=[total.n()]
            {
                @for reaction in reactions { (chip(reaction)) }
            }
        }
    }
}

fn chip(reaction: &Reaction) -> Markup {
    let people = say_count("{emoji} {n} person", "{emoji} {n} people", reaction.count)
        .with("emoji", &reaction.emoji);
    html! {
        button.reaction
            type="button"
            tabindex="-1"
            data-emoji=(reaction.emoji)
            data-reactors=(reaction.user_ids.join(" "))
            aria-label=(people.text())
            data-say-label=[people.key()]
            data-say-values=[people.values()]
            data-say-n=[people.n()]
        {
            span.reaction__emoji { (reaction.emoji) }
            span.reaction__count { (reaction.count) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chip_says_who_reacted_and_in_words_how_many() {
        let html = reactions(&[
            Reaction {
                emoji: "👍".to_owned(),
                count: 2,
                user_ids: vec!["u1".to_owned(), "u2".to_owned()],
            },
            Reaction {
                emoji: "🎉".to_owned(),
                count: 1,
                user_ids: vec!["u1".to_owned()],
            },
        ])
        .into_string();
        for part in [
            r#"aria-label="3 reactions""#,
            r#"data-emoji="👍" data-reactors="u1 u2" aria-label="👍 2 people""#,
            r#"aria-label="🎉 1 person""#,
            r#"<span class="reaction__count">2</span>"#,
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert_eq!(reactions(&[]).into_string(), "");
    }
}
