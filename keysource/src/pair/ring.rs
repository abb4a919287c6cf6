//! ring's key pair, with bytes that are overwritten when it is dropped.
//!
//! ring's `Ed25519KeyPair` holds the private scalar and prefix as plain bytes and leaves them in memory when dropped. Here it
//! lives behind a box, at one address for its whole life, as a `MaybeUninit` that is overwritten at the end.
//!
//! Known gap: ring returns the pair by value, so while it is made a copy passes over the stack, and nobody can overwrite it from
//! outside.
#![allow(unsafe_code)]

use std::fmt;
use std::mem::MaybeUninit;

use agent_receipts_core::{PublicKey, Signature};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use zeroize::Zeroize;

/// An Ed25519 key pair that cannot be printed, copied or left behind.
pub(crate) struct KeyPair {
    // INVARIANT: initialised from construction until drop.
    pair: Box<MaybeUninit<Ed25519KeyPair>>,
}

impl KeyPair {
    /// From a seed of 32 bytes.
    pub(crate) fn from_seed(seed: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_seed_unchecked(seed).ok().map(Self::new)
    }

    fn new(pair: Ed25519KeyPair) -> Self {
        // Overwriting instead of dropping is right only for a type that owns nothing.
        const { assert!(!std::mem::needs_drop::<Ed25519KeyPair>()) };
        Self { pair: Box::new(MaybeUninit::new(pair)) }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        let mut bytes = [0; 64];
        bytes.copy_from_slice(self.pair().sign(message).as_ref());
        Signature::from_bytes(bytes)
    }

    pub(crate) fn public_key(&self) -> PublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair().public_key().as_ref());
        PublicKey::from_bytes(bytes)
    }

    fn pair(&self) -> &Ed25519KeyPair {
        // SAFETY: `new` initialises the pair, and nothing but `drop` overwrites it.
        unsafe { self.pair.assume_init_ref() }
    }
}

impl Drop for KeyPair {
    fn drop(&mut self) {
        // Volatile writes that the compiler may not leave out. The box then frees the memory without dropping a pair.
        self.pair.zeroize();
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyPair(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dropping_overwrites_every_byte() {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
        let public = <[u8; 32]>::try_from(pair.public_key().as_ref()).unwrap();
        let mut held = std::mem::ManuallyDrop::new(KeyPair::new(pair));
        let bytes = |held: &KeyPair| -> Vec<u8> {
            let start = held.pair.as_ptr().cast::<u8>();
            // SAFETY: the box is alive, and the pair is three arrays of bytes without padding.
            unsafe { std::slice::from_raw_parts(start, size_of::<Ed25519KeyPair>()) }.to_vec()
        };
        assert!(bytes(&held).windows(32).any(|window| window == public));
        // As `drop` does, but with the memory still there to be looked at.
        held.pair.zeroize();
        assert!(bytes(&held).iter().all(|byte| *byte == 0));
        // SAFETY: never used again. Overwriting twice does no harm.
        unsafe { std::mem::ManuallyDrop::drop(&mut held) };
    }
}
