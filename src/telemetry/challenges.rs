//! What is counted of challenges and passes.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::captchas::CaptchaCounters;
use crate::domain::ChallengeKind;

/// Challenges and passes, since the start of the process.
#[derive(Debug, Default)]
pub struct ChallengeCounters {
    issued: Family<Kind, Counter>,
    not_issued: Family<Code, Counter>,
    solved: Family<Kind, Counter>,
    unsolved: Family<Code, Counter>,
    burned: Counter,
    captchas: CaptchaCounters,
    refused: Family<Code, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Code {
    code: &'static str,
}

impl ChallengeCounters {
    pub(super) fn registered(registry: &mut Registry) -> Self {
        let counters = Self { captchas: CaptchaCounters::registered(registry), ..Self::default() };
        let Self { issued, not_issued, solved, unsolved, burned, refused, .. } = &counters;
        registry.register("challenges_issued", "Challenges that clients got to solve", issued.clone());
        let help = "Challenges that clients did not get: too many for one address, or for all";
        registry.register("challenges_not_issued", help, not_issued.clone());
        registry.register("challenges_solved", "Challenges that were solved and gave a pass", solved.clone());
        registry.register("solutions_refused", "Solutions that gave no pass", unsolved.clone());
        registry.register("passes_burned", "Passes that a send used up", burned.clone());
        registry.register("passes_refused", "Passes that did not count", refused.clone());
        counters
    }

    /// Those of captchas.
    pub fn captchas(&self) -> &CaptchaCounters {
        &self.captchas
    }

    /// A client got one.
    pub fn issued(&self, kind: ChallengeKind) {
        self.issued.get_or_create(&Kind { kind: kind.name() }).inc();
    }

    /// A client got none.
    pub fn not_issued(&self, code: &'static str) {
        self.not_issued.get_or_create(&Code { code }).inc();
    }

    /// One was solved.
    pub fn solved(&self, kind: ChallengeKind) {
        self.solved.get_or_create(&Kind { kind: kind.name() }).inc();
    }

    /// A solution was refused.
    pub fn unsolved(&self, code: &'static str) {
        self.unsolved.get_or_create(&Code { code }).inc();
    }

    /// A pass was used up.
    pub fn burned(&self) {
        self.burned.inc();
    }

    /// A pass did not count.
    pub fn pass_refused(&self, code: &'static str) {
        self.refused.get_or_create(&Code { code }).inc();
    }
}
