//! Keeps one repeated event from filling the log.

use std::collections::HashMap;

use parking_lot::Mutex;

use crate::domain::{Span, Timestamp};

/// Lets one event of a kind through in [`EVERY`], and counts the others. Kinds are literals, so the map is bounded by
/// the source text.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    kinds: Mutex<HashMap<&'static str, State>>,
}

#[derive(Debug)]
struct State {
    last: Timestamp,
    suppressed: u64,
}

/// How often a repeated event is written.
pub(super) const EVERY: Span = Span::seconds(10);

impl Limiter {
    /// Whether an event of `kind` is written at `now`, and if so, how many were left out since the one before.
    pub(super) fn admit(&self, kind: &'static str, now: Timestamp) -> Option<u64> {
        let mut kinds = self.kinds.lock();
        let Some(state) = kinds.get_mut(kind) else {
            kinds.insert(kind, State { last: now, suppressed: 0 });
            return Some(0);
        };
        if now.since(state.last) < EVERY {
            state.suppressed += 1;
            return None;
        }
        state.last = now;
        Some(std::mem::take(&mut state.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_are_counted_and_told_with_the_next_line() {
        let limiter = Limiter::default();
        let start = Timestamp::from_unix_ms(1_000_000);
        assert_eq!(limiter.admit("a", start), Some(0));
        assert_eq!(limiter.admit("b", start), Some(0), "kinds don't share");
        for second in 0..9 {
            assert_eq!(limiter.admit("a", start + Span::seconds(second)), None);
        }
        assert_eq!(limiter.admit("a", start + EVERY), Some(9));
        assert_eq!(limiter.admit("a", start + EVERY + EVERY), Some(0));
    }
}
