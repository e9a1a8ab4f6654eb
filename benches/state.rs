//! The snapshot of a million counters: how large it is, how long it takes to write and to read back, and how long
//! somebody who counts has to wait meanwhile.
//!
//! `cargo bench --bench state`; each figure is the best of a few, as the disk has its moods.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench that fails loudly and tells its figures")]

use std::fs;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use sendwall::cells::{Cells, Kinds, Settings, Volume};
use sendwall::clock::{Clock, ManualClock, Stopwatch};
use sendwall::domain::{
    Address, Client, ClientId, ClientSource, Country, DecisionId, Facts, Fingerprint, Mode, Money, NumberKind, Phone,
    PhoneFact, Place, Range, Rung, Span, Timestamp, Validity, Visit,
};
use sendwall::limits::{Handle, KeyPart, Limit, On, Store, WhenFull, mix};
use sendwall::pack::Section;
use sendwall::privacy::Pseudonym;
use sendwall::sessions::{Alias, OpenSend, Sessions};
use sendwall::state::{self, Snapshots};
use sendwall::telemetry::Metrics;
use tokio_util::sync::CancellationToken;

const START_MS: u64 = 1_795_197_600_000;
const KEYS: u64 = 1_000_000;
const SESSIONS: u64 = 200_000;
const ROUNDS: usize = 5;

fn limits() -> (Store, Handle) {
    let limit = Limit {
        name: Arc::from("day"),
        on: On::Send,
        endpoints: Vec::new(),
        when: None,
        key: vec![KeyPart::Phone],
        distinct: None,
        // 3 bytes a time, 8 for the key, 12 for the window: 71, about as much as a cell with its key.
        max: 17,
        per: Span::hours(24),
        count_rejected: false,
        growing_wait: None,
        mode: Mode::Enforce,
        when_full: WhenFull::Pass,
    };
    let store = Store::new(128 << 20);
    let handle = store.prepare(&[Arc::new(limit)]).unwrap().handles()[0].clone();
    (store, handle)
}

fn filled() -> (Store, Handle) {
    let (store, handle) = limits();
    for number in 0..KEYS {
        for attempt in 0..3 {
            handle.record(mix([number]), None, Timestamp::from_unix_ms(START_MS + attempt));
        }
    }
    (store, handle)
}

fn sessions() -> Sessions {
    let sessions = Sessions::new(usize::try_from(SESSIONS).unwrap());
    for number in 0..SESSIONS {
        let at = Timestamp::from_unix_ms(START_MS + number / 1000);
        let phone = Phone {
            id: Pseudonym::from_bits(u128::from(mix([number])) << 64 | u128::from(mix([number, 1]))),
            country: Country::new("GB"),
            calling_code: 44,
            range: Range::new(44_740_241),
            last_two: 71,
            kind: NumberKind::Mobile,
            validity: Validity::Valid,
            price: Money::micros(45_000),
        };
        let (decision, endpoint) = (DecisionId::new(at, number), Arc::from("login"));
        let aliases = vec![Alias::phone("login", phone.id), Alias::client("login", phone.id)];
        sessions.open(
            OpenSend { decision, endpoint, at, phone: Some(phone), charge: None },
            aliases,
            Span::minutes(10),
        );
    }
    sessions
}

/// A million cells: those of strangers who asked once.
fn cells() -> Cells {
    let kinds = Kinds::default();
    let cells = empty_cells();
    for number in 0.. {
        let at = Timestamp::from_unix_ms(START_MS + number / 100);
        if cells.usage().0 >= 1_000_000 {
            break;
        }
        let attempt = cells.attempt(&stranger(number, at));
        cells.count(&kinds, &attempt, Volume::Whole, Some(Rung::None), at);
        cells.sent(&kinds, &attempt, Rung::None, at);
    }
    cells
}

fn empty_cells() -> Cells {
    Cells::new(&Settings { memory: 96 << 20, sends: 50_000, keep: Span::minutes(10) }, 1)
}

fn stranger(number: u64, at: Timestamp) -> Facts {
    let name = |what| Pseudonym::from_bits(u128::from(mix([what, number])));
    let ip = IpAddr::V6(Ipv6Addr::from_bits(u128::from(number) << 80));
    let network = ipnet::IpNet::from(ip);
    let phone = Phone {
        id: name(1),
        country: Country::new("GB"),
        calling_code: 44,
        range: Range::new(number),
        last_two: 1,
        kind: NumberKind::Mobile,
        validity: Validity::Valid,
        price: Money::default(),
    };
    let client = Client {
        address: Address { ip, unit: network, network, id: name(2) },
        id: Some(ClientId { id: name(3), source: ClientSource::Visit }),
        visit: Visit::None,
        fingerprint: Fingerprint::default(),
    };
    Facts { at, endpoint: "login".into(), phone: PhoneFact::Present(phone), client, place: Place::default() }
}

fn best(figures: impl Iterator<Item = Duration>) -> Duration {
    figures.min().unwrap_or_default()
}

fn bytes(section: &dyn Section) -> usize {
    let mut bytes = 0;
    let mut count = |chunk: &[u8]| {
        bytes += chunk.len();
        Ok(())
    };
    section.save(Timestamp::from_unix_ms(START_MS), &mut count).unwrap();
    bytes
}

/// Writes and reads, and says how long that takes.
fn there_and_back(what: &str, snapshots: &Snapshots, from: &dyn Section, empty: &dyn Fn() -> Box<dyn Section>) {
    let at_once = CancellationToken::new();
    at_once.cancel();
    let file = std::env::temp_dir().join(format!("sendwall-bench-{}", std::process::id())).join("snapshot");
    let written = best((0..ROUNDS).map(|_| {
        fs::remove_file(&file).ok();
        let watch = Stopwatch::start();
        snapshots.save(&[from], &at_once);
        watch.elapsed()
    }));
    let restored = best((0..ROUNDS).map(|_| {
        let section = empty();
        let watch = Stopwatch::start();
        snapshots.restore(&[&*section]);
        let elapsed = watch.elapsed();
        assert!(bytes(&*section) > 1_000_000, "something was restored");
        elapsed
    }));
    let megabytes = fs::metadata(&file).unwrap().len() / 1_000_000;
    println!("{what}: {megabytes} MB, written in {written:?} with the disk's sync, restored in {restored:?}");
}

/// Counts while `act` runs, and says how long the longest reservation took.
fn meanwhile(what: &str, handle: &Handle, act: impl FnOnce()) {
    let stopped = AtomicBool::new(false);
    thread::scope(|scope| {
        let counting = scope.spawn(|| longest(handle, &stopped));
        let watch = Stopwatch::start();
        act();
        let took = watch.elapsed();
        stopped.store(true, Ordering::Relaxed);
        let (longest, number) = counting.join().unwrap();
        println!("{what}, {took:?}: the longest of {number} reservations took {longest:?}");
    });
}

/// The longest of many reservations.
fn longest(handle: &Handle, until: &AtomicBool) -> (Duration, u64) {
    let (mut longest, mut number) = (Duration::ZERO, 0);
    while !until.load(Ordering::Relaxed) {
        number += 1;
        let watch = Stopwatch::start();
        handle.reserve(mix([mix([number]) % KEYS]), None, Timestamp::from_unix_ms(START_MS + 10));
        longest = longest.max(watch.elapsed());
    }
    (longest, number)
}

fn main() {
    let directory = std::env::temp_dir().join(format!("sendwall-bench-{}", std::process::id()));
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(Timestamp::from_unix_ms(START_MS + 1000)));
    let metrics = Arc::new(Metrics::new("bench", Arc::clone(&clock)));
    let snapshots = Snapshots::new(state::Settings::in_directory(directory.clone()), &[7; 32], clock, metrics);

    let (store, handle) = filled();
    there_and_back("a million counters", &snapshots, &store, &|| Box::new(limits().0));
    there_and_back("200,000 sessions", &snapshots, &sessions(), &|| Box::new(Sessions::new(1_000_000)));

    let cells = cells();
    println!("{} cells, {} sends", cells.usage().0, cells.sends());
    there_and_back("a million cells", &snapshots, &cells, &|| Box::new(empty_cells()));

    let never = CancellationToken::new();
    meanwhile("while it is saved at its own pace", &handle, || {
        snapshots.save(&[&store], &never);
    });
    meanwhile("while nothing else happens", &handle, || thread::sleep(Duration::from_secs(6)));
    fs::remove_dir_all(directory).unwrap();
}
