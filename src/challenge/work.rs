//! How much work is asked for: little of a mild attempt, more of a hot one, never more than a low-end phone bears.
//!
//! The work of a challenge is `cost` iterations of PBKDF2 for each counter that is tried. Issuing costs one counter, so
//! the cost is small and the counters many. The counter to be found is drawn evenly from 1 to [`Work::counters`]: whoever
//! begins elsewhere than at the first, or gives up on a long one, gains nothing by it, and nobody works longer than to
//! the last.

/// How much work the operator asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Effort {
    /// For apps whose users have old phones.
    Light,
    /// For most.
    #[default]
    Normal,
    /// Where bombers pay for servers.
    Heavy,
}

/// The work of one challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// Iterations of PBKDF2 for a counter.
    pub cost: u32,
    /// The last counter that may have to be tried; the mean is half of it.
    pub counters: u32,
}

/// Iterations for a counter, at every setting: little to issue, and well over what calling `WebCrypto` costs a browser. The
/// README has what was measured.
const COST: u32 = 1_000;
/// Hashes of version 1 that a browser makes, each called for, in the time of a counter.
const V1_NUMBERS: u32 = 50;
/// Where the first rung closes: [`crate::domain::Decision::score`].
const MILD: f32 = 50.0;
const HOT: f32 = 100.0;

impl Effort {
    /// Every effort with its name in the configuration.
    pub const ALL: [(&'static str, Self); 3] =
        [("light", Self::Light), ("normal", Self::Normal), ("heavy", Self::Heavy)];

    /// Counters at most, for a mild attempt and for a hot one.
    const fn bounds(self) -> [f32; 2] {
        match self {
            Self::Light => [500.0, 4_000.0],
            Self::Normal => [1_500.0, 12_000.0],
            Self::Heavy => [4_000.0, 30_000.0],
        }
    }

    /// The work for an attempt of this score; between mild and hot it doubles in even steps.
    pub fn work(self, score: u8) -> Work {
        let [mild, hot] = self.bounds();
        let heat = ((f32::from(score) - MILD) / (HOT - MILD)).clamp(0.0, 1.0);
        let counters = mild * (hot / mild).powf(heat);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "500 to 30,000")]
        let counters = counters.round() as u32;
        Work { cost: COST, counters }
    }
}

impl Work {
    /// Whether it is clearly less than `other`: less than half.
    pub fn is_light_beside(self, other: Self) -> bool {
        u64::from(self.counters) * 2 < u64::from(other.counters)
    }

    /// The largest number of an ALTCHA v1 challenge: as long as the same work takes where a browser hashes one by one.
    pub(super) fn numbers(self) -> u32 {
        self.counters.saturating_mul(V1_NUMBERS)
    }

    /// The number to be found, from random bits: from 0 on.
    pub(super) fn number(self, random: u128) -> u32 {
        u32::try_from(random % (u128::from(self.numbers()) + 1)).unwrap_or_default()
    }

    /// The counter to be found, from random bits.
    pub(super) fn counter(self, random: u128) -> u32 {
        let drawn = random % u128::from(self.counters.max(1));
        u32::try_from(drawn).unwrap_or_default() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hotter_is_more_work_within_bounds() {
        for (_, effort) in Effort::ALL {
            let work: Vec<u32> = (0..=255).map(|score| effort.work(score).counters).collect();
            assert!(work.is_sorted());
            assert_eq!(work[0], work[50]);
            assert_eq!(work[100], work[255]);
            assert_eq!(work[100] / work[50], if effort == Effort::Heavy { 7 } else { 8 });
        }
    }

    #[test]
    fn every_counter_can_be_drawn_and_no_other() {
        let work = Work { cost: 1, counters: 3 };
        let mut drawn: Vec<u32> = (0..9).map(|random| work.counter(random)).collect();
        drawn.sort_unstable();
        assert_eq!(drawn, [1, 1, 1, 2, 2, 2, 3, 3, 3]);
    }
}
