//! The decision log on a real disk.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail loudly")]

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sendwall::clock::{Clock, ManualClock, Stopwatch, SystemClock};
use sendwall::domain::{
    Address, Client, ClientId, ClientSource, Country, DecidedBy, Decision, DecisionId, Facts, Fingerprint, Mode, Money,
    NumberKind, Outcome, OutcomeKind, Phone, PhoneFact, Place, Range, Reason, RevisionId, Rung, Span, Timestamp, Trust,
    Unreadable, UnreadableCode, Validity, Verdict, Visit,
};
use sendwall::journal::reader::{self, Line, Reader};
use sendwall::journal::record::Answer;
use sendwall::journal::{Journal, Record, Settings};
use sendwall::privacy::{Pseudonyms, RawPhone};
use sendwall::tasks::Tasks;
use sendwall::telemetry::{EvidenceStats, Metrics, OutcomeSource, Snapshot};
use serde_json::{Value, json};

/// A directory of its own for each test, gone at its end.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("sendwall-{name}-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _gone = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn start_of_test() -> Timestamp {
    Timestamp::from_rfc3339("2026-11-20T18:10:02Z").unwrap()
}

pub(crate) fn facts(at: Timestamp) -> Facts {
    let names = Pseudonyms::new(&[7; 32]);
    let raw = RawPhone::from_digits(447_402_417_171).unwrap();
    let unit = "203.0.113.9/32".parse().unwrap();
    let phone = Phone {
        id: names.phone(raw),
        country: Country::new("GB"),
        calling_code: 44,
        range: Range::new(raw.range()),
        last_two: raw.last_two(),
        kind: NumberKind::Mobile,
        validity: Validity::Valid,
        price: Money::micros(45_000),
    };
    let address = Address {
        ip: "203.0.113.9".parse().unwrap(),
        unit,
        network: "203.0.113.9/24".parse().unwrap(),
        id: names.address(unit),
    };
    let place = Place { country: Country::new("DE"), asn: Some(64_500), hosting: Some(true), ..Place::default() };
    let client = Client {
        address,
        id: Some(ClientId { id: names.client(b"raw-cookie-value"), source: ClientSource::Cookie("sid".into()) }),
        visit: Visit::Since(at - Span::seconds(12)),
        fingerprint: Fingerprint { hash: 0xbeef, agent: "Mozilla Firefox".into(), ..Fingerprint::default() },
    };
    Facts { at, endpoint: "login".into(), phone: PhoneFact::Present(phone), client, place }
}

pub(crate) fn decision(at: Timestamp, random: u64, verdict: Verdict) -> Decision {
    Decision {
        id: DecisionId::new(at, random),
        at,
        endpoint: "login".into(),
        revision: RevisionId { number: 3, hash: 0x9f2c_11ab },
        verdict,
        trust: Trust::Unknown,
        proven: Rung::None,
        pass: None,
        page: None,
        page_seen: false,
        mode: Mode::Enforce,
        score: 60,
        decided_by: DecidedBy::Limit,
        reasons: vec![Reason::Limit {
            name: "phone-minute".into(),
            key: "phone".into(),
            what: "sends".into(),
            count: 1,
            max: 1,
            per: Span::seconds(60),
            until: at + Span::seconds(30),
            enforced: true,
        }],
        rules: Vec::new(),
        tags: Vec::new(),
        divert: None,
    }
}

/// The value of a series, as the metrics page shows it.
pub(crate) fn metric(metrics: &Metrics, series: &str) -> Option<u64> {
    let revision = RevisionId { number: 1, hash: 0 };
    let text = metrics.render(&Snapshot {
        tables: Vec::new(),
        open_sends: 0,
        evidence: EvidenceStats::default(),
        drift: Vec::new(),
        revision,
    });
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

/// A log with its writer, on a clock that the test sets.
struct Log {
    journal: Journal,
    metrics: Arc<Metrics>,
    clock: Arc<ManualClock>,
    tasks: Tasks,
    sent: AtomicU32,
}

impl Log {
    fn start(settings: Settings) -> Self {
        Self::start_at(settings, start_of_test())
    }

    fn start_at(settings: Settings, now: Timestamp) -> Self {
        let clock = Arc::new(ManualClock::at(now));
        let metrics = Arc::new(Metrics::new("test", Arc::clone(&clock) as Arc<dyn Clock>));
        let tasks = Tasks::new();
        let journal = Journal::start(settings, &tasks, Arc::clone(&clock) as _, Arc::clone(&metrics)).unwrap();
        Self { journal, metrics, clock, tasks, sent: AtomicU32::new(0) }
    }

    fn record(&self, random: u64) -> DecisionId {
        let at = self.clock.now();
        let decision = decision(at, random, Verdict::Forward);
        let id = decision.id;
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.journal.record(Record::Decision(Arc::new(decision), Arc::new(facts(at))));
        id
    }

    /// Waits until every record was written or dropped.
    async fn settled(&self) {
        let sent = u64::from(self.sent.load(Ordering::Relaxed));
        eventually(|| self.written() + self.dropped() >= sent).await;
    }

    fn written(&self) -> u64 {
        metric(&self.metrics, "sendwall_journal_written_total").unwrap()
    }

    fn dropped(&self) -> u64 {
        metric(&self.metrics, "sendwall_journal_dropped_total").unwrap()
    }

    async fn stop(&self) {
        assert_eq!(self.tasks.drain(Span::seconds(20)).await, 0, "the writer ends");
    }
}

pub(crate) async fn eventually(condition: impl Fn() -> bool) {
    let watch = Stopwatch::start();
    while !condition() {
        assert!(watch.elapsed() < Duration::from_secs(20), "did not happen within 20 s");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn read(path: &Path) -> (Vec<Value>, usize) {
    let mut records = Vec::new();
    let mut torn = 0;
    for line in Reader::open(path).unwrap() {
        match line.unwrap() {
            Line::Record(record) => records.push(record),
            Line::Torn { .. } => torn += 1,
        }
    }
    (records, torn)
}

fn files(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_record_holds_what_was_decided_and_nothing_raw() {
    let scratch = Scratch::new("record");
    let log = Log::start(Settings::in_directory(scratch.path().to_owned()));
    let at = start_of_test();
    let refused = decision(at, 1, Verdict::Cooldown { until: at + Span::seconds(30) });
    let id = refused.id;
    log.journal.record(Record::Decision(Arc::new(refused), Arc::new(facts(at))));
    log.journal.record(Record::Answer(Answer {
        decision: id,
        endpoint: "login".into(),
        at,
        sent: true,
        status: Some(202),
    }));
    let outcome = Outcome { outcome: OutcomeKind::Verified, decision: id, at, endpoint: "login".into() };
    log.journal.record(Record::Outcome(outcome, OutcomeSource::Verify));
    log.stop().await;

    let (records, torn) = read(scratch.path());
    assert_eq!((records.len(), torn), (3, 0));
    let names = Pseudonyms::new(&[7; 32]);
    let expected = json!({
        "v": 1, "ts": "2026-11-20T18:10:02.000Z", "event": "decision", "decision": id.to_string(),
        "revision": "r3-9f2c11ab", "endpoint": "login", "mode": "enforce", "verdict": "cooldown",
        "until": "2026-11-20T18:10:32.000Z", "decided_by": "limit", "trust": "unknown", "proven": "none", "score": 60,
        "reasons": [{
            "code": "limit",
            "text": "limit phone-minute: 1 of at most 1 sends by phone in 60s; room again at 2026-11-20T18:10:32.000Z",
            "turned_by": "waiting until 2026-11-20T18:10:32.000Z, or 1 sends fewer in the window",
            "limit": "phone-minute", "key": "phone", "count": 1, "max": 1, "per": "60s",
            "until": "2026-11-20T18:10:32.000Z", "enforced": true,
        }],
        "facts": {
        "phone_state": "present",
        "phone": {
            "id": names.phone(RawPhone::from_digits(447_402_417_171).unwrap()).to_string(), "country": "GB",
            "range": "+44740241", "masked": "+44 7402 41••71", "type": "mobile", "validity": "valid",
        },
        "client": {"id": names.client(b"raw-cookie-value").to_string(), "source": "cookie:sid"},
        "address": {
            "id": names.address("203.0.113.9/32".parse().unwrap()).to_string(), "network": "203.0.113.0/24",
            "country": "DE", "asn": 64_500, "org": null, "hosting": true, "anonymous": null,
        },
        "visit": 12,
        "fingerprint": {
            "hash": "000000000000beef", "agent": "Mozilla Firefox", "program": "none", "major": 0, "has": [],
        },
        "price": 0.045,
        },
    });
    assert_eq!(records[0], expected);
    assert_eq!((&records[1]["event"], &records[1]["status"]), (&json!("sent"), &json!(202)));
    assert_eq!((&records[2]["event"], &records[2]["source"]), (&json!("verified"), &json!("verify")));

    let text = fs::read_to_string(scratch.path().join(&files(scratch.path())[0])).unwrap();
    for raw in ["7402417171", "203.0.113.9", "raw-cookie-value"] {
        assert!(!text.contains(raw), "{raw} stands in the log");
    }
    assert_eq!(reader::find(scratch.path(), id).unwrap(), records);
}

#[test]
fn missing_facts_are_states_not_gaps() {
    let at = start_of_test();
    let mut unread = facts(at);
    unread.phone =
        PhoneFact::Unreadable(Unreadable { code: UnreadableCode::NotUtf8, field: "query:mobile".to_owned() });
    unread.client.id = None;
    unread.client.visit = Visit::Forged;
    let decision = Arc::new(decision(at, 1, Verdict::Reject));
    let line = serde_json::to_value(Record::Try(Arc::clone(&decision), Arc::new(unread.clone()))).unwrap();
    assert_eq!(line["event"], "try");
    let facts = &line["facts"];
    assert_eq!(facts["phone_state"], "unreadable");
    assert_eq!(facts["unreadable"], json!({"code": "not_utf8", "field": "query:mobile"}));
    assert_eq!((&facts["client"], &facts["price"], &facts["visit"]), (&Value::Null, &Value::Null, &json!("forged")));
    assert_eq!(facts["phone"], Value::Null);
    unread.phone = PhoneFact::Absent;
    unread.client.visit = Visit::None;
    let line = serde_json::to_value(Record::Decision(decision, Arc::new(unread))).unwrap();
    assert_eq!((&line["facts"]["phone_state"], &line["facts"]["visit"]), (&json!("absent"), &json!("none")));
}

#[tokio::test]
async fn files_rotate_by_size_and_by_age_and_the_old_ones_go() {
    let scratch = Scratch::new("rotation");
    let settings = Settings {
        max_bytes: 10_000,
        max_age: Span::hours(1),
        keep: Span::hours(3),
        ..Settings::in_directory(scratch.path().to_owned())
    };
    fs::write(scratch.path().join("notes.txt"), "the operator's").unwrap();
    let log = Log::start(settings);
    let mut ids = Vec::new();
    for random in 0..60 {
        ids.push(log.record(random));
        log.settled().await;
    }
    let by_size = files(scratch.path());
    assert!(by_size.len() >= 5, "60 records of about 1 kB in files of 10 kB: {by_size:?}");
    assert!(by_size.contains(&"decisions-20261120T181002-0.jsonl".to_owned()), "{by_size:?}");
    assert!(by_size.contains(&"decisions-20261120T181002-1.jsonl".to_owned()), "same second, next number");
    for name in by_size.iter().filter(|name| name.starts_with("decisions")) {
        let bytes = fs::metadata(scratch.path().join(name)).unwrap().len();
        assert!(bytes < 12_000, "{name} has {bytes} bytes");
    }
    let order: Vec<_> = read(scratch.path()).0.iter().map(|record| record["decision"].clone()).collect();
    assert_eq!(order, ids.iter().map(|id| json!(id.to_string())).collect::<Vec<_>>(), "read in the order of writing");

    log.clock.advance(Span::hours(2));
    let later = log.record(1000);
    log.settled().await;
    assert!(files(scratch.path()).contains(&"decisions-20261120T201002-0.jsonl".to_owned()));
    assert_eq!(reader::find(scratch.path(), later).unwrap().len(), 1);
    assert_eq!(reader::find(scratch.path(), ids[30]).unwrap().len(), 1);

    // All but the newest file end when it was begun, three hours before.
    log.clock.advance(Span::seconds(3 * 3600 + 1));
    eventually(|| files(scratch.path()) == ["decisions-20261120T201002-0.jsonl", "notes.txt"]).await;
    log.clock.advance(Span::hours(3));
    eventually(|| files(scratch.path()) == ["notes.txt"]).await;
    log.stop().await;
}

#[tokio::test]
async fn a_torn_last_line_is_closed_off_at_the_next_start() {
    let scratch = Scratch::new("torn");
    let file = scratch.path().join("decisions-20261120T180000-0.jsonl");
    fs::write(&file, "{\"v\":1,\"decision\":\"a\"}\n{\"v\":1,\"deci").unwrap();
    let log = Log::start(Settings::in_directory(scratch.path().to_owned()));
    let id = log.record(1);
    log.stop().await;
    assert_eq!(files(scratch.path()).len(), 1, "the newest file goes on");
    let lines: Vec<_> = Reader::open(&file).unwrap().map(Result::unwrap).collect();
    assert_eq!(lines[0], Line::Record(json!({"v": 1, "decision": "a"})));
    assert_eq!(lines[1], Line::Torn { path: file, number: 2 });
    assert!(matches!(&lines[2], Line::Record(record) if record["decision"] == id.to_string()));
}

#[test]
fn a_line_without_end_is_passed_over() {
    let scratch = Scratch::new("endless");
    let file = scratch.path().join("any-name.jsonl");
    fs::write(&file, format!("{{\"a\":\"{}\"}}\n\n[1]\n{{\"v\":2}}", "x".repeat(3 << 20))).unwrap();
    let (records, torn) = read(&file);
    assert_eq!((records, torn), (vec![json!({"v": 2})], 2));
    assert!(Reader::open(&scratch.path().join("missing")).is_err());
}

#[tokio::test]
async fn under_overload_every_record_is_either_written_or_counted_as_dropped() {
    let scratch = Scratch::new("overload");
    let log = Log::start(Settings { queue: 4, ..Settings::in_directory(scratch.path().to_owned()) });
    for random in 0..2000 {
        log.record(random);
    }
    log.stop().await;
    let lines = read(scratch.path()).0.len();
    assert_eq!(log.written() + log.dropped(), 2000);
    assert_eq!(log.written(), lines as u64);
    assert!(log.dropped() > 0, "2,000 records in a queue of 4");
}

#[tokio::test]
async fn stopping_writes_what_is_queued() {
    let scratch = Scratch::new("drain");
    let log = Log::start(Settings { queue: 3000, ..Settings::in_directory(scratch.path().to_owned()) });
    for random in 0..3000 {
        log.record(random);
    }
    log.stop().await;
    assert_eq!(read(scratch.path()).0.len(), 3000);
    assert_eq!(log.dropped(), 0);
}

#[tokio::test]
async fn a_full_disk_costs_records_and_nothing_else_until_there_is_room() {
    let scratch = Scratch::new("full-disk");
    let link = scratch.path().join("decisions-20261120T181002-0.jsonl");
    symlink("/dev/full", &link).unwrap();
    let log = Log::start(Settings::in_directory(scratch.path().to_owned()));
    log.record(1);
    log.settled().await;
    assert_eq!((log.written(), log.dropped()), (0, 1));
    fs::remove_file(&link).unwrap();
    log.record(2);
    log.settled().await;
    assert_eq!((log.written(), log.dropped()), (1, 1));
    log.stop().await;
    assert_eq!(read(scratch.path()).0.len(), 1);
}

#[tokio::test]
async fn the_log_is_for_its_own_user_alone() {
    let scratch = Scratch::new("modes");
    let path = scratch.path().join("decisions");
    let log = Log::start(Settings::in_directory(path.clone()));
    log.record(1);
    log.settled().await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o700);
    assert_eq!(files(&path).iter().map(|file| mode(&path.join(file))).collect::<Vec<_>>(), [0o600]);
    log.stop().await;
}

#[tokio::test]
async fn a_deleted_file_is_begun_anew() {
    let scratch = Scratch::new("deleted");
    let log = Log::start(Settings::in_directory(scratch.path().to_owned()));
    log.record(1);
    log.settled().await;
    fs::remove_dir_all(scratch.path()).unwrap();
    log.record(2);
    log.settled().await;
    log.stop().await;
    assert_eq!(read(scratch.path()).0.len(), 1);
}

#[test]
fn a_directory_that_cannot_be_made_is_an_error_at_the_start() {
    let scratch = Scratch::new("no-directory");
    let file = scratch.path().join("file");
    fs::write(&file, "").unwrap();
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let metrics = Arc::new(Metrics::new("test", Arc::clone(&clock)));
    let error = Journal::start(Settings::in_directory(file.join("log")), &Tasks::new(), clock, metrics).unwrap_err();
    assert!(error.to_string().contains("give sendwall's user a directory"), "{error}");
}

const KILL_DIRECTORY: &str = "SENDWALL_TEST_KILL_DIRECTORY";

/// Not a test: the process that the next test kills.
#[tokio::test]
#[ignore = "run by kill_9_leaves_a_readable_log, in a process of its own"]
async fn kill_9_child() {
    let Some(directory) = std::env::var_os(KILL_DIRECTORY) else { return };
    let log = Log::start_at(Settings::in_directory(directory.into()), SystemClock::start().now());
    for random in 0.. {
        log.record(random);
        if random % 64 == 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn kill_9_leaves_a_readable_log() {
    let scratch = Scratch::new("kill");
    for round in 1..=3 {
        let before = read(scratch.path()).0.len();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["journal::kill_9_child", "--exact", "--ignored"])
            .env(KILL_DIRECTORY, scratch.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let written = || files(scratch.path()).iter().map(|name| length(&scratch.path().join(name))).sum::<u64>();
        let goal = written() + 300_000;
        eventually(|| written() > goal).await;
        child.kill().unwrap();
        child.wait().unwrap();
        let (records, torn) = read(scratch.path());
        assert!(records.len() > before + 100, "round {round}: {} records", records.len());
        assert!(torn <= round, "round {round}: {torn} torn lines");
        assert!(records.iter().all(|record| record["v"] == 1 && record["event"] == "decision"));
    }
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[test]
fn the_ring_keeps_as_many_as_it_has_room_for_while_many_threads_record() {
    const ROOM: usize = 64;
    let ring = sendwall::journal::Recent::new(ROOM);
    let at = start_of_test();
    let facts = Arc::new(facts(at));
    let decisions: Vec<_> = (0..4000).map(|random| Arc::new(decision(at, random, Verdict::Block))).collect();
    std::thread::scope(|scope| {
        for part in decisions.chunks(1000) {
            let (ring, facts) = (&ring, &facts);
            scope.spawn(move || {
                for decision in part {
                    ring.record(&Record::Decision(Arc::clone(decision), Arc::clone(facts)));
                    assert!(ring.newest(ROOM + 1, |_| true).len() <= ROOM);
                }
            });
        }
    });
    let newest: HashSet<_> = ring.newest(ROOM + 1, |_| true).iter().map(|entry| entry.decision.id).collect();
    assert_eq!(newest.len(), ROOM);
    for decision in decisions {
        assert_eq!(ring.find(decision.id).is_some(), newest.contains(&decision.id));
    }
}

#[test]
fn the_ring_keeps_the_last_and_what_became_of_them() {
    let ring = sendwall::journal::Recent::new(3);
    let at = start_of_test();
    let facts = Arc::new(facts(at));
    let decisions: Vec<_> = (0..5).map(|random| Arc::new(decision(at, random, Verdict::Block))).collect();
    for decision in &decisions {
        ring.record(&Record::Decision(Arc::clone(decision), Arc::clone(&facts)));
    }
    let newest: Vec<_> = ring.newest(2, |_| true).iter().map(|entry| entry.decision.id).collect();
    assert_eq!(newest, [decisions[4].id, decisions[3].id]);
    assert!(ring.find(decisions[1].id).is_none(), "pushed out");
    for decision in [&decisions[1], &decisions[2]] {
        let outcome = Outcome { outcome: OutcomeKind::Delivered, decision: decision.id, at, endpoint: "login".into() };
        ring.record(&Record::Outcome(outcome, OutcomeSource::Feed));
    }
    assert_eq!(ring.find(decisions[2].id).unwrap().became.len(), 1);
    assert!(ring.newest(9, |entry| !entry.became.is_empty()).len() == 1);
}
