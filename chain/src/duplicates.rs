//! Keys and ids that come twice, in bounded memory.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use crate::text::quoted;

/// Keys (or ids) that are remembered in one chain: as many as fit a table of 2^20 slots, about 17 MiB.
///
/// What comes after is still compared with these, and the finding `duplicate_window_exceeded` tells that it is not
/// compared with anything later.
pub const DUPLICATE_WINDOW: usize = 7 << 17;

/// Duplicated keys that are listed, and indices listed for each.
const LISTED: usize = 1000;

/// Remembers texts by a keyed 64-bit fingerprint, each with the index where it came first.
///
/// The key is random, so nobody can make two texts collide; by chance they do once in millions of full windows, and
/// the price is one needless remark.
#[derive(Debug, Default)]
pub(crate) struct Window {
    fingerprint: RandomState,
    first: HashMap<u64, u64>,
}

/// What a [`Window`] knows of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    Never,
    FirstAt(u64),
    /// Not among those remembered; it could not be added.
    WindowFull,
}

impl Window {
    pub(crate) fn look(&mut self, text: &str, index: u64) -> Seen {
        let fingerprint = self.fingerprint.hash_one(text);
        if let Some(&first) = self.first.get(&fingerprint) {
            return Seen::FirstAt(first);
        }
        if self.first.len() >= DUPLICATE_WINDOW {
            return Seen::WindowFull;
        }
        self.first.insert(fingerprint, index);
        Seen::Never
    }
}

/// Idempotency keys that stand on several receipts (specification §4.3): a warning, since retries are legitimate.
#[derive(Debug, Default)]
pub(crate) struct IdempotencyKeys {
    window: Window,
    duplicates: HashMap<u64, Duplicate>,
    unlisted: u64,
}

#[derive(Debug)]
struct Duplicate {
    key: String,
    indices: Vec<u64>,
}

impl IdempotencyKeys {
    pub(crate) fn look(&mut self, key: &str, index: u64) -> Seen {
        let seen = self.window.look(key, index);
        if let Seen::FirstAt(first) = seen {
            if self.duplicates.len() >= LISTED && !self.duplicates.contains_key(&first) {
                self.unlisted += 1;
                return seen;
            }
            let duplicate = self
                .duplicates
                .entry(first)
                .or_insert_with(|| Duplicate { key: quoted(key), indices: vec![first] });
            if duplicate.indices.len() < LISTED {
                duplicate.indices.push(index);
            }
        }
        seen
    }

    /// The reference's warnings, keys in the order in which they were first seen.
    pub(crate) fn into_warnings(self) -> Vec<String> {
        let mut duplicates: Vec<_> = self.duplicates.into_iter().collect();
        duplicates.sort_by_key(|(first, _)| *first);
        let mut warnings: Vec<_> = duplicates
            .into_iter()
            .map(|(_, Duplicate { key, indices })| {
                let indices = indices.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
                format!(
                    "duplicate idempotency_key {key} on receipts at indices {indices} \
                     (retries are legitimate; review for double-counting)"
                )
            })
            .collect();
        if self.unlisted > 0 {
            warnings.push(format!("{} more receipts repeat an idempotency_key", self.unlisted));
        }
        warnings
    }
}

/// Receipt ids that come twice.
///
/// Version 7 UUIDs grow with time: one that is greater than all before is new for sure, and needs no memory.
#[derive(Debug, Default)]
pub(crate) struct ReceiptIds {
    greatest_v7: Option<String>,
    window: Window,
}

/// What can be said of a receipt id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdSeen {
    New,
    Duplicate,
    /// A version 7 UUID that is not greater than those before: new or not, nobody remembers.
    OutOfOrder,
    WindowFull,
}

impl ReceiptIds {
    pub(crate) fn look(&mut self, id: &str, index: u64) -> IdSeen {
        let v7 = is_v7(id);
        if v7 {
            match self.greatest_v7.as_deref().map(|greatest| id.cmp(greatest)) {
                None | Some(std::cmp::Ordering::Greater) => {
                    self.greatest_v7 = Some(id.to_owned());
                    return IdSeen::New;
                }
                Some(std::cmp::Ordering::Equal) => return IdSeen::Duplicate,
                Some(std::cmp::Ordering::Less) => {}
            }
        }
        match self.window.look(id, index) {
            Seen::FirstAt(_) => IdSeen::Duplicate,
            Seen::Never if v7 => IdSeen::OutOfOrder,
            Seen::Never => IdSeen::New,
            Seen::WindowFull => IdSeen::WindowFull,
        }
    }
}

fn is_v7(id: &str) -> bool {
    crate::schema::is_receipt_id(id) && id.as_bytes()["urn:receipt:".len() + 14] == b'7'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(version: char, n: u64) -> String {
        format!("urn:receipt:{n:08x}-0000-{version}000-8000-000000000000")
    }

    #[test]
    fn keys_are_listed_in_the_order_first_seen() {
        let mut keys = IdempotencyKeys::default();
        for (index, key) in ["b", "a", "c", "a", "b", "b"].into_iter().enumerate() {
            keys.look(key, index as u64);
        }
        assert_eq!(
            keys.into_warnings(),
            [
                "duplicate idempotency_key \"b\" on receipts at indices 0, 4, 5 (retries are legitimate; review for double-counting)",
                "duplicate idempotency_key \"a\" on receipts at indices 1, 3 (retries are legitimate; review for double-counting)",
            ]
        );
    }

    #[test]
    fn the_list_is_bounded_and_says_so() {
        let mut keys = IdempotencyKeys::default();
        for index in 0..3000 {
            keys.look(&(index % 1500).to_string(), index);
        }
        let warnings = keys.into_warnings();
        assert_eq!(warnings.len(), 1001);
        assert_eq!(warnings[1000], "500 more receipts repeat an idempotency_key");
    }

    #[test]
    fn a_full_window_says_so_and_still_knows_what_it_holds() {
        let mut window = Window::default();
        for index in 0..DUPLICATE_WINDOW as u64 {
            assert_eq!(window.look(&index.to_string(), index), Seen::Never);
        }
        assert_eq!(window.look("new", 0), Seen::WindowFull);
        assert_eq!(window.look("7", 0), Seen::FirstAt(7));
    }

    #[test]
    fn ascending_ids_need_no_memory_and_no_repetition_is_silent() {
        let mut ids = ReceiptIds::default();
        for n in 0..1000 {
            assert_eq!(ids.look(&id('7', n), n), IdSeen::New);
        }
        assert!(ids.window.first.is_empty());
        assert_eq!(ids.look(&id('7', 999), 1000), IdSeen::Duplicate);
        assert_eq!(ids.look(&id('7', 500), 1001), IdSeen::OutOfOrder);
        assert_eq!(ids.look(&id('7', 500), 1002), IdSeen::Duplicate);
        assert_eq!(ids.look(&id('4', 5), 1003), IdSeen::New);
        assert_eq!(ids.look(&id('4', 3), 1004), IdSeen::New);
        assert_eq!(ids.look(&id('4', 5), 1005), IdSeen::Duplicate);
        assert_eq!(ids.look("not an id", 1006), IdSeen::New);
        assert_eq!(ids.look("not an id", 1007), IdSeen::Duplicate);
    }
}
