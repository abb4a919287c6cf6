//! From a signer's certificate to one that is trusted (RFC 5280 §6, of which time stamps need little).

use crate::certificate::{Certificate, TrustedCertificates};
use crate::error::TimestampError;
use crate::time::GenTime;

/// Finds a trusted certificate behind `signer`, over certificates that came along, all of them valid at `time`.
pub(crate) fn trust(
    signer: &Certificate,
    brought: &[Certificate],
    trusted: &TrustedCertificates,
    time: GenTime,
) -> Result<(), TimestampError> {
    let mut search =
        Search { brought, trusted, time, checks_left: MOST_CHECKS, fault: TimestampError::Untrusted };
    if search.reaches_trust(signer, 0) { Ok(()) } else { Err(search.fault) }
}

struct Search<'a> {
    brought: &'a [Certificate],
    trusted: &'a TrustedCertificates,
    time: GenTime,
    /// Signatures that may still be checked: a token can be made such that many certificates seem to issue one another.
    checks_left: usize,
    /// The most telling reason so far.
    fault: TimestampError,
}

impl Search<'_> {
    /// `below` counts the issuers between this certificate and the signer's, itself included.
    fn reaches_trust(&mut self, certificate: &Certificate, below: usize) -> bool {
        if !certificate.is_valid_at(self.time) {
            let subject = certificate.subject();
            self.fault = TimestampError::NotValidAt { time: self.time, subject };
            return false;
        }
        if self.trusted.iter().any(|trusted| trusted.der() == certificate.der()) {
            return true;
        }
        let (trusted, brought) = (self.trusted, self.brought);
        for issuer in trusted.iter() {
            if self.issued(issuer, certificate, below) && self.reaches_trust(issuer, below + 1) {
                return true;
            }
        }
        below < MOST_ISSUERS
            && brought.iter().any(|issuer| {
                self.issued(issuer, certificate, below) && self.reaches_trust(issuer, below + 1)
            })
    }

    fn issued(&mut self, issuer: &Certificate, certificate: &Certificate, below: usize) -> bool {
        if issuer.body().subject() != certificate.body().issuer() || !issuer.may_issue(below) {
            return false;
        }
        match self.checks_left.checked_sub(1) {
            None => false,
            Some(left) => {
                self.checks_left = left;
                certificate.is_signed_by(issuer)
            }
        }
    }
}

/// Issuers between a signer and a trusted certificate.
const MOST_ISSUERS: usize = 4;

const MOST_CHECKS: usize = 64;
