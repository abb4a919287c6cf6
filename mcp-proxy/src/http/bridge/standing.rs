//! The stream on which a server says what belongs to no request.

use std::sync::Arc;

use tokio::time::{Duration, Instant, sleep};

use super::Bridge;
use super::stream::Stream;
use crate::http::failure::Failure;
use crate::http::remote::{Content, content};
use crate::notice::notice;

impl Bridge {
    /// Listens for as long as the session lasts, where the server offers such a stream.
    pub(super) async fn stand(self: Arc<Self>) {
        let mut last: Option<Stream> = None;
        let mut failures = 0;
        while failures < FAILURES {
            let after = last.as_ref().and_then(Stream::resumable);
            let opened = match self.listen(after.as_ref()).await {
                Ok(response) => match (response.status().as_u16(), content(response.headers())) {
                    (200, Content::Events) => Ok(response.into_body()),
                    // The server has nothing to say of its own; some know no other word for that. (A session that is gone shows where the
                    // client next says something.)
                    (404 | 405, _) => return,
                    (status, _) => Err(Failure::Status { status }),
                },
                Err(why) => Err(why),
            };
            match opened {
                Ok(body) => {
                    let mut stream = match &last {
                        Some(last) => last.resumed(body),
                        None => Stream::new(body, self.limit),
                    };
                    let opened = Instant::now();
                    failures += 1;
                    while let Ok(Some(event)) = stream.next().await {
                        failures = 0;
                        if event.is_message {
                            self.deliver(event.data).await;
                        }
                    }
                    if opened.elapsed() >= LASTING {
                        failures = 0;
                    }
                    last = Some(stream);
                }
                Err(why) => {
                    failures += 1;
                    if failures == FAILURES {
                        notice(format_args!("no messages of the server's own: {why}"));
                    }
                }
            }
            sleep(last.as_ref().map_or(super::stream::RETRY, Stream::wait)).await;
        }
    }
}

/// Failures in a row, or streams that bring nothing, after which the server is left alone.
const FAILURES: usize = 10;
/// A stream that lasted as long was one, though it may have been silent.
const LASTING: Duration = Duration::from_secs(10);
