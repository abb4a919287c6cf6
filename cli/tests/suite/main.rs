//! The program as an operator meets it: command lines in, text and exit codes out.

// A test that cannot go on should stop where it stands, in a helper as well.
#![allow(clippy::unwrap_used)]

mod anchoring;
mod attesting;
#[path = "../../../timestamp/tests/authority/mod.rs"]
mod authority;
mod backing_up;
mod chains;
mod checkpoints;
mod clock_steps;
mod compacting;
mod daemon;
mod disclosing;
mod doctor;
mod emitting;
mod executing;
mod exporting;
mod extending;
mod fixtures;
mod following;
mod generated;
mod help;
mod house;
mod importing;
mod init;
mod keys;
mod page;
mod reading;
mod retiring;
mod review;
mod rotating;
mod running;
mod service;
mod setting_up;
mod timestamps;
mod usage;
mod verifying;
mod verifying_events;
mod verifying_files;
