//! What ties an answer to its request.

use std::fmt;

use agent_receipts_core::json::{self, Rules, Value};

/// A request's id, as the one JSON text that it has: `1` and `"1"` are two.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Id(Box<str>);

impl Id {
    /// The id that `value` is, if every reader takes it for the same: a text of at most [`MAX_ID`] bytes without NUL, or an integer
    /// within ±(2^53 - 1), written in `literal` without sign of zero, fraction and exponent.
    pub(super) fn strict(value: &Value, literal: &str) -> Option<Self> {
        match value {
            Value::String(text) if text.contains('\0') => None,
            Value::Number(number) if number.abs() > GREATEST => None,
            // The literal is a number of JSON: `1.0` and `1e0` have other bytes than digits, and so has a minus before a zero.
            Value::Number(_) if literal == "-0" => None,
            Value::Number(_) if !literal.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit()) => None,
            _ => Self::lenient(value),
        }
    }

    /// The id that `value` is, however it is written; for those of whom nothing can be asked.
    pub(super) fn lenient(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) if text.len() <= MAX_ID => Some(Self(value.to_string().into())),
            Value::Number(_) => Some(Self(value.to_string().into())),
            _ => None,
        }
    }

    /// The id that a JSON text is.
    pub(crate) fn of_json(text: &str) -> Option<Self> {
        Self::lenient(&json::parse(text.as_bytes(), Rules::Payload).ok()?)
    }

    /// Its JSON text.
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// The same number as a text, or the same text as a number: some clients take the one for the other.
    pub(crate) fn other_spelling(&self) -> Option<Self> {
        match self.0.strip_prefix('"') {
            None => Some(Self(format!("\"{}\"", self.0).into())),
            Some(rest) => {
                let number = rest.strip_suffix('"')?;
                let is_whole = number.parse::<i64>().is_ok_and(|whole| whole.to_string() == number);
                is_whole.then(|| Self(number.into()))
            }
        }
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The most bytes of an id that is a text. Thousands may be held at once.
pub const MAX_ID: usize = 1024;

/// 2^53 - 1: beyond it readers differ.
const GREATEST: f64 = 9_007_199_254_740_991.0;

#[cfg(test)]
mod tests {
    use super::*;
    use agent_receipts_core::json::{Rules, parse};

    fn strict(text: &str) -> Option<Id> {
        Id::strict(&parse(text.as_bytes(), Rules::Receipt).unwrap(), text)
    }

    #[test]
    fn an_id_is_a_text_or_an_exact_integer() {
        for good in ["0", "1", "-1", "9007199254740991", "-9007199254740991", "\"\"", "\"1\"", "\"é\""] {
            assert_eq!(strict(good).unwrap().as_json(), good);
        }
        for bad in [
            "null",
            "true",
            "{}",
            "[]",
            "[1]",
            "1.0",
            "1e0",
            "1E2",
            "-0",
            "0.0",
            "1.5",
            "9007199254740992",
            "-9007199254740992",
            "1e400000000000000000000",
            "\"a\\u0000b\"",
        ] {
            let value = parse(bad.as_bytes(), Rules::Receipt);
            assert_eq!(value.ok().and_then(|value| Id::strict(&value, bad)), None, "{bad}");
        }
        assert_eq!(strict(&format!("\"{}\"", "x".repeat(MAX_ID + 1))), None);
    }

    #[test]
    fn the_same_id_is_one_however_it_is_escaped_and_numbers_are_no_texts() {
        assert_eq!(strict(r#""\u0031""#), strict(r#""1""#));
        assert_ne!(strict("1"), strict(r#""1""#));
    }

    #[test]
    fn the_other_spelling_of_a_number_is_its_text_and_back() {
        assert_eq!(strict("1").unwrap().other_spelling(), strict("\"1\""));
        assert_eq!(strict("\"-7\"").unwrap().other_spelling(), strict("-7"));
        for none in ["\"\"", "\"01\"", "\"+1\"", "\"-0\"", "\"1.0\"", "\"x\"", "\" 1\""] {
            assert_eq!(strict(none).unwrap().other_spelling(), None, "{none}");
        }
    }
}
