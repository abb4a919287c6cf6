//! A request's body, read whole within its bounds.

use std::time::Duration;

use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};

/// Why a body was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum BodyError {
    /// Longer than allowed.
    #[error("the body is too long")]
    TooLong,
    /// Not there in time.
    #[error("the body did not come in time")]
    TooSlow,
    /// It broke off, or was malformed.
    #[error("the body is broken")]
    Broken,
}

/// Reads at most `most` bytes. A body that announces more is refused before anything of it is read.
///
/// # Errors
///
/// [`BodyError`].
pub(crate) async fn read_body<B>(body: B, most: usize, within: Duration) -> Result<Bytes, BodyError>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    if body.size_hint().lower() > most as u64 {
        return Err(BodyError::TooLong);
    }
    match tokio::time::timeout(within, Limited::new(body, most).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(BodyError::TooLong),
        Ok(Err(_)) => Err(BodyError::Broken),
        Err(_) => Err(BodyError::TooSlow),
    }
}
