//! What is sent verifies with the official library of another language, with the old key and the new one.

use std::io::Write as _;
use std::process::Stdio;

use sendwall::alerts::Sink as _;
use sendwall::alerts::deliver::{SigningKey, Target};
use serde_json::json;

use super::{Stage, alert, channel, python, url};
use crate::support::app::App;

const NEW: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
const FOREIGN: &str = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

const VERIFY: &str = r#"
import json, sys
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
told = json.load(sys.stdin)
body = told["body"].encode()
def verifies(secret, body):
    try:
        Webhook(secret).verify(body, told["headers"])
        return True
    except WebhookVerificationError:
        return False
print(json.dumps([verifies(secret, body) for secret in told["secrets"]] + [verifies(told["secrets"][0], body + b" ")]))
"#;

#[test]
fn the_official_library_takes_every_signing_key_and_no_other() {
    let app = App::saying("thanks");
    let keys = [NEW, OLD].map(|key| SigningKey::parse(key).unwrap()).to_vec();
    // The library refuses what is older than five minutes, so this is today.
    let now = sendwall::clock::Clock::now(&sendwall::clock::SystemClock::start());
    let target = Target::Webhook { url: url(&app, "/in"), keys };
    let stage = Stage::start(vec![channel("program", target)], None, now);
    stage.courier.take(&alert(now, 1, 1));
    let request = app.wait_for(1).remove(0);
    stage.stop();

    let header = |name: &str| request.header(name).first().map(ToString::to_string).unwrap_or_default();
    let headers: serde_json::Map<_, _> = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .into_iter()
        .map(|name| (name.to_owned(), json!(header(name))))
        .collect();
    let body = String::from_utf8(request.body.clone()).unwrap();
    let told = json!({"headers": headers, "body": body, "secrets": [NEW, OLD, FOREIGN]});
    let mut verifier = python().args(["-c", VERIFY]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    verifier.stdin.take().unwrap().write_all(told.to_string().as_bytes()).unwrap();
    let output = verifier.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), "[true, true, false, false]");
}
