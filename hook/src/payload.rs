//! Payloads that a frame can carry, and digests of those that it cannot.

use std::borrow::Cow;

use agent_receipts_core::json::{self, Rules};
use agent_receipts_core::{ReceiptHash, payload};
use agent_receipts_ipc::MAX_FRAME;

/// What a frame leaves for input and output together: the other fields are bounded far below the rest.
const ROOM: usize = MAX_FRAME - (192 << 10);

/// Both payloads as they can be sent: byte for byte where both fit, otherwise first the longer and then both as a digest.
pub(crate) fn fitting<'a>(
    input: Option<&'a str>,
    output: Option<&'a str>,
) -> (Option<Cow<'a, str>>, Option<Cow<'a, str>>) {
    let length = |text: &Option<Cow<'_, str>>| text.as_ref().map_or(0, |text| text.len());
    let (mut input, mut output) = (input.map(carried), output.map(carried));
    while length(&input) + length(&output) > ROOM {
        let longer = if length(&input) >= length(&output) { &mut input } else { &mut output };
        *longer = longer.take().map(|text| digest(text.as_bytes()).into());
    }
    (input, output)
}

/// The text, unless the daemon would refuse it.
fn carried(text: &str) -> Cow<'_, str> {
    let longer_than_any = text.len() > ROOM;
    match longer_than_any || json::parse(text.as_bytes(), Rules::Payload).is_err() {
        true => digest(text.as_bytes()).into(),
        false => text.into(),
    }
}

/// What stands for a payload that is not sent: how long it was, SHA-256 of its bytes, and, where it is JSON that can be put into its
/// canonical form, the hash that a receipt would have held.
pub(crate) fn digest(text: &[u8]) -> String {
    let bytes = text.len();
    let sha256 = ReceiptHash::of(text);
    match json::parse(text, Rules::Payload) {
        Ok(value) => format!(
            r#"{{"withheld":{{"bytes":{bytes},"canonical":"{}","sha256":"{sha256}"}}}}"#,
            payload::hash(&value)
        ),
        Err(_) => format!(r#"{{"withheld":{{"bytes":{bytes},"sha256":"{sha256}"}}}}"#),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_goes_byte_for_byte() {
        let text = "{ \"b\":1.50 ,\"a\":\"\\ud800\"}";
        assert_eq!(fitting(Some(text), None), (Some(text.into()), None));
    }

    #[test]
    fn the_longer_one_gives_way_and_both_if_they_must() {
        let long = |length: usize| format!("\"{}\"", "x".repeat(length));
        let (short, half, whole) = (long(10), long(ROOM / 2 + 100), long(ROOM + 1));
        let (input, output) = fitting(Some(&short), Some(&whole));
        assert_eq!(input.as_deref(), Some(short.as_str()));
        assert_eq!(output.as_deref(), Some(digest(whole.as_bytes()).as_str()));
        let (input, output) = fitting(Some(&half), Some(&half));
        assert_eq!(input.as_deref(), Some(digest(half.as_bytes()).as_str()));
        assert_eq!(output.as_deref(), Some(half.as_str()));
        let (input, output) = fitting(Some(&whole), Some(&whole));
        assert_eq!(
            (input.as_deref(), output.as_deref()),
            (Some(digest(whole.as_bytes()).as_str()), Some(digest(whole.as_bytes()).as_str()))
        );
    }

    #[test]
    fn what_the_daemon_would_refuse_is_told_by_its_digest() {
        let deep = "[".repeat(20_000) + &"]".repeat(20_000);
        for refused in ["1e400", &deep] {
            let (input, _) = fitting(Some(refused), None);
            let sent = input.unwrap();
            assert!(sent.contains(&ReceiptHash::of(refused.as_bytes()).to_string()), "{sent}");
            assert!(!sent.contains("canonical"));
        }
    }

    #[test]
    fn a_digest_names_the_hash_that_a_receipt_would_have_held() {
        let value = json::parse(b"{\"a\":1}", Rules::Payload).unwrap();
        assert!(digest(b"{ \"a\" : 1.0 }").contains(&payload::hash(&value)));
    }
}
