//! Random parts of decision ids: unpredictable from outside, cheap, and without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::domain::{DecisionId, Timestamp};
use crate::limits::mix;

/// Gives decision ids. Two of one process never meet; two processes do with a chance of one in 2^64 a pair.
#[derive(Debug)]
pub struct Ids {
    state: AtomicU64,
}

impl Ids {
    /// From a random seed; a replay takes a fixed one.
    pub const fn new(seed: u64) -> Self {
        Self { state: AtomicU64::new(seed) }
    }

    /// The next id.
    pub fn next(&self, now: Timestamp) -> DecisionId {
        DecisionId::new(now, self.random())
    }

    /// The next 64 bits. (`SplitMix64`: Steele, Lea, Flood 2014; a permutation of a counter, so no value comes twice.)
    pub fn random(&self) -> u64 {
        const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
        mix([self.state.fetch_add(GOLDEN, Ordering::Relaxed)])
    }
}
