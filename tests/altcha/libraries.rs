//! ALTCHA's libraries in JavaScript and Python: what they solve is accepted here, and they accept what is made here.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use sendwall::challenge::altcha_v2::{self, Keys};
use sendwall::domain::Timestamp;
use sendwall::privacy::{KeyRing, Purpose};
use serde_json::{Value, json};

use super::installed;
use crate::challenge::client;
use crate::support::gate::looks_alone;
use crate::whole::stage::{Directory, Sendwall, shop};

/// A library, by the program that runs it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Library {
    JavaScript,
    Python,
}

const LIBRARIES: [Library; 2] = [Library::JavaScript, Library::Python];

impl Library {
    /// Calls it.
    fn call(self, place: &Path, call: &str, asked: &Value) -> Value {
        let (program, script) = match self {
            Self::JavaScript => ("node".into(), "../../tests/altcha/library.mjs"),
            Self::Python => (place.join("python/bin/python"), "../../tests/altcha/library.py"),
        };
        let mut command = Command::new(program);
        command.args([script, call]).current_dir(place).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(asked.to_string().as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let problem = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{self:?} {call} {asked}: {problem}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// What one who knows the operator's key would give to ALTCHA's own verification.
fn secrets(ring: &KeyRing) -> [String; 2] {
    [Purpose::Altcha, Purpose::AltchaKey].map(|purpose| {
        let [high, low] = [0, 16].map(|at| u128::from_be_bytes(ring.derive(purpose)[at..at + 16].try_into().unwrap()));
        format!("{high:032x}{low:032x}")
    })
}

/// Asks for a code as a script does, and gives the challenge.
fn asked(sendwall: &Sendwall, phone: &str) -> Value {
    let script = ("user-agent", "python-requests/2.32.3");
    let answer = sendwall.post("/api/send-code", &[script], &json!({ "phone": phone }).to_string());
    assert_eq!(answer.status, 428, "{answer:?}");
    answer.json()["challenge"]["altcha"].clone()
}

fn solved(sendwall: &Sendwall, payload: &Value) -> u16 {
    sendwall.post("/_sendwall/solve", &[], &json!({ "payload": payload }).to_string()).status
}

const RULES: &str = r#"
mode = "enforce"
default_limits = false
key_file = "key"
[challenge]
work = "light"
[[endpoint]]
name = "login"
send = "POST /api/send-code"
default_region = "GB"
"#;

#[test]
fn the_libraries_accept_what_is_made_here_and_the_other_way_round() {
    let Some(place) = installed() else { return };
    let directory = Directory::new();
    let (ring, _new) = KeyRing::load_or_create(&directory.0.join("key")).unwrap();
    let [secret, key_secret] = secrets(&ring);
    let sendwall = Sendwall::start_in(directory, shop().address, &looks_alone(RULES));
    for (number, library) in LIBRARIES.into_iter().enumerate() {
        let challenge = asked(&sendwall, &format!("+44740241718{number}"));
        let payload = library.call(place, "solve", &json!({ "version": 2, "challenge": challenge }));
        let verify = |library: Library, payload: &Value, secret: &str, key_secret: &str| {
            let asked = json!({ "version": 2, "payload": payload, "secret": secret, "keySecret": key_secret });
            library.call(place, "verify", &asked)
        };
        for other in LIBRARIES {
            assert_eq!(verify(other, &payload, &secret, &key_secret), true, "{other:?} takes what {library:?} solved");
            assert_eq!(verify(other, &payload, &secret, "another"), false, "{other:?}");
        }
        assert_eq!(solved(&sendwall, &payload), 200, "{library:?}");
        assert_eq!(solved(&sendwall, &payload), 409, "once");

        // What our own client solves, they accept.
        let challenge = asked(&sendwall, &format!("+44740241719{number}"));
        let payload = json!(client::payload(&challenge));
        assert_eq!(verify(library, &payload, &secret, &key_secret), true);

        // What they make under our secrets is well formed and well solved, and still no challenge of ours: it has no
        // ticket.
        let made = json!({ "version": 2, "secret": secret, "keySecret": key_secret, "counter": 12, "cost": 1000,
                           "expires": 4_102_444_800_u64, "data": { "a": "b" } });
        let foreign = library.call(place, "create", &made);
        let payload = json!(client::payload(&foreign));
        let keys = Keys::new(secret.as_bytes(), key_secret.as_bytes());
        let checked = altcha_v2::check(&[keys], payload.as_str().unwrap(), Timestamp::from_unix_ms(0));
        assert_eq!(checked.unwrap().data["a"], "b", "{library:?}");
        assert_eq!(solved(&sendwall, &payload), 403, "{library:?}");
    }
}
