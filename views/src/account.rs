//! Where the reader is logged in, and the password they come in with.

use maud::{Markup, html};

use crate::language::{tr, tr_markup, tr_with};
use crate::welcome::{PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN};

/// One log-in of the reader's.
#[derive(Clone, Copy, Debug)]
pub struct Session<'a> {
    pub id: &'a str,
    /// What its client calls itself.
    pub user_agent: Option<&'a str>,
    /// RFC 3339.
    pub created_at: &'a str,
    /// The one that asks.
    pub is_this: bool,
}

/// Browsers by a word that only they say, each before those that it also passes itself off as.
const BROWSERS: [(&str, &str); 7] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// The same of systems.
const SYSTEMS: [(&str, &str); 6] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("Linux", "Linux"),
];

/// For the settings: the sessions, each to be ended but this one, and, for who logs in by this username, a form for the password.
pub fn account(sessions: &[Session<'_>], username: Option<&str>) -> Markup {
    html! {
        div.account {
            @if let Some(username) = username {
                form.account__password {
                    h3.field__label { (tr("Password")) }
                    // Managers of passwords keep one for a name.
                    input type="text" name="username" autocomplete="username" value=(username) hidden;
                    div {
                        label.visually-hidden for="account-current" { (tr("Your password now")) }
                        input.field #account-current name="password" type="password" autocomplete="current-password" required placeholder=(tr("Your password now"));
                    }
                    div {
                        label.visually-hidden for="account-new" { (tr("The new password")) }
                        input.field #account-new name="new_password" type="password" autocomplete="new-password" required
                            minlength=(PASSWORD_LENGTH_MIN) maxlength=(PASSWORD_LENGTH_MAX) placeholder=(tr("The new one"));
                    }
                    div.settings__row {
                        p.account__note.field__note role="status" { (tr("Everybody else who is logged in as you is out then.")) }
                        button.button type="submit" { (tr("Change")) }
                    }
                }
            }
            h3.field__label { (tr("Where you are logged in")) }
            ul.account__sessions {
                @for session in sessions {
                    li.account__session {
                        div {
                            b { (device(session.user_agent)) }
                            @if session.is_this { " " span.account__this { (tr("this one")) } }
                            p.field__note { (tr_markup("since {day}", &[("day", html! { time datetime=(session.created_at) { (day(session.created_at)) } })])) }
                        }
                        @if !session.is_this {
                            button.button.button--quiet.button--small type="button" data-end-session=(session.id) {
                                (tr("Sign out")) span.visually-hidden { " " (device(session.user_agent)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// As people call it: Firefox on Linux.
fn device(user_agent: Option<&str>) -> String {
    let Some(agent) = user_agent.map(str::trim).filter(|agent| !agent.is_empty()) else {
        return tr("Something that does not say what it is").to_owned();
    };
    let of = |names: &[(&str, &str)]| {
        let found = names.iter().find(|(word, _)| agent.contains(word));
        found.map(|(_, name)| (*name).to_owned())
    };
    match (of(&BROWSERS), of(&SYSTEMS)) {
        (Some(browser), Some(system)) => tr_with(
            "{browser} on {system}",
            &[("browser", &browser), ("system", &system)],
        ),
        (Some(name), None) | (None, Some(name)) => name,
        // A program: curl/8.5, or whatever it was called.
        (None, None) => agent.split(['/', ' ']).next().unwrap_or(agent).to_owned(),
    }
}

fn day(time: &str) -> &str {
    time.split('T').next().unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_called_as_people_call_it() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 Edg/130.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:132.0) Gecko/20100101 Firefox/132.0",
                "Firefox on Mac",
            ),
            ("curl/8.5.0", "curl"),
            ("webchat demo", "webchat"),
        ] {
            assert_eq!(device(Some(agent)), name);
        }
        assert_eq!(device(None), device(Some(" ")));
    }

    #[test]
    fn every_log_in_but_this_one_can_be_ended() {
        let here = Session {
            id: "s1",
            user_agent: Some("curl/8"),
            created_at: "2026-11-22T10:00:00.000000Z",
            is_this: true,
        };
        let there = Session {
            id: "s2",
            user_agent: Some("<b>x</b>"),
            is_this: false,
            ..here
        };
        let html = account(&[here, there], None).into_string();
        assert!(
            html.contains(r#"data-end-session="s2""#) && !html.contains(r#"data-end-session="s1""#)
        );
        assert!(html.contains("2026-11-22</time>") && !html.contains("<b>x"));
        assert!(
            !html.contains("account__password")
                && account(&[here], Some("ada"))
                    .into_string()
                    .contains("account__password")
        );
    }
}
