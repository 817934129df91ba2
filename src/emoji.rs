//! The emoji that one can choose from, as JSON: generated once, of what Unicode and GitHub call them.

use std::sync::OnceLock;

use emojis::{Emoji, EmojiVersion, Group};

/// The newest that are offered, of 2023: one that a reader's system has no picture of shows as a box.
const VERSION_MAX: EmojiVersion = EmojiVersion::new(15, 1);

/// `[["Smileys & Emotion",[["😀","grinning face","grinning"],…]],…]`: groups in Unicode's order; of
/// each emoji its characters, its name, and every shortcode. Of skin tones only the default.
pub fn json() -> &'static str {
    static JSON: OnceLock<String> = OnceLock::new();
    JSON.get_or_init(|| {
        let groups: Vec<(&str, Vec<Vec<String>>)> = Group::iter()
            .map(|group| {
                let offered = group
                    .emojis()
                    .filter(|emoji| emoji.emoji_version() <= VERSION_MAX);
                (group_name(group), offered.map(entry).collect())
            })
            .collect();
        serde_json::json!(groups).to_string()
    })
}

fn entry(emoji: &Emoji) -> Vec<String> {
    let mut entry = vec![emoji.as_str().to_owned(), emoji.name().to_owned()];
    entry.extend(emoji.shortcodes().map(str::to_owned));
    if emoji.shortcode().is_none() {
        entry.push(shortcode_of(emoji.name()));
    }
    entry
}

/// GitHub's list is behind Unicode's, but has named most emoji in this way.
fn shortcode_of(name: &str) -> String {
    let words: Vec<_> = name
        .split(|letter: char| !letter.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.join("_").to_ascii_lowercase()
}

/// As Unicode writes them.
fn group_name(group: Group) -> &'static str {
    match group {
        Group::SmileysAndEmotion => "Smileys & Emotion",
        Group::PeopleAndBody => "People & Body",
        Group::AnimalsAndNature => "Animals & Nature",
        Group::FoodAndDrink => "Food & Drink",
        Group::TravelAndPlaces => "Travel & Places",
        Group::Activities => "Activities",
        Group::Objects => "Objects",
        Group::Symbols => "Symbols",
        Group::Flags => "Flags",
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn groups() -> Vec<(String, Vec<Vec<String>>)> {
        serde_json::from_str(json()).unwrap()
    }

    fn all() -> Vec<Vec<String>> {
        groups().into_iter().flat_map(|(_, emoji)| emoji).collect()
    }

    #[test]
    fn emoji_come_by_group_with_their_name_and_shortcodes() {
        let groups = groups();
        let names: Vec<_> = groups.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names.len(), 9);
        assert_eq!(
            (names[0], names[8]),
            ("Smileys & Emotion", "Flags"),
            "in Unicode's order"
        );
        assert_eq!(groups[0].1[0], ["😀", "grinning face", "grinning"]);
        assert!(
            groups[1]
                .1
                .iter()
                .any(|emoji| emoji == &["👍", "thumbs up", "+1", "thumbsup"])
        );
    }

    #[test]
    fn each_emoji_is_there_once_in_its_default_tone() {
        let all = all();
        let distinct: HashSet<_> = all.iter().map(|emoji| &emoji[0]).collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.len() > 1_800, "{}", all.len());
        let tones = '\u{1f3fb}'..='\u{1f3ff}';
        let is_toned = |emoji: &Vec<String>| emoji[0].chars().any(|part| tones.contains(&part));
        assert!(!all.iter().any(is_toned));
    }

    #[test]
    fn each_emoji_has_shortcodes_of_its_own() {
        let mut seen = HashSet::new();
        for emoji in all() {
            assert!(emoji.len() > 2, "{emoji:?}");
            for shortcode in &emoji[2..] {
                let is_plain = |letter: char| {
                    letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_+-".contains(letter)
                };
                assert!(shortcode.chars().all(is_plain), "{emoji:?}");
                assert!(seen.insert(shortcode.clone()), "{emoji:?}");
            }
        }
        assert!(seen.contains("phoenix"), "though GitHub has no name for it");
    }
}
