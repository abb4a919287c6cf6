//! What the two sides say: a client's messages strictly, a server's as far as they can be read.

mod client;
mod fault;
mod fold;
mod id;
mod methods;
mod rounds;
mod server;
mod split;

#[cfg(test)]
mod tests;

pub use client::{Decoded, MAX_NAME, Message, Reply, Request, ToolCall, decode};
pub use fault::{MessageFault, Refusal};
pub use id::{Id, MAX_ID};
pub(crate) use methods::{is_recorded_by_client, is_recorded_by_server};
pub use rounds::Answers;
pub(crate) use rounds::questions;
pub(crate) use server::{Heard, Outcome, hear};
