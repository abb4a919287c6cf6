//! Taking typed members out of a JSON object, and putting them back.

use crate::json::{JsonError, Object, Value};

/// Why a JSON document is not a receipt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The text is not JSON as receipts need it.
    #[error("not a receipt: {0}")]
    Json(#[from] JsonError),
    /// A required member is missing or null.
    #[error("missing member `{path}`")]
    Missing {
        /// Where the member belongs, such as `credentialSubject.chain.sequence`.
        path: String,
    },
    /// A member has another type than the specification gives it.
    #[error("member `{path}` is of type {found}, not {expected}")]
    WrongType {
        /// Where the member stands.
        path: String,
        /// The type that the specification asks for.
        expected: &'static str,
        /// The JSON type found.
        found: &'static str,
    },
}

/// A part of a receipt that is a JSON object: known members as fields, all others in `extra`.
pub(super) trait Part: Sized {
    fn from_members(members: Members) -> Result<Self, DecodeError>;
    fn into_object(self) -> Object;
}

/// The members of one object that have not been taken yet.
pub(super) struct Members {
    object: Object,
    path: String,
}

impl Members {
    pub(super) fn of(value: Value, path: &str) -> Result<Self, DecodeError> {
        match value.into_object() {
            Ok(object) => Ok(Self { object, path: path.to_owned() }),
            Err(value) => Err(wrong_type(path.to_owned(), "object", &value)),
        }
    }

    /// What nobody took: members that this version does not know, nulls included.
    pub(super) fn rest(self) -> Object {
        self.object
    }

    /// An optional member; null is the same as absent (specification §4.3).
    pub(super) fn optional<T: Member>(&mut self, name: &str) -> Result<Option<T>, DecodeError> {
        match self.object.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => T::decode(value, &self.path_of(name)).map(Some),
        }
    }

    pub(super) fn required<T: Member>(&mut self, name: &str) -> Result<T, DecodeError> {
        self.optional(name)?.ok_or_else(|| DecodeError::Missing { path: self.path_of(name) })
    }

    /// A member that must stand there and may be null.
    pub(super) fn nullable<T: Member>(&mut self, name: &str) -> Result<Option<T>, DecodeError> {
        if self.object.contains(name) {
            self.optional(name)
        } else {
            Err(DecodeError::Missing { path: self.path_of(name) })
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

/// Puts an optional member into an object: absent where there is nothing to say.
pub(super) fn put<T: Member>(object: &mut Object, name: &str, value: Option<T>) {
    if let Some(value) = value {
        object.insert(name, value.encode());
    }
}

/// A JSON value with a Rust type.
pub(super) trait Member: Sized {
    fn decode(value: Value, path: &str) -> Result<Self, DecodeError>;
    fn encode(self) -> Value;
}

impl Member for String {
    fn decode(value: Value, path: &str) -> Result<Self, DecodeError> {
        value.into_string().map_err(|value| wrong_type(path.to_owned(), "string", &value))
    }

    fn encode(self) -> Value {
        self.into()
    }
}

impl Member for bool {
    fn decode(value: Value, path: &str) -> Result<Self, DecodeError> {
        value.as_bool().ok_or_else(|| wrong_type(path.to_owned(), "boolean", &value))
    }

    fn encode(self) -> Value {
        self.into()
    }
}

impl Member for u64 {
    fn decode(value: Value, path: &str) -> Result<Self, DecodeError> {
        value.as_u64().ok_or_else(|| wrong_type(path.to_owned(), "whole number from 0 to 2^53", &value))
    }

    fn encode(self) -> Value {
        self.into()
    }
}

impl Member for Value {
    fn decode(value: Value, _path: &str) -> Result<Self, DecodeError> {
        Ok(value)
    }

    fn encode(self) -> Value {
        self
    }
}

impl Member for Vec<String> {
    fn decode(value: Value, path: &str) -> Result<Self, DecodeError> {
        let elements = value.into_array().map_err(|value| wrong_type(path.to_owned(), "array", &value))?;
        let element = |(at, value)| String::decode(value, &format!("{path}[{at}]"));
        elements.into_iter().enumerate().map(element).collect()
    }

    fn encode(self) -> Value {
        self.into_iter().map(Value::from).collect::<Vec<_>>().into()
    }
}

impl<P: Part> Member for P {
    fn decode(value: Value, path: &str) -> Result<Self, DecodeError> {
        P::from_members(Members::of(value, path)?)
    }

    fn encode(self) -> Value {
        P::into_object(self).into()
    }
}

fn wrong_type(path: String, expected: &'static str, found: &Value) -> DecodeError {
    DecodeError::WrongType { path, expected, found: found.type_name() }
}
