//! What is learned of real use at an endpoint, from clients that verified before: slowly, and within bounds. Beside it,
//! what is usual there.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

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
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    real: RealUse,
    usual: Usual,
}

impl Learned {
    /// What is known of real use there.
    pub(super) fn real_use(&self, endpoint: Option<u64>) -> RealUse {
        endpoint.and_then(|key| self.0.load().get(&key).map(|endpoint| endpoint.known.load().real)).unwrap_or_default()
    }

    /// What is usual there, about an attempt of now with these oddities.
    pub(super) fn habits(&self, endpoint: Option<u64>, oddities: Oddities, now: Timestamp) -> Habits {
        let all = self.0.load();
        let known = endpoint.and_then(|key| all.get(&key)).map(|endpoint| endpoint.known.load());
        known.map_or_else(|| Usual::default().habits(oddities, now), |known| known.usual.habits(oddities, now))
    }

    /// A code was verified, whoever asked for it.
    pub(super) fn verified(&self, endpoint: u64, oddities: Oddities, now: Timestamp) {
        self.change(endpoint, |record| record.usual.verified(oddities, now));
    }

    /// A session of a known client came to its end.
    pub(super) fn session(&self, endpoint: u64, verified: bool) {
        self.change(endpoint, |record| {
            record.sessions += 1.0;
            record.verified += f64::from(u8::from(verified));
            if record.sessions > MEMORY {
                record.sessions /= 2.0;
                record.verified /= 2.0;
            }
        });
    }

    /// A known client verified after `lag`.
    pub(super) fn lag(&self, endpoint: u64, lag: Span) {
        #[expect(clippy::cast_precision_loss, reason = "seconds")]
        let ln = (lag.as_millis().max(500) as f64 / 1000.0).ln();
        self.change(endpoint, |record| {
            record.lags += 1.0;
            record.ln_lag += ln;
            record.ln_lag_squared += ln * ln;
            if record.lags > MEMORY {
                record.lags /= 2.0;
                record.ln_lag /= 2.0;
                record.ln_lag_squared /= 2.0;
            }
        });
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
        Self { record: Mutex::default(), known: ArcSwap::from_pointee(Record::default().known()) }
    }
}

impl Endpoint {
    fn change<T>(&self, change: impl FnOnce(&mut Record) -> T) -> T {
        let mut record = self.record.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut record);
        self.known.store(Arc::new(record.known()));
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

    fn known(&self) -> Known {
        Known { real: self.real_use(), usual: self.usual }
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
            learned.session(7, true);
            learned.lag(7, Span::seconds(9));
            learned.verified(7, script, now);
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
