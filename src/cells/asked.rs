//! Challenges and refusals: what is asked of attempts, and whether anybody solves it.
//!
//! A refusal, and a challenge that nobody solves, says that abuse goes on where no send tells of it any more.

use std::collections::{HashMap, VecDeque};

use super::aspects::variant;
use super::{Attempt, Cells, Kind, Kinds, Looked, lock};
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
/// What a refused attempt adds to the cells that refused it.
const REFUSED: f32 = 0.1;
/// The most that a cell is heated so, over its limit.
pub(super) const HELD: f32 = 2.0;
/// Challenges that are waited for at the same time.
const ASKED: usize = 65_536;

/// A cell that closed a rung: kind, key, and the limit that it was held against.
type Closed = (Kind, u64, f32);

/// Challenges that nobody has answered yet, with the cells that asked for them.
#[derive(Debug, Default)]
pub(super) struct Asked {
    open: HashMap<DecisionId, Vec<Closed>>,
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
    /// they don't open while it does.
    pub fn closed(
        &self,
        kinds: &Kinds,
        (decision, asked): (DecisionId, Rung),
        attempt: &Attempt,
        looked: &Looked,
        now: Timestamp,
    ) {
        let trust = attempt.trust;
        let rungs = [Rung::None, Rung::Pow, Rung::Captcha].into_iter().zip(looked.iter().flatten());
        let cells = rungs.take_while(|(rung, _)| *rung < asked).flat_map(|(rung, views)| {
            // The narrowest explains it; it is not to spread to all that it is part of.
            let hot = views.iter().flatten().find(|view| view.heat >= WARM && view.is_to_blame());
            hot.into_iter().filter_map(move |view| {
                let key = variant(attempt.aspects.key(view.kind)?, view.kind, trust, rung);
                Some((view.kind, key, view.evidence / view.heat))
            })
        });
        let cells: Vec<_> = cells.collect();
        if asked == Rung::Block {
            self.goes_on(kinds, &cells, REFUSED, now);
            return;
        }
        let mut open = lock(&self.asked);
        if open.queue.len() < ASKED && !cells.is_empty() {
            open.queue.push_back((now + UNSOLVED, decision));
            open.open.insert(decision, cells);
        }
    }

    /// Heats cells whose closed rungs are met again, up to twice the limit; never cools them.
    fn goes_on(&self, kinds: &Kinds, cells: &[Closed], by: f32, now: Timestamp) {
        for (kind, key, limit) in cells {
            self.change(kinds, *kind, *key, now, |cell| {
                for matured in &mut cell.matured {
                    *matured = (*matured + by).min((limit * HELD).max(*matured));
                }
            });
        }
    }

    /// The challenge of this decision was solved: real people share its cells. Takes back what unsolved ones added.
    pub fn solved(&self, kinds: &Kinds, decision: DecisionId, now: Timestamp) {
        let cells = lock(&self.asked).open.remove(&decision);
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
        let mut asked = lock(&self.asked);
        while let Some((at, decision)) = asked.queue.front().copied().filter(|(at, _)| *at <= now) {
            asked.queue.pop_front();
            if let Some(cells) = asked.open.remove(&decision) {
                self.goes_on(kinds, &cells, UNSOLVED_SAYS, at);
            }
        }
    }
}
