//! Limits against a plain model, under two threads, full tables and reloads.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::HashMap;
use std::sync::{Arc, Barrier};

use proptest::prelude::*;
use sendwall::domain::{Mode, Span, Timestamp};
use sendwall::limits::{Answer, Error, Handle, KeyPart, Limit, On, Store, WhenFull, mix};

const START_MS: u64 = 1_795_197_600_000;
const MEMORY: usize = 1 << 20;

fn limit(max: u32, per: Span) -> Limit {
    Limit {
        name: Arc::from("tested"),
        on: On::Send,
        endpoints: Vec::new(),
        when: None,
        key: vec![KeyPart::Phone],
        distinct: None,
        max,
        per,
        count_rejected: false,
        growing_wait: None,
        mode: Mode::Enforce,
        when_full: WhenFull::Pass,
    }
}

fn prepare(store: &Store, limit: Limit) -> Handle {
    store.prepare(&[Arc::new(limit)]).unwrap().handles()[0].clone()
}

fn handle(limit: Limit) -> Handle {
    prepare(&Store::new(MEMORY), limit)
}

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(ms)
}

fn is_free(answer: Answer) -> bool {
    matches!(answer, Answer::Free { .. })
}

/// Every time, and nothing clever: what a window is by definition.
struct Model {
    max: u32,
    per: u64,
    wait: u64,
    /// Times are rounded up to this.
    tick: u64,
    /// With their items.
    times: Vec<(u64, u64)>,
}

impl Model {
    fn of(limit: &Limit) -> Self {
        let per = limit.per.as_millis();
        Self {
            max: limit.max,
            per,
            wait: limit.growing_wait.unwrap_or_default().as_millis(),
            tick: per.div_ceil(1 << 22),
            times: Vec::new(),
        }
    }

    fn add(&mut self, item: u64, now: u64) {
        self.times.push((now.div_ceil(self.tick) * self.tick, item));
        self.times.sort_unstable();
    }

    fn held(&self, now: u64) -> impl Iterator<Item = &(u64, u64)> {
        self.times.iter().filter(move |(time, _)| time + self.per > now)
    }

    fn passes(&self, now: u64) -> bool {
        let count = u32::try_from(self.held(now).count()).unwrap();
        let last = self.held(now).last().map_or(0, |(time, _)| *time);
        let wait = if self.wait == 0 || count == 0 { 0 } else { (self.wait << (count - 1).min(30)).min(self.per) };
        count < self.max && (self.wait == 0 || now >= last + wait)
    }

    /// The first moment when it passes: one when something leaves, or when a wait ends.
    fn until(&self, now: u64) -> u64 {
        let leaves: Vec<u64> = self.times.iter().map(|(time, _)| time + self.per).collect();
        let last = self.held(now).last().map_or(now, |(time, _)| *time);
        let waits = (0..32).map(|count| last + (self.wait << count).min(self.per));
        leaves.into_iter().chain(waits).filter(|t| *t >= now && self.passes(*t)).min().unwrap()
    }
}

#[derive(Clone, Debug)]
enum Step {
    Reserve,
    Record,
    /// Of those that passed and were not released, the nth.
    Release(prop::sample::Index),
}

fn steps(record: bool, release: bool) -> impl Strategy<Value = Vec<(u64, Step)>> {
    let step = prop_oneof![
        6 => Just(Step::Reserve),
        u32::from(record) => Just(Step::Record),
        2 * u32::from(release) => any::<prop::sample::Index>().prop_map(Step::Release),
    ];
    // In thousandths of the window: mostly bursts, and steps that land on a boundary.
    let gap = prop_oneof![4 => 0..60_u64, 2 => 200..400_u64, 1 => Just(999), 1 => Just(1000), 1 => 1000..9000_u64];
    prop::collection::vec((gap, step), 1..120)
}

fn run_exact(limit: Limit, steps: Vec<(u64, Step)>) -> Result<(), TestCaseError> {
    let mut model = Model::of(&limit);
    let per = limit.per.as_millis();
    let handle = handle(limit);
    let mut passed = Vec::new();
    let mut now = START_MS;
    for (gap, step) in steps {
        now += per * gap / 1000;
        match step {
            Step::Reserve => {
                let expected = if model.passes(now) {
                    passed.push(now);
                    model.add(0, now);
                    Answer::Free { count: u32::try_from(model.held(now).count()).unwrap() }
                } else {
                    let count = u32::try_from(model.held(now).count()).unwrap().min(model.max);
                    Answer::Full { count, until: at(model.until(now)) }
                };
                prop_assert_eq!(handle.peek(7, None, at(now)), expected);
                prop_assert_eq!(handle.reserve(7, None, at(now)), expected);
            }
            Step::Record => {
                model.add(0, now);
                handle.record(7, None, at(now));
            }
            Step::Release(index) if !passed.is_empty() => {
                let time = passed.remove(index.index(passed.len()));
                handle.release(7, None, at(time));
                let kept = time.div_ceil(model.tick) * model.tick;
                if let Some(place) = model.times.iter().position(|(time, _)| *time == kept) {
                    model.times.remove(place);
                }
            }
            Step::Release(_) => {}
        }
    }
    Ok(())
}

/// No window of that length holds more.
fn most_in_a_window(mut times: Vec<u64>, per: u64) -> usize {
    times.sort_unstable();
    let held = |from: &u64| times.iter().filter(|time| **time >= *from && **time < from + per).count();
    times.iter().map(held).max().unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn up_to_32_a_window_is_the_model(
        max in 1..=32_u32, per in prop::sample::select(vec![1, 50, 1_000, 60_000, 86_400_000, 2_592_000_000]),
        steps in steps(false, true),
    ) {
        run_exact(limit(max, Span::millis(per)), steps)?;
    }

    #[test]
    fn what_is_recorded_counts_like_the_rest(max in 1..=32_u32, steps in steps(true, false)) {
        run_exact(limit(max, Span::seconds(60)), steps)?;
    }

    #[test]
    fn a_growing_wait_is_the_model(max in 1..=8_u32, wait in 1..400_u64, steps in steps(false, true)) {
        run_exact(Limit { growing_wait: Some(Span::millis(wait)), ..limit(max, Span::seconds(1)) }, steps)?;
    }

    #[test]
    fn never_over_the_maximum_when_clocks_differ(
        max in prop::sample::select(vec![1, 2, 3, 8, 32, 33, 40]),
        steps in prop::collection::vec((0..400_u64, 0..30_u64, 0..4_u8), 1..300),
    ) {
        let per = 1_000;
        let handle = handle(limit(max, Span::millis(per)));
        let mut passed = Vec::new();
        let mut now = START_MS;
        for (gap, behind, what) in steps {
            now += if gap > 340 { gap * 3 } else { gap / 8 };
            let seen = now - behind;
            if what == 0 && !passed.is_empty() {
                let time = passed.swap_remove(usize::try_from(gap).unwrap() % passed.len());
                handle.release(7, None, at(time));
            } else if is_free(handle.reserve(7, None, at(seen))) {
                passed.push(seen);
            }
            prop_assert!(most_in_a_window(passed.clone(), per) <= max as usize, "{:?}", passed);
        }
    }

    #[test]
    fn where_refusals_count_the_end_told_is_that_with_this_one_in_the_window(
        max in prop::sample::select(vec![1, 2, 5, 32, 33, 60]),
        wait in prop::option::of(1..2_000_u64),
        gaps in prop::collection::vec(0..60_u64, 1..200),
    ) {
        let growing_wait = wait.map(Span::millis);
        let handle = handle(Limit { count_rejected: true, growing_wait, ..limit(max, Span::seconds(60)) });
        let mut now = START_MS;
        for gap in gaps {
            now += gap * 30;
            let Answer::Full { until, .. } = handle.reserve(7, None, at(now)) else { continue };
            handle.record(7, None, at(now));
            prop_assert!(is_free(handle.peek(7, None, until)));
            prop_assert!(!is_free(handle.peek(7, None, until - Span::millis(1))));
        }
    }

    #[test]
    fn above_32_early_by_a_thirty_first_at_most(
        max in 33..80_u32, per in prop::sample::select(vec![31, 100, 60_000, 86_400_000]),
        gaps in prop::collection::vec(0..60_u64, 1..400),
    ) {
        let handle = handle(limit(max, Span::millis(per)));
        let mut passed: Vec<u64> = Vec::new();
        let mut now = START_MS;
        for gap in gaps {
            now += per * gap / 2_000;
            let held = |length: u64| passed.iter().filter(|time| **time + length > now).count();
            match handle.reserve(7, None, at(now)) {
                Answer::Free { count } => {
                    prop_assert!(held(per) < max as usize);
                    prop_assert!(count as usize > held(per));
                    passed.push(now);
                }
                Answer::Full { count, until } => {
                    prop_assert!(held(per + per.div_ceil(31)) >= max as usize);
                    prop_assert_eq!(count, max);
                    prop_assert!(until > at(now) && until <= at(now + per + per.div_ceil(31)));
                    prop_assert!(is_free(handle.peek(7, None, until)));
                    prop_assert!(!is_free(handle.peek(7, None, until - Span::millis(1))));
                }
                Answer::Untracked { .. } => prop_assert!(false),
            }
        }
        prop_assert!(most_in_a_window(passed, per) <= max as usize);
    }

    #[test]
    fn different_items_are_counted_once(
        max in 1..12_u32, steps in prop::collection::vec((0..300_u64, 0..16_u64, any::<bool>()), 1..200),
    ) {
        let per = 1_000;
        let handle = handle(Limit { distinct: Some(KeyPart::Ip), ..limit(max, Span::millis(per)) });
        let mut seen: HashMap<u64, u64> = HashMap::new();
        let mut now = START_MS;
        for (gap, item, given_back) in steps {
            now += gap;
            seen.retain(|_, time| *time + per > now);
            let known = seen.contains_key(&item);
            let answer = handle.reserve(7, Some(item), at(now));
            if known || seen.len() < max as usize {
                let count = u32::try_from(seen.len()).unwrap() + u32::from(!known);
                prop_assert_eq!(answer, Answer::Free { count });
                if given_back && !known {
                    handle.release(7, Some(item), at(now));
                } else {
                    if given_back {
                        handle.release(7, Some(item), at(now));
                    }
                    seen.insert(item, now);
                }
            } else {
                let until = at(seen.values().min().unwrap() + per);
                prop_assert_eq!(answer, Answer::Full { count: max, until });
            }
        }
    }

    #[test]
    fn a_changed_maximum_keeps_the_counters(
        maxima in prop::collection::vec(prop::sample::select(vec![1, 3, 10, 32, 33, 200]), 2..6),
        gaps in prop::collection::vec(0..40_u64, 20..80),
    ) {
        let store = Store::new(MEMORY);
        let per = 60_000;
        let mut passed = Vec::new();
        let mut now = START_MS;
        for max in maxima {
            let handle = prepare(&store, limit(max, Span::millis(per)));
            for gap in &gaps {
                now += gap * per / 2_000;
                if is_free(handle.reserve(7, None, at(now))) {
                    passed.push(now);
                    let held = passed.iter().filter(|time| **time + per > now).count();
                    prop_assert!(held <= max as usize, "{} of {}", held, max);
                }
            }
        }
    }
}

#[test]
fn a_changed_length_keeps_the_counters() {
    let hour = 3_600_000;
    for max in [1, 5, 32, 40, 200] {
        let store = Store::new(MEMORY);
        let of = |per: u64| prepare(&store, limit(max, Span::millis(per)));
        for _ in 0..max {
            assert!(is_free(of(hour).reserve(7, None, at(START_MS))));
        }
        for per in [24 * hour, 60_000, 90_000, 24 * hour, 30 * 24 * hour, hour] {
            let answer = of(per).reserve(7, None, at(START_MS));
            let Answer::Full { count, until } = answer else { panic!("{max} in {per}: {answer:?}") };
            let (least, most) = (at(START_MS + per), at(START_MS + per + per.div_ceil(31) + 10_000));
            assert!(count == max && until >= least && until <= most, "{max} in {per}: {answer:?}");
        }
        assert!(is_free(of(60_000).reserve(7, None, at(START_MS + hour / 2))), "{max}: gone from a shorter one");
    }
    let store = Store::new(MEMORY);
    let of = |per| prepare(&store, Limit { distinct: Some(KeyPart::Ip), ..limit(2, per) });
    let before = of(Span::hours(1));
    let answers = [1, 2, 3].map(|item| is_free(before.reserve(7, Some(item), at(START_MS))));
    let after = [1, 2, 3].map(|item| is_free(of(Span::hours(24)).reserve(7, Some(item), at(START_MS))));
    assert_eq!((answers, after), ([true, true, false], [true, true, false]), "the same items");
}

#[test]
fn a_window_slides_and_has_no_double_burst_at_a_boundary() {
    let handle = handle(limit(5, Span::seconds(60)));
    for second in 55..60 {
        assert!(is_free(handle.reserve(7, None, at(START_MS + second * 1000))));
    }
    let until = at(START_MS + 115_000);
    for second in 60..115 {
        assert_eq!(handle.reserve(7, None, at(START_MS + second * 1000)), Answer::Full { count: 5, until });
    }
    assert_eq!(handle.reserve(7, None, until), Answer::Free { count: 5 });
}

#[test]
fn a_maximum_of_nothing_refuses_always() {
    let handle = handle(limit(0, Span::seconds(60)));
    let never = Answer::Full { count: 0, until: at(START_MS + 60_000) };
    assert_eq!(handle.reserve(7, None, at(START_MS)), never);
    assert_eq!(handle.peek(7, None, at(START_MS)), never);
    assert_eq!((handle.bytes(), handle.len(), handle.capacity()), (0, 0, 0));
}

#[test]
fn two_threads_never_pass_more_than_the_maximum_together() {
    const ROUNDS: u64 = 3_000;
    for max in [1, 3, 40] {
        let per = 62;
        let handle = handle(limit(max, Span::millis(per)));
        let barrier = Barrier::new(2);
        let run = |thread: u64| {
            let mut passed = Vec::new();
            for round in 0..ROUNDS {
                barrier.wait();
                // Both arrive about a boundary, a little apart, and one gives some back.
                let now = START_MS + round * per / 2 + mix([thread, round]) % 3;
                for attempt in 0..max {
                    if is_free(handle.reserve(7, None, at(now))) {
                        if thread == 0 && attempt == 1 {
                            handle.release(7, None, at(now));
                        } else {
                            passed.push(now);
                        }
                    }
                }
            }
            passed
        };
        let mut passed = std::thread::scope(|scope| {
            let other = scope.spawn(|| run(1));
            let mut passed = run(0);
            passed.extend(other.join().unwrap());
            passed
        });
        passed.sort_unstable();
        let mut first = 0;
        for (last, time) in passed.iter().enumerate() {
            while passed[first] + per <= *time {
                first += 1;
            }
            assert!(last - first < max as usize, "max {max}");
        }
        assert!(passed.len() as u64 > ROUNDS / 4, "only {} passed", passed.len());
    }
}

#[test]
fn a_flood_of_new_keys_never_opens_what_is_shut() {
    let store = Store::new(20_000);
    let handle = prepare(&store, limit(2, Span::hours(1)));
    let shut: Vec<u64> = (0..40).collect();
    for key in &shut {
        for _ in 0..2 {
            assert!(is_free(handle.reserve(*key, None, at(START_MS))));
        }
    }
    let size = (handle.capacity(), handle.bytes());
    for key in 1_000..101_000 {
        assert!(is_free(handle.reserve(key, None, at(START_MS + key))), "{key}");
    }
    for key in shut {
        assert!(!is_free(handle.reserve(key, None, at(START_MS + 200_000))), "{key}");
    }
    assert!(handle.evicted() > 90_000 && handle.len() <= handle.capacity());
    assert_eq!((handle.capacity(), handle.bytes()), size);
    assert_eq!(handle.untracked(), 0);
}

#[test]
fn the_entry_worth_least_goes_first() {
    // All in a set: a table of one set a shard, and keys that fall into the same shard.
    let handle = prepare(&Store::new(20_000), limit(9, Span::hours(1)));
    let same: Vec<u64> = (0..).filter(|key| mix([*key]) >> 60 == 0).take(19).collect();
    for (age, key) in same.iter().take(16).enumerate() {
        for _ in 0..if age == 3 { 1 } else { 2 + age % 2 } {
            assert!(is_free(handle.reserve(*key, None, at(START_MS + age as u64))));
        }
    }
    let counted = |key: u64, now: u64| match handle.peek(key, None, at(now)) {
        Answer::Free { count } => count - 1,
        other => panic!("{other:?}"),
    };
    handle.record(same[16], None, at(START_MS + 100));
    assert_eq!(counted(same[3], START_MS + 100), 0, "the one with the fewest");
    handle.record(same[16], None, at(START_MS + 100));
    handle.record(same[17], None, at(START_MS + 100));
    assert_eq!(counted(same[0], START_MS + 100), 0, "of equals the oldest");
    handle.record(same[18], None, at(START_MS + 3_600_005));
    assert_eq!(handle.evicted(), 2, "an expired one is no loss");
    assert_eq!(handle.len(), 16);
}

#[test]
fn a_table_full_of_refusals_does_as_it_is_told() {
    for (when_full, refused) in [(WhenFull::Pass, false), (WhenFull::Refuse, true)] {
        let handle = prepare(&Store::new(20_000), Limit { when_full, ..limit(1, Span::hours(1)) });
        let mut untracked = 0;
        for key in 0..5_000 {
            match handle.reserve(key, None, at(START_MS)) {
                Answer::Free { count } => assert_eq!(count, 1),
                answer @ Answer::Untracked { .. } => {
                    assert_eq!(answer, Answer::Untracked { refused });
                    assert_eq!(handle.peek(key, None, at(START_MS)), answer);
                    untracked += 1;
                }
                Answer::Full { .. } => panic!("{key} is new"),
            }
        }
        assert_eq!((handle.len(), handle.evicted()), (handle.capacity(), 0));
        assert_eq!((untracked, handle.untracked()), (5_000 - handle.capacity() as u64, untracked));
        assert!(is_free(handle.reserve(9_999, None, at(START_MS + 3_600_000))), "later there is room");
    }
}

#[test]
fn a_million_keys_stay_in_the_budget() {
    let store = Store::new(1 << 20);
    let limits = [limit(1, Span::seconds(60)), Limit { name: Arc::from("other"), ..limit(1_000, Span::hours(24)) }];
    let set = store.prepare(&limits.map(Arc::new)).unwrap();
    let sizes: Vec<_> = set.handles().iter().map(|handle| (handle.capacity(), handle.bytes())).collect();
    for number in 0..1_000_000 {
        set.handles()[0].record(mix([number]), None, at(START_MS + 20 * number));
    }
    for number in 0..30_000 {
        set.handles()[1].record(mix([number]), None, at(START_MS + number));
    }
    for (handle, size) in set.handles().iter().zip(&sizes) {
        assert_eq!((handle.capacity(), handle.bytes()), *size);
        assert_eq!(handle.len(), handle.capacity());
        assert!(handle.bytes() <= 128 * handle.capacity(), "{}", handle.bytes() / handle.capacity());
    }
    let together: usize = sizes.iter().map(|(_, bytes)| bytes).sum();
    assert!(together <= 1 << 20 && together > 3 << 18, "{together}");
}

#[test]
fn every_maximum_fits_128_bytes_a_key() {
    for max in (1..=40).chain([16_000_000]) {
        let handle = handle(limit(max, Span::hours(24)));
        assert!(handle.bytes() <= 128 * handle.capacity(), "max {max}");
    }
}

#[test]
fn a_reload_keeps_what_is_the_same_limit() {
    let store = Store::new(MEMORY);
    let old = prepare(&store, limit(5, Span::hours(1)));
    for _ in 0..5 {
        assert!(is_free(old.reserve(7, None, at(START_MS))));
    }
    let other = Limit { name: Arc::from("new"), ..limit(40, Span::hours(1)) };
    let set = store.prepare(&[Arc::new(other), Arc::new(limit(6, Span::hours(1)))]).unwrap();
    assert_eq!(set.handles()[1].reserve(7, None, at(START_MS)), Answer::Free { count: 6 });
    assert!(!is_free(old.reserve(7, None, at(START_MS))), "the old revision sees the same counters");
    assert_eq!(set.handles()[0].reserve(7, None, at(START_MS)), Answer::Free { count: 1 });
    assert!(store.prepare(&[Arc::new(limit(6, Span::default()))]).is_err());
    assert!(!is_free(prepare(&store, limit(6, Span::hours(1))).reserve(7, None, at(START_MS))));
    let by_address = Limit { key: vec![KeyPart::Ip], ..limit(6, Span::hours(1)) };
    assert_eq!(prepare(&store, by_address).reserve(7, None, at(START_MS)), Answer::Free { count: 1 });
}

#[test]
fn faulty_limits_are_told() {
    let check = |memory: usize, limits: Vec<Limit>| -> Error {
        Store::new(memory).prepare(&limits.into_iter().map(Arc::new).collect::<Vec<_>>()).unwrap_err()
    };
    let fine = || limit(5, Span::seconds(60));
    let distinct = || Limit { distinct: Some(KeyPart::Phone), ..fine() };
    let faults = [
        check(MEMORY, vec![fine(), fine()]),
        check(MEMORY, vec![Limit { key: Vec::new(), ..fine() }]),
        check(MEMORY, vec![limit(5, Span::default())]),
        check(MEMORY, vec![limit(5, Span::hours(10_000))]),
        check(MEMORY, vec![limit(16_000_001, Span::hours(1))]),
        check(MEMORY, vec![Limit { max: 1_025, ..distinct() }]),
        check(MEMORY, vec![Limit { growing_wait: Some(Span::seconds(1)), ..distinct() }]),
        check(1_000, vec![fine()]),
    ];
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    expect_test::expect![[r#"
        there are two limits named "tested"; give each a name of its own
        limit "tested" has no key; write what it counts by, such as key = ["phone"]
        limit "tested" has a window of 0s; it must be from 1ms to 400d
        limit "tested" has a window of 10000h; it must be from 1ms to 400d
        limit "tested" has max = 16000001, 16000000 is the most
        limit "tested" has max = 1025, 1024 is the most for a distinct count, which keeps each item; a lower one stops an attack earlier
        limit "tested" has both distinct and growing_wait; use two limits
        1000 bytes are too little for these limits; they need 8960 at least"#]]
    .assert_eq(&told.join("\n"));
}

#[test]
fn the_default_limits_are_fine() {
    let limits: Vec<_> = sendwall::limits::defaults().into_iter().map(Arc::new).collect();
    assert_eq!(Store::new(MEMORY).prepare(&limits).unwrap().handles().len(), 6);
}

#[test]
fn the_classic_preset_reads_and_its_limits_are_fine() {
    #[derive(serde::Deserialize)]
    struct File {
        limit: Vec<Row>,
    }
    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Row {
        name: String,
        on: String,
        key: Vec<String>,
        max: u32,
        per: String,
        growing_wait: Option<String>,
        mode: String,
    }
    let file: File = toml::from_str(include_str!("../rules/classic/limits.toml")).unwrap();
    let limits = file.limit.iter().map(|row| Limit {
        name: Arc::from(row.name.as_str()),
        on: if row.on == "send" { On::Send } else { On::Verify },
        key: row.key.iter().map(|part| KeyPart::from_name(part).unwrap()).collect(),
        growing_wait: row.growing_wait.as_ref().map(|wait| wait.parse().unwrap()),
        mode: if row.mode == "enforce" { Mode::Enforce } else { Mode::Monitor },
        ..limit(row.max, row.per.parse().unwrap())
    });
    let limits: Vec<_> = limits.map(Arc::new).collect();
    assert_eq!(Store::new(MEMORY).prepare(&limits).unwrap().handles().len(), 8);
    for limit in limits {
        let counted = limit.key == [KeyPart::Ip] || &*limit.name == "classic-phone-30m";
        assert_eq!(
            limit.mode == Mode::Monitor,
            counted,
            "{}: what many share, or rules read, is only told",
            limit.name
        );
    }
}
