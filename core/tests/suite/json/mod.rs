//! Our JSON against other implementations, and payloads as the reference daemon reads them.

mod checking;
mod differential;
mod documents;
mod frame_rules;
mod payload_numbers;
mod payload_text;
mod properties;
