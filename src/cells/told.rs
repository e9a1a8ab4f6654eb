//! What the cells tell of themselves, for metrics and for whoever is on call. Changes nothing.

use super::aspects::{country_key, endpoint_key, variant};
use super::cell::Cell;
use super::table;
use super::{Cells, Kind, Kinds, RealUse};
use crate::domain::{Country, Rung, Timestamp, Trust};

impl Cells {
    /// Bytes that so many entries take.
    pub const fn bytes_of(entries: usize) -> usize {
        table::bytes_of(entries)
    }

    /// Challenges that nobody has solved yet, and that are still waited for.
    pub fn unsolved(&self) -> usize {
        self.asked.lock().len()
    }

    /// What is known of real use at an endpoint.
    pub fn real_use(&self, endpoint: &str) -> RealUse {
        self.learned.real_use(Some(endpoint_key(self.seed, endpoint)))
    }

    /// The share of a country's verifications that are missing, as far as it is certain that strangers or known clients miss
    /// some.
    pub fn outage_in(&self, kinds: &Kinds, country: Country, now: Timestamp) -> f32 {
        let key = country_key(self.seed, country);
        let classes = [Trust::Unknown, Trust::KnownPhone, Trust::KnownClient];
        let certain = classes
            .map(|trust| self.outage(kinds, (Kind::Country, key), trust, now).missing)
            .into_iter()
            .fold(0.0, f32::max);
        if certain <= 0.0 {
            return 0.0;
        }
        let cells = classes.map(|trust| self.faded(kinds, variant(key, Kind::Country, trust, Rung::None), now));
        let mut all = Cell::default();
        for part in cells.into_iter().flatten() {
            (all.due, all.came) = (all.due + part.due, all.came + part.came);
        }
        certain * all.not_come()
    }
}
