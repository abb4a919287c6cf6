//! The table of objects that C holds tickets for.
//!
//! A ticket is a number, so that using one after it was given back is an error and never a crash. The table takes no lock:
//! a process may fork while another of its threads is in the middle of anything here, and the child can still use it.
#![allow(unsafe_code)]

use std::ops::Deref;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicU64};

use crate::code::Err;
use crate::failure::Failure;

/// At most `N` objects at once, `N` a power of two up to 65,536; `KIND`, 1 to 3, tells its tickets from those of other tables.
///
/// An empty one is all zeroes: in a static it takes address space, no room in the file, and memory only as it is used.
pub(crate) struct Table<T, const N: usize, const KIND: u64> {
    /// How many places were looked at so far.
    next: AtomicU64,
    slots: [Slot<T>; N],
}

/// One place of the table.
///
/// `state` is, from the top: 32 bits of generation, counted up each time that the place is freed; the phase; whether the library
/// panicked over the object; and how many calls use it just now.
struct Slot<T> {
    state: AtomicU64,
    value: AtomicPtr<T>,
}

const GENERATION_SHIFT: u32 = 32;
const PHASE: u64 = 0b11 << 30;
/// Empty; the phase of a table of zeroes.
const FREE: u64 = 0;
/// Somebody puts an object in.
const FILLING: u64 = 0b01 << 30;
const LIVE: u64 = 0b10 << 30;
/// Given back; freed by the last call that uses it.
const RETIRED: u64 = 0b11 << 30;
const POISONED: u64 = 1 << 29;
const USERS: u64 = POISONED - 1;

/// A ticket is the generation, the kind (2 bits, never 0) and the index (16 bits): below 2^53, as every language's numbers are.
const INDEX_BITS: u32 = 16;
const KIND_BITS: u32 = 2;

impl<T: Send + Sync, const N: usize, const KIND: u64> Table<T, N, KIND> {
    /// An empty table.
    pub(crate) const fn new() -> Self {
        assert!(KIND > 0 && KIND < 1 << KIND_BITS && N.is_power_of_two() && N <= 1 << INDEX_BITS);
        Self { next: AtomicU64::new(0), slots: [const { Slot::new() }; N] }
    }

    /// Takes an object in and gives its ticket.
    pub(crate) fn insert(&self, value: T) -> Result<u64, Failure> {
        for _ in 0..N {
            let index = (self.next.fetch_add(1, Relaxed) % N as u64) as usize;
            let slot = &self.slots[index];
            let state = slot.state.load(Relaxed);
            if state & PHASE != FREE
                || slot.state.compare_exchange(state, state | FILLING, Acquire, Relaxed).is_err()
            {
                continue;
            }
            slot.value.store(Box::into_raw(Box::new(value)), Relaxed);
            // INVARIANT: whoever reads LIVE by an acquiring operation sees the pointer.
            slot.state.store((state & !PHASE) | LIVE, Release);
            let generation = state >> GENERATION_SHIFT;
            return Ok(generation << (INDEX_BITS + KIND_BITS) | KIND << INDEX_BITS | index as u64);
        }
        Err(Failure::new(Err::TooMany, format!("{N} objects of this kind exist already")))
    }

    /// Holds the object for one call; it outlives the call even if another thread frees it meanwhile.
    pub(crate) fn enter(&self, ticket: u64) -> Result<Use<'_, T>, Failure> {
        let (slot, generation) = self.slot(ticket)?;
        let entered = slot.state.fetch_update(Acquire, Relaxed, |state| {
            let usable = state >> GENERATION_SHIFT == generation
                && state & (PHASE | POISONED) == LIVE
                && state & USERS < USERS;
            usable.then_some(state + 1)
        });
        match entered {
            Ok(_) => Ok(Use { slot, already_panicking: std::thread::panicking() }),
            Err(state) if state >> GENERATION_SHIFT == generation && state & PHASE == LIVE => {
                Err(Failure::new(Err::Poisoned, "the library panicked over this object before: free it"))
            }
            Err(_) => Err(unknown()),
        }
    }

    /// Takes the ticket back. The object is dropped now, or by the last call that is using it.
    pub(crate) fn remove(&self, ticket: u64) -> Result<(), Failure> {
        let (slot, generation) = self.slot(ticket)?;
        let retired = slot.state.fetch_update(AcqRel, Relaxed, |state| {
            let live = state >> GENERATION_SHIFT == generation && state & PHASE == LIVE;
            live.then_some(state | RETIRED)
        });
        match retired {
            Ok(state) if state & USERS == 0 => slot.free(),
            Ok(_) => {}
            Err(_) => return Err(unknown()),
        }
        Ok(())
    }

    /// Calls `visit` with every object that is there.
    pub(crate) fn for_each(&self, visit: impl Fn(&T)) {
        let used = usize::try_from(self.next.load(Relaxed)).map_or(N, |next| next.min(N));
        for (index, slot) in self.slots.iter().enumerate().take(used) {
            let generation = slot.state.load(Relaxed) >> GENERATION_SHIFT;
            let ticket = generation << (INDEX_BITS + KIND_BITS) | KIND << INDEX_BITS | index as u64;
            if let Ok(object) = self.enter(ticket) {
                visit(&object);
            }
        }
    }

    fn slot(&self, ticket: u64) -> Result<(&Slot<T>, u64), Failure> {
        let index = ticket & ((1 << INDEX_BITS) - 1);
        let kind = ticket >> INDEX_BITS & ((1 << KIND_BITS) - 1);
        let slot = self.slots.get(index as usize).filter(|_| kind == KIND);
        Ok((slot.ok_or_else(unknown)?, ticket >> (INDEX_BITS + KIND_BITS)))
    }
}

fn unknown() -> Failure {
    Failure::new(Err::Handle, "no such object: it was freed before, never made, or is of another kind")
}

impl<T> Slot<T> {
    const fn new() -> Self {
        Self { state: AtomicU64::new(FREE), value: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Empties a retired place that nobody uses. INVARIANT: called once for each object, by whoever saw it retired and unused.
    fn free(&self) {
        let value = self.value.swap(std::ptr::null_mut(), Acquire);
        let generation = self.state.load(Relaxed) >> GENERATION_SHIFT;
        // A place whose generations are used up is never given out again.
        if let Some(next) = u32::try_from(generation).ok().and_then(|generation| generation.checked_add(1)) {
            self.state.store(u64::from(next) << GENERATION_SHIFT | FREE, Release);
        }
        if !value.is_null() {
            // SAFETY: the pointer came from `Box::into_raw` in `insert`, and the swap above took it out for good.
            drop(unsafe { Box::from_raw(value) });
        }
    }
}

/// An object in use by one call.
pub(crate) struct Use<'a, T> {
    slot: &'a Slot<T>,
    already_panicking: bool,
}

impl<T> Deref for Use<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: `enter` read LIVE with acquire, so the pointer is that of a finished `insert`; it is taken out only when no
        // `Use` is left.
        unsafe { &*self.slot.value.load(Relaxed) }
    }
}

impl<T> Drop for Use<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() && !self.already_panicking {
            self.slot.state.fetch_or(POISONED, Relaxed);
        }
        let before = self.slot.state.fetch_sub(1, AcqRel);
        if before & PHASE == RETIRED && before & USERS == 1 {
            self.slot.free();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// Counts how often it is dropped.
    struct Counted(Arc<AtomicUsize>);

    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, AcqRel);
        }
    }

    fn code<X>(outcome: Result<X, Failure>) -> Option<Err> {
        outcome.err().map(|failure| failure.code)
    }

    #[test]
    fn a_ticket_works_until_it_is_given_back_and_never_again() {
        let table: Table<u8, 4, 1> = Table::new();
        let ticket = table.insert(7).unwrap();
        assert_eq!(*table.enter(ticket).unwrap(), 7);
        assert_eq!(table.remove(ticket), Ok(()));
        assert_eq!(code(table.remove(ticket)), Some(Err::Handle));
        // The same place is used again, under another ticket.
        let later: Vec<u64> = (0..4).map(|value| table.insert(value).unwrap()).collect();
        assert!(!later.contains(&ticket));
        assert_eq!(code(table.enter(ticket).map(|_| ())), Some(Err::Handle));
        assert_eq!(code(table.insert(9)), Some(Err::TooMany));
    }

    #[test]
    fn no_number_but_a_ticket_is_one() {
        let table: Table<u8, 4, 1> = Table::new();
        let other: Table<u8, 4, 2> = Table::new();
        let ticket = table.insert(7).unwrap();
        for wrong in [0, 1, ticket + 1, ticket - 1, ticket | 1 << 50, u64::MAX, other.insert(1).unwrap()] {
            assert_eq!(code(table.enter(wrong).map(|_| ())), Some(Err::Handle), "{wrong}");
        }
    }

    #[test]
    fn an_object_in_use_outlives_its_ticket() {
        let drops = Arc::new(AtomicUsize::new(0));
        let table: Table<Counted, 2, 1> = Table::new();
        let ticket = table.insert(Counted(Arc::clone(&drops))).unwrap();
        let (one, two) = (table.enter(ticket).unwrap(), table.enter(ticket).unwrap());
        table.remove(ticket).unwrap();
        assert_eq!(code(table.enter(ticket).map(|_| ())), Some(Err::Handle));
        drop(one);
        assert_eq!(drops.load(Acquire), 0);
        drop(two);
        assert_eq!(drops.load(Acquire), 1);
    }

    #[test]
    fn a_panic_poisons_its_object_alone_which_can_still_be_freed() {
        let drops = Arc::new(AtomicUsize::new(0));
        let table: Table<Counted, 2, 1> = Table::new();
        let [hit, spared] = [(); 2].map(|()| table.insert(Counted(Arc::clone(&drops))).unwrap());
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _object = table.enter(hit).unwrap();
            panic!("on purpose");
        }));
        assert!(panicked.is_err());
        assert_eq!(code(table.enter(hit).map(|_| ())), Some(Err::Poisoned));
        assert!(table.enter(spared).is_ok());
        assert_eq!(table.remove(hit), Ok(()));
        assert_eq!(drops.load(Acquire), 1);
    }

    #[test]
    fn a_place_out_of_generations_is_not_used_again() {
        let table: Table<u8, 1, 1> = Table::new();
        table.slots[0].state.store(u64::from(u32::MAX) << GENERATION_SHIFT, Release);
        let ticket = table.insert(1).unwrap();
        assert!(ticket < 1 << 53);
        table.remove(ticket).unwrap();
        assert_eq!(code(table.insert(2)), Some(Err::TooMany));
    }

    #[test]
    fn threads_that_make_use_and_free_drop_each_object_once() {
        static TABLE: Table<Counted, 64, 3> = Table::new();
        let drops = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new(AtomicU64::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let ticket = TABLE.insert(Counted(Arc::clone(&drops))).unwrap();
                        // Others use and free what this thread made.
                        let old = shared.swap(ticket, AcqRel);
                        let held = TABLE.enter(ticket);
                        let _ = (TABLE.remove(old), TABLE.remove(old));
                        drop(held);
                    }
                });
            }
        });
        TABLE.remove(shared.load(Acquire)).unwrap();
        assert_eq!(drops.load(Acquire), 8 * 500);
    }
}
