//! The one way to write a value: JSON Canonicalization Scheme, RFC 8785.

use super::Value;
use super::plain::plain_length;

/// The canonical form of a value (RFC 8785), as UTF-8.
///
/// ```
/// use agent_receipts_core::json::{Rules, canonical, parse};
///
/// let value = parse(br#"{ "b": 1.0, "a": "\u00e9" }"#, Rules::Receipt)?;
/// assert_eq!(canonical(&value), "{\"a\":\"é\",\"b\":1}".as_bytes());
/// # Ok::<(), agent_receipts_core::json::JsonError>(())
/// ```
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    write_canonical(value, &mut out);
    out
}

/// Appends the canonical form of a value to `out`.
pub fn write_canonical(value: &Value, out: &mut Vec<u8>) {
    let mut open = Vec::new();
    write_head(value, out, &mut open);
    while let Some(container) = open.last_mut() {
        match container {
            Open::Array { rest, first } => match rest.next() {
                None => {
                    out.push(b']');
                    open.pop();
                }
                Some(element) => {
                    write_separator(first, out);
                    write_head(element, out, &mut open);
                }
            },
            Open::Object { rest, first } => match rest.next() {
                None => {
                    out.push(b'}');
                    open.pop();
                }
                Some((name, value)) => {
                    write_separator(first, out);
                    write_name(name, out);
                    write_head(value, out, &mut open);
                }
            },
        }
    }
}

/// Writes an object that lacks the member `missing`, and returns the offset at which that member
/// (with a comma before it) can be spliced in. At least one other member must sort before it.
#[cfg(feature = "crypto")]
pub(crate) fn write_object_with_gap(object: &super::Object, missing: &str, out: &mut Vec<u8>) -> usize {
    let mut gap = None;
    let mut first = true;
    out.push(b'{');
    for (name, value) in object.iter() {
        if gap.is_none() && name > missing {
            gap = Some(out.len());
        }
        write_separator(&mut first, out);
        write_name(name, out);
        write_canonical(value, out);
    }
    let end = out.len();
    out.push(b'}');
    gap.unwrap_or(end)
}

/// A container whose opening bracket is written and whose members are not yet.
enum Open<'a> {
    Array { rest: std::slice::Iter<'a, Value>, first: bool },
    Object { rest: Box<dyn Iterator<Item = (&'a str, &'a Value)> + 'a>, first: bool },
}

fn write_head<'a>(value: &'a Value, out: &mut Vec<u8>, open: &mut Vec<Open<'a>>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_number(*number, out),
        Value::String(text) => write_string(text, out),
        Value::Array(elements) => {
            out.push(b'[');
            open.push(Open::Array { rest: elements.iter(), first: true });
        }
        Value::Object(object) => {
            out.push(b'{');
            open.push(Open::Object { rest: Box::new(object.iter()), first: true });
        }
    }
}

fn write_separator(first: &mut bool, out: &mut Vec<u8>) {
    if !std::mem::replace(first, false) {
        out.push(b',');
    }
}

fn write_name(name: &str, out: &mut Vec<u8>) {
    write_string(name, out);
    out.push(b':');
}

/// ECMAScript's shortest form (RFC 8785 §3.2.2.3).
fn write_number(number: f64, out: &mut Vec<u8>) {
    // INVARIANT: values are finite, so this always prints a JSON number.
    let mut buffer = ryu_js::Buffer::new();
    out.extend_from_slice(buffer.format_finite(if number == 0.0 { 0.0 } else { number }).as_bytes());
}

/// Appends `text` as a JSON string: escapes `"`, `\` and what stands below U+0020, and nothing else (RFC 8785 §3.2.2.2).
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let mut rest = text.as_bytes();
    loop {
        let (plain, special) = rest.split_at(plain_length(rest));
        out.extend_from_slice(plain);
        let Some((&byte, behind)) = special.split_first() else { break };
        rest = behind;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            _ => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
    out.push(b'"');
}
