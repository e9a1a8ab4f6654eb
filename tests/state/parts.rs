//! Limits, open sends and conversion: what comes out of a snapshot answers as what went in.

use std::collections::HashSet;
use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::Index;
use sendwall::domain::{
    Country, DecisionId, Mode, Money, NumberKind, OutcomeKind, Phone, Range, Span, Timestamp, Validity,
};
use sendwall::limits::{Answer, Handle, KeyPart, Limit, On, Store, WhenFull};
use sendwall::pack::{CHUNK, Restored, Section, Unfit};
use sendwall::privacy::Pseudonym;
use sendwall::sessions::{Alias, Conversion, Found, OpenSend, Sessions, Sighted};

const START_MS: u64 = 1_795_197_600_000;
const MEMORY: usize = 1 << 20;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(START_MS + ms)
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

/// Moves what one section holds into another, which is empty.
fn moved(from: &dyn Section, to: &dyn Section, now: Timestamp) -> Restored {
    let mut restored = Restored::default();
    for chunk in chunks(from, now) {
        restored.add(to.restore(now, &chunk).unwrap());
    }
    restored
}

fn limit(name: &str, max: u32, per: Span, distinct: bool) -> Arc<Limit> {
    Arc::new(Limit {
        name: name.into(),
        on: On::Send,
        endpoints: Vec::new(),
        when: None,
        key: vec![KeyPart::Phone, KeyPart::Endpoint],
        distinct: distinct.then_some(KeyPart::Ip),
        max,
        per,
        count_rejected: false,
        growing_wait: None,
        mode: Mode::Enforce,
        when_full: WhenFull::Pass,
    })
}

/// Every kind of window, with a maximum that may be another one.
fn limits(more: u32) -> Vec<Arc<Limit>> {
    let wait = Limit { growing_wait: Some(Span::seconds(1)), ..(*limit("wait", 5, Span::minutes(15), false)).clone() };
    vec![
        limit("few", 3 + more, Span::seconds(60), false),
        limit("day", 30 + more, Span::hours(24), false),
        limit("many", 40 - more, Span::minutes(10), false),
        limit("distinct", 4 + more, Span::hours(1), true),
        Arc::new(wait),
    ]
}

fn store(limits: &[Arc<Limit>]) -> (Store, Vec<Handle>) {
    let store = Store::new(MEMORY);
    let handles = store.prepare(limits).unwrap().handles().to_vec();
    (store, handles)
}

#[derive(Clone, Debug)]
struct Count {
    gap_ms: u64,
    limit: Index,
    key: u64,
    item: u64,
    is_forced: bool,
    is_released: bool,
}

fn counts() -> impl Strategy<Value = Vec<Count>> {
    let gap = prop_oneof![6 => 0..500_u64, 2 => 1_000..20_000_u64, 1 => 60_000..4_000_000_u64];
    let count = (gap, any::<Index>(), 0..6_u64, 0..8_u64, prop::bool::weighted(0.2), prop::bool::weighted(0.1));
    let count = count.prop_map(|(gap_ms, limit, key, item, is_forced, is_released)| Count {
        gap_ms,
        limit,
        key,
        item,
        is_forced,
        is_released,
    });
    prop::collection::vec(count, 0..300)
}

/// Counts, and gives the time after it.
fn run(handles: &[Handle], counts: &[Count]) -> u64 {
    let mut now = 0;
    for count in counts {
        now += count.gap_ms;
        let handle = count.limit.get(handles);
        if count.is_forced {
            handle.record(count.key, Some(count.item), at(now));
        } else {
            handle.reserve(count.key, Some(count.item), at(now));
        }
        if count.is_released {
            handle.release(count.key, Some(count.item), at(now));
        }
    }
    now
}

fn answers(handles: &[Handle], now: u64) -> Vec<Answer> {
    let later = [0, 1, 30_000, 59_999, 60_000, 600_000, 3_600_000, 86_400_000];
    let asked = |handle: &Handle| {
        let ask = |key, item, after| handle.peek(key, Some(item), at(now + after));
        let times = move |key, item| later.into_iter().map(move |after| (key, item, after));
        let all: Vec<_> = (0..7).flat_map(|key| (0..9).flat_map(move |item| times(key, item))).collect();
        all.into_iter().map(|(key, item, after)| ask(key, item, after)).collect::<Vec<_>>()
    };
    handles.iter().flat_map(asked).collect()
}

proptest! {
    #[test]
    fn restored_limits_answer_as_before(counts in counts(), down_ms in 0..200_000_u64) {
        let (before, handles) = store(&limits(0));
        let now = run(&handles, &counts);
        let (after, restored) = store(&limits(0));
        let up = at(now + down_ms);
        let mut left = 0;
        for chunk in chunks(&before, at(now)) {
            left += after.restore(up, &chunk).unwrap().left_out;
        }
        prop_assert_eq!(left, 0);
        prop_assert_eq!(answers(&restored, now + down_ms), answers(&handles, now + down_ms));
        // And they go on counting alike.
        for (old, new) in handles.iter().zip(&restored) {
            for step in 0..5 {
                let now = at(now + down_ms + step);
                prop_assert_eq!(old.reserve(1, Some(step), now), new.reserve(1, Some(step), now));
            }
        }
    }

    #[test]
    fn limits_with_other_numbers_are_restored_as_they_are_reloaded(
        // What has left a window before a snapshot isn't in it, so a longer one finds less than after a reload.
        counts in counts(), more in 0..6_u32, halves in 1..=2_u64,
    ) {
        let (before, handles) = store(&limits(0));
        let now = run(&handles, &counts);
        let changed: Vec<_> = limits(more)
            .iter()
            .map(|limit| Arc::new(Limit { per: Span::millis(limit.per.as_millis() * halves / 2), ..(**limit).clone() }))
            .collect();
        let (after, restored) = store(&changed);
        moved(&before, &after, at(now));
        let reloaded = before.prepare(&changed).unwrap();
        prop_assert_eq!(answers(&restored, now), answers(reloaded.handles(), now));
    }

    /// What was written by a version with a fault, or by nobody at all, is refused or counts something; nothing breaks.
    #[test]
    fn whatever_a_chunk_holds_nothing_panics(
        counts in counts(),
        sends in sends(),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<Index>()),
    ) {
        let (limits_before, handles) = store(&limits(0));
        let now = run(&handles, &counts).max(sends.iter().map(|send| send.gap_ms).sum());
        let (sessions, conversion) = (Sessions::new(100), Conversion::new(100));
        play(&sessions, &conversion, &sends);
        let (empty, restored) = store(&limits(0));
        let into: [(&dyn Section, &dyn Section); 3] = [
            (&limits_before, &empty),
            (&sessions, &Sessions::new(100)),
            (&conversion, &Conversion::new(100)),
        ];
        for (from, to) in into {
            for mut chunk in chunks(from, at(now)) {
                for (place, byte) in &changes {
                    let place = place.index(chunk.len());
                    chunk[place] = *byte;
                }
                if let Some(cut) = cut {
                    chunk.truncate(cut.index(chunk.len()));
                }
                let _either = to.restore(at(now), &chunk);
            }
            chunks(to, at(now));
        }
        answers(&restored, now);
        run(&restored, &counts);
    }
}

#[test]
fn a_limit_that_is_gone_or_counts_something_else_is_named_and_others_come_back() {
    let (before, handles) = store(&limits(0));
    for handle in &handles {
        handle.record(1, Some(1), at(0));
    }
    let mut other = limits(0);
    other.remove(0);
    other[0] = limit("day", 30, Span::hours(24), true);
    let (after, restored) = store(&other);
    let results: Vec<_> = chunks(&before, at(1)).iter().map(|chunk| after.restore(at(1), chunk)).collect();
    let gone: HashSet<_> = results.iter().filter_map(|result| result.as_ref().err().map(ToString::to_string)).collect();
    let names = |name: &str| Unfit::Gone { what: format!("limit {name:?}") }.to_string();
    assert_eq!(gone, HashSet::from([names("few"), names("day")]));
    assert_eq!(restored.iter().map(Handle::len).collect::<Vec<_>>(), [0, 1, 1, 1]);
}

#[test]
fn a_table_that_has_become_smaller_keeps_what_is_worth_most() {
    let few = [limit("few", 3, Span::hours(1), false)];
    let (before, handles) = store(&few);
    for key in 0..10_000_u64 {
        for _ in 0..=key % 3 {
            handles[0].record(key, None, at(key));
        }
    }
    let small = Store::new(64 << 10);
    let handle = small.prepare(&few).unwrap().handles()[0].clone();
    let restored = moved(&before, &small, at(20_000));
    assert_eq!(handle.len(), handle.capacity());
    assert!(restored.left_out > 0, "{restored:?}");
    let full = (0..10_000).filter(|key| matches!(handle.peek(*key, None, at(20_000)), Answer::Full { .. })).count();
    assert!(full * 100 > handle.capacity() * 97, "{full}: those that refuse push out those that don't");
}

#[test]
fn windows_that_have_passed_are_not_saved_and_chunks_are_small() {
    let (store, handles) = store(&[limit("few", 3, Span::seconds(60), false)]);
    for key in 0..10_000_u64 {
        handles[0].record(key, None, at(key));
    }
    let saved = |now| chunks(&store, at(now)).iter().map(Vec::len).collect::<Vec<_>>();
    assert!(saved(10_000).iter().all(|length| *length < CHUNK + CHUNK / 4));
    assert!(saved(10_000).iter().sum::<usize>() > 10_000 * 20);
    assert_eq!(saved(80_000), [0; 0]);
}

#[test]
fn looking_changes_nothing_and_counting_does() {
    let (store, handles) = store(&limits(0));
    let seen = Section::changes(&store);
    handles[1].peek(1, None, at(0));
    chunks(&store, at(0));
    assert_eq!(Section::changes(&store), seen);
    handles[1].reserve(1, None, at(0));
    let reserved = Section::changes(&store);
    handles[1].release(1, None, at(0));
    let released = Section::changes(&store);
    assert!(seen != reserved && reserved != released);
}

#[derive(Clone, Debug)]
struct Send {
    gap_ms: u64,
    endpoint: &'static str,
    phone: Option<u64>,
    client: Option<u8>,
    /// So long after, this becomes of it.
    outcome: Option<OutcomeKind>,
}

fn sends() -> impl Strategy<Value = Vec<Send>> {
    let outcome =
        prop_oneof![Just(OutcomeKind::Verified), Just(OutcomeKind::Delivered), Just(OutcomeKind::Undelivered)];
    let send = (
        prop_oneof![0..5_000_u64, 0..400_000_u64],
        prop_oneof![Just("login"), Just("signup")],
        prop::option::weighted(0.9, 0..12_u64),
        prop::option::of(0..4_u8),
        prop::option::of(outcome),
    );
    let send =
        send.prop_map(|(gap_ms, endpoint, phone, client, outcome)| Send { gap_ms, endpoint, phone, client, outcome });
    prop::collection::vec(send, 0..60)
}

fn phone(number: u64) -> Phone {
    Phone {
        id: Pseudonym::from_bits((u128::from(number) << 70) + 99),
        country: Country::new(if number.is_multiple_of(2) { "GB" } else { "UZ" }).filter(|_| number != 5),
        calling_code: 44,
        range: Range::new(44_740_240 + number % 3),
        last_two: u8::try_from(number).unwrap(),
        kind: NumberKind::Mobile,
        validity: Validity::Possible,
        price: Money::micros(45_000 + number),
    }
}

fn client(number: u8) -> Pseudonym {
    Pseudonym::from_bits((u128::from(number) << 100) + 7)
}

/// Plays sends and outcomes, and gives every name that was used and the time after it.
fn play(sessions: &Sessions, conversion: &Conversion, sends: &[Send]) -> (Vec<Alias>, u64) {
    let (mut names, mut now) = (Vec::new(), 0);
    for (number, send) in sends.iter().enumerate() {
        now += send.gap_ms;
        let decision = DecisionId::new(at(now), number as u64);
        let phone = send.phone.map(phone);
        let mut aliases = Vec::new();
        aliases.extend(phone.map(|phone| Alias::phone(send.endpoint, phone.id)));
        aliases.extend(send.client.map(|number| Alias::client(send.endpoint, client(number))));
        names.extend(aliases.iter().copied().chain([Alias::decision(decision)]));
        let open = OpenSend { decision, endpoint: send.endpoint.into(), at: at(now), phone, charge: None };
        conversion.sent(&open);
        sessions.open(open, aliases.clone(), Span::minutes(10));
        if let Some(outcome) = send.outcome {
            let found = sessions.settle(&Alias::decision(decision), outcome, at(now));
            let Found::Settled(settled) = found else { continue };
            for send in &settled {
                conversion.outcome(send, outcome);
            }
        }
    }
    (names, now)
}

/// What each name finds, and what is then left for the others to find.
fn settled(sessions: &Sessions, names: &[Alias], now: Timestamp) -> Vec<String> {
    let outcomes = [OutcomeKind::Delivered, OutcomeKind::Verified];
    let all = names.iter().flat_map(|name| outcomes.map(|outcome| (name, outcome)));
    all.map(|(name, outcome)| format!("{:?} {:?}", sessions.phone_of(name, now), sessions.settle(name, outcome, now)))
        .collect()
}

proptest! {
    #[test]
    fn restored_sessions_find_as_before(sends in sends(), down_ms in 0..900_000_u64) {
        let (before, conversion) = (Sessions::new(1000), Conversion::new(1000));
        let (names, now) = play(&before, &conversion, &sends);
        let after = Sessions::new(1000);
        for chunk in chunks(&before, at(now)) {
            after.restore(at(now + down_ms), &chunk).unwrap();
        }
        let fresh = Sessions::new(1000);
        moved(&after, &fresh, at(now + down_ms));
        prop_assert_eq!(fresh.len(), after.len());
        let up = at(now + down_ms);
        let found = settled(&before, &names, up);
        prop_assert_eq!(&settled(&after, &names, up), &found);
        prop_assert_eq!(&settled(&fresh, &names, up), &found, "twice is as good as once");
        // Later sends join what is there, and windows end as they would have.
        for sessions in [&before, &after] {
            play(sessions, &conversion, &sends[..sends.len().min(3)]);
        }
        let late = at(now + 1_300_000);
        prop_assert_eq!(settled(&after, &names, late), settled(&before, &names, late));
    }

    #[test]
    fn restored_conversion_is_the_same(sends in sends(), down_h in 0..30_u64) {
        let (sessions, before) = (Sessions::new(1000), Conversion::new(1000));
        let (_, now) = play(&sessions, &before, &sends);
        let after = Conversion::new(1000);
        let up = at(now) + Span::hours(down_h);
        for chunk in chunks(&before, at(now)) {
            prop_assert_eq!(after.restore(up, &chunk).unwrap().left_out, 0);
        }
        prop_assert_eq!(after.all(up), before.all(up));
    }
}

#[test]
fn sessions_beyond_a_smaller_capacity_go_the_oldest_first() {
    let (before, conversion) = (Sessions::new(100), Conversion::new(100));
    let send = |number| Send { gap_ms: 10, endpoint: "login", phone: Some(number), client: None, outcome: None };
    let sends: Vec<_> = (0..20).map(send).collect();
    play(&before, &conversion, &sends);
    let after = Sessions::new(5);
    moved(&before, &after, at(1000));
    assert_eq!((after.len(), after.evicted()), (5, 15));
    let finds = |number| after.phone_of(&Alias::phone("login", phone(number).id), at(1000)).is_some();
    assert_eq!((0..20).filter(|number| finds(*number)).collect::<Vec<_>>(), [15, 16, 17, 18, 19]);
    after.open(
        OpenSend {
            decision: DecisionId::new(at(1000), 1),
            endpoint: "login".into(),
            at: at(1000),
            phone: None,
            charge: None,
        },
        vec![],
        Span::minutes(1),
    );
    assert!(finds(19) && !finds(15), "a new session takes no restored one's number");
}

#[test]
fn conversion_beyond_a_smaller_capacity_is_left_out_and_counted() {
    let (sessions, before) = (Sessions::new(100), Conversion::new(100));
    let send = |number| Send { gap_ms: 10, endpoint: "login", phone: Some(number), client: None, outcome: None };
    play(&sessions, &before, &(0..6).map(send).collect::<Vec<_>>());
    let all = before.all(at(1000)).len() as u64;
    let restored = moved(&before, &Conversion::new(2), at(1000));
    assert_eq!(restored, Restored { taken: 2, left_out: all - 2 });
}

#[test]
fn endpoints_with_outcomes_stay_known() {
    let (before, after) = (Sighted::default(), Sighted::default());
    before.insert(&"login".into());
    before.insert(&"signup".into());
    moved(&before, &after, at(0));
    assert!(after.contains(&"login".into()) && after.contains(&"signup".into()) && !after.contains(&"other".into()));
    assert_ne!(Section::changes(&before), Section::changes(&Sighted::default()));
}
