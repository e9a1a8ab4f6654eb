//! A window that keeps each time, and with it the item where different items are counted.
//!
//! Bytes: the newest tick ever counted (6), how many are kept (2), the newest tick that had to make room (3) and
//! whether there is one (1), then the kept ones by time: an item's hash (4, only for distinct counts) and the low 24
//! bits of its tick (3). All kept ticks lie less than 2^24 before the newest, which makes them whole again.

use super::bytes::{set_u24, set_u48, u24, u48};
use super::room::{Held, Rule, full_until};

/// A window is at most this many ticks long; a quarter of what three bytes tell apart.
const WINDOW_TICKS: u64 = 1 << 22;
/// What is older than this is forgotten: two windows, so that a clock that lags by a whole window still sees its own.
const KEPT_TICKS: u64 = 2 * WINDOW_TICKS;

const LENGTH: usize = 6;
const DROPPED: usize = 8;
const HAS_DROPPED: usize = 11;
const HEAD: usize = 12;

/// How an entry's bytes are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    per_ms: u64,
    tick_ms: u64,
    slots: u16,
    distinct: bool,
}

impl Layout {
    pub(super) fn new(per_ms: u64, slots: u16, distinct: bool) -> Self {
        Self { per_ms, tick_ms: per_ms.div_ceil(WINDOW_TICKS).max(1), slots, distinct }
    }

    pub(super) fn bytes(self) -> usize {
        HEAD + self.stride() * usize::from(self.slots)
    }

    pub(super) fn per_ms(self) -> u64 {
        self.per_ms
    }

    pub(super) fn slots(self) -> u16 {
        self.slots
    }

    fn stride(self) -> usize {
        if self.distinct { 7 } else { 3 }
    }
}

/// One entry.
pub(super) struct Times<'a> {
    pub(super) bytes: &'a mut [u8],
    pub(super) layout: Layout,
}

impl Times<'_> {
    /// `None` if there is room for the item; else the first moment when there is.
    pub(super) fn full_until(&self, rule: Rule, item: Option<u64>, now_ms: u64) -> Option<u64> {
        let now_ms = self.not_too_old(now_ms);
        let rule = Rule { max: rule.max.min(self.layout.slots.into()), ..rule };
        if self.layout.distinct && self.counts(self.find(item), now_ms) {
            return None;
        }
        let first = self.first_that_counts(now_ms);
        let groups = (first..self.len()).map(|index| (self.leaves_ms(index), 1));
        full_until(rule, self.held(now_ms), groups, now_ms)
    }

    /// What the window holds.
    pub(super) fn held(&self, now_ms: u64) -> Held {
        let now_ms = self.not_too_old(now_ms);
        let count = self.len() - self.first_that_counts(now_ms);
        Held {
            count: u32::try_from(count).unwrap_or(u32::MAX),
            last_ms: if self.len() == 0 { 0 } else { self.tick(self.len() - 1) * self.layout.tick_ms },
            shut_until_ms: self.dropped().map_or(0, |tick| tick * self.layout.tick_ms + self.layout.per_ms),
        }
    }

    /// Whether the item is one of those that count, so that counting it again adds none.
    pub(super) fn has(&self, item: Option<u64>, now_ms: u64) -> bool {
        self.layout.distinct && self.counts(self.find(item), self.not_too_old(now_ms))
    }

    /// Counts. Where all slots are taken the oldest makes room.
    pub(super) fn add(&mut self, item: Option<u64>, now_ms: u64) {
        let now_ms = self.not_too_old(now_ms);
        let tick = now_ms.div_ceil(self.layout.tick_ms);
        self.advance(tick);
        let mut first_time = true;
        if self.layout.distinct
            && let Some(index) = self.find(item)
        {
            first_time = !self.counts(Some(index), now_ms);
            self.remove(index);
        }
        if self.len() == usize::from(self.layout.slots) {
            let oldest = self.dropped().unwrap_or(0).max(self.tick(0));
            self.set_dropped(oldest);
            self.remove(0);
        }
        let index = (0..self.len()).rev().find(|index| self.tick(*index) <= tick).map_or(0, |before| before + 1);
        self.insert(index, tick, (hash(item) << 1) | u32::from(first_time));
    }

    /// Takes one back that was counted at `at`. A distinct item that had been counted before stays: what it was
    /// before is not known, and too long is safe where too short is not.
    pub(super) fn release(&mut self, item: Option<u64>, at_ms: u64) {
        let tick = at_ms.div_ceil(self.layout.tick_ms);
        let wanted = |index: &usize| {
            self.tick(*index) == tick && (!self.layout.distinct || self.item(*index) == (hash(item) << 1) | 1)
        };
        if let Some(index) = (0..self.len()).rev().find(wanted) {
            self.remove(index);
        }
    }

    /// Takes over what another entry of this kind holds, the newest where not all fit. Ticks of another length are
    /// rounded up to those of this one.
    pub(super) fn copy_from(&mut self, other: &Times<'_>) {
        let here = |tick: u64| (tick * other.layout.tick_ms).div_ceil(self.layout.tick_ms);
        let newest = here(other.newest());
        let oldest = newest.saturating_sub(KEPT_TICKS);
        let kept: Vec<_> = (0..other.len())
            .map(|index| (here(other.tick(index)), other.item(index)))
            .filter(|(tick, _)| *tick >= oldest)
            .collect();
        let (skipped, kept) = kept.split_at(kept.len().saturating_sub(self.layout.slots.into()));
        let dropped = skipped.last().map(|(tick, _)| *tick).or_else(|| other.dropped().map(here));
        set_u48(self.bytes, 0, newest);
        for (index, (tick, item)) in kept.iter().enumerate() {
            self.insert(index, *tick, *item);
        }
        if let Some(tick) = dropped.filter(|tick| *tick >= oldest) {
            self.set_dropped(tick);
        }
    }

    /// The newest time that had to make room.
    pub(super) fn dropped_ms(&self) -> Option<u64> {
        self.dropped().map(|tick| tick * self.layout.tick_ms)
    }

    /// All kept times, the oldest first.
    pub(super) fn all_ms(&self) -> impl Iterator<Item = u64> {
        (0..self.len()).map(|index| self.tick(index) * self.layout.tick_ms)
    }

    /// Whether it holds no more than there is room for.
    pub(super) fn is_sound(&self) -> bool {
        self.len() <= usize::from(self.layout.slots)
    }

    fn counts(&self, index: Option<usize>, now_ms: u64) -> bool {
        index.is_some_and(|index| self.leaves_ms(index) > now_ms)
    }

    fn first_that_counts(&self, now_ms: u64) -> usize {
        (0..self.len()).find(|index| self.leaves_ms(*index) > now_ms).unwrap_or_else(|| self.len())
    }

    /// The clocks of two threads may differ; more than a window is no clock's difference and isn't followed.
    fn not_too_old(&self, now_ms: u64) -> u64 {
        now_ms.max((self.newest() * self.layout.tick_ms).saturating_sub(self.layout.per_ms))
    }

    fn leaves_ms(&self, index: usize) -> u64 {
        self.tick(index) * self.layout.tick_ms + self.layout.per_ms
    }

    /// Moves the newest tick on and forgets what can't be told apart from it any more.
    fn advance(&mut self, tick: u64) {
        if tick <= self.newest() {
            return;
        }
        let oldest = tick.saturating_sub(KEPT_TICKS);
        let keep = (0..self.len()).find(|index| self.tick(*index) >= oldest).unwrap_or_else(|| self.len());
        let dropped = self.dropped().filter(|dropped| *dropped >= oldest);
        let (stride, length) = (self.layout.stride(), self.len());
        self.bytes.copy_within(HEAD + keep * stride..HEAD + length * stride, HEAD);
        self.set_len(length - keep);
        set_u48(self.bytes, 0, tick);
        match dropped {
            Some(tick) => self.set_dropped(tick),
            None => self.bytes[HAS_DROPPED] = 0,
        }
    }

    fn insert(&mut self, index: usize, tick: u64, item: u32) {
        let (stride, length) = (self.layout.stride(), self.len());
        let at = HEAD + index * stride;
        self.bytes.copy_within(at..HEAD + length * stride, at + stride);
        if self.layout.distinct {
            self.bytes[at..at + 4].copy_from_slice(&item.to_le_bytes());
        }
        set_u24(self.bytes, at + stride - 3, low(tick));
        self.set_len(length + 1);
    }

    fn remove(&mut self, index: usize) {
        let (stride, length) = (self.layout.stride(), self.len());
        let at = HEAD + index * stride;
        self.bytes.copy_within(at + stride..HEAD + length * stride, at);
        self.set_len(length - 1);
    }

    fn find(&self, item: Option<u64>) -> Option<usize> {
        let wanted = hash(item);
        (0..self.len()).rev().find(|index| self.item(*index) >> 1 == wanted)
    }

    /// An item's hash in 31 bits; the lowest bit says that it is counted for the first time.
    fn item(&self, index: usize) -> u32 {
        let at = HEAD + index * self.layout.stride();
        match self.bytes.get(at..at + 4) {
            Some(&[a, b, c, d]) if self.layout.distinct => u32::from_le_bytes([a, b, c, d]),
            _ => 0,
        }
    }

    fn tick(&self, index: usize) -> u64 {
        let stride = self.layout.stride();
        self.whole(u24(self.bytes, HEAD + (index + 1) * stride - 3))
    }

    fn whole(&self, low_bits: u32) -> u64 {
        let newest = self.newest();
        newest.saturating_sub(u64::from(low(newest).wrapping_sub(low_bits) & 0x00ff_ffff))
    }

    fn newest(&self) -> u64 {
        u48(self.bytes, 0)
    }

    fn dropped(&self) -> Option<u64> {
        (self.bytes[HAS_DROPPED] == 1).then(|| self.whole(u24(self.bytes, DROPPED)))
    }

    fn set_dropped(&mut self, tick: u64) {
        set_u24(self.bytes, DROPPED, low(tick));
        self.bytes[HAS_DROPPED] = 1;
    }

    fn len(&self) -> usize {
        usize::from(u16::from_le_bytes([self.bytes[LENGTH], self.bytes[LENGTH + 1]]))
    }

    fn set_len(&mut self, length: usize) {
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        self.bytes[LENGTH..LENGTH + 2].copy_from_slice(&length.to_le_bytes());
    }
}

fn low(tick: u64) -> u32 {
    (tick & 0x00ff_ffff) as u32
}

fn hash(item: Option<u64>) -> u32 {
    (super::table::mix([item.unwrap_or_default()]) >> 33) as u32
}
