//! What the endpoint answers. Over the Unix socket to this user and root, over a port to whoever bears the token.

use std::time::Duration;

use agent_receipts_core::json::{Object, Value, canonical};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Method, Request, Response, StatusCode};

use super::answer::{Approver, Verdict, Way};
use super::question::{ApprovalId, Pending};
use super::room::Answering;
use crate::serve::{BodyError, Caller, Token, Unwelcome, check, read_body};

/// What every answer needs.
pub(super) struct Window {
    pub(super) answering: Answering,
    /// What the port may be called, and who may speak there; none without a port.
    pub(super) port: Option<(Vec<String>, Token)>,
}

type Answered = Response<Full<Bytes>>;

/// Why nothing is answered.
enum Refusal {
    Unwelcome(Unwelcome),
    Unauthorized,
}

impl From<Unwelcome> for Refusal {
    fn from(why: Unwelcome) -> Self {
        Self::Unwelcome(why)
    }
}

impl Window {
    /// Answers one request.
    pub(super) async fn answer(&self, caller: Caller, request: Request<Incoming>) -> Answered {
        match self.admit(caller, &request) {
            Ok(approver) => self.route(approver, request).await,
            Err(Refusal::Unwelcome(why)) => text(StatusCode::FORBIDDEN, &why.to_string()),
            Err(Refusal::Unauthorized) => {
                let mut refusal = text(StatusCode::UNAUTHORIZED, "unauthorized");
                refusal.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                refusal
            }
        }
    }

    /// Who asks.
    fn admit<B>(&self, caller: Caller, request: &Request<B>) -> Result<Approver, Refusal> {
        match (caller, &self.port) {
            (Caller::Process(peer), _) => {
                // No name leads to a socket; whoever names a host is not who was meant to ask here.
                check(request, &["localhost".to_owned()])?;
                Ok(Approver { way: Way::Socket, peer: Some(peer) })
            }
            (Caller::Network(_), Some((names, token))) => {
                check(request, names)?;
                match token.admits(request.headers()) {
                    true => Ok(Approver { way: Way::Http, peer: None }),
                    false => Err(Refusal::Unauthorized),
                }
            }
            (Caller::Network(_), None) => Err(Refusal::Unauthorized),
        }
    }

    async fn route(&self, approver: Approver, request: Request<Incoming>) -> Answered {
        let (head, body) = request.into_parts();
        let path: Vec<&str> = head.uri.path().split('/').skip(1).collect();
        let post = head.method == Method::POST;
        match (path.as_slice(), &head.method) {
            (["api", "tool-calls"], &Method::GET) => listed(&self.answering.pending()),
            (["api", "tool-calls", id], &Method::GET) if !id.is_empty() => match self.one(id) {
                Some(pending) => json(StatusCode::OK, &pending.as_json()),
                None => none_pending(),
            },
            (["api", "tool-calls", id, word @ ("approve" | "deny")], _) if post => {
                match read_body(body, MOST_BODY, BODY_TIME).await {
                    Ok(_) => self.decide(id, word, approver),
                    Err(BodyError::TooLong) => text(StatusCode::PAYLOAD_TOO_LARGE, "body too long"),
                    Err(BodyError::TooSlow) => text(StatusCode::REQUEST_TIMEOUT, "body too slow"),
                    Err(_) => text(StatusCode::BAD_REQUEST, "broken body"),
                }
            }
            (["api", "tool-calls"] | ["api", "tool-calls", _], _) if !path.ends_with(&[""]) => {
                not_by_that("GET")
            }
            (["api", "tool-calls", _, "approve" | "deny"], _) => not_by_that("POST"),
            (["api", "tool-calls", ..], _) => text(StatusCode::BAD_REQUEST, "invalid path"),
            _ => text(StatusCode::NOT_FOUND, "not found"),
        }
    }

    fn one(&self, id: &str) -> Option<Pending> {
        self.answering.one(&ApprovalId::parse(id)?)
    }

    fn decide(&self, id: &str, word: &str, approver: Approver) -> Answered {
        let (verdict, status) = match word {
            "approve" => (Verdict::Approve, "approved"),
            _ => (Verdict::Deny, "denied"),
        };
        match ApprovalId::parse(id).is_some_and(|id| self.answering.decide(&id, verdict, approver)) {
            true => json(StatusCode::OK, &Value::Object([("status", status)].into_iter().collect())),
            false => none_pending(),
        }
    }
}

fn listed(pending: &[Pending]) -> Answered {
    let calls: Vec<Value> = pending.iter().map(Pending::as_json).collect();
    json(StatusCode::OK, &Value::Object(Object::from_iter([("tool_calls", calls)])))
}

fn none_pending() -> Answered {
    text(StatusCode::NOT_FOUND, "no pending approval")
}

fn not_by_that(method: &'static str) -> Answered {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(method));
    answer
}

fn text(status: StatusCode, text: &str) -> Answered {
    answer(status, "text/plain; charset=utf-8", format!("{text}\n").into())
}

fn json(status: StatusCode, value: &Value) -> Answered {
    answer(status, "application/json", canonical(value).into())
}

fn answer(status: StatusCode, kind: &'static str, body: Bytes) -> Answered {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    answer
}

/// Bytes of a body, which nobody needs to send.
const MOST_BODY: usize = 64 << 10;
const BODY_TIME: Duration = Duration::from_secs(5);
