use maud::{Markup, html};

use crate::icon::{Icon, icon};
use crate::language::{Language, key, tr, tr_markup};
use crate::look::{COLORS, Look, THEMES};
use crate::page::{NAME_LENGTH_MAX, USERNAME_LENGTH_MAX, Viewer};
use crate::pane::own_picture;
use crate::reaction::{Reaction, reactions};

/// What the title of a group may measure, in characters.
pub(crate) const TITLE_LENGTH_MAX: u32 = 120;

/// What people say of themselves, in characters, and what they are called in a message.
const ABOUT_LENGTH_MAX: u32 = 500;
const STATUS_TEXT_LENGTH_MAX: u32 = 100;

/// What can be reacted with at once; so many fit beside each other on a phone.
const QUICK_REACTIONS: usize = 6;

/// People to write to, and boxes to tick for a group.
pub fn new_chat() -> Markup {
    html! {
        dialog.dialog.new-chat aria-labelledby="new-chat-title" {
            form.dialog__form {
                (head("new-chat-title", tr("New chat")))
                label.visually-hidden for="new-chat-query" { (tr("Find people")) }
                input.field.new-chat__query #new-chat-query type="search" dir="auto" autocomplete="off"
                    placeholder=(tr("Find people")) maxlength=(NAME_LENGTH_MAX);
                button.new-chat__online type="button" aria-pressed="false" { (tr("Online now")) }
                p.new-chat__hint { (tr("Choose a person to chat with, or tick several for a group.")) }
                div.new-chat__rooms {
                    button.button.button--row type="button" data-rooms="new" { (icon(Icon::Room)) (tr("New room")) }
                    button.button.button--row type="button" data-rooms="browse" { (icon(Icon::Search)) (tr("Browse rooms")) }
                }
                div.new-chat__found tabindex="-1" {}
                div.new-chat__group hidden {
                    label.field__label for="new-chat-name" { (tr("Name of the group")) }
                    input.field.new-chat__name #new-chat-name type="text" dir="auto" autocomplete="off"
                        maxlength=(TITLE_LENGTH_MAX);
                }
                p.new-chat__note role="status" {}
                div.dialog__buttons {
                    button.button.new-chat__start type="submit" hidden { (tr("Start chat")) }
                }
            }
        }
    }
}

/// Finds conversations and people by a few letters.
pub fn switcher() -> Markup {
    html! {
        dialog.dialog.switcher aria-label=(tr("Find a conversation or a person")) {
            form.switcher__form method="dialog" {
                (icon(Icon::Search))
                input.switcher__query type="search" dir="auto" autocomplete="off" placeholder=(tr("Find a conversation or a person"))
                    maxlength=(NAME_LENGTH_MAX) role="combobox" aria-expanded="true" aria-controls="switcher-found"
                    aria-autocomplete="list" aria-label=(tr("Find a conversation or a person"));
            }
            div.switcher__found #switcher-found role="listbox" aria-label=(tr("Found")) {}
            p.switcher__note role="status" {}
        }
    }
}

/// The reader's name, how the page looks and behaves, and the way out.
pub fn settings(viewer: &Viewer<'_>, look: &Look) -> Markup {
    html! {
        dialog.dialog.settings aria-labelledby="settings-title" {
            div.dialog__form {
                (head("settings-title", tr("Settings")))
                (own_profile(viewer))
                fieldset.settings__group {
                    legend.field__label { (tr("Appearance")) }
                    div.choices {
                        @for theme in THEMES {
                            label.choice {
                                input type="radio" name="theme" value=(theme) checked[look.theme == theme];
                                span { (tr(name_of(theme))) }
                            }
                        }
                    }
                }
                fieldset.settings__group {
                    legend.field__label { (tr("Colour")) }
                    div.choices {
                        @for color in COLORS {
                            label.choice.choice--color {
                                input type="radio" name="color" value=(color) checked[look.color == color];
                                span class={ "swatch swatch--" (color) } aria-hidden="true" {}
                                span { (tr(name_of(color))) }
                            }
                        }
                    }
                }
                div.settings__group {
                    label.field__label for="settings-language" { (tr("Language")) }
                    select.field #settings-language name="language" {
                        option value="" selected[look.language.is_none()] { (tr("As the browser's")) }
                        @for language in Language::ALL {
                            option value=(language.code()) lang=(language.code()) dir="auto" selected[look.language == Some(language)] {
                                (language.name())
                            }
                        }
                    }
                }
                fieldset.settings__group {
                    legend.field__label { (tr("Behaviour")) }
                    (switch("enter", tr("Enter sends the message")))
                    (switch("sound", tr("Play a sound for new messages")))
                    (switch("notify", tr("Notify me when I am elsewhere")))
                    (switch("rtl", tr("Lay the page out from right to left")))
                }
                // The script fills it, when there is anybody.
                section.settings__blocks aria-labelledby="settings-blocks" hidden {
                    h3.field__label #settings-blocks { (tr("People you blocked")) }
                }
                // So it does this.
                section.settings__account aria-label=(tr("Account")) {}
                p.settings__connection { (tr_markup("Connection: {what}", &[("what", html! { span.settings__transport { (tr("not yet")) } })])) }
                form.settings__leave method="post" action="/auth/logout" {
                    button.button.button--quiet type="submit" { (tr("Sign out")) }
                    @if viewer.is_guest {
                        p.field__note { (tr("You are a guest: after signing out there is no way back into this account.")) }
                    }
                }
            }
        }
    }
}

/// What others are shown of the reader.
fn own_profile(viewer: &Viewer<'_>) -> Markup {
    html! {
        form.settings__profile {
            div.settings__picture {
                (own_picture(viewer.id, viewer.name, viewer.avatar_id))
                button.settings__portrait.button.button--quiet type="button" aria-haspopup="dialog" { (icon(Icon::Photo)) (tr("Change picture")) }
            }
            div {
                label.field__label for="settings-name" { (tr("Your name")) }
                input.field #settings-name name="name" type="text" dir="auto" autocomplete="nickname" required
                    maxlength=(NAME_LENGTH_MAX) value=(viewer.name) aria-describedby="settings-note";
            }
            div {
                label.field__label for="settings-username" { (tr("Username")) }
                input.field #settings-username name="username" type="text" dir="auto" autocomplete="off" autocapitalize="none"
                    spellcheck="false" maxlength=(USERNAME_LENGTH_MAX) pattern="\\S+" title=(tr("No spaces"))
                    placeholder=(tr("What others mention you by"));
            }
            div {
                label.field__label for="settings-status" { (tr("Status")) }
                input.field #settings-status name="status_text" type="text" dir="auto" autocomplete="off"
                    maxlength=(STATUS_TEXT_LENGTH_MAX) placeholder=(tr("What is on just now"));
            }
            div {
                label.field__label for="settings-about" { (tr("About you")) }
                textarea.field.settings__about #settings-about name="about" rows="3" dir="auto" maxlength=(ABOUT_LENGTH_MAX) {}
            }
            div.settings__row {
                p.field__note #settings-note role="status" {}
                button.button type="submit" { (tr("Save")) }
            }
        }
    }
}

/// Makes an image the picture of the reader, or of a conversation. The script places a copy.
pub fn portrait() -> Markup {
    html! {
        template #portrait-template {
            dialog.dialog.portrait aria-labelledby="portrait-title" {
                form.dialog__form {
                    (head("portrait-title", tr("Picture")))
                    div.portrait__stage {
                        div.portrait__now {}
                        canvas.portrait__view tabindex="0" role="img" aria-label=(tr("Preview: drag it, or move it by the arrow keys")) hidden {}
                    }
                    label.portrait__near hidden {
                        span { (tr("Zoom")) }
                        input type="range" name="near" min="1" max="4" step="0.05" value="1";
                    }
                    p.portrait__note role="status" {}
                    input.portrait__file type="file" accept="image/*" hidden;
                    div.dialog__buttons {
                        button.portrait__remove.button.button--danger type="button" hidden { (tr("Remove")) }
                        button.portrait__choose.button.button--quiet type="button" { (tr("Choose a photo")) }
                        button.portrait__use.button type="submit" hidden { (tr("Use this picture")) }
                    }
                }
            }
        }
    }
}

/// Asks before what can not be taken back.
pub fn confirm() -> Markup {
    html! {
        dialog.dialog.confirm role="alertdialog" aria-labelledby="confirm-question" {
            form.dialog__form method="dialog" {
                p.confirm__question #confirm-question {}
                div.dialog__buttons {
                    button.button.button--quiet type="submit" value="no" { (tr("Cancel")) }
                    button.button.button--danger.confirm__yes type="submit" value="yes" {}
                }
            }
        }
    }
}

/// Passes a message on to conversations and people, several at a time.
pub fn forward() -> Markup {
    html! {
        dialog.dialog.forward aria-labelledby="forward-title" {
            form.dialog__form {
                (head("forward-title", tr("Forward to")))
                label.visually-hidden for="forward-query" { (tr("Find a conversation or a person")) }
                input.field.forward__query #forward-query type="search" dir="auto" autocomplete="off"
                    placeholder=(tr("Find a conversation or a person")) maxlength=(NAME_LENGTH_MAX) role="combobox"
                    aria-expanded="true" aria-controls="forward-found" aria-autocomplete="list";
                ul.forward__picked aria-label=(tr("Chosen")) {}
                div.forward__found #forward-found tabindex="-1" role="listbox" aria-label=(tr("Found")) aria-multiselectable="true" {}
                p.forward__note role="status" {}
                div.dialog__buttons {
                    button.button.forward__send type="submit" disabled { (tr("Forward")) }
                }
            }
        }
    }
}

/// Leads to what was said on a day.
pub fn date() -> Markup {
    html! {
        dialog.dialog.date aria-labelledby="date-title" {
            form.dialog__form {
                (head("date-title", tr("Jump to date")))
                label.visually-hidden for="date-day" { (tr("Day")) }
                input.field #date-day type="date" name="day" required;
                p.date__note role="status" {}
                div.dialog__buttons {
                    button.button type="submit" { (tr("Go")) }
                }
            }
        }
    }
}

/// What the script shows beside a message: made here, so that its markup is written where all other is.
pub fn message_tools() -> Markup {
    html! {
        template #message-bar-template {
            div.message-bar role="toolbar" aria-label=(tr("Message")) {
                button.message-bar__react.icon-button type="button" tabindex="-1" aria-label=(tr("React")) aria-haspopup="menu" { (icon(Icon::Emoji)) }
                button.message-bar__reply.icon-button type="button" tabindex="-1" aria-label=(tr("Reply")) { (icon(Icon::Reply)) }
                button.message-bar__more.icon-button type="button" tabindex="-1" aria-label=(tr("More")) aria-haspopup="menu" { (icon(Icon::More)) }
            }
        }
        template #tick-template { span.forward__tick {} }
        template #picked-template {
            li.forward__choice {
                bdi.forward__name {}
                button.forward__drop type="button" { (icon(Icon::Close)) }
            }
        }
        // A row of one, for the first to react.
        template #reactions-template { (reactions(&[Reaction::default()])) }
        template #failure-template {
            p.message__failure {
                span.message__reason role="alert" {}
                button.link.message__retry type="button" { (tr("Try again")) }
                button.link.message__discard type="button" { (tr("Discard")) }
            }
        }
    }
}

/// What can be done with a message, and the key that does it where the message has the focus.
pub(crate) fn message_menu() -> Markup {
    html! {
        div.menu #message-menu popover="manual" role="menu" aria-label=(tr("Message")) {
            // One's usual ones; the script names them.
            div.menu__quick role="group" aria-label=(tr("React")) {
                @for _ in 0..QUICK_REACTIONS {
                    button.menu__emoji type="button" role="menuitemcheckbox" aria-checked="false" tabindex="-1" data-action="react" {}
                }
                button.menu__emoji type="button" role="menuitem" tabindex="-1" data-action="pick" aria-label=(tr("Another emoji")) aria-haspopup="dialog" {
                    (icon(Icon::Plus))
                }
            }
            (item("reply", Some("R"), Icon::Reply, tr("Reply")))
            (item("edit", Some("E"), Icon::Edit, tr("Edit")))
            (item("copy", Some("C"), Icon::Copy, tr("Copy text")))
            (item("link", None, Icon::Link, tr("Copy link")))
            (item("forward", Some("F"), Icon::Forward, tr("Forward")))
            (item("pin", Some("P"), Icon::Pin, tr("Pin")))
            (item("unpin", Some("P"), Icon::Pin, tr("Unpin")))
            (item("info", Some("I"), Icon::Info, tr("Message info")))
            (item("profile", None, Icon::Person, tr("Profile")))
            (item("reactors", None, Icon::Emoji, tr("Reactions")))
            (item("unpreview", None, Icon::Close, tr("Remove preview")))
            (item("restore", None, Icon::Restore, tr("Restore")))
            (item("hide", Some("Delete"), Icon::Hide, tr("Delete for me")))
            (item("delete", None, Icon::Trash, tr("Delete for everyone")))
        }
    }
}

fn item(action: &str, key: Option<&str>, drawing: Icon, text: &str) -> Markup {
    html! {
        button.menu__item type="button" role="menuitem" tabindex="-1" data-action=(action) aria-keyshortcuts=[key] {
            (icon(drawing)) (text)
        }
    }
}

fn switch(name: &str, text: &str) -> Markup {
    html! {
        label.switch {
            span { (text) }
            input type="checkbox" role="switch" name=(name);
        }
    }
}

pub(crate) fn head(id: &str, title: &str) -> Markup {
    html! {
        div.dialog__head {
            h2.dialog__title id=(id) { (title) }
            button.dialog__close.icon-button type="button" aria-label=(tr("Close")) { (icon(Icon::Close)) }
        }
    }
}

/// Of a theme or a colour.
fn name_of(word: &str) -> &str {
    match word {
        "system" => key("System"),
        "light" => key("Light"),
        "dark" => key("Dark"),
        "blue" => key("Blue"),
        "purple" => key("Purple"),
        "green" => key("Green"),
        "orange" => key("Orange"),
        other => other,
    }
}
