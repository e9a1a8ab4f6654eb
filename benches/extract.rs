//! What it costs to read a request: its document and the phone in it, and to see that a path is no endpoint's.
//!
//! `cargo bench --bench extract`
#![expect(clippy::unwrap_used, reason = "a bench")]

use std::fmt::Write as _;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use http::{HeaderMap, HeaderValue, Method};
use sendwall::domain::Country;
use sendwall::extract::{self, Document, Pattern, Payload, Request, Role, Router, Rule, Settings};
use sendwall::numbering::Numbering;

/// 2 KiB of JSON as a shop's app sends it, the phone in its middle.
fn long_json() -> String {
    let mut body = String::from("{\"app\":{\"name\":\"shop\",\"version\":\"8.4.2\"},\"events\":[");
    for step in 0..12 {
        let comma = if step > 0 { "," } else { "" };
        write!(body, "{comma}{{\"name\":\"scroll\",\"position\":{step},\"page\":\"/basket/items/{step}\"}}").unwrap();
    }
    body.push_str(
        "],\"user\":{\"firstName\":\"Zoë\",\"phone\":\"+44 7402 417171\",\"countryCode\":\"44\"},\"noise\":\"",
    );
    while body.len() < 2_046 {
        body.push('x');
    }
    body.push_str("\"}");
    body
}

fn documents(criterion: &mut Criterion) {
    let numbering = Numbering::default();
    let settings = Settings { default_region: Country::new("GB"), ..Settings::default() };
    let long = long_json();
    let cases = [
        (
            "JSON, 60 bytes",
            "/send",
            None,
            "application/json",
            r#"{"phone":"+447402417171","scene":"login","lang":"en-GB","v":3}"#,
        ),
        (
            "JSON, code apart",
            "/send",
            None,
            "application/json",
            r#"{"countryCode":"44","phone":"7402417171","type":"sms"}"#,
        ),
        ("JSON, 2 KiB", "/send", None, "application/json", long.as_str()),
        (
            "form",
            "/send",
            None,
            "application/x-www-form-urlencoded",
            "csrf=4f2a9c1b&tel=07402+417171&scene=login&remember=on",
        ),
        ("query", "/send", Some("mobile=%2B447402417171&t=1637412345678&sign=4f2a9c1b"), "", ""),
        ("path", "/users/+447402417171/code", None, "", ""),
        (
            "no phone",
            "/send",
            None,
            "application/json",
            r#"{"email":"bob@example.com","scene":"login","lang":"en-GB"}"#,
        ),
    ];
    for (name, path, query, content_type, body) in cases {
        let mut headers = HeaderMap::new();
        if !content_type.is_empty() {
            headers.insert("content-type", HeaderValue::from_static(content_type));
        }
        let read = || {
            let request = Request {
                peer: [192, 0, 2, 1].into(),
                method: &Method::POST,
                path: black_box(path),
                query: black_box(query),
                headers: &headers,
                body: Payload::Whole(black_box(body).as_bytes()),
            };
            let document = Document::read(&request).map_err(|fault| fault.code).unwrap();
            extract::phone(&settings, &request, &document, &numbering).map_err(|fault| fault.code).unwrap()
        };
        assert_eq!(read().is_some(), name != "no phone", "{name}");
        criterion.bench_function(name, |bencher| bencher.iter(read));
    }
}

fn routes(criterion: &mut Criterion) {
    let rules = ["POST /api/login/send-code", "POST /api/login/verify", "POST /graphql", "GET /api/*/otp/**"];
    let rule = |(endpoint, text): (usize, &&str)| Rule {
        pattern: Pattern::parse(text).unwrap(),
        endpoint,
        role: Role::Send,
        ignore_case: false,
    };
    let router = Router::new(rules.iter().enumerate().map(rule).collect());
    let headers = HeaderMap::new();
    for (name, path) in [("route, plain miss", "/static/js/app-4f2a9c1b.js"), ("route, hit", "/api/login/send-code")] {
        criterion.bench_function(name, |bencher| {
            bencher.iter(|| router.find(&Method::POST, black_box(path), None, &headers));
        });
    }
}

criterion_group!(benches, documents, routes);
criterion_main!(benches);
