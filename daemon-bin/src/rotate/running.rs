//! Replacing the key of a daemon at work, on the thread that writes and with nothing under way. Events that come meanwhile wait.

use std::path::Path;
use std::sync::Arc;

use agent_receipts_keysource::KeySource as _;
use zeroize::Zeroizing;

use super::files::{KeyFiles, load};
use super::recover::{recover, settle};
use super::turn::Turn;
use super::{RotateError, Rotation};
use crate::config::Config;
use crate::pipeline::ledger::{Ledger, WriteError};
use crate::startup::{StartError, open_store};
use crate::surroundings::Surroundings;

/// What became of the rotation, and of the ledger: an error there that is fatal must end the daemon.
pub(crate) type Outcome = (Result<Rotation, RotateError>, Result<(), WriteError>);

/// Replaces the key with one made from `seed`: the same steps as on a stopped daemon, and then the ledger signs with the new
/// key. Where that fails before the commit, it goes on with the old one.
pub(crate) fn rotate_running(
    ledger: &mut Ledger,
    config: &Config,
    seed: &Zeroizing<[u8; 32]>,
    anchor: Option<&Path>,
    surroundings: &Surroundings,
) -> Outcome {
    let turn = match Turn::prepare(ledger, config, seed, anchor, surroundings) {
        Ok(turn) => turn,
        Err(error) => return give_up(ledger, config, surroundings, error),
    };
    match turn.commit(ledger) {
        Ok(()) => {
            let rotation = turn.finish(ledger);
            let (key, incoming) = turn.into_key();
            ledger.succeed(Arc::new(key), incoming);
            (Ok(rotation), Ok(()))
        }
        Err(error) => take_up_again(ledger, config, surroundings, error),
    }
}

/// Nothing was committed: what was prepared is removed, now or by the next start.
fn give_up(ledger: &mut Ledger, config: &Config, surroundings: &Surroundings, error: RotateError) -> Outcome {
    ledger.discard();
    if let Err(later) = settle(&KeyFiles::of(config), &config.db, &ledger.store, surroundings) {
        (surroundings.log)(&format!("left to the next start: {later}"));
    }
    let fate = fate_of(&error);
    (Err(error), fate)
}

/// Whether a commit that failed was made all the same is only known once the database was closed and opened again; until then
/// neither key may sign. Where that cannot be told either, the daemon ends, and the next start finds out.
fn take_up_again(
    ledger: &mut Ledger,
    config: &Config,
    surroundings: &Surroundings,
    error: RotateError,
) -> Outcome {
    if fate_of(&error).is_err_and(|error| error.is_fatal()) {
        let fate = fate_of(&error);
        return (Err(error), fate);
    }
    let taken_up = ledger
        .store
        .exchange(|| -> Result<_, RotateError> {
            match recover(config, surroundings)? {
                Some(store) => Ok(store),
                None => Ok(open_store(&config.db)?),
            }
        })
        .and_then(|()| {
            let key = load(&config.key, &config.verification_method)?;
            let public = key.public_key().map_err(StartError::from)?;
            Ok((key, public))
        });
    match taken_up {
        Ok((key, public)) => {
            ledger.succeed(Arc::new(key), public);
            (Err(error), Ok(()))
        }
        Err(later) => {
            let fate = Err(WriteError::InDoubt { reason: later.to_string() });
            (Err(error), fate)
        }
    }
}

/// What an error means for a ledger.
fn fate_of(error: &RotateError) -> Result<(), WriteError> {
    match error {
        RotateError::Write(error) => Err(error.clone()),
        RotateError::Open(StartError::Store(error)) => Err(error.clone().into()),
        _ => Ok(()),
    }
}
