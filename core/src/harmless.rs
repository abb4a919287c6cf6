//! Text from agents and receipts, made harmless for whoever prints it.

use std::borrow::Cow;

/// `text` with everything escaped that could steer a terminal or reorder a line.
///
/// Tool names and resources are an agent's claims: an escape sequence in one could repaint a `BROKEN` as a `VALID`.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_steering) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_steering(c) { safe.extend(c.escape_default()) } else { safe.push(c) }
    }
    Cow::Owned(safe)
}

/// JSON text with the same value, in which nothing steers a terminal: what JSON lets stand raw is written as an escape.
///
/// INVARIANT: outside of strings JSON is printable ASCII and white space, so only characters of strings are touched.
pub fn harmless_json(json: &str) -> Cow<'_, str> {
    let steers = |c: char| c >= '\u{7f}' && is_steering(c);
    if !json.chars().any(steers) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if steers(c) {
            let mut units = [0; 2];
            c.encode_utf16(&mut units).iter().for_each(|unit| safe.push_str(&format!("\\u{unit:04x}")));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// Control characters, and the invisible ones that change the direction or the reading of what stands around them.
fn is_steering(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_the_rest_is_kept() {
        assert_eq!(printable("\u{1b}[2Jé\n\u{202e}x\u{9b}"), "\\u{1b}[2Jé\\n\\u{202e}x\\u{9b}");
        assert_eq!(printable("naïve — 日本"), "naïve — 日本");
    }

    #[test]
    fn json_keeps_its_value_and_loses_its_sting() {
        let json = "{\n\t\"a\u{9b}\u{7f}é\":\"\u{202e}\u{e0041}\"}";
        assert_eq!(harmless_json(json), "{\n\t\"a\\u009b\\u007fé\":\"\\u202e\\udb40\\udc41\"}");
        let value = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap();
        assert_eq!(value(&harmless_json(json)), value(json));
    }
}
