//! `sendwall simulate --http`: made-up people and attackers before the running proxy.

use std::process::Command;

use crate::whole::stage::{Sendwall, shop};

const LOGIN: &str = r#"
mode = "monitor"
trusted_proxies = ["127.0.0.0/8"]

[[endpoint]]
name = "login"
send = "POST /api/login/send-code"
client = ["cookie:sid", "header:x-device-id"]
"#;

fn simulate(arguments: &[&str]) -> (bool, String) {
    let ran = Command::new(env!("CARGO_BIN_EXE_sendwall")).arg("simulate").args(arguments).output().unwrap();
    let said = if ran.status.success() { ran.stdout } else { ran.stderr };
    (ran.status.success(), String::from_utf8(said).unwrap())
}

#[test]
fn a_trace_is_sent_with_its_addresses_cookies_and_outcomes() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, LOGIN);
    let (proxy, admin) = (sendwall.url(""), format!("http://{}", sendwall.admin));
    let hour = ["--start", "2026-11-02T12:00:00Z", "--days", "0.01", "--rate", "12", "--speed", "500"];
    let to = ["quiet", "--http", &proxy, "--admin", &admin];
    let (is_done, said) = simulate(&[&to[..], &hour[..]].concat());
    assert!(is_done, "{said}");

    let forwarded: usize = said
        .lines()
        .find_map(|line| line.strip_prefix("legit")?.strip_suffix("200 forwarded")?.trim().parse().ok())
        .unwrap_or_else(|| panic!("{said}"));
    assert!(forwarded > 80, "{said}");
    assert!(!said.contains("no decision") && !said.contains("no answer"), "{said}");
    let requests = app.requests();
    let sends = requests.iter().filter(|request| request.target() == "/api/login/send-code");
    assert_eq!(sends.clone().count(), forwarded);
    assert!(sends.clone().any(|send| send.header("cookie").iter().any(|cookie| cookie.contains("sid="))));
    assert!(sends.clone().any(|send| !send.header("x-device-id").is_empty()));
    let verified = sendwall.metric("sendwall_outcomes_total", &["outcome=\"verified\""]);
    assert!(verified > 50.0 && verified < 1000.0, "{verified} of {forwarded}");
}

#[test]
fn who_would_solve_a_proof_of_work_solves_it_and_gets_the_code() {
    let app = shop();
    let rule = "\n[challenge]\nwork = \"light\"\n[[rule]]\nid = \"all\"\nwhen = 'endpoint == \"login\"'\nthen = \"challenge\"\nrung = \"pow\"\n";
    let sendwall = Sendwall::start(app.address, &(LOGIN.replace("monitor", "enforce") + rule));
    let short = ["--start", "2026-11-02T12:00:00Z", "--days", "0.003", "--rate", "12", "--speed", "500"];
    let (is_done, said) = simulate(&[&["quiet", "--http", &sendwall.url("")][..], &short[..]].concat());
    assert!(is_done, "{said}");
    let count = |start: &str, end: &str| -> usize {
        let lines =
            said.lines().filter_map(|line| line.strip_prefix(start)?.strip_suffix(end)?.trim().parse::<usize>().ok());
        lines.sum()
    };
    let (solved, forwarded) = (count("solved", "proofs of work"), count("legit", "200 forwarded"));
    assert!(solved > 0, "{said}");
    // A proof passes no limit: who asks again too soon waits all the same, before or after the proof.
    let waiting = count("legit", "429 told to wait");
    assert!((forwarded..=forwarded + waiting).contains(&solved), "nobody gets a code without a proof: {said}");
    let sent = app.requests().iter().filter(|request| request.target() == "/api/login/send-code").count();
    assert_eq!(sent, forwarded);
}

#[test]
fn where_nothing_is_judged_the_path_to_protect_is_named_and_the_status_is_1() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &LOGIN.replace("/api/login/send-code", "/api/send"));
    let short = ["--start", "2026-11-02T12:00:00Z", "--days", "0.003", "--rate", "12", "--speed", "500"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    let ran = command.args(["simulate", "quiet", "--http", &sendwall.url("")]).args(short).output().unwrap();
    let (told, said) = (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert_eq!(ran.status.code(), Some(1), "{told}{said}");
    assert!(told.contains("answers of POST /api/login/send-code hold no decision"), "{told}");
    assert!(said.contains("not one of") && said.contains("POST /api/login/send-code"), "{said}");
    let (_, help) = simulate(&["--help"]);
    assert!(help.contains(sendwall::simulate::SEND_PATH), "{help}");
}

#[test]
fn other_machines_and_impossible_traces_are_errors_with_a_hint() {
    for (arguments, hint) in [
        (&["quiet", "--http", "http://192.0.2.1:80"][..], "loopback only"),
        (&["quiet", "--http", "http://127.0.0.1:1"], "no proxy answers"),
        (&["no-such-scenario"], "--list"),
        (&["quiet", "--days", "0"], "days"),
        (&["quiet", "--start", "yesterday"], "RFC 3339"),
    ] {
        let (is_done, said) = simulate(arguments);
        assert!(!is_done && said.contains(hint), "{arguments:?}: {said}");
    }
    let (is_done, list) = simulate(&["--list"]);
    assert!(is_done && list.lines().count() == sendwall::simulate::scenarios().len());
}
