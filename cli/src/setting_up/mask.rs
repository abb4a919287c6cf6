//! A configuration as it may be shown: names, and of values only those that are known to be harmless.
//!
//! Hosts keep accounts, tokens and histories beside their servers, and the lines around a change are shown with it. So nothing is
//! shown unless it is known; comments are not, as old settings lie in them.

use super::document::{Document, Syntax, quoted};
use super::edit::Edits;
use super::layout::comments;
use super::secrets::{HIDDEN, address, argument};
use super::tree::{Kind, Node};

/// The text with everything hidden that could be a secret. It has as many lines as comments and values leave it.
pub(super) fn masked(document: &Document) -> String {
    let mut edits = Edits::default();
    for comment in comments(document) {
        let shown = match document.slice(&comment) {
            text if text.starts_with("/*") => "/* … */",
            text if text.starts_with('#') => "# …",
            _ => "// …",
        };
        edits.replace(comment, shown);
    }
    hide(document, &document.root, "", Within::Root, &mut edits);
    edits.apply(&document.text)
}

/// Where a value stands, by which it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Root,
    Projects,
    Project,
    /// The object whose members are servers.
    Servers,
    Server,
    /// What says how a server is started or reached.
    Known,
    Hooks,
    /// Everywhere else: what stands deeper in a server's entry is its environment, its headers, …
    Anything,
}

impl Within {
    fn member(self, name: &str) -> Self {
        match (self, name) {
            (Self::Root | Self::Project, "mcpServers") | (Self::Root, "servers" | "mcp_servers") => {
                Self::Servers
            }
            (Self::Root, "projects") => Self::Projects,
            (Self::Projects, _) => Self::Project,
            (Self::Root, "hooks") | (Self::Hooks, _) => Self::Hooks,
            (Self::Servers, _) => Self::Server,
            (Self::Server, "command" | "args" | "url" | "type") => Self::Known,
            _ => Self::Anything,
        }
    }
}

fn hide(document: &Document, node: &Node, name: &str, within: Within, edits: &mut Edits) {
    match &node.kind {
        Kind::Object(members) => members.iter().for_each(|member| {
            hide(document, &member.value, &member.name, within.member(&member.name), edits);
        }),
        Kind::Array(elements) if within == Within::Known && name == "args" => {
            let mut previous = None;
            for element in elements {
                if let Some(text) = element.text() {
                    put(document, element, &argument(previous, text), edits);
                } else {
                    hide(document, element, "", Within::Anything, edits);
                }
                previous = element.text();
            }
        }
        Kind::Array(elements) => {
            let inner = if within == Within::Hooks { within } else { Within::Anything };
            elements.iter().for_each(|element| hide(document, element, name, inner, edits));
        }
        Kind::Text(text) => {
            let shown = match (within, name) {
                (Within::Known, "command") => argument(None, text),
                (Within::Known, "url") => address(text),
                (Within::Known, "type") | (Within::Hooks, "type" | "matcher") => text.into(),
                (Within::Hooks, "command") if super::hooks::is_ours(text) => text.into(),
                _ => HIDDEN.into(),
            };
            put(document, node, &shown, edits);
        }
        Kind::Other => edits.replace(node.range.clone(), quoted(HIDDEN)),
        Kind::Truth(_) => {}
    }
}

/// What is shown as it is keeps its spelling.
fn put(document: &Document, node: &Node, shown: &str, edits: &mut Edits) {
    if node.text() != Some(shown) || spelled_oddly(document, node) {
        edits.replace(node.range.clone(), quoted(shown));
    }
}

/// Texts of TOML may stretch over lines, and hold anything.
fn spelled_oddly(document: &Document, node: &Node) -> bool {
    document.syntax == Syntax::Toml && document.slice(&node.range).contains('\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, syntax: Syntax) -> String {
        masked(&Document::parse(text.to_owned(), syntax).unwrap())
    }

    #[test]
    fn only_what_is_known_is_shown() {
        let text = r#"{
  // old: "KEY": "s3cret"
  "account": {"id": "s3cret", "pin": 1234, "on": true}, /* s3cret */
  "mcpServers": {"fs": {"command": "npx", "args": ["-y", "--token", "s3cret", "A=s3cret"], "type": "stdio",
    "env": {"command": "s3cret", "n": 1234}, "headers": {"X": ["s3cret", 1234]}, "timeout": 1234, "other": {"args": ["s3cret"]}}},
  "deep": {"servers": {"x": {"command": "s3cret", "args": ["s3cret"]}}, "hooks": {"type": "s3cret"}},
  "projects": {"/p": {"history": ["s3cret"], "mcpServers": {"y": {"command": {"command": "s3cret"}, "args": [["s3cret"], "shown"]}}}},
  "hooks": {"Stop": [{"matcher": "*", "hooks": [{"type": "command", "command": "curl s3cret"}]}]}
}"#;
        let shown = shown(text, Syntax::Json);
        assert!(!shown.contains("s3cret") && !shown.contains("1234"), "{shown}");
        for kept in [r#""npx""#, r#""shown""#, r#""-y""#, r#""A=***""#, r#""matcher": "*""#, r#""on": true"#]
        {
            assert!(shown.contains(kept), "{kept} in {shown}");
        }
        assert_eq!(shown.lines().count(), text.lines().count());
    }

    #[test]
    fn toml_is_hidden_likewise() {
        let text = "model = \"s3cret\" # s3cret\n[mcp_servers.\"a#b\"]\ncommand = 'npx'\nargs = [\"-y\"] # s3cret\n[mcp_servers.\"a#b\".env]\nK = '''\ns3cret'''\nD = 2020-01-01\n";
        let shown = shown(text, Syntax::Toml);
        assert!(!shown.contains("s3cret") && !shown.contains("2020"), "{shown}");
        assert!(shown.contains("command = 'npx'\nargs = [\"-y\"] # …\n"), "{shown}");
    }
}
