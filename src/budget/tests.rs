//! Budgets hold under any order and any concurrency, and come back as they were.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use proptest::prelude::*;

use super::*;
use crate::domain::Span;
use crate::pack::Section as _;

fn at(ms: u64) -> Timestamp {
    Timestamp::from_unix_ms(1_795_197_600_000 + ms)
}

fn country(code: &str) -> Option<Country> {
    Country::new(code)
}

fn message(code: &str, ms: u64, known: bool) -> Message {
    Message { country: country(code), price: Money::micros(50_000), at: at(ms), known }
}

fn policy(measure: Measure, cap: u64) -> Policy {
    let mut policy = Policy { home: vec![Country::new("GB").unwrap()], ..Policy::default() };
    policy.all.set(measure, cap);
    policy
}

#[test]
fn strangers_climb_at_the_soft_value_and_stop_before_the_reserve() {
    let (budgets, policy) = (Budgets::default(), policy(Measure::MessagesPerHour, 100));
    let mut sent = [0; 3];
    for n in 0..200 {
        match budgets.reserve(&policy, message("UZ", n, false), Count::BelowHard).0 {
            Answer::Free => sent[0] += 1,
            Answer::Soft(_) => sent[1] += 1,
            Answer::Full(used, until) => {
                assert_eq!((used.used, used.max, used.bound), (80.0, 100.0, 80.0));
                assert_eq!(used.name.to_string(), "messages_per_hour");
                assert!(until > at(n + 3_599_000) && until <= at(n + 3_660_000), "{until}");
                sent[2] += 1;
            }
        }
    }
    assert_eq!(sent, [64, 16, 120], "0.8 of 80, then to 80, then nothing");
    for n in 0..30 {
        let home = budgets.reserve(&policy, message("GB", 300 + n, false), Count::BelowHard).1;
        let known = budgets.reserve(&policy, message("UZ", 300 + n, true), Count::BelowHard).1;
        assert_eq!((home.is_some(), known.is_some()), (n < 10, n < 10), "the reserve is 20, {n}");
    }
    let later = budgets.reserve(&policy, message("UZ", 3_700_000, false), Count::BelowSoft);
    assert_eq!(later.0, Answer::Free, "the window slides");
}

#[test]
fn what_came_to_nothing_leaves_room_and_a_reset_makes_all_of_it() {
    let (budgets, policy) = (Budgets::default(), policy(Measure::MoneyPerDay, 100_000));
    let (answer, first) = budgets.reserve(&policy, message("UZ", 0, true), Count::BelowHard);
    let (_, second) = budgets.reserve(&policy, message("UZ", 1, true), Count::BelowHard);
    assert_eq!(answer, Answer::Free);
    assert!(matches!(budgets.peek(&policy, message("UZ", 2, true)), Answer::Full(..)));
    budgets.release(first.unwrap());
    assert_eq!(budgets.peek(&policy, message("UZ", 3, true)), Answer::Free);
    budgets.reset(None);
    budgets.release(second.unwrap());
    let held = |_| budgets.reserve(&policy, message("UZ", 4, true), Count::BelowHard).1.is_some();
    assert_eq!([0, 1, 2].map(held), [true, true, false], "what was reserved before a reset isn't given back after it");
}

#[test]
fn a_country_has_its_own_budget_and_its_own_cap() {
    let mut policy = Policy { reserve: 0.0, soft: 1.0, ..Policy::default() };
    policy.each_country.set(Measure::MessagesPerDay, 3);
    policy.countries.entry(Country::new("UZ").unwrap()).or_default().set(Measure::MessagesPerDay, 1);
    let budgets = Budgets::default();
    let sent = |code| {
        (0..5).filter(|n| budgets.reserve(&policy, message(code, *n, true), Count::BelowHard).1.is_some()).count()
    };
    assert_eq!([sent("UZ"), sent("GB"), sent("DE")], [1, 3, 3]);
    let fill: Vec<_> = budgets.fill(&policy, at(10)).iter().map(|one| (one.name.to_string(), one.used)).collect();
    assert_eq!(fill.len(), 3);
    assert!(fill.contains(&("messages_per_day of UZ".to_owned(), 1.0)), "{fill:?}");
}

#[test]
fn many_threads_never_spend_more_than_the_cap_together() {
    let (budgets, policy) = (Budgets::default(), policy(Measure::MessagesPerHour, 1000));
    let committed = AtomicU64::new(0);
    thread::scope(|scope| {
        for thread in 0..8_u64 {
            let (budgets, policy, committed) = (&budgets, &policy, &committed);
            scope.spawn(move || {
                for n in 0..1000 {
                    let (_, reserved) = budgets.reserve(policy, message("UZ", n, true), Count::BelowHard);
                    let Some(reserved) = reserved else { continue };
                    if (n + thread) % 3 == 0 {
                        budgets.release(reserved);
                    } else {
                        committed.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert_eq!(committed.load(Ordering::Relaxed), 1000, "all of the cap and no more");
}

#[test]
fn counts_come_back_after_a_restart() {
    let (budgets, policy) = (Budgets::default(), policy(Measure::MessagesPerHour, 50));
    for n in 0..30 {
        assert!(budgets.reserve(&policy, message("UZ", n * 60_000, true), Count::BelowHard).1.is_some());
    }
    let mut chunks = Vec::new();
    budgets
        .save(at(1_800_000), &mut |chunk| {
            chunks.push(chunk.to_vec());
            Ok(())
        })
        .unwrap();
    let again = Budgets::default();
    for chunk in &chunks {
        assert!(again.restore(at(1_810_000), chunk).unwrap().taken > 0);
    }
    for minute in [31, 45, 61, 75, 91, 200, 1500] {
        let now = at(minute * 60_000);
        assert_eq!(again.fill(&policy, now), budgets.fill(&policy, now), "{minute}");
    }
    assert!(again.restore(at(0), &[1, 2, 3]).is_err());
}

proptest! {
    /// Any stream of attempts, some of which come to nothing: in no hour do more messages go out than the cap.
    #[test]
    fn no_hour_holds_more_than_the_cap(
        attempts in prop::collection::vec((0_u64..120_000, any::<bool>(), any::<bool>()), 1..300),
        cap in 1_u64..40,
    ) {
        let (budgets, policy) = (Budgets::default(), policy(Measure::MessagesPerHour, cap));
        let (mut now, mut sent, mut refused) = (0, Vec::new(), None);
        for (after, known, comes_to_nothing) in attempts {
            now += after;
            let (answer, reserved) = budgets.reserve(&policy, message("UZ", now, known), Count::BelowHard);
            refused = None;
            match (reserved, answer) {
                (Some(reserved), _) if comes_to_nothing => budgets.release(reserved),
                (Some(_), _) => sent.push(now),
                (None, Answer::Full(_, until)) => {
                    prop_assert!(until.since(at(now)) <= Span::minutes(61));
                    refused = Some((known, until));
                }
                (None, answer) => prop_assert!(false, "{answer:?}"),
            }
            let hour = sent.iter().filter(|then| now - **then < 3_600_000).count();
            prop_assert!(hour as u64 <= cap);
        }
        if let Some((known, until)) = refused {
            let full = matches!(budgets.peek(&policy, Message { at: until, ..message("UZ", now, known) }), Answer::Full(..));
            // A cap too small for a stranger's first message never has room.
            prop_assert!(!full || policy.hard(cap, known) == 0, "there is room at {until}");
        }
    }
}
