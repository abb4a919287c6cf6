//! Custody of signing keys behind the KeySource trait; the file adapter.
