//! Messages on their way in. Whoever has an account on this machine may send as many at once as there are connections, and each as long as
//! one may be: how much of that is held is bounded for all of them together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Incoming};

use crate::serve::BodyError;

/// What is held of all messages together.
pub(super) struct Intake {
    held: AtomicUsize,
    /// Bytes.
    most: usize,
    /// The longest message, in bytes.
    limit: usize,
}

/// Why a message was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum IntakeError {
    /// As any body may not be.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// Others take all the room there is.
    #[error("too many long messages at once; try again")]
    NoRoom,
}

/// A message's part of what is held, until it is dropped.
pub(super) struct Share {
    intake: Arc<Intake>,
    bytes: usize,
}

impl Intake {
    /// For messages of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { held: AtomicUsize::new(0), most: limit.saturating_mul(AT_ONCE), limit })
    }

    /// Reads a message whole.
    pub(super) async fn read(
        self: &Arc<Self>,
        mut body: Incoming,
        within: Duration,
    ) -> Result<(Bytes, Share), IntakeError> {
        // What says of itself that it is too long is not even begun.
        if body.size_hint().lower() > self.limit as u64 {
            return Err(BodyError::TooLong.into());
        }
        let reading = async {
            let (mut bytes, mut share) = (Vec::new(), Share { intake: Arc::clone(self), bytes: 0 });
            while let Some(frame) = body.frame().await {
                let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
                if bytes.len() + data.len() > self.limit {
                    return Err(BodyError::TooLong.into());
                }
                share.grow(bytes.len() + data.len())?;
                bytes.extend_from_slice(&data);
            }
            Ok((Bytes::from(bytes), share))
        };
        tokio::time::timeout(within, reading).await.unwrap_or(Err(BodyError::TooSlow.into()))
    }
}

impl Share {
    /// Takes as much as a message of this length needs. A short one always finds room: connections are bounded.
    fn grow(&mut self, length: usize) -> Result<(), IntakeError> {
        let wanted = if length > SHORT { length } else { 0 };
        let more = wanted - self.bytes.min(wanted);
        let room = |held: usize| held.checked_add(more).filter(|held| *held <= self.intake.most || more == 0);
        let taken = self.intake.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room);
        taken.map_err(|_| IntakeError::NoRoom)?;
        self.bytes += more;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.intake.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Messages of the greatest length.
const AT_ONCE: usize = 4;
/// Bytes.
const SHORT: usize = 16 << 10;
