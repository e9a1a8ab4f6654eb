//! The last decisions, in memory: for the admin address and `explain --decision`, also where no log is written.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use foldhash::fast::RandomState;
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
#[derive(Debug)]
pub struct Recent {
    capacity: usize,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    entries: VecDeque<Entry>,
    /// Number of the entry at the front; entries are numbered from 0 for the life of the process.
    first: u64,
    numbers: HashMap<DecisionId, u64, RandomState>,
}

impl Recent {
    /// Keeps the last `capacity` decisions, some 1 to 2 KiB each.
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), ring: Mutex::default() }
    }

    /// Takes in what happened. What belongs to no decision in the ring is left out.
    pub fn record(&self, record: &Record) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = match record {
            Record::Decision(decision, facts) => ring.push(self.capacity, decision, facts, false),
            Record::Try(decision, facts) => ring.push(self.capacity, decision, facts, true),
            Record::Answer(_) | Record::Outcome(..) => {
                if let Some(entry) = ring.entry(record.decision())
                    && entry.became.len() < MAX_BECAME
                {
                    entry.became.push(record.clone());
                }
                None
            }
        };
        // Others needn't wait until its memory is given back.
        drop(ring);
        drop(oldest);
    }

    /// The decision of that name, while it is in the ring.
    pub fn find(&self, id: DecisionId) -> Option<Entry> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).entry(id).cloned()
    }

    /// The newest entries for which `wanted` holds, newest first, at most `limit`.
    pub fn newest(&self, limit: usize, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.entries.iter().rev().filter(|entry| wanted(entry)).take(limit).cloned().collect()
    }
}

impl Ring {
    /// Adds an entry, and gives the one that had to go.
    fn push(&mut self, capacity: usize, decision: &Arc<Decision>, facts: &Arc<Facts>, is_try: bool) -> Option<Entry> {
        let is_full = self.entries.len() >= capacity;
        let oldest = is_full.then(|| self.entries.pop_front()).flatten();
        if let Some(oldest) = &oldest {
            self.numbers.remove(&oldest.decision.id);
            self.first += 1;
        }
        self.numbers.insert(decision.id, self.first + self.entries.len() as u64);
        let (decision, facts) = (Arc::clone(decision), Arc::clone(facts));
        self.entries.push_back(Entry { decision, facts, is_try, became: Vec::new() });
        oldest
    }

    fn entry(&mut self, id: DecisionId) -> Option<&mut Entry> {
        let index = self.numbers.get(&id)?.checked_sub(self.first)?;
        self.entries.get_mut(usize::try_from(index).ok()?)
    }
}
