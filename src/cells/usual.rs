//! What is usual at an endpoint, by what was verified there alone, so that nobody draws it who only asks: the hours of its
//! day, whatever time zones its users live in, and the oddities that its real users have. Where an app's pages come from
//! elsewhere nobody has loaded one; where its clients are programs all of them look like scripts.

use super::Habits;
use crate::domain::{Oddities, Oddity, Oddness, Span, Timestamp};

const HALF_LIFE: Span = Span::hours(14 * 24);
/// Fewer verifications than these are no day yet.
const ENOUGH: f64 = 200.0;
/// Verifications by which an endpoint is half known: the ranges, networks and looks that real users have were mostly seen
/// by then.
const WELL_KNOWN: f64 = 2_000.0;
/// What so large a part of the real users have is not odd at all.
const COMMON: f64 = 0.2;
/// So many verifications that were never seen speak for what is held before the first.
const NEVER_SEEN: f64 = 100.0;

const HOURS: usize = 24;

/// What was verified at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub(super) struct Usual {
    at: Timestamp,
    /// By hour of the day in UTC; which time zone it is makes no difference.
    hours: [f64; HOURS],
    odd: [f64; Oddity::COUNT],
}

impl Usual {
    /// A code was verified that was asked for so.
    pub(super) fn verified(&mut self, oddities: Oddities, now: Timestamp) {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of years")]
        let half_lives = now.since(self.at).as_millis() as f64 / HALF_LIFE.as_millis() as f64;
        let left = (-half_lives).exp2();
        self.at = self.at.max(now);
        for count in self.hours.iter_mut().chain(&mut self.odd) {
            *count *= left;
        }
        self.hours[hour(now)] += 1.0;
        for (count, oddity) in self.odd.iter_mut().zip(Oddity::ALL) {
            *count += f64::from(u8::from(oddities.holds(oddity)));
        }
    }

    /// What it says of an attempt that is made now, with these oddities; nothing of its range.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "parts, and a few hours")]
    pub(super) fn habits(&self, oddities: Oddities, now: Timestamp) -> Habits {
        let sum: f64 = self.hours.iter().sum();
        let hour = if sum < ENOUGH { 1.0 } else { HOURS as f64 * self.hours[hour(now)] / sum };
        let known = sum / (sum + WELL_KNOWN);
        Habits { sequence: 0.0, hour: hour as f32, known: known as f32, odd: self.oddness(oddities, sum) }
    }

    /// How odd each of these is here. Before anything was verified it isn't known whether pages and cookies come through
    /// here at all, so to lack them is not odd; everything else is.
    #[expect(clippy::cast_possible_truncation, reason = "a part")]
    fn oddness(&self, oddities: Oddities, verified: f64) -> Oddness {
        let sum = verified + NEVER_SEEN;
        let mut oddness = Oddness::default();
        for ((value, oddity), count) in oddness.0.iter_mut().zip(Oddity::ALL).zip(self.odd) {
            let before = if matches!(oddity, Oddity::NoPage | Oddity::NoCookie) { NEVER_SEEN } else { 0.0 };
            if oddities.holds(oddity) {
                *value = (1.0 - (count + before) / sum / COMMON).max(0.0) as f32;
            }
        }
        oddness
    }

    /// To be saved.
    pub(super) fn to_numbers(self) -> (Timestamp, impl Iterator<Item = f64>) {
        (self.at, self.hours.into_iter().chain(self.odd))
    }

    /// As it was saved: `number` gives one after another. `None` where one can't be.
    pub(super) fn from_numbers(at: Timestamp, mut number: impl FnMut() -> Option<f64>) -> Option<Self> {
        let mut usual = Self { at, ..Self::default() };
        for count in usual.hours.iter_mut().chain(&mut usual.odd) {
            *count = number().filter(|number| number.is_finite() && *number >= 0.0)?;
        }
        Some(usual)
    }
}

const fn hour(now: Timestamp) -> usize {
    (now.unix_ms() / 3_600_000 % HOURS as u64) as usize
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exact by construction")]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);

    fn only(oddity: Oddity) -> Oddities {
        Oddities::from_bits(1 << oddity as u32).unwrap()
    }

    fn after(verifications: u32, of: Oddities) -> Usual {
        let mut usual = Usual::default();
        (0..verifications).for_each(|_| usual.verified(of, START));
        usual
    }

    #[test]
    fn what_most_real_users_lack_is_not_odd_and_what_none_lack_becomes_so() {
        let page = only(Oddity::NoPage);
        let odd = |usual: Usual, oddities, oddity| usual.habits(oddities, START).odd.of(oddity);
        assert_eq!(
            odd(Usual::default(), page, Oddity::NoPage),
            0.0,
            "nobody knows yet whether pages come through here"
        );
        assert_eq!(odd(after(10_000, page), page, Oddity::NoPage), 0.0, "they don't");
        assert!(odd(after(10_000, Oddities::default()), page, Oddity::NoPage) > 0.9, "they do");
        let script = only(Oddity::Script);
        assert_eq!(odd(Usual::default(), script, Oddity::Script), 1.0);
        assert_eq!(odd(after(1_000, script), script, Oddity::Script), 0.0, "every client is a program");
        assert_eq!(odd(after(1_000, script), page, Oddity::Script), 0.0, "this one isn't");
    }

    #[test]
    fn an_hour_is_held_against_the_average_once_the_day_is_known() {
        let none = Oddities::default();
        let hour = |verifications, at| after(verifications, none).habits(none, at).hour;
        assert_eq!(hour(199, START), 1.0);
        assert_eq!((hour(200, START), hour(200, START + Span::hours(1))), (24.0, 0.0));
        assert_eq!(after(2_000, none).habits(none, START).known, 0.5);
    }

    #[test]
    fn old_verifications_fade_however_many_come_between() {
        let mut usual = after(1_000, only(Oddity::Hosting));
        for minute in 0..14 * 24 * 60_u64 {
            usual.verified(Oddities::default(), START + Span::minutes(minute));
        }
        let (_, mut numbers) = usual.to_numbers();
        let hosting = numbers.nth(HOURS + Oddity::Hosting as usize).unwrap();
        assert!((hosting - 500.0).abs() < 1.0, "{hosting}");
    }
}
