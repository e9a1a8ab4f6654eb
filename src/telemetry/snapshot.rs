//! What other structures count themselves, read when the metrics are scraped.

use std::sync::Arc;

use serde::Serialize;

use crate::domain::{Country, RevisionId};

/// The state of a process at the moment of a scrape.
#[derive(Clone, Debug, Serialize)]
pub struct Snapshot {
    /// Every bounded table.
    pub tables: Vec<TableStats>,
    /// Codes that went out and wait for what becomes of them.
    pub open_sends: u64,
    /// The evidence engine.
    pub evidence: EvidenceStats,
    /// How far each feature of the model has drifted; empty where there is no model, or no full window yet.
    pub drift: Vec<(&'static str, f32)>,
    /// The configuration in force.
    pub revision: RevisionId,
}

/// The evidence engine at a moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EvidenceStats {
    /// Sends whose outcome is still evidence.
    pub sends: u64,
    /// Challenges that nobody has solved yet.
    pub unsolved: u64,
    /// What was learned of real use, by endpoint.
    pub learned: Vec<LearnedStats>,
    /// Countries of the last day's sends, with the share of verifications that are missing for everyone.
    pub outages: Vec<(Country, f32)>,
}

/// What was learned of real use at an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LearnedStats {
    /// The endpoint.
    pub endpoint: Arc<str>,
    /// Share of sessions that are verified.
    pub conversion: f64,
    /// Median time from send to verification, in seconds.
    pub median_s: f64,
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
