//! The bridge, held against servers that do as they should and against servers that do not.

mod hostile;
mod server;
mod talk;
mod usual;
