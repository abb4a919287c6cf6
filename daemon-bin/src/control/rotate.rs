//! `rotate`: another signing key, while events come in.

use std::path::PathBuf;

use agent_receipts_core::json::Object;
use agent_receipts_ipc::ControlReply;

use super::House;
use crate::rotate::{Rotation, rotate_running};

/// Replaces the key, and tells which chains were handed over. `anchor_log` is told instead of the configuration's.
pub(super) fn answer(arguments: &Object, house: &House) -> ControlReply {
    let anchor = match arguments.get("anchor_log") {
        None => house.config.anchor_log.clone(),
        Some(path) => match path.as_str().filter(|path| path.starts_with('/')) {
            Some(path) => Some(PathBuf::from(path)),
            None => return ControlReply::refused("invalid_argument", "`anchor_log` is not an absolute path"),
        },
    };
    let Some(seed) = (house.surroundings.seeds)() else {
        return ControlReply::refused("rotation_failed", "the operating system gave no random bytes");
    };
    let (config, surroundings) = (house.config.clone(), house.surroundings.clone());
    let rotated =
        house.alone(move |ledger| rotate_running(ledger, &config, &seed, anchor.as_deref(), &surroundings));
    match rotated {
        Err(refusal) => refusal,
        Ok(Err(error)) => {
            let message = error.to_string();
            (house.surroundings.log)(&format!("the signing key was not replaced: {message}"));
            ControlReply::refused("rotation_failed", message)
        }
        Ok(Ok(rotation)) => {
            house.set_key(rotation.incoming);
            (house.surroundings.log)(&format!("the signing key was replaced: {}", rotation.incoming));
            if let Some(unfinished) = &rotation.unfinished {
                (house.surroundings.log)(&format!("the next start finishes the rotation: {unfinished}"));
            }
            ControlReply::Done(told(&rotation))
        }
    }
}

fn told(rotation: &Rotation) -> Object {
    rotation.to_value().into_object().unwrap_or_default()
}
