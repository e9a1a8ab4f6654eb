//! What a number costs: time by form and country, and the memory that the plans of all countries take.
//!
//! `cargo bench --bench numbers`
#![expect(clippy::unwrap_used, clippy::print_stderr, reason = "a bench")]

use std::fs;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use sendwall::domain::Country;
use sendwall::numbering::Numbering;

/// Resident memory of this process in KiB.
fn resident_kib() -> u64 {
    let pages: u64 = fs::read_to_string("/proc/self/statm").unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4
}

fn numbers(criterion: &mut Criterion) {
    let before = resident_kib();
    let numbering = Numbering::default();
    eprintln!("all plans and prices: {} KiB resident", resident_kib() - before);
    let cases = [
        ("GB international", "+447402417171", None),
        ("GB with spaces", "+44 7402 417171", None),
        ("GB national", "07402417171", Country::new("GB")),
        ("GB bare", "447402417171", None),
        ("US", "+12015550123", None),
        ("CN", "+8613800138000", None),
        ("IN", "+919876543210", None),
        ("BR", "+5511961234567", None),
        ("AR", "+5491123456789", None),
        ("UZ", "+998993941234", None),
        ("IT", "+393123456789", None),
        ("no range of 1", "+11231231234", None),
        ("no number", "alice@example.com", None),
    ];
    for (name, text, region) in cases {
        criterion.bench_function(name, |bencher| bencher.iter(|| numbering.read(black_box(text), region)));
    }
    let mut group = criterion.benchmark_group("start");
    group.bench_function("prices", |bencher| bencher.iter(Numbering::default));
    group.finish();
    eprintln!("in the end: {} KiB resident, {} of them before", resident_kib(), before);
}

criterion_group!(benches, numbers);
criterion_main!(benches);
