//! The last decisions, in memory: for the admin address and `explain --decision`, also where no log is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dashmap::DashMap;
use foldhash::fast::RandomState;
use parking_lot::{Mutex, MutexGuard};
use serde::{Serialize, Serializer};

use super::Record;
use crate::domain::{Decision, DecisionId, Facts};

/// Later records kept with one decision; a carrier that reports the same message for ever is not listened to.
const MAX_BECAME: usize = 8;

/// A decision and what became of it so far.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What was decided.
    pub decision: Arc<Decision>,
    /// About what.
    pub facts: Arc<Facts>,
    /// Whether it was about a try of a code, not about a request for one.
    pub is_try: bool,
    /// The upstream's answer, and what became of the code.
    pub became: Vec<Record>,
}

impl Entry {
    /// The record of the decision.
    pub fn record(&self) -> Record {
        let (decision, facts) = (Arc::clone(&self.decision), Arc::clone(&self.facts));
        if self.is_try { Record::Try(decision, facts) } else { Record::Decision(decision, facts) }
    }
}

impl Serialize for Entry {
    /// The decision's line of the log, with the later lines as the field `became`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            record: Record,
            became: &'a [Record],
        }
        Line { record: self.record(), became: &self.became }.serialize(serializer)
    }
}

/// A ring of the last decisions: one more pushes out the oldest.
///
/// Each place has a lock of its own, so that decisions wait for no other's memory.
#[derive(Debug)]
pub struct Recent {
    /// The number of the next decision; it goes to the place of that number modulo how many there are.
    next: AtomicU64,
    places: Box<[Mutex<Option<Numbered>>]>,
    numbers: DashMap<DecisionId, u64, RandomState>,
}

#[derive(Debug)]
struct Numbered {
    number: u64,
    /// The decision's, here so that the one that goes needn't be read.
    id: DecisionId,
    entry: Entry,
}

impl Recent {
    /// Keeps the last `capacity` decisions, some 1 to 2 KiB each.
    pub fn new(capacity: usize) -> Self {
        let places = std::iter::repeat_with(Mutex::default).take(capacity.max(1)).collect();
        Self { next: AtomicU64::new(0), places, numbers: DashMap::default() }
    }

    /// Takes in what happened. What belongs to no decision in the ring is left out.
    pub fn record(&self, record: &Record) {
        match record {
            Record::Decision(decision, facts) => self.push(decision, facts, false),
            Record::Try(decision, facts) => self.push(decision, facts, true),
            Record::Answer(_) | Record::Outcome(..) => {
                self.with(record.decision(), |entry| {
                    if entry.became.len() < MAX_BECAME {
                        entry.became.push(record.clone());
                    }
                });
            }
        }
    }

    fn push(&self, decision: &Arc<Decision>, facts: &Arc<Facts>, is_try: bool) {
        let (number, id) = (self.next.fetch_add(1, Ordering::Relaxed), decision.id);
        let (decision, facts) = (Arc::clone(decision), Arc::clone(facts));
        let entry = Entry { decision, facts, is_try, became: Vec::new() };
        self.numbers.insert(id, number);
        let before = {
            let mut place = self.place(number);
            // Who was overtaken by a whole round has nothing to say any more.
            let is_late = place.as_ref().is_some_and(|other| other.number > number);
            let new = Some(Numbered { number, id, entry });
            if is_late { new } else { std::mem::replace(&mut *place, new) }
        };
        if let Some(before) = before {
            self.numbers.remove_if(&before.id, |_, number| *number == before.number);
        }
    }

    /// The decision of that name, while it is in the ring.
    pub fn find(&self, id: DecisionId) -> Option<Entry> {
        self.with(id, |entry| entry.clone())
    }

    /// The newest entries for which `wanted` holds, newest first, at most `limit`.
    pub fn newest(&self, limit: usize, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let next = self.next.load(Ordering::Relaxed);
        let numbers = (next.saturating_sub(self.places.len() as u64)..next).rev();
        let entries = numbers.filter_map(|number| {
            let place = self.place(number);
            place.as_ref().filter(|held| held.number == number && wanted(&held.entry)).map(|held| held.entry.clone())
        });
        entries.take(limit).collect()
    }

    fn with<T>(&self, id: DecisionId, act: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let number = *self.numbers.get(&id)?;
        self.place(number).as_mut().filter(|held| held.id == id).map(|held| act(&mut held.entry))
    }

    #[expect(clippy::cast_possible_truncation, reason = "less than the number of places")]
    fn place(&self, number: u64) -> MutexGuard<'_, Option<Numbered>> {
        let place = (number % self.places.len() as u64) as usize;
        self.places[place].lock()
    }
}
