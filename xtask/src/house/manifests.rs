use super::HouseBreach;

pub(super) fn check(name: &str, manifest: &str, asked: Option<&str>, compiler: &str) -> Vec<HouseBreach> {
    let mut faults = Vec::new();
    if !inherits_lints(manifest) {
        faults.push("its manifest lacks `[lints] workspace = true`".to_string());
    }
    let running = compiler_release(compiler);
    let asked = asked.and_then(major_minor);
    if asked.is_none() || asked != running {
        faults.push(format!(
            "its `rust-version` is `{}`, and the tests run with `{}`",
            asked.map_or("none".to_string(), shown),
            running.map_or(compiler.trim().to_string(), shown),
        ));
    }
    faults.into_iter().map(|fault| HouseBreach::Manifest { name: name.to_string(), fault }).collect()
}

fn inherits_lints(manifest: &str) -> bool {
    manifest
        .parse::<toml::Table>()
        .ok()
        .and_then(|table| table.get("lints")?.get("workspace")?.as_bool())
        .unwrap_or(false)
}

/// `rustc 1.95.0 (f2d3ce0bd 2026-03-21)` is 1.95.
fn compiler_release(compiler: &str) -> Option<(u32, u32)> {
    major_minor(compiler.split_whitespace().nth(1)?)
}

fn major_minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn shown((major, minor): (u32, u32)) -> String {
    format!("{major}.{minor}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPILER: &str = "rustc 1.95.0 (f2d3ce0bd 2026-03-21)\n";
    const LINTS: &str = "[lints]\nworkspace = true\n";

    #[test]
    fn a_manifest_that_inherits_and_agrees_holds() {
        assert_eq!(check("a", LINTS, Some("1.95"), COMPILER), []);
        assert_eq!(check("a", LINTS, Some("1.95.0"), COMPILER), []);
    }

    #[test]
    fn a_manifest_without_the_workspaces_lints_is_a_breach() {
        for manifest in
            ["", "[lints]\nworkspace = false", "[lints.rust]\nunsafe_code = \"allow\"", "not toml ["]
        {
            assert_eq!(check("a", manifest, Some("1.95"), COMPILER).len(), 1, "{manifest}");
        }
    }

    #[test]
    fn another_or_no_rust_version_is_a_breach() {
        for asked in [None, Some("1.94"), Some("2.95"), Some("latest")] {
            assert_eq!(check("a", LINTS, asked, COMPILER).len(), 1, "{asked:?}");
        }
    }

    #[test]
    fn a_compiler_that_does_not_say_its_version_is_a_breach() {
        assert_eq!(check("a", LINTS, Some("1.95"), "").len(), 1);
    }
}
