//! The only file that reads time. Everything else takes `now` as an argument or a [`Clock`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::domain::{Span, Timestamp};

/// Tells the time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Wall-clock time.
    fn now(&self) -> Timestamp;
}

/// The machine's clock, made safe for windows: it follows the wall clock forwards and never runs backwards. When the
/// wall clock is set back, time goes on at the pace of the monotonic clock, so no limit opens twice and none stays shut.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
    /// Wall clock less monotonic clock, the largest ever seen.
    offset_ms: AtomicU64,
}

impl SystemClock {
    /// Starts with the wall clock's time.
    #[expect(clippy::disallowed_methods, reason = "this is the one file that reads the monotonic clock")]
    pub fn start() -> Self {
        Self { start: Instant::now(), offset_ms: AtomicU64::new(0) }
    }

    fn reading(&self, wall_ms: u64, elapsed_ms: u64) -> Timestamp {
        let offset = wall_ms.saturating_sub(elapsed_ms);
        let largest = self.offset_ms.fetch_max(offset, Ordering::Relaxed).max(offset);
        Timestamp::from_unix_ms(largest + elapsed_ms)
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one file that reads the wall clock")]
    fn now(&self) -> Timestamp {
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.reading(whole_ms(wall), whole_ms(self.start.elapsed()))
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A clock that a test, a replay or a simulation sets.
#[derive(Debug, Default)]
pub struct ManualClock {
    ms: AtomicU64,
}

impl ManualClock {
    /// Stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self { ms: AtomicU64::new(now.unix_ms()) }
    }

    /// Moves to `now`.
    pub fn set(&self, now: Timestamp) {
        self.ms.store(now.unix_ms(), Ordering::Relaxed);
    }

    /// Moves on by `span`.
    pub fn advance(&self, span: Span) {
        self.ms.fetch_add(span.as_millis(), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.ms.load(Ordering::Relaxed))
    }
}

/// Measures how long something takes.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    #[expect(clippy::disallowed_methods, reason = "this is the one file that reads the monotonic clock")]
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the start.
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_is_set_back_neither_rewinds_nor_stops_time() {
        let clock = SystemClock::start();
        assert_eq!(clock.reading(1_000_000, 10).unix_ms(), 1_000_000);
        assert_eq!(clock.reading(500_000, 20).unix_ms(), 1_000_010, "set back: goes on at the monotonic pace");
        assert_eq!(clock.reading(2_000_000, 30).unix_ms(), 2_000_000, "set forward: follows");
    }
}
