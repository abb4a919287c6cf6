//! Whether the writer still writes.

use std::io;
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::pipeline::queue::Queue;
use crate::pipeline::submission::Work;

/// Sends a task the way that events go, again and again, and remembers when the last one was done: behind everything that
/// waited, with the batches before it on disk. A writer that hangs does none.
pub(crate) struct Pulse {
    last: Arc<Mutex<Instant>>,
    every: Duration,
}

impl Pulse {
    /// Starts to feel the pulse; ends with the queue.
    ///
    /// On a thread of its own, since a full queue makes it wait, and whoever looks at the pulse must not.
    pub(crate) fn start(queue: Arc<Queue<Work>>, every: Duration) -> io::Result<Self> {
        let last = Arc::new(Mutex::new(Instant::now()));
        let beaten = Arc::clone(&last);
        thread::Builder::new().name("pulse".into()).spawn(move || {
            while beat(&queue).is_some() {
                *beaten.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                thread::sleep(every);
            }
        })?;
        Ok(Self { last, every })
    }

    /// Whether the last beat is at most one beat late.
    pub(crate) fn is_felt(&self) -> bool {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).elapsed() < self.every * 2
    }
}

/// One task there and back; nothing once the queue is closed or the writer has ended.
fn beat(queue: &Queue<Work>) -> Option<()> {
    let (done, heard) = sync_channel(1);
    let task = Work::Alone(Box::new(move |_| {
        // Whoever waits for it waits still: it is asked for one at a time.
        let _ = done.send(());
        Ok(())
    }));
    queue.reserve(0)?.fill(task, 0).ok()?;
    heard.recv().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::queue::Bounds;

    #[test]
    fn a_writer_that_takes_nothing_has_no_pulse() {
        let queue = Arc::new(Queue::new(Bounds { items: 4, bytes: 100 }));
        let pulse = Pulse::start(Arc::clone(&queue), Duration::from_millis(20)).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while pulse.is_felt() {
            assert!(Instant::now() < deadline, "a pulse where there is no writer");
            thread::sleep(Duration::from_millis(5));
        }
        queue.close();
    }

    #[test]
    fn a_task_that_is_dropped_is_no_beat() {
        let queue = Arc::new(Queue::new(Bounds { items: 4, bytes: 100 }));
        let taken = Arc::clone(&queue);
        let dropper = thread::spawn(move || drop(taken.take(1)));
        assert_eq!(beat(&queue), None);
        dropper.join().unwrap();
        queue.close();
        assert_eq!(beat(&queue), None);
    }
}
