/// Light or dark, or as the reader's system has it.
pub const THEMES: [&str; 3] = ["system", "light", "dark"];
/// Colours of what is one's own and of what can be pressed.
pub const COLORS: [&str; 4] = ["blue", "purple", "green", "orange"];

/// How one reader wants the page to look. The page is sent that way, so that it never flashes in another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    pub theme: &'static str,
    pub color: &'static str,
    pub is_right_to_left: bool,
    /// Whether the details stand beside the conversation where there is room.
    pub shows_details: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            theme: THEMES[0],
            color: COLORS[0],
            is_right_to_left: false,
            shows_details: true,
        }
    }
}

impl Look {
    /// Of the words of a cookie, `dark.purple.rtl`: in any order, what is not known left out.
    pub fn from_words(words: &str) -> Self {
        let mut look = Self::default();
        for word in words.split('.') {
            if let Some(theme) = THEMES.iter().find(|theme| **theme == word) {
                look.theme = theme;
            } else if let Some(color) = COLORS.iter().find(|color| **color == word) {
                look.color = color;
            } else if word == "rtl" {
                look.is_right_to_left = true;
            } else if word == "plain" {
                look.shows_details = false;
            }
        }
        look
    }

    pub fn direction(&self) -> &'static str {
        if self.is_right_to_left { "rtl" } else { "ltr" }
    }

    pub fn details(&self) -> &'static str {
        if self.shows_details { "open" } else { "closed" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_read_from_known_words_alone() {
        let look = Look::from_words(r#"purple.dark."><script>.rtl.plain"#);
        assert_eq!((look.theme, look.color), ("dark", "purple"));
        assert_eq!((look.direction(), look.details()), ("rtl", "closed"));
        assert_eq!(Look::from_words(""), Look::default());
    }
}
