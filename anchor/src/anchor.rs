//! The anchor: every sink on a thread of its own, so that none holds up another.

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::build::{BuildSinkError, build};
use crate::config::{Config, SinkConfig};
use crate::delivery::{Delivery, Step};
use crate::queue::{KeyFiles, StoreQueue};
use crate::state::{CursorError, Folder, FolderError, Lock};
use crate::stop::Stop;
use crate::surroundings::Surroundings;

/// The anchor, ready to deliver; holds the lock of its state folder.
pub struct Anchor {
    deliveries: Vec<(SinkConfig, Delivery)>,
    /// Sinks whose cursor cannot be used.
    unusable: Vec<CursorError>,
    poll: Duration,
    world: Surroundings,
    _lock: Lock,
}

/// Why the anchor does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The state folder cannot be used.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A sink cannot be made from its configuration.
    #[error(transparent)]
    Sink(#[from] BuildSinkError),
    /// The system refuses a thread or a signal handler.
    #[error("cannot {what}: {error}")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        error: std::io::Error,
    },
}

/// When delivering ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Each sink has all there is, or has failed once.
    Once,
    /// Told to stop.
    Stopped,
}

impl Anchor {
    /// Takes the lock and every cursor. A sink whose cursor cannot be used is said and left out: the others go on.
    ///
    /// # Errors
    ///
    /// [`StartError`] where the configuration itself cannot be served.
    pub fn start(
        config: &Config,
        env: &dyn Fn(&str) -> Option<OsString>,
        world: Surroundings,
    ) -> Result<Self, StartError> {
        let folder = Arc::new(Folder::at(config.state.clone()));
        let lock = folder.prepare(&world.disk, config.sinks.iter().map(|sink| sink.name.as_str()))?;
        let (mut deliveries, mut unusable) = (Vec::new(), Vec::new());
        for sink in &config.sinks {
            let made = build(sink, &folder, env, &world)?;
            let queue = Box::new(StoreQueue::new(
                config.db.clone(),
                KeyFiles { public_key: config.public_key.clone() },
            ));
            match Delivery::resume(sink, made, queue, Arc::clone(&folder), world.clone()) {
                Ok(delivery) => deliveries.push((sink.clone(), delivery)),
                Err(error) => {
                    (world.log)(&format!("sink `{}`: {error}", sink.name));
                    unusable.push(error);
                }
            }
        }
        Ok(Self { deliveries, unusable, poll: config.poll, world, _lock: lock })
    }

    /// Delivers, every sink at its own pace. True if, in the end, no sink stands in a failure.
    ///
    /// # Errors
    ///
    /// [`StartError::System`] where a thread cannot be started; those that run are told to stop.
    pub fn run(self, until: Until, stop: &Stop) -> Result<bool, StartError> {
        let Self { deliveries, unusable, poll, world, _lock } = self;
        let (done, all_done) = channel();
        let mut running = 0;
        for (config, delivery) in deliveries {
            let worker = Worker {
                config,
                delivery,
                poll,
                until,
                stop: stop.clone(),
                random: Arc::clone(&world.random),
            };
            let done: Sender<bool> = done.clone();
            let name = format!("sink {}", worker.config.name);
            let spawned = thread::Builder::new().name(name).spawn(move || {
                // A receiver that has gone away has stopped to wait for us.
                let _ = done.send(worker.run());
            });
            if let Err(error) = spawned {
                stop.stop();
                return Err(StartError::System { what: "start a thread", error });
            }
            running += 1;
        }
        drop(done);
        Ok(wait(&all_done, running, stop, &world) && unusable.is_empty())
    }
}

/// Waits for every sink; after the stop, no longer than [`GRACE`]: an exchange that is cut off is repeated at the next start.
fn wait(done: &Receiver<bool>, mut running: usize, stop: &Stop, world: &Surroundings) -> bool {
    let mut all_good = true;
    let mut last_call: Option<Instant> = None;
    while running > 0 {
        if stop.is_stopped() && last_call.is_none() {
            last_call = Some(Instant::now() + GRACE);
        }
        match done.recv_timeout(TICK) {
            Ok(good) => {
                running -= 1;
                all_good &= good;
            }
            Err(RecvTimeoutError::Timeout) if last_call.is_some_and(|last| Instant::now() >= last) => {
                (world.log)("an attempt is under way and abandoned; it is repeated at the next start");
                return all_good;
            }
            Err(RecvTimeoutError::Timeout) => {}
            // A thread that is gone without a word has panicked.
            Err(RecvTimeoutError::Disconnected) => return false,
        }
    }
    all_good
}

struct Worker {
    config: SinkConfig,
    delivery: Delivery,
    poll: Duration,
    until: Until,
    stop: Stop,
    random: Arc<dyn Fn() -> Option<u64> + Send + Sync>,
}

impl Worker {
    /// True if the last step was no failure.
    fn run(mut self) -> bool {
        let mut good = true;
        while !self.stop.is_stopped() {
            let step = self.delivery.step();
            good = !matches!(step, Step::Failed(_));
            let wait = match step {
                Step::Delivered => continue,
                _ if self.until == Until::Once => break,
                Step::Idle => self.poll,
                // Without randomness, the whole wait.
                Step::Failed(failures) => {
                    self.config.retry.wait(failures, (self.random)().unwrap_or(u64::MAX))
                }
            };
            if self.stop.wait(wait) {
                break;
            }
        }
        good
    }
}

/// How long a stop waits for an exchange that is under way.
const GRACE: Duration = Duration::from_secs(5);
/// How often the wait looks whether it is time to stop.
const TICK: Duration = Duration::from_millis(100);
