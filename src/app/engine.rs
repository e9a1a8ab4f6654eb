//! The engine as the admin address sees it, and reloading.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::build::revision;
use crate::admin::{
    self, About, ConversionRow, Database, EndpointStatus, Health, Learned, OutcomeInput, UpstreamState,
};
use crate::alerts::Alarm;
use crate::alerts::deliver::Courier;
use crate::budget::Use;
use crate::cells::{Cells, RealUse};
use crate::challenge::Challenges;
use crate::config::{self, Config, LoadError};
use crate::domain::{Country, RevisionId};
use crate::gate::{self, Gate, OutcomeTarget};
use crate::geo;
use crate::http;
use crate::journal;
use crate::limits::{Handle, Store};
use crate::pack::Section;
use crate::sessions::Scope;
use crate::state;
use crate::telemetry::events::{BudgetsReset, ConfigLoaded, NeedsRestart, ReloadRejected};
use crate::telemetry::{Counters, EvidenceStats, LearnedStats, Metrics, Snapshot, TableStats};

/// The engine with what it takes to give it another configuration.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) gate: Arc<Gate>,
    store: Store,
    file: Option<PathBuf>,
    fixed: Fixed,
    courier: Courier,
    alarm: Arc<Alarm>,
    counters: Arc<Counters>,
    pub(super) metrics: Arc<Metrics>,
    revisions: AtomicU32,
    /// Held during a reload, so that two never cross; what was wrong with the last one.
    problems: Mutex<Vec<String>>,
}

/// Settings that a reload can't change.
#[derive(Debug, PartialEq)]
struct Fixed {
    http: http::Settings,
    admin: Option<admin::Settings>,
    journal: Option<journal::Settings>,
    geo: geo::Settings,
    snapshot: Option<state::Settings>,
}

impl Fixed {
    fn of(config: &Config) -> Self {
        Self {
            http: config.http.clone(),
            admin: config.admin.clone(),
            journal: config.journal.clone(),
            geo: config.geo.clone(),
            snapshot: config.snapshot.clone(),
        }
    }
}

impl Engine {
    pub(super) fn new(
        config: &Config,
        file: Option<PathBuf>,
        gate: Arc<Gate>,
        store: Store,
        (alarm, courier): (Arc<Alarm>, Courier),
        metrics: Arc<Metrics>,
    ) -> Self {
        let counters = Arc::clone(metrics.proxy());
        let (fixed, revisions, problems) = (Fixed::of(config), AtomicU32::new(1), Mutex::default());
        Self { gate, store, file, fixed, courier, alarm, counters, metrics, revisions, problems }
    }

    /// Everything that outlives the process.
    pub(super) fn kept(&self) -> Vec<&dyn Section> {
        kept(&self.gate, &self.store)
    }

    /// Problems of the last reload, where it was refused.
    pub(super) fn problems(&self) -> usize {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    fn load(&self) -> Result<RevisionId, Vec<String>> {
        let Some(file) = &self.file else {
            return Err(vec!["sendwall runs without a configuration file, so there is nothing to reload".to_owned()]);
        };
        let config = config::load(file).map_err(|error| match error {
            LoadError::Faulty(problems) => problems.iter().map(ToString::to_string).collect(),
            LoadError::Unreadable { .. } => vec![error.to_string()],
        })?;
        let number = self.revisions.load(Ordering::Relaxed) + 1;
        let revision =
            revision(&config, number, &self.store, self.gate.names()).map_err(|error| vec![error.to_string()])?;
        self.revisions.store(number, Ordering::Relaxed);
        self.courier.replace(&config.deliver).map_err(|error| vec![error.to_string()])?;
        let id = revision.id;
        self.gate.replace(revision);
        self.alarm.replace(config.alerts.clone());
        ConfigLoaded { revision: id, endpoints: config.endpoints.len(), warnings: config.warnings.len() }
            .emit(&self.metrics);
        if Fixed::of(&config) != self.fixed {
            NeedsRestart.emit();
        }
        Ok(id)
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
        Snapshot { tables, open_sends: sessions.len() as u64, evidence: evidence(&self.gate), revision: revision.id }
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
        let problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let databases = self.fixed.geo.files();
        let loaded = databases.iter().filter(|(_, path)| path.is_some());
        Health {
            can_serve: true,
            upstream: match (self.counters.upstream_down.get(), self.counters.upstream_connections.get()) {
                (true, _) => UpstreamState::Silent,
                (false, 0) => UpstreamState::Untried,
                (false, _) => UpstreamState::Answers,
            },
            geo: loaded.map(|(kind, _)| Database { name: kind.name(), loaded: true }).collect(),
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

    fn reload(&self) -> Result<RevisionId, Vec<String>> {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner);
        let result = self.load();
        *problems = result.as_ref().err().cloned().unwrap_or_default();
        if let Err(problems) = &result {
            ReloadRejected { revision: self.gate.revision().id, problems }.emit(&self.metrics);
        }
        result
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
