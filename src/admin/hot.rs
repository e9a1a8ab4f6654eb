//! What is hot now: the cells that spoke in the last decisions, hottest first, for whoever is on call.
//!
//! The table of evidence holds keyed hashes alone; what they stand for is only known from the reasons of decisions.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::{Reason, Rung, Timestamp};
use crate::journal::Entry;

/// A cell that had a part in decisions.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct HotCell {
    kind: &'static str,
    /// As decisions show it: masked, a pseudonym, or in clear where it names nobody.
    value: Box<str>,
    /// Heat at `rung`, when it last spoke; 1 closes the rung.
    heat: Option<f32>,
    rung: Option<Rung>,
    evidence: Option<f32>,
    sent: Option<f32>,
    verified: Option<f32>,
    /// Volume that nothing explains, when it last spoke; 1 asks for a proof.
    pressure: Option<f32>,
    /// Codes that waited to be verified, when it last spoke.
    open: Option<f32>,
    /// Of the decisions that were looked at, those that it had a part in.
    decisions: u32,
    /// When it last spoke.
    last: Timestamp,
}

/// The cells that spoke in `entries`, which are newest first. `kind` leaves out others.
pub(super) fn cells(entries: &[Entry], kind: Option<&str>, limit: usize) -> Vec<HotCell> {
    let mut found: BTreeMap<(&'static str, &str), HotCell> = BTreeMap::new();
    for entry in entries {
        let mut counted = Vec::new();
        for reason in &entry.decision.reasons {
            let Some((of, value)) = cell_of(reason) else { continue };
            if kind.is_some_and(|kind| kind != of) {
                continue;
            }
            let cell = found.entry((of, value)).or_insert_with(|| HotCell::new(of, value, entry.decision.at));
            // One decision may name a cell at several rungs.
            if !counted.contains(&(of, value)) {
                cell.decisions += 1;
                counted.push((of, value));
            }
            cell.learn(reason);
        }
    }
    let mut cells: Vec<_> = found.into_values().collect();
    cells.sort_by(|a, b| b.worst().total_cmp(&a.worst()).then(b.decisions.cmp(&a.decisions)));
    cells.truncate(limit);
    cells
}

fn cell_of(reason: &Reason) -> Option<(&'static str, &str)> {
    match reason {
        Reason::Hot { kind, value, .. }
        | Reason::Surge { kind, value, .. }
        | Reason::Siege { kind, value, .. }
        | Reason::Waiting { kind, value, .. } => Some((kind, value)),
        _ => None,
    }
}

impl HotCell {
    fn new(kind: &'static str, value: &str, last: Timestamp) -> Self {
        Self {
            kind,
            value: value.into(),
            heat: None,
            rung: None,
            evidence: None,
            sent: None,
            verified: None,
            pressure: None,
            open: None,
            decisions: 0,
            last,
        }
    }

    /// Takes in what it doesn't know yet: the newest word, of the highest rung, comes first.
    fn learn(&mut self, reason: &Reason) {
        match reason {
            Reason::Hot { rung, heat, evidence, sent, verified, .. } if self.heat.is_none() => {
                (self.heat, self.rung, self.evidence) = (Some(*heat), Some(*rung), Some(*evidence));
                (self.sent, self.verified) = (Some(*sent), Some(*verified));
            }
            Reason::Surge { pressure, .. } => self.pressure = self.pressure.or(Some(*pressure)),
            Reason::Siege { sent, verified, .. } if self.sent.is_none() => {
                (self.sent, self.verified) = (Some(*sent), Some(*verified));
            }
            Reason::Waiting { open, .. } => self.open = self.open.or(Some(*open)),
            _ => {}
        }
    }

    fn worst(&self) -> f32 {
        self.heat.unwrap_or(0.0).max(self.pressure.unwrap_or(0.0))
    }
}
