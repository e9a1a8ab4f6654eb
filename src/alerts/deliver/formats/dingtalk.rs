//! `DingTalk`, custom bot. It answers 200 whatever happened, and whoever sends more than 20 messages a minute is muted
//! for 10.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::signature;
use crate::alerts::deliver::channel::Url;
use crate::alerts::deliver::template::Words;
use crate::alerts::deliver::text::{clip, clip_bytes};
use crate::alerts::deliver::verdict::{Verdict, body, busy, by_status, failing, refused, told};
use crate::domain::{Span, Timestamp};
use crate::net::Answer;
use crate::privacy::Secret;

const BODY_BYTES: usize = 16 * 1024;
const TITLE_CHARS: usize = 100;

/// Too many messages: muted.
const RATE: [i64; 2] = [130_101, 410_100];
const MUTED: Span = Span::minutes(10);
/// The system is busy.
const BUSY: i64 = -1;
/// There is no such bot any more.
const NO_BOT: [i64; 3] = [300_001, 300_005, 400_101];
/// The message is malformed.
const MALFORMED: [i64; 3] = [40_035, 400_105, 400_106];

/// With time and signature, where the bot asks for one.
pub(super) fn address(url: &Url, secret: Option<&Secret>, now: Timestamp) -> String {
    let url = url.expose();
    let Some(secret) = secret else { return url };
    let (ms, mark) = (now.unix_ms(), if url.contains('?') { '&' } else { '?' });
    format!("{url}{mark}timestamp={ms}&sign={}", sign(secret, ms))
}

/// The key is the secret, and what is signed holds the time and the secret: the reverse of Feishu's.
fn sign(secret: &Secret, ms: u64) -> String {
    let signature = signature(secret.expose().as_bytes(), format!("{ms}\n{}", secret.expose()).as_bytes());
    utf8_percent_encode(&signature, NON_ALPHANUMERIC).to_string()
}

pub(super) fn message(words: &Words) -> Value {
    // A single line feed is a space in its Markdown.
    let body = clip_bytes(&words.body, BODY_BYTES).replace('\n', "  \n");
    let text = format!("#### {}\n\n{body}", words.title);
    json!({
        "msgtype": "markdown",
        "markdown": {"title": clip(&words.title, TITLE_CHARS), "text": text},
        "at": {"isAtAll": false},
    })
}

pub(super) fn verdict(answer: &Answer, now: Timestamp) -> Verdict {
    let why = told(answer);
    match body(answer).and_then(|body| body.errcode) {
        Some(0) if answer.status.is_success() => Verdict::Delivered,
        Some(code) if RATE.contains(&code) => busy(Some(MUTED), why),
        Some(BUSY) => failing(None, why),
        Some(code) if NO_BOT.contains(&code) => Verdict::Gone { why },
        Some(code) if MALFORMED.contains(&code) => Verdict::Never { why },
        // A wrong signature, keyword or address (310000): people can mend these.
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
    fn the_signature_is_dingtalks() {
        let secret = Secret::new("smsfw-test-secret");
        let now = Timestamp::from_unix_ms(1_795_197_600_000);
        let url = sample::url("https://oapi.dingtalk.com/robot/send?access_token=t");
        assert_eq!(
            address(&url, Some(&secret), now),
            "https://oapi.dingtalk.com/robot/send?access_token=t&timestamp=1795197600000\
             &sign=C%2Bz1gq3WGz20F01MirZvpUppZmc4%2BaBf1p9Y%2Bfc4ROM%3D"
        );
        assert_eq!(address(&url, None, now), "https://oapi.dingtalk.com/robot/send?access_token=t");
    }

    #[test]
    fn its_answers_are_understood() {
        for (status, body, verdict) in [
            (200, r#"{"errcode":0,"errmsg":"ok"}"#, "delivered"),
            (200, r#"{"errcode":310000,"errmsg":"sign not match"}"#, "later"),
            (200, r#"{"errcode":310000,"errmsg":"keywords not in content"}"#, "later"),
            (200, r#"{"errcode":130101,"errmsg":"send too fast, exceed 20 times per minute"}"#, "later"),
            (200, r#"{"errcode":300001,"errmsg":"token is not exist"}"#, "gone"),
            (200, r#"{"errcode":40035,"errmsg":"缺少参数 json"}"#, "never"),
            (200, r#"{"errcode":-1,"errmsg":"system busy"}"#, "later"),
            (500, "", "later"),
            (200, "", "later"),
        ] {
            let found = sample::short(&super::verdict(&sample::answer(status, body), sample::STARTED));
            assert_eq!(found, verdict, "{status} {body}");
        }
        let muted = verdict(&sample::answer(200, r#"{"errcode":130101}"#), sample::STARTED);
        assert!(matches!(muted, Verdict::Later(later) if later.pause == Some(MUTED)));
    }
}
