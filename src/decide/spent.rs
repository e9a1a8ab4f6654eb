//! What a decision becomes where budgets are nearly or wholly used up: the last word, behind the ladder.

use super::{Policy, Standing, on_the_ladder};
use crate::budget::{self, Use};
use crate::domain::{DecidedBy, Decision, Facts, Reason, Rung, Timestamp, Verdict};

/// Whether an attempt passes the soft value: it has climbed, it stands on the allow list, or a rule allows it.
pub fn passes_soft(decision: &Decision, standing: &Standing) -> bool {
    matches!(decision.decided_by, DecidedBy::List | DecidedBy::Rule) || decision.proven >= rung_above(standing)
}

/// The rung that a stranger has to prove from the soft value on: one above what the ladder asks for. Never a refusal: that
/// is what the hard value is for.
fn rung_above(standing: &Standing) -> Rung {
    match standing.climb(Rung::None).rung {
        Rung::None => Rung::Pow,
        Rung::Pow | Rung::Captcha | Rung::Block => Rung::Captcha,
    }
}

/// Gives `decision`, which let the attempt pass, the budgets' answer.
pub fn after_budget(
    mut decision: Decision,
    answer: &budget::Answer,
    policy: &Policy,
    standing: &Standing,
    facts: &Facts,
) -> Decision {
    let (used, until) = match answer {
        budget::Answer::Free => return decision,
        budget::Answer::Soft(used) => {
            if passes_soft(&decision, standing) {
                return decision;
            }
            decision.verdict = on_the_ladder(policy, rung_above(standing), standing, facts.at);
            (used, None)
        }
        budget::Answer::Full(used, until) => {
            decision.verdict = Verdict::Cooldown { until: *until };
            (used, Some(*until))
        }
    };
    decision.decided_by = DecidedBy::Budget;
    decision.score = decision.score.max(50);
    decision.reasons.insert(0, reason(used, until));
    decision
}

fn reason(used: &Use, until: Option<Timestamp>) -> Reason {
    Reason::Budget { name: used.name.to_string().into(), used: used.used, max: used.max, bound: used.bound, until }
}
