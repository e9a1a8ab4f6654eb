//! Evidence: a gate that took another's snapshot decides as that one would have.

use proptest::prelude::*;
use proptest::sample::Index;
use sendwall::cells::{Cells, Kind, Kinds, Settings};
use sendwall::domain::{DecisionId, OutcomeKind, Rung, Span, Timestamp};
use sendwall::pack::{CHUNK, Section};

use crate::support::evidence::{Asked, Person, Town};

#[derive(Clone, Debug)]
struct Event {
    gap_ms: u64,
    who: u64,
    /// What becomes of the message that went out so many messages before.
    outcome: Option<(usize, OutcomeKind)>,
}

fn events(most: usize) -> impl Strategy<Value = Vec<Event>> {
    let gap = prop_oneof![6 => 0..2_000_u64, 3 => 2_000..40_000_u64, 1 => 40_000..4_000_000_u64];
    let outcome = prop_oneof![4 => Just(OutcomeKind::Verified), 1 => Just(OutcomeKind::Undelivered)];
    let event = (gap, 0..16_u64, prop::option::of((0..20_usize, outcome)));
    prop::collection::vec(event.prop_map(|(gap_ms, who, outcome)| Event { gap_ms, who, outcome }), 1..most)
}

/// Some share their address, some their range, some their client.
fn person(number: u64) -> Person {
    let common = Person::alone(99);
    let group = Person::alone(100 + number % 3);
    let mut person = Person::alone(number).sharing(Kind::Fingerprint, &common).sharing(Kind::Country, &group);
    if number.is_multiple_of(2) {
        person = person.sharing(Kind::Address, &group).sharing(Kind::Network, &group);
    }
    if number % 4 < 2 {
        person = person.sharing(Kind::Range, &group);
    }
    if number > 12 { person.sharing(Kind::Client, &group) } else { person }
}

/// Challenges are solved at once: those that wait are not saved.
fn play(town: &Town, events: &[Event], sent: &mut Vec<DecisionId>) -> Vec<(Rung, Option<Rung>)> {
    let mut told = Vec::new();
    for event in events {
        town.wait(Span::millis(event.gap_ms));
        let Asked { first, sent: went_out } = town.ask(&person(event.who), Rung::Captcha);
        told.push((first, went_out.map(|(_, rung)| rung)));
        sent.extend(went_out.map(|(decision, _)| decision));
        if let Some((back, outcome)) = event.outcome
            && let Some(decision) = sent.iter().rev().nth(back)
        {
            town.learn(*decision, outcome);
        }
    }
    told
}

fn chunks(section: &dyn Section, now: Timestamp) -> Vec<Vec<u8>> {
    let mut chunks = Vec::new();
    let mut take = |chunk: &[u8]| {
        chunks.push(chunk.to_vec());
        Ok(())
    };
    section.save(now, &mut take).unwrap();
    chunks
}

fn everyone(town: &Town) -> Vec<[sendwall::cells::Views; 3]> {
    (0..16).map(|number| town.views(&person(number))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn restored_evidence_shows_and_decides_as_before(before in events(80), after in events(40), down_ms in 0..2_000_u64) {
        let old = Town::new(Kinds::default());
        let mut sent = Vec::new();
        play(&old, &before, &mut sent);
        // As at a start: a late word about a send of before must not find a new one in its slot.
        let new = Town::of(Kinds::default(), Cells::new(&Settings::default(), 1).named_from(old.now()));
        new.clock.set(old.now() + Span::millis(down_ms));
        prop_assert_eq!(new.restore(&old).left_out, 0);
        old.clock.set(new.now());
        prop_assert!(everyone(&new) == everyone(&old));
        prop_assert_eq!(new.gate.cells().sends(), old.gate.cells().sends());
        let (mut old_sent, mut new_sent) = (sent.clone(), sent);
        prop_assert_eq!(play(&new, &after, &mut new_sent), play(&old, &after, &mut old_sent));
        prop_assert!(everyone(&new) == everyone(&old));
        // All evidence ends as it would have.
        for town in [&old, &new] {
            town.wait(Span::minutes(11));
        }
        prop_assert!(everyone(&new) == everyone(&old));
        prop_assert_eq!((new.gate.cells().sends(), old.gate.cells().sends()), (0, 0));
    }

    #[test]
    fn whatever_a_chunk_holds_nothing_panics(
        before in events(60),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<Index>()),
    ) {
        let old = Town::new(Kinds::default());
        let mut sent = Vec::new();
        play(&old, &before, &mut sent);
        let new = Town::new(Kinds::default());
        new.clock.set(old.now());
        for mut chunk in chunks(old.gate.cells(), old.now()) {
            for (place, byte) in &changes {
                let place = place.index(chunk.len());
                chunk[place] = *byte;
            }
            if let Some(cut) = cut {
                chunk.truncate(cut.index(chunk.len()));
            }
            let _either = new.gate.cells().restore(new.now(), &chunk);
        }
        play(&new, &before, &mut sent);
        new.wait(Span::minutes(11));
        for views in everyone(&new).iter().flatten().flatten().flatten() {
            prop_assert!(views.heat.is_finite() && views.open >= 0.0, "{views:?}");
        }
        chunks(new.gate.cells(), new.now());
    }
}

#[test]
fn after_a_long_gap_open_sends_say_nothing_more_but_may_still_be_verified() {
    let one = Person::alone(1);
    let old = Town::new(Kinds::default());
    let sent: Vec<_> = (0..2).filter_map(|_| old.ask(&one, Rung::None).sent).collect();
    old.wait(Span::seconds(15));
    let said = old.view(&one, Kind::Phone, Rung::None);
    let new = Town::new(Kinds::default());
    new.clock.set(old.now() + Span::seconds(30));
    new.restore(&old);
    new.wait(Span::seconds(60));
    let now = new.view(&one, Kind::Phone, Rung::None);
    assert_eq!((now.evidence, now.open, now.outage), (said.evidence, 2.0, 0.0));
    assert!(said.evidence > 0.5);
    new.learn(sent[0].0, OutcomeKind::Verified);
    let verified = new.view(&one, Kind::Phone, Rung::None);
    assert_eq!((verified.evidence, verified.open), (0.0, 0.0), "both are settled: one phone, one session");
    assert_eq!(new.rung(&one), Rung::None);
}

#[test]
fn a_name_of_before_finds_nothing_where_the_evidence_was_refused() {
    let one = Person::alone(1);
    let old = Town::new(Kinds::default());
    let (sent, _) = old.ask(&one, Rung::None).sent.unwrap();
    old.wait(Span::seconds(30));
    let new = Town::of(Kinds::default(), Cells::new(&Settings::default(), 1).named_from(old.now()));
    new.clock.set(old.now());
    for chunk in chunks(old.gate.sessions(), old.now()) {
        new.gate.sessions().restore(new.now(), &chunk).unwrap();
    }
    let other = Person::alone(2);
    new.ask(&other, Rung::None).sent.unwrap();
    new.wait(Span::seconds(30));
    let before = new.views(&other);
    new.learn(sent, OutcomeKind::Verified);
    assert!(new.views(&other) == before);
}

#[test]
fn a_table_that_has_become_smaller_keeps_what_is_worth_most() {
    let settings = |memory| Settings { memory, ..Settings::default() };
    let old = Town::with(Kinds::default(), &settings(4 << 20));
    let hot: Vec<_> = (0..100).map(|number| Person::alone(1_000_000 + number)).collect();
    for person in &hot {
        for _ in 0..3 {
            old.ask(person, Rung::Captcha);
        }
    }
    old.wait(Span::minutes(3));
    for number in 0..3_000 {
        old.rung(&Person::alone(number));
    }
    old.wait(Span::minutes(5));
    let small = Town::with(Kinds::default(), &settings(512 << 10));
    small.clock.set(old.now());
    let restored = small.restore(&old);
    let (used, capacity, _) = small.gate.cells().usage();
    assert!(used * 100 > capacity * 95 && restored.left_out > 0, "{used} of {capacity}, {restored:?}");
    let same =
        |person: &&Person| small.view(person, Kind::Phone, Rung::None) == old.view(person, Kind::Phone, Rung::None);
    let kept = hot.iter().filter(same).count();
    assert!(kept >= 97, "{kept} of 100 hot phones");
}

#[test]
fn chunks_are_small_and_looking_changes_nothing() {
    let town = Town::new(Kinds::default());
    for number in 0..2_000 {
        town.ask(&Person::alone(number), Rung::Captcha);
    }
    let cells: &Cells = town.gate.cells();
    let seen = cells.changes();
    let saved: Vec<_> = chunks(cells, town.now()).iter().map(Vec::len).collect();
    town.views(&Person::alone(1));
    town.gate.advance_to_now();
    assert_eq!(cells.changes(), seen);
    assert!(saved.iter().all(|length| *length < 2 * CHUNK) && saved.iter().sum::<usize>() > 20_000 * 72, "{saved:?}");
    town.wait(Span::seconds(10));
    assert_ne!(cells.changes(), seen);
}
