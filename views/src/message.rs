use maud::{Markup, html};

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
    pub reply_to: Option<&'a str>,
    pub client_id: Option<&'a str>,
    /// ISO 8601 in UTC; the page's script shows it in the reader's own time.
    pub created_at: &'a str,
    pub edited: bool,
    pub deleted: bool,
    pub revision: i64,
}

/// One message, as the only fragment there is of it: in a page, live, and when catching up.
///
/// It is rendered once for all readers, so nothing in it may depend on who reads: what is one's own
/// is picked out by a CSS rule of the page over `data-sender`.
pub fn message(message: &Message<'_>) -> Markup {
    html! {
        li
            id={ "message-" (message.id) }
            class={ "message" (modifier(message)) }
            data-message-id=(message.id)
            data-conversation-id=(message.conversation_id)
            data-seq=(message.seq)
            data-revision=(message.revision)
            data-sender=[message.sender_id]
            data-client-id=[message.client_id]
        {
            @if message.deleted || message.kind != "system" {
                b.message__sender dir="auto" { (message.sender_name.unwrap_or("Someone")) }
            }
            @if let Some(replied) = message.reply_to && !message.deleted {
                a.message__reply href={ "#message-" (replied) } { "In reply to an earlier message" }
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
                    (time(message.created_at))
                }
            }
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

fn time(created_at: &str) -> Markup {
    // Hours and minutes of "2026-11-21T04:08:33Z", until the script puts the reader's own.
    let clock = created_at.get(11..16).unwrap_or(created_at);
    html! { time.message__time datetime=(created_at) { (clock) } }
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
        reply_to: None,
        client_id: Some("k1"),
        created_at: "2026-11-21T04:08:33.120Z",
        edited: false,
        deleted: false,
        revision: 3,
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
            r#"<time class="message__time" datetime="2026-11-21T04:08:33.120Z">04:08</time>"#,
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
            reply_to: Some(hostile),
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
            reply_to: Some("m0"),
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
            reply_to: Some("m0"),
            ..ADA
        })
        .into_string();
        assert!(html.contains(r#"<span class="message__edited">edited</span>"#));
        assert!(html.contains(r##"href="#message-m0""##));
    }
}
