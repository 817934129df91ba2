//! Where a request comes from: the other end of its connection, or, behind proxies that the operator trusts, what they say.

use std::net::{IpAddr, Ipv6Addr};

use hyper::header::{FORWARDED, HeaderMap, HeaderName};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of a connection; with each of its requests.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The addresses of one network, as `10.0.0.0/8` or a single address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: u128,
    mask: u128,
}

impl Network {
    /// None for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        // All as one family: IPv4 in the part of IPv6 that is for it.
        let before = if address.is_ipv4() { 96 } else { 0 };
        let bits = before + bits.unwrap_or(128 - before);
        let mask = u128::MAX
            .checked_shl(128_u32.checked_sub(bits)?)
            .unwrap_or(0);
        Some(Self {
            address: whole(address) & mask,
            mask,
        })
    }

    fn has(&self, address: IpAddr) -> bool {
        whole(address) & self.mask == self.address
    }
}

fn whole(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().into(),
        IpAddr::V6(address) => address.into(),
    }
}

/// Whose request it is: the last address in the chain of proxies that is none of the trusted. `X-Forwarded-For` counts, and
/// `Forwarded` where there is none.
pub fn client_address(peer: Peer, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.has(address));
    let mut client = peer.0.to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let listed = match headers.contains_key(X_FORWARDED_FOR) {
        true => chain(headers, &X_FORWARDED_FOR, |entry| Some(entry.trim())),
        false => chain(headers, &FORWARDED, forwarded_for),
    };
    for entry in listed.into_iter().rev() {
        // What a proxy of ours could not read, it did not say: the nearest that is known counts.
        let Some(address) = entry else { break };
        client = address.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    client
}

/// What a header lists, from the client to the nearest proxy; None for an entry that names no address.
fn chain<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
    read: impl Fn(&'a str) -> Option<&'a str>,
) -> Vec<Option<IpAddr>> {
    headers
        .get_all(name)
        .iter()
        .flat_map(|value| value.to_str().unwrap_or_default().split(','))
        .map(|entry| read(entry).and_then(address))
        .collect()
}

/// `for="[2001:db8::1]:4711";proto=https`
fn forwarded_for(entry: &str) -> Option<&str> {
    entry.split(';').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim()
            .eq_ignore_ascii_case("for")
            .then(|| value.trim().trim_matches('"'))
    })
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(address);
    }
    if let Ok(address) = text.parse::<std::net::SocketAddr>() {
        return Some(address.ip());
    }
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    inner.parse::<Ipv6Addr>().ok().map(IpAddr::from)
}

/// Whether an address is of this machine, or of a network that is not the internet: there, whole houses are behind one
/// address, or a proxy that nobody has named.
pub fn is_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_loopback() || address.is_private() || address.is_link_local()
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, headers: &[(&HeaderName, &str)], trusted: &[&str]) -> String {
        let headers: HeaderMap = headers
            .iter()
            .map(|(name, value)| ((*name).clone(), value.parse().unwrap()))
            .collect();
        let trusted: Vec<_> = trusted
            .iter()
            .map(|text| Network::parse(text).unwrap())
            .collect();
        client_address(Peer(peer.parse().unwrap()), &headers, &trusted).to_string()
    }

    #[test]
    fn what_a_stranger_says_of_itself_counts_for_nothing() {
        let said = [(&X_FORWARDED_FOR, "1.1.1.1"), (&FORWARDED, "for=1.1.1.1")];
        assert_eq!(client("8.8.8.8", &said, &[]), "8.8.8.8");
        assert_eq!(client("8.8.8.8", &said, &["10.0.0.0/8"]), "8.8.8.8");
        // Nor what it says to a trusted proxy, which adds the truth.
        let said = [(&X_FORWARDED_FOR, "1.1.1.1, 9.9.9.9, 10.0.0.2")];
        assert_eq!(client("10.0.0.1", &said, &["10.0.0.0/8"]), "9.9.9.9");
    }

    #[test]
    fn trusted_proxies_are_believed_in_either_form() {
        let trusted = ["127.0.0.1", "10.0.0.0/8", "fd00::/8"];
        for (header, said, expected) in [
            (&X_FORWARDED_FOR, "8.8.8.8", "8.8.8.8"),
            (&X_FORWARDED_FOR, "8.8.8.8:4711", "8.8.8.8"),
            (&X_FORWARDED_FOR, "2001:db8::7, 10.1.2.3", "2001:db8::7"),
            (
                &FORWARDED,
                "for=8.8.8.8;proto=https, For=\"[fd00::1]:80\"",
                "8.8.8.8",
            ),
            (&FORWARDED, "for=\"[2001:db8::7]\"", "2001:db8::7"),
            // Nothing that is known: the proxy itself.
            (&FORWARDED, "for=unknown", "127.0.0.1"),
            (&FORWARDED, "proto=https", "127.0.0.1"),
            (&X_FORWARDED_FOR, "8.8.8.8, garbage", "127.0.0.1"),
            (&X_FORWARDED_FOR, "", "127.0.0.1"),
            (&X_FORWARDED_FOR, "10.9.9.9, 10.1.1.1", "10.9.9.9"),
        ] {
            assert_eq!(
                client("127.0.0.1", &[(header, said)], &trusted),
                expected,
                "{said}"
            );
            assert_eq!(
                client("::ffff:127.0.0.1", &[(header, said)], &trusted),
                expected,
                "{said}"
            );
        }
    }

    #[test]
    fn a_network_is_its_addresses_and_no_more() {
        for text in [
            "10.0.0.0/33",
            "10.0.0/8",
            "fe80::/129",
            "host",
            "/8",
            "10.0.0.0/x",
            "",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
        let has = |network: &str, address: &str| {
            Network::parse(network)
                .unwrap()
                .has(address.parse().unwrap())
        };
        assert!(has("10.1.2.3/8", "10.255.0.1") && !has("10.0.0.0/8", "11.0.0.1"));
        assert!(has("0.0.0.0/0", "8.8.8.8") && !has("0.0.0.0/0", "2001:db8::1"));
        assert!(has("::/0", "8.8.8.8") && has("2001:db8::/32", "2001:db8:1::1"));
        assert!(has("192.0.2.7", "192.0.2.7") && !has("192.0.2.7", "192.0.2.8"));
    }
}
