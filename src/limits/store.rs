//! The counters of all limits, and the handles by which a revision uses them.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use parking_lot::Mutex;

use super::error::Error;
use super::limit::{KeyPart, Limit, On, WhenFull};
use super::room::Rule;
use super::shape::{Shape, Window};
use super::table::{MIN_ENTRIES, Table, entry_bytes};
use crate::domain::{Span, Timestamp};

const MAX: u32 = 16_000_000;
const MAX_DISTINCT: u32 = 1024;
/// Lengths of a window.
pub(super) const PER: RangeInclusive<Span> = Span::millis(1)..=Span::hours(400 * 24);
/// Times are kept in 48 bits; what is later counts as this (the year 6429).
const LATEST_MS: u64 = 1 << 47;

/// The counters of all limits. They outlive a revision: a limit that is still there after a reload keeps its own, as
/// long as it counts the same by the same key; one that is switched off, or has `max = 0`, has none.
#[derive(Debug)]
pub struct Store {
    memory_bytes: usize,
    pub(super) tables: Mutex<Tables>,
}

/// Every limit's table, with what the limit asks of it at present.
pub(super) type Tables = HashMap<Identity, (Arc<Table>, Rule)>;

/// What makes a limit the same limit after a reload or a restart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) name: Arc<str>,
    pub(super) on: On,
    pub(super) key: Vec<KeyPart>,
    pub(super) distinct: Option<KeyPart>,
}

/// The limits of one revision, in the order of the configuration.
#[derive(Clone, Debug, Default)]
pub struct Set {
    handles: Vec<Handle>,
}

/// One limit with its counters. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    limit: Arc<Limit>,
    rule: Rule,
    /// `None` for `max = 0`: there is nothing to count.
    table: Option<Arc<Table>>,
}

/// What a limit says to one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// There was room.
    Free {
        /// How many the window holds, this attempt included.
        count: u32,
    },
    /// There is none.
    Full {
        /// How many the window holds; where times are kept, at most the maximum.
        count: u32,
        /// The first moment at which the same attempt would pass, window and wait together. Under `max = 0` there is
        /// none; then it is one window from now.
        until: Timestamp,
    },
    /// The table has no place for this key: all that it could replace are refusing at present.
    Untracked {
        /// Whether the limit is set to refuse then.
        refused: bool,
    },
}

impl Store {
    /// With a budget for all tables together. Memory is taken as entries are used, never more than the budget (for
    /// the moment of a reload: with what the old revision's requests under way still hold).
    pub fn new(memory_bytes: usize) -> Self {
        Self { memory_bytes, tables: Mutex::default() }
    }

    /// Whether [`Store::prepare`] would take these limits. Gives how many entries each would have, and takes no memory.
    pub fn check(&self, limits: &[Arc<Limit>]) -> Result<usize, Error> {
        check(limits)?;
        let counted = || limits.iter().filter(|limit| limit.max > 0);
        let together: usize = counted().map(|limit| entry_bytes(Shape::of(limit))).sum();
        let entries = self.memory_bytes.checked_div(together).unwrap_or_default();
        if together > 0 && entries < MIN_ENTRIES {
            let needed_bytes = MIN_ENTRIES * together;
            return Err(Error::Memory { memory_bytes: self.memory_bytes, needed_bytes });
        }
        Ok(entries)
    }

    /// Makes the limits of a revision ready, with an equal number of entries each. Call it when nothing else can fail
    /// any more: where `max`, `per` or the number of limits changed, counters are laid out anew at once (also for the old
    /// revision, which goes on counting in them).
    pub fn prepare(&self, limits: &[Arc<Limit>]) -> Result<Set, Error> {
        let entries = self.check(limits)?;
        let mut tables = self.tables.lock();
        let mut kept = HashMap::new();
        let mut handles = Vec::with_capacity(limits.len());
        for limit in limits {
            let rule = Rule::of(limit);
            let table = (limit.max > 0).then(|| {
                let identity = Identity::of(limit);
                let table = match tables.get(&identity) {
                    Some((table, _)) => {
                        table.reshape(Shape::of(limit), entries, rule);
                        Arc::clone(table)
                    }
                    None => Arc::new(Table::new(Shape::of(limit), entries)),
                };
                kept.insert(identity, (Arc::clone(&table), rule));
                table
            });
            handles.push(Handle { limit: Arc::clone(limit), rule, table });
        }
        *tables = kept;
        Ok(Set { handles })
    }
}

impl Set {
    /// The limits, in the order of the configuration.
    pub fn handles(&self) -> &[Handle] {
        &self.handles
    }
}

impl Handle {
    /// The limit.
    pub fn limit(&self) -> &Arc<Limit> {
        &self.limit
    }

    /// Counts an attempt if there is room for it. `key` is [`mix`](super::mix) of the limit's key parts; `item` is
    /// what a distinct count tells apart, and ignored by others.
    pub fn reserve(&self, key: u64, item: Option<u64>, now: Timestamp) -> Answer {
        let Some(table) = &self.table else { return self.never(now) };
        let now_ms = within(now);
        let answer = table.with_new(key, self.rule, now_ms, |window| {
            let answer = self.asked(window, item, now_ms);
            if matches!(answer, Answer::Free { .. }) {
                window.add(item, now_ms);
            }
            answer
        });
        answer.unwrap_or_else(|| self.untracked_answer())
    }

    /// Gives back what `reserve` or `record` counted at `at`, to the millisecond: it came to nothing. A distinct item
    /// that was in the window before stays, since its place there is not this attempt's.
    pub fn release(&self, key: u64, item: Option<u64>, at: Timestamp) {
        if let Some(table) = &self.table {
            table.with(key, |window| window.release(item, within(at)));
        }
    }

    /// Counts an attempt also where there is no room: for `count_rejected` and for monitor mode.
    pub fn record(&self, key: u64, item: Option<u64>, at: Timestamp) {
        if let Some(table) = &self.table {
            let at_ms = within(at);
            table.with_new(key, self.rule, at_ms, |window| window.add(item, at_ms));
        }
    }

    /// What `reserve` would answer. Counts nothing.
    pub fn peek(&self, key: u64, item: Option<u64>, now: Timestamp) -> Answer {
        let Some(table) = &self.table else { return self.never(now) };
        let now_ms = within(now);
        match table.look(key, |window| self.asked(window, item, now_ms)) {
            Some(answer) => answer,
            None if table.has_place(key, self.rule, now_ms) => Answer::Free { count: 1 },
            None => self.untracked_answer(),
        }
    }

    /// Entries in use, expired ones that nothing replaced yet included.
    pub fn len(&self) -> usize {
        self.table.as_ref().map_or(0, |table| table.len())
    }

    /// Whether no entry is in use.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Entries that there is room for.
    pub fn capacity(&self) -> usize {
        self.table.as_ref().map_or(0, |table| table.capacity())
    }

    /// Size of the table. Memory that was never written to is not taken from the system.
    pub fn bytes(&self) -> usize {
        self.table.as_ref().map_or(0, |table| table.bytes())
    }

    /// Entries that still counted something and made room for others, since the start.
    pub fn evicted(&self) -> u64 {
        self.table.as_ref().map_or(0, |table| table.evicted())
    }

    /// Attempts that found no place in the table, since the start.
    pub fn untracked(&self) -> u64 {
        self.table.as_ref().map_or(0, |table| table.untracked())
    }

    fn asked(&self, window: &Window<'_>, item: Option<u64>, now_ms: u64) -> Answer {
        let Some(until_ms) = window.full_until(self.rule, item, now_ms) else {
            return Answer::Free { count: window.count_with(item, now_ms) };
        };
        // Where this refusal will count too, who comes back at the end of the window without it is refused again.
        let counts = self.limit.count_rejected && self.limit.distinct.is_none();
        let until_ms = if counts { window.full_until_after_one_more(self.rule, now_ms) } else { until_ms };
        Answer::Full { count: window.held(now_ms).count, until: Timestamp::from_unix_ms(until_ms) }
    }

    fn never(&self, now: Timestamp) -> Answer {
        Answer::Full { count: 0, until: now + self.limit.per }
    }

    fn untracked_answer(&self) -> Answer {
        Answer::Untracked { refused: self.limit.when_full == WhenFull::Refuse }
    }
}

impl Rule {
    fn of(limit: &Limit) -> Self {
        Self {
            max: limit.max,
            per_ms: limit.per.as_millis(),
            wait_ms: limit.growing_wait.unwrap_or_default().as_millis(),
        }
    }
}

impl Identity {
    fn of(limit: &Limit) -> Self {
        let Limit { name, on, key, distinct, .. } = limit;
        Self { name: Arc::clone(name), on: *on, key: key.clone(), distinct: *distinct }
    }
}

pub(super) fn within(at: Timestamp) -> u64 {
    at.unix_ms().min(LATEST_MS)
}

fn check(limits: &[Arc<Limit>]) -> Result<(), Error> {
    for (index, limit) in limits.iter().enumerate() {
        let name = || Arc::clone(&limit.name);
        let most = if limit.distinct.is_some() { MAX_DISTINCT } else { MAX };
        if limits.iter().take(index).any(|other| other.name == limit.name) {
            return Err(Error::Duplicate { name: name() });
        }
        if limit.key.is_empty() {
            return Err(Error::NoKey { name: name() });
        }
        if !PER.contains(&limit.per) {
            return Err(Error::Per { name: name(), per: limit.per });
        }
        if limit.max > most {
            return Err(Error::Max { name: name(), max: limit.max, most });
        }
        if limit.distinct.is_some() && limit.growing_wait.is_some() {
            return Err(Error::DistinctWait { name: name() });
        }
    }
    Ok(())
}
