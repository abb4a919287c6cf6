//! The files of `cli/packaging/`, with the paths of this machine in the places of the packages'.

use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// Where the two programs stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    pub(super) daemon: PathBuf,
    pub(super) operator: PathBuf,
    /// Where the anchor belongs to the service.
    pub(super) anchor: Option<PathBuf>,
}

/// Stands in every file that `install` writes, so that `uninstall` removes no other.
pub(super) const MARK: &str =
    "Written by `agent-receipts service install`; `agent-receipts service uninstall` removes it.";

/// A unit with the programs' own places.
pub(super) fn unit(template: &str, programs: &Programs) -> Result<String, Failure> {
    let daemon = unit_word(&programs.daemon)?;
    let operator = unit_word(&programs.operator)?;
    let mut text = template
        .replace(&format!("={DAEMON} "), &format!("={daemon} "))
        .replace(&format!("={OPERATOR} "), &format!("={operator} "));
    if let Some(anchor) = &programs.anchor {
        text = text.replace(&format!("={ANCHOR} "), &format!("={} ", unit_word(anchor)?));
    }
    Ok(format!("# {MARK}\n{text}"))
}

/// A property list with the daemon's own place, and the user's home.
pub(super) fn property_list(template: &str, programs: &Programs, home: &Path) -> Result<String, Failure> {
    let text = template
        .replace(
            &format!("<string>{DAEMON}</string>"),
            &format!("<string>{}</string>", xml_text(&programs.daemon)?),
        )
        .replace("<string>/Users/YOUR_USERNAME/", &format!("<string>{}/", xml_text(home)?));
    // Behind the line that declares it XML, which must be the first.
    Ok(text.replacen('\n', &format!("\n<!-- {MARK} -->\n"), 1))
}

/// Other files, as they are but for the mark.
pub(super) fn marked(template: &str) -> String {
    format!("# {MARK}\n{template}")
}

/// A path as the first word of `ExecStart=`: specifiers doubled, quoted where it holds more than plain characters.
fn unit_word(path: &Path) -> Result<String, Failure> {
    let text = text_of(path)?.replace('%', "%%");
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+%".contains(c);
    if text.chars().all(plain) {
        return Ok(text);
    }
    // A dollar sign would name a variable, unless doubled.
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$");
    Ok(format!("\"{escaped}\""))
}

fn xml_text(path: &Path) -> Result<String, Failure> {
    Ok(text_of(path)?.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"))
}

/// A path that a service's file can hold.
fn text_of(path: &Path) -> Result<String, Failure> {
    let text = path.to_str().filter(|text| !text.chars().any(char::is_control) && path.is_absolute());
    let unfit = || Failure::usage(format_args!("`{}` cannot stand in a service's file", path.display()));
    Ok(text.ok_or_else(unfit)?.to_owned())
}

const DAEMON: &str = "/usr/bin/agent-receipts-daemon";
const OPERATOR: &str = "/usr/bin/agent-receipts";
const ANCHOR: &str = "/usr/bin/agent-receipts-anchor";

#[cfg(test)]
mod tests {
    use super::*;

    fn programs(daemon: &str, operator: &str) -> Programs {
        Programs { daemon: daemon.into(), operator: operator.into(), anchor: Some("/o/a b".into()) }
    }

    #[test]
    fn each_program_stands_where_it_is() {
        let template = "ExecStartPre=/usr/bin/agent-receipts init\nExecStart=/usr/bin/agent-receipts-daemon --x\nExecStart=/usr/bin/agent-receipts-anchor --y\n";
        let text = unit(template, &programs("/o/d", "/o/c")).unwrap();
        let lines = "\nExecStartPre=/o/c init\nExecStart=/o/d --x\nExecStart=\"/o/a b\" --y\n";
        assert!(text.ends_with(lines), "{text}");
    }

    #[test]
    fn a_path_cannot_say_more_than_a_path() {
        for (path, word) in [
            ("/a/b-c_1.2", "/a/b-c_1.2"),
            ("/a b", "\"/a b\""),
            ("/a%b", "/a%%b"),
            ("/a\"b\\c", "\"/a\\\"b\\\\c\""),
            ("/a$HOME", "\"/a$$HOME\""),
            ("/a;b", "\"/a;b\""),
        ] {
            assert_eq!(unit_word(Path::new(path)), Ok(word.to_owned()));
        }
        for path in ["/a\nExecStart=/bin/sh", "relative", ""] {
            assert!(unit_word(Path::new(path)).is_err(), "{path}");
        }
        assert_eq!(xml_text(Path::new("/a<b>&c")), Ok("/a&lt;b&gt;&amp;c".to_owned()));
    }
}
