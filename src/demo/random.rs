//! A small seeded generator, so that a demo with the same seed tells the same story.
//!
//! Must not know: what its numbers are used for. Not for secrets.

/// `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The same seed gives the same numbers.
    pub(super) const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator of its own for a part, so that parts that run side by side don't disturb each other.
    pub(super) fn split(&mut self) -> Self {
        Self(self.next())
    }

    /// Any 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`, which is small next to 2^64, so that the bias of the division doesn't matter; 0 for an `end` of 0.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True `percent` times of a hundred.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub(super) fn pick<T: Copy, const N: usize>(&mut self, of: [T; N]) -> T {
        const { assert!(N > 0, "nothing to pick from") };
        let index = usize::try_from(self.below(N as u64)).unwrap_or(0);
        of[index.min(N - 1)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_within_their_bounds() {
        let (mut a, mut b) = (Random::seeded(7), Random::seeded(7));
        for _ in 0..1000 {
            let value = a.between(3, 15);
            assert_eq!(value, b.between(3, 15));
            assert!((3..=15).contains(&value));
        }
        let hits = (0..10_000).filter(|_| a.chance(85)).count();
        assert!((8_300..8_700).contains(&hits), "{hits}");
        assert_eq!(a.below(0), 0);
    }
}
