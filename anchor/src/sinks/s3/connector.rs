//! How the library's requests leave: with a lock where there is to be one, signed, and through our own client.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http_body_util::BodyExt as _;
use object_store::ClientOptions;
use object_store::aws::{AwsAuthorizer, AwsCredential};
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpRequestBody, HttpResponse,
    HttpResponseBody, HttpService,
};
use ring::digest::{SHA256, digest};
use ureq::http::{HeaderValue, Method, Request};

use super::credentials::Credentials;
use crate::http::Http;
use crate::sink::SinkError;

/// What the library takes instead of a client of its own.
#[derive(Debug)]
pub(super) struct Connector(pub(super) Arc<Gate>);

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Door(Arc::clone(&self.0))))
    }
}

/// Mode and end of a lock.
pub(super) type Lock = (&'static str, String);

/// Signs and sends, and keeps what the library would lose.
pub(super) struct Gate {
    http: Http,
    credential: AwsCredential,
    region: String,
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    /// The lock for the objects to be written.
    expected: Option<Lock>,
    /// The lock that the last answer told of.
    seen: Option<(String, String)>,
    /// Why the last request has no good answer.
    failure: Option<SinkError>,
}

impl Gate {
    pub(super) fn new(http: Http, credentials: Credentials, region: String) -> Self {
        let credential = credentials.into_credential();
        Self { http, credential, region, notes: Mutex::default() }
    }

    /// From now on, objects are written with this lock.
    pub(super) fn expect(&self, lock: Option<Lock>) {
        *self.notes() = Notes { expected: lock, ..Notes::default() };
    }

    /// The lock that the last answer told of.
    pub(super) fn seen(&self) -> Option<(String, String)> {
        self.notes().seen.clone()
    }

    /// Why the last request failed, where that was not the library's finding.
    pub(super) fn failure(&self) -> Option<SinkError> {
        self.notes().failure.take()
    }

    fn notes(&self) -> std::sync::MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sign(&self, mut request: HttpRequest, digest: &[u8]) -> Result<HttpRequest, HttpError> {
        if request.method() == Method::PUT
            && let Some((mode, until)) = self.notes().expected.clone()
        {
            let until = HeaderValue::from_str(&until).map_err(broken)?;
            request.headers_mut().insert(LOCK_MODE, HeaderValue::from_static(mode));
            request.headers_mut().insert(LOCK_UNTIL, until);
            // The library sends the checksum itself; a locked object is only taken if this names it, too.
            request.headers_mut().insert(CHECKSUM, HeaderValue::from_static("SHA256"));
        }
        AwsAuthorizer::new(&self.credential, "s3", &self.region)
            .try_authorize(&mut request, Some(digest))
            .map_err(broken)?;
        Ok(request)
    }

    fn exchange(&self, request: Request<Vec<u8>>) -> Result<HttpResponse, HttpError> {
        let answer = self.http.send(request).map_err(|error| {
            self.notes().failure = Some(error.clone().into());
            HttpError::new(HttpErrorKind::Unknown, error)
        })?;
        let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let mut notes = self.notes();
        notes.seen = header(LOCK_MODE).zip(header(LOCK_UNTIL));
        // 412 is the answer to a conditional write that the library understands.
        let good = (200..300).contains(&answer.status) || answer.status == 412;
        notes.failure = (!good).then(|| refused(answer.status, &answer.body));
        drop(notes);
        let mut response = HttpResponse::new(HttpResponseBody::from(answer.body));
        *response.status_mut() = ureq::http::StatusCode::from_u16(answer.status).map_err(broken)?;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

/// (The library's clients must be `Debug`, and credentials must not.)
impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").field("region", &self.region).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Door(Arc<Gate>);

#[async_trait]
impl HttpService for Door {
    /// Blocks: its caller is a thread that waits for this one answer.
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let bytes = body.collect().await?.to_bytes().to_vec();
        let digest = digest(&SHA256, &bytes);
        let unsigned = HttpRequest::from_parts(parts, HttpRequestBody::from(bytes.clone()));
        let (parts, _) = self.0.sign(unsigned, digest.as_ref())?.into_parts();
        self.0.exchange(Request::from_parts(parts, bytes))
    }
}

/// S3 says in a word of XML what is wrong.
fn refused(status: u16, body: &[u8]) -> SinkError {
    let text = String::from_utf8_lossy(body);
    let within = |tag: &str| {
        let (_, rest) = text.split_once(&format!("<{tag}>"))?;
        rest.split_once(&format!("</{tag}>")).map(|(inside, _)| inside.to_owned())
    };
    match (within("Code"), within("Message")) {
        (Some(code), Some(message)) => SinkError::refused(status, format!("{code}: {message}").as_bytes()),
        _ => SinkError::refused(status, body),
    }
}

fn broken<E: std::error::Error + Send + Sync + 'static>(error: E) -> HttpError {
    HttpError::new(HttpErrorKind::Unknown, error)
}

const LOCK_MODE: &str = "x-amz-object-lock-mode";
const CHECKSUM: &str = "x-amz-sdk-checksum-algorithm";
const LOCK_UNTIL: &str = "x-amz-object-lock-retain-until-date";
