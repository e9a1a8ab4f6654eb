//! The bounded table of all cells: fixed in size, in shards with a lock each, sets of eight.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::cell::{Cell, WORDS};

const SHARDS: usize = 64;
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
}

impl Table {
    /// With as many entries as fit into `bytes`, at least one set a shard. Memory that isn't touched isn't taken.
    pub(super) fn new(bytes: usize) -> Self {
        let entries = bytes / ENTRY_BYTES / SHARDS;
        let sets = (entries / WAYS).max(1);
        let shard = || Mutex::new(Shard { keys: vec![0; sets * WAYS], cells: vec![[0; WORDS]; sets * WAYS], used: 0 });
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
        let worth_of = |way: &usize| self.cells.get(*way).map_or(0.0, |words| worth(&Cell::from_words(words)));
        let least = (start..start + WAYS).min_by(|a, b| worth_of(a).total_cmp(&worth_of(b)));
        (least.unwrap_or(start), true)
    }

    fn put(&mut self, way: usize, key: u64, cell: Cell) {
        if let (Some(place), Some(words)) = (self.keys.get_mut(way), self.cells.get_mut(way)) {
            *place = key;
            *words = cell.to_words();
        }
    }
}
