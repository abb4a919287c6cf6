//! The envelope as it stands in `parameters_disclosure`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use thiserror::Error;

use super::{ALGORITHM, ENVELOPE_VERSION};
use crate::json::{Object, Value};

/// What an envelope holds, decoded.
pub(super) struct Envelope {
    /// Which key opens it.
    pub(super) kid: String,
    /// The encapsulated key.
    pub(super) enc: [u8; 32],
    /// Ciphertext and tag.
    pub(super) ct: Vec<u8>,
}

/// A value that is not an envelope of version 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Not an object.
    #[error("the envelope is not an object")]
    NotAnObject,
    /// A member that is missing or not of its type.
    #[error("the envelope's `{member}` is missing or malformed")]
    Malformed {
        /// The member's name.
        member: &'static str,
    },
    /// A version that we do not know.
    #[error("envelope version `{version}` is not supported")]
    UnsupportedVersion {
        /// The version.
        version: String,
    },
    /// An algorithm that we do not know.
    #[error("envelope algorithm `{algorithm}` is not supported")]
    UnsupportedAlgorithm {
        /// The algorithm.
        algorithm: String,
    },
    /// None or several recipients.
    #[error("the envelope has {count} recipients, not one")]
    RecipientCount {
        /// How many there are.
        count: usize,
    },
}

impl Envelope {
    pub(super) fn into_object(self) -> Object {
        let recipient = Object::from_iter([
            ("kid", Value::from(self.kid)),
            ("enc", URL_SAFE_NO_PAD.encode(self.enc).into()),
        ]);
        let members: [(&str, Value); 4] = [
            ("v", ENVELOPE_VERSION.into()),
            ("alg", ALGORITHM.into()),
            ("recipients", vec![recipient.into()].into()),
            ("ct", URL_SAFE_NO_PAD.encode(self.ct).into()),
        ];
        Object::from_iter(members)
    }

    pub(super) fn from_value(value: &Value) -> Result<Self, EnvelopeError> {
        let object = value.as_object().ok_or(EnvelopeError::NotAnObject)?;
        let version = text(object, "v")?;
        if version != ENVELOPE_VERSION {
            return Err(EnvelopeError::UnsupportedVersion { version: version.to_owned() });
        }
        let algorithm = text(object, "alg")?;
        if algorithm != ALGORITHM {
            return Err(EnvelopeError::UnsupportedAlgorithm { algorithm: algorithm.to_owned() });
        }
        let recipients = object.get("recipients").and_then(Value::as_array);
        let recipients = recipients.ok_or(EnvelopeError::Malformed { member: "recipients" })?;
        let [recipient] = recipients else {
            return Err(EnvelopeError::RecipientCount { count: recipients.len() });
        };
        let recipient = recipient.as_object().ok_or(EnvelopeError::Malformed { member: "recipients" })?;
        let enc = decode(recipient, "enc")?;
        Ok(Self {
            kid: text(recipient, "kid")?.to_owned(),
            enc: enc.try_into().map_err(|_| EnvelopeError::Malformed { member: "enc" })?,
            ct: decode(object, "ct")?,
        })
    }
}

fn text<'o>(object: &'o Object, member: &'static str) -> Result<&'o str, EnvelopeError> {
    object.get(member).and_then(Value::as_str).ok_or(EnvelopeError::Malformed { member })
}

fn decode(object: &Object, member: &'static str) -> Result<Vec<u8>, EnvelopeError> {
    URL_SAFE_NO_PAD.decode(text(object, member)?).map_err(|_| EnvelopeError::Malformed { member })
}
