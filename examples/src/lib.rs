//! Runnable examples: a first session (`first-session.sh`), a verifier embedded in another program
//! (`src/bin/embed_verifier.rs`), and a program that records what it does (`src/bin/emit_event.rs`).
//!
//! The examples stand in binaries of their own, to be copied; this library holds nothing.
