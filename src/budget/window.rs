//! A sliding window: a ring of buckets whose oldest counts until it has left entirely.
//!
//! So a window never holds less than what really happened in its length, and at most one bucket's length more. Time is
//! an argument and may run slightly backwards: what is older than the window counts in its oldest bucket.

use crate::domain::{Span, Timestamp};

/// What a window adds up. Sums saturate, and taking away stops at nothing.
pub trait Counted: Copy + Default + PartialEq {
    /// Adds another.
    fn add(&mut self, other: &Self);
    /// Takes another away.
    fn take(&mut self, other: &Self);
}

impl Counted for u64 {
    fn add(&mut self, other: &Self) {
        *self = self.saturating_add(*other);
    }

    fn take(&mut self, other: &Self) {
        *self = self.saturating_sub(*other);
    }
}

/// Sums of the last `per`.
#[derive(Clone, Debug)]
pub struct Window<T> {
    bucket_ms: u64,
    /// A ring, one more than make up the length: the oldest is on its way out.
    buckets: Box<[T]>,
    /// Index of the newest bucket: milliseconds over `bucket_ms`.
    newest: u64,
    /// Where it is.
    head: usize,
    sum: T,
}

impl<T: Counted> Window<T> {
    /// Empty; `per` is cut into `buckets` of whole milliseconds.
    pub fn new(per: Span, buckets: u32) -> Self {
        let bucket_ms = (per.as_millis() / u64::from(buckets.max(1))).max(1);
        let buckets = vec![T::default(); buckets.max(1) as usize + 1].into();
        Self { bucket_ms, buckets, newest: 0, head: 0, sum: T::default() }
    }

    /// Its length.
    pub fn per(&self) -> Span {
        Span::millis(self.bucket_ms * (self.len() - 1))
    }

    /// Counts at `at`.
    pub fn add(&mut self, at: Timestamp, value: &T) {
        let index = at.unix_ms() / self.bucket_ms;
        self.roll_to(index);
        let place = self.place(index.max(self.oldest()));
        if let Some(bucket) = self.buckets.get_mut(place) {
            bucket.add(value);
            self.sum.add(value);
        }
    }

    /// Gives back what was counted at `at`, if it is in the window still.
    pub fn take(&mut self, at: Timestamp, value: &T) {
        let index = at.unix_ms() / self.bucket_ms;
        if index > self.newest || index < self.oldest() {
            return;
        }
        let place = self.place(index);
        if let Some(bucket) = self.buckets.get_mut(place) {
            bucket.take(value);
            self.sum.take(value);
        }
    }

    /// The sum at `now`.
    pub fn held(&mut self, now: Timestamp) -> T {
        self.roll(now);
        self.sum
    }

    /// The sum of the last `per` and a part of a bucket more, without what is younger than `young`.
    pub fn held_between(&mut self, now: Timestamp, per: Span, young: Span) -> T {
        self.roll(now);
        let buckets = |span: Span| span.as_millis().div_ceil(self.bucket_ms);
        let (from, to) = (buckets(young), (buckets(young) + buckets(per) + 1).min(self.len()));
        if (from, to) == (0, self.len()) {
            return self.sum;
        }
        let mut sum = T::default();
        // From the newest back to the first place of the ring, then from its last place on.
        let (newer, older) = self.buckets.split_at(self.head + 1);
        let buckets = newer.iter().rev().chain(older.iter().rev());
        let [skipped, taken] =
            [from, to.saturating_sub(from)].map(|count| usize::try_from(count).unwrap_or(usize::MAX));
        buckets.skip(skipped).take(taken).for_each(|bucket| sum.add(bucket));
        sum
    }

    /// The first moment at which `fits` says yes to what is left by then, if nothing more is counted. Where not even
    /// nothing fits: one length from now.
    pub fn fits_at(&mut self, now: Timestamp, fits: impl Fn(&T) -> bool) -> Timestamp {
        self.roll(now);
        let mut left = self.sum;
        if fits(&left) {
            return now;
        }
        for index in self.oldest()..=self.newest {
            if let Some(bucket) = self.buckets.get(self.place(index)) {
                left.take(bucket);
            }
            if fits(&left) {
                return Timestamp::from_unix_ms((index + self.len()) * self.bucket_ms);
            }
        }
        now + self.per()
    }

    /// Buckets that hold something, each with a time within it.
    pub fn saved(&self) -> Vec<(Timestamp, T)> {
        let held = (self.oldest()..=self.newest).filter_map(|index| {
            let bucket = *self.buckets.get(self.place(index))?;
            (bucket != T::default()).then(|| (Timestamp::from_unix_ms(index * self.bucket_ms), bucket))
        });
        held.collect()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.buckets.fill(T::default());
        self.sum = T::default();
    }

    /// Lets go what is older than the window.
    fn roll(&mut self, now: Timestamp) {
        self.roll_to(now.unix_ms() / self.bucket_ms);
    }

    fn roll_to(&mut self, index: u64) {
        if index <= self.newest {
            return;
        }
        if index - self.newest >= self.len() {
            self.clear();
        } else {
            for _ in self.newest..index {
                self.head = if self.head + 1 == self.buckets.len() { 0 } else { self.head + 1 };
                if let Some(bucket) = self.buckets.get_mut(self.head) {
                    self.sum.take(bucket);
                    *bucket = T::default();
                }
            }
        }
        self.newest = index;
    }

    fn oldest(&self) -> u64 {
        (self.newest + 1).saturating_sub(self.len())
    }

    fn len(&self) -> u64 {
        self.buckets.len() as u64
    }

    /// Where the bucket of an index is, which is in the window.
    #[expect(clippy::cast_possible_truncation, reason = "below the number of buckets")]
    fn place(&self, index: u64) -> usize {
        let back = (self.newest - index) as usize;
        if back > self.head { self.head + self.buckets.len() - back } else { self.head - back }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: u64 = 1_795_197_600_000;

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_unix_ms(START + ms)
    }

    proptest! {
        /// Against a list of everything that happened.
        #[test]
        fn a_window_never_holds_less_than_happened_and_at_most_a_bucket_more(
            steps in prop::collection::vec((0_u64..90_000, 1_u64..9, any::<bool>()), 1..200),
        ) {
            let mut window = Window::<u64>::new(Span::minutes(10), 10);
            let mut happened: Vec<(u64, u64)> = Vec::new();
            let mut now = 0;
            for (after, value, give_back) in steps {
                now += after;
                if give_back && let Some((then, last)) = happened.pop() {
                    window.take(at(then), &last);
                }
                window.add(at(now), &value);
                happened.push((now, value));
                let within = |ms: u64| happened.iter().filter(|(then, _)| now - then < ms).map(|(_, value)| value).sum::<u64>();
                let held = window.held(at(now));
                prop_assert!(held >= within(600_000), "{held} of {}", within(600_000));
                prop_assert!(held <= within(660_000), "{held} of {}", within(660_000));
                let older = window.held_between(at(now), Span::minutes(5), Span::minutes(2));
                let between = |from: u64, to: u64| within(to) - within(from);
                prop_assert!(older >= between(180_000, 420_000) && older <= between(60_000, 540_000), "{older}");
                let until = window.fits_at(at(now), |left| *left <= 20);
                prop_assert!(until.since(at(now)) <= Span::minutes(11));
                prop_assert!(window.clone().held(until) <= 20, "there is room when it says so");
            }
        }
    }

    #[test]
    fn a_saved_window_holds_the_same() {
        let mut window = Window::<u64>::new(Span::hours(1), 60);
        for minute in [0, 3, 59] {
            window.add(at(minute * 60_000), &(minute + 1));
        }
        let mut again = Window::<u64>::new(Span::hours(1), 60);
        for (then, value) in window.saved() {
            again.add(then, &value);
        }
        for minute in [59, 60, 61, 64, 130] {
            assert_eq!(again.held(at(minute * 60_000)), window.held(at(minute * 60_000)), "{minute}");
        }
    }

    #[test]
    fn time_that_runs_back_counts_all_the_same() {
        let mut window = Window::<u64>::new(Span::minutes(1), 6);
        window.add(at(300_000), &1);
        window.add(at(100_000), &1);
        assert_eq!(window.held(at(300_000)), 2);
        assert_eq!(window.held(at(400_000)), 0);
    }
}
