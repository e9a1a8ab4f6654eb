//! Users who have been there: some come back, and bombers know some of their numbers.

use super::person::Person;
use crate::random::Random;

/// Most that are remembered; a new one takes the place of any.
const MOST: usize = 200_000;
/// Nobody comes back sooner, in milliseconds.
const AWAY: u64 = 10 * 3_600_000;
/// With fewer than this, people come back less often than they will.
const FEW: f64 = 1_500.0;
/// How often another is looked for who has been away long enough.
const TRIES: usize = 24;

/// Users who have been there.
#[derive(Debug, Default)]
pub(super) struct Known {
    people: Vec<Past>,
}

#[derive(Clone, Copy, Debug)]
struct Past {
    person: Person,
    left: u64,
    has_verified: bool,
}

impl Known {
    /// Remembers somebody who leaves at this time.
    pub(super) fn add(&mut self, person: Person, left: u64, has_verified: bool, random: &mut Random) {
        let past = Past { person, left, has_verified };
        if self.people.len() < MOST {
            self.people.push(past);
        } else {
            let place = random.index(MOST);
            self.people[place] = past;
        }
    }

    /// Somebody who comes back now: is taken out, and comes in again with the next visit. With `share` of all visits
    /// being such, once there are enough of them.
    pub(super) fn take(&mut self, now: u64, share: f64, random: &mut Random) -> Option<(Person, bool)> {
        let enough = (f64::from(u32::try_from(self.people.len()).unwrap_or(u32::MAX)) / FEW).min(1.0);
        if !random.happens(share * enough) {
            return None;
        }
        let place = self.find(random, |past| past.left + AWAY < now)?;
        let past = self.people.swap_remove(place);
        Some((past.person, past.has_verified))
    }

    /// Somebody who has verified. Is taken out too.
    pub(super) fn take_verified(&mut self, now: u64, random: &mut Random) -> Option<Person> {
        let place = self.find(random, |past| past.has_verified && past.left < now)?;
        Some(self.people.swap_remove(place).person)
    }

    fn find(&self, random: &mut Random, is_right: impl Fn(&Past) -> bool) -> Option<usize> {
        if self.people.is_empty() {
            return None;
        }
        (0..TRIES).map(|_| random.index(self.people.len())).find(|place| is_right(&self.people[*place]))
    }
}
