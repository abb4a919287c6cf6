//! A key pair in memory, by the backend that the features choose. Both sign alike: Ed25519 is deterministic.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(not(feature = "aws-lc-rs"))]
mod ring;

#[cfg(feature = "aws-lc-rs")]
pub(crate) use aws_lc::KeyPair;
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) use ring::KeyPair;

#[cfg(test)]
mod tests {
    use super::KeyPair;

    /// RFC 8032 §7.1, TEST 2.
    #[test]
    fn signs_as_the_standard_says() {
        let seed = bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let pair = KeyPair::from_seed(&seed).unwrap();
        let public = "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c";
        assert_eq!(pair.public_key().as_bytes().as_slice(), bytes(public));
        let signature = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        assert_eq!(pair.sign(&[0x72]).as_bytes().as_slice(), bytes(signature));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        assert!(KeyPair::from_seed(&[7; 31]).is_none());
        assert!(KeyPair::from_seed(b"").is_none());
    }

    #[test]
    fn is_not_printed() {
        let pair = KeyPair::from_seed(&[7; 32]).unwrap();
        assert_eq!(format!("{pair:?}"), "KeyPair(..)");
    }

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }
}
