//! Messages that a conversation keeps at hand: a bar with the newest pin under its header, and a list of all.

use maud::{Markup, html};

use crate::conversation::time;
use crate::dialog::head;
use crate::icon::{Icon, icon};
use crate::language::tr;
use crate::message::Message;

/// The bar and the list, the newest pin first; the bar is not shown while nothing is pinned.
pub fn pins(pins: &[Message<'_>]) -> Markup {
    html! {
        section.pins aria-label=(tr("Pinned messages")) hidden[pins.is_empty()] {
            div.pins__bar {
                @if let Some(newest) = pins.first() {
                    a.pins__go href=(address(newest)) data-seq=(newest.seq) {
                        (icon(Icon::Pin))
                        span.pins__text {
                            span.pins__label { (tr("Pinned message")) }
                            span.pins__words dir="auto" { (words(newest)) }
                        }
                    }
                }
                button.pins__all.icon-button type="button" aria-label=(tr("All pinned messages")) aria-haspopup="dialog" {
                    (icon(Icon::List))
                }
            }
            dialog.dialog.pinned aria-labelledby="pinned-title" {
                div.dialog__form {
                    (head("pinned-title", tr("Pinned messages")))
                    p.pinned__note role="status" {}
                    ol.pinned__list tabindex="-1" { @for pin in pins { (entry(pin)) } }
                }
            }
        }
    }
}

fn entry(pin: &Message<'_>) -> Markup {
    html! {
        li.pin data-message-id=(pin.id) data-seq=(pin.seq) data-revision=(pin.revision) {
            a.pin__link href=(address(pin)) {
                b.pin__sender dir="auto" { (pin.sender_name.unwrap_or(tr("Someone"))) }
                span.pin__time { (time(pin.created_at)) }
                span.pin__words dir="auto" { (words(pin)) }
            }
            button.pin__remove.icon-button type="button" aria-label=(tr("Unpin")) title=(tr("Unpin")) { (icon(Icon::Close)) }
        }
    }
}

fn address(pin: &Message<'_>) -> String {
    format!("/c/{}/{}", pin.conversation_id, pin.seq)
}

fn words(pin: &Message<'_>) -> String {
    pin.in_one_line()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::ADA;

    #[test]
    fn the_newest_pin_stands_in_the_bar_and_all_in_the_list() {
        let older = Message {
            id: "m0",
            seq: 3,
            body: Some("An **older** one"),
            ..ADA
        };
        let html = pins(&[ADA, older]).into_string();
        assert!(html.contains(r#"<a class="pins__go" href="/c/c1/7" data-seq="7""#));
        assert!(html.contains(r#"data-message-id="m0" data-seq="3""#));
        assert!(html.contains("An older one") && !html.contains("pins__bar\" hidden"));
    }

    #[test]
    fn nothing_pinned_shows_nothing_and_a_hostile_pin_stays_text() {
        assert!(
            pins(&[])
                .into_string()
                .starts_with(r#"<section class="pins" aria-label="Pinned messages" hidden>"#)
        );
        let hostile = r#""><script>alert(1)</script>"#;
        let pin = Message {
            id: hostile,
            conversation_id: hostile,
            sender_name: Some(hostile),
            body: Some(hostile),
            created_at: hostile,
            ..ADA
        };
        assert!(!pins(&[pin]).into_string().contains("<script"));
    }
}
