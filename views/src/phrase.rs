//! Fixed words of a message. It is rendered once for all who read it, so they are said in the language that is spoken here and
//! marked by what says them: an element carries `data-say`, the English key, with `data-say-values` and `data-say-n`, and a page
//! of another language says it anew as it places it. `docs/languages.md` has the notation.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::language::{Language, tr, tr_count_with, tr_with, within};

/// Every key that a mark may name, as catalogs have it: the page's own catalogs have these too.
pub const SAID: [&str; 93] = [
    "Audio",
    "Audio, {about}",
    "Audio: {name}",
    "Audio: {name}, {about}",
    "Being prepared…",
    "Busy",
    "Call again",
    "Call back",
    "Call",
    "Cancelled video call",
    "Cancelled voice call",
    "Contact",
    "Contact: {name}",
    "Declined video call",
    "Declined voice call",
    "Declined",
    "File",
    "File: {name}",
    "Forwarded",
    "GIF",
    "GIF, {about}",
    "GIF: {name}",
    "Location",
    "Location, {about}",
    "Message",
    "Missed video call",
    "Missed voice call",
    "No answer",
    "Not ready yet",
    "Photo",
    "Photo, {about}",
    "Play",
    "Position",
    "Save contact",
    "Someone",
    "Speed {speed}",
    "Sticker",
    "Sticker, {about}",
    "The description was changed",
    "The group was closed",
    "The group “{title}” was created",
    "The name was changed to “{title}”",
    "The picture was changed",
    "The room was closed",
    "The room “{title}” was created",
    "This message cannot be shown here",
    "This message was deleted",
    "Video call",
    "Video call, {length}",
    "Video",
    "Video, {about}",
    "Video: {name}",
    "Video: {name}, {length}",
    "Voice call",
    "Voice call, {length}",
    "Voice message",
    "Voice message, {length}",
    "edited",
    "pinned",
    "{actor} added {people}|{actor} added {people}",
    "{actor} changed the description",
    "{actor} changed the name to “{title}”",
    "{actor} changed the picture",
    "{actor} closed the group",
    "{actor} closed the room",
    "{actor} created the group “{title}”",
    "{actor} created the room “{title}”",
    "{actor} let {people} in|{actor} let {people} in",
    "{actor} made {people} a member|{actor} made {people} members",
    "{actor} made {people} an admin|{actor} made {people} admins",
    "{actor} made {people} an owner|{actor} made {people} owners",
    "{emoji} {n} person|{emoji} {n} people",
    "{first} and {second}",
    "{first}, {second} and {n} other|{first}, {second} and {n} others",
    "{first}, {second} and {third}",
    "{n} GB",
    "{n} MB",
    "{n} byte|{n} bytes",
    "{n} file|{n} files",
    "{n} kB",
    "{n} photo, {about}|{n} photos, {about}",
    "{n} photo|{n} photos",
    "{n} reaction|{n} reactions",
    "{people} is now a member|{people} are now members",
    "{people} is now an admin|{people} are now admins",
    "{people} is now an owner|{people} are now owners",
    "{people} joined by a link|{people} joined by a link",
    "{people} joined|{people} joined",
    "{people} left|{people} left",
    "{people} was added|{people} were added",
    "{people} was let in|{people} were let in",
    "{people} was removed by {actor}|{people} were removed by {actor}",
    "{people} was removed|{people} were removed",
];

/// A text that is said anew in each language, or one that is the same in all.
#[derive(Clone, Debug, PartialEq)]
pub struct Phrase {
    text: Text,
    values: Vec<(&'static str, Filled)>,
}

#[derive(Clone, Debug, PartialEq)]
enum Text {
    /// What somebody wrote.
    Own(String),
    Said(&'static str),
    Counted {
        one: &'static str,
        other: &'static str,
        n: i64,
    },
}

/// What stands in the place of a name in braces.
#[derive(Clone, Debug, PartialEq)]
enum Filled {
    Text(String),
    Names(Names),
}

/// People, of whom the first few are named.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Names {
    pub first: Vec<String>,
    pub others: i64,
}

pub(crate) fn say(text: &'static str) -> Phrase {
    Phrase {
        text: Text::Said(text),
        values: Vec::new(),
    }
}

pub(crate) fn say_count(one: &'static str, other: &'static str, n: i64) -> Phrase {
    Phrase {
        text: Text::Counted { one, other, n },
        values: Vec::new(),
    }
}

impl Phrase {
    /// What nobody translates.
    pub(crate) fn own(text: impl Into<String>) -> Self {
        Self {
            text: Text::Own(text.into()),
            values: Vec::new(),
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.values.push((name, Filled::Text(value.into())));
        self
    }

    pub(crate) fn with_names(mut self, name: &'static str, names: Names) -> Self {
        self.values.push((name, Filled::Names(names)));
        self
    }

    pub(crate) fn has_values(&self) -> bool {
        !self.values.is_empty()
    }

    /// Another sentence of the same values.
    pub(crate) fn instead(mut self, text: &'static str) -> Self {
        self.text = Text::Said(text);
        self
    }

    /// Another sentence about as many.
    pub(crate) fn instead_count(mut self, one: &'static str, other: &'static str) -> Self {
        if let Text::Counted { n, .. } = self.text {
            self.text = Text::Counted { one, other, n };
        }
        self
    }

    /// In the language that is spoken here.
    pub fn text(&self) -> Cow<'_, str> {
        let values: Vec<(&str, Cow<'_, str>)> = self
            .values
            .iter()
            .map(|(name, value)| (*name, value.text()))
            .collect();
        let values: Vec<(&str, &str)> = values
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        match &self.text {
            Text::Own(text) => Cow::Borrowed(text),
            Text::Said(text) if values.is_empty() => Cow::Borrowed(tr(text)),
            Text::Said(text) => Cow::Owned(tr_with(text, &values)),
            Text::Counted { one, other, n } => Cow::Owned(tr_count_with(one, other, *n, &values)),
        }
    }

    pub(crate) fn english(&self) -> String {
        within(Language::English, || self.text().into_owned())
    }

    /// For `data-say`.
    pub(crate) fn key(&self) -> Option<Cow<'static, str>> {
        match self.text {
            Text::Own(_) => None,
            Text::Said(text) => Some(Cow::Borrowed(text)),
            Text::Counted { one, other, .. } => Some(Cow::Owned(format!("{one}|{other}"))),
        }
    }

    /// For `data-say-n`.
    pub(crate) fn n(&self) -> Option<i64> {
        match self.text {
            Text::Counted { n, .. } => Some(n),
            _ => None,
        }
    }

    /// For `data-say-values`: JSON of texts that are the same in every language.
    pub(crate) fn values(&self) -> Option<String> {
        let values: Map<String, Value> = self
            .values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::from(value.plain())))
            .collect();
        (!values.is_empty()).then(|| Value::from(values).to_string())
    }

    /// For `data-say-parts`: JSON of those that are phrases themselves, `{"people": {"say": …, "values": …, "n": …}}`. A
    /// page that does not know of it says them as `data-say-values` has them.
    pub(crate) fn parts(&self) -> Option<String> {
        let parts: Map<String, Value> = self
            .values
            .iter()
            .filter_map(|(name, value)| Some(((*name).to_owned(), value.part()?)))
            .collect();
        (!parts.is_empty()).then(|| Value::from(parts).to_string())
    }
}

impl Filled {
    fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Names(names) => Cow::Owned(names.phrase().text().into_owned()),
        }
    }

    /// As no language in particular has it.
    fn plain(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Names(names) => names.plain(),
        }
    }

    fn part(&self) -> Option<Value> {
        match self {
            Self::Names(names) if names.first.len() > 1 => {
                let phrase = names.phrase();
                let values: Map<String, Value> = phrase
                    .values
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), Value::from(value.plain())))
                    .collect();
                Some(json!({"say": phrase.key(), "values": values, "n": phrase.n()}))
            }
            _ => None,
        }
    }
}

impl Names {
    /// As `chat.names_in_words` has it.
    fn phrase(&self) -> Phrase {
        match (self.first.as_slice(), self.others) {
            ([first, second], 0) => say("{first} and {second}")
                .with("first", first)
                .with("second", second),
            ([first, second, third], 0) => say("{first}, {second} and {third}")
                .with("first", first)
                .with("second", second)
                .with("third", third),
            ([first, second], others) => say_count(
                "{first}, {second} and {n} other",
                "{first}, {second} and {n} others",
                others,
            )
            .with("first", first)
            .with("second", second),
            _ => Phrase::own(self.plain()),
        }
    }

    fn plain(&self) -> String {
        let mut names = self.first.join(", ");
        if self.others > 0 {
            names.push_str(&format!(", +{}", self.others));
        }
        names
    }
}
