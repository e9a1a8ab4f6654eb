//! What was solved and what was used up: exactly, and never forgotten before it has expired.
//!
//! One entry a challenge, from its solution to its pass's end or its own, whichever is later. Nothing is ever given up for
//! something else: where there is no room no challenge is issued ([`super::issuing`] counts them), and what can't be entered
//! doesn't count.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};

use super::Unsolved;
use crate::domain::{PassCode, Timestamp};

/// Bytes of an entry, in the map and in the heap of what expires, with their spare room.
pub(super) const ENTRY_BYTES: usize = 160;
/// More would make the locks no quicker.
const SHARDS: usize = 16;

/// The store.
#[derive(Debug)]
pub(super) struct Spent {
    shards: [Mutex<Shard>; SHARDS],
    len: AtomicUsize,
    capacity: usize,
    since: Timestamp,
}

#[derive(Debug, Default)]
struct Shard {
    entries: HashMap<u128, Entry>,
    /// The first to expire is on top: a challenge that outlives its pass stays longer than one solved after it.
    expiring: BinaryHeap<Reverse<(Timestamp, u128)>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Entry {
    /// Its pass is out.
    Solved,
    /// A request holds its pass.
    Held,
    /// Its pass is used up.
    Burned,
}

impl Spent {
    /// With room for `memory` bytes. What was issued before `since` is not known here.
    pub(super) fn new(memory: usize, since: Timestamp) -> Self {
        let shards = std::array::from_fn(|_| Mutex::default());
        Self { shards, len: AtomicUsize::new(0), capacity: memory / ENTRY_BYTES, since }
    }

    /// Whether this store remembers what was issued then.
    pub(super) fn knows(&self, issued: Timestamp) -> bool {
        issued >= self.since
    }

    /// A challenge was solved: true once.
    pub(super) fn solve(&self, nonce: u128, until: Timestamp, now: Timestamp) -> Result<(), Unsolved> {
        let mut shard = self.shard(nonce, now);
        if shard.entries.contains_key(&nonce) {
            return Err(Unsolved::Spent);
        }
        if self.enter(&mut shard, nonce, Entry::Solved, until) { Ok(()) } else { Err(Unsolved::Full) }
    }

    /// A request takes a pass.
    pub(super) fn reserve(&self, nonce: u128, until: Timestamp, now: Timestamp) -> Result<(), PassCode> {
        let mut shard = self.shard(nonce, now);
        let is_taken = match shard.entries.get_mut(&nonce) {
            Some(entry) => std::mem::replace(entry, (*entry).max(Entry::Held)) == Entry::Solved,
            // Solved at another process that shares the key.
            None => self.enter(&mut shard, nonce, Entry::Held, until),
        };
        if is_taken { Ok(()) } else { Err(PassCode::Spent) }
    }

    /// Whether a request could take the pass.
    pub(super) fn is_free(&self, nonce: u128, now: Timestamp) -> bool {
        matches!(self.shard(nonce, now).entries.get(&nonce), None | Some(Entry::Solved))
    }

    /// Whether a challenge isn't known to be solved.
    pub(super) fn is_unknown(&self, nonce: u128, now: Timestamp) -> bool {
        !self.shard(nonce, now).entries.contains_key(&nonce)
    }

    /// A held pass is used up.
    pub(super) fn burn(&self, nonce: u128) {
        self.set(nonce, Entry::Burned);
    }

    /// A held pass is free again.
    pub(super) fn give_back(&self, nonce: u128) {
        self.set(nonce, Entry::Solved);
    }

    pub(super) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// An entry that has expired meanwhile needs no state.
    fn set(&self, nonce: u128, state: Entry) {
        if let Some(entry) = self.lock(nonce).entries.get_mut(&nonce) {
            *entry = state;
        }
    }

    fn take_room(&self) -> bool {
        let room = |len| (len < self.capacity).then_some(len + 1);
        self.len.fetch_update(Ordering::Relaxed, Ordering::Relaxed, room).is_ok()
    }

    fn enter(&self, shard: &mut Shard, nonce: u128, entry: Entry, until: Timestamp) -> bool {
        if !self.take_room() {
            return false;
        }
        shard.entries.insert(nonce, entry);
        shard.expiring.push(Reverse((until, nonce)));
        true
    }

    /// The shard of a nonce, without what has expired.
    fn shard(&self, nonce: u128, now: Timestamp) -> MutexGuard<'_, Shard> {
        if self.len() >= self.capacity {
            for shard in &self.shards {
                self.forget_expired(&mut shard.lock(), now);
            }
        }
        let mut shard = self.lock(nonce);
        self.forget_expired(&mut shard, now);
        shard
    }

    fn forget_expired(&self, shard: &mut Shard, now: Timestamp) {
        let before = shard.entries.len();
        while let Some(Reverse((_, nonce))) = shard.expiring.peek().copied().filter(|Reverse((until, _))| *until <= now)
        {
            shard.expiring.pop();
            shard.entries.remove(&nonce);
        }
        self.len.fetch_sub(before - shard.entries.len(), Ordering::Relaxed);
    }

    fn lock(&self, nonce: u128) -> MutexGuard<'_, Shard> {
        let index = usize::try_from(nonce % SHARDS as u128).unwrap_or_default();
        self.shards[index].lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Span;

    const START: Timestamp = Timestamp::from_unix_ms(1_000_000);

    fn at(seconds: u64) -> Timestamp {
        START + Span::seconds(seconds)
    }

    #[test]
    fn a_pass_is_taken_by_one_and_comes_back_until_it_is_burned() {
        let spent = Spent::new(10 * ENTRY_BYTES, START);
        assert_eq!(spent.solve(7, at(60), at(0)), Ok(()));
        assert_eq!(spent.solve(7, at(60), at(0)), Err(Unsolved::Spent));
        assert_eq!(spent.reserve(7, at(60), at(1)), Ok(()));
        assert_eq!(spent.reserve(7, at(60), at(1)), Err(PassCode::Spent));
        spent.give_back(7);
        assert!(spent.is_free(7, at(2)));
        assert_eq!(spent.reserve(7, at(60), at(2)), Ok(()));
        spent.burn(7);
        assert!(!spent.is_free(7, at(3)));
        assert_eq!(spent.reserve(7, at(60), at(59)), Err(PassCode::Spent));
        assert_eq!(spent.solve(7, at(60), at(59)), Err(Unsolved::Spent));
    }

    #[test]
    fn what_has_no_room_does_not_count_and_nothing_goes_early() {
        let spent = Spent::new(2 * ENTRY_BYTES, START);
        for nonce in [1, 2] {
            assert_eq!(spent.solve(nonce, at(60), at(0)), Ok(()));
        }
        assert_eq!(spent.solve(3, at(60), at(59)), Err(Unsolved::Full));
        assert_eq!(spent.reserve(3, at(60), at(59)), Err(PassCode::Spent));
        assert_eq!(spent.solve(1, at(60), at(59)), Err(Unsolved::Spent), "what is there stays");
        assert_eq!(spent.solve(3, at(120), at(60)), Ok(()), "the others have expired");
        assert_eq!(spent.len(), 1);
    }
    #[test]
    fn each_goes_at_its_own_end_whatever_was_entered_before_it() {
        let spent = Spent::new(3 * ENTRY_BYTES, START);
        for (nonce, until) in [(1, 300), (17, 60), (33, 120)] {
            assert_eq!(spent.solve(nonce, at(until), at(0)), Ok(()), "of one shard");
        }
        assert!(!spent.is_unknown(17, at(59)) && spent.is_unknown(17, at(60)));
        assert_eq!(spent.solve(33, at(400), at(119)), Err(Unsolved::Spent));
        assert_eq!(spent.len(), 2);
        assert_eq!(spent.solve(33, at(400), at(120)), Ok(()));
        assert_eq!(spent.solve(1, at(400), at(299)), Err(Unsolved::Spent));
        assert_eq!(spent.solve(1, at(400), at(300)), Ok(()));
        assert_eq!(spent.len(), 2);
    }
}
