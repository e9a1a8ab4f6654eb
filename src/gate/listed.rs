//! The lists that people fill by hand: asked first, before limits, evidence and rules.

use std::sync::Arc;

use super::{Gate, Judged, Revision};
use crate::clock::Stopwatch;
use crate::decide::{self, Circumstances};
use crate::domain::{Facts, ListName, Listed, Mode};
use crate::lists::Hand;

impl Gate {
    /// With these lists; a gate that was made without has empty ones.
    #[must_use]
    pub fn with_lists(self, lists: Arc<Hand>) -> Self {
        Self { lists, ..self }
    }

    /// The lists in force.
    pub fn lists(&self) -> &Arc<Hand> {
        &self.lists
    }

    /// What a list says about an attempt. `counts`: it is judged, not only looked at.
    pub(super) fn listed(&self, facts: &Facts, counts: bool) -> Option<Listed> {
        let entry = self.lists.find(facts)?;
        if counts {
            entry.hit();
        }
        Some(entry.listed())
    }

    /// Refuses what stands on the deny list, where verdicts are carried out: before it is asked or counted anywhere, so
    /// that nobody can use up a victim's limits from there, and a flood of it costs next to nothing. In monitor mode it
    /// goes on, for its message goes out and has to be counted.
    pub(super) fn denied(
        &self,
        revision: &Revision,
        endpoint: usize,
        facts: &Arc<Facts>,
        circumstances: &Circumstances<'_>,
        watch: Stopwatch,
    ) -> Option<Judged> {
        let policy = &revision.endpoints[endpoint].policy;
        let is_denied = circumstances.listed.as_ref().is_some_and(|listed| listed.list == ListName::Deny);
        if !is_denied || policy.mode == Mode::Monitor {
            return None;
        }
        let decision = decide::decide(policy, facts, &[], None, circumstances);
        let decision = Arc::new(decision);
        self.tell.decided(facts, &decision, watch.elapsed());
        Some(Judged { facts: Arc::clone(facts), decision, permit: None, repeat: None })
    }
}
