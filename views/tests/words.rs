//! What the page says, in every language: the catalogs have all that the sources say, and nothing else.

#![allow(clippy::unwrap_used)]

mod scan;
mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use icu_plurals::{PluralCategory, PluralRules};
use scan::{Found, scan};
use serde_json::Value;
use webchat_views::problem::DETAILS;
use webchat_views::{Language, SAID};

fn catalog(language: Language) -> BTreeMap<String, Value> {
    let path = format!(
        "{}/languages/{}.json",
        env!("CARGO_MANIFEST_DIR"),
        language.code()
    );
    serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap()
}

/// Beside English.
fn translated() -> impl Iterator<Item = Language> {
    let all = Language::ALL.into_iter();
    all.filter(|language| *language != Language::English)
}

/// What there is of counts among the keys.
struct Counts<'a> {
    keys: BTreeSet<String>,
    /// Names of places that a number stands in. Of 1 and 2, a language may say it by a word.
    numbers: &'a [&'a str],
}

/// Names in braces.
fn places(text: &str) -> BTreeSet<&str> {
    text.split('{')
        .skip(1)
        .filter_map(|place| place.split_once('}'))
        .map(|(name, _)| name)
        .collect()
}

fn lines<'a>(keys: impl Iterator<Item = &'a String>) -> String {
    let lines: Vec<String> = keys
        .map(|key| Value::from(key.as_str()).to_string())
        .collect();
    lines.join("\n")
}

/// What is missing is listed, each key as JSON on a line of its own.
fn hold_complete(name: &str, catalog: &BTreeMap<String, Value>, keys: &BTreeSet<String>) {
    let more = lines(catalog.keys().filter(|key| !keys.contains(*key)));
    assert_eq!(more, "", "{name} has what nobody says");
    let missing = lines(keys.iter().filter(|key| !catalog.contains_key(*key)));
    assert!(missing.is_empty(), "{name} does not have\n{missing}");
}

/// The places of the English text, and of a count just the plural forms that the language has.
fn hold_well_formed(language: Language, catalog: &BTreeMap<String, Value>, counts: &Counts<'_>) {
    let code = language.code();
    for (key, value) in catalog {
        let needed = places(key.split('|').next_back().unwrap_or_default());
        let hold = |text: &Value, numbers: &[&str]| {
            let text = text.as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{code}: {key} is empty");
            assert_eq!(text.trim(), text, "{code}: {key} has spaces around it");
            let mut has = places(text);
            has.extend(numbers.iter().filter(|number| needed.contains(*number)));
            assert_eq!(has, needed, "{code}: {key}: {text}");
        };
        let is_counted = counts.keys.contains(key);
        match value {
            Value::Object(said) => {
                assert!(is_counted, "{code}: {key} is not counted");
                let forms: BTreeSet<&str> = said.keys().map(String::as_str).collect();
                assert_eq!(forms, plural_forms(code), "{code}: {key}");
                for (form, text) in said {
                    hold(text, if form == "other" { &[] } else { counts.numbers });
                }
            }
            _ => {
                assert!(!is_counted, "{code}: {key} is counted");
                hold(value, &[]);
            }
        }
    }
}

/// CLDR's names of them.
fn plural_forms(code: &str) -> BTreeSet<&'static str> {
    let locale: icu_locale_core::Locale = code.parse().unwrap();
    let rules = PluralRules::try_new_cardinal(locale.into()).unwrap();
    rules
        .categories()
        .map(|category| match category {
            PluralCategory::Zero => "zero",
            PluralCategory::One => "one",
            PluralCategory::Two => "two",
            PluralCategory::Few => "few",
            PluralCategory::Many => "many",
            PluralCategory::Other => "other",
        })
        .collect()
}

#[test]
fn every_catalog_has_all_that_is_said_and_nothing_else() {
    let keys = scan().keys;
    for language in translated() {
        let name = format!("{}.json", language.code());
        hold_complete(&name, &catalog(language), &keys);
    }
}

#[test]
fn every_translation_has_the_places_and_the_plural_forms_that_it_needs() {
    let counts = Counts {
        keys: scan().counted,
        numbers: &["n"],
    };
    for language in translated() {
        hold_well_formed(language, &catalog(language), &counts);
    }
}

#[test]
fn what_marks_in_messages_name_is_listed_for_the_catalogs_of_the_page() {
    let listed: BTreeSet<String> = SAID.iter().map(|key| (*key).to_owned()).collect();
    let said = scan().said;
    assert_eq!(listed, said, "{}", lines(said.iter()));
}

#[test]
fn every_problem_that_pages_say_is_said_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources: String = ["src", "sql"]
        .iter()
        .flat_map(|folder| scan::files(&root.join(folder)))
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect();
    for detail in DETAILS {
        // A limit may be filled in.
        let (start, _) = detail
            .find(|letter: char| letter.is_ascii_digit())
            .map_or((detail, ""), |at| detail.split_at(at));
        let is_limit = start != detail && sources.contains(&format!("{start}{{"));
        assert!(sources.contains(detail) || is_limit, "nobody says {detail}");
    }
}

#[test]
fn the_scanner_reads_texts_over_several_lines_and_past_what_is_no_text() {
    let mut found = Found::default();
    found.read(
        r#"
        html! { p data-say="marked" { (tr("One")) (tr_count(
            "{n} a",
            "{n} b",
            2,
        )) (str("no")) (tr(words)) (tr("a \"b\" \
              c")) } }
        #[cfg(test)]
        mod tests { fn it() { tr("not this") } }
        "#,
        false,
    );
    let keys: Vec<_> = found.keys.iter().map(String::as_str).collect();
    assert_eq!(keys, ["One", "a \"b\" c", "marked", "{n} a|{n} b"]);
    assert_eq!(found.said.len(), 1);
}
