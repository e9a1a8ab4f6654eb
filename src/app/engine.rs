//! The engine as the admin address sees it, and reloading.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::Semaphore;

use super::alarm::drifted;
use super::fixed::Fixed;
use super::history::History;
use super::reload::{Faults, InForce};
use crate::admin::{
    self, About, Cause, ConversionRow, Database, EndpointStatus, Health, Learned, OutcomeInput, UpstreamState,
};
use crate::alerts::Alarm;
use crate::alerts::deliver::Courier;
use crate::budget::Use;
use crate::cells::{Cells, RealUse};
use crate::challenge::Challenges;
use crate::clock::Clock;
use crate::config::Config;
use crate::domain::{Country, RevisionId};
use crate::gate::{self, Gate, OutcomeTarget};
use crate::limits::{Handle, Store};
use crate::pack::Section;
use crate::sessions::Scope;
use crate::telemetry::events::BudgetsReset;
use crate::telemetry::{Counters, EvidenceStats, LearnedStats, Metrics, Snapshot, TableStats};

/// The engine with what it takes to give it another configuration.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) gate: Arc<Gate>,
    pub(super) store: Store,
    pub(super) file: Option<PathBuf>,
    pub(super) fixed: Fixed,
    pub(super) courier: Courier,
    pub(super) alarm: Arc<Alarm>,
    counters: Arc<Counters>,
    pub(super) metrics: Arc<Metrics>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) revisions: AtomicU32,
    /// Held while files are read, which may take as long as a hanging disk likes: nobody who serves waits for it.
    pub(super) in_force: Mutex<InForce>,
    /// Reloads that were asked for: one that runs, and one that waits for it.
    pub(super) asked: Semaphore,
    pub(super) faults: Mutex<Faults>,
    pub(super) history: History,
}

impl Engine {
    pub(super) fn new(
        config: &Config,
        file: Option<PathBuf>,
        gate: Arc<Gate>,
        store: Store,
        (alarm, courier): (Arc<Alarm>, Courier),
        (clock, metrics): (Arc<dyn Clock>, Arc<Metrics>),
    ) -> Self {
        let counters = Arc::clone(metrics.proxy());
        let (fixed, revisions) = (Fixed::of(config), AtomicU32::new(1));
        let in_force = Mutex::new(InForce::of(file.as_deref(), config));
        let history = History::new(config.state.as_ref());
        let faults = Mutex::default();
        Self {
            gate,
            store,
            file,
            fixed,
            courier,
            alarm,
            counters,
            metrics,
            clock,
            revisions,
            in_force,
            asked: Semaphore::new(2),
            faults,
            history,
        }
    }

    /// Everything that outlives the process.
    pub(super) fn kept(&self) -> Vec<&dyn Section> {
        kept(&self.gate, &self.store)
    }

    /// Errors of the last reload, where it was refused.
    pub(super) fn reload_errors(&self) -> usize {
        self.faults.lock().errors
    }
}

impl admin::Engine for Engine {
    fn learn(&self, input: &OutcomeInput) -> Learned {
        if let Some(name) = &input.endpoint
            && !self.gate.revision().endpoints.iter().any(|endpoint| endpoint.name == *name)
        {
            return Learned::UnknownEndpoint;
        }
        let target = match &input.about {
            About::Decision(decision) => OutcomeTarget::Decision(*decision),
            About::Phone(phone) => OutcomeTarget::Phone(*phone, input.endpoint.clone()),
        };
        match self.gate.learn(&target, input.outcome, input.at) {
            gate::Learned::Settled(sends) => Learned::Settled(sends),
            gate::Learned::Already => Learned::Already,
            gate::Learned::Unmatched => Learned::Unmatched,
        }
    }

    fn conversion(&self) -> Vec<ConversionRow> {
        let row = |(key, tally): (crate::sessions::ConversionKey, crate::sessions::Tally)| {
            let (country, range) = match key.scope {
                Scope::All => (None, None),
                Scope::Country(country) => (Some(country), None),
                Scope::Range(range) => (None, Some(range)),
            };
            ConversionRow {
                endpoint: key.endpoint,
                country,
                range,
                sent: tally.sent,
                verified: tally.verified,
                delivered: tally.delivered,
                undelivered: tally.undelivered,
            }
        };
        self.gate.conversion().into_iter().map(row).collect()
    }

    fn snapshot(&self) -> Snapshot {
        let revision = self.gate.revision();
        let sessions = self.gate.sessions();
        let mut tables: Vec<_> = revision.limits.handles().iter().map(stats).collect();
        tables.push(TableStats {
            table: "sessions".into(),
            entries: sessions.len() as u64,
            capacity: sessions.capacity() as u64,
            bytes: 0,
            evicted: sessions.evicted(),
            untracked: 0,
        });
        let (entries, capacity, evicted) = self.gate.cells().usage();
        tables.push(TableStats {
            table: "cells".into(),
            entries: entries as u64,
            capacity: capacity as u64,
            bytes: Cells::bytes_of(capacity) as u64,
            evicted,
            untracked: 0,
        });
        let (entries, capacity) = self.gate.challenges().usage();
        tables.push(TableStats {
            table: "challenges".into(),
            entries: entries as u64,
            capacity: capacity as u64,
            bytes: Challenges::bytes_of(entries) as u64,
            evicted: 0,
            untracked: 0,
        });
        Snapshot {
            tables,
            open_sends: sessions.len() as u64,
            evidence: evidence(&self.gate),
            drift: drifted(&revision),
            revision: revision.id,
        }
    }

    fn endpoints(&self) -> Vec<EndpointStatus> {
        let revision = self.gate.revision();
        let status = |endpoint: &gate::Endpoint| EndpointStatus {
            name: Arc::clone(&endpoint.name),
            mode: endpoint.policy.mode,
            has_verify: endpoint.has_verify,
        };
        revision.endpoints.iter().map(status).collect()
    }

    fn health(&self) -> Health {
        let problems = self.faults.lock().problems.clone();
        Health {
            upstream: match (self.counters.upstream_down.get(), self.counters.upstream_connections.get()) {
                (true, _) => UpstreamState::Silent,
                (false, 0) => UpstreamState::Untried,
                (false, _) => UpstreamState::Answers,
            },
            geo: self.gate.geo().loaded().map(|(kind, loaded)| Database { name: kind.name(), loaded }).collect(),
            reload_problems: problems,
        }
    }

    fn budgets(&self) -> Vec<Use> {
        self.gate.budgets().fill(&self.gate.revision().budgets, self.gate.now())
    }

    fn reset_budgets(&self, country: Option<Country>) {
        self.gate.budgets().reset(country);
        BudgetsReset { country }.emit();
    }

    fn reload(&self, cause: &Cause) -> Result<RevisionId, Vec<String>> {
        self.reload_for(cause)
    }

    fn revisions(&self, count: usize) -> std::io::Result<Vec<Value>> {
        self.history.newest(count)
    }
}

/// Everything that outlives the process.
pub(super) fn kept<'e>(gate: &'e Gate, store: &'e Store) -> Vec<&'e dyn Section> {
    std::iter::once(store as &dyn Section).chain(gate.kept()).collect()
}

fn evidence(gate: &Gate) -> EvidenceStats {
    let (cells, revision) = (gate.cells(), gate.revision());
    let learned = |endpoint: &gate::Endpoint| {
        let RealUse { conversion, median_s, .. } = cells.real_use(&endpoint.name);
        LearnedStats { endpoint: Arc::clone(&endpoint.name), conversion, median_s }
    };
    EvidenceStats {
        sends: cells.sends() as u64,
        unsolved: cells.unsolved() as u64,
        learned: revision.endpoints.iter().map(learned).collect(),
        outages: gate.outages(),
    }
}

fn stats(handle: &Handle) -> TableStats {
    TableStats {
        table: Arc::clone(&handle.limit().name),
        entries: handle.len() as u64,
        capacity: handle.capacity() as u64,
        bytes: handle.bytes() as u64,
        evicted: handle.evicted(),
        untracked: handle.untracked(),
    }
}
