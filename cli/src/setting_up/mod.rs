//! Sets agents' hosts up: hooks that record, and the proxy in front of MCP servers, written into configurations that others own.
//!
//! Changes are made at places of the text, so that layout, order and comments stay; undoing takes out what was put in, whatever else
//! was changed meanwhile. What is not plainly understood is told and not touched. Nothing is written before all is planned.

mod address;
mod backup;
mod change;
mod difference;
mod document;
mod edit;
mod file;
mod hooks;
mod hosts;
mod json;
mod layout;
mod mask;
mod plan;
mod remembered;
#[cfg(test)]
mod reversing;
mod secrets;
mod selection;
mod server;
mod servers;
mod toml;
mod tree;
mod unwrap;
mod wrap;

pub(crate) use change::{Change, Deed, What};
pub(crate) use document::DocumentError;
pub(crate) use file::{ConfigFileError, Staged};
pub(crate) use hooks::{HOOK, as_command};
pub(crate) use hosts::{Host, PlaceError, Scope};
pub(crate) use plan::{After, FilePlan, PlanError, Programs, Wish, plan};
pub(crate) use server::PROXY;
pub(crate) use wrap::Proxy;
