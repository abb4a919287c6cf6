//! A JSON value that can be 10,000 levels deep and still be dropped, copied and compared.

use std::fmt;

use super::{Object, Rules, canonical, parse};

/// A JSON value. Numbers are finite IEEE doubles, as RFC 8785 has them.
///
/// Nothing about a value recurses: dropping, cloning, comparing and printing work at any depth that
/// [`parse`] accepts, on a small stack.
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A finite double. Use [`Value::from`] for integers; they are rounded beyond 2^53.
    Number(f64),
    /// Text.
    String(String),
    /// Values in order.
    Array(Vec<Value>),
    /// Named values in canonical order.
    Object(Object),
}

impl Value {
    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = self { Some(text) } else { None }
    }

    /// The number.
    pub fn as_f64(&self) -> Option<f64> {
        if let Value::Number(number) = self { Some(*number) } else { None }
    }

    /// The number, if it is a whole one from 0 to 2^53.
    pub fn as_u64(&self) -> Option<u64> {
        const EXACT: f64 = 9_007_199_254_740_992.0;
        self.as_f64().filter(|n| (0.0..=EXACT).contains(n) && n.fract() == 0.0).map(|n| n as u64)
    }

    /// The truth value.
    pub fn as_bool(&self) -> Option<bool> {
        if let Value::Bool(truth) = self { Some(*truth) } else { None }
    }

    /// The object.
    pub fn as_object(&self) -> Option<&Object> {
        if let Value::Object(object) = self { Some(object) } else { None }
    }

    /// The elements of an array.
    pub fn as_array(&self) -> Option<&[Value]> {
        if let Value::Array(elements) = self { Some(elements) } else { None }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The object itself, or the value back where it is none.
    pub fn into_object(mut self) -> Result<Object, Value> {
        if let Value::Object(object) = &mut self { Ok(std::mem::take(object)) } else { Err(self) }
    }

    /// The elements themselves, or the value back where it is no array.
    pub fn into_array(mut self) -> Result<Vec<Value>, Value> {
        if let Value::Array(elements) = &mut self { Ok(std::mem::take(elements)) } else { Err(self) }
    }

    /// The text itself, or the value back where it is no string.
    pub fn into_string(mut self) -> Result<String, Value> {
        if let Value::String(text) = &mut self { Ok(std::mem::take(text)) } else { Err(self) }
    }

    /// The type's name as JSON has it, for messages.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }

    /// How many containers stand inside one another: 0 for a leaf, 1 for `[]`.
    pub fn depth(&self) -> usize {
        let mut deepest = 0;
        let mut pending = vec![(self, 1)];
        while let Some((value, level)) = pending.pop() {
            match value {
                Value::Array(elements) => pending.extend(elements.iter().map(|element| (element, level + 1))),
                Value::Object(object) => pending.extend(object.values().map(|member| (member, level + 1))),
                _ => continue,
            }
            deepest = deepest.max(level);
        }
        deepest
    }

    /// Removes every null member of every object inside, except those of one name. Nulls in arrays stay.
    pub fn remove_null_members(&mut self, except: &str) {
        let mut pending = vec![self];
        while let Some(value) = pending.pop() {
            match value {
                Value::Array(elements) => pending.extend(elements.iter_mut()),
                Value::Object(object) => {
                    object.retain(|name, value| !value.is_null() || name == except);
                    pending.extend(object.values_mut());
                }
                _ => {}
            }
        }
    }

    fn is_nested(&self) -> bool {
        match self {
            Value::Array(elements) => elements.iter().any(Value::is_container),
            Value::Object(object) => object.values().any(Value::is_container),
            _ => false,
        }
    }

    fn is_container(&self) -> bool {
        match self {
            Value::Array(elements) => !elements.is_empty(),
            Value::Object(object) => !object.is_empty(),
            _ => false,
        }
    }
}

/// Takes containers apart on the heap, because the generated code would recurse once a level.
impl Drop for Value {
    fn drop(&mut self) {
        if !self.is_nested() {
            return;
        }
        let mut pending = Vec::new();
        move_children(self, &mut pending);
        while let Some(mut value) = pending.pop() {
            move_children(&mut value, &mut pending);
        }
    }
}

fn move_children(value: &mut Value, pending: &mut Vec<Value>) {
    match value {
        Value::Array(elements) => pending.extend(elements.drain(..).filter(Value::is_container)),
        Value::Object(object) => pending.extend(object.take_values().filter(Value::is_container)),
        _ => {}
    }
}

/// Copies leaves at once, and nested values by way of their canonical text.
impl Clone for Value {
    fn clone(&self) -> Self {
        match self {
            Value::Null => Value::Null,
            Value::Bool(truth) => Value::Bool(*truth),
            Value::Number(number) => Value::Number(*number),
            Value::String(text) => Value::String(text.clone()),
            Value::Array(elements) if !self.is_nested() => Value::Array(elements.clone()),
            Value::Object(object) if !self.is_nested() => Value::Object(object.clone()),
            // What the writer wrote is always read back; -0 becomes 0, which is the same value canonically.
            _ => parse(&canonical(self), Rules::Payload).unwrap_or(Value::Null),
        }
    }
}

/// Two values are equal when their canonical forms are.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        canonical(self) == canonical(other)
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The canonical text.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&canonical(self)))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(text)
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Value::Bool(truth)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Value::Number(f64::from(number))
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Value::Number(f64::from(number))
    }
}

/// Rounded beyond 2^53.
impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Value::Number(number as f64)
    }
}

/// Rounded beyond 2^53.
impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Value::Number(number as f64)
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Value::Object(object)
    }
}

impl From<Vec<Value>> for Value {
    fn from(elements: Vec<Value>) -> Self {
        Value::Array(elements)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
        std::thread::Builder::new().stack_size(64 * 1024).spawn(work).unwrap().join().unwrap();
    }

    #[test]
    fn a_value_ten_thousand_deep_is_copied_compared_and_dropped() {
        on_a_small_stack(|| {
            let text = [vec![b'['; 10_000], vec![b']'; 10_000]].concat();
            let value = parse(&text, Rules::Payload).unwrap();
            let copy = value.clone();
            assert!(copy == value);
            assert_eq!(value.to_string().len(), 20_000);
            let objects = [b"{\"a\":".repeat(9_999), b"{}".to_vec(), vec![b'}'; 9_999]].concat();
            assert_eq!(canonical(&parse(&objects, Rules::Receipt).unwrap()), objects);
        });
    }

    #[test]
    fn depth_counts_containers() {
        for (text, depth) in [("1", 0), ("[]", 1), ("[1,{}]", 2), (r#"{"a":[[1]],"b":2}"#, 3)] {
            assert_eq!(parse(text.as_bytes(), Rules::Receipt).unwrap().depth(), depth, "{text}");
        }
    }

    #[test]
    fn null_members_go_and_null_elements_stay() {
        let mut value = parse(br#"{"a":null,"b":[null,{"c":null,"d":1}],"k":null}"#, Rules::Receipt).unwrap();
        value.remove_null_members("k");
        assert_eq!(value.to_string(), r#"{"b":[null,{"d":1}],"k":null}"#);
    }

    #[test]
    fn only_whole_numbers_that_a_double_holds_exactly_are_integers() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1e3", Some(1000)),
            ("1.5", None),
            ("-1", None),
            ("9007199254740993", Some(1 << 53)),
            ("1e16", None),
        ] {
            assert_eq!(parse(text.as_bytes(), Rules::Receipt).unwrap().as_u64(), expected, "{text}");
        }
    }
}
