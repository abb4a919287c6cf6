//! What a rotation is about to do, written down before its point of no return.
//!
//! The database alone says whether the chains were handed over. The journal says what belongs to that: which keys, which
//! receipts, and whom to tell. It is put in place whole, so a crash cannot tear it; one that cannot be read was damaged
//! otherwise, and the daemon does not guess.

use std::path::PathBuf;

use agent_receipts_core::PublicKey;
use agent_receipts_core::json::{Object, Rules, Value, canonical, parse};

use super::RotateError;
use super::files::KeyFiles;
use crate::disk::Disk;

/// One rotation, from before its commit until everything that follows from it is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Journal {
    pub(super) outgoing: PublicKey,
    pub(super) incoming: PublicKey,
    /// The ids of the hand-over receipts, the root chain's last.
    pub(super) receipts: Vec<String>,
    /// The anchor log, and the time that its lines bear.
    pub(super) anchor: Option<(PathBuf, String)>,
}

impl Journal {
    /// Puts the journal on disk.
    pub(super) fn write(&self, disk: &Disk, files: &KeyFiles) -> Result<(), RotateError> {
        let text = canonical(&self.to_value());
        Ok(disk.put(&files.draft, &files.journal, 0o600, &text)?)
    }

    /// The journal of a rotation that is not over, if there is one.
    pub(super) fn read(disk: &Disk, files: &KeyFiles) -> Result<Option<Self>, RotateError> {
        let Some(text) = disk.read(&files.journal, LONGEST)? else { return Ok(None) };
        let unreadable =
            |reason: &str| RotateError::Journal { path: files.journal.clone(), reason: reason.to_owned() };
        let value = parse(&text, Rules::Receipt).map_err(|error| unreadable(&error.to_string()))?;
        Self::from_value(&value).map(Some).map_err(unreadable)
    }

    fn to_value(&self) -> Value {
        let receipts: Vec<Value> = self.receipts.iter().map(|id| Value::from(id.as_str())).collect();
        let mut object: Object = [
            ("v", Value::from(VERSION)),
            ("outgoing", Value::from(self.outgoing.to_multibase())),
            ("incoming", Value::from(self.incoming.to_multibase())),
            ("receipts", Value::from(receipts)),
        ]
        .into_iter()
        .collect();
        if let Some((path, time)) = &self.anchor {
            // Paths of the configuration are UTF-8.
            object.insert("anchor_log", Value::from(path.to_string_lossy().into_owned()));
            object.insert("anchored_at", Value::from(time.as_str()));
        }
        object.into()
    }

    fn from_value(value: &Value) -> Result<Self, &'static str> {
        let object = value.as_object().ok_or("it is not an object")?;
        let text = |name: &str| object.get(name).and_then(Value::as_str);
        if text("v") != Some(VERSION) {
            return Err("it has another version than 1");
        }
        let key = |name: &str| text(name).and_then(|text| PublicKey::from_multibase(text).ok());
        let receipts = object.get("receipts").and_then(Value::as_array).ok_or("it names no receipts")?;
        let receipts: Option<Vec<_>> = receipts.iter().map(|id| id.as_str().map(str::to_owned)).collect();
        let anchor = match (text("anchor_log"), text("anchored_at")) {
            (Some(path), Some(time)) => Some((PathBuf::from(path), time.to_owned())),
            (None, None) if !object.contains("anchor_log") && !object.contains("anchored_at") => None,
            _ => return Err("it names half an anchor"),
        };
        Ok(Self {
            outgoing: key("outgoing").ok_or("it names no outgoing key")?,
            incoming: key("incoming").ok_or("it names no incoming key")?,
            receipts: receipts.ok_or("it names receipts by something else than text")?,
            anchor,
        })
    }
}

const VERSION: &str = "1";

/// In bytes: 64 a receipt's id, for more open chains than one transaction could hand over.
const LONGEST: u64 = 64 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_what_is_damaged_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let files = KeyFiles {
            key: at("k"),
            public_key: at("k.pub"),
            next_key: at("k.next"),
            next_public_key: at("k.pub.next"),
            journal: at("k.rotation"),
            draft: at("k.rotation-draft"),
            archive_draft: at("k.pub.archive-draft"),
        };
        let disk = Disk::system();
        let journal = Journal {
            outgoing: PublicKey::from_bytes([1; 32]),
            incoming: PublicKey::from_bytes([2; 32]),
            receipts: vec!["urn:receipt:a".to_owned(), "urn:receipt:b".to_owned()],
            anchor: Some(("/x/anchor".into(), "2026-11-22T03:39:59.000000000Z".to_owned())),
        };
        assert!(Journal::read(&disk, &files).unwrap().is_none());
        for journal in [journal.clone(), Journal { anchor: None, ..journal.clone() }] {
            journal.write(&disk, &files).unwrap();
            assert_eq!(Journal::read(&disk, &files).unwrap(), Some(journal));
        }
        journal.write(&disk, &files).unwrap();
        let whole = std::fs::read_to_string(&files.journal).unwrap();
        let damaged = [
            String::new(),
            "{}".to_owned(),
            "[]".to_owned(),
            whole[..whole.len() / 2].to_owned(),
            whole.replace("\"v\":\"1\"", "\"v\":\"2\""),
            whole.replace("\"incoming\":\"u", "\"incoming\":\"z"),
            whole.replace("anchored_at", "anchored"),
            whole.replace("\"urn:receipt:a\"", "7"),
            format!("{whole}{whole}"),
        ];
        for text in damaged {
            std::fs::write(&files.journal, &text).unwrap();
            let error = Journal::read(&disk, &files).unwrap_err().to_string();
            assert!(error.contains("k.rotation") && error.contains("move it away"), "{text}: {error}");
        }
    }
}
