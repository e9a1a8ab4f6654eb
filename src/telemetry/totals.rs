//! The few sums that a status page and the demo show, kept apart from the labelled metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::domain::{Decision, Mode, Money, Rung, Verdict};
use crate::stripes::Stripes;

/// Sums since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Requests for a code that were judged.
    pub judged: u64,
    /// Codes that went out.
    pub sends: u64,
    /// What they cost.
    pub cost: Money,
    /// Requests for a code to a known phone that were refused.
    pub saved_sms: u64,
    /// What those codes would have cost.
    pub saved_cost: Money,
    /// Requests for a code to a known phone that only monitor mode let through.
    pub would_save_sms: u64,
    /// What those cost.
    pub would_save_cost: Money,
    /// Requests for a code to a known phone that were asked for a proof first.
    pub challenged_sms: u64,
    /// What those codes would have cost, had none been solved.
    pub challenged_cost: Money,
    /// Requests for a code to a known phone that brought a proof.
    pub solved_sms: u64,
    /// What those codes cost.
    pub solved_cost: Money,
    /// Requests for a code to a known phone that only monitor mode asked for no proof.
    pub would_challenge_sms: u64,
    /// Requests for a code without a known phone, most of them unreadable, that were refused or asked for a proof.
    pub rejected: u64,
    /// The same, that only monitor mode let through.
    pub would_reject: u64,
    /// Outcomes "verified" that found their send.
    pub verified: u64,
    /// Records that the decision log had to drop.
    pub journal_dropped: u64,
}

/// The sums as they are counted, in a part for each thread.
#[derive(Debug, Default)]
pub(super) struct Sums(Stripes<Part>);

#[derive(Debug, Default)]
struct Part {
    judged: AtomicU64,
    sends: Pair,
    saved: Pair,
    would_save: Pair,
    challenged: Pair,
    solved: Pair,
    would_challenge: AtomicU64,
    rejected: AtomicU64,
    would_reject: AtomicU64,
    verified: AtomicU64,
}

#[derive(Debug, Default)]
struct Pair {
    count: AtomicU64,
    micros: AtomicU64,
}

impl Pair {
    fn of<'a>(pairs: impl Iterator<Item = &'a Self>) -> (u64, Money) {
        let read = |(count, micros): (u64, u64), pair: &Self| {
            (count + pair.count.load(Ordering::Relaxed), micros + pair.micros.load(Ordering::Relaxed))
        };
        let (count, micros) = pairs.fold((0, 0), read);
        (count, Money::micros(micros))
    }

    fn add(&self, price: Money) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(price.as_micros(), Ordering::Relaxed);
    }
}

impl Sums {
    /// A request for a code to a phone of that price was judged; `None`: no phone was read.
    pub(super) fn judged(&self, decision: &Decision, price: Option<Money>) {
        let own = self.0.own();
        own.judged.fetch_add(1, Ordering::Relaxed);
        if let (Mode::Enforce, Some(price)) = (decision.mode, price)
            && decision.proven > Rung::None
        {
            own.solved.add(price);
        }
        match (decision.verdict, decision.mode, price) {
            (Verdict::Forward, ..) => {}
            (_, Mode::Enforce, None) => {
                own.rejected.fetch_add(1, Ordering::Relaxed);
            }
            (_, Mode::Monitor, None) => {
                own.would_reject.fetch_add(1, Ordering::Relaxed);
            }
            (Verdict::Challenge(_), Mode::Enforce, Some(price)) => own.challenged.add(price),
            (Verdict::Challenge(_), Mode::Monitor, Some(_)) => {
                own.would_challenge.fetch_add(1, Ordering::Relaxed);
            }
            (_, Mode::Enforce, Some(price)) => own.saved.add(price),
            (_, Mode::Monitor, Some(price)) => own.would_save.add(price),
        }
    }

    pub(super) fn sent(&self, price: Money) {
        self.0.own().sends.add(price);
    }

    pub(super) fn verified(&self) {
        self.0.own().verified.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, journal_dropped: u64) -> Totals {
        let sum = |count: fn(&Part) -> &AtomicU64| self.0.all().map(|part| count(part).load(Ordering::Relaxed)).sum();
        let pair = |pair: fn(&Part) -> &Pair| Pair::of(self.0.all().map(pair));
        let ((sends, cost), (saved_sms, saved_cost)) = (pair(|part| &part.sends), pair(|part| &part.saved));
        let ((challenged_sms, challenged_cost), (solved_sms, solved_cost)) =
            (pair(|part| &part.challenged), pair(|part| &part.solved));
        let (would_save_sms, would_save_cost) = pair(|part| &part.would_save);
        Totals {
            judged: sum(|part| &part.judged),
            sends,
            cost,
            saved_sms,
            saved_cost,
            would_save_sms,
            would_save_cost,
            challenged_sms,
            challenged_cost,
            solved_sms,
            solved_cost,
            would_challenge_sms: sum(|part| &part.would_challenge),
            rejected: sum(|part| &part.rejected),
            would_reject: sum(|part| &part.would_reject),
            verified: sum(|part| &part.verified),
            journal_dropped,
        }
    }
}
