//! What is learned of real use at an endpoint, from clients that verified before: slowly, and within bounds.

use dashmap::DashMap;

use super::RealUse;
use crate::domain::Span;

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
}

/// By endpoint.
#[derive(Debug, Default)]
pub(super) struct Learned(DashMap<u64, Record>);

impl Learned {
    /// What is known of real use there.
    pub(super) fn real_use(&self, endpoint: Option<u64>) -> RealUse {
        endpoint.and_then(|key| self.0.get(&key).map(|record| record.real_use())).unwrap_or_default()
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
        self.0.iter().map(|entry| (*entry.key(), *entry.value())).collect()
    }

    /// Puts an endpoint's back. False where there are too many.
    pub(super) fn put(&self, endpoint: u64, record: Record) -> bool {
        let has_room = self.0.len() < ENDPOINTS;
        if has_room {
            self.0.insert(endpoint, record);
        }
        has_room
    }

    fn change(&self, endpoint: u64, change: impl FnOnce(&mut Record)) {
        if let Some(mut record) = self.0.get_mut(&endpoint) {
            change(&mut record);
        } else if self.0.len() < ENDPOINTS {
            change(&mut self.0.entry(endpoint).or_default());
        }
    }
}

impl Record {
    /// To be saved.
    pub(super) const fn to_numbers(self) -> [f64; 5] {
        [self.sessions, self.verified, self.lags, self.ln_lag, self.ln_lag_squared]
    }

    /// As they were saved.
    pub(super) const fn from_numbers([sessions, verified, lags, ln_lag, ln_lag_squared]: [f64; 5]) -> Self {
        Self { sessions, verified, lags, ln_lag, ln_lag_squared }
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
