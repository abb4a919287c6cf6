//! Running things: a daemon of our own for as long as it is needed, and commands whose fate we share.

mod child;
mod daemon_process;
mod report;
mod settle;
mod socket_place;

pub(crate) use child::{Ending, heed_signals, wait};
pub(crate) use daemon_process::{DaemonError, DaemonProcess, Launch};
pub(crate) use report::SessionReport;
pub(crate) use settle::settle;
pub(crate) use socket_place::{SocketError, SocketSpot, answers, spot_for};
