//! Times as clients write them.

use std::time::{Duration, SystemTime};

/// The longest a zone is away from UTC that RFC 3339 can write.
const ZONE_HOURS_MAX: u64 = 23;

/// `2030-01-31T08:00:00.5Z` or `2030-01-31T10:00:00.5+02:00`, of the years 1970 to 9999.
pub fn parse(text: &str) -> Option<SystemTime> {
    // Only ASCII is cut anywhere.
    if !text.is_ascii() {
        return None;
    }
    let (local, zone) = match text.strip_suffix(['Z', 'z']) {
        Some(local) => (local, "+00:00"),
        None => text.split_at_checked(text.len().checked_sub(6)?)?,
    };
    let (hours, minutes) = zone.get(1..)?.split_once(':')?;
    let number = |digits: &str, max: u64| -> Option<u64> {
        let is_two_digits = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits
            .parse()
            .ok()
            .filter(|number| is_two_digits && *number <= max)
    };
    let away =
        Duration::from_secs(60 * (60 * number(hours, ZONE_HOURS_MAX)? + number(minutes, 59)?));
    let local = humantime::parse_rfc3339(&format!("{}Z", local.to_ascii_uppercase())).ok()?;
    let time = match zone.as_bytes().first()? {
        b'+' => local.checked_sub(away)?,
        b'-' => local.checked_add(away)?,
        _ => return None,
    };
    // Where 9999 ends, after which years have five digits.
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_800);
    (time < end).then_some(time)
}
