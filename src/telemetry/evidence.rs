//! What the evidence engine tells of itself at a scrape.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::{EvidenceStats, labels};

type Level = Gauge<f64, AtomicU64>;

/// The engine's metrics. Its table is one of the bounded tables.
#[derive(Debug, Default)]
pub(super) struct Evidence {
    sends: Gauge<u64, AtomicU64>,
    unsolved: Gauge<u64, AtomicU64>,
    conversion: Family<labels::Endpoint, Level>,
    lag: Family<labels::Endpoint, Level>,
    outage: Family<labels::OfCountry, Level>,
}

impl Evidence {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let evidence = Self::default();
        let Self { sends, unsolved, conversion, lag, outage } = &evidence;
        registry.register("evidence_sends", "Codes out whose outcome is still evidence", sends.clone());
        registry.register("open_challenges", "Challenges that nobody has solved yet", unsolved.clone());
        let help = "Share of real use that is verified, learned from clients that verified before; 0.8 until learned";
        registry.register("learned_conversion", help, conversion.clone());
        let help = "Median time of real use from code to verification, learned; 15 until learned";
        registry.register("learned_verify_seconds", help, lag.clone());
        let help = "Share of a country's verifications that are missing for everyone, 0 to 1: an outage, not abuse";
        registry.register("outage", help, outage.clone());
        evidence
    }

    pub(super) fn take_in(&self, stats: &EvidenceStats) {
        self.sends.set(stats.sends);
        self.unsolved.set(stats.unsolved);
        for learned in &stats.learned {
            let label = labels::Endpoint { endpoint: Arc::clone(&learned.endpoint) };
            self.conversion.get_or_create(&label).set(learned.conversion);
            self.lag.get_or_create(&label).set(learned.median_s);
        }
        // Countries that are gone from the list are well again as far as anybody knows. At most one a country code.
        self.outage.clear();
        for (country, missing) in &stats.outages {
            let label = labels::OfCountry { country: labels::Country(Some(*country)) };
            self.outage.get_or_create(&label).set(f64::from(*missing));
        }
    }
}
