//! Decisions as a table: facts and what limits hold, to verdict, score and reasons.

use std::fmt::Write as _;
use std::sync::LazyLock;

use expect_test::{Expect, expect};

use super::*;
use crate::cells::{Kind, View};
use crate::domain::{
    Address, Client, Country, Fingerprint, Money, Phone, Place, Range, Unreadable, UnreadableCode, Visit,
};
use crate::limits::{KeyPart, On, WhenFull};

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_ms(1_795_197_600_000) + Span::seconds(seconds)
}

fn phone(country: &str, kind: NumberKind, validity: Validity) -> PhoneFact {
    PhoneFact::Present(Phone {
        id: "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        country: Country::new(country),
        calling_code: 44,
        range: Range::new(44_740_241),
        last_two: 71,
        kind,
        validity,
        price: Money::default(),
    })
}

pub(super) fn mobile() -> PhoneFact {
    phone("GB", NumberKind::Mobile, Validity::Valid)
}

fn unreadable() -> PhoneFact {
    PhoneFact::Unreadable(Unreadable { code: UnreadableCode::SeveralPhones, field: "/phone".to_owned() })
}

pub(super) fn facts(phone: PhoneFact) -> Facts {
    let ip = std::net::IpAddr::from([203, 0, 113, 9]);
    let id = "AAAAAAAAAAAAAAAAAAAAAA".parse().unwrap();
    let address = Address { ip, unit: ip.into(), network: "203.0.113.0/24".parse().unwrap(), id };
    let client = Client { address, id: None, visit: Visit::None, fingerprint: Fingerprint::default() };
    Facts { at: at(0), endpoint: Arc::from("login"), phone, client, place: Place::default() }
}

/// A cell that says nothing.
pub(super) fn view(kind: Kind) -> View {
    View {
        kind,
        heat: 0.0,
        pressure: 0.0,
        open: 0.0,
        bound: 10.0,
        unanswered: 0.0,
        open_floor: 10.0,
        evidence: 0.0,
        sent: 0.0,
        verified: 0.0,
        rate: 0.0,
        went_out: 0.0,
        explained: 0.0,
        history: 0.0,
        outage: 0.0,
        known: 1.0,
        health: 1.0,
        crowd: 0.0,
        half_life: Span::hours(1),
        refused: 0.0,
    }
}

fn limit(name: &str, max: u32, answer: Answer) -> Reading {
    let limit = Limit {
        name: Arc::from(name),
        on: On::Send,
        endpoints: Vec::new(),
        when: None,
        key: vec![KeyPart::Phone],
        distinct: None,
        max,
        per: Span::minutes(1),
        count_rejected: false,
        growing_wait: None,
        mode: Mode::Enforce,
        when_full: WhenFull::Pass,
    };
    Reading { limit: Arc::new(limit), answer }
}

fn full(name: &str, max: u32, until: u64) -> Reading {
    limit(name, max, Answer::Full { count: max, until: at(until) })
}

fn monitored(reading: &Reading) -> Reading {
    let limit = Limit { mode: Mode::Monitor, ..Limit::clone(&reading.limit) };
    Reading { limit: Arc::new(limit), answer: reading.answer }
}

fn enforcing() -> Policy {
    Policy { mode: Mode::Enforce, ..Policy::default() }
}

fn circumstances() -> Circumstances<'static> {
    static KINDS: LazyLock<Kinds> = LazyLock::new(Kinds::default);
    let revision = RevisionId { number: 3, hash: 0x9f2c_11ab };
    Circumstances {
        id: DecisionId::new(at(0), 7),
        revision,
        proven: Rung::None,
        pass: None,
        page: None,
        blind: false,
        listed: None,
        kinds: &KINDS,
    }
}

fn judge(policy: &Policy, phone: PhoneFact, readings: &[Reading]) -> Decision {
    decide(policy, &facts(phone), readings, None, &circumstances())
}

/// One line for the verdict, one for each reason.
fn told(decision: &Decision) -> String {
    let mut told = format!("{} {} by {:?}", decision.verdict.name(), decision.score, decision.decided_by);
    if let Verdict::Cooldown { until } = decision.verdict {
        write!(told, " for {}", until.since(decision.at)).unwrap();
    }
    if !decision.forwards() {
        told.push_str(", refused");
    }
    for reason in &decision.reasons {
        write!(told, "\n  {reason}").unwrap();
    }
    told
}

#[expect(clippy::needless_pass_by_value, reason = "a table's rows read better without borrows")]
fn check(policy: &Policy, phone: PhoneFact, readings: &[Reading], expected: Expect) {
    expected.assert_eq(&told(&judge(policy, phone, readings)));
}

#[test]
fn what_an_endpoint_accepts() {
    let british = Policy { countries: vec![Country::new("GB").unwrap()], ..enforcing() };
    check(&british, mobile(), &[], expect!["forward 0 by Engine"]);
    check(
        &british,
        phone("IE", NumberKind::Mobile, Validity::Valid),
        &[],
        expect![[r"
        block 100 by Rule, refused
          numbers of IE are not served here"]],
    );
    check(
        &british,
        phone("", NumberKind::Mobile, Validity::Valid),
        &[],
        expect![[r"
        block 100 by Rule, refused
          numbers of no country are not served here"]],
    );
    check(
        &enforcing(),
        phone("GB", NumberKind::PremiumRate, Validity::Valid),
        &[],
        expect![[r"
        block 100 by Rule, refused
          numbers of type premium_rate are not served here"]],
    );
    check(&enforcing(), phone("GB", NumberKind::FixedLine, Validity::Valid), &[], expect!["forward 0 by Engine"]);
    check(&enforcing(), phone("GB", NumberKind::Unknown, Validity::Possible), &[], expect!["forward 0 by Engine"]);
    check(
        &enforcing(),
        phone("GB", NumberKind::Unknown, Validity::Impossible),
        &[],
        expect![[r"
        block 100 by Rule, refused
          no such number can exist in its country's plan"]],
    );
}

#[test]
fn no_number_is_not_the_same_as_not_knowing_which() {
    let strict = Policy { on_no_phone: OnMissing::Refuse, ..enforcing() };
    let lenient = Policy { on_unreadable: OnMissing::Forward, ..enforcing() };
    check(&enforcing(), PhoneFact::Absent, &[], expect!["forward 0 by Engine"]);
    check(
        &strict,
        PhoneFact::Absent,
        &[],
        expect![[r"
        reject 100 by Rule, refused
          there is no phone number in the request"]],
    );
    check(
        &enforcing(),
        unreadable(),
        &[],
        expect![[r"
        reject 100 by Rule, refused
          unreadable request: /phone: there are several different phone numbers"]],
    );
    check(
        &lenient,
        unreadable(),
        &[],
        expect![[r"
        forward 0 by Engine
          unreadable request: /phone: there are several different phone numbers"]],
    );
}

#[test]
fn limits_speak_in_order_and_the_longest_wait_counts() {
    let free = |count| limit("free", 5, Answer::Free { count });
    check(&enforcing(), mobile(), &[free(1)], expect!["forward 0 by Engine"]);
    check(&enforcing(), mobile(), &[free(5)], expect!["forward 39 by Engine"]);
    check(
        &enforcing(),
        mobile(),
        &[full("minute", 1, 20)],
        expect![[r"
        cooldown 50 by Limit for 20s, refused
          limit minute: 1 of at most 1 sends by phone in 60s; room again at 2026-11-20T18:00:20.000Z"]],
    );
    check(
        &enforcing(),
        mobile(),
        &[full("minute", 1, 20), full("day", 5, 7200), full("hour", 3, 900)],
        expect![[r"
        cooldown 50 by Limit for 2h, refused
          limit day: 5 of at most 5 sends by phone in 60s; room again at 2026-11-20T20:00:00.000Z
          limit minute: 1 of at most 1 sends by phone in 60s; room again at 2026-11-20T18:00:20.000Z
          limit hour: 3 of at most 3 sends by phone in 60s; room again at 2026-11-20T18:15:00.000Z"]],
    );
    check(
        &enforcing(),
        mobile(),
        &[full("minute", 1, 20), full("never", 0, 60)],
        expect![[r"
            block 100 by Limit, refused
              limit never: no sends are allowed
              limit minute: 1 of at most 1 sends by phone in 60s; room again at 2026-11-20T18:00:20.000Z"]],
    );
    check(
        &enforcing(),
        mobile(),
        &[monitored(&full("told", 1, 20)), free(2)],
        expect![[r"
        forward 9 by Engine
          limit told: 1 of at most 1 sends by phone in 60s; room again at 2026-11-20T18:00:20.000Z (monitored only)"]],
    );
    check(
        &enforcing(),
        mobile(),
        &[monitored(&full("told", 0, 20)), full("minute", 1, 9)],
        expect![[r"
            cooldown 50 by Limit for 9s, refused
              limit minute: 1 of at most 1 sends by phone in 60s; room again at 2026-11-20T18:00:09.000Z
              limit told: no sends are allowed (monitored only)"]],
    );
    check(
        &enforcing(),
        mobile(),
        &[limit("room", 5, Answer::Untracked { refused: false })],
        expect![[r"
        forward 0 by Engine
          limit room: its table is full, this key is not counted"]],
    );
    check(
        &enforcing(),
        mobile(),
        &[limit("room", 5, Answer::Untracked { refused: true })],
        expect![[r"
        cooldown 50 by Limit for 60s, refused
          limit room: its table is full, this key is refused"]],
    );
}

#[test]
fn what_must_be_mended_comes_before_what_is_refused_and_that_before_what_must_wait() {
    let irish = phone("IE", NumberKind::Mobile, Validity::Valid);
    let british = Policy { countries: vec![Country::new("GB").unwrap()], ..enforcing() };
    check(
        &british,
        irish,
        &[full("minute", 1, 20)],
        expect![[r"
        block 100 by Rule, refused
          numbers of IE are not served here
          limit minute: 1 of at most 1 sends by phone in 60s; room again at 2026-11-20T18:00:20.000Z"]],
    );
    check(
        &enforcing(),
        unreadable(),
        &[full("address", 1, 20), full("never", 0, 60)],
        expect![[r"
            reject 100 by Rule, refused
              unreadable request: /phone: there are several different phone numbers
              limit address: 1 of at most 1 sends by phone in 60s; room again at 2026-11-20T18:00:20.000Z
              limit never: no sends are allowed"]],
    );
}

#[test]
fn monitor_mode_changes_what_happens_and_not_what_is_decided() {
    let monitoring = Policy { mode: Mode::Monitor, ..enforcing() };
    for (phone, readings) in [
        (mobile(), vec![]),
        (mobile(), vec![full("minute", 1, 20)]),
        (mobile(), vec![full("never", 0, 20)]),
        (unreadable(), vec![]),
    ] {
        let (enforced, monitored) =
            (judge(&enforcing(), phone.clone(), &readings), judge(&monitoring, phone, &readings));
        assert!(monitored.forwards());
        assert_eq!(Decision { mode: Mode::Enforce, ..monitored }, enforced);
    }
}

#[test]
fn a_score_of_fifty_is_where_refusals_begin() {
    for max in [1, 2, 5, 32, 33, 1000, u32::MAX] {
        for count in [1, max / 2, max.saturating_sub(1), max] {
            let decision = judge(&enforcing(), mobile(), &[limit("any", max, Answer::Free { count: count.max(1) })]);
            assert!(decision.score < 50, "{count} of {max}: {}", decision.score);
        }
        assert_eq!(judge(&enforcing(), mobile(), &[full("any", max, 9)]).score, 50);
    }
}

#[test]
fn the_same_input_gives_the_same_decision_and_names_its_revision() {
    let readings = [full("minute", 1, 20), limit("free", 5, Answer::Free { count: 2 })];
    let decision = judge(&enforcing(), mobile(), &readings);
    assert_eq!(decision, judge(&enforcing(), mobile(), &readings));
    assert_eq!((decision.revision.to_string(), decision.at), ("r3-9f2c11ab".to_owned(), at(0)));
}

#[test]
fn blindness_is_told_and_decides_nothing() {
    let seeing = judge(&enforcing(), mobile(), &[full("minute", 1, 20)]);
    let blind = decide(
        &enforcing(),
        &facts(mobile()),
        &[full("minute", 1, 20)],
        None,
        &Circumstances { blind: true, ..circumstances() },
    );
    assert_eq!(blind.reasons.last(), Some(&Reason::Blind));
    assert_eq!((blind.verdict, blind.score, blind.decided_by), (seeing.verdict, seeing.score, seeing.decided_by));
}
