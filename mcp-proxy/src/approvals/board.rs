//! The questions that wait, and when their time is over. No clock, no lock, no thread.

use std::time::{Instant, SystemTime};

use super::question::{ApprovalId, Pending, Question};

/// Questions in the order in which they were asked; `T` is what goes with each until it ends.
pub(super) struct Board<T> {
    waiting: Vec<Waiting<T>>,
    most: usize,
}

struct Waiting<T> {
    id: ApprovalId,
    question: Question,
    asked: SystemTime,
    deadline: Instant,
    with: T,
}

/// A question that came off the board.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Taken<T> {
    pub(super) id: ApprovalId,
    pub(super) with: T,
    /// Whether its time was over.
    pub(super) late: bool,
}

impl<T> Board<T> {
    /// For at most `most` questions.
    pub(super) fn new(most: usize) -> Self {
        Self { waiting: Vec::new(), most }
    }

    /// Whether no further question has room.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.len() >= self.most
    }

    /// Puts a question up.
    pub(super) fn put(&mut self, pending: Pending, deadline: Instant, with: T) {
        let Pending { id, question, asked, .. } = pending;
        self.waiting.push(Waiting { id, question, asked, deadline, with });
    }

    /// Takes one question off. INVARIANT: whoever gets it is the only one to end it.
    pub(super) fn take(&mut self, id: &ApprovalId, now: Instant) -> Option<Taken<T>> {
        let at = self.waiting.iter().position(|waiting| waiting.id == *id)?;
        Some(self.waiting.remove(at).taken(now))
    }

    /// Takes all off whose time is over.
    pub(super) fn take_late(&mut self, now: Instant) -> Vec<Taken<T>> {
        self.waiting
            .extract_if(.., |waiting| waiting.deadline <= now)
            .map(|waiting| waiting.taken(now))
            .collect()
    }

    /// Takes all off.
    pub(super) fn take_all(&mut self, now: Instant) -> Vec<Taken<T>> {
        self.waiting.drain(..).map(|waiting| waiting.taken(now)).collect()
    }

    /// When the next question's time is over.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.waiting.iter().map(|waiting| waiting.deadline).min()
    }

    /// What waits and can still be answered.
    pub(super) fn pending(&self, now: Instant) -> Vec<Pending> {
        self.waiting.iter().filter_map(|waiting| waiting.pending(now)).collect()
    }

    /// One question, if it can still be answered.
    pub(super) fn one(&self, id: &ApprovalId, now: Instant) -> Option<Pending> {
        self.waiting.iter().find(|waiting| waiting.id == *id)?.pending(now)
    }
}

impl<T> Waiting<T> {
    fn taken(self, now: Instant) -> Taken<T> {
        Taken { late: self.deadline <= now, id: self.id, with: self.with }
    }

    fn pending(&self, now: Instant) -> Option<Pending> {
        let left = self.deadline.checked_duration_since(now).filter(|left| !left.is_zero())?;
        Some(Pending { id: self.id.clone(), question: self.question.clone(), asked: self.asked, left })
    }
}

#[cfg(test)]
mod tests {
    use super::super::question::Names;
    use super::super::tests::question;
    use super::*;
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    fn board(now: Instant, seconds: &[u32]) -> (Board<u32>, Vec<ApprovalId>) {
        let (mut board, mut names) = (Board::new(seconds.len()), Names::new([0; 32]));
        let ids = seconds.iter().map(|seconds| {
            assert!(!board.is_full());
            let (id, left) = (names.next(), SECOND * *seconds);
            let asked = SystemTime::UNIX_EPOCH;
            let pending = Pending { id: id.clone(), question: question("t"), asked, left };
            board.put(pending, now + left, *seconds);
            id
        });
        let ids = ids.collect();
        (board, ids)
    }

    #[test]
    fn a_question_is_taken_once() {
        let now = Instant::now();
        let (mut board, ids) = board(now, &[5, 6]);
        assert_eq!(board.take(&ids[0], now), Some(Taken { id: ids[0].clone(), with: 5, late: false }));
        assert_eq!(board.take(&ids[0], now), None);
        assert!(board.take_late(now + SECOND * 5).is_empty());
        assert_eq!(board.take_late(now + SECOND * 6).len(), 1);
        assert_eq!(board.next_deadline(), None);
    }

    #[test]
    fn whose_time_is_over_is_late_even_when_nobody_has_looked_yet() {
        let now = Instant::now();
        let (mut board, ids) = board(now, &[5]);
        let end = now + SECOND * 5;
        assert_eq!(board.pending(end - Duration::from_nanos(1)).len(), 1);
        assert_eq!(board.pending(end), []);
        assert_eq!(board.one(&ids[0], end), None);
        assert!(board.take(&ids[0], end).unwrap().late);
    }

    #[test]
    fn the_next_deadline_is_the_soonest_and_all_that_are_late_go_together() {
        let now = Instant::now();
        let (mut board, _) = board(now, &[9, 3, 5]);
        assert_eq!(board.next_deadline(), Some(now + SECOND * 3));
        let late: Vec<u32> = board.take_late(now + SECOND * 5).into_iter().map(|taken| taken.with).collect();
        assert_eq!(late, [3, 5]);
        assert_eq!(board.take_all(now).into_iter().map(|taken| taken.with).collect::<Vec<_>>(), [9]);
    }

    #[test]
    fn a_full_board_has_room_again_when_one_is_taken() {
        let now = Instant::now();
        let (mut board, ids) = board(now, &[1, 2]);
        assert!(board.is_full());
        board.take(&ids[1], now);
        assert!(!board.is_full());
    }
}
