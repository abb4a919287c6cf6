//! Benchmarks of agent-receipts. This library is empty: each program stands under `benches/`.
//!
//! Tests never time anything; what is measured is measured here, as a ratio within one run where machines differ.
