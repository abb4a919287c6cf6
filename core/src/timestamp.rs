//! RFC 3339 time stamps, read as strictly as the reference reads them.

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

use crate::excerpt::excerpt;

/// A moment, to the nanosecond, from year 0 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(OffsetDateTime);

/// A text that is not a time stamp.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an RFC 3339 time stamp")]
pub struct TimestampError(String);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(OffsetDateTime::UNIX_EPOCH);

    /// From seconds since 1970-01-01 UTC and nanoseconds within the second. Nothing outside years 0 to 9999.
    pub fn from_unix(seconds: i64, nanos: u32) -> Option<Self> {
        let moment = OffsetDateTime::from_unix_timestamp(seconds).ok()?.replace_nanosecond(nanos).ok()?;
        (0..=9999).contains(&moment.year()).then_some(Self(moment))
    }

    /// Reads exactly what Go's `RFC3339Nano` reads: offsets up to `24:60`, a fraction after `.` or `,`, an hour of one
    /// digit; capital `T` and `Z`; no hour 24, no second 60, no week dates. Only moments outside years 0 to 9999 of
    /// UTC are refused here and not there.
    ///
    /// # Errors
    ///
    /// [`TimestampError`] carries (the first 64 characters of) the text.
    pub fn parse(text: &str) -> Result<Self, TimestampError> {
        read(text.as_bytes()).map(Self).ok_or_else(|| TimestampError(excerpt(text)))
    }

    /// UTC, whole seconds: `2026-11-22T03:39:59Z`, the form in receipts.
    pub fn to_rfc3339(&self) -> String {
        let mut text = *b"0000-00-00T00:00:00Z";
        self.write_seconds(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    }

    /// UTC with nanoseconds: `2026-11-22T03:39:59.123456789Z`, the form in event frames.
    pub fn to_rfc3339_nanos(&self) -> String {
        let mut text = *b"0000-00-00T00:00:00.000000000Z";
        self.write_seconds(&mut text);
        write_digits(&mut text[20..29], self.0.nanosecond());
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Both forms up to where they part; into their places, since every event and every receipt has one.
    fn write_seconds(self, text: &mut [u8]) {
        let (year, month, day) = self.0.to_calendar_date();
        let (hour, minute, second) = self.0.to_hms();
        write_digits(&mut text[..4], year.unsigned_abs());
        for (at, number) in [(5, u8::from(month)), (8, day), (11, hour), (14, minute), (17, second)] {
            write_digits(&mut text[at..at + 2], number.into());
        }
    }

    /// The UTC date, `2026-11-22`.
    pub fn utc_date(&self) -> String {
        self.to_rfc3339()[..10].to_owned()
    }

    /// Seconds since 1970-01-01 UTC, rounded down.
    pub fn unix_seconds(&self) -> i64 {
        self.0.unix_timestamp()
    }
}

/// The lowest digits of `number`, as many as there is room for.
fn write_digits(text: &mut [u8], mut number: u32) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn read(text: &[u8]) -> Option<OffsetDateTime> {
    let (date, rest) = text.split_at_checked(10)?;
    // Go's layout for hours takes one digit as well as two.
    let hour_digits = rest.iter().skip(1).take_while(|byte| **byte != b':').count();
    let (time, rest) = rest.split_at_checked(7 + hour_digits)?;
    let separators = [(date[4], b'-'), (date[7], b'-'), (time[0], b'T'), (time[time.len() - 3], b':')];
    if separators.iter().any(|(found, wanted)| found != wanted) || !(1..=2).contains(&hour_digits) {
        return None;
    }
    let month = Month::try_from(small(&date[5..7])?).ok()?;
    let date =
        Date::from_calendar_date(i32::try_from(digits(&date[..4])?).ok()?, month, small(&date[8..])?).ok()?;
    let (hour, minute, second) =
        (&time[1..=hour_digits], &time[hour_digits + 2..][..2], &time[hour_digits + 5..]);
    let (nanos, rest) = fraction(rest)?;
    let time = Time::from_hms_nano(small(hour)?, small(minute)?, small(second)?, nanos).ok()?;
    let moment = date.with_time(time).assume_offset(offset(rest)?).checked_to_offset(UtcOffset::UTC)?;
    (0..=9999).contains(&moment.year()).then_some(moment)
}

/// Digits after `.` or `,`, at least one; what is finer than a nanosecond is cut off.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some(b'.' | b',') = text.first() else { return Some((0, text)) };
    let length = text[1..].iter().take_while(|b| b.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let (digits, rest) = text[1..].split_at(length);
    let nanos = (0..9).fold(0, |sum, at| sum * 10 + digits.get(at).map_or(0, |d| u32::from(d - b'0')));
    Some((nanos, rest))
}

fn offset(text: &[u8]) -> Option<UtcOffset> {
    match *text {
        [b'Z'] => Some(UtcOffset::UTC),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[h1, h2])?, digits(&[m1, m2])?);
            // Go's bounds: it takes 24 hours and 60 minutes, which no clock shows, and nothing beyond.
            if hours > 24 || minutes > 60 {
                return None;
            }
            let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
            UtcOffset::from_whole_seconds(if sign == b'-' { -seconds } else { seconds }).ok()
        }
        _ => None,
    }
}

fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + u32::from(b - b'0')))
}

fn small(text: &[u8]) -> Option<u8> {
    digits(text).and_then(|number| u8::try_from(number).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_reference_reads() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-22T03:39:59.123456789Z", 1_795_318_799),
            ("2026-11-22T03:39:59,5Z", 1_795_318_799),
            ("2026-11-22T05:39:59+02:00", 1_795_318_799),
            ("2026-11-21T22:39:59.1234567891234-05:00", 1_795_318_799),
            ("2024-02-29T00:00:00Z", 1_709_164_800),
            ("2026-11-22T3:39:59Z", 1_795_318_799),
            ("2026-11-22T3:39:59.5+02:00", 1_795_311_599),
            ("2026-11-22T03:39:59-00:00", 1_795_318_799),
            ("2026-11-22T03:39:59+24:00", 1_795_232_399),
            ("2026-11-22T03:39:59+02:60", 1_795_307_999),
            ("2026-11-22T03:39:59.5+24:60", 1_795_228_799),
        ] {
            assert_eq!(Timestamp::parse(text).map(|t| t.unix_seconds()), Ok(seconds), "{text}");
        }
    }

    #[test]
    fn refuses_what_the_reference_refuses() {
        for text in [
            "",
            "now",
            "2026-11-22",
            "2026-11-22T03:39:59",
            "2026-11-22t03:39:59Z",
            "2026-11-22T03:39:59z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T03:39:60Z",
            "2026-11-22T03:60:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-00-01T00:00:00Z",
            "2026-11-22 03:39:59Z",
            "2026-11-22T03:39:59.Z",
            "2026-11-22T03:39:59+0200",
            "2026-11-22T03:39:59+25:00",
            "2026-11-22T03:39:59+02:61",
            "2026-11-22T:39:59Z",
            "2026-11-22T003:39:59Z",
            "2026-11-22T03:9:59Z",
            "2026-11-22T03:39:5Z",
            "2026-11-2T03:39:05Z",
            "2026-1-02T03:39:05Z",
            "2026-11-22T03:39:59,Z",
            "2026-11-22T03:39:59 Z",
            "2026-11-22T03:39:59Z ",
            " 2026-11-22T03:39:59Z",
            "２026-11-22T03:39:59Z",
            "+026-11-22T03:39:59Z",
        ] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
    }

    /// The reference takes these, and then cannot write them as a time stamp.
    #[test]
    fn refuses_moments_that_no_time_stamp_can_name_in_utc() {
        for text in ["0000-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"] {
            assert!(Timestamp::parse(text).is_err(), "{text}");
        }
        assert!(Timestamp::parse("0000-01-01T00:00:00Z").is_ok());
    }

    #[test]
    fn writes_whole_seconds_and_nanoseconds() {
        let moment = Timestamp::from_unix(1_795_318_799, 1_000).unwrap();
        assert_eq!(moment.to_rfc3339(), "2026-11-22T03:39:59Z");
        assert_eq!(moment.to_rfc3339_nanos(), "2026-11-22T03:39:59.000001000Z");
        assert_eq!(moment.utc_date(), "2026-11-22");
        assert_eq!(Timestamp::from_unix(i64::MAX, 0), None);
        assert_eq!(Timestamp::from_unix(0, 1_000_000_000), None);
    }
}
