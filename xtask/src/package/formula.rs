use std::path::PathBuf;

use clap::Args;

use super::PackageError;
use crate::workspace::Workspace;

/// What a release decides of the Homebrew formula.
#[derive(Args)]
pub(crate) struct FormulaOptions {
    /// Where the archive of the sources can be fetched.
    #[arg(long)]
    url: String,
    /// That very archive, of which the sum is taken.
    archive: PathBuf,
}

/// The Homebrew formula of a release.
pub(crate) fn make_formula(workspace: &Workspace, options: &FormulaOptions) -> Result<String, PackageError> {
    let template = workspace.read("packaging/homebrew/agent-receipts.rb")?;
    let archive = options.archive.canonicalize().map_err(PackageError::file("find", &options.archive))?;
    let sums = workspace.output("sha256sum", &["--binary", &archive.to_string_lossy()])?;
    let sum = sums.split_whitespace().next().unwrap_or_default().trim_start_matches('\\').to_owned();
    let version = workspace.version_of("agent-receipts-cli")?;
    fill(&template, &options.url, &version, &sum)
}

fn fill(template: &str, url: &str, version: &str, sum: &str) -> Result<String, PackageError> {
    let refuse = |why: &str| Err(PackageError::Template(why.to_owned()));
    // It is put between quotes of Ruby.
    if !url.starts_with("https://") || url.contains(|c: char| c.is_whitespace() || "\"\\#".contains(c)) {
        return refuse("the address must begin with `https://` and hold no quote, backslash, hash or space");
    }
    if sum.len() != 64 || !sum.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return refuse("no SHA-256 sum of the archive");
    }
    let mut text = template.to_owned();
    for (name, value) in [("URL", url), ("VERSION", version), ("SHA256", sum)] {
        let place = format!("\"@{name}@\"");
        if !text.contains(&place) {
            return refuse(&format!("it has no {place}"));
        }
        text = text.replace(&place, &format!("\"{value}\""));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn the_formula_is_whole() {
        let template = Workspace::find().unwrap().read("packaging/homebrew/agent-receipts.rb").unwrap();
        let text = fill(&template, "https://example.org/a-1.tar.gz", "1.2.3", SUM).unwrap();
        assert!(text.contains("url \"https://example.org/a-1.tar.gz\"\n") && text.contains(SUM), "{text}");
        assert!(!text.contains("\"@"), "{text}");
    }

    #[test]
    fn an_address_cannot_say_more_than_an_address() {
        let template = "\"@URL@\" \"@VERSION@\" \"@SHA256@\"";
        assert!(fill(template, "https://example.org/a", "1", SUM).is_ok());
        for url in ["http://example.org/a", "https://a\"; system \"b", "https://a/#{1}", "https://a b", ""] {
            assert!(fill(template, url, "1", SUM).is_err(), "{url}");
        }
        assert!(fill(template, "https://example.org/a", "1", "short").is_err());
        assert!(fill("\"@URL@\"", "https://example.org/a", "1", SUM).is_err());
    }
}
