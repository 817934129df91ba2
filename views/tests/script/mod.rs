//! What the page's script says, in every language: its catalogs, `static/words_*.js`, have all that the modules say, and
//! nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use webchat_views::{Language, SAID};

use crate::scan::{files, literal};
use crate::{Counts, hold_complete, hold_well_formed, translated};

/// Details of problems that somebody can meet by what they do in the page, as `withoutField` of `api.js` shows them: without
/// the field's name, `{n}` in the place of the first number.
const PROBLEMS: [&str; 62] = [
    "A call is running in this conversation: answer it to join.",
    "A conversation has at most {n} pinned messages.",
    "A deleted message can not be edited.",
    "A deleted message can not be forwarded.",
    "A deleted message can not be pinned.",
    "A file must have at most {n} bytes.",
    "A message has at most {n} different reactions.",
    "Another user has it.",
    "At most {n} links at once: revoke one first.",
    "At most {n} uploads of one user run at once.",
    "At most {n} uploads of one user wait for their end.",
    "Everyone is in the general room.",
    "It was sent before with another content.",
    "Must be a JPEG, PNG, GIF or WebP image.",
    "Must be in the future, before the year {n}.",
    "Must be one emoji.",
    "Must be one line, without control characters.",
    "Must have at least one character that is not a space.",
    "Must have at least one character.",
    "Must have at most {n} characters.",
    "Must have {n} to 60 characters and no spaces.",
    "Must have {n} to 80 characters.",
    "Must have {n} to 200 characters.",
    "No link leads there.",
    "Only a room can be joined without a link.",
    "Only an open room, or one that lets people in, can be joined without a link.",
    "Only an owner can do that.",
    "Only an owner or admin can change this conversation.",
    "Only an owner or admin can do that.",
    "Only an owner or admin can restore a message.",
    "Only the caller can cancel a call.",
    "Only the caller, or an owner or admin of a group, can end a call for everyone.",
    "Only the sender can edit a message.",
    "Only the sender, an owner or an admin can delete a message.",
    "Only the sender, an owner or an admin can remove a preview.",
    "Something went wrong here; it has been logged.",
    "The database can not be reached at the moment; try again.",
    "The file is empty.",
    "The general room can not be left.",
    "The last owner makes somebody else an owner before leaving or stepping down.",
    "The server is stopping; try again.",
    "The username or the password is wrong.",
    "There is a pack of this name.",
    "There is no such conversation.",
    "There is no such link.",
    "There is no such message.",
    "There is no such user.",
    "There is nothing at this address.",
    "This call does not ring for you.",
    "This conversation is closed.",
    "This link has been used as often as it can be.",
    "This message was deleted.",
    "This user has not asked to join.",
    "This user was deactivated.",
    "Too many have tried to come in from your address. Wait a minute.",
    "Too many tries. Wait a minute.",
    "What the system says can not be forwarded.",
    "You are in this call by another device.",
    "You are not a member of this conversation.",
    "You have no password here.",
    "You send faster than is allowed here; wait a moment.",
    "{n} people are in this call, and no more can be.",
];

/// What there is to translate, of counts `one|other`.
#[derive(Default)]
struct Said {
    keys: BTreeSet<String>,
    counted: BTreeSet<String>,
}

/// Of the repository.
fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn sources(name: &str, ending: &str) -> Vec<PathBuf> {
    let is_source = |file: &PathBuf| file.extension().is_some_and(|other| other == ending);
    files(&folder(name)).into_iter().filter(is_source).collect()
}

fn is_catalog(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    name.starts_with("words_")
}

impl Said {
    /// All that the page's script says by itself or repeats of what others say in English.
    fn everything() -> Self {
        let mut said = Self::default();
        for file in sources("static", "js") {
            if !is_catalog(&file) {
                said.read(&fs::read_to_string(file).unwrap());
            }
        }
        said.keys.extend(PROBLEMS.map(str::to_owned));
        said.keys.extend(stickers());
        // Marks in messages.
        for key in SAID {
            said.keys.insert(key.to_owned());
            if key.contains('|') {
                said.counted.insert(key.to_owned());
            }
        }
        said
    }

    /// The calls of `tr` and `trCount` in a module.
    fn read(&mut self, source: &str) {
        for (at, name) in source
            .match_indices("tr(")
            .chain(source.match_indices("trCount("))
        {
            if source[..at].ends_with(|before: char| before.is_alphanumeric() || before == '.') {
                continue;
            }
            let Some((one, rest)) = literal(&source[at + name.len()..]) else {
                continue; // What is repeated, and is a key elsewhere.
            };
            if name == "tr(" {
                self.keys.insert(one);
                continue;
            }
            let rest = rest.trim_start().trim_start_matches(',');
            let (other, _) = literal(rest).expect("trCount has two texts");
            let key = format!("{one}|{other}");
            self.counted.insert(key.clone());
            self.keys.insert(key);
        }
    }
}

/// What the stickers show that everybody has, and what their pack is called.
fn stickers() -> Vec<String> {
    let pack = fs::read_to_string(folder("static/stickers.json")).unwrap();
    let pack: Value = serde_json::from_str(&pack).unwrap();
    let alts = pack["stickers"].as_array().unwrap().iter();
    let texts = alts.map(|sticker| &sticker["alt"]).chain([&pack["title"]]);
    texts
        .map(|text| text.as_str().unwrap().to_owned())
        .collect()
}

/// A catalog is a module that exports one JSON object.
fn catalog(language: Language) -> BTreeMap<String, Value> {
    let path = folder(&format!("static/words_{}.js", language.code()));
    let module = fs::read_to_string(path).unwrap();
    let (_, json) = module.split_once("export default ").expect("a catalog");
    serde_json::from_str(json.trim().trim_end_matches(';')).unwrap()
}

#[test]
fn every_catalog_of_the_script_has_all_that_it_says_and_nothing_else() {
    let keys = Said::everything().keys;
    for language in translated() {
        let name = format!("words_{}.js", language.code());
        hold_complete(&name, &catalog(language), &keys);
    }
}

#[test]
fn every_translation_of_the_script_has_the_places_and_the_plural_forms_that_it_needs() {
    let counts = Counts {
        keys: Said::everything().counted,
        // The second is a number that the script has written out.
        numbers: &["n", "count"],
    };
    for language in translated() {
        hold_well_formed(language, &catalog(language), &counts);
    }
}

#[test]
fn every_problem_that_the_page_translates_is_said_by_the_server() {
    let mut said = BTreeSet::new();
    for (name, ending, quote) in [("sql", "sql", '\''), ("src", "rs", '"')] {
        for file in sources(name, ending) {
            let source = fs::read_to_string(file).unwrap().replace("''", "’");
            for text in source.split(quote) {
                said.insert(shown(text));
            }
        }
    }
    let unsaid: Vec<_> = PROBLEMS
        .iter()
        .filter(|key| !said.contains(**key))
        .collect();
    assert!(unsaid.is_empty(), "nobody says {unsaid:#?}");
}

/// As `withoutField` of `api.js` does it, of a text in the sources: what is filled in there is a number.
fn shown(text: &str) -> String {
    let field = text.find(": ").filter(|end| {
        text[..*end]
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    });
    let text = field.map_or(text, |end| &text[end + 2..]);
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let text: String = first.into_iter().chain(letters).collect();
    let filled = text.split_once("%s").or_else(|| {
        let (before, rest) = text.split_once('{')?;
        Some((before, rest.split_once('}')?.1))
    });
    if let Some((before, after)) = filled {
        return format!("{before}{{n}}{after}");
    }
    let Some(at) = text.find(|letter: char| letter.is_ascii_digit()) else {
        return text;
    };
    let rest =
        text[at..].trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ',');
    format!("{}{{n}}{rest}", &text[..at])
}

#[test]
fn the_scanner_reads_what_a_module_says_and_nothing_else() {
    let mut said = Said::default();
    said.read(
        r#"
        a.textContent = tr("One"); str("no"); tr(words);
        b.title = trCount(
          "{n} a", "{n} b", count);
        c.title = isOpen ? tr("Say \"yes\"") : this.tr("no");
        "#,
    );
    let keys: Vec<_> = said.keys.iter().map(String::as_str).collect();
    assert_eq!(keys, ["One", "Say \"yes\"", "{n} a|{n} b"]);
    assert_eq!(said.counted.len(), 1);
}
