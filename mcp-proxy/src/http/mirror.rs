//! The parameters of tools that are repeated in headers of their own (MCP 2026-07-28, "Custom headers").
//!
//! Such a header is the client's to write, and a client that speaks stdio writes none. So the lists of tools that the server gives are
//! looked at as they pass.

use std::collections::HashMap;

use agent_receipts_core::json::{Object, Rules, Value, parse};
use hyper::header::{HeaderMap, HeaderName};
use memchr::memmem;

use super::outline::Request;
use super::stamp::{PARAM, encoded, rendered};

/// What each tool wants repeated, as far as the server has said.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    tools: HashMap<String, Vec<Wish>>,
}

/// One parameter, and the header that repeats it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wish {
    path: Vec<String>,
    header: HeaderName,
}

impl Mirror {
    /// Looks at a message of the server. All but lists of tools with such wishes cost one search.
    pub(crate) fn look_at(&mut self, message: &[u8]) {
        if memmem::find(message, KEY.as_bytes()).is_none() {
            return;
        }
        let Some(tools) = tools(message) else { return };
        for tool in &tools {
            let Some(tool) = tool.as_object() else { continue };
            let Some(name) = tool.get("name").and_then(Value::as_str) else { continue };
            if self.tools.len() >= MOST && !self.tools.contains_key(name) {
                return;
            }
            let wishes = tool.get("inputSchema").and_then(wishes).unwrap_or_default();
            self.tools.insert(name.to_owned(), wishes);
        }
    }

    /// The headers that a call is to have besides the usual.
    pub(crate) fn headers(&self, request: &Request) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let call = Some(request).filter(|request| request.method == "tools/call");
        let name = call.and_then(|call| call.params.get("name")?.as_str());
        let Some(wishes) = name.and_then(|name| self.tools.get(name)) else { return headers };
        let Some(arguments) = request.params.get("arguments").and_then(Value::as_object) else {
            return headers;
        };
        for wish in wishes {
            if let Some(text) = at(arguments, &wish.path).and_then(rendered) {
                headers.insert(wish.header.clone(), encoded(&text));
            }
        }
        headers
    }
}

fn tools(message: &[u8]) -> Option<Vec<Value>> {
    let mut message = parse(message, Rules::Payload).ok()?.into_object().ok()?;
    message.remove("result")?.into_object().ok()?.remove("tools")?.into_array().ok()
}

/// The wishes of one schema; none at all where one of them is against the rules, as with the official clients.
fn wishes(schema: &Value) -> Option<Vec<Wish>> {
    let mut found: Vec<Wish> = Vec::new();
    let mut open = vec![(Vec::new(), schema.as_object()?)];
    while let Some((path, schema)) = open.pop() {
        if let Some(token) = schema.get(KEY) {
            let kind = schema.get("type").and_then(Value::as_str);
            let header = token.as_str().and_then(|token| format!("{PARAM}{token}").parse().ok())?;
            let is_known = found.iter().any(|wish: &Wish| wish.header == header);
            if path.is_empty() || is_known || !matches!(kind, Some("string" | "integer" | "boolean")) {
                return None;
            }
            found.push(Wish { path: path.clone(), header });
        }
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else { continue };
        for (name, schema) in properties.iter() {
            if let Some(schema) = schema.as_object().filter(|_| path.len() < DEEPEST) {
                open.push((path.iter().cloned().chain([name.to_owned()]).collect(), schema));
            }
        }
    }
    Some(found)
}

fn at<'a>(arguments: &'a Object, path: &[String]) -> Option<&'a Value> {
    let (last, folders) = path.split_last()?;
    let mut object = arguments;
    for folder in folders {
        object = object.get(folder)?.as_object()?;
    }
    object.get(last)
}

/// How a schema says that a property is to be repeated.
const KEY: &str = "x-mcp-header";
/// Tools that are remembered.
const MOST: usize = 10_000;
/// Objects in objects.
const DEEPEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::outline::Outline;

    fn headers(schema: &str, arguments: &str) -> Vec<(String, String)> {
        let mut mirror = Mirror::default();
        mirror.look_at(
            format!(
                r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[7,{{"name":"t","inputSchema":{schema}}}]}}}}"#
            )
            .as_bytes(),
        );
        let call = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"t","arguments":{arguments}}}}}"#
        );
        let Some(Outline::Request(request)) = Outline::of(call.as_bytes()) else { panic!("{call}") };
        let headers = mirror.headers(&request);
        let mut pairs: Vec<_> = headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        pairs.sort();
        pairs
    }

    #[test]
    fn what_a_tool_wishes_is_repeated() {
        let schema = r#"{"type":"object","properties":{
            "region":{"type":"string","x-mcp-header":"Region"},
            "n":{"type":"integer","x-mcp-header":"N"},
            "in":{"type":"object","properties":{"deep":{"type":"boolean","x-mcp-header":"Deep"}}},
            "none":{"type":"string","x-mcp-header":"None"},
            "other":{"type":"string"}}}"#;
        let arguments = r#"{"region":"z\u00fcrich","n":42,"in":{"deep":true},"none":null,"other":"x"}"#;
        let expected = [
            ("mcp-param-deep", "true"),
            ("mcp-param-n", "42"),
            ("mcp-param-region", "=?base64?esO8cmljaA==?="),
        ];
        assert_eq!(
            headers(schema, arguments),
            expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn wishes_against_the_rules_are_not_granted() {
        for schema in [
            r#"{"properties":{"a":{"type":"string","x-mcp-header":"X: y\r\nEvil"}}}"#,
            r#"{"properties":{"a":{"type":"string","x-mcp-header":7}}}"#,
            r#"{"properties":{"a":{"type":"number","x-mcp-header":"A"}}}"#,
            r#"{"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}}"#,
            r#"{"type":"string","x-mcp-header":"A"}"#,
            r#"["x-mcp-header"]"#,
        ] {
            assert!(headers(schema, r#"{"a":"1","b":"2"}"#).is_empty(), "{schema}");
        }
    }
}
