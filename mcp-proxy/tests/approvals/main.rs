//! Approvals as those see them who ask and who approve: real sockets, real files, real commands.

#![allow(clippy::unwrap_used)]

mod command;
mod files;
mod place;
mod port;
mod receiver;
mod relay;
mod socket;
mod terminal;
mod through_the_proxy;
mod watching;
