//! What the cells tell of themselves, for metrics and for whoever is on call. Changes nothing.

use super::aspects::{country_key, endpoint_key};
use super::table;
use super::{Cells, Kinds, RealUse, lock};
use crate::domain::{Country, Timestamp, Trust};

impl Cells {
    /// Bytes that so many entries take.
    pub const fn bytes_of(entries: usize) -> usize {
        table::bytes_of(entries)
    }

    /// Challenges that nobody has solved yet, and that are still waited for.
    pub fn unsolved(&self) -> usize {
        lock(&self.asked).len()
    }

    /// What is known of real use at an endpoint.
    pub fn real_use(&self, endpoint: &str) -> RealUse {
        self.learned.real_use(Some(endpoint_key(self.seed, endpoint)))
    }

    /// The share of a country's verifications that are missing: of strangers, known numbers or known clients, whichever
    /// misses most.
    pub fn outage_in(&self, kinds: &Kinds, country: Country, now: Timestamp) -> f32 {
        let key = country_key(self.seed, country);
        [Trust::Unknown, Trust::KnownClient]
            .map(|trust| self.outage(kinds, key, trust, now).missing)
            .into_iter()
            .fold(0.0, f32::max)
    }
}
