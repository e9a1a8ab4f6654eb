//! What other structures count themselves, read when the metrics are scraped.

use std::sync::Arc;

use serde::Serialize;

use crate::domain::RevisionId;

/// The state of a process at the moment of a scrape.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// Every bounded table.
    pub tables: Vec<TableStats>,
    /// Codes that went out and wait for what becomes of them.
    pub open_sends: u64,
    /// The configuration in force.
    pub revision: RevisionId,
}

/// A bounded table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableStats {
    /// Its name in the configuration or in the source.
    pub table: Arc<str>,
    /// Entries that it holds.
    pub entries: u64,
    /// Entries that it can hold.
    pub capacity: u64,
    /// Bytes that it takes.
    pub bytes: u64,
    /// Entries given up for others, since the start.
    pub evicted: u64,
    /// New keys that found no place and were not counted, since the start.
    pub untracked: u64,
}
