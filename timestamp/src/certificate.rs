//! Certificates: those that a caller trusts, and those that came along.

use der::{Decode as _, Encode as _, Reader as _, SliceReader};
use thiserror::Error;
use x509_cert::TbsCertificate;
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier};

use crate::algorithm;
use crate::error::TimestampError;
use crate::oid;
use crate::signed_data::SignerId;
use crate::time::GenTime;

/// The certificates that a caller trusts: roots of authorities, or an authority's own. The default trusts nobody.
#[derive(Debug, Clone, Default)]
pub struct TrustedCertificates(Vec<Certificate>);

/// A file of certificates that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// No certificate stands in it.
    #[error("no certificate: a pem file has a line `-----BEGIN CERTIFICATE-----`")]
    None,
    /// Not PEM, or PEM of something else.
    #[error("certificate {index} is not pem of a certificate")]
    Pem {
        /// Its place in the file, from 1.
        index: usize,
    },
    /// Not a certificate.
    #[error("certificate {index} is malformed")]
    Malformed {
        /// Its place in the file, from 1.
        index: usize,
    },
    /// More than anybody trusts.
    #[error("more than {MOST_TRUSTED} certificates")]
    TooMany,
}

impl TrustedCertificates {
    /// Reads one or several certificates in PEM, one behind the other; text between them is passed over.
    ///
    /// # Errors
    ///
    /// [`CertificateError`]; none of them is passed over because it cannot be read.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        let mut trusted = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(BEGIN) {
            let index = trusted.len() + 1;
            if index > MOST_TRUSTED {
                return Err(CertificateError::TooMany);
            }
            let block = &rest[at..];
            let end = block.find(END).ok_or(CertificateError::Pem { index })? + END.len();
            let (label, der) = pem_rfc7468::decode_vec(&block.as_bytes()[..end])
                .map_err(|_| CertificateError::Pem { index })?;
            if label != "CERTIFICATE" {
                return Err(CertificateError::Pem { index });
            }
            trusted.push(Certificate::parse(&der).ok_or(CertificateError::Malformed { index })?);
            rest = &block[end..];
        }
        if trusted.is_empty() { Err(CertificateError::None) } else { Ok(Self(trusted)) }
    }

    /// One certificate in DER.
    ///
    /// # Errors
    ///
    /// [`CertificateError::Malformed`].
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let certificate = Certificate::parse(der).ok_or(CertificateError::Malformed { index: 1 })?;
        Ok(Self(vec![certificate]))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody is trusted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Certificate> {
        self.0.iter()
    }
}

/// One certificate, with the bytes that it came in.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    der: Vec<u8>,
    signed: Vec<u8>,
    parsed: x509_cert::Certificate,
}

impl Certificate {
    pub(crate) fn parse(der: &[u8]) -> Option<Self> {
        let parsed = x509_cert::Certificate::from_der(der).ok()?;
        // The signature covers the bytes that were received, not those that we would write.
        let mut reader = SliceReader::new(der).ok()?;
        let signed = reader.sequence(|inner| {
            let signed = inner.tlv_bytes()?;
            inner.read_slice(inner.remaining_len())?;
            Ok::<_, der::Error>(signed)
        });
        Some(Self { der: der.to_owned(), signed: signed.ok()?.to_owned(), parsed })
    }

    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn body(&self) -> &TbsCertificate {
        self.parsed.tbs_certificate()
    }

    /// For people, clipped, on one line.
    pub(crate) fn subject(&self) -> String {
        let subject = self.body().subject().to_string();
        subject.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(120).collect()
    }

    pub(crate) fn is_named(&self, id: &SignerId<'_>) -> bool {
        match id {
            SignerId::Issued { issuer, serial } => {
                let own_issuer = self.body().issuer().to_der();
                // The content of an INTEGER may start with a zero that is no digit.
                let digits = |bytes: &[u8]| bytes.iter().position(|b| *b != 0).map(|at| bytes[at..].to_vec());
                own_issuer.is_ok_and(|own| own == *issuer)
                    && digits(self.body().serial_number().as_bytes()) == digits(serial)
            }
            SignerId::KeyId(id) => {
                let own = self.body().get_extension::<SubjectKeyIdentifier>();
                own.is_ok_and(|own| own.is_some_and(|(_, own)| own.0.as_bytes() == *id))
            }
        }
    }

    pub(crate) fn is_valid_at(&self, time: GenTime) -> bool {
        let validity = self.body().validity();
        let seconds = |time: x509_cert::time::Time| time.to_unix_duration().as_secs();
        (seconds(validity.not_before)..=seconds(validity.not_after)).contains(&time.unix_seconds())
    }

    /// Whether `issuer`'s key made the signature.
    pub(crate) fn is_signed_by(&self, issuer: &Self) -> bool {
        let algorithm = self.parsed.signature_algorithm();
        let Some(signature) = self.parsed.signature().as_bytes() else { return false };
        // RFC 5280 §4.1.1.2: outside the signature and inside it stands the same algorithm.
        algorithm == self.body().signature()
            && self.body().issuer() == issuer.body().subject()
            && issuer.check(algorithm, None, &self.signed, signature).is_ok()
    }

    /// Checks a signature with this certificate's key.
    pub(crate) fn check(
        &self,
        algorithm: &x509_cert::spki::AlgorithmIdentifierOwned,
        digest: Option<der::asn1::ObjectIdentifier>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TimestampError> {
        algorithm::verify(self.body().subject_public_key_info(), algorithm, digest, message, signature)
    }

    /// RFC 3161 §2.3: the one extended usage is time stamping, and it is critical.
    pub(crate) fn is_for_timestamps_alone(&self) -> bool {
        let usage = match self.body().get_extension::<KeyUsage>() {
            Ok(usage) => usage.is_none_or(|(_, usage)| usage.digital_signature() || usage.non_repudiation()),
            Err(_) => false,
        };
        let extended = self.body().get_extension::<ExtendedKeyUsage>();
        usage
            && self.knows_its_critical_extensions()
            && matches!(extended, Ok(Some((true, usage))) if usage.0 == [oid::TIME_STAMPING])
    }

    /// Whether it may issue the certificate of an authority, with `below` further issuers between them (RFC 5280 §6.1.4).
    pub(crate) fn may_issue(&self, below: usize) -> bool {
        let body = self.body();
        let is_ca = match body.get_extension::<BasicConstraints>() {
            Ok(Some((_, basic))) => {
                basic.ca && basic.path_len_constraint.is_none_or(|most| below <= usize::from(most))
            }
            _ => false,
        };
        let may_sign = match body.get_extension::<KeyUsage>() {
            Ok(usage) => usage.is_none_or(|(_, usage)| usage.key_cert_sign()),
            Err(_) => false,
        };
        let for_stamps = match body.get_extension::<ExtendedKeyUsage>() {
            Ok(usage) => usage.is_none_or(|(_, usage)| {
                usage.0.contains(&oid::TIME_STAMPING) || usage.0.contains(&oid::ANY_PURPOSE)
            }),
            Err(_) => false,
        };
        is_ca && may_sign && for_stamps && self.knows_its_critical_extensions()
    }

    /// RFC 5280 §4.2: what is critical and not understood makes a certificate useless. Name constraints are among that.
    fn knows_its_critical_extensions(&self) -> bool {
        self.body()
            .extensions()
            .is_none_or(|all| all.iter().all(|one| !one.critical || UNDERSTOOD.contains(&one.extn_id)))
    }
}

const UNDERSTOOD: [der::asn1::ObjectIdentifier; 5] = [
    oid::KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    // No policy is asked for, so whichever stands there is good.
    oid::CERTIFICATE_POLICIES,
    oid::EXTENDED_KEY_USAGE,
];

const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END CERTIFICATE-----";
const MOST_TRUSTED: usize = 256;
