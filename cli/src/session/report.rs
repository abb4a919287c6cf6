//! What was recorded in a session, and the verdict on every chain that it touched.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use agent_receipts_store::{Order, Query, ReceiptReader, Row};
use serde::Serialize;

use crate::failure::Failure;
use crate::output::{Screen, Tone, count, printable, write_rows};
use crate::reading::Reading;
use crate::verification::{ChainReport, StoreVerification, Trust};

/// A session's receipts in short, and its chains.
#[derive(Serialize)]
pub(crate) struct SessionReport {
    session_id: String,
    recorded: u64,
    receipts: Vec<Line>,
    chains: Vec<ChainReport>,
    #[serde(skip)]
    rows: Vec<Row>,
}

#[derive(Serialize)]
struct Line {
    receipt_id: String,
    chain_id: String,
    sequence: u64,
    timestamp: String,
    action_type: String,
    tool_name: String,
    risk_level: String,
    status: String,
}

/// The newest receipts of a session that are listed; all are counted and verified.
const LISTED: usize = 100;

impl SessionReport {
    /// Reads the session's rows and verifies the chains that they stand in.
    pub(crate) fn read(session: &str, database: &Path, public_key: &Path) -> Result<Self, Failure> {
        let query =
            Query { session_id: Some(session.to_owned()), order: Order::Insertion, ..Query::default() };
        let mut reading = Reading::open(database)?;
        let (recorded, chains, rows) = reading.ask(|reader| {
            let (mut recorded, mut chains, mut rows) = (0, BTreeSet::new(), VecDeque::new());
            reader.stream(&query, &mut |stored| {
                recorded += 1;
                if !chains.contains(&stored.row.chain_id) {
                    chains.insert(stored.row.chain_id.clone());
                }
                if rows.len() == LISTED {
                    rows.pop_front();
                }
                rows.push_back(stored.row);
                ControlFlow::Continue(())
            })?;
            Ok((recorded, chains, Vec::from(rows)))
        })?;
        let mut verification = StoreVerification::begin(reading, &Trust::load(public_key, &[])?)?;
        let chains =
            chains.iter().map(|chain_id| verification.chain(chain_id)).collect::<Result<_, Failure>>()?;
        let receipts = rows.iter().map(Line::of).collect();
        Ok(Self { session_id: session.to_owned(), recorded, receipts, chains, rows })
    }

    /// The table and the verdicts.
    pub(crate) fn write(&self, screen: &mut Screen) -> io::Result<()> {
        screen.line("")?;
        let session = printable(&self.session_id);
        if self.recorded == 0 {
            return screen
                .line(&screen.tone(Tone::Warning, &format!("nothing was recorded in session {session}")));
        }
        let heading = format!("{} recorded in session {session}", count(self.recorded, "receipt"));
        screen.line(&screen.tone(Tone::Strong, &heading))?;
        let left_out = self.recorded.saturating_sub(self.rows.len() as u64);
        if left_out > 0 {
            screen.line(&format!("  … {} before these", count(left_out, "receipt")))?;
        }
        write_rows(&self.rows, 2, screen)?;
        screen.line("")?;
        self.chains.iter().try_for_each(|chain| chain.write(screen))?;
        let newest = self.rows.last().map_or("", |row| &row.id);
        screen.line(
            &screen.tone(Tone::Quiet, &format!("look closer: agent-receipts show {}", printable(newest))),
        )
    }
}

impl Line {
    fn of(row: &Row) -> Self {
        Self {
            receipt_id: row.id.clone(),
            chain_id: row.chain_id.clone(),
            sequence: row.sequence,
            timestamp: row.timestamp.clone(),
            action_type: row.action_type.clone(),
            tool_name: row.tool_name.clone(),
            risk_level: row.risk_level.clone(),
            status: row.status.clone(),
        }
    }
}
