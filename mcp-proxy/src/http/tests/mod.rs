//! The bridge, held against servers that do as they should and against servers that do not.

mod front;
mod hostile;
mod house;
mod server;
mod talk;
mod usual;
