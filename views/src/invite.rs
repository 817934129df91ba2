use maud::{DOCTYPE, Markup, html};

use crate::conversation::group_picture;
use crate::embed::Frame;
use crate::language::{key, spoken, tr, tr_markup};
use crate::look::Look;
use crate::problem;
use crate::room::people;
use crate::welcome::{Door, GuestForm, by_the_project, doors_to, guest_form};

/// What a link into a group or room opens.
#[derive(Clone, Copy, Debug)]
pub struct InvitePage<'a> {
    pub assets: &'a str,
    pub product: &'a str,
    pub look: Look,
    /// Its own address, `/i/{token}`.
    pub path: &'a str,
    pub leads: Leads<'a>,
    pub frame: Frame<'a>,
}

/// Where a link leads, or why nowhere.
#[derive(Clone, Copy, Debug)]
pub enum Leads<'a> {
    In {
        id: &'a str,
        kind: &'a str,
        title: &'a str,
        description: Option<&'a str>,
        member_count: i64,
        /// Whether owners and admins decide.
        asks: bool,
        visitor: Visitor<'a>,
    },
    Nowhere {
        code: &'a str,
        detail: &'a str,
    },
}

/// Who has the link.
#[derive(Clone, Copy, Debug)]
pub enum Visitor<'a> {
    Known {
        name: &'a str,
    },
    /// Nobody whom the server knows yet, and what they are called when the field stays empty.
    New {
        suggested_name: &'a str,
        doors: &'a [Door],
    },
}

/// Needs no script.
pub fn invite_page(page: &InvitePage<'_>) -> Markup {
    let heading = match page.leads {
        Leads::In { title, .. } => title,
        Leads::Nowhere { code, .. } => tr(why(code)),
    };
    html! {
        (DOCTYPE)
        html lang=(spoken().code()) dir=(page.look.direction()) data-theme=(page.look.theme) data-color=(page.look.color) {
            head { (crate::page::head(heading, page.assets)) link rel="stylesheet" href={ (page.assets) "/room.css" }; }
            body {
                main.welcome.invitation {
                    @match page.leads {
                        Leads::In { id, kind, title, description, member_count, asks, visitor } => {
                            (group_picture(id, kind))
                            p.invitation__lead { (tr(invitation(kind))) }
                            h1.welcome__title dir="auto" { (title) }
                            p.invitation__count { (people(member_count)) }
                            @if let Some(description) = description.filter(|text| !text.is_empty()) {
                                p.invitation__description dir="auto" { (description) }
                            }
                            (door(page, visitor, asks))
                        }
                        Leads::Nowhere { detail, .. } => {
                            h1.welcome__title { (heading) }
                            p { (problem::detail(detail)) }
                            p { (tr("Ask whoever sent it for a new one.")) }
                            p { a href="/" { (tr("Back to the chat")) } }
                        }
                    }
                }
            }
        }
    }
}

fn door(page: &InvitePage<'_>, visitor: Visitor<'_>, asks: bool) -> Markup {
    let deed = if asks { tr("Ask to join") } else { tr("Join") };
    html! {
        @match visitor {
            Visitor::Known { name } => {
                form.welcome__form method="post" action=(page.path) {
                    button.button type="submit" { (deed) }
                    p.field__note {
                        (tr_markup("as {name}.", &[("name", html! { bdi { (name) } })]))
                        @if asks { " " (tr("An owner or admin decides.")) }
                    }
                }
            }
            Visitor::New { suggested_name, doors } => {
                @if doors.contains(&Door::Guest) {
                    (guest_form(&GuestForm {
                        suggested_name,
                        name: "",
                        error: None,
                        next: page.path,
                        has_focus: false,
                        deed: tr("Continue"),
                        is_framed: page.frame.is_framed,
                    }))
                }
                @if doors.is_empty() {
                    (by_the_project())
                }
                (doors_to(doors, Some(Door::Guest), page.path))
            }
        }
        p.invitation__product { a href="/" { (page.product) } }
    }
}

fn invitation(kind: &str) -> &'static str {
    match kind {
        "room" => key("You are invited to the room"),
        _ => key("You are invited to the group"),
    }
}

fn why(code: &str) -> &'static str {
    match code {
        "invite_expired" => key("This link has expired"),
        "invite_revoked" => key("This link is no longer valid"),
        "invite_used_up" => key("This link is used up"),
        "removed" => key("You can not come in by this link"),
        "conversation_closed" => key("This conversation is closed"),
        _ => key("There is no such link"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: InvitePage<'static> = InvitePage {
        assets: "/static/abc",
        product: "Chat",
        look: Look {
            theme: "system",
            color: "blue",
            is_right_to_left: None,
            shows_details: true,
            language: None,
        },
        path: "/i/token",
        frame: Frame::NONE,
        leads: Leads::In {
            id: "c1",
            kind: "room",
            title: "Engines",
            description: Some("All about them"),
            member_count: 3,
            asks: false,
            visitor: Visitor::Known { name: "Ada" },
        },
    };

    #[test]
    fn somebody_known_joins_by_one_click_and_somebody_new_comes_back_here() {
        let html = invite_page(&PAGE).into_string();
        assert!(
            html.contains(r#"action="/i/token""#)
                && html.contains(">Join<")
                && html.contains("3 people")
        );
        let leads = match PAGE.leads {
            Leads::In {
                id,
                kind,
                title,
                description,
                member_count,
                ..
            } => Leads::In {
                id,
                kind,
                title,
                description,
                member_count,
                asks: true,
                visitor: Visitor::New {
                    doors: &[Door::Guest, Door::LogIn],
                    suggested_name: "Quiet Fox",
                },
            },
            nowhere => nowhere,
        };
        let html = invite_page(&InvitePage { leads, ..PAGE }).into_string();
        assert!(html.contains(r#"name="next" value="/i/token""#) && html.contains("Quiet Fox"));
    }

    #[test]
    fn a_link_that_leads_nowhere_says_why_and_hostile_text_stays_text() {
        let hostile = r#""><script>alert(1)</script>"#;
        let leads = Leads::Nowhere {
            code: "invite_expired",
            detail: hostile,
        };
        let html = invite_page(&InvitePage {
            leads,
            path: hostile,
            ..PAGE
        })
        .into_string();
        assert!(html.contains("This link has expired") && !html.contains("<script"));
        let leads = Leads::In {
            id: hostile,
            kind: hostile,
            title: hostile,
            description: Some(hostile),
            member_count: 1,
            asks: false,
            visitor: Visitor::Known { name: hostile },
        };
        assert!(
            !invite_page(&InvitePage { leads, ..PAGE })
                .into_string()
                .contains("<script")
        );
    }
}
