//! One variable of the environment, and the ways to read a plain value or a list from it.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::client_address::Network;

use super::{AuthMode, LogFormat, SettingsError};

/// One variable that holds something, and every way to read it.
pub(super) struct Variable {
    pub(super) name: &'static str,
    pub(super) value: String,
}

impl Variable {
    pub(super) fn number<T>(&self, range: RangeInclusive<T>) -> Result<T, SettingsError>
    where
        T: FromStr + PartialOrd + fmt::Display,
    {
        match self.value.parse() {
            Ok(number) if range.contains(&number) => Ok(number),
            _ => Err(self.bad(format!(
                "a whole number from {} to {}",
                range.start(),
                range.end()
            ))),
        }
    }

    pub(super) fn boolean(&self) -> Result<bool, SettingsError> {
        match self.value.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(self.bad("true or false")),
        }
    }

    pub(super) fn address(&self) -> Result<IpAddr, SettingsError> {
        if self.value.eq_ignore_ascii_case("localhost") {
            return Ok(Ipv4Addr::LOCALHOST.into());
        }
        self.value
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse()
            .map_err(|_| self.bad("an IP address such as 127.0.0.1, 0.0.0.0 or ::, or localhost"))
    }

    pub(super) fn log_format(&self) -> Result<LogFormat, SettingsError> {
        match self.value.to_ascii_lowercase().as_str() {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err(self.bad("text or json")),
        }
    }

    pub(super) fn log_filter(&self) -> Result<String, SettingsError> {
        match tracing_subscriber::EnvFilter::try_new(&self.value) {
            Ok(_) => Ok(self.value.clone()),
            Err(_) => Err(self.bad("a log filter such as info or info,webchat=debug")),
        }
    }

    pub(super) fn auth_modes(&self) -> Result<Vec<AuthMode>, SettingsError> {
        let expected = || format!("one or more of {}", AuthMode::names(&AuthMode::ALL));
        let mut modes = Vec::new();
        for word in self.list(&expected())? {
            let mode = AuthMode::ALL
                .into_iter()
                .find(|mode| word.eq_ignore_ascii_case(mode.name()))
                .ok_or_else(|| self.bad_part(&word, expected()))?;
            if !modes.contains(&mode) {
                modes.push(mode);
            }
        }
        if modes.is_empty() {
            return Err(self.bad(expected()));
        }
        Ok(modes)
    }

    /// A JSON list of strings, or words separated by commas.
    pub(super) fn list(&self, expected: &str) -> Result<Vec<String>, SettingsError> {
        let words: Vec<String> = if self.value.starts_with('[') {
            serde_json::from_str(&self.value).map_err(|_| self.bad(expected))?
        } else {
            self.value.split(',').map(str::to_owned).collect()
        };
        Ok(words
            .iter()
            .map(|word| word.trim().to_owned())
            .filter(|word| !word.is_empty())
            .collect())
    }

    pub(super) fn networks(&self) -> Result<Vec<Network>, SettingsError> {
        let expected = "addresses or networks such as 10.0.0.1, 10.0.0.0/8 or fd00::/8, as a JSON list or with commas";
        self.list(expected)?
            .iter()
            .map(|word| Network::parse(word).ok_or_else(|| self.bad_part(word, expected)))
            .collect()
    }

    pub(super) fn bad(&self, expected: impl Into<String>) -> SettingsError {
        self.bad_part(&self.value, expected)
    }

    /// For lists, where only one part is wrong.
    pub(super) fn bad_part(&self, part: &str, expected: impl Into<String>) -> SettingsError {
        SettingsError::Bad {
            variable: self.name,
            found: format!("{part:?}"),
            expected: expected.into(),
        }
    }
}

pub(super) fn is_scheme_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.')
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::settings::AuthMode;
    use crate::settings::tests::{error, settings};

    #[test]
    fn a_bad_port_names_the_variable() {
        assert_eq!(
            error(&[("PORT", "eighty")]),
            "PORT: found \"eighty\"; it should be a whole number from 0 to 65535"
        );
        assert!(error(&[("PORT", "65536")]).starts_with("PORT: found \"65536\""));
    }

    #[test]
    fn numbers_outside_their_range_are_refused() {
        for (name, value) in [
            ("DATABASE_CONNECTIONS", "3"),
            ("DATABASE_CONNECTIONS", "201"),
            ("WRITER_LANES", "0"),
            ("SENDS_PER_SECOND", "100001"),
            ("CONNECTIONS_PER_USER", "-1"),
            ("SESSION_DAYS", "1.5"),
            ("DRAIN_SECONDS", "601"),
            ("CALL_RING_SECONDS", "4"),
        ] {
            assert!(error(&[(name, value)]).starts_with(name), "{name}={value}");
        }
    }

    #[test]
    fn a_host_may_be_an_address_of_either_family_or_localhost() {
        for (text, address) in [
            ("localhost", "127.0.0.1"),
            ("0.0.0.0", "0.0.0.0"),
            ("::", "::"),
            ("[::1]", "::1"),
        ] {
            let settings = settings(&[("HOST", text)]).unwrap();
            assert_eq!(settings.host.to_string(), address);
        }
        assert!(error(&[("HOST", "example.com")]).starts_with("HOST: found \"example.com\""));
    }

    #[test]
    fn booleans_are_read_in_the_common_spellings() {
        for (text, value) in [
            ("true", true),
            ("1", true),
            ("YES", true),
            ("on", true),
            ("False", false),
            ("0", false),
            ("no", false),
            ("off", false),
        ] {
            assert_eq!(settings(&[("DEBUG", text)]).unwrap().debug, value);
        }
        assert_eq!(
            error(&[("COOKIE_SECURE", "maybe")]),
            "COOKIE_SECURE: found \"maybe\"; it should be true or false"
        );
    }

    #[test]
    fn a_log_filter_is_checked_at_start() {
        assert_eq!(
            settings(&[("LOG", "info,webchat=debug")])
                .unwrap()
                .log_filter,
            "info,webchat=debug"
        );
        assert!(error(&[("LOG", "webchat=loud")]).starts_with("LOG: found "));
        assert!(error(&[("LOG_FORMAT", "xml")]).starts_with("LOG_FORMAT: found "));
    }

    #[test]
    fn auth_takes_a_json_list_or_commas() {
        for text in [
            "guest",
            "[\"guest\"]",
            " guest , Guest,",
            "[\"guest\", \"guest\"]",
        ] {
            assert_eq!(settings(&[("AUTH", text)]).unwrap().auth, [AuthMode::Guest]);
        }
    }

    #[test]
    fn any_set_of_auth_modes_may_be_chosen() {
        let key = "0123456789abcdef0123456789abcdef";
        let settings = settings(&[
            ("AUTH", "guest,password,jwt,url,sql"),
            ("SECRET_KEY", key),
            ("AUTH_URL", "http://localhost/me"),
        ])
        .unwrap();
        assert_eq!(settings.auth, AuthMode::ALL);
    }

    #[test]
    fn trusted_proxies_are_addresses_and_networks() {
        let settings = settings(&[("TRUSTED_PROXIES", "127.0.0.1, 10.0.0.0/8,::1")]).unwrap();
        assert_eq!(settings.trusted_proxies.len(), 3);
        let line = error(&[("TRUSTED_PROXIES", "[\"127.0.0.1\", \"nginx\"]")]);
        assert!(
            line.starts_with("TRUSTED_PROXIES: found \"nginx\""),
            "{line}"
        );
    }

    #[test]
    fn an_unknown_auth_mode_names_the_choices() {
        for text in ["ldap", "[\"ldap\"]", "[guest", ","] {
            let line = error(&[("AUTH", text)]);
            assert!(line.starts_with("AUTH: found "), "{line}");
            assert!(line.contains("guest, password, jwt, url, sql"), "{line}");
        }
    }
}
