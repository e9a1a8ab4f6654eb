//! What an attack leaves: its sums, its tables, and examples. Ranges, networks and countries in clear; phones and
//! addresses only counted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::alert::counted;
use crate::domain::Timestamp;

/// Rows of each table that are kept; what comes in later counts in the sums alone.
pub(super) const ROWS: usize = 200;
/// Decisions that are kept as examples: the first and the last so many.
pub(super) const EXAMPLES: usize = 100;

/// What one attack left, as evidence. Ranges, networks and countries in clear; phones and addresses only counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Requests that were refused; in monitor mode, would have been.
    pub refused: u64,
    /// Requests that were asked for a proof; in monitor mode, would have been.
    pub challenged: u64,
    /// Of both, those that monitor mode let through.
    #[serde(default)]
    pub let_through: u64,
    /// Messages that went out to its ranges, since an hour before it was noticed.
    pub sent: u64,
    /// Of these, verified.
    pub verified: u64,
    /// What they cost, in millionths of the currency.
    pub cost_micros: u64,
    /// Different phones, up to 10,000.
    pub phones: usize,
    /// Different addresses, up to 10,000.
    pub addresses: usize,
    /// By endpoint.
    pub endpoints: BTreeMap<String, u64>,
    /// By country of the phones.
    pub countries: BTreeMap<String, u64>,
    /// By range of the phones.
    pub ranges: BTreeMap<String, RangeRow>,
    /// By network of the addresses (IPv4 /24, IPv6 /48).
    pub networks: BTreeMap<String, u64>,
    /// By autonomous system of the addresses.
    pub systems: BTreeMap<String, u64>,
    /// What was hot, with the requests that it stopped.
    pub cells: BTreeMap<String, u64>,
    /// Examples: the first ones and the last ones.
    pub decisions: Vec<Example>,
}

/// One range of an attack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeRow {
    /// Requests that were stopped.
    pub stopped: u64,
    /// Messages that went out.
    pub sent: u64,
    /// Of these, verified.
    pub verified: u64,
    /// What they cost, in millionths.
    pub cost_micros: u64,
}

/// One stopped request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Example {
    /// The decision, as in the decision log.
    pub decision: String,
    /// When.
    pub at: Timestamp,
    /// What was decided.
    pub verdict: String,
    /// Country code, range and last two digits.
    pub phone: Option<String>,
    /// Network of the address.
    pub network: String,
    /// What spoke first.
    pub reason: String,
}

/// The sums of an attack, without its tables: they are looked at every few seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) refused: u64,
    pub(super) challenged: u64,
    pub(super) let_through: u64,
    pub(super) sent: u64,
    pub(super) verified: u64,
    pub(super) cost_micros: u64,
    pub(super) phones: usize,
    pub(super) addresses: usize,
}

impl Sums {
    /// Requests that were stopped, and messages that went out.
    pub(super) const fn size(&self) -> u64 {
        self.refused + self.challenged + self.sent
    }

    pub(super) fn add(&mut self, other: &Self) {
        let Self { refused, challenged, let_through, sent, verified, cost_micros, phones, addresses } = other;
        self.refused += refused;
        self.challenged += challenged;
        self.let_through += let_through;
        self.sent += sent;
        self.verified += verified;
        self.cost_micros += cost_micros;
        self.phones += phones;
        self.addresses += addresses;
    }
}

impl Evidence {
    /// Requests that were stopped, and messages that went out.
    pub fn size(&self) -> u64 {
        self.sums().size()
    }

    /// How many requests were stopped, or would have been.
    pub fn stopped(&self) -> String {
        let all = self.refused + self.challenged;
        match self.let_through {
            0 => format!("{} stopped", counted(all, "request")),
            through if through >= all => {
                format!("{} would have been stopped (monitor mode: all were let through)", counted(all, "request"))
            }
            through => format!(
                "{} stopped, {through} more would have been (monitor mode let them through)",
                counted(all - through, "request")
            ),
        }
    }

    /// What is said of the requests of a range, a network, ...: of those which went through isn't known.
    pub const fn stopped_word(&self) -> &'static str {
        match self.let_through {
            0 => "stopped",
            through if through >= self.refused + self.challenged => "would have been stopped",
            _ => "stopped or would have been",
        }
    }

    fn sums(&self) -> Sums {
        let Self { refused, challenged, let_through, sent, verified, cost_micros, phones, addresses, .. } = *self;
        Sums { refused, challenged, let_through, sent, verified, cost_micros, phones, addresses }
    }

    /// Takes in later sums; tables and examples stay.
    pub(super) fn set_sums(&mut self, sums: &Sums) {
        let Sums { refused, challenged, let_through, sent, verified, cost_micros, phones, addresses } = *sums;
        (self.refused, self.challenged, self.let_through) = (refused, challenged, let_through);
        (self.sent, self.verified) = (sent, verified);
        (self.cost_micros, self.phones, self.addresses) = (cost_micros, phones, addresses);
    }

    /// Puts two places' together.
    pub(super) fn add(&mut self, other: &Self) {
        let mut sums = self.sums();
        sums.add(&other.sums());
        self.set_sums(&sums);
        for (mine, theirs) in [
            (&mut self.endpoints, &other.endpoints),
            (&mut self.countries, &other.countries),
            (&mut self.networks, &other.networks),
            (&mut self.systems, &other.systems),
            (&mut self.cells, &other.cells),
        ] {
            for (name, number) in theirs {
                if mine.len() < ROWS || mine.contains_key(name) {
                    *mine.entry(name.clone()).or_default() += number;
                }
            }
        }
        for (range, row) in &other.ranges {
            if self.ranges.len() < ROWS || self.ranges.contains_key(range) {
                let mine = self.ranges.entry(range.clone()).or_default();
                mine.stopped += row.stopped;
                mine.sent += row.sent;
                mine.verified += row.verified;
                mine.cost_micros += row.cost_micros;
            }
        }
        let room = (2 * EXAMPLES).saturating_sub(self.decisions.len());
        self.decisions.extend(other.decisions.iter().take(room).cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_monitor_mode_let_through_is_not_told_as_stopped() {
        for (refused, challenged, let_through, told) in [
            (88, 0, 0, "88 requests stopped"),
            (1, 0, 0, "1 request stopped"),
            (80, 8, 88, "88 requests would have been stopped (monitor mode: all were let through)"),
            (80, 8, 30, "58 requests stopped, 30 more would have been (monitor mode let them through)"),
        ] {
            let evidence = Evidence { refused, challenged, let_through, ..Evidence::default() };
            assert_eq!(evidence.stopped(), told);
        }
    }

    #[test]
    fn evidence_from_before_modes_were_told_apart_is_read() {
        let mut old = serde_json::to_value(Evidence { refused: 7, ..Evidence::default() }).unwrap();
        old.as_object_mut().unwrap().remove("let_through");
        assert_eq!(serde_json::from_value::<Evidence>(old).unwrap().stopped(), "7 requests stopped");
    }
}
