//! A stream of events on its way through: each is recorded before its last byte is passed on.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, Incoming};

use super::sessions::Seat;
use super::waiting::Waiting;
use crate::http::failure::Failure;
use crate::http::outline::Glance;
use crate::http::remote::RemoteError;
use crate::http::sse::Reader;

/// The body of an answer that is a stream of events.
pub(crate) struct Relay {
    from: Incoming,
    reader: Reader,
    seat: Seat,
    /// The request that the stream is to answer.
    waiting: Option<Waiting>,
}

impl Relay {
    /// Passes `from` on, which may bring events of at most `limit` bytes.
    pub(super) fn new(from: Incoming, seat: Seat, waiting: Option<Waiting>, limit: usize) -> Self {
        Self { from, reader: Reader::new(limit), seat, waiting }
    }

    fn record(&mut self, bytes: &[u8]) -> Result<(), RemoteError> {
        let (gate, waiting) = (self.seat.gate(), &mut self.waiting);
        let fed = self.reader.feed(bytes, |event| {
            if event.is_message {
                // What is answered is no longer looked for.
                let glance = Glance::at(&event.data);
                if waiting.as_ref().and_then(Waiting::id).is_some_and(|id| glance.answers(id)) {
                    waiting.take().map(Waiting::over);
                }
                gate.server_says(&event.data);
            }
        });
        fed.map_err(|error| RemoteError::TooLong { limit: error.limit })
    }

    /// No more comes. A stream that can be resumed leaves its request open, for the answer may come on another.
    fn over(&mut self, why: &Failure) {
        let waiting = self.waiting.take().and_then(Waiting::over);
        if let Some(id) = waiting.filter(|_| self.reader.last_id().is_none()) {
            self.seat.gate().server_says(&why.answer(&id));
        }
    }
}

impl Drop for Relay {
    /// A client that has hung up may come back for the rest where the stream can be resumed.
    fn drop(&mut self) {
        if self.reader.last_id().is_some() {
            self.waiting.take().map(Waiting::over);
        }
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = RemoteError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RemoteError>>> {
        let relay = self.get_mut();
        let frame = match ready!(Pin::new(&mut relay.from).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(_)) => {
                relay.over(&Failure::Ended);
                return Poll::Ready(Some(Err(RemoteError::BrokeOff)));
            }
            None => {
                relay.over(&Failure::Ended);
                return Poll::Ready(None);
            }
        };
        if let Some(bytes) = frame.data_ref()
            && let Err(error) = relay.record(bytes)
        {
            relay.over(&error.clone().into());
            return Poll::Ready(Some(Err(error)));
        }
        Poll::Ready(Some(Ok(frame)))
    }
}
