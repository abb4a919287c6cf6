//! One limit.

use super::Action;
use super::per::Per;
use super::rule::Scope;

/// How many calls of some tools may be made.
#[derive(Debug)]
pub(super) struct Limit {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) scope: Scope,
    /// Whether each tool is counted by itself; otherwise all that are meant together.
    pub(super) each_tool: bool,
    pub(super) calls: u32,
    pub(super) per: Per,
    /// What is done with one more.
    pub(super) action: Action,
}
