//! Another configuration while it runs: counters stay, and a broken one changes nothing.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::process::Command;
use std::time::Duration;

use sendwall::clock::Stopwatch;
use serde_json::Value;

use crate::support::app::App;
use crate::support::client::{connect, read_until};
use crate::support::gate::LIMITS_ALONE;
use crate::support::proxy::eventually;
use crate::whole::stage::{Sendwall, raw_request, shop};

fn rules(max: u32, more: &str) -> String {
    format!(
        r#"
{LIMITS_ALONE}
mode = "enforce"
default_limits = false
{more}

[[endpoint]]
name = "login"
send = "POST /api/send-code"
default_region = "GB"

[[limit]]
name = "hour"
key = ["phone"]
max = {max}
per = "1h"
"#
    )
}

/// `O_NONBLOCK` of Linux.
const NONBLOCKING: i32 = 0o4000;
const PHONE: &str = "+447402417171";

fn revision(sendwall: &Sendwall) -> String {
    sendwall.admin("/readyz").json()["revision"].as_str().unwrap().to_owned()
}

#[test]
fn a_connection_of_before_is_told_to_the_app_as_its_requests_are_judged() {
    let app = App::saying("ok");
    let sendwall = Sendwall::start(app.address, &rules(2, ""));
    let mut stream = connect(sendwall.address);
    let get = b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.7\r\n\r\n";
    for more in ["", "trusted_proxies = [\"127.0.0.0/8\"]", ""] {
        sendwall.write_rules(&rules(2, more));
        assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
        stream.write_all(get).unwrap();
        read_until(&mut stream, "ok");
    }
    let told: Vec<_> = app.requests().iter().map(|request| request.header("x-forwarded-for").join("; ")).collect();
    assert_eq!(told, ["127.0.0.1", "198.51.100.7, 127.0.0.1", "127.0.0.1"]);
}

#[test]
fn a_changed_limit_is_taken_without_losing_a_count() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules(2, ""));
    assert_eq!([1, 2, 3].map(|_| sendwall.send(PHONE).status), [200, 200, 429]);
    let first = revision(&sendwall);
    assert!(first.starts_with("r1-"), "{first}");

    sendwall.write_rules(&rules(3, ""));
    let told = sendwall.admin_post("/api/reload", "");
    assert_eq!((told.status, told.json()["revision"].as_str().unwrap().get(..3)), (200, Some("r2-")));
    let (third, fourth) = (sendwall.send(PHONE), sendwall.send(PHONE));
    assert_eq!((third.status, fourth.status), (200, 429), "two were counted before, so one more");
    assert_eq!(sendwall.decision(&third)["revision"], revision(&sendwall).as_str());

    sendwall.write_rules(&rules(4, ""));
    sendwall.signal("-HUP");
    eventually("SIGHUP reloads", || revision(&sendwall).starts_with("r3-"));
    let (fifth, sixth) = (sendwall.send(PHONE), sendwall.send(PHONE));
    assert_eq!((fifth.status, sixth.status), (200, 429));
    let decided: Vec<_> = [&third, &fifth].map(|answer| sendwall.decision(answer)["revision"].clone()).into();
    assert_eq!(decided, [told.json()["revision"].clone(), Value::from(revision(&sendwall))]);
    assert_eq!(sendwall.metric("sendwall_config_revision", &[]), 3.0);
}

#[test]
fn a_lower_limit_holds_at_once() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules(9, ""));
    assert_eq!([1, 2, 3].map(|_| sendwall.send(PHONE).status), [200, 200, 200]);
    sendwall.write_rules(&rules(2, ""));
    assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
    assert_eq!(sendwall.send(PHONE).status, 429);
}

#[test]
fn a_broken_file_is_refused_with_every_fault_and_the_old_one_stays() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules(1, ""));
    assert_eq!(sendwall.send(PHONE).status, 200);
    let before = revision(&sendwall);
    let broken =
        rules(1, "wrong = 1\nsessions = 3\ntrusted_proxies = [\"nowhere\"]").replace("[\"phone\"]", "[\"phnoe\"]");
    let names = ["wrong", "sessions", "nowhere", "phnoe"];
    sendwall.write_rules(&broken);
    let told = sendwall.admin_post("/api/reload", "");
    assert_eq!((told.status, told.code().as_str()), (422, "reload_refused"));
    let ready = sendwall.admin("/readyz");
    assert_eq!(ready.status, 200);
    let problems = ready.json()["reload_problems"].clone();
    assert_eq!(problems, told.json()["problems"]);
    let severity = |problem: &Value| problem.as_str().unwrap().split(':').next().unwrap().to_owned();
    let severities: Vec<_> = problems.as_array().unwrap().iter().map(severity).collect();
    assert!(severities.is_sorted() && severities.last().unwrap() == "warning", "errors first: {problems}");
    let log = sendwall.log();
    let errors = severities.iter().filter(|severity| *severity == "error").count();
    let count = [format!("\"count\":{errors},"), format!("count={errors} ")];
    assert!(count.iter().any(|count| log.contains(count)), "only what keeps it from being used is counted: {log}");
    for name in names {
        assert!(problems.to_string().contains(name), "{name} in {problems}");
        assert!(log.contains(name), "{name} in {log}");
    }
    assert_eq!(revision(&sendwall), before);
    assert_eq!(sendwall.send(PHONE).status, 429, "the old limit, with its count");
    assert_eq!(sendwall.metric("sendwall_reloads_total", &["result=\"ok\""]), 1.0);

    sendwall.signal("-HUP");
    eventually("the signal's reload is refused too", || sendwall.metric("sendwall_reloads_total", &[]) >= 3.0);
    sendwall.write_rules(&rules(2, ""));
    assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
    assert_eq!(sendwall.admin("/readyz").json()["reload_problems"], serde_json::json!([]));
    assert_eq!(sendwall.send(PHONE).status, 200);
}

#[test]
fn a_reload_that_hangs_on_a_disk_holds_up_nobody() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, &rules(1, ""));
    let file = sendwall.directory.0.join("sendwall.toml");
    std::fs::remove_file(&file).unwrap();
    assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
    sendwall.signal("-HUP");
    // Without a reader it can't be opened.
    let writer = || OpenOptions::new().write(true).custom_flags(NONBLOCKING).open(&file);
    let mut hanging = None;
    eventually("it reads the file", || {
        hanging = writer().ok();
        hanging.is_some()
    });
    for _ in 0..2 * std::thread::available_parallelism().unwrap().get() {
        assert_eq!(sendwall.admin("/readyz").status, 200);
    }
    assert_eq!([sendwall.send(PHONE).status, sendwall.send(PHONE).status], [200, 429]);

    // One runs and one waits; more don't pile up.
    let ask =
        || raw_request(sendwall.admin, b"POST /api/reload HTTP/1.0\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n");
    let mut asked = [ask(), ask(), ask()];
    for stream in &asked {
        stream.set_nonblocking(true).unwrap();
    }
    let mut told = String::new();
    eventually("one is turned away", || {
        asked.iter_mut().any(|stream| stream.read_to_string(&mut told).is_ok_and(|read| read > 0))
    });
    assert!(told.contains(" 422 ") && told.contains("another one waits"), "{told}");

    let watch = Stopwatch::start();
    assert!(sendwall.end("-TERM").success(), "what hangs is left behind");
    assert!(watch.elapsed() < Duration::from_secs(15), "and isn't waited for: {:?}", watch.elapsed());
    assert!(sendwall.directory.0.join("state/snapshot").exists());
}

#[test]
fn what_is_wrong_is_told_without_the_numbers_that_stand_there() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules(1, ""));
    for fault in [
        format!("[[list]]\nname = \"x\"\nkind = \"numbers\"\nvalus = [\"{PHONE}\"]"),
        format!("[[list]]\nname = \"x\"\nkind = \"networks\"\nvalues = [\"{PHONE}\"]"),
        format!("trusted_proxies = [{PHONE}, ]]"),
        format!("[[rule]]\nid = \"x\"\nwhen = 'phone == \"{PHONE}\"'\nthen = \"block\""),
    ] {
        sendwall.write_rules(&rules(1, &fault));
        let told = sendwall.admin_post("/api/reload", "");
        assert_eq!((told.status, told.body.contains("7402417171")), (422, false), "{}", told.body);
    }
    let history = std::fs::read_to_string(sendwall.directory.0.join("state/revisions.jsonl")).unwrap();
    for said in [sendwall.log(), sendwall.admin("/readyz").body, history] {
        assert!(!said.contains("7402417171"), "{said}");
    }
}

#[test]
fn what_only_a_restart_changes_is_said() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules(1, ""));
    sendwall.write_rules(&rules(1, "max_connections = 77"));
    assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
    assert!(sendwall.log().contains("take effect at the next start"), "{}", sendwall.log());
}

#[test]
fn endpoints_come_and_go_while_traffic_runs() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules(1_000, ""));
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asked = |client: u32| {
            (0..60).map(move |_| client).map(|client| sendwall.send(&format!("+4474024171{client:02}")).status)
        };
        let clients: Vec<_> = (0..3).map(|client| scope.spawn(move || asked(client).collect::<Vec<_>>())).collect();
        for round in 0..6 {
            let more = "[[endpoint]]\nname = \"more\"\nsend = \"POST /api/more\"\n";
            let text = rules(1_000, "");
            sendwall.write_rules(&if round % 2 == 0 { format!("{text}\n{more}") } else { text });
            assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
        }
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(sendwall.metric("sendwall_sends_total", &[]), 180.0);
}
