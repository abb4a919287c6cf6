use std::cell::Cell;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::thread;

use agent_receipts_core::OutcomeStatus;
use agent_receipts_ipc::Peer;
use agent_receipts_keysource::{FileKeySource, KeySource as _, generate_key_pair};
use agent_receipts_store::{
    ChainSummary, Head, Leaf, MemoryStore, MovedChain, Query, ReceiptReader, ReceiptStore, Row, StoredRow,
};

use super::*;
use crate::config::Chains;
use crate::pipeline::key_in_use::KeyInUse;
use crate::pipeline::queue::Bounds;
use crate::pipeline::receipts::Letterhead;
use crate::pipeline::resume::Keys;
use crate::pipeline::roots::Roots;
use crate::pipeline::sequence::Sequencer;
use crate::pipeline::shared_store::SharedStore;
use crate::pipeline::submission::{Claim, Sender, Submission};
use crate::surroundings::{Log, Surroundings};

/// A store that answers its first calls as it is told; a batch that it refuses is not there.
#[derive(Default)]
struct Moody {
    inner: MemoryStore,
    moods: VecDeque<Option<StoreError>>,
}

impl ReceiptStore for Moody {
    fn append(&mut self, batch: &[Row]) -> Result<(), StoreError> {
        match self.moods.pop_front().flatten() {
            Some(error) => Err(error),
            None => self.inner.append(batch),
        }
    }
}

impl ReceiptReader for Moody {
    fn head(&self, chain_id: &str) -> Result<Option<Head>, StoreError> {
        self.inner.head(chain_id)
    }
    fn chains(&self) -> Result<Vec<ChainSummary>, StoreError> {
        self.inner.chains()
    }
    fn by_id(&self, id: &str) -> Result<Option<StoredRow>, StoreError> {
        self.inner.by_id(id)
    }
    fn by_position(&self, chain_id: &str, sequence: u64) -> Result<Option<StoredRow>, StoreError> {
        self.inner.by_position(chain_id, sequence)
    }
    fn stream(
        &self,
        query: &Query,
        each: &mut dyn FnMut(StoredRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.inner.stream(query, each)
    }
    fn latest_root_chain(&self) -> Result<Option<String>, StoreError> {
        self.inner.latest_root_chain()
    }
    fn max_rowid(&self) -> Result<i64, StoreError> {
        self.inner.max_rowid()
    }

    fn leaves(
        &self,
        after_rowid: i64,
        limit: Option<u64>,
        each: &mut dyn FnMut(Leaf<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.inner.leaves(after_rowid, limit, each)
    }

    fn moved_chain(&self, chain_id: &str) -> Result<Option<MovedChain>, StoreError> {
        self.inner.moved_chain(chain_id)
    }

    fn newest_moved_root(&self) -> Result<Option<MovedChain>, StoreError> {
        self.inner.newest_moved_root()
    }
}

fn full() -> StoreError {
    StoreError::DiskFull { path: "receipts.db".into() }
}

fn taken() -> StoreError {
    StoreError::DuplicatePosition { chain_id: "audit".to_owned(), sequence: 1 }
}

fn broken() -> StoreError {
    StoreError::SyncFailed { path: "receipts.db".into() }
}

/// A writer whose committer runs on a thread of its own until the writer is dropped.
fn writer(store: Moody, log: Log) -> Writer {
    let folder = tempfile::tempdir().unwrap();
    let (private, public) = (folder.path().join("k"), folder.path().join("k.pub"));
    let current = generate_key_pair(&private, &public, &[1; 32].into()).unwrap();
    let mut key = FileKeySource::new(&private, "did:example:d#k1");
    key.init().unwrap();
    let letterhead =
        Letterhead { issuer_id: "did:example:d".to_owned(), version: agent_receipts_core::Version::V0_5_0 };
    let keys = Keys { current, earlier: Vec::new() };
    let roots = Roots { base: "audit".to_owned(), by: Chains::One };
    let sequencer = Sequencer::new(roots, 1_000, None, keys, letterhead, Surroundings::system());
    let store = SharedStore::new(store);
    let (answers, _) = Answers::new(Arc::default(), log, 1);
    let (lane, committer) = Lane::new(store.clone(), answers.clone());
    thread::spawn(move || committer.run());
    Writer { ledger: Ledger { store, key: KeyInUse::new(Arc::new(key)), sequencer }, lane, answers }
}

fn silent() -> Log {
    Arc::new(|_| {})
}

fn event(name: usize) -> Work {
    let peer = Peer { platform: "linux", pid: 1, uid: 7, gid: 7, exe_path: None };
    let claim = Claim {
        session_id: "s".to_owned(),
        action_type: "sdk.tool".to_owned(),
        tool_name: name.to_string(),
        risk_level: "medium",
        status: OutcomeStatus::Success,
        parameters_hash: None,
        parameters_disclosure: None,
        response_hash: None,
        response_disclosure: None,
        error: None,
        drop_count: 0,
        issuer_name: None,
        issuer_model: None,
        operator: None,
        idempotency_key: None,
        correlation_id: None,
        agent_id: None,
        agent_type: None,
        model: None,
        usage: None,
        capture_method: None,
        target: None,
    };
    let sender = Sender { peer: Arc::new(peer), principal: "did:user:7".into() };
    Work::Record(Box::new(Submission { claim, sender, rejected: 0, reply: None }))
}

/// A closed queue with batches of the largest size, so that each is made while the one before is under way.
fn queue_of(batches: usize) -> Queue<Work> {
    let queue = Queue::new(Bounds { items: batches * BATCH, bytes: 1 << 20 });
    for name in 0..batches * BATCH {
        assert!(queue.reserve(1).unwrap().fill(event(name), 1).is_ok());
    }
    queue.close();
    queue
}

/// The names of the recorded tools, after a look at sequences and links.
fn recorded(writer: &Writer) -> Vec<usize> {
    let (mut names, mut before) = (Vec::new(), None);
    let each = &mut |stored: StoredRow| {
        assert_eq!(stored.row.sequence, names.len() as u64 + 1);
        assert_eq!(stored.row.previous_receipt_hash, before);
        before = Some(stored.row.receipt_hash);
        names.push(stored.row.tool_name.parse().unwrap());
        ControlFlow::Continue(())
    };
    writer.ledger.store.stream(&Query::default(), each).unwrap();
    names
}

fn lost(writer: &Writer) -> u64 {
    writer.answers.losses.take_all().iter().map(|loss| loss.count).sum()
}

#[test]
fn batches_that_overlap_make_one_chain_in_the_order_of_their_coming() {
    let mut writer = writer(Moody::default(), silent());
    writer.run(&queue_of(4)).unwrap();
    assert!(recorded(&writer).into_iter().eq(0..4 * BATCH));
    assert_eq!(lost(&writer), 0);
}

#[test]
fn what_was_made_behind_a_batch_that_failed_is_made_again() {
    let moods = [None, Some(full())].into();
    let mut writer = writer(Moody { moods, ..Moody::default() }, silent());
    writer.run(&queue_of(4)).unwrap();
    assert!(recorded(&writer).into_iter().eq((0..BATCH).chain(2 * BATCH..4 * BATCH)));
    assert_eq!(lost(&writer), BATCH as u64);
}

#[test]
fn a_batch_whose_place_was_taken_is_recorded_before_those_behind_it() {
    let moods = [None, Some(taken())].into();
    let mut writer = writer(Moody { moods, ..Moody::default() }, silent());
    writer.run(&queue_of(4)).unwrap();
    assert!(recorded(&writer).into_iter().eq(0..4 * BATCH));
    assert_eq!(lost(&writer), 0);
}

#[test]
fn after_a_fatal_error_nothing_is_recorded_and_everything_counted() {
    let moods = [None, Some(broken())].into();
    let mut writer = writer(Moody { moods, ..Moody::default() }, silent());
    assert_eq!(writer.run(&queue_of(4)), Err(broken().into()));
    assert!(recorded(&writer).into_iter().eq(0..BATCH));
    assert_eq!(lost(&writer), 3 * BATCH as u64);
}

/// The last batch is under way when nothing more comes: its failure must not be left unseen.
#[test]
fn the_last_batch_is_waited_for() {
    let moods = [Some(broken())].into();
    let mut writer = writer(Moody { moods, ..Moody::default() }, silent());
    assert_eq!(writer.run(&queue_of(1)), Err(broken().into()));
    assert_eq!(lost(&writer), BATCH as u64);
}

#[test]
fn a_task_that_must_be_alone_sees_all_before_it_and_nothing_behind_it() {
    let mut writer = writer(Moody::default(), silent());
    let queue = Queue::new(Bounds { items: 100, bytes: 1 << 20 });
    let seen = Arc::new(Mutex::new(0));
    let told = Arc::clone(&seen);
    let task: Task = Box::new(move |ledger| {
        *told.lock().unwrap() = ledger.store.head("audit")?.map_or(0, |head| head.sequence);
        Ok(())
    });
    let works = (0..20).map(event).chain([Work::Alone(task)]).chain((20..40).map(event));
    for work in works {
        assert!(queue.reserve(1).unwrap().fill(work, 1).is_ok());
    }
    queue.close();
    writer.run(&queue).unwrap();
    assert_eq!(*seen.lock().unwrap(), 20);
    assert!(recorded(&writer).into_iter().eq(0..40));
}

/// One user can open chains without end, and a stop that closed them all would never come to its own.
#[test]
fn a_stop_closes_what_there_is_time_for_and_the_root_last() {
    let lines: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&lines);
    let mut writer =
        writer(Moody::default(), Arc::new(move |line| kept.lock().unwrap().push(line.to_owned())));
    let agents: Vec<String> = (0..3 * BATCH).map(|agent| format!("audit/agent/{agent}")).collect();
    for chain in agents.iter().map(String::as_str).chain(["audit"]) {
        let placed = writer.ledger.sequencer.place_for_test(chain);
        writer.ledger.commit(vec![placed]).unwrap();
    }
    let is_closed =
        |writer: &Writer, chain: &str| writer.ledger.store.head(chain).unwrap().unwrap().sequence == 2;
    let asked = Cell::new(0);
    writer
        .finish(&|| {
            asked.set(asked.get() + 1);
            asked.get() <= 2
        })
        .unwrap();
    assert_eq!(agents.iter().filter(|agent| is_closed(&writer, agent)).count(), BATCH);
    assert!(!is_closed(&writer, "audit"));
    assert!(lines.lock().unwrap()[0].contains("deadline"));
    writer.finish(&|| true).unwrap();
    assert!(agents.iter().all(|agent| is_closed(&writer, agent)) && is_closed(&writer, "audit"));
}
