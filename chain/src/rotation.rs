//! The hand-over from one signing key to the next (specification §7.3.7).

use agent_receipts_core::{Fingerprint, KeyEncodingError, KeyRotation, PublicKey};

use crate::text::{plain, quoted};

/// Why a rotation does not install its key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RotationError {
    /// A member that has but one permitted value has another.
    #[error("{member} is {}, not \"{expected}\"", quoted(.found))]
    Member {
        /// The member's name.
        member: &'static str,
        /// What stands there.
        found: String,
        /// What must stand there.
        expected: &'static str,
    },
    /// The rotation hands over from another key than the one that is active.
    #[error("old_key_fingerprint {} does not match the active key {active}", plain(.found))]
    OldFingerprint {
        /// What stands there.
        found: String,
        /// Fingerprint of the active key.
        active: Fingerprint,
    },
    /// The incoming key cannot be read.
    #[error("new_public_key: {0}")]
    NewKey(#[from] KeyEncodingError),
    /// The incoming key is not the one whose fingerprint is given.
    #[error("new_key_fingerprint {} does not match new_public_key {actual}", plain(.found))]
    NewFingerprint {
        /// What stands there.
        found: String,
        /// Fingerprint of the incoming key.
        actual: Fingerprint,
    },
}

/// Checks a rotation away from `active` in the order of the reference, and gives the incoming key.
pub(crate) fn incoming_key(rotation: &KeyRotation, active: &PublicKey) -> Result<PublicKey, RotationError> {
    constants(rotation)?;
    let active = active.fingerprint();
    if rotation.old_key_fingerprint != active.to_string() {
        return Err(RotationError::OldFingerprint { found: rotation.old_key_fingerprint.clone(), active });
    }
    new_key(rotation)
}

/// Checks a rotation away from whatever key, and gives the incoming one.
pub(crate) fn incoming_key_from_any(rotation: &KeyRotation) -> Result<PublicKey, RotationError> {
    constants(rotation)?;
    new_key(rotation)
}

fn new_key(rotation: &KeyRotation) -> Result<PublicKey, RotationError> {
    let new = PublicKey::from_multibase(&rotation.new_public_key)?;
    let actual = new.fingerprint();
    if rotation.new_key_fingerprint != actual.to_string() {
        return Err(RotationError::NewFingerprint { found: rotation.new_key_fingerprint.clone(), actual });
    }
    Ok(new)
}

fn constants(rotation: &KeyRotation) -> Result<(), RotationError> {
    for (member, found, expected) in [
        ("event_type", &rotation.event_type, "key_rotated"),
        ("signed_with", &rotation.signed_with, "old"),
        ("old_algorithm", &rotation.old_algorithm, "ed25519"),
        ("new_algorithm", &rotation.new_algorithm, "ed25519"),
    ] {
        if found != expected {
            return Err(RotationError::Member { member, found: found.clone(), expected });
        }
    }
    Ok(())
}
