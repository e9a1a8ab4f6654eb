//! What the gate tells: counted at once, under one lock, in bounded memory; judged later, by whoever ticks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::detect_attack::Footprints;
use super::volume::{Tally, Volumes};
use crate::domain::{Country, Decision, Facts, OutcomeKind, Phone, Timestamp, Verdict};

/// Counts of requests, messages and outcomes.
#[derive(Debug, Default)]
pub struct Watch(Mutex<Counts>);

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) volumes: Volumes,
    pub(super) footprints: Footprints,
    /// How often something was counted.
    pub(super) changes: u64,
}

impl Watch {
    /// A request for a code was judged.
    pub fn decided(&self, facts: &Facts, decision: &Decision) {
        let Counts { volumes, footprints, .. } = &mut *self.counts();
        volumes.judged(facts, !matches!(decision.verdict, Verdict::Forward | Verdict::Repeat));
        footprints.judged(facts, decision, volumes);
    }

    /// A message went out.
    pub fn sent(&self, facts: &Facts, now: Timestamp) {
        let Counts { volumes, footprints, changes } = &mut *self.counts();
        *changes += 1;
        volumes.sent(facts, now);
        let micros = facts.phone().map(|phone| phone.price.as_micros()).unwrap_or_default();
        footprints.counted(&facts.endpoint, facts.phone(), &Tally { sent: 1, micros, ..Tally::default() });
    }

    /// Something became of a message that went out at `at`.
    pub fn outcome(&self, endpoint: &Arc<str>, phone: Option<&Phone>, at: Timestamp, outcome: OutcomeKind) {
        let Counts { volumes, footprints, .. } = &mut *self.counts();
        volumes.outcome(endpoint, phone, at, outcome);
        if outcome == OutcomeKind::Verified {
            footprints.counted(endpoint, phone, &Tally { verified: 1, ..Tally::default() });
        }
    }

    /// Countries that messages went to.
    pub fn countries(&self) -> Vec<Country> {
        let counts = self.counts();
        counts.volumes.history.keys().filter_map(|key| key.country).collect()
    }

    pub(super) fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
