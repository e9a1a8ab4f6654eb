//! An attempt's way through the cells: looked at before it is judged, counted after, charged when its message went out.

use super::Revision;
use super::look::{Looks, MadeOf};
use crate::cells::{Attempt, Cells, Kinds, SendRef, Volume};
use crate::decide::Standing;
use crate::domain::{DecidedBy, Decision, Facts, PageCode, Pass, Rung, Timestamp, Verdict};
use crate::ruleset::Spoken;

/// An attempt's place in the cells and what they showed.
#[derive(Debug)]
pub(super) struct Stand {
    attempt: Attempt,
    standing: Standing,
    /// What was proven.
    rung: Rung,
    at: Timestamp,
    /// What its look was made of.
    made_of: MadeOf,
}

/// An attempt that was counted: one that goes to the upstream is an open send until it is settled or given back.
#[derive(Debug)]
pub(super) struct Counted {
    attempt: Attempt,
    /// The rung at which it went through.
    rung: Rung,
}

impl Stand {
    /// Looks at the cells, rung by rung, until one is open. Counts nothing.
    pub(super) fn take(cells: &Cells, revision: &Revision, facts: &Facts, brought: (Rung, Option<PageCode>)) -> Self {
        let (proven, page) = brought;
        let attempt = cells.attempt(facts);
        let standing = Standing { trust: attempt.trust, page_seen: attempt.page_seen, ..Standing::default() };
        let mut stand = Self { attempt, standing, rung: proven, at: facts.at, made_of: MadeOf::default() };
        let Self { attempt, standing, made_of, .. } = &mut stand;
        let first = standing.rungs[0].insert(cells.look(&revision.kinds, attempt, facts.at));
        let looks = Looks::of(cells, revision, (facts, page), (attempt, first));
        (standing.prior, standing.looks, *made_of) = (looks.prior, looks.words, looks.made_of);
        (standing.looks_right, standing.known) = (looks.is_right, looks.known);
        stand.look_until_open(cells, &revision.kinds);
        stand
    }

    /// Looks at the cells, rung by rung, until one is open that isn't below what was proven.
    fn look_until_open(&mut self, cells: &Cells, kinds: &Kinds) {
        for rung in [Rung::None, Rung::Pow, Rung::Captcha] {
            self.look(rung, cells, kinds);
            if rung >= self.rung && self.standing.is_open(rung) {
                break;
            }
        }
    }

    /// Looks at a rung above the first, unless that was done.
    fn look(&mut self, rung: Rung, cells: &Cells, kinds: &Kinds) {
        let [Some(first), above @ ..] = &mut self.standing.rungs else { return };
        if let Some(above) = (rung as usize).checked_sub(1).and_then(|place| above.get_mut(place)) {
            above.get_or_insert_with(|| cells.look_at(kinds, &self.attempt, first, rung, self.at));
        }
    }

    /// Looks at every rung, however many are open: to show them.
    pub(super) fn look_further(&mut self, cells: &Cells, revision: &Revision) {
        for rung in [Rung::None, Rung::Pow, Rung::Captcha] {
            self.look(rung, cells, &revision.kinds);
        }
    }

    /// The rules had their say: what they weigh may close rungs that were open, so the next ones are looked at.
    pub(super) fn hear(&mut self, spoken: Spoken, cells: &Cells, kinds: &Kinds) {
        let weighs = spoken.weight != 0.0;
        self.standing.rules = spoken;
        if weighs {
            self.look_until_open(cells, kinds);
        }
    }

    pub(super) fn standing(&self) -> &Standing {
        &self.standing
    }

    /// What its look was made of.
    pub(super) const fn made_of(&self) -> &MadeOf {
        &self.made_of
    }

    pub(super) const fn proven(&self) -> Rung {
        self.rung
    }

    pub(super) fn into_standing(self) -> Standing {
        self.standing
    }

    /// Counts the attempt as it was decided. What the limits or the endpoint's rules keep from the app doesn't count. In
    /// monitor mode all of it goes to the app, unproven, so all of it is evidence at the first rung; and nobody was asked
    /// for anything, so no challenge is left unsolved.
    pub(super) fn count(
        &mut self,
        cells: &Cells,
        kinds: &Kinds,
        decision: &Decision,
        pass: Option<Pass>,
    ) -> Option<Counted> {
        if let Some(pass) = pass {
            cells.solved(kinds, pass.attempt, self.at);
        }
        let forwards = decision.forwards();
        if decision.decided_by != DecidedBy::Engine && !forwards {
            return None;
        }
        let looked = &self.standing.rungs;
        cells.weigh(&mut self.attempt, looked, self.standing.known);
        let volume = match (pass, self.standing.prior) {
            (Some(_), _) => Volume::None,
            (None, prior) if prior >= 1.0 && !forwards => Volume::KeptOut { doubt: self.made_of.doubt() },
            (None, _) => Volume::Whole,
        };
        cells.count(kinds, &self.attempt, volume, forwards.then_some(self.rung), self.at);
        if forwards {
            return Some(Counted { attempt: self.attempt, rung: self.rung });
        }
        let asked = match decision.verdict {
            Verdict::Challenge(kind) => kind.rung(),
            Verdict::Block | Verdict::Cooldown { .. } | Verdict::Forward | Verdict::Reject | Verdict::Repeat => {
                Rung::Block
            }
        };
        cells.closed(kinds, (decision.id, asked), &self.attempt, (looked, self.standing.closed_by_look()), self.at);
        None
    }
}

impl Counted {
    /// The message went out.
    pub(super) fn sent(self, cells: &Cells, kinds: &Kinds, now: Timestamp) -> Option<SendRef> {
        cells.sent(kinds, &self.attempt, self.rung, now)
    }

    /// Nothing was sent.
    pub(super) fn give_back(self, cells: &Cells) {
        cells.give_back(&self.attempt, self.rung);
    }
}
