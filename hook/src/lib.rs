//! `agent-receipts-hook`: what an agent's host tells its hooks, sent to the daemon as events.
//!
//! The host starts it for each of its events and hands over one JSON object on standard input. It understands Claude Code, Codex, and
//! a documented form of its own (`docs/hooks.md`); which of them it is, it sees by itself. It records everything that it is handed: what it
//! cannot read it records as such, with a digest.
//!
//! It refuses to get in the agent's way: it writes nothing to standard output, takes no decision, waits for the daemon at most an eighth
//! of a second (or as `--patience` says), and exits with 0 whatever happens, unless `--strict` is given. It trusts nothing that it is
//! handed: lengths are bounded before anything is allocated, and of a transcript only the tail is read. What could not be sent is
//! counted, and the next call of the same session tells the daemon.
//!
//! ```sh
//! echo '{"tool":"deploy","input":{"to":"staging"}}' | agent-receipts-hook
//! ```

mod agent;
mod args;
mod failure_of;
mod host;
mod input;
mod noted;
mod run;
mod send;
mod tool;
mod transcript;

// The public interface is:
pub use run::run;
