//! Developer tasks: everything that CI does beyond what `cargo` itself offers, runnable by anyone.
//!
//! ```text
//! cargo xtask test        every test there is, the interoperability tests included
//! cargo xtask layering    the directions between crates, held against a table
//! cargo xtask house       file lengths, lints, forbidden mentions
//! cargo xtask licences    every dependency's licence and origin, offline
//! cargo xtask claims      each property that a document states names a test that exists
//! cargo xtask header      the committed C header, held against the sources; `--write` makes it
//! cargo xtask behaviours  the README's table of what holds in every language, held against the last run
//! cargo xtask emit-cost   what an event costs its caller in each language, beside a published client
//! cargo xtask c-library   the C library as it is shipped, with its header, for pkg-config and CMake
//! cargo xtask fuzz        every fuzz target for half a minute, on any toolchain
//! cargo xtask deb         a Debian package of the release
//! cargo xtask formula     the Homebrew formula of a release
//! ```
//!
//! Each check is a pure function over what was read, so that its own tests can feed it a breach, and each
//! also runs against this very workspace in `tests/workspace.rs`. A check reports every breach it finds, not
//! only the first. Nothing here is linked into a product crate, and nothing here links one.

mod behaviours;
mod c_library;
mod claims;
mod command;
mod fuzz;
mod go_library;
mod header;
mod house;
mod layering;
mod licences;
mod package;
mod source;
mod test;
mod workspace;

// The public interface is:
pub use behaviours::{
    Behaviour, Behaviours, BehavioursError, ReadmeError, Row, Run, Table, TableBreach, TableError,
    check_table,
};
pub use claims::{Claim, ClaimBreach, Ledger, LedgerError, check_claims};
pub use command::main;
pub use house::{HouseBreach, check_house};
pub use layering::{
    Breach, Edge, Graph, HOUSE, Kind, Room, VIEWS, View, check_layering, check_view, closure_of_view,
};
pub use licences::{LicenceBreach, PolicyError, SupplyPolicy, check_licences};
pub use source::{MentionBreach, check_mentions};
pub use test::Tally;
pub use workspace::{TrackedFile, Workspace, WorkspaceError};
