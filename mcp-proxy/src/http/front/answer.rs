//! What a client gets, from the server or from us.

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode};

use super::relay::Relay;
use super::sessions::Seat;
use super::waiting::Waiting;
use super::{Answer, Front, failed, headers};
use crate::http::failure::Failure;
use crate::http::outline::{Glance, Id};
use crate::http::remote::{Content, content, whole};

impl Front {
    /// Passes the server's answer on, as it comes, and records what it says.
    pub(super) async fn passed_on(
        &self,
        seat: Seat,
        response: Response<Incoming>,
        waiting: Option<Waiting>,
    ) -> Answer {
        let (parts, body) = response.into_parts();
        let kind = content(&parts.headers);
        let body = if kind == Content::Events && parts.status.is_success() {
            Either::Right(Relay::new(body, seat, waiting, self.limit))
        } else {
            let bytes = match whole(body, self.limit).await {
                Ok(bytes) => bytes,
                Err(error) => return failed(&seat, waiting, &error.into()),
            };
            if kind == Content::Json && !bytes.is_empty() {
                seat.gate().server_says(&bytes);
            }
            let glance = if kind == Content::Json { Glance::at(&bytes) } else { Glance::default() };
            if let Some(id) = waiting.and_then(Waiting::over).filter(|id| !glance.answers(id)) {
                // The client sees for itself what it got; the record is told that it was no answer.
                let status = parts.status.as_u16();
                let why = match status {
                    202 | 204 => Failure::Accepted,
                    200..=299 if kind == Content::Json => Failure::Another,
                    200..=299 => Failure::Content(format!("{kind:?}")),
                    _ => Failure::Status { status },
                };
                seat.gate().server_says(&why.answer(&id));
            }
            Either::Left(Full::new(Bytes::from(bytes)))
        };
        let mut answer = Response::new(body);
        *answer.status_mut() = parts.status;
        *answer.headers_mut() = headers::returned(&parts.headers);
        answer
    }
}

/// A message of our own.
pub(super) fn json(status: StatusCode, message: Vec<u8>) -> Answer {
    with(status, "application/json", message.into())
}

/// What is wrong with a request, for whoever looks.
pub(super) fn text(status: StatusCode, what: &str) -> Answer {
    with(status, "text/plain; charset=utf-8", Bytes::from(format!("{what}\n")))
}

/// A request whose headers say something else than its message (MCP 2026-07-28, "Server validation").
pub(super) fn mismatch(id: Option<Id>, why: &str) -> Answer {
    let id = id.map_or("null".to_owned(), |id| id.0);
    let data = r#"{"refused_by":"agent-receipts-mcp"}"#;
    let error = format!(r#"{{"code":{HEADER_MISMATCH},"message":"refused: {why}","data":{data}}}"#);
    json(StatusCode::BAD_REQUEST, format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#).into_bytes())
}

/// A message was taken, and there is nothing to say about it.
pub(super) fn accepted() -> Answer {
    let mut answer = Response::new(Either::Left(Full::default()));
    *answer.status_mut() = StatusCode::ACCEPTED;
    answer
}

/// A method that the protocol does not use.
pub(super) fn not_allowed() -> Answer {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "POST, GET or DELETE");
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static("POST, GET, DELETE"));
    answer
}

fn with(status: StatusCode, kind: &'static str, body: Bytes) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(body)));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// Of the specification.
const HEADER_MISMATCH: i32 = -32020;
