//! The proxy as agents start it: a process between a client and a server, and a socket where the daemon would listen.

// A test that cannot go on should stop where it stands, in a helper as well.
#![allow(clippy::unwrap_used)]

mod approvals;
mod calls;
mod daemon;
mod ends;
mod hostile_clients;
mod hostile_servers;
mod listening;
mod policy;
mod recording;
mod remote;
// The server over HTTP is that of the unit tests.
#[path = "../../src/http/tests/server.rs"]
mod remote_server;
mod secure;
mod server;
mod wrapped;
