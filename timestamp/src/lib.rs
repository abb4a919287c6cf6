//! Time-stamp tokens (RFC 3161): an authority's signature under a hash and a time.
//!
//! Builds a request, takes the token out of a response, and verifies a token against certificates that the caller trusts. That is all:
//! no file, no socket, no clock, and no certificate that is trusted because it came along with a token.
//!
//! It refuses what it cannot judge: tokens that are not strict DER, hashes other than SHA-256 under the stamp, signatures other than
//! RSA (PKCS #1, 2048 bits or more), ECDSA (P-256, P-384) and Ed25519, certificates with critical extensions that it does not know.
//! It asks nobody whether a certificate was revoked.
//!
//! ```
//! use agent_receipts_timestamp::{Options, TimestampError, TrustedCertificates, request, token_of_response, verify_token};
//!
//! # fn check(response: &[u8], pem: &str, imprint: [u8; 32]) -> Result<(), Box<dyn std::error::Error>> {
//! let nonce = 7; // In earnest: random.
//! let question = request(&imprint, Some(nonce)); // To be posted as application/timestamp-query.
//! let token = token_of_response(response)?;
//! let trusted = TrustedCertificates::from_pem(pem)?;
//! let stamp = verify_token(token, &imprint, &trusted, &Options { nonce: Some(nonce) })?;
//! println!("existed at {}", stamp.time);
//! # Ok(()) }
//! # let trusted = TrustedCertificates::default();
//! # assert!(matches!(verify_token(b"", &[0; 32], &trusted, &Options::default()), Err(TimestampError::Malformed { .. })));
//! ```

mod algorithm;
mod certificate;
mod error;
mod info;
mod items;
mod oid;
mod path;
mod request;
mod signed_data;
mod time;
mod verify;

// The public interface is:

pub use certificate::{CertificateError, TrustedCertificates};
pub use error::TimestampError;
pub use request::{ResponseError, request, token_of_response};
pub use time::GenTime;
pub use verify::{MAX_TOKEN, Options, Stamp, verify_token};
