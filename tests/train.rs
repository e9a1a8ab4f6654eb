//! Training as an operator does it: a log or a trace in, a model and its card out, and swapped in.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should fail loudly")]

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use sendwall::app;
use sendwall::clock::{Clock, ManualClock};
use sendwall::config::Config;
use sendwall::decide::Prior;
use sendwall::domain::{
    Country, Facts, Has, Language, Mode, Outcome, OutcomeKind, Program, Span, Timestamp, Traits, Verdict, Visit,
};
use sendwall::journal::{Journal, Record};
use sendwall::model::Features;
use sendwall::replay::{Engine, gather};
use sendwall::telemetry::{Metrics, OutcomeSource};
use sendwall::trace::Lines;

use crate::journal::{Scratch, decision};
use crate::support::evidence::{Person, START};

const CONFIG: &str = "upstream = \"http://127.0.0.1:3000\"\ndefault_limits = false\n\n[[endpoint]]\nname = \"login\"\n\
                      send = \"POST /api/send-code\"\nverify = \"POST /api/verify\"\nverified_if = \"status == 200\"\n\
                      default_region = \"GB\"\n";

fn sendwall(scratch: &Scratch, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sendwall")).args(arguments).current_dir(scratch.path()).output().unwrap()
}

fn said(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn put(scratch: &Scratch, name: &str, text: &str) {
    fs::write(scratch.path().join(name), text).unwrap();
}

fn read(scratch: &Scratch, name: &str) -> String {
    fs::read_to_string(scratch.path().join(name)).unwrap()
}

/// A person with a browser that keeps its cookie.
fn browser(number: u64, at: Timestamp) -> Facts {
    let mut facts = Person { country: 1, system: number % 9, ..Person::alone(number) }.facts(at);
    let has = [Has::ACCEPT, Has::LANGUAGE, Has::ENCODING, Has::FETCH, Has::HINTS, Has::ORIGIN];
    let has = has.into_iter().fold(Has::default(), |all, has| all.with(has, true));
    let age = Span::millis(7_300 + number % 50 * 1000);
    facts.client.visit = Visit::Since(Timestamp::from_unix_ms(at.unix_ms() - age.as_millis()));
    facts.client.fingerprint.hash = number % 5;
    facts.client.fingerprint.traits =
        Traits { program: Program::Chromium, major: 154, has, language: Language::new("en-GB") };
    facts
}

/// A script on one range of numbers.
fn script(number: u64, at: Timestamp) -> Facts {
    let one = Person::alone(1_000_000);
    let person = Person { phone: number, client: None, address: number, ..one };
    let mut facts = person.facts(at);
    facts.client.fingerprint.traits =
        Traits { program: Program::Library, major: 0, has: Has::ACCEPT, language: Language::new("fr") };
    facts.place.hosting = Some(true);
    facts.place.country = Country::new("FR");
    facts
}

/// Two days of people, who verify, with a script for the second half, which doesn't: all forwarded, as in monitor mode.
fn records() -> Vec<(Timestamp, Record)> {
    let mut records = Vec::new();
    let mut one = |number: u64, at: Timestamp, facts: Facts, verified: bool| {
        let facts = Facts { at, ..facts };
        let decision = sendwall::domain::Decision {
            mode: Mode::Monitor,
            page_seen: number.is_multiple_of(3),
            ..decision(at, number, Verdict::Forward)
        };
        let id = decision.id;
        records.push((at, Record::Decision(Arc::new(decision), Arc::new(facts))));
        if verified {
            let at = at + Span::seconds(14);
            let outcome = Outcome { outcome: OutcomeKind::Verified, decision: id, at, endpoint: "login".into() };
            records.push((at, Record::Outcome(outcome, OutcomeSource::Verify)));
        }
    };
    for number in 0..1_400 {
        let at = START + Span::seconds(number * 120 + number % 7);
        one(number, at, browser(number, at), number % 10 != 0);
        if number >= 700 {
            let at = at + Span::seconds(30);
            one(10_000 + number, at, script(10_000 + number, at), false);
        }
    }
    records.sort_by_key(|(at, _)| *at);
    records
}

fn log() -> String {
    records().iter().fold(String::new(), |text, (_, line)| text + &serde_json::to_string(line).unwrap() + "\n")
}

fn engine() -> Engine {
    let mut config = Config::compile(CONFIG, Path::new("test.toml"), &|_| None).unwrap();
    config.prior = Prior::Weights;
    let clock = Arc::new(ManualClock::at(Timestamp::default()));
    let shared: Arc<dyn Clock> = Arc::<ManualClock>::clone(&clock);
    let metrics = Arc::new(Metrics::new("test", Arc::clone(&shared)));
    let journal = Arc::new(Journal::in_memory(Arc::clone(&metrics)));
    let gate = Arc::new(app::offline(&config, &shared, &metrics, &journal).unwrap());
    Engine { gate, clock, alerts: config.alerts }
}

/// What is trained on is what is met: the facts of live requests and those that the log keeps of them give the same
/// numbers, bit by bit.
#[test]
fn a_decision_log_says_all_that_a_model_reads() {
    let mut forged = browser(3, START);
    forged.client.visit = Visit::Forged;
    let mut phone = script(4, START);
    phone.client.fingerprint.traits.has = Has::OTHER_ORDER.with(Has::OTHER_TLS, true).with(Has::OTHER_HINTS, true);
    let mut abroad = browser(5, START);
    abroad.place.anonymous = Some(true);
    abroad.client.fingerprint.traits.language = Language::new("ru");
    abroad.client.visit = Visit::Since(Timestamp::from_unix_ms(START.unix_ms() - 1_700));
    let device = Person::alone(6).facts(START);
    for (page_seen, facts) in
        [browser(1, START), script(2, START), forged, phone, abroad, device].into_iter().enumerate()
    {
        let page_seen = page_seen.is_multiple_of(2);
        let live = engine();
        live.clock.set(START);
        if page_seen {
            live.gate.observe_page(&facts.client, START);
        }
        let met = live.gate.seen(&live.gate.revision(), &facts).row;
        let decision = sendwall::domain::Decision { page_seen, ..decision(START, 1, Verdict::Forward) };
        let record = Record::Decision(Arc::new(decision), Arc::new(facts));
        let line = serde_json::to_string(&record).unwrap();
        let mut learned: Vec<Features> = Vec::new();
        let lines = Lines::over("log", Cursor::new(line));
        gather(lines, engine(), &mut |_| true, &mut |example| learned.push(example.row)).unwrap();
        assert_eq!(learned, [met]);
    }
}

#[test]
fn an_operator_trains_on_the_log_of_monitor_mode_looks_at_what_changes_and_swaps_it_in() {
    let scratch = Scratch::new("train-log");
    put(&scratch, "log.jsonl", &log());
    put(&scratch, "sendwall.toml", CONFIG);
    let train = ["train", "log.jsonl", "--config", "sendwall.toml", "--out", "own.model", "--leave-out"];
    let told = said(&sendwall(&scratch, &train));
    assert!(told.starts_with("own.model: ") && told.contains("the card is own.md"), "{told}");
    let passes = "two passes over the data, one that forwards all and one that refuses what the engine can";
    for card in [read(&scratch, "own.md"), fs::read_to_string("models/shipped.md").unwrap()] {
        assert!(card.contains(passes), "each attempt counts in both passes, which has to be said: {card}");
    }

    let card: serde_json::Value = serde_json::from_str(&read(&scratch, "own.json")).unwrap();
    assert!(card["measures"]["auc"].as_f64().unwrap() > 0.99, "{card}");
    assert!(card["asked_real"].as_f64().unwrap() <= 0.002, "{card}");
    assert!(card["data"]["silent"].as_u64().unwrap() > 0, "who lost interest says nothing");
    assert!(read(&scratch, "own.md").contains("![What it says against what came true](own.svg)"));
    assert!(read(&scratch, "own.svg").starts_with("<svg "));

    let first = read(&scratch, "own.model");
    said(&sendwall(&scratch, &train));
    assert_eq!(read(&scratch, "own.model"), first, "the same log gives the same bytes");

    put(&scratch, "weights.toml", &format!("prior = \"none\"\n{CONFIG}"));
    put(&scratch, "own.toml", &format!("{CONFIG}\n[model]\nfile = \"own.model\"\n"));
    let check = said(&sendwall(&scratch, &["check", "own.toml"]));
    assert!(!check.contains("error"), "{check}");
    let arguments = ["replay", "log.jsonl", "--config", "own.toml", "--against", "weights.toml", "--report", "r.json"];
    let table = said(&sendwall(&scratch, &arguments));
    assert!(table.contains("challenged"), "{table}");
    let report: serde_json::Value = serde_json::from_str(&read(&scratch, "r.json")).unwrap();
    assert!(report["against"].is_object(), "{report}");
}

#[test]
fn labels_that_people_know_go_before_what_became_of_attempts() {
    let scratch = Scratch::new("train-labels");
    put(&scratch, "log.jsonl", &log());
    put(&scratch, "sendwall.toml", CONFIG);
    let train = |labels: &str| {
        put(&scratch, "known.csv", labels);
        let arguments =
            ["train", "log.jsonl", "--config", "sendwall.toml", "--out", "own.model", "--labels", "known.csv"];
        sendwall(&scratch, &arguments)
    };
    let all: Vec<_> = records()
        .into_iter()
        .filter_map(|(_, record)| match record {
            Record::Decision(decision, _) => Some(format!("{},legit\n", decision.id)),
            _ => None,
        })
        .collect();
    let error = refused(&train(&format!("id,Label\n{}abc,legit\n", all.concat())));
    assert!(error.contains(&format!("{} of {} labels met an attempt", all.len(), all.len() + 1)), "{error}");
    assert!(error.contains("too little to learn from") && error.contains("0 to be abuse"), "{error}");
    let error = refused(&train("id,label\nabc,bad\n"));
    assert!(error.contains("known.csv:2: \"bad\" is neither attack nor legit"), "{error}");
    let error = refused(&train("s1,atack\n"));
    assert!(error.contains("known.csv:1: \"atack\" is neither attack nor legit"), "{error}");
    let error = refused(&train("id,label\nabc,attack\nabd,legit\n"));
    assert!(error.contains("known.csv: none of 2 labels met an attempt"), "{error}");
    let error = refused(&train("no comma\n"));
    assert!(error.contains("known.csv:1: write an id, a comma, and attack or legit"), "{error}");
}

#[test]
fn a_model_is_not_written_where_its_card_goes() {
    let scratch = Scratch::new("train-out");
    put(&scratch, "log.jsonl", "");
    put(&scratch, "sendwall.toml", CONFIG);
    for name in ["own.json", "own.md", "own.SVG"] {
        let error = refused(&sendwall(&scratch, &["train", "log.jsonl", "--config", "sendwall.toml", "--out", name]));
        assert!(error.contains(&format!("--out {name}: the model's card goes there")), "{error}");
        assert!(error.contains("such as own.model") && !scratch.path().join(name).exists(), "{error}");
    }
}

#[test]
fn a_model_that_cannot_be_used_is_told_with_its_reason() {
    let scratch = Scratch::new("train-damaged");
    let shipped = fs::read_to_string("models/shipped.model").unwrap();
    let damaged = shipped.replacen("\"schema\":", "\"schema\":9", 1);
    for (text, told) in [
        ("{}", "this is no model"),
        (damaged.as_str(), "the model is damaged: its checksum doesn't fit"),
        (&shipped.replacen("sendwall-model 1 ", "sendwall-model 7 ", 1), "the model has format 7"),
    ] {
        put(&scratch, "own.model", text);
        put(&scratch, "own.toml", &format!("{CONFIG}\n[model]\nfile = \"own.model\"\n"));
        let output = sendwall(&scratch, &["check", "own.toml"]);
        let said = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(told) && said.contains("[model.file]"), "{said}");
    }
}

/// What the card promises of the shipped model, which is the same bytes as what its command trains (`tests/run.sh --long`):
/// that it finds abuse of classes that it never saw, where plain weights don't, and leaves people alone.
#[test]
fn the_shipped_model_finds_what_it_never_saw_and_asks_hardly_anyone_real() {
    let card: serde_json::Value = serde_json::from_str(&fs::read_to_string("models/shipped.json").unwrap()).unwrap();
    let number = |value: &serde_json::Value| value.as_f64();
    let at_first_sight = number(&card["measures"]["recall_at_0_1_percent"]).unwrap();
    assert!(at_first_sight >= 0.95 && number(&card["asked_real"]).unwrap() <= 0.002, "{at_first_sight}");
    let classes = card["classes"].as_array().unwrap();
    assert!(classes.len() >= 15, "every attack of the simulation");
    let mut sums = [0.0; 2];
    for class in classes {
        let name = &class["name"];
        let (left_out, plain) = (number(&class["left_out"]).unwrap(), number(&class["plain"]).unwrap());
        sums = [sums[0] + left_out, sums[1] + plain];
        assert!(plain > 0.5 || left_out > plain, "{name}: {left_out} by a model that never saw it, {plain} by weights");
    }
    assert!(sums[0] > 2.0 * sums[1], "{sums:?}");
    for name in ["scripts", "frozen-cookie", "rotating", "low-and-slow"] {
        let class = classes.iter().find(|class| class["name"] == name).unwrap();
        assert!(number(&class["asked"]).unwrap() >= 0.95, "{class}");
    }
}
