//! Takes an event's members out of the frame's object, each with its type.

use agent_receipts_core::json::{Object, Value};

use super::fault::EventFault;

/// The members of one object that have not been asked for yet.
pub(super) struct Members(Object);

impl Members {
    pub(super) fn new(object: Object) -> Self {
        Self(object)
    }

    /// The member's value; absent and `null` are the same.
    pub(super) fn any(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).filter(|value| !value.is_null())
    }

    /// The member as text, under the name that errors give it; absent, `null` and empty are the same.
    pub(super) fn text(&mut self, key: &str, shown: &'static str) -> Result<Option<String>, EventFault> {
        let Some(value) = self.any(key) else { return Ok(None) };
        let text = value.into_string().map_err(|other| wrong_type(shown, "a string", &other))?;
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    /// The member as an object of its own; absent and `null` are an empty one.
    pub(super) fn object(&mut self, key: &'static str) -> Result<Members, EventFault> {
        let Some(value) = self.any(key) else { return Ok(Self(Object::new())) };
        value.into_object().map(Members).map_err(|other| wrong_type(key, "an object", &other))
    }

    /// The member as a number, as far as its type goes.
    pub(super) fn is_number(&mut self, key: &'static str) -> Result<bool, EventFault> {
        let Some(value) = self.any(key) else { return Ok(false) };
        match value.as_f64() {
            Some(_) => Ok(true),
            None => Err(wrong_type(key, "an integer", &value)),
        }
    }

    /// The member as a switch; absent and `null` are off.
    pub(super) fn switch(&mut self, key: &'static str) -> Result<bool, EventFault> {
        let Some(value) = self.any(key) else { return Ok(false) };
        value.as_bool().ok_or_else(|| wrong_type(key, "a boolean", &value))
    }

    /// How many members nobody asked for.
    pub(super) fn left(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }
}

fn wrong_type(key: &'static str, expected: &'static str, found: &Value) -> EventFault {
    EventFault::WrongType { key, expected, found: found.type_name() }
}
