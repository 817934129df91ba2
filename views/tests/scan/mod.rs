//! Finds in the sources what there is to translate: texts given to the functions of `views::language` and `views::phrase`, and
//! marks of messages. Tests are left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Functions that take a text, and those that take one and another for more than one.
const OF_ONE: [&str; 6] = ["tr", "tr_with", "tr_markup", "key", "say", "instead"];
const OF_TWO: [&str; 4] = ["tr_count", "tr_count_with", "say_count", "instead_count"];
/// Of these, those whose texts become marks.
const MARKING: [&str; 4] = ["say", "say_count", "instead", "instead_count"];
const MARKS: [&str; 4] = [
    "data-say",
    "data-say-label",
    "data-say-title",
    "data-say-alt",
];
/// Where a text that is only named (`key`) becomes a mark, too.
const OF_MESSAGES: [&str; 6] = [
    "call.rs",
    "card.rs",
    "media.rs",
    "message.rs",
    "reaction.rs",
    "told.rs",
];

#[derive(Default)]
pub struct Found {
    /// As catalogs have them: of two texts `one|other`.
    pub keys: BTreeSet<String>,
    /// Those of two texts.
    pub counted: BTreeSet<String>,
    /// Those that a mark in a message may name.
    pub said: BTreeSet<String>,
}

/// Everything, of pages and of what the server puts into them.
pub fn scan() -> Found {
    let views = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Found::default();
    for folder in [views.join("src"), views.join("../src")] {
        let is_code = |file: &PathBuf| file.extension().is_some_and(|ending| ending == "rs");
        for file in files(&folder).into_iter().filter(is_code) {
            let source = fs::read_to_string(&file).expect("a source can be read");
            let name = file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            found.read(
                &source,
                OF_MESSAGES.contains(&name.as_str()) && folder.ends_with("src"),
            );
        }
    }
    found
}

/// Of a folder and all within.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

impl Found {
    pub fn read(&mut self, source: &str, is_of_messages: bool) {
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        for name in OF_ONE.iter().chain(&OF_TWO) {
            for (at, _) in source.match_indices(&format!("{name}(")) {
                if source[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
                {
                    continue;
                }
                let rest = &source[at + name.len() + 1..];
                let Some((one, rest)) = literal(rest) else {
                    continue;
                };
                let key = if OF_TWO.contains(name) {
                    let rest = rest.trim_start().trim_start_matches(',');
                    let (other, _) = literal(rest).expect("a second text beside the first");
                    let key = format!("{one}|{other}");
                    self.counted.insert(key.clone());
                    key
                } else {
                    one
                };
                if MARKING.contains(name) || is_of_messages && *name == "key" {
                    self.said.insert(key.clone());
                }
                self.keys.insert(key);
            }
        }
        for mark in MARKS {
            for (at, start) in source.match_indices(&format!("{mark}=")) {
                if let Some((key, _)) = literal(&source[at + start.len()..]) {
                    self.said.insert(key.clone());
                    self.keys.insert(key);
                }
            }
        }
    }
}

/// The text literal that this begins with, and what comes after it.
pub fn literal(source: &str) -> Option<(String, &str)> {
    let source = source.trim_start().strip_prefix('"')?;
    let mut text = String::new();
    let mut letters = source.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Some((text, &source[at + 1..])),
            '\\' => match letters.next()?.1 {
                'n' => text.push('\n'),
                // A line that goes on in the next one.
                '\n' => {
                    let rest = letters.as_str();
                    let spaces = rest.len() - rest.trim_start().len();
                    letters
                        .by_ref()
                        .take(rest[..spaces].chars().count())
                        .for_each(drop);
                }
                other => text.push(other),
            },
            _ => text.push(letter),
        }
    }
    None
}
