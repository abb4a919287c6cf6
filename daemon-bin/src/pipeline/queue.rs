//! The bounded room between the connections and the writer.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A first-in first-out queue, bounded both in items and in bytes. A full queue holds back the connections, and the
/// kernel's socket buffers hold back the emitters: nothing here grows with the load.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    filled: Condvar,
    emptied: Condvar,
    bounds: Bounds,
}

/// How much may wait.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) items: usize,
    pub(crate) bytes: usize,
}

struct State<T> {
    waiting: VecDeque<(T, usize)>,
    /// Rooms that are taken and not filled yet.
    reserved: usize,
    /// Of what waits and of what is reserved.
    bytes: usize,
    closed: bool,
}

/// Room for one item, given back when dropped.
pub(crate) struct Room<'q, T> {
    queue: &'q Queue<T>,
    bytes: usize,
}

impl<T> Queue<T> {
    pub(crate) fn new(bounds: Bounds) -> Self {
        let state = State { waiting: VecDeque::new(), reserved: 0, bytes: 0, closed: false };
        Self { state: Mutex::new(state), filled: Condvar::new(), emptied: Condvar::new(), bounds }
    }

    /// Waits for room for an item that is yet to be made, so that making it, too, keeps within the bounds. `bytes` is what
    /// it weighs; one item may outweigh the bound if it is alone. `None` when the queue is closed.
    pub(crate) fn reserve(&self, bytes: usize) -> Option<Room<'_, T>> {
        let mut state = self.lock();
        while !state.closed && !self.has_room(&state, bytes) {
            state = self.emptied.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.closed {
            return None;
        }
        state.reserved += 1;
        state.bytes += bytes;
        Some(Room { queue: self, bytes })
    }

    /// Takes all that waits, `most` at a time and a quarter of the bytes, as soon as there is anything: a lone event goes at
    /// once, and under load a batch gathers while the one before is committed. Empty only when the queue is closed and
    /// drained.
    pub(crate) fn take(&self, most: usize) -> Vec<T> {
        let mut state = self.lock();
        while state.waiting.is_empty() && !state.closed {
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        self.drain(state, most)
    }

    /// What [`Queue::take`] takes, without waiting for it.
    pub(crate) fn take_now(&self, most: usize) -> Vec<T> {
        self.drain(self.lock(), most)
    }

    fn drain(&self, mut state: MutexGuard<'_, State<T>>, most: usize) -> Vec<T> {
        let mut weight = 0;
        let fits = |(_, bytes): &&(T, usize)| {
            weight += bytes;
            weight <= self.bounds.bytes / 4
        };
        let count = state.waiting.iter().take(most).take_while(fits).count();
        let count = count.max(1).min(state.waiting.len());
        let taken: Vec<_> = state.waiting.drain(..count).collect();
        state.bytes -= taken.iter().map(|(_, bytes)| bytes).sum::<usize>();
        drop(state);
        self.emptied.notify_all();
        taken.into_iter().map(|(item, _)| item).collect()
    }

    /// How many items wait, and what they and the reserved ones weigh.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        let state = self.lock();
        (state.waiting.len(), state.bytes)
    }

    /// Lets nothing more in. What waits can still be taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
        self.emptied.notify_all();
    }

    fn has_room(&self, state: &State<T>, bytes: usize) -> bool {
        let items = state.waiting.len() + state.reserved;
        items == 0 || (items < self.bounds.items && state.bytes.saturating_add(bytes) <= self.bounds.bytes)
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Room<'_, T> {
    /// Puts the item in, which weighs `bytes` in the end, and no more than was reserved. Gives it back when the queue is
    /// closed.
    pub(crate) fn fill(mut self, item: T, bytes: usize) -> Result<(), T> {
        let mut state = self.queue.lock();
        if state.closed {
            return Err(item);
        }
        let bytes = bytes.min(self.bytes);
        // The rest is given back when `self` is dropped.
        self.bytes -= bytes;
        state.waiting.push_back((item, bytes));
        drop(state);
        self.queue.filled.notify_one();
        Ok(())
    }
}

impl<T> Drop for Room<'_, T> {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.reserved -= 1;
        state.bytes -= self.bytes;
        drop(state);
        self.queue.emptied.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    impl<T> Queue<T> {
        fn push(&self, item: T, bytes: usize) -> Result<(), T> {
            match self.reserve(bytes) {
                Some(room) => room.fill(item, bytes),
                None => Err(item),
            }
        }
    }

    #[test]
    fn room_that_is_not_used_is_given_back() {
        let queue = Queue::new(Bounds { items: 2, bytes: 10 });
        let room = queue.reserve(10).unwrap();
        assert!(!queue.has_room(&queue.lock(), 1));
        room.fill('a', 4).unwrap();
        assert!(queue.has_room(&queue.lock(), 6) && !queue.has_room(&queue.lock(), 7));
        drop(queue.reserve(6).unwrap());
        assert_eq!(queue.take(9), ['a']);
        let state = queue.lock();
        assert_eq!((state.reserved, state.bytes), (0, 0));
    }

    #[test]
    fn a_batch_is_no_heavier_than_a_quarter_of_the_bound() {
        let queue = Queue::new(Bounds { items: 10, bytes: 40 });
        for (item, bytes) in [('a', 5), ('b', 5), ('c', 1), ('d', 25)] {
            queue.push(item, bytes).unwrap();
        }
        assert_eq!([queue.take(9), queue.take(9), queue.take(9)], [vec!['a', 'b'], vec!['c'], vec!['d']]);
    }

    #[test]
    fn what_waits_is_taken_in_order_and_in_batches() {
        let queue = Queue::new(Bounds { items: 10, bytes: 100 });
        (0..5).for_each(|n| queue.push(n, 1).unwrap());
        assert_eq!(queue.take(3), [0, 1, 2]);
        assert_eq!(queue.take(3), [3, 4]);
    }

    #[test]
    fn a_closed_queue_is_drained_and_refuses() {
        let queue = Queue::new(Bounds { items: 10, bytes: 100 });
        queue.push(1, 1).unwrap();
        queue.close();
        assert_eq!(queue.push(2, 1), Err(2));
        assert_eq!(queue.take(9), [1]);
        assert!(queue.take(9).is_empty());
    }

    #[test]
    fn a_full_queue_holds_the_sender_back_until_there_is_room() {
        for bounds in [Bounds { items: 2, bytes: 100 }, Bounds { items: 100, bytes: 2 }] {
            let queue = Arc::new(Queue::new(bounds));
            let sender = Arc::clone(&queue);
            let pushing = std::thread::spawn(move || (0..50).for_each(|n| sender.push(n, 1).unwrap()));
            let mut taken = Vec::new();
            while taken.len() < 50 {
                let batch = queue.take(100);
                assert!(batch.len() <= 2, "the bound was exceeded: {}", batch.len());
                taken.extend(batch);
            }
            pushing.join().unwrap();
            assert!(taken.iter().copied().eq(0..50));
        }
    }

    #[test]
    fn an_item_heavier_than_the_bound_passes_alone() {
        let queue = Queue::new(Bounds { items: 2, bytes: 10 });
        queue.push('a', 1000).unwrap();
        assert_eq!(queue.take(9), ['a']);
    }
}
