//! Whether the daemon's memory grows with what it has recorded.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::load::wait_for_rows;
use crate::{Binaries, EventFrame, Failure, Home, LoadPlan, Target, measure_load};

/// The daemon's resident memory in bytes.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Footprint {
    /// Connections that were open all the while, each of which had sent an event.
    pub connections: usize,
    /// How many events had been recorded at the first look.
    pub early_events: u64,
    /// Memory then.
    pub early: u64,
    /// How many at the second look.
    pub late_events: u64,
    /// Memory then.
    pub late: u64,
    /// The most that ever was resident.
    pub peak: u64,
}

/// Looks at the daemon's memory after `early` and after `late` events, with idle connections beside the load.
///
/// # Errors
///
/// [`Failure`] if the load cannot be put on it.
pub fn measure_footprint(
    early: u64,
    late: u64,
    connections: usize,
    binaries: &Binaries,
    place: &Path,
) -> Result<Footprint, Failure> {
    let home = Home::new(&binaries.daemon, place)?;
    let daemon = home.start()?;
    let mut frame = EventFrame::new(600, false)?;
    let mut idle = Vec::with_capacity(connections);
    for number in 0..connections {
        let mut one = Vec::new();
        frame.write(number as u64, &mut one);
        let mut stream = UnixStream::connect(home.socket()).map_err(Failure::system("connect"))?;
        stream.write_all(&one).map_err(Failure::system("send an event"))?;
        idle.push(stream);
    }
    wait_for_rows(&home.db(), connections as u64, Duration::from_secs(60))?;
    let load = |events: u64| {
        let target = Target::Running { socket: home.socket(), db: Some(home.db()) };
        measure_load(&LoadPlan { events, ..LoadPlan::default() }, &target)
    };
    load(early)?;
    let first = daemon.usage()?;
    load(late.saturating_sub(early).max(8))?;
    let last = daemon.usage()?;
    drop(idle);
    daemon.stop()?;
    Ok(Footprint {
        connections,
        early_events: early,
        early: first.rss,
        late_events: late,
        late: last.rss,
        peak: last.peak_rss,
    })
}
