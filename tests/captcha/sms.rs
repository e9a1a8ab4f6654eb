//! The user texts us: three ways in which a provider tells of it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::{digest, hmac};
use sendwall::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::captcha::stage::{Asked, Stage};
use crate::whole::stage::Answer;

const HOOK: &str = "https://app.example/_sendwall/hook/texts";

fn start(format: &str) -> Stage {
    let table = format!(
        "[[captcha]]\nname = \"texts\"\nprovider = \"sms\"\nformat = {format:?}\nnumber = \"+44 7700 900123\"\n\
         secret_file = \"secret\"\nhook_url = {HOOK:?}\n"
    );
    Stage::start(r#"["texts", "image"]"#, &table, &["secret"])
}

fn hex(bytes: &[u8]) -> String {
    let digit = |digit: u8| char::from_digit(u32::from(digit), 16).unwrap();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn sign(algorithm: hmac::Algorithm, text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(algorithm, b"12345"), text.as_bytes()).as_ref().to_vec()
}

/// Calls the hook as the provider would.
fn tell(stage: &Stage, format: &str, from: &str, text: &str) -> Answer {
    let now = SystemClock::start().now().unix_ms() / 1000;
    let (kind, name, signature, body) = match format {
        "twilio" => {
            let signed = format!("{HOOK}Body{text}From{from}MessageSidSM1");
            let body = format!("MessageSid=SM1&From={}&Body={}", from.replace('+', "%2B"), text.replace(' ', "+"));
            let signature = STANDARD.encode(sign(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &signed));
            ("application/x-www-form-urlencoded", "x-twilio-signature", signature, body)
        }
        "vonage" => {
            let from = from.trim_start_matches('+');
            let body = json!({ "channel": "sms", "from": from, "to": "447700900123", "text": text }).to_string();
            let hash = hex(digest::digest(&digest::SHA256, body.as_bytes()).as_ref());
            let part = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
            let claims = json!({ "iat": now, "iss": "Vonage", "payload_hash": hash });
            let signed = format!("{}.{}", part(&json!({ "alg": "HS256", "typ": "JWT" })), part(&claims));
            let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(sign(hmac::HMAC_SHA256, &signed)));
            ("application/json", "authorization", format!("Bearer {token}"), body)
        }
        _ => {
            let body = json!({ "from": from, "text": text }).to_string();
            let signature = hex(&sign(hmac::HMAC_SHA256, &format!("{now}.{body}")));
            ("application/json", "sendwall-signature", format!("t={now},v1={signature}"), body)
        }
    };
    stage.sendwall.ask("POST", "/_sendwall/hook/texts", &[("content-type", kind), (name, &signature)], &body)
}

fn word(asked: &Asked) -> String {
    asked.challenge["offers"][0]["text"].as_str().unwrap().to_owned()
}

#[test]
fn a_text_from_the_users_phone_solves_it_by_each_format() {
    for format in ["twilio", "vonage", "generic"] {
        let stage = start(format);
        let asked = stage.ask();
        let word = word(&asked);
        let offer = &asked.challenge["offers"][0];
        assert_eq!((&offer["provider"], &offer["to"]), (&json!("sms"), &json!("+447700900123")));
        assert_eq!(offer["link"], format!("sms:+447700900123?&body={word}"));
        let waiting = stage.solve(&asked, "sms", "");
        assert_eq!((waiting.status, &*waiting.code()), (202, "waiting"));
        assert_eq!(tell(&stage, format, "+447402499999", &word).status, 200, "another phone");
        assert_eq!(tell(&stage, format, &asked.phone, "hello").status, 200, "another text");
        assert_eq!(stage.solve(&asked, "sms", "").code(), "waiting");
        let taken = tell(&stage, format, &asked.phone, &format!("{} thanks", word.to_lowercase()));
        assert_eq!((taken.status, taken.body.as_str()), (200, if format == "twilio" { "<Response/>" } else { "" }));
        assert_eq!(tell(&stage, format, &asked.phone, &word).status, 200, "told again");
        let solved = stage.solve(&asked, "sms", "");
        assert_eq!(stage.send_with(&asked, &solved).status, 200, "{format}");
        assert_eq!(stage.solve(&asked, "sms", "").code(), "challenge_spent");
        for (result, count) in [("met", 2.0), ("unmatched", 2.0)] {
            assert_eq!(stage.sendwall.metric("sendwall_captcha_sms_total", &["texts", result]), count, "{format}");
        }
        assert!(!stage.sendwall.log().contains(&asked.phone), "no number is logged");
    }
}

#[test]
fn nobody_else_may_tell() {
    for format in ["twilio", "vonage", "generic"] {
        let stage = start(format);
        let asked = stage.ask();
        let body = json!({ "from": asked.phone, "text": word(&asked), "channel": "sms" }).to_string();
        for header in ["x-twilio-signature", "authorization", "sendwall-signature"] {
            for value in ["", "Bearer x.y.z", "t=1,v1=00", "AAAA"] {
                let answer = stage.sendwall.post("/_sendwall/hook/texts", &[(header, value)], &body);
                assert_eq!((answer.status, &*answer.code()), (403, "signature"), "{format} {header} {value}");
            }
        }
        assert_eq!(stage.sendwall.post("/_sendwall/hook/other", &[], &body).status, 404);
        assert_eq!(stage.sendwall.ask("GET", "/_sendwall/hook/texts", &[], "").status, 405);
        assert_eq!(stage.solve(&asked, "sms", "").code(), "waiting");
    }
}

#[test]
fn who_can_not_text_takes_the_picture() {
    let stage = start("generic");
    let asked = stage.ask();
    let [letters, _] = stage.answers(&asked.challenge);
    assert_eq!(stage.send_with(&asked, &stage.solve(&asked, "image", &letters)).status, 200);
}
