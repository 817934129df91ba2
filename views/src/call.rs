//! Calls: the message that one leaves, the log of them, and what the script shows while one rings or goes on.

use maud::{Markup, html};

use crate::card::{Data, card_row_of, duration, joined, picture};
use crate::conversation::time;
use crate::dialog::head;
use crate::icon::{Icon, icon};
use crate::language::{key, tr, tr_with};
use crate::phrase::{Phrase, say};

/// A call of the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct Call<'a> {
    pub id: &'a str,
    pub conversation_id: &'a str,
    /// Where it was, as its reader calls it.
    pub title: &'a str,
    pub is_video: bool,
    pub is_own: bool,
    /// completed, missed, declined, busy or cancelled; None while it rings or goes on.
    pub outcome: Option<&'a str>,
    pub duration_ms: Option<f64>,
    /// ISO 8601 in UTC.
    pub at: &'a str,
}

/// What the caller reads, and what everybody else does: the same where there is one truth.
fn titles(outcome: &str, is_video: bool) -> [Phrase; 2] {
    let of = |voice, video| say(if is_video { video } else { voice });
    let missed = || of(key("Missed voice call"), key("Missed video call"));
    match outcome {
        "missed" => [say("No answer"), missed()],
        "cancelled" => [
            of(key("Cancelled voice call"), key("Cancelled video call")),
            missed(),
        ],
        "busy" => [say("Busy"), missed()],
        "declined" => [
            say("Declined"),
            of(key("Declined voice call"), key("Declined video call")),
        ],
        _ => [(); 2].map(|()| of(key("Voice call"), key("Video call"))),
    }
}

/// Whether who was called has missed it.
pub(crate) fn is_missed_in(data: &Data) -> bool {
    is_missed(outcome_of(data))
}

/// Whether it says that nobody was spoken with.
fn is_untaken(outcome: &str) -> bool {
    outcome == "declined" || is_missed(outcome)
}

fn is_missed(outcome: &str) -> bool {
    matches!(outcome, "missed" | "cancelled" | "busy")
}

/// In one line, for who was called: "Missed video call", "Voice call, 12:03".
pub(crate) fn words(data: Option<&Data>) -> Phrase {
    let Some(data) = data else {
        return say("Call");
    };
    let (outcome, is_video) = (outcome_of(data), is_video(data));
    let [_, title] = titles(outcome, is_video);
    match data.duration_ms.and_then(duration) {
        Some(length) if !is_untaken(outcome) => {
            let text = if is_video {
                key("Video call, {length}")
            } else {
                key("Voice call, {length}")
            };
            say(text).with("length", length)
        }
        // One that nobody took has none.
        Some(length) => Phrase::own(format!("{}, {length}", title.text())),
        None => title,
    }
}

fn outcome_of(data: &Data) -> &str {
    data.outcome.as_deref().unwrap_or_default()
}

fn is_video(data: &Data) -> bool {
    data.call_media.as_deref() == Some("video")
}

/// The card of a call that has ended. It is the same for who called and who was called; a rule of the page's picks out
/// which words are whose.
pub(crate) fn card(data: &Data) -> Markup {
    let outcome = outcome_of(data);
    let [own, others] = titles(outcome, is_video(data));
    let is_missed = is_missed(outcome);
    let media = if is_video(data) { "video" } else { "audio" };
    html! {
        (card_row_of(
            picture(drawing(is_video(data), is_missed)),
            html! {
                b.card__title.call__own data-say=[own.key()] { (own.text()) }
                b.card__title.call__others data-say=[others.key()] { (others.text()) }
                @if let Some(length) = data.duration_ms.and_then(duration) { span.card__detail { (length) } }
                button.call__again.link type="button" data-call=(media) {
                    span.call__own data-say="Call again" { (tr("Call again")) }
                    span.call__others data-say="Call back" { (tr("Call back")) }
                }
            },
        ))
    }
}

fn drawing(is_video: bool, is_missed: bool) -> Icon {
    match (is_video, is_missed) {
        (_, true) => Icon::PhoneMissed,
        (true, false) => Icon::Video,
        (false, false) => Icon::Phone,
    }
}

/// A page of the log, newest first.
pub fn calls(calls: &[Call<'_>], next: Option<&str>) -> Markup {
    html! {
        ol.calls__list data-next=[next] {
            @for call in calls { (entry(call)) }
        }
    }
}

fn entry(call: &Call<'_>) -> Markup {
    let outcome = call.outcome.unwrap_or("running");
    let [own, others] = titles(outcome, call.is_video);
    let is_missed = is_missed(outcome) && !call.is_own;
    let what = match outcome {
        "running" => tr("Now").to_owned(),
        _ if call.is_own => own.text().into_owned(),
        _ => others.text().into_owned(),
    };
    let detail = joined([Some(what), call.duration_ms.and_then(duration)]);
    let media = if call.is_video { "video" } else { "audio" };
    html! {
        li.calls__entry data-call-id=(call.id) data-missed[is_missed] {
            a.calls__link href={ "/c/" (call.conversation_id) } {
                span.calls__icon { (icon(drawing(call.is_video, is_missed))) }
                b.calls__title dir="auto" { (call.title) }
                span.calls__detail { (if call.is_own { "↗ " } else { "↙ " }) (detail) }
                span.calls__time { (time(call.at)) }
            }
            button.calls__again.icon-button type="button" data-call=(media) data-conversation-id=(call.conversation_id)
                aria-label=(tr_with("Call {title}", &[("title", call.title)]))
            {
                (icon(if call.is_video { Icon::Video } else { Icon::Phone }))
            }
        }
    }
}

/// What opens while a call rings or goes on, and the log: templates for the script, fetched with the first call.
pub fn call_tools() -> Markup {
    html! {
        div {
            dialog.ring aria-labelledby="ring-name" aria-describedby="ring-what" {
                span.ring__icon { (kinds()) }
                p.ring__text role="alert" {
                    b.ring__name #ring-name dir="auto" {}
                    span.ring__what #ring-what dir="auto" {}
                }
                div.ring__buttons {
                    button.button.ring__answer type="button" { (icon(Icon::Phone)) span { (tr("Answer")) } }
                    button.button.ring__decline type="button" { (icon(Icon::PhoneDown)) span { (tr("Decline")) } }
                    button.button.button--quiet.ring__ignore type="button" { (tr("Ignore")) }
                }
            }
            section.call-bar aria-label=(tr("Call")) {
                span.call-bar__icon { (kinds()) }
                p.call-bar__text {
                    a.call-bar__name dir="auto" href="/" {}
                    span.call-bar__state role="status" {}
                    span.call-bar__time role="timer" aria-live="off" {}
                }
                p.call-bar__notice {}
                button.button.call-bar__again type="button" hidden { (tr("Call again")) }
                button.button.call-bar__join type="button" hidden { (tr("Join")) }
                button.button.call-bar__leave type="button" hidden { (icon(Icon::PhoneDown)) span { (tr("Hang up")) } }
                button.icon-button.call-bar__close type="button" aria-label=(tr("Close")) hidden { (icon(Icon::Close)) }
            }
            dialog.dialog.calls aria-labelledby="calls-title" {
                div.dialog__form {
                    (head("calls-title", tr("Calls")))
                    div.calls__whose {
                        button.button.button--quiet.calls__here type="button" aria-pressed="true" { (tr("Here")) }
                        button.button.button--quiet.calls__all type="button" aria-pressed="false" { (tr("All calls")) }
                    }
                    div.calls__place tabindex="-1" {}
                    p.calls__note role="status" {}
                    button.button.button--quiet.calls__more type="button" hidden { (tr("Show more")) }
                }
            }
        }
    }
}

/// One for each kind of call; the style shows that of this one.
fn kinds() -> Markup {
    html! {
        span.call-kind.call-kind--audio { (icon(Icon::Phone)) }
        span.call-kind.call-kind--video { (icon(Icon::Video)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, message};

    fn data(outcome: &str, media: &str, duration_ms: Option<f64>) -> Data {
        Data {
            outcome: Some(outcome.to_owned()),
            call_media: Some(media.to_owned()),
            duration_ms,
            ..Data::default()
        }
    }

    #[test]
    fn a_call_says_how_it_ended_to_its_caller_and_to_the_called() {
        for (outcome, own, others) in [
            ("missed", "No answer", "Missed video call"),
            ("cancelled", "Cancelled video call", "Missed video call"),
            ("busy", "Busy", "Missed video call"),
            ("declined", "Declined", "Declined video call"),
            ("completed", "Video call", "Video call"),
        ] {
            let html = card(&data(outcome, "video", None)).into_string();
            assert!(
                html.contains(&format!("call__own\" data-say=\"{own}\">{own}<")),
                "{html}"
            );
            assert!(
                html.contains(&format!("call__others\" data-say=\"{others}\">{others}<")),
                "{html}"
            );
            assert!(html.contains(r#"data-call="video""#), "{html}");
        }
        assert_eq!(
            words(Some(&data("completed", "audio", Some(723_000.0)))).text(),
            "Voice call, 12:03"
        );
        assert_eq!(words(None).text(), "Call");
    }

    #[test]
    fn a_call_is_a_message_that_tells_whether_it_was_missed() {
        let html = |outcome: &str| {
            let data = data(outcome, "audio", None);
            message(&Message {
                kind: "call",
                sender_id: Some("u1"),
                data: Some(&data),
                ..Message::default()
            })
            .into_string()
        };
        assert!(html("missed").contains(r#"data-words="Missed voice call""#));
        assert!(html("missed").contains("message--missed"));
        assert!(!html("completed").contains("message--missed"));
    }

    #[test]
    fn a_hostile_title_or_outcome_stays_text() {
        let hostile = r#""><script>alert(1)</script>"#;
        let html = calls(
            &[Call {
                id: hostile,
                conversation_id: hostile,
                title: hostile,
                outcome: Some(hostile),
                at: hostile,
                ..Call::default()
            }],
            Some(hostile),
        );
        assert!(!html.into_string().contains("<script"));
        assert!(
            !card(&data(hostile, hostile, None))
                .into_string()
                .contains("<script")
        );
    }
}
