//! Connections to a remote server: found, opened and secured within a deadline.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use rustls::{ClientConfig, RootCertStore};
use tower_service::Service;

use super::endpoint::{Endpoint, is_this_machine};

/// Opens connections; it is cloned for each.
pub(crate) type Connector = WithinDeadline<HttpsConnector<HttpConnector<Resolver>>>;

/// Why no connection can be made at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum TrustError {
    /// The system has no list of certificates.
    #[error("no root certificates on this system: install them (package `ca-certificates`)")]
    NoRoots,
    /// The cryptography cannot be set up.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

/// A connector to one endpoint. The certificates that this machine trusts are read now, and only where they are needed.
pub(crate) fn connector(endpoint: &Endpoint) -> Result<Connector, TrustError> {
    let secure = endpoint.uri().scheme_str() == Some("https");
    let mut roots = RootCertStore::empty();
    if secure {
        // One certificate that cannot be read does not take the others away.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if roots.is_empty() {
            return Err(TrustError::NoRoots);
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| TrustError::Setup(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut tcp = HttpConnector::new_with_resolver(Resolver);
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let builder = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(config);
    // The scheme was judged when the endpoint was read; no redirect changes it.
    let builder = if secure { builder.https_only() } else { builder.https_or_http() };
    Ok(WithinDeadline { inner: builder.enable_http1().wrap_connector(tcp), deadline: CONNECTING })
}

/// Looks names up; `localhost` never leaves this machine, whatever the name service says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Resolver;

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let here = is_this_machine(name.as_str());
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<_> = found.filter(|address| !here || address.ip().is_loopback()).collect();
            Ok(found.into_iter())
        })
    }
}

/// Gives up what takes too long: the name, the connection and the TLS handshake together.
#[derive(Debug, Clone)]
pub(crate) struct WithinDeadline<S> {
    inner: S,
    deadline: Duration,
}

impl<S> Service<Uri> for WithinDeadline<S>
where
    S: Service<Uri>,
    S::Future: Send + 'static,
    S::Response: 'static,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = S::Response;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (opening, deadline) = (self.inner.call(uri), self.deadline);
        Box::pin(async move {
            match tokio::time::timeout(deadline, opening).await {
                Ok(result) => result.map_err(Into::into),
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            }
        })
    }
}

/// For the name, the connection and the handshake: longer than any healthy server takes, shorter than a person's patience.
const CONNECTING: Duration = Duration::from_secs(15);
