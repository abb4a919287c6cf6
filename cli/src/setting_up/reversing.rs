//! Whatever a configuration is laid out like, setting up keeps what it says and undoing gives it back byte for byte.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::change::{Change, Deed};
use super::document::{Document, Syntax, quoted};
use super::hooks::{self, Event, Rest};
use super::hosts::Place;
use super::remembered::Remembered;
use super::selection::Selection;
use super::servers;
use super::wrap::Proxy;

const EVENTS: [Event; 2] =
    [Event { name: "PreToolUse", of_tools: true }, Event { name: "Stop", of_tools: false }];
const ALL: Selection<'_> = Selection::Asked { only: &[], skip: &[] };

/// Set up and undone, with only what the file itself was remembered.
fn there_and_back(text: &str, syntax: Syntax, places: &[Place]) -> (Document, Vec<Change>) {
    let before = Document::parse(text.to_owned(), syntax).unwrap_or_else(|error| panic!("{error} in {text}"));
    let parse = |edits: super::edit::Edits, document: &Document| {
        let text = edits.apply(&document.text);
        Document::parse(text.clone(), syntax).unwrap_or_else(|error| panic!("{error} in {text}"))
    };
    let proxy = Proxy { program: "/bin/agent-receipts-mcp".into(), rules: Some("/r".into()) };
    let (entries, _) = servers::entries(&before, places);
    let (edits, mut changes) =
        servers::wrap(&before, &entries, ALL, &mut || Ok::<_, ()>(proxy.clone())).unwrap();
    let mut after = parse(edits, &before);
    if syntax == Syntax::Json {
        let added = hooks::add(after, &EVENTS, "/bin/agent-receipts-hook").unwrap();
        after = added.0;
        changes.extend(added.1);
    }
    let remembered = Remembered::of(vec![before.clone()]);
    let (entries, _) = servers::entries(&after, places);
    let (edits, _) = servers::unwrap(&after, &entries, ALL, &remembered);
    let mut back = Rest::Text(parse(edits, &after).text);
    if let (Syntax::Json, Rest::Text(text)) = (syntax, &back) {
        let document = Document::parse(text.clone(), syntax).unwrap();
        back = hooks::take_out(document, ALL, &remembered).unwrap().0;
    }
    assert_eq!(back, Rest::Text(text.to_owned()), "between them:\n{}", after.text);
    (after, changes)
}

/// Writes a value with white space, comments and commas as the choices have it.
struct Writer<'a> {
    choices: std::iter::Cycle<std::slice::Iter<'a, u8>>,
    out: String,
}

impl Writer<'_> {
    fn choose(&mut self) -> u8 {
        self.choices.next().copied().unwrap_or_default()
    }

    fn gap(&mut self) {
        let gaps = ["", "", " ", "\n", "\n  ", "\r\n\t", " // c, \"x\": [\n", "/* c */", " /* , */\n\n   "];
        let gap = gaps[usize::from(self.choose()) % gaps.len()];
        self.out.push_str(gap);
    }

    fn list(&mut self, brackets: [char; 2], number: usize, mut one: impl FnMut(&mut Self, usize)) {
        self.out.push(brackets[0]);
        self.gap();
        for at in 0..number {
            one(self, at);
            self.gap();
            if at + 1 < number || self.choose().is_multiple_of(4) {
                self.out.push(',');
                self.gap();
            }
        }
        self.out.push(brackets[1]);
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Array(all) => self.list(['[', ']'], all.len(), |writer, at| writer.value(&all[at])),
            Value::Object(all) => {
                let all: Vec<_> = all.iter().collect();
                self.list(['{', '}'], all.len(), |writer, at| {
                    writer.out.push_str(&quoted(all[at].0));
                    writer.gap();
                    writer.out.push(':');
                    writer.gap();
                    writer.value(all[at].1);
                });
            }
            other => self.out.push_str(&other.to_string()),
        }
    }
}

fn entry() -> impl Strategy<Value = Value> {
    let arguments = prop::option::of(prop::collection::vec("[a-z\"\\\\ -]{0,6}", 0..4));
    let local = ("[a-z/]{1,8}", arguments, any::<bool>(), any::<bool>()).prop_map(
        |(command, arguments, kind, env)| {
            let mut entry = json!({ "command": command });
            if let Some(arguments) = arguments {
                entry["args"] = json!(arguments);
            }
            if kind {
                entry["type"] = json!("stdio");
            }
            if env {
                entry["env"] = json!({"K": "v"});
            }
            entry
        },
    );
    let remote = (any::<bool>(), any::<bool>()).prop_map(|(kind, headers)| {
        let mut entry = json!({"url": "https://h/mcp", "timeout": 3});
        if kind {
            entry["type"] = json!("http");
        }
        if headers {
            entry["headers"] = json!({});
        }
        entry
    });
    prop_oneof![4 => local, 2 => remote, 1 => Just(json!([1, "x", {}])), 1 => Just(json!({}))]
}

fn hooks() -> impl Strategy<Value = Option<Value>> {
    let group = json!({"matcher": "Bash", "hooks": [{"type": "command", "command": "x"}]});
    prop_oneof![
        Just(None),
        Just(Some(json!({}))),
        Just(Some(json!({"Stop": []}))),
        Just(Some(json!({"Stop": [group], "Other": []}))),
        Just(Some(json!({"PreToolUse": [group, group], "Stop": {}}))),
        Just(Some(json!([]))),
    ]
}

/// What an entry has to be once it is wrapped.
fn wrapped(name: &str, entry: &Value) -> Value {
    let mut expected = entry.clone();
    let strings = |list: &[&str]| list.iter().map(|one| json!(one)).collect::<Vec<_>>();
    let mut arguments = strings(&["--name", name, "--rules", "/r"]);
    if entry.get("command").is_some() {
        arguments.extend([json!("--"), entry["command"].clone()]);
        arguments.extend(entry.get("args").and_then(Value::as_array).cloned().unwrap_or_default());
    } else {
        arguments.extend([json!("--remote"), entry["url"].clone()]);
        if let Some(members) = expected.as_object_mut() {
            members.remove("url");
        }
        if entry.get("type").is_some() {
            expected["type"] = json!("stdio");
        }
    }
    expected["command"] = json!("/bin/agent-receipts-mcp");
    expected["args"] = json!(arguments);
    expected
}

fn value_of(document: &Document) -> Value {
    value_at(&document.root, document)
}

fn value_at(node: &super::tree::Node, document: &Document) -> Value {
    use super::tree::Kind;
    match &node.kind {
        Kind::Object(members) => {
            members.iter().map(|member| (member.name.clone(), value_at(&member.value, document))).collect()
        }
        Kind::Array(elements) => elements.iter().map(|one| value_at(one, document)).collect(),
        Kind::Text(text) => json!(text),
        Kind::Truth(truth) => json!(truth),
        Kind::Other => serde_json::from_str(document.slice(&node.range)).unwrap_or(Value::Null),
    }
}

fn check_entries(after: &Value, servers: &serde_json::Map<String, Value>, changes: &[Change]) {
    for (name, entry) in servers {
        let change = changes.iter().find(|change| change.name == *name).unwrap();
        let plain =
            entry.get("command").is_some() || (entry.get("url").is_some() && entry.get("headers").is_none());
        assert_eq!(change.deed, if plain { Deed::Wrap } else { Deed::Leave }, "{name}: {entry}");
        let expected = if plain { wrapped(name, entry) } else { entry.clone() };
        assert_eq!(after[name], expected, "{name}");
    }
}

/// What the generated layouts found.
#[test]
fn layouts_that_were_once_lost_come_back() {
    for text in [
        "{\"mcpServers\": {\"a\": {\"command\": \"/\" , \"env\": {}}}}",
        "{\"mcpServers\":{\"a\":{\"command\":\"/\" // one\n, // two\n\"env\":{}}}}",
        "{\"hooks\":{\"a\":{} // c\n}}",
        "{\"hooks\":{\"a\":{}, // c\n}, // d\n}",
        "{\"hooks\" // a\n:{ // b\n}}",
        "{\"hooks\":{\"Stop\":[{} // c\n]}}",
    ] {
        there_and_back(text, Syntax::Json, &[Place::Member("mcpServers")]);
    }
}

proptest! {
    #[test]
    fn json_of_any_layout_comes_back(
        servers in prop::collection::btree_map("[a-z][a-z0-9 ]{0,3}", entry(), 0..4),
        hooks in hooks(),
        other in any::<bool>(),
        choices in prop::collection::vec(any::<u8>(), 1..200),
    ) {
        let servers: serde_json::Map<String, Value> = servers.into_iter().collect();
        let mut root = json!({ "mcpServers": servers });
        if let Some(hooks) = hooks {
            root["hooks"] = hooks;
        }
        if other {
            root["zeta"] = json!([1, {"a": null}]);
        }
        let mut writer = Writer { choices: choices.iter().cycle(), out: String::new() };
        writer.gap();
        writer.value(&root);
        writer.gap();
        let (after, changes) = there_and_back(&writer.out, Syntax::Json, &[Place::Member("mcpServers")]);
        let value = value_of(&after);
        check_entries(&value["mcpServers"], &servers, &changes);
        prop_assert_eq!(&value["zeta"], &root["zeta"]);
    }

    /// What is damaged is refused, or it is another configuration that comes back as well.
    #[test]
    fn damage_is_refused_or_comes_back(
        servers in prop::collection::btree_map("[a-z]{1,3}", entry(), 1..3),
        hooks in hooks(),
        choices in prop::collection::vec(any::<u8>(), 1..100),
        (at, length) in (any::<prop::sample::Index>(), 0usize..6),
        put in "[\"{}\\[\\],:/* \\n\u{feff}\u{1f600}]{0,3}",
    ) {
        let servers: serde_json::Map<String, Value> = servers.into_iter().collect();
        let mut root = json!({ "mcpServers": servers });
        root["hooks"] = hooks.unwrap_or_default();
        let mut writer = Writer { choices: choices.iter().cycle(), out: String::new() };
        writer.value(&root);
        let mut characters: Vec<char> = writer.out.chars().collect();
        let start = at.index(characters.len());
        characters.splice(start..(start + length).min(characters.len()), put.chars());
        let damaged: String = characters.into_iter().collect();
        if Document::parse(damaged.clone(), Syntax::Json).is_ok() {
            there_and_back(&damaged, Syntax::Json, &[Place::Member("mcpServers")]);
        }
        let mut text = toml_text(&servers, &choices);
        let cut = (0..=text.len()).rev().find(|cut| text.is_char_boundary(*cut) && *cut <= at.index(text.len() + 1));
        text.insert_str(cut.unwrap_or_default(), &put);
        if Document::parse(text.clone(), Syntax::Toml).is_ok() {
            there_and_back(&text, Syntax::Toml, &[Place::Member("mcp_servers")]);
        }
    }

    #[test]
    fn toml_of_any_layout_comes_back(
        servers in prop::collection::btree_map("[a-z]{1,4}", entry(), 0..4),
        choices in prop::collection::vec(any::<u8>(), 1..100),
    ) {
        let servers: serde_json::Map<String, Value> = servers.into_iter().collect();
        let text = toml_text(&servers, &choices);
        let (after, changes) = there_and_back(&text, Syntax::Toml, &[Place::Member("mcp_servers")]);
        check_entries(&value_of(&after)["mcp_servers"], &servers, &changes);
    }
}

/// Tables under headings, in braces or by dotted names; spaces, comments and line ends as the choices have it.
fn toml_text(servers: &serde_json::Map<String, Value>, choices: &[u8]) -> String {
    let mut choices = choices.iter().cycle();
    let mut choose = |of: &[&'static str]| of[usize::from(*choices.next().unwrap_or(&0)) % of.len()];
    let line_break = choose(&["\n", "\r\n"]);
    let mut heads = format!("# head{line_break}[mcp_servers] # all{line_break}");
    let mut tails = String::new();
    for (name, entry) in servers {
        let members = entry.as_object().cloned().unwrap_or_default();
        let form = choose(&["heading", "braces", "dotted"]);
        if members.is_empty() || form == "braces" {
            heads.push_str(&format!("{name} = {}{}{line_break}", inline(entry), choose(&["", " # c"])));
            continue;
        }
        if form == "heading" {
            tails.push_str(&format!("{line_break}[mcp_servers.{name}]{line_break}"));
        }
        let out = if form == "heading" { &mut tails } else { &mut heads };
        let prefix = if form == "heading" { choose(&["", "  "]).to_owned() } else { format!(" {name} . ") };
        for (key, value) in &members {
            let (joint, end) = (choose(&[" = ", "=", "  =\t"]), choose(&["", " ", " # command = \"x\""]));
            out.push_str(&format!("{prefix}{key}{joint}{}{end}{line_break}", inline(value)));
        }
    }
    let text = format!("{heads}{tails}");
    if choose(&["keep", "cut"]) == "cut" { text.trim_end().to_owned() } else { text }
}

fn inline(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: Vec<String> =
                members.iter().map(|(key, value)| format!("{key} = {}", inline(value))).collect();
            format!("{{ {} }}", members.join(", "))
        }
        Value::Array(elements) => format!("[{}]", elements.iter().map(inline).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}
