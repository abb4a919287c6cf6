//! The proof that one checkpoint extends another, checked without a database.

use std::io;

use agent_receipts_chain::checkpoint::{Checkpoint, ExtensionProof, ExtensionProofError};
use agent_receipts_core::Fingerprint;
use serde::Serialize;

use super::trust::Trust;
use crate::output::{Screen, Tone, count, printable};

/// The verdict.
#[derive(Debug, Serialize)]
pub(crate) struct ExtensionReport {
    /// Whether it holds.
    pub(crate) valid: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    earlier: Option<End>,
    #[serde(skip_serializing_if = "Option::is_none")]
    later: Option<End>,
}

/// One of the two checkpoints, once its signature holds.
#[derive(Debug, Serialize)]
struct End {
    size: u64,
    time: String,
    signed_by: String,
}

impl ExtensionReport {
    /// Judges what was read by the keys that are trusted.
    pub(super) fn of(proof: Result<ExtensionProof, ExtensionProofError>, trust: &Trust) -> Self {
        match proof.and_then(|proof| proof.verify(&trust.trusted(), &trust.earlier())) {
            Ok(shown) => Self {
                valid: true,
                error: None,
                origin: Some(shown.later.origin.to_string()),
                earlier: Some(End::of(&shown.earlier, shown.earlier_signed_by)),
                later: Some(End::of(&shown.later, shown.later_signed_by)),
            },
            Err(error) => Self {
                valid: false,
                error: Some(error.to_string()),
                origin: None,
                earlier: None,
                later: None,
            },
        }
    }

    /// The verdict, then what it is about.
    pub(super) fn write(&self, screen: &mut Screen) -> io::Result<()> {
        let (Some(origin), Some(earlier), Some(later)) = (&self.origin, &self.earlier, &self.later) else {
            let word = screen.tone(Tone::Bad, "NOT PROVEN");
            screen.line(&format!("Extension: {word}"))?;
            let cause = self.error.as_deref().unwrap_or("unknown");
            return screen.line(&format!("  cause: {}", printable(cause)));
        };
        let word = screen.tone(Tone::Good, "PROVEN");
        screen.line(&format!("Extension: {word}"))?;
        screen.line(&format!(
            "  log {} had {} at {}, and they are the first of the {} that it had at {}",
            printable(origin),
            count(earlier.size, "receipt"),
            earlier.time,
            later.size,
            later.time
        ))?;
        screen.line(&format!("  later checkpoint signed by {}", later.signed_by))?;
        if earlier.signed_by != later.signed_by {
            screen.line(&format!("  earlier checkpoint signed by {}", earlier.signed_by))?;
        }
        Ok(())
    }
}

impl End {
    fn of(said: &Checkpoint, signed_by: Fingerprint) -> Self {
        Self { size: said.size, time: said.time.to_rfc3339(), signed_by: signed_by.to_string() }
    }
}
