//! What is usual at an hour of the week: the median of the same hours before, which one campaign or one attack among them
//! doesn't move.

use crate::domain::{Span, Timestamp};

/// Hours that are remembered: four weeks.
pub(super) const HOURS: usize = 28 * 24;
const HOUR_MS: u64 = Span::hours(1).as_millis();
const WEEK: u64 = 7 * 24;
/// Earlier hours or days that make a median.
const ENOUGH: usize = 3;

/// The number of an hour, its messages, and their millionths of money.
pub(super) type Hour = (u64, (u32, u64));

/// Messages and money, hour by hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct History {
    /// Messages and millionths of money; the hour `h` is at `h % HOURS`.
    hours: Box<[(u32, u64)]>,
    /// The first hour that was counted as a whole.
    first: u64,
    newest: u64,
}

impl History {
    /// Begins to count at `now`; the hour that has begun doesn't count as history.
    pub(super) fn new(now: Timestamp) -> Self {
        let hour = hour(now);
        Self { hours: vec![(0, 0); HOURS].into(), first: hour + 1, newest: hour }
    }

    /// A message went out.
    pub(super) fn add(&mut self, at: Timestamp, micros: u64) {
        self.roll(at);
        if let Some((messages, money)) = self.hours.get_mut(place(hour(at).min(self.newest))) {
            *messages = messages.saturating_add(1);
            *money = money.saturating_add(micros);
        }
    }

    /// What an hour at `now` usually brings: the same hour of three weeks before or more, or of three days before or
    /// more; of this hour and the one before, whichever is more, for a sliding hour has part of both. `None` without
    /// enough history.
    pub(super) fn usual_hour(&self, now: Timestamp, of: impl Fn(&(u32, u64)) -> f64 + Copy) -> Option<f64> {
        let now = hour(now);
        let this = self.usual(now, of)?;
        Some(self.usual(now.saturating_sub(1), of).map_or(this, |before| before.max(this)))
    }

    /// What a day usually brings: the median of the whole days before.
    pub(super) fn usual_day(&self, now: Timestamp, of: impl Fn(&(u32, u64)) -> f64 + Copy) -> Option<f64> {
        let now = hour(now);
        let day = |back: u64| -> Option<f64> {
            let end = now.checked_sub(back * 24)?;
            let begin = end.checked_sub(24)?;
            (begin >= self.first).then(|| (begin..end).filter_map(|hour| self.at(hour)).map(|counts| of(&counts)).sum())
        };
        median((1..=27).map_while(day).collect())
    }

    fn usual(&self, now: u64, of: impl Fn(&(u32, u64)) -> f64 + Copy) -> Option<f64> {
        let same = |step: u64| {
            let before = (1..).map_while(move |back| now.checked_sub(back * step));
            before.map_while(|hour| self.at(hour)).map(|counts| of(&counts)).collect::<Vec<_>>()
        };
        median(same(WEEK)).or_else(|| median(same(24)))
    }

    /// A whole hour's counts; `None` where it wasn't counted, or is forgotten.
    fn at(&self, hour: u64) -> Option<(u32, u64)> {
        let forgotten = hour + HOURS as u64 <= self.newest.max(hour);
        if hour < self.first || forgotten {
            return None;
        }
        if hour > self.newest { Some((0, 0)) } else { self.hours.get(place(hour)).copied() }
    }

    fn roll(&mut self, at: Timestamp) {
        let hour = hour(at);
        for gone in (self.newest + 1..=hour).rev().take(HOURS) {
            if let Some(counts) = self.hours.get_mut(place(gone)) {
                *counts = (0, 0);
            }
        }
        self.newest = self.newest.max(hour);
    }

    /// First hour, newest hour, and the hours that hold something.
    pub(super) fn saved(&self) -> (u64, u64, Vec<Hour>) {
        let oldest = self.newest.saturating_sub(HOURS as u64 - 1);
        let held = (oldest..=self.newest).filter_map(|hour| {
            let counts = *self.hours.get(place(hour))?;
            (counts != (0, 0)).then_some((hour, counts))
        });
        (self.first, self.newest, held.collect())
    }

    /// What [`History::saved`] gave.
    pub(super) fn restored(first: u64, newest: u64, held: Vec<Hour>) -> Self {
        let mut history = Self { hours: vec![(0, 0); HOURS].into(), first, newest };
        for (hour, counts) in held {
            if let Some(place) = history.hours.get_mut(place(hour)) {
                *place = counts;
            }
        }
        history
    }
}

fn hour(at: Timestamp) -> u64 {
    at.unix_ms() / HOUR_MS
}

fn place(hour: u64) -> usize {
    usize::try_from(hour % HOURS as u64).unwrap_or_default()
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    if values.len() < ENOUGH {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    let lower = if values.len().is_multiple_of(2) { *values.get(middle - 1)? } else { upper };
    Some(f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: u64) -> Timestamp {
        Timestamp::from_unix_ms(1_795_197_600_000) + Span::hours(hours)
    }

    fn messages(counts: &(u32, u64)) -> f64 {
        f64::from(counts.0)
    }

    /// 10 an hour by day, 2 by night, and 20 on Sundays (day 6 of each week).
    fn fill(history: &mut History, days: u64) {
        for day in 0..days {
            for hour in 0..24 {
                let count = if hour < 12 {
                    2
                } else if day % 7 == 6 {
                    20
                } else {
                    10
                };
                for _ in 0..count {
                    history.add(at(day * 24 + hour), 50_000);
                }
            }
        }
    }

    #[test]
    fn nothing_is_usual_before_three_days_and_an_hour_of_the_week_after_three_weeks() {
        let mut history = History::new(at(0));
        fill(&mut history, 2);
        assert_eq!(history.usual_hour(at(2 * 24 + 15), messages), None);
        fill(&mut history, 0);
        for day in 2..4 {
            for _ in 0..10 {
                history.add(at(day * 24 + 15), 50_000);
            }
        }
        assert_eq!(history.usual_hour(at(4 * 24 + 15), messages), Some(10.0), "the hours of three days");
        let mut history = History::new(at(0));
        fill(&mut history, 27);
        assert_eq!(history.usual_hour(at(27 * 24 + 15), messages), Some(20.0), "Sundays are Sundays");
        assert_eq!(history.usual_hour(at(28 * 24 + 15), messages), Some(10.0));
        assert_eq!(history.usual_hour(at(28 * 24 + 12), messages), Some(10.0));
        assert_eq!(history.usual_hour(at(28 * 24 + 5), messages), Some(2.0));
        assert_eq!(history.usual_day(at(27 * 24), messages), Some(144.0));
    }

    #[test]
    fn one_attack_does_not_become_usual() {
        let mut history = History::new(at(0));
        fill(&mut history, 10);
        for _ in 0..5000 {
            history.add(at(10 * 24 + 15), 50_000);
        }
        assert_eq!(history.usual_hour(at(11 * 24 + 15), messages), Some(10.0));
    }

    #[test]
    fn it_comes_back_as_it_was() {
        let mut history = History::new(at(0));
        fill(&mut history, 40);
        let (first, newest, held) = history.saved();
        assert_eq!(History::restored(first, newest, held), history);
        assert_eq!(history.usual_hour(at(200 * 24), messages), Some(0.0), "a long silence is a history of nothing");
    }
}
