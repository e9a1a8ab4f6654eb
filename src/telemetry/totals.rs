//! The few sums that a status page and the demo show, kept apart from the labelled metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;

use crate::domain::{Decision, Mode, Money, Verdict};

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
    /// Requests for a code to a known phone that only monitor mode asked for no proof.
    pub would_challenge_sms: u64,
    /// Outcomes "verified" that found their send.
    pub verified: u64,
    /// Records that the decision log had to drop.
    pub journal_dropped: u64,
}

#[derive(Debug, Default)]
pub(super) struct Sums {
    judged: AtomicU64,
    sends: Pair,
    saved: Pair,
    would_save: Pair,
    challenged: AtomicU64,
    would_challenge: AtomicU64,
    verified: AtomicU64,
}

#[derive(Debug, Default)]
struct Pair {
    count: AtomicU64,
    micros: AtomicU64,
}

impl Pair {
    fn add(&self, price: Money) {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(price.as_micros(), Ordering::Relaxed);
    }

    fn read(&self) -> (u64, Money) {
        (self.count.load(Ordering::Relaxed), Money::micros(self.micros.load(Ordering::Relaxed)))
    }
}

impl Sums {
    /// A request for a code to a phone of that price was judged; `None`: no phone was read.
    pub(super) fn judged(&self, decision: &Decision, price: Option<Money>) {
        self.judged.fetch_add(1, Ordering::Relaxed);
        match (decision.verdict, decision.mode, price) {
            (Verdict::Forward, ..) | (.., None) => {}
            (Verdict::Challenge(_), Mode::Enforce, Some(_)) => {
                self.challenged.fetch_add(1, Ordering::Relaxed);
            }
            (Verdict::Challenge(_), Mode::Monitor, Some(_)) => {
                self.would_challenge.fetch_add(1, Ordering::Relaxed);
            }
            (_, Mode::Enforce, Some(price)) => self.saved.add(price),
            (_, Mode::Monitor, Some(price)) => self.would_save.add(price),
        }
    }

    pub(super) fn sent(&self, price: Money) {
        self.sends.add(price);
    }

    pub(super) fn verified(&self) {
        self.verified.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self, journal_dropped: u64) -> Totals {
        let (sends, cost) = self.sends.read();
        let (saved_sms, saved_cost) = self.saved.read();
        let (would_save_sms, would_save_cost) = self.would_save.read();
        let (judged, verified) = (self.judged.load(Ordering::Relaxed), self.verified.load(Ordering::Relaxed));
        Totals {
            judged,
            sends,
            cost,
            saved_sms,
            saved_cost,
            would_save_sms,
            would_save_cost,
            challenged_sms: self.challenged.load(Ordering::Relaxed),
            would_challenge_sms: self.would_challenge.load(Ordering::Relaxed),
            verified,
            journal_dropped,
        }
    }
}
