//! Challenges as ALTCHA's own widget asks for them and answers them: in a field of the app's form.

use serde_json::{Value, json};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::client::{payload, solve};
use super::passes::{FAKE, rules};
use crate::whole::stage::{Answer, Sendwall, shop};

fn challenge(sendwall: &Sendwall, query: &str) -> Answer {
    sendwall.ask("GET", &format!("/_sendwall/challenge{query}"), &[FAKE], "")
}

fn form(sendwall: &Sendwall, path: &str, payload: &str) -> Answer {
    form_with(sendwall, path, payload, &[])
}

fn form_with(sendwall: &Sendwall, path: &str, payload: &str, headers: &[(&str, &str)]) -> Answer {
    let payload = payload.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let body = format!("phone=%2B447402417171&altcha={payload}");
    let form = [FAKE, ("content-type", "application/x-www-form-urlencoded")];
    sendwall.ask("POST", path, &[&form, headers].concat(), &body)
}

#[test]
fn a_solution_in_the_forms_own_field_counts_once_and_at_its_endpoint() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules(""));
    let answer = challenge(&sendwall, "?endpoint=login");
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    let solved = payload(&answer.json());
    assert_eq!(form(&sendwall, "/api/signup", &solved).code(), "pass_other_endpoint");
    assert_eq!(form(&sendwall, "/api/send-code", "").code(), "challenge_required", "an empty field is none");
    assert_eq!(form(&sendwall, "/api/send-code", "x").code(), "pass_invalid");
    assert_eq!(form(&sendwall, "/api/send-code", &solved).status, 200);
    assert_eq!(form(&sendwall, "/api/send-code", &solved).code(), "pass_spent");
    let json = |payload: &str| {
        let body = json!({ "phone": "+447402417172", "altcha": payload }).to_string();
        sendwall.post("/api/send-code", &[FAKE], &body)
    };
    assert_eq!(json(&payload(&challenge(&sendwall, "?endpoint=login").json())).status, 200, "any phone");
    let solved = payload(&challenge(&sendwall, "?endpoint=signup&v=2").json());
    let header = sendwall.post("/api/signup", &[FAKE, ("altcha", &solved)], r#"{"phone":"+447402417173"}"#);
    assert_eq!(header.status, 200);
}

#[test]
fn a_form_that_is_sent_again_with_its_old_solution_passes_by_what_was_solved_since() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules(""));
    let old = payload(&challenge(&sendwall, "?endpoint=login").json());
    assert_eq!(form(&sendwall, "/api/send-code", &old).status, 200);
    let asked = form(&sendwall, "/api/send-code", &old);
    assert_eq!(asked.code(), "pass_spent");
    let solved = solve(&sendwall.url(""), &asked.json()["challenge"]).json();
    let cookie = format!("sendwall_pass={}", solved["pass"].as_str().unwrap());
    assert_eq!(form_with(&sendwall, "/api/send-code", &old, &[("cookie", &cookie)]).status, 200);
    let both = form_with(&sendwall, "/api/send-code", &old, &[("cookie", "sendwall_pass=x")]);
    assert_eq!(both.code(), "pass_spent", "what is wrong with the solution is told first");
}

#[test]
fn version_1_is_spoken_where_the_operator_says_so() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules(""));
    assert_eq!(challenge(&sendwall, "?endpoint=login&v=1").code(), "unknown_version");
    let sendwall = Sendwall::start(app.address, &rules("older_altcha = true"));
    let mut issued = challenge(&sendwall, "?endpoint=login&v=1").json();
    let hash = |issued: &Value, number: u64| {
        let text = format!("{}{number}", issued["salt"].as_str().unwrap());
        super::client::to_hex(ring::digest::digest(&ring::digest::SHA256, text.as_bytes()).as_ref())
    };
    let most = issued["maxnumber"].as_u64().unwrap();
    let number = (0..=most).find(|number| hash(&issued, *number) == issued["challenge"]).unwrap();
    issued["number"] = json!(number);
    let solved = STANDARD.encode(issued.to_string());
    assert_eq!(form(&sendwall, "/api/send-code", &solved).status, 200);
    assert_eq!(form(&sendwall, "/api/send-code", &solved).code(), "pass_spent");
}

#[test]
fn what_is_asked_wrongly_is_told_so() {
    let app = shop();
    let sendwall = Sendwall::start(app.address, &rules("issue_per_address = 1"));
    for (query, code) in [
        ("", "unknown_endpoint"),
        ("?endpoint=nowhere", "unknown_endpoint"),
        ("?endpoint=login&v=3", "unknown_version"),
    ] {
        let answer = challenge(&sendwall, query);
        assert_eq!((answer.status, answer.code().as_str()), (404, code), "{query}");
    }
    let statuses = [(); 2].map(|()| challenge(&sendwall, "?endpoint=login").status);
    assert_eq!(statuses, [200, 429]);
    assert_eq!(sendwall.ask("POST", "/_sendwall/challenge", &[], "").status, 405);
}
