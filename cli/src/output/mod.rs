//! The terminal: colours, tables, text that a terminal can be given safely. Nothing else in this crate knows a terminal.

mod paint;
mod progress;
mod receipts;
mod screen;
mod table;
mod text;

pub(crate) use agent_receipts_core::{harmless_json, printable};
pub(crate) use paint::Tone;
pub(crate) use progress::Progress;
pub(crate) use receipts::{as_json, as_json_of, deed, risk_tone, status_tone, write_rows, write_rows_of};
pub(crate) use screen::{Screen, complain};
pub(crate) use text::{count, cut, total};
