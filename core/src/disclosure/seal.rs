//! Sealing and opening.

use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::X25519HkdfSha256;
use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable, single_shot_open, single_shot_seal_with_rng,
};
use thiserror::Error;
use zeroize::Zeroizing;

use super::envelope::Envelope;
use super::seed::Seed;
use super::{EnvelopeError, ForensicPublicKey, ForensicSecretKey, Plaintext};
use crate::json::{Object, Rules, Value, parse};

/// Parameters that could not be sealed. The receipt then holds their hash only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SealError {
    /// The recipient's key is not a usable point.
    #[error("the forensic public key is not a usable x25519 key")]
    UnusableKey,
    /// The cipher refused.
    #[error("the parameters cannot be encrypted")]
    Failed,
}

/// An envelope that could not be opened.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Not an envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Another key's, or altered.
    #[error("the envelope cannot be decrypted with this key")]
    Undecryptable,
    /// Decrypted, and not a JSON object.
    #[error("the envelope does not hold a json object")]
    NotParameters,
}

/// Encrypts `plaintext` to `recipient`, as the value of `parameters_disclosure` or `response_disclosure`.
///
/// `seed` is 32 fresh random bytes, never used twice: whoever knows them can read the envelope.
///
/// # Errors
///
/// [`SealError`].
pub fn seal(
    plaintext: &Plaintext,
    recipient: &ForensicPublicKey,
    seed: &[u8; 32],
) -> Result<Object, SealError> {
    let key = <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(recipient.as_bytes())
        .map_err(|_| SealError::UnusableKey)?;
    let mut seed = Seed::new(seed);
    let (enc, ct) = single_shot_seal_with_rng::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &OpModeS::Base,
        &key,
        INFO,
        plaintext.as_bytes(),
        AAD,
        &mut seed,
    )
    .map_err(|error| match error {
        hpke::HpkeError::EncapError => SealError::UnusableKey,
        _ => SealError::Failed,
    })?;
    if seed.is_exhausted {
        return Err(SealError::Failed);
    }
    let kid = recipient.fingerprint().to_string();
    Ok(Envelope { kid, enc: enc.to_bytes().into(), ct }.into_object())
}

/// Decrypts an envelope. Its `kid` is not compared: it names the key for people, in one of several forms.
///
/// # Errors
///
/// [`OpenError`]; what was altered cannot be told from what another key can open.
pub fn open(envelope: &Value, secret: &ForensicSecretKey) -> Result<Object, OpenError> {
    let Envelope { enc, ct, .. } = Envelope::from_value(envelope)?;
    let enc =
        <X25519HkdfSha256 as Kem>::EncappedKey::from_bytes(&enc).map_err(|_| OpenError::Undecryptable)?;
    let plaintext = single_shot_open::<AesGcm256, HkdfSha256, X25519HkdfSha256>(
        &OpModeR::Base,
        &secret.to_hpke(),
        &enc,
        INFO,
        &ct,
        AAD,
    )
    .map(Zeroizing::new)
    .map_err(|_| OpenError::Undecryptable)?;
    let value = parse(&plaintext, Rules::Receipt).map_err(|_| OpenError::NotParameters)?;
    value.into_object().map_err(|_| OpenError::NotParameters)
}

const INFO: &[u8] = b"";
const AAD: &[u8] = b"";
