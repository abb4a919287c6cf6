//! Checkpoints leave the daemon's reach, whatever the sinks, the network and the disk do.
#![allow(clippy::unwrap_used)]

mod configuring;
mod crash;
mod disk_full;
mod faults;
mod file;
mod history;
mod log;
mod openssl;
mod process;
mod review;
#[cfg(feature = "s3")]
mod s3;
mod server;
mod several;
mod station;
mod timestamp;
mod tls;
mod unfriendly;
mod unit;
mod witness;
