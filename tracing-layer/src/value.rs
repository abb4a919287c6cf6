//! One field's value, as text and as JSON.

use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A value with its type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Integer(i128),
    /// Above what an `i128` holds.
    Huge(u128),
    Number(f64),
    Text(String),
}

impl Value {
    /// As it is displayed; for anything that is neither number nor boolean.
    pub(crate) fn shown(value: &dyn fmt::Debug) -> Self {
        let mut text = Bounded(String::new());
        // The program's own code: it may fail, and it may panic. Neither is a reason to lose the call.
        let written = catch_unwind(AssertUnwindSafe(|| write!(text, "{value:?}")));
        Self::Text(match written {
            Ok(_) => text.0,
            Err(_) => "(cannot be shown)".to_owned(),
        })
    }

    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Huge(value) => value.to_string(),
            Self::Number(value) => value.to_string(),
            Self::Text(text) => text,
        }
    }

    pub(crate) fn into_json(self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) if value.unsigned_abs() <= MOST_EXACT => value.to_string(),
            Self::Number(value) if value.is_finite() => value.to_string(),
            other => quoted(&other.into_text()),
        }
    }
}

pub(crate) fn quoted(text: &str) -> String {
    // Writing a text to memory cannot fail; an empty answer would be refused as no JSON.
    serde_json::to_string(text).unwrap_or_default()
}

/// Text that stops growing once it is longer than any frame, so that it is refused and not gathered for ever.
struct Bounded(String);

impl fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.push_str(text);
        if self.0.len() > agent_receipts_ipc::MAX_FRAME { Err(fmt::Error) } else { Ok(()) }
    }
}

/// The greatest integer that a double holds with all those below it: receipts are hashed by way of doubles.
const MOST_EXACT: u128 = (1 << 53) - 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_booleans_stay_what_they_are() {
        assert_eq!(Value::Bool(true).into_json(), "true");
        assert_eq!(Value::Integer(-5).into_json(), "-5");
        assert_eq!(Value::Integer(9_007_199_254_740_991).into_json(), "9007199254740991");
        assert_eq!(Value::Number(1.5).into_json(), "1.5");
        assert_eq!(Value::Number(-0.0).into_json(), "-0");
    }

    #[test]
    fn what_json_cannot_hold_is_text() {
        assert_eq!(Value::Integer(9_007_199_254_740_992).into_json(), "\"9007199254740992\"");
        assert_eq!(Value::Integer(i128::MIN).into_json(), format!("\"{}\"", i128::MIN));
        assert_eq!(Value::Huge(u128::MAX).into_json(), format!("\"{}\"", u128::MAX));
        assert_eq!(Value::Number(f64::NAN).into_json(), "\"NaN\"");
        assert_eq!(Value::Number(f64::INFINITY).into_json(), "\"inf\"");
        assert_eq!(Value::Text("a\"\u{0}é".into()).into_json(), r#""a\"\u0000é""#);
    }

    #[test]
    fn the_greatest_double_is_still_a_number() {
        let json = Value::Number(f64::MAX).into_json();
        assert_eq!(json.parse::<f64>(), Ok(f64::MAX));
    }

    #[test]
    fn what_panics_or_never_ends_when_shown_does_neither_here() {
        struct Panics;
        impl fmt::Debug for Panics {
            fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
                panic!("a value that cannot be shown")
            }
        }
        struct Endless;
        impl fmt::Debug for Endless {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                loop {
                    out.write_str("0123456789")?;
                }
            }
        }
        assert_eq!(Value::shown(&Panics), Value::Text("(cannot be shown)".into()));
        let text = Value::shown(&Endless).into_text();
        assert!(
            (agent_receipts_ipc::MAX_FRAME + 1..agent_receipts_ipc::MAX_FRAME + 11).contains(&text.len())
        );
    }
}
