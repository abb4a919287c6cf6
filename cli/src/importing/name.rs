//! Names of archives, made from the names of files.

use std::path::Path;

/// `a b.jsonl` becomes `a_b`: what an archive may be called. With `-2` and so on, `is_taken` tells which are not free.
pub(super) fn name_for(path: &Path, is_taken: impl Fn(&str) -> bool) -> String {
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let usual = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_') { c } else { '_' };
    let name: String =
        stem.trim_matches(|c: char| !c.is_alphanumeric()).chars().map(usual).take(LONGEST).collect();
    let begins_well = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    let name = if begins_well { name } else { format!("import{name}") };
    if !is_taken(&name) {
        return name;
    }
    let numbered = (2_u64..).map(|number| format!("{name}-{number}")).find(|name| !is_taken(name));
    numbered.unwrap_or(name)
}

const LONGEST: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_an_archive_may_have() {
        for (path, name) in [
            ("/a/receipts.db", "receipts"),
            ("old host (2).jsonl", "old_host__2"),
            ("-", "import"),
            ("../..", "import"),
            (".hidden", "hidden"),
            ("été.db", "import_t_"),
            ("2026-11-22.jsonl", "2026-11-22"),
        ] {
            assert_eq!(name_for(Path::new(path), |_| false), name, "{path}");
        }
        assert_eq!(name_for(Path::new("a.db"), |name| ["a", "a-2"].contains(&name)), "a-3");
        assert!(name_for(Path::new(&"x".repeat(250)), |_| false).len() <= 200);
    }
}
