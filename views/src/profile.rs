//! A person: who they are, what they say of themselves, and what one can do about them.

use maud::{Markup, html};

use crate::avatar::avatar;
use crate::conversation::{Peer, picture, presence};
use crate::icon::{Icon, icon};
use crate::language::{tr, tr_with};

#[derive(Clone, Copy, Debug)]
pub struct Profile<'a> {
    /// With their picture, and whether they are there.
    pub peer: Peer<'a>,
    pub name: &'a str,
    pub username: Option<&'a str>,
    pub about: Option<&'a str>,
    pub status_text: Option<&'a str>,
    pub is_viewer: bool,
    /// Nobody can write to them any more.
    pub is_deactivated: bool,
    /// Groups and rooms that both are in.
    pub common: &'a [Common<'a>],
}

#[derive(Clone, Copy, Debug)]
pub struct Common<'a> {
    pub id: &'a str,
    /// group or room.
    pub kind: &'a str,
    pub title: &'a str,
    pub avatar_id: Option<&'a str>,
}

/// A dialog of its own: it is fetched when it is asked for, and leaves with its closing.
pub fn profile(profile: &Profile<'_>) -> Markup {
    html! {
        dialog.dialog.profile aria-labelledby="profile-name" data-user-id=(profile.peer.id) {
            div.dialog__form {
                button.dialog__close.icon-button type="button" aria-label=(tr("Close")) { (icon(Icon::Close)) }
                div.profile__who {
                    (face(profile))
                    h2.profile__name #profile-name dir="auto" { (profile.name) }
                    @if let Some(username) = profile.username { p.profile__username dir="auto" { "@" (username) } }
                    @if profile.is_deactivated {
                        p.profile__gone { (tr("No longer here")) }
                    } @else {
                        p.profile__presence { (presence(profile.peer)) }
                    }
                    @if let Some(text) = profile.status_text { p.profile__status dir="auto" { (text) } }
                }
                (actions(profile))
                @if let Some(about) = profile.about {
                    section.profile__part {
                        h3.profile__heading { (tr("About")) }
                        p.profile__about dir="auto" { (about) }
                    }
                }
                @if !profile.common.is_empty() {
                    section.profile__part {
                        h3.profile__heading { (tr("Groups in common")) }
                        ul.profile__common {
                            @for common in profile.common {
                                li {
                                    a.profile__group href={ "/c/" (common.id) } {
                                        (picture(common.id, common.kind, common.title, common.avatar_id, None))
                                        span.profile__group-title dir="auto" { (common.title) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A way to the whole of the picture, where there is one.
fn face(profile: &Profile<'_>) -> Markup {
    let Peer { id, avatar_id, .. } = profile.peer;
    let shown = avatar(id, profile.name, avatar_id);
    html! {
        @match avatar_id {
            Some(media) => {
                a.profile__face href={ "/api/media/" (media) } aria-label=(tr_with("Picture of {name}", &[("name", profile.name)])) { (shown) }
            }
            None => { span.profile__face { (shown) } }
        }
    }
}

/// What one can do about a person. Whatever else there will be stands beside these.
fn actions(profile: &Profile<'_>) -> Markup {
    let chat = format!("/u/{}", profile.peer.id);
    html! {
        div.profile__actions {
            @if profile.is_viewer {
                button.profile__edit.button type="button" { (icon(Icon::Edit)) (tr("Edit profile")) }
                a.button.button--quiet href=(chat) { (icon(Icon::File)) (tr("Notes")) }
            } @else if !profile.is_deactivated {
                a.button href=(chat) { (icon(Icon::Chat)) (tr("verb|Message")) }
                // The script knows whom the reader blocks.
                button.profile__block.button.button--quiet type="button" data-user=(profile.peer.id) hidden {
                    (icon(Icon::Hide)) span.profile__block-words { (tr("Block")) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Profile<'static> = Profile {
        peer: Peer {
            id: "u1",
            avatar_id: Some("m1"),
            status: "online",
            last_seen_at: None,
        },
        name: "Ada",
        username: Some("ada"),
        about: Some("I build engines."),
        status_text: Some("At sea"),
        is_viewer: false,
        is_deactivated: false,
        common: &[Common {
            id: "c1",
            kind: "group",
            title: "Engines",
            avatar_id: None,
        }],
    };

    #[test]
    fn a_profile_leads_to_the_chat_the_picture_and_what_is_common() {
        let html = profile(&ADA).into_string();
        for part in [
            r#"href="/u/u1""#,
            r#"href="/api/media/m1""#,
            r#"href="/c/c1""#,
            "@ada",
            "At sea",
            "I build engines.",
            r#"data-peer-id="u1" data-status="online""#,
        ] {
            assert!(html.contains(part), "{part} is missing");
        }
        assert!(!html.contains("Edit profile"));
    }

    #[test]
    fn nobody_writes_to_who_is_gone_and_one_edits_oneself() {
        let gone = profile(&Profile {
            is_deactivated: true,
            ..ADA
        })
        .into_string();
        assert!(!gone.contains("/u/u1") && gone.contains("No longer here"));
        let own = profile(&Profile {
            is_viewer: true,
            peer: Peer {
                avatar_id: None,
                ..ADA.peer
            },
            ..ADA
        })
        .into_string();
        assert!(own.contains("Edit profile") && !own.contains("/api/media/"));
    }

    #[test]
    fn whatever_somebody_says_of_themselves_stays_text() {
        let hostile = r#""><script>alert(1)</script>"#;
        let html = profile(&Profile {
            peer: Peer {
                id: hostile,
                avatar_id: Some(hostile),
                status: hostile,
                last_seen_at: Some(hostile),
            },
            name: hostile,
            username: Some(hostile),
            about: Some(hostile),
            status_text: Some(hostile),
            common: &[Common {
                id: hostile,
                kind: hostile,
                title: hostile,
                avatar_id: Some(hostile),
            }],
            ..ADA
        });
        assert!(!html.into_string().contains("<script"));
    }
}
