//! Values that must not be printed, neither in a log nor in the line that refuses them.

use super::SettingsError;
use super::variable::{Variable, is_scheme_byte};

/// Shorter keys could be guessed offline from a single signed token; 32 characters of base64 carry 192 bits.
pub const SECRET_KEY_CHARS_MIN: usize = 32;

impl Variable {
    pub(super) fn secret_key(self) -> Result<String, SettingsError> {
        let chars = self.value.chars().count();
        if chars < SECRET_KEY_CHARS_MIN {
            return Err(self.bad_secret(
                format!("{chars} characters"),
                format!(
                    "at least {SECRET_KEY_CHARS_MIN} characters, as `openssl rand -base64 32` prints"
                ),
            ));
        }
        Ok(self.value)
    }

    pub(super) fn database_url(&self) -> Result<String, SettingsError> {
        let expected = "postgresql://user:password@host:5432/database";
        let Some((scheme, rest)) = self.value.split_once("://") else {
            return Err(self.bad_secret("a value without ://".to_owned(), expected));
        };
        // Host projects often keep the URL in the form that names their own driver: postgresql+asyncpg://…
        let dialect = scheme
            .split('+')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        if !matches!(dialect.as_str(), "postgres" | "postgresql") {
            // A scheme is letters; anything else might be the password of a URL that lost its beginning.
            let found = if scheme.len() <= 32 && scheme.bytes().all(is_scheme_byte) {
                format!("the scheme {scheme}://")
            } else {
                "an unreadable scheme".to_owned()
            };
            return Err(self.bad_secret(found, expected));
        }
        if rest.is_empty() {
            return Err(self.bad_secret("a scheme and nothing after it".to_owned(), expected));
        }
        Ok(format!("postgresql://{rest}"))
    }

    /// For secrets: says something about the value in words of ours, and shows nothing of it.
    pub(super) fn bad_secret(&self, found: String, expected: impl Into<String>) -> SettingsError {
        SettingsError::Bad {
            variable: self.name,
            found,
            expected: expected.into(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::settings::DatabaseSetting;
    use crate::settings::tests::{error, settings};

    #[test]
    fn a_database_url_may_name_another_projects_driver() {
        for url in [
            "postgres://u:p@h/d?sslmode=require",
            "postgresql://u:p@h/d?sslmode=require",
            "postgresql+psycopg2://u:p@h/d?sslmode=require",
            "postgres+asyncpg://u:p@h/d?sslmode=require",
            "PostgreSQL://u:p@h/d?sslmode=require",
        ] {
            let settings = settings(&[("DATABASE_URL", url), ("AUTH", "guest")]).unwrap();
            assert_eq!(
                settings.database,
                DatabaseSetting::Url("postgresql://u:p@h/d?sslmode=require".to_owned())
            );
        }
    }

    #[test]
    fn a_bad_database_url_is_never_printed() {
        for url in [
            "mysql://u:hunter2@h/d",
            "u:hunter2@h/d",
            "u:hunter2@h://d",
            "hunter2",
        ] {
            let line = error(&[("DATABASE_URL", url), ("AUTH", "guest")]);
            assert!(line.starts_with("DATABASE_URL: found "), "{line}");
            assert!(!line.contains("hunter2"), "{line}");
        }
    }

    #[test]
    fn a_short_secret_key_is_refused_without_printing_it() {
        let line = error(&[("SECRET_KEY", "hunter2")]);
        assert!(line.starts_with("SECRET_KEY: found 7 characters"), "{line}");
        assert!(!line.contains("hunter2"));
    }
}
