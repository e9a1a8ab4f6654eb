//! What is told about the lists that people fill by hand: their metrics and their events.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use tracing::{error, warn};

use super::Metrics;
use crate::domain::ListName;

/// The lists' metrics.
#[derive(Debug, Default)]
pub struct ListCounts {
    entries: Family<OfList, Gauge<u64, AtomicU64>>,
    failures: Family<Failure, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfList {
    list: &'static str,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failure {
    what: &'static str,
}

impl ListCounts {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let counts = Self::default();
        registry.register("list_entries", "Entries of the lists that people fill by hand", counts.entries.clone());
        let help = "Times that the lists were found damaged, or could not be written";
        registry.register("list_failures", help, counts.failures.clone());
        counts
    }

    /// The lists hold these now: list and kind of each entry.
    pub fn holds(&self, entries: impl Iterator<Item = (ListName, &'static str)>) {
        let mut counted: BTreeMap<_, u64> = BTreeMap::new();
        for key in entries {
            *counted.entry(key).or_default() += 1;
        }
        self.entries.clear();
        for ((list, kind), count) in counted {
            self.entries.get_or_create(&OfList { list: list.name(), kind }).set(count);
        }
    }

    fn failed(&self, what: &'static str) {
        self.failures.get_or_create(&Failure { what }).inc();
    }
}

/// The file of the lists was damaged; what is whole of it is in force.
#[derive(Clone, Copy, Debug)]
pub struct ListsDamaged<'a> {
    /// The file.
    pub path: &'a Path,
    /// Entries that are lost.
    pub lost: usize,
    /// Entries that are in force.
    pub left: usize,
    /// Where the damaged file is kept.
    pub aside: Result<&'a Path, &'a std::io::Error>,
}

impl ListsDamaged<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.lists().failed("read");
        let Self { path, lost, left, aside } = self;
        error!(
            path = %path.display(), lost, left, ?aside,
            "the lists that people fill by hand are damaged; what is whole is in force: add what is missing again, the \
             audit beside the file tells what that was"
        );
    }
}

/// A change of the lists could not be written.
#[derive(Clone, Copy, Debug)]
pub struct ListsFailed<'a> {
    /// What the system said.
    pub error: &'a std::io::Error,
}

impl ListsFailed<'_> {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.lists().failed("write");
        metrics.at_most_every("lists_failed", |suppressed| {
            error!(error = %self.error, suppressed, "the lists that people fill by hand cannot be written");
        });
    }
}

/// Phones in the lists have names of a key that is gone: nobody can recognise them.
#[derive(Clone, Copy, Debug)]
pub struct ListsForgotten {
    /// How many.
    pub phones: usize,
}

impl ListsForgotten {
    /// Logs and counts.
    pub fn emit(&self, metrics: &Metrics) {
        metrics.lists().failed("key");
        warn!(
            phones = self.phones,
            "phones in the lists were named under a key that is not in the key ring any more, so they are never met; add \
             the key again, or remove them and add them anew"
        );
    }
}
