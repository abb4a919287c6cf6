//! Calls that wait for somebody's approval.

mod answer;
mod question;

pub use answer::{Answer, Approver, Way};
pub use question::{ApprovalId, Question};
