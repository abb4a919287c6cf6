//! The secret that tells who may speak on a port.

use std::fmt;

use hyper::header::{AUTHORIZATION, HeaderMap};
use ring::rand::SecureRandom;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::approvals::hex;

/// 256 random bits, wiped when they are no longer needed. Neither shown nor compared but by [`Token::admits`].
pub(crate) struct Token(Zeroizing<String>);

/// The system gives no randomness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the system gives no randomness")]
pub(crate) struct NoRandomness;

impl Token {
    /// A new one.
    pub(crate) fn random(random: &dyn SecureRandom) -> Result<Self, NoRandomness> {
        let mut bits = Zeroizing::new([0; 32]);
        random.fill(bits.as_mut()).map_err(|_| NoRandomness)?;
        Ok(Self(Zeroizing::new(hex(bits.as_ref()))))
    }

    /// For the file that holds it, and for nothing else.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// Whether a request bears it: one header `Authorization: Bearer …`, compared in a time that tells nothing of where it differs.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> bool {
        let mut given = headers.get_all(AUTHORIZATION).iter();
        let (Some(given), None) = (given.next(), given.next()) else { return false };
        let Some((scheme, given)) = given.as_bytes().split_at_checked(SCHEME.len()) else { return false };
        let known = scheme.eq_ignore_ascii_case(SCHEME);
        known & bool::from(self.0.as_bytes().ct_eq(given))
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

const SCHEME: &[u8] = b"Bearer ";

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (AUTHORIZATION, value.parse().unwrap())).collect()
    }

    #[test]
    fn only_the_whole_token_once_is_the_token() {
        let random = ring::rand::SystemRandom::new();
        let (token, other) = (Token::random(&random).unwrap(), Token::random(&random).unwrap());
        let right = format!("Bearer {}", token.reveal());
        assert_eq!(token.reveal().len(), 64);
        assert!(token.admits(&headers(&[&right])));
        assert!(token.admits(&headers(&[&format!("bearer {}", token.reveal())])));
        for wrong in [
            "",
            "Bearer",
            "Bearer ",
            &format!("Bearer {}", other.reveal()),
            &right[..right.len() - 1],
            &format!("{right}0"),
            &format!("Basic  {}", token.reveal()),
            &format!("Bearer  {}", token.reveal()),
            &right.to_uppercase(),
            token.reveal(),
        ] {
            assert!(!token.admits(&headers(&[wrong])), "{wrong}");
        }
        assert!(!token.admits(&headers(&[])));
        assert!(!token.admits(&headers(&[&right, &right])), "two headers are no answer to which counts");
    }

    #[test]
    fn a_token_is_not_printed() {
        let token = Token::random(&ring::rand::SystemRandom::new()).unwrap();
        assert!(!format!("{token:?}").contains(&token.reveal()[..8]));
    }
}
