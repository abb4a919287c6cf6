//! The verification of a token (RFC 3161 §2.2, RFC 5652 §5.6).

use der::asn1::{ObjectIdentifier, UintRef};
use der::{Decode as _, Tag};

use crate::algorithm::{digest_of, sha1};
use crate::certificate::{Certificate, TrustedCertificates};
use crate::error::TimestampError;
use crate::info::{Info, algorithm, number};
use crate::items::Items;
use crate::oid;
use crate::path::trust;
use crate::signed_data::{Attributes, SignedData};
use crate::time::GenTime;

/// Bytes of the largest token that is looked at. With a chain of certificates they have about six thousand.
pub const MAX_TOKEN: usize = 64 * 1024;

/// What is asked of a token beyond being genuine. The default asks nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// The nonce that was sent along with the request: an old token does not carry it.
    pub nonce: Option<u64>,
}

/// What a genuine token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When the authority saw the hash.
    pub time: GenTime,
    /// By how many microseconds the time may be off, where the authority says so.
    pub accuracy_micros: Option<u64>,
    /// The authority's policy, an object identifier.
    pub policy: String,
    /// The token's number at this authority, in lower-case hex.
    pub serial: String,
    /// The subject of the certificate that signed, for people.
    pub signer: String,
}

/// Verifies that an authority behind `trusted` signed that it saw the SHA-256 hash `imprint`.
///
/// `token` is the DER of a `TimeStampToken`. Certificates in it help to reach a trusted one and are believed in nothing else. All of
/// them must have been valid at the time that the token gives: a token outlives its certificates. Revocation is not asked for.
///
/// # Errors
///
/// [`TimestampError`] says what the first thing is that is wrong.
pub fn verify_token(
    token: &[u8],
    imprint: &[u8; 32],
    trusted: &TrustedCertificates,
    options: &Options,
) -> Result<Stamp, TimestampError> {
    if token.len() > MAX_TOKEN {
        return Err(TimestampError::TooLarge { bytes: token.len() });
    }
    let SignedData { content, certificates, signer } = SignedData::parse(token)?;
    let info = Info::parse(content)?;
    if info.imprint != imprint {
        return Err(TimestampError::WrongImprint);
    }
    if options.nonce.is_some_and(|nonce| info.nonce.and_then(number) != Some(nonce)) {
        return Err(TimestampError::WrongNonce);
    }
    if !signer.attributes.are_about(digest_of(signer.digest, content)?.as_ref()) {
        return Err(TimestampError::WrongDigest);
    }
    // What cannot be read cannot have signed, and may be of a kind that we do not need.
    let brought: Vec<Certificate> = certificates.into_iter().filter_map(Certificate::parse).collect();
    let named: Vec<&Certificate> =
        brought.iter().chain(trusted.iter()).filter(|certificate| certificate.is_named(&signer.id)).collect();
    if named.is_empty() {
        return Err(TimestampError::SignerNotFound);
    }
    let mut own = None;
    for certificate in named {
        if names(&signer.attributes, certificate)? {
            own = Some(certificate);
            break;
        }
    }
    let certificate = own.ok_or(TimestampError::WrongCertificate)?;
    certificate.check(
        &signer.signature_algorithm,
        Some(signer.digest),
        &signer.signed_bytes,
        signer.signature,
    )?;
    if !certificate.is_for_timestamps_alone() {
        return Err(TimestampError::NotForTimestamps);
    }
    trust(certificate, &brought, trusted, info.time)?;
    Ok(Stamp {
        time: info.time,
        accuracy_micros: info.accuracy_micros,
        policy: info.policy.to_string(),
        serial: hex(info.serial),
        signer: certificate.subject(),
    })
}

/// Whether the signed attributes name this certificate by its hash (RFC 3161 §2.4.2, RFC 5816 §2.2): one that only has the same issuer
/// and number, or the same key, is another.
fn names(attributes: &Attributes<'_>, certificate: &Certificate) -> Result<bool, TimestampError> {
    const PART: &str = "signing certificate";
    let first = |der| {
        let mut outer = Items::of(der, PART)?;
        let mut certificates = outer.inside(Tag::Sequence)?.inside(Tag::Sequence)?;
        outer.end()?;
        certificates.inside(Tag::Sequence)
    };
    let mut named = false;
    if let Some(der) = attributes.signing_certificate_v2 {
        let mut id = first(der)?;
        let raw = id.raw()?;
        let (hash, named_by) = match <&der::asn1::OctetStringRef>::from_der(raw) {
            // Left out, it is SHA-256.
            Ok(hash) => (oid::SHA_256, hash.as_bytes()),
            Err(_) => (algorithm_of(raw)?, id.content(Tag::OctetString)?),
        };
        if digest_of(hash, certificate.der())?.as_ref() != named_by {
            return Ok(false);
        }
        named = true;
    }
    if let Some(der) = attributes.signing_certificate {
        if sha1(certificate.der()).as_ref() != first(der)?.content(Tag::OctetString)? {
            return Ok(false);
        }
        named = true;
    }
    if named { Ok(true) } else { Err(TimestampError::Malformed { part: PART }) }
}

fn algorithm_of(der: &[u8]) -> Result<ObjectIdentifier, TimestampError> {
    algorithm(&mut Items::of(der, "signing certificate")?)
}

/// The content of an INTEGER that is not negative; of another, its bytes.
fn hex(integer: &[u8]) -> String {
    let digits = UintRef::new(integer).map_or(integer, |digits| digits.as_bytes());
    digits.iter().map(|byte| format!("{byte:02x}")).collect()
}
