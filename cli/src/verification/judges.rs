//! Threads that judge receipts while their owner reads more and walks over those before.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use agent_receipts_core::PublicKey;
use agent_receipts_store::Row;

use super::batch::{Judged, judge};

/// The threads of one verification, one a core. None is there until a batch is worth it, and each ends with its owner.
#[derive(Default)]
pub(crate) struct Judges {
    at_work: Option<AtWork>,
}

struct AtWork {
    orders: Option<Sender<Order>>,
    threads: Vec<JoinHandle<()>>,
}

/// Some rows to be judged, and where to.
struct Order {
    rows: Arc<Vec<Row>>,
    key: PublicKey,
    answer: Sender<Vec<Judged>>,
}

/// What was handed out and has not come back, in its order.
pub(crate) struct Pending<'a> {
    judges: &'a mut Judges,
    batches: VecDeque<Batch>,
    most: usize,
}

struct Batch {
    rows: Arc<Vec<Row>>,
    key: PublicKey,
    answer: Receiver<Vec<Judged>>,
}

impl Judges {
    /// The way of one chain through the threads.
    pub(crate) fn pending(&mut self) -> Pending<'_> {
        Pending { judges: self, batches: VecDeque::new(), most: cores() * BATCHES_A_CORE }
    }

    fn order(&mut self, order: Order) {
        let at_work = self.at_work.get_or_insert_with(AtWork::begin);
        // Where no thread is left the order is dropped, and who waits for its answer judges the rows himself.
        let _ = at_work.orders.as_ref().map(|orders| orders.send(order));
    }
}

impl Pending<'_> {
    /// Hands a batch out, with `key` as the guess, and gives to `each`, in order, the rows of as many before it as must
    /// be done by then: this and not the chain's length bounds memory.
    pub(crate) fn exchange(&mut self, rows: Vec<Row>, key: PublicKey, each: impl FnMut(&Row, Judged)) {
        let rows = Arc::new(rows);
        let (answer, answered) = channel();
        self.judges.order(Order { rows: Arc::clone(&rows), key, answer });
        self.batches.push_back(Batch { rows, key, answer: answered });
        self.give(self.most, each);
    }

    /// Gives all the rest.
    pub(crate) fn finish(&mut self, each: impl FnMut(&Row, Judged)) {
        self.give(0, each);
    }

    fn give(&mut self, at_most_left: usize, mut each: impl FnMut(&Row, Judged)) {
        while self.batches.len() > at_most_left
            && let Some(batch) = self.batches.pop_front()
        {
            // A thread that failed must not make receipts vanish: its batch is judged here again.
            let judged = batch.answer.recv().unwrap_or_else(|_| judge(&batch.rows, &batch.key));
            batch.rows.iter().zip(judged).for_each(|(row, judged)| each(row, judged));
        }
    }
}

impl AtWork {
    fn begin() -> Self {
        let (orders, taken) = channel();
        let taken = Arc::new(Mutex::new(taken));
        let work = |_| {
            let taken = Arc::clone(&taken);
            thread::Builder::new().name("judge".to_owned()).spawn(move || work(&taken)).ok()
        };
        Self { threads: (0..cores()).filter_map(work).collect(), orders: Some(orders) }
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.orders = None;
        for thread in self.threads.drain(..) {
            // One that failed has failed its batch alone, which was judged again.
            let _ = thread.join();
        }
    }
}

fn work(orders: &Mutex<Receiver<Order>>) {
    loop {
        let order = orders.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Order { rows, key, answer }) = order else { return };
        let judged = judge(&rows, &key);
        // The rows go back before the answer does, so that whoever made them also frees them.
        drop(rows);
        // Nobody waits where the reading was begun anew.
        let _ = answer.send(judged);
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// Enough that no thread waits while the owner is busy with something else.
const BATCHES_A_CORE: usize = 4;

#[cfg(test)]
mod tests {
    use agent_receipts_core::PublicKey;

    use super::*;

    /// Rows that hold no receipts, told apart by their sequence.
    fn rows(batch: u64) -> Vec<Row> {
        (batch * 10..(batch + 1) * 10).map(row).collect()
    }

    fn row(sequence: u64) -> Row {
        let none = String::new;
        Row {
            id: none(),
            chain_id: none(),
            sequence,
            action_type: none(),
            tool_name: none(),
            risk_level: none(),
            status: none(),
            timestamp: none(),
            issuer_id: none(),
            principal_id: None,
            receipt_json: "no receipt".to_owned(),
            receipt_hash: none(),
            previous_receipt_hash: None,
            session_id: None,
        }
    }

    fn order_of_return(judges: &mut Judges) -> Vec<u64> {
        let key = PublicKey::from_bytes([1; 32]);
        let mut returned = Vec::new();
        let mut pending = judges.pending();
        for batch in 0..500 {
            pending.exchange(rows(batch), key, |row, judged| {
                assert!(judged.receipt.is_err());
                returned.push(row.sequence);
            });
            assert!(pending.batches.len() <= pending.most);
        }
        pending.finish(|row, _| returned.push(row.sequence));
        returned
    }

    #[test]
    fn what_is_handed_out_comes_back_once_and_in_order() {
        let mut judges = Judges::default();
        for _ in 0..2 {
            assert_eq!(order_of_return(&mut judges), (0..5000).collect::<Vec<_>>());
        }
    }

    #[test]
    fn without_a_thread_all_is_judged_all_the_same() {
        let mut judges = Judges { at_work: Some(AtWork { orders: None, threads: Vec::new() }) };
        assert_eq!(order_of_return(&mut judges), (0..5000).collect::<Vec<_>>());
    }

    #[test]
    fn what_was_given_up_half_way_is_not_mixed_with_what_follows() {
        let mut judges = Judges::default();
        let key = PublicKey::from_bytes([1; 32]);
        let mut given_up = judges.pending();
        given_up.exchange(rows(1000), key, |_, _| ());
        drop(given_up);
        assert_eq!(order_of_return(&mut judges).first(), Some(&0));
    }
}
