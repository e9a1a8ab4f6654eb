//! The only file that reads time. Everything else takes `now` as an argument or a [`Clock`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::domain::{Span, Timestamp};

/// Tells the time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// Wall-clock time.
    fn now(&self) -> Timestamp;
}

/// How far the wall clock may be ahead of what it said so far and be believed at once.
const LEAP: Span = Span::minutes(5);
/// How long it has to stay ahead of that to be believed.
const BELIEVED_AFTER: Span = Span::minutes(1);
/// It isn't ahead.
const NEVER: u64 = u64::MAX;

/// The machine's clock, made safe for windows: it follows the wall clock forwards and never runs backwards. When the
/// wall clock is set back, time goes on at the pace of the monotonic clock, so no limit opens twice and none stays shut.
/// When it leaps forwards, time goes on at that pace until the leap has lasted: a clock that is wrong for a moment would
/// end every window, list entry and log file at once, and could never be followed back.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
    /// Wall clock less monotonic clock, the largest ever believed.
    offset_ms: AtomicU64,
    /// When a leap that isn't believed yet began, on the monotonic clock.
    leapt_at_ms: AtomicU64,
}

impl SystemClock {
    /// Starts with the wall clock's time.
    #[expect(clippy::disallowed_methods, reason = "this is the one file that reads the monotonic clock")]
    pub fn start() -> Self {
        Self { start: Instant::now(), offset_ms: AtomicU64::new(0), leapt_at_ms: AtomicU64::new(NEVER) }
    }

    fn reading(&self, wall_ms: u64, elapsed_ms: u64) -> Timestamp {
        let offset = wall_ms.saturating_sub(elapsed_ms);
        let believed = self.offset_ms.load(Ordering::Relaxed);
        if believed != 0 && offset > believed.saturating_add(LEAP.as_millis()) {
            let began = self.leapt_at_ms.fetch_min(elapsed_ms, Ordering::Relaxed).min(elapsed_ms);
            if elapsed_ms - began < BELIEVED_AFTER.as_millis() {
                return Timestamp::from_unix_ms(believed + elapsed_ms);
            }
        }
        if self.leapt_at_ms.load(Ordering::Relaxed) != NEVER {
            self.leapt_at_ms.store(NEVER, Ordering::Relaxed);
        }
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
        let forward = 1_000_020 + LEAP.as_millis();
        assert_eq!(clock.reading(forward, 30).unix_ms(), forward, "set forward: follows");
    }

    #[test]
    fn a_wall_clock_that_leaps_forwards_is_believed_when_it_stays_there() {
        let day = Span::hours(24).as_millis();
        let clock = SystemClock::start();
        assert_eq!(clock.reading(day, 10).unix_ms(), day, "whatever it says first");
        assert_eq!(clock.reading(40 * day, 20).unix_ms(), day + 10);
        assert_eq!(clock.reading(40 * day + 59_999, 60_019).unix_ms(), day + 60_009, "not yet a minute");
        assert_eq!(clock.reading(day + 60_010, 60_020).unix_ms(), day + 60_010, "it was a mistake");
        assert_eq!(clock.reading(9 * day, 70_000).unix_ms(), day + 69_990, "and forgotten");
        assert_eq!(clock.reading(9 * day + 60_000, 130_000).unix_ms(), 9 * day + 60_000);
        assert_eq!(clock.reading(9 * day + 60_001, 130_001).unix_ms(), 9 * day + 60_001);
    }
}
