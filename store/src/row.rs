//! What a store holds and gives back.

/// One receipt with the columns by which it is found (`receipts-format.md` §3). The store takes every column at its word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The receipt's id, unique in the store.
    pub id: String,
    /// The chain that the receipt belongs to.
    pub chain_id: String,
    /// The position in its chain, unique within the chain; at most `i64::MAX`.
    pub sequence: u64,
    /// The action's type.
    pub action_type: String,
    /// The tool's name, empty if there is none.
    pub tool_name: String,
    /// The action's risk level.
    pub risk_level: String,
    /// The outcome's status.
    pub status: String,
    /// The action's time, RFC 3339 in UTC; compared as text.
    pub timestamp: String,
    /// The issuer's id.
    pub issuer_id: String,
    /// The principal's id.
    pub principal_id: Option<String>,
    /// The signed receipt, JSON text, kept byte for byte.
    pub receipt_json: String,
    /// The receipt's hash, `sha256:<hex>`.
    pub receipt_hash: String,
    /// The hash that the receipt links to.
    pub previous_receipt_hash: Option<String>,
    /// The session, kept in a table of our own. `None` when read back from a row that another implementation wrote, even
    /// if its JSON names a session.
    pub session_id: Option<String>,
}

/// A row as it stands in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredRow {
    /// The order of insertion: later rows have greater numbers.
    pub rowid: i64,
    /// The row.
    pub row: Row,
}

/// The last row of a chain, from which the next one is numbered and linked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The chain.
    pub chain_id: String,
    /// The greatest sequence number in it.
    pub sequence: u64,
    /// The id of the receipt at that position.
    pub receipt_id: String,
    /// The receipt itself, so that its hash can be recomputed instead of believed.
    pub receipt_json: String,
    /// The hash column as stored.
    pub receipt_hash: String,
}

/// One chain in a few numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainSummary {
    /// The chain.
    pub chain_id: String,
    /// How many rows it has.
    pub length: u64,
    /// The least sequence number.
    pub first_sequence: u64,
    /// The greatest sequence number.
    pub last_sequence: u64,
    /// The timestamp of the row with the least sequence number.
    pub first_timestamp: String,
    /// The timestamp of the row with the greatest sequence number.
    pub last_timestamp: String,
}
