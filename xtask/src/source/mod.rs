//! What the sources say, read as text: code apart from comments, strings and tests.

mod code;
mod mentions;
mod test_files;
mod test_names;

pub(crate) use code::{code_only, without_tests};
pub use mentions::{MentionBreach, check_mentions};
pub(crate) use test_files::test_files;
pub(crate) use test_names::{go_tests, node_tests, python_tests, rust_tests};
