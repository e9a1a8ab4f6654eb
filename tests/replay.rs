//! `sendwall replay` as a program: traces and decision logs in, tables, reports, decisions and pages out.
//!
//! Each `tests/cases/replay/NAME.jsonl` stands beside `NAME.expected`, what is decided and measured. `make.py` writes
//! the traces, `UPDATE_EXPECT=1` what is expected.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail loudly")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use expect_test::{expect, expect_file};
use sendwall::domain::{
    Decision, DecisionId, Facts, Has, Language, Mode, Outcome, OutcomeKind, Place, Program, Span, Traits, Verdict,
};
use sendwall::journal::Record;
use sendwall::simulate::{self, Options};
use sendwall::telemetry::OutcomeSource;
use sendwall::trace;
use serde_json::Value;

use crate::journal::{Scratch, decision, facts, start_of_test};

const CASES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/replay");

fn case(name: &str) -> PathBuf {
    Path::new(CASES).join(name)
}

fn replay(scratch: &Scratch, arguments: &[&str]) -> Output {
    replay_of(scratch, arguments, b"")
}

/// Runs it in the scratch directory, where relative results go.
pub(crate) fn replay_of(scratch: &Scratch, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    command.arg("replay").args(arguments).current_dir(scratch.path());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // One that ends before it has read everything closes the pipe.
    let _ended = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

fn base() -> String {
    case("base.toml").display().to_string()
}

pub(crate) fn said(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "nobody watches: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn read(scratch: &Scratch, name: &str) -> String {
    fs::read_to_string(scratch.path().join(name)).unwrap()
}

fn json(scratch: &Scratch, name: &str) -> Value {
    serde_json::from_str(&read(scratch, name)).unwrap()
}

/// The decisions, a line each, without what only the engine's tuning decides.
fn decided(decisions: &str) -> String {
    decisions.lines().fold(String::new(), |mut text, line| {
        let line: Value = serde_json::from_str(line).unwrap();
        let [verdict, rung, by] = ["verdict", "rung", "decided_by"].map(|name| line[name].as_str().unwrap());
        let sms = if line["sms"] == true { "SMS" } else { "no SMS" };
        let (id, challenge, solved) = (line["id"].as_str().unwrap(), &line["challenge"], &line["solved"]);
        writeln!(text, "{id:<30} {verdict:<9} {rung:<6} {sms:<7} {challenge} {solved} {by}").unwrap();
        text
    })
}

fn check_case(name: &str) {
    let scratch = Scratch::new("replay-case");
    let trace = case(&format!("{name}.jsonl")).display().to_string();
    let table = said(&replay(&scratch, &[&trace, "--config", &base(), "--decisions", "decisions.jsonl"]));
    expect_file![case(&format!("{name}.expected"))]
        .assert_eq(&format!("{}\n{table}", decided(&read(&scratch, "decisions.jsonl"))));
}

#[test]
fn measures_are_as_they_are_defined() {
    check_case("measures");
}

#[test]
fn another_configuration_is_compared_request_by_request() {
    let scratch = Scratch::new("replay-against");
    let (trace, wider) = (case("measures.jsonl").display().to_string(), case("wider.toml").display().to_string());
    let arguments =
        [&trace, "--config", &base(), "--against", &wider, "--report", "report.json", "--html", "page.html"];
    let table = said(&replay(&scratch, &arguments.map(|argument: &str| argument)));
    expect_file![case("against.expected")].assert_eq(&table);
    let report = json(&scratch, "report.json");
    let changes = &report["against"]["changes"];
    assert_eq!(changes["compared"], 12);
    assert_eq!([&changes["refused"]["requests"], &changes["sent"]["requests"]], [5, 0]);
    assert_eq!(report["against"]["scenarios"][1]["leaked_sends"], 3);
    // The other way round the same requests are let through.
    let turned = [trace.as_str(), "--config", &wider, "--against", &base(), "--report", "turned.json"];
    said(&replay(&scratch, &turned));
    let turned = json(&scratch, "turned.json");
    assert_eq!(turned["against"]["changes"]["sent"]["requests"], 5);
    let reason = &turned["against"]["changes"]["sent"]["examples"][0]["reason"];
    assert!(reason.as_str().unwrap().starts_with("limit minute: "), "why it was refused there: {reason}");
}

#[test]
fn the_report_holds_every_measure() {
    let scratch = Scratch::new("replay-report");
    let trace = case("measures.jsonl").display().to_string();
    said(&replay(&scratch, &[&trace, "--config", &base(), "--report", "report.json", "--no-delivery-feed"]));
    expect_file![case("report.expected")].assert_eq(&read(&scratch, "report.json"));
}

#[test]
fn as_configured_takes_modes_as_they_are() {
    let scratch = Scratch::new("replay-mode");
    let trace = case("measures.jsonl").display().to_string();
    let arguments = [trace.as_str(), "--config", &base(), "--as-configured", "--report", "report.json"];
    let table = said(&replay(&scratch, &arguments));
    assert!(table.contains("as configured"), "{table}");
    let report = json(&scratch, "report.json");
    let attack = &report["total"]["attack"];
    assert_eq!([&attack["sends"], &attack["sms"], &attack["verdicts"]["forward"]], [3, 3, 1]);
}

#[test]
fn several_traces_each_meet_a_new_engine() {
    let scratch = Scratch::new("replay-several");
    let trace = case("measures.jsonl").display().to_string();
    let arguments = [trace.as_str(), &trace, "--config", &base(), "--report", "report.json", "--decisions", "d.jsonl"];
    said(&replay(&scratch, &arguments));
    let report = json(&scratch, "report.json");
    assert_eq!(report["sends"], 24);
    let pumping = &report["scenarios"][1];
    assert_eq!(pumping["leaked_sends"], 2);
    let first = &pumping["before_first_refusal"];
    assert_eq!([&first["sms"], &first["ms"]], [2, 10_000], "of both traces together");
    let decisions = read(&scratch, "d.jsonl");
    let (one, other) = decisions.split_at(decisions.len() / 2);
    assert_eq!(decided(one), decided(other));
}

pub(crate) fn trace_of(name: &str, days: f64) -> Vec<u8> {
    let options = Options { days: Some(days), rate: 3.0, ..Options::default() };
    let mut bytes = Vec::new();
    for event in simulate::simulate(simulate::scenario(name).unwrap(), &options).unwrap() {
        trace::write(&event, &mut bytes).unwrap();
    }
    bytes
}

/// One who drives a real browser and solves the proof of work, against known users, among random numbers.
#[test]
fn a_bomber_with_a_browser_gets_three_messages_a_day_to_one_victim() {
    const CONFIG: &str = r#"
        upstream = "http://127.0.0.1:1"
        [[endpoint]]
        name = "login"
        send = "POST /send"
    "#;
    let scratch = Scratch::new("replay-bomber");
    fs::write(scratch.path().join("bomber.toml"), CONFIG).unwrap();
    let mut most = 0;
    for seed in [2, 3] {
        let options = Options { seed, rate: 2.0, ..Options::default() };
        let events = simulate::simulate(simulate::scenario("headless-bomber").unwrap(), &options).unwrap();
        let (mut bytes, mut bombed) = (Vec::new(), HashMap::new());
        for event in events {
            trace::write(&event, &mut bytes).unwrap();
            if let trace::Event::Send(send) = event
                && send.truth.label == trace::Label::Attack
                // One that the carrier lost reached nobody.
                && send.outcome.delivered
            {
                bombed.insert(send.id.to_string(), (send.phone.to_string(), send.request.ts));
            }
        }
        said(&replay_of(&scratch, &["-", "--config", "bomber.toml", "--decisions", "decisions.jsonl"], &bytes));
        let mut messages: HashMap<&str, Vec<u64>> = HashMap::new();
        for line in read(&scratch, "decisions.jsonl").lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            if let Some((phone, ts)) = bombed.get(line["id"].as_str().unwrap()).filter(|_| line["sms"] == true) {
                messages.entry(phone).or_default().push(*ts);
            }
        }
        for times in messages.values() {
            let within_a_day = |from: &u64| times.iter().filter(|at| (*from..from + 86_400_000).contains(at)).count();
            most = most.max(times.iter().map(within_a_day).max().unwrap());
        }
    }
    assert_eq!(most, 3, "the most messages of a day that one of them got");
}

#[test]
fn a_quiet_time_tells_nobody_anything_and_an_attack_is_told_within_two_minutes() {
    let days = if std::env::var_os("SENDWALL_TEST_LONG").is_some() { 7.0 } else { 1.2 };
    let options = Options { days: Some(days), seed: 2, ..Options::default() };
    let scratch = Scratch::new("replay-quiet");
    let config = "upstream = \"http://127.0.0.1:3000\"\n[[endpoint]]\nname = \"login\"\nsend = \"POST /a\"\n\
                  verify = \"POST /b\"\nverified_if = \"status == 200\"\ndefault_region = \"GB\"\n";
    fs::write(scratch.path().join("plain.toml"), config).unwrap();
    let told = |scenario: &str, options: &Options| {
        let mut bytes = Vec::new();
        for event in simulate::simulate(simulate::scenario(scenario).unwrap(), options).unwrap() {
            trace::write(&event, &mut bytes).unwrap();
        }
        said(&replay_of(&scratch, &["-", "--config", "plain.toml", "--report", "report.json"], &bytes));
        json(&scratch, "report.json")
    };
    let quiet = told("quiet", &options);
    assert!(quiet["sends"].as_u64() > Some(10_000));
    assert_eq!(quiet["alerts"]["listed"], Value::Array(Vec::new()));
    let attacked = told("burst-address", &Options { days: Some(0.1), ..Options::default() });
    let first = &attacked["scenarios"][0]["before_first_alert"];
    assert!(first["ms"].as_u64().unwrap() < 120_000, "{first}");
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let scratch = Scratch::new("replay-same");
    let trace = trace_of("scripts", 0.1);
    fs::write(scratch.path().join("trace.jsonl"), &trace).unwrap();
    let run = |number: u32, trace: &str, input: &[u8]| {
        let [decisions, report, page] = ["d.jsonl", "r.json", "p.html"].map(|name| format!("{number}{name}"));
        let wider = case("wider.toml").display().to_string();
        let arguments = [
            trace,
            "--config",
            &base(),
            "--against",
            &wider,
            "--decisions",
            &decisions,
            "--report",
            &report,
            "--html",
            &page,
        ];
        let table = said(&replay_of(&scratch, &arguments.map(|argument: &str| argument), input));
        [table, read(&scratch, &decisions), read(&scratch, &report), read(&scratch, &page)]
    };
    let first = run(1, "trace.jsonl", b"");
    assert!(first == run(2, "trace.jsonl", b""), "a second run gives other bytes");
    assert!(first == run(3, "-", &trace), "the same from standard input");
    let sends = trace.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{\"event\":\"send\"")).count();
    assert_eq!(first[1].lines().count(), sends, "one decision a request");
}

#[test]
fn no_result_holds_a_phone_number() {
    let scratch = Scratch::new("replay-privacy");
    let (trace, wider) = (case("measures.jsonl").display().to_string(), case("wider.toml").display().to_string());
    let arguments =
        [&trace, "--config", &base(), "--against", &wider, "--decisions", "d", "--report", "r", "--html", "p"];
    let table = said(&replay(&scratch, &arguments.map(|argument: &str| argument)));
    for text in [table, read(&scratch, "d"), read(&scratch, "r"), read(&scratch, "p")] {
        let digits: String = text.chars().filter(|c| c.is_ascii_digit() || c.is_whitespace()).collect();
        for number in ["7402417171", "7402 417171", "901234567", "971501234567"] {
            assert!(!digits.contains(number), "{number} in {text}");
        }
    }
}

#[test]
fn the_page_needs_nothing_else() {
    let scratch = Scratch::new("replay-page");
    let trace = case("measures.jsonl").display().to_string();
    said(&replay(&scratch, &[&trace, "--config", &base(), "--html", "page.html"]));
    let page = read(&scratch, "page.html");
    for part in ["<h2>pumping</h2>", "limit minute", "<svg ", "light-dark("] {
        assert!(page.contains(part), "{part}");
    }
    for foreign in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[test]
fn a_configuration_is_replayed_without_its_geoip_file() {
    let scratch = Scratch::new("replay-no-geo");
    let config = fs::read_to_string(base()).unwrap() + "\n[geo]\ncountry = \"nowhere.mmdb\"\n";
    fs::write(scratch.path().join("geo.toml"), config).unwrap();
    let trace = case("measures.jsonl").display().to_string();
    let without = said(&replay(&scratch, &[&trace, "--config", &base(), "--decisions", "base.jsonl"]));
    let output = replay(&scratch, &[&trace, "--config", "geo.toml", "--decisions", "geo.jsonl"]);
    let warned = String::from_utf8(output.stderr).unwrap();
    assert!(warned.contains("nowhere.mmdb"), "{warned}");
    assert_eq!(output.status.code(), Some(0), "{warned}");
    assert_eq!(read(&scratch, "geo.jsonl"), read(&scratch, "base.jsonl"));
    assert!(!without.is_empty());
}

#[test]
fn a_line_that_does_not_parse_is_named_and_nothing_is_written() {
    let good = fs::read_to_string(case("measures.jsonl")).unwrap();
    let lines: Vec<_> = good.lines().collect();
    let (page, send) = (lines[0], lines[1]);
    let table = [
        ("{\"ts\":1".to_owned(), "line 3: not JSON (column 7)"),
        ("[]".to_owned(), "line 3: not an event: an event is a JSON object"),
        (
            send.replace("\"login\"", "\"signup\""),
            "line 3: endpoint: \"signup\" is no endpoint of the configuration; it has \"login\", \"mail\"",
        ),
        (page.to_owned(), "line 3: ts: is before that of an earlier line; sort the trace by ts"),
        (send.replace("\"price\":0.04", "\"price\":-1"), "line 3: truth.price: must be an amount from 0 to a billion"),
        (send.replace("\"GB\"", "\"Britain\""), "line 3: geo.country: must be two letters, ISO 3166, or null"),
        (
            page.replace("\"GB\"", "\"Britain\"").replace("1795197600000", "1795197630000"),
            "line 3: geo.country: must be two letters, ISO 3166, or null",
        ),
        (
            send.replace("1795197620000", "1795197620000000"),
            "line 3: ts: is after the year 9999; it must be Unix milliseconds",
        ),
        (
            send.replace("[\"pow\",\"captcha\"]", "[\"luck\"]"),
            "line 3: outcome.solves: must be a list of \"pow\" and \"captcha\"",
        ),
        (send.replace("\"phone\":\"+447402417171\"", "\"phone\":447402417171"), "line 3: phone: must be text"),
        (send.replace("81.2.1.9", "81.2.1.999"), "line 3: ip: must be an IPv4 or IPv6 address as text"),
        (send.replace("[\"accept\",\"*/*\"]", "[\"bad name\",\"\"]"), "line 3: headers: has no header's name"),
        ("\u{fffd}".repeat(400_000), "line 3: the line is longer than 1048576 bytes"),
    ];
    let scratch = Scratch::new("replay-errors");
    for (bad, told) in table {
        fs::write(scratch.path().join("bad.jsonl"), format!("{page}\n{send}\n{bad}\n{send}\n")).unwrap();
        let arguments =
            ["bad.jsonl", "--config", &base(), "--decisions", "d.jsonl", "--report", "r.json", "--html", "p.html"];
        let output = replay(&scratch, &arguments.map(|argument: &str| argument));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error, format!("error: bad.jsonl, {told}\n"));
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
        let left: Vec<_> = fs::read_dir(scratch.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["bad.jsonl"], "no result, no part of one");
    }
}

#[test]
fn whoever_reads_ahead_stops_at_a_bad_line_and_where_nobody_can_write_what_was_decided() {
    let good = fs::read_to_string(case("measures.jsonl")).unwrap();
    let send = good.lines().nth(1).unwrap();
    let scratch = Scratch::new("replay-ahead");
    fs::write(scratch.path().join("long.jsonl"), format!("{send}\n").repeat(4_000) + "[]\n").unwrap();
    for (decisions, told) in [
        ("d.jsonl", "long.jsonl, line 4001: not an event: an event is a JSON object"),
        ("/dev/full", "cannot write /dev/full: No space left on device (os error 28)"),
    ] {
        let output = replay(&scratch, &["long.jsonl", "--config", &base(), "--decisions", decisions]);
        assert_eq!(String::from_utf8(output.stderr).unwrap(), format!("error: {told}\n"));
        assert_eq!(output.status.code(), Some(2));
    }
    assert!(!scratch.path().join("d.jsonl").exists());
}

#[test]
fn what_cannot_be_read_or_written_is_named() {
    let scratch = Scratch::new("replay-files");
    let trace = case("measures.jsonl").display().to_string();
    let error = |arguments: &[&str]| {
        let output = replay(&scratch, arguments);
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(
        error(&["nowhere.jsonl", "--config", &base()]),
        "error: cannot read the trace nowhere.jsonl: No such file or directory (os error 2)\n"
    );
    assert_eq!(
        error(&[&trace, "--config", &base(), "--report", "nowhere/r.json"]),
        "error: cannot write nowhere/r.json: No such file or directory (os error 2)\n"
    );
    assert!(error(&[&trace]).contains("--config <FILE>"));
    assert_eq!(
        error(&[&trace, "--config", &base(), "--report", "-"]),
        "error: cannot write -: results go to files; standard output is /dev/stdout\n"
    );
    assert_eq!(
        error(&[&trace, "--config", &base(), "--decisions", "x", "--report", "r.json", "--html", "./x"]),
        "error: --decisions and --html both name ./x; give each a file of its own\n"
    );
    fs::copy(&trace, scratch.path().join("t.jsonl")).unwrap();
    assert_eq!(
        error(&["./t.jsonl", "--config", &base(), "--decisions", "t.jsonl"]),
        "error: TRACE and --decisions both name t.jsonl; give each a file of its own\n"
    );
    assert_eq!(fs::read(scratch.path().join("t.jsonl")).unwrap(), fs::read(&trace).unwrap());
    let state = scratch.path().join("state");
    fs::create_dir_all(state.join("decisions")).unwrap();
    let empty = "error: there is no decision log in state: its files are decisions-TIME-N.jsonl\n";
    assert_eq!(error(&["state", "--config", &base()]), empty);
    fs::write(state.join("decisions/decisions-20261120T181002-0.jsonl"), "").unwrap();
    assert_eq!(
        error(&["state", "--config", &base()]),
        "error: there is no decision log in state; it is in state/decisions\n"
    );
}

#[test]
fn a_long_pause_after_an_attack_takes_no_time() {
    let scratch = Scratch::new("replay-pause");
    let mut trace = trace_of("burst-address", 0.1);
    let good = fs::read_to_string(case("measures.jsonl")).unwrap();
    let years_later = 1_795_197_600_000 + 70 * 365 * 86_400_000_u64;
    let page = good.lines().next().unwrap().replace("1795197600000", &years_later.to_string());
    writeln!(trace, "{page}").unwrap();
    let arguments = ["-", "--config", &base(), "--report", "r.json"];
    said(&replay_of(&scratch, &arguments.map(|argument: &str| argument), &trace));
    let alerts = &json(&scratch, "r.json")["alerts"];
    let listed = alerts["listed"].as_array().unwrap();
    assert_eq!(listed.last().unwrap()["status"], "resolved", "{alerts}");
}

#[test]
fn what_identifies_a_client_is_what_its_endpoint_says() {
    let scratch = Scratch::new("replay-source");
    let rules = "\n[[rule]]\nid = \"by-cookie\"\nwhen = 'client.source == \"cookie:sid\"'\nthen = \"block\"\n";
    let config = fs::read_to_string(case("base.toml")).unwrap() + rules;
    let config = config.replace("default_region = \"GB\"", "default_region = \"GB\"\nclient = [\"cookie:sid\"]");
    fs::write(scratch.path().join("config.toml"), config).unwrap();
    let good = fs::read_to_string(case("measures.jsonl")).unwrap();
    let send = good.lines().nth(1).unwrap();
    said(&replay_of(&scratch, &["-", "--config", "config.toml", "--decisions", "d.jsonl"], send.as_bytes()));
    let told: Value = serde_json::from_str(&read(&scratch, "d.jsonl")).unwrap();
    assert_eq!([&told["verdict"], &told["decided_by"]], ["block", "rule"]);
}

#[test]
fn an_empty_trace_is_no_error() {
    let scratch = Scratch::new("replay-empty");
    let table = said(&replay_of(&scratch, &["-", "--config", &base(), "--report", "r.json", "--html", "p"], b"\n\n"));
    assert!(table.starts_with("nothing to replay: the trace has no event"), "{table}");
    assert_eq!(json(&scratch, "r.json")["sends"], 0);
}

/// A log of a phone that asked three times in a minute, which was let through twice, and of one abroad.
fn log() -> String {
    let records = |number: u64, seconds: u64, verdict: Verdict, mode: Mode| {
        let at = start_of_test() + Span::seconds(seconds);
        let decision = Decision { mode, ..decision(at, number, verdict) };
        let mut facts = Facts { place: Place::default(), ..facts(at) };
        let has = [Has::ACCEPT, Has::LANGUAGE, Has::ENCODING]
            .into_iter()
            .fold(Has::default(), |all, has| all.with(has, true));
        facts.client.fingerprint.traits =
            Traits { program: Program::Firefox, major: 142, has, language: Language::new("de") };
        Record::Decision(Arc::new(decision), Arc::new(facts))
    };
    let outcome = |number: u64, seconds: u64, after: u64| {
        let sent = start_of_test() + Span::seconds(seconds);
        let (decision, at) = (DecisionId::new(sent, number), sent + Span::seconds(after));
        let verified = Outcome { outcome: OutcomeKind::Verified, decision, at, endpoint: "login".into() };
        Record::Outcome(verified, OutcomeSource::Verify)
    };
    let until = start_of_test() + Span::seconds(90);
    let lines = [
        records(1, 0, Verdict::Forward, Mode::Enforce),
        records(2, 20, Verdict::Forward, Mode::Enforce),
        outcome(2, 20, 9),
        records(3, 40, Verdict::Cooldown { until }, Mode::Enforce),
        records(4, 200, Verdict::Cooldown { until }, Mode::Enforce),
        records(5, 230, Verdict::Block, Mode::Monitor),
    ];
    lines.iter().fold(String::new(), |text, line| text + &serde_json::to_string(line).unwrap() + "\n")
}

#[test]
fn a_decision_log_is_replayed_as_far_as_it_goes() {
    let scratch = Scratch::new("replay-log");
    // In two files of a directory, the first cut off by a crash, and with a line of something else.
    let log = log();
    let (first, second) = log.split_at(log.match_indices('\n').nth(2).unwrap().0 + 1);
    let directory = scratch.path().join("decisions");
    fs::create_dir(&directory).unwrap();
    fs::write(directory.join("decisions-20261120T181002-0.jsonl"), format!("{first}{{\"v\":1,\"ts\"")).unwrap();
    let foreign = "{\"level\":\"info\"}\n";
    fs::write(directory.join("decisions-20261120T181003-0.jsonl"), format!("{second}{foreign}")).unwrap();
    let arguments =
        ["decisions", "--config", &base(), "--decisions", "d.jsonl", "--report", "r.json", "--html", "p.html"];
    let table = said(&replay(&scratch, &arguments.map(|argument: &str| argument)));
    expect_file![case("log.expected")].assert_eq(&format!("{}\n{table}", decided(&read(&scratch, "d.jsonl"))));

    let log = &json(&scratch, "r.json")["log"];
    assert_eq!([&log["imputed_outcomes"], &log["not_sent"], &log["torn"], &log["foreign"]], [1, 0, 1, 1]);
    assert!(read(&scratch, "p.html").contains("against what was decided when the log was written"));
}

#[test]
fn a_rule_on_a_whole_address_is_not_replayable_from_a_log() {
    let scratch = Scratch::new("replay-address");
    let rule =
        "\n[[limit]]\nname = \"one\"\nkey = [\"endpoint\"]\nwhen = 'ip == \"203.0.113.9\"'\nmax = 0\nper = \"1m\"\n";
    let config = fs::read_to_string(case("base.toml")).unwrap() + rule;
    fs::write(scratch.path().join("config.toml"), config).unwrap();
    let table = said(&replay_of(&scratch, &["-", "--config", "config.toml"], log().as_bytes()));
    let last = table.lines().last().unwrap();
    expect!["not replayable: limit one: its condition reads ip, of which a log keeps the network alone"]
        .assert_eq(last);
}
