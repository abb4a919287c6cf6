//! What is to be sealed, in the one buffer that holds it.

use std::fmt;

use zeroize::Zeroizing;

use crate::hash::ReceiptHash;
use crate::json::{Object, Value, write_canonical};

/// The canonical text of a JSON object: what an envelope encrypts and what the receipt's hash covers. Wiped when dropped;
/// printing shows nothing of it.
pub struct Plaintext(Zeroizing<Vec<u8>>);

impl Plaintext {
    /// The text of `value`, or `None` where it is not an object: an envelope holds nothing else (wire protocol §1.11).
    pub fn of(value: &Value) -> Option<Self> {
        value.as_object().map(|_| Self::write(value))
    }

    /// SHA-256 over the text, as [`payload::hash`](crate::payload::hash) takes it.
    pub fn hash(&self) -> ReceiptHash {
        ReceiptHash::of(&self.0)
    }

    fn write(value: &Value) -> Self {
        // Room for all of it at once: a buffer that grew would leave its earlier halves behind, unwiped.
        let mut text = Zeroizing::new(Vec::with_capacity(room(value)));
        write_canonical(value, &mut text);
        Self(text)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Object> for Plaintext {
    fn from(object: Object) -> Self {
        Self::write(&object.into())
    }
}

impl fmt::Debug for Plaintext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Plaintext(..)")
    }
}

/// At least as many bytes as the canonical text takes; exact but for numbers and control characters.
fn room(value: &Value) -> usize {
    let mut bytes = 0_usize;
    let mut pending = vec![value];
    while let Some(value) = pending.pop() {
        bytes += match value {
            Value::Null | Value::Bool(_) => 5,
            Value::Number(_) => LONGEST_NUMBER,
            Value::String(text) => room_of_text(text),
            Value::Array(elements) => {
                pending.extend(elements);
                elements.len() + 2
            }
            Value::Object(object) => {
                let mut names = 2;
                for (name, value) in object.iter() {
                    names += room_of_text(name) + 2;
                    pending.push(value);
                }
                names
            }
        };
    }
    bytes
}

fn room_of_text(text: &str) -> usize {
    let escaped = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 => 6,
        _ => 1,
    };
    2 + text.bytes().map(escaped).sum::<usize>()
}

/// Bytes of `-1.2345678901234567e-308`, and one to spare.
const LONGEST_NUMBER: usize = 25;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{Rules, canonical, parse};
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::Number),
            any::<String>().prop_map(Value::String),
            "[\u{0}-\u{1f}\"\\\\]{0,9}".prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(Object::from_iter(members))),
            ]
        })
    }

    proptest! {
        /// Otherwise the buffer would move, and leave a copy behind.
        #[test]
        fn there_is_room_for_the_whole_text(value in values()) {
            prop_assert!(canonical(&value).len() <= room(&value));
        }

        #[test]
        fn only_an_object_has_a_text_and_its_hash_is_the_payloads(value in values()) {
            match Plaintext::of(&value) {
                Some(plaintext) => {
                    prop_assert_eq!(plaintext.hash().to_string(), crate::payload::hash(&value));
                    prop_assert_eq!(plaintext.as_bytes(), canonical(&value));
                }
                None => prop_assert!(value.as_object().is_none()),
            }
        }
    }

    #[test]
    fn ten_thousand_levels_on_a_small_stack_and_nothing_printed() {
        let text = format!("{}{}", "{\"a\":".repeat(9_999), "{}") + &"}".repeat(9_999);
        let printed = std::thread::Builder::new()
            .stack_size(64 * 1024)
            .spawn(move || {
                let value = parse(text.as_bytes(), Rules::Payload).unwrap();
                format!("{:?}", Plaintext::of(&value).unwrap())
            })
            .unwrap()
            .join()
            .unwrap();
        assert_eq!(printed, "Plaintext(..)");
    }
}
