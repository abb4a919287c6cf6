//! In front of a remote server: Streamable HTTP, as the official SDKs speak it.
// Those who use it come next.
#![allow(dead_code)]

mod bridge;
mod connector;
mod credentials;
mod endpoint;
mod failure;
mod front;
mod gate;
mod mirror;
mod outline;
mod remote;
mod sse;
mod stamp;

#[cfg(test)]
mod tests;
