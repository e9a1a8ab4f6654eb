//! Challenges and refusals: what is asked of attempts, and whether anybody solves it.
//!
//! A refusal, and a challenge that nobody solves, says that abuse goes on where no send tells of it any more.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;

use super::aspects::variant;
use super::{Attempt, Cells, Kind, Kinds, Looked, View};
use crate::domain::{DecisionId, Rung, Span, Timestamp};

/// An attempt that hasn't come back by then has not solved its challenge.
const UNSOLVED: Span = Span::seconds(120);
/// What an unsolved challenge adds to the cells that asked for it, in nats. Some 3 % of real users don't solve an
/// invisible one, and no script does: it would be worth 3.
const UNSOLVED_SAYS: f32 = 0.5;
/// What a solved one takes back of that.
const SOLVED_SAYS: f32 = 0.05;
/// A cell has a part in closing a rung from this heat on.
const WARM: f32 = 0.4;
/// From this on a place that messages go to takes part in what looks alone close.
const STRANGE: f32 = 0.5;
/// What a refused attempt adds to the cells that refused it.
const REFUSED: f32 = 0.1;
/// The most that a cell is heated so, over its limit: enough to stay closed while it goes on. At 2 a range that thousands
/// of real users share stays closed for a day, and twice as many of them are asked, for no message less.
const HELD: f32 = 1.1;
/// The same of a place where hardly anybody verifies: a look that is surely real takes up to 0.2 off, so abuse that has such
/// looks comes back every few hours. Of a place where people do verify more of them would be asked, for no message less.
const HELD_DESERTED: f32 = 1.2;
/// How much more either says against the address that it came from, whichever cell asked. A bomber with a real browser leaves
/// one challenge after the other for its victims, and goes on to other numbers from the same addresses; of 140,000 real
/// attempts two came from an address that had left one within half an hour. At 2.5 (an unsolved one says 1.25: one in four
/// or five people gives up on a captcha) 2 to 8 % of such a bomber's messages go out; at 3 hardly less, and more real users
/// are asked behind the addresses of other attacks. They outweigh it by verifying.
const OF_ADDRESS: f32 = 2.5;
/// Challenges that are waited for at the same time.
const ASKED: usize = 65_536;

/// How far over its limit a cell is heated by what is stopped.
pub(super) const fn held(is_deserted: bool) -> f32 {
    if is_deserted { HELD_DESERTED } else { HELD }
}

/// A cell that closed a rung, or that of the address: kind, key, and the limit that it is held against.
type Closed = (Kind, u64, f32);

/// Challenges that nobody has answered yet, with the cells that asked for them.
#[derive(Debug, Default)]
pub(super) struct Asked {
    open: HashMap<DecisionId, Vec<Closed>, RandomState>,
    queue: VecDeque<(Timestamp, DecisionId)>,
}

impl Asked {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }
}

impl Cells {
    /// A challenge was asked for, or the attempt was refused, because of what `looked` shows at each rung. A refusal, and
    /// a challenge that nobody solves, says that abuse goes on: its hot cells get a little hotter, up to a bound, so
    /// they don't open while it does, and so does its address. A rung that was closed `by_look`, whatever the cells, heats
    /// no cell of people who verify: who is stopped so sends nothing there, and they would be asked for it.
    pub fn closed(
        &self,
        kinds: &Kinds,
        (decision, asked): (DecisionId, Rung),
        attempt: &Attempt,
        (looked, by_look): (&Looked, [bool; 3]),
        now: Timestamp,
    ) {
        let trust = attempt.trust;
        let rungs = [Rung::None, Rung::Pow, Rung::Captcha].into_iter().zip(looked.iter().flatten());
        let cells = rungs.take_while(|(rung, _)| *rung < asked).flat_map(|(rung, views)| {
            // The narrowest explains it; it is not to spread to all that it is part of.
            let takes_part = |view: &&View| !by_look[rung as usize] || view.novelty() >= STRANGE;
            let mut hot = views.iter().flatten().filter(takes_part);
            let hot = hot.find(|view| view.heat >= WARM && view.is_to_blame(rung));
            let hot = hot.map(|view| (view.kind, view.limit()));
            let is_address = hot.is_some_and(|(kind, _)| kind == Kind::Address);
            // What it left at proofs of work counts at the first rung by itself.
            let is_said = rung == Rung::None && asked > Rung::Pow;
            let address = (!is_address && !is_said).then(|| (Kind::Address, kinds.of(Kind::Address).limit));
            hot.into_iter().chain(address).filter_map(move |(kind, limit)| {
                let key = variant(attempt.aspects.key(kind)?, kind, trust, rung);
                Some((kind, key, limit))
            })
        });
        let cells: Vec<_> = cells.collect();
        if asked == Rung::Block {
            self.goes_on(kinds, &cells, REFUSED, now);
            return;
        }
        let mut open = self.asked.lock();
        if open.queue.len() < ASKED && !cells.is_empty() {
            open.queue.push_back((now + UNSOLVED, decision));
            open.open.insert(decision, cells);
        }
    }

    /// Heats cells, up to a little over the limit; never cools them.
    fn goes_on(&self, kinds: &Kinds, cells: &[Closed], by: f32, now: Timestamp) {
        for (kind, key, limit) in cells {
            let by = if *kind == Kind::Address { by * OF_ADDRESS } else { by };
            self.upsert(kinds, *kind, *key, now, |cell| {
                let most = limit * held(cell.is_deserted(*kind));
                for matured in &mut cell.matured {
                    *matured = (*matured + by).min(most.max(*matured));
                }
            });
        }
    }

    /// The challenge of this decision was solved: real people share its cells. Takes back what unsolved ones added.
    pub fn solved(&self, kinds: &Kinds, decision: DecisionId, now: Timestamp) {
        let cells = self.asked.lock().open.remove(&decision);
        for (kind, key, limit) in cells.into_iter().flatten() {
            self.change(kinds, kind, key, now, |cell| {
                for matured in &mut cell.matured {
                    *matured = (*matured - SOLVED_SAYS).max(limit.min(*matured));
                }
            });
        }
    }

    /// Challenges that nobody solved in time.
    pub(super) fn advance_asked(&self, kinds: &Kinds, now: Timestamp) {
        let mut asked = self.asked.lock();
        while let Some((at, decision)) = asked.queue.front().copied().filter(|(at, _)| *at <= now) {
            asked.queue.pop_front();
            if let Some(cells) = asked.open.remove(&decision) {
                self.goes_on(kinds, &cells, UNSOLVED_SAYS, at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Settings;
    use super::super::tests::{facts_of, look_at};
    use super::*;

    const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);

    #[test]
    fn an_address_that_leaves_challenges_unsolved_is_asked_for_other_phones_too_and_one_that_solves_them_is_not() {
        let (kinds, cells) = (Kinds::default(), Cells::new(&Settings::default(), 1));
        let [bomber, person] = [1, 2];
        let heat = |phone, address, now| {
            let attempt = cells.attempt(&facts_of(phone, address, now));
            let looked = [Rung::None, Rung::Pow].map(|rung| look_at(&cells, &kinds, &attempt, rung, now));
            looked.map(|views| views[Kind::Address as usize].unwrap().heat)
        };
        for (minute, victim) in (0_u64..4).zip(10..) {
            let now = START + Span::minutes(3 * minute);
            for address in [bomber, person] {
                let attempt = cells.attempt(&facts_of(victim, address, now));
                let look = |rung| Some(look_at(&cells, &kinds, &attempt, rung, now));
                let decision = DecisionId::new(now, 10 * victim + address);
                let looked = [look(Rung::None), look(Rung::Pow), None];
                cells.closed(&kinds, (decision, Rung::Captcha), &attempt, (&looked, [false; 3]), now);
                if address == person {
                    cells.solved(&kinds, decision, now + Span::seconds(20));
                }
            }
            cells.advance(&kinds, now + UNSOLVED);
        }
        let now = START + Span::minutes(12);
        let (bomber, person) = (heat(99, bomber, now), heat(99, person, now));
        assert!(bomber.into_iter().all(|heat| heat > 1.0), "{bomber:?}");
        assert!(bomber[1] <= HELD && bomber[0] <= 1.7 * HELD, "what it left at both counts at the first: {bomber:?}");
        assert!(person.into_iter().all(|heat| heat <= 0.0), "{person:?}");
    }

    #[test]
    fn who_is_stopped_for_a_look_alone_has_nobody_asked_where_people_verify() {
        let kinds = Kinds::default();
        for (what, verified, by_look, is_heated) in [
            ("by its look, where people verify", 30.0, true, false),
            ("by its look, where hardly anybody does", 3.0, true, true),
            ("by the range, where people verify", 30.0, false, true),
        ] {
            let cells = Cells::new(&Settings::default(), 1);
            let attempt = cells.attempt(&facts_of(1, 1, START));
            let mut views = cells.look(&kinds, &attempt, START);
            let range = views[Kind::Range as usize].as_mut().unwrap();
            (range.heat, range.evidence, range.sent, range.verified) = (0.5, 3.6, 40.0, verified);
            let looked = (&[Some(views), None, None], [by_look, false, false]);
            cells.closed(&kinds, (DecisionId::new(START, 1), Rung::Pow), &attempt, looked, START);
            let now = START + UNSOLVED;
            cells.advance(&kinds, now);
            let evidence = |kind| cells.look(&kinds, &attempt, now)[kind as usize].unwrap().evidence;
            assert_eq!(evidence(Kind::Range) > 0.0, is_heated, "{what}");
            assert!(evidence(Kind::Address) > 0.0, "{what}: its address is");
        }
    }
}
