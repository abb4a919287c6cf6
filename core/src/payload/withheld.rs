//! Payloads that are sent, and what stands for those that are not.

use std::borrow::Cow;

use crate::hash::ReceiptHash;
use crate::json::{self, Rules};

/// Both payloads as they can be sent in `room` bytes together: byte for byte where both fit and the daemon would take them, otherwise
/// first the longer and then both as [`withheld`] has them.
///
/// A `room` below 1024 bytes, which two stand-ins may take, is not kept.
pub fn fitting<'a>(
    input: Option<&'a str>,
    output: Option<&'a str>,
    room: usize,
) -> (Option<Cow<'a, str>>, Option<Cow<'a, str>>) {
    let length = |text: &Option<Cow<'_, str>>| text.as_ref().map_or(0, |text| text.len());
    let carried = |text| carried(text, room);
    let (mut input, mut output) = (input.map(carried), output.map(carried));
    while length(&input) + length(&output) > room.max(LEAST) {
        let longer = if length(&input) >= length(&output) { &mut input } else { &mut output };
        *longer = longer.take().map(|text| withheld(text.as_bytes()).into());
    }
    (input, output)
}

/// The text, unless the daemon would refuse it.
fn carried(text: &str, room: usize) -> Cow<'_, str> {
    let longer_than_any = text.len() > room;
    match longer_than_any || json::check_payload(text.as_bytes()).is_err() {
        true => withheld(text.as_bytes()).into(),
        false => text.into(),
    }
}

/// Two stand-ins fit into this: each has two hashes and a count.
const LEAST: usize = 1024;

/// The longest text in bytes whose canonical form is looked for: its values take tens of times as much memory as itself.
const LONGEST_PARSED: usize = 16 << 20;

/// What stands for a payload that is not sent: how long it was, SHA-256 of its bytes, and, where it is JSON of 16 MiB at most that can
/// be put into its canonical form, the hash that a receipt would have held.
pub fn withheld(text: &[u8]) -> String {
    let bytes = text.len();
    let sha256 = ReceiptHash::of(text);
    let parsed = (bytes <= LONGEST_PARSED).then(|| json::parse(text, Rules::Payload).ok()).flatten();
    match parsed {
        Some(value) => format!(
            r#"{{"withheld":{{"bytes":{bytes},"canonical":"{}","sha256":"{sha256}"}}}}"#,
            super::hash(&value)
        ),
        None => format!(r#"{{"withheld":{{"bytes":{bytes},"sha256":"{sha256}"}}}}"#),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: usize = 4096;

    #[test]
    fn what_fits_goes_byte_for_byte() {
        let text = "{ \"b\":1.50 ,\"a\":\"\\ud800\"}";
        assert_eq!(fitting(Some(text), None, ROOM), (Some(text.into()), None));
    }

    #[test]
    fn the_longer_one_gives_way_and_both_if_they_must() {
        let long = |length: usize| format!("\"{}\"", "x".repeat(length));
        let (short, half, whole) = (long(10), long(ROOM / 2 + 100), long(ROOM + 1));
        let (input, output) = fitting(Some(&short), Some(&whole), ROOM);
        assert_eq!(input.as_deref(), Some(short.as_str()));
        assert_eq!(output.as_deref(), Some(withheld(whole.as_bytes()).as_str()));
        let (input, output) = fitting(Some(&half), Some(&half), ROOM);
        assert_eq!(input.as_deref(), Some(withheld(half.as_bytes()).as_str()));
        assert_eq!(output.as_deref(), Some(half.as_str()));
        let (input, output) = fitting(Some(&whole), Some(&whole), ROOM);
        assert_eq!(
            (input.as_deref(), output.as_deref()),
            (Some(withheld(whole.as_bytes()).as_str()), Some(withheld(whole.as_bytes()).as_str()))
        );
    }

    #[test]
    fn what_the_daemon_would_refuse_is_told_by_its_withheld() {
        let deep = "[".repeat(20_000) + &"]".repeat(20_000);
        for refused in ["1e400", &deep] {
            let (input, _) = fitting(Some(refused), None, 1 << 20);
            let sent = input.unwrap();
            assert!(sent.contains(&ReceiptHash::of(refused.as_bytes()).to_string()), "{sent}");
            assert!(!sent.contains("canonical"));
        }
    }

    #[test]
    fn room_for_nothing_ends() {
        let (input, output) = fitting(Some("[1,2,3]"), Some("{}"), 0);
        assert!(input.is_some_and(|text| text.contains("withheld")) && output.is_some());
    }

    /// A digest holds nobody up.
    #[test]
    fn what_is_very_long_is_told_by_its_bytes_alone() {
        let of = |length: usize| withheld(format!("\"{}\"", "x".repeat(length - 2)).as_bytes());
        assert!(of(16 << 20).contains("canonical"));
        let longer = of((16 << 20) + 1);
        assert!(longer.contains("16777217") && longer.contains("sha256:") && !longer.contains("canonical"));
    }

    #[test]
    fn a_digest_names_the_hash_that_a_receipt_would_have_held() {
        let value = json::parse(b"{\"a\":1}", Rules::Payload).unwrap();
        assert!(withheld(b"{ \"a\" : 1.0 }").contains(&crate::payload::hash(&value)));
    }
}
