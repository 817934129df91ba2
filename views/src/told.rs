//! What the system says in groups and rooms, from its data: `chat.system_words` has it in English.

use crate::language::key;
use crate::phrase::{Names, Phrase, say, say_count};

/// How many are named where there are more than three; the rest are others.
const NAMED_AMONG_OTHERS: usize = 2;
const NAMED_MAX: usize = 3;

/// The data of a system message. Whatever its event has no use for is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    pub event: String,
    pub actor_id: Option<String>,
    /// None where the host project did it.
    pub actor_name: Option<String>,
    pub user_ids: Vec<String>,
    /// The first of them.
    pub user_names: Vec<String>,
    pub count: i64,
    /// group or room.
    pub kind: Option<String>,
    pub title: Option<String>,
    pub role: Option<String>,
    pub by_link: bool,
}

/// What a system message says: in words of the reader's language where its data says the same as its body, else the body,
/// which the host project may have written or changed.
pub fn told_words(body: Option<&str>, told: Option<&Told>) -> Phrase {
    let body = body.unwrap_or_default();
    let phrase = told.and_then(Told::phrase);
    phrase
        .filter(|phrase| phrase.english() == body)
        .unwrap_or_else(|| Phrase::own(body))
}

impl Told {
    fn phrase(&self) -> Option<Phrase> {
        let title = || self.title.clone().unwrap_or_default();
        let is_room = self.kind.as_deref() == Some("room");
        let is_group = self.kind.as_deref() == Some("group");
        let actor = self.actor_name.as_deref();
        // By somebody, or by nobody in particular.
        let by = |deed: &'static str, done: &'static str| match actor {
            Some(actor) => say(deed).with("actor", actor),
            None => say(done),
        };
        Some(match self.event.as_str() {
            "created" if is_room => by(
                key("{actor} created the room “{title}”"),
                key("The room “{title}” was created"),
            )
            .with("title", title()),
            "created" if is_group => by(
                key("{actor} created the group “{title}”"),
                key("The group “{title}” was created"),
            )
            .with("title", title()),
            "title_changed" => by(
                key("{actor} changed the name to “{title}”"),
                key("The name was changed to “{title}”"),
            )
            .with("title", title()),
            "description_changed" => by(
                key("{actor} changed the description"),
                key("The description was changed"),
            ),
            "picture_changed" => by(
                key("{actor} changed the picture"),
                key("The picture was changed"),
            ),
            "closed" if is_room => by(key("{actor} closed the room"), key("The room was closed")),
            "closed" if is_group => {
                by(key("{actor} closed the group"), key("The group was closed"))
            }
            _ => return self.of_people(),
        })
    }

    /// Verbs go by how many people it is about, in languages where they do.
    fn of_people(&self) -> Option<Phrase> {
        let n = self.count;
        let is_own_deed = self.actor_name.is_none()
            || self.actor_id.is_some() && self.user_ids.as_slice() == self.actor_id.as_slice();
        let phrase = match (self.event.as_str(), self.actor_name.is_some()) {
            ("members_added", false) => say_count("{people} was added", "{people} were added", n),
            ("members_added", true) => {
                say_count("{actor} added {people}", "{actor} added {people}", n)
            }
            ("members_approved", false) => {
                say_count("{people} was let in", "{people} were let in", n)
            }
            ("members_approved", true) => {
                say_count("{actor} let {people} in", "{actor} let {people} in", n)
            }
            ("members_joined", _) if self.by_link => {
                say_count("{people} joined by a link", "{people} joined by a link", n)
            }
            ("members_joined", _) => say_count("{people} joined", "{people} joined", n),
            ("members_left", _) => say_count("{people} left", "{people} left", n),
            ("members_removed", false) => {
                say_count("{people} was removed", "{people} were removed", n)
            }
            ("members_removed", true) => say_count(
                "{people} was removed by {actor}",
                "{people} were removed by {actor}",
                n,
            ),
            ("role_changed", _) => match (self.role.as_deref(), is_own_deed) {
                (Some("owner"), true) => {
                    say_count("{people} is now an owner", "{people} are now owners", n)
                }
                (Some("owner"), false) => say_count(
                    "{actor} made {people} an owner",
                    "{actor} made {people} owners",
                    n,
                ),
                (Some("admin"), true) => {
                    say_count("{people} is now an admin", "{people} are now admins", n)
                }
                (Some("admin"), false) => say_count(
                    "{actor} made {people} an admin",
                    "{actor} made {people} admins",
                    n,
                ),
                (_, true) => say_count("{people} is now a member", "{people} are now members", n),
                (_, false) => say_count(
                    "{actor} made {people} a member",
                    "{actor} made {people} members",
                    n,
                ),
            },
            _ => return None,
        };
        let phrase = match &self.actor_name {
            Some(actor) => phrase.with("actor", actor),
            None => phrase,
        };
        Some(phrase.with_names("people", self.people()))
    }

    fn people(&self) -> Names {
        let count = usize::try_from(self.count).unwrap_or_default();
        let named = if count > NAMED_MAX {
            NAMED_AMONG_OTHERS
        } else {
            count
        };
        let first: Vec<String> = self.user_names.iter().take(named).cloned().collect();
        let others = count.saturating_sub(first.len());
        Names {
            first,
            others: i64::try_from(others).unwrap_or(i64::MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::{Language, within};

    fn joined(names: &[&str], count: i64) -> Told {
        Told {
            event: "members_joined".to_owned(),
            user_names: names.iter().map(|&name| name.to_owned()).collect(),
            count,
            ..Told::default()
        }
    }

    #[test]
    fn it_is_said_in_each_language_and_marked_for_the_others() {
        let told = joined(&["Ada", "{people}"], 2);
        let said = told_words(Some("Ada and {people} joined"), Some(&told));
        assert_eq!(said.text(), "Ada and {people} joined");
        assert_eq!(
            said.key().as_deref(),
            Some("{people} joined|{people} joined")
        );
        assert_eq!(said.n(), Some(2));
        assert_eq!(
            said.values().as_deref(),
            Some(r#"{"people":"Ada, {people}"}"#)
        );
        let parts = said.parts().unwrap();
        assert!(parts.contains(r#""say":"{first} and {second}""#), "{parts}");
        within(Language::German, || {
            let text = said.text();
            assert!(
                text.contains("Ada und {people}") && !text.contains("joined"),
                "{text}"
            );
        });
    }

    #[test]
    fn of_many_two_are_named_and_the_rest_are_counted() {
        let told = joined(&["Ada", "Bob", "Cid", "Dora"], 30);
        let body = "Ada, Bob and 28 others joined";
        let said = told_words(Some(body), Some(&told));
        assert_eq!(said.text(), body);
        assert!(said.values().unwrap().contains("Ada, Bob, +28"));
        assert!(said.parts().unwrap().contains(r#""n":28"#));
    }

    #[test]
    fn what_the_data_does_not_say_is_read_as_it_was_written() {
        let told = joined(&["Ada"], 1);
        for (body, told) in [
            ("Ada came", Some(&told)),
            ("Order shipped", None),
            (
                "",
                Some(&Told {
                    event: "shipped".to_owned(),
                    ..Told::default()
                }),
            ),
        ] {
            let said = told_words(Some(body), told);
            assert_eq!((said.text().as_ref(), said.key()), (body, None));
        }
    }
}
