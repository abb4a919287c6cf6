//! `cargo xtask header`: the committed C header against the one that the sources make.

mod generator;

use std::path::PathBuf;

use clap::Args;

use crate::workspace::Workspace;

/// The header that C programs include, from the root of the checkout.
const HEADER: &str = "ffi/include/agent_receipts.h";

/// What `cargo xtask header` is asked to do.
#[derive(Args, Clone, Copy, Debug, Default)]
pub(crate) struct HeaderOptions {
    /// Write the header instead of comparing it.
    #[arg(long)]
    write: bool,
}

/// Why there is no header to compare.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum HeaderError {
    /// The generator could not be installed from the registry.
    #[error("cannot install the pinned cbindgen: {0}")]
    Install(String),
    /// The generator failed.
    #[error("cbindgen failed: {0}")]
    Generate(String),
    /// The committed header cannot be read or written.
    #[error("`{HEADER}`: {0}")]
    File(#[from] std::io::Error),
}

/// Writes the header, or says where the committed one and the one that the sources make differ; `None` when they agree.
///
/// # Errors
/// When the generator cannot be had or fails, or the header cannot be read.
pub(crate) fn make_header(
    workspace: &Workspace,
    options: HeaderOptions,
) -> Result<Option<String>, HeaderError> {
    let generated = generator::generate(workspace)?;
    let path: PathBuf = workspace.root().join(HEADER);
    if options.write {
        std::fs::write(path, generated)?;
        return Ok(None);
    }
    Ok(difference(&std::fs::read_to_string(path)?, &generated))
}

/// The first line that differs, as the line to print.
fn difference(committed: &str, generated: &str) -> Option<String> {
    if committed == generated {
        return None;
    }
    let (mut old, mut new) = (committed.lines(), generated.lines());
    let mut number = 1;
    loop {
        match (old.next(), new.next()) {
            (Some(old), Some(new)) if old == new => number += 1,
            (old, new) => {
                let shown =
                    |line: Option<&str>| line.map_or("nothing".to_string(), |line| format!("`{line}`"));
                return Some(format!(
                    "{HEADER}:{number}: is {}, the sources make {}: run `cargo xtask header --write`",
                    shown(old),
                    shown(new)
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_shown_with_its_mend() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        let shown = difference("a\nb\n", "a\nc\n").unwrap();
        assert!(shown.contains(":2: is `b`, the sources make `c`: run"), "{shown}");
        assert!(difference("a\n", "a\nb\n").unwrap().contains("is nothing, the sources make `b`"));
        assert!(difference("a\nb\n", "a\n").unwrap().contains("is `b`, the sources make nothing"));
        // Even where only the last line's end differs.
        assert!(difference("a", "a\n").is_some());
    }
}
