//! The forensic disclosure envelope: an action's parameters, readable only with a key that stays off the machine
//! (wire protocol §1.11; feature `disclosure`).
//!
//! HPKE (RFC 9180) in base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, empty `info` and `aad`,
//! one message a context, one recipient. The plaintext is the canonical JSON of the parameters object.
//!
//! ```
//! use agent_receipts_core::disclosure::{ForensicSecretKey, Plaintext, open, seal};
//! use agent_receipts_core::json::Object;
//!
//! let secret = ForensicSecretKey::from_bytes([7; 32]); // In earnest: 32 random bytes.
//! let parameters = Object::from_iter([("path", "/etc/hosts")]);
//! let envelope = seal(&Plaintext::from(parameters.clone()), &secret.public_key(), &[9; 32])?;
//! assert_eq!(open(&envelope.into(), &secret).as_ref(), Ok(&parameters));
//! # Ok::<(), agent_receipts_core::disclosure::SealError>(())
//! ```

mod envelope;
mod key;
mod plaintext;
mod seal;
mod seed;

pub use envelope::EnvelopeError;
pub use key::{ForensicPublicKey, ForensicSecretKey};
pub use plaintext::Plaintext;
pub use seal::{OpenError, SealError, open, seal};

/// The `alg` of every envelope.
pub const ALGORITHM: &str = "hpke-x25519-hkdf-sha256-aes-256-gcm";

/// The `v` of every envelope.
pub const ENVELOPE_VERSION: &str = "1";

#[cfg(test)]
mod tests;
