//! What every store must do, asked of each of them.
#![allow(clippy::unwrap_used)]

mod support;

use std::ops::ControlFlow;

use agent_receipts_store::{MemoryStore, Order, Query, ReceiptStore, SqliteStore, StoreError};
use support::{collect, row, rows, sequences};

/// Runs a test on each kind of store.
fn on_each(test: impl Fn(Box<dyn ReceiptStore>)) {
    test(Box::new(MemoryStore::new()));
    let folder = tempfile::tempdir().unwrap();
    test(Box::new(SqliteStore::create(folder.path().join("receipts.db")).unwrap()));
}

#[test]
fn an_empty_store_has_nothing_and_says_so() {
    on_each(|store| {
        assert_eq!(store.head("audit"), Ok(None));
        assert_eq!(store.chains(), Ok(vec![]));
        assert_eq!(store.chain_ids(), Ok(vec![]));
        assert_eq!(store.by_id("urn:receipt:audit:1"), Ok(None));
        assert_eq!(store.by_position("audit", 1), Ok(None));
        assert_eq!(store.latest_root_chain(), Ok(None));
        assert_eq!(store.max_rowid(), Ok(0));
        assert_eq!(collect(&*store, &Query::default()), Ok(vec![]));
    });
}

#[test]
fn a_row_comes_back_as_it_was_given() {
    on_each(|mut store| {
        let mut odd = row("audit", 1);
        odd.receipt_json = "{\"a\":\"\u{2028} <&> \u{1F600}\",\"b\":[1.5,null]}\n ".to_owned();
        odd.tool_name = String::new();
        (odd.principal_id, odd.session_id) = (None, None);
        store.append(&[odd.clone(), row("audit", 2)]).unwrap();
        let first = store.by_id(&odd.id).unwrap().unwrap();
        assert_eq!((first.rowid, &first.row), (1, &odd));
        assert_eq!(store.by_position("audit", 2).unwrap().unwrap().row, row("audit", 2));
        assert_eq!(store.by_position("audit", 3), Ok(None));
        assert_eq!(store.by_position("audit", u64::MAX), Ok(None));
        assert_eq!(store.by_position("other", 1), Ok(None));
        let head = store.head("audit").unwrap().unwrap();
        assert_eq!((head.sequence, head.receipt_id), (2, row("audit", 2).id));
        assert_eq!(
            (head.receipt_json, head.receipt_hash),
            (row("audit", 2).receipt_json, row("audit", 2).receipt_hash)
        );
    });
}

#[test]
fn the_head_is_the_greatest_sequence_not_the_newest_row() {
    on_each(|mut store| {
        store.append(&[row("audit", 3), row("audit", 1), row("audit", 2)]).unwrap();
        assert_eq!(store.head("audit").unwrap().unwrap().sequence, 3);
        assert_eq!(store.max_rowid(), Ok(3));
    });
}

#[test]
fn a_batch_with_a_duplicate_id_leaves_no_row() {
    on_each(|mut store| {
        store.append(&rows("audit", 1..=2)).unwrap();
        let mut twin = row("other", 1);
        twin.id = row("audit", 2).id;
        let refusal = store.append(&[row("audit", 3), twin, row("audit", 4)]).unwrap_err();
        assert_eq!(refusal, StoreError::DuplicateId { id: row("audit", 2).id });
        assert!(!refusal.is_fatal());
        assert_eq!(sequences(&*store, &Query::chain("audit")), [1, 2]);
        store.append(&rows("audit", 3..=4)).unwrap();
        assert_eq!(sequences(&*store, &Query::chain("audit")), [1, 2, 3, 4]);
    });
}

#[test]
fn a_batch_with_a_duplicate_position_leaves_no_row() {
    on_each(|mut store| {
        store.append(&rows("audit", 1..=2)).unwrap();
        let mut twin = row("audit", 2);
        twin.id = "urn:receipt:new".to_owned();
        let refusal = store.append(&[row("audit", 3), twin]).unwrap_err();
        assert_eq!(refusal, StoreError::DuplicatePosition { chain_id: "audit".to_owned(), sequence: 2 });
        assert!(!refusal.is_fatal());
        assert_eq!(store.head("audit").unwrap().unwrap().sequence, 2);
    });
}

#[test]
fn duplicates_within_one_batch_are_refused() {
    on_each(|mut store| {
        let twins = [row("audit", 1), row("audit", 1)];
        assert_eq!(store.append(&twins), Err(StoreError::DuplicateId { id: row("audit", 1).id }));
        let mut other = row("audit", 1);
        other.id = "urn:receipt:new".to_owned();
        let refusal = store.append(&[row("audit", 1), other]).unwrap_err();
        assert_eq!(refusal, StoreError::DuplicatePosition { chain_id: "audit".to_owned(), sequence: 1 });
        assert_eq!(store.max_rowid(), Ok(0));
    });
}

#[test]
fn the_same_position_in_two_chains_is_no_duplicate() {
    on_each(|mut store| {
        store.append(&[row("audit", 1), row("audit/agent/a", 1)]).unwrap();
        assert_eq!(store.max_rowid(), Ok(2));
    });
}

#[test]
fn a_sequence_beyond_the_databases_integers_is_refused_whole() {
    on_each(|mut store| {
        let refusal = store.append(&[row("audit", 1), row("audit", u64::MAX)]).unwrap_err();
        assert_eq!(
            refusal,
            StoreError::SequenceTooLarge { chain_id: "audit".to_owned(), sequence: u64::MAX }
        );
        assert_eq!(store.max_rowid(), Ok(0));
        let greatest = u64::try_from(i64::MAX).unwrap();
        store.append(&[row("audit", greatest)]).unwrap();
        assert_eq!(store.head("audit").unwrap().unwrap().sequence, greatest);
    });
}

#[test]
fn an_empty_batch_is_nothing_to_do() {
    on_each(|mut store| assert_eq!(store.append(&[]), Ok(())));
}

#[test]
fn chains_are_summed_up_in_order_of_their_names() {
    on_each(|mut store| {
        store.append(&rows("b", 1..=3)).unwrap();
        store.append(&[row("a", 9), row("a", 7)]).unwrap();
        let chains = store.chains().unwrap();
        let ends: Vec<_> = chains
            .iter()
            .map(|chain| (chain.chain_id.as_str(), chain.length, chain.first_sequence, chain.last_sequence))
            .collect();
        assert_eq!(ends, [("a", 2, 7, 9), ("b", 3, 1, 3)]);
        store.append(&[row("a/agent/x", 1), row("A", 1), row("\u{fc}", 1), row("", 1)]).unwrap();
        assert_eq!(store.chain_ids().unwrap(), ["", "A", "a", "a/agent/x", "b", "\u{fc}"]);
        assert_eq!(chains[0].first_timestamp, row("a", 7).timestamp);
        assert_eq!(chains[0].last_timestamp, row("a", 9).timestamp);
    });
}

#[test]
fn the_latest_root_chain_is_not_an_agents() {
    on_each(|mut store| {
        store.append(&[row("old", 1), row("new", 1), row("new/agent/a", 1)]).unwrap();
        assert_eq!(store.latest_root_chain(), Ok(Some("new".to_owned())));
    });
    on_each(|mut store| {
        store.append(&[row("new/agent/a", 1)]).unwrap();
        assert_eq!(store.latest_root_chain(), Ok(None));
    });
}

#[test]
fn the_latest_root_chain_is_found_behind_any_number_of_agents() {
    on_each(|mut store| {
        store.append(&[row("z", 1), row("m", 1), row("a", 1), row("m", 2), row("n/AGENT/a", 1)]).unwrap();
        store.append(&rows("m/agent/a", 1..=600)).unwrap();
        store.append(&rows("m/agent/b", 1..=600)).unwrap();
        assert_eq!(store.latest_root_chain(), Ok(Some("m".to_owned())));
        store.append(&[row("m/agent0", 1)]).unwrap();
        store.append(&rows("z/agent/z", 1..=1100)).unwrap();
        assert_eq!(store.latest_root_chain(), Ok(Some("m/agent0".to_owned())));
    });
}

#[test]
fn orders_and_limits() {
    on_each(|mut store| {
        let mut late = row("audit", 1);
        late.timestamp = "2026-11-22T09:00:00Z".to_owned();
        let mut same_second = row("audit", 4);
        same_second.timestamp = row("audit", 3).timestamp;
        store.append(&[late, same_second, row("audit", 3), row("audit", 2), row("a", 5)]).unwrap();
        let ask = |order, limit| sequences(&*store, &Query { order, limit, ..Query::default() });
        assert_eq!(ask(Order::Ascending, None), [2, 3, 4, 5, 1]);
        assert_eq!(ask(Order::Descending, None), [1, 5, 4, 3, 2]);
        assert_eq!(ask(Order::Descending, Some(2)), [1, 5]);
        assert_eq!(ask(Order::Newest, None), [5, 2, 3, 4, 1]);
        assert_eq!(ask(Order::Newest, Some(2)), [5, 2]);
        assert_eq!(ask(Order::Chain, None), [5, 1, 2, 3, 4]);
        assert_eq!(ask(Order::Insertion, None), [1, 4, 3, 2, 5]);
        assert_eq!(ask(Order::Insertion, Some(0)), [0; 0]);
        assert_eq!(ask(Order::Insertion, Some(u64::MAX)).len(), 5);
    });
}

#[test]
fn each_condition_narrows() {
    on_each(|mut store| {
        let mut batch = rows("audit", 1..=6);
        batch[0].action_type = "agent.key.rotate".to_owned();
        batch[1].risk_level = "high".to_owned();
        batch[2].status = "failure".to_owned();
        batch[3].session_id = Some("s2".to_owned());
        batch[4].session_id = None;
        batch[5].chain_id = "other".to_owned();
        store.append(&batch).unwrap();
        let text = |value: &str| Some(value.to_owned());
        let ask = |query: Query| sequences(&*store, &query);
        assert_eq!(ask(Query { action_type: text("agent.key.rotate"), ..Query::default() }), [1]);
        assert_eq!(ask(Query { risk_level: text("high"), ..Query::default() }), [2]);
        assert_eq!(ask(Query { status: text("failure"), ..Query::default() }), [3]);
        assert_eq!(ask(Query { session_id: text("s2"), ..Query::default() }), [4]);
        assert_eq!(ask(Query { session_id: text("s1"), ..Query::default() }), [1, 2, 3, 6]);
        assert_eq!(ask(Query { session_id: text("s1"), chain_id: text("other"), ..Query::default() }), [6]);
        assert_eq!(ask(Query { session_id: text("' OR 1=1 --"), ..Query::default() }), [0; 0]);
        assert_eq!(ask(Query { chain_id: text("aud%"), ..Query::default() }), [0; 0]);
        let (since, until) = (Some(row("audit", 2).timestamp), Some(row("audit", 4).timestamp));
        assert_eq!(ask(Query { since: since.clone(), ..Query::default() }), [2, 3, 4, 5, 6]);
        assert_eq!(ask(Query { since, until, ..Query::default() }), [2, 3, 4]);
        assert_eq!(ask(Query { after_rowid: Some(4), ..Query::default() }), [5, 6]);
        assert_eq!(
            ask(Query { risk_level: text("high"), status: text("failure"), ..Query::default() }),
            [0; 0]
        );
    });
}

#[test]
fn a_follower_that_stops_at_a_limit_loses_nothing() {
    on_each(|mut store| {
        store.append(&rows("audit", 1..=10)).unwrap();
        let (mut mark, mut seen) = (0, Vec::new());
        for _ in 0..4 {
            let found = collect(&*store, &Query { limit: Some(3), ..Query::after(mark) }).unwrap();
            mark = found.last().map_or(mark, |stored| stored.rowid);
            seen.extend(found.into_iter().map(|stored| stored.row.sequence));
        }
        assert_eq!(seen, (1..=10).collect::<Vec<_>>());
        assert_eq!(Ok(mark), store.max_rowid());
    });
}

#[test]
fn a_stream_stops_when_it_is_told_to() {
    on_each(|mut store| {
        store.append(&rows("audit", 1..=5)).unwrap();
        let mut seen = 0;
        let outcome = store.stream(&Query::chain("audit"), &mut |_| {
            seen += 1;
            if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((outcome, seen), (Ok(()), 2));
        store.append(&[row("audit", 6)]).unwrap();
    });
}

#[test]
fn a_failure_that_was_ordered_writes_nothing_and_happens_once() {
    let mut store = MemoryStore::new();
    let full = StoreError::DiskFull { path: "/x".into() };
    store.fail_next_append(full.clone());
    assert_eq!(store.append(&[row("audit", 1)]), Err(full));
    assert_eq!(store.append(&[row("audit", 1)]), Ok(()));
}
