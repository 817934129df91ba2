//! Other sites' origins, as browsers write them.

use super::SettingsError;
use super::variable::{Variable, is_scheme_byte};

impl Variable {
    pub(super) fn origins(&self) -> Result<Vec<String>, SettingsError> {
        let expected = "origins such as https://example.com or http://localhost:3000, \
                        as a JSON list or separated by commas";
        let mut origins = Vec::new();
        for word in self.list(expected)? {
            if word.contains('*') {
                return Err(self.bad_part(
                    &word,
                    "each origin by name, since a wildcard would let any site act as your signed-in visitors",
                ));
            }
            let origin = normalize_origin(&word).ok_or_else(|| self.bad_part(&word, expected))?;
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        Ok(origins)
    }
}

/// An origin as a browser writes it: lowercase, without a trailing slash and without the scheme's own port.
/// Strict about characters, since origins are also written into the `Content-Security-Policy` header.
fn normalize_origin(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let (scheme, rest) = text.split_once("://")?;
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if !scheme.starts_with(|c: char| c.is_ascii_lowercase()) || !scheme.bytes().all(is_scheme_byte)
    {
        return None;
    }

    // An IPv6 host has colons of its own inside its brackets.
    let host_end = match authority.strip_prefix('[') {
        Some(inner) => inner.find(']')? + 2,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(host_end);
    let host_is_valid = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        }
    };
    if !host_is_valid {
        return None;
    }

    let port: Option<u16> = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
        Some(_) => return None,
        None if port.is_empty() => None,
        None => return None,
    };
    match (scheme, port) {
        (_, None) | ("http", Some(80)) | ("https", Some(443)) => Some(format!("{scheme}://{host}")),
        (_, Some(port)) => Some(format!("{scheme}://{host}:{port}")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::settings::tests::{error, settings};

    #[test]
    fn origins_are_kept_as_browsers_write_them() {
        let settings = settings(&[(
            "ALLOWED_ORIGINS",
            "HTTPS://Example.com/, https://example.com:443,http://localhost:3000, http://[::1]:80 ,tauri://localhost",
        )])
        .unwrap();
        assert_eq!(
            settings.allowed_origins,
            [
                "https://example.com",
                "http://localhost:3000",
                "http://[::1]",
                "tauri://localhost"
            ]
        );
    }

    #[test]
    fn origins_may_be_a_json_list() {
        let settings = settings(&[("ALLOWED_ORIGINS", r#"["https://a.test", "https://b.test"]"#)]);
        assert_eq!(
            settings.unwrap().allowed_origins,
            ["https://a.test", "https://b.test"]
        );
    }

    #[test]
    fn an_origin_is_a_scheme_and_a_host_and_nothing_more() {
        for origin in [
            "example.com",
            "https://example.com/chat",
            "https://user@example.com",
            "https://example.com?x",
            "https://example.com; script-src evil",
            "https://exa mple.com",
            "https://example.com:port",
            "https://example.com:",
            "https://example.com:70000",
            "https://[::1",
            "https://",
            "://example.com",
            "null",
        ] {
            let line = error(&[("ALLOWED_ORIGINS", origin)]);
            assert!(line.starts_with("ALLOWED_ORIGINS: found "), "{line}");
        }
    }

    #[test]
    fn a_wildcard_origin_is_refused_with_the_reason() {
        for origin in ["*", "https://*.example.com", "[\"*\"]"] {
            let line = error(&[("ALLOWED_ORIGINS", origin)]);
            assert!(
                line.contains("any site act as your signed-in visitors"),
                "{line}"
            );
        }
    }
}
