//! One sink and its cursor: what is next, and what is noted of it.

use std::sync::Arc;

use agent_receipts_chain::tree::{ConsistencyProof, NodeHash};

use crate::config::SinkConfig;
use crate::queue::{Entry, Queue};
use crate::sink::{Outcome, Sink, SinkError};
use crate::state::{Cursor, CursorError, Folder, Trouble};
use crate::surroundings::Surroundings;

/// Delivers the queue to one sink, one checkpoint at a time.
pub(crate) struct Delivery {
    name: String,
    sink: Box<dyn Sink>,
    queue: Box<dyn Queue + Send>,
    folder: Arc<Folder>,
    world: Surroundings,
    cursor: Cursor,
    failures: u32,
}

/// What one step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// There was a checkpoint, and the sink has it now.
    Delivered,
    /// The sink has all there are.
    Idle,
    /// It failed, so many times in a row now.
    Failed(u32),
}

impl Delivery {
    /// Takes up where the sink left off.
    pub(crate) fn resume(
        config: &SinkConfig,
        sink: Box<dyn Sink>,
        queue: Box<dyn Queue + Send>,
        folder: Arc<Folder>,
        world: Surroundings,
    ) -> Result<Self, CursorError> {
        let cursor = folder.cursor(&config.name)?;
        Ok(Self { name: config.name.clone(), sink, queue, folder, world, cursor, failures: 0 })
    }

    /// Delivers the next checkpoint, if there is one. A failure leaves everything as it was, for the next step.
    pub(crate) fn step(&mut self) -> Step {
        match self.next() {
            Ok(None) => {
                self.recovered();
                Step::Idle
            }
            Ok(Some(line)) => {
                self.recovered();
                (self.world.log)(&line);
                Step::Delivered
            }
            Err(error) => {
                self.failures = self.failures.saturating_add(1);
                self.complain(&error);
                Step::Failed(self.failures)
            }
        }
    }

    fn next(&mut self) -> Result<Option<String>, SinkError> {
        self.check_last()?;
        let Some(entry) = self.queue.after(self.cursor.size)? else { return Ok(None) };
        self.check_log(&entry)?;
        self.check_extends(&entry)?;
        let outcome = self.sink.deliver(&entry, &self.cursor, &mut *self.queue)?;
        let (evidence, reach, superseded) = match outcome {
            Outcome::Delivered { evidence, reach } => (evidence, reach, None),
            Outcome::Superseded { size } => (Vec::new(), self.cursor.reach, Some(size)),
        };
        // Evidence first: what the cursor says is delivered can be shown.
        self.folder.keep(&self.world.disk, &self.name, &entry, &evidence)?;
        let at = (self.world.clock)().to_rfc3339();
        let cursor = self.cursor.advance(&entry, at, reach, superseded.is_some());
        self.folder.advance(&self.world.disk, &cursor)?;
        self.cursor = cursor;
        let size = entry.size();
        Ok(Some(match superseded {
            None => format!("sink `{}`: has the checkpoint over {size} receipts", self.name),
            Some(later) => format!(
                "sink `{}`: the checkpoint over {size} receipts is passed over, it has one over {later}",
                self.name
            ),
        }))
    }

    /// What was delivered last must still be in the database: an anchor is the first to see that history was changed.
    fn check_last(&mut self) -> Result<(), SinkError> {
        if self.cursor.is_start() {
            return Ok(());
        }
        let Cursor { size, root, log, .. } = &self.cursor;
        let alarm = |what: &str| {
            Err(SinkError::Alarm(format!(
                "the sink has a checkpoint of `{log}` over {size} receipts with root {root}, and the database {what}: it was rolled \
                 back, rewritten or replaced; keep both, and compare by `agent-receipts verify --anchors`"
            )))
        };
        match self.queue.at(*size)? {
            Some(entry) if entry.checkpoint().origin.as_str() != log => {
                alarm(&format!("is of the log `{}`", entry.checkpoint().origin))
            }
            Some(entry) if entry.checkpoint().root.to_base64() != *root => {
                alarm(&format!("has root {} there", entry.checkpoint().root))
            }
            Some(_) => Ok(()),
            None => alarm("has none over as many"),
        }
    }

    fn check_log(&self, entry: &Entry) -> Result<(), SinkError> {
        if self.cursor.is_start() || entry.checkpoint().origin.as_str() == self.cursor.log {
            return Ok(());
        }
        Err(SinkError::Alarm(format!(
            "the log's name changed from `{}` to `{}` at {} receipts",
            self.cursor.log,
            entry.checkpoint().origin,
            entry.size()
        )))
    }

    /// The receipts below must be those that the sink has a checkpoint over, and not only the row that says so.
    fn check_extends(&mut self, entry: &Entry) -> Result<(), SinkError> {
        if self.cursor.is_start() {
            return Ok(());
        }
        let Cursor { size, root, log, .. } = &self.cursor;
        let path = self.queue.consistency(*size, entry.size())?;
        let proof = ConsistencyProof { first_size: *size, second_size: entry.size(), path };
        let extends = NodeHash::from_base64(root)
            .is_ok_and(|root| proof.verify(&root, &entry.checkpoint().root).is_ok());
        if extends {
            return Ok(());
        }
        Err(SinkError::Alarm(format!(
            "the sink has a checkpoint of `{log}` over {size} receipts with root {root}, and the one over {} does not extend it: the \
             receipts below were rewritten; keep both, and compare by `agent-receipts verify --anchors`",
            entry.size()
        )))
    }

    fn recovered(&mut self) {
        if self.failures > 0 {
            (self.world.log)(&format!("sink `{}`: works again", self.name));
        }
        self.failures = 0;
        Trouble::forget(&self.folder.trouble_path(&self.name));
    }

    fn complain(&self, error: &SinkError) {
        let alarm = error.is_alarm();
        let error = error.to_string();
        (self.world.log)(&format!("sink `{}`: attempt {}: {error}", self.name, self.failures));
        let at = (self.world.clock)().to_rfc3339();
        let trouble = Trouble { at, failures: self.failures, error, alarm };
        trouble.keep(&self.world.disk, &self.folder.trouble_path(&self.name));
    }
}
