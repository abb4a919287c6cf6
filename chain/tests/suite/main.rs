//! The rules of a chain, as a verifier's user sees them.

// Clippy allows this in test functions, and not in what they share.
#![allow(clippy::unwrap_used)]

mod asked;
mod audit;
mod checkpoints;
mod events;
mod extension;
mod findings;
mod lineage;
mod published;
mod review;
mod rotation;
mod stores;
mod support;
mod tamper;
mod timestamps;
mod tree;
mod verdict;
