//! Captchas of others, by a fake of each.

use serde_json::{Value, json};

use crate::captcha::fake::{Fake, Next};
use crate::captcha::stage::{Asked, Stage, picture};
use crate::support::proxy::eventually;
use crate::whole::stage::Answer;

fn now() -> String {
    sendwall::clock::Clock::now(&sendwall::clock::SystemClock::start()).to_string()
}

/// sendwall with one provider, which is asked at the fake.
fn start(fake: &Fake, provider: &str, path: &str, more: &str) -> Stage {
    let table = format!(
        "[[captcha]]\nprovider = {provider:?}\nsite_key = \"site\"\nsecret_file = \"secret\"\nurl = {:?}\n{more}",
        fake.url(path)
    );
    Stage::start(&format!("[{provider:?}]"), &table, &["secret"])
}

fn offer(asked: &Asked) -> Value {
    asked.challenge["offers"][0].clone()
}

/// A good answer of Turnstile's for what was offered.
fn solved(asked: &Asked) -> Value {
    let offer = offer(asked);
    json!({ "success": true, "challenge_ts": now(), "hostname": "app.example", "error-codes": [],
            "action": offer["action"], "cdata": offer["cdata"] })
}

const TURNSTILE: &str = "hostnames = [\"app.example\"]\n";

/// A provider, its path, its yes, and what it must be asked with.
fn formats() -> [(&'static str, &'static str, Value, Value); 5] {
    let family = |more: Value| {
        let mut yes = json!({ "success": true, "challenge_ts": now(), "hostname": "app.example" });
        yes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        yes
    };
    let google = "/recaptcha/api/siteverify";
    let plain = json!({ "secret": "12345", "response": "token" });
    let sited = json!({ "secret": "12345", "response": "token", "sitekey": "site" });
    let keyed = json!({ "token": "token", "key": "site", "secret": "12345" });
    [
        ("hcaptcha", "/siteverify", family(json!({ "credit": true })), sited),
        ("recaptcha", google, family(json!({})), plain.clone()),
        ("recaptcha_v3", google, family(json!({ "action": "login", "score": 0.9 })), plain.clone()),
        ("cap", "/site/siteverify", json!({ "success": true }), plain),
        ("mcaptcha", "/api/v1/pow/siteverify", json!({ "valid": true }), keyed),
    ]
}

#[test]
fn each_provider_is_asked_as_it_wants_and_its_yes_sends_the_code() {
    for (provider, path, yes, fields) in formats() {
        let fake = Fake::start();
        let hostnames = if matches!(provider, "cap" | "mcaptcha") { "" } else { "hostnames = [\"app.example\"]" };
        let stage = start(&fake, provider, path, hostnames);
        let asked = stage.ask();
        assert_eq!((&offer(&asked)["provider"], &offer(&asked)["sitekey"]), (&json!(provider), &json!("site")));
        fake.will(Next::Says(yes));
        let sent = stage.send_with(&asked, &stage.solve(&asked, provider, "token"));
        assert_eq!((sent.status, &stage.sendwall.decision(&sent)["proven"]), (200, &json!("captcha")), "{provider}");
        let (request, told) = fake.asked();
        assert_eq!(request.lines[0], format!("POST {path} HTTP/1.1"));
        assert_eq!(told, fields, "{provider}");
    }
}

#[test]
fn geetest_is_asked_with_a_signature() {
    let fake = Fake::start();
    let stage = start(&fake, "geetest", "/validate", "hostnames = [\"app.example\"]");
    let asked = stage.ask();
    let page = json!({ "used_type": "slide", "referer": "https://app.example/login" });
    fake.will(Next::Says(json!({ "status": "success", "result": "success", "reason": "", "captcha_args": page })));
    let token =
        json!({ "lot_number": "4dc3cfc2", "captcha_output": "out", "pass_token": "p", "gen_time": "1795197590" });
    assert_eq!(stage.solve(&asked, "geetest", "no token").code(), "solution_malformed");
    assert_eq!(stage.send_with(&asked, &stage.solve(&asked, "geetest", &token.to_string())).status, 200);
    let (request, mut told) = fake.asked();
    assert_eq!(request.lines[0], "POST /validate?captcha_id=site HTTP/1.1");
    // python3: hmac.new(b"12345", b"4dc3cfc2", "sha256").hexdigest()
    let signature = "f35a0cecdceebc9c90708d24d261ef4f44d8fb6626231fd2a643150b9e6e914b";
    assert_eq!(told.as_object_mut().unwrap().remove("sign_token"), Some(json!(signature)));
    assert_eq!(told, token);
    assert_eq!(fake.app.requests().len(), 1, "what can be no token is not asked about");
}

#[test]
fn turnstile_is_tied_to_the_challenge() {
    let fake = Fake::start();
    let stage = start(&fake, "turnstile", "/turnstile/v0/siteverify", TURNSTILE);
    let (one, other) = (stage.ask(), stage.ask());
    assert_eq!(offer(&one)["action"], "login");
    assert_ne!(offer(&one)["cdata"], offer(&other)["cdata"]);
    fake.will(Next::Says(solved(&one)));
    let stolen = stage.solve(&other, "turnstile", "token of one");
    assert_eq!((stolen.status, &*stolen.code()), (403, "solution_wrong"), "solved for another phone");
    assert_eq!(stage.solve(&one, "turnstile", "token of one").code(), "solution_wrong", "and it is used up by that");
    assert_eq!(stage.send_with(&one, &stage.solve(&one, "turnstile", "second token of one")).status, 200);
    let (_, fields) = fake.asked();
    assert_eq!((&fields["secret"], &fields["response"]), (&json!("12345"), &json!("second%20token%20of%20one")));
    assert_eq!(fields["idempotency_key"].as_str().unwrap().replace("%2D", "").len(), 32);
    assert_eq!(stage.sendwall.metric("sendwall_captcha_answers_total", &["turnstile", "cdata"]), 1.0);
    assert_eq!(stage.sendwall.metric("sendwall_captcha_answers_total", &["turnstile", "spent"]), 1.0);
}

#[test]
fn what_is_no_yes_for_this_challenge_gives_no_pass() {
    let fake = Fake::start();
    let stage = start(&fake, "turnstile", "/siteverify", TURNSTILE);
    let changed = |asked: &Asked, field: &str, value: Value| {
        let mut answer = solved(asked);
        answer[field] = value;
        Next::Says(answer)
    };
    let phone = stage.ask().phone;
    for (index, (field, value)) in [
        ("success", json!(false)),
        ("hostname", json!("evil.example")),
        ("action", json!("signup")),
        ("challenge_ts", json!("2020-01-01T00:00:00Z")),
        ("challenge_ts", json!("2200-01-01T00:00:00Z")),
    ]
    .into_iter()
    .enumerate()
    {
        let asked = stage.ask_again(&phone);
        fake.will(changed(&asked, field, value));
        let answer = stage.solve(&asked, "turnstile", &format!("token {index}"));
        assert_eq!((answer.status, &*answer.code()), (403, "solution_wrong"), "{field}");
        fake.will(Next::Says(solved(&asked)));
        assert_eq!(stage.solve(&asked, "turnstile", &format!("better {index}")).status, 200, "the next may be right");
    }
}

#[test]
fn a_token_is_spent_once_and_a_ticket_asks_few_times() {
    let fake = Fake::start();
    let stage = start(&fake, "cap", "/site/siteverify", "");
    let asked = stage.ask();
    fake.will(Next::Says(json!({ "success": true })));
    let first = stage.solve(&asked, "cap", "token");
    assert_eq!(stage.send_with(&asked, &first).status, 200);
    let other = stage.ask();
    assert_eq!(stage.solve(&other, "cap", "token").code(), "solution_wrong", "be its provider of another mind");
    let before = fake.app.requests().len();
    fake.will(Next::Says(json!({ "success": false })));
    let codes: Vec<_> = (0..6).map(|number| stage.solve(&other, "cap", &format!("guess {number}")).code()).collect();
    assert_eq!(codes, ["solution_wrong", "solution_wrong", "solution_wrong", "solution_wrong", "too_many", "too_many"]);
    assert_eq!(fake.app.requests().len() - before, 4);
}

/// Each way to fail, with what it is called in metrics.
fn failures() -> Vec<Next> {
    vec![
        Next::Fails("500 Internal Server Error", "oh no"),
        Next::Fails("502 Bad Gateway", r#"{"success":true}"#),
        Next::Fails("200 OK", "<html>we are being upgraded</html>"),
        Next::Fails("429 Too Many Requests", r#"{"success":false}"#),
        Next::Fails("302 Found", r#"{"success":true}"#),
        Next::Says(json!({ "success": false, "error-codes": ["internal-error"] })),
        Next::Says(json!({ "success": false, "error-codes": ["invalid-input-secret"] })),
        Next::Closes,
        Next::Hangs,
    ]
}

#[test]
fn a_provider_that_is_down_gives_way_to_the_picture() {
    for failure in failures() {
        let fake = Fake::start();
        let stage = start(&fake, "turnstile", "/siteverify", "hostnames = [\"app.example\"]\ntimeout = \"500ms\"");
        fake.will(failure.clone());
        let mut asked = stage.ask();
        let down = stage.solve(&asked, "turnstile", "token");
        assert_eq!((down.status, &*down.code()), (503, "provider_down"), "{failure:?}");
        asked.challenge = down.json()["challenge"].clone();
        let offers = asked.challenge["offers"].as_array().unwrap().iter().map(|offer| offer["provider"].clone());
        assert_eq!(offers.collect::<Vec<_>>(), ["turnstile", "image"], "{failure:?}");
        let [letters, _] = stage.answers(&asked.challenge);
        assert_eq!(stage.send_with(&asked, &stage.solve(&asked, "image", &letters)).status, 200, "{failure:?}");
    }
}

#[test]
fn a_provider_that_keeps_failing_is_left_alone_for_a_while() {
    let fake = Fake::start();
    let stage = start(&fake, "turnstile", "/siteverify", TURNSTILE);
    let asked = stage.ask();
    for number in 0..5 {
        assert_eq!(stage.solve(&asked, "turnstile", &format!("{number}")).code(), "provider_down");
    }
    let alone = stage.ask_again(&asked.phone);
    let offers = alone.challenge["offers"].as_array().unwrap();
    assert_eq!((offers.len(), &offers[0]["provider"]), (1, &json!("image")), "nobody is sent there");
    assert!(picture(&alone.challenge).starts_with("/_sendwall/captcha/"));
    assert!(stage.sendwall.log().contains("a captcha's provider fails"), "{}", stage.sendwall.log());
    eventually("it may be tried again", || offer(&stage.ask_again(&asked.phone))["provider"] == "turnstile");
    let asked = stage.ask_again(&asked.phone);
    fake.will(Next::Says(solved(&asked)));
    assert_eq!(stage.send_with(&asked, &stage.solve(&asked, "turnstile", "token")).status, 200);
    assert!(stage.sendwall.log().contains("a captcha's provider answers again"));
}

#[test]
fn a_picture_counts_only_while_the_provider_is_down() {
    let fake = Fake::start();
    let stage = start(&fake, "turnstile", "/siteverify", TURNSTILE);
    let (asked, other) = (stage.ask(), stage.ask());
    assert_eq!(stage.solve(&asked, "image", "ABCDEF").code(), "solution_malformed");
    let down = stage.solve(&other, "turnstile", "token");
    let [letters, _] = stage.answers(&down.json()["challenge"]);
    assert_eq!(stage.solve(&other, "image", &letters).status, 200);
}

#[test]
fn a_token_that_could_not_be_checked_may_be_brought_again() {
    let fake = Fake::start();
    let stage = start(&fake, "turnstile", "/siteverify", TURNSTILE);
    let asked = stage.ask();
    assert_eq!(stage.solve(&asked, "turnstile", "token").code(), "provider_down");
    let names: Vec<String> =
        fake.app.requests().iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect();
    assert_eq!((names.len(), &names[0]), (2, &names[1]), "asked twice under one name");
    fake.will(Next::Says(solved(&asked)));
    assert_eq!(stage.send_with(&asked, &stage.solve(&asked, "turnstile", "token")).status, 200);
}

#[test]
fn the_operator_may_rather_refuse() {
    let fake = Fake::start();
    let stage = start(&fake, "hcaptcha", "/siteverify", "when_down = \"refuse\"");
    let asked = stage.ask();
    let down: Vec<Answer> = (0..7).map(|number| stage.solve(&asked, "hcaptcha", &format!("{number}"))).collect();
    for answer in down {
        assert_eq!((answer.status, &*answer.code()), (503, "provider_down"));
        assert_eq!(answer.json()["challenge"]["offers"][0]["provider"], "hcaptcha");
        assert_eq!(answer.json()["challenge"]["offers"].as_array().unwrap().len(), 1);
    }
    assert_eq!(fake.app.requests().len(), 5, "after five failures it is left alone");
    assert_eq!(stage.solve(&asked, "image", "ABCDEF").code(), "solution_malformed");
}

#[test]
fn the_operator_may_let_some_pass() {
    let fake = Fake::start();
    let stage = start(&fake, "hcaptcha", "/siteverify", "when_down = \"pass\"\npass_at_most = 2");
    let phone = stage.ask().phone;
    let asked: Vec<Asked> = (0..4).map(|_| stage.ask_again(&phone)).collect();
    let passed = asked
        .iter()
        .filter(|asked| stage.solve(asked, "hcaptcha", asked.challenge["token"].as_str().unwrap()).status == 200)
        .count();
    assert!((2..=4).contains(&passed), "two a minute, and the minute may have turned: {passed}");
    let counted = stage.sendwall.metric("sendwall_captcha_passed_unproven_total", &["hcaptcha"]);
    assert!((counted - f64::from(u32::try_from(passed).unwrap())).abs() < 0.1, "{counted}");
}

#[test]
fn a_reload_changes_the_offer_and_forgets_nothing() {
    let fake = Fake::start();
    let stage = start(&fake, "cap", "/site/siteverify", "");
    fake.will(Next::Says(json!({ "success": true })));
    let (before, spent) = (stage.ask(), stage.ask());
    assert_eq!(stage.solve(&spent, "cap", "token").status, 200);
    let tables = format!(
        "[[captcha]]\nprovider = \"cap\"\nsite_key = \"site\"\nsecret_file = \"secret\"\nurl = {:?}\n",
        fake.url("/site/siteverify")
    );
    stage.sendwall.write_rules(&crate::captcha::stage::rules(r#"["image", "cap"]"#, &tables));
    assert_eq!(stage.sendwall.admin_post("/api/reload", "").status, 200);
    assert_eq!(offer(&stage.ask())["provider"], "image");
    assert_eq!(stage.solve(&before, "cap", "token").code(), "solution_wrong", "the token is still spent");
    assert_eq!(stage.solve(&before, "cap", "another").status, 200, "a challenge of before can still be solved");
}
