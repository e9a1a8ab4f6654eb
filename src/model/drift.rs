//! How far what a model meets is from what it was trained on: the population stability index of each feature.
//!
//! Counted over attempts that went through unasked, as the reference is over real use: an attack that is stopped is no
//! drift. One attempt in [`EVERY`] is counted, and a window of [`WINDOW`] of these is looked at as a whole.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use parking_lot::Mutex;

use super::artifact::Reference;
use super::features::{COUNT, Features};

/// One attempt in so many is counted.
const EVERY: u64 = 8;
/// Counted attempts that are looked at as a whole.
pub const WINDOW: u32 = 2_000;
/// From here on a feature is another than in training: 0.1 is called a small shift, 0.25 a large one (Siddiqi, "Credit
/// risk scorecards", 2006).
pub const STRANGE: f32 = 0.25;
/// A part that nothing was seen in counts as this share, else its logarithm would be without a bound.
const LEAST: f32 = 1e-3;

/// What was met since the last look.
#[derive(Debug)]
pub struct Drift {
    reference: Vec<Reference>,
    /// Where the counts of each feature begin.
    first: Vec<usize>,
    counts: Box<[AtomicU32]>,
    met: AtomicU64,
    /// Of the last full window.
    last: Mutex<Option<Box<[f32]>>>,
}

impl Drift {
    pub(super) fn new(reference: Vec<Reference>) -> Self {
        let mut parts = 0;
        let first = reference
            .iter()
            .map(|feature| {
                let first = parts;
                parts += feature.shares.len();
                first
            })
            .collect();
        let counts = (0..parts).map(|_| AtomicU32::new(0)).collect();
        Self { reference, first, counts, met: AtomicU64::new(0), last: Mutex::new(None) }
    }

    /// Counts an attempt that went through. Threads that meet at the end of a window may count some twice or not at all.
    pub fn count(&self, row: &Features) {
        let met = self.met.fetch_add(1, Ordering::Relaxed);
        if !met.is_multiple_of(EVERY) {
            return;
        }
        for ((value, reference), first) in row.0.iter().zip(&self.reference).zip(&self.first) {
            let part = reference.edges.partition_point(|edge| edge <= value);
            self.counts[first + part].fetch_add(1, Ordering::Relaxed);
        }
        if (met / EVERY + 1).is_multiple_of(u64::from(WINDOW)) {
            *self.last.lock() = Some(self.take());
        }
    }

    /// The index of each feature over the last full window; `None` before the first is full.
    pub fn last(&self) -> Option<Box<[f32]>> {
        self.last.lock().clone()
    }

    fn take(&self) -> Box<[f32]> {
        let index = |(reference, first): (&Reference, &usize)| {
            let counts = self.counts.get(*first..first + reference.shares.len()).unwrap_or_default();
            let counts: Vec<_> = counts.iter().map(|count| count.swap(0, Ordering::Relaxed)).collect();
            stability(&reference.shares, &counts)
        };
        self.reference.iter().zip(&self.first).map(index).collect()
    }
}

/// `sum((met - expected) ln(met / expected))` over the parts.
#[expect(clippy::cast_precision_loss, reason = "thousands")]
fn stability(expected: &[f32], counts: &[u32]) -> f32 {
    let sum = counts.iter().sum::<u32>().max(1) as f32;
    let part = |(expected, count): (&f32, &u32)| {
        let (expected, met) = (expected.max(LEAST), (*count as f32 / sum).max(LEAST));
        (met - expected) * (met / expected).ln()
    };
    expected.iter().zip(counts).map(part).sum()
}

const _: () = assert!(COUNT < i16::MAX as usize, "nodes name features by an i16");

#[cfg(test)]
mod tests {
    use super::*;

    fn reference() -> Vec<Reference> {
        vec![Reference { edges: vec![0.5], shares: vec![0.9, 0.1] }; COUNT]
    }

    #[test]
    fn what_is_as_in_training_is_no_drift_and_what_is_turned_around_is() {
        let drift = Drift::new(reference());
        let share = |of: u64, parts: u64| u8::from(of % 10 < parts);
        for number in 0..u64::from(WINDOW) * EVERY {
            let mut row = [f32::from(share(number / EVERY, 1)); COUNT];
            row[3] = f32::from(share(number / EVERY, 9));
            drift.count(&Features(row));
        }
        let last = drift.last().unwrap();
        assert!(last[0] < 0.001, "{}", last[0]);
        assert!(last[3] > STRANGE, "{}", last[3]);
    }

    #[test]
    fn nothing_is_said_before_a_window_is_full() {
        let drift = Drift::new(reference());
        (0..100).for_each(|_| drift.count(&Features([0.0; COUNT])));
        assert_eq!(drift.last(), None);
    }
}
