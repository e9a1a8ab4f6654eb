//! What a decision becomes where budgets are nearly or wholly used up: the last word, behind the ladder.

use super::{Policy, Standing, on_the_ladder};
use crate::budget::{self, Use};
use crate::domain::{DecidedBy, Decision, Facts, Reason, Rung, Timestamp, Verdict};

/// The rung that a stranger has to prove from the soft value on: one above what the ladder asks for. Never a refusal: that
/// is what the hard value is for.
pub fn rung_above(standing: &Standing) -> Rung {
    match standing.climb(Rung::None).rung {
        Rung::None => Rung::Pow,
        Rung::Pow | Rung::Captcha | Rung::Block => Rung::Captcha,
    }
}

/// Gives `decision`, which the ladder let pass, the budgets' answer. An attempt that has climbed passes the soft value.
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
            let rung = rung_above(standing);
            if decision.proven >= rung {
                return decision;
            }
            decision.verdict = on_the_ladder(policy, rung, standing, facts.at);
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
