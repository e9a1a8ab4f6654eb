//! What is counted of models: what they ask for, where a watched one differs, and how far what they meet has drifted.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

type Count = Counter<u64>;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Asks {
    model: &'static str,
    asks: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Differs {
    shadow: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Feature {
    feature: &'static str,
}

/// The models' metrics. Every attempt is counted, so counters are found once.
#[derive(Debug)]
pub struct LookCounters {
    active: [Count; 2],
    shadow: [Count; 2],
    /// The shadow asks less, and more.
    differs: [Count; 2],
    drift: Family<Feature, Gauge<f64, AtomicU64>>,
}

impl LookCounters {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let asks = Family::<Asks, Count>::default();
        let differs = Family::<Differs, Count>::default();
        let drift = Family::<Feature, Gauge<f64, AtomicU64>>::default();
        let help = "Attempts that a model was asked about, by whether their look alone asks for a proof";
        registry.register("model_attempts", help, asks.clone());
        let help = "Attempts whose look alone asks for a proof by one of the two models and not by the other";
        registry.register("model_differs", help, differs.clone());
        let help = "Population stability of a feature against the model's training, over the last full window; 0.25 is a large shift";
        registry.register("model_drift", help, drift.clone());
        let of = |model| ["nothing", "proof"].map(|asked| asks.get_or_create_owned(&Asks { model, asks: asked }));
        let differs = ["asks_less", "asks_more"].map(|shadow| differs.get_or_create_owned(&Differs { shadow }));
        Self { active: of("active"), shadow: of("shadow"), differs, drift }
    }

    /// An attempt was looked at by these models, as far as there are any.
    pub fn looked(&self, active: Option<f32>, shadow: Option<f32>) {
        let asks = |prior: f32| usize::from(prior >= 1.0);
        for (counts, prior) in [(&self.active, active), (&self.shadow, shadow)] {
            if let Some(prior) = prior {
                counts[asks(prior)].inc();
            }
        }
        if let (Some(active), Some(shadow)) = (active, shadow)
            && asks(active) != asks(shadow)
        {
            self.differs[asks(shadow)].inc();
        }
    }

    pub(super) fn drifted(&self, features: &[(&'static str, f32)]) {
        self.drift.clear();
        for (feature, index) in features {
            self.drift.get_or_create(&Feature { feature }).set(f64::from(*index));
        }
    }
}
