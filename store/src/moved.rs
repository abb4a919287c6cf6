//! What a store keeps of receipts that were moved to an archive.

/// A chain of which the receipts stand in an archive. Closed for good: no store adds to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedChain {
    /// The chain.
    pub chain_id: String,
    /// The archive's name.
    pub archive: String,
    /// How many receipts were moved.
    pub receipts: u64,
    /// The least sequence number.
    pub first_sequence: u64,
    /// The greatest sequence number.
    pub last_sequence: u64,
    /// The greatest row number.
    pub last_rowid: i64,
    /// The id of the last receipt.
    pub tip_id: String,
    /// The hash of the last receipt, `sha256:<hex>`, as its row had it.
    pub tip_hash: String,
}

/// What is left of one receipt. The store takes every member at its word; whoever reads it holds the archive against it, and it
/// against a signed root hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovedReceipt {
    /// The number of the row that it was.
    pub rowid: i64,
    /// The receipt's id.
    pub id: String,
    /// Its chain; empty where somebody took the chain out of the table.
    pub chain_id: String,
    /// Its position in the chain.
    pub sequence: u64,
    /// The archive's name.
    pub archive: String,
    /// The hash under which the receipt stands in the tree.
    pub leaf: [u8; 32],
}

/// One leaf of the tree over all receipts that a store was ever given, in the order of their row numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leaf<'a> {
    /// The row's number.
    pub rowid: i64,
    /// The chain.
    pub chain_id: &'a str,
    /// The position in the chain.
    pub sequence: u64,
    /// What the leaf is made of.
    pub content: LeafContent<'a>,
}

/// What a leaf is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeafContent<'a> {
    /// The receipt stands here: its text.
    Stored(&'a str),
    /// It was moved: the hash that was left.
    Moved(&'a [u8; 32]),
}

/// What one call of `retire` moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retired {
    /// How many chains.
    pub chains: u64,
    /// How many receipts.
    pub receipts: u64,
}
