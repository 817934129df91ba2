//! When a message was sent and by whom, written into its body, so that whoever receives it knows how long it took.
//!
//! All clients are in this process and read the same clock, so no clocks have to agree.

use std::io::Write;
use std::sync::OnceLock;
use std::time::Instant;

use memchr::memmem::Finder;

/// Calls nobody: what follows an `@` would be looked up among the users.
const MARK: &str = "#t";
/// As hexadecimal digits after the mark: nanoseconds, `u`, number of the sender.
const TIME_DIGITS: usize = 16;
const SENDER_DIGITS: usize = 8;
/// Makes a message as long as people's are: some 60 characters with the stamp.
const FILLER: &str = " Shall we meet at noon by the river?";

/// Nanoseconds since this process's first look at the clock.
pub fn now_ns() -> u64 {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    let elapsed = ORIGIN.get_or_init(Instant::now).elapsed();
    u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    pub at_ns: u64,
    pub sender: u32,
}

impl Stamp {
    /// Appends a body that carries it. Nothing in it needs escaping, in JSON or in SQL.
    pub fn append_body(self, out: &mut Vec<u8>) {
        let Self { at_ns, sender } = self;
        if write!(out, "{MARK}{at_ns:016x}u{sender:08x}{FILLER}").is_err() {
            unreachable!("writing to a vector does not fail");
        }
    }

    pub fn body(self) -> String {
        let mut out = Vec::new();
        self.append_body(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }
}

/// Finds stamps in payloads.
pub struct StampFinder(Finder<'static>);

impl StampFinder {
    pub fn new() -> Self {
        Self(Finder::new(MARK))
    }

    pub fn find(&self, payload: &[u8]) -> Option<Stamp> {
        let after = &payload[self.0.find(payload)? + MARK.len()..];
        let (time, after) = after.split_at_checked(TIME_DIGITS)?;
        let sender = after.strip_prefix(b"u")?.get(..SENDER_DIGITS)?;
        Some(Stamp {
            at_ns: hexadecimal(time)?,
            sender: u32::try_from(hexadecimal(sender)?).ok()?,
        })
    }
}

fn hexadecimal(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        Some(value << 4 | u64::from(char::from(*digit).to_digit(16)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_found_in_the_json_that_it_travels_in() {
        let stamp = Stamp {
            at_ns: 0x1234_5678_9abc,
            sender: 4_711,
        };
        let json = format!("{{\"type\":\"message\",\"body\" : \"{}\"}}", stamp.body());
        let finder = StampFinder::new();
        assert_eq!(finder.find(json.as_bytes()), Some(stamp));
        assert_eq!(finder.find(&json.as_bytes()[..40]), None);
    }
}
