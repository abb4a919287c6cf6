//! The sender's randomness as an argument: HPKE asks a generator, and we hold the bytes.

use std::convert::Infallible;

use hpke::rand_core::{TryCryptoRng, TryRng};

/// Gives out a seed once. The ephemeral key is `DeriveKeyPair(seed)` (RFC 9180 §7.1.3), as in the vectors.
pub(super) struct Seed<'s> {
    rest: &'s [u8],
    /// Somebody asked for more than there was; what was made from it must not be used.
    pub(super) is_exhausted: bool,
}

impl<'s> Seed<'s> {
    pub(super) fn new(seed: &'s [u8; 32]) -> Self {
        Self { rest: seed, is_exhausted: false }
    }
}

impl TryRng for Seed<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        match self.rest.split_at_checked(out.len()) {
            Some((given, rest)) => {
                out.copy_from_slice(given);
                self.rest = rest;
            }
            None => {
                out.fill(0);
                self.is_exhausted = true;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for Seed<'_> {}
