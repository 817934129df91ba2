use crate::language::{Language, spoken};

/// Light or dark, or as the reader's system has it.
pub const THEMES: [&str; 3] = ["system", "light", "dark"];
/// Colours of what is one's own and of what can be pressed.
pub const COLORS: [&str; 4] = ["blue", "purple", "green", "orange"];

/// How one reader wants the page to look. The page is sent that way, so that it never flashes in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub theme: &'static str,
    pub color: &'static str,
    /// None: as the page's language is written.
    pub is_right_to_left: Option<bool>,
    /// Whether the details stand beside the conversation where there is room.
    pub shows_details: bool,
    /// None: as the reader's browser asks for.
    pub language: Option<Language>,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            theme: THEMES[0],
            color: COLORS[0],
            is_right_to_left: None,
            shows_details: true,
            language: None,
        }
    }
}

impl Look {
    /// Of the words of a cookie, `dark.purple.rtl.de`: in any order, what is not known left out.
    pub fn from_words(words: &str) -> Self {
        let mut look = Self::default();
        for word in words.split('.') {
            if let Some(theme) = THEMES.iter().find(|theme| **theme == word) {
                look.theme = theme;
            } else if let Some(color) = COLORS.iter().find(|color| **color == word) {
                look.color = color;
            } else if let Some(language) = Language::ALL
                .into_iter()
                .find(|language| language.code() == word)
            {
                look.language = Some(language);
            } else if word == "rtl" || word == "ltr" {
                look.is_right_to_left = Some(word == "rtl");
            } else if word == "plain" {
                look.shows_details = false;
            }
        }
        look
    }

    /// As the page around wants it, where it says so; what is not known counts as not said.
    pub fn framed(mut self, theme: Option<&str>, color: Option<&str>, dir: Option<&str>) -> Self {
        let known = |word: Option<&str>, words: &'static [&'static str]| {
            words.iter().find(|known| Some(**known) == word).copied()
        };
        self.theme = known(theme, &THEMES).unwrap_or(self.theme);
        self.color = known(color, &COLORS).unwrap_or(self.color);
        self.is_right_to_left = match dir {
            Some("rtl") => Some(true),
            Some("ltr") => Some(false),
            _ => self.is_right_to_left,
        };
        self
    }

    /// Of a page in the language that is spoken here.
    pub fn direction(&self) -> &'static str {
        let is_right_to_left = self.is_right_to_left;
        if is_right_to_left.unwrap_or_else(|| spoken().is_right_to_left()) {
            "rtl"
        } else {
            "ltr"
        }
    }

    pub fn details(&self) -> &'static str {
        if self.shows_details { "open" } else { "closed" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::within;

    #[test]
    fn a_look_is_read_from_known_words_alone() {
        let look = Look::from_words(r#"purple.dark."><script>.rtl.plain"#);
        assert_eq!((look.theme, look.color), ("dark", "purple"));
        assert_eq!((look.direction(), look.details()), ("rtl", "closed"));
        assert_eq!(Look::from_words(""), Look::default());
    }

    #[test]
    fn the_page_around_counts_before_the_reader_and_only_in_what_it_says() {
        let own = Look::from_words("dark.purple.rtl");
        let look = own.framed(Some("light"), None, Some("ltr"));
        assert_eq!((look.theme, look.color), ("light", "purple"));
        assert_eq!(look.is_right_to_left, Some(false));
        assert_eq!(own.framed(Some("\"><b>"), Some("pink"), Some("up")), own);
    }

    #[test]
    fn a_language_gives_the_direction_unless_somebody_chose_one() {
        let of = |words: &str| {
            let look = Look::from_words(words);
            within(look.language.unwrap_or_default(), || look.direction())
        };
        assert_eq!(
            [of("ar"), of("ar.ltr"), of("de"), of("de.rtl")],
            ["rtl", "ltr", "ltr", "rtl"]
        );
        assert_eq!(
            Look::from_words("xx.de.evil").language,
            Some(Language::German)
        );
        assert_eq!(Look::from_words("DE.d").language, None);
    }
}
