//! The admin address, asked by curl and by a second client.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should fail loudly")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sendwall::admin::{
    About, Admin, Cause, ConversionRow, Database, EndpointStatus, Engine, Health, Learned, OutcomeInput, Outcomes,
    Parts, Settings, UpstreamState,
};
use sendwall::alerts::deliver::{self, Courier};
use sendwall::alerts::{Alarm, Book};
use sendwall::clock::{Clock, ManualClock};
use sendwall::domain::{
    Country, Decision, DecisionId, Facts, Mode, Money, OutcomeKind, PhoneFact, Range, RevisionId, Span, Unreadable,
    UnreadableCode, Verdict,
};
use sendwall::journal::{self, Journal, Record};
use sendwall::lists::Names;
use sendwall::privacy::{KeyRing, Pseudonyms, RawPhone, Secret};
use sendwall::state::lists::Lists;
use sendwall::tasks::Tasks;
use sendwall::telemetry::{
    EvidenceStats, LearnedStats, Metrics, OutcomeSource, Snapshot, TableStats, Unmatched, events,
};
use serde_json::{Value, json};

use crate::journal::{Scratch, decision, eventually, facts, metric, start_of_test};

const PHONE: &str = "+447402417171";
const NAMES: [u8; 32] = [7; 32];

/// An engine with one open send, and one endpoint.
#[derive(Debug, Default)]
struct Fake {
    learned: Mutex<Vec<OutcomeInput>>,
    broken_config: Mutex<bool>,
    problems: Mutex<Vec<String>>,
}

impl Fake {
    fn decision() -> DecisionId {
        DecisionId::new(start_of_test(), 42)
    }
}

impl Engine for Fake {
    fn learn(&self, outcome: &OutcomeInput) -> Learned {
        if outcome.endpoint.as_deref().is_some_and(|endpoint| endpoint != "login") {
            return Learned::UnknownEndpoint;
        }
        let phone = Pseudonyms::new(&NAMES).phone(RawPhone::from_digits(447_402_417_171).unwrap());
        if ![About::Decision(Self::decision()), About::Phone(phone)].contains(&outcome.about) {
            return Learned::Unmatched;
        }
        self.learned.lock().unwrap().push(outcome.clone());
        Learned::Settled(1)
    }

    fn conversion(&self) -> Vec<ConversionRow> {
        let row = |endpoint: &str, country, range| ConversionRow {
            endpoint: endpoint.into(),
            country,
            range,
            sent: 10,
            verified: 7,
            delivered: 9,
            undelivered: 1,
        };
        let gb = Country::new("GB");
        vec![
            row("login", None, None),
            row("login", gb, None),
            row("login", None, Some(Range::new(44_740_241))),
            row("reset", None, None),
        ]
    }

    fn snapshot(&self) -> Snapshot {
        let table = |name: &str| TableStats {
            table: name.into(),
            entries: 3,
            capacity: 100,
            bytes: 4096,
            evicted: 2,
            untracked: 1,
        };
        let revision = RevisionId { number: 3, hash: 0x9f2c_11ab };
        let tables = vec![table("limit:phone-minute"), table("sessions")];
        let learned = vec![LearnedStats { endpoint: "login".into(), conversion: 0.81, median_s: 14.0 }];
        let outages = vec![(Country::new("GB").unwrap(), 0.25)];
        let evidence = EvidenceStats { sends: 4, unsolved: 2, learned, outages };
        Snapshot { tables, open_sends: 5, evidence, drift: Vec::new(), revision }
    }

    fn endpoints(&self) -> Vec<EndpointStatus> {
        vec![EndpointStatus { name: "login".into(), mode: Mode::Monitor, has_verify: true }]
    }

    fn health(&self) -> Health {
        Health {
            upstream: UpstreamState::Answers,
            geo: vec![Database { name: "country", loaded: true }],
            reload_problems: self.problems.lock().unwrap().clone(),
        }
    }

    fn budgets(&self) -> Vec<sendwall::budget::Use> {
        Vec::new()
    }

    fn reset_budgets(&self, _country: Option<Country>) {}

    fn revisions(&self, count: usize) -> std::io::Result<Vec<Value>> {
        Ok((0..3).take(count).map(|number| json!({ "number": number })).collect())
    }

    fn reload(&self, _cause: &Cause) -> Result<RevisionId, Vec<String>> {
        if *self.broken_config.lock().unwrap() {
            return Err(vec!["line 3: no such key".to_owned()]);
        }
        Ok(RevisionId { number: 4, hash: 1 })
    }
}

/// A running admin address on a port of its own.
struct Server {
    address: SocketAddr,
    engine: Arc<Fake>,
    journal: Arc<Journal>,
    metrics: Arc<Metrics>,
    tasks: Tasks,
}

impl Server {
    async fn start(token: Option<&str>) -> Self {
        Self::start_with(token, Journal::in_memory).await
    }

    async fn start_with(token: Option<&str>, journal: impl FnOnce(Arc<Metrics>) -> Journal) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(start_of_test() + Span::minutes(1)));
        let metrics = Arc::new(Metrics::new("1.2.3", Arc::clone(&clock)));
        let journal = Arc::new(journal(Arc::clone(&metrics)));
        let engine = Arc::new(Fake::default());
        let tasks = Tasks::new();
        let names = Names::new(&KeyRing::fixed(7));
        let lists = Lists::open(None, names, Arc::clone(&clock), Arc::clone(&metrics)).unwrap();
        let nowhere = deliver::Settings::default();
        let courier = Courier::start(&nowhere, 1, Arc::clone(&clock), Arc::clone(&metrics), &tasks).unwrap();
        let outcomes = Outcomes::new(Arc::clone(&engine) as _, Pseudonyms::new(&NAMES), Arc::clone(&clock));
        let alarm = Alarm::new(sendwall::alerts::Settings::default(), Arc::default(), Book::default());
        let parts = Parts {
            version: "1.2.3",
            engine: Arc::clone(&engine) as _,
            journal: Arc::clone(&journal),
            metrics: Arc::clone(&metrics),
            outcomes: Arc::new(outcomes),
            lists: Arc::new(lists),
            courier,
            alarm: Arc::new(alarm),
            clock,
            tasks: tasks.clone(),
        };
        let settings = Settings { listen: "127.0.0.1:0".parse().unwrap(), token: token.map(Secret::new) };
        let admin = Admin::bind(settings).await.unwrap();
        let address = admin.address();
        admin.serve(parts);
        Self { address, engine, journal, metrics, tasks }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Asks with ureq.
    async fn get(&self, path: &str) -> (u16, Value) {
        let url = self.url(path);
        off_the_runtime(move || read_answer(agent().get(&url).call().unwrap())).await
    }

    async fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> (u16, Value) {
        let (url, body) = (self.url(path), body.into());
        off_the_runtime(move || read_answer(agent().post(&url).send(&body[..]).unwrap())).await
    }

    /// Asks with curl; gives status and body.
    async fn curl(&self, path: &str, arguments: &[&str]) -> (u16, String) {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--max-time", "20", "--write-out", "\n%{http_code}"]);
        command.args(arguments).arg(self.url(path));
        let output = off_the_runtime(move || command.output().unwrap()).await;
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), body.to_owned())
    }
}

async fn off_the_runtime<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.timeout_global(Some(Duration::from_secs(20))).build().into()
}

fn read_answer(mut answer: http::Response<ureq::Body>) -> (u16, Value) {
    let text = answer.body_mut().read_to_string().unwrap();
    (answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

#[tokio::test]
async fn health_and_readiness() {
    let server = Server::start(None).await;
    assert_eq!(server.curl("/healthz", &[]).await, (200, "ok\n".to_owned()));
    let (status, ready) = server.get("/readyz").await;
    assert_eq!(status, 200);
    let expected = json!({
        "ready": true, "revision": "r3-9f2c11ab", "upstream": "answers",
        "geo": [{"name": "country", "loaded": true}],
        "journal": {"written": false, "dropped": 0}, "reload_problems": [],
    });
    assert_eq!(ready, expected);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_json_errors() {
    let server = Server::start(None).await;
    assert_eq!(server.get("/nothing").await.1["code"], "not_found");
    assert_eq!(server.get("/api/reload").await.0, 405);
    assert_eq!(server.post("/metrics", "").await.0, 405);
    let (_, head) = server.curl("/api/outcomes", &["--include"]).await;
    assert!(head.to_lowercase().contains("\r\nallow: post\r\n"), "{head}");
    assert_eq!(server.curl("/healthz", &["--head"]).await.0, 200);
}

#[tokio::test]
async fn a_token_is_needed_where_one_is_set() {
    let server = Server::start(Some("a-long-token")).await;
    let (status, body) = server.curl("/metrics", &[]).await;
    assert_eq!((status, body.contains("token_required")), (401, true), "{body}");
    assert_eq!(server.curl("/metrics", &["-H", "authorization: Bearer wrong"]).await.0, 401);
    assert_eq!(server.curl("/metrics", &["-H", "authorization: Bearer a-long-token"]).await.0, 200);
    assert_eq!(server.curl("/api/reload", &["-X", "POST"]).await.0, 401);
    assert_eq!(server.curl("/healthz", &[]).await.0, 200);

    *server.engine.problems.lock().unwrap() = vec!["line 3: `office` is no network".to_owned()];
    let (_, unknown) = server.curl("/readyz", &[]).await;
    assert!(unknown.contains("1 problem;") && !unknown.contains("office"), "it quotes the configuration: {unknown}");
    let (_, known) = server.curl("/readyz", &["-H", "authorization: Bearer a-long-token"]).await;
    assert!(known.contains("office"), "{known}");
}

#[tokio::test]
async fn an_open_address_without_a_token_is_refused_at_the_start() {
    let settings = Settings { listen: "0.0.0.0:0".parse().unwrap(), token: None };
    let error = Admin::bind(settings).await.unwrap_err().to_string();
    assert!(error.contains("set a token"), "{error}");
}

#[tokio::test]
async fn without_a_token_rebound_names_and_foreign_pages_get_nothing() {
    let server = Server::start(None).await;
    for path in ["/metrics", "/api/decisions", "/readyz"] {
        let (status, body) = server.curl(path, &["-H", "host: evil.example:9090"]).await;
        assert_eq!((status, body.contains("wrong_host")), (403, true), "{path}: {body}");
    }
    assert_eq!(server.curl("/metrics", &["-H", "host: localhost:9090"]).await.0, 200);
    assert_eq!(server.curl("/api/reload", &["-X", "POST", "-H", "origin: https://evil.example"]).await.0, 403);
    assert_eq!(server.curl("/api/reload", &["-X", "POST"]).await.0, 200);
}

#[tokio::test]
async fn a_bad_outcome_costs_none_of_the_good_ones_and_no_number_comes_back() {
    let server = Server::start(None).await;
    let id = Fake::decision().to_string();
    let batch = json!({"outcomes": [
        {"outcome": "verified", "decision": id, "endpoint": "login", "at": "2026-11-20T18:10:30Z", "event_id": "e1"},
        {"outcome": "delivered", "phone": PHONE, "endpoint": "login", "event_id": "e2"},
        {"outcome": "delivered", "phone": PHONE, "endpoint": "login", "event_id": "e2"},
        {"outcome": "verified", "phone": "+447402417199"},
        {"outcome": "read", "decision": id},
        {"outcome": "verified"},
        {"outcome": "verified", "decision": id, "phone": PHONE},
        {"outcome": "verified", "phone": "07402 417171"},
        {"outcome": "verified", "phone": 447_402_417_171_u64},
        {"outcome": "verified", "decision": PHONE},
        {"outcome": "verified", "decision": id, "endpoint": PHONE},
        {"outcome": "verified", "decision": id, "at": "yesterday"},
        {"outcome": "verified", "decision": id, "at": "2027-01-01T00:00:00Z"},
        {"outcome": "verified", "decision": id, "event_id": ""},
        PHONE,
    ]});
    let (status, answer) = server.post("/api/outcomes", batch.to_string()).await;
    assert_eq!(status, 200);
    let counts = (&answer["accepted"], &answer["duplicates"], &answer["unmatched"]);
    assert_eq!(counts, (&json!(2), &json!(1), &json!(1)), "{answer}");
    let faults: Vec<_> = answer["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["index"].as_u64().unwrap(), error["field"].as_str().unwrap()))
        .collect();
    let expected = [
        (4, "outcome"),
        (5, "decision"),
        (6, "phone"),
        (7, "phone"),
        (8, "phone"),
        (9, "decision"),
        (10, "endpoint"),
        (11, "at"),
        (12, "at"),
        (13, "event_id"),
        (14, ""),
    ];
    assert_eq!(faults, expected);
    for digits in ["7402417171", "7402 417171", "7402417199"] {
        assert!(!answer.to_string().contains(digits), "{answer}");
    }
    let learned = server.engine.learned.lock().unwrap();
    let first = OutcomeInput {
        outcome: OutcomeKind::Verified,
        about: About::Decision(Fake::decision()),
        endpoint: Some("login".into()),
        at: start_of_test() + Span::seconds(28),
    };
    assert_eq!(learned[0], first);
    assert_eq!(learned[1].at, start_of_test() + Span::minutes(1), "without a time it is now");
    assert_eq!(learned.len(), 2);
}

#[tokio::test]
async fn outcomes_are_idempotent_across_calls_but_unmatched_ones_may_come_again() {
    let server = Server::start(None).await;
    let told =
        |phone: &str| json!({"outcomes": [{"outcome": "verified", "phone": phone, "event_id": "e1"}]}).to_string();
    assert_eq!(server.post("/api/outcomes", told("+447402417199")).await.1["unmatched"], 1);
    assert_eq!(server.post("/api/outcomes", told(PHONE)).await.1["accepted"], 1);
    assert_eq!(server.post("/api/outcomes", told(PHONE)).await.1["duplicates"], 1);
    assert_eq!(server.engine.learned.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn broken_and_oversized_batches_are_refused_whole_without_an_echo() {
    let server = Server::start(None).await;
    for broken in ["", "{\"outcomes\":", "[]", "{\"outcomes\":\"+447402417171\"}", "\"+447402417171\""] {
        let (status, answer) = server.post("/api/outcomes", broken).await;
        assert_eq!((status, &answer["code"]), (400, &json!("malformed")), "{broken}");
        assert!(!answer.to_string().contains("7402417171"), "{answer}");
    }
    let many = format!("{{\"outcomes\":[{}]}}", vec!["{}"; 10_001].join(","));
    let (status, answer) = server.post("/api/outcomes", many).await;
    assert_eq!((status, &answer["code"]), (413, &json!("too_many_outcomes")));
    let exactly = format!("{{\"outcomes\":[{}]}}", vec!["{}"; 10_000].join(","));
    assert_eq!(server.post("/api/outcomes", exactly).await.1["errors"].as_array().unwrap().len(), 10_000);
    let large = format!("{{\"outcomes\":[\"{}\"]}}", "x".repeat(1024 * 1024));
    let (status, answer) = server.post("/api/outcomes", large).await;
    assert_eq!((status, &answer["code"]), (413, &json!("body_too_large")));
}

#[tokio::test]
async fn a_reload_tells_its_revision_or_every_problem() {
    let server = Server::start(None).await;
    assert_eq!(server.post("/api/reload", "").await, (200, json!({"revision": "r4-00000001"})));
    *server.engine.broken_config.lock().unwrap() = true;
    let (status, answer) = server.post("/api/reload", "").await;
    assert_eq!((status, &answer["problems"]), (422, &json!(["line 3: no such key"])));
}

#[tokio::test]
async fn status_and_conversion_show_what_the_engine_has() {
    let server = Server::start(None).await;
    server.metrics.sent(&"login".into(), Country::new("GB"), Money::micros(45_000));
    let (_, status) = server.get("/api/status").await;
    assert_eq!(status["version"], "1.2.3");
    assert_eq!((&status["totals"]["sends"], &status["totals"]["cost"]), (&json!(1), &json!(0.045)));
    let endpoint = json!({"name": "login", "mode": "monitor", "has_verify": true, "sent": 10, "conversion": 0.7});
    assert_eq!(status["endpoints"], json!([endpoint]));
    assert_eq!(status["tables"][0]["table"], "limit:phone-minute");

    let (_, answer) = server.get("/api/conversion?endpoint=login").await;
    let rows = answer["conversion"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[2]["range"], "+44740241");
    assert_eq!(rows[2]["conversion"], 0.7);
    assert_eq!(server.get("/api/conversion?endpoint=log%69n&limit=1").await.1["conversion"][0]["endpoint"], "login");
}

#[tokio::test]
async fn decisions_are_listed_filtered_and_found() {
    let scratch = Scratch::new("admin");
    let log_tasks = Tasks::new();
    let server = Server::start_with(None, |metrics| {
        let clock = Arc::new(ManualClock::at(start_of_test()));
        Journal::start(journal::Settings::in_directory(scratch.path().to_owned()), &log_tasks, clock, metrics).unwrap()
    })
    .await;
    let at = start_of_test();
    let facts = Arc::new(facts(at));
    for random in 0..10 {
        let verdict = if random % 2 == 0 { Verdict::Forward } else { Verdict::Block };
        record(&server.journal, decision(at, random, verdict), &facts);
    }
    let (_, answer) = server.get("/api/decisions?verdict=block&endpoint=login&limit=3").await;
    let found = answer["decisions"].as_array().unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(found[0]["decision"], DecisionId::new(at, 9).to_string(), "newest first");
    assert!(found.iter().all(|decision| decision["verdict"] == "block"));
    assert_eq!(server.get("/api/decisions?endpoint=other").await.1["decisions"], json!([]));
    for bad in ["limit=0", "limit=1001", "limit=x", "verdict=maybe", "verdicts=block"] {
        assert_eq!(server.get(&format!("/api/decisions?{bad}")).await.0, 400, "{bad}");
    }

    let wanted = DecisionId::new(at, 1);
    let outcome =
        sendwall::domain::Outcome { outcome: OutcomeKind::Delivered, decision: wanted, at, endpoint: "login".into() };
    server.journal.record(Record::Outcome(outcome, OutcomeSource::Feed));
    let (status, in_memory) = server.get(&format!("/api/decisions/{wanted}")).await;
    assert_eq!((status, &in_memory["became"][0]["event"]), (200, &json!("delivered")));

    // Push it out of memory: the log's files still have it, in the same form.
    for random in 100..5000 {
        record(&server.journal, decision(at, random, Verdict::Forward), &facts);
        if random % 1000 == 0 {
            // The writer's queue is bounded, and what doesn't fit is dropped.
            let written = || metric(&server.metrics, "sendwall_journal_written_total").unwrap_or_default();
            eventually(|| written() + 100 > random).await;
        }
    }
    assert!(server.journal.recent().find(wanted).is_none());
    assert_eq!(log_tasks.drain(Span::seconds(20)).await, 0);
    assert_eq!(server.get(&format!("/api/decisions/{wanted}")).await, (200, in_memory));
    assert_eq!(server.get(&format!("/api/decisions/{}", DecisionId::new(at, 77))).await.0, 404);
    assert_eq!(server.get("/api/decisions/nonsense").await.1["code"], "bad_id");
}

fn record(journal: &Journal, decision: Decision, facts: &Arc<Facts>) {
    journal.record(Record::Decision(Arc::new(decision), Arc::clone(facts)));
}

#[tokio::test]
async fn stopping_lets_idle_connections_go() {
    let server = Server::start(None).await;
    let idle = tokio::net::TcpStream::connect(server.address).await.unwrap();
    assert_eq!(server.get("/healthz").await.0, 200);
    assert_eq!(server.tasks.drain(Span::seconds(20)).await, 0);
    drop(idle);
}

#[tokio::test]
async fn the_metrics_page_is_a_valid_exposition() {
    let server = Server::start(None).await;
    let at = start_of_test();
    let metrics = &server.metrics;
    let endpoint = "login\"with\\quirks".into();
    metrics.proxy().requests_passed.add();
    metrics.proxy().answered(404);
    let refused = decision(at, 1, Verdict::Cooldown { until: at });
    metrics.decided(&refused, &facts(at), Duration::from_micros(4));
    let monitored = Decision { mode: Mode::Monitor, ..decision(at, 2, Verdict::Block) };
    metrics.decided(&monitored, &facts(at), Duration::from_micros(400));
    let mut unread = facts(at);
    unread.phone = PhoneFact::Unreadable(Unreadable { code: UnreadableCode::Malformed, field: "body".to_owned() });
    metrics.decided(&decision(at, 3, Verdict::Reject), &unread, Duration::from_secs(1));
    metrics.tried(&decision(at, 4, Verdict::Forward), Duration::from_micros(1));
    metrics.sent(&endpoint, None, Money::micros(45_000));
    metrics.sent(&endpoint, Country::new("GB"), Money::micros(5_000));
    metrics.outcome(&endpoint, Country::new("GB"), OutcomeKind::Verified);
    metrics.unmatched(OutcomeSource::Feed, OutcomeKind::Delivered, Unmatched::NoSend);
    metrics.proxy().connections_opened.add();
    metrics.proxy().upstream_unreachable.add();
    events::ReloadRejected { revision: RevisionId { number: 1, hash: 0 }, problems: &[], errors: 0 }.emit(metrics);

    let (status, text) = server.curl("/metrics", &[]).await;
    assert_eq!(status, 200);
    let series = parse_exposition(&text);
    let value = |name: &str| series.get(name).copied();
    for (name, wanted) in [
        ("sendwall_requests_total{kind=\"pass\"}", 1.0),
        ("sendwall_answers_total{class=\"4xx\"}", 1.0),
        ("sendwall_decisions_total{endpoint=\"login\",verdict=\"cooldown\",mode=\"enforce\"}", 1.0),
        ("sendwall_tries_total{endpoint=\"login\",verdict=\"forward\",mode=\"enforce\"}", 1.0),
        ("sendwall_reasons_total{endpoint=\"login\",reason=\"limit\"}", 4.0),
        ("sendwall_limit_refusals_total{limit=\"phone-minute\"}", 4.0),
        ("sendwall_sms_cost_total{endpoint=\"login\\\"with\\\\quirks\",country=\"none\"}", 0.045),
        ("sendwall_sends_total{endpoint=\"login\\\"with\\\\quirks\",country=\"GB\"}", 1.0),
        ("sendwall_saved_sms_total{endpoint=\"login\",mode=\"enforce\",what=\"refused\"}", 1.0),
        ("sendwall_open_challenges", 2.0),
        ("sendwall_learned_conversion{endpoint=\"login\"}", 0.81),
        ("sendwall_outage{country=\"GB\"}", 0.25),
        ("sendwall_saved_cost_total{endpoint=\"login\",mode=\"monitor\",what=\"refused\"}", 0.045),
        ("sendwall_unreadable_total{endpoint=\"login\",code=\"malformed\"}", 1.0),
        ("sendwall_unmatched_outcomes_total{source=\"feed\",outcome=\"delivered\",why=\"no_send\"}", 1.0),
        ("sendwall_decision_seconds_count", 4.0),
        ("sendwall_decision_seconds_bucket{le=\"0.000005\"}", 2.0),
        ("sendwall_decision_seconds_bucket{le=\"+Inf\"}", 4.0),
        ("sendwall_upstream_errors_total{kind=\"unreachable\"}", 1.0),
        ("sendwall_reloads_total{result=\"rejected\"}", 1.0),
        ("sendwall_table_entries{table=\"sessions\"}", 3.0),
        ("sendwall_table_evicted_total{table=\"limit:phone-minute\"}", 2.0),
        ("sendwall_open_sends", 5.0),
        ("sendwall_config_revision", 3.0),
        ("sendwall_connections_opened_total", 1.0),
        ("sendwall_build_info{version=\"1.2.3\"}", 1.0),
    ] {
        assert_eq!(value(name), Some(wanted), "{name} in\n{text}");
    }
    server.curl("/metrics", &[]).await;
    let again = parse_exposition(&server.curl("/metrics", &[]).await.1);
    let evicted = again.get("sendwall_table_evicted_total{table=\"sessions\"}").copied();
    assert_eq!(evicted, Some(2.0), "a scrape counts nothing twice");
}

/// Reads an exposition as strictly as a scraper: every series belongs to the family announced last, families and
/// series come once, counters end in `_total`, and the end is marked.
fn parse_exposition(text: &str) -> BTreeMap<String, f64> {
    let mut series = BTreeMap::new();
    let mut families = BTreeSet::new();
    let mut family = (String::new(), String::new());
    let body = text.strip_suffix("# EOF\n").expect("the end is marked");
    for line in body.lines() {
        if let Some(announced) = line.strip_prefix("# TYPE ") {
            let (name, kind) = announced.split_once(' ').unwrap();
            assert!(families.insert(name.to_owned()), "{name} is announced twice");
            family = (name.to_owned(), kind.to_owned());
        } else if !line.starts_with("# ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let suffix = name.split('{').next().unwrap().strip_prefix(family.0.as_str()).unwrap_or("foreign");
            let fits = match family.1.as_str() {
                "counter" => suffix == "_total",
                "gauge" => suffix.is_empty(),
                "histogram" => ["_bucket", "_sum", "_count"].contains(&suffix),
                "info" => suffix == "_info",
                other => panic!("unknown type {other}"),
            };
            assert!(fits, "{name} stands under {family:?}");
            let value: f64 = value.parse().unwrap_or_else(|_| panic!("{line}"));
            assert!(value.is_finite() && value >= 0.0, "{line}");
            assert!(series.insert(name.to_owned(), value).is_none(), "{name} twice");
        }
    }
    series
}
