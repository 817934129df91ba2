use maud::{Markup, html};

use crate::avatar::avatar;
use crate::conversation::{Peer, presence};
use crate::language::{key, tr, tr_with};

/// Somebody, as a list of people shows them.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// An image: their picture.
    pub avatar_id: Option<&'a str>,
    pub username: Option<&'a str>,
    /// online, away or offline.
    pub status: &'a str,
    pub last_seen_at: Option<&'a str>,
    /// owner, admin or member, where it is about a conversation.
    pub role: Option<&'a str>,
    pub is_viewer: bool,
}

impl<'a> Person<'a> {
    fn presence(&self) -> Peer<'a> {
        Peer {
            id: self.id,
            avatar_id: self.avatar_id,
            status: self.status,
            last_seen_at: self.last_seen_at,
        }
    }

    /// What is worth saying of them beside the name.
    pub(crate) fn detail(&self) -> String {
        let username = self.username.map(|username| format!("@{username}"));
        let role = self
            .role
            .filter(|role| *role != "member")
            .map(|role| tr(name_of(role)).to_owned());
        let you = self.is_viewer.then(|| tr("you").to_owned());
        let parts: Vec<String> = [you, role, username].into_iter().flatten().collect();
        parts.join(" · ")
    }
}

/// Of a role.
fn name_of(role: &str) -> &str {
    match role {
        "owner" => key("owner"),
        "admin" => key("admin"),
        other => other,
    }
}

/// People who can be written to: by their name at once, or several ticked for a group.
pub fn people(found: &[Person<'_>]) -> Markup {
    html! {
        ul.new-chat__people aria-label=(tr("People")) {
            @for person in found {
                li.person data-user-id=(person.id) {
                    a.person__link href={ "/u/" (person.id) } {
                        (face(person))
                        span.person__name dir="auto" { (person.name) }
                        span.person__detail dir="auto" {
                            @if person.is_viewer { (tr("you, for notes")) } @else { (person.detail()) }
                        }
                    }
                    @if !person.is_viewer {
                        label.person__tick {
                            input.person__pick type="checkbox" value=(person.id);
                            span.visually-hidden { (tr_with("Add {name} to a group", &[("name", person.name)])) }
                        }
                    }
                }
            }
        }
    }
}

pub(crate) fn face(person: &Person<'_>) -> Markup {
    html! { span.picture { (avatar(person.id, person.name, person.avatar_id)) (presence(person.presence())) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Person<'static> = Person {
        id: "u1",
        name: "Ada",
        avatar_id: None,
        username: Some("ada"),
        status: "online",
        last_seen_at: None,
        role: Some("owner"),
        is_viewer: false,
    };

    #[test]
    fn somebody_is_a_link_to_a_chat_with_them_and_a_box_to_tick() {
        let html = people(&[ADA]).into_string();
        assert!(html.contains(r#"href="/u/u1""#) && html.contains(r#"value="u1""#));
        assert!(html.contains("owner · @ada") && html.contains(r#"data-status="online""#));
    }

    #[test]
    fn nobody_makes_a_group_with_themselves() {
        let html = people(&[Person {
            is_viewer: true,
            ..ADA
        }])
        .into_string();
        assert!(!html.contains("checkbox") && html.contains("you, for notes"));
    }

    #[test]
    fn a_hostile_name_stays_text() {
        let hostile = r#""><script>alert(1)</script>"#;
        let person = Person {
            id: hostile,
            name: hostile,
            avatar_id: Some(hostile),
            username: Some(hostile),
            status: hostile,
            last_seen_at: Some(hostile),
            role: Some(hostile),
            ..ADA
        };
        assert!(!people(&[person]).into_string().contains("<script"));
    }
}
