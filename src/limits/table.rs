//! One limit's entries: a set-associative table of a fixed size, in shards with a lock each.

use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, MutexGuard};

use super::room::Rule;
use super::shape::{Shape, Window};

pub(super) const SHARDS: usize = 16;
/// Keys of a set stand together in two cache lines.
const WAYS: usize = 16;
/// The smallest table.
pub(super) const MIN_ENTRIES: usize = SHARDS * WAYS;
const KEY_BYTES: usize = 8;

/// A table.
#[derive(Debug)]
pub(super) struct Table {
    shards: Vec<Mutex<Shard>>,
    evicted: AtomicU64,
    untracked: AtomicU64,
}

#[derive(Debug)]
struct Shard {
    shape: Shape,
    /// 0 is a free way.
    keys: Vec<u64>,
    /// As many entries as keys, in their order.
    data: Vec<u8>,
    used: usize,
    /// The latest time that was counted, for a change of the layout, which has no time of its own.
    latest_ms: u64,
    /// How often an entry was changed.
    changes: u64,
}

/// Part of a shard, copied.
pub(super) struct Copied {
    /// Layout and number of sets of the shard at the moment of the copy.
    pub(super) geometry: (Shape, usize),
    /// The set to go on with; `None` at the shard's end.
    pub(super) next: Option<usize>,
}

/// Bytes that an entry takes, its key included.
pub(super) fn entry_bytes(shape: Shape) -> usize {
    shape.bytes() + KEY_BYTES
}

impl Table {
    /// With room for about `entries`, rounded down to whole sets. Memory that isn't touched isn't taken.
    pub(super) fn new(shape: Shape, entries: usize) -> Self {
        let sets = sets_for(entries);
        let shards = (0..SHARDS).map(|_| Mutex::new(Shard::new(shape, sets))).collect();
        Self { shards, evicted: AtomicU64::new(0), untracked: AtomicU64::new(0) }
    }

    /// Brings every entry into another layout or number, shard by shard, while others go on counting.
    pub(super) fn reshape(&self, shape: Shape, entries: usize, rule: Rule) {
        for shard in &self.shards {
            let mut shard = shard.lock();
            let evicted = shard.reshape(shape, sets_for(entries), rule);
            self.evicted.fetch_add(evicted, Ordering::Relaxed);
        }
    }

    /// Runs `act`, which only looks, on the window of `key`, if there is one.
    pub(super) fn look<T>(&self, key: u64, act: impl FnOnce(&Window<'_>) -> T) -> Option<T> {
        let hash = hash(key);
        let mut shard = self.shard(hash)?.lock();
        let slot = shard.find(hash)?;
        Some(act(&shard.window(slot)))
    }

    /// Runs `act` on the window of `key`, if there is one.
    pub(super) fn with<T>(&self, key: u64, act: impl FnOnce(&mut Window<'_>) -> T) -> Option<T> {
        let hash = hash(key);
        let mut shard = self.shard(hash)?.lock();
        let slot = shard.find(hash)?;
        shard.changes += 1;
        Some(act(&mut shard.window(slot)))
    }

    /// As [`Table::with`]; a key that is new gets an empty window first. `None` where its set is full of entries
    /// that refuse.
    pub(super) fn with_new<T>(
        &self,
        key: u64,
        rule: Rule,
        now_ms: u64,
        act: impl FnOnce(&mut Window<'_>) -> T,
    ) -> Option<T> {
        let hash = hash(key);
        let mut shard = self.shard(hash)?.lock();
        let Some((slot, evicted)) = shard.find_or_place(hash, rule, now_ms) else {
            drop(shard);
            self.untracked.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        if evicted {
            self.evicted.fetch_add(1, Ordering::Relaxed);
        }
        shard.latest_ms = shard.latest_ms.max(now_ms);
        shard.changes += 1;
        Some(act(&mut shard.window(slot)))
    }

    /// Whether a new key would find a place.
    pub(super) fn has_place(&self, key: u64, rule: Rule, now_ms: u64) -> bool {
        let hash = hash(key);
        self.shard(hash).is_some_and(|shard| {
            let mut shard = shard.lock();
            let set = shard.set(hash);
            shard.find(hash).is_some() || shard.place(set, rule, now_ms).is_some()
        })
    }

    /// Appends the used entries of sets from `first` on to `out`, each its key's hash before its bytes, until these are
    /// about `length` bytes long.
    pub(super) fn copy(&self, shard: usize, first: usize, length: usize, out: &mut Vec<u8>) -> Option<Copied> {
        Some(self.shards.get(shard)?.lock().copy(first, length, out))
    }

    /// Puts an entry of a snapshot in place. `old` is its window, in whatever layout it was. False where its set has no
    /// room for it.
    pub(super) fn put(&self, hash: u64, old: &Window<'_>, rule: Rule, now_ms: u64) -> bool {
        let Some(shard) = self.shard(hash) else { return false };
        let mut shard = shard.lock();
        let Some((slot, evicted)) = shard.find_or_place(hash, rule, now_ms) else { return false };
        self.evicted.fetch_add(u64::from(evicted), Ordering::Relaxed);
        shard.latest_ms = shard.latest_ms.max(now_ms);
        shard.changes += 1;
        shard.bytes(slot).fill(0);
        shard.window(slot).copy_from(old, rule.max);
        true
    }

    /// Another number whenever an entry was changed.
    pub(super) fn changes(&self) -> u64 {
        self.shards.iter().fold(0, |sum, shard| sum + shard.lock().changes)
    }

    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().used).sum()
    }

    pub(super) fn capacity(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().keys.len()).sum()
    }

    pub(super) fn bytes(&self) -> usize {
        let of = |shard: MutexGuard<'_, Shard>| shard.keys.len() * KEY_BYTES + shard.data.len();
        self.shards.iter().map(|shard| of(shard.lock())).sum()
    }

    pub(super) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    pub(super) fn untracked(&self) -> u64 {
        self.untracked.load(Ordering::Relaxed)
    }

    fn shard(&self, hash: u64) -> Option<&Mutex<Shard>> {
        self.shards.get((hash >> 60) as usize)
    }
}

impl Shard {
    fn new(shape: Shape, sets: usize) -> Self {
        let ways = sets * WAYS;
        // Zeroed allocations: the system gives such pages only when they are written to.
        Self { shape, keys: vec![0; ways], data: vec![0; ways * shape.bytes()], used: 0, latest_ms: 0, changes: 0 }
    }

    fn reshape(&mut self, shape: Shape, sets: usize, rule: Rule) -> u64 {
        if self.shape == shape && self.keys.len() == sets * WAYS {
            return 0;
        }
        let mut old = std::mem::replace(self, Self::new(shape, sets));
        self.latest_ms = old.latest_ms;
        self.changes = old.changes + 1;
        let mut evicted = 0;
        for slot in 0..old.keys.len() {
            let Some(hash) = old.keys.get(slot).copied().filter(|hash| *hash != 0) else { continue };
            let Some((place, evicts)) = self.find_or_place(hash, rule, old.latest_ms) else {
                evicted += 1;
                continue;
            };
            evicted += u64::from(evicts);
            self.window(place).copy_from(&old.window(slot), rule.max);
        }
        evicted
    }

    fn copy(&self, first: usize, length: usize, out: &mut Vec<u8>) -> Copied {
        let (sets, entry) = (self.keys.len() / WAYS, self.shape.bytes());
        let step = (length / (WAYS * entry_bytes(self.shape))).max(1);
        let end = first.saturating_add(step).min(sets);
        let slots = first * WAYS..end * WAYS;
        let keys = self.keys.get(slots.clone()).unwrap_or_default();
        let data = self.data.get(slots.start * entry..slots.end * entry).unwrap_or_default();
        for (hash, bytes) in keys.iter().zip(data.chunks_exact(entry)).filter(|(hash, _)| **hash != 0) {
            out.extend_from_slice(&hash.to_le_bytes());
            out.extend_from_slice(bytes);
        }
        Copied { geometry: (self.shape, sets), next: (end < sets).then_some(end) }
    }

    fn find(&self, hash: u64) -> Option<usize> {
        let first = self.set(hash);
        let keys = self.keys.get(first..first + WAYS)?;
        keys.iter().position(|key| *key == hash).map(|way| first + way)
    }

    /// The slot of a key, made empty for it if it is new, and whether another key lost it that still counted.
    fn find_or_place(&mut self, hash: u64, rule: Rule, now_ms: u64) -> Option<(usize, bool)> {
        if let Some(slot) = self.find(hash) {
            return Some((slot, false));
        }
        let (slot, evicts) = self.place(self.set(hash), rule, now_ms)?;
        let key = self.keys.get_mut(slot)?;
        self.used += usize::from(*key == 0);
        *key = hash;
        self.bytes(slot).fill(0);
        Some((slot, evicts))
    }

    /// A free way of the set, else the one worth least: expired, else with the fewest counted, then the oldest. One
    /// that refuses is never given away: a flood of new keys must not open what is shut.
    fn place(&mut self, first: usize, rule: Rule, now_ms: u64) -> Option<(usize, bool)> {
        let keys = self.keys.get(first..first + WAYS)?;
        if let Some(way) = keys.iter().position(|key| *key == 0) {
            return Some((first + way, false));
        }
        let mut least = None;
        for slot in first..first + WAYS {
            let window = self.window(slot);
            if window.is_over(now_ms) {
                return Some((slot, false));
            }
            let held = window.held(now_ms);
            let worth = (held.count, held.last_ms);
            if least.is_none_or(|(least, _)| worth < least) && window.full_until(rule, None, now_ms).is_none() {
                least = Some((worth, slot));
            }
        }
        least.map(|(_, slot)| (slot, true))
    }

    /// The first way of a key's set.
    fn set(&self, hash: u64) -> usize {
        let sets = self.keys.len() / WAYS;
        // The highest four bits choose the shard, so the next 32 choose the set.
        let spread = (hash >> 28) & 0xffff_ffff;
        ((u128::from(spread) * sets as u128) >> 32) as usize * WAYS
    }

    fn window(&mut self, slot: usize) -> Window<'_> {
        let shape = self.shape;
        shape.window(self.bytes(slot))
    }

    fn bytes(&mut self, slot: usize) -> &mut [u8] {
        let length = self.shape.bytes();
        &mut self.data[slot * length..(slot + 1) * length]
    }
}

fn sets_for(entries: usize) -> usize {
    (entries / MIN_ENTRIES).max(1)
}

fn hash(key: u64) -> u64 {
    mix([key]).max(1)
}

/// Makes one key of several parts, each a keyed name or a plain number; their order matters.
///
/// It spreads and joins, it doesn't hide: what must stay secret is a pseudonym before it comes here. (The finaliser
/// of `SplitMix64`: Steele, Lea, Flood 2014.)
pub fn mix(parts: impl IntoIterator<Item = u64>) -> u64 {
    parts.into_iter().fold(0, |state: u64, part| {
        let mut z = (state ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}
