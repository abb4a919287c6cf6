//! What may be set about an emitter.
#![allow(unsafe_code)]

use std::mem::size_of;
use std::time::Duration;

use agent_receipts_ipc::{Emitter, EmitterBuilder, Identity};

use crate::boundary::{Extensible, Text};
use crate::code::Err;
use crate::failure::Failure;

/// A flag of `ar_emitter_config`: transport failures are kept from the caller of `ar_emitter_emit`, and only counted.
pub const AR_BEST_EFFORT: u32 = 1;
/// A flag of `ar_emitter_config`: a count of lost events is left for the session's next emitter as soon as one is lost, and not only
/// by closing. For languages whose processes end without a word (Go).
pub const AR_LEAVE_AT_ONCE: u32 = 2;
/// A flag of `ar_emitter_config`: neither leaves a count of lost events behind, nor tells one that another emitter left.
pub const AR_NO_DROP_FOLDER: u32 = 4;

/// What may be set about an emitter; nothing must be. Start from `AR_EMITTER_CONFIG_INIT`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct EmitterConfig {
    /// `sizeof(ar_emitter_config)`.
    pub size: usize,
    /// Any of `AR_BEST_EFFORT`, `AR_LEAVE_AT_ONCE` and `AR_NO_DROP_FOLDER`, or 0.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
    /// How long dialling may take, in milliseconds; 0 is the default, 25.
    pub dial_timeout_ms: u32,
    /// How long one whole event may take to go out, in milliseconds; 0 is the default, 100.
    pub write_timeout_ms: u32,
    /// The daemon's socket, bytes as the system has them; absent or empty is `ar_default_socket_path`.
    pub socket_path: Text,
    /// The session that all events belong to; absent or empty is a random UUID.
    pub session_id: Text,
    /// Who acts, for all events that do not say otherwise: the issuer's name, at most 256 bytes.
    pub issuer_name: Text,
    /// The issuer's model, at most 256 bytes.
    pub issuer_model: Text,
    /// The operator's identifier, at most 256 bytes.
    pub operator_id: Text,
    /// The operator's name, at most 256 bytes; only with `operator_id`.
    pub operator_name: Text,
    /// Where the count of lost events is left when the emitter is closed, for the next emitter of the same session and user; made if
    /// it is missing, but not the folders above it. Absent or empty: `agentreceipts/drops` in `XDG_RUNTIME_DIR`, or, where that cannot
    /// be, `agent-receipts/drops` in `XDG_DATA_HOME` or `~/.local/share`.
    pub drop_folder: Text,
}

// SAFETY: `repr(C)`, `size` first, pointers and numbers only.
unsafe impl Extensible for EmitterConfig {
    const NAME: &'static str = "config";
    const FIRST: usize = size_of::<usize>() + 16 + 6 * size_of::<Text>();
}

impl EmitterConfig {
    /// Judges it, and sets a builder accordingly.
    ///
    /// # Safety
    ///
    /// Its texts are as [`Text`] says.
    pub(super) unsafe fn builder(&self) -> Result<EmitterBuilder, Failure> {
        if self.flags & !(AR_BEST_EFFORT | AR_LEAVE_AT_ONCE | AR_NO_DROP_FOLDER) != 0 || self.reserved != 0 {
            let why = format!("flags {:#x} and reserved {:#x} hold unknown ones", self.flags, self.reserved);
            return Err(Failure::new(Err::Flags, why));
        }
        // SAFETY: passed on from the caller, for all of them.
        let text =
            |text: &Text, what: &str| unsafe { text.read(what) }.map(|text| text.unwrap_or("").to_owned());
        let identity = Identity {
            issuer_name: text(&self.issuer_name, "issuer_name")?,
            issuer_model: text(&self.issuer_model, "issuer_model")?,
            operator_id: text(&self.operator_id, "operator_id")?,
            operator_name: text(&self.operator_name, "operator_name")?,
        };
        let mut builder = Emitter::builder()
            .session_id(text(&self.session_id, "session_id")?)
            .identity(identity)
            .best_effort(self.flags & AR_BEST_EFFORT != 0)
            .leave_drops_at_once(self.flags & AR_LEAVE_AT_ONCE != 0);
        // SAFETY: passed on from the caller.
        if let Some(path) = unsafe { self.socket_path.read_path("socket_path") }? {
            builder = builder.socket_path(path);
        }
        // SAFETY: passed on from the caller.
        if let Some(folder) = unsafe { self.drop_folder.read_path("drop_folder") }? {
            builder = builder.drop_folder(folder);
        }
        if self.flags & AR_NO_DROP_FOLDER != 0 {
            builder = builder.no_drop_folder();
        }
        if self.dial_timeout_ms > 0 {
            builder = builder.dial_timeout(Duration::from_millis(self.dial_timeout_ms.into()));
        }
        if self.write_timeout_ms > 0 {
            builder = builder.write_timeout(Duration::from_millis(self.write_timeout_ms.into()));
        }
        Ok(builder)
    }
}
