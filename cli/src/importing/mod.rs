//! Taking in what was recorded elsewhere, as archives that are read and never written.

mod lines;
mod name;
mod take_in;

pub(crate) use lines::ImportError;
pub(crate) use take_in::{TakeIn, Taken, archived_chains};
