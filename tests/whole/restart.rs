//! What a restart keeps: after an orderly stop everything, after a crash all but the last interval.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::app::{App, reply};
use crate::support::proxy::{eventually, let_pass};
use crate::whole::stage::{CODE, SHOP_LOGIN, Sendwall, raw_request, shop};

const PHONE: &str = "+447402417171";
const OTHER: &str = "+447402417172";

/// A phone once an hour; the snapshot as `snapshot` says.
fn rules(snapshot: &str, max: u32) -> String {
    format!(
        r#"
mode = "enforce"
default_limits = false
cells.phone = {{ open_floor = 100 }}

[snapshot]
{snapshot}

{SHOP_LOGIN}

[[limit]]
name = "hour"
key = ["phone"]
max = {max}
per = "1h"
"#
    )
}

const OFTEN: &str = "interval = \"1s\"";
const SELDOM: &str = "interval = \"1h\"";

fn state(sendwall: &Sendwall, name: &str) -> PathBuf {
    sendwall.directory.0.join("state").join(name)
}

fn set_aside(sendwall: &Sendwall) -> usize {
    let names = fs::read_dir(state(sendwall, "")).unwrap().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_str().unwrap().starts_with("snapshot.corrupt-")).count()
}

/// Waits until everything that was counted before is on disk.
fn wait_for_snapshot(sendwall: &Sendwall) {
    let_pass(Duration::from_millis(1100));
    eventually("a snapshot is younger", || sendwall.metric("sendwall_snapshot_age_seconds", &[]) < 1.0);
}

/// Verified and sent, by the admin address.
fn conversion(sendwall: &Sendwall) -> (u64, u64) {
    let rows = sendwall.admin("/api/conversion").json();
    let rows = rows["conversion"].as_array().unwrap_or_else(|| panic!("{rows}")).clone();
    let all = rows.iter().find(|row| row["country"].is_null() && row["range"].is_null()).unwrap();
    (all["verified"].as_u64().unwrap(), all["sent"].as_u64().unwrap())
}

/// An app whose `/slow` answers nobody.
fn slow_shop() -> App {
    App::start(|request, stream| {
        if request.target() == "/slow" {
            return stream.read(&mut [0]).is_ok_and(|bytes| bytes > 0);
        }
        reply(stream, "200 OK", "content-type: application/json", "{\"ok\":true}")
    })
}

#[test]
fn a_kill_while_it_waits_for_the_last_request_loses_nothing() {
    let app = slow_shop();
    let mut sendwall = Sendwall::start(app.address, &rules(SELDOM, 1));
    assert_eq!(sendwall.send(PHONE).status, 200);
    let _under_way = raw_request(sendwall.address, b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    app.wait_for(2);
    assert!(!state(&sendwall, "snapshot").exists());
    sendwall.signal("-TERM");
    eventually("what was counted is on disk", || state(&sendwall, "snapshot").exists());
    assert!(!sendwall.end("-KILL").success(), "it still waited");
    sendwall.start_again();
    assert_eq!(sendwall.send(PHONE).status, 429);
}

#[test]
fn a_second_signal_ends_the_wait_for_the_last_request() {
    let app = slow_shop();
    let mut sendwall = Sendwall::start(app.address, &rules(SELDOM, 1));
    assert_eq!(sendwall.send(PHONE).status, 200);
    let _under_way = raw_request(sendwall.address, b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    app.wait_for(2);
    sendwall.signal("-INT");
    eventually("it stops", || sendwall.log().contains("stopping"));
    assert!(sendwall.end("-INT").success());
    assert!(sendwall.log().contains("stopped before everything was finished"), "{}", sendwall.log());
    sendwall.start_again();
    assert_eq!(sendwall.send(PHONE).status, 429);
}

#[test]
fn a_stop_and_a_start_lose_nothing() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &rules(SELDOM, 1));
    assert_eq!([sendwall.send(PHONE).status, sendwall.send(OTHER).status], [200, 200]);
    assert_eq!(sendwall.verify(OTHER, CODE).status, 200);
    assert!(!state(&sendwall, "snapshot").exists());
    assert!(sendwall.end("-TERM").success());
    assert!(state(&sendwall, "snapshot").exists());
    sendwall.start_again();
    assert!(sendwall.log().contains("counters restored"), "{}", sendwall.log());
    assert_eq!([sendwall.send(PHONE).status, sendwall.send(OTHER).status], [429, 429]);
    assert_eq!(conversion(&sendwall), (1, 2));
    assert_eq!(sendwall.verify(PHONE, CODE).status, 200);
    assert_eq!(sendwall.metric("sendwall_outcomes_total", &["outcome=\"verified\""]), 1.0);
    assert_eq!(conversion(&sendwall), (2, 2));
    let third = sendwall.send("+447402417173");
    let told = sendwall.decision(&third)["reasons"].to_string();
    assert!(third.status == 200 && !told.contains("blind"), "outcomes were seen before the restart: {told}");
    assert_eq!((set_aside(&sendwall), sendwall.metric("sendwall_snapshot_failures_total", &[])), (0, 0.0));

    assert!(sendwall.end("-INT").success());
    sendwall.start_again();
    assert_eq!(conversion(&sendwall), (2, 3), "and once more");
}

#[test]
fn a_crash_loses_no_more_than_the_interval() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &rules(OFTEN, 1));
    assert_eq!(sendwall.send(PHONE).status, 200);
    wait_for_snapshot(&sendwall);
    assert!(!sendwall.end("-KILL").success());
    sendwall.start_again();
    assert_eq!(sendwall.send(PHONE).status, 429);
    assert_eq!(sendwall.verify(PHONE, CODE).status, 200);
    assert_eq!(conversion(&sendwall), (1, 1));
}

const HOT: &str = "heat of address below 1 at none";

/// Silence of three seconds closes what an address is granted, and volume closes nothing.
fn quick_to_judge() -> String {
    let kinds = ["address", "network", "fingerprint", "system", "pair", "country", "new_countries", "endpoint"];
    let patient = |kind| format!("[cells.{kind}]\nopen_floor = 1000\nrate_floor = 10000\n\n");
    let cells: String = kinds.map(patient).concat().replace("[cells.address]", "[cells.address]\nlimit = 0.5");
    rules(OFTEN, 100).replace("[snapshot]", &format!("{cells}[snapshot]")).replace("mode =", "prior = \"none\"\nmode =")
}

#[test]
fn a_cell_that_was_hot_before_a_crash_is_hot_after_it() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &quick_to_judge());
    let ranges = (0..50).map(|number| format!("+44740{number:02}17171"));
    let sent = ranges.map(|phone| sendwall.send(&phone).status).filter(|status| *status == 200).count();
    assert!(sent > 30, "{sent}");
    let_pass(Duration::from_millis(3500));
    let reasons = |sendwall: &Sendwall| {
        let answer = sendwall.send(PHONE);
        (answer.status, sendwall.decision(&answer)["reasons"].to_string())
    };
    eventually("the address is hot", || reasons(&sendwall).1.contains(HOT));
    wait_for_snapshot(&sendwall);
    assert!(!sendwall.end("-KILL").success());
    sendwall.start_again();
    let (status, told) = reasons(&sendwall);
    assert!(status != 200 && told.contains(HOT), "{status} {told}");
}

#[test]
fn a_crash_under_load_loses_no_more_than_the_interval() {
    let app = shop();
    // Monitored, so that nothing but the app's answer decides what was sent.
    let monitored = rules(OFTEN, 1).replace("\"enforce\"", "\"monitor\"");
    let mut sendwall = Sendwall::start(app.address, &monitored);
    let (stop, asked, sent) = (AtomicBool::new(false), AtomicU32::new(0), Mutex::new(Vec::new()));
    let url = sendwall.url("/api/send-code");
    let is_old = thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let number = asked.fetch_add(1, Ordering::Relaxed);
                    let body = format!(r#"{{"phone":"+44740241{number:04}"}}"#);
                    let Ok(answer) = ureq::post(&url).content_type("application/json").send(&body) else { break };
                    if answer.status() == 200 {
                        sent.lock().unwrap().push(number);
                    }
                }
            });
        }
        eventually("there is something to lose", || sent.lock().unwrap().len() > 100);
        let is_old = sent.lock().unwrap().len();
        // The interval, and some time for a machine that is busy with other tests.
        let_pass(Duration::from_millis(1500));
        eventually("a snapshot was written", || sendwall.metric("sendwall_snapshot_age_seconds", &[]) < 1.5);
        assert!(!sendwall.end("-KILL").success());
        stop.store(true, Ordering::Relaxed);
        is_old
    });
    assert!(asked.load(Ordering::Relaxed) < 10_000);
    sendwall.start_again();
    assert_eq!(set_aside(&sendwall), 0, "{}", sendwall.log());
    let sent = sent.into_inner().unwrap();
    for number in &sent[..is_old] {
        let again = sendwall.send(&format!("+44740241{number:04}"));
        let reasons = sendwall.decision(&again)["reasons"].to_string();
        assert!(reasons.contains("\"hour\""), "phone {number} was sent a code before: {reasons}");
    }
}

#[test]
fn a_damaged_snapshot_is_set_aside_and_the_process_starts() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &rules(SELDOM, 1));
    assert_eq!(sendwall.send(PHONE).status, 200);
    assert!(sendwall.end("-TERM").success());
    let file = state(&sendwall, "snapshot");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    sendwall.start_again();
    let log = sendwall.log();
    assert!(log.contains("ERROR") && log.contains("is damaged") && log.contains("snapshot.corrupt-"), "{log}");
    assert_eq!((set_aside(&sendwall), file.exists()), (1, false));
    assert_eq!(sendwall.metric("sendwall_snapshot_failures_total", &["what=\"read\""]), 1.0);
    assert_eq!([sendwall.send(PHONE).status, sendwall.send(PHONE).status], [200, 429], "counted from nothing");
    assert!(sendwall.end("-TERM").success());
    sendwall.start_again();
    assert_eq!(sendwall.send(PHONE).status, 429);
}

#[test]
fn what_is_explained_counts_what_the_named_state_holds() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &rules(SELDOM, 1));
    assert_eq!(sendwall.send(PHONE).status, 200);
    assert!(sendwall.end("-TERM").success());
    let directory = &sendwall.directory;
    let text = fs::read_to_string(directory.0.join("sendwall.toml")).unwrap();
    directory.write("other.toml", &text.replace("\"state\"", "\"elsewhere\""));
    directory
        .write("none.toml", &text.replace("state = \"state\"", "").replace("[snapshot]", "[log]").replace(SELDOM, ""));
    let body = format!("{{\"phone\":\"{PHONE}\"}}");
    let head = "POST /api/send-code HTTP/1.1\nHost: a\nContent-Type: application/json\n\n";
    directory.write("request", &format!("{head}{body}\n"));
    let explain = |config: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
        command.args(["explain", "--config", config, "--request", "request"]).args(more).current_dir(&directory.0);
        let output = command.env_remove("SENDWALL_KEY").stdin(Stdio::null()).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    fs::create_dir(directory.0.join("elsewhere")).unwrap();
    for (config, more, is_full) in [
        ("sendwall.toml", &[][..], true),
        ("other.toml", &["--state", "state"], true),
        ("none.toml", &["--state", "state"], true),
        ("sendwall.toml", &["--state", "elsewhere"], false),
    ] {
        let (status, told, error) = explain(config, more);
        assert_eq!(status, Some(0), "{config} {more:?}: {error}");
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["verdict"] == "cooldown", is_full, "{config} {more:?}: {}", told["counters"]);
    }
    let (status, _, error) = explain("sendwall.toml", &["--at", "2020-01-01T00:00:00Z"]);
    assert!(status == Some(2) && error.contains("after 2020-01-01") && error.contains("--at"), "{error}");
    assert!(!error.contains("set back"), "{error}");
    let (status, _, error) = explain("sendwall.toml", &["--state", "nowhere"]);
    assert_eq!((status, error.as_str()), (Some(2), "error: --state nowhere: there is no such directory\n"));
}

#[test]
fn damaged_incidents_are_set_aside_each_time_under_another_name() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &rules(SELDOM, 1));
    let aside = |sendwall: &Sendwall| {
        let names = fs::read_dir(state(sendwall, "")).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_str().unwrap().starts_with("incidents.json.corrupt-")).count()
    };
    for times in 1..=2 {
        sendwall.end("-TERM");
        fs::write(state(&sendwall, "incidents.json"), "{").unwrap();
        sendwall.start_again();
        let log = sendwall.log();
        assert!(
            log.contains("the incidents of before cannot be used") && log.contains("incidents.json.corrupt-"),
            "{log}"
        );
        assert_eq!(aside(&sendwall), times);
    }
}

#[test]
fn a_snapshot_of_another_key_is_set_aside() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &rules(SELDOM, 1));
    assert_eq!(sendwall.send(PHONE).status, 200);
    assert!(sendwall.end("-TERM").success());
    fs::remove_file(state(&sendwall, "keys")).unwrap();
    sendwall.start_again();
    assert!(sendwall.log().contains("under another key"), "{}", sendwall.log());
    assert_eq!((set_aside(&sendwall), sendwall.send(PHONE).status), (1, 200));
}

#[test]
fn a_reload_never_touches_what_a_snapshot_holds_and_a_restart_takes_other_limits_into_account() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &rules(SELDOM, 1));
    assert_eq!([sendwall.send(PHONE).status, sendwall.send(PHONE).status], [200, 429]);
    assert!(sendwall.end("-TERM").success());
    let on_disk = fs::read(state(&sendwall, "snapshot")).unwrap();
    sendwall.start_again();
    sendwall.write_rules(&rules(SELDOM, 2));
    assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
    assert_eq!(fs::read(state(&sendwall, "snapshot")).unwrap(), on_disk);
    assert_eq!([sendwall.send(PHONE).status, sendwall.send(PHONE).status], [200, 429], "one before, one after");
    assert_eq!(conversion(&sendwall), (0, 2));
    assert!(!sendwall.log().contains("take effect at the next start"), "{}", sendwall.log());
    sendwall.write_rules(&rules(OFTEN, 2));
    assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
    assert!(sendwall.log().contains("take effect at the next start settings=\"[snapshot]\""), "{}", sendwall.log());

    assert!(sendwall.end("-TERM").success());
    sendwall.write_rules(&rules(SELDOM, 3));
    sendwall.start_again();
    assert_eq!([sendwall.send(PHONE).status, sendwall.send(PHONE).status], [200, 429], "a third is one more");

    assert!(sendwall.end("-TERM").success());
    sendwall.write_rules(&rules(SELDOM, 3).replace("per = \"1h\"", "per = \"2h\""));
    sendwall.start_again();
    assert_eq!(sendwall.send(PHONE).status, 429, "a longer window holds what the shorter one held");

    assert!(sendwall.end("-TERM").success());
    sendwall.write_rules(&rules(SELDOM, 3).replace("key = [\"phone\"]", "key = [\"phone\", \"endpoint\"]"));
    sendwall.start_again();
    assert!(sendwall.log().contains("a part of the snapshot is left out"), "{}", sendwall.log());
    assert_eq!(sendwall.send(PHONE).status, 200, "another key is another limit");
    assert_eq!(conversion(&sendwall), (0, 4));
}

#[test]
fn without_a_snapshot_counting_begins_anew() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &rules("enabled = false", 1));
    assert_eq!(sendwall.send(PHONE).status, 200);
    assert!(sendwall.end("-TERM").success());
    assert!(!state(&sendwall, "snapshot").exists());
    sendwall.start_again();
    assert_eq!(sendwall.send(PHONE).status, 200);
}
