//! How large the measurements are.

/// Sizes of everything that is measured.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Scale {
    /// Events of a load.
    pub events: u64,
    /// Events of the emitter that waits for each acknowledgement.
    pub lone_events: u64,
    /// Receipts of the databases that are verified and grown, ascending.
    pub sizes: [u64; 3],
    /// Events after which the daemon's memory is looked at.
    pub footprint: (u64, u64),
    /// Connections that are open then.
    pub connections: usize,
}

impl Scale {
    /// The sizes that the goals are about: some minutes.
    pub const FULL: Self = Self {
        events: 200_000,
        lone_events: 10_000,
        sizes: [10_000, 100_000, 1_000_000],
        footprint: (200_000, 1_000_000),
        connections: 500,
    };

    /// Small sizes, to see that everything works: half a minute, and figures that say little.
    pub const QUICK: Self = Self {
        events: 20_000,
        lone_events: 1000,
        sizes: [1000, 10_000, 50_000],
        footprint: (10_000, 30_000),
        connections: 100,
    };
}
