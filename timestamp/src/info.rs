//! What an authority signs: `TSTInfo` (RFC 3161 §2.4.2).

use der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use der::{Tag, Tagged as _};

use crate::error::TimestampError;
use crate::items::{Items, context, primitive_context};
use crate::oid;
use crate::time::GenTime;

/// The statement: this hash, at this time.
pub(crate) struct Info<'a> {
    pub(crate) policy: ObjectIdentifier,
    /// SHA-256, always.
    pub(crate) imprint: &'a [u8],
    pub(crate) serial: &'a [u8],
    pub(crate) time: GenTime,
    /// By how many microseconds the time may be off, where the authority says so.
    pub(crate) accuracy_micros: Option<u64>,
    pub(crate) nonce: Option<&'a [u8]>,
}

impl<'a> Info<'a> {
    pub(crate) fn parse(der: &'a [u8]) -> Result<Self, TimestampError> {
        let mut outer = Items::of(der, PART)?;
        let mut items = outer.inside(Tag::Sequence)?;
        outer.end()?;
        if items.decode::<u8>()? != 1 {
            return Err(TimestampError::Unknown { part: "version" });
        }
        let policy = items.decode()?;
        let imprint = imprint(items.inside(Tag::Sequence)?)?;
        let serial = items.content(Tag::Integer)?;
        let time = items.content(Tag::GeneralizedTime)?;
        let time = GenTime::parse(time).ok_or(TimestampError::Malformed { part: "time" })?;
        let accuracy_micros = items.optional(Tag::Sequence)?.map(accuracy).transpose()?;
        // `ordering`: whether tokens of this authority are ordered by their times. Nothing here relies on it.
        let _ = items.optional(Tag::Boolean)?;
        let nonce = items.optional(Tag::Integer)?;
        let _tsa = items.optional(context(0))?;
        if let Some(extensions) = items.optional(context(1))? {
            refuse_critical(extensions)?;
        }
        items.end()?;
        Ok(Self { policy, imprint, serial, time, accuracy_micros, nonce })
    }
}

fn imprint<'a>(mut items: Items<'a>) -> Result<&'a [u8], TimestampError> {
    let algorithm = algorithm(&mut items)?;
    let imprint = items.content(Tag::OctetString)?;
    items.end()?;
    if algorithm != oid::SHA_256 {
        let oid = algorithm.to_string();
        return Err(TimestampError::UnsupportedAlgorithm { purpose: "imprint's", oid });
    }
    Ok(imprint)
}

/// A hash algorithm, whose parameters may be NULL or left out.
pub(crate) fn algorithm(items: &mut Items<'_>) -> Result<ObjectIdentifier, TimestampError> {
    let mut algorithm = items.inside(Tag::Sequence)?;
    let oid = algorithm.decode()?;
    if !algorithm.is_empty() {
        let parameters: AnyRef<'_> = algorithm.any()?;
        if parameters.tag() != Tag::Null {
            return Err(algorithm.malformed());
        }
    }
    algorithm.end()?;
    Ok(oid)
}

/// Seconds, milliseconds, microseconds, each of them optional.
fn accuracy(content: &[u8]) -> Result<u64, TimestampError> {
    const UNITS: [(Tag, u64); 3] =
        [(Tag::Integer, 1_000_000), (primitive_context(0), 1_000), (primitive_context(1), 1)];
    let mut items = Items::of(content, "accuracy")?;
    let mut micros = 0_u64;
    for (tag, unit) in UNITS {
        if let Some(bytes) = items.optional(tag)? {
            let number = number(bytes).ok_or_else(|| items.malformed())?;
            micros = micros.saturating_add(number.saturating_mul(unit));
        }
    }
    items.end()?;
    Ok(micros)
}

/// An INTEGER's content as a number, if it is one from 0 to 2^64−1.
pub(crate) fn number(content: &[u8]) -> Option<u64> {
    if content.is_empty() || content[0] & 0x80 != 0 {
        return None;
    }
    let digits = UintRef::new(content).ok()?.as_bytes();
    (digits.len() <= 8).then(|| digits.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn refuse_critical(extensions: &[u8]) -> Result<(), TimestampError> {
    let mut items = Items::of(extensions, "extensions")?;
    while !items.is_empty() {
        let mut extension = items.inside(Tag::Sequence)?;
        extension.decode::<ObjectIdentifier>()?;
        if extension.optional(Tag::Boolean)?.is_some_and(|truth| truth != [0]) {
            return Err(TimestampError::Unknown { part: "critical extension" });
        }
    }
    Ok(())
}

const PART: &str = "time-stamp info";
