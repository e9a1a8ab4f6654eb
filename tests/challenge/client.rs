//! What an app needs to meet challenges, whole: send, and where the answer is 428, solve, and send again with the pass.
//! HTTP, JSON and PBKDF2 are all that it takes.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::pbkdf2;
use serde_json::{Value, json};

use crate::whole::stage::{Answer, ask};

/// Posts JSON, and solves what it is asked to.
pub(crate) fn post_solving(base: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let (url, headers) = (format!("{base}{path}"), [&[JSON], headers].concat());
    let first = ask("POST", &url, &headers, body);
    if first.status != 428 {
        return first;
    }
    let asked = first.json();
    let solved = solve(base, &asked["challenge"]);
    let pass = solved.json()["pass"].as_str().unwrap().to_owned();
    ask("POST", &url, &[&headers[..], &[("sendwall-pass", &pass)]].concat(), body)
}

/// Solves the challenge of a 428, and gives the answer that has the pass.
pub(crate) fn solve(base: &str, challenge: &Value) -> Answer {
    let payload = json!({ "payload": payload(&challenge["altcha"]) });
    ask("POST", &format!("{base}{}", challenge["solve"].as_str().unwrap()), &[JSON], &payload.to_string())
}

/// An ALTCHA challenge with its solution.
pub(crate) fn payload(altcha: &Value) -> String {
    let (counter, key) = work(&altcha["parameters"]);
    let solution = json!({ "counter": counter, "derivedKey": key, "time": 1 });
    STANDARD.encode(json!({ "challenge": altcha, "solution": solution }).to_string())
}

/// The counter whose key begins as asked, and the key.
fn work(parameters: &Value) -> (u32, String) {
    assert_eq!(parameters["algorithm"], "PBKDF2/SHA-256");
    let bytes = |name: &str| from_hex(parameters[name].as_str().unwrap());
    let (nonce, salt, prefix) = (bytes("nonce"), bytes("salt"), bytes("keyPrefix"));
    let cost = NonZeroU32::new(u32::try_from(parameters["cost"].as_u64().unwrap()).unwrap()).unwrap();
    for counter in 0..=u32::MAX {
        let password = [&nonce[..], &counter.to_be_bytes()].concat();
        let mut key = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, cost, &salt, &password, &mut key);
        if key.starts_with(&prefix) {
            return (counter, to_hex(&key));
        }
    }
    unreachable!("every challenge has a solution");
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(b"0123456789abcdef"[usize::from(digit)]))
        .collect()
}

fn from_hex(text: &str) -> Vec<u8> {
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

const JSON: (&str, &str) = ("content-type", "application/json");
