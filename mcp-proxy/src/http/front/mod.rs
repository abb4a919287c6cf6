//! A client and a server that both speak Streamable HTTP, with this process between them on the loopback interface.
//!
//! A message is read whole, judged, and sent on as the same bytes; an answer is recorded and passed on as it comes. What a request says
//! beside its message passes by an allow-list, and headers that repeat the message must say what it says.

mod answer;
mod headers;
mod intake;
mod relay;
mod sessions;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use http_body_util::Either;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::oneshot;

use super::failure::Failure;
use super::gate::{Gate, Onward};
use super::outline::{Glance, INITIALIZE, Outline};
use super::remote::Remote;
use crate::serve::{BodyError, Caller, check};
use crate::session::Ended;
use answer::{json, text};
use intake::{Intake, IntakeError};
use relay::Relay;
pub(crate) use sessions::Span;
use sessions::{Seat, Sessions};
use waiting::Waiting;

/// What stands in front of one remote server.
pub(crate) struct Front {
    remote: Remote,
    sessions: Arc<Sessions>,
    /// By which hosts and ports it may be called.
    names: Vec<String>,
    intake: Arc<Intake>,
    /// The longest message, in bytes.
    limit: usize,
}

/// What a client gets.
pub(crate) type Answer = Response<Either<Full<Bytes>, Relay>>;

impl Front {
    /// In front of `remote`, called by one of `names`. `gates` makes a gate for each session.
    pub(crate) fn new(
        remote: Remote,
        gates: impl Fn(Span) -> Arc<dyn Gate> + Send + Sync + 'static,
        names: Vec<String>,
        limit: usize,
    ) -> Arc<Self> {
        Arc::new(Self {
            remote,
            sessions: Sessions::new(Box::new(gates)),
            names,
            intake: Intake::new(limit),
            limit,
        })
    }

    /// Answers one request.
    pub(crate) async fn answer(self: Arc<Self>, _: Caller, request: Request<Incoming>) -> Answer {
        if let Err(unwelcome) = check(&request, &self.names) {
            return text(StatusCode::FORBIDDEN, &unwelcome.to_string());
        }
        if request.uri().path() != PATH {
            return text(StatusCode::NOT_FOUND, "the server is at `/mcp`");
        }
        let passed = headers::passed(request.headers());
        match (request.method(), passed) {
            (&Method::POST, Ok(passed)) => {
                let seat = self.sessions.seat(headers::session(&passed));
                self.post(seat, passed, request).await
            }
            (&Method::POST, Err(twice)) => {
                turned_away(&self.sessions.seat(None), StatusCode::BAD_REQUEST, &twice.to_string())
            }
            (&Method::GET | &Method::DELETE, Ok(mut passed)) => {
                headers::say_nothing(&mut passed);
                let seat = self.sessions.seat(headers::session(&passed));
                self.ask(seat, request.method().clone(), passed, Bytes::new(), None).await
            }
            (&Method::GET | &Method::DELETE, Err(twice)) => text(StatusCode::BAD_REQUEST, &twice.to_string()),
            _ => answer::not_allowed(),
        }
    }

    /// Ends the sessions that nobody has used for long; returns never.
    pub(crate) async fn sweep(self: Arc<Self>) {
        loop {
            tokio::time::sleep(SWEEPING).await;
            self.sessions.sweep(IDLE);
        }
    }

    /// Ends all sessions.
    pub(crate) fn end(&self) {
        self.sessions.end();
    }

    async fn post(&self, seat: Seat, mut passed: HeaderMap, request: Request<Incoming>) -> Answer {
        // What is encoded in a way that is not ours to undo could not be judged.
        if !headers::is_plain_json(request.headers()) || request.headers().contains_key(CONTENT_ENCODING) {
            let why = "a message is JSON in UTF-8, and not encoded further";
            return turned_away(&seat, StatusCode::UNSUPPORTED_MEDIA_TYPE, why);
        }
        // Nothing that a client writes there, a quote or a comma too many, may have the server read it otherwise.
        passed.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        // What is held of it is held until the server has answered, or has begun to.
        let (message, _share) = match self.intake.read(request.into_body(), SENDING).await {
            Ok(read) => read,
            Err(why) => {
                let status = match why {
                    IntakeError::Body(BodyError::TooLong) => StatusCode::PAYLOAD_TOO_LARGE,
                    IntakeError::Body(BodyError::TooSlow) => StatusCode::REQUEST_TIMEOUT,
                    IntakeError::Body(BodyError::Broken) => StatusCode::BAD_REQUEST,
                    IntakeError::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
                };
                return turned_away(&seat, status, &why.to_string());
            }
        };
        let outline = Outline::of(&message);
        let opens = matches!(&outline, Some(Outline::Request(request)) if request.method == INITIALIZE);
        let seat = if opens { seat.may_open() } else { seat };
        if let Some(Err(mismatch)) = outline.as_ref().map(|outline| headers::agree(&passed, outline)) {
            seat.gate().refused(&message, &mismatch.to_string());
            return answer::mismatch(outline.and_then(Outline::into_id), &mismatch.to_string());
        }
        let waiting = outline.and_then(Outline::into_id).map(|id| seat.waits_for(id));
        let answer = match judged(&seat, message, waiting.as_ref()).await {
            Some(Onward::Forward(message)) => {
                let waiting = waiting.map(Waiting::onward);
                return self.ask(seat, Method::POST, passed, Bytes::from(message), waiting).await;
            }
            Some(Onward::Answer(answer)) => refused(answer),
            Some(Onward::Nothing) => answer::accepted(),
            None => text(StatusCode::SERVICE_UNAVAILABLE, "the proxy is ending"),
        };
        // The session has answered by itself, and knows of no request that waits.
        waiting.map(Waiting::over);
        answer
    }

    /// Asks the server, on behalf of a client that waits for an answer to `waiting`.
    async fn ask(
        &self,
        seat: Seat,
        method: Method,
        passed: HeaderMap,
        body: Bytes,
        waiting: Option<Waiting>,
    ) -> Answer {
        let session = headers::session(&passed).map(str::to_owned);
        let response = match self.remote.send(method.clone(), passed, body).await {
            Ok(response) => response,
            Err(error) => return failed(&seat, waiting, &error.into()),
        };
        let status = response.status();
        if let Some(session) = &session {
            // The server knows better than we do which sessions there are.
            if status == StatusCode::NOT_FOUND && method == Method::POST {
                self.sessions.forget(session, Ended::Server);
            } else if status.is_success() && method == Method::DELETE {
                self.sessions.forget(session, Ended::Client);
            }
        }
        let opened = headers::session(response.headers()).map(str::to_owned);
        let seat = match opened.or(session).filter(|_| status.is_success() && method != Method::DELETE) {
            Some(name) => self.sessions.name(seat, name),
            None => seat,
        };
        self.passed_on(seat, response, waiting).await
    }
}

/// What becomes of a message; none if nobody will ever say. The one who judges may have to wait for the disk.
async fn judged(seat: &Seat, message: Bytes, waiting: Option<&Waiting>) -> Option<Onward> {
    let (tell, told) = oneshot::channel();
    let (gate, id) = (Arc::clone(seat.gate()), waiting.and_then(Waiting::id).cloned());
    let closing = Arc::clone(&gate);
    let then = move |onward| {
        // Whoever asked may have hung up by the time of the answer: then what was let through goes nowhere.
        if let (Err(Onward::Forward(_)), Some(id)) = (tell.send(onward), id) {
            closing.hung_up(&id, true);
        }
    };
    tokio::task::spawn_blocking(move || gate.client_says(message.into(), Box::new(then)));
    told.await.ok()
}

/// A message that is not even read; that somebody tried is recorded all the same.
fn turned_away(seat: &Seat, status: StatusCode, why: &str) -> Answer {
    seat.gate().refused(b"", why);
    text(status, why)
}

/// A refusal goes where an answer would have gone; without an id it is the request itself that is bad.
fn refused(answer: Vec<u8>) -> Answer {
    let status = if Glance::at(&answer).is_answer() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    json(status, answer)
}

fn failed(seat: &Seat, waiting: Option<Waiting>, why: &Failure) -> Answer {
    match waiting.and_then(Waiting::over) {
        Some(id) => {
            let answer = why.answer(&id);
            seat.gate().server_says(&answer);
            json(StatusCode::BAD_GATEWAY, answer)
        }
        None => text(StatusCode::BAD_GATEWAY, &why.to_string()),
    }
}

/// Where the server is, to those who call.
pub(crate) const PATH: &str = "/mcp";
/// For a message to arrive whole.
const SENDING: Duration = Duration::from_secs(60);
const SWEEPING: Duration = Duration::from_secs(60);
/// How long nobody may use a session.
const IDLE: Duration = Duration::from_secs(30 * 60);
