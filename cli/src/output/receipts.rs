//! Receipts in a table.

use std::borrow::Cow;
use std::io;

use agent_receipts_core::json::{self, Rules};
use agent_receipts_store::Row;

use super::harmless_json;
use super::paint::Tone;
use super::screen::Screen;
use super::table::Table;

/// Writes rows of one database as a table.
pub(crate) fn write_rows(rows: &[Row], indent: usize, screen: &mut Screen) -> io::Result<()> {
    let rows: Vec<_> = rows.iter().map(|row| (row, None)).collect();
    write_table(&rows, indent, screen)
}

/// Writes rows with the archives that they stand in as a table.
pub(crate) fn write_rows_of(
    rows: &[(Row, Option<String>)],
    indent: usize,
    screen: &mut Screen,
) -> io::Result<()> {
    let rows: Vec<_> = rows.iter().map(|(row, archive)| (row, archive.as_deref())).collect();
    write_table(&rows, indent, screen)
}

/// The chain has a column only where there is more than one, the archive only where there is one.
fn write_table(rows: &[(&Row, Option<&str>)], indent: usize, screen: &mut Screen) -> io::Result<()> {
    let several = rows.iter().any(|(row, _)| row.chain_id != rows[0].0.chain_id);
    let archived = rows.iter().any(|(_, archive)| archive.is_some());
    let mut headings = vec!["SEQ", "TIMESTAMP", "CHAIN", "TOOL / ACTION TYPE", "RISK", "STATUS"];
    if !several {
        headings.remove(CHAIN_COLUMN);
    }
    if archived {
        headings.push("ARCHIVE");
    }
    let mut table = Table::new(&headings);
    for (row, archive) in rows {
        let (sequence, deed) = (row.sequence.to_string(), deed(&row.tool_name, &row.action_type));
        let mut cells = vec![
            (sequence.as_str(), None),
            (row.timestamp.as_str(), Some(Tone::Quiet)),
            (row.chain_id.as_str(), None),
            (deed.as_str(), None),
            (row.risk_level.as_str(), risk_tone(&row.risk_level)),
            (row.status.as_str(), status_tone(&row.status)),
        ];
        if !several {
            cells.remove(CHAIN_COLUMN);
        }
        if archived {
            cells.push((archive.unwrap_or_default(), Some(Tone::Quiet)));
        }
        table.row(&cells);
    }
    table.write(indent, screen)
}

/// A row's receipt as one JSON value: as it is stored, which is what was signed, but for characters that would steer a
/// terminal, which stand as escapes. What somebody made unreadable is shown as text, so that the whole answer stays
/// JSON.
pub(crate) fn as_json(row: &Row) -> Cow<'_, str> {
    match json::parse(row.receipt_json.as_bytes(), Rules::Payload) {
        Ok(_) => harmless_json(&row.receipt_json),
        Err(_) => {
            let shown =
                serde_json::json!({ "unreadable_receipt": row.receipt_json, "id": row.id }).to_string();
            Cow::Owned(harmless_json(&shown).into_owned())
        }
    }
}

/// The same, marked with the archive that the row stands in: by a first member `_archive`, which is not the receipt's.
pub(crate) fn as_json_of<'a>(row: &'a Row, archive: Option<&str>) -> Cow<'a, str> {
    let json = as_json(row);
    let Some((archive, (before, members))) = archive.zip(json.split_once('{')) else { return json };
    let mark = serde_json::json!(archive);
    let comma = if members.trim_start().starts_with('}') { "" } else { "," };
    Cow::Owned(format!("{before}{{\"{ARCHIVE_MEMBER}\":{mark}{comma}{members}"))
}

/// The tool and the type of its action, once where they say the same.
pub(crate) fn deed(tool_name: &str, action_type: &str) -> String {
    let ends_in_tool =
        action_type.strip_suffix(tool_name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if tool_name.is_empty() || ends_in_tool {
        return action_type.to_owned();
    }
    format!("{tool_name} / {action_type}")
}

/// The colour of a risk level.
pub(crate) fn risk_tone(level: &str) -> Option<Tone> {
    match level {
        "low" => Some(Tone::Quiet),
        "high" => Some(Tone::Warning),
        "critical" => Some(Tone::Bad),
        _ => None,
    }
}

/// The colour of an outcome.
pub(crate) fn status_tone(status: &str) -> Option<Tone> {
    match status {
        "success" => Some(Tone::Good),
        "failure" => Some(Tone::Bad),
        _ => Some(Tone::Warning),
    }
}

const CHAIN_COLUMN: usize = 2;
const ARCHIVE_MEMBER: &str = "_archive";
