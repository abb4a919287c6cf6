use std::collections::{BTreeMap, BTreeSet, VecDeque};

use cargo_metadata::{DependencyKind, Metadata, Package};

/// What a dependency is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Linked into the crate.
    Normal,
    /// Run while the crate is built.
    Build,
    /// Used by its tests, examples and benchmarks only.
    Development,
}

/// One crate depends on another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    /// The crate that depends.
    pub from: String,
    /// The crate that is depended on.
    pub to: String,
    /// What for.
    pub kind: Kind,
}

/// The workspace's members and every edge among all crates.
///
/// A member goes by its name, any other crate by its name, a blank and its version: two versions of one crate
/// have dependencies of their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Graph {
    /// Names of the workspace's members.
    pub members: BTreeSet<String>,
    /// All edges.
    pub edges: BTreeSet<Edge>,
}

/// Where a search may start from, besides the normal and build edges that it always follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    Linked,
    Tests,
}

impl Graph {
    /// The graph that cargo resolved; `None` if it resolved none.
    pub(crate) fn from_metadata(metadata: &Metadata) -> Option<Self> {
        let resolve = metadata.resolve.as_ref()?;
        let members = metadata.workspace_packages().iter().map(|package| package.name.to_string()).collect();
        let mut edges = BTreeSet::new();
        for node in &resolve.nodes {
            let from = label(&metadata[&node.id]);
            for dependency in &node.deps {
                let to = label(&metadata[&dependency.pkg]);
                for info in &dependency.dep_kinds {
                    let kind = match info.kind {
                        DependencyKind::Build => Kind::Build,
                        DependencyKind::Development => Kind::Development,
                        // An unknown kind is judged by the strict list.
                        _ => Kind::Normal,
                    };
                    edges.insert(Edge { from: from.clone(), to: to.clone(), kind });
                }
            }
        }
        Some(Self { members, edges })
    }

    /// Every crate that `from` reaches, with the path to it. Development edges count at `from` itself only, and
    /// only for [`Start::Tests`]: nobody builds the tests of a dependency.
    pub(super) fn reach(&self, from: &str, start: Start) -> BTreeMap<&str, Vec<&str>> {
        let mut paths: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut queue: VecDeque<(&str, Vec<&str>)> = VecDeque::new();
        for edge in self.edges.iter().filter(|edge| edge.from == from) {
            if edge.kind != Kind::Development || start == Start::Tests {
                queue.push_back((&edge.to, vec![&edge.to]));
            }
        }
        while let Some((at, path)) = queue.pop_front() {
            if at == from || paths.contains_key(at) {
                continue;
            }
            for edge in self.edges.iter().filter(|edge| edge.from == at && edge.kind != Kind::Development) {
                let mut longer = path.clone();
                longer.push(&edge.to);
                queue.push_back((&edge.to, longer));
            }
            paths.insert(at, path);
        }
        paths
    }
}

/// The name in a label.
pub(super) fn name_of(label: &str) -> &str {
    label.split(' ').next().unwrap_or(label)
}

fn label(package: &Package) -> String {
    // Only what comes from elsewhere has a source.
    match package.source {
        None => package.name.to_string(),
        Some(_) => format!("{} {}", package.name, package.version),
    }
}
