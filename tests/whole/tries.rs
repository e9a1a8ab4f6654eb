//! Tries of a code: limits on wrong ones, and whose session a right one settles.

use std::time::Duration;

use crate::support::gate::LIMITS_ALONE;
use crate::support::proxy::let_pass;
use crate::whole::stage::{CODE, Sendwall, shop};

/// A phone may have many codes, as fast as it asks.
fn login() -> String {
    format!("{LIMITS_ALONE}{LOGIN}")
}

/// Five wrong tries in a quarter of an hour by phone and by client.
const LOGIN: &str = r#"
mode = "enforce"
default_limits = false
trusted_proxies = ["127.0.0.0/8"]

[[endpoint]]
name = "login"
send = "POST /api/send-code"
verify = "POST /api/verify"
verified_if = 'json("/ok") == true'
match = ["phone", "client", "response:/request_id"]
client = ["cookie:sid"]
default_region = "GB"

[[limit]]
name = "tries-phone"
on = "verify"
key = ["phone"]
max = 5
per = "15m"

[[limit]]
name = "tries-client"
on = "verify"
key = ["cookie"]
max = 5
per = "15m"
"#;

const PHONE: &str = "+447402417171";

fn with_cookie(sendwall: &Sendwall, path: &str, sid: &str, body: &str) -> u16 {
    sendwall.post(path, &[("cookie", &format!("sid={sid}"))], body).status
}

fn sent(phone: &str) -> String {
    format!(r#"{{"phone":"{phone}"}}"#)
}

fn verified(sendwall: &Sendwall) -> f64 {
    sendwall.metric("sendwall_outcomes_total", &["outcome=\"verified\""])
}

#[test]
fn the_sixth_wrong_try_waits_whatever_session_it_comes_from() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    let wrong = |sid: &str, number: u32| {
        let body = format!(r#"{{"phone":"{PHONE}","code":"{number:06}"}}"#);
        with_cookie(&sendwall, "/api/verify", sid, &body)
    };
    let mut answers = Vec::new();
    for round in 0..6 {
        let sid = format!("new-cookie-{round}");
        assert_eq!(with_cookie(&sendwall, "/api/send-code", &sid, &sent(PHONE)), 200);
        answers.push(wrong(&sid, round));
    }
    assert_eq!(answers, [200, 200, 200, 200, 200, 429]);
    let right = sendwall.verify(PHONE, CODE);
    assert_eq!((right.status, right.code().as_str()), (429, "cooldown"), "guessing ends, also with the right code");
    assert!(right.header("retry-after").unwrap().parse::<u64>().unwrap() > 60);
    assert_eq!(sendwall.verify("+447402417172", "000000").status, 200, "another phone");
    assert_eq!(app.requests().iter().filter(|request| request.target() == "/api/verify").count(), 6);
    assert_eq!(sendwall.metric("sendwall_tries_total", &["verdict=\"cooldown\""]), 2.0);
}

#[test]
fn one_client_guesses_for_many_phones_no_oftener() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    let tries = (0..8).map(|index| {
        let body = format!(r#"{{"phone":"+4474024171{index:02}","code":"000000"}}"#);
        with_cookie(&sendwall, "/api/verify", "guesser", &body)
    });
    assert_eq!(tries.collect::<Vec<_>>(), [200, 200, 200, 200, 200, 429, 429, 429]);
}

#[test]
fn right_codes_and_errors_of_the_app_are_no_wrong_tries() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    assert_eq!(sendwall.send(PHONE).status, 200);
    for _ in 0..12 {
        assert_eq!(sendwall.verify(PHONE, CODE).status, 200);
    }
    let down = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let sendwall = Sendwall::start(down, LOGIN);
    for _ in 0..12 {
        assert_eq!(sendwall.verify(PHONE, "000000").status, 502);
    }
}

#[test]
fn after_a_wrong_try_the_next_waits_and_the_wait_grows() {
    let app = shop();
    let rules = LOGIN.replace("per = \"15m\"", "per = \"15m\"\ngrowing_wait = \"1s\"");
    let sendwall = Sendwall::start(app.address, &rules);
    let wait = |answer: crate::whole::stage::Answer| {
        assert_eq!(answer.status, 429, "{answer:?}");
        answer.header("retry-after").unwrap().parse::<u64>().unwrap()
    };
    assert_eq!(sendwall.verify(PHONE, "000000").status, 200);
    assert_eq!(wait(sendwall.verify(PHONE, "000001")), 1);
    let_pass(Duration::from_millis(1100));
    assert_eq!(sendwall.verify(PHONE, "000002").status, 200);
    assert_eq!(wait(sendwall.verify(PHONE, "000003")), 2);
    let_pass(Duration::from_millis(2100));
    assert_eq!(sendwall.verify(PHONE, CODE).status, 200, "once it waited, the right code passes");
}

#[test]
fn a_parallel_burst_of_guesses_gets_five() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    let statuses: Vec<_> = std::thread::scope(|scope| {
        let guess = |code: u32| sendwall.verify(PHONE, &format!("{code:06}")).status;
        let clients: Vec<_> = (0..24).map(|code| scope.spawn(move || guess(code))).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 5, "{statuses:?}");
}

#[test]
fn a_try_without_a_phone_counts_for_the_phone_of_its_session() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    let mut answers = Vec::new();
    for round in 0..6 {
        let sid = format!("s{round}");
        assert_eq!(with_cookie(&sendwall, "/api/send-code", &sid, &sent(PHONE)), 200);
        answers.push(with_cookie(&sendwall, "/api/verify", &sid, &format!(r#"{{"code":"00000{round}"}}"#)));
    }
    assert_eq!(answers, [200, 200, 200, 200, 200, 429]);
}

#[test]
fn a_verification_is_matched_by_phone_by_cookie_and_by_the_answers_id() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    let right = |body: &str, sid: &str| assert_eq!(with_cookie(&sendwall, "/api/verify", sid, body), 200);

    assert_eq!(sendwall.send(PHONE).status, 200);
    right(&format!(r#"{{"mobile":"07402417171","code":"{CODE}"}}"#), "other");
    assert_eq!(verified(&sendwall), 1.0, "by phone, in another spelling and with another cookie");

    assert_eq!(with_cookie(&sendwall, "/api/send-code", "mine", &sent("+447402417172")), 200);
    right(&format!(r#"{{"code":"{CODE}"}}"#), "mine");
    assert_eq!(verified(&sendwall), 2.0, "by cookie");

    let answer = sendwall.send("+447402417173").json();
    let id = answer["request_id"].as_str().unwrap();
    right(&format!(r#"{{"request_id":"{id}","code":"{CODE}"}}"#), "none-such");
    assert_eq!(verified(&sendwall), 3.0, "by the id in the answer");
    assert_eq!(sendwall.metric("sendwall_unmatched_outcomes_total", &[]), 0.0);
}

#[test]
fn a_verification_is_never_matched_by_address() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    let from = [("x-forwarded-for", "203.0.113.9")];
    assert_eq!(sendwall.post("/api/send-code", &from, &sent(PHONE)).status, 200);
    let code = format!(r#"{{"code":"{CODE}"}}"#);
    assert_eq!(sendwall.post("/api/verify", &from, &code).status, 200);
    assert_eq!(verified(&sendwall), 0.0);
    assert_eq!(sendwall.metric("sendwall_unmatched_outcomes_total", &["source=\"verify\""]), 1.0);
    assert_eq!(sendwall.admin("/api/status").json()["totals"]["verified"], 0);
}

#[test]
fn a_right_code_settles_every_send_of_its_phone() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    let sends: Vec<_> = (0..3).map(|_| sendwall.send(PHONE)).collect();
    assert_eq!(sendwall.verify(PHONE, "000000").status, 200);
    assert_eq!(verified(&sendwall), 0.0, "a wrong one settles none");
    assert_eq!(sendwall.verify(PHONE, CODE).status, 200);
    assert_eq!(verified(&sendwall), 3.0);
    for send in &sends {
        let events: Vec<_> = sendwall.decision(send)["became"]
            .as_array()
            .unwrap()
            .iter()
            .map(|record| record["event"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(events, ["sent", "verified"]);
    }
}
