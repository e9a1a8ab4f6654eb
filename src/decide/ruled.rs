//! What rules make of an attempt that limits let through, before the ladder is asked.

use super::{Circumstances, Policy, Standing, on_the_ladder};
use crate::domain::{DecidedBy, Facts, Reason, Rung, Verdict};
use crate::ruleset::{Action, Ending};

/// What a rule and the ladder come to together.
pub(super) struct Ruled {
    pub(super) verdict: Verdict,
    pub(super) decided_by: DecidedBy,
    /// The decisive first.
    pub(super) reasons: Vec<Reason>,
}

/// Whether a rule passes what the endpoint doesn't accept.
pub(super) fn allows(standing: Option<&Standing>) -> bool {
    standing.is_some_and(|standing| ending(standing).is_some_and(|ending| ending.action == Action::Allow))
}

/// The rules' last word, then the ladder's. `climbed` is where the ladder leaves the attempt.
pub(super) fn ruled(
    policy: &Policy,
    standing: &Standing,
    climbed: Rung,
    circumstances: &Circumstances<'_>,
    facts: &Facts,
) -> Ruled {
    let proven = circumstances.proven;
    let by_rule = |verdict, reason: &Reason| {
        let (decided_by, reasons) = (DecidedBy::Rule, vec![reason.clone()]);
        Ruled { verdict, decided_by, reasons }
    };
    let mut ruled = ladder(policy, standing, climbed, circumstances, facts);
    match ending(standing) {
        Some(Ending { action: Action::Allow, reason }) => by_rule(Verdict::Forward, reason),
        Some(Ending { action: Action::Block, reason }) => by_rule(Verdict::Block, reason),
        Some(Ending { action: Action::Cooldown(wait), reason }) => {
            by_rule(Verdict::Cooldown { until: facts.at + *wait }, reason)
        }
        Some(Ending { action: Action::SameAnswer(_), reason }) => by_rule(Verdict::Repeat, reason),
        Some(Ending { action: Action::Challenge(kind), reason }) if proven < kind.rung() => {
            if climbed <= kind.rung() {
                ruled.verdict = on_the_ladder(policy, kind.rung(), standing, facts.at);
                ruled.decided_by = DecidedBy::Rule;
                ruled.reasons.insert(0, reason.clone());
            } else {
                ruled.reasons.push(reason.clone());
            }
            ruled
        }
        Some(Ending {
            action: Action::Challenge(_) | Action::Weigh(_) | Action::Tag | Action::Divert(_) | Action::Alert,
            ..
        })
        | None => ruled,
    }
}

fn ladder(
    policy: &Policy,
    standing: &Standing,
    climbed: Rung,
    circumstances: &Circumstances<'_>,
    facts: &Facts,
) -> Ruled {
    let proven = circumstances.proven;
    let decided_by = DecidedBy::Engine;
    if climbed <= proven {
        return Ruled { verdict: Verdict::Forward, decided_by, reasons: Vec::new() };
    }
    let mut reasons = standing.reasons(proven..climbed, facts, circumstances.kinds);
    reasons.extend(standing.rules.weighed.iter().cloned());
    Ruled { verdict: on_the_ladder(policy, climbed, standing, facts.at), decided_by, reasons }
}

fn ending(standing: &Standing) -> Option<&Ending> {
    standing.rules.ending.as_ref()
}
