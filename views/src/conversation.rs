use maud::{Markup, html};

/// An entry of one reader's list of conversations.
#[derive(Clone, Copy, Debug, Default)]
pub struct Conversation<'a> {
    pub id: &'a str,
    /// direct, group or room.
    pub kind: &'a str,
    /// What this reader calls it: a direct chat bears the other's name.
    pub title: &'a str,
    pub unread: i64,
    pub mentions: i64,
    /// seq of the newest message, 0 while there is none: the script tells new from seen by it.
    pub last_seq: i64,
    pub last_message_preview: Option<&'a str>,
    /// The other one of a direct chat.
    pub peer: Option<Peer<'a>>,
    /// Whether it is the conversation that the page shows.
    pub current: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Peer<'a> {
    pub id: &'a str,
    /// online, away or offline.
    pub status: &'a str,
}

/// One entry of the list. The page's script fills a blank one (`Conversation::default()`, kept in a
/// `<template>`) for conversations that appear later, so the markup is written here alone.
pub fn conversation(conversation: &Conversation<'_>) -> Markup {
    html! {
        li.conversation
            data-conversation-id=(conversation.id)
            data-kind=(conversation.kind)
            data-last-seq=(conversation.last_seq)
        {
            a.conversation__link
                href={ "/c/" (conversation.id) }
                aria-current=[conversation.current.then_some("page")]
            {
                span.conversation__title dir="auto" { (conversation.title) }
                (presence(conversation.peer))
                span.conversation__preview dir="auto" {
                    (conversation.last_message_preview.unwrap_or_default())
                }
                span.conversation__mentions hidden[conversation.mentions == 0] {
                    "@"
                    span.visually-hidden { " you were mentioned" }
                }
                span.conversation__unread hidden[conversation.unread == 0] {
                    span.conversation__count { (conversation.unread) }
                    span.visually-hidden { " unread" }
                }
            }
        }
    }
}

/// Whether the other one is there: a dot, and the word for those who do not see it.
pub fn presence(peer: Option<Peer<'_>>) -> Markup {
    html! {
        span.presence data-peer-id=[peer.map(|peer| peer.id)] data-status=[peer.map(|peer| peer.status)] {
            span.presence__text { @if let Some(peer) = peer { (peer.status) } }
        }
    }
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
            last_message_preview: Some("See you"),
            ..Conversation::default()
        })
        .into_string();
        assert!(html.contains(r#"href="/c/c1""#) && html.contains(r#"data-last-seq="9""#));
        assert!(html.contains(
            r#"<span class="conversation__unread"><span class="conversation__count">4<"#
        ));
        assert!(html.contains("See you") && !html.contains("aria-current"));
    }

    #[test]
    fn nothing_unread_shows_no_count() {
        let html = conversation(&Conversation {
            current: true,
            ..Conversation::default()
        })
        .into_string();
        assert!(html.contains(r#"<span class="conversation__unread" hidden>"#));
        assert!(html.contains(r#"<span class="conversation__mentions" hidden>"#));
        assert!(html.contains(r#"aria-current="page""#));
    }

    #[test]
    fn a_hostile_title_or_preview_stays_text() {
        let hostile = r#""><script>alert(1)</script>"#;
        let html = conversation(&Conversation {
            id: hostile,
            kind: hostile,
            title: hostile,
            last_message_preview: Some(hostile),
            peer: Some(Peer {
                id: hostile,
                status: hostile,
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
        let html = presence(Some(Peer {
            id: "u2",
            status: "away",
        }))
        .into_string();
        assert!(
            html.contains(r#"data-peer-id="u2" data-status="away""#) && html.contains(">away<")
        );
        assert!(!presence(None).into_string().contains("data-"));
    }
}
