//! The spellings of a forensic private key (operations §4.2).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::files::LARGEST_KEY_FILE;

type Secret = Zeroizing<[u8; LENGTH]>;

/// The key that `content` spells. 32 bytes are always the key itself, whatever they look like.
pub(super) fn decode(content: &[u8]) -> Option<Secret> {
    if content.len() == LENGTH {
        return exactly(content);
    }
    let text = content.trim_ascii();
    match text.len() {
        HEX_DIGITS => hex(text),
        BASE64_DIGITS => base64(text),
        PADDED_DIGITS => base64(text.strip_suffix(b"=")?),
        _ => pem(text),
    }
}

fn exactly(bytes: &[u8]) -> Option<Secret> {
    let mut secret = Secret::new([0; LENGTH]);
    (bytes.len() == LENGTH).then(|| {
        secret.copy_from_slice(bytes);
        secret
    })
}

fn hex(text: &[u8]) -> Option<Secret> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut secret = Secret::new([0; LENGTH]);
    for (at, pair) in text.chunks_exact(2).enumerate() {
        secret[at] = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
    }
    Some(secret)
}

/// 43 digits of one alphabet or the other; the two bits to spare in the last one must be zero.
fn base64(text: &[u8]) -> Option<Secret> {
    let mut buffer = Zeroizing::new([0; BASE64_DIGITS]);
    let engines = [URL_SAFE_NO_PAD, STANDARD_NO_PAD];
    let length = engines.iter().find_map(|engine| engine.decode_slice(text, buffer.as_mut()).ok())?;
    exactly(&buffer[..length])
}

fn pem(text: &[u8]) -> Option<Secret> {
    let mut buffer = Zeroizing::new([0; LARGEST_KEY_FILE]);
    let (label, der) = pem_rfc7468::decode(text, buffer.as_mut()).ok()?;
    (label == "PRIVATE KEY").then(|| exactly(der.strip_prefix(&PKCS8_PREFIX)?)).flatten()
}

const LENGTH: usize = 32;
const HEX_DIGITS: usize = 64;
const BASE64_DIGITS: usize = 43;
const PADDED_DIGITS: usize = 44;

/// DER up to the key: sequence, version 0, id-X25519, octet string of an octet string (RFC 8410 §7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20];

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};

    /// Bytes whose base64 differs between the alphabets.
    const KEY: [u8; 32] = [0xfb; 32];

    fn is_key(content: &[u8]) -> bool {
        decode(content).is_some_and(|secret| *secret == KEY)
    }

    #[test]
    fn every_spelling_of_one_key() {
        let digits: String = KEY.iter().map(|byte| format!("{byte:02x}")).collect();
        let der = [&PKCS8_PREFIX[..], &KEY].concat();
        let pem = pem_rfc7468::encode_string("PRIVATE KEY", pem_rfc7468::LineEnding::LF, &der).unwrap();
        for text in [
            digits.clone(),
            digits.to_uppercase(),
            STANDARD.encode(KEY),
            STANDARD_NO_PAD.encode(KEY),
            URL_SAFE.encode(KEY),
            URL_SAFE_NO_PAD.encode(KEY),
            pem,
        ] {
            for around in [text.clone(), format!("{text}\n"), format!("  {text}\r\n")] {
                assert!(is_key(around.as_bytes()), "{around:?}");
            }
        }
        assert!(is_key(&KEY));
        // 32 bytes are never taken for text.
        assert_eq!(
            *decode(b"0123456789abcdef0123456789abcdef").unwrap(),
            *b"0123456789abcdef0123456789abcdef"
        );
    }

    #[test]
    fn what_spells_no_key() {
        let digits = "fb".repeat(32);
        let base64 = STANDARD_NO_PAD.encode(KEY);
        let der = [&PKCS8_PREFIX[..], &KEY].concat();
        let pem = |label: &str, der: &[u8]| {
            pem_rfc7468::encode_string(label, pem_rfc7468::LineEnding::LF, der).unwrap()
        };
        let mut ed25519 = der.clone();
        ed25519[11] = 0x70;
        for text in [
            String::new(),
            "x".repeat(31),
            "x".repeat(33),
            digits.replace('f', "g"),
            digits[1..].to_owned(),
            format!("+{}", &digits[1..]),
            // Bits to spare that are not zero, both alphabets in one text, padding within.
            format!("{}x", &base64[..42]),
            base64.replacen('+', "-", 1).replacen('/', "_", 0),
            format!("{}==", &base64[..42]),
            pem("PUBLIC KEY", &der),
            pem("PRIVATE KEY", &ed25519),
            pem("PRIVATE KEY", &der[..47]),
            pem("PRIVATE KEY", &[&der[..], &[0]].concat()),
            pem("PRIVATE KEY", &der) + &pem("PRIVATE KEY", &der),
        ] {
            assert!(decode(text.as_bytes()).is_none(), "{text:?}");
        }
    }
}
