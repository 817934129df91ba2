//! Sizes, in bytes or with a unit.

use super::SettingsError;
use super::variable::Variable;

/// Above this a slip of a unit (GB for MB) would let a single upload fill most disks.
pub const MAX_FILE_SIZE_BYTES_MAX: u64 = 10 * GIB;

pub(super) const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

impl Variable {
    pub(super) fn size_bytes(&self) -> Result<u64, SettingsError> {
        let digits_end = self
            .value
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(self.value.len());
        let (digits, unit) = self.value.split_at(digits_end);
        let unit_bytes = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => Some(1),
            "kb" => Some(1000),
            "kib" => Some(1 << 10),
            "mb" => Some(1_000_000),
            "mib" => Some(MIB),
            "gb" => Some(1_000_000_000),
            "gib" => Some(GIB),
            _ => None,
        };
        unit_bytes
            .and_then(|unit| digits.parse::<u64>().ok()?.checked_mul(unit))
            .filter(|size| (1..=MAX_FILE_SIZE_BYTES_MAX).contains(size))
            .ok_or_else(|| {
                self.bad("a number of bytes such as 104857600, 100MB or 100MiB, at most 10GiB")
            })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::settings::tests::{error, settings};

    #[test]
    fn a_file_size_may_carry_a_unit() {
        for (text, bytes) in [
            ("1", 1),
            ("10MB", 10_000_000),
            ("10MiB", 10_485_760),
            ("10 mib", 10_485_760),
            ("1GB", 1_000_000_000),
            ("512KiB", 524_288),
        ] {
            assert_eq!(
                settings(&[("MAX_FILE_SIZE", text)])
                    .unwrap()
                    .max_file_size_bytes,
                bytes
            );
        }
        for text in [
            "0",
            "MB",
            "1.5GB",
            "10 parsecs",
            "-1",
            "11GiB",
            "99999999999999999999",
        ] {
            assert!(error(&[("MAX_FILE_SIZE", text)]).starts_with("MAX_FILE_SIZE"));
        }
    }
}
