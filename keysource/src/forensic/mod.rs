//! The key pair of forensic disclosure (X25519), which signs nothing: making it, and reading the half that opens envelopes.

mod decode;
mod generate;
mod read;

pub use generate::generate_forensic_pair;
pub use read::{ForensicKey, ForensicKeyError, read_forensic_key};
