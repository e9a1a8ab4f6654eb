//! An attempt's way through the cells: looked at before it is judged, counted after, charged when its message went out.

use super::Revision;
use crate::cells::{Attempt, Cells, Kinds, SendRef, Views};
use crate::decide::{self, Standing};
use crate::domain::{DecidedBy, Decision, Facts, Pass, Rung, Timestamp, Verdict};

/// An attempt's place in the cells and what they showed.
#[derive(Debug)]
pub(super) struct Stand {
    attempt: Attempt,
    standing: Standing,
    /// The rung at which it went through.
    rung: Rung,
    at: Timestamp,
}

impl Stand {
    /// Looks at the cells, rung by rung, until one is open. Counts nothing.
    pub(super) fn take(cells: &Cells, revision: &Revision, facts: &Facts, proven: Rung) -> Self {
        let attempt = cells.attempt(facts);
        let seen = || cells.page_seen(&facts.client.address, facts.at);
        let (prior, looks) = if revision.looks { decide::prior(facts, seen()) } else { Default::default() };
        let mut standing = Standing { trust: attempt.trust, prior, looks, ..Standing::default() };
        for rung in [Rung::None, Rung::Pow, Rung::Captcha] {
            let views = cells.look(&revision.kinds, &attempt, rung, facts.at);
            let open = rung >= proven && standing.is_open(rung, &views);
            standing.rungs[rung as usize] = Some(views);
            if open {
                break;
            }
        }
        Self { attempt, standing, rung: proven, at: facts.at }
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Counts the attempt as it was decided: what the limits or the endpoint's rules refused doesn't count.
    pub(super) fn count(&mut self, cells: &Cells, kinds: &Kinds, decision: &Decision, pass: Option<Pass>) {
        if decision.decided_by != DecidedBy::Engine {
            return;
        }
        if let Some(pass) = pass {
            cells.solved(kinds, pass.attempt, self.at);
        }
        let looked: Vec<Views> = self.standing.rungs.iter().flatten().copied().collect();
        cells.weigh(&mut self.attempt, &looked);
        // In monitor mode everything goes through unproven, so all evidence stands at the first rung.
        let through = decision.forwards().then_some(self.rung);
        cells.count(kinds, &self.attempt, pass.is_none(), through, self.at);
        let asked = match decision.verdict {
            Verdict::Challenge(kind) => kind.rung(),
            Verdict::Block | Verdict::Cooldown { .. } => Rung::Block,
            Verdict::Forward | Verdict::Reject => return,
        };
        cells.closed(kinds, decision.id, &self.attempt, asked, &looked, self.at);
    }

    /// The message went out.
    pub(super) fn sent(self, cells: &Cells, now: Timestamp) -> Option<SendRef> {
        cells.sent(&self.attempt, self.rung, now)
    }

    /// Nothing was sent.
    pub(super) fn give_back(self, cells: &Cells) {
        cells.give_back(&self.attempt, self.rung);
    }
}
