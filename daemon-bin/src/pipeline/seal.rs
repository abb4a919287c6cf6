//! Signing on every core.

use std::num::NonZero;
use std::sync::LazyLock;
use std::thread;

use agent_receipts_core::{Draft, Signature};
use agent_receipts_keysource::{KeyError, KeySource};

/// Signs every draft, in any order, and gives the signatures in the order of the drafts.
pub(crate) fn sign_all(key: &dyn KeySource, drafts: &[&Draft]) -> Result<Vec<Signature>, KeyError> {
    let cores = *CORES;
    if cores == 1 || drafts.len() < WORTH_A_THREAD {
        return sign_some(key, drafts);
    }
    let share = drafts.len().div_ceil(cores);
    thread::scope(|scope| {
        let (ours, others) = drafts.split_at(share);
        let others: Vec<_> =
            others.chunks(share).map(|some| scope.spawn(move || sign_some(key, some))).collect();
        let mut signatures = sign_some(key, ours)?;
        for other in others {
            // A panic of a signer is a bug; it goes on in the writer, which then stops.
            signatures.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
        }
        Ok(signatures)
    })
}

fn sign_some(key: &dyn KeySource, drafts: &[&Draft]) -> Result<Vec<Signature>, KeyError> {
    drafts.iter().map(|draft| sign_with_patience(key, draft)).collect()
}

/// Tries again where the key source says that it may help; a key on disk never says so.
fn sign_with_patience(key: &dyn KeySource, draft: &Draft) -> Result<Signature, KeyError> {
    let mut tries = 1;
    loop {
        match key.sign(draft.canonical()) {
            Err(error) if error.is_transient() && tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

/// Asked once: the answer is put together from several files, which costs as much as a signature.
static CORES: LazyLock<usize> = LazyLock::new(|| thread::available_parallelism().map_or(1, NonZero::get));

/// Starting a thread costs about as much as one signature.
const WORTH_A_THREAD: usize = 8;

const TRIES: u32 = 3;
