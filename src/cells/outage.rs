//! Whether the messages of a country get lost, of a carrier, or of everyone: then silence is nobody's fault.
//!
//! Three things have to come together, of which abuse can bring about the last alone: fewer verifications than history
//! promised, fewer of known clients than they owe, and fewer than all that were sent to owe. Where too few known clients
//! are to tell, abuse could make the history itself, by verifying numbers of its own first. So an outage excuses no more
//! of those who ask than that history speaks for.

use super::aspects::{Aspects, variant};
use super::cell::{Cell, PROMISED};
use super::sends::Charge;
use super::tag::worth;
use super::{Cells, Kind, Kinds, carriers};
use crate::domain::{Rung, Timestamp, Trust};

/// Verifications of known clients that must be due, or usual, before their coming counts.
const ENOUGH: f32 = 2.0;
/// Verifications in six minutes from which on a carrier's own outage shows, or that there is none.
const SHOWS: f32 = 4.0;

/// So many times what history promised may be asked for in an outage: people ask again, and the day goes on. What comes
/// beyond is not theirs.
const MOST: f32 = 3.0;
/// That of those who are stopped would have verified.
const WOULD: f32 = 0.8;

/// How far messages get lost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Outage {
    /// Share of real verifications that are missing, 0 to 1.
    pub(super) missing: f32,
    /// Whether those of known clients are missing likewise.
    confirmed: bool,
}

impl Outage {
    /// The same, where only the `part` of those who ask is real; but known clients' own silence is.
    fn of_real(self, part: f32) -> Self {
        if self.confirmed { self } else { Self { missing: self.missing * part, ..self } }
    }
}

fn larger(one: Outage, other: Outage) -> Outage {
    if other.missing > one.missing { other } else { one }
}

impl Cells {
    /// At the carrier of a phone, if enough of its customers verify that it shows, or else in its country, or at the whole
    /// endpoint, for of small countries too little is known in some minutes.
    pub(super) fn outage_of(&self, kinds: &Kinds, aspects: &Aspects, trust: Trust, now: Timestamp) -> Outage {
        let country = aspects.key(Kind::Country);
        let part = || {
            let cell = country.map(|key| variant(key, Kind::Country, trust, Rung::None));
            cell.and_then(|key| self.faded(kinds, key, now)).map_or(0.0, |cell| real_part(&cell))
        };
        let at = |kind| aspects.key(kind).map(|key| self.outage(kinds, (kind, key), trust, now)).unwrap_or_default();
        let of_real = |outage: Outage| if outage.missing > 0.0 { outage.of_real(part()) } else { outage };
        // What known clients miss elsewhere excuses nobody here that history doesn't speak for.
        let everywhere = of_real(Outage { confirmed: false, ..at(Kind::Endpoint) });
        let wider = larger(at(Kind::Country), everywhere);
        let carrier = aspects.carrier.and_then(|key| Some((key, self.table.get(key)?)));
        // Where nothing is missing at a carrier, that matters if something is missing around it.
        let speaks = |own: &Cell| own.promised() >= PROMISED && (own.missing() > 0.0 || wider.missing > 0.0);
        let Some((key, own)) = carrier.filter(|(_, own)| speaks(own)) else { return wider };
        let own = own.faded(now, Kind::Country, kinds.of(Kind::Country));
        let of_carrier = of_real(self.lost(kinds, &own, carriers::known(key), now));
        if own.promised() >= SHOWS { of_carrier } else { larger(wider, of_carrier) }
    }

    /// In the country of `key`, or at the endpoint.
    pub(super) fn outage(&self, kinds: &Kinds, (kind, key): (Kind, u64), trust: Trust, now: Timestamp) -> Outage {
        let [own, known] = [trust, Trust::KnownClient].map(|trust| variant(key, kind, trust, Rung::None));
        // Few cells miss anything, and fading, which changes nothing of that, is most of the work.
        let own = self.table.get(own).filter(|cell| cell.missing() > 0.0 && cell.promised() >= PROMISED);
        let own = own.map(|cell| cell.faded(now, Kind::Country, kinds.of(Kind::Country)));
        own.map_or_else(Outage::default, |own| self.lost(kinds, &own, known, now))
    }

    /// Verifications go missing at night too, while abuse goes on. So where `known` clients are asked for codes, theirs have
    /// to be missing as well, and then less is enough; and where they used to be and are not, nobody real is awake.
    fn lost(&self, kinds: &Kinds, own: &Cell, known: u64, now: Timestamp) -> Outage {
        let confirmed = own.outage(true);
        if confirmed <= 0.0 {
            return Outage::default();
        }
        match self.faded(kinds, known, now) {
            Some(known) if known.due >= ENOUGH => Outage { missing: confirmed.min(known.missing()), confirmed: true },
            Some(known) if known.promised() >= ENOUGH => Outage::default(),
            _ => Outage { missing: own.outage(false), confirmed: false }.of_real(real_part(own)),
        }
    }

    pub(super) fn faded(&self, kinds: &Kinds, key: u64, now: Timestamp) -> Option<Cell> {
        Some(self.table.get(key)?.faded(now, Kind::Country, kinds.of(Kind::Country)))
    }

    /// Counts at a send's carrier what real use would have verified by now, and what was.
    pub(super) fn count_at_carrier(
        &self,
        kinds: &Kinds,
        charge: &Charge,
        (due, came): (f32, f32),
        outage: Outage,
        now: Timestamp,
    ) {
        let Some(key) = charge.aspects.carrier else { return };
        let known = charge.trust.is_known().then(|| carriers::known(key));
        for key in std::iter::once(key).chain(known) {
            self.table.upsert(
                key,
                carriers::fresh(),
                |cell| worth(kinds, cell, now),
                |cell| {
                    cell.fade_in_outage(now, Kind::Country, kinds.of(Kind::Country), outage.missing);
                    cell.due += due;
                    cell.came += came;
                    cell.slow += came;
                },
            );
        }
    }

    /// Brings the places that a send went to to `now` without forgetting what they were like before the outage.
    pub(super) fn hold_history(&self, kinds: &Kinds, charge: &Charge, outage: Outage, now: Timestamp) {
        if outage.missing <= 0.0 {
            return;
        }
        for kind in Kind::ALL.into_iter().filter(|kind| kind.is_destination()) {
            let Some(own) = charge.cell(kind, Rung::None) else { continue };
            self.table.change(own, |cell| cell.fade_in_outage(now, kind, kinds.of(kind), outage.missing));
        }
    }
}

/// The part of those who ask whom history speaks for, 0 to 1: of those to whom messages went out in six minutes, or who
/// were stopped.
fn real_part(own: &Cell) -> f32 {
    let promised = own.promised();
    let chance = 2.0 * promised.sqrt();
    let asked = own.due.max(WOULD * own.refused);
    ((MOST * promised + chance) / asked.max(f32::MIN_POSITIVE)).min(1.0)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "exactly nothing")]
mod tests {
    use std::collections::VecDeque;

    use super::super::tests::facts_of;
    use super::super::{SendRef, Settings, Volume};
    use super::*;
    use crate::domain::{ClientId, ClientSource, Country, Facts, OutcomeKind, PhoneFact, Range, Span};
    use crate::privacy::Pseudonym;

    const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);
    /// One carrier, and another of the same country.
    const CARRIERS: [u64; 2] = [44_740_000, 44_770_000];
    /// People who come again and again, by carrier in turn.
    const PEOPLE: u64 = 600;

    /// Every five seconds somebody asks for a code, and most type it in ten seconds later.
    struct Country44 {
        cells: Cells,
        kinds: Kinds,
        now: Timestamp,
        asked: u64,
        open: VecDeque<(Timestamp, SendRef)>,
    }

    impl Country44 {
        fn new() -> Self {
            let cells = Cells::new(&Settings { memory: 8 << 20, sends: 5000, keep: Span::minutes(10) }, 1);
            let (kinds, open) = Default::default();
            Self { cells, kinds, now: START, asked: 0, open }
        }

        fn facts(&self, person: u64) -> Facts {
            let mut facts = facts_of(1 + person, person, self.now);
            if let PhoneFact::Present(phone) = &mut facts.phone {
                phone.range = Range::new(CARRIERS[usize::from(person % 2 == 1)] + person % 1000);
                phone.country = Country::new("GB");
            }
            let id = Pseudonym::from_bits(u128::from(1 + person) << 64 | u128::from(1 + person));
            facts.client.id = Some(ClientId { id, source: ClientSource::Visit });
            facts
        }

        /// A code goes out, whatever the cells say.
        fn send(&self, facts: &Facts) -> SendRef {
            let mut attempt = self.cells.attempt(facts);
            let looked = [Some(self.cells.look(&self.kinds, &attempt, self.now)), None, None];
            self.cells.weigh(&mut attempt, &looked, 1.0);
            self.cells.count(&self.kinds, &attempt, Volume::Whole, Some(Rung::None), self.now);
            self.cells.sent(&self.kinds, &attempt, Rung::None, self.now).unwrap()
        }

        /// Time goes by, and what was asked for is typed in.
        fn pass(&mut self, span: Span) {
            self.now = self.now + span;
            self.cells.advance(&self.kinds, self.now);
            while self.open.front().is_some_and(|(at, _)| self.now.since(*at) >= Span::seconds(10)) {
                if let Some((_, name)) = self.open.pop_front() {
                    self.cells.outcome(&self.kinds, name, OutcomeKind::Verified, self.now);
                }
            }
        }

        /// Strangers of the first carrier come, so many every ten seconds, ask so many times each, and verify or don't.
        fn strangers(&mut self, span: Span, (come, times): (u64, u64), verify: bool) {
            let end = self.now + span;
            while self.now < end {
                self.pass(Span::seconds(10));
                for _ in 0..come {
                    self.asked += 1;
                    let facts = self.facts(10_000 + 2 * self.asked);
                    for _ in 0..times {
                        let name = self.send(&facts);
                        if verify && !self.asked.is_multiple_of(5) {
                            self.open.push_back((self.now, name));
                        }
                    }
                }
            }
        }

        fn live(&mut self, span: Span, is_lost: impl Fn(u64) -> bool, strangers: u64) {
            let end = self.now + span;
            while self.now < end {
                self.pass(Span::seconds(5));
                self.asked += 1;
                let person = self.asked % PEOPLE;
                let name = self.send(&self.facts(person));
                if !self.asked.is_multiple_of(5) && !is_lost(person % 2) {
                    self.open.push_back((self.now, name));
                }
                for stranger in 0..strangers {
                    let _silent = self.send(&self.facts(10_000 + 2 * (self.asked * strangers + stranger)));
                }
            }
        }

        /// What is missing to a known client and to a stranger of a carrier.
        fn missing(&self, carrier: u64) -> [f32; 2] {
            let aspects = self.cells.attempt(&self.facts(carrier)).aspects;
            [Trust::KnownClient, Trust::Unknown]
                .map(|trust| self.cells.outage_of(&self.kinds, &aspects, trust, self.now).missing)
        }
    }

    #[test]
    fn a_carriers_outage_shows_in_minutes_is_not_forgotten_in_hours_and_is_no_other_carriers() {
        let mut country = Country44::new();
        country.live(Span::hours(4), |_| false, 0);
        assert_eq!((country.missing(0), country.missing(1)), ([0.0; 2], [0.0; 2]));
        country.live(Span::minutes(15), |carrier| carrier == 0, 0);
        for minutes in [15, 60, 120] {
            let (lost, whole) = (country.missing(0), country.missing(1));
            assert!(lost.iter().all(|share| *share > 0.9), "after {minutes} minutes: {lost:?}");
            assert!(whole.iter().all(|share| *share < 0.1), "after {minutes} minutes elsewhere: {whole:?}");
            let told = Country::new("GB").map(|gb| country.cells.outage_in(&country.kinds, gb, country.now)).unwrap();
            assert!((0.3..0.7).contains(&told), "after {minutes} minutes of the country, where half are lost: {told}");
            country.live(Span::minutes(if minutes == 15 { 45 } else { 60 }), |carrier| carrier == 0, 0);
        }
        country.live(Span::minutes(20), |_| false, 0);
        assert_eq!((country.missing(0), country.missing(1)), ([0.0; 2], [0.0; 2]), "over");
    }

    #[test]
    fn abuse_of_a_carriers_numbers_is_no_outage() {
        let mut country = Country44::new();
        country.live(Span::hours(4), |_| false, 0);
        for _ in 0..12 {
            country.live(Span::minutes(10), |_| false, 5);
            assert_eq!(country.missing(0), [0.0; 2]);
        }
    }

    #[test]
    fn abuse_that_verified_numbers_of_its_own_first_is_not_excused_by_that() {
        for (what, silent, excused) in [
            ("as many as history promised: nobody could tell", (1, 1), 0.9..1.1),
            ("the same people, who ask three times", (1, 3), 0.9..1.1),
            ("ten times as many", (10, 1), 0.0..0.4),
        ] {
            let mut country = Country44::new();
            country.strangers(Span::hours(2), (1, 1), true);
            country.strangers(Span::minutes(15), silent, false);
            let [_, missing] = country.missing(0);
            assert!(excused.contains(&missing), "{what}: {missing}");
        }
    }

    #[test]
    fn an_endpoints_outage_is_one_in_small_countries_too_and_excuses_nobody_without_a_history() {
        let mut country = Country44::new();
        let abroad = |country: &Country44, name, person| {
            let mut facts = country.facts(person);
            if let PhoneFact::Present(phone) = &mut facts.phone {
                (phone.country, phone.calling_code) = (Country::new(name), 999);
            }
            facts
        };
        for verify in [true, false] {
            for minute in 0..if verify { 240 } else { 20 } {
                country.strangers(Span::minutes(1), (1, 1), verify);
                // One in twenty minutes, where six minutes promise less than one.
                if minute % 20 == 0 {
                    let name = country.send(&abroad(&country, "MT", 90_000 + country.asked));
                    let _silent = (!verify).then_some(name);
                    if verify {
                        country.open.push_back((country.now, name));
                    }
                }
            }
        }
        let missing = |name| {
            let aspects = country.cells.attempt(&abroad(&country, name, 1)).aspects;
            country.cells.outage_of(&country.kinds, &aspects, Trust::Unknown, country.now).missing
        };
        assert!(missing("MT") > 0.9, "{}", missing("MT"));
        assert_eq!(missing("UZ"), 0.0, "of which nothing is known");
    }

    #[test]
    fn silence_of_before_an_outage_showed_is_forgiven_when_it_does() {
        let mut country = Country44::new();
        country.live(Span::hours(4), |_| false, 0);
        let evidence = |country: &Country44| {
            let facts = country.facts(1);
            let views = country.cells.look(&country.kinds, &country.cells.attempt(&facts), country.now);
            views[Kind::Country as usize].unwrap().evidence
        };
        let mut most = 0.0_f32;
        for _ in 0..20 {
            country.live(Span::minutes(1), |_| true, 0);
            most = most.max(evidence(&country));
        }
        assert!(most > 10.0 && evidence(&country) < most / 10.0, "{most}, then {}", evidence(&country));
    }

    #[test]
    fn nobody_who_asks_is_no_outage_to_those_who_come_at_night() {
        let mut country = Country44::new();
        country.live(Span::hours(4), |_| false, 0);
        // Nobody real any more, and abuse that begins at once.
        for minute in 0..120 {
            country.now = country.now + Span::minutes(1);
            country.cells.advance(&country.kinds, country.now);
            let _silent = country.send(&country.facts(10_000 + 2 * minute));
        }
        assert_eq!(country.missing(0), [0.0; 2]);
    }
}
