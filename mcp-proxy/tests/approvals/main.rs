//! Approvals as those see them who ask and who approve: real sockets, real files, real commands.

mod command;
mod files;
mod place;
mod port;
mod socket;
