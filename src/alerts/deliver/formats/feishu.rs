//! Feishu and Lark, custom bot. It answers 200 whatever happened; the code in the body says what did.

use serde_json::{Value, json};

use super::{Item, is_firing, signature};
use crate::alerts::Severity;
use crate::alerts::deliver::template::Words;
use crate::alerts::deliver::text::{clip, clip_bytes};
use crate::alerts::deliver::verdict::{Verdict, body, busy, by_status, failing, refused, told};
use crate::domain::Timestamp;
use crate::net::Answer;
use crate::privacy::Secret;

/// Its limit for a whole message is 20 KB.
const BODY_BYTES: usize = 12 * 1024;
const TITLE_CHARS: usize = 200;

/// Too many messages.
const RATE: i64 = 11_232;
/// The message is malformed.
const MALFORMED: i64 = 9_499;
/// There is no such bot.
const NO_BOT: [i64; 2] = [19_001, 19_002];

/// A card whose texts are plain: nothing in them is markup.
pub(super) fn message(words: &Words, items: &[Item<'_>], secret: Option<&Secret>, now: Timestamp) -> Value {
    let colour = match (is_firing(items), items.iter().any(|item| item.alert.severity == Severity::Critical)) {
        (false, _) => "green",
        (true, true) => "red",
        (true, false) => "orange",
    };
    let body = clip_bytes(&words.body, BODY_BYTES);
    let mut message = json!({
        "msg_type": "interactive",
        "card": {
            "config": {"wide_screen_mode": true},
            "header": {
                "title": {"tag": "plain_text", "content": clip(&words.title, TITLE_CHARS)},
                "template": colour,
            },
            "elements": [{"tag": "div", "text": {"tag": "plain_text", "content": body}}],
        },
    });
    if let Some(secret) = secret {
        let seconds = (now.unix_ms() / 1000).to_string();
        message["sign"] = sign(secret, &seconds).into();
        message["timestamp"] = seconds.into();
    }
    message
}

/// The key holds the time and the secret, and nothing is signed with it.
fn sign(secret: &Secret, seconds: &str) -> String {
    signature(format!("{seconds}\n{}", secret.expose()).as_bytes(), b"")
}

pub(super) fn verdict(answer: &Answer, now: Timestamp) -> Verdict {
    let why = told(answer);
    match body(answer).and_then(|body| body.code) {
        Some(0) if answer.status.is_success() => Verdict::Delivered,
        Some(RATE) => busy(None, why),
        Some(MALFORMED) => Verdict::Never { why },
        Some(code) if NO_BOT.contains(&code) => Verdict::Gone { why },
        // A wrong signature or clock (19021), address (19022) or keyword (19024): people can mend these.
        Some(_) if !answer.status.is_server_error() => refused(why),
        None if answer.status.is_success() => failing(None, why),
        _ => by_status(answer, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::deliver::sample;

    #[test]
    fn the_signature_is_feishus() {
        let secret = Secret::new("smsfw-test-secret");
        assert_eq!(sign(&secret, "1795197600"), "ILIdr36QeAT3hLf56x9Z+nJVjvV2N3jOhJPy1DPAo7A=");
        let words = Words { title: "t".to_owned(), body: "b".to_owned() };
        let message = message(&words, &[], Some(&secret), Timestamp::from_unix_ms(1_795_197_600_999));
        assert_eq!(message["timestamp"], "1795197600", "in seconds, as text");
        assert_eq!(message["sign"], "ILIdr36QeAT3hLf56x9Z+nJVjvV2N3jOhJPy1DPAo7A=");
    }

    #[test]
    fn its_answers_are_understood() {
        for (status, body, verdict) in [
            (200, r#"{"code":0,"data":{},"msg":"success"}"#, "delivered"),
            (200, r#"{"code":19021,"msg":"sign match fail or timestamp is not within one hour"}"#, "later"),
            (200, r#"{"code":19022,"msg":"Ip Not Allowed"}"#, "later"),
            (200, r#"{"code":19024,"msg":"Key Words Not Found"}"#, "later"),
            (200, r#"{"code":19001,"msg":"param invalid: incoming webhook access token invalid"}"#, "gone"),
            (400, r#"{"code":9499,"msg":"Bad Request","data":{}}"#, "never"),
            (200, r#"{"code":11232,"msg":"frequency limited psm"}"#, "later"),
            (429, "", "later"),
            (502, "<html>", "later"),
            (200, "<html>", "later"),
        ] {
            let found = sample::short(&super::verdict(&sample::answer(status, body), sample::STARTED));
            assert_eq!(found, verdict, "{status} {body}");
        }
    }
}
