//! Durations, such as `30s` or `10m`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

/// A number and its unit: `ms`, `s`, `m` or `h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span(pub(super) Duration);

impl Span {
    fn parse(text: &str) -> Option<Self> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let number: u64 = number.parse().ok()?;
        let millis = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            _ => return None,
        };
        // A year is more than anybody means, and far from where adding to a clock could fail.
        let span = Duration::from_millis(number.checked_mul(millis)?);
        (span > Duration::ZERO && span <= YEAR).then_some(Self(span))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format_args!(
                "`{text}` is not a duration such as `500ms`, `30s`, `10m` or `1h`"
            ))
        })
    }
}

const YEAR: Duration = Duration::from_secs(366 * 86_400);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, millis) in [("1ms", 1), ("30s", 30_000), ("10m", 600_000), ("1h", 3_600_000)] {
            assert_eq!(Span::parse(text), Some(Span(Duration::from_millis(millis))), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["", "5", "s", "-1s", "1.5s", "1 s", "0s", "1d", "1m30s", "9999999h", "99999999999999999999s"]
        {
            assert_eq!(Span::parse(text), None, "{text}");
        }
    }
}
