//! What the page says, in every language: the catalogs have all that the sources say, and nothing else.

#![allow(clippy::unwrap_used)]

mod scan;

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

fn catalogs() -> impl Iterator<Item = (&'static str, BTreeMap<String, Value>)> {
    let translated = Language::ALL
        .into_iter()
        .filter(|language| *language != Language::English);
    translated.map(|language| (language.code(), catalog(language)))
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

#[test]
fn every_catalog_has_all_that_is_said_and_nothing_else() {
    let keys = scan().keys;
    for (code, catalog) in catalogs() {
        let more = lines(catalog.keys().filter(|key| !keys.contains(*key)));
        assert_eq!(more, "", "{code}.json has what nobody says");
        let missing = lines(keys.iter().filter(|key| !catalog.contains_key(*key)));
        assert!(missing.is_empty(), "{code}.json does not have\n{missing}");
    }
}

#[test]
fn every_translation_has_the_places_of_the_english_text() {
    let said = |value: &Value| -> Vec<String> {
        match value {
            Value::Object(forms) => forms
                .values()
                .flat_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            other => other.as_str().map(str::to_owned).into_iter().collect(),
        }
    };
    for (code, catalog) in catalogs() {
        for (key, value) in &catalog {
            // Of 1 and 2, a language may say the number by a word.
            let must = places(key.split('|').next_back().unwrap_or_default());
            let texts = said(value);
            assert!(!texts.is_empty(), "{code}: {key} is no text");
            for text in texts {
                assert!(!text.trim().is_empty(), "{code}: {key} is empty");
                assert_eq!(text.trim(), text, "{code}: {key} has spaces around it");
                let mut has = places(&text);
                if value.is_object() && must.contains("n") {
                    has.insert("n");
                }
                assert_eq!(has, must, "{code}: {key}: {text}");
            }
        }
    }
}

#[test]
fn every_count_has_the_plural_forms_of_its_language_and_nothing_else_does() {
    let counted = scan().counted;
    for (code, catalog) in catalogs() {
        let locale: icu_locale_core::Locale = code.parse().unwrap();
        let rules = PluralRules::try_new_cardinal(locale.into()).unwrap();
        let forms: BTreeSet<&str> = rules
            .categories()
            .map(|category| match category {
                PluralCategory::Zero => "zero",
                PluralCategory::One => "one",
                PluralCategory::Two => "two",
                PluralCategory::Few => "few",
                PluralCategory::Many => "many",
                PluralCategory::Other => "other",
            })
            .collect();
        for (key, value) in &catalog {
            match value {
                Value::Object(said) => {
                    assert!(counted.contains(key), "{code}: {key} is not counted");
                    let said: BTreeSet<&str> = said.keys().map(String::as_str).collect();
                    assert_eq!(said, forms, "{code}: {key}");
                    let other = value["other"].as_str().unwrap_or_default();
                    let english = key.split('|').next_back().unwrap_or_default();
                    assert_eq!(places(other), places(english), "{code}: {key}");
                }
                _ => assert!(!counted.contains(key), "{code}: {key} is counted"),
            }
        }
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
