//! The house rules, held against this very checkout.

use std::collections::BTreeSet;
use std::fmt::Display;

use xtask::{
    Edge, HOUSE, Kind, VIEWS, Workspace, check_claims, check_house, check_layering, check_licences,
    check_mentions, check_view, closure_of_view,
};

fn workspace() -> Workspace {
    Workspace::find().expect("the workspace")
}

fn assert_none<B: Display>(breaches: &[B]) {
    let lines: Vec<String> = breaches.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}", lines.join("\n"));
}

#[test]
fn every_crate_keeps_to_its_layer() {
    let graph = workspace().graph().expect("a graph");
    assert!(graph.edges.len() > 100, "a graph this small is not this workspace: {}", graph.edges.len());
    assert_none(&check_layering(&graph, HOUSE));
}

#[test]
fn the_layering_of_this_workspace_can_be_broken() {
    let mut graph = workspace().graph().expect("a graph");
    let edges = [
        ("agent-receipts-core", "agent-receipts-store", Kind::Normal),
        ("agent-receipts-store", "agent-receipts-ipc", Kind::Build),
        ("agent-receipts-cli", "agent-receipts-daemon", Kind::Normal),
        ("agent-receipts-daemon", "hyper", Kind::Normal),
        ("agent-receipts-keysource", "agent-receipts-chain", Kind::Development),
    ];
    for (from, to, kind) in edges {
        let edge = Edge { from: from.into(), to: to.into(), kind };
        assert!(graph.edges.insert(edge.clone()), "{from} -> {to} is there already");
        let breaches = check_layering(&graph, HOUSE);
        assert!(
            breaches.iter().any(|breach| breach.to_string().contains(to)),
            "{from} -> {to} went unnoticed"
        );
        graph.edges.remove(&edge);
    }
}

#[test]
fn the_readme_has_a_row_for_every_part_of_the_house() {
    const MANIFESTS: &[&str] = &["Cargo.toml", "pyproject.toml", "package.json", "go.mod"];
    let files = workspace().tracked_files().expect("the files");
    let readme = files.iter().find(|file| file.path == "README.md").expect("a README");
    let (_, table) = readme.text.split_once("\n## The house\n").expect("the house");
    let table = table.split("\n## ").next().expect("its rows");
    let parts: BTreeSet<&str> = files
        .iter()
        .filter_map(|file| file.path.rsplit_once('/').filter(|(_, name)| MANIFESTS.contains(name)))
        .map(|(folder, _)| {
            // A language's package is a part; what stands below a part belongs to it.
            let depth = if folder.starts_with("bindings/") { 1 } else { 0 };
            folder.match_indices('/').nth(depth).map_or(folder, |(end, _)| &folder[..end])
        })
        .collect();
    assert!(parts.contains("core") && parts.contains("bindings/go"), "{parts:?}");
    let without: Vec<_> = parts.iter().filter(|part| !table.contains(&format!("`{part}`"))).collect();
    assert!(without.is_empty(), "no row: {without:?}");
}

#[test]
fn the_parts_that_others_embed_stay_small() {
    let workspace = workspace();
    for view in VIEWS {
        let closure = closure_of_view(&workspace, view).expect("cargo tree");
        assert_none(&check_view(view, &closure));
    }
}

#[test]
fn sources_mention_nothing_that_their_crate_must_never_touch() {
    let files = workspace().tracked_files().expect("the files");
    assert!(files.iter().any(|file| file.path == "core/src/lib.rs"));
    assert_none(&check_mentions(&files));
}

#[test]
fn the_house_rules_hold() {
    let workspace = workspace();
    let files = workspace.tracked_files().expect("the files");
    assert_none(&check_house(&workspace, &files).expect("a compiler"));
}

#[test]
fn every_dependency_is_under_an_allowed_licence_and_from_the_registry() {
    let workspace = workspace();
    let packages = workspace.packages().expect("packages");
    assert!(packages.len() > 20, "a graph this small is not this workspace: {}", packages.len());
    assert_none(&check_licences(&workspace.supply_policy().expect("deny.toml"), &packages));
}

#[test]
fn every_claim_is_stated_and_names_tests_that_exist() {
    let workspace = workspace();
    let files = workspace.tracked_files().expect("the files");
    assert_none(&check_claims(&workspace.ledger().expect("CLAIMS.toml"), &files));
}
