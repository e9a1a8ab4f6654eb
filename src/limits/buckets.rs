//! A window that counts in buckets of 1/31 of its length.
//!
//! A window touches at most 32 buckets: the oldest counts fully until all of it has left. One more is kept so that a
//! clock that lags by up to a bucket still sees everything that it must. Bytes: the newest time counted in
//! milliseconds (6), then 33 counts (3 each); bucket `b` covers `b * width .. (b + 1) * width` and stands at `b % 33`.

use super::bytes::{set_u24, set_u48, u24, u48};
use super::room::{Held, Rule, full_until};

const PARTS: u64 = 31;
const KEPT: u64 = PARTS + 2;
const HEAD: usize = 6;
const FULL: u32 = 0x00ff_ffff;

/// How an entry's bytes are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    per_ms: u64,
    width_ms: u64,
}

impl Layout {
    pub(super) fn new(per_ms: u64) -> Self {
        Self { per_ms, width_ms: per_ms.div_ceil(PARTS).max(1) }
    }

    pub(super) fn per_ms(self) -> u64 {
        self.per_ms
    }

    pub(super) const fn bytes() -> usize {
        HEAD + 33 * 3
    }
}

/// One entry.
pub(super) struct Buckets<'a> {
    pub(super) bytes: &'a mut [u8],
    pub(super) layout: Layout,
}

impl Buckets<'_> {
    /// `None` if there is room; else the first moment when there is.
    pub(super) fn full_until(&self, rule: Rule, now_ms: u64) -> Option<u64> {
        let now_ms = self.not_too_old(now_ms);
        full_until(rule, self.held(now_ms), self.groups(now_ms), now_ms)
    }

    /// What the window holds.
    pub(super) fn held(&self, now_ms: u64) -> Held {
        let now_ms = self.not_too_old(now_ms);
        let (count, last) = self.groups(now_ms).fold((0, 0), |(sum, _), (leaves_ms, count)| (sum + count, leaves_ms));
        let last = last.saturating_sub(self.layout.per_ms);
        Held { count, last_ms: last.min(self.newest_ms()), shut_until_ms: 0 }
    }

    /// Counts.
    pub(super) fn add(&mut self, now_ms: u64) {
        self.add_many(now_ms, 1);
    }

    /// Counts several at once, for a change of the layout.
    pub(super) fn add_many(&mut self, now_ms: u64, count: u32) {
        let now_ms = self.not_too_old(now_ms);
        let bucket = self.bucket(now_ms);
        let newest = self.bucket(self.newest_ms());
        for passed in (newest + 1..=bucket).rev().take(33) {
            self.set_count(passed, 0);
        }
        set_u48(self.bytes, 0, now_ms.max(self.newest_ms()));
        self.set_count(bucket, self.count(bucket).saturating_add(count).min(FULL));
    }

    /// Takes one back that was counted at `at`.
    pub(super) fn release(&mut self, at_ms: u64) {
        let bucket = self.bucket(at_ms);
        let newest = self.bucket(self.newest_ms());
        if bucket <= newest && bucket + KEPT > newest {
            self.set_count(bucket, self.count(bucket).saturating_sub(1));
        }
    }

    /// Those that count, the oldest first: when they leave, and how many.
    pub(super) fn groups(&self, now_ms: u64) -> impl Iterator<Item = (u64, u32)> {
        let newest = self.bucket(self.newest_ms());
        let oldest = newest.saturating_sub(KEPT - 1);
        // Round the ring: most buckets are empty, and every decision walks over them.
        let first = usize::try_from(oldest % KEPT).unwrap_or_default();
        let (counts, _) = self.bytes.get(HEAD..).unwrap_or_default().as_chunks::<3>();
        let (later, sooner) = counts.split_at(first.min(counts.len()));
        let held = (oldest..).zip(sooner.iter().chain(later));
        held.filter(|(_, count)| **count != [0; 3])
            .map(|(bucket, count)| ((bucket + 1) * self.layout.width_ms - 1 + self.layout.per_ms, u24(count, 0)))
            .filter(move |(leaves_ms, _)| *leaves_ms > now_ms)
    }

    /// Takes over what another entry of this kind holds.
    pub(super) fn copy_from(&mut self, other: &Buckets<'_>) {
        if self.layout == other.layout {
            self.bytes.copy_from_slice(other.bytes);
        } else {
            other.all_ms().for_each(|(at_ms, count)| self.add_many(at_ms, count));
        }
    }

    /// All kept counts with the last moment of their buckets, the oldest first.
    pub(super) fn all_ms(&self) -> impl Iterator<Item = (u64, u32)> {
        let newest_ms = self.newest_ms();
        self.groups(0).map(move |(leaves_ms, count)| ((leaves_ms - self.layout.per_ms).min(newest_ms), count))
    }

    /// A clock that lags by more than a bucket isn't followed.
    fn not_too_old(&self, now_ms: u64) -> u64 {
        let newest = self.bucket(self.newest_ms());
        now_ms.max(newest.saturating_sub(1) * self.layout.width_ms)
    }

    fn newest_ms(&self) -> u64 {
        u48(self.bytes, 0)
    }

    fn bucket(&self, at_ms: u64) -> u64 {
        at_ms / self.layout.width_ms
    }

    fn count(&self, bucket: u64) -> u32 {
        u24(self.bytes, Self::place(bucket))
    }

    fn set_count(&mut self, bucket: u64, count: u32) {
        set_u24(self.bytes, Self::place(bucket), count);
    }

    fn place(bucket: u64) -> usize {
        HEAD + 3 * (bucket % KEPT) as usize
    }
}
