//! How far each sink has come: read from the state folder and the database, without taking the lock.

use serde::Serialize;

use crate::config::Config;
use crate::queue::{KeyFiles, Queue as _, StoreQueue};
use crate::state::{Folder, Trouble};

/// What `--status` says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// True if every sink has every checkpoint and none is in trouble.
    pub ok: bool,
    /// How many receipts the newest checkpoint covers; nothing if the database cannot be read.
    pub newest: Option<u64>,
    /// Why the database cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database_error: Option<String>,
    /// Each sink, in the order of the configuration.
    pub sinks: Vec<SinkStatus>,
}

/// One sink.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SinkStatus {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: &'static str,
    /// How many receipts its last checkpoint covers.
    pub size: u64,
    /// When it was delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<String>,
    /// How many checkpoints were delivered.
    pub delivered: u64,
    /// How many were passed over because it had a later one.
    pub superseded: u64,
    /// How many are waiting, counted as far as 1,000; nothing if the database cannot be read.
    pub pending: Option<u64>,
    /// Its last failure, if no success came since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When that was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<String>,
    /// How many attempts failed in a row.
    pub failures: u32,
    /// Whether a person must look.
    pub alarm: bool,
}

impl Status {
    /// Looks.
    pub fn of(config: &Config) -> Self {
        let folder = Folder::at(config.state.clone());
        let mut queue =
            StoreQueue::new(config.db.clone(), KeyFiles { public_key: config.public_key.clone() });
        let (newest, database_error) = match queue.newest() {
            Ok(newest) => (Some(newest), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let sinks: Vec<_> = config
            .sinks
            .iter()
            .map(|sink| {
                let trouble = Trouble::load(&folder.trouble_path(&sink.name));
                let (cursor, cursor_error) = match folder.cursor(&sink.name) {
                    Ok(cursor) => (Some(cursor), None),
                    Err(error) => (None, Some(error.to_string())),
                };
                let size = cursor.as_ref().map_or(0, |cursor| cursor.size);
                SinkStatus {
                    name: sink.name.clone(),
                    kind: sink.kind.word(),
                    size,
                    delivered_at: cursor.as_ref().map(|cursor| cursor.at.clone()).filter(|at| !at.is_empty()),
                    delivered: cursor.as_ref().map_or(0, |cursor| cursor.delivered),
                    superseded: cursor.as_ref().map_or(0, |cursor| cursor.superseded),
                    pending: queue.pending(size, MOST).ok(),
                    failed_at: trouble.as_ref().map(|trouble| trouble.at.clone()),
                    failures: trouble.as_ref().map_or(0, |trouble| trouble.failures),
                    alarm: trouble.as_ref().is_some_and(|trouble| trouble.alarm),
                    error: cursor_error.or_else(|| trouble.map(|trouble| trouble.error)),
                }
            })
            .collect();
        let good = |sink: &SinkStatus| sink.error.is_none() && sink.pending == Some(0);
        Self { ok: database_error.is_none() && sinks.iter().all(good), newest, database_error, sinks }
    }

    /// For people: a line a sink, and a line for what is wrong with it.
    pub fn to_text(&self) -> String {
        let mut text = match (&self.newest, &self.database_error) {
            (Some(0), _) => "no checkpoint yet\n".to_owned(),
            (Some(newest), _) => format!("newest checkpoint: {newest} receipts\n"),
            (None, error) => format!("database: {}\n", error.as_deref().unwrap_or("cannot be read")),
        };
        for sink in &self.sinks {
            let SinkStatus { name, kind, size, delivered, .. } = sink;
            let pending = sink.pending.map_or_else(|| "?".to_owned(), |pending| pending.to_string());
            let at = sink.delivered_at.as_deref().map(|at| format!(", last at {at}")).unwrap_or_default();
            text += &format!(
                "{name} ({kind}): {size} receipts, {delivered} checkpoints delivered{at}, {pending} waiting\n"
            );
            if let Some(error) = &sink.error {
                let when =
                    sink.failed_at.as_deref().map(|at| format!(" (attempt {} at {at})", sink.failures));
                text +=
                    &format!("  {}{}\n", crate::surroundings::on_one_line(error), when.unwrap_or_default());
            }
        }
        text
    }
}

/// Checkpoints that wait are counted so far.
const MOST: u64 = 1_000;
