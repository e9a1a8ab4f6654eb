//! The visit cookie: set on a page, recognised at the send, forged told.

use crate::whole::stage::{Answer, Sendwall, shop};

const LOGIN: &str = r#"
mode = "enforce"
prior = "none"
default_limits = false

[[endpoint]]
name = "login"
send = "POST /api/send-code"
default_region = "GB"

[[limit]]
name = "no-forgers"
key = ["endpoint"]
when = "client.forged_visit"
max = 0
per = "60s"

[[limit]]
name = "visit"
key = ["cookie"]
max = 2
per = "60s"
"#;

fn cookie(answer: &Answer) -> Option<String> {
    let set = answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    set.filter_map(|value| value.split(';').next()).find(|pair| pair.starts_with("sendwall_visit=")).map(str::to_owned)
}

fn send(sendwall: &Sendwall, cookie: &str, last: u8) -> Answer {
    sendwall.post("/api/send-code", &[("cookie", cookie)], &format!(r#"{{"phone":"+4474024171{last:02}"}}"#))
}

#[test]
fn a_page_sets_a_cookie_and_the_send_knows_how_long_ago() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, LOGIN);
    let page = sendwall.ask("GET", "/", &[], "");
    let set = page.header("set-cookie").unwrap();
    for attribute in ["; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(set.contains(attribute), "{set}");
    }
    assert!(!set.contains("Secure"), "there is no TLS here: {set}");
    let cookie = cookie(&page).unwrap();
    let answer = send(&sendwall, &cookie, 1);
    let facts = &sendwall.decision(&answer)["facts"];
    assert!(facts["visit"].as_u64().unwrap() < 20, "{facts}");
    assert_eq!(facts["client"]["source"], "visit");
    assert_eq!([2, 3].map(|last| send(&sendwall, &cookie, last).status), [200, 429], "limits count by it");

    let again = sendwall.ask("GET", "/", &[("cookie", &cookie)], "");
    assert_eq!(super::visit::cookie(&again), None, "a client that has one gets no other");
    let data = sendwall.ask("GET", "/data.json", &[], "");
    assert_eq!(super::visit::cookie(&data), None, "only pages");
}

#[test]
fn a_forged_or_missing_cookie_is_told() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, LOGIN);
    let visit_of = |answer: &Answer| sendwall.decision(answer)["facts"]["visit"].clone();
    let without = sendwall.send("+447402417171");
    assert_eq!((without.status, visit_of(&without)), (200, "none".into()));
    let genuine = cookie(&sendwall.ask("GET", "/", &[], "")).unwrap();
    let changed =
        if genuine.ends_with('A') { genuine.replace('A', "B") } else { format!("{}A", &genuine[..genuine.len() - 1]) };
    for forged in [changed.as_str(), "sendwall_visit=AQ", "sendwall_visit="] {
        let answer = send(&sendwall, forged, 4);
        assert_eq!((answer.status, visit_of(&answer)), (403, "forged".into()), "{forged}");
    }
}

#[test]
fn a_cookie_outlives_a_restart_with_its_key() {
    let app = shop();
    let mut sendwall = Sendwall::start(app.address, LOGIN);
    let cookie = cookie(&sendwall.ask("GET", "/", &[], "")).unwrap();
    assert!(sendwall.end("-TERM").success());
    sendwall.start_again();
    let answer = send(&sendwall, &cookie, 1);
    assert!(sendwall.decision(&answer)["facts"]["visit"].is_u64());
}

#[test]
fn switched_off_there_is_none() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &format!("{LOGIN}\n[visit]\nenabled = false\n"));
    assert_eq!(cookie(&sendwall.ask("GET", "/", &[], "")), None);
}
