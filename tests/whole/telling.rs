//! What the process tells of its traffic.

use std::net::TcpListener;
use std::process::Command;

use serde_json::Value;

use crate::whole::stage::{CODE, SHOP_LOGIN, Sendwall, shop};

fn login() -> String {
    format!("mode = \"enforce\"\n{SHOP_LOGIN}")
}

#[test]
fn metrics_count_requests_by_what_they_were() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    assert_eq!(sendwall.send("+447402417171").status, 200);
    assert_eq!(sendwall.send("+447402417171").status, 429);
    assert_eq!(sendwall.verify("+447402417171", CODE).status, 200);
    for path in ["/", "/a", "/b"] {
        assert_eq!(sendwall.ask("GET", path, &[], "").status, 200);
    }
    assert_eq!(sendwall.ask("GET", "/_sendwall/none", &[], "").status, 404);
    let requests = |kind: &str| sendwall.metric("sendwall_requests_total", &[&format!("kind=\"{kind}\"")]);
    assert_eq!(["send", "try", "pass", "own"].map(requests), [2.0, 1.0, 3.0, 1.0]);
    assert_eq!(sendwall.metric("sendwall_connections_opened_total", &[]), 7.0);
    assert_eq!(sendwall.metric("sendwall_decision_seconds_count", &[]), 3.0);
}

#[test]
fn an_upstream_that_is_down_shows_in_metrics_readiness_and_log() {
    let down = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sendwall = Sendwall::start(down, &login());
    let ready = || sendwall.admin("/readyz").json()["upstream"].clone();
    assert_eq!(ready(), "untried");
    let answer = sendwall.send("+447402417171");
    assert_eq!((answer.status, answer.code().as_str()), (502, "upstream_unreachable"));
    assert_eq!(sendwall.ask("GET", "/", &[], "").status, 502);
    assert_eq!(ready(), "silent");
    assert_eq!(sendwall.metric("sendwall_upstream_errors_total", &["kind=\"unreachable\""]), 2.0);
    assert_eq!(sendwall.log().matches("no answer from the upstream").count(), 1, "{}", sendwall.log());
}

#[test]
fn an_explained_decision_is_laid_out_for_people() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    let sent = sendwall.send("+447402417171");
    let id = sent.header("sendwall-decision").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    let explained =
        command.args(["explain", "--decision", id, "--admin", &format!("http://{}", sendwall.admin)]).output();
    let told = String::from_utf8(explained.unwrap().stdout).unwrap();
    let record: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told.trim_end(), serde_json::to_string_pretty(&record).unwrap());

    let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    let unknown = "0".repeat(id.len());
    let refused = command.args(["explain", "--decision", &unknown, "--admin", &format!("http://{}", sendwall.admin)]);
    let refused = refused.output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(refused.status.code() == Some(1) && said.contains("neither in memory nor in the decision log"), "{said}");
}
