//! The line to each provider: whether it may be asked, since when it was down, and how many passed unproven meanwhile.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::Timestamp;
use crate::net::{Attempt, Breaker, BreakerSettings};

/// Every line, by the provider's name in the configuration. A reload keeps them.
#[derive(Debug, Default)]
pub(super) struct Lines(Mutex<HashMap<Arc<str>, Line>>);

#[derive(Debug)]
struct Line {
    breaker: Breaker,
    /// When it was last seen to be down.
    down_at: Option<Timestamp>,
    /// The minute, and how many passed unproven in it.
    passed: (u64, u32),
}

/// More than any configuration has; names of earlier ones are forgotten then.
const MAX_LINES: usize = 256;

impl Lines {
    /// The right to ask; `None` while it is left alone.
    pub(super) fn attempt(&self, name: &Arc<str>, now: Timestamp) -> Option<Attempt> {
        self.with(name, |line| {
            let attempt = line.breaker.attempt(now).ok();
            if attempt.is_none() {
                line.down_at = Some(now);
            }
            attempt
        })
    }

    /// How it went. True where the line opened or closed by that.
    pub(super) fn ended(&self, name: &Arc<str>, attempt: Attempt, answered: bool, now: Timestamp) -> bool {
        self.with(name, |line| {
            if !answered {
                line.down_at = Some(now);
            }
            line.breaker.ended(attempt, answered, now)
        })
    }

    /// The right wasn't used: as if it had not been given.
    pub(super) fn withdraw(&self, name: &Arc<str>, attempt: Attempt) {
        self.with(name, |line| line.breaker.withdraw(attempt));
    }

    /// Whether asking now would be in vain. A line that may be tried again is up.
    pub(super) fn is_down(&self, name: &Arc<str>, now: Timestamp) -> bool {
        self.with(name, |line| {
            let is_down = line.breaker.refuses(now);
            if is_down {
                line.down_at = Some(now);
            }
            is_down
        })
    }

    /// Whether it was seen to be down since then.
    pub(super) fn was_down(&self, name: &Arc<str>, since: Timestamp) -> bool {
        self.with(name, |line| line.down_at.is_some_and(|at| at >= since))
    }

    /// One more passes unproven, as long as fewer than `per_minute` did in this minute.
    pub(super) fn pass(&self, name: &Arc<str>, per_minute: u32, now: Timestamp) -> bool {
        self.with(name, |line| {
            let minute = now.unix_ms() / 60_000;
            let passed = if line.passed.0 == minute { line.passed.1 } else { 0 };
            line.passed = (minute, passed.saturating_add(1));
            passed < per_minute
        })
    }

    fn with<R>(&self, name: &Arc<str>, change: impl FnOnce(&mut Line) -> R) -> R {
        let mut lines = self.0.lock();
        if lines.len() >= MAX_LINES && !lines.contains_key(name) {
            lines.clear();
        }
        let fresh = || Line { breaker: Breaker::new(BreakerSettings::default()), down_at: None, passed: (0, 0) };
        change(lines.entry(Arc::clone(name)).or_insert_with(fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Span;

    #[test]
    fn a_line_that_fails_is_down_and_remembers_since_when() {
        let (lines, name): (_, Arc<str>) = (Lines::default(), "turnstile".into());
        let start = Timestamp::from_unix_ms(1_000_000);
        assert!(!lines.is_down(&name, start) && !lines.was_down(&name, start));
        for failure in 0..5 {
            let attempt = lines.attempt(&name, start).unwrap();
            assert_eq!(lines.ended(&name, attempt, false, start), failure == 4);
        }
        assert!(lines.is_down(&name, start) && lines.attempt(&name, start).is_none());
        assert!(lines.was_down(&name, start) && !lines.was_down(&name, start + Span::millis(1)));
        let later = start + Span::seconds(5);
        assert!(!lines.is_down(&name, later), "one may try again");
        let attempt = lines.attempt(&name, later).unwrap();
        assert!(lines.ended(&name, attempt, true, later));
        assert!(!lines.is_down(&"other".into(), start), "each provider has its own");
    }

    #[test]
    fn so_many_pass_in_a_minute() {
        let (lines, name): (_, Arc<str>) = (Lines::default(), "turnstile".into());
        let at = |seconds| Timestamp::from_unix_ms(60_000_000) + Span::seconds(seconds);
        let pass = |seconds| lines.pass(&name, 2, at(seconds));
        assert_eq!([0, 1, 2, 59, 60, 61, 62].map(pass), [true, true, false, false, true, true, false]);
        assert!(!lines.pass(&"none".into(), 0, at(0)));
    }
}
