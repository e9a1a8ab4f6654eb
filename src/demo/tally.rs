//! What the demo knows and sendwall doesn't: which requests came from people and which from the bomber.
//!
//! Must not know: how the requests were made, or how the counts are shown.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;

use crate::domain::DecisionId;

/// Decisions whose author is remembered; the oldest is forgotten first.
const MAX_DECISIONS: usize = 4096;

/// Who made a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A simulated person.
    Person,
    /// The simulated bomber.
    Bomber,
    /// None of the two: somebody at the page.
    You,
}

impl Who {
    /// As the screen shows it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Bomber => "BOMBER",
            Self::You => "you",
        }
    }
}

/// What became of the requests of one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Side {
    /// Requests for a code.
    pub asked: u64,
    /// Those that reached the app.
    pub passed: u64,
    /// Those that sendwall kept from it: refused, told to wait, or asked for a proof that never came.
    pub stopped: u64,
    /// Codes that were typed in.
    pub verified: u64,
}

/// Counts by side, and who made which decision's request.
#[derive(Debug, Default)]
pub(super) struct Tally {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    people: Side,
    bomber: Side,
    makers: HashMap<DecisionId, Who>,
    order: VecDeque<DecisionId>,
}

impl Inner {
    fn side(&mut self, who: Who) -> Option<&mut Side> {
        match who {
            Who::Person => Some(&mut self.people),
            Who::Bomber => Some(&mut self.bomber),
            Who::You => None,
        }
    }
}

impl Tally {
    /// `who` asked for a code, and got it or didn't.
    pub(super) fn asked(&self, who: Who, passed: bool) {
        if let Some(side) = self.inner.lock().side(who) {
            side.asked += 1;
            *(if passed { &mut side.passed } else { &mut side.stopped }) += 1;
        }
    }

    /// `decision` is what sendwall calls its decision about a request of `who`.
    pub(super) fn claim(&self, who: Who, decision: Option<DecisionId>) {
        let mut inner = self.inner.lock();
        let Some(decision) = decision.filter(|decision| !inner.makers.contains_key(decision)) else { return };
        if inner.order.len() == MAX_DECISIONS
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.makers.remove(&oldest);
        }
        inner.order.push_back(decision);
        inner.makers.insert(decision, who);
    }

    /// `who` typed the right code.
    pub(super) fn verified(&self, who: Who) {
        if let Some(side) = self.inner.lock().side(who) {
            side.verified += 1;
        }
    }

    /// Who made the request of a decision; `None` while its answer is under way, and for requests of others.
    pub(super) fn maker(&self, decision: DecisionId) -> Option<Who> {
        self.inner.lock().makers.get(&decision).copied()
    }

    /// People and bomber.
    pub(super) fn sides(&self) -> (Side, Side) {
        let inner = self.inner.lock();
        (inner.people, inner.bomber)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn makers_are_remembered_up_to_a_bound() {
        let tally = Tally::default();
        let id = |n: usize| DecisionId::new(Timestamp::from_unix_ms(1), u64::try_from(n).unwrap());
        for n in 0..=MAX_DECISIONS {
            tally.asked(Who::Bomber, n == 0);
            tally.claim(Who::Bomber, Some(id(n)));
        }
        assert_eq!((tally.maker(id(0)), tally.maker(id(1))), (None, Some(Who::Bomber)));
        let asked = MAX_DECISIONS as u64 + 1;
        assert_eq!(tally.sides(), (Side::default(), Side { asked, passed: 1, stopped: asked - 1, verified: 0 }));
    }
}
