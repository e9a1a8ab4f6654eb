//! Random bytes that nobody can foresee, from one seed: HMAC-SHA-256 of a counter. Whoever guessed a challenge's counter
//! would have its proof for nothing, so the ids' generator would not do.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::hmac;

use crate::privacy::keyed;

/// Gives random bytes; the same seed gives the same ones.
pub(super) struct Unpredictable {
    key: hmac::Key,
    count: AtomicU64,
}

impl Unpredictable {
    pub(super) fn new(seed: &[u8; 32]) -> Self {
        Self { key: keyed(seed), count: AtomicU64::new(0) }
    }

    /// The next 128 bits.
    pub(super) fn one(&self) -> u128 {
        let [one, _] = self.two();
        one
    }

    /// The next 256 bits.
    pub(super) fn two(&self) -> [u128; 2] {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let block = hmac::sign(&self.key, &count.to_be_bytes());
        let (one, two) = block.as_ref().split_at(16);
        [one, two].map(|half| half.first_chunk().copied().map_or(0, u128::from_be_bytes))
    }
}

impl fmt::Debug for Unpredictable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unpredictable(***)")
    }
}
