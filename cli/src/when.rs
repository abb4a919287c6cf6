//! Points and spans of time as operators write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent_receipts_core::Timestamp;

/// Neither a time stamp nor a span.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a span such as `90s`, `1h30m` or `2d` nor a time such as `2026-11-22T03:39:59Z`")]
pub(crate) struct TimeError(String);

/// Which whole second a moment between two seconds becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edge {
    /// The second after: nothing from before the moment.
    Since,
    /// The second before: nothing from after the moment.
    Until,
}

/// A time stamp, or a span before `now`, as stored time stamps are written: UTC and whole seconds.
pub(crate) fn moment(text: &str, now: SystemTime, edge: Edge) -> Result<String, TimeError> {
    let error = || TimeError(text.to_owned());
    if let Some(span) = span(text) {
        let since_epoch = now.duration_since(UNIX_EPOCH).map_err(|_| error())?;
        let seconds = since_epoch.saturating_sub(span).as_secs();
        let moment = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_unix(seconds, 0));
        return moment.map(|moment| moment.to_rfc3339()).ok_or_else(error);
    }
    let moment = Timestamp::parse(text).map_err(|_| error())?;
    let whole = Timestamp::from_unix(moment.unix_seconds(), 0).ok_or_else(error)?;
    let up = if whole < moment && edge == Edge::Since {
        Timestamp::from_unix(moment.unix_seconds() + 1, 0)
    } else {
        Some(whole)
    };
    up.map(|moment| moment.to_rfc3339()).ok_or_else(error)
}

/// A span in Go's notation (`1h30m`, `1.5h`, `500ms`), and days besides.
pub(crate) fn span(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let (unit, after) =
            after.split_at(after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len()));
        let nanos_a_unit = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        total = total.checked_add(scaled(whole, fraction, nanos_a_unit)?)?;
        rest = after;
    }
    Some(total)
}

fn scaled(whole: &str, fraction: &str, nanos_a_unit: u64) -> Option<Duration> {
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
    let mut nanos = whole.checked_mul(nanos_a_unit)?;
    let mut place = nanos_a_unit;
    for digit in fraction.bytes().take(18) {
        place /= 10;
        nanos = nanos.checked_add(u64::from(digit - b'0') * place)?;
    }
    Some(Duration::from_nanos(nanos))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_as_go_reads_them() {
        for (text, millis) in [
            ("1h", 3_600_000),
            ("1h30m", 5_400_000),
            ("1.5h", 5_400_000),
            ("500ms", 500),
            ("2d", 172_800_000),
            (".5s", 500),
        ] {
            assert_eq!(span(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in
            ["", "1", "h", "-1h", "1 h", "1x", "1h-", ".", "1..5h", "99999999999999999999h", "300000d300000d"]
        {
            assert_eq!(span(text), None, "{text}");
        }
    }

    #[test]
    fn moments_are_whole_seconds_in_utc_on_the_edge_asked_for() {
        let now = UNIX_EPOCH + Duration::from_secs(1_795_318_799);
        assert_eq!(moment("1h", now, Edge::Since).as_deref(), Ok("2026-11-22T02:39:59Z"));
        assert_eq!(
            moment("2026-11-22T04:39:59.5+01:00", now, Edge::Since).as_deref(),
            Ok("2026-11-22T03:40:00Z")
        );
        assert_eq!(moment("2026-11-22T03:39:59.5Z", now, Edge::Until).as_deref(), Ok("2026-11-22T03:39:59Z"));
        assert_eq!(moment("30000d", UNIX_EPOCH, Edge::Until).as_deref(), Ok("1970-01-01T00:00:00Z"));
        assert!(moment("yesterday", now, Edge::Since).is_err());
    }
}
