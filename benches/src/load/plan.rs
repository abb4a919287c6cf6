//! What a load consists of.

use std::path::PathBuf;

use serde::Serialize;

use crate::Failure;

/// How many emitters send how much.
#[derive(Debug, Clone, Serialize, clap::Args)]
pub struct LoadPlan {
    /// Emitter processes.
    #[arg(long, default_value_t = 8)]
    pub emitters: u64,
    /// Connections of each emitter process, one thread each.
    #[arg(long, default_value_t = 1)]
    pub connections: u64,
    /// Events in all.
    #[arg(long, default_value_t = 100_000)]
    pub events: u64,
    /// Unanswered events on a connection; without acknowledgements, events that go out in one write.
    #[arg(long, default_value_t = 64)]
    pub in_flight: usize,
    /// The length of a frame's body in bytes.
    #[arg(long, default_value_t = 600)]
    pub frame_bytes: usize,
    /// Ask for no acknowledgement: the end is then seen in the database.
    #[arg(long = "no-ack", action = clap::ArgAction::SetFalse)]
    pub acknowledged: bool,
    /// Seconds after which a run is given up.
    #[arg(long, default_value_t = 600)]
    pub patience: u64,
}

impl Default for LoadPlan {
    fn default() -> Self {
        Self {
            emitters: 8,
            connections: 1,
            events: 100_000,
            in_flight: 64,
            frame_bytes: 600,
            acknowledged: true,
            patience: 600,
        }
    }
}

impl LoadPlan {
    /// Refuses what could not be carried out, or not in a bounded time.
    pub(super) fn check(&self) -> Result<(), Failure> {
        let lines = self.emitters.saturating_mul(self.connections);
        let wrong = if self.emitters == 0 || self.emitters > 256 {
            "1 to 256 emitters"
        } else if self.connections == 0 || lines > 2000 {
            "1 to 2000 connections in all"
        } else if self.events < lines || self.events > 100_000_000 {
            "at least one event for each connection and at most 100 million"
        } else if self.in_flight == 0 || self.in_flight.saturating_mul(self.frame_bytes) > MOST_IN_FLIGHT {
            "at least one and at most 64 MiB in flight on a connection"
        } else if self.patience == 0 || self.patience > 24 * 3600 {
            "a patience of 1 s to a day"
        } else {
            return Ok(());
        };
        Err(Failure::Plan(format!("a load needs {wrong}")))
    }
}

/// Whose daemon bears the load.
#[derive(Debug, Clone)]
pub enum Target {
    /// Our own, started for this in a temporary folder of `place`.
    Spawned {
        /// The daemon's program.
        daemon: PathBuf,
        /// Where the temporary folder is made: this decides which disk is measured.
        place: PathBuf,
    },
    /// One that runs already and understands frames of version 1.
    Running {
        /// Its socket.
        socket: PathBuf,
        /// Its database, if it may be read.
        db: Option<PathBuf>,
    },
}

const MOST_IN_FLIGHT: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_carried_out_is_refused() {
        assert!(LoadPlan::default().check().is_ok());
        let plan = LoadPlan::default;
        for plan in [
            LoadPlan { emitters: 0, ..plan() },
            LoadPlan { emitters: 257, ..plan() },
            LoadPlan { connections: 0, ..plan() },
            LoadPlan { connections: u64::MAX, ..plan() },
            LoadPlan { events: 7, ..plan() },
            LoadPlan { events: u64::MAX, ..plan() },
            LoadPlan { in_flight: 0, ..plan() },
            LoadPlan { in_flight: usize::MAX, ..plan() },
            LoadPlan { patience: 0, ..plan() },
        ] {
            assert!(matches!(plan.check(), Err(Failure::Plan(_))), "{plan:?}");
        }
    }
}
