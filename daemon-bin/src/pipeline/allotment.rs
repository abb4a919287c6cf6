//! How many chains a user may have open: names are the emitter's to choose, and each takes memory and a place in the database.

use std::collections::HashMap;

use super::resume::ResumeError;

/// The chains of this run that are not shared, by user, each with the second in which it was last written to.
pub(crate) struct Allotments {
    most: usize,
    by_uid: HashMap<u32, HashMap<String, i64>>,
    refused: u64,
}

/// Room for a chain.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// There is.
    Free,
    /// There is, once this chain is closed: nothing was written to it for long.
    After(String),
}

impl Room {
    /// The chain that is to be closed for it.
    pub(crate) fn made_by(self) -> Option<String> {
        match self {
            Self::Free => None,
            Self::After(chain) => Some(chain),
        }
    }
}

impl Allotments {
    /// With at most `most` open chains a user.
    pub(crate) fn new(most: usize) -> Self {
        Self { most, by_uid: HashMap::new(), refused: 0 }
    }

    /// Takes a place for a chain, or renews it.
    ///
    /// # Errors
    ///
    /// [`ResumeError::TooManyChains`] where all are taken and in use.
    pub(crate) fn take(&mut self, uid: u32, chain: &str, now: i64) -> Result<Room, ResumeError> {
        let open = self.by_uid.entry(uid).or_default();
        if let Some(last) = open.get_mut(chain) {
            *last = now;
            return Ok(Room::Free);
        }
        let mut room = Room::Free;
        if open.len() >= self.most {
            let idlest =
                open.iter().min_by_key(|(_, last)| **last).map(|(chain, last)| (chain.clone(), *last));
            match idlest {
                Some((idle, last)) if now.saturating_sub(last) >= IDLE => {
                    open.remove(&idle);
                    room = Room::After(idle);
                }
                _ => {
                    self.refused += 1;
                    return Err(ResumeError::TooManyChains { uid, most: self.most, refused: self.refused });
                }
            }
        }
        open.insert(chain.to_owned(), now);
        Ok(room)
    }
}

/// Seconds without a receipt after which a chain may be closed to make room for another.
const IDLE: i64 = 3600;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_has_so_many_chains_and_others_have_theirs() {
        let mut allotments = Allotments::new(2);
        for chain in ["a", "b", "a", "b"] {
            assert_eq!(allotments.take(1, chain, 100), Ok(Room::Free), "{chain}");
        }
        let refused = |refused| Err(ResumeError::TooManyChains { uid: 1, most: 2, refused });
        assert_eq!(allotments.take(1, "c", 100), refused(1));
        assert_eq!(allotments.take(1, "d", 100 + IDLE - 1), refused(2));
        assert_eq!(allotments.take(2, "c", 100), Ok(Room::Free));
        assert_eq!(allotments.take(1, "a", 100), Ok(Room::Free));
    }

    #[test]
    fn the_chain_that_was_idle_longest_makes_room() {
        let mut allotments = Allotments::new(2);
        for (chain, now) in [("a", 0), ("b", 10), ("a", 20)] {
            allotments.take(1, chain, now).unwrap();
        }
        assert_eq!(allotments.take(1, "c", 10 + IDLE), Ok(Room::After("b".to_owned())));
        assert!(allotments.take(1, "b", 11 + IDLE).is_err(), "`a` was in use later");
        assert_eq!(allotments.take(1, "b", 20 + IDLE), Ok(Room::After("a".to_owned())));
        // A clock that was set back makes nothing idle.
        assert!(allotments.take(1, "x", i64::MIN).is_err());
    }
}
