//! What is learned of real use at an endpoint, from clients that verified before: slowly, and within bounds. Beside it,
//! what is usual there.

use std::collections::BTreeMap;
use std::sync::Arc;

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::evidence::Timetable;
use super::usual::Usual;
use super::{Habits, RealUse};
use crate::domain::{Oddities, Span, Timestamp};

/// So many sessions that were never seen speak for the values that nothing was learned of.
const PRIOR: f64 = 100.0;
/// Beyond so many sessions the older ones fade.
const MEMORY: f64 = 2000.0;
/// Endpoints that are kept.
const ENDPOINTS: usize = 1024;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Record {
    sessions: f64,
    verified: f64,
    lags: f64,
    ln_lag: f64,
    ln_lag_squared: f64,
    usual: Usual,
}

/// By endpoint. Every decision reads it, and few of them change it: reading takes no lock.
#[derive(Debug, Default)]
pub(super) struct Learned(ArcSwap<BTreeMap<u64, Arc<Endpoint>>>);

#[derive(Debug)]
struct Endpoint {
    record: Mutex<Record>,
    /// What it comes to.
    known: ArcSwap<Known>,
}

/// What decisions read of an endpoint.
#[derive(Clone, Copy, Debug)]
struct Known {
    real: Timetable,
    usual: Usual,
}

impl Learned {
    /// What is known of real use there.
    pub(super) fn real_use(&self, endpoint: Option<u64>) -> RealUse {
        self.read(endpoint, |known| known.real.real).unwrap_or_default()
    }

    /// The same, with what it comes to at each step.
    pub(super) fn timetable(&self, endpoint: Option<u64>) -> Timetable {
        self.read(endpoint, |known| known.real).unwrap_or_else(|| Timetable::of(RealUse::default()))
    }

    /// What is usual there, about an attempt of now with these oddities.
    pub(super) fn habits(&self, endpoint: Option<u64>, oddities: Oddities, now: Timestamp) -> Habits {
        let known = self.read(endpoint, |known| known.usual.habits(oddities, now));
        known.unwrap_or_else(|| Usual::default().habits(oddities, now))
    }

    fn read<T>(&self, endpoint: Option<u64>, read: impl FnOnce(&Known) -> T) -> Option<T> {
        let all = self.0.load();
        Some(read(&all.get(&endpoint?)?.known.load()))
    }

    /// A code was verified, whoever asked for it: the one that was asked for with these oddities, or another of its
    /// session. `known`, of a known client: how long after it went out, and whether its session hadn't come to its end.
    pub(super) fn verified(
        &self,
        endpoint: u64,
        oddities: Option<Oddities>,
        known: Option<(Span, bool)>,
        now: Timestamp,
    ) {
        if oddities.is_none() && known.is_none() {
            return;
        }
        self.change(endpoint, |record| {
            if let Some(oddities) = oddities {
                record.usual.verified(oddities, now);
            }
            if let Some((lag, in_time)) = known {
                record.lag(lag);
                if in_time {
                    record.session(true);
                }
            }
        });
    }

    /// A session of a known client came to its end, and nothing was verified.
    pub(super) fn silent(&self, endpoint: u64) {
        self.change(endpoint, |record| record.session(false));
    }

    /// Every endpoint's.
    pub(super) fn all(&self) -> Vec<(u64, Record)> {
        self.0.load().iter().map(|(key, endpoint)| (*key, endpoint.change(|record| *record))).collect()
    }

    /// Puts an endpoint's back. False where there are too many.
    pub(super) fn put(&self, endpoint: u64, record: &Record) -> bool {
        self.change(endpoint, |own| *own = *record)
    }

    /// False where there is no room for the endpoint.
    fn change(&self, endpoint: u64, change: impl FnOnce(&mut Record)) -> bool {
        let known = self.0.load().get(&endpoint).map(Arc::clone);
        let known = known.or_else(|| {
            self.0.rcu(|all| {
                let mut all = BTreeMap::clone(all);
                if all.len() < ENDPOINTS {
                    all.entry(endpoint).or_insert_with(|| Arc::new(Endpoint::default()));
                }
                all
            });
            self.0.load().get(&endpoint).map(Arc::clone)
        });
        known.map(|known| known.change(change)).is_some()
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        let known = Known { real: Timetable::of(Record::default().real_use()), usual: Usual::default() };
        Self { record: Mutex::default(), known: ArcSwap::from_pointee(known) }
    }
}

impl Endpoint {
    fn change<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        let mut record = self.record.lock();
        let result = change(&mut record);
        let (before, real) = (self.known.load().real, record.real_use());
        let real = if real == before.real { before } else { Timetable::of(real) };
        self.known.store(Arc::new(Known { real, usual: record.usual }));
        result
    }
}

impl Record {
    /// To be saved.
    pub(super) fn to_numbers(self) -> (Timestamp, impl Iterator<Item = f64>) {
        let (at, usual) = self.usual.to_numbers();
        let learned = [self.sessions, self.verified, self.lags, self.ln_lag, self.ln_lag_squared];
        (at, learned.into_iter().chain(usual))
    }

    /// As it was saved: `number` gives one after another. `None` where one can't be.
    pub(super) fn from_numbers(at: Timestamp, mut number: impl FnMut() -> Option<f64>) -> Option<Self> {
        let mut next = || number().filter(|number| number.is_finite());
        let (sessions, verified, lags, ln_lag, ln_lag_squared) = (next()?, next()?, next()?, next()?, next()?);
        let usual = Usual::from_numbers(at, next)?;
        Some(Self { sessions, verified, lags, ln_lag, ln_lag_squared, usual })
    }

    fn session(&mut self, verified: bool) {
        self.sessions += 1.0;
        self.verified += f64::from(u8::from(verified));
        if self.sessions > MEMORY {
            self.sessions /= 2.0;
            self.verified /= 2.0;
        }
    }

    /// A known client verified after so long.
    fn lag(&mut self, lag: Span) {
        #[expect(clippy::cast_precision_loss, reason = "seconds")]
        let ln = (lag.as_millis().max(500) as f64 / 1000.0).ln();
        self.lags += 1.0;
        self.ln_lag += ln;
        self.ln_lag_squared += ln * ln;
        if self.lags > MEMORY {
            self.lags /= 2.0;
            self.ln_lag /= 2.0;
            self.ln_lag_squared /= 2.0;
        }
    }

    fn real_use(&self) -> RealUse {
        let prior = RealUse::default();
        let conversion = (self.verified + prior.conversion * PRIOR) / (self.sessions + PRIOR);
        let (prior_mean, prior_var) = (prior.median_s.ln(), prior.sigma * prior.sigma);
        let weight = self.lags + PRIOR;
        let mean = (self.ln_lag + prior_mean * PRIOR) / weight;
        let square = (self.ln_lag_squared + (prior_var + prior_mean * prior_mean) * PRIOR) / weight;
        RealUse {
            conversion: conversion.clamp(0.6, 0.92),
            median_s: mean.exp().clamp(5.0, 60.0),
            sigma: (square - mean * mean).max(0.0).sqrt().clamp(0.4, 1.5),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Oddity;

    #[test]
    fn what_was_learned_and_what_is_usual_come_back_from_a_snapshot() {
        let (now, learned) = (Timestamp::from_unix_ms(1_795_197_600_000), Learned::default());
        let script = Oddities::from_bits(1 << Oddity::Script as u32).unwrap();
        for _ in 0..300 {
            learned.verified(7, Some(script), Some((Span::seconds(9), true)), now);
        }
        let again = Learned::default();
        for (endpoint, record) in learned.all() {
            let (at, mut numbers) = record.to_numbers();
            assert!(again.put(endpoint, &Record::from_numbers(at, || numbers.next()).unwrap()));
        }
        let told = |learned: &Learned| (learned.real_use(Some(7)), learned.habits(Some(7), script, now));
        assert_eq!(told(&again), told(&learned));
        assert_ne!(told(&again), told(&Learned::default()));
        assert!(Record::from_numbers(now, || Some(f64::NAN)).is_none());
    }
}
