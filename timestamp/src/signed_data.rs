//! The envelope of a token: CMS `SignedData` (RFC 5652 §5) with one signer.

use der::asn1::ObjectIdentifier;
use der::{Decode as _, Tag};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::error::TimestampError;
use crate::info::algorithm;
use crate::items::{Items, context, primitive_context};
use crate::oid;

type Result<T> = std::result::Result<T, TimestampError>;

/// A token taken apart, nothing of it checked.
pub(crate) struct SignedData<'a> {
    /// The DER of a `TSTInfo`.
    pub(crate) content: &'a [u8],
    /// The certificates that came along, each as DER. None of them is trusted for that.
    pub(crate) certificates: Vec<&'a [u8]>,
    pub(crate) signer: Signer<'a>,
}

/// Who signed what, as `SignerInfo` says.
pub(crate) struct Signer<'a> {
    pub(crate) id: SignerId<'a>,
    pub(crate) digest: ObjectIdentifier,
    pub(crate) signature_algorithm: AlgorithmIdentifierOwned,
    pub(crate) signature: &'a [u8],
    /// What the signature covers: the attributes, as the SET that they are hashed as.
    pub(crate) signed_bytes: Vec<u8>,
    pub(crate) attributes: Attributes<'a>,
}

/// How the signer's certificate is named.
pub(crate) enum SignerId<'a> {
    /// Issuer (DER of a name) and serial number (content of an INTEGER).
    Issued {
        issuer: &'a [u8],
        serial: &'a [u8],
    },
    KeyId(&'a [u8]),
}

/// The signed attributes that matter to a token, each the DER of its one value.
#[derive(Default)]
pub(crate) struct Attributes<'a> {
    pub(crate) content_type: Option<&'a [u8]>,
    pub(crate) message_digest: Option<&'a [u8]>,
    pub(crate) signing_certificate: Option<&'a [u8]>,
    pub(crate) signing_certificate_v2: Option<&'a [u8]>,
}

impl<'a> SignedData<'a> {
    pub(crate) fn parse(token: &'a [u8]) -> Result<Self> {
        let mut outer = Items::of(token, "envelope")?;
        let mut content_info = outer.inside(Tag::Sequence)?;
        if !outer.is_empty() {
            return Err(TimestampError::TrailingBytes);
        }
        must_be(content_info.decode()?, oid::SIGNED_DATA)?;
        let mut explicit = content_info.inside(context(0))?;
        content_info.end()?;
        let mut items = explicit.inside(Tag::Sequence)?;
        explicit.end()?;
        let _version: u8 = items.decode()?;
        let _digests = items.content(Tag::Set)?;
        let content = content(items.inside(Tag::Sequence)?)?;
        let certificates = items.optional(context(0))?.map(certificates).transpose()?.unwrap_or_default();
        let _revocations = items.optional(context(1))?;
        let signers = items.inside(Tag::Set)?;
        items.end()?;
        Ok(Self { content, certificates, signer: the_signer(signers)? })
    }
}

fn must_be(found: ObjectIdentifier, expected: ObjectIdentifier) -> Result<()> {
    if found == expected { Ok(()) } else { Err(TimestampError::NotAToken { oid: found.to_string() }) }
}

fn content<'a>(mut items: Items<'a>) -> Result<&'a [u8]> {
    must_be(items.decode()?, oid::TST_INFO)?;
    let mut explicit = items.inside(context(0))?;
    items.end()?;
    let content = explicit.content(Tag::OctetString)?;
    explicit.end()?;
    Ok(content)
}

fn certificates(content: &[u8]) -> Result<Vec<&[u8]>> {
    let mut items = Items::of(content, "certificates")?;
    let mut certificates = Vec::new();
    while !items.is_empty() {
        if certificates.len() == MOST_CERTIFICATES {
            return Err(items.malformed());
        }
        certificates.push(items.raw()?);
    }
    Ok(certificates)
}

fn the_signer<'a>(mut signers: Items<'a>) -> Result<Signer<'a>> {
    let mut all = Vec::new();
    while !signers.is_empty() && all.len() < 2 {
        all.push(signers.raw()?);
    }
    match all.as_slice() {
        [only] => Signer::parse(only),
        several => Err(TimestampError::SignerCount { count: several.len() }),
    }
}

impl<'a> Signer<'a> {
    fn parse(der: &'a [u8]) -> Result<Self> {
        let mut items = Items::of(der, "signer")?.inside(Tag::Sequence)?;
        let _version: u8 = items.decode()?;
        let id = match items.optional(primitive_context(0))? {
            Some(key_id) => SignerId::KeyId(key_id),
            None => {
                let mut issued = items.inside(Tag::Sequence)?;
                let (issuer, serial) = (issued.raw()?, issued.content(Tag::Integer)?);
                issued.end()?;
                SignerId::Issued { issuer, serial }
            }
        };
        let digest = algorithm(&mut items)?;
        // Without signed attributes nothing would bind the certificate or the content's type to the signature.
        let attributes = items.raw()?;
        let signature_algorithm = items.decode()?;
        let signature = items.content(Tag::OctetString)?;
        let _unsigned = items.optional(context(1))?;
        items.end()?;
        Ok(Self {
            id,
            digest,
            signature_algorithm,
            signature,
            attributes: Attributes::parse(attributes)?,
            // RFC 5652 §5.4: signed as a SET, sent as `[0]`.
            signed_bytes: [&[SET], attributes.get(1..).unwrap_or_default()].concat(),
        })
    }
}

impl<'a> Attributes<'a> {
    fn parse(der: &'a [u8]) -> Result<Self> {
        let mut items = Items::of(der, "signed attributes")?.inside(context(0))?;
        let mut attributes = Self::default();
        while !items.is_empty() {
            let mut attribute = items.inside(Tag::Sequence)?;
            let kind: ObjectIdentifier = attribute.decode()?;
            let mut values = attribute.inside(Tag::Set)?;
            attribute.end()?;
            let place = match kind {
                oid::CONTENT_TYPE => &mut attributes.content_type,
                oid::MESSAGE_DIGEST => &mut attributes.message_digest,
                oid::SIGNING_CERTIFICATE => &mut attributes.signing_certificate,
                oid::SIGNING_CERTIFICATE_V2 => &mut attributes.signing_certificate_v2,
                _ => continue,
            };
            let value = values.raw()?;
            values.end()?;
            // RFC 5652 §11: each of them stands there once.
            if place.replace(value).is_some() {
                return Err(items.malformed());
            }
        }
        Ok(attributes)
    }

    /// Whether the signer signed a `TSTInfo` with this digest.
    pub(crate) fn are_about(&self, digest: &[u8]) -> bool {
        let kind = self.content_type.and_then(|der| ObjectIdentifier::from_der(der).ok());
        let signed = self.message_digest.and_then(|der| <&der::asn1::OctetStringRef>::from_der(der).ok());
        kind == Some(oid::TST_INFO) && signed.is_some_and(|signed| signed.as_bytes() == digest)
    }
}

/// The tag of a SET.
const SET: u8 = 0x31;

/// An authority's chain has two or three.
const MOST_CERTIFICATES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    /// `contentType`, with the type of a token.
    const CONTENT_TYPE: [u8; 28] = [
        0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03, 0x31, 0x0d, 0x06, 0x0b,
        0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04,
    ];

    fn attributes(all: &[&[u8]]) -> Vec<u8> {
        let content = all.concat();
        [&[0xa0, content.len() as u8], &content[..]].concat()
    }

    #[test]
    fn an_attribute_that_matters_stands_there_once_with_one_value() {
        let good = attributes(&[&CONTENT_TYPE]);
        assert_eq!(Attributes::parse(&good).unwrap().content_type, Some(&CONTENT_TYPE[15..]));
        // An attribute that means nothing here may do as it likes.
        let other = [0x30, 0x08, 0x06, 0x02, 0x2a, 0x03, 0x31, 0x02, 0x05, 0x00];
        assert!(Attributes::parse(&attributes(&[&other, &CONTENT_TYPE, &other])).is_ok());
        let mut two_values = CONTENT_TYPE.to_vec();
        two_values.extend([0x05, 0x00]);
        two_values[1] += 2;
        two_values[14] += 2;
        let twice = attributes(&[&CONTENT_TYPE, &CONTENT_TYPE]);
        for wrong in [twice, attributes(&[&two_values]), attributes(&[&CONTENT_TYPE[..20]]), vec![0x31, 0x00]]
        {
            let refused = Attributes::parse(&wrong).map(|_| ());
            assert_eq!(refused, Err(TimestampError::Malformed { part: "signed attributes" }), "{wrong:02x?}");
        }
    }
}
