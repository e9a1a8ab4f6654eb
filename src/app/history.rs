//! Every configuration that was applied or refused: when, by whom, with what difference. On disk where there is a state
//! directory, else in memory.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;

use crate::admin::Cause;
use crate::domain::{RevisionId, Timestamp};
use crate::state::Ledger;

/// Kept in memory where there is no directory.
const IN_MEMORY: usize = 100;

/// One of them. Version 1; a field's meaning never changes, new fields are added.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    pub(super) v: u32,
    pub(super) at: Timestamp,
    /// `applied`, or `refused`: then the one before stayed.
    pub(super) result: &'static str,
    /// The one that is in force since, or still.
    pub(super) revision: RevisionId,
    #[serde(flatten)]
    pub(super) cause: &'a Cause,
    /// The files that it was read from.
    pub(super) files: Vec<&'a Path>,
    pub(super) changes: &'a [String],
    /// Of one that was applied: its warnings.
    pub(super) problems: &'a [String],
}

/// The history.
#[derive(Debug)]
pub(super) struct History {
    ledger: Option<Ledger>,
    recent: Mutex<VecDeque<Value>>,
}

impl History {
    pub(super) fn new(state: Option<&PathBuf>) -> Self {
        let ledger = state.map(|state| Ledger::in_directory(state, "revisions.jsonl"));
        Self { ledger, recent: Mutex::default() }
    }

    /// Writes one down.
    pub(super) fn tell(&self, told: &Told<'_>) -> std::io::Result<()> {
        if let Some(ledger) = &self.ledger {
            return ledger.append([told]);
        }
        let mut recent = self.recent.lock();
        recent.push_front(serde_json::to_value(told)?);
        recent.truncate(IN_MEMORY);
        Ok(())
    }

    /// The last ones, the newest first.
    pub(super) fn newest(&self, count: usize) -> std::io::Result<Vec<Value>> {
        if let Some(ledger) = &self.ledger {
            return ledger.newest(count);
        }
        let recent = self.recent.lock();
        Ok(recent.iter().take(count).cloned().collect())
    }
}
