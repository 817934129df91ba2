//! What the page says, in the reader's language. English is in the sources and is the key by which `languages/*.json` have
//! the others; what one of them does not have is said in English.
//!
//! Which language it is stands in no struct and no argument: whoever answers a request does so within [`scope`], and whatever
//! is rendered there speaks it. Outside of one it is English.
//!
//! *Invariant:* what is rendered once for many readers (a message in a frame, a page of history) is rendered in English, and
//! its fixed words are marked ([`Phrase`]), so that each reader's script says them anew.

use std::cell::{Cell, OnceCell};
use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::OnceLock;

use icu_locale_core::Locale;
use icu_plurals::{PluralCategory, PluralRules};
use maud::{Markup, PreEscaped, Render};
use serde::Deserialize;

/// Ranges of an `Accept-Language` that are looked at: browsers send a few, and what is endless is not read to its end.
const RANGES_MAX: usize = 20;

/// A language that the page can speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    #[default]
    English,
    German,
    French,
    Spanish,
    Arabic,
}

/// What there is to know of one; [`Language::ALL`] has them in this order.
struct Known {
    code: &'static str,
    /// What it calls itself.
    name: &'static str,
    is_right_to_left: bool,
    /// JSON, as `docs/languages.md` has it.
    catalog: &'static str,
}

const KNOWN: [Known; 5] = [
    Known {
        code: "en",
        name: "English",
        is_right_to_left: false,
        catalog: "{}",
    },
    Known {
        code: "de",
        name: "Deutsch",
        is_right_to_left: false,
        catalog: include_str!("../languages/de.json"),
    },
    Known {
        code: "fr",
        name: "Français",
        is_right_to_left: false,
        catalog: include_str!("../languages/fr.json"),
    },
    Known {
        code: "es",
        name: "Español",
        is_right_to_left: false,
        catalog: include_str!("../languages/es.json"),
    },
    Known {
        code: "ar",
        name: "العربية",
        is_right_to_left: true,
        catalog: include_str!("../languages/ar.json"),
    },
];

impl Language {
    pub const ALL: [Self; KNOWN.len()] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Arabic,
    ];

    fn known(self) -> &'static Known {
        &KNOWN[self as usize]
    }

    /// As `lang` has it: `de`.
    pub fn code(self) -> &'static str {
        self.known().code
    }

    /// What it calls itself.
    pub fn name(self) -> &'static str {
        self.known().name
    }

    pub fn is_right_to_left(self) -> bool {
        self.known().is_right_to_left
    }

    /// Of a tag, `de` or `de-AT`; None of a language that is not spoken here.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|language| language.code().eq_ignore_ascii_case(primary))
    }

    /// The one that is wanted most of those that are spoken here, by an `Accept-Language`.
    pub fn accepted(header: &str) -> Option<Self> {
        let mut best: Option<(f32, Self)> = None;
        for range in header.split(',').take(RANGES_MAX) {
            let (tag, parameters) = range.split_once(';').unwrap_or((range, ""));
            let weight = parameters.trim().strip_prefix("q=");
            let weight = match weight.map(str::parse::<f32>) {
                Some(Ok(weight)) if (0.0..=1.0).contains(&weight) => weight,
                Some(_) => continue,
                None => 1.0,
            };
            let language = Self::of_tag(tag).filter(|_| weight > 0.0);
            // Of those wanted alike the first counts.
            if let Some(language) = language
                && best.is_none_or(|(most, _)| weight > most)
            {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    fn catalog(self) -> &'static Catalog {
        static CATALOGS: [OnceLock<Catalog>; KNOWN.len()] =
            [const { OnceLock::new() }; KNOWN.len()];
        // A test holds that each can be read.
        CATALOGS[self as usize]
            .get_or_init(|| serde_json::from_str(self.known().catalog).unwrap_or_default())
    }

    fn category(self, n: i64) -> PluralCategory {
        thread_local! {
            // Rules are not shared between threads; they lie in the binary, so having them costs little.
            static RULES: [OnceCell<Option<PluralRules>>; KNOWN.len()] =
                const { [const { OnceCell::new() }; KNOWN.len()] };
        }
        let read = || {
            let locale: Locale = self.code().parse().ok()?;
            PluralRules::try_new_cardinal(locale.into()).ok()
        };
        RULES.with(|rules| {
            let rules = rules[self as usize].get_or_init(read);
            rules
                .as_ref()
                .map_or(PluralCategory::Other, |rules| rules.category_for(n))
        })
    }
}

type Catalog = HashMap<String, Entry>;

#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Text(String),
    /// By CLDR's plural category.
    Counted(HashMap<String, String>),
}

thread_local! {
    static SPOKEN: Cell<Language> = const { Cell::new(Language::English) };
}

/// The language that is spoken here and now.
pub fn spoken() -> Language {
    SPOKEN.get()
}

/// Does something in a language.
pub fn within<T>(language: Language, work: impl FnOnce() -> T) -> T {
    struct Before(Language);
    impl Drop for Before {
        fn drop(&mut self) {
            SPOKEN.set(self.0);
        }
    }
    let _before = Before(SPOKEN.replace(language));
    work()
}

/// The same of what waits in between, on whichever thread it goes on. What it spawns is not within.
pub async fn scope<T>(language: Language, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    poll_fn(|context| within(language, || work.as_mut().poll(context))).await
}

/// Names a text where it only lies in a table; it is said by [`tr`] where it is shown. Whoever looks for all there is to
/// translate finds it by this.
pub const fn key(text: &'static str) -> &'static str {
    text
}

/// A text, given in English.
pub fn tr(text: &str) -> &str {
    match spoken().catalog().get(text) {
        Some(Entry::Text(said)) => said,
        // Before a bar: which of two meanings it is, which nobody is to read.
        _ => text.split_once('|').map_or(text, |(_, said)| said),
    }
}

/// A sentence with names of places in braces, `{name} is typing`, and what stands there.
pub fn tr_with(text: &str, values: &[(&str, &str)]) -> String {
    filled(tr(text), |name| value_of(values, name))
}

/// The same with markup, for names that are set apart, and links.
pub fn tr_markup(text: &str, values: &[(&str, Markup)]) -> Markup {
    let mut html = String::new();
    pieces(tr(text), |piece| match piece {
        Piece::Text(text) => text.render_to(&mut html),
        Piece::Place(name) => {
            if let Some((_, value)) = values.iter().find(|(known, _)| *known == name) {
                html.push_str(&value.0);
            }
        }
    });
    PreEscaped(html)
}

/// A sentence about so many: `{n}` is how many, and English says `one` for 1.
pub fn tr_count(one: &str, other: &str, n: i64) -> String {
    tr_count_with(one, other, n, &[])
}

/// The same with more in braces.
pub fn tr_count_with(one: &str, other: &str, n: i64, values: &[(&str, &str)]) -> String {
    let count = n.to_string();
    filled(counted(one, other, n), |name| match name {
        "n" => Some(&count),
        _ => value_of(values, name),
    })
}

fn counted<'a>(one: &'a str, other: &'a str, n: i64) -> &'a str {
    let language = spoken();
    let said = match language.catalog().get(&format!("{one}|{other}")) {
        Some(Entry::Counted(said)) => {
            let category = name_of(language.category(n));
            said.get(category).or_else(|| said.get("other"))
        }
        _ => None,
    };
    match said {
        Some(said) => said,
        None if n == 1 => one,
        None => other,
    }
}

/// As catalogs name it.
fn name_of(category: PluralCategory) -> &'static str {
    match category {
        PluralCategory::Zero => "zero",
        PluralCategory::One => "one",
        PluralCategory::Two => "two",
        PluralCategory::Few => "few",
        PluralCategory::Many => "many",
        PluralCategory::Other => "other",
    }
}

fn value_of<'a>(values: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    values
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, value)| *value)
}

fn filled<'a>(text: &'a str, value: impl Fn(&str) -> Option<&'a str>) -> String {
    let mut said = String::with_capacity(text.len());
    pieces(text, |piece| match piece {
        Piece::Text(text) => said.push_str(text),
        Piece::Place(name) => said.push_str(value(name).unwrap_or_default()),
    });
    said
}

enum Piece<'a> {
    Text(&'a str),
    /// The name in braces.
    Place(&'a str),
}

/// Once over the text, so that braces in what is filled in are nothing but braces.
fn pieces<'a>(text: &'a str, mut take: impl FnMut(Piece<'a>)) {
    let mut rest = text;
    while let Some((before, place)) = rest.split_once('{') {
        let Some((name, after)) = place.split_once('}') else {
            break;
        };
        take(Piece::Text(before));
        take(Piece::Place(name));
        rest = after;
    }
    take(Piece::Text(rest));
}

#[cfg(test)]
mod tests {
    use maud::html;

    use super::*;

    #[test]
    fn a_text_is_said_in_the_language_that_is_spoken_and_in_english_where_it_is_not_known() {
        assert_eq!(tr("edited"), "edited");
        within(Language::German, || {
            assert_ne!(tr("edited"), "edited");
            assert_eq!(tr("no catalog has this"), "no catalog has this");
            assert_eq!(tr("verb|no catalog has this"), "no catalog has this");
            within(Language::English, || assert_eq!(tr("edited"), "edited"));
            assert_eq!(spoken(), Language::German);
        });
        assert_eq!(spoken(), Language::English);
    }

    #[test]
    fn what_is_filled_in_is_filled_in_once_and_stays_text() {
        let values = [("name", "{other}"), ("other", "x")];
        assert_eq!(tr_with("{name} and {other}", &values), "{other} and x");
        assert_eq!(tr_with("{nobody} is {", &values), " is {");
        let name = html! { b { "<" } };
        let said = tr_markup("<i> {name}", &[("name", name)]);
        assert_eq!(said.into_string(), "&lt;i&gt; <b>&lt;</b>");
        let said = tr_count_with("{n} {a}", "{n} {a}s", 2, &[("a", "{n}")]);
        assert_eq!(said, "2 {n}s");
    }

    #[test]
    fn counts_go_by_the_plural_forms_of_each_language() {
        let people = |n| tr_count("{n} person", "{n} people", n);
        assert_eq!(
            [people(0), people(1), people(2)],
            ["0 people", "1 person", "2 people"]
        );
        within(Language::German, || {
            assert_eq!([people(1), people(2)], ["1 Person", "2 Personen"]);
        });
        for (language, n, category) in [
            (Language::German, 1, "one"),
            (Language::German, 0, "other"),
            (Language::French, 0, "one"),
            (Language::French, 1_000_000, "many"),
            (Language::Spanish, 2, "other"),
            (Language::Arabic, 0, "zero"),
            (Language::Arabic, 2, "two"),
            (Language::Arabic, 103, "few"),
            (Language::Arabic, 11, "many"),
            (Language::Arabic, 100, "other"),
        ] {
            assert_eq!(name_of(language.category(n)), category, "{language:?} {n}");
        }
    }

    #[test]
    fn the_language_wanted_most_of_those_that_are_spoken_is_taken() {
        for (header, language) in [
            ("de-AT, en;q=0.5", Some(Language::German)),
            ("it, ar-EG;q=0.2, es;q=0.3", Some(Language::Spanish)),
            ("fr;q=0.5, de;q=0.5", Some(Language::French)),
            ("FR_ca", Some(Language::French)),
            ("en;q=0", None),
            ("de;q=x, de;q=2, de;q=", None),
            ("", None),
            ("*", None),
        ] {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }

    #[test]
    fn each_language_is_where_its_number_says() {
        for (place, language) in Language::ALL.into_iter().enumerate() {
            assert_eq!(language as usize, place);
            assert_eq!(Language::of_tag(language.code()), Some(language));
        }
    }

    #[test]
    fn what_waits_is_within_its_language_and_what_runs_meanwhile_is_not() {
        let mut waited = false;
        let work = scope(
            Language::French,
            poll_fn(move |context| {
                assert_eq!(spoken(), Language::French);
                if waited {
                    return std::task::Poll::Ready(());
                }
                waited = true;
                context.waker().wake_by_ref();
                std::task::Poll::Pending
            }),
        );
        let mut work = pin!(work);
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(work.as_mut().poll(&mut context).is_pending());
        assert_eq!(spoken(), Language::English);
        assert!(work.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn a_panic_leaves_no_language_behind() {
        let caught = std::panic::catch_unwind(|| within(Language::Arabic, || panic!("on purpose")));
        assert!(caught.is_err());
        assert_eq!(spoken(), Language::English);
    }
}
