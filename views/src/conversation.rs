use maud::{Markup, html};

use crate::avatar::{avatar, group_avatar};
use crate::icon::{Icon, icon};
use crate::language::{key, tr};

/// An entry of one reader's list of conversations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conversation<'a> {
    pub id: &'a str,
    /// direct, group or room.
    pub kind: &'a str,
    /// What this reader calls it: a direct chat bears the other's name.
    pub title: &'a str,
    /// An image: the picture of a group or room.
    pub avatar_id: Option<&'a str>,
    pub unread: i64,
    pub mentions: i64,
    /// seq of the newest message, 0 while there is none: the script tells new from seen by it.
    pub last_seq: i64,
    pub last: Option<Last<'a>>,
    /// The other one of a direct chat.
    pub peer: Option<Peer<'a>>,
    /// Nothing of it rings or pops up.
    pub muted: bool,
    /// Only what mentions the reader rings.
    pub mentions_only: bool,
    /// Kept at the top of the list.
    pub pinned: bool,
    /// Put away, below all others.
    pub archived: bool,
    /// Marked unread by its reader, whatever they have read.
    pub marked_unread: bool,
    /// Whether it is the conversation that the page shows.
    pub current: bool,
}

/// The newest message, as far as the list shows it.
#[derive(Clone, Copy, Debug)]
pub struct Last<'a> {
    /// Who said it; None where that goes without saying, as in a direct chat.
    pub author: Option<&'a str>,
    pub text: &'a str,
    /// ISO 8601 in UTC.
    pub at: &'a str,
}

#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    pub id: &'a str,
    /// An image: their picture.
    pub avatar_id: Option<&'a str>,
    /// online, away or offline.
    pub status: &'a str,
    /// ISO 8601 in UTC; None who has never left.
    pub last_seen_at: Option<&'a str>,
}

/// The entries of the list, in the order given.
pub fn conversations(entries: &[Conversation<'_>]) -> Markup {
    html! {
        ul.sidebar__list {
            @for entry in entries { (conversation(entry)) }
        }
    }
}

fn conversation(conversation: &Conversation<'_>) -> Markup {
    let Conversation { id, kind, last, .. } = *conversation;
    html! {
        li.conversation
            data-conversation-id=(id)
            data-kind=(kind)
            data-last-seq=(conversation.last_seq)
            data-muted[conversation.muted]
            data-pinned[conversation.pinned]
            data-archived[conversation.archived]
            data-notify=[conversation.mentions_only.then_some("mentions")]
        {
            a.conversation__link href={ "/c/" (id) } aria-current=[conversation.current.then_some("page")] {
                (picture(id, kind, conversation.title, conversation.avatar_id, conversation.peer))
                span.conversation__title dir="auto" { (conversation.title) }
                span.conversation__time {
                    @if conversation.pinned {
                        span.conversation__pinned { (icon(Icon::Pin)) span.visually-hidden { (tr("pinned")) " " } }
                    }
                    @if conversation.archived { (tr("Archived")) " " }
                    @if let Some(last) = last { (time(last.at)) }
                }
                span.conversation__preview dir="auto" {
                    span.conversation__author {
                        @if let Some(author) = last.and_then(|last| last.author) { (author) ": " }
                    }
                    span.conversation__last { (last.map_or("", |last| last.text)) }
                }
                span.conversation__draft hidden { (tr("Draft")) }
                @if conversation.muted {
                    span.conversation__muted { (icon(Icon::BellOff)) span.visually-hidden { (tr("muted")) } }
                }
                span.conversation__mentions hidden[conversation.mentions == 0] {
                    "@"
                    span.visually-hidden { " " (tr("you were mentioned")) }
                }
                @if conversation.marked_unread && conversation.unread == 0 {
                    span.conversation__marked { span.visually-hidden { (tr("marked unread")) } }
                }
                span.conversation__unread hidden[conversation.unread == 0] {
                    span.conversation__count { (conversation.unread) }
                    span.visually-hidden { " " (tr("unread")) }
                }
            }
        }
    }
}

/// The other one of a direct chat with a dot that tells whether they are there; else a drawing.
pub(crate) fn picture(
    id: &str,
    kind: &str,
    title: &str,
    avatar_id: Option<&str>,
    peer: Option<Peer<'_>>,
) -> Markup {
    html! {
        span.picture {
            @match peer {
                Some(peer) => { (avatar(peer.id, title, peer.avatar_id)) (presence(peer)) }
                None => (group_avatar(id, kind, avatar_id)),
            }
        }
    }
}

/// Of a group or room, where nothing more is known of it.
pub(crate) fn group_picture(id: &str, kind: &str) -> Markup {
    picture(id, kind, "", None, None)
}

/// Whether somebody is there: a dot, and the word for those who do not see it.
pub fn presence(peer: Peer<'_>) -> Markup {
    html! {
        span.presence data-peer-id=(peer.id) data-status=(peer.status) data-last-seen=[peer.last_seen_at] {
            span.presence__text dir="auto" { (status(peer.status)) }
        }
    }
}

fn status(status: &str) -> &str {
    tr(match status {
        "online" => key("online"),
        "away" => key("away"),
        "offline" => key("offline"),
        other => other,
    })
}

/// A moment as UTC's hours and minutes, until the script puts it in the reader's own way.
pub(crate) fn time(at: &str) -> Markup {
    // Of "2026-11-21T04:08:33Z".
    let clock = at.get(11..16).unwrap_or(at);
    html! { time datetime=(at) dir="auto" { (clock) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_links_to_its_conversation_and_shows_what_is_unread() {
        let html = conversation(&Conversation {
            id: "c1",
            kind: "group",
            title: "Engines",
            unread: 4,
            last_seq: 9,
            last: Some(Last {
                author: Some("Ada"),
                text: "See you",
                at: "2026-11-21T04:08:33Z",
            }),
            ..Conversation::default()
        })
        .into_string();
        assert!(html.contains(r#"href="/c/c1""#) && html.contains(r#"data-last-seq="9""#));
        assert!(html.contains(
            r#"<span class="conversation__unread"><span class="conversation__count">4<"#
        ));
        assert!(html.contains("See you") && html.contains("Ada: ") && html.contains("04:08"));
        assert!(!html.contains("aria-current") && !html.contains("data-muted"));
    }

    #[test]
    fn nothing_unread_shows_no_count() {
        let html = conversation(&Conversation {
            current: true,
            muted: true,
            ..Conversation::default()
        })
        .into_string();
        assert!(html.contains(r#"<span class="conversation__unread" hidden>"#));
        assert!(html.contains(r#"<span class="conversation__mentions" hidden>"#));
        assert!(html.contains(r#"aria-current="page""#) && html.contains("data-muted"));
    }

    #[test]
    fn a_hostile_title_or_preview_stays_text() {
        let hostile = r#""><script>alert(1)</script>"#;
        let html = conversation(&Conversation {
            id: hostile,
            kind: hostile,
            title: hostile,
            last: Some(Last {
                author: Some(hostile),
                text: hostile,
                at: hostile,
            }),
            peer: Some(Peer {
                id: hostile,
                avatar_id: Some(hostile),
                status: hostile,
                last_seen_at: Some(hostile),
            }),
            ..Conversation::default()
        })
        .into_string();
        assert!(
            !html.contains("<script") && !html.contains(r#""">"#),
            "{html}"
        );
    }

    #[test]
    fn a_direct_chat_says_whether_the_other_is_there() {
        let html = presence(Peer {
            id: "u2",
            avatar_id: None,
            status: "away",
            last_seen_at: None,
        })
        .into_string();
        assert!(
            html.contains(r#"data-peer-id="u2" data-status="away""#) && html.contains(">away<")
        );
    }
}
