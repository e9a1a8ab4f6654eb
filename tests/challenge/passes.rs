//! A pass from the challenge to the send that uses it up, and every pass that doesn't count.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use serde_json::Value;

use crate::challenge::client::{payload, post_solving, solve};
use crate::support::gate::LIMITS_ALONE;
use crate::whole::stage::{Answer, Sendwall, raw_request, shop};

/// An agent that no browser has: whoever sends it is asked for a proof of work.
pub(super) const FAKE: (&str, &str) = ("user-agent", "Mozilla/4.0");
const PHONE: &str = r#"{"phone":"+447402417171"}"#;
const OTHER: &str = r#"{"phone":"+447402417172"}"#;

/// Where nothing but the look asks for a proof. `more` are further lines of `[challenge]`.
pub(super) fn rules(more: &str) -> String {
    format!(
        r#"{}
mode = "enforce"
default_limits = false
[challenge]
work = "light"
{more}
[[endpoint]]
name = "login"
send = "POST /api/send-code"
client = ["header:x-device-id"]
[[endpoint]]
name = "signup"
send = "POST /api/signup"
"#,
        LIMITS_ALONE.replace("prior = \"none\"", "")
    )
}

fn start(upstream: &crate::support::app::App) -> Sendwall {
    Sendwall::start(upstream.address, &rules("issue_rate = 100000\nissue_per_address = 60000"))
}

fn ask(sendwall: &Sendwall, headers: &[(&str, &str)], body: &str) -> Answer {
    sendwall.post("/api/send-code", &[&[FAKE], headers].concat(), body)
}

fn with_pass(sendwall: &Sendwall, pass: &str, body: &str) -> Answer {
    ask(sendwall, &[("sendwall-pass", pass)], body)
}

fn challenge(answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.json()["challenge"]["kind"].as_str()), (428, Some("pow")), "{answer:?}");
    answer.json()["challenge"].clone()
}

fn pass_of(solved: &Answer) -> String {
    assert_eq!(solved.status, 200, "{solved:?}");
    solved.json()["pass"].as_str().unwrap().to_owned()
}

/// A pass for [`PHONE`].
fn pass(sendwall: &Sendwall, headers: &[(&str, &str)]) -> String {
    pass_of(&solve(&sendwall.url(""), &challenge(&ask(sendwall, headers, PHONE))))
}

#[test]
fn an_app_that_solves_gets_its_code_and_a_script_that_does_not_gets_nothing() {
    let app = shop();
    let sendwall = start(&app);
    for _ in 0..3 {
        let asked = ask(&sendwall, &[], PHONE);
        assert_eq!(asked.code(), "challenge_required");
        challenge(&asked);
    }
    assert!(app.requests().is_empty(), "nothing reached the app");
    let answer = post_solving(&sendwall.url(""), "/api/send-code", &[FAKE], PHONE);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(app.requests()[0].header("sendwall-pass").is_empty(), "the pass stays here");
    let record = sendwall.decision(&answer);
    assert_eq!((&record["proven"], &record["pass"]), (&"pow".into(), &"counts".into()), "{record}");
    for (name, labels, count) in [
        ("sendwall_challenges_issued_total", "pow", 4.0),
        ("sendwall_challenges_solved_total", "pow", 1.0),
        ("sendwall_passes_burned_total", "", 1.0),
        ("sendwall_table_entries", "challenges", 1.0),
    ] {
        assert!((sendwall.metric(name, &[labels]) - count).abs() < 0.1, "{name}");
    }
}

#[test]
fn the_cookie_does_as_well_as_the_header_and_neither_goes_upstream() {
    let app = shop();
    let sendwall = start(&app);
    let solved = solve(&sendwall.url(""), &challenge(&ask(&sendwall, &[], PHONE)));
    let cookies: Vec<_> = solved.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    let set = cookies.iter().find(|cookie| cookie.starts_with("sendwall_pass=")).unwrap();
    assert!(set.ends_with("; Path=/; Max-Age=300; HttpOnly; SameSite=Lax"), "{set}");
    assert!(cookies.iter().any(|cookie| cookie.starts_with("sendwall_visit=")), "{cookies:?}");
    let cookie = format!("sid=1; {}; lang=en", set.split(';').next().unwrap());
    assert_eq!(ask(&sendwall, &[("cookie", &cookie)], PHONE).status, 200);
    assert_eq!(app.requests()[0].header("cookie"), ["sid=1; lang=en"]);
}

#[test]
fn a_pass_that_does_not_count_is_refused_with_its_own_code() {
    let app = shop();
    let sendwall = start(&app);
    let code = |answer: &Answer| {
        challenge(answer);
        assert_eq!(sendwall.decision(answer)["proven"], "none");
        answer.code()
    };
    let pass = pass(&sendwall, &[("x-device-id", "mine")]);
    let mine = |body| ask(&sendwall, &[("sendwall-pass", &pass), ("x-device-id", "mine")], body);
    assert_eq!(code(&mine(OTHER)), "pass_other_phone");
    assert_eq!(code(&with_pass(&sendwall, &pass, PHONE)), "pass_other_client");
    let theirs = [("sendwall-pass", pass.as_str()), ("x-device-id", "theirs")];
    assert_eq!(code(&ask(&sendwall, &theirs, PHONE)), "pass_other_client");
    let there = sendwall.post("/api/signup", &[FAKE, ("sendwall-pass", &pass), ("x-device-id", "mine")], PHONE);
    assert_eq!(code(&there), "pass_other_endpoint");
    let forged = format!("{}A{}", &pass[..40], &pass[41..]);
    for bad in ["", "x", "sendwall", &forged, &pass[1..], &format!("{pass}A"), &"A".repeat(pass.len())] {
        assert_eq!(code(&with_pass(&sendwall, bad, PHONE)), "pass_invalid", "{bad}");
    }
    assert_eq!(mine(PHONE).status, 200, "it was not used up by any of them");
    assert_eq!(code(&mine(PHONE)), "pass_spent");
    assert_eq!(sendwall.decision(&mine(PHONE))["pass"], "spent");
    assert!((sendwall.metric("sendwall_passes_refused_total", &["other_client"]) - 2.0).abs() < 0.1);
    assert_eq!(app.requests().len(), 1);
}

#[test]
fn a_pass_outlives_a_reload_and_no_restart() {
    let app = shop();
    let mut sendwall = start(&app);
    let passes = [pass(&sendwall, &[]), pass(&sendwall, &[])];
    sendwall.write_rules(&rules("pass_lifetime = \"1m\""));
    assert_eq!(sendwall.admin_post("/api/reload", "").status, 200);
    assert_eq!(with_pass(&sendwall, &passes[0], PHONE).status, 200);
    assert!(sendwall.end("-TERM").success());
    sendwall.start_again();
    let answer = with_pass(&sendwall, &passes[1], PHONE);
    assert_eq!(answer.code(), "pass_expired", "what was spent before isn't known any more: {answer:?}");
}

#[test]
fn a_pass_comes_back_where_no_code_went_out() {
    let app = shop();
    let sendwall = start(&app);
    let phone = r#"{"phone":"+447402417500"}"#;
    let pass = pass_of(&solve(&sendwall.url(""), &challenge(&ask(&sendwall, &[], phone))));
    for _ in 0..2 {
        assert_eq!(with_pass(&sendwall, &pass, phone).status, 500, "the shop could not send it");
    }
}

#[test]
fn an_address_that_asks_too_often_gets_no_more_challenges() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules("issue_per_address = 2"));
    let asked = [(); 3].map(|()| ask(&sendwall, &[], PHONE));
    assert_eq!(asked.each_ref().map(|answer| answer.status), [428, 428, 429]);
    assert_eq!(asked[2].code(), "too_many");
    assert_eq!(asked[2].header("retry-after"), Some("30"));
    assert!(asked[2].header("sendwall-decision").is_some());
}

#[test]
fn what_is_no_solution_gets_no_pass() {
    let app = shop();
    let sendwall = start(&app);
    let asked = challenge(&ask(&sendwall, &[], PHONE));
    let good = payload(&asked["altcha"]);
    let json = |payload: &str| format!(r#"{{"payload":"{payload}"}}"#);
    let solve = |kind: &str, body: &str| sendwall.ask("POST", "/_sendwall/solve", &[("content-type", kind)], body);
    let told = |answer: &Answer| (answer.status, answer.code());
    for (kind, body) in [
        ("application/json", String::new()),
        ("application/json", "{}".to_owned()),
        ("application/json", "[".to_owned()),
        ("application/json", r#"{"payload":7}"#.to_owned()),
        ("application/json", json("")),
        ("application/json", json("AAAA")),
        ("application/json", json(&good[4..])),
        ("application/json", json(&"A".repeat(5000))),
        ("application/x-www-form-urlencoded", format!("payload={}", &good[1..])),
        ("image/png", "\u{89}PNG".to_owned()),
    ] {
        assert_eq!(told(&solve(kind, &body)), (400, "solution_malformed".to_owned()), "{kind}: {body}");
    }
    assert_eq!(told(&solve("application/json", &json(&"A".repeat(70_000)))), (413, "body_too_large".to_owned()));
    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH"] {
        let answer = sendwall.ask(method, "/_sendwall/solve", &[], "");
        assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
    }
    assert_eq!(sendwall.ask("POST", "/_sendwall/solve/", &[], "").status, 404);
    let form = format!("payload={}", good.replace('+', "%2B").replace('=', "%3D"));
    assert_eq!(solve("application/x-www-form-urlencoded", &form).status, 200, "the good one, as a form");
    assert_eq!(told(&solve("application/json", &json(&good))), (409, "challenge_spent".to_owned()));
    assert!(app.requests().is_empty());
}

/// Sends one request over `count` connections at the same time: all of them but their last byte, then that. Gives the
/// statuses and codes of the answers.
fn race(sendwall: &Sendwall, count: usize, headers: &str, path: &str, body: &str) -> Vec<(u16, String)> {
    let length = body.len();
    let head = format!("POST {path} HTTP/1.1\r\nhost: shop\r\nuser-agent: Mozilla/4.0\r\n{headers}");
    let request =
        format!("{head}content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
    let (most, last) = request.as_bytes().split_at(request.len() - 1);
    let mut streams: Vec<TcpStream> = (0..count).map(|_| raw_request(sendwall.address, most)).collect();
    for stream in &mut streams {
        stream.write_all(last).unwrap();
    }
    let answers = streams.into_iter().map(|mut stream| {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let json: Value = serde_json::from_str(body).unwrap_or_default();
        let code = json["code"].as_str().unwrap_or_default().to_owned();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), code)
    });
    answers.collect()
}

#[test]
fn a_thousand_submissions_of_one_solution_spend_it_once() {
    let app = shop();
    let sendwall = start(&app);
    let payload = payload(&challenge(&ask(&sendwall, &[], PHONE))["altcha"]);
    let answers = race(&sendwall, 1000, "", "/_sendwall/solve", &format!(r#"{{"payload":"{payload}"}}"#));
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == (409, "challenge_spent".to_owned())).count(), 999);
}

#[test]
fn a_thousand_requests_with_one_pass_send_one_code() {
    let app = shop();
    let sendwall = start(&app);
    let pass = pass(&sendwall, &[]);
    let answers = race(&sendwall, 1000, &format!("sendwall-pass: {pass}\r\n"), "/api/send-code", PHONE);
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1);
    let refused = answers.iter().filter(|(_, code)| code == "pass_spent" || code == "too_many").count();
    assert_eq!(refused, 999, "{answers:?}");
    assert_eq!(app.requests().len(), 1);
}

#[test]
fn explain_shows_what_a_pass_is_worth_and_uses_none_up() {
    let app = shop();
    let sendwall = start(&app);
    let pass = pass(&sendwall, &[]);
    let explain = |pass: &str, body: &str| {
        let length = body.len();
        let request = format!(
            "POST /api/send-code HTTP/1.1\r\nHost: a\r\nUser-Agent: Mozilla/4.0\r\nSendwall-Pass: {pass}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        sendwall.directory.write("request", &request);
        let mut command = Command::new(env!("CARGO_BIN_EXE_sendwall"));
        let arguments = ["explain", "--config", "sendwall.toml", "--request", "request"];
        let output = command.args(arguments).current_dir(&sendwall.directory.0).output().unwrap();
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        ["verdict", "proven", "pass"].map(|name| told[name].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(explain(&pass, PHONE), ["forward", "pow", "counts"]);
    assert_eq!(explain(&pass, OTHER), ["challenge", "none", "other_phone"]);
    assert_eq!(explain("x", PHONE), ["challenge", "none", "invalid"]);
    assert_eq!(with_pass(&sendwall, &pass, PHONE).status, 200);
}
