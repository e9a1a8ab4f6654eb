//! The bounded table of all cells: fixed in size, in shards, sets of eight.
//!
//! Reading takes no lock: a shard's version is odd while an entry is written, and who reads looks at it before and after.
//! So reads of several entries wait for memory at the same time, which is most of what a decision costs, and what
//! everyone reads isn't written to by readers.

use std::sync::atomic::{AtomicU64, Ordering, fence};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::cell::{Cell, WORDS};

pub(super) const SHARDS: usize = 64;
/// Keys of a set stand in one cache line, and each of its cells in another.
const WAYS: usize = 8;
const SET_WORDS: usize = WAYS * (1 + WORDS);
const LINE_WORDS: usize = 8;
/// Bytes of an entry, its key included.
pub(super) const ENTRY_BYTES: usize = (WORDS + 1) * 8;
/// A reader that meets a writer so often waits for it.
const TRIES: usize = 16;

/// The table.
#[derive(Debug)]
pub(super) struct Table {
    shards: Vec<Shard>,
    /// Sets of a shard.
    sets: usize,
    /// Sets of [`SET_WORDS`], keys first; key 0 is a free way.
    words: Box<[AtomicU64]>,
    /// The word that is the first of a cache line.
    first: usize,
    evicted: AtomicU64,
}

/// A part of the table that one thread writes to at a time.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Shard {
    /// Odd while an entry is written.
    version: AtomicU64,
    /// Who writes holds it; entries in use.
    used: Mutex<usize>,
}

/// An entry with its key.
pub(super) type Entry = (u64, [u64; WORDS]);

impl Table {
    /// With as many entries as fit into `bytes`, at least one set a shard. Memory that isn't touched isn't taken.
    pub(super) fn new(bytes: usize) -> Self {
        let sets = (bytes / ENTRY_BYTES / SHARDS / WAYS).max(1);
        let words: Box<[AtomicU64]> = bytemuck::zeroed_slice_box(SHARDS * sets * SET_WORDS + LINE_WORDS - 1);
        let off = words.as_ptr().addr() / size_of::<u64>() % LINE_WORDS;
        let first = (LINE_WORDS - off) % LINE_WORDS;
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Self { shards, sets, words, first, evicted: AtomicU64::new(0) }
    }

    /// The entry of `key`, as it was last written.
    pub(super) fn get(&self, key: u64) -> Option<Cell> {
        let key = stored(key);
        let (shard, set) = self.place(key);
        shard.read(|| set.find(key).map(|way| set.words(way))).as_ref().map(Cell::from_words)
    }

    /// Gets the memory of the entries of all these keys on its way at once: one after the other is most of what a
    /// decision would cost.
    pub(super) fn touch(&self, keys: &[u64]) {
        let set = |key: &u64| self.place(stored(*key)).1;
        let mut read = keys.iter().fold(0, |read, key| read ^ set(key).key(0));
        read ^= keys.iter().fold(0, |read, key| read ^ set(key).touch(stored(*key)));
        std::hint::black_box(read);
    }

    /// Changes the entry of `key`, where there is one.
    pub(super) fn change<T>(&self, key: u64, act: impl FnOnce(&mut Cell) -> T) -> Option<T> {
        let key = stored(key);
        let (shard, set) = self.place(key);
        let _writer = shard.lock();
        let way = set.find(key)?;
        let mut cell = Cell::from_words(&set.words(way));
        let result = act(&mut cell);
        shard.write(|| set.put(way, key, cell));
        Some(result)
    }

    /// Changes the entry of `key`, which is made where there is none. In a full set the entry worth least goes.
    pub(super) fn upsert<T>(
        &self,
        key: u64,
        fresh: Cell,
        worth: impl Fn(&Cell) -> f32,
        act: impl FnOnce(&mut Cell) -> T,
    ) -> T {
        let key = stored(key);
        let (shard, set) = self.place(key);
        let mut used = shard.lock();
        let (way, mut cell) = match set.find(key) {
            Some(way) => (way, Cell::from_words(&set.words(way))),
            None => (set.free(&mut used).unwrap_or_else(|| self.evict(set, worth)), fresh),
        };
        let result = act(&mut cell);
        shard.write(|| set.put(way, key, cell));
        result
    }

    /// Puts an entry back as it was. Where its set is full the one worth least goes, or finds no room itself: `false`.
    pub(super) fn put(&self, (key, words): Entry, worth: impl Fn(&Cell) -> f32) -> bool {
        let (key, cell) = (stored(key), Cell::from_words(&words));
        let (shard, set) = self.place(key);
        let mut used = shard.lock();
        let way = set.find(key).or_else(|| set.free(&mut used)).or_else(|| {
            let (way, least) = set.least(&worth);
            (least < worth(&cell)).then_some(way)
        });
        let Some(way) = way else { return false };
        shard.write(|| set.put(way, key, cell));
        true
    }

    /// Some entries in use of a shard, from the way `first` on, and the way to go on with; `None` at its end.
    pub(super) fn some_from(&self, shard: usize, first: usize, most: usize) -> Option<(Vec<Entry>, usize)> {
        let _writer = self.shards.get(shard)?.lock();
        let ways = first..first.saturating_add(most).min(self.sets * WAYS);
        let next = ways.end;
        let entry = |way: usize| {
            let set = self.set(shard * self.sets + way / WAYS);
            let key = set.key(way % WAYS);
            (key != 0).then(|| (key, set.words(way % WAYS)))
        };
        (next > first).then(|| (ways.filter_map(entry).collect(), next))
    }

    /// Another number whenever an entry was written.
    pub(super) fn changes(&self) -> u64 {
        self.shards.iter().map(|shard| shard.version.load(Ordering::Relaxed)).fold(0, u64::wrapping_add)
    }

    /// Entries in use.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| *shard.lock()).sum()
    }

    /// The most entries.
    pub(super) const fn capacity(&self) -> usize {
        SHARDS * self.sets * WAYS
    }

    /// Entries that had to go for others.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    fn place(&self, key: u64) -> (&Shard, Set<'_>) {
        let shard = usize::try_from(key >> 58).unwrap_or(0) % SHARDS;
        let set = usize::try_from(key % self.sets as u64).unwrap_or(0);
        (&self.shards[shard], self.set(shard * self.sets + set))
    }

    fn set(&self, index: usize) -> Set<'_> {
        let start = self.first + index * SET_WORDS;
        Set(self.words.get(start..start + SET_WORDS).unwrap_or_default())
    }

    fn evict(&self, set: Set<'_>, worth: impl Fn(&Cell) -> f32) -> usize {
        self.evicted.fetch_add(1, Ordering::Relaxed);
        set.least(&worth).0
    }
}

/// 0 is a free way, so no key is 0.
fn stored(key: u64) -> u64 {
    key.max(1)
}

impl Shard {
    fn lock(&self) -> MutexGuard<'_, usize> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `read` gives while nobody writes.
    fn read<T>(&self, read: impl Fn() -> T) -> T {
        for _ in 0..TRIES {
            let before = self.version.load(Ordering::Acquire);
            let value = read();
            // What was read stays before the second look.
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.version.load(Ordering::Relaxed) == before {
                return value;
            }
            std::hint::spin_loop();
        }
        let _writer = self.lock();
        read()
    }

    /// Writes an entry. The caller holds the lock.
    fn write(&self, write: impl FnOnce()) {
        let before = self.version.load(Ordering::Relaxed);
        self.version.store(before.wrapping_add(1), Ordering::Relaxed);
        // What is written stays behind the odd version, and before the even one.
        fence(Ordering::Release);
        write();
        self.version.store(before.wrapping_add(2), Ordering::Release);
    }
}

/// Eight entries: their keys, then their cells.
#[derive(Clone, Copy)]
struct Set<'a>(&'a [AtomicU64]);

impl Set<'_> {
    fn key(self, way: usize) -> u64 {
        self.0.get(way).map_or(0, |key| key.load(Ordering::Relaxed))
    }

    fn find(self, key: u64) -> Option<usize> {
        self.0.iter().take(WAYS).position(|other| other.load(Ordering::Relaxed) == key)
    }

    /// Loads the cell of `key`, or that of the first way. No branch depends on what is in memory, else the processor
    /// would wait there.
    fn touch(self, key: u64) -> u64 {
        let ways = self.0.iter().take(WAYS).enumerate();
        let way = ways.map(|(way, other)| way * usize::from(other.load(Ordering::Relaxed) == key)).sum::<usize>();
        self.0.get(WAYS + way * WORDS).map_or(0, |word| word.load(Ordering::Relaxed))
    }

    fn words(self, way: usize) -> [u64; WORDS] {
        let mut words = [0; WORDS];
        for (word, stored) in words.iter_mut().zip(self.0.iter().skip(WAYS + way * WORDS)) {
            *word = stored.load(Ordering::Relaxed);
        }
        words
    }

    fn put(self, way: usize, key: u64, cell: Cell) {
        if let Some(place) = self.0.get(way) {
            place.store(key, Ordering::Relaxed);
        }
        for (stored, word) in self.0.iter().skip(WAYS + way * WORDS).zip(cell.to_words()) {
            stored.store(word, Ordering::Relaxed);
        }
    }

    /// A free way, which is in use from now on.
    fn free(self, used: &mut usize) -> Option<usize> {
        self.find(0).inspect(|_| *used += 1)
    }

    /// The entry that is worth least.
    fn least(self, worth: impl Fn(&Cell) -> f32) -> (usize, f32) {
        let ways = (0..WAYS).map(|way| (way, worth(&Cell::from_words(&self.words(way)))));
        ways.min_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap_or((0, 0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two fields that are always equal, far apart in the cell.
    fn twin(value: u16) -> Cell {
        Cell { open: i32::from(value), refused: f32::from(value), ..Cell::default() }
    }

    #[test]
    fn a_reader_beside_a_writer_never_sees_half_of_an_entry() {
        let table = Table::new(1 << 20);
        let keys = [7_u64, 8 | 1 << 58];
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for value in 0..50_000 {
                    for key in keys {
                        table.upsert(key, twin(value), |_| 0.0, |cell| *cell = twin(value));
                    }
                }
            });
            for _ in 0..50_000 {
                table.touch(&keys);
                for cell in keys.iter().filter_map(|key| table.get(*key)) {
                    assert_eq!(cell, twin(u16::try_from(cell.open).unwrap()));
                }
            }
        });
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn a_full_set_gives_up_what_is_worth_least_and_keys_find_only_their_own() {
        let table = Table::new(0);
        let worth = |cell: &Cell| cell.refused;
        for value in 1..=9 {
            table.upsert(u64::from(value), twin(value), worth, |_| ());
        }
        assert_eq!((table.len(), table.evicted()), (WAYS, 1));
        assert_eq!(table.get(1), None, "worth least of the first eight");
        for value in 2..=9 {
            assert_eq!(table.get(u64::from(value)), Some(twin(value)));
        }
    }
}
