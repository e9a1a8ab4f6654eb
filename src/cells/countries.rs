//! Countries where people have verified, remembered for weeks.
//!
//! Abuse that sends a few codes an hour to each of fifty countries shows in none of them. All countries where hardly anybody
//! has verified share one cell ([`Kind::NewCountries`]), so it shows there after as many codes as in one. A real market that
//! opens shares it until its first users have verified, and speaks for it with that.

use super::Kind;
use super::aspects::Aspects;
use super::cell::Cell;
use super::table::Table;
use crate::domain::{Span, Timestamp};
use crate::limits::mix;

pub(super) const TAG: u8 = 58;
/// Verifications from which on a country is none of the new ones.
const ENOUGH: f32 = 20.0;
/// They are forgotten slowly: a country that is asleep is not new in the morning.
const HALF_LIFE: Span = Span::hours(14 * 24);
/// There are few, and each took many verifications.
pub(super) const WORTH: f32 = 8.0;

/// Whether the phone's country is known, and hardly anybody has verified there.
pub(super) fn is_new(table: &Table, aspects: &Aspects, now: Timestamp) -> bool {
    key(aspects).is_some_and(|key| table.get(key).is_none_or(|cell| cell.left(now, HALF_LIFE) < ENOUGH))
}

/// Somebody verified there.
pub(super) fn verified(table: &Table, aspects: &Aspects, now: Timestamp, worth: impl Fn(&Cell) -> f32) {
    let Some(key) = key(aspects) else { return };
    let fresh = Cell { tag: TAG, at: now.unix_ms(), ..Cell::default() };
    table.upsert(key, fresh, worth, |cell| {
        cell.recount(now, HALF_LIFE, |verified| verified + 1.0);
    });
}

/// Its entry.
pub(super) fn key(aspects: &Aspects) -> Option<u64> {
    Some(mix([aspects.key(Kind::Country)?, u64::from(TAG)]))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::super::tests::facts_of;
    use super::super::{Cells, Kinds, Settings, Volume};
    use super::*;
    use crate::domain::{Country, OutcomeKind, PhoneFact, Range, Rung};

    const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);

    #[test]
    fn a_country_is_new_until_twenty_have_verified_there_and_again_when_they_are_forgotten() {
        let (table, mut facts) = (Table::new(1 << 20), facts_of(1, 1, START));
        let aspects = Aspects::of(&facts, 1);
        if let PhoneFact::Present(phone) = &mut facts.phone {
            phone.country = None;
        }
        assert!(!is_new(&table, &Aspects::of(&facts, 1), START), "no country is none");
        for _ in 0..20 {
            assert!(is_new(&table, &aspects, START));
            verified(&table, &aspects, START, |_| 0.0);
        }
        assert!(!is_new(&table, &aspects, START));
        verified(&table, &aspects, START, |_| 0.0);
        assert!(!is_new(&table, &aspects, START + Span::hours(23)), "in a day one of twenty-one is not forgotten");
        assert!(is_new(&table, &aspects, START + Span::hours(3 * 24)), "in three days it is");
    }

    #[test]
    fn a_few_silent_codes_to_each_of_many_new_countries_show_in_the_cell_that_these_share() {
        let (kinds, cells) = (Kinds::default(), Cells::new(&Settings::default(), 1));
        let to = |number: u64, now| {
            let mut facts = facts_of(number, number, now);
            let [.., high, low] = number.to_be_bytes();
            facts.client.address.network = IpAddr::from([10, high, low, 0]).into();
            facts.client.fingerprint.hash = number;
            if let PhoneFact::Present(phone) = &mut facts.phone {
                phone.country = Country::new(&format!("Q{}", char::from(b'A' + u8::try_from(number % 10).unwrap())));
                phone.range = Range::new(7_000_000 + 10_000 * number);
            }
            facts
        };
        let heat = |number, now| {
            let views = cells.look(&kinds, &cells.attempt(&to(number, now)), now);
            [Kind::Country, Kind::NewCountries].map(|kind| views[kind as usize].map(|view| view.heat))
        };
        let send = |number, now| {
            let attempt = cells.attempt(&to(number, now));
            cells.count(&kinds, &attempt, Volume::Whole, Some(Rung::None), now);
            cells.sent(&kinds, &attempt, Rung::None, now).unwrap()
        };
        for number in 0..10 {
            let _silent = send(number, START);
        }
        let now = START + Span::minutes(3);
        cells.advance(&kinds, now);
        let [Some(country), Some(all)] = heat(3, now) else { panic!("it is new") };
        assert!(country < 0.5 && all > 1.0, "{country} {all}");
        for visitor in 0..20 {
            let sent = send(1003 + 10 * visitor, now);
            cells.outcome(&kinds, sent, OutcomeKind::Verified, now + Span::seconds(9));
        }
        assert_eq!(heat(3, now)[1], None, "whom twenty verifications speak for");
        assert!(heat(4, now)[1].is_some());
    }
}
