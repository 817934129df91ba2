use maud::{Markup, html};

use crate::avatar::{avatar, tone};
use crate::conversation::time;

/// What stands in place of a deleted message's words.
pub const DELETED: &str = "This message was deleted";

/// A message as anyone may see it. When it is deleted, only its place is shown.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    pub id: &'a str,
    pub conversation_id: &'a str,
    pub seq: i64,
    /// None for a system message.
    pub sender_id: Option<&'a str>,
    pub sender_name: Option<&'a str>,
    pub kind: &'a str,
    pub body: Option<&'a str>,
    pub reply: Option<Reply<'a>>,
    pub client_id: Option<&'a str>,
    /// ISO 8601 in UTC; the page's script shows it in the reader's own time.
    pub created_at: &'a str,
    pub edited: bool,
    pub deleted: bool,
    pub revision: i64,
}

/// What a message answers.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    pub id: &'a str,
    pub seq: i64,
    pub sender_name: Option<&'a str>,
    /// Its first words; None when it is deleted or has none.
    pub excerpt: Option<&'a str>,
}

/// One message, as the only fragment there is of it: in a page, live, and when catching up.
///
/// It is rendered once for all readers, so nothing in it may depend on who reads: what is one's own
/// is picked out by a CSS rule of the page over `data-sender`.
pub fn message(message: &Message<'_>) -> Markup {
    let name = message.sender_name.unwrap_or("Someone");
    let tone = tone(message.sender_id.unwrap_or_default());
    let has_sender = message.deleted || message.kind != "system";
    html! {
        li
            id={ "message-" (message.id) }
            class={ "message" (modifier(message)) }
            tabindex="-1"
            data-message-id=(message.id)
            data-conversation-id=(message.conversation_id)
            data-seq=(message.seq)
            data-revision=(message.revision)
            data-sender=[message.sender_id]
            data-client-id=[message.client_id]
        {
            @if has_sender { (avatar(message.sender_id.unwrap_or_default(), name)) }
            div.message__bubble {
                @if has_sender {
                    b class={ "message__sender" (tone) } dir="auto" { (name) }
                }
                @if let Some(reply) = message.reply && !message.deleted {
                    (quote(message.conversation_id, &reply))
                }
                div.message__content {
                    @if message.deleted {
                        p.message__body { (DELETED) }
                    } @else {
                        p.message__body dir="auto" { (message.body.unwrap_or_default()) }
                    }
                    span.message__meta {
                        @if message.edited && !message.deleted {
                            span.message__edited { "edited" }
                            " "
                        }
                        a.message__link href={ "/c/" (message.conversation_id) "/" (message.seq) } tabindex="-1" {
                            (time(message.created_at))
                        }
                        span.message__ticks {}
                    }
                }
            }
        }
    }
}

/// A message that is still on its way; the script fills it in.
pub fn pending() -> Markup {
    message(&Message {
        id: "",
        conversation_id: "",
        seq: 0,
        sender_id: Some(""),
        sender_name: Some(""),
        kind: "text",
        body: None,
        reply: None,
        client_id: Some(""),
        created_at: "",
        edited: false,
        deleted: false,
        revision: 0,
    })
}

fn quote(conversation_id: &str, reply: &Reply<'_>) -> Markup {
    html! {
        a.message__quote href={ "/c/" (conversation_id) "/" (reply.seq) } tabindex="-1" data-reply-to=(reply.id) {
            b.message__quoted dir="auto" { (reply.sender_name.unwrap_or("Someone")) }
            span.message__excerpt dir="auto" { (reply.excerpt.unwrap_or(DELETED)) }
        }
    }
}

fn modifier(message: &Message<'_>) -> &'static str {
    match message.kind {
        _ if message.deleted => " message--deleted",
        "system" => " message--system",
        "emoji" => " message--emoji",
        _ => "",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const ADA: Message<'static> = Message {
        id: "m1",
        conversation_id: "c1",
        seq: 7,
        sender_id: Some("u1"),
        sender_name: Some("Ada"),
        kind: "text",
        body: Some("Hello\n  there"),
        reply: None,
        client_id: Some("k1"),
        created_at: "2026-11-21T04:08:33.120Z",
        edited: false,
        deleted: false,
        revision: 3,
    };

    const M0: Reply<'static> = Reply {
        id: "m0",
        seq: 3,
        sender_name: Some("Grace"),
        excerpt: Some("What is it?"),
    };

    #[test]
    fn a_message_carries_what_a_client_orders_and_replaces_by() {
        let html = message(&ADA).into_string();
        for part in [
            r#"data-message-id="m1""#,
            r#"data-conversation-id="c1""#,
            r#"data-seq="7""#,
            r#"data-revision="3""#,
            r#"data-sender="u1""#,
            r#"data-client-id="k1""#,
            r#"<time datetime="2026-11-21T04:08:33.120Z" dir="auto">04:08</time>"#,
            r#"href="/c/c1/7""#,
            "<p class=\"message__body\" dir=\"auto\">Hello\n  there</p>",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        assert!(html.starts_with("<li ") && html.ends_with("</li>"));
    }

    #[test]
    fn a_hostile_name_or_body_stays_text() {
        let hostile = r#""><script>alert('1')</script><img src=x onerror=alert(1)>&amp;"#;
        let html = message(&Message {
            id: hostile,
            conversation_id: hostile,
            sender_id: Some(hostile),
            sender_name: Some(hostile),
            kind: hostile,
            body: Some(hostile),
            reply: Some(Reply {
                id: hostile,
                sender_name: Some(hostile),
                excerpt: Some(hostile),
                ..M0
            }),
            client_id: Some(hostile),
            created_at: hostile,
            ..ADA
        })
        .into_string();
        assert!(
            !html.contains("<script") && !html.contains("<img"),
            "{html}"
        );
        // Every quote that is left belongs to an attribute of ours: take those values out, and
        // nothing a browser would take for an attribute remains.
        let outside: String = html.split('"').step_by(2).collect();
        assert!(!outside.contains("onerror=alert(1)>"), "{outside}");
        assert!(html.contains("&lt;script&gt;") && html.contains("&amp;amp;"));
    }

    #[test]
    fn the_fragment_says_nothing_about_who_reads_it() {
        // The struct has no viewer, so the sender's id can only stand where every reader sees it.
        let html = message(&ADA).into_string();
        assert_eq!(html.matches("u1").count(), 1);
        for word in ["mine", "own", "unread", "viewer"] {
            assert!(!html.contains(word), "{word} is in {html}");
        }
    }

    #[test]
    fn a_deleted_message_keeps_its_place_but_not_its_words() {
        let html = message(&Message {
            body: Some("a secret"),
            reply: Some(M0),
            edited: true,
            deleted: true,
            ..ADA
        })
        .into_string();
        assert!(html.contains("This message was deleted") && html.contains("message--deleted"));
        assert!(html.contains(r#"data-seq="7""#));
        assert!(!html.contains("a secret") && !html.contains("m0") && !html.contains("edited"));
    }

    #[test]
    fn a_deleted_system_message_does_not_show_its_words() {
        let html = message(&Message {
            kind: "system",
            deleted: true,
            body: Some("a secret"),
            ..ADA
        });
        assert!(!html.into_string().contains("a secret"));
    }

    #[test]
    fn a_system_message_is_a_line_without_a_sender() {
        let html = message(&Message {
            kind: "system",
            sender_id: None,
            sender_name: None,
            client_id: None,
            body: Some("Ada joined"),
            ..ADA
        })
        .into_string();
        assert!(html.contains("message--system") && html.contains("Ada joined"));
        assert!(!html.contains("data-sender") && !html.contains("message__sender"));
        assert!(!html.contains("data-client-id"));
    }

    #[test]
    fn an_edited_message_says_so_and_an_answer_links_to_what_it_answers() {
        let html = message(&Message {
            edited: true,
            reply: Some(M0),
            ..ADA
        })
        .into_string();
        assert!(html.contains(r#"<span class="message__edited">edited</span>"#));
        assert!(html.contains(r#"href="/c/c1/3""#) && html.contains("What is it?"));
    }
}
