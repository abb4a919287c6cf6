//! Licences and origins of every dependency, held against `deny.toml` without a network.
//!
//! The advisory database is not read here: that needs a network, and `cargo deny check` does it.

mod check;
mod policy;

pub use check::{LicenceBreach, check_licences};
pub use policy::{PolicyError, SupplyPolicy};
