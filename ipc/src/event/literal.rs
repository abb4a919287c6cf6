//! Finds how a number was written, which a parsed value no longer tells.
//!
//! `drop_count` must be an integer literal (wire protocol §1.5): `1.0` and `1e3` are refused although they are whole. A
//! parsed number is a double, so the text is walked once more, only when the key is there.

use agent_receipts_core::json::{self, Rules};

/// The text of the top-level member `name` of `object`, which must already have parsed as one JSON object.
pub(super) fn member_text<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut at = object.iter().position(|byte| *byte == b'{')? + 1;
    loop {
        at = skip(object, at, |byte| byte.is_ascii_whitespace() || byte == b',');
        if *object.get(at)? != b'"' {
            return None;
        }
        let key_end = string_end(object, at)?;
        let key = json::parse(&object[at..key_end], Rules::Payload).ok()?;
        let value_start = skip(object, key_end, |byte| byte.is_ascii_whitespace() || byte == b':');
        let value_end = value_end(object, value_start)?;
        if key.as_str() == Some(name) {
            return Some(object[value_start..value_end].trim_ascii_end());
        }
        at = value_end;
    }
}

fn skip(text: &[u8], from: usize, ignorable: impl Fn(u8) -> bool) -> usize {
    text[from..].iter().position(|byte| !ignorable(*byte)).map_or(text.len(), |count| from + count)
}

/// Where the string that opens at `start` has ended.
fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// Where the value that starts at `start` has ended: at the comma or brace that follows it on its own level.
fn value_end(text: &[u8], start: usize) -> Option<usize> {
    let mut depth = 0_usize;
    let mut at = start;
    loop {
        match text.get(at)? {
            b'"' => {
                at = string_end(text, at)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b',' | b'}' | b']' if depth == 0 => return Some(at),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(object: &str) -> Option<&str> {
        member_text(object.as_bytes(), "n").map(|found| std::str::from_utf8(found).unwrap())
    }

    #[test]
    fn a_member_is_found_as_it_was_written() {
        assert_eq!(text_of(r#"{"n":1.0}"#), Some("1.0"));
        assert_eq!(text_of(" {\n\"a\" : [1,{\"n\":2},\"}\\\"]\"] , \"n\" :\t-0\r\n}"), Some("-0"));
        assert_eq!(text_of(r#"{"\u006e":1e3,"z":{}}"#), Some("1e3"));
        assert_eq!(text_of(r#"{"a":"n","b":{"n":7}}"#), None);
        assert_eq!(text_of("{}"), None);
        assert_eq!(text_of(r#"{"a\\":"\\","n":9}"#), Some("9"));
    }

    #[test]
    fn text_that_never_was_an_object_does_no_harm() {
        for text in
            ["", "{", "{\"", "{\"n", "{\"n\"", "{\"n\":", "{\"n\\", "{\"a\":[", "{\"a\":1,", "{\"a\":\"\\"]
        {
            assert_eq!(text_of(text), None, "{text}");
        }
    }
}
