//! Why a token proves nothing.

use thiserror::Error;

use crate::time::GenTime;

/// A token that does not prove that the hash existed at a time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TimestampError {
    /// Longer than any token.
    #[error("the token has {bytes} bytes, and none needs more than {}", crate::MAX_TOKEN)]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Not the strict DER of a token (RFC 3161 §2.4.2).
    #[error("the token's {part} is malformed")]
    Malformed {
        /// Where it is not.
        part: &'static str,
    },
    /// Something stands behind the token.
    #[error("bytes stand behind the token")]
    TrailingBytes,
    /// A signed message of another kind.
    #[error("this is no time-stamp token but content of type {oid}")]
    NotAToken {
        /// Its type.
        oid: String,
    },
    /// An algorithm that is not accepted: too weak, or not known here.
    #[error("the {purpose} algorithm {oid} is not supported")]
    UnsupportedAlgorithm {
        /// What it is for.
        purpose: &'static str,
        /// Its object identifier.
        oid: String,
    },
    /// A critical extension, or a version, that this crate does not know.
    #[error("the token's {part} is of a kind that is not known")]
    Unknown {
        /// Where.
        part: &'static str,
    },
    /// The token stamps something else.
    #[error("the token is not for this hash")]
    WrongImprint,
    /// The token answers another question.
    #[error("the token does not carry the nonce that was asked for")]
    WrongNonce,
    /// A token has one signer.
    #[error("the token has {count} signers, not one")]
    SignerCount {
        /// How many it has.
        count: usize,
    },
    /// What is signed is not this time and hash.
    #[error("the signature is not over the token's time and hash")]
    WrongDigest,
    /// The certificate that signed is neither in the token nor among the trusted ones.
    #[error("the certificate of the token's signer is neither in the token nor among those given")]
    SignerNotFound,
    /// The token was signed for another certificate.
    #[error("the token names another certificate than its signer's")]
    WrongCertificate,
    /// The signer's certificate is not made for time stamps alone (RFC 3161 §2.3).
    #[error("the signer's certificate is not one for time stamps alone")]
    NotForTimestamps,
    /// The signature does not hold.
    #[error("the token's signature does not hold")]
    BadSignature,
    /// The signer's certificate had run out, or was not valid yet, when it stamped.
    #[error("the certificate was not valid at {time}: {subject}")]
    NotValidAt {
        /// When the token says it was made.
        time: GenTime,
        /// Whose certificate.
        subject: String,
    },
    /// No trusted certificate stands behind the signer's.
    #[error("no trusted certificate stands behind the token's signer")]
    Untrusted,
}
