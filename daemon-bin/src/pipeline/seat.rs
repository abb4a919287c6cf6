//! Whoever sits here writes: a thread of its own, or the connection that brought a lone event.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};

use super::ledger::WriteError;
use super::queue::Queue;
use super::submission::Work;
use super::writer::Writer;

/// The writer, its queue, and the error that ended it.
///
/// To wake another thread takes about as long as to make and sign a receipt. So the connection whose event is the only one
/// commits it there and then, if nobody else is writing; all else is left to the writer's own thread.
pub(crate) struct Seat {
    writer: Mutex<Option<Writer>>,
    failed: Mutex<Option<WriteError>>,
    queue: Arc<Queue<Work>>,
}

impl Seat {
    pub(crate) fn new(writer: Writer, queue: Arc<Queue<Work>>) -> Self {
        Self { writer: Mutex::new(Some(writer)), failed: Mutex::new(None), queue }
    }

    /// The writer's own thread: works until the queue is closed and drained, or until an error after which nothing can be
    /// recorded, whoever met it.
    pub(crate) fn run(&self) -> Result<(), WriteError> {
        while self.queue.wait() {
            let mut writer = self.writer.lock().map_err(|_| WriteError::WriterPanicked)?;
            let Some(writer) = writer.as_mut() else { break };
            self.end_on_failure(writer.work_off(&self.queue), writer);
        }
        match lock(&self.failed).take() {
            Some(error) => Err(error),
            None if self.writer.is_poisoned() => Err(WriteError::WriterPanicked),
            None => Ok(()),
        }
    }

    /// A connection has put the only event into the queue, and nobody has been told.
    pub(crate) fn visit(&self) {
        let _closing = CloseOnPanic(&self.queue);
        match self.writer.try_lock() {
            Ok(mut seat) => {
                if let Some(writer) = seat.as_mut() {
                    self.end_on_failure(writer.work_off_few(&self.queue), writer);
                }
            }
            // Whoever writes looks at the queue once more before resting, but perhaps has just done so.
            Err(TryLockError::WouldBlock | TryLockError::Poisoned(_)) => {}
        }
        self.queue.notify();
    }

    /// Takes the writer away, when nothing more comes. One that panicked is only there to be dropped.
    pub(crate) fn vacate(&self) -> Option<Writer> {
        lock(&self.writer).take()
    }

    fn end_on_failure(&self, outcome: Result<(), WriteError>, writer: &Writer) {
        if let Err(error) = outcome {
            writer.refuse_all(&self.queue, &error);
            *lock(&self.failed) = Some(error);
        }
    }
}

/// A connection that panics while it writes leaves nobody who may go on: the writer's own thread is to find that out at once.
struct CloseOnPanic<'q>(&'q Queue<Work>);

impl Drop for CloseOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.close();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
