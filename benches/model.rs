//! The model on the path: features of an attempt, and what the shipped model makes of them.
//!
//! `cargo bench --bench model` prints the time of both with their allocations, and beside it the time that plain
//! look-ups of the attempt's cells take anyway.
#![expect(clippy::unwrap_used, reason = "a bench that can't be set up should fail loudly")]
#![expect(clippy::print_stdout, reason = "figures that criterion doesn't measure")]

use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use allocation_counter::measure;
use criterion::{Criterion, criterion_group, criterion_main};
use sendwall::app;
use sendwall::cells::Views;
use sendwall::clock::{Clock, ManualClock};
use sendwall::config::Config;
use sendwall::domain::{Facts, Timestamp};
use sendwall::gate::Gate;
use sendwall::journal::Journal;
use sendwall::model::{Features, Look, Model};
use sendwall::replay::{Engine, gather};
use sendwall::simulate::{self, Options};
use sendwall::telemetry::Metrics;
use sendwall::trace::{self, Lines};

const CONFIG: &str = include_str!("../models/train.toml");

fn engine() -> Engine {
    let config = Config::compile(CONFIG, Path::new("models/train.toml"), &|_| None).unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::default()));
    let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let metrics = Arc::new(Metrics::new("bench", Arc::clone(&shared)));
    let journal = Arc::new(Journal::in_memory(Arc::clone(&metrics)));
    let gate = Arc::new(app::offline(&config, &shared, &metrics, &journal).unwrap());
    Engine { gate, clock, alerts: config.alerts }
}

/// Attempts of an attack among people, as the model meets them, and the gate that saw all of them.
fn attempts() -> (Vec<Facts>, Vec<Features>, Arc<Gate>) {
    let scenario = simulate::scenario("distributed").unwrap();
    let mut text = Vec::new();
    for event in simulate::simulate(scenario, &Options { days: Some(0.5), ..Options::default() }).unwrap() {
        trace::write(&event, &mut text).unwrap();
    }
    let engine = engine();
    let gate = Arc::clone(&engine.gate);
    let (mut facts, mut rows) = (Vec::new(), Vec::new());
    gather(Lines::over("simulated", Cursor::new(text)), engine, &mut |_| true, &mut |example| {
        rows.push(example.row);
        facts.push(Arc::unwrap_or_clone(example.facts));
    })
    .unwrap();
    (facts, rows, gate)
}

fn bench(c: &mut Criterion) {
    let (facts, rows, gate) = attempts();
    let model = Model::read(include_str!("../models/shipped.model")).unwrap();
    let revision = gate.revision();
    let seen: Vec<_> = facts
        .iter()
        .take(4_096)
        .map(|facts| {
            let attempt = gate.cells().attempt(facts);
            let views = gate.cells().look(&revision.kinds, &attempt, facts.at);
            (facts, views, gate.cells().habits(&attempt, facts.at))
        })
        .collect();
    let features = |(facts, views, habits): &(&Facts, Views, _)| Features::of(&Look { facts, views, habits: *habits });
    let mut group = c.benchmark_group("model");
    let mut next = (0..seen.len()).cycle();
    group.bench_function("features", |b| b.iter(|| features(black_box(&seen[next.next().unwrap()]))));
    group.bench_function("score", |b| b.iter(|| model.says(black_box(&rows[next.next().unwrap()]))));
    group.bench_function("features and score", |b| {
        b.iter(|| model.says(&features(black_box(&seen[next.next().unwrap()]))));
    });
    group.bench_function("shares, for reasons", |b| b.iter(|| model.parts(black_box(&rows[next.next().unwrap()]))));
    group.finish();
    let allocated = measure(|| {
        for seen in &seen {
            black_box(model.says(&features(seen)));
        }
    });
    println!("model: {} allocations in {} attempts", allocated.count_total, seen.len());
}

criterion_group!(benches, bench);
criterion_main!(benches);
