//! Searching in messages: the panel with its filters, and what was found, for the panel and the switcher.

use maud::{Markup, html};

use crate::avatar::avatar;
use crate::conversation::time;
use crate::icon::{Icon, icon};
use crate::language::{key, tr, tr_markup};
use crate::marked::{holds, marked};
use crate::message::Message;
use crate::person::Person;

/// What can be looked for, in characters; the field says so before the database must.
const QUERY_LENGTH_MAX: u32 = 200;

/// Kinds of messages that one can look for alone.
const KINDS: [(&str, &str); 10] = [
    ("", key("Any kind")),
    ("image", key("Photos")),
    ("video", key("Videos")),
    ("file", key("Files")),
    ("voice", key("Voice messages")),
    ("audio", key("Audio")),
    ("gif", key("GIFs")),
    ("sticker", key("Stickers")),
    ("location", key("Places")),
    ("contact", key("Contacts")),
];

/// Times; the script knows when the reader's days begin.
const TIMES: [(&str, &str); 6] = [
    ("", key("Any time")),
    ("1", key("Today")),
    ("7", key("Last 7 days")),
    ("30", key("Last 30 days")),
    ("365", key("Last 12 months")),
    ("days", key("From … to …")),
];

/// A message that was found, and where it was said.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'a> {
    pub message: Message<'a>,
    /// What this reader calls the conversation.
    pub title: &'a str,
    /// direct, group or room.
    pub kind: &'a str,
    pub is_own: bool,
}

impl Hit<'_> {
    fn address(&self) -> String {
        format!("/c/{}/{}", self.message.conversation_id, self.message.seq)
    }

    fn sender(&self) -> &str {
        if self.is_own {
            tr("You")
        } else {
            self.message.sender_name.unwrap_or(tr("Someone"))
        }
    }

    /// What it says in one line, and of a card also what it was found by.
    fn words(&self, terms: &[String]) -> Markup {
        let Message { data, media, .. } = self.message;
        let mut words = self.message.in_one_line();
        let of_data = data.map(|data| [&data.name, &data.address, &data.organization, &data.alt]);
        let of_media = media.iter().map(|medium| &medium.name);
        for name in of_data.into_iter().flatten().flatten().chain(of_media) {
            if !words.contains(name.as_str()) && holds(name, terms) {
                words.push_str(" · ");
                words.push_str(name);
            }
        }
        marked(&words, terms)
    }

    /// The conversation; a chat with the very sender goes without their name once more.
    fn place(&self, within: &str, with: &str, alone: &str) -> Markup {
        let is_direct = self.kind == "direct";
        if self.is_with_sender() {
            return html! { (alone) };
        }
        let title = html! { bdi { (self.title) } };
        tr_markup(if is_direct { with } else { within }, &[("title", title)])
    }

    /// The same after the name of who said it.
    fn place_after_name(&self) -> Markup {
        html! {
            @if !self.is_with_sender() {
                @if self.kind == "direct" { ", " } @else { " " }
                (self.place(key("in {title}"), key("chat with {title}"), ""))
            }
        }
    }

    fn is_with_sender(&self) -> bool {
        self.kind == "direct" && self.message.sender_name == Some(self.title)
    }

    fn face(&self) -> Markup {
        let Message {
            sender_id,
            sender_name,
            sender_avatar_id,
            ..
        } = self.message;
        avatar(
            sender_id.unwrap_or_default(),
            sender_name.unwrap_or(tr("Someone")),
            sender_avatar_id,
        )
    }
}

/// A page of what was found, newest first; `next` is the last message's id when there may be more.
pub fn hits(hits: &[Hit<'_>], terms: &[String], is_in_one: bool, next: Option<&str>) -> Markup {
    html! {
        ol.search__page data-next=[next] {
            @for hit in hits {
                li.hit data-conversation-id=(hit.message.conversation_id) data-seq=(hit.message.seq) {
                    a.hit__link href=(hit.address()) tabindex="-1" {
                        (hit.face())
                        b.hit__sender dir="auto" { (hit.sender()) }
                        span.hit__time { (time(hit.message.created_at)) }
                        @if !is_in_one {
                            span.hit__place dir="auto" { (hit.place(key("In {title}"), key("Chat with {title}"), tr("Direct chat"))) }
                        }
                        span.hit__words { bdi { (hit.words(terms)) } }
                    }
                }
            }
        }
    }
}

/// The answer where too little was asked to look for anything.
pub fn too_short() -> Markup {
    html! { ol.search__page data-short {} }
}

/// What the switcher offers of messages, and the way to all of them.
pub fn found_messages(hits: &[Hit<'_>], terms: &[String], query: &str) -> Markup {
    html! {
        div {
            @if !hits.is_empty() {
                div.switcher__group role="group" aria-labelledby="switcher-said" {
                    p.switcher__heading #switcher-said { (tr("Messages")) }
                    @for (place, hit) in hits.iter().enumerate() {
                        div.switcher__option id={ "said-" (place) } role="option" aria-selected="false" data-href=(hit.address()) {
                            span.picture { (hit.face()) }
                            span.switcher__title dir="auto" {
                                (hit.sender())
                                span.switcher__where { (hit.place_after_name()) }
                            }
                            span.switcher__detail dir="auto" { (hit.words(terms)) }
                        }
                    }
                }
            }
            div.switcher__option.switcher__all #said-all role="option" aria-selected="false" data-query=(query) {
                (icon(Icon::Search))
                span.switcher__title { (tr_markup("Search all messages for “{words}”", &[("words", html! { bdi { (query) } })])) }
            }
        }
    }
}

/// People whose messages alone one can look for.
pub fn senders(people: &[Person<'_>]) -> Markup {
    html! {
        ul.search__senders aria-label=(tr("People")) {
            li { button.search__sender type="button" data-user-id="" { span.search__anyone { (icon(Icon::People)) } (tr("Anyone")) } }
            @for person in people {
                li {
                    button.search__sender type="button" data-user-id=(person.id) data-name=(person.name) {
                        (avatar(person.id, person.name, person.avatar_id))
                        span.search__sender-name dir="auto" { (person.name) @if person.is_viewer { " (" (tr("you")) ")" } }
                    }
                }
            }
        }
    }
}

/// The panel, of which the script places a copy.
pub(crate) fn search_panel() -> Markup {
    html! {
        template #search-template {
            section.search role="search" aria-label=(tr("Messages")) {
                // On a phone it is all that there is.
                h1.search__heading.visually-hidden { (tr("Search")) }
                form.search__form {
                    div.search__head {
                        button.search__close.icon-button type="button" aria-label=(tr("Close the search")) { (icon(Icon::Back)) }
                        div.search__box {
                            (icon(Icon::Search))
                            input.search__query type="search" dir="auto" autocomplete="off" enterkeyhint="search"
                                maxlength=(QUERY_LENGTH_MAX) placeholder=(tr("Search messages")) aria-label=(tr("Search messages"));
                            button.search__clear.icon-button type="button" aria-label=(tr("Clear the words")) hidden { (icon(Icon::Close)) }
                        }
                    }
                    div.search__filters role="group" aria-label=(tr("Filters")) {
                        button.search__within.chip type="button" aria-pressed="false" hidden { span.chip__words dir="auto" {} }
                        button.search__from.chip type="button" aria-expanded="false" aria-controls="search-people" {
                            span.chip__words dir="auto" { (tr("Anyone")) }
                        }
                        (choice("kind", tr("Kind of message"), &KINDS))
                        (choice("time", tr("Time"), &TIMES))
                        button.search__reset.link type="button" hidden { (tr("Clear filters")) }
                    }
                    div.search__days hidden {
                        label { (tr("From")) input.field.search__since type="date"; }
                        label { (tr("To")) input.field.search__until type="date"; }
                    }
                    div.search__people #search-people hidden {
                        input.field.search__name type="search" dir="auto" autocomplete="off" placeholder=(tr("Whose messages?"))
                            aria-label=(tr("Find a person"));
                        div.search__found {}
                    }
                }
                div.search__results tabindex="-1" {
                    div.search__note hidden {
                        (icon(Icon::Search))
                        p.search__title dir="auto" {}
                        p.search__hint dir="auto" {}
                        button.search__act.button.button--quiet type="button" hidden {}
                    }
                    ol.search__hits aria-label=(tr("Messages found")) {}
                    button.search__more.button.button--quiet type="button" hidden { (tr("Show more")) }
                }
                div.search__walk hidden {
                    button.search__back.icon-button type="button" aria-label=(tr("All that was found")) { (icon(Icon::List)) }
                    p.search__place { bdi {} }
                    button.search__up.icon-button type="button" aria-label=(tr("Previous message found")) title=(tr("Previous (Shift F3)")) { (icon(Icon::Up)) }
                    button.search__down.icon-button type="button" aria-label=(tr("Next message found")) title=(tr("Next (F3)")) { (icon(Icon::Down)) }
                    button.search__end.icon-button type="button" aria-label=(tr("End the search")) { (icon(Icon::Close)) }
                }
                p.search__status.visually-hidden role="status" {}
            }
        }
    }
}

/// A filter that is one of a few.
fn choice(name: &str, label: &str, choices: &[(&str, &str)]) -> Markup {
    html! {
        label.chip.chip--choice {
            select class={ "search__" (name) } aria-label=(label) {
                @for (value, text) in choices { option value=(value) { (tr(text)) } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::Data;
    use crate::message::tests::ADA;

    fn hit<'a>(message: Message<'a>) -> Hit<'a> {
        Hit {
            message,
            title: "Engines",
            kind: "group",
            is_own: false,
        }
    }

    fn terms(words: &[&str]) -> Vec<String> {
        words.iter().map(|&word| word.to_owned()).collect()
    }

    #[test]
    fn a_hit_leads_to_its_place_and_tells_who_where_and_what() {
        let message = Message {
            conversation_id: "c1",
            seq: 5,
            body: Some("the **Engine** runs"),
            ..ADA
        };
        let html = hits(&[hit(message)], &terms(&["engine"]), false, Some("m5")).into_string();
        for part in [
            r#"data-next="m5""#,
            r#"href="/c/c1/5""#,
            r#"data-seq="5""#,
            "the <mark>Engine</mark> runs",
            "In <bdi>Engines</bdi>",
        ] {
            assert!(html.contains(part), "{part} is missing in {html}");
        }
        let html = hits(&[hit(message)], &[], true, None).into_string();
        assert!(!html.contains("Engines") && !html.contains("data-next"));
    }

    #[test]
    fn a_card_says_what_it_is_and_what_it_was_found_by() {
        let data = Data {
            name: Some("Harbour café".to_owned()),
            address: Some("Quay 7".to_owned()),
            ..Data::default()
        };
        let message = Message {
            kind: "location",
            body: None,
            data: Some(&data),
            ..ADA
        };
        let html = hits(&[hit(message)], &terms(&["cafe"]), true, None).into_string();
        assert!(
            html.contains("Location · Harbour <mark>café</mark><"),
            "{html}"
        );
    }

    #[test]
    fn the_switcher_leads_to_the_first_hits_and_to_all() {
        let own = Hit {
            is_own: true,
            kind: "direct",
            ..hit(ADA)
        };
        let html = found_messages(&[hit(ADA), own], &[], "a&b").into_string();
        assert!(html.contains(r#"id="said-1""#) && html.contains(r#"data-query="a&amp;b""#));
        assert!(html.contains("You") && html.contains("chat with"));
        let html = found_messages(&[], &[], "a").into_string();
        assert!(!html.contains("group") && html.contains("said-all"));
    }

    #[test]
    fn hostile_words_names_and_titles_stay_text() {
        let hostile = r#""><script>alert(1)</script>"#;
        let message = Message {
            id: hostile,
            conversation_id: hostile,
            sender_id: Some(hostile),
            sender_name: Some(hostile),
            body: Some(hostile),
            created_at: hostile,
            ..ADA
        };
        let hit = Hit {
            title: hostile,
            ..hit(message)
        };
        let terms = terms(&["script", hostile]);
        let person = Person {
            avatar_id: Some(hostile),
            id: hostile,
            name: hostile,
            username: None,
            status: hostile,
            last_seen_at: None,
            role: None,
            is_viewer: false,
        };
        for html in [
            hits(&[hit], &terms, false, Some(hostile)),
            found_messages(&[hit], &terms, hostile),
            senders(&[person]),
        ] {
            assert!(!html.into_string().contains("<script"));
        }
    }
}
