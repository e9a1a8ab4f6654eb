//! The ledger against receivers that fail in every way, on a virtual clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::alerts::deliver::sample::{self, STARTED};
use crate::alerts::{IncidentId, Severity};

fn channel(name: &str, target: super::super::channel::Target, rate: u32) -> Arc<Channel> {
    Arc::new(Channel { name: name.into(), rate, ..sample::channel(target) })
}

fn slack() -> super::super::channel::Target {
    sample::slack("https://hooks.example/x")
}

fn webhook() -> super::super::channel::Target {
    super::super::channel::Target::Webhook { url: sample::url("https://hooks.example/x"), keys: Vec::new() }
}

fn alert(incident: u64, sequence: u32, severity: Severity) -> Alert {
    let incident = IncidentId::new(STARTED, incident);
    Alert { id: format!("{incident}.{sequence}"), incident, sequence, severity, ..sample::alert() }
}

fn ledger(channels: &[Arc<Channel>]) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.channels(channels, STARTED - Span::hours(1));
    ledger
}

fn sent(step: Step) -> Vec<(String, bool)> {
    match step {
        Step::Send(parcels) => parcels.into_iter().map(|parcel| (parcel.alert.id, parcel.repeat)).collect(),
        other => panic!("{other:?}"),
    }
}

fn later(may_have_arrived: bool, pause: Option<Span>) -> Verdict {
    Verdict::Later(Later { reason: "x", why: String::new(), pause, may_have_arrived })
}

#[test]
fn an_incident_keeps_its_order_and_the_worst_goes_first() {
    let mut ledger = ledger(&[channel("a", webhook(), 600)]);
    for alert in [alert(1, 1, Severity::Warn), alert(1, 2, Severity::Critical), alert(2, 1, Severity::Critical)] {
        ledger.accept(&alert, STARTED);
    }
    let random = &mut Random::seeded(1);
    let Step::Send(first) = ledger.step("a", STARTED).0 else { panic!() };
    assert_eq!(first[0].alert.id, alert(2, 1, Severity::Warn).id, "critical before warn");
    ledger.settle("a", &[first[0].number], &Verdict::Delivered, STARTED, random);
    let Step::Send(second) = ledger.step("a", STARTED).0 else { panic!() };
    assert_eq!(second[0].alert.id, alert(1, 1, Severity::Warn).id);
    assert_eq!(ledger.step("a", STARTED).0, Step::Idle, "its second message waits for its first");
    ledger.settle("a", &[second[0].number], &later(false, None), STARTED, random);
    let Step::Wait(due) = ledger.step("a", STARTED).0 else { panic!() };
    assert!((3..7).contains(&(due.since(STARTED).as_millis() / 1000)), "{due}");
    assert_eq!(sent(ledger.step("a", due).0), [(alert(1, 1, Severity::Warn).id, false)], "it did not arrive");
}

#[test]
fn what_may_have_arrived_is_sent_as_a_repeat() {
    let mut ledger = ledger(&[channel("a", webhook(), 600)]);
    ledger.accept(&alert(1, 1, Severity::Warn), STARTED);
    let random = &mut Random::seeded(1);
    let mut now = STARTED;
    let mut repeats = Vec::new();
    for may_have_arrived in [false, true, false] {
        let Step::Send(parcels) = ledger.step("a", now).0 else { panic!() };
        repeats.push(parcels[0].repeat);
        ledger.settle("a", &[parcels[0].number], &later(may_have_arrived, None), now, random);
        now = now + Span::hours(1);
    }
    assert_eq!(repeats, [false, false, true]);
    assert_eq!(sent(ledger.step("a", now).0), [(alert(1, 1, Severity::Warn).id, true)]);
}

#[test]
fn more_than_a_channel_takes_goes_as_a_digest() {
    let mut ledger = ledger(&[channel("chat", slack(), 20), channel("program", webhook(), 20)]);
    for incident in 0..50 {
        ledger.accept(&alert(incident, 1, Severity::Warn), STARTED);
    }
    let (chat, program) = (sent(ledger.step("chat", STARTED).0), sent(ledger.step("program", STARTED).0));
    assert_eq!((chat.len(), program.len()), (DIGEST, 1), "a program is never made to read digests");
    let few = &mut self::ledger(&[channel("chat", slack(), 20)]);
    for incident in 0..4 {
        few.accept(&alert(incident, 1, Severity::Warn), STARTED);
    }
    assert_eq!(sent(few.step("chat", STARTED).0).len(), 1, "4 may go at once, so each goes alone");
}

#[test]
fn a_receiver_that_asks_for_time_gets_it() {
    let mut ledger = ledger(&[channel("a", webhook(), 600)]);
    ledger.accept(&alert(1, 1, Severity::Warn), STARTED);
    let Step::Send(parcels) = ledger.step("a", STARTED).0 else { panic!() };
    ledger.settle("a", &[parcels[0].number], &later(false, Some(Span::minutes(10))), STARTED, &mut Random::seeded(1));
    ledger.accept(&alert(2, 1, Severity::Critical), STARTED);
    assert_eq!(ledger.step("a", STARTED).0, Step::Wait(STARTED + Span::minutes(10)), "for every alert");
}

#[test]
fn a_receiver_that_is_gone_loses_its_alerts_and_the_others_are_told() {
    let mut ledger = ledger(&[channel("a", webhook(), 600), channel("b", slack(), 600)]);
    for incident in 0..3 {
        ledger.accept(&alert(incident, 1, Severity::Warn), STARTED);
    }
    let Step::Send(parcels) = ledger.step("a", STARTED).0 else { panic!() };
    let gone = Verdict::Gone { why: "410".to_owned() };
    let change = ledger.settle("a", &[parcels[0].number], &gone, STARTED, &mut Random::seeded(1));
    assert_eq!(change.given_up.len(), 3);
    assert!(change.given_up.iter().all(|given_up| *given_up.channel == *"a" && given_up.why == Why::Gone));
    assert!(change.removed.is_empty(), "the other channel still has to get them");
    ledger.accept_for_others(&alert(9, 1, Severity::Warn), "a", STARTED);
    ledger.accept(&alert(10, 1, Severity::Warn), STARTED);
    assert_eq!(ledger.step("a", STARTED).0, Step::Idle, "nothing more is kept for it");
    assert_eq!(ledger.waiting()["b"], 5);
    ledger.channels(&[channel("a", webhook(), 60), channel("b", slack(), 600)], STARTED);
    ledger.accept(&alert(11, 1, Severity::Warn), STARTED);
    assert_eq!(sent(ledger.step("a", STARTED).0).len(), 1, "new settings are a new chance");
}

#[test]
fn a_full_ledger_gives_up_the_oldest_of_the_least_severe() {
    let mut ledger = ledger(&[channel("a", webhook(), 600)]);
    ledger.accept(&alert(0, 1, Severity::Critical), STARTED);
    for incident in 1..CAPACITY as u64 {
        ledger.accept(&alert(incident, 1, Severity::Warn), STARTED);
    }
    let change = ledger.accept(&alert(9999, 1, Severity::Critical), STARTED);
    assert_eq!(
        change.given_up.iter().map(|g| (&*g.alert.id, g.why)).collect::<Vec<_>>(),
        [(&*alert(1, 1, Severity::Warn).id, Why::Full)]
    );
    assert_eq!((change.removed.len(), change.written.len()), (1, 1));
    assert_eq!(ledger.waiting()["a"], CAPACITY as u64);
}

#[test]
fn channels_that_are_no_more_lose_their_alerts() {
    let mut before = ledger(&[channel("a", webhook(), 600), channel("b", webhook(), 600)]);
    before.accept(&alert(1, 1, Severity::Warn), STARTED);
    let change = before.channels(&[channel("b", webhook(), 600)], STARTED);
    assert_eq!(change.given_up.iter().map(|given_up| given_up.why).collect::<Vec<_>>(), [Why::Removed]);
    assert_eq!((change.written.len(), before.step("a", STARTED).0), (1, Step::End));

    let mut after = ledger(&[]);
    let found = vec![(7, before.entry(0).unwrap().clone())];
    let change = after.restore(found, STARTED);
    assert_eq!(change.removed, BTreeSet::from([7]));
}

/// What a receiver does with a message, in a property test.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Taken,
    /// Taken, and the process dies before it hears so.
    TakenThenCrash,
    /// Not taken, and the process dies.
    Crash,
    Unreachable,
    /// Taken, but the answer got lost.
    AnswerLost,
    Busy,
}

fn fates() -> impl Strategy<Value = Fate> {
    prop_oneof![
        4 => Just(Fate::Taken),
        1 => Just(Fate::TakenThenCrash),
        1 => Just(Fate::Crash),
        2 => Just(Fate::Unreachable),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::Busy),
    ]
}

/// The disk, as far as a ledger is concerned.
#[derive(Default)]
struct Kept(BTreeMap<u64, Vec<u8>>);

impl Kept {
    fn apply(&mut self, ledger: &Ledger, change: &Change) {
        for number in &change.written {
            self.0.insert(*number, ledger.entry(*number).unwrap().encode());
        }
        for number in &change.removed {
            self.0.remove(number);
        }
    }

    fn restart(&self, channels: &[Arc<Channel>], now: Timestamp) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.channels(channels, now);
        let found = self.0.iter().map(|(number, bytes)| (*number, Entry::decode(bytes).unwrap())).collect();
        ledger.restore(found, now);
        ledger
    }
}

proptest! {
    /// Whatever receivers and crashes do, every alert arrives, in the order of its incident, and each time but the
    /// first it is marked as a repeat.
    #[test]
    fn every_alert_arrives_once_or_as_a_marked_repeat(
        merges: bool,
        rate in 1_u32..100,
        incidents in prop::collection::vec((0_u64..4, 0_u64..30_000), 1..25),
        fates in prop::collection::vec(fates(), 0..60),
        seed: u64,
    ) {
        let channels = [channel("a", if merges { slack() } else { webhook() }, rate)];
        let (mut ledger, mut kept, random) = (ledger(&channels), Kept::default(), &mut Random::seeded(seed));
        let mut now = STARTED;
        let mut sequences = BTreeMap::<u64, u32>::new();
        for (incident, wait) in &incidents {
            let sequence = sequences.entry(*incident).or_default();
            *sequence += 1;
            now = now + Span::millis(*wait);
            let change = ledger.accept(&alert(*incident, *sequence, Severity::Warn), now);
            kept.apply(&ledger, &change);
        }
        let mut fates = fates.into_iter();
        let (mut arrived, mut marked_wrong) = (Vec::<String>::new(), Vec::new());
        for _ in 0..5_000 {
            let (step, change) = ledger.step("a", now);
            kept.apply(&ledger, &change);
            let parcels = match step {
                Step::Send(parcels) => parcels,
                Step::Wait(until) => {
                    prop_assert!(until > now);
                    now = until;
                    continue;
                }
                Step::Idle => break,
                Step::End => unreachable!(),
            };
            let fate = fates.next().unwrap_or(Fate::Taken);
            if matches!(fate, Fate::Taken | Fate::TakenThenCrash | Fate::AnswerLost) {
                for parcel in &parcels {
                    if arrived.contains(&parcel.alert.id) && !parcel.repeat {
                        marked_wrong.push(parcel.alert.id.clone());
                    }
                    arrived.push(parcel.alert.id.clone());
                }
            }
            let numbers: Vec<u64> = parcels.iter().map(|parcel| parcel.number).collect();
            let verdict = match fate {
                Fate::TakenThenCrash | Fate::Crash => {
                    ledger = kept.restart(&channels, now);
                    continue;
                }
                Fate::Taken => Verdict::Delivered,
                Fate::Unreachable => later(false, None),
                Fate::AnswerLost => later(true, None),
                Fate::Busy => later(false, Some(Span::seconds(30))),
            };
            let change = ledger.settle("a", &numbers, &verdict, now, random);
            kept.apply(&ledger, &change);
        }
        prop_assert!(marked_wrong.is_empty(), "not marked as repeats: {marked_wrong:?}");
        prop_assert!(kept.0.is_empty(), "the disk holds nothing that was delivered");
        let mut first = Vec::new();
        for id in arrived {
            if !first.contains(&id) {
                first.push(id);
            }
        }
        prop_assert_eq!(first.len(), incidents.len(), "each arrives");
        for incident in sequences.keys() {
            let prefix = format!("{}.", IncidentId::new(STARTED, *incident));
            let order: Vec<u32> = first.iter().filter_map(|id| id.strip_prefix(&prefix)?.parse().ok()).collect();
            prop_assert!(order.is_sorted(), "{order:?}");
        }
    }

    /// A receiver that never answers costs a bounded number of attempts, and each alert is given up after a day.
    #[test]
    fn a_day_is_enough(seed: u64, count in 1_u64..20) {
        let channels = [channel("a", webhook(), 60)];
        let (mut ledger, random) = (ledger(&channels), &mut Random::seeded(seed));
        (0..count).for_each(|incident| drop(ledger.accept(&alert(incident, 1, Severity::Warn), STARTED)));
        let (mut now, mut attempts, mut given_up) = (STARTED, 0, 0);
        while now.since(STARTED) < Span::hours(25) {
            given_up += ledger.expire(now).given_up.len() as u64;
            match ledger.step("a", now).0 {
                Step::Send(parcels) => {
                    attempts += 1;
                    ledger.settle("a", &[parcels[0].number], &later(true, None), now, random);
                }
                Step::Wait(until) => now = until,
                Step::Idle => break,
                Step::End => unreachable!(),
            }
        }
        prop_assert_eq!(given_up, count);
        prop_assert!(attempts <= count * 140 && attempts >= count * 70, "{} attempts for {}", attempts, count);
        prop_assert!(now.since(STARTED) >= Span::hours(23), "{}", now);
    }
}
