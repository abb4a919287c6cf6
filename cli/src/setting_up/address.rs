//! Which addresses of remote servers the proxy takes.

use super::secrets::in_address;

/// Why the proxy would refuse an address, or should not be given it; nothing where it is fit.
pub(super) fn unfit(address: &str) -> Option<&'static str> {
    // Every user of the machine can read the arguments of a program.
    if in_address(address) {
        return Some("its `url` holds a secret, which everybody could read among the proxy's arguments");
    }
    let Some((scheme, rest)) = address.split_once("://") else { return Some(NO_ADDRESS) };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let Some((host, port)) = split(authority).filter(|(host, _)| !host.is_empty()) else {
        return Some(NO_ADDRESS);
    };
    let odd = |c: char| c.is_whitespace() || c.is_control() || !c.is_ascii() || "\"<>\\^`{|}#".contains(c);
    if address.contains(odd) || port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Some(NO_ADDRESS);
    }
    match scheme {
        "https" => None,
        "http" if is_this_machine(host) => None,
        "http" => Some("its `url` is `http` to another machine, which the proxy refuses"),
        _ => Some(NO_ADDRESS),
    }
}

/// Host and port. An address of version 6 stands in brackets.
fn split(authority: &str) -> Option<(&str, Option<&str>)> {
    if authority.starts_with('[') {
        let (host, rest) = authority.split_at(authority.find(']')? + 1);
        return match rest {
            "" => Some((host, None)),
            rest => Some((host, Some(rest.strip_prefix(':')?))),
        };
    }
    Some(authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))))
}

/// By one of the usual spellings of it; this program knows no network that could tell more.
fn is_this_machine(host: &str) -> bool {
    let octets =
        || host.split('.').map(|part| part.parse::<u8>().ok().filter(|octet| octet.to_string() == part));
    let is_loopback =
        || octets().all(|octet| octet.is_some()) && octets().count() == 4 && host.starts_with("127.");
    host.eq_ignore_ascii_case("localhost") || host == "[::1]" || is_loopback()
}

const NO_ADDRESS: &str = "its `url` is no address that the proxy takes";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_proxy_takes_is_fit_and_nothing_else() {
        for address in [
            "https://h",
            "https://mcp.example.org:8443/v1?project=a",
            "http://localhost:80/",
            "http://LOCALHOST",
            "http://127.8.0.1:8080/mcp",
            "http://[::1]:1/",
            "https://[2001:db8::1]/mcp",
        ] {
            assert_eq!(unfit(address), None, "{address}");
        }
        for address in [
            "",
            "h",
            "https://",
            "https:///x",
            "ftp://h/",
            "HTTPS://h/",
            "https://h:",
            "https://h:99999/",
            "https://h/#x",
            "https://h/a b",
            "https://h/{x}",
            "https://[::1/",
            "http://h/",
            "http://127.0.0.1.example.org/",
            "http://127.1/",
            "http://127.0.0.01/",
            "http://127.0.0.256/",
            "http://10.0.0.1/",
            "http://localhost.example.org/",
            "https://me@h/",
            "https://h/?token=1",
        ] {
            assert!(unfit(address).is_some(), "{address}");
        }
    }
}
