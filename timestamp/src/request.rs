//! Asking an authority, and reading its answer (RFC 3161 §2.4).

use der::Tag;
use thiserror::Error;

use crate::error::TimestampError;
use crate::info::number;
use crate::items::Items;
use crate::verify::MAX_TOKEN;

/// An answer without a token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ResponseError {
    /// Longer than any answer.
    #[error("the answer has {bytes} bytes, and none needs more than {}", MAX_TOKEN + MOST_AROUND)]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Not the strict DER of a `TimeStampResp`.
    #[error("the answer is not that of a time-stamp authority")]
    Malformed,
    /// The authority refused.
    #[error("the time-stamp authority refused with status {status}: {text}")]
    Refused {
        /// 2 rejection, 3 waiting, 4 and 5 about revocation; other numbers are the authority's own.
        status: u64,
        /// What it says, clipped, on one line.
        text: String,
    },
    /// Granted, and nothing there.
    #[error("the time-stamp authority granted a token and sent none")]
    NoToken,
}

/// The DER of a `TimeStampReq` for a SHA-256 hash. The authority is asked to send its certificate along.
///
/// `nonce` should be random: it shows that the answer was made for this question.
pub fn request(imprint: &[u8; 32], nonce: Option<u64>) -> Vec<u8> {
    let mut body = vec![0x02, 0x01, 0x01];
    body.extend_from_slice(SHA_256_IMPRINT);
    body.extend_from_slice(imprint);
    if let Some(nonce) = nonce {
        // DER: no more bytes than it takes, and a zero before a first bit that would be a sign.
        let bytes = [&[0][..], &nonce.to_be_bytes()].concat();
        let from = bytes.windows(2).take_while(|pair| pair[0] == 0 && pair[1] & 0x80 == 0).count();
        let digits = &bytes[from.min(bytes.len() - 1)..];
        body.extend_from_slice(&[0x02, digits.len() as u8]);
        body.extend_from_slice(digits);
    }
    body.extend_from_slice(&[0x01, 0x01, 0xff]);
    [&[0x30, body.len() as u8], &body[..]].concat()
}

/// The DER of the token in a `TimeStampResp`. Nothing about the token is checked.
///
/// # Errors
///
/// [`ResponseError`].
pub fn token_of_response(response: &[u8]) -> Result<&[u8], ResponseError> {
    if response.len() > MAX_TOKEN + MOST_AROUND {
        return Err(ResponseError::TooLarge { bytes: response.len() });
    }
    let (status, token) = parse(response).map_err(|_| ResponseError::Malformed)?;
    match (status, token) {
        ((0 | 1, _), Some(token)) => Ok(token),
        ((0 | 1, _), None) => Err(ResponseError::NoToken),
        ((status, text), _) => Err(ResponseError::Refused { status, text }),
    }
}

type Status = (u64, String);

fn parse(response: &[u8]) -> Result<(Status, Option<&[u8]>), TimestampError> {
    let mut outer = Items::of(response, "answer")?;
    let mut items = outer.inside(Tag::Sequence)?;
    outer.end()?;
    let mut info = items.inside(Tag::Sequence)?;
    let status = number(info.content(Tag::Integer)?).ok_or_else(|| info.malformed())?;
    let text = info.optional(Tag::Sequence)?.map(text_of).transpose()?.unwrap_or_default();
    let _failure = info.optional(Tag::BitString)?;
    info.end()?;
    let token = if items.is_empty() { None } else { Some(items.raw()?) };
    items.end()?;
    Ok(((status, text), token))
}

fn text_of(content: &[u8]) -> Result<String, TimestampError> {
    let mut items = Items::of(content, "answer")?;
    let mut text = String::new();
    while !items.is_empty() && text.len() < MOST_TEXT {
        let line = String::from_utf8_lossy(items.content(Tag::Utf8String)?);
        text.extend(line.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(MOST_TEXT));
        text.push(' ');
    }
    Ok(text.trim_end().to_owned())
}

/// A `MessageImprint` up to the hash: `SEQUENCE { SEQUENCE { sha256, NULL }, OCTET STRING … }`.
const SHA_256_IMPRINT: &[u8] = &[
    0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
    0x04, 0x20,
];

/// Bytes of an answer around its token.
const MOST_AROUND: usize = 4096;
/// Characters of an authority's own words.
const MOST_TEXT: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_are_written_as_der_wants_them() {
        for (nonce, integer) in [
            (0, &[0x02, 0x01, 0x00][..]),
            (0x7f, &[0x02, 0x01, 0x7f]),
            (0x80, &[0x02, 0x02, 0x00, 0x80]),
            (0x1234, &[0x02, 0x02, 0x12, 0x34]),
            (u64::MAX, &[0x02, 0x09, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ] {
            let request = request(&[7; 32], Some(nonce));
            assert!(
                request.windows(integer.len()).any(|window| window == integer),
                "{nonce:#x}: {request:02x?}"
            );
            assert_eq!(usize::from(request[1]), request.len() - 2);
        }
    }

    #[test]
    fn an_answer_without_a_token_is_told_apart() {
        let refusal =
            [0x30, 0x0d, 0x30, 0x0b, 0x02, 0x01, 0x02, 0x30, 0x06, 0x0c, 0x04, b'n', b'o', b'\n', b'!'];
        assert_eq!(
            token_of_response(&refusal),
            Err(ResponseError::Refused { status: 2, text: "no\u{fffd}!".to_owned() })
        );
        assert_eq!(
            token_of_response(&[0x30, 0x05, 0x30, 0x03, 0x02, 0x01, 0x00]),
            Err(ResponseError::NoToken)
        );
        for answer in
            [&[][..], b"<html>", &[0x30], &[0x30, 0x80, 0, 0], &[0x30, 0x05, 0x30, 0x03, 0x02, 0x01]]
        {
            assert_eq!(token_of_response(answer), Err(ResponseError::Malformed), "{answer:02x?}");
        }
        let endless = vec![0x30; MAX_TOKEN + MOST_AROUND + 1];
        assert!(matches!(token_of_response(&endless), Err(ResponseError::TooLarge { .. })));
    }
}
