//! What became of an attempt to deliver, as far as the receiver's answer tells.

use http::header::RETRY_AFTER;
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::text::{clip, one_line};
use crate::domain::{Span, Timestamp};
use crate::net::Answer;

/// No receiver makes us wait longer than this: on-call people should hear of it today.
const LONGEST_WAIT: Span = Span::hours(1);
/// Of a receiver's answer so much is told.
const MOST_TOLD: usize = 300;

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver took it.
    Delivered,
    /// It didn't work; it may later.
    Later(Later),
    /// The receiver will never take this message; it takes others.
    Never {
        /// What it said.
        why: String,
    },
    /// The receiver takes nothing any more.
    Gone {
        /// What it said.
        why: String,
    },
}

/// A failure that may pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Later {
    /// A word for metrics.
    pub reason: &'static str,
    /// What went wrong.
    pub why: String,
    /// When the receiver wants to be asked again, for any message.
    pub pause: Option<Span>,
    /// Whether the message may have arrived all the same. Then the next attempt is marked as a repeat.
    pub may_have_arrived: bool,
}

/// How a receiver that speaks plain HTTP status codes answered.
pub(super) fn by_status(answer: &Answer, now: Timestamp) -> Verdict {
    let why = told(answer);
    match answer.status.as_u16() {
        200..=299 => Verdict::Delivered,
        400 | 413 | 415 | 422 => Verdict::Never { why },
        410 => Verdict::Gone { why },
        429 => busy(retry_after(answer, now), why),
        500..=599 | 408 => failing(retry_after(answer, now), why),
        // A wrong token, a path that isn't there yet, a redirect: the receiver's operator can mend these in a day.
        _ => refused(why),
    }
}

/// The receiver has had enough for now.
pub(super) fn busy(pause: Option<Span>, why: String) -> Verdict {
    let pause = Some(pause.unwrap_or(Span::minutes(1)));
    Verdict::Later(Later { reason: "rate_limited", why, pause, may_have_arrived: false })
}

/// The receiver failed at it, at a point that nobody knows.
pub(super) fn failing(pause: Option<Span>, why: String) -> Verdict {
    Verdict::Later(Later { reason: "receiver_error", why, pause, may_have_arrived: true })
}

/// The receiver doesn't want it, for a reason that people can mend.
pub(super) fn refused(why: String) -> Verdict {
    Verdict::Later(Later { reason: "refused", why, pause: None, may_have_arrived: false })
}

/// The answer in one short line: its status and the begin of its body.
pub(super) fn told(answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    let said = clip(one_line(body.trim()).as_str(), MOST_TOLD).into_owned();
    format!("{} {said}", answer.status.as_u16()).trim_end().to_owned()
}

/// When the receiver wants to be asked again: seconds, or a date.
pub(super) fn retry_after(answer: &Answer, now: Timestamp) -> Option<Span> {
    let text = answer.headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Span::seconds(seconds.min(LONGEST_WAIT.as_seconds_up())),
        Err(_no_number) => {
            let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
            let at = u64::try_from(at.unix_timestamp()).ok()?;
            Timestamp::from_unix_ms(at.saturating_mul(1000)).since(now)
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

/// The fields of the three receivers that answer 200 whatever happened, and of Telegram.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Body {
    pub(super) ok: Option<bool>,
    pub(super) code: Option<i64>,
    pub(super) errcode: Option<i64>,
    #[serde(default)]
    pub(super) description: String,
    pub(super) parameters: Option<Parameters>,
}

/// Telegram's hints.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Parameters {
    pub(super) retry_after: Option<u64>,
}

/// The body, where it is JSON.
pub(super) fn body(answer: &Answer) -> Option<Body> {
    serde_json::from_slice(&answer.body).ok()
}

/// Telegram's wait, bounded.
pub(super) fn seconds(seconds: u64) -> Span {
    Span::seconds(seconds.min(LONGEST_WAIT.as_seconds_up()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::deliver::sample::{self, STARTED};

    #[test]
    fn waits_are_read_in_both_forms_and_bounded() {
        let now = STARTED;
        let wait = |value: &str| {
            let mut answer = sample::answer(429, "");
            answer.headers.insert(RETRY_AFTER, value.parse().unwrap());
            retry_after(&answer, now)
        };
        assert_eq!(wait("7"), Some(Span::seconds(7)));
        assert_eq!(wait("99999999999"), Some(Span::hours(1)));
        assert_eq!(wait("Fri, 20 Nov 2026 18:10:32 GMT"), Some(Span::seconds(30)));
        assert_eq!(wait("Fri, 20 Nov 2020 18:10:32 GMT"), Some(Span::default()), "that is over");
        assert_eq!(wait("soon"), None);
    }

    #[test]
    fn plain_receivers_are_judged_by_their_status() {
        let judge = |status| match by_status(&sample::answer(status, "x\r\ny"), STARTED) {
            Verdict::Delivered => "delivered".to_owned(),
            Verdict::Later(Later { reason, may_have_arrived, .. }) => format!("{reason} {may_have_arrived}"),
            Verdict::Never { why } => format!("never {why}"),
            Verdict::Gone { .. } => "gone".to_owned(),
        };
        for (status, verdict) in [
            (200, "delivered"),
            (204, "delivered"),
            (302, "refused false"),
            (400, "never 400 x y"),
            (401, "refused false"),
            (404, "refused false"),
            (410, "gone"),
            (429, "rate_limited false"),
            (500, "receiver_error true"),
            (503, "receiver_error true"),
        ] {
            assert_eq!(judge(status), verdict, "{status}");
        }
    }
}
