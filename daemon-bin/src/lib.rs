//! The only process that holds the signing key and a writable store.
