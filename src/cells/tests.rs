//! The window of a cell against a plain sum over its sends, and that nothing is left of either in the end.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::cell::{NAT, nats};
use super::charging::share;
use super::weights::EXPLAINED;
use super::*;
use crate::domain::{
    Address, Client, Country, Fingerprint, Money, NumberKind, Phone, PhoneFact, Place, Range, Validity, Visit,
};
use crate::limits::mix;
use crate::privacy::Pseudonym;

const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);

#[derive(Clone, Debug)]
struct Event {
    gap_ms: u64,
    phone: u64,
    address: u64,
    rung: usize,
    /// What becomes of the send so many before.
    outcome: Option<(usize, OutcomeKind)>,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let gap = prop_oneof![8 => 0..3_000_u64, 2 => 3_000..40_000_u64, 1 => 40_000..400_000_u64];
    let outcome = prop_oneof![
        4 => Just(OutcomeKind::Verified),
        1 => Just(OutcomeKind::Undelivered),
        1 => Just(OutcomeKind::Delivered),
    ];
    let event = (gap, 0..20_u64, 0..4_u64, 0..3_usize, prop::option::of((0..30_usize, outcome)));
    let event =
        event.prop_map(|(gap_ms, phone, address, rung, outcome)| Event { gap_ms, phone, address, rung, outcome });
    prop::collection::vec(event, 1..120)
}

fn facts(event: &Event, at: Timestamp) -> Facts {
    facts_of(event.phone, event.address, at)
}

/// An attempt by a phone from an address.
pub(super) fn facts_of(phone: u64, address: u64, at: Timestamp) -> Facts {
    let name = |what: u64, number: u64| Pseudonym::from_bits(u128::from(mix([what, number])));
    let ip = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
    let phone = Phone {
        id: name(1, phone),
        country: Country::new("GB"),
        calling_code: 44,
        range: Range::new(44_740_240 + phone % 3),
        last_two: 1,
        kind: NumberKind::Mobile,
        validity: Validity::Valid,
        price: Money::default(),
    };
    let address = Address { ip, unit: ip.into(), network: ip.into(), id: name(2, address) };
    let client = Client { address, id: None, visit: Visit::None, fingerprint: Fingerprint::default() };
    Facts { at, endpoint: "login".into(), phone: PhoneFact::Present(phone), client, place: Place::default() }
}

#[test]
fn who_is_stopped_and_asks_again_is_not_a_crowd() {
    let kinds = Kinds::default();
    for (phones, at_least, at_most) in [(1, 2.5, 3.0), (8, 7.5, 8.0)] {
        let cells = Cells::new(&Settings { memory: 4 << 20, sends: 1000, keep: Span::minutes(10) }, 1);
        let mut now = START;
        for attempt in 0..8 {
            now = now + Span::seconds(1);
            // All of one range.
            let mut attempt = cells.attempt(&facts_of(3 * (attempt % phones), 1, now));
            let looked = [Some(cells.look(&kinds, &attempt, now)), None, None];
            cells.weigh(&mut attempt, &looked, 0.0);
            cells.count(&kinds, &attempt, Volume::Whole, None, now);
        }
        let views = cells.look(&kinds, &cells.attempt(&facts_of(0, 1, now)), now);
        let [range, address] = [Kind::Range, Kind::Address].map(|kind| views[kind as usize].unwrap().refused);
        assert!((at_least..at_most).contains(&range), "{phones} phones: {range}");
        assert!((7.5..8.0).contains(&address), "of one address all count: {address}");
    }
}

struct Stage {
    cells: Cells,
    kinds: Kinds,
    now: Timestamp,
    sent: Vec<SendRef>,
}

/// What cells show at a rung, whichever it is.
pub(super) fn look_at(cells: &Cells, kinds: &Kinds, attempt: &Attempt, rung: Rung, now: Timestamp) -> Views {
    let first = cells.look(kinds, attempt, now);
    if rung == Rung::None { first } else { cells.look_at(kinds, attempt, &first, rung, now) }
}

impl Stage {
    fn new() -> Self {
        let cells = Cells::new(&Settings { memory: 4 << 20, sends: 1000, keep: Span::minutes(10) }, 1);
        Self { cells, kinds: Kinds::default(), now: START, sent: Vec::new() }
    }

    fn wait(&mut self, span: Span) {
        self.now = self.now + span;
        self.cells.advance(&self.kinds, self.now);
    }

    fn play(&mut self, event: &Event) {
        self.wait(Span::millis(event.gap_ms));
        let rung = [Rung::None, Rung::Pow, Rung::Captcha][event.rung];
        let mut attempt = self.cells.attempt(&facts(event, self.now));
        let looked = [Some(self.cells.look(&self.kinds, &attempt, self.now)), None, None];
        self.cells.weigh(&mut attempt, &looked, 0.0);
        self.cells.count(&self.kinds, &attempt, Volume::Whole, Some(rung), self.now);
        if event.phone == 0 {
            self.cells.give_back(&attempt, rung);
        } else {
            self.sent.extend(self.cells.sent(&self.kinds, &attempt, rung, self.now));
        }
        if let Some((back, outcome)) = event.outcome
            && let Some(name) = self.sent.iter().rev().nth(back)
        {
            self.cells.outcome(&self.kinds, *name, outcome, self.now);
        }
    }

    /// By key, what the sends that are younger than the horizon say, and how many of them are silent, in 64ths.
    fn summed(&self) -> HashMap<u64, ([i32; ALTERNATIVES], i32)> {
        let mut sums = HashMap::new();
        let (sends, _) = self.cells.sends.lock().some_from(0, 1000).unwrap_or_default();
        for (_, charge) in sends.into_iter().filter(|(_, charge)| !charge.matured) {
            for (_, key, weight) in charge.cells() {
                let sum = sums.entry(key).or_insert(([0; ALTERNATIVES], 0));
                for (sum, value) in sum.0.iter_mut().zip(charge.value) {
                    *sum += share(value, weight);
                }
                sum.1 += if charge.verified { 0 } else { weight };
            }
        }
        sums
    }

    /// By key, what the cells' windows hold.
    fn held(&self) -> HashMap<u64, ([i32; ALTERNATIVES], i32)> {
        let (entries, _) = self.cells.table.some_from(0, usize::MAX).unwrap_or_default();
        entries
            .into_iter()
            .map(|(key, words)| (key, Cell::from_words(&words)))
            .map(|(key, cell)| (key, (cell.window, cell.open)))
            .collect()
    }

    fn holds_what_was_said(&self) -> bool {
        let (summed, held) = (self.summed(), self.held());
        let nothing = ([0; ALTERNATIVES], 0);
        let is_held = |(key, sum): (&u64, &_)| held.get(key) == Some(sum);
        summed.iter().all(is_held) && held.iter().all(|(key, window)| summed.contains_key(key) || *window == nothing)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_window_is_the_sum_of_what_its_sends_say_and_nothing_is_left_of_it(events in events()) {
        let mut stage = Stage::new();
        for event in &events {
            stage.play(event);
            prop_assert!(stage.holds_what_was_said());
        }
        stage.wait(Span::seconds(120));
        prop_assert!(stage.held().values().all(|window| *window == ([0; ALTERNATIVES], 0)));
        stage.wait(Span::minutes(10));
        prop_assert_eq!(stage.cells.sends(), 0);
    }

    #[test]
    fn where_everybody_verifies_no_evidence_is_left(events in events()) {
        let mut stage = Stage::new();
        for event in &events {
            stage.play(&Event { outcome: None, ..event.clone() });
        }
        for name in stage.sent.clone() {
            stage.cells.outcome(&stage.kinds, name, OutcomeKind::Verified, stage.now);
        }
        for name in stage.sent.clone() {
            stage.cells.outcome(&stage.kinds, name, OutcomeKind::Verified, stage.now);
        }
        prop_assert!(stage.holds_what_was_said(), "a second verification says nothing");
        prop_assert!(stage.held().values().all(|(window, open)| *open == 0 && window.iter().all(|said| *said <= 0)));
    }
}

/// In a table that is much too small cells go and come again while their sends are open.
#[test]
fn a_cell_that_had_to_go_leaves_nothing_behind() {
    let mut stage = Stage::new();
    stage.cells = Cells::new(&Settings { memory: 1, sends: 1000, keep: Span::minutes(10) }, 1);
    for number in 0..600 {
        let (phone, address, rung) = (1 + number * 7 % 5000, number % 4, 0);
        let outcome = (number % 5 != 0).then_some((20, OutcomeKind::Verified));
        stage.play(&Event { gap_ms: 300, phone, address, rung, outcome });
    }
    assert!(stage.cells.usage().2 > 100, "{:?}", stage.cells.usage());
    stage.wait(Span::seconds(120));
    assert!(stage.held().values().all(|window| *window == ([0; ALTERNATIVES], 0)));
}

/// What a send says by itself, against the formulas: in the cell of its address, which it bears in full.
#[test]
fn a_send_says_its_log_likelihood_ratio() {
    let p = RealUse::default().conversion;
    let come = |s: u64| RealUse::default().come_by(Span::seconds(s));
    let silent = |s| ((1.0 - 0.05 * come(s)) / (1.0 - p * come(s))).ln();
    for (age, expected) in
        [(4, 0.0), (5, silent(5)), (14, silent(5)), (39, silent(15)), (119, silent(40)), (120, silent(120))]
    {
        let mut stage = Stage::new();
        let event = Event { gap_ms: 0, phone: 1, address: 1, rung: 0, outcome: None };
        stage.play(&event);
        stage.wait(Span::seconds(age));
        let attempt = stage.cells.attempt(&facts(&event, stage.now));
        let view = stage.cells.look(&stage.kinds, &attempt, stage.now)[Kind::Address as usize].unwrap();
        assert!(
            (f64::from(view.evidence) - expected).abs() < 2.0 / f64::from(NAT),
            "{age} s: {view:?}, not {expected}"
        );
        stage.cells.outcome(&stage.kinds, stage.sent[0], OutcomeKind::Verified, stage.now);
        let view = stage.cells.look(&stage.kinds, &attempt, stage.now)[Kind::Address as usize].unwrap();
        assert!(view.evidence <= 0.0, "{age} s: verified, nothing is left");
        if age < 120 {
            let verified = ((0.05 / p).ln() * f64::from(NAT)).round();
            let windows = stage.held();
            let key = attempt.aspects.key(Kind::Address).unwrap();
            assert!((f64::from(nats(windows[&key].0[0])) - verified / f64::from(NAT)).abs() < 1e-6);
        }
    }
}

#[test]
fn an_undelivered_message_says_nothing_whenever_that_is_told() {
    for told in [1, 20, 119, 121, 500] {
        let mut stage = Stage::new();
        let event = Event { gap_ms: 0, phone: 1, address: 1, rung: 0, outcome: None };
        stage.play(&event);
        stage.wait(Span::seconds(told));
        stage.cells.outcome(&stage.kinds, stage.sent[0], OutcomeKind::Undelivered, stage.now);
        stage.wait(Span::seconds(120));
        let attempt = stage.cells.attempt(&facts(&event, stage.now));
        for view in stage.cells.look(&stage.kinds, &attempt, stage.now).into_iter().flatten() {
            assert!(view.evidence.abs() < 1e-6, "told after {told} s: {view:?}");
        }
    }
}

#[test]
fn what_its_look_keeps_out_is_volume_only_to_those_that_look_like_it_and_as_far_as_it_is_in_doubt() {
    let stage = Stage::new();
    let event = Event { gap_ms: 0, phone: 1, address: 1, rung: 0, outcome: None };
    let attempt = stage.cells.attempt(&facts(&event, stage.now));
    for _ in 0..100 {
        stage.cells.count(&stage.kinds, &attempt, Volume::KeptOut { doubt: 0.3 }, None, stage.now);
    }
    for view in stage.cells.look(&stage.kinds, &attempt, stage.now).into_iter().flatten() {
        let expected = if view.kind == Kind::Fingerprint { 30.0 } else { 0.0 };
        assert!((view.rate - expected).abs() < 1e-3, "{view:?}");
    }
}

#[test]
fn a_siege_explains_what_goes_to_its_range_and_ends_by_itself() {
    let mut stage = Stage::new();
    let event = Event { gap_ms: 0, phone: 1, address: 1, rung: 0, outcome: None };
    let mut attempt = stage.cells.attempt(&facts(&event, stage.now));
    for _ in 0..20 {
        stage.cells.count(&stage.kinds, &attempt, Volume::Whole, None, stage.now);
    }
    let range = |stage: &Stage| {
        let views = stage.cells.look(&stage.kinds, &attempt, stage.now);
        // Surges are another matter.
        let calm = views.map(|view| Some(View { pressure: 0.0, ..view? }));
        (calm[Kind::Range as usize].unwrap(), calm)
    };
    let (view, looked) = range(&stage);
    assert!(view.besieged() >= 1.0, "{view:?}");
    // 6 min times ln 20.
    assert_eq!(view.siege_ends_in(), Span::minutes(18));
    stage.wait(view.siege_ends_in());
    let (after, calm) = range(&stage);
    assert!(after.refused <= 1.0 && after.besieged() < 0.34, "{after:?}");
    for (looked, known, weight) in [(looked, 0.5, EXPLAINED), (looked, 0.4, WHOLE), (calm, 0.5, WHOLE)] {
        stage.cells.weigh(&mut attempt, &[Some(looked), None, None], known);
        assert_eq!(i32::from(attempt.weights[Kind::Range as usize]), WHOLE, "the range itself bears it in full");
        assert_eq!(i32::from(attempt.weights[Kind::Endpoint as usize]), weight);
    }
}

/// Two people behind one address, whose numbers lie in two ranges, leave their codes unanswered; others verified there before.
#[test]
fn two_silent_codes_close_the_first_rung_of_an_address_where_nobody_verified_whatever_was_proven_for_them() {
    for (verified, rungs, closed) in [
        (0, [Rung::None, Rung::None], [true, false]),
        (0, [Rung::None, Rung::Pow], [true, false]),
        (0, [Rung::Pow, Rung::Pow], [true, true]),
        (0, [Rung::Captcha, Rung::Captcha], [false, false]),
        (20, [Rung::None, Rung::None], [false, false]),
        (20, [Rung::Pow, Rung::Pow], [false, false]),
    ] {
        let mut stage = Stage::new();
        let mut ask = |phone, rung, outcome| {
            stage.play(&Event { gap_ms: 100, phone, address: 1, rung: rung as usize, outcome });
        };
        for phone in 0..verified {
            ask(100 + phone, Rung::None, Some((0, OutcomeKind::Verified)));
        }
        for (phone, rung) in (1..).zip(rungs) {
            ask(phone, rung, None);
        }
        stage.wait(Span::minutes(2));
        let attempt = stage.cells.attempt(&facts_of(50, 1, stage.now));
        let is_closed = |rung| {
            let views = look_at(&stage.cells, &stage.kinds, &attempt, rung, stage.now);
            views[Kind::Address as usize].unwrap().heat >= 1.0
        };
        assert_eq!([Rung::None, Rung::Pow].map(is_closed), closed, "{verified} verified, {rungs:?}");
    }
}

#[test]
fn who_verifies_after_a_proof_is_heard_at_the_rungs_below_too() {
    for (proven, heard) in
        [(Rung::None, [true, false, false]), (Rung::Pow, [true, true, false]), (Rung::Captcha, [true, true, true])]
    {
        let mut stage = Stage::new();
        let mut ask = |phone, rung, outcome| {
            stage.play(&Event { gap_ms: 1000, phone, address: phone, rung: rung as usize, outcome });
        };
        // Phones of one range.
        for number in 1..10 {
            for rung in [Rung::None, Rung::Pow, Rung::Captcha] {
                ask(9 * number + 3 * rung as u64, rung, None);
            }
        }
        stage.wait(Span::minutes(3));
        let evidence = |stage: &Stage| {
            let attempt = stage.cells.attempt(&facts_of(900, 900, stage.now));
            [Rung::None, Rung::Pow, Rung::Captcha].map(|rung| {
                look_at(&stage.cells, &stage.kinds, &attempt, rung, stage.now)[Kind::Range as usize].unwrap().evidence
            })
        };
        let before = evidence(&stage);
        stage.play(&Event {
            gap_ms: 1000,
            phone: 300,
            address: 300,
            rung: proven as usize,
            outcome: Some((0, OutcomeKind::Verified)),
        });
        stage.wait(Span::minutes(3));
        let after = evidence(&stage);
        for (rung, heard) in heard.into_iter().enumerate() {
            let said = after[rung] - before[rung];
            assert_eq!(said < -1.0, heard, "{proven:?} at {rung}: {before:?}, {after:?}");
        }
    }
}

#[test]
fn seven_entries_take_512_bytes() {
    assert_eq!(Cells::bytes_of(7), 512);
    let settings = Settings { memory: 1 << 20, ..Settings::default() };
    assert_eq!(Cells::bytes_of(Cells::new(&settings, 1).usage().1), 1 << 20);
}
