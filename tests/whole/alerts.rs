//! An attack becomes an incident that is told, acknowledged, exported and kept; a budget stops what everything else lets by.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output};
use std::sync::{Mutex, mpsc};

use serde_json::{Value, json};

use crate::support::app::App;
use crate::support::client::connect;
use crate::support::gate::LIMITS_ALONE;
use crate::support::proxy::eventually;
use crate::whole::stage::{Directory, SHOP_LOGIN, Sendwall, shop};

fn attacked(mode: &str) -> (App, Sendwall) {
    let app = shop();
    let rules = format!(
        r#"
mode = "{mode}"
default_limits = false
prior = "none"
trusted_proxies = ["127.0.0.0/8"]
{SHOP_LOGIN}
[[alert]]
name = "attack"
kind = "attack"
by = "country"
per = "15m"
warn = 10
critical = 60
keep_firing_for = "1h"
"#
    );
    let sendwall = Sendwall::start(app.address, &rules);
    for n in 0..80 {
        let from = format!("198.51.{}.{}", n % 100, n);
        let body = format!(r#"{{"phone":"+4474024{:05}"}}"#, 17_000 + n);
        sendwall.post("/api/send-code", &[("x-forwarded-for", &from)], &body);
    }
    (app, sendwall)
}

fn incidents(sendwall: &Sendwall) -> Vec<Value> {
    let listed = sendwall.admin("/api/incidents").json();
    let rows = listed["incidents"].as_array().unwrap().iter();
    rows.filter(|incident| incident["kind"] == "attack").cloned().collect()
}

fn incident(sendwall: &Sendwall, arguments: &[&str]) -> Output {
    let admin = format!("http://{}", sendwall.admin);
    let command =
        Command::new(env!("CARGO_BIN_EXE_sendwall")).arg("incident").args(arguments).args(["--admin", &admin]).output();
    command.unwrap()
}

#[test]
fn an_attack_is_an_incident_that_outlives_the_process() {
    let (_app, mut sendwall) = attacked("enforce");
    eventually("an incident", || !incidents(&sendwall).is_empty());
    let found = incidents(&sendwall).remove(0);
    let id = found["id"].as_str().unwrap();
    assert_eq!((&found["labels"]["endpoint"], &found["open"]), (&json!("login"), &json!(true)));
    let open = sendwall.admin("/api/status").json()["incidents"].clone();
    assert!(open.as_array().unwrap().iter().any(|incident| incident["id"] == found["id"]), "{open}");
    assert!(sendwall.metric("sendwall_incident_messages_total", &["kind=\"attack\"", "status=\"firing\""]) > 0.0);

    let listed = incident(&sendwall, &["list", "--open"]);
    assert_eq!(listed.status.code(), Some(1), "something is open");
    assert!(String::from_utf8_lossy(&listed.stdout).contains(id));
    assert!(incident(&sendwall, &["ack", id, "--by", "ann", "--note", "on it"]).status.success());
    assert!(incident(&sendwall, &["ack", id, "--note", "a bomber"]).status.success());
    let shown = incident(&sendwall, &["show", id]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("acknowledged by ann: a bomber"), "{shown:?}");
    let exported = incident(&sendwall, &["export", id, "-o", "-"]);
    assert!(String::from_utf8_lossy(&exported.stdout).contains("sendwall-incident-1"), "{exported:?}");
    let file = sendwall.directory.0.join("evidence.json");
    let path = file.display().to_string();
    assert!(incident(&sendwall, &["export", id, "-o", &path]).status.success());
    let text = fs::read_to_string(&file).unwrap();
    let evidence: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(evidence["incident"]["acknowledged"]["by"], "ann");
    let seen = &evidence["incident"]["evidence"];
    assert!(seen["refused"].as_u64().unwrap() + seen["challenged"].as_u64().unwrap() >= 10, "{seen}");
    assert!(seen["ranges"]["+44740241"]["sent"].as_u64().unwrap() > 0, "{seen}");
    assert!(!text.contains("740241700") && !text.contains("740241705"), "no whole number is in it");
    assert!(!incident(&sendwall, &["show", "../api/status"]).status.success());

    let told = || sendwall.admin(&format!("/api/incidents/{id}")).json()["messages"].as_u64();
    let before = told();
    sendwall.end("-TERM");
    sendwall.start_again();
    let again = incidents(&sendwall);
    assert_eq!((again.len(), &again[0]["id"], &again[0]["open"]), (1, &found["id"], &json!(true)));
    let told = sendwall.admin(&format!("/api/incidents/{id}")).json()["messages"].as_u64();
    assert!(told >= before && before >= Some(1), "{before:?} {told:?}");
}

#[test]
fn an_attack_that_monitor_mode_lets_through_is_not_told_as_stopped() {
    let (app, sendwall) = attacked("monitor");
    assert_eq!(app.requests().len(), 80);
    eventually("an incident", || !incidents(&sendwall).is_empty());
    let found = incidents(&sendwall).remove(0);
    let (id, summary) = (found["id"].as_str().unwrap(), found["summary"].as_str().unwrap());
    let told = "requests would have been stopped (monitor mode: all were let through); ";
    assert!(summary.contains(told), "{summary}");
    let shown = incident(&sendwall, &["show", id]);
    let shown = String::from_utf8_lossy(&shown.stdout);
    assert!(shown.contains("(monitor mode: all were let through): ") && shown.contains(" would have been stopped, "));
    assert!(!shown.contains("requests stopped"), "{shown}");
}

#[test]
fn connections_that_are_all_in_use_are_not_told_as_an_app_that_does_not_answer() {
    let (let_go, held) = mpsc::channel::<()>();
    let held = Mutex::new(held);
    let app = App::start(move |_, _| held.lock().unwrap().recv().is_ok());
    let bounds = "[upstream_pool]\nmax_connections = 1\n[timeouts]\nupstream_connect = \"100ms\"\n";
    let sendwall = Sendwall::start(app.address, &format!("{SHOP_LOGIN}{bounds}"));
    let mut first = connect(sendwall.address);
    first.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    app.wait_for(1);
    let refused = sendwall.send("+447402417171");
    assert_eq!((refused.status, refused.code().as_str()), (503, "upstream_busy"));
    assert_eq!(sendwall.metric("sendwall_upstream_errors_total", &["kind=\"full\""]), 1.0);
    assert_eq!(sendwall.metric("sendwall_upstream_down", &[]), 0.0);
    let told = || {
        let listed = sendwall.admin("/api/incidents").json();
        let found = listed["incidents"].as_array().unwrap().first().map(|one| one["summary"].clone());
        found.and_then(|summary| summary.as_str().map(str::to_owned))
    };
    eventually("an incident", || told().is_some());
    assert_eq!(told().unwrap(), "all 1 connections to the app are in use: 1 request got none");
    drop(let_go);
}

#[test]
fn a_snapshot_that_cannot_be_written_is_told() {
    let app = shop();
    let directory = Directory::new();
    fs::create_dir_all(directory.0.join("state/snapshot.new")).unwrap();
    let often = format!("{SHOP_LOGIN}[snapshot]\ninterval = \"1s\"\n");
    let sendwall = Sendwall::start_in(directory, app.address, &often);
    sendwall.send("+447402417171");
    let told = || sendwall.admin("/api/incidents").json()["incidents"].to_string();
    eventually("an incident", || {
        told().contains("no snapshot can be written: a restart now loses what was counted since")
    });
}

#[test]
fn commands_say_how_to_give_the_token_that_they_lack() {
    let app = shop();
    let directory = Directory::new();
    directory.write("token", "0123456789abcdef0123456789abcdef");
    let sendwall = Sendwall::start_in(directory, app.address, &format!("admin_token_file = \"token\"\n{SHOP_LOGIN}"));
    for arguments in [&["list"][..], &["show", "inc-1-1"], &["ack", "inc-1-1"], &["export", "inc-1-1"]] {
        let refused = incident(&sendwall, arguments);
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(refused.status.code() == Some(2) && said.contains("--token-file"), "{arguments:?}: {said}");
    }
    let file = sendwall.directory.0.join("token").display().to_string();
    let listed = incident(&sendwall, &["list", "--token-file", &file]);
    assert!(listed.status.success() && listed.stdout.is_empty());
    assert_eq!(String::from_utf8_lossy(&listed.stderr), "there was no incident yet\n");
    let wrong = sendwall.directory.write("wrong", "another-0123456789abcdef").display().to_string();
    let refused = incident(&sendwall, &["list", "--token-file", &wrong]);
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        refused.status.code() == Some(2) && said.contains(&format!("does not take the token in {wrong}")),
        "{said}"
    );
}

#[test]
fn a_silence_is_begun_and_ended_and_nonsense_is_refused() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, SHOP_LOGIN);
    let begun = sendwall.admin_post("/api/silences", r#"{"matches":{"kind":"attack"},"for":"2h","by":"ann"}"#);
    assert_eq!((begun.status, &begun.json()["id"]), (200, &json!(1)));
    assert_eq!(sendwall.admin("/api/silences").json()["silences"].as_array().unwrap().len(), 1);
    for nonsense in
        [r#"{"matches":{"colour":"red"},"for":"2h"}"#, r#"{"for":"10y"}"#, r#"{"for":"1h","x":1}"#, "{}", "["]
    {
        assert_eq!(sendwall.admin_post("/api/silences", nonsense).status, 400, "{nonsense}");
    }
    for (matches, hint) in [(r#"{"kind":"atack"}"#, "attack"), (r#"{"severity":"warning"}"#, "warn, critical")] {
        let refused = sendwall.admin_post("/api/silences", &format!(r#"{{"matches":{matches},"for":"2h"}}"#));
        assert_eq!(refused.status, 400, "{matches} would silence nothing");
        assert!(refused.body.contains(hint), "{}", refused.body);
    }
    for text in [r#""by":"+447402417171""#, r#""note":"called 447402417171""#, r#""note":"two\nlines""#] {
        let silence = sendwall.admin_post("/api/silences", &format!(r#"{{"for":"2h",{text}}}"#));
        assert_eq!((silence.status, silence.code().as_str()), (400, "bad_text"), "{text}: {}", silence.body);
        let acknowledged = sendwall.admin_post("/api/incidents/inc-1-1/ack", &format!("{{{text}}}"));
        assert_eq!(acknowledged.status, 400, "{text}");
        assert!(!silence.body.contains("7402417171") && !acknowledged.body.contains("7402417171"));
    }
    assert_eq!(sendwall.admin_post("/api/silences/1/end", "").status, 200);
    assert_eq!(sendwall.admin_post("/api/silences/1/end", "").status, 404);
    assert_eq!(sendwall.admin("/api/incidents/inc-1-1").status, 404);
    assert_eq!(sendwall.admin_post("/api/incidents/inc-1-1/ack", "{}").status, 404);
    assert_eq!(sendwall.admin("/api/budgets/reset").status, 405);
}

#[test]
fn a_budget_stops_strangers_tells_and_counts_on_after_a_restart() {
    let app = shop();
    let rules = format!(
        "mode = \"enforce\"\ndefault_limits = false\n{LIMITS_ALONE}\n{SHOP_LOGIN}\n[budget]\nsoft = 1.0\nmessages_per_hour = 10\n"
    );
    let mut sendwall = Sendwall::start(app.address, &rules);
    let phone = |n: u32| format!("+4474024{:05}", 17_000 + 137 * n);
    let statuses: Vec<_> = (0..12).map(|n| sendwall.send(&phone(n)).status).collect();
    assert_eq!(
        statuses,
        [200, 200, 200, 200, 200, 200, 200, 200, 429, 429, 429, 429],
        "a fifth is kept for known users"
    );
    let refused = sendwall.send(&phone(20));
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((3_500..=3_660).contains(&wait), "{wait}");
    let told = sendwall.decision(&refused);
    assert_eq!((&told["decided_by"], &told["reasons"][0]["code"]), (&json!("budget"), &json!("budget")));
    let budget = || sendwall.admin("/api/budgets").json()["budgets"][0].clone();
    assert_eq!((&budget()["used"], &budget()["max"], &budget()["strangers"]), (&json!(8.0), &json!(10.0), &json!(8.0)));
    eventually("a budget's incident", || {
        let listed = sendwall.admin("/api/incidents").json();
        listed["incidents"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["kind"] == "budget" && one["severity"] == "critical")
    });
    eventually("the metric", || sendwall.metric("sendwall_budget_fill", &["budget=\"messages_per_hour\""]) >= 1.0);

    sendwall.end("-TERM");
    sendwall.start_again();
    assert_eq!(sendwall.send(&phone(30)).status, 429, "what was spent is not forgotten");
    assert_eq!(sendwall.admin_post("/api/budgets/reset", "").status, 200);
    assert_eq!(sendwall.send(&phone(31)).status, 200, "but by hand");
    assert_eq!(app.requests().len(), 9);
}
