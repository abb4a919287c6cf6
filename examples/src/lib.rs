//! Runnable examples of embedding agent-receipts.
