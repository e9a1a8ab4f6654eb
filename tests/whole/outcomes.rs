//! What became of codes: conversion, and outcomes that an app or a provider tells.

use serde_json::{Value, json};

use crate::whole::stage::{CODE, SHOP_LOGIN, Sendwall, shop};

fn login() -> String {
    format!("mode = \"enforce\"\ndefault_limits = false\n{SHOP_LOGIN}")
}

fn row(rows: &Value, country: &Value, range: &Value) -> Value {
    let rows = rows["conversion"].as_array().unwrap();
    let found = rows.iter().find(|row| row["country"] == *country && row["range"] == *range);
    found.cloned().unwrap_or_else(|| panic!("no row {country} {range} in {rows:?}"))
}

#[test]
fn an_endpoint_of_which_no_verification_is_seen_has_no_conversion_yet() {
    let app = shop();
    let blind = "[[endpoint]]\nname = \"login\"\nsend = \"POST /api/send-code\"\ndefault_region = \"GB\"\n";
    let sendwall = Sendwall::start(app.address, blind);
    let sent = sendwall.send("+447402417171");
    let status = || sendwall.admin("/api/status").json()["endpoints"][0].clone();
    assert_eq!((&status()["sent"], &status()["conversion"]), (&json!(1), &Value::Null), "{}", status());
    let id = sent.header("sendwall-decision").unwrap();
    let outcome = json!({"outcomes": [{"outcome": "verified", "decision": id, "event_id": "1"}]}).to_string();
    assert_eq!(sendwall.admin_post("/api/outcomes", &outcome).status, 200);
    assert_eq!(status()["conversion"], 1.0, "its app tells");
}

#[test]
fn conversion_is_shown_by_endpoint_country_and_range() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    for phone in ["+447402417171", "+447402417172", "+353850123456", "+353850123457"] {
        assert_eq!(sendwall.send(phone).status, 200);
    }
    assert_eq!(sendwall.verify("+447402417171", CODE).status, 200);
    let shown = sendwall.admin("/api/conversion").json();
    for (country, range, sent, verified, conversion) in [
        (Value::Null, Value::Null, 4, 1, 0.25),
        (json!("GB"), Value::Null, 2, 1, 0.5),
        (Value::Null, json!("+44740241"), 2, 1, 0.5),
        (json!("IE"), Value::Null, 2, 0, 0.0),
    ] {
        let row = row(&shown, &country, &range);
        assert_eq!(
            (&row["sent"], &row["verified"], &row["conversion"]),
            (&json!(sent), &json!(verified), &json!(conversion))
        );
    }
    let status = sendwall.admin("/api/status").json();
    assert_eq!(status["endpoints"][0]["conversion"], 0.25);
    assert_eq!((&status["totals"]["sends"], &status["totals"]["verified"]), (&json!(4), &json!(1)));
}

#[test]
fn outcomes_from_outside_count_once() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    let first = sendwall.send("+447402417171");
    let id = first.header("sendwall-decision").unwrap();
    assert_eq!(sendwall.send("+447402417172").status, 200);
    let batch = json!({"outcomes": [
        {"outcome": "delivered", "decision": id, "event_id": "e1"},
        {"outcome": "undelivered", "phone": "+447402417172", "endpoint": "login", "event_id": "e2"},
        {"outcome": "verified", "phone": "+447402417171", "event_id": "e3"},
        {"outcome": "delivered", "phone": "+447402417999", "event_id": "e4"},
        {"outcome": "delivered", "phone": "07402417171"},
    ]})
    .to_string();
    let told = sendwall.admin_post("/api/outcomes", &batch).json();
    assert_eq!((&told["accepted"], &told["duplicates"], &told["unmatched"]), (&json!(3), &json!(0), &json!(1)));
    assert_eq!((&told["errors"][0]["index"], &told["errors"][0]["field"]), (&json!(4), &json!("phone")));
    let again = sendwall.admin_post("/api/outcomes", &batch).json();
    assert_eq!((&again["accepted"], &again["duplicates"], &again["unmatched"]), (&json!(0), &json!(3), &json!(1)));
    let without_ids = json!({"outcomes": [{"outcome": "verified", "phone": "+447402417171"}]}).to_string();
    assert_eq!(sendwall.admin_post("/api/outcomes", &without_ids).json()["accepted"], 1, "known, and counted before");

    let row = row(&sendwall.admin("/api/conversion").json(), &Value::Null, &Value::Null);
    let counts = ["sent", "verified", "delivered", "undelivered"].map(|name| row[name].as_u64().unwrap());
    assert_eq!(counts, [2, 1, 1, 1]);
    assert_eq!(sendwall.metric("sendwall_outcomes_total", &[]), 3.0);
    assert_eq!(sendwall.metric("sendwall_unmatched_outcomes_total", &["source=\"feed\""]), 2.0);
}

#[test]
fn an_outcome_ends_the_blindness_of_its_endpoint() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &login());
    let reasons = |phone| sendwall.decision(&sendwall.send(phone))["reasons"].to_string();
    assert!(reasons("+447402417171").contains("no_outcomes"));
    assert_eq!(sendwall.verify("+447402417171", CODE).status, 200);
    assert_eq!(reasons("+447402417172"), "[]");
}
