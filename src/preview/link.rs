//! The link that a message is previewed by, and what of it may be asked for.

use linkify::{LinkFinder, LinkKind};
use url::{Host, Url};

use super::address::is_public;
use crate::settings::PreviewHost;

/// In bytes; the database takes no longer one.
const URL_BYTES_MAX: usize = 2_000;

/// The first http or https link of a text, normalised, as the page makes links of it; none when there is none, or
/// when nobody should ask for it.
pub fn first_link(text: &str) -> Option<Url> {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url]);
    let url = finder
        .links(text)
        .filter_map(|link| Url::parse(link.as_str()).ok())
        .find(|url| matches!(url.scheme(), "http" | "https"))?;
    normalized(url)
}

/// An address without its fragment, which is the reader's; none for what is never asked for.
pub fn normalized(mut url: Url) -> Option<Url> {
    url.set_fragment(None);
    let is_asked_for = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        // Somebody's name and password are not ours to use.
        && url.username().is_empty()
        && url.password().is_none()
        && url.as_str().len() <= URL_BYTES_MAX;
    is_asked_for.then_some(url)
}

/// What may be asked besides the public internet's web servers.
pub struct Allowed(Vec<PreviewHost>);

impl Allowed {
    pub fn new(hosts: Vec<PreviewHost>) -> Self {
        Self(hosts)
    }

    /// Whether a connection to this host and port may be made at all, and if so, whether to whatever address.
    /// A host that is an address needs no look-up, and is judged here already.
    pub fn reach(&self, url: &Url) -> Reach {
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else {
            return Reach::Nothing;
        };
        let is_web = matches!(port, 80 | 443);
        let name = host.to_string();
        let is_listed = self
            .0
            .iter()
            .any(|listed| listed.host == name && listed.port.map_or(is_web, |it| it == port));
        let is_public = match host {
            Host::Domain(_) => true,
            Host::Ipv4(address) => is_public(address.into()),
            Host::Ipv6(address) => is_public(address.into()),
        };
        match (is_listed, is_web && is_public) {
            (true, _) => Reach::AnyAddress,
            (false, true) => Reach::PublicAddresses,
            (false, false) => Reach::Nothing,
        }
    }
}

/// Where a connection may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    Nothing,
    PublicAddresses,
    AnyAddress,
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<String> {
        first_link(text).map(String::from)
    }

    #[test]
    fn the_first_link_of_a_text_is_found_where_a_reader_sees_its_end() {
        for (text, link) in [
            ("see https://example.com.", Some("https://example.com/")),
            (
                "(https://example.com/a_(b)) and more",
                Some("https://example.com/a_(b)"),
            ),
            (
                "http://one.example/x?y=z#there, https://two.example",
                Some("http://one.example/x?y=z"),
            ),
            (
                "ftp://files.example, HTTPS://Example.COM/A",
                Some("https://example.com/A"),
            ),
            ("https://example.com:443/", Some("https://example.com/")),
            (
                "https://bücher.example/ä",
                Some("https://xn--bcher-kva.example/%C3%A4"),
            ),
            ("no link: example.com, a@example.com, http://", None),
            ("javascript://example.com/%0aalert(1)", None),
            ("https://ann:secret@example.com/", None),
            ("https://ann@example.com/", None),
        ] {
            assert_eq!(found(text).as_deref(), link, "{text}");
        }
    }

    #[test]
    fn a_link_of_more_than_2000_characters_is_not_asked_for() {
        let base = "https://example.com/";
        let longest = format!("{base}{}", "a".repeat(URL_BYTES_MAX - base.len()));
        assert_eq!(found(&longest).as_deref(), Some(longest.as_str()));
        assert_eq!(found(&format!("{longest}a")), None);
        // It is the normalised form that counts.
        assert_eq!(found(&format!("{base}{}", "ä".repeat(400))), None);
    }

    #[test]
    fn an_address_is_judged_in_whatever_notation_it_is_written() {
        let allowed = Allowed::new(Vec::new());
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://017700000001/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://１２７.0.0.1/",
            "http://%31%32%37.0.0.1/",
            "http://0/",
            "http://169.254.169.254/latest/meta-data/",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[0:0:0:0:0:ffff:169.254.169.254]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[fe80::1]/",
            "http://[fd00::1]/",
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(allowed.reach(&url), Reach::Nothing, "{text}");
        }
        for text in [
            "http://8.8.8.8/",
            "http://134744072/",
            "https://[2606:4700:4700::1111]/",
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(allowed.reach(&url), Reach::PublicAddresses, "{text}");
        }
    }

    #[test]
    fn only_the_ports_of_the_web_are_asked_and_those_that_are_listed() {
        let listed = |host: &str, port| PreviewHost {
            host: host.to_owned(),
            port,
        };
        let allowed = Allowed::new(vec![
            listed("wiki.internal", None),
            listed("10.0.0.7", Some(8080)),
        ]);
        for (text, reach) in [
            ("http://example.com/", Reach::PublicAddresses),
            ("https://example.com/", Reach::PublicAddresses),
            ("https://example.com:80/", Reach::PublicAddresses),
            ("http://example.com:22/", Reach::Nothing),
            ("http://example.com:8080/", Reach::Nothing),
            ("http://wiki.internal/", Reach::AnyAddress),
            ("https://WIKI.internal/", Reach::AnyAddress),
            ("http://wiki.internal:8080/", Reach::Nothing),
            ("http://wiki.internal.example/", Reach::PublicAddresses),
            ("http://10.0.0.7:8080/", Reach::AnyAddress),
            ("http://0xa000007:8080/", Reach::AnyAddress),
            ("http://10.0.0.7/", Reach::Nothing),
            ("http://10.0.0.8:8080/", Reach::Nothing),
        ] {
            assert_eq!(allowed.reach(&Url::parse(text).unwrap()), reach, "{text}");
        }
    }
}
