//! The whole decision in-process: request bytes to a permit, with limits that hold a million keys.
//!
//! `cargo bench --bench decide` prints the time of one judgement, reading included, and of its parts.
#![expect(clippy::unwrap_used, reason = "a bench that can't be set up should fail loudly")]
#![expect(clippy::print_stdout, reason = "figures that criterion doesn't measure")]
#![expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a ratio")]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue, Method};
use sendwall::clock::{Clock, ManualClock, Stopwatch};
use sendwall::config::Config;
use sendwall::domain::{Facts, OutcomeKind, Span, Timestamp};
use sendwall::extract::{Payload, Request};
use sendwall::gate::{Gate, Judged, OutcomeTarget, SendPermit, UpstreamAnswer};
use sendwall::journal::Journal;
use sendwall::telemetry::Metrics;

/// Keys in each table before anything is measured.
const KEYS: u64 = 1_000_000;
/// Attempts whose facts are given: enough that their cells are in no cache, and that the same one comes again after
/// a quarter of an hour, as people do.
const GIVEN: usize = 200_000;
/// Of one thread and of two in turn.
const ROUNDS: usize = 9;
/// From one to the next.
const GAP: Span = Span::millis(5);

const CONFIG: &str = r#"
upstream = "http://127.0.0.1:3000"
mode = "enforce"
prior = "weights"
default_limits = false
trusted_proxies = ["10.0.0.0/8"]

cells.address = { open_floor = 100000, rate_floor = 100000, limit = 1000 }
cells.range = { open_floor = 100000, rate_floor = 100000, limit = 1000 }
cells.network = { open_floor = 100000, rate_floor = 100000, limit = 1000 }
cells.wide_range = { open_floor = 100000, rate_floor = 100000, limit = 1000 }
cells.fingerprint = { open_floor = 100000, rate_floor = 100000, limit = 1000 }
cells.system = { open_floor = 100000, rate_floor = 100000, limit = 1000 }
cells.pair = { open_floor = 100000, rate_floor = 100000, limit = 1000 }
cells.country = { open_floor = 100000, rate_floor = 100000, limit = 1000 }
cells.new_countries = { open_floor = 100000, rate_floor = 100000, limit = 1000 }
cells.endpoint = { open_floor = 100000, rate_floor = 100000, limit = 1000 }
cells.memory = "512MiB"

[limits]
memory = "512MiB"

[[limit]]
name = "address"
key = ["ip"]
max = 1000
per = "24h"

[[endpoint]]
name = "login"
send = "POST /api/send-code"
verify = "POST /api/verify"
verified_if = 'status == 200 && json("/ok") == true'
default_region = "GB"
client = ["cookie:sid"]
"#;

/// Requests that differ in phone, address and cookie, over and over through a fixed number of each.
struct Requests {
    next: AtomicU64,
}

struct Made {
    headers: HeaderMap,
    body: String,
}

impl Requests {
    fn make(&self) -> Made {
        let index = self.next.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "shop.example"),
            (
                "user-agent",
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36",
            ),
            ("accept", "application/json"),
            ("accept-language", "en-GB,en;q=0.9"),
            ("content-type", "application/json"),
            ("origin", "https://shop.example"),
            ("referer", "https://shop.example/login"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let octets = u32::try_from(index % KEYS).unwrap().to_be_bytes();
        let address = Ipv4Addr::new(81, octets[1], octets[2], octets[3]).to_string();
        headers.insert("x-forwarded-for", HeaderValue::from_str(&address).unwrap());
        headers.insert("cookie", HeaderValue::from_str(&format!("theme=dark; sid=s{}", index % KEYS)).unwrap());
        let body = format!(r#"{{"phone":"+447400{:06}","locale":"en"}}"#, index % KEYS);
        Made { headers, body }
    }
}

fn gate() -> (Arc<Gate>, Arc<ManualClock>) {
    let config = Config::compile(CONFIG, Path::new("bench.toml"), &|_| None).unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_unix_ms(1_795_197_600_000)));
    let shared: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
    let metrics = Arc::new(Metrics::new("bench", Arc::clone(&shared)));
    let journal = Arc::new(Journal::in_memory(Arc::clone(&metrics)));
    (Arc::new(sendwall::app::offline(&config, &shared, &metrics, &journal).unwrap()), clock)
}

fn judge(gate: &Arc<Gate>, made: &Made) -> Option<SendPermit> {
    judged(gate, made).permit
}

fn request(made: &Made) -> Request<'_> {
    Request {
        peer: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
        method: &Method::POST,
        path: "/api/send-code",
        query: None,
        headers: &made.headers,
        body: Payload::Whole(made.body.as_bytes()),
    }
}

fn judged(gate: &Arc<Gate>, made: &Made) -> Judged {
    let revision = gate.revision();
    gate.judge(&revision, 0, &request(made))
}

/// Percentiles of one judgement with its facts given, and how much two threads do in the time of one: medians of rounds,
/// for the machine may be half as fast a second later.
fn spread(gate: &Arc<Gate>, clock: &ManualClock, facts: &[Arc<Facts>]) {
    let (mut rounds, mut passed) = (Vec::new(), 0);
    for _ in 0..ROUNDS {
        let [(mut times, alone), (_, together)] = [1, 2].map(|threads| {
            let watch = Stopwatch::start();
            let times = run(gate, clock.now(), facts, threads);
            let took = watch.elapsed();
            clock.advance(Span::millis(GAP.as_millis() * facts.len() as u64));
            (times, took)
        });
        passed += times.iter().filter(|(_, forwards)| *forwards).count();
        times.sort();
        let percentile = |share: usize| times[times.len() * share / 1000].0;
        rounds.push(([500, 990, 999].map(percentile), alone.as_secs_f64() / together.as_secs_f64()));
    }
    println!("{passed} of {} forwarded", ROUNDS * facts.len());
    let [p50, p99, p999] = [0, 1, 2].map(|index| median(rounds.iter().map(|(times, _)| times[index])));
    println!("judge_facts: p50 {p50:?}, p99 {p99:?}, p99.9 {p999:?}");
    let ratio = median(rounds.iter().map(|(_, ratio)| (ratio * 100.0).round() as u64));
    println!("two threads judge {:.2} times as many as one", ratio as f64 / 100.0);
}

/// How long each attempt took, and whether it may go on. Nothing that the threads share is the bench's own: each works out
/// its times.
fn run(gate: &Arc<Gate>, start: Timestamp, facts: &[Arc<Facts>], threads: usize) -> Vec<(Duration, bool)> {
    let part = |first: usize| {
        let revision = gate.revision();
        let mine = facts.iter().enumerate().skip(first).step_by(threads);
        let judged = mine.map(|(index, facts)| {
            let at = start + Span::millis(GAP.as_millis() * index as u64);
            let facts = Facts { at, ..Facts::clone(facts) };
            let watch = Stopwatch::start();
            let judged = gate.judge_facts(&revision, 0, facts, None);
            (watch.elapsed(), judged.permit.is_some())
        });
        judged.collect::<Vec<_>>()
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|first| scope.spawn(move || part(first))).collect();
        let mut all = part(0);
        all.extend(others.into_iter().flat_map(|thread| thread.join().unwrap()));
        all
    })
}

fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<_> = values.collect();
    values.sort();
    values[values.len() / 2]
}

fn settle(permit: Option<SendPermit>) -> bool {
    let headers = HeaderMap::new();
    permit.is_some_and(|permit| permit.settle(&UpstreamAnswer { status: 200, headers: &headers, body: Ok(b"") }))
}

fn decide(criterion: &mut Criterion) {
    let (gate, clock) = gate();
    let requests = Requests { next: AtomicU64::new(1) };
    let mut passed = 0_u64;
    for index in 0..KEYS {
        clock.advance(GAP);
        let judged = judged(&gate, &requests.make());
        passed += u64::from(settle(judged.permit));
        // Everyone verifies, so that decisions are those of a healthy day.
        gate.learn(&OutcomeTarget::Decision(judged.decision.id), OutcomeKind::Verified, clock.now());
        if index % 1000 == 0 {
            gate.advance_to_now();
        }
    }
    clock.advance(Span::minutes(3));
    gate.advance_to_now();
    println!("{passed} of {KEYS} passed while the tables were filled");
    let next = || {
        clock.advance(GAP);
        requests.make()
    };
    // Facts that were read before, so that what is left is limits, cells, the ladder and what is told of it.
    let facts: Vec<_> = (0..GIVEN).map(|_| judged(&gate, &next()).facts).collect();
    let (entries, capacity, _) = gate.cells().usage();
    println!("cells: {entries} of {capacity}");
    // Before the groups, which leave codes behind that nobody verifies: then most of it would be refusals.
    spread(&gate, &clock, &facts);
    let mut group = criterion.benchmark_group("decide");
    group.bench_function("judge, 1 M keys a table", |bencher| {
        bencher.iter_batched(next, |made| (judge(&gate, &made), made), BatchSize::SmallInput);
    });
    group.bench_function("judge and settle, 1 M keys a table", |bencher| {
        bencher.iter_batched(next, |made| (settle(judge(&gate, &made)), made), BatchSize::SmallInput);
    });
    let at = AtomicUsize::new(0);
    let known = || {
        clock.advance(GAP);
        let index = at.fetch_add(1, Ordering::Relaxed) % facts.len();
        Facts { at: clock.now(), ..Facts::clone(&facts[index]) }
    };
    group.bench_function("judge_facts, 1 M keys a table", |bencher| {
        let revision = gate.revision();
        bencher.iter_batched(known, |facts| gate.judge_facts(&revision, 0, facts, None), BatchSize::SmallInput);
    });
    group.bench_function("route, a path that is not protected", |bencher| {
        let (revision, made) = (gate.revision(), requests.make());
        let request = Request {
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            method: &Method::GET,
            path: "/assets/app.js",
            query: None,
            headers: &made.headers,
            body: Payload::Whole(b""),
        };
        bencher.iter(|| black_box(gate.route(&revision, &request).is_ok()));
    });
    group.finish();
}

criterion_group!(benches, decide);
criterion_main!(benches);
