//! What each action does, from the request to the app and back.

use crate::support::app::{App, reply};
use crate::support::gate::LIMITS_ALONE;
use crate::whole::stage::{Answer, Sendwall, shop};

fn base(rules: &str) -> String {
    format!(
        "mode = \"enforce\"\ndefault_limits = false\n{LIMITS_ALONE}\n{rules}\n\
         [[endpoint]]\nname = \"login\"\nsend = \"POST /api/send-code\"\ndefault_region = \"GB\"\n\
         client = [\"cookie:sid\"]\nverify = \"POST /api/verify\"\nverified_if = 'json(\"/ok\") == true'\n"
    )
}

fn rule(id: &str, rest: &str) -> String {
    format!("[[rule]]\nid = \"{id}\"\n{rest}\n")
}

const PHONE: &str = "+447402417171";

fn asked(sendwall: &Sendwall, phone: &str, cookie: &str) -> Answer {
    sendwall.post("/api/send-code", &[("cookie", cookie)], &format!(r#"{{"phone":"{phone}"}}"#))
}

#[test]
fn block_and_cooldown_refuse_and_say_why() {
    let app = shop();
    let rules = rule("no-uz", "when = 'phone.country == \"UZ\"'\nthen = \"block\"\nreason = \"not served\"")
        + &rule("slow-fr", "when = 'phone.country == \"FR\"'\nthen = \"cooldown\"\nwait = \"10m\"");
    let sendwall = Sendwall::start(app.address, &base(&rules));
    let blocked = sendwall.send("+998901234567");
    assert_eq!((blocked.status, blocked.code().as_str()), (403, "blocked"));
    let told = sendwall.decision(&blocked);
    assert_eq!((&told["decided_by"], &told["reasons"][0]["code"]), (&"rule".into(), &"rule".into()));
    assert_eq!(told["reasons"][0]["text"], "rule no-uz says block: not served");
    assert_eq!(told["rules"], serde_json::json!([{"rule": "no-uz", "action": "block", "enforced": true}]));
    let cooled = sendwall.send("+33612345678");
    assert_eq!((cooled.status, cooled.header("retry-after")), (429, Some("600")));
    assert_eq!(sendwall.send(PHONE).status, 200);
    assert_eq!(app.requests().len(), 1);
    let labels = ["rule=\"no-uz\"", "action=\"block\"", "mode=\"enforced\""];
    assert!((sendwall.metric("sendwall_rule_hits_total", &labels) - 1.0).abs() < 0.1);
}

#[test]
fn challenge_asks_for_its_rung_and_allow_passes_what_the_endpoint_refuses() {
    let app = shop();
    let rules = "[[list]]\nname = \"vip\"\nkind = \"numbers\"\nvalues = [\"+998901234567\"]\n".to_owned()
        + &rule("vip", "when = 'phone in lists.vip'\nthen = \"allow\"")
        + &rule("all", "when = 'has(phone)'\nthen = \"challenge\"\nrung = \"captcha\"");
    let config = base(&rules).replace("client = [", "countries = [\"GB\"]\nclient = [");
    let sendwall = Sendwall::start(app.address, &config);
    let challenged = sendwall.send(PHONE);
    assert_eq!((challenged.status, challenged.code().as_str()), (428, "challenge_required"));
    assert_eq!(sendwall.decision(&challenged)["challenge"], "captcha");
    assert_eq!(sendwall.send("+33612345678").status, 403, "the endpoint's countries come first");
    let allowed = sendwall.send("+998901234567");
    assert_eq!(allowed.status, 200);
    assert_eq!(sendwall.decision(&allowed)["rules"][0]["action"], "allow");
    let text = sendwall.admin("/api/decisions").body;
    assert!(!text.contains("998901234567"), "a phone in a list is nowhere in clear");
}

#[test]
fn weigh_tag_divert_and_alert_add_up_and_the_app_is_told() {
    let app = shop();
    let rules =
        rule("heavy", "when = 'phone.country == \"FR\"'\nthen = \"weigh\"\nweight = 1.2\nreason = \"seen before\"")
            + &rule("light", "when = 'phone.country == \"GB\"'\nthen = \"weigh\"\nweight = 0.3")
            + &rule("marked", "when = 'phone.country == \"GB\"'\nthen = \"tag\"\ntags = [\"home\", \"vip\"]")
            + &rule("call", "when = 'phone.country == \"GB\"'\nthen = \"divert\"\nto = \"voice\"")
            + &rule("look", "when = 'phone.country == \"GB\"'\nthen = \"alert\"")
            + &rule("shadow", "when = 'has(phone)'\nthen = \"block\"\nmode = \"shadow\"\ntags = [\"never\"]");
    let sendwall = Sendwall::start(app.address, &base(&rules));
    let forged = [("sendwall-divert", "mail"), ("sendwall-tags", "admin")];
    let answer = sendwall.post("/api/send-code", &forged, &format!(r#"{{"phone":"{PHONE}"}}"#));
    assert_eq!(answer.status, 200);
    let request = &app.requests()[0];
    assert_eq!((request.header("sendwall-divert"), request.header("sendwall-tags")), (vec!["voice"], vec!["home,vip"]));
    let told = sendwall.decision(&answer);
    let hits: Vec<_> = told["rules"].as_array().unwrap().iter().map(|hit| hit["rule"].as_str().unwrap()).collect();
    assert_eq!(hits, ["light", "marked", "call", "look", "shadow"]);
    assert_eq!((&told["divert"], &told["tags"]), (&"voice".into(), &serde_json::json!(["home", "vip"])));
    assert!((sendwall.metric("sendwall_rule_alerts_total", &["rule=\"look\""]) - 1.0).abs() < 0.1);
    assert!((sendwall.metric("sendwall_rule_hits_total", &["rule=\"shadow\"", "mode=\"shadow\""]) - 1.0).abs() < 0.1);
    assert!(sendwall.log().contains("a rule asks for attention"));

    let heavy = sendwall.send("+33612345678");
    assert_eq!(heavy.status, 428, "a weight of more than 1 closes the rungs below the captcha");
    let told = sendwall.decision(&heavy);
    assert_eq!((&told["decided_by"], &told["challenge"]), (&"engine".into(), &"captcha".into()));
    assert!(told["reasons"].to_string().contains("rule heavy says weigh: seen before"), "{told}");
}

#[test]
fn same_answer_repeats_to_the_same_client_and_phone_alone_without_cookies() {
    let app = App::start(|request, stream| {
        let head = "content-type: application/json\r\nset-cookie: session=secret\r\nx-shop: 1";
        let body = format!(r#"{{"sent":true,"length":{}}}"#, request.body.len());
        reply(stream, "202 Accepted", head, &body)
    });
    let rules = rule("again", "when = 'has(phone)'\nthen = \"same_answer\"\nwithin = \"60s\"");
    let sendwall = Sendwall::start(app.address, &base(&rules));
    let first = asked(&sendwall, PHONE, "sid=one");
    let again = asked(&sendwall, PHONE, "sid=one");
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!((&again.body, again.header("x-shop")), (&first.body, Some("1")));
    assert_eq!((first.header("set-cookie"), again.header("set-cookie")), (Some("session=secret"), None));
    assert_ne!(first.header("sendwall-decision"), again.header("sendwall-decision"));
    assert_eq!(app.requests().len(), 1, "no second message");
    let told = sendwall.decision(&again);
    assert_eq!((&told["verdict"], &told["decided_by"]), (&"repeat".into(), &"rule".into()));

    for (phone, cookie) in [(PHONE, "sid=two"), ("+447402417172", "sid=one"), (PHONE, "theme=dark")] {
        let other = asked(&sendwall, phone, cookie);
        assert_eq!(other.header("set-cookie"), Some("session=secret"), "{phone} {cookie}: an answer of its own");
    }
    assert_eq!(app.requests().len(), 4);
}

#[test]
fn a_limit_refuses_whatever_rules_allow_and_counts_are_asked() {
    let app = shop();
    let rules = rule("seen", "when = 'count(\"few\") >= 2'\nthen = \"tag\"\ntags = [\"second\"]\npriority = 900")
        + &rule("free", "when = 'has(phone)'\nthen = \"allow\"")
        + "[[limit]]\nname = \"few\"\nkey = [\"phone\"]\nmax = 2\nper = \"1h\"\n";
    let sendwall = Sendwall::start(app.address, &base(&rules));
    let answers = [sendwall.send(PHONE), sendwall.send(PHONE), sendwall.send(PHONE)];
    assert_eq!(answers.each_ref().map(|answer| answer.status), [200, 200, 429]);
    assert_eq!(sendwall.decision(&answers[2])["decided_by"], "limit");
    assert!(app.requests()[0].header("sendwall-tags").is_empty());
    assert_eq!(app.requests()[1].header("sendwall-tags"), ["second"]);
}

#[test]
fn what_a_monitored_limit_counts_goes_on_above_its_maximum() {
    let app = shop();
    let rules = rule("beyond", "when = 'count(\"few\") > 2'\nthen = \"tag\"\ntags = [\"beyond\"]")
        + "[[limit]]\nname = \"few\"\nkey = [\"phone\"]\nmax = 2\nper = \"1h\"\nmode = \"monitor\"\n";
    let sendwall = Sendwall::start(app.address, &base(&rules));
    for _ in 0..4 {
        assert_eq!(sendwall.send(PHONE).status, 200);
    }
    let tagged: Vec<_> = app.requests().iter().map(|request| !request.header("sendwall-tags").is_empty()).collect();
    assert_eq!(tagged, [false, false, true, true]);
}

#[test]
fn monitor_mode_only_tells_what_rules_would_have_done() {
    let app = shop();
    let rules = rule("all", "when = 'has(phone)'\nthen = \"block\"")
        + &rule("before", "when = 'has(phone)'\nthen = \"divert\"\nto = \"push\"\npriority = 900");
    let sendwall = Sendwall::start(app.address, &base(&rules).replace("\"enforce\"", "\"monitor\""));
    let answer = sendwall.send(PHONE);
    assert_eq!(answer.status, 200);
    assert!(app.requests()[0].header("sendwall-divert").is_empty());
    assert_eq!(sendwall.decision(&answer)["verdict"], "block");
}

#[test]
fn explain_shows_each_rule_part_by_part() {
    let app = shop();
    let rules = rule("one", "when = 'phone.country == \"GB\" && heat > 5.0'\nthen = \"block\"")
        + &rule("two", "when = 'phone.type == \"mobile\"'\nthen = \"challenge\"")
        + &rule("three", "when = 'true'\nthen = \"block\"");
    let sendwall = Sendwall::start(app.address, &base(&rules));
    let request = "POST /api/send-code HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 25\r\n\r\n\
                   {\"phone\":\"+447402417171\"}\n";
    sendwall.directory.write("request", request);
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_sendwall"))
        .args(["explain", "--config", "sendwall.toml", "--request", "request"])
        .current_dir(&sendwall.directory.0)
        .output()
        .unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let states: Vec<_> = told["rules"].as_array().unwrap().iter().map(|rule| rule["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["silent", "ended", "not asked"]);
    let parts = told["rules"][0]["when"].as_array().unwrap();
    assert_eq!(parts[1], serde_json::json!({"part": "phone.country == \"GB\"", "value": true}));
    assert!(parts.iter().any(|part| part["part"] == "heat" && part["value"].is_number()), "{parts:?}");
}
