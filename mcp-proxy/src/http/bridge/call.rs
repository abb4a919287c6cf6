//! One request of the client: its POST, and what comes back.

use std::sync::Arc;

use agent_receipts_core::json::{Rules, Value, canonical, parse};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Response};

use super::cancel::Kind;
use super::{Bridge, POST_ACCEPTS};
use crate::http::failure::Failure;
use crate::http::outline::{Glance, INITIALIZE, Id, Request, batch};
use crate::http::remote::{Content, content, whole};
use crate::http::stamp;

impl Bridge {
    /// Sends a request; its answer is passed on when it comes, and nothing waits for it.
    pub(super) fn begin(self: &Arc<Self>, request: Request, message: Bytes) {
        let stamp = stamp::stamp(&request);
        if let Some(version) = stamp.as_ref().and_then(|stamp| stamp.get(stamp::VERSION)) {
            self.session().is_modern_from_now(version);
        }
        if request.method == INITIALIZE {
            self.session().begin();
        }
        let mut headers = self.session().headers(POST_ACCEPTS);
        if let Some(stamp) = stamp {
            headers.extend(self.session().mirror.headers(&request));
            headers.extend(stamp);
        }
        let bridge = Arc::clone(self);
        let id = request.id.clone();
        let kind =
            Kind { ends_by_closing: self.session().is_modern(), is_lasting: request.method == SUBSCRIBE };
        self.calls.begin(&id, kind, async move {
            bridge.until_ready().await;
            let sent = bridge.remote.send(Method::POST, headers, message).await;
            let answered = match sent {
                Ok(response) => bridge.answer(&request, response).await,
                Err(error) => Err(error.into()),
            };
            if let Err(why) = answered {
                bridge.fail(&request.id, &why).await;
                if why == Failure::SessionGone {
                    bridge.gone.notify_one();
                }
            }
        });
    }

    async fn answer(&self, request: &Request, response: Response<Incoming>) -> Result<(), Failure> {
        let status = response.status().as_u16();
        match status {
            202 | 204 => return Err(Failure::Accepted),
            200..=299 => {}
            404 if self.session().is_open() && request.method != INITIALIZE => {
                return Err(Failure::SessionGone);
            }
            _ => return self.refusal(&request.id, response).await,
        }
        if request.method == INITIALIZE {
            self.session().open(response.headers());
        }
        match content(response.headers()) {
            Content::Json => {
                let body = whole(response.into_body(), self.limit).await?;
                let mut is_answered = false;
                for message in messages(body) {
                    is_answered |= self.pass(request, message).await;
                }
                if is_answered { Ok(()) } else { Err(Failure::Another) }
            }
            Content::Events => self.follow(request, response.into_body()).await,
            Content::Other(kind) => Err(Failure::Content(kind)),
        }
    }

    /// Passes a message on that came for a request; whether it is its answer.
    pub(super) async fn pass(&self, request: &Request, message: Vec<u8>) -> bool {
        let is_answer = Glance::at(&message).answers(&request.id);
        if is_answer && request.method == INITIALIZE {
            self.agree(&message);
        }
        if is_answer && self.session().is_modern() {
            self.session().mirror.look_at(&message);
        }
        self.deliver(message).await;
        is_answer
    }

    /// An error of the protocol may come with a status of its own; it is the server's word, and better than ours.
    async fn refusal(&self, id: &Id, response: Response<Incoming>) -> Result<(), Failure> {
        let status = match response.status().as_u16() {
            401 => Failure::Unauthorized,
            status => Failure::Status { status },
        };
        if content(response.headers()) != Content::Json {
            return Err(status);
        }
        let message = whole(response.into_body(), self.limit).await.map_err(|_| status.clone())?;
        let Some(error) = protocol_error(&message) else { return Err(status) };
        if Glance::at(&message).answers(id) {
            self.deliver(message).await;
        } else {
            // The server refused before it read the id: it can only be this request's.
            let error = String::from_utf8_lossy(&canonical(&error)).into_owned();
            self.deliver(format!(r#"{{"jsonrpc":"2.0","id":{},"error":{error}}}"#, id.0).into_bytes()).await;
        }
        Ok(())
    }

    fn agree(&self, message: &[u8]) {
        let answer = parse(message, Rules::Payload).ok();
        let version = answer
            .as_ref()
            .and_then(Value::as_object)
            .and_then(|answer| answer.get("result")?.as_object()?.get("protocolVersion")?.as_str());
        if let Some(version) = version {
            self.session().agree(version);
        }
    }
}

/// The messages of a body. The official clients take the messages of a batch one by one, and on stdio they take none.
fn messages(body: Vec<u8>) -> Vec<Vec<u8>> {
    match batch(&body) {
        Some(messages) => messages.iter().map(|message| message.get().as_bytes().to_vec()).collect(),
        None => vec![body],
    }
}

fn protocol_error(message: &[u8]) -> Option<Value> {
    let mut message = parse(message, Rules::Payload).ok()?.into_object().ok()?;
    let error = message.remove("error")?;
    let is_one = error.as_object()?.get("code")?.as_f64().is_some();
    is_one.then_some(error)
}

/// What asks for a stream of notifications (MCP 2026-07-28).
const SUBSCRIBE: &str = "subscriptions/listen";
