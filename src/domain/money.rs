//! Money, in millionths of the operator's currency: an SMS costs fractions of a cent.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Serialize, Serializer};

/// Millionths of a currency unit. Which currency is the configuration's business; sums saturate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(u64);

impl Money {
    /// From millionths.
    pub const fn micros(micros: u64) -> Self {
        Self(micros)
    }

    /// As millionths.
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// From units: 0.045 is 45,000 millionths. `None` for what is negative, not finite or over a billion.
    pub fn from_units(units: f64) -> Option<Self> {
        let micros = (units * 1e6).round();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
        (0.0..=1e15).contains(&micros).then_some(Self(micros as u64))
    }

    /// As units, for metrics.
    #[expect(clippy::cast_precision_loss, reason = "a metric is a float; exact to 2^53 millionths")]
    pub fn as_units(self) -> f64 {
        self.0 as f64 / 1e6
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::default(), Add::add)
    }
}

impl fmt::Display for Money {
    /// Two decimals from one unit on, four below: `12.30`, `0.0450`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 >= 1_000_000 { write!(f, "{:.2}", self.as_units()) } else { write!(f, "{:.4}", self.as_units()) }
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_units())
    }
}
