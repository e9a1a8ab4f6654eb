//! `WeCom`, group bot. It answers 200 whatever happened. Nothing is signed: its URL is the secret.

use serde_json::{Value, json};

use crate::alerts::deliver::template::Words;
use crate::alerts::deliver::text::{clip, clip_bytes};
use crate::alerts::deliver::verdict::{Verdict, body, busy, by_status, failing, refused, told};
use crate::domain::Timestamp;
use crate::net::Answer;

/// Its limit.
const CONTENT_BYTES: usize = 4096;
const TITLE_CHARS: usize = 200;

/// Too many messages.
const RATE: [i64; 2] = [45_009, 45_033];
/// The system is busy.
const BUSY: i64 = -1;
/// There is no such bot.
const NO_BOT: i64 = 93_000;
/// The message is malformed.
const MALFORMED: [i64; 4] = [40_008, 40_058, 44_004, 45_002];

pub(super) fn message(words: &Words) -> Value {
    let content = format!("**{}**\n{}", clip(&words.title, TITLE_CHARS), words.body);
    json!({"msgtype": "markdown", "markdown": {"content": clip_bytes(&content, CONTENT_BYTES)}})
}

pub(super) fn verdict(answer: &Answer, now: Timestamp) -> Verdict {
    let why = told(answer);
    match body(answer).and_then(|body| body.errcode) {
        Some(0) if answer.status.is_success() => Verdict::Delivered,
        Some(code) if RATE.contains(&code) => busy(None, why),
        Some(BUSY) => failing(None, why),
        Some(NO_BOT) => Verdict::Gone { why },
        Some(code) if MALFORMED.contains(&code) => Verdict::Never { why },
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
    fn content_is_within_wecoms_limit() {
        let words = Words { title: "标".repeat(500), body: "题".repeat(5000) };
        let content = message(&words)["markdown"]["content"].as_str().unwrap().to_owned();
        assert!(content.len() <= 4096 && content.len() > 4090, "{} bytes", content.len());
    }

    #[test]
    fn its_answers_are_understood() {
        for (status, body, verdict) in [
            (200, r#"{"errcode":0,"errmsg":"ok"}"#, "delivered"),
            (200, r#"{"errcode":45009,"errmsg":"api freq out of limit, hint: [1]"}"#, "later"),
            (200, r#"{"errcode":93000,"errmsg":"invalid webhook url, hint: [1]"}"#, "gone"),
            (200, r#"{"errcode":40008,"errmsg":"invalid message type"}"#, "never"),
            (200, r#"{"errcode":60020,"errmsg":"not allow to access from your ip"}"#, "later"),
            (503, "", "later"),
        ] {
            let found = sample::short(&super::verdict(&sample::answer(status, body), sample::STARTED));
            assert_eq!(found, verdict, "{status} {body}");
        }
    }
}
