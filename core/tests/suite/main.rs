//! What core promises, held against published vectors, our own corpus, other implementations and chance.
//!
//! Everything under `published` reads the folder that `AGENT_RECEIPTS_SHARED` names, and says so where it is
//! not set; each rule there has a test of its own elsewhere in this crate.
#![cfg(feature = "crypto")]

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod json;
#[cfg(test)]
mod published;
#[cfg(test)]
mod receipts;
#[cfg(test)]
mod support;
