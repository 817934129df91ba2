use maud::{DOCTYPE, Markup, html};

use crate::attaching::attaching;
use crate::conversation::{Conversation, conversations};
use crate::dialog::{
    confirm, date, forward, message_tools, new_chat, portrait, settings, switcher,
};
use crate::embed::Frame;
use crate::icon::{Icon, icon};
use crate::language::{Language, spoken, tr};
use crate::look::Look;
use crate::message::pending;
use crate::pane::{Pane, no_pane, own_picture, pane};
use crate::problem;
use crate::room::{Waiting, waiting};
use crate::search::search_panel;

/// What a name of a person may measure, in characters; the field says so before the server must.
pub(crate) const NAME_LENGTH_MAX: u32 = 80;
/// The same of a username.
pub(crate) const USERNAME_LENGTH_MAX: u32 = 60;

/// Where the static files are whatever their content: only how long they are kept hangs on the hash.
const ASSETS_UNHASHED: &str = "/static/latest";

/// One file for each idea, in the order in which they build on each other.
const STYLES: [&str; 8] = [
    "theme.css",
    "app.css",
    "shell.css",
    "message.css",
    "text.css",
    "card.css",
    "media.css",
    "dialog.css",
];

/// The modules that `app.js` imports, announced so that they load side by side.
const MODULES: [&str; 27] = [
    "api.js",
    "composer.js",
    "connection.js",
    "details.js",
    "drafts.js",
    "dress.js",
    "fragment.js",
    "indicator.js",
    "navigation.js",
    "outbox.js",
    "pane.js",
    "pending.js",
    "presence.js",
    "receipts.js",
    "settings.js",
    "sidebar.js",
    "socket.js",
    "storage.js",
    "stream.js",
    "ticks.js",
    "timeline.js",
    "times.js",
    "title.js",
    "turns.js",
    "typing.js",
    "unread.js",
    "words.js",
];

/// The chat as one reader sees it when the page loads.
#[derive(Clone, Copy, Debug)]
pub struct ChatPage<'a> {
    pub assets: &'a str,
    pub product: &'a str,
    pub look: Look,
    pub viewer: Viewer<'a>,
    /// The change cursor of the same snapshot that everything else on the page was read in.
    pub cursor: &'a str,
    /// The most bytes of a file that can be sent.
    pub file_bytes_max: u64,
    pub conversations: &'a [Conversation<'a>],
    /// None shows the list alone.
    pub open: Option<Pane<'a>>,
    /// In its place, while the reader waits to be let in.
    pub waiting: Option<Waiting<'a>>,
    pub frame: Frame<'a>,
}

#[derive(Clone, Copy, Debug)]
pub struct Viewer<'a> {
    pub id: &'a str,
    pub name: &'a str,
    /// An image: their picture.
    pub avatar_id: Option<&'a str>,
    pub is_guest: bool,
}

/// The list of conversations, and the one that is open.
///
/// What the script needs stands on the root (`data-user-id`, `data-cursor`, …) and on what it is about
/// (`data-read-seq` on the timeline, `data-seq` on each message).
pub fn chat(page: &ChatPage<'_>) -> Markup {
    let title = page.open.map(|open| open.title);
    let title = title.or(page.waiting.map(|asked| asked.title));
    let title = title.unwrap_or(page.product);
    html! {
        (DOCTYPE)
        html lang=(spoken().code())
            dir=(page.look.direction())
            data-theme=(page.look.theme)
            data-color=(page.look.color)
            data-details=(page.look.details())
            data-user-id=(page.viewer.id)
            data-user-name=(page.viewer.name)
            data-product=(page.product)
            data-cursor=(page.cursor)
            data-file-bytes-max=(page.file_bytes_max)
            data-origins=(page.frame.origins)
            data-alone[page.frame.is_alone]
        {
            head {
                (head(title, page.assets))
                // Before the first paint, so that one's own messages do not jump to their side. The rest comes
                // after it: what the server rendered can be read.
                script type="module" async blocking="render" src={ (page.assets) "/viewer.js" } {}
                script type="module" src={ (page.assets) "/app.js" } {}
                @for module in MODULES {
                    link rel="modulepreload" href={ (page.assets) "/" (module) };
                }
                (words(page.assets))
            }
            body.chat {
                a.skip href="#main" { (tr("Skip to the conversation")) }
                (sidebar(page))
                @match (&page.open, &page.waiting) {
                    (Some(open), _) => (pane(open)),
                    (None, Some(asked)) => (waiting(asked)),
                    (None, None) => (no_pane()),
                }
                div.announcer.visually-hidden role="log" aria-label=(tr("New messages")) {}
                div.toasts role="status" aria-label=(tr("Notices")) {}
                (new_chat())
                (switcher())
                (settings(&page.viewer, &page.look))
                (confirm())
                (forward())
                (date())
                (message_tools())
                (search_panel())
                (attaching())
                (portrait())
                template #pending-template { (pending()) }
            }
        }
    }
}

/// A page for what went wrong: `title` in a few words, `detail` what to do about it.
pub fn error_page(status: u16, title: &str, detail: &str, look: &Look) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(spoken().code()) dir=(look.direction()) data-theme=(look.theme) data-color=(look.color) {
            head { (head(tr(title), ASSETS_UNHASHED)) }
            body {
                main.welcome {
                    p.welcome__status { (status) }
                    h1.welcome__title { (tr(title)) }
                    p { (problem::detail(detail)) }
                    p { a href="/" { (tr("Back to the chat")) } }
                }
            }
        }
    }
}

pub(crate) fn head(title: &str, assets: &str) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content";
        meta name="color-scheme" content="light dark";
        title { (title) }
        link rel="icon" type="image/svg+xml" href={ (assets) "/icon.svg" };
        @for style in STYLES {
            link rel="stylesheet" href={ (assets) "/" (style) };
        }
    }
}

/// What the script says in the page's language, on its way with the modules that say it. English is in them.
pub(crate) fn words(assets: &str) -> Markup {
    let language = spoken();
    html! {
        @if language != Language::English {
            link rel="modulepreload" href={ (assets) "/words_" (language.code()) ".js" };
            link rel="modulepreload" href={ (assets) "/say.js" };
        }
    }
}

fn sidebar(page: &ChatPage<'_>) -> Markup {
    html! {
        aside.sidebar aria-label=(tr("Chats")) {
            header.sidebar__header {
                button.sidebar__viewer type="button" aria-haspopup="dialog" {
                    (own_picture(page.viewer.id, page.viewer.name, page.viewer.avatar_id))
                    b dir="auto" { (page.viewer.name) }
                    span.visually-hidden { ", " (tr("settings")) }
                }
                button.sidebar__find.icon-button type="button" aria-haspopup="dialog" aria-label=(tr("Find a conversation or a person")) title=(tr("Find a conversation or a person")) aria-keyshortcuts="Control+K Meta+K" {
                    (icon(Icon::Jump))
                }
                button.sidebar__new.icon-button type="button" aria-haspopup="dialog" aria-label=(tr("New chat")) { (icon(Icon::Plus)) }
            }
            // It looks like the field that it leads to, which takes its place.
            button.sidebar__search type="button" { (icon(Icon::Search)) (tr("Search messages")) }
            nav.sidebar__nav aria-label=(tr("Conversations")) {
                (conversations(page.conversations))
                p.sidebar__empty { (tr("No conversations yet.")) }
            }
            footer.sidebar__footer {
                a.sidebar__product href="/" { (page.product) }
                // Trouble is spoken where it is explained, above the messages.
                p.indicator { span.indicator__text dir="auto" { (tr("Connecting")) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pane::tests::PANE;
    use crate::welcome::{Door, Welcome, welcome};

    const HOSTILE: &str = r#""><script>alert(1)</script><b onclick='x'>"#;

    const PLAIN: Look = Look {
        theme: "system",
        color: "blue",
        is_right_to_left: None,
        shows_details: true,
        language: None,
    };

    const PAGE: ChatPage<'static> = ChatPage {
        assets: "/static/abc",
        product: "Chat",
        look: PLAIN,
        viewer: Viewer {
            id: "u9",
            name: "Grace",
            avatar_id: None,
            is_guest: true,
        },
        cursor: "e1-5:7:5",
        file_bytes_max: 1_000,
        conversations: &[],
        open: None,
        waiting: None,
        frame: Frame::NONE,
    };

    #[test]
    fn the_root_carries_what_the_script_starts_from() {
        let html = chat(&ChatPage {
            open: Some(PANE),
            ..PAGE
        })
        .into_string();
        assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\""));
        for part in [
            r#"data-user-id="u9""#,
            r#"data-cursor="e1-5:7:5""#,
            r#"data-details="open""#,
            r#"href="/static/abc/app.css""#,
            r#"src="/static/abc/app.js""#,
        ] {
            assert!(html.contains(part), "{part} is missing");
        }
    }

    #[test]
    fn the_page_is_sent_in_the_look_that_the_reader_chose() {
        let html = chat(&ChatPage {
            look: Look::from_words("dark.orange.rtl"),
            ..PAGE
        })
        .into_string();
        assert!(
            html.contains(r#"<html lang="en" dir="rtl" data-theme="dark" data-color="orange""#)
        );
        assert!(html.contains(r#"name="color" value="orange" checked"#));
    }

    #[test]
    fn a_page_holds_no_inline_script_style_or_handler() {
        let pages = [
            chat(&ChatPage {
                open: Some(PANE),
                ..PAGE
            }),
            welcome(&Welcome {
                assets: "/s",
                frame: Frame::default(),
                product: "Chat",
                look: PLAIN,
                next: "/",
                doors: &[Door::Guest, Door::LogIn],
                door: Some(Door::Guest),
                suggested_name: "Calm Fox",
                name: "",
                error: None,
            }),
            error_page(404, "Not found", "It is not here.", &PLAIN),
        ];
        for page in pages {
            let html = page.into_string();
            assert!(
                !html.contains("<style") && !html.contains(" style="),
                "{html}"
            );
            for attribute in html.split(' ').filter_map(|word| word.split_once('=')) {
                assert!(!attribute.0.starts_with("on"), "{attribute:?}");
            }
            for script in html.split("<script").skip(1) {
                assert!(
                    script.contains(" src=") && script.contains("></script>"),
                    "{script}"
                );
            }
        }
    }

    #[test]
    fn a_hostile_name_title_or_cursor_stays_text() {
        let entry = Conversation {
            id: HOSTILE,
            title: HOSTILE,
            ..Conversation::default()
        };
        let clean = chat(&ChatPage {
            conversations: &[Conversation::default()],
            open: Some(PANE),
            ..PAGE
        });
        let html = chat(&ChatPage {
            product: HOSTILE,
            viewer: Viewer {
                id: HOSTILE,
                name: HOSTILE,
                avatar_id: None,
                is_guest: true,
            },
            cursor: HOSTILE,
            conversations: &[entry],
            open: Some(Pane {
                id: Some(HOSTILE),
                title: HOSTILE,
                ..PANE
            }),
            ..PAGE
        })
        .into_string();
        assert_eq!(
            html.matches('<').count(),
            clean.into_string().matches('<').count(),
            "no tag of theirs"
        );
        assert!(html.contains("<title>&quot;&gt;&lt;script&gt;"));

        for html in [
            welcome(&Welcome {
                assets: "/s",
                frame: Frame::default(),
                product: HOSTILE,
                look: PLAIN,
                next: HOSTILE,
                doors: &[Door::Guest, Door::LogIn],
                door: Some(Door::Guest),
                suggested_name: HOSTILE,
                name: HOSTILE,
                error: Some(HOSTILE),
            }),
            error_page(400, HOSTILE, HOSTILE, &PLAIN),
        ] {
            assert!(!html.into_string().contains("<script"));
        }
    }

    #[test]
    fn the_welcome_page_works_by_a_form_alone() {
        let html = welcome(&Welcome {
            assets: "/s",
            frame: Frame::default(),
            product: "Chat",
            look: PLAIN,
            next: "/c/c1",
            doors: &[Door::Guest, Door::LogIn],
            door: Some(Door::Guest),
            suggested_name: "Calm Fox",
            name: "A",
            error: Some("Too short."),
        })
        .into_string();
        assert!(
            html.contains(r#"<form class="welcome__form" method="post" action="/auth/guest">"#)
        );
        assert!(
            html.contains(r#"name="name" type="text" maxlength="80""#) && html.contains("Calm Fox")
        );
        assert!(html.contains("Too short.") && html.contains(r#"aria-invalid="true""#));
        assert!(!html.contains("required") && !html.contains("<script"));
    }

    #[test]
    fn what_went_wrong_is_said_without_the_name_of_a_field() {
        let html = error_page(
            404,
            "Not Found",
            "conversation_id: there is no such conversation.",
            &PLAIN,
        )
        .into_string();
        assert!(html.contains("<p>There is no such conversation.</p>"));
    }

    #[test]
    fn without_an_open_conversation_the_list_stands_alone() {
        let html = chat(&PAGE).into_string();
        assert!(!html.contains("data-read-seq") && !html.contains("id=\"composer\""));
        assert!(html.contains("Choose a conversation"));
    }
}
