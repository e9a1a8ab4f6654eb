//! What the gate tells: counted at once, in bounded memory; judged later, by whoever ticks.
//!
//! What became of messages, and what attacks leave, is counted under one lock. That a request was judged is counted with
//! every one of them: each thread does so for itself, and adds it to the rest when five seconds are over or somebody asks.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use parking_lot::{Mutex, MutexGuard};

use super::detect_attack::{self, Footprints};
use super::volume::{FINEST, Tally, Volumes};
use crate::domain::{Country, Decision, Facts, Mode, OutcomeKind, Phone, Timestamp, Verdict};
use crate::stripes::Stripes;

/// Counts of requests, messages and outcomes.
#[derive(Debug, Default)]
pub struct Watch {
    counts: Mutex<Counts>,
    judged: Stripes<Mutex<Judged>>,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) volumes: Volumes,
    pub(super) footprints: Footprints,
    /// How often something was counted.
    pub(super) changes: u64,
}

type ByCountry = HashMap<Option<Country>, Tally, RandomState>;

/// Requests of one thread that no window tells apart: by endpoint, as many as configurations of this process named, its
/// mode, and country.
#[derive(Debug, Default)]
struct Judged {
    at: Timestamp,
    tallies: Vec<(Arc<str>, Mode, ByCountry)>,
}

impl Judged {
    /// Counts one. Gives what was counted in another stretch of time before, if anything was.
    fn count(&mut self, facts: &Facts, decision: &Decision) -> Option<Self> {
        let stretch = |at: Timestamp| at.unix_ms() / FINEST.as_millis();
        let before = (stretch(self.at) != stretch(facts.at)).then(|| std::mem::take(self));
        self.at = facts.at;
        let is_its = |(endpoint, mode, _): &(Arc<str>, Mode, _)| *endpoint == facts.endpoint && *mode == decision.mode;
        let place = self.tallies.iter().position(is_its);
        let place = place.unwrap_or_else(|| {
            self.tallies.push((Arc::clone(&facts.endpoint), decision.mode, ByCountry::default()));
            self.tallies.len() - 1
        });
        let tally = self.tallies[place].2.entry(facts.phone().and_then(|phone| phone.country)).or_default();
        tally.judged += 1;
        tally.stopped += u32::from(!matches!(decision.verdict, Verdict::Forward | Verdict::Repeat));
        before.filter(|before| !before.tallies.is_empty())
    }

    fn add_to(&self, volumes: &mut Volumes) {
        for (endpoint, mode, tallies) in &self.tallies {
            for (country, tally) in tallies {
                volumes.judged((endpoint, *mode), *country, self.at, tally);
            }
        }
    }
}

impl Watch {
    /// A request for a code was judged.
    pub fn decided(&self, facts: &Facts, decision: &Decision) {
        // A line of its own: the guard goes before the other lock is taken.
        let before = self.judged.own().lock().count(facts, decision);
        if let Some(before) = before {
            before.add_to(&mut self.counts().volumes);
        }
        if detect_attack::is_stopped_as_attack(decision) {
            let Counts { volumes, footprints, .. } = &mut *self.counts();
            footprints.stopped(facts, decision, volumes);
        }
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
        self.counts.lock()
    }

    /// The same with all that was judged until now.
    pub(super) fn counts_with_judged(&self) -> MutexGuard<'_, Counts> {
        let take = |judged: &Mutex<Judged>| {
            let mut judged = judged.lock();
            (!judged.tallies.is_empty()).then(|| std::mem::take(&mut *judged))
        };
        let judged: Vec<_> = self.judged.all().filter_map(take).collect();
        let mut counts = self.counts();
        for judged in judged {
            judged.add_to(&mut counts.volumes);
        }
        counts
    }
}
