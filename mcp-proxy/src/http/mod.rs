//! In front of a remote server: Streamable HTTP, as the official SDKs speak it.

mod backlog;
mod bridge;
mod connector;
mod credentials;
mod endpoint;
mod failure;
mod front;
mod gate;
mod mirror;
mod options;
mod outline;
mod remote;
mod run;
mod sse;
mod stamp;

#[cfg(test)]
mod tests;

pub(crate) use endpoint::Endpoint;
pub(crate) use options::{HttpError, HttpOptions};
pub(crate) use run::run;
