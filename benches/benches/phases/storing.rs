//! Rows into the real store, every batch durable before the next; the item throughput is per row.

use agent_receipts_store::{ReceiptStore, Row, SqliteStore};
use divan::Bencher;
use divan::counter::ItemsCount;

use crate::sample::{folder, signed_row};

#[divan::bench(args = [1, 16, 128, 256])]
fn append(bencher: Bencher<'_, '_>, batch: usize) {
    let folder = folder();
    let mut store = SqliteStore::create(folder.path().join("receipts.db")).unwrap();
    let (row, _) = signed_row();
    let mut sequence = 0;
    bencher
        .counter(ItemsCount::new(batch))
        .with_inputs(|| {
            let row = |_| {
                sequence += 1;
                Row { id: format!("urn:receipt:{}", uuid::Uuid::now_v7()), sequence, ..row.clone() }
            };
            (0..batch).map(row).collect::<Vec<_>>()
        })
        .bench_local_values(|rows| store.append(&rows).unwrap());
}
