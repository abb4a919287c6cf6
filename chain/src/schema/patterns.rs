//! The patterns of the published schema.

use agent_receipts_core::ReceiptHash;

/// `urn:receipt:<lower-case uuid>`.
pub(crate) fn is_receipt_id(text: &str) -> bool {
    text.strip_prefix("urn:receipt:").is_some_and(is_uuid)
}

/// `act_<lower-case uuid>`.
pub(crate) fn is_action_id(text: &str) -> bool {
    text.strip_prefix("act_").is_some_and(is_uuid)
}

/// `sha256:<64 hex>`.
pub(crate) fn is_hash(text: &str) -> bool {
    text.parse::<ReceiptHash>().is_ok()
}

/// Text of the standard base64 alphabet with its padding.
pub(crate) fn is_base64(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && text.len().is_multiple_of(4)
        && text.len() - body.len() <= 2
        && body.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// Text of the base64url alphabet without padding, of a length that can be decoded.
pub(crate) fn is_base64url(text: &str) -> bool {
    text.len() % 4 != 1 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let uuid = "27fc9534-29ff-45da-8432-583f2223c6a1";
        assert!(is_receipt_id(&format!("urn:receipt:{uuid}")) && is_action_id(&format!("act_{uuid}")));
        for wrong in [
            "",
            "urn:receipt:",
            uuid,
            &format!("urn:receipt:{}", uuid.to_uppercase()),
            &format!("urn:receipt:{uuid}0"),
            &format!("urn:receipt:{}", uuid.replace('-', "0")),
            &format!("urn:receipt: {uuid}"),
        ] {
            assert!(!is_receipt_id(wrong), "{wrong}");
        }
    }

    #[test]
    fn base64() {
        assert!(is_base64("AAA=") && is_base64("AA==") && is_base64("A+/0"));
        for wrong in ["", "=", "A===", "AAA", "AA=A", "A-_0", "AAAA AAAA"] {
            assert!(!is_base64(wrong), "{wrong}");
        }
        assert!(is_base64url("A-_0") && !is_base64url("A") && !is_base64url("AA==") && !is_base64url("A+"));
    }
}
