//! What looks like a secret, and is not shown. It errs by hiding too much.

use std::borrow::Cow;

/// In the place of what is not shown.
pub(super) const HIDDEN: &str = "***";

/// One argument of a command line as it may be shown, given the one before it.
pub(super) fn argument<'a>(previous: Option<&str>, argument: &'a str) -> Cow<'a, str> {
    let hidden = Cow::Borrowed(HIDDEN);
    if previous.is_some_and(takes_secret) {
        return hidden;
    }
    if let Some(flag) = SHORT.iter().find(|flag| flag.len() == 2 && argument.starts_with(**flag))
        && argument.len() > 2
        && !argument[2..].starts_with('=')
    {
        return Cow::Owned(format!("{flag}{HIDDEN}"));
    }
    if let Some((name, _)) = argument.split_once('=')
        && !name.contains("://")
        && (takes_secret(name) || is_secretive(name) || is_variable(name))
    {
        return Cow::Owned(format!("{name}={HIDDEN}"));
    }
    if argument.contains("://") {
        return address(argument);
    }
    // A header, as it is.
    if let Some((name, _)) = argument.split_once(':')
        && is_secretive(name)
    {
        return Cow::Owned(format!("{name}:{HIDDEN}"));
    }
    let is_secret = looks_random(argument) || names_secret(argument) || has_user(argument);
    if is_secret { hidden } else { Cow::Borrowed(argument) }
}

/// Whether there are several words or settings, and a secret's name among them: a command for a shell, a string to connect by.
fn names_secret(argument: &str) -> bool {
    let mut words =
        argument.split([' ', '\t', '\n', ';', '&', ',']).filter(|word| !word.is_empty()).peekable();
    let first = words.next();
    words.peek().is_some()
        && first.into_iter().chain(words).any(|word| is_secretive(word.split('=').next().unwrap_or_default()))
}

/// `user:password@host`, without the scheme of an address.
fn has_user(argument: &str) -> bool {
    argument.split_once('@').is_some_and(|(user, _)| user.contains(':'))
}

/// Whether an address holds a secret: a user, a variable, or a query with a telling name.
pub(super) fn in_address(address: &str) -> bool {
    address.contains("${") || looks_random(address) || user(address).is_some() || {
        let query = address.split_once(['?', '#']).map(|(_, query)| query).unwrap_or_default();
        query.split(['&', '#', ';']).any(|part| is_secretive(part.split('=').next().unwrap_or_default()))
    }
}

/// An address without its user and the values of its query.
pub(super) fn address(address: &str) -> Cow<'_, str> {
    if looks_random(address) {
        return Cow::Borrowed(HIDDEN);
    }
    let mut shown = Cow::Borrowed(address);
    if let Some(user) = user(address) {
        shown = Cow::Owned(address.replacen(&format!("{user}@"), &format!("{HIDDEN}@"), 1));
    }
    match shown.find(['?', '#']) {
        Some(query) => Cow::Owned(format!("{}{HIDDEN}", &shown[..=query])),
        None => shown,
    }
}

fn user(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    authority.rsplit_once('@').map(|(user, _)| user)
}

/// Whether the argument after a flag of this name is a secret.
fn takes_secret(flag: &str) -> bool {
    SHORT.contains(&flag) || (flag.starts_with('-') && !flag.contains('=') && is_secretive(flag))
}

/// `GITHUB_TOKEN`, as variables of the environment are named.
fn is_variable(name: &str) -> bool {
    let name = name.trim_start_matches('-');
    !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

fn is_secretive(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    let words = || name.split(|c: char| !c.is_alphanumeric());
    PARTS.iter().any(|part| name.contains(part)) || words().any(|word| WORDS.contains(&word))
}

/// Known beginnings of tokens, and letters mixed with digits that nobody would write by hand.
fn looks_random(text: &str) -> bool {
    let pieces = || text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'));
    if pieces().any(|piece| BEGINNINGS.iter().any(|beginning| piece.starts_with(beginning))) {
        return true;
    }
    text.split(|c: char| !c.is_alphanumeric()).any(|piece| {
        let digits = piece.chars().filter(char::is_ascii_digit).count();
        piece.len() >= 20 && digits >= 3 && digits < piece.len()
    }) || text.to_lowercase().contains("bearer ")
}

/// Flags with a secret behind them. A variable's or a header's value follows its name in one argument, so that all of it is hidden.
const SHORT: [&str; 8] = ["-p", "-k", "-t", "-u", "-H", "--header", "-e", "--env"];

/// What the names of the daemon's list of secrets hold.
const PARTS: [&str; 19] = [
    "password",
    "passwd",
    "passphrase",
    "token",
    "secret",
    "api_key",
    "apikey",
    "auth",
    "private_key",
    "privatekey",
    "credential",
    "session",
    "cookie",
    "bearer",
    "signing_key",
    "encryption_key",
    "database_url",
    "connection_string",
    "ssh_key",
];

/// Names and parts of names that are too short to be looked for anywhere.
const WORDS: [&str; 9] = ["key", "jwt", "dsn", "pin", "pat", "pwd", "pass", "sig", "signature"];

const BEGINNINGS: [&str; 14] = [
    "sk-",
    "sk_",
    "pk_",
    "rk_",
    "ghp_",
    "gho_",
    "ghs_",
    "ghu_",
    "github_pat_",
    "glpat-",
    "xox",
    "AKIA",
    "AIza",
    "eyJ",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_of_many_forms_are_hidden() {
        for (previous, text, shown) in [
            (Some("--api-key"), "abc", "***"),
            (Some("--token"), "abc", "***"),
            (Some("-H"), "Authorization: Basic abc", "***"),
            (Some("-e"), "DEBUG=1", "***"),
            (None, "--github-token=abc", "--github-token=***"),
            (None, "GITHUB_PERSONAL=abc", "GITHUB_PERSONAL=***"),
            (None, "postgres://me:abc@host/db", "postgres://***@host/db"),
            (None, "https://host/mcp?key=abc", "https://host/mcp?***"),
            (None, "ghp_0123", "***"),
            (None, "https://host/sk-live-0123/mcp", "***"),
            (None, "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "***"),
            (None, "Bearer abc", "***"),
            (None, "--header=Authorization: Basic abc", "--header=***"),
            (None, "--env=DEBUG=1", "--env=***"),
            (None, "-e=DEBUG=1", "-e=***"),
            (None, "-eDEBUG=1", "-e***"),
            (None, "-pabc", "-p***"),
            (None, "Authorization: Basic abc", "Authorization:***"),
            (None, "X-Api-Key:abc", "X-Api-Key:***"),
            (None, "me:abc@host/db", "***"),
            (None, "Server=h;Pwd=abc;", "***"),
            (None, "serve --password abc", "***"),
            (None, "PORT=1 serve --password abc", "PORT=***"),
        ] {
            assert_eq!(argument(previous, text), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        for text in [
            "-y",
            "@modelcontextprotocol/server-filesystem@2025.11.25",
            "/home/agent/projects/long-folder-name-with-words",
            "--transport=stdio",
            "--name",
            "https://mcp.example.org/v1",
            "host:8080",
            "localhost:5432/db",
            "run the server",
        ] {
            assert_eq!(argument(None, text), text);
        }
    }

    #[test]
    fn an_address_with_a_secret_is_known() {
        for address in [
            "https://me@host/",
            "https://me:x@host/",
            "https://host/?api_key=1",
            "https://host/?a=1&token=2",
            "https://host/${TOKEN}/mcp",
            "https://host/eyJhbGciOi/mcp",
        ] {
            assert!(in_address(address), "{address}");
        }
        for address in ["https://host/mcp", "http://127.0.0.1:8080/mcp?project=a", "https://host/@scope/x"] {
            assert!(!in_address(address), "{address}");
        }
    }
}
