//! The policy that holds now, and its replacement.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use agent_receipts_core::ReceiptHash;

use super::{LoadError, Policy};

/// The policy that holds now. Shared by all sessions of a process.
#[derive(Debug)]
pub struct ActivePolicy {
    /// `None` for the built-in rules.
    path: Option<PathBuf>,
    current: RwLock<Arc<Policy>>,
}

/// A policy was loaded anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reloaded {
    /// The digest of what held before.
    pub from: ReceiptHash,
    /// The digest of what holds now; the same where nothing changed.
    pub to: ReceiptHash,
}

impl ActivePolicy {
    /// Loads a file, or the built-in rules where there is none.
    ///
    /// # Errors
    ///
    /// [`LoadError`]: a proxy that cannot read its rules must not start.
    pub fn open(path: Option<&Path>) -> Result<Self, LoadError> {
        let policy = load(path)?;
        Ok(Self { path: path.map(Path::to_owned), current: RwLock::new(Arc::new(policy)) })
    }

    /// The policy that holds now. Ask anew for each call, and keep it for that call.
    pub fn current(&self) -> Arc<Policy> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Loads the file again. Calls under way keep the policy that they were judged by.
    ///
    /// # Errors
    ///
    /// [`LoadError`], and what held before still holds.
    pub fn reload(&self) -> Result<Reloaded, LoadError> {
        let policy = Arc::new(load(self.path.as_deref())?);
        let to = policy.digest();
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        let from = std::mem::replace(&mut *current, policy).digest();
        Ok(Reloaded { from, to })
    }
}

fn load(path: Option<&Path>) -> Result<Policy, LoadError> {
    match path {
        Some(path) => Policy::load(path),
        None => Policy::defaults().map_err(LoadError::Defaults),
    }
}
