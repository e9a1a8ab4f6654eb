//! The bounded table of all cells: fixed in size, in sets of seven.
//!
//! A set is a line of keys and a line for each cell, 512 bytes in one page. The first word of its keys is its version,
//! odd while an entry is written. Who reads takes no lock: it looks at the version before and after. Who writes makes it
//! odd first, so that one at a time does. There is nothing else to take: what everyone reads isn't written to by
//! readers, threads meet only where their attempts share something, and a decision waits for the memory of its entries
//! at the same time, which is most of what it costs.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use super::Kind;
use super::cell::{Cell, WORDS};

/// Keys of a set stand in one cache line, with its version; each of its cells in another.
const WAYS: usize = LINE_WORDS - 1;
const LINE_WORDS: usize = 8;
const SET_WORDS: usize = LINE_WORDS * (1 + WAYS);
/// Bytes of seven entries, their keys and their version.
const SET_BYTES: usize = SET_WORDS * 8;
/// Words of a page of memory, in which sets stand whole.
const PAGE_WORDS: usize = 512;
const PAGE_SETS: usize = PAGE_WORDS / SET_WORDS;
const BITS: usize = u64::BITS as usize;
/// The line of a set's keys.
const KEYS: usize = 0;
/// Entries whose memory is waited for together: those of an attempt's kinds.
const AT_ONCE: usize = Kind::ALL.len();
/// The smallest table.
const MIN_SETS: usize = 64;
/// Who waits for another looks so often, then lets others run.
const SPINS: u32 = 64;
/// Counters of entries in use: of those whose sets' numbers are the same modulo this.
const COUNTERS: usize = 16;

/// The table.
#[derive(Debug)]
pub(super) struct Table {
    sets: usize,
    /// Sets of [`SET_WORDS`].
    words: Box<[AtomicU64]>,
    /// The word that is the first of a page.
    first: usize,
    /// A bit for each page that was written to. To read one that wasn't has the system map it, and map it again when it is
    /// written to, for which all threads wait.
    written: Box<[AtomicU64]>,
    used: [Counter; COUNTERS],
    evicted: AtomicU64,
}

/// Alone in its cache line.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Counter(AtomicU64);

/// An entry with its key.
pub(super) type Entry = (u64, [u64; WORDS]);

impl Table {
    /// With as many entries as fit into `bytes`, at least [`MIN_SETS`] sets. Memory that isn't touched isn't taken.
    pub(super) fn new(bytes: usize) -> Self {
        let sets = (bytes / SET_BYTES).max(MIN_SETS);
        let words: Box<[AtomicU64]> = bytemuck::zeroed_slice_box(sets * SET_WORDS + PAGE_WORDS - 1);
        let off = words.as_ptr().addr() / size_of::<u64>() % PAGE_WORDS;
        let first = (PAGE_WORDS - off) % PAGE_WORDS;
        let written = bytemuck::zeroed_slice_box(sets.div_ceil(PAGE_SETS).div_ceil(BITS));
        Self { sets, words, first, written, used: Default::default(), evicted: AtomicU64::new(0) }
    }

    /// The entry of `key`, as it was last written.
    pub(super) fn get(&self, key: u64) -> Option<Cell> {
        let key = stored(key);
        let set = self.set_of(key)?;
        // Where there is none, the keys are read in its place: the processor needn't know which it is to go on.
        let (line, words) = set.read(|| {
            let line = set.line_of(key);
            (line, set.words(line))
        });
        (line != KEYS).then(|| Cell::from_words(&words))
    }

    /// Gets the memory of the entries of these keys, up to [`AT_ONCE`], on its way at once: one after the other is most of
    /// what a decision would cost.
    pub(super) fn touch(&self, keys: impl Iterator<Item = u64>) {
        let mut all = [0; AT_ONCE];
        let count = all.iter_mut().zip(keys).map(|(place, key)| *place = stored(key)).count();
        let keys = all.get(..count).unwrap_or_default();
        let sets = || keys.iter().filter_map(|key| Some((*key, self.set_of(*key)?)));
        let mut read = sets().fold(0, |read, (_, set)| read ^ set.version().load(Ordering::Relaxed));
        read ^= sets().fold(0, |read, (key, set)| read ^ set.touch(key));
        std::hint::black_box(read);
    }

    /// Changes the entry of `key`, where there is one.
    pub(super) fn change<T>(&self, key: u64, act: impl FnOnce(&mut Cell) -> T) -> Option<T> {
        let key = stored(key);
        let set = self.set_of(key)?;
        // Where there is none, there is nothing to wait for.
        set.find(key)?;
        let writing = set.lock();
        let way = set.find(key)?;
        let mut cell = Cell::from_words(&set.cell(way));
        let result = act(&mut cell);
        writing.put(way, key, cell);
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
        let (index, set) = self.set_to_write(key);
        let writing = set.lock();
        let (way, mut cell) = match set.find(key) {
            Some(way) => (way, Cell::from_words(&set.cell(way))),
            None => (self.free(index, set).unwrap_or_else(|| self.evict(set, worth)), fresh),
        };
        let result = act(&mut cell);
        writing.put(way, key, cell);
        result
    }

    /// Puts an entry back as it was. Where its set is full the one worth least goes, or finds no room itself: `false`.
    pub(super) fn put(&self, (key, words): Entry, worth: impl Fn(&Cell) -> f32) -> bool {
        let (key, cell) = (stored(key), Cell::from_words(&words));
        let (index, set) = self.set_to_write(key);
        let writing = set.lock();
        let way = set.find(key).or_else(|| self.free(index, set)).or_else(|| {
            let (way, least) = set.least(&worth);
            (least < worth(&cell)).then_some(way)
        });
        let Some(way) = way else { return false };
        writing.put(way, key, cell);
        true
    }

    /// The entries of some sets, from the set `first` on, and the set to go on with; `None` at the end.
    pub(super) fn some_from(&self, first: usize, most: usize) -> Option<(Vec<Entry>, usize)> {
        let next = first.saturating_add(most).min(self.sets);
        let entries =
            |set: Set<'_>| set.read(|| std::array::from_fn::<Entry, WAYS, _>(|way| (set.key(way), set.cell(way))));
        let sets = (first..next).filter(|index| self.is_written(*index)).flat_map(|index| entries(self.set(index)));
        (next > first).then(|| (sets.filter(|(key, _)| *key != 0).collect(), next))
    }

    /// Another number whenever an entry was written. Looks at every set that ever was.
    pub(super) fn changes(&self) -> u64 {
        let written = (0..self.sets).filter(|index| self.is_written(*index));
        let versions = written.map(|index| self.set(index).version().load(Ordering::Acquire));
        versions.fold(0, u64::wrapping_add)
    }

    /// Entries in use.
    pub(super) fn len(&self) -> usize {
        let used: u64 = self.used.iter().map(|counter| counter.0.load(Ordering::Relaxed)).sum();
        usize::try_from(used).unwrap_or(usize::MAX)
    }

    /// The most entries.
    pub(super) const fn capacity(&self) -> usize {
        self.sets * WAYS
    }

    /// Entries that had to go for others.
    pub(super) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    /// The set of a key, if something was ever written there.
    fn set_of(&self, key: u64) -> Option<Set<'_>> {
        let index = self.index_of(key);
        self.is_written(index).then(|| self.set(index))
    }

    /// The set of a key with its number.
    fn set_to_write(&self, key: u64) -> (usize, Set<'_>) {
        let index = self.index_of(key);
        if !self.is_written(index) {
            let (word, bit) = bit_of(index);
            // Changes nothing, but to the system it is no read.
            let _same = self.set(index).version().compare_exchange(0, 0, Ordering::Relaxed, Ordering::Relaxed);
            self.written[word].fetch_or(bit, Ordering::Relaxed);
        }
        (index, self.set(index))
    }

    /// The number of a key's set: a part of all sets as large as the key is of all numbers.
    #[expect(clippy::cast_possible_truncation, reason = "less than the number of sets")]
    fn index_of(&self, key: u64) -> usize {
        (u128::from(key).wrapping_mul(self.sets as u128) >> 64) as usize
    }

    fn is_written(&self, index: usize) -> bool {
        let (word, bit) = bit_of(index);
        self.written[word].load(Ordering::Relaxed) & bit != 0
    }

    fn set(&self, index: usize) -> Set<'_> {
        let (sets, _) = self.words[self.first..].as_chunks();
        Set(&sets[index])
    }

    /// A free way, which is in use from now on.
    fn free(&self, index: usize, set: Set<'_>) -> Option<usize> {
        set.find(0).inspect(|_| {
            self.used[index % COUNTERS].0.fetch_add(1, Ordering::Relaxed);
        })
    }

    fn evict(&self, set: Set<'_>, worth: impl Fn(&Cell) -> f32) -> usize {
        self.evicted.fetch_add(1, Ordering::Relaxed);
        set.least(&worth).0
    }
}

/// Bytes that so many entries take in full sets: 73 each.
pub(super) const fn bytes_of(entries: usize) -> usize {
    entries * SET_BYTES / WAYS
}

/// Where it stands whether a set's page was written to: the word and its bit.
const fn bit_of(index: usize) -> (usize, u64) {
    let page = index / PAGE_SETS;
    (page / BITS, 1 << (page % BITS))
}

/// 0 is a free way, so no key is 0.
fn stored(key: u64) -> u64 {
    key.max(1)
}

/// Seven entries: their version, their keys, then their cells.
#[derive(Clone, Copy)]
struct Set<'a>(&'a [AtomicU64; SET_WORDS]);

impl<'a> Set<'a> {
    fn version(self) -> &'a AtomicU64 {
        &self.0[0]
    }

    fn key(self, way: usize) -> u64 {
        self.0[1 + way].load(Ordering::Relaxed)
    }

    /// The way of a key. No branch depends on what is in memory, else the processor would wait there and guess.
    fn find(self, key: u64) -> Option<usize> {
        self.line_of(key).checked_sub(1)
    }

    /// The line of a key's cell, else that of [`KEYS`].
    fn line_of(self, key: u64) -> usize {
        (0..WAYS).map(|way| (1 + way) * usize::from(self.key(way) == key)).fold(0, usize::max)
    }

    /// Loads a word of the cell of `key`, if there is one.
    fn touch(self, key: u64) -> u64 {
        let (lines, _) = self.0.as_chunks::<LINE_WORDS>();
        lines[self.line_of(key)][0].load(Ordering::Relaxed)
    }

    fn line(self, way: usize) -> &'a [AtomicU64; LINE_WORDS] {
        let (lines, _) = self.0.as_chunks();
        &lines[1 + way]
    }

    fn cell(self, way: usize) -> [u64; WORDS] {
        self.words(1 + way)
    }

    fn words(self, line: usize) -> [u64; WORDS] {
        let (lines, _) = self.0.as_chunks::<LINE_WORDS>();
        lines[line].each_ref().map(|word| word.load(Ordering::Relaxed))
    }

    /// The entry that is worth least.
    fn least(self, worth: impl Fn(&Cell) -> f32) -> (usize, f32) {
        let ways = (0..WAYS).map(|way| (way, worth(&Cell::from_words(&self.cell(way)))));
        ways.min_by(|(_, a), (_, b)| a.total_cmp(b)).unwrap_or((0, 0.0))
    }

    /// What `read` gives while nobody writes.
    fn read<T>(self, read: impl Fn() -> T) -> T {
        let mut wait = Wait::default();
        loop {
            let before = self.version().load(Ordering::Acquire);
            let value = read();
            // What was read stays before the second look.
            fence(Ordering::Acquire);
            if before.is_multiple_of(2) && self.version().load(Ordering::Relaxed) == before {
                return value;
            }
            wait.a_little();
        }
    }

    /// Waits until nobody else writes, which takes them some 50 ns.
    fn lock(self) -> Writing<'a> {
        let mut wait = Wait::default();
        loop {
            let version = self.version().load(Ordering::Relaxed) & !1;
            let taken = self.version().compare_exchange_weak(
                version,
                version.wrapping_add(1),
                Ordering::Acquire,
                Ordering::Relaxed,
            );
            if taken.is_ok() {
                // What is written stays behind the odd version.
                fence(Ordering::Release);
                return Writing { set: self, next: version.wrapping_add(2) };
            }
            wait.a_little();
        }
    }
}

/// The right to write to a set. Dropped, it is given back, also by who panics: then the set is as it was.
struct Writing<'a> {
    set: Set<'a>,
    next: u64,
}

impl Writing<'_> {
    fn put(&self, way: usize, key: u64, cell: Cell) {
        self.set.0[1 + way].store(key, Ordering::Relaxed);
        for (stored, word) in self.set.line(way).iter().zip(cell.to_words()) {
            stored.store(word, Ordering::Relaxed);
        }
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.set.version().store(self.next, Ordering::Release);
    }
}

/// Waiting for what takes no time, unless the other one isn't running.
#[derive(Default)]
struct Wait(u32);

impl Wait {
    fn a_little(&mut self) {
        self.0 += 1;
        if self.0.is_multiple_of(SPINS) {
            std::thread::yield_now();
        } else {
            std::hint::spin_loop();
        }
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
                table.touch(keys.into_iter());
                for cell in keys.iter().filter_map(|key| table.get(*key)) {
                    assert_eq!(cell, twin(u16::try_from(cell.open).unwrap()));
                }
            }
        });
        assert_eq!(table.len(), 2);
    }

    #[test]
    fn what_was_never_written_is_not_read() {
        let table = Table::new(1 << 20);
        let keys = [7_u64, 1 << 63, u64::MAX];
        table.touch(keys.into_iter());
        for (index, key) in keys.into_iter().enumerate() {
            assert_eq!((table.get(key), table.change(key, |_| ())), (None, None));
            table.upsert(key, twin(3), |_| 0.0, |_| ());
            assert_eq!(table.get(key), Some(twin(3)));
            let written: u32 = table.written.iter().map(|word| word.load(Ordering::Relaxed).count_ones()).sum();
            assert_eq!(written as usize, 1 + index);
        }
        assert_eq!(table.some_from(0, usize::MAX).map(|(entries, _)| entries.len()), Some(3));
        assert_eq!(table.first * 8 % 4096, (4096 - table.words.as_ptr().addr() % 4096) % 4096);
    }

    #[test]
    fn a_full_set_gives_up_what_is_worth_least_and_keys_find_only_their_own() {
        let table = Table::new(0);
        let worth = |cell: &Cell| cell.refused;
        for value in 1..=8 {
            table.upsert(u64::from(value), twin(value), worth, |_| ());
        }
        assert_eq!((table.len(), table.evicted()), (WAYS, 1));
        assert_eq!(table.get(1), None, "worth least of the first seven");
        for value in 2..=8 {
            assert_eq!(table.get(u64::from(value)), Some(twin(value)));
        }
    }
}
