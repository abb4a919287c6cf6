//! The stream of events that answers a request, and its resumption where it breaks.

use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Method, Response};
use tokio::time::{Duration, sleep};

use super::Bridge;
use crate::http::failure::Failure;
use crate::http::outline::Request;
use crate::http::remote::{Content, RemoteError, content, piece};
use crate::http::sse::{Event, Reader};

impl Bridge {
    /// Passes on what a request's stream brings, until its answer came.
    pub(super) async fn follow(&self, request: &Request, body: Incoming) -> Result<(), Failure> {
        let mut stream = Stream::new(body, self.limit);
        let mut attempts = 0;
        loop {
            match stream.next().await {
                Ok(Some(event)) => {
                    attempts = 0;
                    if event.is_message && self.pass(request, event.data).await {
                        return Ok(());
                    }
                }
                // A stream of one endless event would be no better the second time.
                Err(error @ RemoteError::TooLong { .. }) => return Err(error.into()),
                Ok(None) | Err(_) => {
                    let Some(after) = stream.resumable() else { return Err(Failure::Ended) };
                    let (wait, mut last) = (stream.wait(), Failure::Ended);
                    stream = loop {
                        if attempts == ATTEMPTS {
                            return Err(last);
                        }
                        attempts += 1;
                        sleep(wait).await;
                        match self.resume(&after).await {
                            Ok(body) => break stream.resumed(body),
                            Err(why) => last = why,
                        }
                    };
                }
            }
        }
    }

    /// Asks for a stream of events: the server's own, or what came after an event.
    pub(super) async fn listen(&self, after: Option<&HeaderValue>) -> Result<Response<Incoming>, Failure> {
        let mut headers = self.session().headers(EVENTS);
        headers.remove(hyper::header::CONTENT_TYPE);
        if let Some(after) = after {
            headers.insert(LAST_EVENT_ID, after.clone());
        }
        Ok(self.remote.send(Method::GET, headers, Bytes::new()).await?)
    }

    async fn resume(&self, after: &HeaderValue) -> Result<Incoming, Failure> {
        let response = self.listen(Some(after)).await?;
        match (response.status().as_u16(), content(response.headers())) {
            (200, Content::Events) => Ok(response.into_body()),
            (200, Content::Json) => Err(Failure::Content("application/json".into())),
            (200, Content::Other(kind)) => Err(Failure::Content(kind)),
            (status, _) => Err(Failure::Status { status }),
        }
    }
}

/// A body read as events.
pub(super) struct Stream {
    body: Incoming,
    reader: Reader,
    ready: std::collections::VecDeque<Event>,
    limit: usize,
    /// Where the stream before this one ended.
    resumed_after: Option<HeaderValue>,
}

impl Stream {
    /// A stream of events of at most `limit` bytes.
    pub(super) fn new(body: Incoming, limit: usize) -> Self {
        Self { body, reader: Reader::new(limit), ready: Default::default(), limit, resumed_after: None }
    }

    /// The same stream, from where it ended.
    pub(super) fn resumed(&self, body: Incoming) -> Self {
        Self { resumed_after: self.resumable(), ..Self::new(body, self.limit) }
    }

    /// The next event; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Event>, RemoteError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            // A server may be silent for as long as it works.
            let Some(bytes) = piece(&mut self.body, None).await? else { return Ok(None) };
            let fed = self.reader.feed(&bytes, |event| self.ready.push_back(event));
            fed.map_err(|error| RemoteError::TooLong { limit: error.limit })?;
        }
    }

    /// The event after which the stream can be had again.
    pub(super) fn resumable(&self) -> Option<HeaderValue> {
        let own = self.reader.last_id().and_then(|id| HeaderValue::from_str(id).ok());
        own.or_else(|| self.resumed_after.clone())
    }

    /// How long to wait before that.
    pub(super) fn wait(&self) -> Duration {
        self.reader.retry().unwrap_or(RETRY).clamp(SOONEST, LATEST)
    }
}

/// Whether a server's stream is to be asked for again.
const ATTEMPTS: usize = 5;
/// Where the server names no time; as the official clients wait.
pub(super) const RETRY: Duration = Duration::from_secs(1);
/// A server may not make us ask without pause, nor forget us.
const SOONEST: Duration = Duration::from_millis(50);
const LATEST: Duration = Duration::from_secs(30);
const EVENTS: &str = "text/event-stream";
/// After which event a stream is to go on.
pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
