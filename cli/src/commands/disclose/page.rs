//! What was opened, for people and for programs.

use std::io;

use agent_receipts_core::Receipt;
use agent_receipts_core::json::{Object, Value};

use super::opening::{Content, Part};
use super::signature::Signature;
use crate::output::{Screen, Tone, harmless_json, printable};

/// One receipt, and what came of its signature and its sealed parts.
pub(super) struct Page<'r> {
    pub(super) receipt: &'r Receipt,
    pub(super) signature: Signature,
    pub(super) parts: Vec<(Part<'r>, Content)>,
}

impl Page<'_> {
    /// Labelled lines; what was disclosed stands below its label as canonical JSON on one line.
    pub(super) fn write(&self, screen: &mut Screen) -> io::Result<()> {
        let subject = &self.receipt.subject;
        let place = format!("{} #{}", subject.chain.chain_id, subject.chain.sequence);
        for (label, value) in
            [("Receipt", &self.receipt.id), ("Chain", &place), ("Action", &subject.action.kind)]
        {
            screen.line(&format!("{}  {}", self.label(label, screen), printable(value)))?;
        }
        let (tone, text) = match &self.signature {
            Signature::Valid { note: None } => (Tone::Good, "valid".to_owned()),
            Signature::Valid { note: Some(note) } => (Tone::Warning, format!("valid, but {note}")),
            Signature::Invalid { reason } => {
                (Tone::Bad, format!("INVALID, whoever sealed what follows: {reason}"))
            }
            Signature::Unchecked { reason } => (Tone::Warning, format!("not checked: {reason}")),
        };
        let label = self.label("Signature", screen);
        screen.line(&format!("{label}  {}", screen.tone(tone, &printable(&text))))?;
        self.parts.iter().try_for_each(|(part, content)| self.write_part(part, content, screen))
    }

    fn write_part(&self, part: &Part<'_>, content: &Content, screen: &mut Screen) -> io::Result<()> {
        let label = self.label(if part.name == "response" { "Response" } else { "Parameters" }, screen);
        let (tone, text) = match content {
            Content::Nothing => (Tone::Quiet, "not disclosed".to_owned()),
            Content::InTheOpen(_) => (Tone::Quiet, "in the open".to_owned()),
            Content::Opened { hash_matches: Some(true), .. } => {
                (Tone::Good, "opened, and its hash is the receipt's".to_owned())
            }
            Content::Opened { hash_matches: Some(false), .. } => {
                (Tone::Bad, "opened, and its hash is NOT the receipt's".to_owned())
            }
            Content::Opened { hash_matches: None, .. } => {
                (Tone::Warning, "opened; the receipt has no hash to hold it against".to_owned())
            }
            Content::Closed { reason } => (Tone::Bad, format!("not opened: {reason}")),
        };
        screen.line(&format!("{label}  {}", screen.tone(tone, &printable(&text))))?;
        match content {
            Content::InTheOpen(value) | Content::Opened { value, .. } => {
                screen.line(&harmless_json(&Value::from(value.clone()).to_string()))
            }
            Content::Nothing | Content::Closed { .. } => Ok(()),
        }
    }

    /// One line of JSON. It is written by our own writer, which does not recurse: what was sealed may be as deep as a frame.
    pub(super) fn write_json(self, screen: &mut Screen) -> io::Result<()> {
        let subject = &self.receipt.subject;
        let mut answer = Object::from_iter([
            ("receipt_id", Value::from(self.receipt.id.as_str())),
            ("chain_id", subject.chain.chain_id.as_str().into()),
            ("sequence", subject.chain.sequence.into()),
            ("action_type", subject.action.kind.as_str().into()),
        ]);
        let (signature, detail) = match self.signature {
            Signature::Valid { note } => ("valid", note),
            Signature::Invalid { reason } => ("invalid", Some(reason)),
            Signature::Unchecked { reason } => ("unchecked", Some(reason)),
        };
        answer.insert("signature", signature);
        if let Some(detail) = detail {
            answer.insert("signature_detail", detail);
        }
        for (part, content) in self.parts {
            answer.insert(part.name, as_object(content));
        }
        screen.line(&harmless_json(&Value::from(answer).to_string()))
    }

    fn label(&self, label: &str, screen: &Screen) -> String {
        screen.tone(Tone::Strong, &format!("{:<11}", format!("{label}:")))
    }
}

fn as_object(content: Content) -> Object {
    let mut object = Object::new();
    object.insert("disclosed", !matches!(content, Content::Nothing));
    match content {
        Content::Nothing => {}
        Content::InTheOpen(value) => {
            object.insert("value", value);
        }
        Content::Opened { value, hash_matches } => {
            object.insert("value", value);
            if let Some(matches) = hash_matches {
                object.insert("hash_matches", matches);
            }
        }
        Content::Closed { reason } => {
            object.insert("error", reason);
        }
    }
    object
}
