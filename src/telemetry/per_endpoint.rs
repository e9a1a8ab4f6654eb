//! The counters of one endpoint whose other labels are closed sets, found by index, and those of every decision in a part for
//! each thread: a look-up in a metric family costs some 400 ns with two threads on it, and one decision would need half a
//! dozen.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use prometheus_client::metrics::counter::Counter;

use super::striped::Striped;
use crate::domain::{Country, Decision, ListName, Mode, OutcomeKind, Reason, Rung, Verdict};

/// A counter of what happens with every decision.
pub(super) type Often = Counter<u64, Striped>;
/// One that joins its family when it is first counted.
pub(super) type Slot = OnceLock<Often>;
/// Of what happens to one country's messages: there are too many to count each in a part for each thread.
pub(super) type Count = Counter<u64>;
/// Of money.
pub(super) type Amount = Counter<f64, AtomicU64>;

/// Counters by country, and for what is of none: all of an endpoint's take some 50 KB.
type ByCountry<T> = Box<[OnceLock<T>]>;

#[derive(Debug)]
pub(super) struct PerEndpoint {
    endpoint: Arc<str>,
    decisions: [Slot; 12],
    tries: [Slot; 12],
    reasons: [Slot; 18],
    rungs: [Slot; 8],
    saved: [OnceLock<(Often, Amount)>; 4],
    sent: ByCountry<(Count, Amount)>,
    outcomes: [ByCountry<Count>; 3],
}

impl PerEndpoint {
    fn new(endpoint: &Arc<str>) -> Self {
        let (decisions, tries, reasons, rungs, saved) = Default::default();
        let (sent, outcomes) = (by_country(), std::array::from_fn(|_| by_country()));
        Self { endpoint: Arc::clone(endpoint), decisions, tries, reasons, rungs, saved, sent, outcomes }
    }

    pub(super) fn decision(&self, decision: &Decision) -> &Slot {
        by_verdict(&self.decisions, decision)
    }

    pub(super) fn r#try(&self, decision: &Decision) -> &Slot {
        by_verdict(&self.tries, decision)
    }

    pub(super) fn rung(&self, rung: Rung, mode: Mode) -> &Slot {
        let [none, pow, captcha, block, none_m, pow_m, captcha_m, block_m] = &self.rungs;
        match (rung, mode) {
            (Rung::None, Mode::Enforce) => none,
            (Rung::Pow, Mode::Enforce) => pow,
            (Rung::Captcha, Mode::Enforce) => captcha,
            (Rung::Block, Mode::Enforce) => block,
            (Rung::None, Mode::Monitor) => none_m,
            (Rung::Pow, Mode::Monitor) => pow_m,
            (Rung::Captcha, Mode::Monitor) => captcha_m,
            (Rung::Block, Mode::Monitor) => block_m,
        }
    }

    /// Messages that a decision kept in, or put off, and what they would have cost.
    pub(super) fn saved(&self, decision: &Decision) -> &OnceLock<(Often, Amount)> {
        let [challenged, refused, challenged_m, refused_m] = &self.saved;
        match (decision.verdict, decision.mode) {
            (Verdict::Challenge(_), Mode::Enforce) => challenged,
            (_, Mode::Enforce) => refused,
            (Verdict::Challenge(_), Mode::Monitor) => challenged_m,
            (_, Mode::Monitor) => refused_m,
        }
    }

    /// Messages that went out to a country, and what they cost.
    pub(super) fn sent(&self, country: Option<Country>) -> &OnceLock<(Count, Amount)> {
        &self.sent[place(country)]
    }

    /// What became of a country's messages.
    pub(super) fn outcome(&self, country: Option<Country>, outcome: OutcomeKind) -> &OnceLock<Count> {
        let [verified, delivered, undelivered] = &self.outcomes;
        let of = match outcome {
            OutcomeKind::Verified => verified,
            OutcomeKind::Delivered => delivered,
            OutcomeKind::Undelivered => undelivered,
        };
        &of[place(country)]
    }

    pub(super) fn reason(&self, reason: &Reason) -> &Slot {
        let [limit, table_full, kind, impossible, country, unreadable, no_phone, rest @ ..] = &self.reasons;
        let [page, hot, surge, siege, waiting, look, rule, budget, deny, allow, blind] = rest;
        match reason {
            Reason::Limit { .. } => limit,
            Reason::LimitTableFull { .. } => table_full,
            Reason::NumberKind(_) => kind,
            Reason::ImpossibleNumber => impossible,
            Reason::Country(_) => country,
            Reason::Unreadable(_) => unreadable,
            Reason::NoPhone => no_phone,
            Reason::PageToken(_) => page,
            Reason::Hot { .. } => hot,
            Reason::Surge { .. } => surge,
            Reason::Siege { .. } => siege,
            Reason::Waiting { .. } => waiting,
            Reason::Look { .. } => look,
            Reason::Rule { .. } => rule,
            Reason::Budget { .. } => budget,
            Reason::Listed(listed) => match listed.list {
                ListName::Deny => deny,
                ListName::Allow => allow,
            },
            Reason::Blind => blind,
        }
    }
}

fn by_country<T>() -> ByCountry<T> {
    (0..=Country::COUNT).map(|_| OnceLock::new()).collect()
}

/// What is of no country stands last.
fn place(country: Option<Country>) -> usize {
    country.map_or(Country::COUNT, Country::index)
}

fn by_verdict<'a>(slots: &'a [Slot; 12], decision: &Decision) -> &'a Slot {
    let [enforced @ .., forward_m, challenge_m, cooldown_m, block_m, reject_m, repeat_m] = slots;
    let [forward, challenge, cooldown, block, reject, repeat] = enforced;
    match (decision.verdict, decision.mode) {
        (Verdict::Forward, Mode::Enforce) => forward,
        (Verdict::Challenge(_), Mode::Enforce) => challenge,
        (Verdict::Cooldown { .. }, Mode::Enforce) => cooldown,
        (Verdict::Block, Mode::Enforce) => block,
        (Verdict::Reject, Mode::Enforce) => reject,
        (Verdict::Repeat, Mode::Enforce) => repeat,
        (Verdict::Forward, Mode::Monitor) => forward_m,
        (Verdict::Challenge(_), Mode::Monitor) => challenge_m,
        (Verdict::Cooldown { .. }, Mode::Monitor) => cooldown_m,
        (Verdict::Block, Mode::Monitor) => block_m,
        (Verdict::Reject, Mode::Monitor) => reject_m,
        (Verdict::Repeat, Mode::Monitor) => repeat_m,
    }
}

/// Every endpoint that was counted so far: as many as the configurations of this process named, a handful.
#[derive(Debug, Default)]
pub(super) struct Endpoints(ArcSwap<Vec<Arc<PerEndpoint>>>);

impl Endpoints {
    /// Calls `then` with the counters of `endpoint`.
    pub(super) fn with<T>(&self, endpoint: &Arc<str>, then: impl Fn(&PerEndpoint) -> T) -> T {
        if let Some(found) = find(&self.0.load(), endpoint) {
            return then(found);
        }
        let added = Arc::new(PerEndpoint::new(endpoint));
        // Where two threads add the same one, the first wins and both find it.
        self.0.rcu(|all| {
            let mut all = Vec::clone(all);
            if find(&all, endpoint).is_none() {
                all.push(Arc::clone(&added));
            }
            all
        });
        find(&self.0.load(), endpoint).map_or_else(|| then(&added), |found| then(found))
    }
}

fn find<'a>(all: &'a [Arc<PerEndpoint>], endpoint: &str) -> Option<&'a Arc<PerEndpoint>> {
    all.iter().find(|one| *one.endpoint == *endpoint)
}
