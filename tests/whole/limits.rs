//! Limits on sends, from the first byte to the answer.

use std::thread;

use crate::support::app::{App, reply};
use crate::support::gate::LIMITS_ALONE;
use crate::whole::stage::{Answer, Sendwall, shop};

/// A phone once in a minute.
const ONCE: &str = r#"
mode = "enforce"
default_limits = false
trusted_proxies = ["127.0.0.0/8"]

[[endpoint]]
name = "login"
send = "POST /api/send-code"
default_region = "GB"
client = ["cookie:sid"]

[[limit]]
name = "once"
key = ["phone"]
max = 1
per = "60s"
"#;

fn statuses<'a>(answers: impl IntoIterator<Item = &'a Answer>) -> Vec<u16> {
    answers.into_iter().map(|answer| answer.status).collect()
}

#[test]
fn a_phone_gets_one_code_in_a_minute_and_another_phone_its_own() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, ONCE);
    let first = sendwall.send("+447402417171");
    let second = sendwall.send("07402 417171");
    let other = sendwall.send("+447402417172");
    assert_eq!(statuses([&first, &second, &other]), [200, 429, 200]);

    let seconds: u64 = second.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    let problem = second.json();
    let keys: Vec<_> = problem.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!((keys, &problem["code"]), (vec!["code", "decision", "message"], &"cooldown".into()));
    assert_eq!(problem["decision"].as_str(), second.header("sendwall-decision"));
    assert_eq!(app.requests().len(), 2);
    assert_eq!(sendwall.metric("sendwall_sends_total", &[]), 2.0);
    assert_eq!(sendwall.metric("sendwall_limit_refusals_total", &["limit=\"once\""]), 1.0);

    let told = sendwall.decision(&second);
    assert_eq!(
        (&told["verdict"], &told["decided_by"], &told["mode"]),
        (&"cooldown".into(), &"limit".into(), &"enforce".into())
    );
    assert_eq!((&told["reasons"][0]["limit"], &told["reasons"][0]["count"]), (&"once".into(), &1.into()));
    assert_eq!(told["became"], serde_json::json!([]));
    assert_eq!(sendwall.decision(&first)["became"][0]["event"], "sent");
}

#[test]
fn a_send_that_the_app_failed_costs_the_phone_nothing() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, ONCE);
    let failing = "+447402417500";
    assert_eq!(statuses([&sendwall.send(failing), &sendwall.send(failing)]), [500, 500]);
    assert_eq!(sendwall.metric("sendwall_sends_total", &[]), 0.0);
    assert_eq!(sendwall.admin("/api/conversion").json()["conversion"], serde_json::json!([]));
}

#[test]
fn what_counts_as_a_send_is_the_operators_to_say() {
    let app = App::start(|request, stream| {
        let sent = !String::from_utf8_lossy(&request.body).contains("7172");
        reply(
            stream,
            "200 OK",
            "content-type: application/json",
            if sent { r#"{"sent":true}"# } else { r#"{"sent":false}"# },
        )
    });
    let sent_if = "name = \"login\"\nsent_if = 'json(\"/sent\") == true'";
    let sendwall = Sendwall::start(app.address, &ONCE.replacen("name = \"login\"", sent_if, 1));
    let twice = |phone| statuses([&sendwall.send(phone), &sendwall.send(phone)]);
    assert_eq!((twice("+447402417171"), twice("+447402417172")), (vec![200, 429], vec![200, 200]));
}

#[test]
fn monitor_mode_forwards_and_says_what_it_would_have_saved() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &ONCE.replace("enforce", "monitor"));
    let answers = [sendwall.send("+447402417171"), sendwall.send("+447402417171"), sendwall.send("+447402417171")];
    assert_eq!(statuses(&answers), [200, 200, 200]);
    let verdicts: Vec<_> =
        app.requests().iter().map(|request| request.header("sendwall-verdict")[0].to_owned()).collect();
    assert_eq!(verdicts, ["forward", "cooldown", "cooldown"]);
    let told = sendwall.decision(&answers[1]);
    assert_eq!((&told["verdict"], &told["mode"]), (&"cooldown".into(), &"monitor".into()));
    assert_eq!(sendwall.metric("sendwall_saved_sms_total", &["mode=\"monitor\""]), 2.0);
    assert!(sendwall.metric("sendwall_saved_cost_total", &["mode=\"monitor\""]) > 0.0);
    assert_eq!(sendwall.metric("sendwall_sends_total", &["country=\"GB\""]), 3.0);
    assert_eq!(sendwall.admin("/api/decisions?verdict=cooldown").json()["decisions"].as_array().unwrap().len(), 2);
}

#[test]
fn an_endpoint_has_a_mode_of_its_own_and_so_has_a_limit() {
    let app = shop();
    let rules = format!(
        "{}\n[[endpoint]]\nname = \"watched\"\nsend = \"POST /api/watched\"\nmode = \"monitor\"\ndefault_region = \"GB\"\n",
        ONCE.replace(
            "[[limit]]",
            "[[limit]]\nname = \"told\"\nkey = [\"endpoint\"]\nmax = 0\nper = \"60s\"\nmode = \"monitor\"\n\n[[limit]]"
        )
    );
    let sendwall = Sendwall::start(app.address, &rules);
    let watched = |phone| sendwall.post("/api/watched", &[], &format!(r#"{{"phone":"{phone}"}}"#));
    let answers = [
        watched("+447402417171"),
        watched("+447402417171"),
        sendwall.send("+447402417171"),
        sendwall.send("+447402417172"),
        sendwall.send("+447402417172"),
    ];
    assert_eq!(statuses(&answers), [200, 200, 429, 200, 429], "one limit over both endpoints, carried out at one");
    let reasons = &sendwall.decision(&answers[3])["reasons"];
    assert_eq!((&reasons[0]["limit"], &reasons[0]["enforced"]), (&"told".into(), &false.into()));
}

#[test]
fn refused_attempts_count_where_the_limit_says_so() {
    let app = shop();
    let limit = "[[limit]]\nname = \"asked\"\nkey = [\"ip\"]\nmax = 3\nper = \"60s\"\ncount_rejected = true\n";
    let sendwall = Sendwall::start(app.address, &format!("{ONCE}\n{limit}"));
    let phone = "+447402417171";
    let answers: Vec<_> = [phone, phone, phone, "+447402417172"].map(|phone| sendwall.send(phone)).into();
    assert_eq!(statuses(&answers), [200, 429, 429, 429]);
    assert_eq!(sendwall.decision(&answers[3])["reasons"][0]["limit"], "asked");
}

#[test]
fn different_phones_of_one_address_are_counted_and_the_same_again_is_free() {
    let app = shop();
    let limit = "[[limit]]\nname = \"phones\"\nkey = [\"ip\"]\ndistinct = \"phone\"\nmax = 2\nper = \"60s\"\n";
    let sendwall = Sendwall::start(app.address, &format!("{}\n{limit}", ONCE.replace("max = 1", "max = 9")));
    let from = |address: &str, last: u8| {
        let body = format!(r#"{{"phone":"+4474024171{last:02}"}}"#);
        sendwall.post("/api/send-code", &[("x-forwarded-for", address)], &body).status
    };
    let asked = [1, 2, 1, 3, 2].map(|last| from("203.0.113.7", last));
    assert_eq!(asked, [200, 200, 200, 429, 200]);
    assert_eq!(from("203.0.113.8", 3), 200, "another address");
}

#[test]
fn a_limit_judges_only_what_its_condition_names_and_none_at_all_is_a_block() {
    let app = shop();
    let limit =
        "[[limit]]\nname = \"no-ie\"\nkey = [\"endpoint\"]\nwhen = 'phone.country == \"IE\"'\nmax = 0\nper = \"60s\"\n";
    let sendwall = Sendwall::start(app.address, &format!("{ONCE}\n{limit}"));
    let (british, irish) = (sendwall.send("+447402417171"), sendwall.send("+353850123456"));
    assert_eq!((british.status, irish.status, irish.code().as_str()), (200, 403, "blocked"));
    assert_eq!(irish.header("retry-after"), None);
    let reason = &sendwall.decision(&irish)["reasons"][0];
    assert_eq!(reason["text"], "limit no-ie: no sends are allowed");
    assert_eq!(reason["turned_by"], "raising max of limit no-ie above 0", "waiting turns nothing");
}

#[test]
fn a_parallel_burst_for_one_phone_is_one_send() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, ONCE);
    let answers: Vec<_> = thread::scope(|scope| {
        let clients: Vec<_> = (0..32).map(|_| scope.spawn(|| sendwall.send("+447402417171").status)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1, "{answers:?}");
    assert_eq!(answers.iter().filter(|status| **status == 429).count(), 31, "{answers:?}");
    assert_eq!(app.requests().len(), 1);
}

#[test]
fn the_default_limits_hold_for_phone_and_cookie() {
    let app = shop();
    let rules = ONCE.split("[[limit]]").next().unwrap().replace("default_limits = false", LIMITS_ALONE);
    let sendwall = Sendwall::start(app.address, &rules);
    assert_eq!(statuses([&sendwall.send("+447402417171"), &sendwall.send("+447402417171")]), [200, 429]);
    let with_cookie = |index: u32| {
        let body = format!(r#"{{"phone":"+44740241{index:04}"}}"#);
        sendwall.post("/api/send-code", &[("cookie", "sid=one-bomber")], &body).status
    };
    let passed = (0..25).map(with_cookie).filter(|status| *status == 200).count();
    assert_eq!(passed, 20);
}
