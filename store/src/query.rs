//! Which rows, and in what order.

/// A question to a store; every condition that is `Some` must hold. The default asks for all rows, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Rows of this chain.
    pub chain_id: Option<String>,
    /// Rows of this session. Rows that another implementation wrote are searched by their JSON (`issuer.session_id`); JSON
    /// that is invalid or deeper than 1000 levels has no session there.
    pub session_id: Option<String>,
    /// Rows with this action type.
    pub action_type: Option<String>,
    /// Rows with this risk level.
    pub risk_level: Option<String>,
    /// Rows with this status.
    pub status: Option<String>,
    /// Rows whose timestamp is not before this one, compared as text.
    pub since: Option<String>,
    /// Rows whose timestamp is not after this one, compared as text.
    pub until: Option<String>,
    /// Rows inserted after this row number.
    pub after_rowid: Option<i64>,
    /// The order of the rows.
    pub order: Order,
    /// At most so many rows.
    pub limit: Option<u64>,
}

impl Query {
    /// All rows of one chain, by position: what a verifier reads.
    pub fn chain(chain_id: impl Into<String>) -> Self {
        Query { chain_id: Some(chain_id.into()), order: Order::Chain, ..Query::default() }
    }

    /// All rows inserted after a row number, as they were inserted: what a follower reads.
    pub fn after(rowid: i64) -> Self {
        Query { after_rowid: Some(rowid), order: Order::Insertion, ..Query::default() }
    }
}

/// The order of a query's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By timestamp, then sequence, then insertion.
    #[default]
    Ascending,
    /// The reverse of [`Order::Ascending`].
    Descending,
    /// By chain id, then sequence.
    Chain,
    /// By row number, the newest first: what a list of the newest shows, in a time that does not depend on how many there are.
    /// Differs from [`Order::Descending`] only where a clock was set back, or sequences were not written in turn.
    Newest,
    /// By row number: the only order in which a follower that stops at a limit can go on without a loss.
    Insertion,
}
