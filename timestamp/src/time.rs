//! The time that an authority vouches for.

use std::fmt;

use der::DateTime;

/// A time in UTC, from 1970 to 9999, to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GenTime {
    unix_seconds: u64,
    nanos: u32,
}

impl GenTime {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn unix_seconds(self) -> u64 {
        self.unix_seconds
    }

    /// Nanoseconds past the second.
    pub fn nanos(self) -> u32 {
        self.nanos
    }

    /// Reads `YYYYMMDDhhmmss[.f…]Z` (RFC 3161 §2.4.2): a fraction has no trailing zero. More than nine digits of it are refused.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.len() != 14 || !is_number(whole) {
            return None;
        }
        let part = |from: usize, to: usize| whole.get(from..to)?.parse::<u8>().ok();
        let year = whole.get(..4)?.parse().ok()?;
        let time =
            DateTime::new(year, part(4, 6)?, part(6, 8)?, part(8, 10)?, part(10, 12)?, part(12, 14)?).ok()?;
        let nanos = match fraction {
            None => 0,
            Some(digits) => {
                let sound = matches!(digits.len(), 1..=9) && is_number(digits) && !digits.ends_with('0');
                sound.then(|| format!("{digits:0<9}").parse().ok()).flatten()?
            }
        };
        Some(Self { unix_seconds: time.unix_duration().as_secs(), nanos })
    }
}

/// RFC 3339, with a fraction where there is one.
impl fmt::Display for GenTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let duration = std::time::Duration::from_secs(self.unix_seconds);
        // INVARIANT: it came out of a `DateTime`, so it fits into one.
        let time = DateTime::from_unix_duration(duration).map_err(|_| fmt::Error)?;
        let text = time.to_string();
        let whole = text.trim_end_matches('Z');
        match format!("{:09}", self.nanos).trim_end_matches('0') {
            "" => write!(f, "{whole}Z"),
            fraction => write!(f, "{whole}.{fraction}Z"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_seconds_and_fractions() {
        for (text, seconds, nanos, printed) in [
            ("19700101000000Z", 0, 0, "1970-01-01T00:00:00Z"),
            ("20261122033959Z", 1_795_318_799, 0, "2026-11-22T03:39:59Z"),
            ("20261122033959.5Z", 1_795_318_799, 500_000_000, "2026-11-22T03:39:59.5Z"),
            ("20261122033959.000000001Z", 1_795_318_799, 1, "2026-11-22T03:39:59.000000001Z"),
            ("99991231235959Z", 253_402_300_799, 0, "9999-12-31T23:59:59Z"),
        ] {
            let time = GenTime::parse(text.as_bytes()).unwrap();
            assert_eq!((time.unix_seconds(), time.nanos()), (seconds, nanos), "{text}");
            assert_eq!(time.to_string(), printed);
        }
    }

    #[test]
    fn what_der_or_the_calendar_forbids() {
        for text in [
            "",
            "Z",
            "20261122033959",
            "202611220339Z",
            "20261122033959+0000",
            "20261122033959.Z",
            "20261122033959.50Z",
            "20261122033959.1234567891Z",
            "20261122033959,5Z",
            "20261322033959Z",
            "20260230033959Z",
            "20261122243959Z",
            "20261122036059Z",
            "19691231235959Z",
            "+2261122033959Z",
            "2026112203395\u{660}Z",
        ] {
            assert_eq!(GenTime::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(GenTime::parse(&[0xff; 15]), None);
    }
}
