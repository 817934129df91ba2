//! Hosts that link previews may come from although they are not on the public internet.

use url::Host;

use super::SettingsError;
use super::variable::Variable;

/// A host, and the one port of it when a port was named; else the ports that any host may be asked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewHost {
    /// As addresses have it once they are normalised: lowercase, IPv6 in brackets.
    pub host: String,
    pub port: Option<u16>,
}

impl Variable {
    pub(super) fn preview_hosts(&self) -> Result<Vec<PreviewHost>, SettingsError> {
        let expected =
            "hosts such as wiki.internal or 10.0.0.7:8080, as a JSON list or separated by commas";
        self.list(expected)?
            .iter()
            .map(|word| read_host(word).ok_or_else(|| self.bad_part(word, expected)))
            .collect()
    }
}

fn read_host(text: &str) -> Option<PreviewHost> {
    // A name may have one, as names of hosts go; who writes it here means a pattern, and there are none.
    if text.contains('*') {
        return None;
    }
    // An IPv6 host has colons of its own inside its brackets.
    let inside = text.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match text.get(inside..)?.find(':') {
        Some(colon) => {
            let digits = &text[inside + colon + 1..];
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let port: u16 = digits.parse().ok()?;
            (&text[..inside + colon], Some(port))
        }
        None => (text, None),
    };
    Some(PreviewHost {
        host: Host::parse(host).ok()?.to_string(),
        port,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::settings::tests::{error, settings};

    #[test]
    fn hosts_for_previews_are_names_or_addresses_with_or_without_a_port() {
        let hosts = settings(&[(
            "LINK_PREVIEW_HOSTS",
            "Wiki.Internal, 10.0.0.7:8080, [::1]:80, [FD00::0:7], 0x7f000001",
        )])
        .unwrap()
        .link_preview_hosts;
        let hosts: Vec<_> = hosts
            .iter()
            .map(|host| (host.host.as_str(), host.port))
            .collect();
        assert_eq!(
            hosts,
            [
                ("wiki.internal", None),
                ("10.0.0.7", Some(8080)),
                ("[::1]", Some(80)),
                ("[fd00::7]", None),
                ("127.0.0.1", None),
            ]
        );
    }

    #[test]
    fn a_host_for_previews_is_no_url_and_no_pattern() {
        for host in [
            "http://wiki",
            "wiki/page",
            "wiki:",
            "wiki:port",
            "wiki:70000",
            "wiki:+80",
            "*.internal",
            "[::1",
            "::1",
            "a b",
            ":80",
        ] {
            let line = error(&[("LINK_PREVIEW_HOSTS", host)]);
            assert!(
                line.starts_with("LINK_PREVIEW_HOSTS: found "),
                "{host}: {line}"
            );
        }
    }
}
