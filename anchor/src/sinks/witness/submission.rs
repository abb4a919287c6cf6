//! What a witness is sent (C2SP tlog-witness, "add-checkpoint"), and the size that it answers with.

use std::fmt::Write as _;

use agent_receipts_chain::checkpoint::SignedNote;
use agent_receipts_chain::tree::NodeHash;

/// The old size, the proof from there, an empty line and the checkpoint.
pub(super) fn encode(old: u64, proof: &[NodeHash], note: &SignedNote) -> Vec<u8> {
    let mut body = format!("old {old}\n");
    for hash in proof {
        // Writing to a String cannot fail.
        let _ = writeln!(body, "{hash}");
    }
    let _ = write!(body, "\n{note}");
    body.into_bytes()
}

/// The size in an answer 409: decimal, in its one spelling, and a line feed.
pub(super) fn size(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body.strip_suffix(b"\n")?).ok()?;
    let size: u64 = text.parse().ok()?;
    (size.to_string() == text && i64::try_from(size).is_ok()).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_has_one_spelling() {
        assert_eq!(size(b"0\n"), Some(0));
        assert_eq!(size(b"20852014\n"), Some(20_852_014));
        for wrong in ["", "\n", "7", "07\n", "+7\n", " 7\n", "7\n\n", "-1\n", "9223372036854775808\n", "x\n"]
        {
            assert_eq!(size(wrong.as_bytes()), None, "{wrong:?}");
        }
        assert_eq!(size(&[0xff, b'\n']), None);
    }

    #[test]
    fn a_submission_is_line_by_line_what_the_protocol_says() {
        let note = SignedNote::parse("log\n2\nroot\n\n\u{2014} log AAAAAAA=\n".as_bytes()).unwrap();
        let hash = NodeHash::from_bytes([0; 32]);
        let body = String::from_utf8(encode(1, &[hash], &note)).unwrap();
        let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        assert_eq!(body, format!("old 1\n{zeros}\n\nlog\n2\nroot\n\n\u{2014} log AAAAAAA=\n"));
    }
}
