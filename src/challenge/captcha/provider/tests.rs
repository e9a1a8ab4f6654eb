//! What is asked, and what every answer means, by the formats that their makers document.

use http::HeaderMap;
use serde_json::json;

use super::*;
use crate::challenge::captcha::settings::WhenDown;
use crate::privacy::Secret;

const NOW: Timestamp = Timestamp::from_unix_ms(1_795_197_600_000);
const NOW_TEXT: &str = "2026-11-20T18:00:00.000Z";

fn provider(kind: Kind) -> Provider {
    Provider {
        name: kind.name().into(),
        kind,
        site_key: "site".into(),
        secret: Secret::new("s&cret"),
        url: kind.url().unwrap_or("https://own.example/site/siteverify").parse().unwrap(),
        hostnames: vec!["app.example".into()],
        min_score: 0.5,
        when_down: WhenDown::Image,
        timeout: Span::seconds(5),
    }
}

fn expected() -> Expected {
    Expected { action: "login".into(), cdata: vec!["other".into(), "tied".into()] }
}

fn asked(kind: Kind, token: &str) -> (String, String) {
    let request = ask(&provider(kind), token, "01234567-89ab-8def-8123-456789abcdef").unwrap();
    (request.uri().to_string(), String::from_utf8(request.body().to_vec()).unwrap())
}

fn meant(kind: Kind, status: u16, body: &Value) -> Meaning {
    meant_text(kind, status, &body.to_string())
}

fn meant_text(kind: Kind, status: u16, body: &str) -> Meaning {
    let status = StatusCode::from_u16(status).unwrap();
    let answer = Answer { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) };
    judge(&provider(kind), &answer, &expected(), NOW)
}

/// A good answer of each that has one of reCAPTCHA's making, with one field changed.
fn with(kind: Kind, field: &str, value: Value) -> Meaning {
    let mut answer = json!({ "success": true, "challenge_ts": NOW_TEXT, "hostname": "app.example", "error-codes": [] });
    let own = match kind {
        Kind::Turnstile => json!({ "action": "login", "cdata": "tied" }),
        Kind::RecaptchaV3 => json!({ "action": "login", "score": 0.7 }),
        Kind::Hcaptcha => json!({ "credit": false }),
        _ => json!({}),
    };
    let own = own.as_object().unwrap().clone();
    answer.as_object_mut().unwrap().extend(own);
    answer[field] = value;
    meant(kind, 200, &answer)
}

const FAMILY: [Kind; 4] = [Kind::Turnstile, Kind::Hcaptcha, Kind::RecaptchaV2, Kind::RecaptchaV3];

#[test]
fn each_is_asked_in_its_own_form() {
    let (url, body) = asked(Kind::Turnstile, "t/1=");
    assert_eq!(url, "https://challenges.cloudflare.com/turnstile/v0/siteverify");
    let id = "01234567%2D89ab%2D8def%2D8123%2D456789abcdef";
    assert_eq!(body, format!("secret=s%26cret&response=t%2F1%3D&idempotency_key={id}"));
    assert_eq!(asked(Kind::Hcaptcha, "t").1, "secret=s%26cret&response=t&sitekey=site");
    assert_eq!(asked(Kind::RecaptchaV3, "t").1, "secret=s%26cret&response=t");
    let json = |kind| serde_json::from_str::<Value>(&asked(kind, "t").1).unwrap();
    assert_eq!(json(Kind::Cap), json!({ "secret": "s&cret", "response": "t" }));
    assert_eq!(json(Kind::Mcaptcha), json!({ "token": "t", "key": "site", "secret": "s&cret" }));
}

#[test]
fn geetest_is_asked_with_its_four_values_and_a_signature_of_the_first() {
    let token = r#"{"lot_number":"4dc3cfc2cdff448cad8d13107198d473","captcha_output":"out=","pass_token":"p","gen_time":"1795197590"}"#;
    let (url, body) = asked(Kind::Geetest, token);
    assert_eq!(url, "https://gcaptcha4.geetest.com/validate?captcha_id=site");
    // python3: hmac.new(b"s&cret", b"4dc3cfc2cdff448cad8d13107198d473", "sha256").hexdigest()
    let signature = "191a30bc92ee094c02ca3e72d98fe37302f6f336d09c9f6a31384c9447a1a2fc";
    let fields = "lot_number=4dc3cfc2cdff448cad8d13107198d473&captcha_output=out%3D&pass_token=p&gen_time=1795197590";
    assert_eq!(body, format!("{fields}&sign_token={signature}"));
    for broken in ["token", "{}", r#"{"lot_number":1}"#] {
        assert!(ask(&provider(Kind::Geetest), broken, "").is_none(), "{broken}");
    }
}

#[test]
fn what_can_be_no_token_is_not_asked_about() {
    assert!(ask(&provider(Kind::Turnstile), "", "").is_none());
    assert!(ask(&provider(Kind::Turnstile), &"x".repeat(MAX_TOKEN + 1), "").is_none());
}

#[test]
fn a_person_passes_and_nothing_else_does() {
    for kind in FAMILY {
        assert_eq!(with(kind, "success", json!(true)), Meaning::Solved, "{kind}");
        for (field, value, why) in [
            ("success", json!(false), "refused"),
            ("hostname", json!("evil.example"), "hostname"),
            ("hostname", json!(null), "hostname"),
            ("challenge_ts", json!("2026-11-20T17:54:29Z"), "stale"),
            ("challenge_ts", json!("2026-11-20T18:00:31Z"), "future"),
            ("challenge_ts", json!("yesterday"), "undated"),
        ] {
            assert_eq!(with(kind, field, value.clone()), Meaning::Wrong(why), "{kind} {field} {value}");
        }
    }
    assert_eq!(with(Kind::Hcaptcha, "hostname", json!("APP.example")), Meaning::Solved);
    assert_eq!(with(Kind::Turnstile, "challenge_ts", json!("2026-11-20T17:54:31Z")), Meaning::Solved, "skew");
}

#[test]
fn a_token_for_something_else_does_not_count() {
    for (kind, field, value, why) in [
        (Kind::Turnstile, "action", json!("signup"), "action"),
        (Kind::Turnstile, "action", json!(null), "action"),
        (Kind::Turnstile, "cdata", json!("another phone's"), "cdata"),
        (Kind::Turnstile, "cdata", json!(null), "cdata"),
        (Kind::RecaptchaV3, "action", json!("signup"), "action"),
        (Kind::RecaptchaV3, "score", json!(0.49), "score"),
        (Kind::RecaptchaV3, "score", json!(null), "score"),
    ] {
        assert_eq!(with(kind, field, value), Meaning::Wrong(why), "{kind} {field}");
    }
    assert_eq!(with(Kind::RecaptchaV3, "score", json!(0.5)), Meaning::Solved);
}

#[test]
fn codes_tell_whose_fault_it_is() {
    let refused = |code: &str| meant(Kind::Hcaptcha, 200, &json!({ "success": false, "error-codes": [code] }));
    for code in ["timeout-or-duplicate", "invalid-or-already-seen-response"] {
        assert_eq!(refused(code), Meaning::Wrong("duplicate"));
    }
    for code in ["invalid-input-response", "missing-input-response", "bad-request", "something-new"] {
        assert_eq!(refused(code), Meaning::Wrong("refused"));
    }
    for code in ["invalid-input-secret", "missing-input-secret", "sitekey-secret-mismatch"] {
        assert_eq!(refused(code), Meaning::Misconfigured);
    }
    assert_eq!(refused("internal-error"), Meaning::Down("internal"));
}

#[test]
fn what_is_no_answer_of_the_provider_is_no_pass_and_no_refusal() {
    for kind in Kind::ALL.map(|(_, kind)| kind) {
        for body in ["", "<html>OK</html>", "true", "[]", "{}", r#"{"success":"true"}"#, r#"{"valid":1}"#] {
            assert_eq!(meant_text(kind, 200, body), Meaning::Down("format"), "{kind} {body}");
        }
        let good = r#"{"success":true,"valid":true,"result":"success"}"#;
        for status in [500, 502, 503, 429, 302] {
            assert_eq!(meant_text(kind, status, good), Meaning::Down("status"), "{kind} {status}");
        }
        assert!(matches!(meant_text(kind, 404, good), Meaning::Wrong(_)), "{kind}: only 200 is a pass");
        for status in [401, 403, 408] {
            assert_eq!(meant_text(kind, status, "not you"), Meaning::Down("format"), "{kind} {status}");
        }
    }
}

#[test]
fn a_token_that_a_provider_chokes_on_is_wrong_and_does_not_make_it_look_down() {
    for kind in Kind::ALL.map(|(_, kind)| kind) {
        for (status, body) in [(400, "Bad Request"), (413, ""), (422, "{}"), (431, "<html>")] {
            assert_eq!(meant_text(kind, status, body), Meaning::Wrong("refused"), "{kind} {status}");
        }
    }
}

#[test]
fn those_that_tell_little_are_believed_as_far() {
    assert_eq!(meant(Kind::Cap, 200, &json!({ "success": true })), Meaning::Solved);
    assert_eq!(meant(Kind::Cap, 200, &json!({ "success": false })), Meaning::Wrong("refused"));
    assert_eq!(meant(Kind::Cap, 404, &json!({ "error": "Token not found" })), Meaning::Wrong("refused"));
    assert_eq!(meant(Kind::Mcaptcha, 200, &json!({ "valid": true })), Meaning::Solved);
    assert_eq!(meant(Kind::Mcaptcha, 200, &json!({ "valid": false })), Meaning::Wrong("refused"));
    assert_eq!(meant(Kind::Mcaptcha, 200, &json!({ "success": true })), Meaning::Down("format"));
}

#[test]
fn geetest_tells_result_and_page() {
    let told = |result: &str, page: &str| {
        let arguments = json!({ "used_type": "slide", "lot_number": "4d", "referer": page });
        json!({ "status": "success", "result": result, "reason": "", "captcha_args": arguments })
    };
    assert_eq!(meant(Kind::Geetest, 200, &told("success", "https://app.example/login")), Meaning::Solved);
    assert_eq!(meant(Kind::Geetest, 200, &told("success", "https://evil.example/")), Meaning::Wrong("hostname"));
    assert_eq!(meant(Kind::Geetest, 200, &told("fail", "https://app.example/")), Meaning::Wrong("refused"));
    let error = |code: &str| meant(Kind::Geetest, 200, &json!({ "status": "error", "code": code, "msg": "" }));
    assert_eq!(error("-50005"), Meaning::Wrong("refused"), "a client can bring about an illegal gen_time");
    assert_eq!(error("-50103"), Meaning::Misconfigured);
}

#[test]
fn nothing_that_is_shown_has_the_secret() {
    assert!(!format!("{:?}", provider(Kind::Turnstile)).contains("s&cret"));
}
