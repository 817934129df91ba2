//! What a message is made of besides words, before it is sent: templates that the script fills in when they are first
//! asked for.

use maud::{Markup, html};

use crate::dialog::head;
use crate::icon::{Icon, icon};
use crate::language::{key, tr};

/// What there is to attach: what the script calls it, and people.
const ATTACHABLE: [(&str, Icon, &str); 5] = [
    ("media", Icon::Photo, key("Photo or video")),
    ("camera", Icon::Camera, key("Camera")),
    ("file", Icon::File, key("File")),
    ("location", Icon::Place, key("Location")),
    ("contact", Icon::Person, key("Contact")),
];

/// As `chat.value_refusal` has it.
const DESCRIPTION_LENGTH_MAX: u32 = 300;

/// As `chat.data_rules` has it.
const CONTACT_NAME_LENGTH_MAX: u32 = 120;

/// As `chat.data_rules` has it.
const PLACE_NAME_LENGTH_MAX: u32 = 200;

/// As `chat.add_sticker_pack` has it.
const PACK_TITLE_LENGTH_MAX: u32 = 80;

pub fn attaching() -> Markup {
    html! {
        template #attach-template {
            div.menu.attach popover="manual" role="menu" aria-label=(tr("Attach")) {
                @for (action, drawing, words) in ATTACHABLE {
                    button.menu__item type="button" role="menuitem" data-action=(action) { (icon(drawing)) (tr(words)) }
                }
            }
        }
        template #drop-template {
            div.drop aria-hidden="true" { div.drop__sign { (icon(Icon::Clip)) b.drop__words dir="auto" {} } }
        }
        (tray())
        (shipment())
        (voice())
        (location())
        (contact())
        (pack())
    }
}

/// What is about to be sent, above the box to write in.
fn tray() -> Markup {
    html! {
        template #tray-template {
            div.tray role="group" aria-label=(tr("To be sent")) {
                div.tray__row {
                    ul.tray__items {}
                    button.tray__add type="button" aria-label=(tr("Add more")) { (icon(Icon::Plus)) }
                }
                p.tray__status.visually-hidden role="status" {}
                div.tray__describing hidden {
                    label.field__label.tray__question for="tray-field" dir="auto" {}
                    div.tray__answer {
                        input.field.tray__field #tray-field type="text" dir="auto" autocomplete="off" maxlength=(DESCRIPTION_LENGTH_MAX)
                            placeholder=(tr("For people who can not see it"));
                        button.button.button--quiet.tray__done type="button" { (tr("Done")) }
                    }
                }
            }
        }
        template #tray-item-template {
            li.tray__item {
                span.tray__picture { (icon(Icon::File)) }
                span.tray__name dir="auto" {}
                span.tray__size dir="auto" {}
                button.tray__describe type="button" aria-expanded="false" hidden { (tr("ALT")) }
                button.tray__drop type="button" { (icon(Icon::Close)) }
            }
        }
    }
}

/// What is being uploaded, in its message.
fn shipment() -> Markup {
    html! {
        template #shipment-template { ul.shipment.card {} }
        template #shipment-item-template {
            li.shipment__item {
                span.shipment__picture { (icon(Icon::File)) }
                span.shipment__text {
                    b.shipment__name dir="auto" {}
                    span.shipment__detail dir="auto" {}
                }
                progress.visually-hidden max="100" value="0" {}
                button.shipment__cancel type="button" {
                    svg.ring viewBox="0 0 36 36" aria-hidden="true" focusable="false" {
                        circle.ring__track cx="18" cy="18" r="16.5" {}
                        circle.ring__bar cx="18" cy="18" r="16.5" pathLength="100" stroke-dasharray="0 100" {}
                    }
                    (icon(Icon::Close))
                }
            }
        }
    }
}

/// In the place of the box to write in, as long as somebody records.
fn voice() -> Markup {
    html! {
        template #voice-template {
            div.voice role="group" aria-label=(tr("Voice message")) {
                button.voice__cancel.icon-button type="button" aria-label=(tr("Discard")) { (icon(Icon::Trash)) }
                span.voice__dot aria-hidden="true" {}
                span.voice__time role="timer" aria-label=(tr("Length")) { "0:00" }
                span.voice__hint aria-hidden="true" { (tr("Slide to cancel")) }
                canvas.voice__wave aria-hidden="true" {}
                button.voice__play.icon-button type="button" aria-label=(tr("Play")) { (icon(Icon::Play)) (icon(Icon::Stop)) }
                button.voice__pause.icon-button type="button" aria-label=(tr("Pause")) { (icon(Icon::Pause)) (icon(Icon::Microphone)) }
                button.voice__send.icon-button type="button" aria-label=(tr("Send voice message")) { (icon(Icon::Send)) }
                p.voice__status.visually-hidden role="status" {}
            }
        }
    }
}

fn location() -> Markup {
    html! {
        template #location-template {
            dialog.dialog.place aria-labelledby="place-title" {
                form.dialog__form {
                    (head("place-title", tr("Send your location")))
                    div.place__found hidden {
                        span.place__pin aria-hidden="true" { (icon(Icon::Place)) }
                        p.place__text {
                            b.place__point dir="ltr" {}
                            span.place__accuracy {}
                            a.place__map target="_blank" rel="noopener noreferrer" { (tr("See it on a map")) }
                        }
                    }
                    p.place__note role="status" {}
                    div.place__name hidden {
                        label.field__label for="place-name" { (tr("What is there (if you like)")) }
                        input.field #place-name name="name" type="text" dir="auto" autocomplete="off" maxlength=(PLACE_NAME_LENGTH_MAX);
                    }
                    div.dialog__buttons {
                        button.button.button--quiet.place__again type="button" hidden { (tr("Try again")) }
                        button.button.place__send type="submit" disabled { (tr("Send location")) }
                    }
                }
            }
        }
    }
}

fn contact() -> Markup {
    html! {
        template #contact-template {
            dialog.dialog.contact aria-labelledby="contact-title" {
                form.dialog__form {
                    (head("contact-title", tr("Send a contact")))
                    label.visually-hidden for="contact-query" { (tr("Find people")) }
                    input.field.contact__query #contact-query type="search" dir="auto" autocomplete="off" placeholder=(tr("Find people"))
                        maxlength=(CONTACT_NAME_LENGTH_MAX);
                    div.contact__found tabindex="-1" {}
                    p.contact__hint { (tr("Choose somebody who is here, or write of somebody else.")) }
                    div {
                        label.field__label for="contact-name" { (tr("Name")) }
                        input.field #contact-name name="name" type="text" dir="auto" autocomplete="off" required
                            maxlength=(CONTACT_NAME_LENGTH_MAX);
                    }
                    div.contact__row {
                        div {
                            label.field__label for="contact-phones" { (tr("Phone")) }
                            input.field #contact-phones name="phones" type="tel" dir="auto" autocomplete="off" maxlength="254";
                        }
                        div {
                            label.field__label for="contact-emails" { (tr("Email")) }
                            input.field #contact-emails name="emails" type="email" multiple dir="auto" autocomplete="off" maxlength="254";
                        }
                    }
                    p.contact__note role="status" {}
                    div.dialog__buttons { button.button type="submit" { (tr("Send contact")) } }
                }
            }
        }
    }
}

/// Stickers of one's own pictures.
fn pack() -> Markup {
    html! {
        template #pack-template {
            dialog.dialog.pack aria-labelledby="pack-title" {
                form.dialog__form {
                    (head("pack-title", tr("New sticker pack")))
                    div {
                        label.field__label for="pack-name" { (tr("Name of the pack")) }
                        input.field #pack-name name="title" type="text" dir="auto" autocomplete="off" required
                            maxlength=(PACK_TITLE_LENGTH_MAX);
                    }
                    p.pack__hint { (tr("Choose pictures, best with a transparent ground. Everybody in this chat can send them.")) }
                    ul.pack__items aria-label=(tr("Stickers")) {}
                    button.button.button--quiet.pack__choose type="button" { (tr("Choose pictures")) }
                    input.pack__files type="file" accept="image/*" multiple hidden;
                    p.pack__note role="status" {}
                    div.dialog__buttons { button.button.pack__add type="submit" disabled { (tr("Add pack")) } }
                }
            }
        }
        template #pack-item-template {
            li.pack__item {
                span.pack__picture {}
                input.field type="text" dir="auto" autocomplete="off" placeholder=(tr("What it shows"));
                button.icon-button.pack__drop type="button" { (icon(Icon::Close)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_can_be_pressed_has_a_name_or_gets_one_of_the_file_it_is_about() {
        const NAMED_BY_THE_SCRIPT: [&str; 3] = ["tray__drop", "shipment__cancel", "pack__drop"];
        let html = attaching().into_string();
        for button in html.split("<button ").skip(1) {
            let (tag, rest) = button.split_once('>').unwrap();
            let (content, _) = rest.split_once("</button>").unwrap();
            let words = content
                .rsplit_once("</svg>")
                .map_or(content, |(_, words)| words);
            assert!(
                tag.contains("aria-label=")
                    || !words.is_empty()
                    || NAMED_BY_THE_SCRIPT.iter().any(|name| tag.contains(name)),
                "{button}"
            );
            assert!(tag.contains("type="), "{tag}");
        }
    }

    #[test]
    fn nothing_of_it_is_on_the_page_before_it_is_asked_for() {
        let html = attaching().into_string();
        let outside = html.split("</template>").map(|part| {
            part.split_once("<template")
                .map_or(part, |(before, _)| before)
        });
        assert_eq!(outside.collect::<String>(), "");
    }
}
