//! Durable rows behind the ReceiptStore trait: SQLite, read-only opening, in-memory adapter.
