//! The engine through the real proxy: what clients are answered, and what is told of it.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::proxy::eventually;
use crate::whole::stage::{Answer, CHROME, CODE, SCRIPT, SHOP_LOGIN, Sendwall, shop};

/// Without limits. `top` are first lines, `more` further ones of the endpoint.
fn login(top: &str, more: &str) -> String {
    format!(
        r#"
default_limits = false
trusted_proxies = ["127.0.0.0/8"]
{top}

{SHOP_LOGIN}
{more}
"#
    )
}

fn send(sendwall: &Sendwall, agent: &str, phone: &str) -> Answer {
    let accepted = [("accept", "*/*"), ("accept-language", "en-GB"), ("accept-encoding", "gzip")];
    let headers: Vec<_> = [("user-agent", agent)].iter().chain(&accepted).copied().collect();
    sendwall.post("/api/send-code", &headers, &format!(r#"{{"phone":"{phone}"}}"#))
}

const ENFORCE: &str = "mode = \"enforce\"";

#[test]
fn a_script_is_asked_for_a_proof_and_a_browser_is_not() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login(ENFORCE, "cors_origins = [\"https://shop.example\"]"));
    let script = send(&sendwall, SCRIPT, "+447402417171");
    assert_eq!(script.status, 428);
    let mut body = script.json();
    let challenge = body["challenge"].take();
    let id = script.header("sendwall-decision").unwrap();
    assert_eq!(
        body,
        json!({
            "code": "challenge_required", "message": "solve the challenge and send the request again",
            "decision": id, "challenge": null,
        })
    );
    assert_eq!((&challenge["kind"], &challenge["solve"]), (&json!("pow"), &json!("/_sendwall/solve")));
    assert_eq!((script.header("cache-control"), script.header("retry-after")), (Some("no-store"), None));
    assert_eq!(send(&sendwall, CHROME, "+447402417172").status, 200);
    assert_eq!(app.requests().len(), 1);

    let told = sendwall.decision(&script);
    assert_eq!((&told["verdict"], &told["challenge"]), (&"challenge".into(), &"pow".into()));
    assert_eq!((&told["trust"], &told["proven"]), (&"unknown".into(), &"none".into()));
    let reason = &told["reasons"][0];
    assert_eq!((&reason["code"], &reason["parts"]), (&"look".into(), &json!(["a script's agent"])));
    assert_eq!(reason["prior"], 1.0);
    assert_eq!(told["facts"]["fingerprint"]["program"], "library");
    let asked = sendwall.admin("/api/decisions?verdict=challenge").json();
    assert_eq!(asked["decisions"].as_array().unwrap().len(), 1);
    assert_eq!(sendwall.metric("sendwall_rungs_total", &["rung=\"pow\""]), 1.0);
    assert_eq!(sendwall.metric("sendwall_rungs_total", &["rung=\"none\""]), 1.0);

    let headers = [("user-agent", SCRIPT), ("origin", "https://shop.example")];
    let asked = sendwall.post("/api/send-code", &headers, r#"{"phone":"+447402417171"}"#);
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (428, Some("https://shop.example")));
}

#[test]
fn prior_none_goes_by_what_became_of_codes_alone() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login(&format!("{ENFORCE}\nprior = \"none\""), ""));
    assert_eq!(send(&sendwall, SCRIPT, "+447402417171").status, 200);
}

#[test]
fn an_app_that_answers_no_challenge_is_told_to_wait_longer_each_time() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login(ENFORCE, "challenge = \"none\""));
    let waits: Vec<u64> = (0..4)
        .map(|_| {
            let answer = send(&sendwall, SCRIPT, "+447402417171");
            assert_eq!((answer.status, answer.code().as_str()), (429, "cooldown"));
            answer.header("retry-after").unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!(waits, [30, 60, 120, 240]);
    assert!(app.requests().is_empty());
    assert_eq!(send(&sendwall, "ShopApp/5.2 (iPhone; iOS 18.1)", "+447402417172").status, 200);
}

#[test]
fn the_operators_own_answer_stands_in_for_a_challenge() {
    let app = shop();
    let own = "[endpoint.answer.challenge]\nstatus = 401\nbody = '{\"please\":\"prove it\"}'";
    let sendwall = Sendwall::start(app.address, &login(ENFORCE, own));
    let answer = send(&sendwall, SCRIPT, "+447402417171");
    assert_eq!((answer.status, answer.body.as_str()), (401, r#"{"please":"prove it"}"#));
    assert!(answer.header("sendwall-decision").is_some());
}

#[test]
fn monitor_mode_asks_nobody_and_tells_what_is_saved_as_a_range() {
    let app = shop();
    let limit = "[[limit]]\nname = \"once\"\nkey = [\"phone\"]\nmax = 1\nper = \"60s\"\n";
    let sendwall = Sendwall::start(app.address, &login("", limit));
    let answers = [SCRIPT, SCRIPT, CHROME].map(|agent| send(&sendwall, agent, "+447402417171"));
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    let verdicts: Vec<_> =
        app.requests().iter().map(|request| request.header("sendwall-verdict")[0].to_owned()).collect();
    assert_eq!(verdicts, ["challenge", "cooldown", "cooldown"]);
    let saved = |what: &str| sendwall.metric("sendwall_saved_sms_total", &["mode=\"monitor\"", what]);
    assert_eq!((saved("what=\"refused\""), saved("what=\"challenged\"")), (2.0, 1.0));
    assert_eq!(sendwall.metric("sendwall_open_challenges", &[]), 0.0, "nobody was asked");
    let totals = &sendwall.admin("/api/status").json()["totals"];
    assert_eq!((&totals["would_save_sms"], &totals["would_challenge_sms"]), (&2.into(), &1.into()));
}

/// The cell of a kind in what `explain` prints about a request to this phone.
fn explained(sendwall: &Sendwall, phone: &str) -> Value {
    let body = format!(r#"{{"phone":"{phone}"}}"#);
    let request = format!(
        "POST /api/send-code HTTP/1.1\r\nHost: a\r\nUser-Agent: {SCRIPT}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    sendwall.directory.write("request", &request);
    let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
    let arguments = ["explain", "--config", "sendwall.toml", "--request", "request"];
    let output = command.args(arguments).current_dir(&sendwall.directory.0).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn silence_heats_a_cell_and_a_verification_cools_it_and_all_of_it_is_told() {
    let app = shop();
    // A range that bears little, so that the first seconds of silence are enough.
    let cells = "cells.range = { limit = 0.5 }\n[snapshot]\ninterval = \"1s\"\n";
    let rules = login(&format!("mode = \"monitor\"\n{}", cells.lines().next().unwrap()), "");
    let sendwall = Sendwall::start(app.address, &format!("{rules}\n[snapshot]\ninterval = \"1s\"\n"));
    let phones: Vec<String> = (0..12).map(|index| format!("+4474024171{index:02}")).collect();
    for phone in &phones {
        assert_eq!(send(&sendwall, CHROME, phone).status, 200);
    }
    assert_eq!(sendwall.metric("sendwall_evidence_sends", &[]), 12.0);
    assert!(sendwall.metric("sendwall_table_entries", &["table=\"cells\""]) >= 12.0);
    let heat = || {
        let told = sendwall.decision(&send(&sendwall, CHROME, "+447402419999"));
        let reasons = told["reasons"].as_array().unwrap().clone();
        let range = reasons.iter().find(|reason| reason["code"] == "hot" && reason["kind"] == "range");
        range.map_or(0.0, |reason| reason["heat"].as_f64().unwrap())
    };
    eventually("silence is heard", || heat() >= 1.0);
    let hot = sendwall.admin("/api/cells?kind=range&limit=1").json();
    assert_eq!((&hot["cells"][0]["kind"], &hot["cells"][0]["value"]), (&"range".into(), &"+44740241".into()));
    assert!(hot["cells"][0]["heat"].as_f64().unwrap() >= 0.5, "{hot}");
    assert_eq!(sendwall.admin("/api/cells?colour=red").status, 400);

    for phone in &phones {
        assert_eq!(sendwall.verify(phone, CODE).status, 200);
    }
    eventually("verifications cool it", || heat() < 0.5);

    let told = explained(&sendwall, "+447402417101");
    assert_eq!(told["prior"]["parts"][0], json!({"look": "a script's agent", "share": 1.0}));
    let cells = told["cells"].as_array().unwrap();
    let range = cells.iter().find(|cell| cell["kind"] == "range").unwrap();
    assert_eq!(range["value"], "+44740241");
    assert!(range["rungs"]["captcha"]["bound"].as_f64().unwrap() > 1.0, "{range}");
    assert_eq!((&told["trust"], &told["verdict"]), (&told["trust"], &"challenge".into()));
    assert!(told["counters"].is_object(), "{told}");
}
