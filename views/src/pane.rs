use maud::{Markup, html};

use crate::avatar::avatar;
use crate::conversation::{Peer, picture, presence};
use crate::dialog::message_menu;
use crate::icon::{Icon, icon};
use crate::language::{tr, tr_markup, tr_with};
use crate::message::{Message, message};
use crate::person::Person;
use crate::pin::pins;
use crate::room::{Room, in_words, room};

/// What the body of a message may measure, in characters; the box says so before the database must.
const BODY_LENGTH_MAX: u32 = 4_000;

/// How many can be in a call.
const CALL_PEOPLE_MAX: i64 = 8;

/// The conversation that the page shows, as one reader sees it.
#[derive(Clone, Copy, Debug)]
pub struct Pane<'a> {
    /// None: a direct chat with `peer` that begins with its first message.
    pub id: Option<&'a str>,
    /// direct, group or room.
    pub kind: &'a str,
    pub is_general: bool,
    pub title: &'a str,
    /// An image: the picture of a group or room.
    pub avatar_id: Option<&'a str>,
    pub description: Option<&'a str>,
    pub peer: Option<Peer<'a>>,
    /// owner, admin or member.
    pub role: &'a str,
    pub muted: bool,
    pub pinned: bool,
    pub archived: bool,
    pub mentions_only: bool,
    /// Whether the reader blocks the other of a direct chat.
    pub blocked: bool,
    /// When closed, there is nothing to write with.
    pub closed: bool,
    /// Oldest first.
    pub messages: &'a [Message<'a>],
    /// The newest pin first.
    pub pins: &'a [Message<'a>],
    /// Older messages are before this seq; None when all of them are here.
    pub older: Option<i64>,
    /// Newer messages are after this seq; None when all of them are here.
    pub newer: Option<i64>,
    pub last_seq: i64,
    /// How far the viewer has read.
    pub read_seq: i64,
    pub unread: i64,
    /// The message that the address names.
    pub highlight: Option<i64>,
    /// How far others have got and read, as JSON: `{"user id": [delivered_seq, read_seq]}`. None where
    /// they are too many to be told apart.
    pub marks: Option<&'a str>,
    /// Up to a hundred; the viewer among them.
    pub members: &'a [Person<'a>],
    pub member_count: i64,
}

/// The conversation with the box to write in, and beside it what there is to know of it.
pub fn pane(pane: &Pane<'_>) -> Markup {
    let key = pane.id.unwrap_or_default();
    html! {
        main.pane #main tabindex="-1"
            data-title=(pane.title)
            data-kind=(pane.kind)
            data-conversation-id=[pane.id]
            data-peer-id=[pane.peer.map(|peer| peer.id)]
            data-role=(pane.role)
        {
            section.talk aria-label=(pane.title) {
                header.pane__header {
                    a.pane__back.icon-button href="/chats" aria-label=(tr("All chats")) { (icon(Icon::Back)) }
                    @match pane.peer {
                        Some(peer) => {
                            button.pane__face type="button" data-profile=(peer.id) aria-haspopup="dialog"
                                aria-label=(tr_with("Profile of {name}", &[("name", pane.title)])) title=(tr("Profile")) {
                                (picture(key, pane.kind, pane.title, None, Some(peer)))
                            }
                        }
                        None => (picture(key, pane.kind, pane.title, pane.avatar_id, None)),
                    }
                    div.pane__heading data-profile=[pane.peer.map(|peer| peer.id)] {
                        // Takes the focus of who arrives without a box to write in.
                        h1.pane__title tabindex="-1" dir="auto" { (pane.title) }
                        p.pane__status { (status(pane)) }
                    }
                    @if can_call(pane) {
                        (call_button("audio", tr("Voice call"), Icon::Phone))
                        (call_button("video", tr("Video call"), Icon::Video))
                    }
                    @if pane.id.is_some() {
                        button.pane__search.icon-button type="button" aria-label=(tr("Search in this conversation"))
                            title=(tr("Search in this conversation")) aria-keyshortcuts="Control+F Meta+F" { (icon(Icon::Search)) }
                    }
                    button.pane__details.icon-button type="button" aria-label=(tr("Details"))
                        aria-controls="details" { (icon(Icon::People)) }
                }
                (pins(pane.pins))
                p.connection role="status" hidden {}
                noscript { p.connection { (tr("Turn on JavaScript to write, and to see what is new.")) } }
                (timeline(pane))
                p.typing dir="auto" {}
                @if pane.closed {
                    p.composer.composer--closed { (tr("This conversation is closed.")) }
                } @else if pane.blocked {
                    p.composer.composer--closed.composer--blocked {
                        (tr_markup("You blocked {name}.", &[("name", html! { bdi { (pane.title) } })])) " "
                        button.link.composer__unblock type="button" { (tr("Unblock")) }
                    }
                } @else {
                    (composer(pane.title))
                }
            }
            (details(pane))
        }
    }
}

/// No conversation: the list stands alone, and on a wide screen this beside it. On a narrow one it is only heard.
pub fn no_pane() -> Markup {
    html! {
        main.pane.pane--none #main tabindex="-1" {
            div.pane__empty {
                h1.pane__choose { (tr("Choose a conversation, or start a new one.")) }
                p.pane__hint { (tr_markup("Press {keys} to find anyone.", &[("keys", html! { kbd { (tr("Ctrl")) } " " kbd { "K" } })])) }
            }
        }
    }
}

/// Somebody else is there, and not too many: as `chat.calling_refusal` has it, which has the last word.
fn can_call(pane: &Pane<'_>) -> bool {
    pane.id.is_some() && !pane.closed && (2..=CALL_PEOPLE_MAX).contains(&pane.member_count)
}

fn call_button(media: &str, label: &str, drawing: Icon) -> Markup {
    html! {
        button.pane__call.icon-button type="button" data-call=(media) aria-label=(label) title=(label) { (icon(drawing)) }
    }
}

fn status(pane: &Pane<'_>) -> Markup {
    html! {
        @match pane.peer {
            Some(peer) => (presence(peer)),
            None => bdi { (in_words(pane.member_count, pane.kind)) },
        }
    }
}

fn timeline(pane: &Pane<'_>) -> Markup {
    html! {
        div.timeline-frame {
            p.timeline__day aria-hidden="true" hidden {}
            div.timeline tabindex="0" role="group" aria-label=(tr("Messages"))
                data-last-seq=(pane.last_seq)
                data-read-seq=(pane.read_seq)
                data-unread=(pane.unread)
                data-older=[pane.older]
                data-newer=[pane.newer]
                data-highlight=[pane.highlight]
                data-marks=[pane.marks]
            {
                // One block, so that its end is seen before the script has come to scroll there.
                div.timeline__content {
                    div.timeline__start hidden[pane.older.is_some()] { (beginning(pane)) }
                    ol.timeline__messages {
                        @for entry in pane.messages { (message(entry)) }
                    }
                    // What is still on its way; the script fills it.
                    ol.timeline__pending aria-label=(tr("On the way")) {}
                }
            }
            button.timeline__unread.button.button--float type="button" hidden {
                (icon(Icon::Up)) span.timeline__unread-text { (tr("New messages")) }
            }
            button.timeline__latest.button.button--float type="button" aria-label=(tr("Newest messages")) hidden {
                span.timeline__count hidden {} (icon(Icon::Down))
            }
            (message_menu())
        }
    }
}

/// Above the first message, so that nothing is ever blank.
fn beginning(pane: &Pane<'_>) -> Markup {
    let key = pane.id.unwrap_or_default();
    let is_notes = pane.peer.is_some_and(|_| pane.member_count == 1);
    html! {
        (picture(key, pane.kind, pane.title, pane.avatar_id, pane.peer))
        h2.timeline__start-title dir="auto" { (pane.title) }
        @if is_notes {
            p { (tr("Notes to yourself: nobody else reads them.")) }
        } @else if pane.kind == "direct" {
            p { (tr_markup("This is the beginning of your chat with {name}.", &[("name", html! { bdi { (pane.title) } })])) }
        } @else if pane.is_general {
            p { (tr("The room that everyone is in. Whatever you say here, all can read.")) }
        } @else {
            p { (tr_markup("This is the beginning of {title}.", &[("title", html! { bdi { (pane.title) } })])) }
        }
        @if let Some(description) = pane.description { p.timeline__start-description dir="auto" { (description) } }
        @if !pane.closed && !pane.blocked && !is_notes {
            button.timeline__hello.button.button--quiet type="button" { "👋 " (tr("Say hello")) }
        }
    }
}

fn composer(title: &str) -> Markup {
    html! {
        form.composer {
            div.composer__context hidden {
                div.composer__context-text {
                    b.composer__context-title dir="auto" {}
                    span.composer__context-excerpt dir="auto" {}
                }
                button.composer__cancel.icon-button type="button" aria-label=(tr("Cancel")) { (icon(Icon::Close)) }
            }
            p.composer__note #composer-note role="alert" {}
            // Enabled by the script: before it runs, there is nobody to send.
            fieldset.composer__fields disabled {
                button.composer__emoji.icon-button type="button" aria-label=(tr("Emoji")) aria-haspopup="dialog" { (icon(Icon::Emoji)) }
                label.visually-hidden for="composer" { (tr_with("Message to {title}", &[("title", title)])) }
                textarea.composer__body #composer name="body" rows="1" dir="auto" maxlength=(BODY_LENGTH_MAX)
                    autocomplete="off" placeholder=(tr("Message")) aria-describedby="composer-note" {}
                button.composer__attach.icon-button type="button" aria-label=(tr("Attach")) aria-haspopup="menu" { (icon(Icon::Clip)) }
                // In the place of the other, whichever there is use for.
                button.composer__voice.icon-button type="button" aria-label=(tr("Record a voice message")) { (icon(Icon::Microphone)) }
                button.composer__send.icon-button type="submit" aria-label=(tr("Send")) { (icon(Icon::Send)) }
            }
        }
    }
}

fn details(pane: &Pane<'_>) -> Markup {
    let key = pane.id.unwrap_or_default();
    html! {
        section.details #details aria-label=(tr("Details")) {
            button.details__close.icon-button type="button" aria-label=(tr("Close details")) { (icon(Icon::Close)) }
            div.details__profile {
                (picture(key, pane.kind, pane.title, pane.avatar_id, pane.peer))
                h2.details__title dir="auto" { (pane.title) }
                p.details__status { (status(pane)) }
                @if let Some(description) = pane.description { p.details__description dir="auto" { (description) } }
            }
            @if pane.id.is_some() {
                ul.details__actions {
                    li {
                        button.details__mute.button.button--row type="button" aria-pressed=(pane.muted.to_string()) {
                            (icon(Icon::BellOff)) (tr("Mute"))
                        }
                    }
                    (preferences(pane))
                    li.details__group {
                        button.details__link.button.button--row type="button" { (icon(Icon::Link)) (tr("Copy link")) }
                    }
                    li {
                        button.details__date.button.button--row type="button" aria-haspopup="dialog" {
                            (icon(Icon::Calendar)) (tr("Jump to date"))
                        }
                    }
                    @if can_call(pane) {
                        @for (media, words, drawing) in [("audio", tr("Voice call"), Icon::Phone), ("video", tr("Video call"), Icon::Video)] {
                            li {
                                button.details__call.button.button--row type="button" data-call=(media) { (icon(drawing)) (words) }
                            }
                        }
                    }
                    li {
                        button.details__calls.button.button--row type="button" aria-haspopup="dialog" {
                            (icon(Icon::List)) (tr("Calls"))
                        }
                    }
                    @if let Some(peer) = pane.peer {
                        li {
                            button.details__person.button.button--row type="button" data-profile=(peer.id) aria-haspopup="dialog" {
                                (icon(Icon::Person)) (tr("Profile"))
                            }
                        }
                    }
                    @if pane.kind != "direct" && matches!(pane.role, "owner" | "admin") {
                        li {
                            button.details__portrait.button.button--row type="button" aria-haspopup="dialog" {
                                (icon(Icon::Photo)) (tr("Change picture"))
                            }
                        }
                    }
                    @if let Some(peer) = pane.peer.filter(|_| pane.member_count > 1) {
                        li.details__group {
                            button.details__block.button.button--row.button--danger type="button"
                                data-user=(peer.id) aria-pressed=(pane.blocked.to_string()) {
                                (icon(Icon::Hide)) @if pane.blocked { (tr("Unblock")) } @else { (tr("Block")) }
                            }
                        }
                    }
                    @if pane.kind != "direct" && !pane.is_general {
                        li.details__group {
                            button.details__leave.button.button--row.button--danger type="button" {
                                (icon(Icon::Back)) (tr("Leave"))
                            }
                        }
                    }
                }
            }
            @if pane.kind != "direct" {
                (room(&Room {
                    kind: pane.kind,
                    is_general: pane.is_general,
                    closed: pane.closed,
                    role: pane.role,
                    members: pane.members,
                    member_count: pane.member_count,
                    // Of owners and admins, for whom the script asks a moment later.
                    requests: &[],
                    invites: &[],
                }))
            }
        }
    }
}

/// How the reader wants the conversation shown, and told of, besides muting it.
fn preferences(pane: &Pane<'_>) -> Markup {
    html! {
        li {
            button.details__silence.button.button--row type="button" popovertarget="silence-menu" aria-haspopup="true" {
                (icon(Icon::Bell)) (tr("Mute for a while"))
            }
            div.menu.details__menu #silence-menu popover role="group" aria-label=(tr("Mute for")) {
                button.menu__item type="button" data-hours="1" { (tr("1 hour")) }
                button.menu__item type="button" data-hours="8" { (tr("8 hours")) }
                button.menu__item type="button" data-hours="168" { (tr("1 week")) }
            }
        }
        @if pane.kind != "direct" {
            li { (toggle("mentions", pane.mentions_only, Icon::Person, tr("Mentions only"))) }
        }
        li.details__group { (toggle("pin", pane.pinned, Icon::Pin, tr("Pin to the top"))) }
        li { (toggle("archive", pane.archived, Icon::File, tr("Archive"))) }
        li { button.details__unread.button.button--row type="button" { (icon(Icon::List)) (tr("Mark unread")) } }
    }
}

fn toggle(name: &str, is_on: bool, drawing: Icon, text: &str) -> Markup {
    html! {
        button class={ "details__" (name) " button button--row" } type="button" data-preference=(name) aria-pressed=(is_on.to_string()) {
            (icon(drawing)) (text)
        }
    }
}

/// Somebody's own picture and name, as the head of the list shows them.
pub(crate) fn own_picture(id: &str, name: &str, avatar_id: Option<&str>) -> Markup {
    html! { span.picture { (avatar(id, name, avatar_id)) } }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::message::tests::ADA;

    pub(crate) const PANE: Pane<'static> = Pane {
        id: Some("c1"),
        kind: "group",
        is_general: false,
        title: "Engines",
        avatar_id: None,
        description: None,
        peer: None,
        role: "member",
        muted: false,
        pinned: false,
        archived: false,
        mentions_only: false,
        blocked: false,
        closed: false,
        messages: &[ADA],
        pins: &[],
        older: Some(7),
        newer: None,
        last_seq: 7,
        read_seq: 6,
        unread: 1,
        highlight: None,
        marks: None,
        members: &[],
        member_count: 2,
    };

    #[test]
    fn the_timeline_carries_what_the_script_goes_on_from() {
        let html = pane(&PANE).into_string();
        for part in [
            r#"data-conversation-id="c1""#,
            r#"data-read-seq="6""#,
            r#"data-older="7""#,
            r#"<fieldset class="composer__fields" disabled>"#,
        ] {
            assert!(html.contains(part), "{part} is missing");
        }
        assert!(!html.contains("data-newer") && !html.contains("data-highlight"));
        assert!(
            html.contains(&message(&ADA).into_string()),
            "a message looks the same in the page"
        );
    }

    #[test]
    fn a_closed_conversation_has_nothing_to_write_with() {
        let html = pane(&Pane {
            closed: true,
            ..PANE
        })
        .into_string();
        assert!(html.contains("This conversation is closed.") && !html.contains("<textarea"));
    }

    #[test]
    fn a_chat_that_has_not_begun_has_a_peer_and_no_conversation() {
        let html = pane(&Pane {
            id: None,
            kind: "direct",
            title: "Bob",
            peer: Some(Peer {
                id: "u2",
                avatar_id: None,
                status: "online",
                last_seen_at: None,
            }),
            messages: &[],
            older: None,
            ..PANE
        })
        .into_string();
        assert!(html.contains(r#"data-peer-id="u2""#) && !html.contains("data-conversation-id"));
        assert!(html.contains("beginning of your chat with") && !html.contains("details__mute"));
    }

    #[test]
    fn a_hostile_title_or_description_stays_text() {
        let hostile = r#""><script>alert(1)</script><b onclick='x'>"#;
        let html = pane(&Pane {
            id: Some(hostile),
            title: hostile,
            description: Some(hostile),
            marks: Some(hostile),
            ..PANE
        });
        assert!(!html.into_string().contains("<script"));
    }
}
