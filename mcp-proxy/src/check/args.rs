//! The command line of `check`.

use std::path::PathBuf;

/// Say what a policy would do with calls, and run the policy's own tests.
///
/// Reads calls from standard input, one a line: `{"server": …, "tool": …, "arguments": …}` or the message of a client. Exits with 0 where all
/// could be judged and all tests passed, with 1 where a test failed, with 2 where a line or the rules cannot be read.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// The rules [default: the built-in ones].
    pub(super) rules: Option<PathBuf>,
    /// The server of calls that name none.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(super) name: String,
    /// Run the tests in the rules file alone, and read no calls.
    #[arg(long)]
    pub(super) test: bool,
    /// Print a JSON object a line.
    #[arg(long)]
    pub(super) json: bool,
    /// Print the built-in rules, to begin a file with.
    #[arg(long, conflicts_with_all = ["rules", "test", "json", "name"])]
    pub(super) defaults: bool,
}
