//! Whether a request comes from where it says, and not from a page in somebody's browser.

use hyper::Request;
use hyper::header::{HOST, ORIGIN};

/// Why a request is not welcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum Unwelcome {
    /// It names another host, or none, or several: a name that leads here by an attacker's doing (DNS rebinding).
    #[error("host not allowed")]
    Host,
    /// A page in a browser sent it.
    #[error("origin not allowed")]
    Origin,
}

/// Holds a request against the names by which its listener may be called, such as `localhost:8080`; ports are part of them, but for the
/// port 80, which clients leave out (RFC 9110, section 4.2.3).
///
/// # Errors
///
/// [`Unwelcome`]. No `Origin` is allowed at all: there is no page of ours that could send one.
pub(crate) fn check<B>(request: &Request<B>, names: &[String]) -> Result<(), Unwelcome> {
    let is = |name: &str, given: &str| name.eq_ignore_ascii_case(given);
    let ours = |given: &str| {
        names
            .iter()
            .any(|name| is(name, given) || name.strip_suffix(":80").is_some_and(|bare| is(bare, given)))
    };
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Err(Unwelcome::Host) };
    if !host.to_str().is_ok_and(ours) {
        return Err(Unwelcome::Host);
    }
    // A target that is a whole URL overrides the header for whoever reads it.
    if request.uri().authority().is_some_and(|authority| !ours(authority.as_str())) {
        return Err(Unwelcome::Host);
    }
    if request.headers().contains_key(ORIGIN) { Err(Unwelcome::Origin) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, headers: &[(&str, &str)]) -> Result<(), Unwelcome> {
        at(8080, target, headers)
    }

    fn at(port: u16, target: &str, headers: &[(&str, &str)]) -> Result<(), Unwelcome> {
        let mut request = Request::builder().uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(
            &request.body(()).unwrap(),
            &["127.0.0.1", "[::1]", "localhost"].map(|name| format!("{name}:{port}")),
        )
    }

    #[test]
    fn the_port_80_need_not_be_named_and_any_other_must() {
        for host in ["127.0.0.1", "[::1]", "LocalHost", "localhost:80"] {
            assert_eq!(at(80, "/", &[("host", host)]), Ok(()), "{host}");
            assert_eq!(at(80, &format!("http://{host}/"), &[("host", host)]), Ok(()), "{host}");
            for port in [8080, 180, 8] {
                assert_eq!(at(port, "/", &[("host", host)]), Err(Unwelcome::Host), "{host} at {port}");
            }
        }
        for host in ["evil.test", "localhost:8080", "localhost:", "localhost:080", "::1", "[::1", "1", ""] {
            assert_eq!(at(80, "/", &[("host", host)]), Err(Unwelcome::Host), "{host}");
        }
        assert_eq!(at(80, "http://evil.test/", &[("host", "localhost")]), Err(Unwelcome::Host));
        assert_eq!(
            at(80, "/", &[("host", "localhost"), ("origin", "http://localhost")]),
            Err(Unwelcome::Origin)
        );
    }

    #[test]
    fn only_our_own_names_are_ours() {
        for host in ["127.0.0.1:8080", "localhost:8080", "LocalHost:8080"] {
            assert_eq!(request("/", &[("host", host)]), Ok(()));
        }
        for host in [
            "evil.test",
            "evil.test:8080",
            "localhost",
            "localhost:80",
            "localhost:80800",
            "localhost.evil.test:8080",
            "127.0.0.1:8080@evil.test",
            "",
            " ",
            "é",
        ] {
            assert_eq!(request("/", &[("host", host)]), Err(Unwelcome::Host), "{host}");
        }
        assert_eq!(request("/", &[]), Err(Unwelcome::Host));
        let two = [("host", "localhost:8080"), ("host", "localhost:8080")];
        assert_eq!(request("/", &two), Err(Unwelcome::Host));
    }

    #[test]
    fn a_target_that_names_another_host_is_not_ours() {
        let host = [("host", "localhost:8080")];
        assert_eq!(request("http://evil.test/", &host), Err(Unwelcome::Host));
        assert_eq!(request("http://localhost:8080/", &host), Ok(()));
    }

    #[test]
    fn no_page_is_welcome_wherever_it_says_it_is_from() {
        for origin in ["http://evil.test", "null", "http://localhost:8080", ""] {
            let headers = [("host", "localhost:8080"), ("origin", origin)];
            assert_eq!(request("/", &headers), Err(Unwelcome::Origin), "{origin}");
        }
    }
}
