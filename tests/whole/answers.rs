//! What clients are answered: the operator's own words, other origins, and what each setting refuses.

use crate::whole::stage::{Answer, CODE, Sendwall, shop};

/// `more` are further lines of the endpoint.
fn login(more: &str) -> String {
    format!(
        r#"
mode = "enforce"
default_limits = false

[[endpoint]]
name = "login"
send = "POST /api/send-code"
default_region = "GB"
{more}

[[limit]]
name = "once"
key = ["phone"]
max = 1
per = "60s"
"#
    )
}

fn told(answer: &Answer) -> (u16, String) {
    (answer.status, answer.code())
}

fn is(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[test]
fn whoever_posts_a_form_is_refused_by_a_page() {
    const HTML: (&str, &str) = ("accept", "text/html,*/*;q=0.8");
    const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login("countries = [\"GB\"]"));
    let post = |phone: &str, headers: &[(&str, &str)]| {
        sendwall.ask("POST", "/api/send-code", &[&[FORM], headers].concat(), &format!("phone=%2B{phone}"))
    };
    assert_eq!(post("447402417171", &[HTML]).status, 200);
    let from = ("referer", "https://shop.example/login?a=1&b=2");
    let wait = post("447402417171", &[HTML, ("accept-language", "de-AT"), from]);
    assert_eq!((wait.status, wait.header("content-type")), (429, Some("text/html; charset=utf-8")));
    let seconds: u64 = wait.header("retry-after").unwrap().parse().unwrap();
    assert!(wait.body.contains(&format!("Bitte warten Sie {seconds} s")), "{}", wait.body);
    assert!(wait.body.contains("<a href=\"https://shop.example/login?a=1&amp;b=2\">Zurück</a>"), "{}", wait.body);
    assert!(wait.body.contains(wait.header("sendwall-decision").unwrap()), "for support: {}", wait.body);
    let policy = wait.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && wait.header("cache-control") == Some("no-store"), "{policy}");
    let block = post("33612345678", &[HTML, ("sec-fetch-mode", "navigate"), ("referer", "javascript:alert(1)")]);
    assert_eq!(block.status, 403);
    assert!(
        block.body.contains("This request can&#39;t be accepted.") && !block.body.contains("<a "),
        "{}",
        block.body
    );
    let reject = post("447402417171&phone=%2B447402417172", &[HTML]);
    assert!(reject.status == 422 && reject.body.contains("check the phone number"), "{reject:?}");
    let large = post(&format!("447402417171&message={}", "x".repeat(70_000)), &[HTML]);
    assert!(large.status == 400 && large.body.contains("can&#39;t be accepted"), "not the number's fault: {large:?}");
    assert_eq!(told(&post("447402417171", &[])), is(429, "cooldown"), "who wants no page gets none");
    assert_eq!(told(&post("447402417171", &[HTML, ("sec-fetch-mode", "cors")])), is(429, "cooldown"));
}

#[test]
fn a_refusal_can_look_like_success() {
    let app = shop();
    let answers = r#"
countries = ["GB"]
[endpoint.answer.block]
status = 200
content_type = "application/json"
body = '{"ok":true}'
headers = { x-request-id = "7" }
[endpoint.answer.cooldown]
status = 202
content_type = "text/plain"
body = "sent"
[endpoint.answer.reject]
status = 418
body = "{}"
"#;
    let sendwall = Sendwall::start(app.address, &login(answers));
    let block = sendwall.send("+33612345678");
    assert_eq!((block.status, block.body.as_str()), (200, r#"{"ok":true}"#));
    assert_eq!((block.header("content-type"), block.header("x-request-id")), (Some("application/json"), Some("7")));
    assert_eq!(sendwall.decision(&block)["verdict"], "block", "it is named all the same");
    assert_eq!(sendwall.send("+447402417171").status, 200);
    let cooldown = sendwall.send("+447402417171");
    assert_eq!((cooldown.status, cooldown.body.as_str(), cooldown.header("retry-after")), (202, "sent", None));
    let form = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-mode", "navigate")];
    let by_form = sendwall.ask("POST", "/api/send-code", &form, "phone=%2B447402417171");
    assert_eq!((by_form.status, by_form.body.as_str()), (202, "sent"), "no page stands in for the operator's own");
    assert_eq!(sendwall.post("/api/send-code", &[], "{").status, 418);
    assert_eq!(app.requests().len(), 1);
}

#[test]
fn pages_of_other_origins_can_read_a_refusal_where_the_operator_names_them() {
    let app = shop();
    let sendwall =
        Sendwall::start(app.address, &login("cors_origins = [\"https://shop.example\"]\ncountries = [\"GB\"]"));
    let from = |origin| sendwall.post("/api/send-code", &[("origin", origin)], r#"{"phone":"+33612345678"}"#);
    let (named, other) = (from("https://shop.example"), from("https://shop.example.evil"));
    assert_eq!((named.status, other.status), (403, 403));
    assert_eq!(named.header("access-control-allow-origin"), Some("https://shop.example"));
    assert!(named.header("access-control-expose-headers").unwrap().contains("sendwall-decision"));
    assert_eq!(other.header("access-control-allow-origin"), None);
    let preflight = [("origin", "https://shop.example"), ("access-control-request-method", "POST")];
    let options = sendwall.ask("OPTIONS", "/api/send-code", &preflight, "");
    assert_eq!((options.status, options.header("sendwall-decision")), (200, None), "the app answers, unjudged");
}

#[test]
fn a_request_without_a_number_goes_as_the_operator_says() {
    let app = shop();
    let mail = r#"{"email":"a@example.com"}"#;
    let sendwall = Sendwall::start(app.address, &login(""));
    assert_eq!(sendwall.post("/api/send-code", &[], mail).status, 200);
    let sendwall = Sendwall::start(app.address, &login("on_no_phone = \"refuse\""));
    assert_eq!(told(&sendwall.post("/api/send-code", &[], mail)), is(422, "no_phone"));
}

#[test]
fn a_request_that_cant_be_read_goes_as_the_operator_says() {
    let app = shop();
    let two = r#"{"phone":"+447402417171","mobile":"+447402417172"}"#;
    let large = format!(r#"{{"phone":"+447402417171","pad":"{}"}}"#, "x".repeat(70_000));
    let sendwall = Sendwall::start(app.address, &login(""));
    for (body, code, status) in [
        (two, "several_phones", 422),
        (r#"{"phone":"+447402417171","phone":"+447402417172"}"#, "duplicate_key", 422),
        (r#"{"phone":"+4474"#, "malformed", 400),
        (large.as_str(), "body_too_large", 400),
    ] {
        let answer = sendwall.post("/api/send-code", &[], body);
        assert_eq!(told(&answer), is(status, code));
        assert!(answer.json()["field"].is_string(), "{answer:?}");
    }
    assert!(app.requests().is_empty());
    let sendwall = Sendwall::start(app.address, &login("on_unreadable = \"forward\""));
    for body in [two, large.as_str()] {
        let answer = sendwall.post("/api/send-code", &[], body);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(sendwall.decision(&answer)["reasons"][0]["code"], "unreadable");
    }
    let arrived: Vec<_> = app.requests().iter().map(|request| request.body.len()).collect();
    assert_eq!(arrived, [two.len(), large.len()], "the app gets all of it");
}

#[test]
fn countries_and_number_types_that_arent_served_are_blocked() {
    let app = shop();
    let sendwall = Sendwall::start(
        app.address,
        &login("countries = [\"GB\", \"IE\"]\nrefuse_types = [\"fixed_line\", \"premium_rate\"]"),
    );
    for (phone, expected, reason) in [
        ("+447402417171", is(200, ""), "no_outcomes"),
        ("+353850123456", is(200, ""), "no_outcomes"),
        ("+33612345678", is(403, "blocked"), "country"),
        ("+442071838750", is(403, "blocked"), "number_type"),
        ("+449012345678", is(403, "blocked"), "number_type"),
        ("+44123", is(403, "blocked"), "impossible_number"),
    ] {
        let answer = sendwall.send(phone);
        if reason == "impossible_number" && answer.status == 422 {
            continue; // too short to be read as a number at all
        }
        assert_eq!(told(&answer), expected, "{phone}");
        assert_eq!(sendwall.decision(&answer)["reasons"][0]["code"], reason, "{phone}");
    }
}

#[test]
fn an_app_that_can_answer_no_challenge_is_served() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login("challenge = \"none\""));
    assert_eq!([1, 2].map(|_| sendwall.send("+447402417171").status), [200, 429]);
    assert!(sendwall.log().contains("nobody can prove anything"), "{}", sendwall.log());
}

/// An endpoint at a GraphQL path, with the condition that the README gives.
fn graphql(more: &str) -> String {
    let condition = include_str!("../../README.md").lines().find(|line| line.starts_with("when = ")).unwrap();
    login("").replace("send = \"POST /api/send-code\"", &format!("send = \"POST /graphql\"\n{condition}\n{more}"))
}

#[test]
fn no_shape_of_a_graphql_request_slips_past_the_readmes_condition() {
    let app = crate::support::app::App::start(|_, stream| {
        crate::support::app::reply(stream, "200 OK", "content-type: application/json", r#"{"data":{"ok":true}}"#)
    });
    let sendwall = Sendwall::start(app.address, &graphql(""));
    let query = r#"{"query":"mutation { sendCode(phone: \"+447402417171\") }"}"#.to_owned();
    let part = format!("--B\r\ncontent-disposition: form-data; name=\"operations\"\r\n\r\n{query}\r\n--B--\r\n");
    let json = "application/json";
    for (target, kind, body, judged) in [
        ("/graphql", json, query.clone(), true),
        ("/graphql", json, query.replacen('{', r#"{"operationName":"Cart","#, 1), true),
        ("/graphql", json, query.replacen("query", "qu\\u0065ry", 1), true),
        ("/graphql", json, format!("[{query}]"), true),
        ("/graphql", json, format!("[{{}},{query}]"), true),
        ("/graphql", json, query.replacen('{', r#"{"query":"{ items }","#, 1), true),
        ("/graphql", json, r#"{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"ab"}}}"#.to_owned(), true),
        ("/graphql", "multipart/form-data; boundary=B", part, true),
        ("/graphql", "application/x-www-form-urlencoded", "query=mutation%7BsendCode%7D".to_owned(), true),
        ("/graphql?query=mutation%7BsendCode%7D", json, r#"{"query":"{ items }"}"#.to_owned(), true),
        ("/graphql", "application/graphql", "mutation { sendCode }".to_owned(), true),
        ("/graphql", json, r#"{"operationName":"SendCode","query":"query SendCode { items }"}"#.to_owned(), false),
    ] {
        let answer = sendwall.ask("POST", target, &[("content-type", kind)], &body);
        assert_eq!(answer.header("sendwall-decision").is_some(), judged, "{target} {kind} {body}");
    }
}

#[test]
fn sends_and_tries_of_a_graphql_path_are_told_apart() {
    let app = crate::support::app::App::start(|request, stream| {
        let body = String::from_utf8_lossy(&request.body);
        let ok = !body.contains("verifyCode") || body.contains(CODE);
        let answer = format!(r#"{{"data":{{"ok":{ok}}}}}"#);
        crate::support::app::reply(stream, "200 OK", "content-type: application/json", &answer)
    });
    let rules = graphql(
        r#"verify = "POST /graphql"
verify_when = 'json("/query").contains("verifyCode")'
verified_if = 'json("/data/ok") == true'"#,
    );
    let sendwall = Sendwall::start(app.address, &rules);
    let operation = |name: &str, query: &str, variables: &str| {
        let body = format!(r#"{{"operationName":"{name}","query":"{query}","variables":{variables}}}"#);
        sendwall.post("/graphql", &[], &body)
    };
    let send = || {
        operation("SendCode", "mutation SendCode($p: String!) { sendCode(phone: $p) }", r#"{"phone":"+447402417171"}"#)
    };
    let other = operation("Cart", "query Cart { items }", "{}");
    assert_eq!((other.status, other.header("sendwall-decision")), (200, None));
    assert_eq!([send().status, send().status], [200, 429]);
    let verify = |code: &str| {
        let variables = format!(r#"{{"phone":"+447402417171","code":"{code}"}}"#);
        operation("VerifyCode", "mutation VerifyCode { verifyCode }", &variables).status
    };
    assert_eq!([verify("000000"), verify(CODE)], [200, 200]);
    let kinds =
        ["pass", "send", "try"].map(|kind| sendwall.metric("sendwall_requests_total", &[&format!("\"{kind}\"")]));
    assert_eq!(kinds, [1.0, 2.0, 2.0]);
    assert_eq!(sendwall.metric("sendwall_outcomes_total", &["verified"]), 1.0);
    let unreadable = sendwall.post("/graphql", &[], r#"{"operationName":"SendCode""#);
    assert_eq!(unreadable.status, 400, "what can't be read slips past no condition");
}

#[test]
fn a_field_of_the_body_that_an_app_may_take_for_the_query_parameter_counts_and_no_other_body_does() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login("phone = \"query:mobile\"").replace("max = 1", "max = 9"));
    let form = "application/x-www-form-urlencoded";
    for (kind, body, expected) in [
        (form, "mobile=%2B447402417172", "duplicate_key"),
        (form, "mobile=07402417171&captcha=x", ""),
        (form, "%zz=1&mobile=%2B447402417172", "malformed"),
        ("application/x-www-form-urlencoded; charset=utf-16", "mobile=%2B447402417172", "content_type"),
        ("application/json", r#"{"Mobile":"+447402417172"}"#, "duplicate_key"),
        ("application/json", r#"{"captcha":"x"}"#, ""),
        ("application/grpc", "mobile=%2B447402417172", ""),
    ] {
        let answer = sendwall.ask("POST", "/api/send-code?mobile=%2B447402417171", &[("content-type", kind)], body);
        let code = if answer.status == 200 { String::new() } else { answer.code() };
        assert_eq!(code, expected, "{kind} {body}");
    }
}
