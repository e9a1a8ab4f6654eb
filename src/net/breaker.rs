//! A circuit breaker: a receiver that failed several times in a row is left alone for a while, then tried once.
//!
//! Without it every request waits for the time-out of a provider that is down. Pure: `now` is an argument.

use crate::domain::{Span, Timestamp};

/// When a [`Breaker`] opens and how long it stays so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerSettings {
    /// Failures in a row that open it; at least 1.
    pub failures: u32,
    /// How long it stays open the first time.
    pub open_for: Span,
    /// Each failed probe doubles that, up to this.
    pub open_at_most: Span,
    /// A probe that hasn't ended by then has been given up, and another may start.
    pub probe_for: Span,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures: 5, open_for: Span::seconds(5), open_at_most: Span::minutes(2), probe_for: Span::seconds(30) }
    }
}

/// One breaker, for one receiver.
#[derive(Clone, Debug)]
pub struct Breaker {
    settings: BreakerSettings,
    inner: Inner,
    /// Counts changes of state: what an attempt of an earlier one reports comes too late to mean anything.
    epoch: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inner {
    Closed { failed: u32 },
    Open { until: Timestamp, length: Span },
    HalfOpen { given_up: Timestamp, length: Span },
}

/// What a breaker does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything goes through.
    Closed,
    /// Nothing does.
    Open,
    /// One attempt does, and decides.
    HalfOpen,
}

/// The right to try once; its end is told to [`Breaker::ended`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "its end must be told, or a probe counts as under way"]
pub struct Attempt {
    epoch: u64,
}

impl Breaker {
    /// Closed.
    pub const fn new(settings: BreakerSettings) -> Self {
        Self { settings, inner: Inner::Closed { failed: 0 }, epoch: 0 }
    }

    /// The right to try at `now`; else when to ask again.
    pub fn attempt(&mut self, now: Timestamp) -> Result<Attempt, Timestamp> {
        match self.inner {
            Inner::Closed { .. } => {}
            Inner::Open { until, .. } if now < until => return Err(until),
            Inner::HalfOpen { given_up, .. } if now < given_up => return Err(given_up),
            Inner::Open { length, .. } | Inner::HalfOpen { length, .. } => {
                self.become_(Inner::HalfOpen { given_up: now + self.settings.probe_for, length });
            }
        }
        Ok(Attempt { epoch: self.epoch })
    }

    /// Whether [`Self::attempt`] would refuse at `now`.
    pub fn refuses(&self, now: Timestamp) -> bool {
        match self.inner {
            Inner::Closed { .. } => false,
            Inner::Open { until, .. } => now < until,
            Inner::HalfOpen { given_up, .. } => now < given_up,
        }
    }

    /// How an attempt ended. True where it closed or opened the breaker.
    pub fn ended(&mut self, attempt: Attempt, succeeded: bool, now: Timestamp) -> bool {
        if attempt.epoch != self.epoch {
            return false;
        }
        match (self.inner, succeeded) {
            (Inner::Closed { .. }, true) => {
                self.inner = Inner::Closed { failed: 0 };
                return false;
            }
            (Inner::Closed { failed }, false) if failed + 1 < self.settings.failures => {
                self.inner = Inner::Closed { failed: failed + 1 };
                return false;
            }
            (Inner::Closed { .. }, false) => self.open(self.settings.open_for, now),
            (Inner::HalfOpen { .. }, true) => self.become_(Inner::Closed { failed: 0 }),
            (Inner::HalfOpen { length, .. }, false) => {
                let length = Span::millis(length.as_millis().saturating_mul(2)).min(self.settings.open_at_most);
                self.open(length, now);
            }
            // No attempt starts in an open breaker's epoch.
            (Inner::Open { .. }, _) => return false,
        }
        true
    }

    /// An attempt was not made after all: where it was the probe, another may be, at once.
    pub fn withdraw(&mut self, attempt: Attempt) {
        if let (Inner::HalfOpen { length, .. }, true) = (self.inner, attempt.epoch == self.epoch) {
            self.become_(Inner::Open { until: Timestamp::default(), length });
        }
    }

    /// What it does now.
    pub const fn state(&self) -> State {
        match self.inner {
            Inner::Closed { .. } => State::Closed,
            Inner::Open { .. } => State::Open,
            Inner::HalfOpen { .. } => State::HalfOpen,
        }
    }

    fn open(&mut self, length: Span, now: Timestamp) {
        self.become_(Inner::Open { until: now + length, length });
    }

    const fn become_(&mut self, inner: Inner) {
        self.inner = inner;
        self.epoch += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const T0: Timestamp = Timestamp::from_unix_ms(1_000_000);
    const SETTINGS: BreakerSettings = BreakerSettings {
        failures: 3,
        open_for: Span::seconds(5),
        open_at_most: Span::seconds(12),
        probe_for: Span::seconds(30),
    };

    fn broken() -> Breaker {
        let mut breaker = Breaker::new(SETTINGS);
        for _ in 0..3 {
            let attempt = breaker.attempt(T0).unwrap();
            breaker.ended(attempt, false, T0);
        }
        breaker
    }

    #[test]
    fn opens_after_failures_in_a_row_and_closes_by_a_probe() {
        let mut breaker = broken();
        assert_eq!((breaker.state(), breaker.attempt(T0)), (State::Open, Err(T0 + Span::seconds(5))));
        assert!(breaker.refuses(T0) && !breaker.refuses(T0 + Span::seconds(5)));
        let later = T0 + Span::seconds(5);
        let probe = breaker.attempt(later).unwrap();
        assert_eq!(breaker.attempt(later), Err(later + Span::seconds(30)), "one probe at a time");
        assert!(breaker.ended(probe, true, later));
        assert_eq!(breaker.state(), State::Closed);
    }

    #[test]
    fn a_success_between_failures_starts_the_count_again() {
        let mut breaker = Breaker::new(SETTINGS);
        for succeeded in [false, false, true, false, false] {
            let attempt = breaker.attempt(T0).unwrap();
            assert!(!breaker.ended(attempt, succeeded, T0));
        }
        assert_eq!(breaker.state(), State::Closed);
    }

    #[test]
    fn failed_probes_wait_longer_up_to_a_bound_and_lost_ones_are_given_up() {
        let (mut breaker, mut now) = (broken(), T0 + Span::seconds(5));
        for length in [10, 12, 12] {
            let probe = breaker.attempt(now).unwrap();
            breaker.ended(probe, false, now);
            assert_eq!(breaker.attempt(now), Err(now + Span::seconds(length)));
            now = now + Span::seconds(length);
        }
        let lost = breaker.attempt(now).unwrap();
        now = now + Span::seconds(30);
        let second = breaker.attempt(now).unwrap();
        assert!(!breaker.ended(lost, true, now), "what was given up decides nothing");
        assert!(breaker.ended(second, true, now));
    }

    #[test]
    fn a_probe_that_is_withdrawn_leaves_its_place_to_the_next() {
        let (mut breaker, later) = (broken(), T0 + Span::seconds(5));
        let probe = breaker.attempt(later).unwrap();
        breaker.withdraw(probe);
        let next = breaker.attempt(later).unwrap();
        breaker.withdraw(probe);
        assert!(breaker.attempt(later).is_err(), "an old one takes no other's place");
        assert!(breaker.ended(next, true, later));
    }

    #[test]
    fn what_started_before_it_opened_says_nothing_after() {
        let mut breaker = Breaker::new(SETTINGS);
        let early: Vec<_> = (0..5).map(|_| breaker.attempt(T0).unwrap()).collect();
        for attempt in &early[..3] {
            breaker.ended(*attempt, false, T0);
        }
        assert!(!breaker.ended(early[3], true, T0) && !breaker.ended(early[4], false, T0));
        assert_eq!(breaker.attempt(T0), Err(T0 + Span::seconds(5)));
    }

    proptest! {
        /// Whatever happens in whatever order: while not closed at most one attempt is under way in any `probe_for`,
        /// and from anywhere the longest wait and one success close it.
        #[test]
        fn holds_back_and_recovers(steps in prop::collection::vec((0_u64..20_000, 0..3_u8, any::<prop::sample::Index>()), 0..200)) {
            let (mut breaker, mut now, mut under_way) = (Breaker::new(SETTINGS), T0, Vec::new());
            let mut last_probe: Option<Timestamp> = None;
            for (wait, what, which) in steps {
                now = now + Span::millis(wait);
                if what == 0 || under_way.is_empty() {
                    let was = breaker.state();
                    if let Ok(attempt) = breaker.attempt(now) {
                        under_way.push(attempt);
                        if was == State::HalfOpen {
                            prop_assert!(now.since(last_probe.unwrap()) >= SETTINGS.probe_for);
                        }
                        last_probe = (breaker.state() == State::HalfOpen).then_some(now);
                    } else {
                        prop_assert_ne!(was, State::Closed);
                    }
                } else {
                    let attempt = under_way.swap_remove(which.index(under_way.len()));
                    breaker.ended(attempt, what == 1, now);
                }
            }
            now = now + SETTINGS.open_at_most + SETTINGS.probe_for;
            let attempt = breaker.attempt(now).unwrap();
            breaker.ended(attempt, true, now);
            prop_assert_eq!(breaker.state(), State::Closed);
        }
    }
}
