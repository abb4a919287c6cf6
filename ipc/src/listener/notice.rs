//! What a listener tells of itself: each thing it refused or survived, and how often.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::frame::FrameError;

/// One thing worth a line in the log. `Display` is that line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Notice {
    /// A socket that no daemon was listening on was removed.
    #[error("removed the stale socket {}", path.display())]
    StaleSocketRemoved {
        /// Its path.
        path: PathBuf,
    },
    /// Others than the daemon's user may replace the socket, because they may write its directory.
    #[error("directory {} is writable by others than its owner: they can put their own socket there", path.display())]
    LooseDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// A connection was refused: as many as are allowed are open.
    #[error("connection refused: {limit} connections are open")]
    ConnectionLimit {
        /// The limit.
        limit: usize,
    },
    /// A connection was refused: its user has as many as are allowed.
    #[error("connection of uid {uid} refused: {limit} of its connections are open")]
    UidLimit {
        /// The user.
        uid: u32,
        /// The limit.
        limit: usize,
    },
    /// A connection was dropped because the kernel would not say who it is.
    #[error("connection dropped: no peer credential: {kind}")]
    NoCredential {
        /// The system's reason.
        kind: io::ErrorKind,
    },
    /// A connection was dropped because no descriptor was free for it.
    #[error("out of file descriptors: one connection closed to stay alive")]
    OutOfDescriptors,
    /// Accepting failed; the listener goes on.
    #[error("accept failed: {kind}")]
    AcceptFailed {
        /// The system's reason.
        kind: io::ErrorKind,
    },
    /// A connection was dropped because no thread could be started for it.
    #[error("connection dropped: no thread: {kind}")]
    NoThread {
        /// The system's reason.
        kind: io::ErrorKind,
    },
    /// A connection was closed because of its framing.
    #[error("read frame of pid {pid}, uid {uid}: {error}")]
    Frame {
        /// The peer's process.
        pid: i32,
        /// The peer's user.
        uid: u32,
        /// What was wrong.
        error: FrameError,
    },
    /// A connection was closed because it sent nothing for too long.
    #[error("idle connection of pid {pid}, uid {uid} closed")]
    Idle {
        /// The peer's process.
        pid: i32,
        /// The peer's user.
        uid: u32,
    },
    /// A connection was shut down because its peer asked for replies and did not read them.
    #[error("connection of pid {pid}, uid {uid} shut down: it does not read its replies")]
    ReplyStuck {
        /// The peer's process.
        pid: i32,
        /// The peer's user.
        uid: u32,
    },
    /// The handler of one connection panicked; the connection is closed, the others are unharmed.
    #[error("the handler of pid {pid}, uid {uid} panicked: connection closed")]
    HandlerPanicked {
        /// The peer's process.
        pid: i32,
        /// The peer's user.
        uid: u32,
    },
}

/// How often things have happened since the listener was bound.
#[derive(Debug, Default)]
pub struct Counts {
    accepted: AtomicU64,
    frames: AtomicU64,
    refused_by_limit: AtomicU64,
    refused_by_uid_limit: AtomicU64,
    without_credential: AtomicU64,
    out_of_descriptors: AtomicU64,
    accept_failures: AtomicU64,
    frame_errors: AtomicU64,
    idle_closed: AtomicU64,
    replies_stuck: AtomicU64,
    panics: AtomicU64,
}

/// The counts of one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Connections given to the handler.
    pub accepted: u64,
    /// Whole frames given to sessions.
    pub frames: u64,
    /// Connections refused because too many were open.
    pub refused_by_limit: u64,
    /// Connections refused because their user had too many open.
    pub refused_by_uid_limit: u64,
    /// Connections dropped for want of a peer credential.
    pub without_credential: u64,
    /// Times that no descriptor was free.
    pub out_of_descriptors: u64,
    /// Other failures to accept or to start a thread.
    pub accept_failures: u64,
    /// Connections closed for their framing, slow and truncated frames among them.
    pub frame_errors: u64,
    /// Connections closed for sending nothing.
    pub idle_closed: u64,
    /// Connections shut down for not reading replies.
    pub replies_stuck: u64,
    /// Handlers that panicked.
    pub panics: u64,
}

impl Counts {
    /// What has been counted up to now.
    pub fn totals(&self) -> Totals {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Totals {
            accepted: read(&self.accepted),
            frames: read(&self.frames),
            refused_by_limit: read(&self.refused_by_limit),
            refused_by_uid_limit: read(&self.refused_by_uid_limit),
            without_credential: read(&self.without_credential),
            out_of_descriptors: read(&self.out_of_descriptors),
            accept_failures: read(&self.accept_failures),
            frame_errors: read(&self.frame_errors),
            idle_closed: read(&self.idle_closed),
            replies_stuck: read(&self.replies_stuck),
            panics: read(&self.panics),
        }
    }

    pub(super) fn accepted(&self) {
        self.accepted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn frame(&self) {
        self.frames.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn record(&self, notice: &Notice) {
        let count = match notice {
            Notice::StaleSocketRemoved { .. } | Notice::LooseDirectory { .. } => return,
            Notice::ConnectionLimit { .. } => &self.refused_by_limit,
            Notice::UidLimit { .. } => &self.refused_by_uid_limit,
            Notice::NoCredential { .. } => &self.without_credential,
            Notice::OutOfDescriptors => &self.out_of_descriptors,
            Notice::AcceptFailed { .. } | Notice::NoThread { .. } => &self.accept_failures,
            Notice::Frame { .. } => &self.frame_errors,
            Notice::Idle { .. } => &self.idle_closed,
            Notice::ReplyStuck { .. } => &self.replies_stuck,
            Notice::HandlerPanicked { .. } => &self.panics,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}
