use maud::{Markup, html};

use crate::conversation::{group_picture, time};
use crate::dialog::{TITLE_LENGTH_MAX, head};
use crate::icon::{Icon, icon};
use crate::language::{key, tr, tr_count, tr_markup, tr_with};
use crate::page::NAME_LENGTH_MAX;
use crate::person::{Person, face};

/// What the description of a group or room may measure, in characters.
const DESCRIPTION_LENGTH_MAX: u32 = 1_000;

/// From here on people are not counted any more.
const PEOPLE_COUNTED_MAX: i64 = 10_000;

/// How people come in, and what that means.
const POLICIES: [(&str, &str, &str); 3] = [
    (
        "open",
        key("policy|Open"),
        key("Anyone can find it and join."),
    ),
    (
        "approval",
        key("By approval"),
        key("Anyone can find it and ask; you decide."),
    ),
    (
        "invite",
        key("By invitation"),
        key("Only with a link, or when somebody adds them."),
    ),
];

/// The people of a group or room, and what one reader may do about them.
#[derive(Clone, Copy, Debug)]
pub struct Room<'a> {
    /// group or room.
    pub kind: &'a str,
    pub is_general: bool,
    pub closed: bool,
    /// The reader's own: owner, admin or member.
    pub role: &'a str,
    /// Up to a hundred; the reader among them.
    pub members: &'a [Person<'a>],
    pub member_count: i64,
    /// Who waits to be let in; of owners and admins alone.
    pub requests: &'a [Person<'a>],
    /// Links that lead in; of owners and admins alone.
    pub invites: &'a [Invite<'a>],
}

/// A link that leads in.
#[derive(Clone, Copy, Debug)]
pub struct Invite<'a> {
    pub token: &'a str,
    pub creator: Option<&'a str>,
    pub uses: i64,
    pub uses_max: Option<i64>,
    /// ISO 8601 in UTC.
    pub expires_at: Option<&'a str>,
}

impl Room<'_> {
    fn is_led(&self) -> bool {
        self.role != "member" && !self.closed && !self.is_general
    }

    /// What the reader may make of somebody, and whether they may remove them.
    fn powers(&self, person: &Person<'_>) -> (&'static [&'static str], bool) {
        let is_owner = person.role == Some("owner");
        if !self.is_led() || person.is_viewer {
            return (&[], false);
        }
        match (self.role, person.role.unwrap_or("member")) {
            ("owner", "owner") => (&["admin", "member"], true),
            ("owner", "admin") => (&["owner", "member"], true),
            ("owner", _) => (&["owner", "admin"], true),
            _ => (&[], !is_owner),
        }
    }
}

/// What stands below the details of a group or room. The script asks for it anew when something of it changes.
pub fn room(room: &Room<'_>) -> Markup {
    html! {
        div.room data-role=(room.role) data-general[room.is_general] data-requests=(room.requests.len()) data-count=(in_words(room.member_count, room.kind)) {
            @if !room.requests.is_empty() {
                section.room__part aria-labelledby="requests-heading" {
                    h3.details__heading #requests-heading { (tr_with("Waiting to join ({n})", &[("n", &room.requests.len().to_string())])) }
                    ul.room__requests { @for person in room.requests { (request(person)) } }
                }
            }
            section.room__part aria-labelledby="people-heading" {
                h3.details__heading #people-heading { (tr("People")) }
                @if room.is_led() {
                    button.button.button--row type="button" data-deed="dialog" data-dialog="add" aria-haspopup="dialog" {
                        (icon(Icon::Plus)) (tr("Add people"))
                    }
                }
                ul.details__members {
                    @for person in room.members { (member(room, person)) }
                }
                @if room.member_count > room.members.len() as i64 {
                    p.details__more { (tr_count("and {n} more", "and {n} more", room.member_count - room.members.len() as i64)) }
                }
            }
            @if room.is_led() {
                section.room__part aria-labelledby="links-heading" {
                    h3.details__heading #links-heading { (tr("Invite links")) }
                    ul.room__links { @for invite in room.invites { (link(invite)) } }
                    button.button.button--row type="button" data-deed="dialog" data-dialog="link" aria-haspopup="dialog" {
                        (icon(Icon::Link)) (tr("New invite link"))
                    }
                }
                section.room__part aria-label=(tr("Manage")) {
                    button.button.button--row type="button" data-deed="dialog" data-dialog="edit" aria-haspopup="dialog" {
                        (icon(Icon::Edit)) (tr("Edit details"))
                    }
                    button.button.button--row.button--danger type="button" data-deed="close" {
                        (icon(Icon::Stop)) (tr("Close for everyone"))
                    }
                }
            }
        }
    }
}

fn request(person: &Person<'_>) -> Markup {
    html! {
        li.request data-user-id=(person.id) {
            (face(person))
            span.person__name dir="auto" { (person.name) }
            span.request__buttons {
                button.button.button--small type="button" data-deed="approve" data-user=(person.id) {
                    (tr("Approve")) span.visually-hidden { " " (person.name) }
                }
                button.button.button--quiet.button--small type="button" data-deed="deny" data-user=(person.id) {
                    (tr("Deny")) span.visually-hidden { " " (person.name) }
                }
            }
        }
    }
}

fn member(room: &Room<'_>, person: &Person<'_>) -> Markup {
    let (roles, may_remove) = room.powers(person);
    let menu = format!("member-menu-{}", person.id);
    html! {
        li.member data-user-id=(person.id) data-name=(person.name) {
            a.member__link href={ "/u/" (person.id) } {
                (face(person))
                span.person__name dir="auto" { (person.name) }
                span.person__detail dir="auto" { (person.detail()) }
            }
            @if may_remove || !roles.is_empty() {
                button.member__more.icon-button type="button" popovertarget=(menu) aria-haspopup="true"
                    aria-label=(tr_with("What to do about {name}", &[("name", person.name)])) { (icon(Icon::More)) }
                div.menu.member__menu id=(menu) popover role="group" aria-label=(person.name) {
                    @for role in roles {
                        button.menu__item type="button" data-deed="role" data-user=(person.id) data-role=(role) {
                            (icon(Icon::Person))
                            @match *role {
                                "owner" => (tr("Make owner")),
                                "admin" => (tr("Make admin")),
                                _ => (tr("Make member")),
                            }
                        }
                    }
                    @if may_remove {
                        button.menu__item.menu__item--danger type="button" data-deed="remove" data-user=(person.id) data-name=(person.name) {
                            (icon(Icon::Trash)) (tr("Remove"))
                        }
                    }
                }
            }
        }
    }
}

fn link(invite: &Invite<'_>) -> Markup {
    let uses = match (invite.uses, invite.uses_max) {
        (uses, Some(max)) => tr_with(
            "used {uses} of {max}",
            &[("uses", &uses.to_string()), ("max", &max.to_string())],
        ),
        (0, None) => tr("not used yet").to_owned(),
        (uses, None) => tr_count("used once", "used {n} times", uses),
    };
    html! {
        li.invite {
            span.invite__address dir="ltr" { "/i/" (invite.token) }
            span.invite__detail {
                (uses)
                @if let Some(at) = invite.expires_at { " · " (tr_markup("until {time}", &[("time", time(at))])) }
                @if let Some(creator) = invite.creator { " · " (tr_markup("by {name}", &[("name", html! { bdi { (creator) } })])) }
            }
            button.icon-button type="button" data-deed="copy" data-token=(invite.token) aria-label=(tr("Copy link")) title=(tr("Copy link")) { (icon(Icon::Copy)) }
            button.icon-button type="button" data-deed="revoke" data-token=(invite.token) aria-label=(tr("Revoke link")) title=(tr("Revoke link")) { (icon(Icon::Trash)) }
        }
    }
}

/// People to add: the finder of a new chat, with boxes to tick.
pub fn add_dialog() -> Markup {
    html! {
        dialog.dialog.add-people aria-labelledby="add-title" {
            form.dialog__form {
                (head("add-title", tr("Add people")))
                label.visually-hidden for="add-query" { (tr("Find people")) }
                input.field #add-query type="search" dir="auto" autocomplete="off" placeholder=(tr("Find people")) maxlength=(NAME_LENGTH_MAX);
                div.new-chat__found tabindex="-1" {}
                p.dialog__note role="status" {}
                div.dialog__buttons { button.button type="submit" disabled { (tr("Add")) } }
            }
        }
    }
}

/// How long a new link holds, and for how many.
pub fn link_dialog() -> Markup {
    html! {
        dialog.dialog.new-link aria-labelledby="link-title" {
            form.dialog__form {
                (head("link-title", tr("New invite link")))
                label.field__label for="link-hours" { (tr("It holds")) }
                select.field #link-hours name="hours" {
                    option value="1" { (tr("for an hour")) }
                    option value="24" { (tr("for a day")) }
                    option value="168" selected { (tr("for a week")) }
                    option value="" { (tr("until it is revoked")) }
                }
                label.field__label for="link-uses" { (tr("It lets in")) }
                select.field #link-uses name="uses" {
                    option value="1" { (tr_count("one person", "{n} people", 1)) }
                    option value="10" { (tr_count("one person", "{n} people", 10)) }
                    option value="100" { (tr_count("one person", "{n} people", 100)) }
                    option value="" selected { (tr("any number of people")) }
                }
                p.dialog__note role="status" {}
                div.dialog__buttons { button.button type="submit" { (tr("Make and copy")) } }
            }
        }
    }
}

/// Name, description and how people join; of one that is there, or of a new room.
#[derive(Clone, Copy, Debug)]
pub struct RoomForm<'a> {
    pub is_new: bool,
    pub kind: &'a str,
    pub title: &'a str,
    pub description: &'a str,
    pub join_policy: &'a str,
}

pub fn room_dialog(form: &RoomForm<'_>) -> Markup {
    let (heading, done) = if form.is_new {
        (tr("New room"), tr("Create room"))
    } else {
        (tr("Edit"), tr("Save"))
    };
    // A group is a closed circle: whoever has a link comes in, or asks.
    let policies = POLICIES
        .iter()
        .filter(|(policy, ..)| form.kind == "room" || *policy != "open");
    html! {
        dialog.dialog.room-form aria-labelledby="room-title" {
            form.dialog__form {
                (head("room-title", heading))
                label.field__label for="room-name" { (tr("Name")) }
                input.field #room-name name="name" type="text" dir="auto" autocomplete="off" required
                    maxlength=(TITLE_LENGTH_MAX) value=(form.title);
                label.field__label for="room-description" { (tr("Description")) }
                textarea.field #room-description name="description" rows="3" dir="auto" maxlength=(DESCRIPTION_LENGTH_MAX) { (form.description) }
                fieldset.room-form__policies {
                    legend.field__label { (tr("How people join")) }
                    @for (policy, name, meaning) in policies {
                        label.choice.room-form__policy {
                            input type="radio" name="join_policy" value=(policy) checked[form.join_policy == *policy];
                            span { b { (tr(name)) } span.room-form__meaning { @if form.kind == "group" && *policy == "approval" { (tr("A link is for asking; you decide.")) } @else { (tr(meaning)) } } }
                        }
                    }
                }
                p.dialog__note role="status" {}
                div.dialog__buttons { button.button type="submit" { (done) } }
            }
        }
    }
}

/// Before the last owner leaves: who leads it from then on.
pub fn hand_over_dialog(members: &[Person<'_>]) -> Markup {
    html! {
        dialog.dialog.hand-over aria-labelledby="hand-over-title" {
            form.dialog__form {
                (head("hand-over-title", tr("Hand over before you leave")))
                p { (tr("You are its last owner. Choose who owns it from now on.")) }
                div.hand-over__people role="radiogroup" aria-labelledby="hand-over-title" {
                    @for person in members.iter().filter(|person| !person.is_viewer) {
                        label.choice.hand-over__person {
                            input type="radio" name="owner" value=(person.id) required;
                            (face(person))
                            bdi { (person.name) }
                        }
                    }
                }
                p.dialog__note role="status" {}
                div.dialog__buttons { button.button.button--danger type="submit" { (tr("Hand over and leave")) } }
            }
        }
    }
}

/// A room that can be found.
#[derive(Clone, Copy, Debug)]
pub struct FoundRoom<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub description: Option<&'a str>,
    pub join_policy: &'a str,
    pub member_count: i64,
    /// The reader's own: active, pending, left, or none.
    pub state: Option<&'a str>,
}

pub fn rooms_dialog() -> Markup {
    html! {
        dialog.dialog.rooms aria-labelledby="rooms-title" {
            form.dialog__form {
                (head("rooms-title", tr("Rooms")))
                label.visually-hidden for="rooms-query" { (tr("Find rooms")) }
                input.field #rooms-query type="search" dir="auto" autocomplete="off" placeholder=(tr("Find rooms")) maxlength=(NAME_LENGTH_MAX);
                div.rooms__found tabindex="-1" {}
                p.dialog__note role="status" {}
            }
        }
    }
}

pub fn rooms(found: &[FoundRoom<'_>]) -> Markup {
    html! {
        ul.rooms__list aria-label=(tr("Rooms")) {
            @for room in found {
                li.found-room data-conversation-id=(room.id) {
                    (group_picture(room.id, "room"))
                    span.found-room__title dir="auto" { (room.title) }
                    span.found-room__detail dir="auto" {
                        (people(room.member_count))
                        @if let Some(description) = room.description.filter(|text| !text.is_empty()) { " · " (description) }
                    }
                    @match room.state {
                        Some("active") => a.button.button--quiet.button--small href={ "/c/" (room.id) } { (tr("Open")) },
                        Some("pending") => a.button.button--quiet.button--small href={ "/c/" (room.id) } { (tr("Waiting")) },
                        _ => button.button.button--small type="button" data-join=(room.id) {
                            @if room.join_policy == "approval" { (tr("Ask to join")) } @else { (tr("Join")) }
                            span.visually-hidden { " " (room.title) }
                        },
                    }
                }
            }
        }
    }
}

/// As the head of the conversation says it.
pub(crate) fn in_words(count: i64, kind: &str) -> String {
    match (kind, count) {
        ("room", PEOPLE_COUNTED_MAX..) => tr("10,000 people and more in this room").to_owned(),
        (_, PEOPLE_COUNTED_MAX..) => tr("10,000 people and more in this group").to_owned(),
        ("room", _) => tr_count("{n} person in this room", "{n} people in this room", count),
        _ => tr_count(
            "{n} person in this group",
            "{n} people in this group",
            count,
        ),
    }
}

pub(crate) fn people(count: i64) -> String {
    match count {
        PEOPLE_COUNTED_MAX.. => tr("10,000 people and more").to_owned(),
        _ => tr_count("{n} person", "{n} people", count),
    }
}

/// Somebody who waits to be let in sees this in the conversation's place.
#[derive(Clone, Copy, Debug)]
pub struct Waiting<'a> {
    pub id: &'a str,
    pub kind: &'a str,
    pub title: &'a str,
    pub description: Option<&'a str>,
    pub member_count: i64,
}

pub fn waiting(waiting: &Waiting<'_>) -> Markup {
    html! {
        main.pane.pane--waiting #main tabindex="-1" data-title=(waiting.title) data-waiting-id=(waiting.id) {
            section.talk aria-label=(waiting.title) {
                header.pane__header {
                    a.pane__back.icon-button href="/chats" aria-label=(tr("All chats")) { (icon(Icon::Back)) }
                    (group_picture(waiting.id, waiting.kind))
                    div.pane__heading {
                        h1.pane__title tabindex="-1" dir="auto" { (waiting.title) }
                        p.pane__status { (people(waiting.member_count)) }
                    }
                }
                p.connection role="status" hidden {}
                div.waiting {
                    (group_picture(waiting.id, waiting.kind))
                    p.waiting__state role="status" { (tr("Waiting for approval")) }
                    p.waiting__hint { (tr("An owner or admin decides. You can leave this page: it will be in your chats once you are in.")) }
                    @if let Some(description) = waiting.description { p.waiting__description dir="auto" { (description) } }
                    button.waiting__withdraw.button.button--quiet type="button" { (tr("Withdraw")) }
                }
            }
        }
    }
}

/// People whom the reader blocks.
pub fn blocks(people: &[(&str, &str)]) -> Markup {
    html! {
        ul.blocks__list {
            @for (id, name) in people {
                li.blocks__person {
                    bdi { (name) }
                    button.button.button--quiet.button--small type="button" data-unblock=(id) {
                        (tr("Unblock")) span.visually-hidden { " " (name) }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Person<'static> = Person {
        id: "u1",
        avatar_id: None,
        name: "Ada",
        username: None,
        status: "online",
        last_seen_at: None,
        role: Some("owner"),
        is_viewer: false,
    };
    const BOB: Person<'static> = Person {
        id: "u2",
        name: "Bob",
        role: Some("member"),
        ..ADA
    };
    const ROOM: Room<'static> = Room {
        kind: "room",
        is_general: false,
        closed: false,
        role: "member",
        members: &[ADA, BOB],
        member_count: 2,
        requests: &[],
        invites: &[],
    };

    #[test]
    fn what_one_may_not_do_is_not_shown() {
        let html = room(&ROOM).into_string();
        assert!(!html.contains("data-deed"), "{html}");
        let html = room(&Room {
            role: "admin",
            ..ROOM
        })
        .into_string();
        assert!(
            html.contains("Add people") && html.contains(r#"data-deed="remove" data-user="u2""#)
        );
        assert!(!html.contains(r#"data-deed="remove" data-user="u1""#) && !html.contains("Make "));
        let html = room(&Room {
            role: "owner",
            ..ROOM
        })
        .into_string();
        assert!(html.contains("Make owner") && html.contains("Make member"));
        for leading in [
            Room {
                closed: true,
                role: "owner",
                ..ROOM
            },
            Room {
                is_general: true,
                role: "owner",
                ..ROOM
            },
        ] {
            assert!(!room(&leading).into_string().contains("data-deed"));
        }
    }

    #[test]
    fn nobody_changes_their_own_role_by_the_menu() {
        let me = Person {
            is_viewer: true,
            ..ADA
        };
        let html = room(&Room {
            role: "owner",
            members: &[me],
            ..ROOM
        })
        .into_string();
        assert!(!html.contains("member__more"));
    }

    #[test]
    fn a_hostile_name_stays_text() {
        let hostile = r#""><script>alert(1)</script>"#;
        let person = Person {
            id: hostile,
            name: hostile,
            ..BOB
        };
        let invite = Invite {
            token: hostile,
            creator: Some(hostile),
            uses: 1,
            uses_max: None,
            expires_at: Some(hostile),
        };
        let found = FoundRoom {
            id: hostile,
            title: hostile,
            description: Some(hostile),
            join_policy: hostile,
            member_count: 1,
            state: None,
        };
        for html in [
            room(&Room {
                role: "owner",
                members: &[person],
                requests: &[person],
                invites: &[invite],
                ..ROOM
            }),
            rooms(&[found]),
            hand_over_dialog(&[person]),
            blocks(&[(hostile, hostile)]),
            room_dialog(&RoomForm {
                is_new: false,
                kind: "room",
                title: hostile,
                description: hostile,
                join_policy: "open",
            }),
            waiting(&Waiting {
                id: hostile,
                kind: hostile,
                title: hostile,
                description: Some(hostile),
                member_count: 1,
            }),
        ] {
            assert!(!html.into_string().contains("<script"));
        }
    }
}
