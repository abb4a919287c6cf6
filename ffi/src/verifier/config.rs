//! What is asked of the receipts.
#![allow(unsafe_code)]

use std::mem::size_of;

use agent_receipts_chain::Options;
use agent_receipts_core::PublicKey;

use super::session::{Session, Trust};
use crate::boundary::{Extensible, Text};
use crate::code::Err;
use crate::failure::Failure;

/// A flag of `ar_verifier_config`: findings of level error, and rotations that nothing confirms, break a chain.
pub const AR_STRICT: u32 = 1;
/// A flag of `ar_verifier_config`: the last receipt of every chain must close it.
pub const AR_REQUIRE_TERMINAL: u32 = 2;

/// What a verifier makes of a key beside the published one.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyStanding {
    /// One that was in use earlier, as a file beside the published key says. It counts if the published key vouches for it.
    Earlier = 1,
    /// One that whoever verifies knows to be genuine.
    Trusted = 2,
}

/// What is asked of the receipts. Start from `AR_VERIFIER_CONFIG_INIT`; `public_key` is required.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VerifierConfig {
    /// `sizeof(ar_verifier_config)`.
    pub size: usize,
    /// `AR_STRICT`, `AR_REQUIRE_TERMINAL`, both or 0.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
    /// The published key: PEM, `did:key:z…` or multibase (`z…`).
    pub public_key: Text,
    /// The only chain to look at; absent or empty is all of them. One that is not there is not valid.
    pub chain_id: Text,
    /// With `chain_id`: the hash that its last receipt must have, `sha256:` and 64 hex digits. This is what finds a chain that was
    /// cut off at its end.
    pub expected_final_hash: Text,
    /// With `chain_id`: the number of receipts that it must have; 0 asks nothing.
    pub expected_length: u64,
}

// SAFETY: `repr(C)`, `size` first, pointers and numbers only.
unsafe impl Extensible for VerifierConfig {
    const NAME: &'static str = "config";
    const FIRST: usize = size_of::<usize>() + 8 + 3 * size_of::<Text>() + size_of::<u64>();
}

impl VerifierConfig {
    /// Judges it, and makes a session accordingly.
    ///
    /// # Safety
    ///
    /// Its texts are as [`Text`] says.
    pub(super) unsafe fn session(&self) -> Result<Session, Failure> {
        if self.flags & !(AR_STRICT | AR_REQUIRE_TERMINAL) != 0 || self.reserved != 0 {
            let why = format!("flags {:#x} and reserved {:#x} hold unknown ones", self.flags, self.reserved);
            return Err(Failure::new(Err::Flags, why));
        }
        // SAFETY: passed on from the caller, for all of them.
        let text = |text: &Text, what| unsafe { text.read(what) }.map(|text| text.unwrap_or("").to_owned());
        let published = key(&text(&self.public_key, "public_key")?)?;
        let only = Some(text(&self.chain_id, "chain_id")?).filter(|id| !id.is_empty());
        let final_hash = Some(text(&self.expected_final_hash, "expected_final_hash")?);
        let options = Options {
            expected_length: Some(self.expected_length).filter(|length| *length > 0),
            expected_final_hash: final_hash.filter(|hash| !hash.is_empty()),
            require_terminal: self.flags & AR_REQUIRE_TERMINAL != 0,
            strict: self.flags & AR_STRICT != 0,
            ..Options::default()
        };
        if only.is_none() && (options.expected_length.is_some() || options.expected_final_hash.is_some()) {
            let why = "`expected_final_hash` and `expected_length` are of one chain: set `chain_id`";
            return Err(Failure::new(Err::Flags, why));
        }
        Ok(Session::new(Trust::new(published), only, options))
    }
}

impl KeyStanding {
    pub(super) fn from_number(number: i32) -> Result<Self, Failure> {
        [Self::Earlier, Self::Trusted]
            .into_iter()
            .find(|standing| *standing as i32 == number)
            .ok_or_else(|| Failure::new(Err::Flags, format!("{number} is no standing of a key")))
    }
}

/// A public key in one of its three spellings.
pub(super) fn key(text: &str) -> Result<PublicKey, Failure> {
    let text = text.trim();
    let key = match text {
        _ if text.starts_with("did:key:") => PublicKey::from_did_key(text),
        _ if text.starts_with('z') => PublicKey::from_multibase(text),
        _ => PublicKey::from_pem(text),
    };
    key.map_err(|error| Failure::new(Err::Key, format!("public key: {error}")))
}
