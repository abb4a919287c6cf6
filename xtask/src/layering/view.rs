use std::collections::BTreeSet;

use super::check::Breach;
use super::rules::View;
use crate::workspace::{Workspace, WorkspaceError};

/// The closure of a crate with exactly a view's features, for every target, itself included.
///
/// `cargo metadata` unifies features over the workspace; `cargo tree` with one package does not.
///
/// # Errors
/// When `cargo tree` fails.
pub fn closure_of_view(workspace: &Workspace, view: &View) -> Result<BTreeSet<String>, WorkspaceError> {
    let features = view.features.join(",");
    let mut arguments = vec!["tree", "--package", view.name, "--no-default-features"];
    if !features.is_empty() {
        arguments.extend(["--features", &features]);
    }
    arguments.extend(["--edges", "normal,build", "--target", "all", "--prefix", "none", "--format", "{p}"]);
    let printed = workspace.output("cargo", &arguments)?;
    Ok(printed.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_string).collect())
}

/// Holds a view's closure against what it must never hold.
#[must_use]
pub fn check_view(view: &View, closure: &BTreeSet<String>) -> Vec<Breach> {
    if !closure.contains(view.name) {
        return vec![Breach::MissingCrate { name: view.name.to_string() }];
    }
    let never = view.never.iter().flat_map(|group| group.iter());
    never
        .filter(|name| closure.contains(**name))
        .map(|name| {
            let from = format!("{} (features: {})", view.name, view.features.join(", "));
            Breach::Forbidden {
                path: vec![from.clone(), "…".to_string(), (*name).to_string()],
                from,
                to: (*name).to_string(),
                tests: false,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIEW: View = View { name: "client", features: &["small"], never: &[&["database"], &["crypto"]] };

    #[test]
    fn a_small_closure_holds() {
        assert_eq!(check_view(&VIEW, &["client", "libc"].map(str::to_string).into()), []);
    }

    #[test]
    fn each_forbidden_crate_is_a_breach() {
        let closure = ["client", "crypto", "database"].map(str::to_string).into();
        let to: Vec<String> = check_view(&VIEW, &closure)
            .into_iter()
            .filter_map(|breach| match breach {
                Breach::Forbidden { to, .. } => Some(to),
                _ => None,
            })
            .collect();
        assert_eq!(to, ["database", "crypto"]);
    }

    #[test]
    fn an_empty_answer_is_not_a_pass() {
        assert_eq!(check_view(&VIEW, &BTreeSet::new()), [Breach::MissingCrate { name: "client".into() }],);
    }
}
