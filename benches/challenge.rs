//! What challenges cost the server: issuing one, checking its solution, making and taking its pass; and what one core needs
//! to solve them.
//!
//! `cargo bench --bench challenge`.
#![expect(clippy::print_stdout, reason = "a bench tells its figures")]

use std::hint::black_box;
use std::num::NonZeroU32;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use sendwall::challenge::altcha_v2::{Challenge, derive};
use sendwall::challenge::{Asker, Bearer, Binding, Bound, Challenges, Effort, Parts, Settings};
use sendwall::clock::{ManualClock, Stopwatch};
use sendwall::domain::{DecisionId, Timestamp};
use sendwall::privacy::Pseudonym;
use sendwall::telemetry::Metrics;

const START: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);
const BEARER: Bearer<'_> =
    Bearer { endpoint: "login", phone: Some(Pseudonym::from_bits(1)), client: Some(Pseudonym::from_bits(2)) };

fn challenges() -> Arc<Challenges> {
    let metrics = Metrics::new("bench", Arc::new(ManualClock::at(START)));
    Arc::new(Challenges::new(Parts { memory: 1 << 30, ..Parts::fixed(Arc::clone(metrics.challenges())) }))
}

/// Without bounds on how many are issued.
fn settings(effort: Effort) -> Settings {
    Settings { effort, issue_rate: u32::MAX, issue_per_address: u32::MAX, ..Settings::default() }
}

fn asker(score: u8) -> Asker {
    let attempt = DecisionId::new(START, 7);
    let phone = Bound::To(BEARER.phone);
    let binding = Binding { attempt, endpoint: BEARER.endpoint.into(), phone, client: BEARER.client };
    Asker { binding, address: Pseudonym::from_bits(3), score }
}

fn bytes(text: &str) -> [u8; 16] {
    u128::from_str_radix(text, 16).unwrap_or_default().to_be_bytes()
}

/// The payload of a challenge's solution.
fn solve(challenge: &Challenge) -> String {
    let asked = &challenge.parameters;
    let (nonce, salt, cost) = (bytes(&asked.nonce), bytes(&asked.salt), NonZeroU32::new(asked.cost));
    let cost = cost.unwrap_or(NonZeroU32::MIN);
    let keys = (1..u32::MAX).map(|counter| (counter, derive(nonce, salt, counter, cost)));
    let hex = |key: [u8; 32]| key.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    let mut keys = keys.map(|(counter, key)| (counter, hex(key)));
    let (counter, key) = keys.find(|(_, key)| key.starts_with(&asked.key_prefix)).unwrap_or_default();
    let solution = serde_json::json!({ "counter": counter, "derivedKey": key });
    STANDARD.encode(serde_json::json!({ "challenge": challenge, "solution": solution }).to_string())
}

fn issue(c: &mut Criterion) {
    let challenges = challenges();
    for (name, effort) in Effort::ALL {
        let (settings, asker) = (settings(effort), asker(75));
        c.bench_function(&format!("issue v2, {name}"), |b| {
            b.iter(|| challenges.issue_work(black_box(&settings), &asker, START));
        });
    }
    let (settings, asker) = (settings(Effort::Normal), asker(75));
    c.bench_function("issue v1", |b| b.iter(|| challenges.issue_v1(black_box(&settings), &asker, START)));
}

fn check(c: &mut Criterion) {
    let (challenges, settings) = (challenges(), settings(Effort::Light));
    let Ok(issued) = challenges.issue_work(&settings, &asker(50), START) else { return };
    let payload = solve(&issued.altcha);
    c.bench_function("check a solution", |b| {
        b.iter(|| challenges.look_at_solution(&settings, black_box(&payload), &BEARER, START));
    });
    let wrong = payload.replacen('e', "f", 1);
    c.bench_function("refuse a solution", |b| {
        b.iter(|| challenges.look_at_solution(&settings, black_box(&wrong), &BEARER, START));
    });
}

fn pass(c: &mut Criterion) {
    let (challenges, settings) = (challenges(), settings(Effort::Light));
    let ticket = || challenges.ticket(&settings, &asker(50), sendwall::domain::ChallengeKind::Pow, START);
    c.bench_function("make a pass", |b| {
        b.iter_batched(
            ticket,
            |ticket| ticket.map(|ticket| challenges.redeem(&settings, &ticket, START)),
            BatchSize::SmallInput,
        );
    });
    let pass = ticket().ok().and_then(|ticket| challenges.redeem(&settings, &ticket, START).ok());
    let pass = pass.map(|redeemed| redeemed.pass).unwrap_or_default();
    c.bench_function("take a pass and give it back", |b| {
        b.iter(|| challenges.hold(black_box(&pass), &BEARER, START).map(drop));
    });
    c.bench_function("refuse a pass", |b| b.iter(|| challenges.hold(black_box("no pass"), &BEARER, START).map(drop)));
}

/// The mean of a few, so no bench of its own.
fn solving(_: &mut Criterion) {
    const TIMES: u32 = 8;
    let challenges = challenges();
    for (name, effort) in Effort::ALL {
        for (heat, score) in [("mild", 50), ("hot", 100)] {
            let watch = Stopwatch::start();
            for _ in 0..TIMES {
                if let Ok(issued) = challenges.issue_work(&settings(effort), &asker(score), START) {
                    black_box(solve(&issued.altcha));
                }
            }
            let most = effort.work(score).counters;
            println!("solving {name}, {heat} (at most {most} counters): {:?} on one core", watch.elapsed() / TIMES);
        }
    }
}

criterion_group!(benches, issue, check, pass, solving);
criterion_main!(benches);
