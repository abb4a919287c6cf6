use std::collections::BTreeSet;

use super::graph::{Graph, Start, name_of};
use super::rules::Room;

/// One way in which the workspace departs from the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Breach {
    /// A crate of the workspace that the table does not know.
    #[error("crate `{name}` has no row in the layering table")]
    UnknownCrate {
        /// The crate.
        name: String,
    },
    /// A row of the table whose crate is gone, or a row written twice.
    #[error("the layering table's row `{name}` has no crate of its own")]
    MissingCrate {
        /// The row's name.
        name: String,
    },
    /// A row that allows a crate which the workspace does not have.
    #[error("the layering table lets `{name}` use `{allowed}`, which is not in the workspace")]
    MissingAllowed {
        /// The row's name.
        name: String,
        /// The crate that is allowed and gone.
        allowed: String,
    },
    /// A crate that reaches something it must not.
    #[error("`{from}` must not reach `{to}`{}: {}", if *.tests { ", not even in its tests" } else { "" }, path.join(" -> "))]
    Forbidden {
        /// The crate that reaches.
        from: String,
        /// What it reaches.
        to: String,
        /// Whether only its tests do.
        tests: bool,
        /// The way there, both ends included.
        path: Vec<String>,
    },
}

/// Holds a graph against a table; returns every breach, in the table's order.
#[must_use]
pub fn check_layering(graph: &Graph, table: &[Room]) -> Vec<Breach> {
    let mut breaches = unlisted(graph, table);
    for room in table.iter().filter(|room| graph.members.contains(room.name)) {
        let linked = forbidden(graph, room, Start::Linked);
        let seen: BTreeSet<String> = linked.iter().map(|(to, _)| to.clone()).collect();
        let in_tests = forbidden(graph, room, Start::Tests).into_iter().filter(|(to, _)| !seen.contains(to));
        breaches.extend(linked.iter().map(|(to, path)| breach(room, to, path, false)));
        breaches.extend(in_tests.map(|(to, path)| breach(room, &to, &path, true)));
    }
    breaches
}

fn unlisted(graph: &Graph, table: &[Room]) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for name in &graph.members {
        if !table.iter().any(|room| room.name == name) {
            breaches.push(Breach::UnknownCrate { name: name.clone() });
        }
    }
    for (at, room) in table.iter().enumerate() {
        let repeated = table.iter().take(at).any(|earlier| earlier.name == room.name);
        if repeated || !graph.members.contains(room.name) {
            breaches.push(Breach::MissingCrate { name: room.name.to_string() });
        }
        for allowed in room.may_reach.iter().chain(room.tests_may_also_reach) {
            if !graph.members.contains(*allowed) {
                let (name, allowed) = (room.name.to_string(), (*allowed).to_string());
                breaches.push(Breach::MissingAllowed { name, allowed });
            }
        }
    }
    breaches
}

/// What the room reaches and must not. Only the linked closure is held to `never`: tests may use any external crate.
fn forbidden(graph: &Graph, room: &Room, start: Start) -> Vec<(String, Vec<String>)> {
    let externals: BTreeSet<&str> = match start {
        Start::Linked => room.never.iter().flat_map(|group| group.iter().copied()).collect(),
        Start::Tests => BTreeSet::new(),
    };
    graph
        .reach(room.name, start)
        .into_iter()
        .filter(|(to, _)| {
            let ours = graph.members.contains(*to);
            let allowed = room.may_reach.contains(to)
                || (start == Start::Tests && room.tests_may_also_reach.contains(to))
                // What an allowed crate is itself allowed to link is judged at its own row.
                || (start == Start::Tests && linked_by_allowed(graph, room, to));
            (ours && !allowed) || externals.contains(name_of(to))
        })
        .map(|(to, path)| (to.to_string(), path.into_iter().map(str::to_string).collect()))
        .collect()
}

fn linked_by_allowed(graph: &Graph, room: &Room, to: &str) -> bool {
    room.tests_may_also_reach.iter().any(|allowed| graph.reach(allowed, Start::Linked).contains_key(to))
}

fn breach(room: &Room, to: &str, path: &[String], tests: bool) -> Breach {
    let path = std::iter::once(room.name.to_string()).chain(path.iter().cloned()).collect();
    Breach::Forbidden { from: room.name.to_string(), to: to.to_string(), tests, path }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layering::{Edge, Kind};

    const TABLE: &[Room] = &[
        Room { name: "meaning", may_reach: &[], tests_may_also_reach: &[], never: &[&["database"]] },
        Room { name: "left", may_reach: &["meaning"], tests_may_also_reach: &[], never: &[] },
        Room { name: "right", may_reach: &["meaning"], tests_may_also_reach: &["left"], never: &[] },
    ];

    fn graph(edges: &[(&str, &str, Kind)]) -> Graph {
        Graph {
            members: ["meaning", "left", "right"].map(str::to_string).into(),
            edges: edges
                .iter()
                .map(|(from, to, kind)| Edge { from: (*from).into(), to: (*to).into(), kind: *kind })
                .collect(),
        }
    }

    fn forbidden_pairs(breaches: &[Breach]) -> Vec<(String, String, bool)> {
        breaches
            .iter()
            .filter_map(|breach| match breach {
                Breach::Forbidden { from, to, tests, .. } => Some((from.clone(), to.clone(), *tests)),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn edges_that_point_down_hold() {
        let graph = graph(&[("left", "meaning", Kind::Normal), ("right", "left", Kind::Development)]);
        assert_eq!(check_layering(&graph, TABLE), []);
    }

    #[test]
    fn an_edge_that_points_up_is_a_breach() {
        let breaches = check_layering(&graph(&[("meaning", "left", Kind::Normal)]), TABLE);
        assert_eq!(forbidden_pairs(&breaches), [("meaning".into(), "left".into(), false)]);
    }

    #[test]
    fn siblings_must_not_know_each_other_even_by_a_build_script() {
        let breaches = check_layering(&graph(&[("left", "right", Kind::Build)]), TABLE);
        assert_eq!(forbidden_pairs(&breaches), [("left".into(), "right".into(), false)]);
    }

    #[test]
    fn a_forbidden_external_is_found_behind_others_and_its_way_is_told() {
        let graph = graph(&[("meaning", "innocent", Kind::Normal), ("innocent", "database", Kind::Build)]);
        let path = ["meaning", "innocent", "database"].map(str::to_string).to_vec();
        let (from, to) = ("meaning".to_string(), "database".to_string());
        assert_eq!(check_layering(&graph, TABLE), [Breach::Forbidden { from, to, tests: false, path }],);
    }

    #[test]
    fn any_version_of_a_forbidden_external_is_found_and_another_crates_version_is_not() {
        let edges = [
            ("meaning", "innocent 1.0.0", Kind::Normal),
            ("innocent 2.0.0", "database 1.0.0", Kind::Normal),
            ("left", "innocent 2.0.0", Kind::Normal),
        ];
        assert_eq!(check_layering(&graph(&edges), TABLE), []);
        let breaches = check_layering(&graph(&[("meaning", "database 9.0.0-beta", Kind::Normal)]), TABLE);
        assert_eq!(forbidden_pairs(&breaches), [("meaning".into(), "database 9.0.0-beta".into(), false)]);
    }

    #[test]
    fn tests_may_use_what_is_listed_for_them_and_no_more() {
        let breaches = check_layering(
            &graph(&[("right", "left", Kind::Development), ("left", "right", Kind::Development)]),
            TABLE,
        );
        assert_eq!(forbidden_pairs(&breaches), [("left".into(), "right".into(), true)]);
    }

    #[test]
    fn a_test_dependency_of_a_dependency_is_nobodys_closure() {
        let graph = graph(&[("left", "meaning", Kind::Normal), ("meaning", "database", Kind::Development)]);
        assert_eq!(check_layering(&graph, TABLE), []);
    }

    #[test]
    fn an_unlisted_crate_is_a_breach() {
        let mut graph = graph(&[]);
        graph.members.insert("stranger".into());
        assert_eq!(check_layering(&graph, TABLE), [Breach::UnknownCrate { name: "stranger".into() }]);
    }

    #[test]
    fn a_listed_crate_that_is_gone_is_a_breach_and_so_is_leave_to_use_it() {
        let mut graph = graph(&[]);
        graph.members.remove("left");
        assert_eq!(
            check_layering(&graph, TABLE),
            [
                Breach::MissingCrate { name: "left".into() },
                Breach::MissingAllowed { name: "right".into(), allowed: "left".into() },
            ],
        );
    }

    #[test]
    fn a_row_written_twice_is_a_breach() {
        let rooms = [TABLE[0], TABLE[1], TABLE[2], TABLE[1]];
        assert_eq!(check_layering(&graph(&[]), &rooms), [Breach::MissingCrate { name: "left".into() }],);
    }

    #[test]
    fn a_circle_ends() {
        let circle = [("left", "a", Kind::Normal), ("a", "b", Kind::Normal), ("b", "a", Kind::Normal)];
        assert_eq!(check_layering(&graph(&circle), TABLE), []);
    }
}
