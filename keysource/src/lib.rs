//! Custody of signing keys: where a key lives, how it signs, and how its public half is published.
//!
//! A [`KeySource`] holds one private key and signs with it; the file adapter is [`FileKeySource`]. A key source never makes a
//! key by itself: a daemon that found no key and went on with a new one would start a history that no old verifier trusts. Keys
//! are made by [`generate_key_pair`] alone.
//!
//! It refuses a key that others could read or could have put there: links, special files, files of other owners, any mode bit
//! for group or world. It shows no key material in an error, in `Debug` or anywhere else, and overwrites what it held. It knows
//! no chain, no database and no rotation.
//!
//! ```
//! use agent_receipts_keysource::{FileKeySource, KeySource, generate_key_pair, random_seed};
//!
//! # let folder = tempfile::tempdir()?;
//! # let (private, public) = (folder.path().join("signing.key"), folder.path().join("signing.key.pub"));
//! let published = generate_key_pair(&private, &public, &random_seed()?)?;
//! let mut source = FileKeySource::new(&private, "did:example:daemon#k1");
//! source.init()?;
//! let signature = source.sign(b"message")?;
//! assert_eq!(published.verify(b"message", &signature), Ok(()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod archive;
mod error;
mod file;
mod files;
#[cfg(feature = "forensic")]
mod forensic;
mod generate;
mod pair;
mod pkcs8;
mod public;
mod source;

// The public interface is:
pub use archive::{Archive, archived_public_keys};
pub use error::{FileError, GenerateError, KeyError, PublicKeyError};
pub use file::FileKeySource;
#[cfg(feature = "forensic")]
pub use forensic::{ForensicKey, ForensicKeyError, generate_forensic_pair, read_forensic_key};
pub use generate::{encode_key_pair, generate_key_pair, public_key_path, random_seed};
pub use public::{publish_public_key, read_public_key};
pub use source::{Algorithm, KeySource};
