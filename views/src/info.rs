//! What there is to know of one message: who read and received it, what they felt, what it said before.

use maud::{Markup, html};

use crate::avatar::avatar;
use crate::conversation::time;
use crate::dialog::head;
use crate::language::{tr, tr_count, tr_markup};

#[derive(Clone, Copy, Debug)]
pub struct Info<'a> {
    pub read: Known<'a>,
    /// Not read yet.
    pub delivered: Known<'a>,
    /// In the order in which the first of each came.
    pub reactions: &'a [Felt<'a>],
    /// Oldest first.
    pub edits: &'a [Edit<'a>],
}

/// People, or how many they are where they are too many to be told apart.
#[derive(Clone, Copy, Debug)]
pub enum Known<'a> {
    People(&'a [Seen<'a>]),
    Count(i64),
}

impl Known<'_> {
    fn count(&self) -> i64 {
        match self {
            Self::People(people) => people.len() as i64,
            Self::Count(count) => *count,
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// An image: their picture.
    pub avatar_id: Option<&'a str>,
    /// ISO 8601 in UTC; None where only that it happened is known.
    pub at: Option<&'a str>,
}

/// Who reacted with an emoji.
#[derive(Clone, Debug)]
pub struct Felt<'a> {
    pub emoji: &'a str,
    pub people: Vec<Seen<'a>>,
}

/// What a message said until it was changed.
#[derive(Clone, Copy, Debug)]
pub struct Edit<'a> {
    pub body: &'a str,
    /// ISO 8601 in UTC.
    pub until: &'a str,
}

/// A dialog of its own: it is fetched when it is asked for, and leaves with its closing.
pub fn info(info: &Info<'_>) -> Markup {
    html! {
        dialog.dialog.info aria-labelledby="info-title" {
            div.dialog__form {
                (head("info-title", tr("Message info")))
                (receipts("read", tr("Read by"), info.read))
                // When all have read it, nobody is left.
                @if info.read.count() == 0 || info.delivered.count() > 0 {
                    (receipts("delivered", tr("Delivered to"), info.delivered))
                }
                @if !info.reactions.is_empty() {
                    section.info__part data-part="reactions" {
                        h3.info__heading { (tr("Reactions")) }
                        @for felt in info.reactions {
                            div.info__felt {
                                span.info__emoji { (felt.emoji) }
                                (list(&felt.people))
                            }
                        }
                    }
                }
                @if !info.edits.is_empty() {
                    section.info__part data-part="edits" {
                        h3.info__heading { (tr("Before it was changed")) }
                        ol.info__edits {
                            @for edit in info.edits {
                                li.info__edit {
                                    p.info__body dir="auto" { (edit.body) }
                                    p.info__until { (tr_markup("until {time}", &[("time", time(edit.until))])) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn receipts(part: &str, title: &str, known: Known<'_>) -> Markup {
    html! {
        section.info__part data-part=(part) {
            h3.info__heading { (title) " " span.info__count { (known.count()) } }
            @match known {
                Known::Count(count) => { p.info__none { (tr_count("{n} person", "{n} people", count)) } }
                Known::People([]) => { p.info__none { (tr("Nobody")) } }
                Known::People(people) => { (list(people)) }
            }
        }
    }
}

fn list(people: &[Seen<'_>]) -> Markup {
    html! {
        ul.info__people {
            @for person in people {
                li.info__person data-user-id=(person.id) {
                    (avatar(person.id, person.name, person.avatar_id))
                    span.info__name dir="auto" { (person.name) }
                    @if let Some(at) = person.at { span.info__time { (time(at)) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Seen<'static> = Seen {
        avatar_id: None,
        id: "u1",
        name: "Ada",
        at: Some("2026-11-21T04:08:33Z"),
    };

    #[test]
    fn it_names_who_read_who_felt_what_and_what_was_said_before() {
        let html = info(&Info {
            read: Known::People(&[ADA]),
            delivered: Known::People(&[]),
            reactions: &[Felt {
                emoji: "👍",
                people: vec![ADA],
            }],
            edits: &[Edit {
                body: "Helo",
                until: "2026-11-21T04:08:33Z",
            }],
        })
        .into_string();
        assert_eq!(html.matches("Ada").count(), 2);
        assert!(html.contains("👍") && html.contains("Helo") && !html.contains("Delivered"));
    }

    #[test]
    fn of_very_many_only_their_number_is_told() {
        let html = info(&Info {
            read: Known::Count(120),
            delivered: Known::Count(1),
            reactions: &[],
            edits: &[],
        })
        .into_string();
        let nobody = info(&Info {
            read: Known::People(&[]),
            delivered: Known::People(&[]),
            reactions: &[],
            edits: &[],
        });
        assert_eq!(nobody.into_string().matches("Nobody").count(), 2);
        assert!(html.contains("120 people") && html.contains("1 person"));
        assert!(!html.contains("Reactions") && !html.contains("Before"));
    }

    #[test]
    fn a_hostile_name_or_body_stays_text() {
        let hostile = r#""><script>alert(1)</script>"#;
        let person = Seen {
            avatar_id: Some(hostile),
            id: hostile,
            name: hostile,
            at: Some(hostile),
        };
        let html = info(&Info {
            read: Known::People(&[person]),
            delivered: Known::People(&[person]),
            reactions: &[Felt {
                emoji: hostile,
                people: vec![person],
            }],
            edits: &[Edit {
                body: hostile,
                until: hostile,
            }],
        });
        assert!(!html.into_string().contains("<script"));
    }
}
