//! Texts that are no receipt because they are not JSON, or not JSON that everybody reads alike.

use super::{Case, sample};
use crate::support::{issuer_key, sign, text_of};

pub(super) fn cases() -> Vec<Case> {
    let good = text_of(&sign(&sample::minimal(), &issuer_key())).into_bytes();
    let replaced = |from: &str, to: &[u8]| {
        let at = good.windows(from.len()).position(|w| w == from.as_bytes()).expect(from);
        [&good[..at], to, &good[at + from.len()..]].concat()
    };
    let string = |to: &[u8]| replaced("did:user:corpus", to);
    let number = |to: &str| replaced("\"sequence\":1", format!("\"sequence\":{to}").as_bytes());
    let after = |tail: &[u8]| [&good, tail].concat();
    let before = |head: &[u8]| [head, &good].concat();
    let deep = |open: &[u8], close: &[u8], depth: usize| {
        let nested = [open.repeat(depth), b"0".to_vec(), close.repeat(depth)].concat();
        replaced("\"sequence\":1", &[b"\"deep\":", nested.as_slice(), b",\"sequence\":1"].concat())
    };
    let half = good.len() / 2;

    let texts: Vec<(&str, &str, &str, Vec<u8>)> = vec![
        ("empty", "unexpected_end", "nothing at all", Vec::new()),
        ("white-space-only", "unexpected_end", "nothing but space", b" \t\r\n ".to_vec()),
        ("cut-in-half", "unexpected_end", "half a receipt", good[..half].to_vec()),
        ("last-brace-missing", "unexpected_end", "one byte short", good[..good.len() - 1].to_vec()),
        ("ends-in-string", "unexpected_end", "an open string", b"{\"id\":\"urn:rec".to_vec()),
        ("ends-in-escape", "unexpected_end", "a backslash at the end", b"{\"id\":\"\\".to_vec()),
        ("ends-in-literal", "unexpected_end", "half a literal", b"{\"id\":tru".to_vec()),
        ("trailing-brace", "trailing_data", "one brace too many", after(b"}")),
        ("trailing-letter", "trailing_data", "a letter after the receipt", after(b"x")),
        ("trailing-nul", "trailing_data", "a nul byte after the receipt", after(b"\0")),
        ("trailing-receipt", "trailing_data", "two receipts in one text", after(&good)),
        ("trailing-comma", "trailing_data", "a comma after the receipt", after(b",")),
        ("trailing-comment", "trailing_data", "json has no comments", after(b" // ok")),
        ("byte-order-mark", "byte_order_mark", "some readers drop it, some do not", before(b"\xef\xbb\xbf")),
        ("utf-16", "unexpected_byte", "another encoding", good.iter().flat_map(|b| [*b, 0]).collect()),
        ("leading-nul", "unexpected_byte", "a nul byte before the receipt", before(b"\0")),
        ("leading-form-feed", "unexpected_byte", "a form feed is no white space", before(b"\x0c")),
        ("leading-no-break-space", "unexpected_byte", "U+00A0 is no white space", before(b"\xc2\xa0")),
        ("comma-before-brace", "unexpected_byte", "a member after a comma is missing", {
            let mut text = good.clone();
            text.insert(good.len() - 1, b',');
            text
        }),
        ("single-quotes", "unexpected_byte", "quotes of another language", replaced("\"id\"", b"'id'")),
        ("bare-name", "unexpected_byte", "a name without quotes", replaced("\"id\"", b"id")),
        ("no-colon", "unexpected_byte", "a name without a value", replaced("\"id\":", b"\"id\" ")),
        ("literal-capital", "unexpected_byte", "`Null` is no literal", replaced("null", b"Null")),
        ("literal-nan", "unexpected_byte", "json has no such number", number("NaN")),
        ("literal-infinity", "unexpected_byte", "json has no such number", number("Infinity")),
        ("number-plus", "unexpected_byte", "a plus before a number", number("+1")),
        ("number-dot-first", "unexpected_byte", "no digit before the dot", number(".5")),
        ("number-hexadecimal", "unexpected_byte", "a number of another language", number("0x1")),
        ("number-leading-zero", "malformed_number", "some read it as octal", number("01")),
        ("number-minus-alone", "malformed_number", "a sign is no number", number("-")),
        ("number-dot-last", "malformed_number", "no digit after the dot", number("1.")),
        ("number-empty-exponent", "malformed_number", "an exponent without digits", number("1e")),
        ("number-signed-empty-exponent", "malformed_number", "an exponent without digits", number("1e+")),
        ("number-1e400", "number_out_of_range", "no double holds it", number("1e400")),
        ("number-minus-1e400", "number_out_of_range", "no double holds it", number("-1e400")),
        ("number-400-digits", "number_out_of_range", "no double holds it", number(&"9".repeat(400))),
        ("escape-unknown", "malformed_escape", "there is no such escape", string(b"\\x41")),
        ("escape-hex-letter", "malformed_escape", "`g` is no digit", string(b"\\u00g0")),
        ("escape-hex-short", "malformed_escape", "three digits only", string(b"\\u004")),
        ("escape-line-break", "malformed_escape", "a continued line", string(b"a\\\nb")),
        ("control-nul", "control_character", "a raw nul in a string", string(b"a\0b")),
        ("control-line-feed", "control_character", "a raw line feed in a string", string(b"a\nb")),
        ("control-tab", "control_character", "a raw tab in a string", string(b"a\tb")),
        ("control-1f", "control_character", "the last of the control characters", string(b"a\x1fb")),
        ("utf8-ff", "invalid_utf8", "a byte that utf-8 never has", string(b"a\xff")),
        ("utf8-continuation-first", "invalid_utf8", "a continuation without a lead", string(b"\x80")),
        ("utf8-cut-short", "invalid_utf8", "a lead without all of its continuations", string(b"\xe2\x82")),
        ("utf8-overlong-slash", "invalid_utf8", "a slash in two bytes", string(b"\xc0\xaf")),
        ("utf8-surrogate", "invalid_utf8", "half a pair as three bytes", string(b"\xed\xa0\x80")),
        ("utf8-beyond-unicode", "invalid_utf8", "U+110000", string(b"\xf4\x90\x80\x80")),
        ("surrogate-high", "lone_surrogate", "half a pair", string(b"\\ud800")),
        ("surrogate-low", "lone_surrogate", "the other half", string(b"\\udc00")),
        ("surrogate-swapped", "lone_surrogate", "low before high", string(b"\\udc00\\ud800")),
        ("surrogate-high-high", "lone_surrogate", "two first halves", string(b"\\ud83d\\ud83d")),
        ("surrogate-in-name", "lone_surrogate", "half a pair in a name", replaced("\"id\"", b"\"\\ud800\"")),
        ("duplicate-id", "duplicate_member", "two readers, two receipts", {
            replaced("\"id\":\"urn", b"\"id\":\"urn:other\",\"id\":\"urn")
        }),
        ("duplicate-same-value", "duplicate_member", "even the same value twice", {
            replaced("\"version\":\"0.5.0\"", b"\"version\":\"0.5.0\",\"version\":\"0.5.0\"")
        }),
        ("duplicate-by-escape", "duplicate_member", "one name in two spellings", {
            replaced("\"version\":\"0.5.0\"", b"\"version\":\"0.5.0\",\"v\\u0065rsion\":\"0.4.0\"")
        }),
        ("duplicate-nested", "duplicate_member", "a second status deep inside", {
            replaced("\"status\":\"success\"", b"\"status\":\"failure\",\"status\":\"success\"")
        }),
        ("duplicate-proof", "duplicate_member", "two proofs, one of them hidden", {
            replaced("\"proof\":{", b"\"proof\":{},\"proof\":{")
        }),
        ("duplicate-unknown", "duplicate_member", "even in what nobody knows", {
            replaced("\"sequence\":1", b"\"sequence\":1,\"x\":{\"y\":1,\"y\":1}")
        }),
        // The chain's members stand on the third level, so 9,997 levels more are allowed and 9,998 are not.
        ("arrays-10001-deep", "too_deep", "one level more than the reference reads", deep(b"[", b"]", 9_998)),
        ("objects-10001-deep", "too_deep", "one level more than the reference reads", {
            deep(b"{\"a\":", b"}", 9_998)
        }),
        ("open-brackets-only", "too_deep", "a megabyte would not end it", b"[".repeat(20_000)),
    ];
    texts
        .into_iter()
        .map(|(name, code, why, text)| Case {
            file: format!("reject/json/{name}.json"),
            expected: format!("json:{code}"),
            why: why.to_owned(),
            text,
        })
        .collect()
}
