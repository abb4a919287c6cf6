//! In what time a limit counts.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// The time in which a limit counts calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Per {
    /// Any stretch of time of this length.
    Window(Duration),
    /// As long as the session lasts.
    Session,
}

impl Per {
    /// `session`, or a whole number of `s`, `m` or `h`.
    fn parse(text: &str) -> Option<Self> {
        if text == "session" {
            return Some(Self::Session);
        }
        let (digits, seconds) =
            UNITS.iter().find_map(|(unit, worth)| Some((text.strip_suffix(unit)?, worth)))?;
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let seconds = digits.parse::<u64>().ok()?.checked_mul(*seconds)?;
        (1..=LONGEST).contains(&seconds).then(|| Self::Window(Duration::from_secs(seconds)))
    }
}

/// As it is written, in the largest unit that is exact.
impl fmt::Display for Per {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Per::Window(window) = self else { return f.write_str("session") };
        let seconds = window.as_secs();
        let (unit, worth) =
            UNITS.iter().rev().find(|(_, worth)| seconds.is_multiple_of(*worth)).unwrap_or(&UNITS[0]);
        write!(f, "{}{unit}", seconds / worth)
    }
}

impl<'de> Deserialize<'de> for Per {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format_args!(
                "`{text}` is neither a time such as `60s`, `5m` or `1h` nor `session`"
            ))
        })
    }
}

const UNITS: [(&str, u64); 3] = [("s", 1), ("m", 60), ("h", 3_600)];
/// Seconds: a year. A clock that never steps back is not older than the machine's last start.
const LONGEST: u64 = 366 * 24 * 3_600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, seconds, written) in [
            ("60s", 60, "1m"),
            ("1m", 60, "1m"),
            ("90s", 90, "90s"),
            ("24h", 86_400, "24h"),
            ("7200s", 7_200, "2h"),
        ] {
            let per = Per::parse(text).unwrap();
            assert_eq!(per, Per::Window(Duration::from_secs(seconds)));
            assert_eq!(per.to_string(), written);
        }
        assert_eq!(Per::parse("session").map(|per| per.to_string()).as_deref(), Some("session"));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "s",
            "60",
            "0s",
            "-1s",
            "+1s",
            "1.5h",
            "1 h",
            "1d",
            "60S",
            "Session",
            "1h30m",
            "\u{661}s",
            "99999999999999999999s",
            "18446744073709551615h",
            "8785h",
        ] {
            assert_eq!(Per::parse(text), None, "{text}");
        }
    }
}
