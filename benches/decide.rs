//! The whole decision in-process: request bytes to a permit, with limits that hold a million keys.
//!
//! `cargo bench --bench decide` prints the time of one judgement, reading included, and of its parts.
#![expect(clippy::unwrap_used, reason = "a bench that can't be set up should fail loudly")]

use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue, Method};
use sendwall::clock::{Clock, ManualClock};
use sendwall::config::Config;
use sendwall::domain::{Span, Timestamp};
use sendwall::extract::{Payload, Request};
use sendwall::gate::{Gate, SendPermit, UpstreamAnswer};
use sendwall::journal::Journal;
use sendwall::telemetry::Metrics;

/// Keys in each table before anything is measured.
const KEYS: u64 = 1_000_000;

const CONFIG: &str = r#"
upstream = "http://127.0.0.1:3000"
mode = "enforce"
trusted_proxies = ["10.0.0.0/8"]

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
    let revision = gate.revision();
    let request = Request {
        peer: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
        method: &Method::POST,
        path: "/api/send-code",
        query: None,
        headers: &made.headers,
        body: Payload::Whole(made.body.as_bytes()),
    };
    gate.judge(&revision, 0, &request).permit
}

fn settle(permit: Option<SendPermit>) -> bool {
    let headers = HeaderMap::new();
    permit.is_some_and(|permit| permit.settle(&UpstreamAnswer { status: 200, headers: &headers, body: None }))
}

fn decide(criterion: &mut Criterion) {
    let (gate, clock) = gate();
    let requests = Requests { next: AtomicU64::new(1) };
    for _ in 0..KEYS {
        settle(judge(&gate, &requests.make()));
    }
    let mut group = criterion.benchmark_group("decide");
    let next = || {
        clock.advance(Span::millis(1));
        requests.make()
    };
    group.bench_function("judge, 1 M keys a table", |bencher| {
        bencher.iter_batched(next, |made| (judge(&gate, &made), made), BatchSize::SmallInput);
    });
    group.bench_function("judge and settle, 1 M keys a table", |bencher| {
        bencher.iter_batched(next, |made| (settle(judge(&gate, &made)), made), BatchSize::SmallInput);
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
