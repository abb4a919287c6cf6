//! What is refused in `anchor.toml`, and by what words.

use agent_receipts_anchor::{Config, SinkKind};

use crate::station::{Station, nothing};

fn refused(sinks: &str) -> String {
    let station = Station::new();
    Config::load(&station.configure(sinks), &nothing).unwrap_err().to_string()
}

#[test]
fn what_is_not_understood_is_refused_and_named() {
    let file = "[[sink]]\nname = 'a'\nkind = 'file'\n";
    for (sinks, expected) in [
        (String::new(), "no `[[sink]]`"),
        ("color = 'red'\n".to_owned(), "unknown field `color`"),
        (format!("{file}color = 'red'\n"), "unknown field `color`"),
        (format!("{file}secret_access_key = 'x'\n"), "unknown field `secret_access_key`"),
        (format!("{file}{file}"), "two sinks have the name `a`"),
        (file.replace("'a'", "'../a'"), "the sink's name `../a`"),
        (file.replace("'a'", "''"), "the sink's name ``"),
        (file.replace("'a'", "7"), "invalid type"),
        (file.replace("file", "fax"), "no kind `fax` here; there are `file`, `timestamp`"),
        (file.replace("kind = 'file'", ""), "missing field `kind`"),
        (format!("{file}path = 'here'\n"), "`path` must be an absolute path"),
        (format!("{file}timeout = 'soon'\n"), "`soon` is not a duration"),
        (format!("{file}timeout = '0s'\n"), "`0s` is not a duration"),
        ("[[sink]]\nname = 't'\nkind = 'timestamp'\n".to_owned(), "missing field `url`"),
        (
            "[[sink]]\nname = 't'\nkind = 'timestamp'\nurl = 'https://x'\n".to_owned(),
            "missing field `certificates`",
        ),
        (
            "[[sink]]\nname = 't'\nkind = 'timestamp'\nurl = 'ftp://x'\ncertificates = '/c'\n".to_owned(),
            "an address is not",
        ),
        (
            "[[sink]]\nname = 't'\nkind = 'timestamp'\nurl = 'https://'\ncertificates = '/c'\n".to_owned(),
            "an address is not",
        ),
        (
            "[[sink]]\nname = 'w'\nkind = 'witness'\nurl = 'https://w'\nkey = 'w+1+x'\n".to_owned(),
            "not a key such as",
        ),
        ("= 1".to_owned(), "is not valid"),
    ] {
        let said = refused(&sinks);
        assert!(said.contains(expected), "{sinks}: {said}");
    }
}

#[test]
fn a_password_in_an_address_is_refused_and_not_told() {
    let said =
        refused("[[sink]]\nname = 't'\nkind = 'timestamp'\nurl = 'https://me:hush@x'\ncertificates = '/c'\n");
    assert!(said.contains("has a user in it") && !said.contains("hush"), "{said}");
}

#[cfg(feature = "s3")]
#[test]
fn an_object_store_in_the_clear_or_without_days_is_refused() {
    let s3 = "[[sink]]\nname = 's'\nkind = 's3'\nbucket = 'b'\n";
    for (more, expected) in [
        ("endpoint = 'http://x'\n", "needs `allow_http = true`"),
        ("retention = { mode = 'compliance', days = 0 }\n", "retains nothing"),
        ("retention = { mode = 'lenient', days = 1 }\n", "unknown variant `lenient`"),
        ("retention = { mode = 'compliance', days = 1, hours = 2 }\n", "unknown field `hours`"),
        ("access_key_id = 'x'\n", "unknown field `access_key_id`"),
    ] {
        let said = refused(&format!("{s3}{more}"));
        assert!(said.contains(expected), "{more}: {said}");
    }
}

#[test]
fn defaults_are_the_daemons_own_places() {
    let station = Station::new();
    let path = station.path("anchor.toml");
    std::fs::write(&path, "[[sink]]\nname = 'a'\nkind = 'file'\n").unwrap();
    let env = |name: &str| (name == "HOME").then(|| "/home/me".into());
    let config = Config::load(&path, &env).unwrap();
    assert_eq!(config.db.to_str(), Some("/home/me/.local/share/agent-receipts/receipts.db"));
    assert_eq!(config.state.to_str(), Some("/home/me/.local/share/agent-receipts/anchor"));
    assert_eq!(config.sinks[0].kind, SinkKind::File { path: None });
    let said = Config::load(&path, &nothing).unwrap_err().to_string();
    assert!(said.contains("no data directory"), "{said}");
}
