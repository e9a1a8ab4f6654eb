//! Time of one reservation and memory of one key.
//!
//! `cargo bench --bench limits`; the figures before criterion's own are memory as the system counts it.
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use sendwall::domain::{Mode, Span, Timestamp};
use sendwall::limits::{Handle, KeyPart, Limit, On, Store, WhenFull, mix};

const START_MS: u64 = 1_795_197_600_000;
const KEYS: u64 = 1_000_000;
const FLOOD: u64 = 10_000_000;

fn limit(name: &str, max: u32, per: Span) -> Limit {
    Limit {
        name: Arc::from(name),
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

/// A table with room for a third more than the keys, which are all in it.
fn filled(limit: Limit, entry_bytes: usize) -> Handle {
    let store = Store::new(usize::try_from(KEYS).unwrap_or(usize::MAX) * 4 / 3 * entry_bytes);
    let Ok(set) = store.prepare(&[Arc::new(limit)]) else { return filled(self::limit("x", 1, Span::hours(1)), 128) };
    let handle = set.handles()[0].clone();
    for number in 0..KEYS {
        handle.record(mix([number]), None, Timestamp::from_unix_ms(START_MS));
    }
    handle
}

/// Resident memory of this process.
fn resident_bytes() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4096
}

fn reserve(c: &mut Criterion) {
    let cases = [
        ("1 in 60 s", limit("a", 1, Span::seconds(60)), 23),
        ("5 in 24 h", limit("b", 5, Span::hours(24)), 35),
        ("32 in 24 h", limit("c", 32, Span::hours(24)), 116),
        ("1000 in 24 h", limit("d", 1_000, Span::hours(24)), 113),
    ];
    for (name, limit, entry_bytes) in cases {
        let before = resident_bytes();
        let handle = filled(limit, entry_bytes);
        let grown = resident_bytes().saturating_sub(before);
        println!("{name}: {} keys, {} bytes a key resident", handle.len(), grown / handle.len());
        let mut number = 0;
        c.bench_function(&format!("reserve and release, {name}, 1 M keys"), |b| {
            b.iter(|| {
                number += 1;
                let key = mix([mix([number]) % KEYS]);
                let now = Timestamp::from_unix_ms(START_MS + number / 100);
                let answer = handle.reserve(black_box(key), None, now);
                handle.release(key, None, now);
                answer
            });
        });
        let mut number = 0;
        c.bench_function(&format!("reserve, {name}, 1 M keys"), |b| {
            b.iter(|| {
                number += 1;
                let key = mix([mix([number]) % KEYS]);
                handle.reserve(black_box(key), None, Timestamp::from_unix_ms(START_MS + number / 100))
            });
        });
    }
}

fn flood(c: &mut Criterion) {
    let store = Store::new(16 << 20);
    let Ok(set) = store.prepare(&[Arc::new(limit("flood", 5, Span::hours(24)))]) else { return };
    let handle = &set.handles()[0];
    let at = |number: u64| Timestamp::from_unix_ms(START_MS + number / 100);
    let mut resident = Vec::new();
    for number in 0..FLOOD {
        handle.record(mix([number]), None, at(number));
        if number % (FLOOD / 5) == FLOOD / 5 - 1 {
            resident.push(resident_bytes() >> 20);
        }
    }
    println!("{FLOOD} keys in a table for {}: resident MB at each fifth {resident:?}", handle.capacity());
    let mut number = FLOOD;
    c.bench_function("reserve of a new key in a full table", |b| {
        b.iter(|| {
            number += 1;
            handle.reserve(black_box(mix([number])), None, at(number))
        });
    });
}

/// What a reload does to a table: nothing where entries keep their layout, else all of them are laid out anew.
fn another_maximum(c: &mut Criterion) {
    let cases = [("5 to 6 in 24 h", [5, 6], 38), ("1000 to 2000 in 24 h", [1000, 2000], 113)];
    for (name, maxima, entry_bytes) in cases {
        let store = Store::new(usize::try_from(KEYS).unwrap_or(usize::MAX) * 4 / 3 * entry_bytes);
        let prepare = |max| store.prepare(&[Arc::new(limit("changed", max, Span::hours(24)))]);
        let Ok(set) = prepare(maxima[0]) else { continue };
        for number in 0..KEYS {
            set.handles()[0].record(mix([number]), None, Timestamp::from_unix_ms(START_MS));
        }
        let mut round = 0;
        c.bench_function(&format!("another maximum, {name}, 1 M keys"), |b| {
            b.iter(|| {
                round += 1;
                prepare(maxima[round % 2]).is_ok()
            });
        });
        println!("{name}: {} keys are left", set.handles()[0].len());
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30);
    targets = flood, reserve, another_maximum
}
criterion_main!(benches);
