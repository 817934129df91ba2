use maud::{Markup, html};

use crate::avatar::{avatar, tone};
use crate::call;
use crate::card::{Data, card, is_card, summary, words};
use crate::conversation::time;
use crate::icon::{Icon, icon};
use crate::language::{key, tr};
use crate::media::{self, Media};
use crate::phrase::{Phrase, say};
use crate::reaction::{Reaction, reactions};
use crate::text::{Mention, Shown, excerpt, is_big_emoji, is_web, shown};
use crate::told::{Told, told_words};

/// What stands in place of a deleted message's words.
pub const DELETED: &str = key("This message was deleted");

/// What stands for a message of a kind that is not known here, where it has no words.
const UNKNOWN: &str = key("This message cannot be shown here");

/// What stands for the name of who is not named.
const SOMEONE: &str = key("Someone");

/// A message as anyone may see it. When it is deleted, only its place is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Message<'a> {
    pub id: &'a str,
    pub conversation_id: &'a str,
    pub seq: i64,
    /// None for a system message.
    pub sender_id: Option<&'a str>,
    pub sender_name: Option<&'a str>,
    /// An image: the sender's picture.
    pub sender_avatar_id: Option<&'a str>,
    pub kind: &'a str,
    pub body: Option<&'a str>,
    /// Of the kinds that are more than words; None also where it cannot be read.
    pub data: Option<&'a Data>,
    /// Of a system message.
    pub told: Option<&'a Told>,
    /// Of ours, up to ten.
    pub media: &'a [Media],
    pub mentions: &'a [Mention<'a>],
    pub reactions: &'a [Reaction],
    /// Of the first address in its words.
    pub preview: Option<Preview<'a>>,
    pub reply: Option<Reply<'a>>,
    pub forwarded: bool,
    pub pinned: bool,
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
    pub kind: &'a str,
    /// Its first words, as they were typed; None when it is deleted or has none.
    pub excerpt: Option<&'a str>,
    pub deleted: bool,
}

/// What is known of a page that a message names.
#[derive(Clone, Copy, Debug)]
pub struct Preview<'a> {
    pub url: &'a str,
    pub title: Option<&'a str>,
    pub description: Option<&'a str>,
    pub site_name: Option<&'a str>,
}

impl Message<'_> {
    /// What it says in one line, for one reader.
    pub(crate) fn in_one_line(&self) -> String {
        if self.kind == "system" {
            return told_words(self.body, self.told).text().into_owned();
        }
        summary(self.kind, self.body, self.data, self.media).into_owned()
    }
}

/// One message, as the only fragment there is of it: in a page, live, and when catching up.
///
/// It is rendered once for all readers, so nothing in it may depend on who reads: what is one's own
/// is picked out by a CSS rule of the page over `data-sender`.
pub fn message(message: &Message<'_>) -> Markup {
    let name = message.sender_name.unwrap_or(tr(SOMEONE));
    let say_name = message.sender_name.is_none().then_some(SOMEONE);
    let tone = tone(message.sender_id.unwrap_or_default());
    let has_sender = message.deleted || message.kind != "system";
    let body = body(message);
    let source = body
        .as_ref()
        .filter(|body| body.shown.differs)
        .and(message.body)
        .filter(|_| !message.deleted);
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
            data-source=[source]
        {
            @if has_sender { (avatar(message.sender_id.unwrap_or_default(), name, message.sender_avatar_id)) }
            div.message__bubble {
                @if has_sender {
                    b class={ "message__sender" (tone) } dir="auto" data-say=[say_name] { (name) }
                }
                @if !message.deleted { (above(message)) }
                div.message__content {
                    @if let Some(body) = &body {
                        @let said = body.said.as_ref();
                        div.message__body dir=[(!message.deleted).then_some("auto")] data-say=[said.and_then(Phrase::key)]
                            data-say-values=[said.and_then(Phrase::values)] data-say-parts=[said.and_then(Phrase::parts)]
                            data-say-n=[said.and_then(Phrase::n)] { (body.shown.markup) }
                    }
                    span.message__meta { (meta(message)) }
                }
                @if !message.deleted { (reactions(message.reactions)) }
            }
        }
    }
}

/// Words of a message, and what they are said by where they are not its sender's.
struct Body {
    shown: Shown,
    said: Option<Phrase>,
}

/// Its words; None where a card says it all.
fn body(message: &Message<'_>) -> Option<Body> {
    let own = |shown: Shown| Body { shown, said: None };
    let as_typed = |text: &str| Shown {
        markup: html! { (text) },
        differs: false,
    };
    let said = |phrase: Phrase| Body {
        shown: as_typed(&phrase.text()),
        said: Some(phrase),
    };
    let body = message.body.unwrap_or_default();
    let is_card = is_card(message.kind);
    Some(if message.deleted {
        said(say(DELETED))
    } else if is_card && body.is_empty() {
        return None;
    } else if message.kind == "system" {
        said(told_words(message.body, message.told))
    } else if is_big(message) {
        own(as_typed(body))
    } else if body.is_empty() && !matches!(message.kind, "text" | "emoji") {
        said(say(UNKNOWN))
    } else {
        own(shown(body, message.mentions))
    })
}

/// What stands before its words.
fn above(message: &Message<'_>) -> Markup {
    html! {
        @if message.forwarded {
            span.message__forwarded { (icon(Icon::Forward)) span data-say="Forwarded" { (tr("Forwarded")) } }
        }
        @if let Some(reply) = &message.reply { (quote(message.conversation_id, reply)) }
        @if let Some(shown) = media::shown(message.kind, message.data, message.media) { (shown) }
        @else if is_card(message.kind) { (card(message.id, message.kind, message.data)) }
        @if let Some(preview) = message.preview.filter(|preview| is_web(preview.url)) { (page(&preview)) }
    }
}

fn meta(message: &Message<'_>) -> Markup {
    html! {
        @if message.pinned && !message.deleted {
            span.message__pinned { (icon(Icon::Pin)) span.visually-hidden data-say="pinned" { (tr("pinned")) } }
            " "
        }
        @if message.edited && !message.deleted {
            span.message__edited data-say="edited" { (tr("edited")) }
            " "
        }
        a.message__link href={ "/c/" (message.conversation_id) "/" (message.seq) } tabindex="-1" {
            (time(message.created_at))
        }
        span.message__ticks {}
    }
}

fn page(preview: &Preview<'_>) -> Markup {
    let title = preview.title.unwrap_or(preview.url);
    html! {
        a.preview href=(preview.url) rel="noopener noreferrer nofollow ugc" target="_blank" tabindex="-1" {
            @if let Some(site) = preview.site_name { span.preview__site dir="auto" { (site) } }
            b.preview__title dir="auto" { (title) }
            @if let Some(description) = preview.description {
                span.preview__description dir="auto" { (description) }
            }
        }
    }
}

/// A message that is still on its way; the script fills it in.
pub fn pending() -> Markup {
    message(&Message {
        sender_id: Some(""),
        sender_name: Some(""),
        kind: "text",
        client_id: Some(""),
        ..Message::default()
    })
}

fn quote(conversation_id: &str, reply: &Reply<'_>) -> Markup {
    let body = reply.excerpt.unwrap_or_default();
    // What it is, before its words where there are some.
    let what = if reply.deleted {
        Some(say(DELETED))
    } else if is_card(reply.kind) {
        Some(words(reply.kind, None, &[]))
    } else {
        None
    };
    let say_name = reply.sender_name.is_none().then_some(SOMEONE);
    html! {
        a.message__quote href={ "/c/" (conversation_id) "/" (reply.seq) } tabindex="-1" data-reply-to=(reply.id) {
            b.message__quoted dir="auto" data-say=[say_name] { (reply.sender_name.unwrap_or(tr(SOMEONE))) }
            @match &what {
                Some(what) if reply.deleted || body.is_empty() => {
                    span.message__excerpt dir="auto" data-say=[what.key()] { (what.text()) }
                }
                Some(what) => {
                    span.message__excerpt dir="auto" { span data-say=[what.key()] { (what.text()) } ": " (excerpt(body)) }
                }
                None => { span.message__excerpt dir="auto" { (summary(reply.kind, reply.excerpt, None, &[])) } }
            }
        }
    }
}

fn modifier(message: &Message<'_>) -> &'static str {
    match message.kind {
        _ if message.deleted => " message--deleted",
        "system" => " message--system",
        "call" if message.data.is_some_and(call::is_missed_in) => " message--missed",
        _ if is_big(message) => " message--emoji",
        kind => media::modifier(kind, message.data, message.media).unwrap_or_default(),
    }
}

/// Whether a few emoji are all that it says.
fn is_big(message: &Message<'_>) -> bool {
    matches!(message.kind, "text" | "emoji") && message.body.is_some_and(is_big_emoji)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) const ADA: Message<'static> = Message {
        sender_avatar_id: None,
        id: "m1",
        conversation_id: "c1",
        seq: 7,
        sender_id: Some("u1"),
        sender_name: Some("Ada"),
        kind: "text",
        body: Some("Hello\n  there"),
        data: None,
        told: None,
        media: &[],
        mentions: &[],
        reactions: &[],
        preview: None,
        reply: None,
        forwarded: false,
        pinned: false,
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
        kind: "text",
        excerpt: Some("What is _it_?"),
        deleted: false,
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
            "<div class=\"message__body\" dir=\"auto\">Hello\n  there</div>",
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
        assert!(html.contains(r#"<span class="message__edited" data-say="edited">edited</span>"#));
        assert!(html.contains(r#"href="/c/c1/3""#) && html.contains("What is it?"));
    }

    #[test]
    fn what_was_typed_is_at_hand_only_where_something_else_is_shown() {
        let of = |body: &'static str, kind: &'static str| {
            message(&Message {
                body: Some(body),
                kind,
                ..ADA
            })
            .into_string()
        };
        let html = of("**Hello** \"there\"", "text");
        assert!(html.contains(r#"data-source="**Hello** &quot;there&quot;""#));
        assert!(html.contains("<strong>Hello</strong> &quot;there&quot;</div>"));
        for (body, kind) in [("Hello", "text"), ("_a_ joined", "system"), ("🎉", "emoji")] {
            assert!(!of(body, kind).contains("data-source"), "{body}");
        }
        let html = message(&Message {
            body: Some("**secret**"),
            deleted: true,
            ..ADA
        });
        assert!(!html.into_string().contains("secret"));
    }

    #[test]
    fn a_few_emoji_alone_are_large_whatever_they_were_sent_as() {
        let is_large = |body: &'static str, kind: &'static str| {
            message(&Message {
                body: Some(body),
                kind,
                ..ADA
            })
            .into_string()
            .contains("message--emoji")
        };
        assert!(is_large("🎉", "text") && is_large("🎉🎉🎉", "emoji"));
        assert!(
            !is_large("🎉🎉🎉🎉", "emoji") && !is_large("🎉!", "text") && !is_large("🎉", "image")
        );
    }

    #[test]
    fn a_card_stands_above_its_words_and_an_unknown_kind_says_so() {
        let html = message(&Message {
            kind: "image",
            body: Some("Our **garden**"),
            ..ADA
        })
        .into_string();
        let (card, words) = (
            html.find("data-words=\"Photo\""),
            html.find("<strong>garden"),
        );
        assert!(card.is_some() && card < words, "{html}");
        let html = message(&Message {
            kind: "voice",
            body: None,
            ..ADA
        });
        assert!(!html.into_string().contains("message__body"));
        let html = message(&Message {
            kind: "poll",
            body: None,
            ..ADA
        });
        assert!(html.into_string().contains("cannot be shown here"));
    }

    #[test]
    fn media_stand_above_their_words_and_are_gone_with_the_message() {
        let media = [Media {
            id: "0199-a".to_owned(),
            name: "hut.jpg".to_owned(),
            media_type: Some("image/jpeg".to_owned()),
            ..Media::default()
        }];
        let shown = Message {
            kind: "image",
            body: Some("Our **garden**"),
            media: &media,
            ..ADA
        };
        let html = message(&shown).into_string();
        let (picture, words) = (html.find("/api/media/0199-a"), html.find("<strong>garden"));
        assert!(picture.is_some() && picture < words, "{html}");
        assert!(html.contains("message--pictures"));
        let html = message(&Message {
            deleted: true,
            ..shown
        })
        .into_string();
        assert!(
            !html.contains("0199-a")
                && !html.contains("hut.jpg")
                && !html.contains("message--pictures")
        );
    }

    #[test]
    fn what_was_forwarded_pinned_previewed_and_felt_is_shown_until_it_is_deleted() {
        let reactions = [Reaction {
            emoji: "👍".to_owned(),
            count: 1,
            user_ids: vec!["u2".to_owned()],
        }];
        let full = Message {
            forwarded: true,
            pinned: true,
            preview: Some(Preview {
                url: "https://example.com/a",
                title: Some("A page"),
                description: None,
                site_name: Some("Example"),
            }),
            reactions: &reactions,
            ..ADA
        };
        let parts = ["Forwarded", "pinned", "A page", "data-reactors=\"u2\""];
        let html = message(&full).into_string();
        let deleted = message(&Message {
            deleted: true,
            ..full
        })
        .into_string();
        for part in parts {
            assert!(html.contains(part), "{part} is missing in {html}");
            assert!(!deleted.contains(part), "{part} is in {deleted}");
        }
        let elsewhere = Preview {
            url: "javascript:alert(1)",
            title: Some("A page"),
            description: None,
            site_name: None,
        };
        let html = message(&Message {
            preview: Some(elsewhere),
            ..ADA
        });
        assert!(!html.into_string().contains("A page"));
    }

    #[test]
    fn a_quote_shows_plain_words_or_what_it_quotes() {
        let of = |reply: Reply<'static>| {
            message(&Message {
                reply: Some(reply),
                ..ADA
            })
            .into_string()
        };
        assert!(of(M0).contains(">What is it?<"));
        let photo = Reply {
            kind: "image",
            excerpt: None,
            ..M0
        };
        assert!(of(photo).contains(">Photo<"));
        let deleted = Reply {
            deleted: true,
            excerpt: None,
            ..M0
        };
        assert!(of(deleted).contains(DELETED));
    }
}
