use maud::{DOCTYPE, Markup, html};

use crate::conversation::{Conversation, Peer, conversation, presence};
use crate::message::{Message, message};

/// What a name of a person may measure, in characters; the field says so before the server must.
const NAME_LENGTH_MAX: u32 = 80;
/// The same for the title of a group.
const TITLE_LENGTH_MAX: u32 = 120;
/// And for the body of a message.
const BODY_LENGTH_MAX: u32 = 4_000;

/// Where the static files are whatever their content: only how long they are kept hangs on the hash.
const ASSETS_UNHASHED: &str = "/static/latest";

/// The modules that `app.js` imports, announced so that they load side by side.
const MODULES: [&str; 14] = [
    "api.js",
    "composer.js",
    "connection.js",
    "emoji_on_demand.js",
    "new_chat.js",
    "outbox.js",
    "receipts.js",
    "sidebar.js",
    "socket.js",
    "storage.js",
    "stream.js",
    "timeline.js",
    "type_text.js",
    "typing.js",
];

/// The page of a visitor whom the server does not know yet.
#[derive(Clone, Copy, Debug)]
pub struct Welcome<'a> {
    /// Where the static files are, without a slash at the end: `/static/3f9c…`.
    pub assets: &'a str,
    pub product: &'a str,
    /// An invented name: what the visitor is called when the field stays empty.
    pub suggested_name: &'a str,
    /// What was entered before, when the page is shown again because of `error`.
    pub name: &'a str,
    pub error: Option<&'a str>,
}

/// The chat as one reader sees it when the page loads.
#[derive(Clone, Copy, Debug)]
pub struct ChatPage<'a> {
    pub assets: &'a str,
    pub product: &'a str,
    pub viewer: Viewer<'a>,
    /// The change cursor of the same snapshot that everything else on the page was read in.
    pub cursor: &'a str,
    pub conversations: &'a [Conversation<'a>],
    /// None shows the list alone.
    pub open: Option<Open<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct Viewer<'a> {
    pub id: &'a str,
    pub name: &'a str,
}

/// The conversation that the page shows.
#[derive(Clone, Copy, Debug)]
pub struct Open<'a> {
    pub id: &'a str,
    pub title: &'a str,
    pub peer: Option<Peer<'a>>,
    /// The newest messages, oldest first.
    pub messages: &'a [Message<'a>],
    /// How far the viewer has read, so that the script raises the mark only when it rises.
    pub read_seq: i64,
    /// When closed, there is nothing to write with.
    pub closed: bool,
}

/// Name and door; needs no script.
pub fn welcome(welcome: &Welcome<'_>) -> Markup {
    let body = html! {
        main.welcome {
            img.welcome__icon src={ (welcome.assets) "/icon.svg" } alt="" width="56" height="56";
            h1.welcome__title { (welcome.product) }
            p { "What should people call you?" }
            form.welcome__form method="post" action="/auth/guest" {
                label.field__label for="name" { "Your name" }
                input.field #name name="name" type="text" maxlength=(NAME_LENGTH_MAX) autocomplete="nickname"
                    autofocus dir="auto" value=(welcome.name) placeholder=(welcome.suggested_name)
                    aria-describedby="name-note" aria-invalid=[welcome.error.map(|_| "true")];
                p.field__note #name-note {
                    @if let Some(error) = welcome.error {
                        strong.field__error role="alert" { (without_field(error)) }
                        " "
                    }
                    "Leave it empty to be called "
                    bdi { (welcome.suggested_name) }
                    "."
                }
                input type="hidden" name="invented_name" value=(welcome.suggested_name);
                button.button type="submit" { "Start chatting" }
            }
        }
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head { (head(welcome.product, welcome.assets)) }
            body { (body) }
        }
    }
}

/// The list of conversations, and the one that is open.
///
/// What the script needs stands on the root (`data-user-id`, `data-conversation-id`, `data-cursor`)
/// and on what it is about (`data-read-seq` on the timeline, `data-seq` on each message).
pub fn chat(page: &ChatPage<'_>) -> Markup {
    let title = page.open.map_or(page.product, |open| open.title);
    html! {
        (DOCTYPE)
        html lang="en"
            data-user-id=(page.viewer.id)
            data-conversation-id=[page.open.map(|open| open.id)]
            data-cursor=(page.cursor)
        {
            head {
                (head(title, page.assets))
                // Before the first paint, so that one's own messages do not jump to their side.
                script type="module" async blocking="render" src={ (page.assets) "/viewer.js" } {}
                script type="module" src={ (page.assets) "/app.js" } {}
                @for module in MODULES {
                    link rel="modulepreload" href={ (page.assets) "/" (module) };
                }
            }
            body.chat {
                @if page.open.is_some() { a.skip href="#composer" { "Skip to the message box" } }
                (sidebar(page))
                main.pane {
                    p.connection role="status" hidden {}
                    noscript { p.connection { "Live chat needs JavaScript. Turn it on to read and write messages." } }
                    @match &page.open {
                        Some(open) => (pane(open)),
                        None => p.pane__empty { "Choose a conversation, or start a new one." },
                    }
                }
                (new_chat())
                template #conversation-template { (conversation(&Conversation::default())) }
            }
        }
    }
}

/// A page for what went wrong: `title` in a few words, `detail` what to do about it.
pub fn error_page(status: u16, title: &str, detail: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { (head(title, ASSETS_UNHASHED)) }
            body {
                main.welcome {
                    p.welcome__status { (status) }
                    h1.welcome__title { (title) }
                    p { (without_field(detail)) }
                    p { a href="/" { "Back to the chat" } }
                }
            }
        }
    }
}

/// A problem's detail begins with the field that it is about, which means nothing to who sees a page.
fn without_field(detail: &str) -> String {
    let is_field = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let said = match detail.split_once(": ") {
        Some((field, rest)) if is_field(field) => rest,
        _ => detail,
    };
    let mut letters = said.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

fn head(title: &str, assets: &str) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1, interactive-widget=resizes-content";
        meta name="color-scheme" content="light dark";
        title { (title) }
        link rel="icon" type="image/svg+xml" href={ (assets) "/icon.svg" };
        link rel="stylesheet" href={ (assets) "/app.css" };
    }
}

fn sidebar(page: &ChatPage<'_>) -> Markup {
    html! {
        // On a narrow screen it covers the pane while it is the target of the link "Conversations".
        aside.sidebar #conversations {
            header.sidebar__header {
                a.sidebar__product href="/" { (page.product) }
                button.button.button--quiet.sidebar__new type="button" aria-haspopup="dialog" { "New chat" }
            }
            nav.sidebar__nav aria-label="Conversations" {
                ul.sidebar__list {
                    @for entry in page.conversations { (conversation(entry)) }
                }
                p.sidebar__empty { "No conversations yet." }
            }
            p.sidebar__viewer { "You are " b dir="auto" { (page.viewer.name) } }
        }
    }
}

fn pane(open: &Open<'_>) -> Markup {
    html! {
        header.pane__header {
            a.pane__back href="#conversations" {
                span aria-hidden="true" { "‹" }
                span.visually-hidden { "Conversations" }
            }
            h1.pane__title dir="auto" { (open.title) }
            (presence(open.peer))
        }
        div.timeline role="log" aria-label="Messages" tabindex="0" data-read-seq=(open.read_seq) {
            ol.timeline__messages {
                @for entry in open.messages { (message(entry)) }
            }
            p.timeline__empty { "No messages yet. Say hello." }
            // What is still on its way; the script fills it.
            ol.timeline__pending aria-label="On the way" {}
        }
        button.button.timeline__latest type="button" hidden { "Newest messages" }
        p.typing dir="auto" {}
        @if open.closed {
            p.composer { "This conversation is closed." }
        } @else {
            (composer())
        }
    }
}

fn composer() -> Markup {
    html! {
        form.composer {
            p.composer__note #composer-note role="alert" {}
            // Enabled by the script: before it runs, there is nobody to send.
            fieldset.composer__fields disabled {
                label.visually-hidden for="composer" { "Message" }
                textarea.field.composer__body #composer name="body" rows="1" dir="auto" maxlength=(BODY_LENGTH_MAX)
                    enterkeyhint="send" autocomplete="off" placeholder="Message" aria-describedby="composer-note" {}
                button.button.button--quiet.composer__emoji type="button" aria-haspopup="dialog" aria-label="Emoji" {
                    (smiley())
                }
                button.button type="submit" { "Send" }
            }
        }
    }
}

fn smiley() -> Markup {
    html! {
        svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" stroke-width="1.75"
            stroke-linecap="round" aria-hidden="true" {
            circle cx="12" cy="12" r="9" {}
            path d="M8.5 14.5a4.5 4.5 0 0 0 7 0M9 9.5v.5M15 9.5v.5" {}
        }
    }
}

fn new_chat() -> Markup {
    html! {
        dialog.new-chat aria-labelledby="new-chat-title" {
            form.new-chat__form {
                h2.new-chat__title #new-chat-title { "New chat" }
                label.field__label for="new-chat-query" { "Find people" }
                input.field.new-chat__query #new-chat-query type="search" dir="auto" autocomplete="off"
                    maxlength=(NAME_LENGTH_MAX);
                ul.new-chat__people aria-label="People" {}
                div.new-chat__group hidden {
                    label.field__label for="new-chat-name" { "Name of the group" }
                    input.field.new-chat__name #new-chat-name type="text" dir="auto" autocomplete="off"
                        maxlength=(TITLE_LENGTH_MAX);
                }
                p.new-chat__note role="status" {}
                div.new-chat__buttons {
                    button.button.button--quiet.new-chat__cancel type="button" { "Cancel" }
                    button.button.new-chat__start type="submit" disabled { "Start chat" }
                }
            }
        }
        template #person-template {
            li {
                label.person {
                    input.person__pick type="checkbox";
                    span.person__name dir="auto" {}
                    span.person__detail dir="auto" {}
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::ADA;

    const HOSTILE: &str = r#""><script>alert(1)</script><b onclick='x'>"#;

    const PAGE: ChatPage<'static> = ChatPage {
        assets: "/static/abc",
        product: "Chat",
        viewer: Viewer {
            id: "u9",
            name: "Grace",
        },
        cursor: "e1-5:7:5",
        conversations: &[],
        open: None,
    };

    const OPEN: Open<'static> = Open {
        id: "c1",
        title: "Engines",
        peer: None,
        messages: &[ADA],
        read_seq: 6,
        closed: false,
    };

    #[test]
    fn the_root_carries_what_the_script_starts_from() {
        let html = chat(&ChatPage {
            open: Some(OPEN),
            ..PAGE
        })
        .into_string();
        assert!(html.starts_with("<!DOCTYPE html><html lang=\"en\""));
        for part in [
            r#"data-user-id="u9""#,
            r#"data-conversation-id="c1""#,
            r#"data-cursor="e1-5:7:5""#,
            r#"data-read-seq="6""#,
            r#"href="/static/abc/app.css""#,
            r#"src="/static/abc/app.js""#,
            r#"<fieldset class="composer__fields" disabled>"#,
        ] {
            assert!(html.contains(part), "{part} is missing");
        }
        assert!(
            html.contains(&message(&ADA).into_string()),
            "a message looks the same in the page"
        );
    }

    #[test]
    fn a_page_holds_no_inline_script_style_or_handler() {
        let pages = [
            chat(&ChatPage {
                open: Some(OPEN),
                ..PAGE
            }),
            welcome(&Welcome {
                assets: "/s",
                product: "Chat",
                suggested_name: "Calm Fox",
                name: "",
                error: None,
            }),
            error_page(404, "Not found", "It is not here."),
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
            open: Some(OPEN),
            ..PAGE
        });
        let html = chat(&ChatPage {
            product: HOSTILE,
            viewer: Viewer {
                id: HOSTILE,
                name: HOSTILE,
            },
            cursor: HOSTILE,
            conversations: &[entry],
            open: Some(Open {
                id: HOSTILE,
                title: HOSTILE,
                ..OPEN
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
                product: HOSTILE,
                suggested_name: HOSTILE,
                name: HOSTILE,
                error: Some(HOSTILE),
            }),
            error_page(400, HOSTILE, HOSTILE),
        ] {
            assert!(!html.into_string().contains("<script"));
        }
    }

    #[test]
    fn the_welcome_page_works_by_a_form_alone() {
        let html = welcome(&Welcome {
            assets: "/s",
            product: "Chat",
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
        )
        .into_string();
        assert!(html.contains("<p>There is no such conversation.</p>"));
        assert_eq!(
            without_field("Sorry: it is broken."),
            "Sorry: it is broken."
        );
    }

    #[test]
    fn a_closed_conversation_has_nothing_to_write_with() {
        let html = chat(&ChatPage {
            open: Some(Open {
                closed: true,
                ..OPEN
            }),
            ..PAGE
        })
        .into_string();
        assert!(html.contains("This conversation is closed.") && !html.contains("<textarea"));
    }

    #[test]
    fn without_an_open_conversation_the_list_stands_alone() {
        let html = chat(&PAGE).into_string();
        assert!(!html.contains("data-read-seq") && !html.contains("<textarea"));
        assert!(!html.contains(r#"<html lang="en" data-user-id="u9" data-conversation-id"#));
    }
}
