//! The operator's words: set up, run, list, show, verify, tail, export.
