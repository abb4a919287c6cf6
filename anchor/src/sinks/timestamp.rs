//! A time-stamp authority (RFC 3161 over HTTP, §3.4): a stranger's signed word that a checkpoint existed at a time.
//!
//! The imprint is the SHA-256 of the note, byte for byte as it is kept beside the answer, so that any tool can check the two:
//! `openssl ts -verify -in 000000000042.tsr -data 000000000042.note -CAfile ca.pem`. An answer is kept only if its token carries
//! the imprint and the nonce of the request, and is signed by an authority behind the certificates that the operator named: what
//! nobody could verify later is noticed now.

use std::path::{Path, PathBuf};

use agent_receipts_core::ReceiptHash;
use agent_receipts_timestamp::{
    CertificateError, Options, TrustedCertificates, request, token_of_response, verify_token,
};

use crate::disk;
use crate::http::{Http, HttpOptions, TrustError};
use crate::queue::{Entry, Queue};
use crate::sink::{Evidence, Outcome, Sink, SinkError, TOKEN};
use crate::state::Cursor;
use crate::surroundings::Surroundings;

/// Why the sink cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// Its TLS certificates cannot be read.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The file cannot be read.
    #[error("cannot read the authority's certificates in `{}`: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// The file holds something else.
    #[error("`{}`: {reason}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: CertificateError,
    },
}

/// An authority at a URL.
pub(crate) struct TimestampSink {
    url: String,
    trusted: TrustedCertificates,
    http: Http,
    world: Surroundings,
}

impl TimestampSink {
    pub(crate) fn new(
        url: String,
        certificates: &Path,
        options: &HttpOptions,
        world: Surroundings,
    ) -> Result<Self, AuthorityError> {
        let http = Http::new(&HttpOptions { limit: LIMIT, ..options.clone() })?;
        let trusted = trusted_certificates(certificates)?;
        Ok(Self { url, trusted, http, world })
    }
}

impl Sink for TimestampSink {
    fn deliver(&mut self, entry: &Entry, _: &Cursor, _: &mut dyn Queue) -> Result<Outcome, SinkError> {
        let note = entry.note().to_string();
        let imprint = *ReceiptHash::of(note.as_bytes()).as_bytes();
        let nonce = Some((self.world.random)().ok_or(SinkError::NoRandomness)?);
        let answer = self.http.post(&self.url, "application/timestamp-query", request(&imprint, nonce))?;
        if answer.status != 200 {
            return Err(SinkError::refused(answer.status, &answer.body));
        }
        let token = token_of_response(&answer.body).map_err(|error| SinkError::Wrong(error.to_string()))?;
        verify_token(token, &imprint, &self.trusted, &Options { nonce })
            .map_err(|error| SinkError::Wrong(format!("the time stamp is not kept: {error}")))?;
        let mut evidence = Evidence::checkpoint(entry);
        evidence.push(Evidence { suffix: TOKEN, bytes: answer.body });
        Ok(Outcome::Delivered { evidence, reach: 0 })
    }
}

/// Reads the certificates that tokens are judged by.
pub(crate) fn trusted_certificates(file: &Path) -> Result<TrustedCertificates, AuthorityError> {
    let path = file.to_owned();
    let pem = match disk::read(file, CERTIFICATES_LIMIT) {
        Ok(pem) => String::from_utf8_lossy(&pem).into_owned(),
        Err(error) => return Err(AuthorityError::Unreadable { path, error }),
    };
    TrustedCertificates::from_pem(&pem).map_err(|reason| AuthorityError::Certificates { path, reason })
}

/// Bytes of an answer. A token with the authority's certificates has some 6 kB.
const LIMIT: u64 = 128 << 10;
/// Bytes of a file of certificates.
const CERTIFICATES_LIMIT: u64 = 1 << 20;
