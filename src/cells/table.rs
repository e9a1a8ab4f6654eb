//! The bounded table of all cells: fixed in size, in shards with a lock each, sets of eight.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::cell::{Cell, WORDS};

pub(super) const SHARDS: usize = 64;
/// Keys of a set stand in one cache line.
const WAYS: usize = 8;
/// Bytes of an entry, its key included.
pub(super) const ENTRY_BYTES: usize = (WORDS + 1) * 8;

/// The table.
#[derive(Debug)]
pub(super) struct Table {
    shards: Vec<Mutex<Shard>>,
    evicted: AtomicU64,
}

#[derive(Debug)]
struct Shard {
    /// 0 is a free way.
    keys: Vec<u64>,
    cells: Vec<[u64; WORDS]>,
    used: usize,
    /// How often an entry was written.
    writes: u64,
}

/// An entry with its key.
pub(super) type Entry = (u64, [u64; WORDS]);

impl Table {
    /// With as many entries as fit into `bytes`, at least one set a shard. Memory that isn't touched isn't taken.
    pub(super) fn new(bytes: usize) -> Self {
        let entries = bytes / ENTRY_BYTES / SHARDS;
        let sets = (entries / WAYS).max(1);
        let shard = || {
            Mutex::new(Shard { keys: vec![0; sets * WAYS], cells: vec![[0; WORDS]; sets * WAYS], used: 0, writes: 0 })
        };
        Self { shards: (0..SHARDS).map(|_| shard()).collect(), evicted: AtomicU64::new(0) }
    }

    /// The entry of `key`, as it was last written.
    pub(super) fn get(&self, key: u64) -> Option<Cell> {
        let key = stored(key);
        let shard = self.lock(key);
        let way = shard.find(key)?;
        shard.cells.get(way).map(Cell::from_words)
    }

    /// Changes the entry of `key`, where there is one.
    pub(super) fn change<T>(&self, key: u64, act: impl FnOnce(&mut Cell) -> T) -> Option<T> {
        let key = stored(key);
        let mut shard = self.lock(key);
        let way = shard.find(key)?;
        shard.act(way, act)
    }

    /// Changes the entry of `key`, which is made where there is none. In a full set the entry worth least goes.
    pub(super) fn upsert<T>(
        &self,
        key: u64,
        fresh: Cell,
        worth: impl Fn(&Cell) -> f32,
        act: impl FnOnce(&mut Cell) -> T,
    ) -> Option<T> {
        let key = stored(key);
        let mut shard = self.lock(key);
        let way = shard.find(key).unwrap_or_else(|| {
            let (way, evicted) = shard.make_room(key, worth);
            self.evicted.fetch_add(u64::from(evicted), Ordering::Relaxed);
            shard.put(way, key, fresh);
            way
        });
        shard.act(way, act)
    }

    /// Puts an entry back as it was. Where its set is full the one worth least goes, or finds no room itself: `false`.
    pub(super) fn put(&self, (key, words): Entry, worth: impl Fn(&Cell) -> f32) -> bool {
        let mut shard = self.lock(stored(key));
        let cell = Cell::from_words(&words);
        let way = match shard.find(key) {
            Some(way) => way,
            None => match shard.room_for(key, worth(&cell), worth) {
                Some(way) => way,
                None => return false,
            },
        };
        shard.put(way, stored(key), cell);
        true
    }

    /// Some entries in use of a shard, from the way `first` on, and the way to go on with; `None` at its end.
    pub(super) fn some_from(&self, shard: usize, first: usize, most: usize) -> Option<(Vec<Entry>, usize)> {
        let shard = lock(self.shards.get(shard)?);
        let ways = shard.keys.iter().zip(&shard.cells).skip(first).take(most);
        let next = first + ways.len();
        let used = ways.filter(|(key, _)| **key != 0).map(|(key, words)| (*key, *words));
        (next > first).then(|| (used.collect(), next))
    }

    /// Another number whenever an entry was written.
    pub(super) fn changes(&self) -> u64 {
        self.shards.iter().map(|shard| lock(shard).writes).fold(0, u64::wrapping_add)
    }

    /// Entries in use.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).used).sum()
    }

    /// The most entries.
    pub(super) fn capacity(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).keys.len()).sum()
    }

    /// Entries that had to go for others.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    fn lock(&self, key: u64) -> MutexGuard<'_, Shard> {
        let index = usize::try_from(key >> 58).unwrap_or(0) % SHARDS;
        lock(&self.shards[index])
    }
}

/// 0 is a free way, so no key is 0.
fn stored(key: u64) -> u64 {
    key.max(1)
}

fn lock(shard: &Mutex<Shard>) -> MutexGuard<'_, Shard> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shard {
    fn set(&self, key: u64) -> usize {
        let sets = (self.keys.len() / WAYS) as u64;
        usize::try_from(key % sets).unwrap_or(0) * WAYS
    }

    fn find(&self, key: u64) -> Option<usize> {
        let start = self.set(key);
        let ways = self.keys.get(start..start + WAYS)?;
        ways.iter().position(|other| *other == key).map(|way| start + way)
    }

    fn act<T>(&mut self, way: usize, act: impl FnOnce(&mut Cell) -> T) -> Option<T> {
        let words = self.cells.get_mut(way)?;
        self.writes = self.writes.wrapping_add(1);
        let mut cell = Cell::from_words(words);
        let result = act(&mut cell);
        *words = cell.to_words();
        Some(result)
    }

    /// A way for a new key, and whether another had to go for it.
    fn make_room(&mut self, key: u64, worth: impl Fn(&Cell) -> f32) -> (usize, bool) {
        let start = self.set(key);
        let ways = self.keys.get(start..start + WAYS).unwrap_or_default();
        if let Some(free) = ways.iter().position(|other| *other == 0) {
            self.used += 1;
            return (start + free, false);
        }
        (self.least(start, worth).0, true)
    }

    /// A way for an entry that is worth `own`: a free one, or that of one worth less.
    fn room_for(&mut self, key: u64, own: f32, worth: impl Fn(&Cell) -> f32) -> Option<usize> {
        let start = self.set(key);
        if let Some(free) = self.keys.get(start..start + WAYS)?.iter().position(|other| *other == 0) {
            self.used += 1;
            return Some(start + free);
        }
        let (way, least) = self.least(start, worth);
        (least < own).then_some(way)
    }

    /// The entry of a set that is worth least.
    fn least(&self, start: usize, worth: impl Fn(&Cell) -> f32) -> (usize, f32) {
        let worth_of = |way: usize| self.cells.get(way).map_or(0.0, |words| worth(&Cell::from_words(words)));
        let ways = (start..start + WAYS).map(|way| (way, worth_of(way)));
        ways.min_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap_or((start, 0.0))
    }

    fn put(&mut self, way: usize, key: u64, cell: Cell) {
        if let (Some(place), Some(words)) = (self.keys.get_mut(way), self.cells.get_mut(way)) {
            *place = key;
            *words = cell.to_words();
        }
    }
}
