//! What happens, told to the daemon.

mod note;
mod recorder;
mod road;
mod ruling;

#[cfg(test)]
mod tests;

pub(crate) use note::Note;
pub(crate) use recorder::{NotRecorded, Recorder, RecorderOptions};
pub(crate) use ruling::{Ruling, SYSTEM};
