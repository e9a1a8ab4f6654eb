//! The metrics, and one method for each thing that happens on the path.
//!
//! What is counted with every decision and every message is found by index (see [`super::per_endpoint`]); what is rarer is
//! looked up in its family.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::alarms::Alarms;
use super::delivery::Delivery;
use super::evidence::Evidence;
use super::limiter::Limiter;
use super::lists::ListCounts;
use super::looks::LookCounters;
use super::per_endpoint::{Amount, Count, Endpoints, Often};
use super::ruled::Ruled;
use super::saved::Saved;
use super::striped::DecisionTimes;
use super::totals::Sums;
use super::unread::UnreadAnswers;
use super::{ChallengeCounters, Counters, OutcomeSource, Snapshot, Totals, Unmatched, labels};
use crate::clock::Clock;
use crate::domain::{Country, Decision, Facts, Money, OutcomeKind, PhoneFact, Reason, Verdict};

/// Content type of [`Metrics::render`]'s text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Level = Gauge<u64, AtomicU64>;

/// Every metric of the process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    clock: Arc<dyn Clock>,
    limiter: Limiter,
    sums: Sums,
    endpoints: Endpoints,
    decisions: Family<labels::Decided, Often>,
    tries: Family<labels::Decided, Often>,
    reasons: Family<labels::Reason, Often>,
    limit_refusals: Family<labels::Limit, Count>,
    sends: Family<labels::Sent, Count>,
    sms_cost: Family<labels::Sent, Amount>,
    saved_sms: Family<labels::Saved, Often>,
    saved_cost: Family<labels::Saved, Amount>,
    outcomes: Family<labels::Outcome, Count>,
    unmatched_outcomes: Family<labels::UnmatchedOutcome, Count>,
    unread_answers: UnreadAnswers,
    unreadable: Family<labels::Unreadable, Count>,
    decision_seconds: DecisionTimes,
    proxy: Arc<Counters>,
    challenges: Arc<ChallengeCounters>,
    snapshots: Saved,
    lists: ListCounts,
    delivery: Delivery,
    evidence: Evidence,
    looks: LookCounters,
    alarms: Alarms,
    ruled: Ruled,
    rungs: Family<labels::AtRung, Often>,
    journal_dropped: Count,
    journal_written: Count,
    reloads: Family<labels::ReloadResult, Count>,
    geo_errors: Count,
    table_entries: Family<labels::Table, Level>,
    table_bytes: Family<labels::Table, Level>,
    table_capacity: Family<labels::Table, Level>,
    table_evicted: Family<labels::Table, Count>,
    table_untracked: Family<labels::Table, Count>,
    /// Those of the last scrape: what a reload took away is shown no more.
    tables: Mutex<Vec<Arc<str>>>,
    open_sends: Level,
    config_revision: Level,
}

impl Metrics {
    /// All at zero. The clock paces the log lines of repeated events.
    pub fn new(version: &'static str, clock: Arc<dyn Clock>) -> Self {
        let mut registry = Registry::with_prefix("sendwall");
        let proxy = Arc::new(Counters::registered(&mut registry));
        let challenges = Arc::new(ChallengeCounters::registered(&mut registry));
        let snapshots = Saved::registered(&mut registry);
        let lists = ListCounts::registered(&mut registry);
        let delivery = Delivery::registered(&mut registry);
        let evidence = Evidence::registered(&mut registry);
        let looks = LookCounters::registered(&mut registry);
        let alarms = Alarms::registered(&mut registry);
        let ruled = Ruled::registered(&mut registry);
        let unread_answers = UnreadAnswers::registered(&mut registry);
        let mut metrics = Self {
            registry,
            clock,
            limiter: Limiter::default(),
            sums: Sums::default(),
            endpoints: Endpoints::default(),
            decisions: Family::default(),
            tries: Family::default(),
            reasons: Family::default(),
            limit_refusals: Family::default(),
            sends: Family::default(),
            sms_cost: Family::default(),
            saved_sms: Family::default(),
            saved_cost: Family::default(),
            outcomes: Family::default(),
            unmatched_outcomes: Family::default(),
            unread_answers,
            unreadable: Family::default(),
            decision_seconds: DecisionTimes::default(),
            proxy,
            challenges,
            snapshots,
            lists,
            delivery,
            evidence,
            looks,
            alarms,
            ruled,
            rungs: Family::default(),
            journal_dropped: Count::default(),
            journal_written: Count::default(),
            reloads: Family::default(),
            geo_errors: Count::default(),
            table_entries: Family::default(),
            table_bytes: Family::default(),
            table_capacity: Family::default(),
            table_evicted: Family::default(),
            table_untracked: Family::default(),
            tables: Mutex::default(),
            open_sends: Level::default(),
            config_revision: Level::default(),
        };
        metrics.register_path();
        metrics.register_process(version);
        metrics
    }

    fn register_path(&mut self) {
        let r = &mut self.registry;
        r.register("decisions", "Decisions about requests for a code", self.decisions.clone());
        r.register("tries", "Decisions about tries of a code", self.tries.clone());
        r.register("reasons", "Reasons of decisions; one decision may have several", self.reasons.clone());
        r.register("limit_refusals", "Decisions that a limit spoke against", self.limit_refusals.clone());
        r.register("sends", "Codes that went out", self.sends.clone());
        r.register("sms_cost", "Price of the codes that went out, in currency units", self.sms_cost.clone());
        r.register("rungs", "Decisions of the ladder, by the rung that they ended at", self.rungs.clone());
        let help = "Requests refused or challenged, or in monitor mode to be: what is saved lies between those refused \
                    (everybody solves) and all of them (nobody does)";
        r.register("saved_sms", help, self.saved_sms.clone());
        r.register("saved_cost", "Price of the codes of sendwall_saved_sms_total", self.saved_cost.clone());
        r.register("outcomes", "What became of codes", self.outcomes.clone());
        r.register("unmatched_outcomes", "Outcomes that found no open send", self.unmatched_outcomes.clone());
        r.register("unreadable", "Requests that can be read in more than one way, or not", self.unreadable.clone());
        r.register("decision_seconds", "Time that a decision took", self.decision_seconds.clone());
    }

    fn register_process(&mut self, version: &'static str) {
        let r = &mut self.registry;
        r.register("journal_dropped", "Records that the decision log had to drop", self.journal_dropped.clone());
        r.register("journal_written", "Records written to the decision log", self.journal_written.clone());
        r.register("reloads", "Reloads of the configuration", self.reloads.clone());
        r.register("geo_errors", "GeoIP databases that could not be read", self.geo_errors.clone());
        r.register("table_entries", "Entries of a bounded table", self.table_entries.clone());
        r.register("table_bytes", "Bytes of a bounded table", self.table_bytes.clone());
        r.register("table_capacity", "Entries that a bounded table can hold", self.table_capacity.clone());
        r.register("table_evicted", "Entries given up for others", self.table_evicted.clone());
        r.register("table_untracked", "Keys that found no place", self.table_untracked.clone());
        r.register("open_sends", "Codes out, waiting for what becomes of them", self.open_sends.clone());
        r.register("config_revision", "Number of the configuration in force", self.config_revision.clone());
        r.register("build", "The version that runs", Info::new(vec![("version", version)]));
    }

    /// A request for a code was judged, in `elapsed`.
    pub fn decided(&self, decision: &Decision, facts: &Facts, elapsed: Duration) {
        self.endpoints.with(&decision.endpoint, |own| {
            own.decision(decision)
                .get_or_init(|| self.decisions.get_or_create_owned(&labels::Decided::of(decision)))
                .inc();
        });
        self.at_rung(decision);
        self.ruled.decided(decision, self);
        self.reasons(decision);
        self.decision_seconds.observe(elapsed);
        self.sums.judged(decision, facts.phone().map(|phone| phone.price));
        match &facts.phone {
            PhoneFact::Present(phone) if decision.verdict != Verdict::Forward => {
                let what = if matches!(decision.verdict, Verdict::Challenge(_)) { "challenged" } else { "refused" };
                let (endpoint, mode) = (Arc::clone(&decision.endpoint), decision.mode.name());
                let saved = labels::Saved { endpoint, mode, what };
                let in_families =
                    || (self.saved_sms.get_or_create_owned(&saved), self.saved_cost.get_or_create_owned(&saved));
                self.endpoints.with(&decision.endpoint, |own| {
                    let (sms, cost) = own.saved(decision).get_or_init(in_families);
                    sms.inc();
                    cost.inc_by(phone.price.as_units());
                });
            }
            PhoneFact::Unreadable(why) => {
                let label = labels::Unreadable { endpoint: Arc::clone(&decision.endpoint), code: why.code.name() };
                self.unreadable.get_or_create(&label).inc();
            }
            PhoneFact::Present(_) | PhoneFact::Absent => {}
        }
    }

    /// A try of a code was judged, in `elapsed`.
    pub fn tried(&self, decision: &Decision, elapsed: Duration) {
        self.endpoints.with(&decision.endpoint, |own| {
            own.r#try(decision).get_or_init(|| self.tries.get_or_create_owned(&labels::Decided::of(decision))).inc();
        });
        self.reasons(decision);
        self.decision_seconds.observe(elapsed);
    }

    fn at_rung(&self, decision: &Decision) {
        let Some(rung) = decision.rung() else { return };
        self.endpoints.with(&decision.endpoint, |own| {
            let in_family = || {
                let (endpoint, rung, mode) = (Arc::clone(&decision.endpoint), rung.name(), decision.mode.name());
                self.rungs.get_or_create_owned(&labels::AtRung { endpoint, rung, mode })
            };
            own.rung(rung, decision.mode).get_or_init(in_family).inc();
        });
    }

    fn reasons(&self, decision: &Decision) {
        for reason in &decision.reasons {
            let label = || labels::Reason { endpoint: Arc::clone(&decision.endpoint), reason: reason.code() };
            self.endpoints.with(&decision.endpoint, |own| {
                own.reason(reason).get_or_init(|| self.reasons.get_or_create_owned(&label())).inc();
            });
            match reason {
                Reason::Limit { name, enforced: true, .. } | Reason::LimitTableFull { name, refused: true } => {
                    self.limit_refusals.get_or_create(&labels::Limit { limit: Arc::clone(name) }).inc();
                }
                Reason::Limit { .. }
                | Reason::LimitTableFull { .. }
                | Reason::NumberKind(_)
                | Reason::ImpossibleNumber
                | Reason::Country(_)
                | Reason::Unreadable(_)
                | Reason::NoPhone
                | Reason::PageToken(_)
                | Reason::Hot { .. }
                | Reason::Surge { .. }
                | Reason::Siege { .. }
                | Reason::Waiting { .. }
                | Reason::Look { .. }
                | Reason::Rule { .. }
                | Reason::Budget { .. }
                | Reason::Listed(_)
                | Reason::Blind => {}
            }
        }
    }

    /// A code went out.
    pub fn sent(&self, endpoint: &Arc<str>, country: Option<Country>, price: Money) {
        let label = || labels::Sent { endpoint: Arc::clone(endpoint), country: labels::Country(country) };
        let in_families = || (self.sends.get_or_create_owned(&label()), self.sms_cost.get_or_create_owned(&label()));
        self.endpoints.with(endpoint, |own| {
            let (sends, cost) = own.sent(country).get_or_init(in_families);
            sends.inc();
            cost.inc_by(price.as_units());
        });
        self.sums.sent(price);
    }

    /// Something became of a code that went out.
    pub fn outcome(&self, endpoint: &Arc<str>, country: Option<Country>, outcome: OutcomeKind) {
        let in_family = || {
            let (endpoint, country) = (Arc::clone(endpoint), labels::Country(country));
            self.outcomes.get_or_create_owned(&labels::Outcome { endpoint, country, outcome: outcome.name() })
        };
        self.endpoints.with(endpoint, |own| {
            own.outcome(country, outcome).get_or_init(in_family).inc();
        });
        if outcome == OutcomeKind::Verified {
            self.sums.verified();
        }
    }

    /// An outcome came that belongs to no open send.
    pub fn unmatched(&self, source: OutcomeSource, outcome: OutcomeKind, why: Unmatched) {
        let label = labels::UnmatchedOutcome { source: source.name(), outcome: outcome.name(), why: why.name() };
        self.unmatched_outcomes.get_or_create(&label).inc();
    }

    pub(super) const fn unread_answers(&self) -> &UnreadAnswers {
        &self.unread_answers
    }

    /// What the proxy counts.
    pub fn proxy(&self) -> &Arc<Counters> {
        &self.proxy
    }

    /// What is counted of challenges and passes.
    pub fn challenges(&self) -> &Arc<ChallengeCounters> {
        &self.challenges
    }

    /// What is counted of models.
    pub const fn looks(&self) -> &LookCounters {
        &self.looks
    }

    /// What is counted about alerts and budgets.
    pub fn alarms(&self) -> &Alarms {
        &self.alarms
    }

    /// What is counted about the snapshot.
    pub fn snapshots(&self) -> &Saved {
        &self.snapshots
    }

    /// What is counted about the lists that people fill by hand.
    pub fn lists(&self) -> &ListCounts {
        &self.lists
    }

    /// What is counted about alerts on their way.
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }

    /// `records` reached the decision log's file.
    pub fn journal_written(&self, records: u64) {
        self.journal_written.inc_by(records);
    }

    pub(super) fn journal_dropped(&self, records: u64) {
        self.journal_dropped.inc_by(records);
    }

    pub(super) fn reloaded(&self, result: &'static str) {
        self.reloads.get_or_create(&labels::ReloadResult { result }).inc();
    }

    pub(super) fn geo_failed(&self) {
        self.geo_errors.inc();
    }

    /// Calls `write` with the number of lines left out, at most once in ten seconds a kind.
    pub(super) fn at_most_every(&self, kind: &'static str, write: impl FnOnce(u64)) {
        if let Some(suppressed) = self.limiter.admit(kind, self.clock.now()) {
            write(suppressed);
        }
    }

    /// All metrics as text in the `OpenMetrics` format (see [`CONTENT_TYPE`]).
    pub fn render(&self, snapshot: &Snapshot) -> String {
        self.take_in(snapshot);
        let mut text = String::with_capacity(16 * 1024);
        encode(&mut text, &self.registry).expect("writing to a string does not fail");
        text
    }

    fn take_in(&self, snapshot: &Snapshot) {
        self.snapshots.take_in(self.clock.now());
        self.open_sends.set(snapshot.open_sends);
        self.evidence.take_in(&snapshot.evidence);
        self.looks.drifted(&snapshot.drift);
        self.config_revision.set(u64::from(snapshot.revision.number));
        let mut shown = self.tables.lock();
        for gone in shown.iter().filter(|name| !snapshot.tables.iter().any(|stats| stats.table == **name)) {
            let label = labels::Table { table: Arc::clone(gone) };
            for level in [&self.table_entries, &self.table_bytes, &self.table_capacity] {
                level.remove(&label);
            }
        }
        *shown = snapshot.tables.iter().map(|stats| Arc::clone(&stats.table)).collect();
        for stats in &snapshot.tables {
            let label = labels::Table { table: Arc::clone(&stats.table) };
            self.table_entries.get_or_create(&label).set(stats.entries);
            self.table_bytes.get_or_create(&label).set(stats.bytes);
            self.table_capacity.get_or_create(&label).set(stats.capacity);
            // `max`: a counter may not fall, not even when two scrapes take their snapshots in one order and come
            // here in the other.
            let raise = |counter: &Count, value| counter.inner().fetch_max(value, Ordering::Relaxed);
            raise(&self.table_evicted.get_or_create(&label), stats.evicted);
            raise(&self.table_untracked.get_or_create(&label), stats.untracked);
        }
    }

    /// Sums since the start.
    pub fn totals(&self) -> Totals {
        self.sums.read(self.journal_dropped.get())
    }
}
