//! The drops that one frame tells of, until it is known whether it went out.

use super::error::EmitError;
use super::left::{DropFile, Finding, Left};
use super::life::Life;
use super::outgoing::{Draft, Frame};
use crate::event::MAX_DROP_COUNT;

/// What one frame tells: this process's drops, and those that an earlier emitter left.
pub(super) struct Telling<'a> {
    life: &'a Life,
    own: u64,
    left: Option<(u64, Left)>,
}

impl<'a> Telling<'a> {
    /// Lets the frame tell of all drops, or of none if there is no room in it.
    pub(super) fn load(draft: Draft, life: &'a Life, file: &DropFile) -> (Frame, Self) {
        let left = find(life, file);
        let own = life.drops.take();
        let all = own.saturating_add(left.as_ref().map_or(0, |(count, _)| *count));
        let (frame, told) = draft.finish(all.min(MAX_DROP_COUNT));
        if told > 0 {
            return (frame, Self { life, own, left });
        }
        life.drops.add(own);
        (frame, Self { life, own: 0, left: None })
    }

    /// The frame is out, and what it told is told. Gives how much that was.
    pub(super) fn sent(self) -> u64 {
        let left = self.left.map_or(0, |(count, left)| {
            left.settle();
            self.life.told(Some(count));
            count
        });
        self.own.saturating_add(left)
    }

    /// The frame is lost: what it would have told is as it was, and it counts itself, unless it could never have gone out.
    pub(super) fn not_sent(self, error: &EmitError) {
        self.life.drops.add(self.own.saturating_add(u64::from(error.is_transport())));
    }
}

/// Looks for what was left once a connection, so that an event on a warm one costs no call for it.
fn find(life: &Life, file: &DropFile) -> Option<(u64, Left)> {
    let dials = life.is_to_look()?;
    match file.find() {
        Finding::Count(count, left) => Some((count, left)),
        Finding::InUse => None,
        Finding::Nothing => {
            life.has_looked(dials);
            life.told(None);
            None
        }
    }
}
