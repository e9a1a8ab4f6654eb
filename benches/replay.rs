//! A generated trace through the engine, and its reading alone.
//!
//! `cargo bench --bench replay` prints the time of a line and of a whole trace, with lines a second.
#![expect(clippy::unwrap_used, reason = "a bench that can't be set up should fail loudly")]

use std::hint::black_box;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use sendwall::app;
use sendwall::clock::{Clock, ManualClock};
use sendwall::config::Config;
use sendwall::domain::{Mode, Timestamp};
use sendwall::journal::Journal;
use sendwall::replay::{Engine, Options, Replay};
use sendwall::simulate;
use sendwall::telemetry::Metrics;
use sendwall::trace::{self, Line, Lines};

const CONFIG: &str = r#"
upstream = "http://127.0.0.1:3000"

[[endpoint]]
name = "login"
send = "POST /api/send-code"
verify = "POST /api/verify"
verified_if = 'status == 200 && json("/ok") == true'
default_region = "GB"
"#;

fn trace() -> Vec<u8> {
    let options = simulate::Options { days: Some(2.0), ..simulate::Options::default() };
    let mut bytes = Vec::new();
    for event in simulate::simulate(simulate::scenario("two-attacks").unwrap(), &options).unwrap() {
        trace::write(&event, &mut bytes).unwrap();
    }
    bytes
}

fn engine() -> Engine {
    let mut config = Config::compile(CONFIG, Path::new("bench.toml"), &|_| None).unwrap();
    config.endpoints[0].policy.mode = Mode::Enforce;
    let clock = Arc::new(ManualClock::at(Timestamp::default()));
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let metrics = Arc::new(Metrics::new("bench", Arc::clone(&shared)));
    let journal = Arc::new(Journal::silent(Arc::clone(&metrics)));
    Engine {
        gate: Arc::new(app::offline(&config, &shared, &metrics, &journal).unwrap()),
        clock,
        alerts: config.alerts.clone(),
    }
}

fn replay(criterion: &mut Criterion) {
    let trace = trace();
    let text = std::str::from_utf8(&trace).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let mut group = criterion.benchmark_group("replay");
    group.sample_size(10).throughput(Throughput::Elements(lines.len() as u64));
    group.bench_function("lines read", |bench| {
        bench.iter(|| lines.iter().map(|line| black_box(Line::read(line).unwrap()).ts).max());
    });
    let options = Options { as_configured: false, delivery_feed: true, currency: "USD".to_owned(), timeline: false };
    group.bench_function("lines through the engine", |bench| {
        let start = || (Lines::over("bench", Cursor::new(trace.clone())), engine());
        bench.iter_batched(
            start,
            |(lines, engine)| {
                let mut quiet = |_| ();
                let mut replay = Replay::new(&options, None, &mut quiet);
                replay.run(lines, engine, None).unwrap();
                replay.lines()
            },
            BatchSize::PerIteration,
        );
    });
}

criterion_group!(benches, replay);
criterion_main!(benches);
