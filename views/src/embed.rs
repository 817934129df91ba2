//! The chat within a page of another site: what a frame begins with, and what pages in it know of it.

use maud::{DOCTYPE, Markup, html};

use crate::icon::{Icon, icon};
use crate::language::{spoken, tr};
use crate::look::Look;
use crate::page::head;

/// How a page is shown within another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Frame<'a> {
    /// Origins, separated by spaces, whose pages may show it and tell it things; the chat's own needs no mention.
    pub origins: &'a str,
    /// One conversation alone: there is no list, and no way to another.
    pub is_alone: bool,
    /// In a frame, as the browser says. It says so where a cookie of a frame can be kept, over HTTPS and on this machine.
    pub is_framed: bool,
}

impl Frame<'_> {
    pub const NONE: Self = Self {
        origins: "",
        is_alone: false,
        is_framed: false,
    };
}

/// The first page of a frame. It shows nothing of anybody: its script asks the page around who somebody is, and goes on.
#[derive(Clone, Copy, Debug)]
pub struct EmbedPage<'a> {
    pub assets: &'a str,
    pub product: &'a str,
    pub look: Look,
    pub frame: Frame<'a>,
}

/// Each notice is there, and the script shows the one that holds.
pub fn embed_page(page: &EmbedPage<'_>) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(spoken().code()) dir=(page.look.direction()) data-theme=(page.look.theme) data-color=(page.look.color)
            data-origins=(page.frame.origins)
        {
            head {
                (head(page.product, page.assets))
                link rel="stylesheet" href={ (page.assets) "/embed.css" };
                script type="module" src={ (page.assets) "/embed_shell.js" } {}
            }
            body.embed {
                main.embed__main {
                    h1.visually-hidden { (page.product) }
                    p.embed__opening role="status" { span.visually-hidden { (tr("Opening the chat")) } }
                    noscript { p.embed__notice { (tr("Turn on JavaScript to chat here.")) } }
                    (notice("cookies", tr("Your browser keeps this chat from knowing you here"), tr("It does not let a chat within another site remember who you are."), html! {
                        button.button type="button" data-deed="allow" { (tr("Allow and go on")) }
                        a.button.button--quiet href="/" target="_blank" rel="noopener" { (icon(Icon::Link)) (tr("Open the chat in a tab")) }
                    }))
                    (notice("refused", tr("You could not be signed in"), tr("The page around this chat said who you are in a way that the chat does not accept."), html! {
                        button.button type="button" data-deed="again" { (tr("Try again")) }
                    }))
                    (notice("nowhere", tr("This conversation is not to be had"), tr("The page around this chat names one that there is not, or that is not for you."), html! {
                        button.button type="button" data-deed="again" { (tr("Try again")) }
                    }))
                    (notice("unreachable", tr("The chat can not be reached"), tr("Your connection may be down, or the chat is."), html! {
                        button.button type="button" data-deed="again" { (tr("Try again")) }
                    }))
                    (notice("not-embedded", tr("This page is a part of another"), tr("It is what a page of another site shows when a chat is embedded in it."), html! {
                        a.button href="/" { (tr("Open the chat")) }
                    }))
                }
            }
        }
    }
}

fn notice(name: &str, title: &str, text: &str, deeds: Markup) -> Markup {
    html! {
        section.embed__notice data-notice=(name) role="alert" hidden {
            h2.embed__title { (title) }
            p { (text) }
            p.embed__reason hidden {}
            div.embed__deeds { (deeds) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_begins_with_nothing_but_who_may_speak_to_it() {
        let html = embed_page(&EmbedPage {
            assets: "/s",
            product: "Chat",
            look: Look::default(),
            frame: Frame {
                origins: "https://a.example https://b.example",
                ..Frame::default()
            },
        })
        .into_string();
        assert!(html.contains(r#"data-origins="https://a.example https://b.example""#));
        assert!(!html.contains("data-user-id") && !html.contains(" style="));
        assert_eq!(
            html.matches("data-notice").count(),
            html.matches("role=\"alert\" hidden").count(),
            "none is shown before it holds"
        );
    }
}
