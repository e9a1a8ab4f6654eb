//! A small seeded generator, so that the same seed tells the same story. Not for secrets.
//!
//! Must not know: what its numbers are used for.

/// `SplitMix64` (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The same seed gives the same numbers.
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator of its own for a part, so that parts that run side by side don't disturb each other.
    #[must_use]
    pub fn split(&mut self) -> Self {
        Self(self.bits())
    }

    /// A generator that depends on nothing but these: the same thing looks the same wherever it is met.
    pub fn of(parts: &[u64]) -> Self {
        let mut state = Self(0);
        for part in parts {
            state = Self(state.bits() ^ *part);
        }
        state.split()
    }

    /// Any 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `end`, which is small next to 2^64, so that the bias of the division doesn't matter; 0 for an `end` of 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.bits().checked_rem(end).unwrap_or(0)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True `percent` times of a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of them.
    pub fn pick<T: Copy, const N: usize>(&mut self, of: [T; N]) -> T {
        const { assert!(N > 0, "nothing to pick from") };
        let index = usize::try_from(self.below(N as u64)).unwrap_or(0);
        of[index.min(N - 1)]
    }

    /// One of them; they must not be none.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }

    /// An index of something that has `length` elements.
    pub fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// An index, each as likely as its weight says; weights are not negative, and 0 is the answer where all are 0.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut rest = self.unit() * weights.iter().sum::<f64>();
        for (index, weight) in weights.iter().enumerate() {
            if rest < *weight {
                return index;
            }
            rest -= weight;
        }
        0
    }

    /// From 0 to 1, without 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// From `low` to `high`.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + self.unit() * (high - low)
    }

    /// True with this probability.
    pub fn happens(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// The wait for something that comes every `mean` on average and remembers nothing.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// Half of them below `median`; `sigma` is the deviation of the logarithm.
    pub fn lognormal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Mean 0, deviation 1 (Box and Muller 1958).
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
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

    #[test]
    fn distributions_have_their_means() {
        let mut random = Random::seeded(1);
        let mut mean = |mut draw: Box<dyn FnMut(&mut Random) -> f64>| {
            (0..100_000).map(|_| draw(&mut random)).sum::<f64>() / 100_000.0
        };
        let exponential = mean(Box::new(|random| random.exponential(5.0)));
        assert!((4.9..5.1).contains(&exponential), "{exponential}");
        let below_median = mean(Box::new(|random| f64::from(random.lognormal(15.0, 0.8) < 15.0)));
        assert!((0.49..0.51).contains(&below_median), "{below_median}");
        let second = mean(Box::new(|random| f64::from(random.weighted(&[1.0, 3.0]) == 1)));
        assert!((0.74..0.76).contains(&second), "{second}");
    }
}
