//! Reading a JSON text, without recursion.

use super::text::Text;
use super::{JsonError, Object, Value};
use crate::excerpt::excerpt;

/// The deepest nesting that is read, as in the reference daemon (Go's decoder).
pub const MAX_DEPTH: usize = 10_000;

/// How strictly a text is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// A receipt: I-JSON (RFC 7493). Duplicate names, invalid UTF-8 and lone surrogates are refused, because two
    /// readers could take such a text for two different documents.
    Receipt,
    /// A payload, read as the reference reads it: of duplicate names the last wins; invalid UTF-8 and lone
    /// surrogates become U+FFFD.
    Payload,
    /// An event frame: payload rules, but duplicate names are refused in the frame itself and in its member `tool`.
    Frame,
}

/// Reads one JSON text, with white space around it allowed and nothing else.
///
/// # Errors
///
/// [`JsonError`] names what is wrong and where. No text, however hostile, makes this recurse, panic or
/// allocate more than a small multiple of its own length.
pub fn parse(text: &[u8], rules: Rules) -> Result<Value, JsonError> {
    if text.starts_with(b"\xef\xbb\xbf") {
        return Err(JsonError::ByteOrderMark);
    }
    let mut parser = Parser { text: Text::new(text, rules == Rules::Receipt), rules, open: Vec::new() };
    let value = parser.value()?;
    parser.text.skip_space();
    match parser.text.peek() {
        None => Ok(value),
        Some(_) => Err(JsonError::TrailingData { offset: parser.text.offset() }),
    }
}

struct Parser<'a> {
    text: Text<'a>,
    rules: Rules,
    open: Vec<Open>,
}

/// A container whose closing bracket has not come yet. An object's value is awaited after `name`.
enum Open {
    Array(Vec<Value>),
    Object { members: Vec<(String, Value)>, name: String },
}

impl Parser<'_> {
    fn value(&mut self) -> Result<Value, JsonError> {
        loop {
            // A value is expected here.
            let mut done = match self.text.next_token()? {
                b'{' => match self.open_object()? {
                    Some(empty) => empty,
                    None => continue,
                },
                b'[' => match self.open_array()? {
                    Some(empty) => empty,
                    None => continue,
                },
                b'"' => Value::String(self.text.string()?),
                b't' => self.text.rest_of(b"rue").map(|()| Value::Bool(true))?,
                b'f' => self.text.rest_of(b"alse").map(|()| Value::Bool(false))?,
                b'n' => self.text.rest_of(b"ull").map(|()| Value::Null)?,
                b'-' | b'0'..=b'9' => Value::Number(self.text.number()?),
                byte => return Err(self.text.unexpected(byte)),
            };
            // A value is complete: hand it to its container, and close what ends with it.
            loop {
                match self.open.pop() {
                    None => return Ok(done),
                    Some(Open::Array(mut elements)) => {
                        elements.push(done);
                        match self.text.next_token()? {
                            b',' => {
                                self.open.push(Open::Array(elements));
                                break;
                            }
                            b']' => done = Value::Array(elements),
                            byte => return Err(self.text.unexpected(byte)),
                        }
                    }
                    Some(Open::Object { mut members, name }) => {
                        members.push((name, done));
                        match self.text.next_token()? {
                            b',' => {
                                let name = self.name()?;
                                self.open.push(Open::Object { members, name });
                                break;
                            }
                            b'}' => done = self.close_object(members)?,
                            byte => return Err(self.text.unexpected(byte)),
                        }
                    }
                }
            }
        }
    }

    fn open_array(&mut self) -> Result<Option<Value>, JsonError> {
        self.check_depth()?;
        self.text.skip_space();
        if self.text.take_if(b']') {
            return Ok(Some(Value::Array(Vec::new())));
        }
        self.open.push(Open::Array(Vec::new()));
        Ok(None)
    }

    fn open_object(&mut self) -> Result<Option<Value>, JsonError> {
        self.check_depth()?;
        self.text.skip_space();
        if self.text.take_if(b'}') {
            return Ok(Some(Value::Object(Object::new())));
        }
        let name = self.name()?;
        self.open.push(Open::Object { members: Vec::new(), name });
        Ok(None)
    }

    fn name(&mut self) -> Result<String, JsonError> {
        match self.text.next_token()? {
            b'"' => {}
            byte => return Err(self.text.unexpected(byte)),
        }
        let name = self.text.string()?;
        match self.text.next_token()? {
            b':' => Ok(name),
            byte => Err(self.text.unexpected(byte)),
        }
    }

    fn close_object(&self, members: Vec<(String, Value)>) -> Result<Value, JsonError> {
        let (object, duplicate) = Object::from_text_order(members);
        match duplicate {
            Some(name) if self.refuses_duplicates() => {
                Err(JsonError::DuplicateMember { name: excerpt(&name) })
            }
            _ => Ok(Value::Object(object)),
        }
    }

    /// Asked when an object has been taken off the stack: what is left are its parents.
    fn refuses_duplicates(&self) -> bool {
        match self.rules {
            Rules::Receipt => true,
            Rules::Payload => false,
            Rules::Frame => match self.open.as_slice() {
                [] => true,
                [Open::Object { name, .. }] => name == "tool",
                _ => false,
            },
        }
    }

    fn check_depth(&self) -> Result<(), JsonError> {
        if self.open.len() >= MAX_DEPTH { Err(JsonError::TooDeep) } else { Ok(()) }
    }
}
