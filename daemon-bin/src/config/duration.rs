//! Durations as Go writes them, because the reference's configuration files do.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use thiserror::Error;

/// A span of time, read from and written as text such as `200ms`, `1.5s` or `1m30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// A text that is not a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a duration such as `200ms`, `1s` or `1m30s`")]
pub(crate) struct MalformedDuration;

impl FromStr for Span {
    type Err = MalformedDuration;

    /// The grammar of Go's `time.ParseDuration`, without negative values, up to its 2^63 - 1 nanoseconds.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.strip_prefix('+').unwrap_or(text);
        if text == "0" {
            return Ok(Self(Duration::ZERO));
        }
        if text.is_empty() || text.len() > MAX_LENGTH {
            return Err(MalformedDuration);
        }
        let mut nanos: u128 = 0;
        let mut rest = text;
        while !rest.is_empty() {
            let (term, after) = term(rest)?;
            nanos = nanos.checked_add(term).filter(|n| *n <= LARGEST).ok_or(MalformedDuration)?;
            rest = after;
        }
        u64::try_from(nanos).map(|n| Self(Duration::from_nanos(n))).map_err(|_| MalformedDuration)
    }
}

/// One number and its unit, in nanoseconds, and what follows.
fn term(text: &str) -> Result<(u128, &str), MalformedDuration> {
    let (whole, after) = digits(text);
    let (fraction, after) = after.strip_prefix('.').map_or(("", after), digits);
    if whole.is_empty() && fraction.is_empty() {
        return Err(MalformedDuration);
    }
    let unit = UNITS.iter().find(|(name, _)| after.starts_with(name)).ok_or(MalformedDuration)?;
    let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| MalformedDuration)? };
    let mut nanos = whole.checked_mul(unit.1).ok_or(MalformedDuration)?;
    let mut worth = unit.1;
    for digit in fraction.bytes() {
        worth /= 10;
        nanos += u128::from(digit - b'0') * worth;
    }
    Ok((nanos, &after[unit.0.len()..]))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

impl std::fmt::Display for Span {
    /// The coarsest single unit that is exact.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let nanos = self.0.as_nanos();
        for (unit, worth) in [("s", 1_000_000_000), ("ms", 1_000_000)] {
            if nanos.is_multiple_of(worth) {
                return write!(f, "{}{unit}", nanos / worth);
            }
        }
        write!(f, "{nanos}ns")
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|reason| de::Error::custom(format_args!("`{text}` is {reason}")))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Unit names and nanoseconds. A name that starts with another stands before it.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Go counts nanoseconds in a signed 64-bit integer.
const LARGEST: u128 = i64::MAX as u128;

/// Bytes; no duration that anybody writes is longer.
const MAX_LENGTH: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn nanos(text: &str) -> Option<u128> {
        text.parse::<Span>().ok().map(|span| span.0.as_nanos())
    }

    #[test]
    fn what_go_accepts_is_accepted() {
        for (text, expected) in [
            ("0", 0),
            ("0s", 0),
            ("200ms", 200_000_000),
            ("1s", 1_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1h1m1s1ms1us1ns", 3_661_001_001_001),
            ("+5s", 5_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("3\u{b5}s", 3_000),
            ("3\u{3bc}s", 3_000),
            ("1s1s", 2_000_000_000),
            ("9223372036854775807ns", 9_223_372_036_854_775_807),
        ] {
            assert_eq!(nanos(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "+",
            "200",
            "ms",
            ".s",
            "-1s",
            "1 s",
            " 1s",
            "1s ",
            "1S",
            "1d",
            "1m 30s",
            "1e3s",
            "0x1s",
            "soon",
            "9223372036854775808ns",
            "99999999999999999999999999999999999999999h",
            "1s\u{0}",
            "\u{661}s",
        ] {
            assert_eq!(nanos(text), None, "{text:?}");
        }
        assert_eq!(nanos(&"1s".repeat(33)), None);
    }

    #[test]
    fn what_is_written_is_read_back() {
        for value in [0, 1, 1_500, 1_000_000, 200_000_000, 90_000_000_000, 3_600_000_000_000, i64::MAX as u64]
        {
            let span = Span(Duration::from_nanos(value));
            assert_eq!(span.to_string().parse::<Span>(), Ok(span));
        }
        assert_eq!(Span(Duration::from_millis(200)).to_string(), "200ms");
    }
}
