//! Calls that wait for somebody's approval.
// The ways of answering come next.
#![allow(dead_code)]

mod answer;
mod board;
mod desk;
mod question;
mod room;

#[cfg(test)]
mod tests;

pub use answer::{Answer, Approver, Verdict, Way};
pub use desk::{Desk, DeskOptions};
pub(crate) use question::hex;
pub use question::{ApprovalId, Pending, Question};
