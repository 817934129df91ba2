//! How often somebody may try to come in from one address: whoever guesses passwords tries many names, and whoever fills a
//! chat with guests has many names too.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use hyper::StatusCode;
use hyper::header::HeaderMap;

use crate::client_address::{Network, Peer, client_address, is_local};
use crate::problem::Problem;

/// Log-ins at once, and then in a minute: a class that begins its lesson behind one address, and nobody who guesses.
const LOG_INS: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
const LOG_INS_A_MINUTE: NonZeroU32 = NonZeroU32::new(20).expect("not zero");
/// New accounts and guests likewise: each is a row that stays.
const ARRIVALS: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
const ARRIVALS_A_MINUTE: NonZeroU32 = NonZeroU32::new(6).expect("not zero");
/// Addresses that are remembered, some 100 bytes each, until they have been quiet for a while. When there are more, new ones
/// are let in uncounted: being asked by the whole internet at once is no reason to turn people away.
const ADDRESSES_MAX: usize = 100_000;
/// Of an IPv6 address, what one customer has.
const CUSTOMER_BITS: u32 = 64;

/// What somebody tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attempt {
    LogIn,
    /// As a guest, or by signing up.
    Arrive,
}

pub struct DoorLimits {
    trusted: Vec<Network>,
    log_ins: DefaultKeyedRateLimiter<IpAddr>,
    arrivals: DefaultKeyedRateLimiter<IpAddr>,
    has_warned: AtomicBool,
}

impl DoorLimits {
    /// `trusted`: the proxies whose word on a client's address counts.
    pub fn new(trusted: Vec<Network>) -> Self {
        let log_ins = Quota::per_minute(LOG_INS_A_MINUTE).allow_burst(LOG_INS);
        let arrivals = Quota::per_minute(ARRIVALS_A_MINUTE).allow_burst(ARRIVALS);
        Self {
            trusted,
            log_ins: RateLimiter::keyed(log_ins),
            arrivals: RateLimiter::keyed(arrivals),
            has_warned: AtomicBool::new(false),
        }
    }

    /// Counts an attempt, and refuses one too many.
    pub fn check(
        &self,
        attempt: Attempt,
        peer: Option<Peer>,
        headers: &HeaderMap,
    ) -> Result<(), Problem> {
        let Some(peer) = peer else {
            return Ok(());
        };
        let client = client_address(peer, headers, &self.trusted);
        if is_local(client) {
            self.warn_of_proxy(headers);
            return Ok(());
        }
        let limiter = match attempt {
            Attempt::LogIn => &self.log_ins,
            Attempt::Arrive => &self.arrivals,
        };
        if limiter.len() >= ADDRESSES_MAX || limiter.check_key(&customer(client)).is_ok() {
            return Ok(());
        }
        Err(Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_tries",
            "Too many have tried to come in from your address. Wait a minute.",
        ))
    }

    /// Lets go of addresses that have been quiet for a while.
    pub fn forget_quiet_addresses(&self) {
        self.log_ins.retain_recent();
        self.arrivals.retain_recent();
    }

    /// A proxy that nobody named hides who comes: everyone would be one.
    fn warn_of_proxy(&self, headers: &HeaderMap) {
        let is_forwarded =
            headers.contains_key("x-forwarded-for") || headers.contains_key("forwarded");
        if is_forwarded && self.trusted.is_empty() && !self.has_warned.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(
                "requests come by a proxy: until TRUSTED_PROXIES names it, nobody is held to how often one may log in or sign up from one address"
            );
        }
    }
}

fn customer(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let bits = u128::from(address) >> (128 - CUSTOMER_BITS) << (128 - CUSTOMER_BITS);
            Ipv6Addr::from(bits).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tries(limits: &DoorLimits, attempt: Attempt, address: &str) -> usize {
        let peer = Peer(address.parse().unwrap());
        let headers = HeaderMap::new();
        (0..1_000)
            .take_while(|_| limits.check(attempt, Some(peer), &headers).is_ok())
            .count()
    }

    #[test]
    fn each_address_has_its_tries_and_a_customers_addresses_are_one() {
        let limits = DoorLimits::new(Vec::new());
        assert_eq!(tries(&limits, Attempt::LogIn, "8.8.8.8"), 60);
        assert_eq!(tries(&limits, Attempt::LogIn, "8.8.8.8"), 0);
        assert_eq!(tries(&limits, Attempt::Arrive, "8.8.8.8"), 60);
        assert_eq!(tries(&limits, Attempt::LogIn, "8.8.4.4"), 60);
        assert_eq!(tries(&limits, Attempt::LogIn, "2001:db8::1"), 60);
        assert_eq!(tries(&limits, Attempt::LogIn, "2001:db8::ffff:1"), 0);
        assert_eq!(tries(&limits, Attempt::LogIn, "2001:db8:0:1::1"), 60);
        for local in ["127.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "fd00::1"] {
            assert_eq!(tries(&limits, Attempt::LogIn, local), 1_000, "{local}");
        }
    }
}
