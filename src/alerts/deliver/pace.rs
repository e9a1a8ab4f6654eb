//! How fast a channel is sent to, and how long a failed delivery waits. Pure: time and chance are arguments.

use crate::domain::{Span, Timestamp};
use crate::random::Random;

/// What a receiver may be sent: so many messages in any minute, a fifth of them at once.
#[derive(Clone, Debug)]
pub(super) struct Bucket {
    burst: u64,
    /// A message becomes free again after this.
    interval: Span,
    /// By when all are free again.
    full_at: Timestamp,
}

impl Bucket {
    /// For `rate` messages a minute, at least 1. It begins with one free: a process that is started again and again
    /// keeps the receiver's limit all the same.
    pub(super) fn new(rate: u32, now: Timestamp) -> Self {
        let rate = u64::from(rate.max(1));
        let burst = (rate / 5).max(1);
        let interval = Span::millis(Span::minutes(1).as_millis().div_ceil(rate - burst + 1));
        Self { burst, interval, full_at: now + times(interval, burst - 1) }
    }

    /// How many messages may go now.
    pub(super) fn free(&self, now: Timestamp) -> u64 {
        let missing = self.full_at.since(now).as_millis().div_ceil(self.interval.as_millis());
        self.burst.saturating_sub(missing)
    }

    /// When the next message may go, where none may now.
    pub(super) fn next(&self, now: Timestamp) -> Timestamp {
        if self.free(now) > 0 { now } else { self.full_at - times(self.interval, self.burst - 1) }
    }

    /// A message goes.
    pub(super) fn take(&mut self, now: Timestamp) {
        self.full_at = self.full_at.max(now) + self.interval;
    }
}

const fn times(span: Span, factor: u64) -> Span {
    Span::millis(span.as_millis().saturating_mul(factor))
}

/// The first wait after a failure.
const FIRST: Span = Span::seconds(5);
/// Each further one is so much longer, up to the longest.
const FACTOR: u64 = 3;
const LONGEST: Span = Span::minutes(15);

/// The wait after so many failed attempts: 5 s, 15 s, 45 s and so on up to 15 minutes, give or take a quarter.
pub(super) fn backoff(attempts: u32, random: &mut Random) -> Span {
    let factor = FACTOR.saturating_pow(attempts.saturating_sub(1));
    let wait = times(FIRST, factor).min(LONGEST).as_millis();
    Span::millis(random.between(wait * 3 / 4, wait * 5 / 4))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);

    proptest! {
        #[test]
        fn no_minute_holds_more_than_the_rate(rate in 1_u32..200, steps in prop::collection::vec(0_u64..9_000, 1..400)) {
            let mut bucket = Bucket::new(rate, NOW);
            let (mut now, mut sent) = (NOW, Vec::new());
            for step in steps {
                now = now + Span::millis(step);
                if bucket.free(now) > 0 {
                    bucket.take(now);
                    sent.push(now);
                } else {
                    prop_assert!(bucket.next(now) > now);
                    prop_assert_eq!(bucket.free(bucket.next(now)), 1, "what was promised is free then");
                }
            }
            for (index, first) in sent.iter().enumerate() {
                let within = sent.iter().skip(index).take_while(|at| at.since(*first) < Span::minutes(1)).count();
                prop_assert!(within <= rate as usize, "{} in a minute", within);
            }
        }

        #[test]
        fn waits_grow_and_are_bounded(attempts in 1_u32..200, seed: u64) {
            let wait = backoff(attempts, &mut Random::seeded(seed));
            prop_assert!(wait >= Span::millis(3_750) && wait <= Span::millis(1_125_000));
            if attempts == 1 {
                prop_assert!(wait <= Span::millis(6_250));
            }
        }
    }

    #[test]
    fn a_receiver_of_20_a_minute_gets_one_every_3_and_a_half_seconds() {
        let mut bucket = Bucket::new(20, NOW);
        assert_eq!(bucket.free(NOW), 1);
        bucket.take(NOW);
        assert_eq!(bucket.next(NOW), NOW + Span::millis(3530));
        assert_eq!(bucket.free(NOW + Span::minutes(1)), 4);
    }
}
