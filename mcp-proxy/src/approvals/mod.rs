//! Calls that wait for somebody's approval.

mod answer;
mod board;
mod command;
mod desk;
mod office;
mod place;
mod question;
mod room;
mod routes;
mod terminal;

#[cfg(test)]
mod tests;

pub use answer::{Answer, Approver, Verdict, Way};
pub use desk::{Desk, DeskOptions, Endpoint, UnknownEndpoint};
pub use place::EndpointError;
pub(crate) use question::hex;
pub use question::{ApprovalId, Pending, Question};
pub(crate) use terminal::{ApprovalsArgs, run as at_terminal};
