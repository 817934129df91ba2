//! The way in, for who has no session: as a guest, or with a password.

use maud::{DOCTYPE, Markup, html};

use crate::embed::Frame;
use crate::language::{key, spoken, tr, tr_count, tr_markup};
use crate::look::Look;
use crate::page::{NAME_LENGTH_MAX, USERNAME_LENGTH_MAX, head};
use crate::problem;

/// As the server has it.
pub(crate) const PASSWORD_LENGTH_MIN: u32 = 8;
pub(crate) const PASSWORD_LENGTH_MAX: u32 = 200;

/// The page of a visitor whom the server does not know yet.
#[derive(Clone, Copy, Debug)]
pub struct Welcome<'a> {
    /// Where the static files are, without a slash at the end: `/static/3f9c…`.
    pub assets: &'a str,
    pub product: &'a str,
    pub look: Look,
    /// An invented name: what the visitor is called when the field stays empty.
    pub suggested_name: &'a str,
    /// What was entered before, when the page is shown again because of `error`.
    pub name: &'a str,
    pub error: Option<&'a str>,
    /// Where the visitor wanted to go.
    pub next: &'a str,
    pub doors: &'a [Door],
    /// The one that is open; None where there is none at all.
    pub door: Option<Door>,
    pub frame: Frame<'a>,
}

/// A way into the chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    Guest,
    LogIn,
    SignUp,
}

impl Door {
    const ALL: [Self; 3] = [Self::Guest, Self::LogIn, Self::SignUp];

    /// As an address names it.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|door| door.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Guest => "guest",
            Self::LogIn => "login",
            Self::SignUp => "signup",
        }
    }

    /// What leads to it from another one.
    fn invitation(self) -> &'static str {
        match self {
            Self::Guest => key("Come in as a guest"),
            Self::LogIn => key("Log in"),
            Self::SignUp => key("Create an account"),
        }
    }
}

/// Name and door; needs no script.
pub fn welcome(welcome: &Welcome<'_>) -> Markup {
    let body = html! {
        main.welcome {
            img.welcome__icon src={ (welcome.assets) "/icon.svg" } alt="" width="56" height="56";
            h1.welcome__title { (welcome.product) }
            @match welcome.door {
                Some(Door::Guest) => {
                    p { (tr("What should people call you?")) }
                    (guest_form(&GuestForm {
                        suggested_name: welcome.suggested_name,
                        name: welcome.name,
                        error: welcome.error,
                        next: welcome.next,
                        // A frame that took it would take it from the page around.
                        has_focus: !welcome.frame.is_framed,
                        deed: tr("Start chatting"),
                        is_framed: welcome.frame.is_framed,
                    }))
                }
                Some(door) => (password_form(welcome, door)),
                None => (by_the_project()),
            }
            (doors_to(welcome.doors, welcome.door, welcome.next))
        }
    };
    html! {
        (DOCTYPE)
        html lang=(spoken().code()) dir=(welcome.look.direction()) data-theme=(welcome.look.theme) data-color=(welcome.look.color)
            data-origins=(welcome.frame.origins) data-framed[welcome.frame.is_framed]
        {
            head {
                (head(welcome.product, welcome.assets))
                @if welcome.frame.is_framed {
                    script type="module" src={ (welcome.assets) "/embed_door.js" } {}
                }
            }
            body { (body) }
        }
    }
}

/// What a visitor is told where there is no door of ours: the host project is the way in.
pub(crate) fn by_the_project() -> Markup {
    html! {
        p { (tr("This chat belongs to another site. Log in there, and open it from there.")) }
    }
}

/// Links to the doors but the one that is shown.
pub(crate) fn doors_to(doors: &[Door], shown: Option<Door>, next: &str) -> Markup {
    // As it stands in an address: a path has little else.
    let next: String = next
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect();
    html! {
        @for door in doors.iter().filter(|door| Some(**door) != shown) {
            a.welcome__door href={ "/?door=" (door.name()) "&next=" (next) } { (tr(door.invitation())) }
        }
    }
}

/// What a guest fills in, wherever one comes from.
pub(crate) struct GuestForm<'a> {
    pub suggested_name: &'a str,
    /// What was entered before.
    pub name: &'a str,
    pub error: Option<&'a str>,
    pub next: &'a str,
    /// Whether the page is about nothing else.
    pub has_focus: bool,
    pub deed: &'a str,
    pub is_framed: bool,
}

pub(crate) fn guest_form(form: &GuestForm<'_>) -> Markup {
    html! {
        form.welcome__form method="post" action="/auth/guest" {
            label.field__label for="name" { (tr("Your name")) }
            input.field #name name="name" type="text" maxlength=(NAME_LENGTH_MAX) autocomplete="nickname"
                autofocus[form.has_focus] dir="auto" value=(form.name) placeholder=(form.suggested_name)
                aria-describedby="name-note" aria-invalid=[form.error.map(|_| "true")];
            p.field__note #name-note {
                @if let Some(error) = form.error {
                    strong.field__error role="alert" { (problem::detail(error)) }
                    " "
                }
                (tr_markup("Leave it empty to be called {name}.", &[("name", html! { bdi { (form.suggested_name) } })]))
            }
            input type="hidden" name="invented_name" value=(form.suggested_name);
            input type="hidden" name="next" value=(form.next);
            (framed(form.is_framed))
            button.button type="submit" { (form.deed) }
        }
    }
}

/// Asks for a cookie that works in a frame of another site.
fn framed(is_framed: bool) -> Markup {
    html! {
        @if is_framed { input type="hidden" name="framed" value="1"; }
    }
}

fn password_form(welcome: &Welcome<'_>, door: Door) -> Markup {
    let is_new = door == Door::SignUp;
    html! {
        p { @if is_new { (tr("Create an account")) } @else { (tr("Log in to chat")) } }
        form.welcome__form method="post" action={ "/auth/" (door.name()) } {
            @if let Some(error) = welcome.error {
                p.field__note { strong.field__error role="alert" { (problem::detail(error)) } }
            }
            label.field__label for="username" { (tr("Username")) }
            input.field #username name="username" type="text" required maxlength=(USERNAME_LENGTH_MAX) autocomplete="username"
                autocapitalize="none" spellcheck="false" autofocus[!welcome.frame.is_framed] dir="auto" value=(welcome.name);
            @if is_new {
                label.field__label for="name" { (tr("Your name")) }
                input.field #name name="name" type="text" maxlength=(NAME_LENGTH_MAX) autocomplete="name" dir="auto"
                    aria-describedby="name-note";
                p.field__note #name-note { (tr("What people see. Without one it is your username.")) }
            }
            label.field__label for="password" { (tr("Password")) }
            input.field #password name="password" type="password" required dir="ltr"
                minlength=[is_new.then_some(PASSWORD_LENGTH_MIN)] maxlength=(PASSWORD_LENGTH_MAX)
                autocomplete=(if is_new { "new-password" } else { "current-password" })
                aria-describedby=[is_new.then_some("password-note")];
            @if is_new {
                p.field__note #password-note { (tr_count("At least {n} character.", "At least {n} characters.", i64::from(PASSWORD_LENGTH_MIN))) }
            }
            input type="hidden" name="next" value=(welcome.next);
            (framed(welcome.frame.is_framed))
            button.button type="submit" { @if is_new { (tr("Create account")) } @else { (tr("Log in")) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::look::Look;

    const HOSTILE: &str = "\"><script>alert(1)</script>";

    fn html(door: Option<Door>, doors: &[Door], next: &str, error: Option<&str>) -> String {
        welcome(&Welcome {
            frame: Frame::default(),
            assets: "/s",
            product: "Chat",
            look: Look::default(),
            suggested_name: "Calm Fox",
            name: HOSTILE,
            error,
            next,
            doors,
            door,
        })
        .into_string()
    }

    #[test]
    fn each_door_has_its_form_and_leads_to_the_others_and_on_to_where_one_was_going() {
        for door in Door::ALL {
            let html = html(Some(door), &Door::ALL, "/c/7", Some(HOSTILE));
            assert!(
                html.contains(&format!("action=\"/auth/{}\"", door.name())),
                "{html}"
            );
            assert!(html.contains("name=\"next\" value=\"/c/7\""));
            assert_eq!(html.matches("<form").count(), 1);
            for other in Door::ALL {
                let link = format!("href=\"/?door={}&amp;next=/c/7\"", other.name());
                assert_eq!(html.contains(&link), other != door, "{html}");
            }
            assert!(!html.contains("<script"), "{html}");
        }
    }

    #[test]
    fn where_one_was_going_stays_within_its_address() {
        let html = html(
            Some(Door::LogIn),
            &[Door::LogIn, Door::SignUp],
            "/c/7?a=b&door=x#\"",
            None,
        );
        assert!(
            html.contains("next=/c/7%3Fa%3Db%26door%3Dx%23%22\""),
            "{html}"
        );
        assert!(!html.contains("/auth/guest"));
    }

    #[test]
    fn in_a_frame_every_form_asks_for_a_cookie_of_frames_and_elsewhere_none() {
        for door in Door::ALL {
            for is_framed in [false, true] {
                let html = welcome(&Welcome {
                    assets: "/s",
                    product: "Chat",
                    look: Look::default(),
                    suggested_name: "Calm Fox",
                    name: "",
                    error: None,
                    next: "/",
                    doors: &Door::ALL,
                    door: Some(door),
                    frame: Frame {
                        is_framed,
                        ..Frame::default()
                    },
                })
                .into_string();
                assert_eq!(html.contains("name=\"framed\""), is_framed, "{html}");
                assert_eq!(html.contains("autofocus"), !is_framed);
            }
        }
    }

    #[test]
    fn without_a_door_it_says_so() {
        let html = html(None, &[], "/", None);
        assert!(html.contains("Log in there") && !html.contains("<form"));
    }
}
