//! Where a remote server is, and where else it may send us.

use std::fmt;
use std::net::IpAddr;

use hyper::Uri;
use hyper::http::uri::Scheme;

/// The address of a remote server: `https`, or `http` on this machine alone.
///
/// What is shown of it leaves the query out: some servers take their key there.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    uri: Uri,
}

/// Why an address cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum EndpointError {
    /// It is no absolute URL.
    #[error("`--remote` takes a whole address, like `https://mcp.example.com/mcp`")]
    Unreadable,
    /// A scheme that is neither `http` nor `https`.
    #[error("a remote server is reached by `https`, or by `http` on this machine")]
    Scheme,
    /// `http` to another machine.
    #[error("`http` would show every call to the network: use `https`, or a server on 127.0.0.1")]
    InTheClear,
    /// A name and a password in the address.
    #[error(
        "no name and password in an address: others can read it; use `--header-env Authorization=VARIABLE`"
    )]
    UserInfo,
    /// A fragment, which is never sent.
    #[error("an address with a fragment (`#`): leave it out")]
    Fragment,
}

/// Why a redirect is not followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RedirectError {
    /// No place is named that could be read.
    #[error("a redirect without a place to go to")]
    Nowhere,
    /// Another scheme, host or port: whoever is there was not asked for.
    #[error("a redirect to another origin, `{0}`: name that address if it is meant")]
    Elsewhere(String),
}

impl Endpoint {
    /// Reads an address.
    pub(crate) fn parse(text: &str) -> Result<Self, EndpointError> {
        if text.contains('#') {
            return Err(EndpointError::Fragment);
        }
        let uri: Uri = text.parse().map_err(|_| EndpointError::Unreadable)?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(EndpointError::Unreadable);
        };
        if authority.as_str().contains('@') {
            return Err(EndpointError::UserInfo);
        }
        // `host:` and `host:99999` are read by some and not by others.
        if authority.as_str().len() != authority.host().len() && authority.port_u16().is_none() {
            return Err(EndpointError::Unreadable);
        }
        if *scheme == Scheme::HTTP {
            if !is_this_machine(authority.host()) {
                return Err(EndpointError::InTheClear);
            }
        } else if *scheme != Scheme::HTTPS {
            return Err(EndpointError::Scheme);
        }
        Ok(Self { uri })
    }

    /// The address, with its query.
    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The host alone.
    pub(crate) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// Where a redirect leads, if that is the same scheme, host and port.
    pub(crate) fn redirected(&self, location: &[u8]) -> Result<Self, RedirectError> {
        let location = std::str::from_utf8(location).map_err(|_| RedirectError::Nowhere)?;
        let origin = self.origin();
        let whole = match location {
            "" => return Err(RedirectError::Nowhere),
            network if network.starts_with("//") => format!("{}:{network}", self.scheme()),
            path if path.starts_with('/') => format!("{origin}{path}"),
            url if url.contains("://") => url.to_owned(),
            relative => {
                let folder = self.uri.path().rsplit_once('/').map_or("", |(folder, _)| folder);
                format!("{origin}{folder}/{relative}")
            }
        };
        let there = match Self::parse(&whole) {
            Ok(there) => there,
            Err(EndpointError::Unreadable) => return Err(RedirectError::Nowhere),
            Err(_) => return Err(RedirectError::Elsewhere(shown(&whole))),
        };
        if there.same_origin(self) { Ok(there) } else { Err(RedirectError::Elsewhere(there.to_string())) }
    }

    fn same_origin(&self, other: &Self) -> bool {
        self.scheme() == other.scheme()
            && self.host().eq_ignore_ascii_case(other.host())
            && self.port() == other.port()
    }

    fn origin(&self) -> String {
        format!("{}://{}", self.scheme(), self.uri.authority().map_or("", |authority| authority.as_str()))
    }

    fn scheme(&self) -> &str {
        self.uri.scheme_str().unwrap_or_default()
    }

    fn port(&self) -> u16 {
        self.uri.port_u16().unwrap_or(if self.scheme() == "https" { 443 } else { 80 })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.uri.path())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// `localhost` (RFC 6761; the resolver sees to it that it is), or an address that no packet leaves this machine by.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The part of an address of unknown make that may be shown: nothing of user, query or fragment.
fn shown(url: &str) -> String {
    let open = url.split(['?', '#']).next().unwrap_or_default();
    match open.split_once("://") {
        Some((scheme, rest)) => {
            let authority = rest.split('/').next().unwrap_or_default();
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}").chars().filter(|c| !c.is_control()).take(200).collect()
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_can_be_used() {
        for good in [
            "https://mcp.example.com/mcp",
            "https://mcp.example.com",
            "https://10.0.0.8:8443/x?key=1",
            "http://127.0.0.1:3000/mcp",
            "http://127.8.8.8/",
            "http://[::1]:3000/mcp",
            "http://localhost:3000/mcp",
            "http://LOCALHOST/mcp",
        ] {
            assert!(Endpoint::parse(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn addresses_that_cannot() {
        use EndpointError as E;
        for (bad, error) in [
            ("", E::Unreadable),
            ("/mcp", E::Unreadable),
            ("mcp.example.com", E::Unreadable),
            ("https://", E::Unreadable),
            ("https://host:99999/", E::Unreadable),
            ("https://host:/", E::Unreadable),
            ("https://ho st/", E::Unreadable),
            ("https://h\u{f6}st/", E::Unreadable),
            ("ftp://127.0.0.1/", E::Scheme),
            ("file:///etc/passwd", E::Unreadable),
            ("http://mcp.example.com/mcp", E::InTheClear),
            ("http://127.0.0.1.evil.test/", E::InTheClear),
            ("http://localhost.evil.test/", E::InTheClear),
            // Other readers take these for 127.0.0.1; what is not plain is not taken at all.
            ("http://127.1/", E::InTheClear),
            ("http://2130706433/", E::InTheClear),
            ("http://0.0.0.0/", E::InTheClear),
            ("https://me:secret@mcp.example.com/", E::UserInfo),
            ("http://127.0.0.1@evil.test/", E::UserInfo),
            ("https://mcp.example.com/#x", E::Fragment),
        ] {
            assert_eq!(Endpoint::parse(bad), Err(error), "{bad}");
        }
    }

    #[test]
    fn redirects_stay_at_home() {
        let here = Endpoint::parse("https://mcp.example.com/a/mcp?key=1").unwrap();
        for (location, there) in [
            ("/a/mcp/", "https://mcp.example.com/a/mcp/"),
            ("mcp/", "https://mcp.example.com/a/mcp/"),
            ("https://MCP.example.com:443/b?key=1", "https://MCP.example.com:443/b"),
            ("//mcp.example.com/c", "https://mcp.example.com/c"),
        ] {
            assert_eq!(here.redirected(location.as_bytes()).unwrap().to_string(), there);
        }
    }

    #[test]
    fn redirects_that_lead_away() {
        let here = Endpoint::parse("https://mcp.example.com/mcp?key=secret").unwrap();
        for location in [
            "https://evil.test/mcp?key=secret",
            "//evil.test/mcp",
            "http://mcp.example.com/mcp",
            "https://mcp.example.com:444/mcp",
            "https://me:pw@mcp.example.com/mcp",
            "http://127.0.0.1/mcp",
            "gopher://x/?secret",
        ] {
            let error = here.redirected(location.as_bytes()).unwrap_err();
            assert!(matches!(error, RedirectError::Elsewhere(_)), "{location}: {error:?}");
            assert!(!error.to_string().contains("secret") && !error.to_string().contains("pw"), "{error}");
        }
        assert_eq!(here.redirected(b""), Err(RedirectError::Nowhere));
        assert_eq!(here.redirected(b"\xff"), Err(RedirectError::Nowhere));
    }

    #[test]
    fn the_query_is_not_shown() {
        let here = Endpoint::parse("https://mcp.example.com/mcp?key=secret").unwrap();
        assert_eq!(
            format!("{here} {here:?}"),
            "https://mcp.example.com/mcp Endpoint(https://mcp.example.com/mcp)"
        );
    }
}
