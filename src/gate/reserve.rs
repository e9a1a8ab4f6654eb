//! Counting an attempt before it is judged, so that a parallel burst cannot all see zero; and giving back what
//! became of nothing.

use std::sync::Arc;

use super::{Revision, keys};
use crate::decide::Reading;
use crate::domain::{Decision, Facts, Timestamp, Verdict};
use crate::limits::{Answer, Handle, On};

/// What an attempt holds in the limits' tables. Dropped without [`commit`](Self::commit), all of it goes back.
#[derive(Debug)]
pub(super) struct Reservations {
    /// Whose limits they are.
    revision: Arc<Revision>,
    at: Timestamp,
    readings: Vec<Reading>,
    held: Vec<Held>,
}

#[derive(Debug)]
struct Held {
    /// The limit's place in the revision: a handle of its own would be two counts of references that all threads change.
    limit: usize,
    key: u64,
    item: Option<u64>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Counted; goes back unless it is committed.
    Reserved,
    /// The limit had no room. Counted once the attempt became a send all the same (monitor mode).
    Full,
    /// Counted for good, or not to be counted at all.
    Done,
}

impl Reservations {
    /// Asks every limit that applies to the attempt, and holds a place in each that has room.
    pub(super) fn reserve(revision: &Arc<Revision>, on: On, facts: &Facts) -> Self {
        let handles = revision.limits.handles();
        let (readings, held) = (Vec::with_capacity(handles.len()), Vec::with_capacity(handles.len()));
        let mut reserved = Self { revision: Arc::clone(revision), at: facts.at, readings, held };
        for (index, handle) in handles.iter().enumerate() {
            let limit = handle.limit();
            if !limit.applies(on, facts) {
                continue;
            }
            let Some((key, item)) = keys::place(limit, facts) else { continue };
            let answer = handle.reserve(key, item, facts.at);
            let state = match answer {
                Answer::Free { .. } => State::Reserved,
                Answer::Full { .. } => State::Full,
                Answer::Untracked { .. } => State::Done,
            };
            reserved.readings.push(Reading { limit: Arc::clone(limit), answer });
            reserved.held.push(Held { limit: index, key, item, state });
        }
        reserved
    }

    /// What every limit that applies would answer; holds nothing.
    pub(super) fn peek(revision: &Revision, on: On, facts: &Facts) -> Vec<Reading> {
        let applicable = revision.limits.handles().iter().filter(|handle| handle.limit().applies(on, facts));
        let reading = |handle: &Handle| {
            let limit = handle.limit();
            let (key, item) = keys::place(limit, facts)?;
            let answer = handle.peek(key, item, facts.at);
            Some(Reading { limit: Arc::clone(limit), answer })
        };
        applicable.filter_map(reading).collect()
    }

    /// Whose limits they are.
    pub(super) fn revision(&self) -> &Revision {
        &self.revision
    }

    /// What the limits answered.
    pub(super) fn readings(&self) -> &[Reading] {
        &self.readings
    }

    /// The attempt was judged. If it is refused, limits that count refused attempts keep it, the others give it back.
    /// Who is asked for a proof is not refused: the same attempt comes again with it, and counts then.
    pub(super) fn after(mut self, decision: &Decision) -> Self {
        if decision.forwards() {
            return self;
        }
        let refused = !matches!(decision.verdict, Verdict::Challenge(_));
        for (held, reading) in self.held.iter_mut().zip(&self.readings) {
            // What found no room among different items isn't kept: as one of them it would pass the next time.
            let is_new_item = held.state == State::Full && reading.limit.distinct.is_some();
            if refused && reading.limit.count_rejected && !is_new_item {
                held.count(&self.revision, self.at);
            }
        }
        self.release();
        self
    }

    /// The attempt became what the limits count: a send, or a wrong try.
    pub(super) fn commit(&mut self) {
        self.held.iter_mut().for_each(|held| held.count(&self.revision, self.at));
    }

    fn release(&mut self) {
        self.held.iter_mut().for_each(|held| held.release(&self.revision, self.at));
    }
}

impl Held {
    fn handle<'a>(&self, revision: &'a Revision) -> &'a Handle {
        &revision.limits.handles()[self.limit]
    }

    /// Counts for good.
    fn count(&mut self, revision: &Revision, at: Timestamp) {
        if self.state == State::Full {
            self.handle(revision).record(self.key, self.item, at);
        }
        self.state = State::Done;
    }

    fn release(&mut self, revision: &Revision, at: Timestamp) {
        if self.state == State::Reserved {
            self.handle(revision).release(self.key, self.item, at);
        }
        self.state = State::Done;
    }
}

impl Drop for Reservations {
    fn drop(&mut self) {
        self.release();
    }
}
