//! The desk: calls are put on it, and come off it with an answer.

use std::io;
use std::time::Duration;

use ring::rand::SecureRandom;

use super::answer::Answer;
use super::question::{ApprovalId, Question};
use super::room::WaitingRoom;

/// How approvals are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeskOptions {
    /// How long a call waits; then it is denied. One minute.
    pub patience: Duration,
    /// How many calls may wait at once; further ones are answered [`Answer::NoApprover`]. 64.
    pub most: usize,
}

impl Default for DeskOptions {
    fn default() -> Self {
        Self { patience: Duration::from_secs(60), most: 64 }
    }
}

/// Takes calls that wait for somebody's approval, and gives each its answer, once.
///
/// Asking never waits. A call that nobody answers in time is denied, and so is one that nobody could answer.
pub struct Desk {
    room: WaitingRoom,
}

impl Desk {
    /// Opens the desk; `random` makes the names of questions unguessable.
    ///
    /// # Errors
    ///
    /// When the system gives neither randomness nor a thread. Without these nobody could approve anything.
    pub fn open(options: &DeskOptions, random: &dyn SecureRandom) -> io::Result<Self> {
        let mut seed = [0; 32];
        random.fill(&mut seed).map_err(|_| io::Error::other("the system gives no randomness"))?;
        Ok(Self { room: WaitingRoom::new(seed, options.most, options.patience)? })
    }

    /// Asks. `then` is called once, with the question's name, on the desk's own thread; on this thread only when the desk is closed.
    ///
    /// What `then` does, the next answer waits for: that of another call, and never whoever answers.
    pub fn ask(
        &self,
        question: Question,
        then: impl FnOnce(&ApprovalId, Answer) + Send + 'static,
    ) -> ApprovalId {
        self.room.ask(question, |_| None, Box::new(then))
    }

    /// Takes a question back, which is then answered [`Answer::Withdrawn`]; nothing where it has ended already.
    pub fn withdraw(&self, id: &ApprovalId) {
        self.room.withdraw(id);
    }

    /// Takes all questions back, and waits until everybody who asked has been told; may be called again.
    pub fn close(&self) {
        self.room.close();
    }
}
