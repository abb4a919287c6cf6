//! The database and its archives, to be read together.

mod merge;
mod open;

pub(crate) use merge::newest;
pub(crate) use open::{ArchivesArgs, Source, open};
