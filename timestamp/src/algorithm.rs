//! From object identifiers to ring.

use der::asn1::ObjectIdentifier;
use ring::{digest, signature};
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};

use crate::error::TimestampError;
use crate::oid;

/// A hash that may stand under a token's signature.
pub(crate) fn digest_of(algorithm: ObjectIdentifier, bytes: &[u8]) -> Result<digest::Digest, TimestampError> {
    let algorithm = match algorithm {
        oid::SHA_256 => &digest::SHA256,
        oid::SHA_384 => &digest::SHA384,
        oid::SHA_512 => &digest::SHA512,
        other => return Err(unsupported("digest", other)),
    };
    Ok(digest::digest(algorithm, bytes))
}

/// SHA-1, by which older tokens name the certificate that their signature covers. It protects nothing alone: the certificate must
/// lead to a trusted one besides.
pub(crate) fn sha1(bytes: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bytes)
}

/// Checks a signature. `digest` is the hash of a bare `rsaEncryption`, which names none.
pub(crate) fn verify(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    digest: Option<ObjectIdentifier>,
    message: &[u8],
    signature: &[u8],
) -> Result<(), TimestampError> {
    let verifier = verifier(key, algorithm, digest)?;
    let point = key.subject_public_key.as_bytes().ok_or(TimestampError::Malformed { part: "public key" })?;
    signature::UnparsedPublicKey::new(verifier, point)
        .verify(message, signature)
        .map_err(|_| TimestampError::BadSignature)
}

fn verifier(
    key: &SubjectPublicKeyInfoOwned,
    algorithm: &AlgorithmIdentifierOwned,
    digest: Option<ObjectIdentifier>,
) -> Result<&'static dyn signature::VerificationAlgorithm, TimestampError> {
    let curve = || key.algorithm.parameters.as_ref().and_then(|curve| curve.decode_as().ok());
    let refused = || unsupported("signature", algorithm.oid);
    Ok(match key.algorithm.oid {
        oid::RSA => match (algorithm.oid, digest) {
            (oid::RSA_SHA_256, _) | (oid::RSA, Some(oid::SHA_256)) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (oid::RSA_SHA_384, _) | (oid::RSA, Some(oid::SHA_384)) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (oid::RSA_SHA_512, _) | (oid::RSA, Some(oid::SHA_512)) => &signature::RSA_PKCS1_2048_8192_SHA512,
            _ => return Err(refused()),
        },
        oid::EC_KEY => match (curve(), algorithm.oid) {
            (Some(oid::P_256), oid::ECDSA_SHA_256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Some(oid::P_256), oid::ECDSA_SHA_384) => &signature::ECDSA_P256_SHA384_ASN1,
            (Some(oid::P_384), oid::ECDSA_SHA_256) => &signature::ECDSA_P384_SHA256_ASN1,
            (Some(oid::P_384), oid::ECDSA_SHA_384) => &signature::ECDSA_P384_SHA384_ASN1,
            _ => return Err(refused()),
        },
        oid::ED25519 if algorithm.oid == oid::ED25519 => &signature::ED25519,
        _ => return Err(refused()),
    })
}

fn unsupported(purpose: &'static str, oid: ObjectIdentifier) -> TimestampError {
    TimestampError::UnsupportedAlgorithm { purpose, oid: oid.to_string() }
}
